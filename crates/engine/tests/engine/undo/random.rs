//! Whatever two people do and take back, in whatever order.

use crate::device::{Device, sync, text};
use openprod_core::{EdgeId, EntityId, FieldType, Value};
use openprod_engine::{Between, Command, Decision, NewField, Part, SkipReason};
use proptest::prelude::*;

use super::*;

/// Something to be done, with choices that are made when it is known what there is.
#[derive(Clone, Debug)]
pub(crate) struct Whim {
    kind: u8,
    one: usize,
    two: usize,
    value: u8,
}

pub(crate) fn whim() -> impl Strategy<Value = Whim> {
    (0..22u8, any::<usize>(), any::<usize>(), 0..4u8).prop_map(|(kind, one, two, value)| Whim {
        kind,
        one,
        two,
        value,
    })
}

/// The command that a whim comes to on a device; `None` when there is nothing that it could be about.
pub(crate) fn command(
    device: &Device,
    records: &[EntityId],
    edges: &[EdgeId],
    whim: &Whim,
) -> Option<Command> {
    let snapshot = device.snapshot();
    let tables = &snapshot.schema().tables;
    let pick = |of: usize| (!records.is_empty()).then(|| records[of % records.len()]);
    let table = (!tables.is_empty()).then(|| &tables[whim.two % tables.len()]);
    let value = text(&whim.value.to_string());
    let fields = |table: &openprod_engine::schema::Table| -> Vec<(String, Value)> {
        let field = table
            .fields
            .get(usize::from(whim.value) % table.fields.len().max(1));
        field
            .into_iter()
            .map(|field| (field.name.clone(), value.clone()))
            .collect()
    };
    // Names that two make apart are told apart by age, which is no concern of this test.
    let own = device.engine.actor().as_bytes()[0];
    let edge = (!edges.is_empty()).then(|| edges[whim.one % edges.len()]);
    Some(match whim.kind {
        0..=2 => Command::CreateRecords {
            table: table?.name.clone(),
            records: vec![fields(table?); 1 + whim.one % 2],
        },
        3..=6 => Command::UpdateRecord {
            entity: pick(whim.one)?,
            table: table?.name.clone(),
            fields: fields(table?),
        },
        7 => Command::DeleteRecord {
            entity: pick(whim.one)?,
        },
        8 => Command::RestoreRecord {
            entity: pick(whim.one)?,
        },
        9 => Command::AttachRecord {
            entity: pick(whim.one)?,
            table: table?.name.clone(),
            fields: fields(table?),
        },
        10 => Command::DetachRecord {
            entity: pick(whim.one)?,
            table: table?.name.clone(),
        },
        11 | 12 => relate(
            pick(whim.one)?,
            pick(whim.two)?,
            (whim.value > 0).then(Between::default),
        ),
        13 => Command::MoveEdge {
            edge: edge?,
            between: Between {
                after: None,
                before: Some(edges[whim.two % edges.len()]),
            },
        },
        14 => Command::UpdateEdge {
            edge: edge?,
            properties: vec![("since".into(), value)],
        },
        15 if whim.value < 2 => Command::DeleteEdge { edge: edge? },
        15 => Command::RestoreEdge { edge: edge? },
        16 => Command::MergeRecords {
            survivor: pick(whim.one)?,
            absorbed: pick(whim.two)?,
        },
        17 if whim.value < 2 => Command::SplitRecord {
            source: snapshot.root(pick(whim.one)?),
            part: Part::Name(pick(whim.one)?),
        },
        17 => Command::SplitRecord {
            source: pick(whim.one)?,
            part: Part::Tables(vec![table?.name.clone()]),
        },
        18 => {
            let other = &tables[whim.one % tables.len()];
            let names = |table: &openprod_engine::schema::Table| {
                let first = table.fields.first();
                first.map(|first| field(&table.name, &first.name))
            };
            let (a, b) = (names(table?)?, names(other)?);
            if whim.value < 3 {
                Command::ConfirmMapping { a, b }
            } else {
                Command::RejectMapping { a, b }
            }
        }
        19 => Command::UpdateTable {
            table: table?.name.clone(),
            name: Some(format!("R{own}-{}", whim.one % 9)),
            add_fields: vec![NewField::new(
                &format!("f{own}-{}", whim.one % 7),
                FieldType::Text,
            )],
            rename_fields: Vec::new(),
            remove_fields: (whim.value == 0)
                .then(|| table.and_then(|table| Some(table.fields.last()?.name.clone())))
                .flatten()
                .into_iter()
                .collect(),
        },
        20 => Command::CreateTable {
            name: format!("T{own}-{}", whim.one % 5),
            fields: vec![NewField::new("a", FieldType::Text)],
        },
        _ => {
            let conflicts = snapshot.conflicts().unwrap();
            let conflict = conflicts.get(whim.one % conflicts.len().max(1))?;
            let pick = &conflict.candidates[whim.two % conflict.candidates.len()];
            Command::ResolveConflict {
                conflict: conflict.id,
                decision: Decision::Pick(pick.op_id),
            }
        }
    })
}

