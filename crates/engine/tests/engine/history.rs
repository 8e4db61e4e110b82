//! What was done, how it was, and what others did meanwhile.

use std::collections::BTreeSet;

use openprod_core::{BundleHash, EntityId, FieldType, Timestamp, Value, VerifiedBundle};
use openprod_engine::history::{Deed, HISTORY_LIMIT_MAX, HistoryEntry, HistoryError, HistoryRequest};
use openprod_engine::query::{ListRequest, list};
use openprod_engine::row::CellKey;
use openprod_engine::{Command, Moment, MomentError, NewEdge, Part, Snapshot, Subject};
use proptest::prelude::*;

use crate::device::{Device, START, sync, text};
use crate::undo::{play, shown, whim};

fn pair() -> (Device, Device, EntityId) {
    let mut a = Device::founder();
    a.table(
        "Contacts",
        &[("name", FieldType::Text), ("email", FieldType::Text)],
    );
    a.table("Venues", &[("hall", FieldType::Text)]);
    let jane = a.record("Contacts", &[("name", text("Jane"))]);
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    (a, b, jane)
}

fn all(snapshot: &Snapshot, request: HistoryRequest) -> Vec<HistoryEntry> {
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let page = snapshot
            .history(&HistoryRequest {
                limit: 2,
                cursor,
                ..request.clone()
            })
            .unwrap();
        assert!(page.entries.len() <= 2);
        entries.extend(page.entries);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return entries;
        }
    }
}

fn types(entries: &[HistoryEntry]) -> Vec<&str> {
    entries
        .iter()
        .map(|entry| entry.intent.command_type.as_str())
        .collect()
}

#[test]
fn history_of_a_field_tells_who_wrote_what_over_what() {
    let (mut a, mut b, jane) = pair();
    b.set(jane, "Contacts", "name", "Jane B");
    b.set(jane, "Contacts", "email", "b@co");
    sync(&mut a, &mut b);
    a.set(jane, "Contacts", "name", "Jane A");
    let snapshot = a.snapshot();
    let name = snapshot
        .schema()
        .find("Contacts")
        .unwrap()
        .field("name")
        .unwrap()
        .id;
    let entries = all(
        &snapshot,
        HistoryRequest {
            subject: Some(Subject::Entity(jane)),
            field: Some(name),
            ..HistoryRequest::default()
        },
    );
    let told: Vec<_> = entries
        .iter()
        .map(|entry| {
            let [change] = &entry.changes[..] else {
                panic!("one change each: {entry:?}")
            };
            let Deed::Wrote { value, .. } = &change.deed else {
                panic!("a write: {change:?}")
            };
            let before = change.before.clone().unwrap();
            (entry.actor, value.to_text(), before.to_text(), change.shown)
        })
        .collect();
    let (a, b) = (a.engine.actor(), b.engine.actor());
    assert_eq!(
        told,
        [
            (a, "Jane A".into(), "Jane B".into(), true),
            (b, "Jane B".into(), "Jane".into(), false),
            (a, "Jane".into(), String::new(), false),
        ]
    );
}

#[test]
fn concurrent_writers_are_told_what_each_saw_before() {
    let (mut a, mut b, jane) = pair();
    a.set(jane, "Contacts", "name", "A");
    b.set(jane, "Contacts", "name", "B");
    sync(&mut a, &mut b);
    let request = HistoryRequest {
        subject: Some(Subject::Entity(jane)),
        ..HistoryRequest::default()
    };
    let entries = all(&a.snapshot(), request);
    for entry in &entries[..2] {
        assert_eq!(entry.changes[0].before, Some(text("Jane")));
    }
    let shown: Vec<_> = entries[..2].iter().map(|entry| entry.changes[0].shown).collect();
    assert_eq!(
        shown.iter().filter(|shown| **shown).count(),
        1,
        "one of them is shown"
    );
}

