//! Deltas for callers that have plain content and no editor.

use serde_json::Value;
use yrs::{Any, Array as _, Doc, Text as _, Transact as _};

use super::client::ClientId;
use super::document::Document;
use super::{Content, Kind, json};

impl Document {
    /// The delta with which `client` makes a new document hold `content`; `None` when that is nothing.
    ///
    /// It may be longer than a delta may be, or hold values that a list may not: [`Self::apply`] judges it.
    pub(crate) fn insertion(client: ClientId, content: &Content) -> Option<Vec<u8>> {
        Self::new(content.kind()).replacement(client, content)
    }

    /// The least delta with which `client` makes the document hold `content`: what both begin and end with stays.
    ///
    /// `None` when it holds it already, or is of the other kind. The client's clocks go on from what this
    /// document has of them, and so it is only for the log that the client id belongs to.
    pub(crate) fn replacement(&self, client: ClientId, content: &Content) -> Option<Vec<u8>> {
        match (self.content(), content) {
            (Content::Text(old), Content::Text(new)) => replace_text(&self.editor(client), &old, new),
            (Content::List(old), Content::List(new)) => replace_list(&self.editor(client), &old, new),
            _ => None,
        }
    }
}

fn replace_text(editor: &Doc, old: &str, new: &str) -> Option<Vec<u8>> {
    if old == new {
        return None;
    }
    // By characters, so that no pair of surrogates is torn apart.
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs
            .take_while(|(old, new)| old == new)
            .map(|(old, _)| old.len_utf8())
            .sum()
    };
    let prefix = same(&mut old.chars().zip(new.chars()));
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let suffix = same(&mut old_rest.chars().rev().zip(new_rest.chars().rev()));
    let removed = &old_rest[..old_rest.len() - suffix];
    let added = &new_rest[..new_rest.len() - suffix];

    let text = editor.get_or_insert_text(Kind::Text.root());
    let mut transaction = editor.transact_mut();
    let (at, removed) = (units(&old[..prefix]), units(removed));
    if removed > 0 {
        text.remove_range(&mut transaction, at, removed);
    }
    if !added.is_empty() {
        text.insert(&mut transaction, at, added);
    }
    Some(transaction.encode_update_v1())
}

fn replace_list(editor: &Doc, old: &[Value], new: &[Value]) -> Option<Vec<u8>> {
    // As the list will hold them: 1.0 is 1.
    let new: Vec<Any> = new.iter().map(json::any_of).collect();
    let shown: Vec<Value> = new.iter().map(json::value_of).collect();
    if old == shown {
        return None;
    }
    let prefix = old.iter().zip(&shown).take_while(|(old, new)| old == new).count();
    let rests = old[prefix..].iter().rev().zip(shown[prefix..].iter().rev());
    let suffix = rests.take_while(|(old, new)| old == new).count();
    let removed = old.len() - suffix - prefix;
    let added = &new[prefix..new.len() - suffix];

    let list = editor.get_or_insert_array(Kind::List.root());
    let mut transaction = editor.transact_mut();
    let at = u32::try_from(prefix).ok()?;
    if removed > 0 {
        list.remove_range(&mut transaction, at, u32::try_from(removed).ok()?);
    }
    if !added.is_empty() {
        list.insert_range(&mut transaction, at, added.to_vec());
    }
    Some(transaction.encode_update_v1())
}

/// The length in UTF-16 units; a document that is longer than 2³² of them cannot be made.
fn units(text: &str) -> u32 {
    let units: usize = text.chars().map(char::len_utf16).sum();
    u32::try_from(units).unwrap_or(u32::MAX)
}
