//! When columns answer, and when they leave it to a scan.

use openprod_core::{EntityId, FieldType, Identity, Timestamp, Value, WorkspaceId};
use openprod_storage::MemoryStorage;

use super::*;
use crate::query::{Comparison, Filter, ListRequest, list_by_scan};
use crate::{Command, Engine, NewField, Request, Snapshots, Workspace};

const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn engine() -> Engine {
    let workspace = Workspace {
        id: WorkspaceId::from_u128(42),
        name: "Tour".to_owned(),
        secret: [9; 32],
    };
    let store = Box::new(MemoryStorage::new());
    let mut engine = Engine::create(store, Identity::from_seed(&[1; 32]), workspace, [1; 32], START).unwrap();
    for table in ["A", "B"] {
        let fields = vec![
            NewField::new("name", FieldType::Text),
            NewField::new("size", FieldType::Integer),
        ];
        execute(
            &mut engine,
            Command::CreateTable {
                name: table.to_owned(),
                fields,
            },
        );
    }
    engine
}

fn execute(engine: &mut Engine, command: Command) -> Vec<EntityId> {
    engine
        .execute(&Request::new("test", command), START)
        .unwrap()
        .0
        .created
}

fn add(engine: &mut Engine, table: &str, count: i64) -> Vec<EntityId> {
    let record = |number| {
        vec![
            ("name".to_owned(), Value::Text(format!("Record number {number}"))),
            ("size".to_owned(), Value::Integer(number)),
        ]
    };
    let command = Command::CreateRecords {
        table: table.to_owned(),
        records: (0..count).map(record).collect(),
    };
    execute(engine, command)
}

fn by_size(table: &str) -> ListRequest {
    ListRequest {
        table: table.to_owned(),
        sort: vec![("size".to_owned(), true)],
        limit: 5,
        ..ListRequest::default()
    }
}

fn find(table: &str, text: &str) -> ListRequest {
    ListRequest {
        search: Some(text.to_owned()),
        ..by_size(table)
    }
}

/// Whether columns answer; if they do, they say what the rows say.
fn answers(columns: &Columns, snapshot: &Snapshot, request: &ListRequest) -> bool {
    let listing = Listing::new(snapshot.schema(), request).unwrap();
    let page = columns.list(snapshot, &listing, &Overrides::new()).unwrap();
    if let Some(page) = &page {
        assert_eq!(*page, list_by_scan(snapshot, request, &Overrides::new()).unwrap());
    }
    page.is_some()
}

fn columns(engine: &Engine) -> Arc<Columns> {
    Arc::clone(&engine.snapshots().columns)
}

#[test]
fn older_and_newer_snapshots_are_both_answered() {
    let mut engine = engine();
    let records = add(&mut engine, "A", 20);
    let (columns, snapshots) = (columns(&engine), engine.snapshots());
    let older = snapshots.take().unwrap();
    assert!(answers(&columns, &older, &by_size("A")));
    for entity in &records[5..15] {
        execute(&mut engine, Command::DeleteRecord { entity: *entity });
    }
    add(&mut engine, "A", 3);
    let newer = snapshots.take().unwrap();
    for snapshot in [&older, &newer, &older, &newer] {
        assert!(answers(&columns, snapshot, &by_size("A")));
    }
    // Text was never read, and cannot be read of another state than the columns show.
    assert!(!answers(&columns, &older, &find("A", "number 7")));
    assert!(answers(&columns, &newer, &find("A", "number 7")));
    assert!(answers(&columns, &older, &find("A", "number 7")));
}

#[test]
fn without_notes_columns_are_built_anew_and_older_snapshots_scanned() {
    let mut engine = engine();
    add(&mut engine, "A", 20);
    // Columns that nobody tells of commits.
    let columns = Columns::default();
    let older = engine.snapshots().take().unwrap();
    assert!(answers(&columns, &older, &by_size("A")));
    add(&mut engine, "A", 3);
    let newer = engine.snapshots().take().unwrap();
    assert!(answers(&columns, &newer, &by_size("A")));
    assert!(!answers(&columns, &older, &by_size("A")));
}

