//! Texts and lists, as someone at an editor sees them.

use openprod_core::EntityId;
use openprod_engine::{Command, Snapshot, TextEdit, TextState};

use super::TestPeer;
use crate::editor::Editor;

impl TestPeer {
    /// Inserts words into a text, or a value into a list, at a place: typed in a session of its own.
    pub fn type_at(&self, entity: EntityId, table: &str, field: &str, at: u32, words: &str) {
        self.edit(entity, table, field, |editor| editor.insert(at, words));
    }

    /// Appends words to a text, or a value to a list.
    pub fn type_on(&self, entity: EntityId, table: &str, field: &str, words: &str) {
        self.edit(entity, table, field, |editor| editor.insert(editor.len(), words));
    }

    /// Takes `count` places out of a text or list, from `at` on.
    pub fn erase(&self, entity: EntityId, table: &str, field: &str, at: u32, count: u32) {
        self.edit(entity, table, field, |editor| editor.erase(at, count));
    }

    /// Edits a text or a list.
    pub fn edit(&self, entity: EntityId, table: &str, field: &str, change: impl FnOnce(&Editor)) {
        let session = self.network.borrow_mut().session();
        let editor = Editor::open(&text_state(&self.view(), entity, table, field, session));
        change(&editor);
        self.execute(Command::EditText(TextEdit {
            entity,
            table: table.to_owned(),
            field: field.to_owned(),
            session,
            delta: editor.delta(),
        }));
    }

    /// What an editor would begin with, without any draft.
    #[must_use]
    pub fn text_state(&self, entity: EntityId, table: &str, field: &str, session: u64) -> TextState {
        text_state(&self.snapshot(), entity, table, field, session)
    }
}

fn text_state(snapshot: &Snapshot, entity: EntityId, table: &str, field: &str, session: u64) -> TextState {
    let field = snapshot
        .schema()
        .find(table)
        .and_then(|table| table.field(field))
        .expect("the field is there");
    snapshot
        .text(entity, field, session)
        .expect("the store can be read")
        .expect("the field is a text or a list")
}