#[test]
fn history_of_a_record_has_all_its_names_and_its_edges() {
    let (mut a, _, jane) = pair();
    let other = a.record("Contacts", &[("name", text("J."))]);
    let hall = a.record("Venues", &[("hall", text("Big"))]);
    let edge = a
        .execute(Command::CreateEdge(NewEdge {
            source: other,
            target: hall,
            edge_type: "plays".into(),
            properties: Vec::new(),
            ordered: None,
        }))
        .edges[0];
    a.execute(Command::MergeRecords {
        survivor: jane,
        absorbed: other,
    });
    a.execute(Command::UpdateEdge {
        edge,
        properties: vec![("fee".into(), text("12"))],
    });
    let of = |subject| {
        let request = HistoryRequest {
            subject: Some(subject),
            ..HistoryRequest::default()
        };
        all(&a.snapshot(), request)
    };
    assert_eq!(
        types(&of(Subject::Entity(jane))),
        [
            "edges.update",
            "records.merge",
            "edges.create",
            "records.create",
            "records.create"
        ]
    );
    let of_edge = of(Subject::Edge(edge));
    assert_eq!(types(&of_edge), ["edges.update", "edges.create"]);
    assert_eq!(of_edge[0].changes[0].before, Some(Value::Empty));
    a.execute(Command::SplitRecord {
        source: jane,
        part: Part::Name(other),
    });
    let request = HistoryRequest {
        subject: Some(Subject::Entity(jane)),
        ..HistoryRequest::default()
    };
    assert_eq!(
        types(&all(&a.snapshot(), request)),
        ["records.split", "records.merge", "records.create"]
    );
}

#[test]
fn history_is_filtered_by_person_and_by_table() {
    let (mut a, mut b, jane) = pair();
    b.set(jane, "Contacts", "name", "B");
    b.record("Venues", &[("hall", text("Small"))]);
    sync(&mut a, &mut b);
    let snapshot = a.snapshot();
    let theirs = all(
        &snapshot,
        HistoryRequest {
            actor: Some(b.engine.actor()),
            ..HistoryRequest::default()
        },
    );
    assert_eq!(types(&theirs), ["records.create", "records.update"]);
    let venues = Some(snapshot.schema().find("Venues").unwrap().id);
    let of_table = all(
        &snapshot,
        HistoryRequest {
            table: venues,
            ..HistoryRequest::default()
        },
    );
    assert_eq!(types(&of_table), ["records.create", "tables.create"]);
    let both = HistoryRequest {
        table: venues,
        actor: Some(a.engine.actor()),
        ..HistoryRequest::default()
    };
    assert_eq!(types(&all(&snapshot, both)), ["tables.create"]);
    let everything = all(&snapshot, HistoryRequest::default());
    assert_eq!(everything.len(), a.bundles().len());
    assert_eq!(everything.last().unwrap().intent.source, "engine");
}

#[test]
fn wrong_pages_are_refused() {
    let (a, _, _) = pair();
    let snapshot = a.snapshot();
    for limit in [0, HISTORY_LIMIT_MAX + 1] {
        let request = HistoryRequest {
            limit,
            ..HistoryRequest::default()
        };
        assert!(matches!(snapshot.history(&request), Err(HistoryError::BadLimit(bad)) if bad == limit));
    }
    let request = HistoryRequest {
        limit: 1,
        cursor: Some("x".into()),
        ..HistoryRequest::default()
    };
    assert!(matches!(snapshot.history(&request), Err(HistoryError::BadCursor)));
}

#[test]
fn past_is_read_like_the_present() {
    let (mut a, _, jane) = pair();
    let then = a.bundles().last().unwrap().id();
    let time = a.now;
    a.set(jane, "Contacts", "name", "Later");
    a.execute(Command::UpdateTable {
        table: "Contacts".into(),
        name: Some("People".into()),
        add_fields: Vec::new(),
        rename_fields: Vec::new(),
        remove_fields: vec!["email".into()],
    });
    a.execute(Command::DeleteRecord { entity: jane });
    for moment in [Moment::Bundle(then), Moment::Time(time)] {
        let past = a.engine.snapshots().at(moment).unwrap();
        let table = past.schema().find("Contacts").unwrap().clone();
        assert_eq!(table.fields.len(), 2);
        let page = list(
            &past,
            &ListRequest {
                table: "Contacts".into(),
                limit: 10,
                ..ListRequest::default()
            },
        )
        .unwrap();
        assert_eq!(page.total, 1);
        assert_eq!(*page.records[0].1.field(table.fields[0].id), text("Jane"));
        let row = a.snapshot().row_at(jane, moment).unwrap().unwrap();
        assert_eq!(row, past.row(jane).unwrap().unwrap());
    }
    let before = a
        .engine
        .snapshots()
        .at(Moment::Time(Timestamp::from_micros(1)))
        .unwrap();
    assert!(before.schema().tables.is_empty());
    assert_eq!(
        a.snapshot()
            .row_at(jane, Moment::Time(Timestamp::from_micros(1)))
            .unwrap(),
        None
    );
    assert_eq!(a.snapshot().schema().tables.len(), 2, "the present is as it was");
}

