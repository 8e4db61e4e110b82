//! What an editor does: it begins with the stored state of a text or list, and gives a delta for what a person
//! changed.

use openprod_engine::TextState;
use openprod_engine::text::Kind;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode as _;
use yrs::{
    Array as _, Doc, OffsetKind, Options, ReadTxn as _, StateVector, Text as _, Transact as _, Update,
};

/// An editor of one text or list, for one session.
pub struct Editor {
    doc: Doc,
    kind: Kind,
    before: StateVector,
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
        let before = doc.transact().state_vector();
        Self {
            doc,
            kind: state.kind,
            before,
        }
    }

    /// How long the text is, in UTF-16 units, or how many values the list has.
    #[must_use]
    pub fn len(&self) -> u32 {
        let transaction = self.doc.transact();
        match self.kind {
            Kind::Text => self.doc.get_or_insert_text(self.kind.root()).len(&transaction),
            Kind::List => self.doc.get_or_insert_array(self.kind.root()).len(&transaction),
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
                text.insert(&mut self.doc.transact_mut(), at, words);
            }
            Kind::List => {
                let list = self.doc.get_or_insert_array(name);
                list.insert(&mut self.doc.transact_mut(), at, words);
            }
        }
    }

    /// Takes out what lies between `at` and `at + count`, which is at most the length.
    pub fn erase(&self, at: u32, count: u32) {
        let name = self.kind.root();
        match self.kind {
            Kind::Text => {
                let text = self.doc.get_or_insert_text(name);
                text.remove_range(&mut self.doc.transact_mut(), at, count);
            }
            Kind::List => {
                let list = self.doc.get_or_insert_array(name);
                list.remove_range(&mut self.doc.transact_mut(), at, count);
            }
        }
    }

    /// All that was changed since it was opened, as a Yjs update, encoding 1.
    #[must_use]
    pub fn delta(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&self.before)
    }
}
