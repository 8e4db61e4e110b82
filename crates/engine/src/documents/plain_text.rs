//! What a text or list holds, as plain text: stored whole, with the changes since behind it.
//!
//! Listings and searches read it without the document. A long text is not written again for each keystroke: a change
//! is a row that says what it replaces, until there are many of them.

use openprod_core::encoding::encode;
use openprod_storage::{Read, Space, StorageError, Write};
use wincode::{SchemaRead, SchemaWrite};

use super::damaged;
use crate::stored::stored;

/// Texts up to this many bytes are always stored whole: a row of a few pages is as cheap as a short one.
const WHOLE_BYTES_MAX: usize = 4 << 10;
/// After how many changes a text is stored whole again.
const SPLICES_MAX: u32 = 64;

/// A plain text, and how it is stored.
#[derive(Clone, Debug, Default)]
pub(super) struct PlainText {
    text: String,
    /// How many changes lie behind the text that was stored whole.
    splices: u32,
    /// How much they add, in bytes.
    splice_bytes: usize,
}

/// A change of a plain text; offsets in bytes.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
struct Splice {
    at: u32,
    removed: u32,
    added: String,
}

impl PlainText {
    /// Reads the text under a key; `None` when nothing was ever stored there.
    pub(super) fn load(store: &dyn Read, key: &[u8]) -> Result<Option<Self>, StorageError> {
        let mut rows = store.scan(Space::Text, key, None, usize::MAX)?.into_iter();
        let Some((_, whole)) = rows.next() else {
            return Ok(None);
        };
        let mut plain = Self {
            text: String::from_utf8(whole).map_err(|_| damaged())?,
            ..Self::default()
        };
        for (_, bytes) in rows {
            let splice: Splice = stored(Space::Text, &bytes)?;
            plain.splices += 1;
            plain.splice_bytes += splice.added.len();
            splice.apply(&mut plain.text).ok_or_else(damaged)?;
        }
        Ok(Some(plain))
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) const fn len(&self) -> usize {
        self.text.len()
    }

    /// Stores another text in place of this one: its change, or all of it.
    pub(super) fn replace(
        &mut self,
        store: &mut dyn Write,
        key: &[u8],
        text: String,
    ) -> Result<(), StorageError> {
        let splice = Splice::between(&self.text, &text);
        let bytes = self.splice_bytes + splice.added.len();
        let whole = text.len() <= WHOLE_BYTES_MAX || self.splices >= SPLICES_MAX || bytes > text.len() / 2;
        self.text = text;
        if whole {
            for number in 1..=self.splices {
                store.delete(Space::Text, &splice_key(key, number))?;
            }
            (self.splices, self.splice_bytes) = (0, 0);
            return store.put(Space::Text, key, self.text.as_bytes());
        }
        self.splices += 1;
        self.splice_bytes = bytes;
        store.put(Space::Text, &splice_key(key, self.splices), &encode(&splice))
    }
}

/// Whether anything was ever stored under a key.
pub(super) fn exists(store: &dyn Read, key: &[u8]) -> Result<bool, StorageError> {
    Ok(store.count(Space::Text, key)? > 0)
}

fn splice_key(key: &[u8], number: u32) -> Vec<u8> {
    [key, &number.to_be_bytes()].concat()
}

impl Splice {
    /// What makes one text the other: all between what they begin and what they end with alike.
    fn between(old: &str, new: &str) -> Self {
        let mut front = alike(old.as_bytes(), new.as_bytes());
        while !old.is_char_boundary(front) || !new.is_char_boundary(front) {
            front -= 1;
        }
        let (old_rest, new_rest) = (&old.as_bytes()[front..], &new.as_bytes()[front..]);
        let mut back = alike_at_end(old_rest, new_rest);
        while !old.is_char_boundary(old.len() - back) || !new.is_char_boundary(new.len() - back) {
            back -= 1;
        }
        Self {
            at: front as u32,
            removed: (old.len() - back - front) as u32,
            added: new[front..new.len() - back].to_owned(),
        }
    }

