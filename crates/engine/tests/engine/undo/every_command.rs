//! Every command, one by one and all of them.

use crate::device::{sync, text};
use openprod_core::{EntityId, FieldType};
use openprod_engine::{Between, Command, CommandError, Decision, NewField, Part};

use super::*;

#[test]
fn every_command_can_be_undone_and_redone() {
    let (mut a, mut b, jane) = pair();
    back_and_forth(
        &mut a,
        Command::NameWorkspace {
            name: "Autumn".into(),
        },
    );
    back_and_forth(
        &mut a,
        Command::CreateTable {
            name: "Venues".into(),
            fields: vec![NewField::new("hall", FieldType::Text)],
        },
    );
    back_and_forth(&mut a, alter(&["phone"], &[("email", "mail")], &[]));
    back_and_forth(&mut a, alter(&[], &[], &["phone"]));
    let made = back_and_forth(
        &mut a,
        Command::CreateRecords {
            table: "Contacts".into(),
            records: (0..3)
                .map(|n| vec![("name".into(), text(&n.to_string()))])
                .collect(),
        },
    );
    let [x, y, z] = made.created[..] else {
        panic!("three were made")
    };
    back_and_forth(&mut a, update(x, &[("name", "X"), ("mail", "x@co")]));
    back_and_forth(
        &mut a,
        Command::AttachRecord {
            entity: x,
            table: "Cast".into(),
            fields: vec![("alias".into(), text("Ex"))],
        },
    );
    back_and_forth(
        &mut a,
        Command::DetachRecord {
            entity: x,
            table: "Contacts".into(),
        },
    );
    a.execute(Command::Undo);
    back_and_forth(&mut a, relate(jane, x, None));
    let first = back_and_forth(&mut a, relate(jane, y, Some(Between::default()))).edges[0];
    let second = back_and_forth(&mut a, relate(jane, z, Some(Between::default()))).edges[0];
    back_and_forth(
        &mut a,
        Command::MoveEdge {
            edge: second,
            between: Between {
                after: None,
                before: Some(first),
            },
        },
    );
    back_and_forth(
        &mut a,
        Command::UpdateEdge {
            edge: first,
            properties: vec![("since".into(), text("2001")), ("where".into(), text("Oslo"))],
        },
    );
    back_and_forth(&mut a, Command::DeleteEdge { edge: first });
    back_and_forth(&mut a, Command::RestoreEdge { edge: first });
    back_and_forth(
        &mut a,
        Command::SplitRecord {
            source: x,
            part: Part::Tables(vec!["Cast".into()]),
        },
    );
    back_and_forth(
        &mut a,
        Command::MergeRecords {
            survivor: y,
            absorbed: z,
        },
    );
    back_and_forth(&mut a, update(z, &[("mail", "both@co")]));
    back_and_forth(
        &mut a,
        Command::SplitRecord {
            source: y,
            part: Part::Name(z),
        },
    );
    let map = |reject: bool| {
        let (a, b) = (field("Contacts", "name"), field("Cast", "alias"));
        if reject {
            Command::RejectMapping { a, b }
        } else {
            Command::ConfirmMapping { a, b }
        }
    };
    back_and_forth(&mut a, map(false));
    back_and_forth(&mut a, map(true));
    back_and_forth(&mut a, Command::DeleteRecord { entity: y });
    back_and_forth(&mut a, Command::RestoreRecord { entity: y });
    let table = a.snapshot().schema().find("Contacts").unwrap().id;
    back_and_forth(
        &mut a,
        Command::DeleteTable {
            table: "Contacts".into(),
        },
    );
    back_and_forth(
        &mut a,
        Command::RestoreTable {
            table: EntityId::from_bytes(*table.as_bytes()),
        },
    );
    sync(&mut a, &mut b);
    a.execute(update(jane, &[("name", "Jane A")]));
    b.execute(update(jane, &[("name", "Jane B")]));
    sync(&mut a, &mut b);
    let conflict = a.snapshot().conflicts().unwrap().remove(0).id;
    back_and_forth(
        &mut a,
        Command::ResolveConflict {
            conflict,
            decision: Decision::Value(text("Jane C")),
        },
    );
    sync(&mut a, &mut b);
    assert_eq!(look(&a), look(&b));
    a.assert_sound();
}

#[test]
fn all_that_was_done_can_be_undone_one_by_one_and_done_again() {
    let (mut a, _, jane) = pair();
    let mut seen = vec![look(&a)];
    for name in ["1", "2", "3"] {
        a.execute(update(jane, &[("name", name)]));
        seen.push(look(&a));
    }
    a.execute(Command::DeleteRecord { entity: jane });
    seen.push(look(&a));
    for back in seen.iter().rev().skip(1) {
        a.execute(Command::Undo);
        assert_eq!(look(&a), *back);
    }
    for forth in &seen[1..] {
        a.execute(Command::Redo);
        assert_eq!(look(&a), *forth);
    }
    assert!(matches!(
        a.try_execute(Command::Redo),
        Err(CommandError::NothingToRedo)
    ));
    for _ in 0..4 + 3 {
        a.execute(Command::Undo);
    }
    assert!(matches!(
        a.try_execute(Command::Undo),
        Err(CommandError::NothingToUndo)
    ));
    assert_eq!(
        a.snapshot().schema().workspace_name,
        "Tour",
        "the engine's own stays"
    );
}
