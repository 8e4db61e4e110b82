//! Why what a peer recorded is no fact.

use openprod_core::BundleId;
use openprod_events::{NameError, PayloadError};
use thiserror::Error;

/// Why an operation records no fact. It depends on the operation and its author's past alone.
#[derive(Debug, Error)]
pub(crate) enum VoidFact {
    /// Its type, or one of its streams, is no name.
    #[error("record fact: {0}")]
    Name(#[from] NameError),
    /// Its payload is no text.
    #[error("record fact: the payload is not UTF-8")]
    NotText,
    /// Its payload is no payload.
    #[error("record fact: {0}")]
    Payload(#[from] PayloadError),
    /// It is, but it is not written in its one canonical form.
    #[error("record fact: the {part} is not canonical JSON")]
    NotCanonical {
        /// Payload or metadata.
        part: &'static str,
    },
    /// Its metadata are no object.
    #[error("record fact: the metadata are no object")]
    NoMetadata,
    /// A stream is named twice.
    #[error("record fact: it names a stream twice")]
    StreamTwice,
    /// It should resolve a decision, and has another form.
    #[error("resolve decision: the payload has another form")]
    NoResolution,
    /// It should resolve a decision that its author had not seen.
    #[error("resolve decision: its author had seen no decision {0}")]
    UnknownDecision(BundleId),
}
