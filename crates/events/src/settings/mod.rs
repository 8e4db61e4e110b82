//! Settings of all parts of this library in one place: built in code, read from TOML, and from the environment.
//!
//! There is no global state: whoever makes a store or an executor passes on the part of [`Settings`] that it takes.
//! [`Layers`] puts settings of any form together, so that a program around this library can have its own in the same file
//! and in the same manner.

mod layers;
mod settings_error;
mod toml_source;

use serde::{Deserialize, Serialize};

pub use layers::{Layers, Setting};
pub use settings_error::{Origin, SettingsError};

use crate::breaker::BreakerConfig;
use crate::executor::RetryPolicy;
#[cfg(feature = "postgres")]
use crate::postgresql::PostgresConfig;
use crate::projection::ProjectionConfig;
use crate::rate::RateLimit;
use crate::snapshot::SnapshotConfig;
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteConfig;
use crate::subscription::SubscriptionConfig;

/// What the variables of [`Settings`] begin with: `OPENPROD_EVENTS_RETRY_ATTEMPTS_MAX` is `retry.attempts_max`.
pub const VARIABLES: &str = "OPENPROD_EVENTS";

/// How the parts of this library are used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Stores in SQLite files: pool and batch sizes.
    #[cfg(feature = "sqlite")]
    pub sqlite: SqliteConfig,
    /// Stores in PostgreSQL: where, pool size, timeouts. The URL is empty until somebody gives one.
    #[cfg(feature = "postgres")]
    pub postgres: PostgresConfig,
    /// How often commands are decided anew.
    pub retry: RetryPolicy,
    /// How often each actor may give a command; in TOML `per_second` and `burst`.
    pub rate: RateLimit,
    /// When a store that fails is left alone.
    pub breaker: BreakerConfig,
    /// How subscriptions read.
    pub subscription: SubscriptionConfig,
    /// How projections are run, and how often they write down how far they are.
    pub projection: ProjectionConfig,
    /// When snapshots are made.
    pub snapshot: SnapshotConfig,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            #[cfg(feature = "sqlite")]
            sqlite: SqliteConfig::default(),
            #[cfg(feature = "postgres")]
            postgres: PostgresConfig::new(""),
            retry: RetryPolicy::default(),
            rate: RateLimit::default(),
            breaker: BreakerConfig::default(),
            subscription: SubscriptionConfig::default(),
            projection: ProjectionConfig::default(),
            snapshot: SnapshotConfig::default(),
        }
    }
}

