//! Names that callers choose: event types, streams, actors, correlations. One type each, so that they cannot be
//! taken for one another, and none can be empty, too long, or hold a control character.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::{EVENT_TYPE_BYTES_MAX, NAME_BYTES_MAX, STREAM_ID_BYTES_MAX};

/// Why a text is not such a name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// It has no character.
    #[error("read {kind}: it is empty")]
    Empty {
        /// What it should have been.
        kind: &'static str,
    },
    /// It is too long.
    #[error("read {kind}: it has {bytes} bytes, and {bytes_max} is the most")]
    TooLong {
        /// What it should have been.
        kind: &'static str,
        /// Its length.
        bytes: usize,
        /// The longest that is allowed.
        bytes_max: usize,
    },
    /// It holds a control character.
    #[error("read {kind}: it holds the control character U+{character:04X}")]
    Control {
        /// What it should have been.
        kind: &'static str,
        /// The first such character.
        character: u32,
    },
}

pub(crate) fn check(kind: &'static str, text: &str, bytes_max: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { kind });
    }
    if text.len() > bytes_max {
        return Err(NameError::TooLong {
            kind,
            bytes: text.len(),
            bytes_max,
        });
    }
    match text.chars().find(|character| character.is_control()) {
        Some(character) => Err(NameError::Control {
            kind,
            character: u32::from(character),
        }),
        None => Ok(()),
    }
}

/// Whether a text that is written in the source of a program is such a name: what [`check`] says, at compile time.
pub(crate) const fn is_name(text: &str, bytes_max: usize) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        // Beyond ASCII, the control characters are U+0080 to U+009F.
        let late = bytes[at] == 0xc2 && at + 1 < bytes.len() && bytes[at + 1] < 0xa0;
        if bytes[at].is_ascii_control() || late {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty() && bytes.len() <= bytes_max
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $bytes_max:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text and makes it a name.
            ///
            /// # Errors
            /// [`NameError`] when it is empty, too long, or holds a control character.
            pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
                let text = text.as_ref();
                check($kind, text, $bytes_max)?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }
    };
}

name! {
    /// What kind of fact an event is, such as `tool_returned`.
    EventType, "event type", EVENT_TYPE_BYTES_MAX
}
name! {
    /// A stream: the events about one thing, such as `account-17`, in the order of their versions.
    StreamId, "stream id", STREAM_ID_BYTES_MAX
}
name! {
    /// Who caused an event: a person or a program.
    Actor, "actor", NAME_BYTES_MAX
}
name! {
    /// The request or the process that an event belongs to.
    CorrelationId, "correlation id", NAME_BYTES_MAX
}
name! {
    /// Where a command was given: a program, a screen, a device.
    Source, "source", NAME_BYTES_MAX
}
name! {
    /// The approval that a command rests on, as whatever keeps approvals calls it.
    ApprovalId, "approval id", NAME_BYTES_MAX
}

name! {
    /// A projection, and its rows in a target.
    ProjectionName, "projection name", NAME_BYTES_MAX
}
name! {
    /// A fold of a stream's events into a state.
    FoldName, "fold name", NAME_BYTES_MAX
}
name! {
    /// Whom personal data are about: everything of one subject can be erased together.
    SubjectId, "subject id", NAME_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_checked() {
        assert_eq!(EventType::new("tool_returned").unwrap().as_str(), "tool_returned");
        assert_eq!(EventType::new(""), Err(NameError::Empty { kind: "event type" }));
        assert_eq!(
            StreamId::new("a\0b"),
            Err(NameError::Control {
                kind: "stream id",
                character: 0
            })
        );
        assert!(StreamId::new("x".repeat(STREAM_ID_BYTES_MAX)).is_ok());
        assert!(matches!(
            StreamId::new("x".repeat(STREAM_ID_BYTES_MAX + 1)),
            Err(NameError::TooLong { .. })
        ));
    }

    proptest! {
        #[test]
        fn names_are_judged_alike_at_compile_time(text in "[a-z\\u{0}-\\u{20}\\u{7e}-\\u{c3}]{0,12}") {
            prop_assert_eq!(is_name(&text, 10), check("name", &text, 10).is_ok());
        }
    }

    #[test]
    fn names_are_checked_when_they_are_read_too() {
        assert!(serde_json::from_str::<Actor>("\"ann\"").is_ok());
        assert!(serde_json::from_str::<Actor>("\"\"").is_err());
    }
}
