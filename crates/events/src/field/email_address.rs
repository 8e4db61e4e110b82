//! Addresses that mail can be sent to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::FieldError;

/// The longest address, in bytes, as RFC 5321 has it.
const BYTES_MAX: usize = 254;

/// The longest part before the `@`, in bytes.
const LOCAL_BYTES_MAX: usize = 64;

/// An address of the form that people use: the dot-atoms of RFC 5322, at a domain with a dot. Whether it is anybody's
/// is learned by writing to it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Checks a text and makes it an address. The domain is kept in lower case, in which all spellings are one.
    ///
    /// # Errors
    /// [`FieldError`] when it is none.
    pub fn new(text: &str) -> Result<Self, FieldError> {
        let wrong = FieldError::Form {
            expected: "an email address",
        };
        if text.is_empty() {
            return Err(FieldError::Empty);
        }
        if text.len() > BYTES_MAX {
            return Err(FieldError::TooLong {
                bytes: text.len(),
                bytes_max: BYTES_MAX,
            });
        }
        let (local, domain) = text.rsplit_once('@').ok_or_else(|| wrong.clone())?;
        let of_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(of_atom);
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let sound = local.len() <= LOCAL_BYTES_MAX
            && local.split('.').all(is_atom)
            && domain.contains('.')
            && domain.split('.').all(is_label);
        if sound {
            Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
        } else {
            Err(wrong)
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "EmailAddress({:?})", self.0)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = FieldError;

    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::new(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for (text, address) in [
            ("ann@example.org", Some("ann@example.org")),
            (
                "Ann.Bee+stage@Mail.Example.ORG",
                Some("Ann.Bee+stage@mail.example.org"),
            ),
            ("ann", None),
            ("ann@", None),
            ("@example.org", None),
            ("ann@localhost", None),
            ("ann@@example.org", None),
            ("ann..bee@example.org", None),
            (".ann@example.org", None),
            ("ann bee@example.org", None),
            ("ann@-example.org", None),
            ("ann@example..org", None),
            ("ann\n@example.org", None),
            ("", None),
        ] {
            assert_eq!(
                EmailAddress::new(text).ok().as_ref().map(EmailAddress::as_str),
                address,
                "{text:?}"
            );
        }
        assert!(EmailAddress::new(&format!("{}@example.org", "a".repeat(65))).is_err());
        assert!(matches!(
            EmailAddress::new(&format!("a@{}", "b.".repeat(150))),
            Err(FieldError::TooLong { .. })
        ));
    }
}
