//! Events as types: an enum of what can happen, written to payloads and read from them.

use thiserror::Error;

use crate::event::SchemaVersion;
use crate::limits::EVENT_TYPE_BYTES_MAX;
use crate::name::EventType;
use crate::payload::{Payload, PayloadError};

/// Why a stored event could not be read as one of a program's own.
#[derive(Debug, Error)]
pub enum UnreadableEvent {
    /// The payload has another form.
    #[error("its payload has another form")]
    Form(#[from] PayloadError),
    /// It was written in a form that this program does not know; an older one has to be upcast first.
    #[error("it has schema version {found}, and this program reads {known}")]
    Version {
        /// What was written.
        found: SchemaVersion,
        /// What can be read.
        known: SchemaVersion,
    },
}

/// What can happen, as an enum. [`domain_events`](crate::domain_events) makes one.
pub trait DomainEvent: Sized {
    /// What kind of fact it is.
    fn event_type(&self) -> EventType;

    /// Which form its payload has.
    fn schema_version(&self) -> SchemaVersion;

    /// Its payload.
    ///
    /// # Errors
    /// [`PayloadError`] when it cannot be a payload.
    fn to_payload(&self) -> Result<Payload, PayloadError>;

    /// Reads a stored event; `None` when it is of a type that is none of these.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when it is of one of these types and in another form.
    fn read(
        event_type: &EventType,
        version: SchemaVersion,
        payload: &Payload,
    ) -> Result<Option<Self>, UnreadableEvent>;
}

/// Whether a text in the source of a program can be an event type; for the macro.
#[doc(hidden)]
#[must_use]
pub const fn is_event_type(text: &str) -> bool {
    crate::name::is_name(text, EVENT_TYPE_BYTES_MAX)
}

/// Declares an enum of events, each variant with its payload, its event type and the version of its form.
///
/// ```
/// use openprod_events::domain_events;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// pub struct Opened {
///     pub account: String,
/// }
///
/// domain_events! {
///     /// What happens to accounts.
///     #[derive(Clone, Debug, PartialEq)]
///     pub enum AccountEvent {
///         /// An account was opened.
///         Opened(Opened) = "account_opened" version 1,
///     }
/// }
/// ```
///
/// Types and versions are checked by the compiler. Payloads implement serde's two traits.
#[macro_export]
macro_rules! domain_events {
    (
        $(#[$meta:meta])* $vis:vis enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident($body:ty) = $event_type:literal version $version:literal),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        $vis enum $name {
            $($(#[$variant_meta])* $variant($body)),+
        }

        const _: () = {
            $(
                assert!($crate::command::is_event_type($event_type), "this cannot be an event type");
                assert!($version > 0, "schema versions begin at 1");
            )+
        };

        impl $crate::command::DomainEvent for $name {
            fn event_type(&self) -> $crate::EventType {
                let text = match self {
                    $(Self::$variant(_) => $event_type),+
                };
                $crate::EventType::new(text).expect("the compiler has checked it")
            }

            fn schema_version(&self) -> $crate::SchemaVersion {
                let number = match self {
                    $(Self::$variant(_) => $version),+
                };
                $crate::SchemaVersion::new(number).expect("the compiler has checked it")
            }

            fn to_payload(&self) -> ::core::result::Result<$crate::Payload, $crate::PayloadError> {
                match self {
                    $(Self::$variant(body) => $crate::Payload::of(body)),+
                }
            }

            fn read(
                event_type: &$crate::EventType,
                version: $crate::SchemaVersion,
                payload: &$crate::Payload,
            ) -> ::core::result::Result<::core::option::Option<Self>, $crate::command::UnreadableEvent> {
                match event_type.as_str() {
                    $($event_type => {
                        let known = $crate::SchemaVersion::new($version).expect("the compiler has checked it");
                        if version != known {
                            return Err($crate::command::UnreadableEvent::Version { found: version, known });
                        }
                        Ok(Some(Self::$variant(payload.read()?)))
                    })+
                    _ => Ok(None),
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Moved {
        to: String,
    }

    domain_events! {
        #[derive(Clone, Debug, PartialEq)]
        enum Happened {
            Moved(Moved) = "moved" version 2,
            Ended(()) = "ended" version 1,
        }
    }

    fn read(
        name: &str,
        version: u32,
        payload: serde_json::Value,
    ) -> Result<Option<Happened>, UnreadableEvent> {
        let version = SchemaVersion::new(version).unwrap();
        Happened::read(
            &EventType::new(name).unwrap(),
            version,
            &Payload::new(payload).unwrap(),
        )
    }

    #[test]
    fn events_are_read_as_they_were_written() {
        for event in [
            Happened::Moved(Moved {
                to: "Bern".to_owned(),
            }),
            Happened::Ended(()),
        ] {
            let payload = event.to_payload().unwrap();
            let again = Happened::read(&event.event_type(), event.schema_version(), &payload).unwrap();
            assert_eq!(again, Some(event));
        }
    }

    #[test]
    fn foreign_types_are_passed_over_and_other_forms_refused() {
        assert_eq!(read("arrived", 9, json!({"to": 1})).unwrap(), None);
        assert!(matches!(
            read("moved", 2, json!({"to": 1})),
            Err(UnreadableEvent::Form(_))
        ));
        for version in [1, 3] {
            let error = read("moved", version, json!({"to": "Bern"})).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("it has schema version {version}, and this program reads 2")
            );
        }
    }
}