impl Settings {
    /// The settings of a text in TOML over those that are built in.
    ///
    /// # Errors
    /// [`SettingsError`] when it is no TOML, names a setting that there is not, or gives one a value that it cannot have.
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        let mut layers = Layers::<Self>::default();
        layers.toml("settings", text)?;
        Ok(layers.settings())
    }

    /// The settings of variables that begin with [`VARIABLES`] over those that are built in; `std::env::vars()` has those
    /// of the process.
    ///
    /// # Errors
    /// [`SettingsError`] as [`Self::from_toml`].
    pub fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut layers = Layers::<Self>::default();
        layers.variables(VARIABLES, variables)?;
        Ok(layers.settings())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::snapshot::Verification;

    fn told(text: &str) -> String {
        Settings::from_toml(text).unwrap_err().to_string()
    }

    #[test]
    fn file_says_what_differs() {
        let settings = Settings::from_toml(
            "[retry]\nattempts_max = 3\npause_base_ms = 20\n\n[projection]\nbatch_max = 50\nbackoff.first_ms = 7\n\
             on_poison = \"set_aside\"\n[snapshot]\nverification = \"never\"\n",
        )
        .unwrap();
        assert_eq!(settings.retry.attempts_max.get(), 3);
        assert_eq!(settings.retry.pause_base, Duration::from_millis(20));
        assert_eq!(settings.retry.pause_max, RetryPolicy::default().pause_max);
        assert_eq!(settings.projection.batch_max.get(), 50);
        assert_eq!(settings.projection.backoff.first_ms, 7);
        assert_eq!(settings.snapshot.verification, Verification::Never);
        assert_eq!(settings.subscription, SubscriptionConfig::default());
        let verified = Settings::from_toml("snapshot.verification.one_in = 5").unwrap();
        let five = NonZeroU32::new(5).unwrap();
        assert_eq!(verified.snapshot.verification, Verification::OneIn(five));
        assert_eq!(Settings::from_toml("").unwrap(), Settings::default());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let unknown = told("[retry]\nattempts_max = 3\nattempts = 4\n");
        assert!(unknown.contains("settings, line 3"), "{unknown}");
        assert!(
            unknown.contains("`retry.attempts`") && unknown.contains("`attempts_max`"),
            "{unknown}"
        );
        let section = told("# nothing\n\n[retries]\nattempts_max = 3\n");
        assert!(
            section.contains("`retries`") && section.contains("line 4"),
            "{section}"
        );
        let wrong = told("[retry]\n\nattempts_max = \"often\"\n");
        assert!(
            wrong.contains("line 3: `retry.attempts_max` cannot be \"often\""),
            "{wrong}"
        );
        let zero = told("[projection]\nbatch_max = 0\n");
        assert!(zero.contains("line 2") && zero.contains("nonzero"), "{zero}");
        let table = told("retry = 5\n");
        assert!(table.contains("`retry`"), "{table}");
        let syntax = told("[retry]\nattempts_max =\n");
        assert!(syntax.contains("line 2"), "{syntax}");
        let twice = told("[retry]\nattempts_max = 1\nattempts_max = 2\n");
        assert!(twice.contains("line 3"), "{twice}");
    }

    #[test]
    fn environment_says_what_differs_too() {
        let variables = |list: &[(&str, &str)]| {
            let list: Vec<_> = list
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            Settings::from_variables(list)
        };
        let settings = variables(&[
            ("OPENPROD_EVENTS_RETRY_ATTEMPTS_MAX", "4"),
            ("OPENPROD_EVENTS_PROJECTION_ON_POISON", "set_aside"),
            ("OPENPROD_EVENTS_SNAPSHOT_VERIFICATION", "never"),
            ("OPENPROD_EVENTS_FOR_SOMETHING_ELSE", "x"),
            ("HOME", "/home"),
        ])
        .unwrap();
        assert_eq!(settings.retry.attempts_max.get(), 4);
        assert_eq!(settings.snapshot.verification, Verification::Never);
        let error = variables(&[("OPENPROD_EVENTS_RETRY_ATTEMPTS", "4")]).unwrap_err();
        let words = error.to_string();
        assert!(words.contains("OPENPROD_EVENTS_RETRY_ATTEMPTS_MAX"), "{words}");
        let error = variables(&[("OPENPROD_EVENTS_RETRY_ATTEMPTS_MAX", "many")]).unwrap_err();
        let words = error.to_string();
        assert!(
            words.contains("OPENPROD_EVENTS_RETRY_ATTEMPTS_MAX: `retry.attempts_max` cannot be \"many\""),
            "{words}"
        );
    }

    #[test]
    fn later_layers_hold_and_each_setting_tells_where_it_is_from() {
        let mut layers = Layers::<Settings>::default();
        layers
            .toml("a.toml", "[rate]\nburst = 5\nper_second = 6\n")
            .unwrap();
        let variable = ("OPENPROD_EVENTS_RATE_BURST".to_owned(), "7".to_owned());
        layers.variables(VARIABLES, [variable]).unwrap();
        layers.argument("--attempts", "retry.attempts_max", 2).unwrap();
        assert!(layers.argument("--x", "retry.x", 2).is_err());
        assert!(layers.toml("b.toml", "[rate]\nburst = 9\nx = 1\n").is_err());
        let settings = layers.settings();
        assert_eq!(
            (settings.rate.burst.get(), settings.rate.per_second.get()),
            (7, 6)
        );
        let list = layers.list();
        let origin = |key: &str| {
            let setting = list.iter().find(|setting| setting.key == key).unwrap();
            setting.origin.to_string()
        };
        assert_eq!(origin("rate.burst"), "OPENPROD_EVENTS_RATE_BURST");
        assert_eq!(origin("rate.per_second"), "a.toml, line 3");
        assert_eq!(origin("retry.attempts_max"), "--attempts");
        assert_eq!(origin("retry.pause_base_ms"), "built in");
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn passwords_are_not_listed() {
        for (url, shown) in [
            (
                "postgres://ann:secret@host:5432/db",
                "postgres://ann@host:5432/db",
            ),
            ("host=h user=u password=secret", "host=h user=u password=…"),
            ("postgres://host/db", "postgres://host/db"),
        ] {
            let mut layers = Layers::<Settings>::default();
            layers.argument("--url", "postgres.url", url).unwrap();
            let list = layers.list();
            let setting = list.iter().find(|setting| setting.key == "postgres.url").unwrap();
            assert_eq!(setting.value, shown);
            assert_eq!(layers.settings().postgres.url, url);
        }
    }

    #[cfg(all(feature = "sqlite", feature = "postgres"))]
    #[test]
    fn caches_of_a_file_and_partitions_of_a_database_can_be_set() {
        let text = "[sqlite]\nwriter_cache_kib = 65536\nreader_cache_kib = 512\nstatements_max = 16\n\
                    [postgres]\npartition_events = 1000000\n";
        let settings = Settings::from_toml(text).unwrap();
        let sqlite = &settings.sqlite;
        assert_eq!(
            (sqlite.writer_cache_kib.get(), sqlite.reader_cache_kib.get()),
            (65_536, 512)
        );
        assert_eq!(sqlite.statements_max.get(), 16);
        assert_eq!(settings.postgres.partition_events.get(), 1_000_000);
        assert!(Settings::from_toml("[postgres]\npartition_events = 0\n").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]a-z_.=\"{}, \n0-9#-]{0,80}") {
            if let Err(error) = Settings::from_toml(&text) {
                prop_assert!(error.to_string().starts_with("read settings: "));
            }
        }

        /// What is written down as text is read as it was.
        #[test]
        fn numbers_survive_files_and_variables(batch in 1_usize..1 << 30, rest in 0_u64..1 << 40) {
            let text = format!("projection.batch_max = {batch}\n[breaker]\nrest_ms = {rest}\n");
            let from_text = Settings::from_toml(&text).unwrap();
            let from_variables = Settings::from_variables([
                ("OPENPROD_EVENTS_PROJECTION_BATCH_MAX".to_owned(), batch.to_string()),
                ("OPENPROD_EVENTS_BREAKER_REST_MS".to_owned(), rest.to_string()),
            ])
            .unwrap();
            prop_assert_eq!(from_text.projection.batch_max.get(), batch);
            prop_assert_eq!(from_text.breaker.rest_ms, rest);
            prop_assert_eq!(from_text, from_variables);
        }
    }
}
