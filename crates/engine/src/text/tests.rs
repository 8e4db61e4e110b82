//! Documents as several peers hold them.

mod arrival;
mod craft;
mod hostile;
mod storing;
mod traces;
mod validity;

use openprod_storage::ChainId;
use yrs::{Array as _, Doc, Text as _, Transact as _, TransactionMut};

use super::client::ClientId;
use super::document::{Bundle, Document};
use super::{Content, Kind};

pub(super) fn client(number: u64) -> ClientId {
    ClientId::new(number).unwrap()
}

pub(super) fn bundle(chain: u32, seq: u64) -> Bundle {
    Bundle {
        chain: ChainId(chain),
        seq,
    }
}

/// An author who has seen everything.
pub(super) fn all(_: ChainId, _: u64) -> bool {
    true
}

pub(super) fn text(document: &Document) -> String {
    match document.content() {
        Content::Text(text) => text,
        Content::List(values) => panic!("a list: {values:?}"),
    }
}

/// What an editor sends for one change to a text.
pub(super) fn typed(editor: &Doc, change: impl FnOnce(&yrs::TextRef, &mut TransactionMut<'_>)) -> Vec<u8> {
    let root = editor.get_or_insert_text(Kind::Text.root());
    let mut transaction = editor.transact_mut();
    change(&root, &mut transaction);
    transaction.encode_update_v1()
}

/// What an editor sends for text put at an offset.
pub(super) fn inserted(editor: &Doc, at: u32, added: &str) -> Vec<u8> {
    typed(editor, |root, transaction| root.insert(transaction, at, added))
}

/// What an editor sends for one change to a list.
pub(super) fn listed(editor: &Doc, change: impl FnOnce(&yrs::ArrayRef, &mut TransactionMut<'_>)) -> Vec<u8> {
    let root = editor.get_or_insert_array(Kind::List.root());
    let mut transaction = editor.transact_mut();
    change(&root, &mut transaction);
    transaction.encode_update_v1()
}

/// A list of numbers, one delta each.
pub(super) fn numbers(count: i64) -> Document {
    let mut document = Document::new(Kind::List);
    for number in 0..count {
        let delta = listed(&document.editor(client(7)), |root, transaction| {
            root.insert(transaction, 0, number);
        });
        document
            .apply(&delta, client(7), bundle(0, number.cast_unsigned() + 1), &all)
            .unwrap();
    }
    document
}