#[test]
fn moments_that_are_kept_see_what_arrives_late() {
    let (mut a, mut b, jane) = pair();
    b.set(jane, "Contacts", "email", "early@co");
    let time = a.now.after(std::time::Duration::from_secs(1));
    a.now = a.now.after(std::time::Duration::from_secs(60));
    a.set(jane, "Contacts", "name", "Later");
    let snapshots = a.engine.snapshots();
    let email = |snapshots: &openprod_engine::Snapshots| {
        let past = snapshots.at(Moment::Time(time)).unwrap();
        let field = past.schema().find("Contacts").unwrap().field("email").unwrap().id;
        past.row(jane).unwrap().unwrap().field(field).clone()
    };
    assert_eq!(email(&snapshots), Value::Empty);
    a.pull(&b);
    assert_eq!(email(&snapshots), text("early@co"));
}

#[test]
fn unknown_and_held_moments_are_refused() {
    let (mut a, mut b, jane) = pair();
    let unknown = openprod_core::BundleId::from_u128(1 << 20);
    assert!(matches!(
        a.engine.snapshots().at(Moment::Bundle(unknown)),
        Err(MomentError::UnknownBundle(id)) if id == unknown
    ));
    b.now = START.after(std::time::Duration::from_secs(3_600));
    b.set(jane, "Contacts", "name", "From the future");
    let future = b.bundles().last().unwrap().clone();
    a.receive(std::slice::from_ref(&future));
    assert!(matches!(
        a.snapshot().row_at(jane, Moment::Bundle(future.id())),
        Err(MomentError::HeldBundle(id)) if id == future.id()
    ));
    let refused = a
        .try_execute(Command::Revert { bundle: future.id() })
        .unwrap_err();
    assert!(refused.to_string().contains("is held"), "{refused}");
    let entries = all(&a.snapshot(), HistoryRequest::default());
    assert!(entries[0].held && !entries[0].changes[0].shown);
}

#[test]
fn away_tells_deletions_first_and_leaves_own_edits_out() {
    let (mut a, mut b, jane) = pair();
    let joe = a.record("Contacts", &[("email", text("joe@co"))]);
    sync(&mut a, &mut b);
    let since = a.snapshot().heads().unwrap();
    assert_eq!(
        a.snapshot().away(&since, 10).unwrap(),
        openprod_engine::history::away::Away::default()
    );
    b.execute(Command::DeleteRecord { entity: joe });
    b.set(jane, "Contacts", "email", "j@co");
    let made: Vec<_> = (0..3)
        .map(|n| b.record("Contacts", &[("name", text(&n.to_string()))]))
        .collect();
    b.set(made[0], "Contacts", "email", "0@co");
    b.record("Venues", &[("hall", text("Small"))]);
    a.set(jane, "Contacts", "name", "Mine");
    b.set(jane, "Contacts", "name", "Theirs");
    sync(&mut a, &mut b);
    let snapshot = a.snapshot();
    let away = snapshot.away(&since, 2).unwrap();
    assert_eq!((away.bundles, away.unread), (8, 0));
    let contacts = snapshot.schema().find("Contacts").unwrap();
    assert_eq!(away.parts.len(), 2);
    let part = away
        .parts
        .iter()
        .find(|part| part.table == Some(contacts.id))
        .unwrap();
    assert_eq!(part.actor, b.engine.actor());
    assert_eq!(part.deleted.total, 1);
    assert_eq!(
        (part.deleted.first[0].entity, part.deleted.first[0].label.as_str()),
        (joe, "joe@co")
    );
    assert_eq!((part.created.total, part.created.first.len()), (3, 2));
    assert_eq!(part.created.first[0].label, "2", "the newest first");
    let [changed] = &part.changed.first[..] else {
        panic!("one that was there before: {part:?}")
    };
    let fields: BTreeSet<_> = changed.fields.iter().copied().collect();
    assert_eq!(changed.record.entity, jane);
    assert_eq!(fields, contacts.fields.iter().map(|field| field.id).collect());
    assert_eq!(away.conflicts.len(), 1);
    a.execute(Command::RestoreRecord { entity: joe });
    assert_eq!(a.value(joe, "Contacts", "email"), text("joe@co"));
    let none = b.snapshot().away(&b.snapshot().heads().unwrap(), 2).unwrap();
    assert!(none.parts.is_empty() && none.conflicts.is_empty());
}

