//! Why a command was given, in the words of whoever gave it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::JUSTIFICATION_BYTES_MAX;

/// Why a text justifies nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum JustificationError {
    /// It has no character but white space.
    #[error("read justification: it says nothing")]
    Blank,
    /// It is too long.
    #[error("read justification: it has {bytes} bytes, and {JUSTIFICATION_BYTES_MAX} is the most")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It holds a control character that is no line break and no tabulator.
    #[error("read justification: it holds the control character U+{character:04X}")]
    Control {
        /// The first such character.
        character: u32,
    },
}

/// Why a command was given. It is kept with the events and read by auditors; it may have several lines.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Justification(Arc<str>);

impl Justification {
    /// Checks a text and makes it a justification, without white space around it.
    ///
    /// # Errors
    /// [`JustificationError`] when it is blank, too long, or holds a control character.
    pub fn new(text: impl AsRef<str>) -> Result<Self, JustificationError> {
        let text = text.as_ref().trim();
        if text.is_empty() {
            return Err(JustificationError::Blank);
        }
        if text.len() > JUSTIFICATION_BYTES_MAX {
            return Err(JustificationError::TooLong { bytes: text.len() });
        }
        let refused = |character: &char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
        match text.chars().find(refused) {
            Some(character) => Err(JustificationError::Control {
                character: u32::from(character),
            }),
            None => Ok(Self(text.into())),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Justification {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Justification {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Justification({:?})", &*self.0)
    }
}

impl TryFrom<String> for Justification {
    type Error = JustificationError;

    fn try_from(text: String) -> Result<Self, JustificationError> {
        Self::new(text)
    }
}

impl From<Justification> for String {
    fn from(justification: Justification) -> Self {
        justification.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn justification_says_something() {
        assert_eq!(Justification::new(" \n\t "), Err(JustificationError::Blank));
        assert_eq!(
            Justification::new(" asked for\nby mail ").unwrap().as_str(),
            "asked for\nby mail"
        );
        assert_eq!(
            Justification::new("a\u{1b}[2J"),
            Err(JustificationError::Control { character: 0x1b })
        );
        assert_eq!(
            Justification::new("x".repeat(JUSTIFICATION_BYTES_MAX + 1)),
            Err(JustificationError::TooLong {
                bytes: JUSTIFICATION_BYTES_MAX + 1
            })
        );
        assert!(serde_json::from_str::<Justification>("\"  \"").is_err());
    }
}