#[test]
fn many_changes_at_once_are_read_as_a_whole() {
    let mut engine = engine();
    add(&mut engine, "A", 10);
    let (columns, snapshots) = (columns(&engine), engine.snapshots());
    let older = snapshots.take().unwrap();
    assert!(answers(&columns, &older, &by_size("A")));
    for _ in 0..3 {
        add(&mut engine, "A", CHANGED_MIN as i64 / 2);
    }
    assert!(answers(&columns, &snapshots.take().unwrap(), &by_size("A")));
    assert!(answers(&columns, &older, &by_size("A")));
}

#[test]
fn what_has_no_room_is_left_to_a_scan() {
    let mut engine = engine();
    add(&mut engine, "A", 2_000);
    let snapshot = engine.snapshots().take().unwrap();
    // Room for the numbers, not for the text.
    let columns = Columns::with_bytes_max(100_000);
    for _ in 0..2 {
        assert!(!answers(&columns, &snapshot, &find("A", "number 7")));
        assert!(answers(&columns, &snapshot, &by_size("A")));
        let bytes = columns.bytes();
        assert!(bytes > 40_000 && bytes <= 100_000, "{bytes}");
    }
    let contains = ListRequest {
        filter: Some(Filter::Test {
            field: "name".to_owned(),
            comparison: Comparison::Contains,
            values: vec![Value::Text("7".to_owned())],
        }),
        ..by_size("A")
    };
    assert!(!answers(&columns, &snapshot, &contains));
    assert!(columns.bytes() <= 100_000);
    let columns = Columns::with_bytes_max(1_000);
    assert!(!answers(&columns, &snapshot, &by_size("A")));
    assert_eq!(columns.bytes(), 0);
}

#[test]
fn table_that_was_not_used_for_longest_makes_room() {
    let mut engine = engine();
    add(&mut engine, "A", 2_000);
    add(&mut engine, "B", 2_000);
    let snapshot = engine.snapshots().take().unwrap();
    let columns = Columns::with_bytes_max(120_000);
    assert!(answers(&columns, &snapshot, &by_size("A")));
    let one = columns.bytes();
    assert!(one > 60_000, "{one}");
    assert!(answers(&columns, &snapshot, &by_size("B")));
    let kept: Vec<_> = columns.shared().tables.keys().copied().collect();
    let b = snapshot.schema().find("B").unwrap().id;
    assert_eq!(kept, [b]);
    assert!(answers(&columns, &snapshot, &by_size("A")));
}

#[test]
fn no_more_orders_are_kept_than_needed() {
    let mut engine = engine();
    add(&mut engine, "A", 2_000);
    let (columns, snapshot) = (columns(&engine), engine.snapshots().take().unwrap());
    let sorts = |count: usize| {
        let field = |at: usize| if at.is_multiple_of(2) { "name" } else { "size" };
        (0..count)
            .map(|at| (field(at).to_owned(), at.is_multiple_of(3)))
            .collect()
    };
    let mut bytes = Vec::new();
    for count in 1..20 {
        let sort = sorts(count);
        assert!(answers(
            &columns,
            &snapshot,
            &ListRequest { sort, ..by_size("A") }
        ));
        bytes.push(columns.bytes());
    }
    assert_eq!(bytes[8], bytes[18]);
}

#[test]
fn columns_are_those_of_all_snapshots_of_an_engine() {
    let mut engine = engine();
    add(&mut engine, "A", 10);
    let snapshots: [Snapshots; 2] = [engine.snapshots(), engine.snapshots()];
    assert_eq!(snapshots[1].column_bytes(), 0);
    crate::query::list(&snapshots[0].take().unwrap(), &by_size("A")).unwrap();
    assert!(snapshots[1].column_bytes() > 0);
}

#[test]
fn records_that_come_and_go_take_no_more_and_more_room() {
    let mut engine = engine();
    add(&mut engine, "A", 50);
    let (columns, snapshots) = (columns(&engine), engine.snapshots());
    let mut bytes = Vec::new();
    for _ in 0..40 {
        for entity in add(&mut engine, "A", 20) {
            assert!(answers(&columns, &snapshots.take().unwrap(), &by_size("A")));
            execute(&mut engine, Command::DeleteRecord { entity });
        }
        assert!(answers(
            &columns,
            &snapshots.take().unwrap(),
            &find("A", "number 7")
        ));
        bytes.push(columns.bytes());
    }
    assert!(bytes[39] <= bytes[9] * 2, "{bytes:?}");
    let table = snapshots.take().unwrap().schema().find("A").unwrap().id;
    let (table, _) = columns.table(table);
    assert!(table.read().unwrap().entities.len() <= 70);
}
