//! Every command that changes anything: given again under its id, it does nothing and is answered as before; under the id of
//! another, it is refused.

use std::collections::BTreeSet;

use openprod_core::{CommandId, DecisionPolicy, EntityId, FieldType, Value};
use openprod_engine::facts::{ExpectedFacts, FactReceipt, RecordFacts, ResolutionChoice, ResolveDecision};
use openprod_engine::overlay::OverlayId;
use openprod_engine::{
    Between, Command, CommandError, Decision, Destination, DriftChoice, Envelope, FieldName, NewEdge,
    NewField, NewReference, NewVia, Outcome, OverlayCommand, Part, Request, Subject, TextEdit,
};
use yrs::{Text as _, Transact as _};

use crate::device::{Device, sync, text};
use crate::facts::fact;
use crate::texts::{state, typed};

/// Gives commands, each several times.
struct Walk {
    device: Device,
    given: u128,
    names: BTreeSet<&'static str>,
}

impl Walk {
    fn request(&self, command: &Command, destination: Destination) -> Request {
        Request {
            envelope: Envelope {
                command_id: Some(CommandId::from_u128(0x1000 + self.given)),
                source: "test".to_owned(),
                ..Envelope::default()
            },
            command: command.clone(),
            destination,
        }
    }

    /// Everything that a repetition must leave as it is.
    fn sight(&self) -> String {
        let snapshot = self.device.snapshot();
        let view = self.device.engine.snapshots().view().unwrap();
        format!(
            "{:?} {} {:?} {:?} {:?}",
            snapshot.state_hash(),
            self.device.bundles().len(),
            snapshot.overlays().unwrap(),
            view.draft(),
            snapshot.facts().head().unwrap(),
        )
    }

    fn give_to(&mut self, destination: Destination, command: Command) -> Outcome {
        self.given += 1;
        let name = command.name();
        let request = self.request(&command, destination);
        let now = self.device.tick();
        let (first, committed) = self.device.engine.execute(&request, now).unwrap();
        assert!(!committed.is_empty(), "{name} does something");
        assert!(!first.repeated);
        let sight = self.sight();
        for restarted in [false, true] {
            if restarted {
                let store = self.device.store.reopen();
                self.device.reopen(store);
            }
            let now = self.device.tick();
            let (again, committed) = self.device.engine.execute(&request, now).unwrap();
            let again = Outcome {
                repeated: false,
                ..again
            };
            assert_eq!(first, again, "{name} again, restarted: {restarted}");
            assert!(committed.is_empty(), "{name} again does nothing");
            let other = Command::NameWorkspace {
                name: format!("other than {name}"),
            };
            let refused = self
                .device
                .engine
                .execute(&self.request(&other, destination), now);
            assert!(
                matches!(refused, Err(CommandError::CommandReused { .. })),
                "another under the id of {name}: {refused:?}"
            );
            assert_eq!(sight, self.sight(), "{name}");
        }
        self.names.insert(name);
        first
    }

    fn give(&mut self, command: Command) -> Outcome {
        self.give_to(Destination::Active, command)
    }

    fn overlay(&mut self, command: OverlayCommand) -> OverlayId {
        self.give(Command::Overlay(command)).overlay_id.unwrap()
    }

    fn record(&mut self, title: &str) -> EntityId {
        let records = vec![vec![("title".to_owned(), text(title))]];
        let table = "Notes".to_owned();
        self.give(Command::CreateRecords { table, records }).created[0]
    }

    fn set(&mut self, destination: Destination, entity: EntityId, title: &str) {
        let fields = vec![("title".to_owned(), text(title))];
        let table = "Notes".to_owned();
        self.give_to(
            destination,
            Command::UpdateRecord {
                entity,
                table,
                fields,
            },
        );
    }
}

/// How many kinds of commands there are. A command that is new here needs a step in the walk, and a name in the list.
fn known(command: &Command) -> bool {
    match command {
        Command::NameWorkspace { .. }
        | Command::CreateTable { .. }
        | Command::UpdateTable { .. }
        | Command::FollowField { .. }
        | Command::EditText(_)
        | Command::DeleteTable { .. }
        | Command::RestoreTable { .. }
        | Command::CreateRecords { .. }
        | Command::UpdateRecord { .. }
        | Command::DeleteRecord { .. }
        | Command::RestoreRecord { .. }
        | Command::AttachRecord { .. }
        | Command::DetachRecord { .. }
        | Command::CreateEdge(_)
        | Command::UpdateEdge { .. }
        | Command::DeleteEdge { .. }
        | Command::RestoreEdge { .. }
        | Command::MoveEdge { .. }
        | Command::RebalanceEdges { .. }
        | Command::MergeRecords { .. }
        | Command::SplitRecord { .. }
        | Command::ConfirmMapping { .. }
        | Command::RejectMapping { .. }
        | Command::ResolveConflict { .. }
        | Command::RecordFacts(_)
        | Command::ResolveDecision(_)
        | Command::Revert { .. }
        | Command::Undo
        | Command::Redo
        | Command::CreateView { .. }
        | Command::UpdateView { .. }
        | Command::DeleteView { .. }
        | Command::RestoreView { .. } => true,
        Command::Overlay(command) => match command {
            OverlayCommand::Create { .. }
            | OverlayCommand::Activate { .. }
            | OverlayCommand::Stash { .. }
            | OverlayCommand::Commit { .. }
            | OverlayCommand::Discard { .. }
            | OverlayCommand::Drop { .. }
            | OverlayCommand::Resolve { .. } => true,
        },
    }
}