/// Two devices that did all that, now and then in step; with every record and edge that they made.
pub(crate) fn play(whims: &[(bool, Whim)]) -> ([Device; 2], Vec<EntityId>, Vec<EdgeId>) {
    let (a, b, jane) = pair();
    let (mut records, mut edges) = (vec![jane], Vec::new());
    let mut devices = [a, b];
    for (at, (second, whim)) in whims.iter().enumerate() {
        let device = usize::from(*second);
        if let Some(command) = command(&devices[device], &records, &edges, whim)
            && let Ok(outcome) = devices[device].try_execute(command)
        {
            let table = &outcome.created;
            records.extend(table);
            edges.extend(&outcome.edges);
        }
        if at % 6 == 5 {
            let [a, b] = &mut devices;
            sync(a, b);
        }
    }
    let [a, b] = &mut devices;
    sync(a, b);
    (devices, records, edges)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn undo_of_any_command_shows_again_what_was_shown(
        past in prop::collection::vec((any::<bool>(), whim()), 0..30),
        next in prop::collection::vec(whim(), 1..8),
    ) {
        let ([mut a, mut b], mut records, mut edges) = play(&past);
        for whim in &next {
            let Some(command) = command(&a, &records, &edges, whim) else { continue };
            let before = look(&a);
            let Ok(outcome) = a.try_execute(command.clone()) else { continue };
            records.extend(&outcome.created);
            edges.extend(&outcome.edges);
            let after = look(&a);
            let conflicts = a.snapshot().conflicts().unwrap().len();
            let undone = a.execute(Command::Undo);
            prop_assert_eq!(&undone.skipped.iter().filter(|one| one.reason != SkipReason::Unchanged).count(), &0, "{:?}", undone);
            prop_assert_eq!(&look(&a), &before, "{:?} undone", command);
            if undone.taken_back.is_none() {
                prop_assert_eq!(&after, &before, "{:?} changed something", command);
                continue;
            }
            let redone = a.execute(Command::Redo);
            if redone.taken_back.is_some() {
                prop_assert_eq!(&look(&a), &after, "{:?} redone", command);
                prop_assert!(a.snapshot().conflicts().unwrap().len() <= conflicts + usize::from(before != after));
            }
        }
        sync(&mut a, &mut b);
        prop_assert_eq!(look(&a), look(&b));
        a.assert_sound();
    }

    #[test]
    fn reverting_any_bundle_at_both_ends_in_one_state(
        past in prop::collection::vec((any::<bool>(), whim()), 1..30),
        which in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let ([mut a, mut b], _, _) = play(&past);
        let bundles = a.bundles();
        let _ = a.try_execute(Command::Revert { bundle: bundles[which.index(bundles.len())].id() });
        let _ = b.try_execute(Command::Revert { bundle: bundles[other.index(bundles.len())].id() });
        sync(&mut a, &mut b);
        prop_assert_eq!(look(&a), look(&b));
        a.assert_sound();
        b.assert_sound();
    }
}
