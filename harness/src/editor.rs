//! What an editor does: it begins with the stored state of a text or list, and gives a delta for what a person
//! changed.

use std::cell::RefCell;

use openprod_engine::TextState;
use openprod_engine::text::Kind;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode as _;
use yrs::{
    Array as _, Doc, OffsetKind, Options, Text as _, Transact as _, TransactionMut, Update, merge_updates_v1,
};

/// An editor of one text or list, for one session.
pub struct Editor {
    doc: Doc,
    kind: Kind,
    updates: RefCell<Vec<Vec<u8>>>,
}

impl Editor {
    /// Opens what is stored, to be edited under the client id that it says.
    ///
    /// # Panics
    /// When the state is none that Yrs takes: the engine must never give one.
    #[must_use]
    pub fn open(state: &TextState) -> Self {
        let doc = Doc::with_options(Options {
            client_id: ClientID::new(state.client.get()),
            offset_kind: OffsetKind::Utf16,
            ..Options::default()
        });
        match state.kind {
            Kind::Text => drop(doc.get_or_insert_text(state.kind.root())),
            Kind::List => drop(doc.get_or_insert_array(state.kind.root())),
        }
        let update = Update::decode_v1(&state.state).expect("the engine gives a sound update");
        doc.transact_mut()
            .apply_update(update)
            .expect("the engine gives an update that applies");
        Self {
            doc,
            kind: state.kind,
            updates: RefCell::default(),
        }
    }

    /// How long the text is, in UTF-16 units, or how many values the list has.
    #[must_use]
    pub fn len(&self) -> u32 {
        // A root is asked for before the transaction begins: it waits for one of its own.
        match self.kind {
            Kind::Text => {
                let text = self.doc.get_or_insert_text(self.kind.root());
                text.len(&self.doc.transact())
            }
            Kind::List => {
                let list = self.doc.get_or_insert_array(self.kind.root());
                list.len(&self.doc.transact())
            }
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Inserts words into a text, or one value into a list, at a place that is at most its length.
    pub fn insert(&self, at: u32, words: &str) {
        let name = self.kind.root();
        match self.kind {
            Kind::Text => {
                let text = self.doc.get_or_insert_text(name);
                self.change(|transaction| text.insert(transaction, at, words));
            }
            Kind::List => {
                let list = self.doc.get_or_insert_array(name);
                self.change(|transaction| {
                    list.insert(transaction, at, words);
                });
            }
        }
    }

    /// Takes out what lies between `at` and `at + count`, which is at most the length.
    pub fn erase(&self, at: u32, count: u32) {
        let name = self.kind.root();
        match self.kind {
            Kind::Text => {
                let text = self.doc.get_or_insert_text(name);
                self.change(|transaction| text.remove_range(transaction, at, count));
            }
            Kind::List => {
                let list = self.doc.get_or_insert_array(name);
                self.change(|transaction| list.remove_range(transaction, at, count));
            }
        }
    }

    fn change(&self, act: impl FnOnce(&mut TransactionMut<'_>)) {
        let mut transaction = self.doc.transact_mut();
        act(&mut transaction);
        self.updates.borrow_mut().push(transaction.encode_update_v1());
    }

    /// All that was changed since it was opened, as a Yjs update, encoding 1.
    ///
    /// # Panics
    /// When Yrs cannot read its own updates.
    #[must_use]
    pub fn delta(&self) -> Vec<u8> {
        let updates = self.updates.borrow();
        match updates.as_slice() {
            [update] => update.clone(),
            updates => merge_updates_v1(updates).expect("Yrs reads its own updates"),
        }
    }
}