/// The bundles that the author of one had seen, by what the bundles themselves say; with itself.
fn closure(bundles: &[VerifiedBundle], of: &VerifiedBundle) -> Vec<VerifiedBundle> {
    let mut wanted: BTreeSet<BundleHash> = BTreeSet::from([*of.hash()]);
    // Later ones come first in this order, so one pass finds all.
    for bundle in bundles.iter().rev() {
        if wanted.contains(bundle.hash()) {
            let header = bundle.header();
            wanted.insert(header.prev);
            for seen in &header.seen {
                wanted.extend(
                    bundles
                        .iter()
                        .filter(|other| other.hash().prefix() == seen.prefix)
                        .map(|other| *other.hash()),
                );
            }
        }
    }
    let inside = bundles.iter().filter(|bundle| wanted.contains(bundle.hash()));
    inside.cloned().collect()
}

/// A device that has these bundles and no others.
fn naive(bundles: &[VerifiedBundle]) -> Device {
    let mut device = Device::joiner(77);
    let (receipt, _) = device.receive(bundles);
    assert!(receipt.refused.is_none(), "{:?}", receipt.refused);
    device
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn past_is_what_a_device_with_just_those_bundles_shows(
        whims in prop::collection::vec((any::<bool>(), whim()), 1..30),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let ([a, _], records, _) = play(&whims);
        let bundles = a.bundles();
        let snapshots = a.engine.snapshots();
        for pick in picks {
            let bundle = &bundles[pick.index(bundles.len())];
            let time = bundle.header().hlc.timestamp();
            let until: Vec<_> = bundles
                .iter()
                .filter(|other| other.header().hlc.timestamp() <= time)
                .cloned()
                .collect();
            let moments = [
                (Moment::Bundle(bundle.id()), closure(&bundles, bundle)),
                (Moment::Time(time), until),
            ];
            for (moment, inside) in moments {
                let device = naive(&inside);
                let past = snapshots.at(moment).unwrap();
                prop_assert_eq!(past.state_hash(), device.hash());
                prop_assert_eq!(shown(&past), shown(&device.snapshot()));
                for record in &records {
                    let row = a.snapshot().row_at(*record, moment).unwrap();
                    let expected = device.snapshot().row(*record).unwrap();
                    let told = |row: Option<openprod_engine::row::Row>| row.map(|row| {
                        let fields: Vec<_> = row.fields().map(|field| (field, row.field(field).clone())).collect();
                        (row.is_deleted(), row.attached().collect::<Vec<_>>(), fields)
                    });
                    prop_assert_eq!(told(row), told(expected));
                }
            }
        }
    }

    #[test]
    fn history_tells_each_write_with_what_its_author_saw(
        whims in prop::collection::vec((any::<bool>(), whim()), 1..24),
        pick in any::<prop::sample::Index>(),
    ) {
        let ([a, _], records, _) = play(&whims);
        let bundles = a.bundles();
        let snapshot = a.snapshot();
        let record = records[pick.index(records.len())];
        let request = HistoryRequest { subject: Some(Subject::Entity(record)), ..HistoryRequest::default() };
        let mut told = Vec::new();
        for entry in all(&snapshot, request) {
            let bundle = bundles.iter().find(|bundle| bundle.id() == entry.bundle).unwrap();
            let mut past = closure(&bundles, bundle);
            past.retain(|other| other.hash() != bundle.hash());
            let device = naive(&past);
            for change in &entry.changes {
                if let Deed::Wrote { subject: Subject::Entity(name), cell: cell @ CellKey::Field(field), .. } = &change.deed {
                    told.push(change.op_id);
                    // Of the raw name: what merges and mappings show beside it is not what was overwritten.
                    if device.snapshot().synonyms().aliases.is_empty()
                        && device.snapshot().synonyms().mappings.is_empty()
                    {
                        let row = device.snapshot().row(*name).unwrap();
                        let value = row.map_or(Value::Empty, |row| row.field(*field).clone());
                        prop_assert_eq!(change.before.as_ref(), Some(&value));
                    }
                    let raw = snapshot.row(*name).unwrap().unwrap();
                    if snapshot.synonyms().aliases.is_empty() && snapshot.synonyms().mappings.is_empty() {
                        let shown = raw.candidates(cell).last().map(|tip| tip.op_id) == Some(change.op_id);
                        prop_assert_eq!(change.shown, shown);
                    }
                }
            }
        }
        // Every write to any of its names is told, and once.
        let names: BTreeSet<_> = snapshot.synonyms().aliases.names(snapshot.root(record)).collect();
        let mut expected: Vec<_> = bundles
            .iter()
            .flat_map(|bundle| (0..bundle.len()).filter_map(|index| bundle.operation(index)))
            .filter(|operation| matches!(&operation.payload,
                openprod_core::Payload::SetField(op) if names.contains(&op.entity)))
            .map(|operation| operation.op_id)
            .collect();
        expected.sort_unstable();
        told.sort_unstable();
        prop_assert_eq!(told, expected);
    }
}
