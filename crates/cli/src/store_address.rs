//! Where a stand-alone store of events is: a SQLite file, or a schema of a PostgreSQL database.
//!
//! A password is taken from the URL, a file or `PGPASSWORD`, and appears in nothing that this program prints.

use std::path::PathBuf;
use std::str::FromStr;

use openprod_events::archive::StoreFormat;
use openprod_events::{Archive, PostgresConfig, PostgresStore, SqliteStore, StoreError};

/// An address as it was given.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StoreAddress {
    /// A file.
    File(PathBuf),
    /// A database.
    Database(DatabaseAddress),
}

/// A schema of a database.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseAddress {
    /// The URL without password and schema.
    shown: String,
    /// What stands between the person and the database: `postgres://ann` and `host/db`, with parameters.
    url: String,
    schema: Option<String>,
    password: Option<String>,
}

impl FromStr for StoreAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            if text.is_empty() {
                return Err("it is empty".to_owned());
            }
            return Ok(Self::File(text.into()));
        };
        if !matches!(scheme, "postgres" | "postgresql") {
            return Err("a store is a file, or a database at postgres://…".to_owned());
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // The last one: a password may have an @ in it.
        let (person, place) = match rest.rsplit_once('@') {
            Some((person, place)) => (Some(person), place),
            None => (None, rest),
        };
        let (name, mut password) = match person.map(|person| person.split_once(':').unwrap_or((person, ""))) {
            Some((name, "")) => (Some(name), None),
            Some((name, password)) => (Some(name), Some(password.to_owned())),
            None => (None, None),
        };
        let mut schema = None;
        let mut parameters = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("schema", value)) => schema = Some(value.to_owned()),
                Some(("password", value)) => password = Some(value.to_owned()),
                _ => parameters.push(parameter),
            }
        }
        let name = name.map(|name| format!("{name}@")).unwrap_or_default();
        let mut url = format!("{scheme}://{name}{place}");
        if !parameters.is_empty() {
            url = format!("{url}?{}", parameters.join("&"));
        }
        let shown = match &schema {
            Some(schema) => format!("{scheme}://{name}{place}?schema={schema}"),
            None => format!("{scheme}://{name}{place}"),
        };
        Ok(Self::Database(DatabaseAddress {
            shown,
            url,
            schema,
            password,
        }))
    }
}

/// Without the password, for messages of clap and of tests too.
impl std::fmt::Debug for StoreAddress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.shown())
    }
}

impl StoreAddress {
    /// The address as it may be printed.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Database(database) => database.shown.clone(),
        }
    }

    /// The same address; a database without a password is asked with this one.
    pub(crate) fn with_password(mut self, given: Option<&str>) -> Self {
        if let Self::Database(database) = &mut self
            && database.password.is_none()
        {
            database.password = given.map(encoded);
        }
        self
    }

    /// The words of an error, without the password: a driver may repeat what it was given.
    pub(crate) fn without_password(&self, words: &str) -> String {
        let password = match self {
            Self::Database(database) => database.password.as_deref().unwrap_or_default(),
            Self::File(_) => "",
        };
        let mut words = words.to_owned();
        for form in [password.to_owned(), decoded(password)] {
            if !form.is_empty() {
                words = words.replace(&form, "…");
            }
        }
        words
    }

    /// Which format is there; nothing is made.
    pub(crate) fn format(&self) -> Result<StoreFormat, StoreError> {
        match self {
            Self::File(path) => SqliteStore::format(path),
            Self::Database(database) => PostgresStore::format(&database.config()),
        }
    }

    /// Opens the store, which is made when it is not there and brought to the present format.
    pub(crate) fn open(&self) -> Result<Box<dyn Archive>, StoreError> {
        Ok(match self {
            Self::File(path) => Box::new(SqliteStore::open(path)?),
            Self::Database(database) => Box::new(PostgresStore::open(&database.config())?),
        })
    }
}

impl DatabaseAddress {
    fn config(&self) -> PostgresConfig {
        let mut url = self.url.clone();
        if let Some(password) = &self.password {
            let joint = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{joint}password={password}");
        }
        let mut config = PostgresConfig::new(url);
        if let Some(schema) = &self.schema {
            config.schema.clone_from(schema);
        }
        config
    }
}

/// A text as a part of a URL.
fn encoded(text: &str) -> String {
    let mut url = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// The text that a part of a URL stands for.
fn decoded(url: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = url.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn database(text: &str) -> DatabaseAddress {
        match text.parse().unwrap() {
            StoreAddress::Database(database) => database,
            StoreAddress::File(path) => panic!("{}", path.display()),
        }
    }

    #[test]
    fn address_is_a_file_or_a_database() {
        assert_eq!("events.db".parse(), Ok(StoreAddress::File("events.db".into())));
        assert!("mysql://host/db".parse::<StoreAddress>().is_err());
        assert!("".parse::<StoreAddress>().is_err());
        let found = database("postgres://ann:se%20cret@host:5/db?schema=log&connect_timeout=3");
        assert_eq!(found.shown, "postgres://ann@host:5/db?schema=log");
        let config = found.config();
        assert_eq!(
            config.url,
            "postgres://ann@host:5/db?connect_timeout=3&password=se%20cret"
        );
        assert_eq!(config.schema, "log");
        assert_eq!(
            database("postgres://host/db").config().schema,
            PostgresConfig::new("").schema
        );
    }

    #[test]
    fn password_of_the_url_goes_before_another_one() {
        let own: StoreAddress = "postgres://ann:own@host/db".parse().unwrap();
        let none: StoreAddress = "postgres://ann@host/db".parse().unwrap();
        let password = |address: StoreAddress| match address.with_password(Some("a b&c")) {
            StoreAddress::Database(database) => database.config().url,
            StoreAddress::File(_) => String::new(),
        };
        assert_eq!(password(own), "postgres://ann@host/db?password=own");
        assert_eq!(password(none), "postgres://ann@host/db?password=a%20b%26c");
    }

    proptest! {
        #[test]
        fn password_is_in_nothing_that_is_printed(password in "[!-9;-~]{4,12}") {
            let text = format!("postgres://ann:{}@host/db", encoded(&password));
            let address: StoreAddress = text.parse().unwrap();
            prop_assert_eq!(address.shown(), "postgres://ann@host/db");
            prop_assert_eq!(format!("{address:?}"), "postgres://ann@host/db");
            let words = format!("cannot parse {} or {password}", encoded(&password));
            prop_assert!(!address.without_password(&words).contains(&password));
            prop_assert_eq!(decoded(&encoded(&password)), password);
        }

        #[test]
        fn no_address_panics(text in any::<String>()) {
            let _ = text.parse::<StoreAddress>();
            let _ = format!("postgres://{text}").parse::<StoreAddress>();
        }
    }
}