/// Of the match above: 33 commands and 7 that are about drafts.
const KINDS: usize = 33 + 7;

fn booking(version: Option<u64>) -> RecordFacts {
    RecordFacts {
        facts: vec![fact("booked", "{}")],
        context: Some(ExpectedFacts {
            query: r#"{"filters":[{"event_types":["booked"]}]}"#.to_owned(),
            version,
            handler_version: 1,
            policy: DecisionPolicy::Surface,
        }),
        ..RecordFacts::default()
    }
}

fn schema(walk: &mut Walk) {
    walk.give(Command::NameWorkspace {
        name: "Tour".to_owned(),
    });
    walk.give(Command::CreateTable {
        name: "Notes".to_owned(),
        fields: vec![
            NewField::new("title", FieldType::Text),
            NewField::new("body", FieldType::CrdtText),
            NewField::new("other", FieldType::Entity),
        ],
    });
    let reference = |field: &str| NewReference {
        via: NewVia::Field("other".to_owned()),
        table: "Notes".to_owned(),
        field: field.to_owned(),
    };
    let add = |field| Command::UpdateTable {
        table: "Notes".to_owned(),
        name: None,
        add_fields: vec![field],
        rename_fields: Vec::new(),
        remove_fields: Vec::new(),
    };
    walk.give(add(NewField::new("kind", FieldType::Text)));
    walk.give(add(NewField {
        mode: openprod_core::FieldMode::Reference,
        reference: Some(reference("kind")),
        ..NewField::new("theirs", FieldType::Text)
    }));
    walk.give(Command::FollowField {
        table: "Notes".to_owned(),
        field: "theirs".to_owned(),
        reference: reference("title"),
    });
    let fields = vec![NewField::new("label", FieldType::Text)];
    let name = "Cues".to_owned();
    let table = walk.give(Command::CreateTable { name, fields }).created[0];
    walk.give(Command::DeleteTable {
        table: "Cues".to_owned(),
    });
    walk.give(Command::RestoreTable { table });
    let field = |table: &str, field: &str| FieldName {
        table: table.to_owned(),
        field: field.to_owned(),
    };
    let (a, b) = (field("Notes", "kind"), field("Cues", "label"));
    walk.give(Command::ConfirmMapping {
        a: a.clone(),
        b: b.clone(),
    });
    walk.give(Command::RejectMapping { a, b });
    let view = walk.give_to(
        Destination::Log,
        Command::CreateView {
            table: "Notes".to_owned(),
            name: "To check".to_owned(),
            settings: "{}".to_owned(),
        },
    );
    let view = view.created[0];
    walk.give(Command::UpdateView {
        view,
        name: Some("Checked".to_owned()),
        settings: None,
    });
    walk.give(Command::DeleteView { view });
    walk.give(Command::RestoreView { view });
}

fn records(walk: &mut Walk) -> EntityId {
    let (one, two) = (walk.record("one"), walk.record("two"));
    walk.set(Destination::Active, one, "first");
    let delta = typed(&state(&walk.device, one, "body", 1), |doc| {
        let body = doc.get_or_insert_text("text");
        body.insert(&mut doc.transact_mut(), 0, "words");
    });
    walk.give(Command::EditText(TextEdit {
        entity: one,
        table: "Notes".to_owned(),
        field: "body".to_owned(),
        session: 1,
        delta,
    }));
    walk.give(Command::DeleteRecord { entity: two });
    walk.give(Command::RestoreRecord { entity: two });
    let table = "Cues".to_owned();
    walk.give(Command::AttachRecord {
        entity: two,
        table: table.clone(),
        fields: vec![("label".to_owned(), text("Go"))],
    });
    walk.give(Command::DetachRecord { entity: two, table });
    walk.give(Command::MergeRecords {
        survivor: one,
        absorbed: two,
    });
    walk.give(Command::SplitRecord {
        source: one,
        part: Part::Name(two),
    });
    let make = |target| {
        Command::CreateEdge(NewEdge {
            source: one,
            target,
            edge_type: "then".to_owned(),
            properties: vec![("part".to_owned(), text("lead"))],
            ordered: Some(Between::default()),
        })
    };
    let edge = walk.give(make(two)).edges[0];
    let behind = walk.give(make(one)).edges[0];
    walk.give(Command::UpdateEdge {
        edge,
        properties: vec![("part".to_owned(), text("second"))],
    });
    walk.give(Command::MoveEdge {
        edge,
        between: Between {
            after: Some(behind),
            before: None,
        },
    });
    walk.give(Command::RebalanceEdges {
        entity: one,
        edge_type: "then".to_owned(),
    });
    walk.give(Command::DeleteEdge { edge });
    walk.give(Command::RestoreEdge { edge });
    one
}

