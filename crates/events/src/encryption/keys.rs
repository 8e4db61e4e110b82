//! Keys: one for the data of each subject, and one for the index.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::error::DatabaseError;
use crate::name::SubjectId;

/// Why a key cannot be had.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The store of keys cannot be used now.
    #[error("the store of keys cannot be used now")]
    Unavailable(#[source] DatabaseError),
    /// The store of keys failed, or is no such store.
    #[error("the store of keys failed")]
    Store(#[source] DatabaseError),
    /// The keys were wrapped with another master key, or are damaged.
    #[error("a key cannot be unwrapped: the master key is another one, or the key is damaged")]
    Unwrappable,
    /// A newer version of this library made it.
    #[error("the store of keys was made by a newer version of this library")]
    NewerVersion,
}

/// Which key sealed something: 16 random bytes that say nothing about the subject.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// Wraps the 16 bytes of an id.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn text(self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KeyId({})", self.text())
    }
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// It is wiped from memory when it is dropped, and is not shown.
        #[derive(Clone)]
        pub struct $name(Zeroizing<[u8; 32]>);

        impl $name {
            /// Wraps the 32 bytes of a key, which nobody may be able to guess.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(Zeroizing::new(bytes))
            }

            pub(crate) fn expose(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

secret! {
    /// The key of what is about one subject.
    DataKey
}
secret! {
    /// The key of the tokens of indexable members. It must stay the same as long as the log: queries find by it.
    IndexKey
}
#[cfg(feature = "sqlite")]
secret! {
    /// The key that wraps data keys in a file.
    MasterKey
}

/// Where data keys are kept, apart from the log.
pub trait KeyStore: Send + Sync {
    /// The key of a subject, made and kept for good before it is given if there is none. After a subject was erased, this
    /// is another one.
    ///
    /// # Errors
    /// [`KeyError`] when the key cannot be had or kept.
    fn key_of(&self, subject: &SubjectId) -> Result<(KeyId, DataKey), KeyError>;

    /// The key of that id; `None` when it was erased.
    ///
    /// # Errors
    /// [`KeyError`] when that cannot be told. It must not be taken for an erasure.
    fn key(&self, id: KeyId) -> Result<Option<DataKey>, KeyError>;

    /// Throws the key of a subject away; whether there was one. What it sealed cannot be opened any more.
    ///
    /// # Errors
    /// [`KeyError`] when it could not be thrown away.
    fn erase(&self, subject: &SubjectId) -> Result<bool, KeyError>;
}

/// A new key with its id.
pub(crate) fn new_key() -> Result<(KeyId, DataKey), KeyError> {
    let mut id = [0; 16];
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(&mut id)
        .and_then(|()| getrandom::fill(&mut *key))
        .map_err(|error| KeyError::Unavailable(error.into()))?;
    Ok((KeyId(id), DataKey(key)))
}
