//! Payloads that only those can read who hold the keys, and that are erased by throwing a key away.
//!
//! # What is protected
//!
//! Each payload of a protected type is sealed as a whole with XChaCha20-Poly1305, under a data key of the subject that it is
//! about, with 24 random bytes as nonce. The seal binds the type, the stream, the id of the key and the tokens beside it: a
//! sealed payload that was changed, or moved to an event in which one of these differs, does not open. Whoever has the
//! database and not the keys learns neither members nor their names, and the postings of the index are hashes of tokens.
//! When the key of a subject is erased, no payload that was sealed under it can be opened again, wherever copies of the log
//! are.
//!
//! # What is not
//!
//! - The number, time, type, stream, size and metadata of an event, and that two events are about the same subject: they
//!   name the same key. So streams and metadata must not name a person; neither must the answers of commands. Requests of
//!   commands are kept as plain hashes, which can be guessed at where there are few possible requests.
//! - Members that are declared indexable stand beside the seal as tokens: keyed hashes of their scalars, which show equal
//!   values, how often each occurs, and the names of members inside them. They outlast the erasure of a subject; whoever
//!   holds the *index key* can test whether a token is that of a value.
//! - Events of the same type, stream and tokens of one subject can be exchanged by somebody who can write the database,
//!   and plain events can be put there. That is a matter of the database's own protection, or of signatures.
//! - Keys in the memory of the running process, and payloads that were read: they are as readable as the process. What is
//!   made of events, such as projections and snapshots, is plain unless its owner sees to it, and is to be made anew after
//!   an erasure.
//! - Old copies of the *keys*. A backup of a key store brings an erased subject back.
//!
//! **Start reading** at [`EncryptedStore`]; then at [`EncryptionPlan`], which says what is sealed, and [`KeyStore`].

mod index;
mod keys;
mod memory;
mod plan;
mod seal;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

use thiserror::Error;

#[cfg(feature = "sqlite")]
pub use keys::MasterKey;
pub use keys::{DataKey, IndexKey, KeyError, KeyId, KeyStore};
pub use memory::MemoryKeys;
pub use plan::{EncryptionPlan, Protection};
pub use seal::is_erased;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteKeys;
pub use store::{EncryptedStore, EncryptionMetrics};

use crate::event::SequenceNumber;
use crate::name::EventType;
use crate::payload::PayloadError;

/// What can go wrong with payloads that are sealed.
#[derive(Debug, Error)]
pub enum EncryptionError {
    /// The keys cannot be had.
    #[error("use keys: {0}")]
    Keys(#[from] KeyError),
    /// A stored payload is not what was sealed.
    #[error("open event {sequence_number}: its payload is not what was sealed")]
    Unopenable {
        /// The event.
        sequence_number: SequenceNumber,
        /// What is wrong.
        reason: &'static str,
    },
    /// A new event of a protected type does not say whom it is about.
    #[error("seal event of type {event_type}: it has no text {member:?} that names its subject")]
    NoSubject {
        /// Its type.
        event_type: EventType,
        /// The member that should have named it.
        member: String,
    },
    /// A new event has a member that only sealed payloads have.
    #[error("seal event of type {event_type}: its payload has the reserved member {reserved:?}", reserved = seal::MEMBER)]
    Reserved {
        /// Its type.
        event_type: EventType,
    },
    /// A sealed payload is larger than a payload may be.
    #[error("seal event of type {event_type}: it is too large when sealed")]
    TooLarge {
        /// Its type.
        event_type: EventType,
        /// What was found.
        #[source]
        source: PayloadError,
    },
    /// A query asks for a member that cannot be seen. To answer that nothing matches would be wrong.
    #[error("read query: member {member:?} of type {event_type} is encrypted, and not declared indexable")]
    NotIndexable {
        /// The type.
        event_type: EventType,
        /// The member.
        member: String,
    },
    /// The system has no random numbers to give.
    #[error("seal event: there are no random numbers")]
    NoChance(#[source] getrandom::Error),
}

impl EncryptionError {
    /// Whether the same may work later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Keys(KeyError::Unavailable(_)) | Self::NoChance(_))
    }

    /// The stored event that it is about.
    #[must_use]
    pub const fn sequence_number(&self) -> Option<SequenceNumber> {
        match self {
            Self::Unopenable { sequence_number, .. } => Some(*sequence_number),
            _ => None,
        }
    }
}