fn steps(walk: &mut Walk, entity: EntityId) {
    walk.set(Destination::Active, entity, "again");
    walk.give(Command::Undo);
    walk.give(Command::Redo);
    let bundle = walk.device.bundles().last().unwrap().id();
    walk.give(Command::Revert { bundle });
    // What can be taken back no more is passed over, which is remembered as well.
    let gone = walk.record("gone");
    walk.give(Command::DeleteRecord { entity: gone });
    walk.give(Command::Undo);
    walk.give(Command::Undo);
    walk.give(Command::Redo);
}

fn drafts(walk: &mut Walk, entity: EntityId) {
    let create = || OverlayCommand::Create {
        name: "Draft".to_owned(),
    };
    let overlay = walk.overlay(create());
    walk.set(Destination::Active, entity, "drafted");
    walk.give(Command::Undo);
    walk.give(Command::Redo);
    walk.set(Destination::Log, entity, "meanwhile");
    walk.overlay(OverlayCommand::Resolve {
        overlay,
        subject: Subject::Entity(entity),
        cell: None,
        choice: DriftChoice::KeepMine,
    });
    walk.record("drafted");
    let edits = walk
        .device
        .snapshot()
        .overlay_diff(overlay)
        .unwrap()
        .unwrap()
        .edits;
    walk.overlay(OverlayCommand::Drop {
        overlay,
        edit: edits.last().unwrap().id,
    });
    walk.overlay(OverlayCommand::Stash { overlay });
    walk.overlay(OverlayCommand::Activate { overlay });
    walk.overlay(OverlayCommand::Commit { overlay });
    let overlay = walk.overlay(create());
    walk.set(Destination::Draft(overlay), entity, "thrown away");
    walk.overlay(OverlayCommand::Discard { overlay });
}

fn conflicts(walk: &mut Walk, entity: EntityId) {
    let mut other = Device::joiner(2);
    sync(&mut walk.device, &mut other);
    other.set(entity, "Notes", "title", "theirs");
    walk.set(Destination::Active, entity, "ours");
    other.execute(Command::RecordFacts(booking(None)));
    let decision = walk.give(Command::RecordFacts(booking(None))).bundle_id.unwrap();
    sync(&mut walk.device, &mut other);
    let conflict = walk.device.snapshot().conflicts().unwrap().remove(0).id;
    walk.give(Command::ResolveConflict {
        conflict,
        decision: Decision::Value(Value::Text("both".to_owned())),
    });
    walk.give(Command::ResolveDecision(ResolveDecision {
        decision,
        choice: ResolutionChoice::Compensate,
        considered: None,
        reason: None,
        facts: vec![fact("cancelled", "{}")],
    }));
    // With an answer that is kept, and no facts.
    walk.give(Command::RecordFacts(RecordFacts {
        receipt: Some(FactReceipt {
            request: [3; 32],
            result: "{}".to_owned(),
        }),
        ..RecordFacts::default()
    }));
}

#[test]
fn every_command_given_again_does_nothing_and_is_answered_as_before() {
    let mut walk = Walk {
        device: Device::founder(),
        given: 0,
        names: BTreeSet::new(),
    };
    schema(&mut walk);
    let entity = records(&mut walk);
    steps(&mut walk, entity);
    drafts(&mut walk, entity);
    conflicts(&mut walk, entity);
    assert!(known(&Command::Undo));
    assert_eq!(walk.names.len(), KINDS, "{:?}", walk.names);
    walk.device.assert_sound();
}

#[test]
fn same_command_into_another_draft_is_another_command() {
    let mut walk = Walk {
        device: Device::founder(),
        given: 0,
        names: BTreeSet::new(),
    };
    schema(&mut walk);
    let draft = |walk: &mut Walk| {
        walk.overlay(OverlayCommand::Create {
            name: "Draft".to_owned(),
        })
    };
    let (one, two) = (draft(&mut walk), draft(&mut walk));
    let command = Command::NameWorkspace {
        name: "Festival".to_owned(),
    };
    walk.give_to(Destination::Draft(one), command.clone());
    let now = walk.device.tick();
    for destination in [Destination::Draft(two), Destination::Log] {
        let other = walk.request(&command, destination);
        let refused = walk.device.engine.execute(&other, now);
        assert!(
            matches!(refused, Err(CommandError::CommandReused { .. })),
            "{refused:?}"
        );
    }
}
