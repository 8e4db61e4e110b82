//! Ids of a domain's things, told apart by the compiler.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::FieldError;
use crate::name::StreamId;

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 200;

/// What a key is a key of. Its type is never made, it only tells keys apart.
pub trait Kind {
    /// What comes before the key in the name of the stream, such as `account`.
    const NAME: &'static str;
}

/// The id of a thing of kind `K`: an account's cannot be taken for a transfer's.
///
/// ```
/// use openprod_events::field::{Key, Kind};
///
/// enum Account {}
/// impl Kind for Account {
///     const NAME: &'static str = "account";
/// }
///
/// let ann: Key<Account> = Key::new("ann")?;
/// assert_eq!(ann.stream().as_str(), "account-ann");
/// assert!(Key::<Account>::new("ann bee").is_err());
/// # Ok::<(), openprod_events::field::FieldError>(())
/// ```
///
/// ```compile_fail
/// # use openprod_events::field::{Key, Kind};
/// enum Account {}
/// impl Kind for Account {
///     const NAME: &'static str = "account";
/// }
/// enum Transfer {}
/// impl Kind for Transfer {
///     const NAME: &'static str = "transfer";
/// }
/// let transfer: Key<Transfer> = Key::<Account>::new("ann")?;
/// # Ok::<(), openprod_events::field::FieldError>(())
/// ```
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "")]
pub struct Key<K>(Arc<str>, PhantomData<fn() -> K>);

impl<K> Key<K> {
    /// Checks a text and makes it a key: letters, digits, and `-`, `_`, `.`, `:`, of ASCII, up to 200 of them.
    ///
    /// # Errors
    /// [`FieldError`] when it is empty, too long, or holds anything else.
    pub fn new(text: impl AsRef<str>) -> Result<Self, FieldError> {
        let text = text.as_ref();
        let refused = |character: &char| {
            !character.is_ascii_alphanumeric() && !matches!(character, '-' | '_' | '.' | ':')
        };
        if text.is_empty() {
            return Err(FieldError::Empty);
        }
        if text.len() > KEY_BYTES_MAX {
            return Err(FieldError::TooLong {
                bytes: text.len(),
                bytes_max: KEY_BYTES_MAX,
            });
        }
        match text.chars().find(refused) {
            Some(character) => Err(FieldError::Character { character }),
            None => Ok(Self(text.into(), PhantomData)),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<K: Kind> Key<K> {
    /// The stream of this thing: the name of its kind, `-`, and the key.
    ///
    /// # Panics
    /// When the name of the kind cannot begin a stream id, which is a mistake in the program.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        StreamId::new(format!("{}-{}", K::NAME, self.0))
            .expect("the name of a kind is short, and so is a key")
    }
}

impl<K> Clone for Key<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<K> PartialEq for Key<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Key<K> {}

impl<K> PartialOrd for Key<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Key<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K> Hash for Key<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K> fmt::Display for Key<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl<K> fmt::Debug for Key<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Key({:?})", &*self.0)
    }
}

impl<K> TryFrom<String> for Key<K> {
    type Error = FieldError;

    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::new(text)
    }
}

impl<K> From<Key<K>> for String {
    fn from(key: Key<K>) -> Self {
        key.0.as_ref().to_owned()
    }
}