    /// Changes the text; `None` when it is not one that can be changed so.
    fn apply(&self, text: &mut String) -> Option<()> {
        let (at, end) = (self.at as usize, self.at.checked_add(self.removed)? as usize);
        text.get(at..end)?;
        text.replace_range(at..end, &self.added);
        Some(())
    }
}

/// How many bytes two strings begin with alike: compared by pages, and only the page that differs byte by byte.
fn alike(one: &[u8], other: &[u8]) -> usize {
    const PAGE: usize = 256;
    let pages = one.chunks_exact(PAGE).zip(other.chunks_exact(PAGE));
    let start = pages.take_while(|(one, other)| one == other).count() * PAGE;
    let rest = one[start..].iter().zip(&other[start..]);
    start + rest.take_while(|(one, other)| one == other).count()
}

/// How many bytes two strings end with alike.
fn alike_at_end(one: &[u8], other: &[u8]) -> usize {
    const PAGE: usize = 256;
    let pages = one.rchunks_exact(PAGE).zip(other.rchunks_exact(PAGE));
    let end = pages.take_while(|(one, other)| one == other).count() * PAGE;
    let rest = one[..one.len() - end]
        .iter()
        .rev()
        .zip(other[..other.len() - end].iter().rev());
    end + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use openprod_storage::{MemoryStorage, Storage as _};
    use proptest::prelude::*;

    use super::*;

    fn words() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(vec!["a", "ä", "😀", "long word "]), 0..12)
            .prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn stored_text_is_the_last_one(
            length in 0_usize..3,
            texts in prop::collection::vec((words(), words(), words()), 1..90),
        ) {
            // With and without so much text that changes are stored.
            let middle = "ö".repeat(length * WHOLE_BYTES_MAX);
            let mut storage = MemoryStorage::new();
            let mut write = storage.begin().unwrap();
            let key = b"key".as_slice();
            prop_assert!(!exists(&*write, key).unwrap());
            let mut plain = PlainText::default();
            for (front, inner, back) in texts {
                let half = middle.len() / 4 * 2;
                let text = [&*front, &middle[..half], &inner, &middle[half..], &back].concat();
                plain.replace(&mut *write, key, text.clone()).unwrap();
                prop_assert!(plain.splices <= SPLICES_MAX);
                let found = PlainText::load(&*write, key).unwrap().unwrap();
                prop_assert_eq!(found.splices, plain.splices);
                prop_assert_eq!(found.splice_bytes, plain.splice_bytes);
                prop_assert_eq!(found.into_text(), text);
            }
        }
    }

    #[test]
    fn key_into_a_long_text_stores_little() {
        let mut storage = MemoryStorage::new();
        let mut write = storage.begin().unwrap();
        let mut plain = PlainText::default();
        let mut text = "word ".repeat(20_000);
        plain.replace(&mut *write, b"key", text.clone()).unwrap();
        text.insert(50_003, 'x');
        plain.replace(&mut *write, b"key", text).unwrap();
        let rows = write.scan(Space::Text, b"key", None, usize::MAX).unwrap();
        assert_eq!(rows.len(), 2);
        assert!(rows[1].1.len() < 16, "{:?}", rows[1]);
    }

    #[test]
    fn damaged_change_is_an_error() {
        let mut storage = MemoryStorage::new();
        let mut write = storage.begin().unwrap();
        let key = b"key".as_slice();
        write.put(Space::Text, key, "wörd".as_bytes()).unwrap();
        for (at, removed) in [(2, 1), (5, 1), (0, u32::MAX), (u32::MAX, u32::MAX)] {
            let added = "x".to_owned();
            let splice = encode(&Splice { at, removed, added });
            write.put(Space::Text, &splice_key(key, 1), &splice).unwrap();
            assert!(PlainText::load(&*write, key).is_err(), "{at} {removed}");
        }
        write.put(Space::Text, &splice_key(key, 1), b"?").unwrap();
        assert!(PlainText::load(&*write, key).is_err());
    }
}
