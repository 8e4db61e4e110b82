//! Columns say what the rows say: whatever is committed, whichever state a snapshot shows, whatever is laid over it.

use std::collections::BTreeMap;

use openprod_core::operation::{AttachFacet, CreateEntity, SetField};
use openprod_core::value::DateTime;
use openprod_core::{
    BundleHash, CommandId, Draft, EntityId, FieldType, Hlc, Identity, Intent, LogId, Payload, Value, seal,
};
use openprod_engine::query::{
    Comparison, Filter, ListRequest, Overrides, Page, QueryError, list_by_scan, list_over,
};
use openprod_engine::schema::Table;
use openprod_engine::{Command, NewField, Snapshot, Snapshots};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::device::{Device, text, workspace};

const TABLE: &str = "Things";

const TYPES: [FieldType; 8] = [
    FieldType::Text,
    FieldType::Integer,
    FieldType::Float,
    FieldType::Boolean,
    FieldType::Date,
    FieldType::DateTime,
    FieldType::Duration,
    FieldType::Enum,
];

/// How many snapshots are kept while the workspace goes on.
const KEPT: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Create(Vec<(usize, Value)>),
    Update(usize, usize, Value),
    Delete(usize),
    Restore(usize),
    /// Several records in one commit.
    Import(usize),
    /// A peer's record, whose id is older than those that are here, with a value that need not fit its field.
    Arrive(u8, usize, Value),
    /// A peer's value for a record that is here, which need not fit its field.
    Misfit(usize, usize, Value),
    AddField(FieldType),
    RemoveField(usize),
    RenameField(usize),
    Keep,
    List(Asked),
}

/// A listing, with fields by number.
#[derive(Clone, Debug)]
struct Asked {
    tests: Vec<(usize, Comparison, Vec<Value>)>,
    any: bool,
    sort: Vec<(usize, bool)>,
    search: Option<String>,
    limit: usize,
    hidden: Vec<usize>,
    replaced: Vec<(usize, usize)>,
    added: Vec<(u8, usize)>,
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Empty),
        4 => select(&["", "a", "A", "ab", "aB", "b", "\u{e9}a", "\u{c9}a", "\u{3a3}", "a\u{3a3}", "10", "b a"][..]).prop_map(text),
        2 => (-2_i64..12).prop_map(Value::Integer),
        2 => select(&[-1.5, 0.0, 2.0, 10.25][..]).prop_map(Value::Float),
        1 => any::<bool>().prop_map(Value::Boolean),
        1 => (0_i32..4).prop_map(Value::Date),
        1 => (0_i64..3, 0_i16..3).prop_map(|(hour, offset)| Value::DateTime(DateTime {
            micros: hour * 3_600_000_000,
            offset_minutes: offset * 60,
        })),
        1 => (0_i64..3).prop_map(|minutes| Value::Duration(minutes * 60_000_000)),
        1 => select(&["a", "B", "ab"][..]).prop_map(|option| Value::Enum(option.to_owned())),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    let comparison = select(
        &[
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::AtMost,
            Comparison::Greater,
            Comparison::AtLeast,
            Comparison::Contains,
            Comparison::Contains,
            Comparison::Contains,
            Comparison::StartsWith,
            Comparison::StartsWith,
            Comparison::IsEmpty,
            Comparison::In,
        ][..],
    );
    // Most often the field of text: what is listed must have been changed before.
    let field = || prop_oneof![2 => Just(0_usize), 3 => 0_usize..9];
    let search = select(&["a", "B", "ab", "\u{e9}", "\u{3c3}", "1", "00:", "zz"][..]).prop_map(str::to_owned);
    (
        vec((field(), comparison, vec(values(), 1..3)), 0..3),
        any::<bool>(),
        vec((field(), any::<bool>()), 0..3),
        prop::option::of(search),
        1_usize..6,
        vec(0_usize..30, 0..2),
        vec((0_usize..30, 0_usize..30), 0..2),
        vec((any::<u8>(), 0_usize..30), 0..2),
    )
        .prop_map(
            |(tests, any, sort, search, limit, hidden, replaced, added)| Asked {
                tests,
                any,
                sort,
                search,
                limit,
                hidden,
                replaced,
                added,
            },
        )
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => vec((0_usize..9, values()), 0..4).prop_map(Step::Create),
        4 => (0_usize..30, prop_oneof![Just(0_usize), 0_usize..9], values()).prop_map(|(at, field, value)| Step::Update(at, field, value)),
        2 => (0_usize..30).prop_map(Step::Delete),
        2 => (0_usize..30).prop_map(Step::Restore),
        1 => (1_usize..9).prop_map(Step::Import),
        1 => (any::<u8>(), 0_usize..9, values()).prop_map(|(id, field, value)| Step::Arrive(id, field, value)),
        1 => (0_usize..30, 0_usize..9, values()).prop_map(|(at, field, value)| Step::Misfit(at, field, value)),
        1 => select(&TYPES[..]).prop_map(Step::AddField),
        1 => (0_usize..9).prop_map(Step::RemoveField),
        1 => (0_usize..9).prop_map(Step::RenameField),
        2 => Just(Step::Keep),
        6 => asked().prop_map(Step::List),
    ]
}

struct Run {
    device: Device,
    /// One for all listings, as a server has it.
    snapshots: Snapshots,
    kept: Vec<Snapshot>,
    /// What was asked last, to be asked again: of columns that have been brought up to date.
    asked: Vec<Asked>,
    records: Vec<EntityId>,
    number: u8,
}

impl Run {
    fn new() -> Self {
        let mut device = Device::founder();
        let fields: Vec<_> = TYPES
            .iter()
            .map(|field_type| (field_type.name(), *field_type))
            .collect();
        device.table(TABLE, &fields);
        Self {
            snapshots: device.engine.snapshots(),
            device,
            kept: Vec::new(),
            asked: Vec::new(),
            records: Vec::new(),
            number: 0,
        }
    }

    /// A step. Commands that are refused, as for a value that does not fit, do nothing.
    fn step(&mut self, step: &Step) {
        let table = || TABLE.to_owned();
        match step {
            Step::Create(values) => {
                let records = vec![self.fields(values)];
                self.create(Command::CreateRecords {
                    table: table(),
                    records,
                });
            }
            Step::Import(count) => {
                let number = |number: usize| vec![(1, Value::Integer(number as i64)), (0, text("import"))];
                let records = (0..*count).map(|at| self.fields(&number(at))).collect();
                self.create(Command::CreateRecords {
                    table: table(),
                    records,
                });
            }
            Step::Update(at, field, value) => {
                let Some(entity) = self.record(*at) else { return };
                let fields = self.fields(&[(*field, value.clone())]);
                self.act(Command::UpdateRecord {
                    entity,
                    table: table(),
                    fields,
                });
            }
            Step::Delete(at) => {
                let Some(entity) = self.record(*at) else { return };
                self.act(Command::DeleteRecord { entity });
            }
            Step::Restore(at) => {
                let Some(entity) = self.record(*at) else { return };
                self.act(Command::RestoreRecord { entity });
            }
            Step::Arrive(id, field, value) => {
                let entity = EntityId::from_u128(u128::from(*id) + 1);
                let facet = self.table().id;
                let created = [
                    CreateEntity { entity }.into(),
                    AttachFacet { entity, facet }.into(),
                ];
                let set = self.misfit(entity, *field, value.clone());
                self.arrive(created.into_iter().chain(set).collect());
                self.records.push(entity);
            }
            Step::Misfit(at, field, value) => {
                let Some(entity) = self.record(*at) else { return };
                let set = self.misfit(entity, *field, value.clone());
                self.arrive(set.into_iter().collect());
            }
            Step::AddField(field_type) => {
                self.number += 1;
                let name = format!("added {}", self.number);
                self.update_table(vec![NewField::new(&name, *field_type)], None, None);
            }
            Step::RemoveField(field) => {
                let fields = self.table().fields;
                let name = fields.get(*field).map(|field| field.name.clone());
                self.update_table(Vec::new(), None, name);
            }
            Step::RenameField(field) => {
                let fields = self.table().fields;
                let Some(field) = fields.get(*field) else { return };
                self.number += 1;
                let renamed = (field.name.clone(), format!("renamed {}", self.number));
                self.update_table(Vec::new(), Some(renamed), None);
            }
            Step::Keep => {
                self.kept.push(self.snapshots.take().unwrap());
                if self.kept.len() > KEPT {
                    self.kept.remove(0);
                }
            }
            Step::List(asked) => {
                let newest = self.snapshots.take().unwrap();
                for snapshot in std::iter::once(&newest).chain(&self.kept) {
                    self.check(snapshot, &newest, asked);
                }
                for again in &self.asked {
                    self.check(&newest, &newest, again);
                }
                self.asked.push(asked.clone());
                if self.asked.len() > KEPT {
                    self.asked.remove(0);
                }
            }
        }
    }

    /// Every page from the columns is the page from the rows, also when it begins where one of another state ended.
    fn check(&self, snapshot: &Snapshot, other: &Snapshot, asked: &Asked) {
        let (request, overrides) = (request(snapshot, asked), self.overrides(snapshot, asked));
        let mut next = request.clone();
        loop {
            let page = agreed(snapshot, &next, &overrides).unwrap();
            let Some(cursor) = page.next_cursor else { break };
            next.cursor = Some(cursor);
            // The same names may mean other fields there, or none.
            let _ = agreed(other, &next, &Overrides::new());
        }
    }

    fn overrides(&self, snapshot: &Snapshot, asked: &Asked) -> Overrides {
        let row = |at: usize| snapshot.row(self.record(at)?).unwrap();
        let mut overrides: Overrides = BTreeMap::new();
        overrides.extend(
            asked
                .hidden
                .iter()
                .filter_map(|at| Some((self.record(*at)?, None))),
        );
        let replaced = asked.replaced.iter();
        overrides.extend(replaced.filter_map(|(at, by)| Some((self.record(*at)?, Some(row(*by)?)))));
        let added = asked.added.iter();
        overrides.extend(added.filter_map(|(id, by)| {
            let entity = EntityId::from_u128(u128::MAX / 256 * u128::from(*id));
            Some((entity, Some(row(*by)?)))
        }));
        overrides
    }

    fn create(&mut self, command: Command) {
        if let Ok(outcome) = self.device.try_execute(command) {
            self.records.extend(outcome.created);
        }
    }

    fn act(&mut self, command: Command) {
        let _ = self.device.try_execute(command);
    }

    fn update_table(
        &mut self,
        add_fields: Vec<NewField>,
        renamed: Option<(String, String)>,
        removed: Option<String>,
    ) {
        self.act(Command::UpdateTable {
            table: TABLE.to_owned(),
            name: None,
            add_fields,
            rename_fields: renamed.into_iter().collect(),
            remove_fields: removed.into_iter().collect(),
        });
    }

    fn misfit(&self, entity: EntityId, field: usize, value: Value) -> Option<Payload> {
        let table = self.table();
        let field = table.fields.get(field)?.id;
        Some(
            SetField {
                entity,
                facet: table.id,
                field,
                value,
            }
            .into(),
        )
    }

    /// A bundle from a peer that had seen nothing.
    fn arrive(&mut self, payloads: Vec<Payload>) {
        if payloads.is_empty() {
            return;
        }
        self.number += 1;
        let now = self.device.tick();
        let draft = Draft {
            workspace: workspace().id,
            log: LogId::from_u128(u128::from(self.number)),
            seq: 1,
            prev: BundleHash::NONE,
            hlc: Hlc::next(Hlc::ZERO, Hlc::ZERO, now),
            seen: Vec::new(),
            intent: Intent {
                command_id: CommandId::new(now, [self.number; 10]),
                command_type: "records.update".to_owned(),
                source: "test".to_owned(),
                correlation_id: None,
                causation_id: None,
                justification: None,
                approval_id: None,
                decision: None,
            },
            payloads,
        };
        let bundle = seal(&Identity::from_seed(&[77; 32]), draft).unwrap();
        let (receipt, _) = self.device.receive(&[bundle]);
        assert_eq!(receipt.accepted, 1);
    }

    fn record(&self, at: usize) -> Option<EntityId> {
        let count = self.records.len();
        (count > 0).then(|| self.records[at % count])
    }

    fn table(&self) -> Table {
        let snapshot = self.snapshots.take().unwrap();
        snapshot.schema().find(TABLE).unwrap().clone()
    }

    /// Values by the names of their fields, where the field can hold them.
    fn fields(&self, values: &[(usize, Value)]) -> Vec<(String, Value)> {
        let table = self.table();
        let mut named = BTreeMap::new();
        for (field, value) in values {
            if let Some(field) = table.fields.get(*field)
                && field.read(value).is_some()
            {
                named.insert(field.name.clone(), value.clone());
            }
        }
        named.into_iter().collect()
    }
}

fn request(snapshot: &Snapshot, asked: &Asked) -> ListRequest {
    let table = snapshot.schema().find(TABLE).unwrap();
    let name = |field: usize| table.fields.get(field).map(|field| field.name.clone());
    let tests = asked.tests.iter().filter_map(|(at, comparison, values)| {
        let field = table.fields.get(*at)?;
        let values = match comparison {
            Comparison::IsEmpty => Vec::new(),
            Comparison::Contains | Comparison::StartsWith => values[..1].to_vec(),
            Comparison::In => values.iter().filter_map(|value| field.read(value)).collect(),
            _ => vec![field.read(&values[0])?],
        };
        (*comparison != Comparison::In || !values.is_empty()).then_some(Filter::Test {
            field: field.name.clone(),
            comparison: *comparison,
            values,
        })
    });
    let tests: Vec<_> = tests.collect();
    let filter = if asked.any {
        Filter::Or(tests)
    } else {
        Filter::And(tests)
    };
    ListRequest {
        table: TABLE.to_owned(),
        filter: (!asked.tests.is_empty()).then_some(filter),
        sort: asked
            .sort
            .iter()
            .filter_map(|(field, descending)| Some((name(*field)?, *descending)))
            .collect(),
        limit: asked.limit,
        cursor: None,
        search: asked.search.clone(),
    }
}

/// The page on which columns and rows agree.
fn agreed(snapshot: &Snapshot, request: &ListRequest, overrides: &Overrides) -> Result<Page, QueryError> {
    let scanned = list_by_scan(snapshot, request, overrides);
    let listed = list_over(snapshot, request, overrides);
    match (&scanned, &listed) {
        (Ok(scanned), Ok(listed)) => assert_eq!(listed, scanned, "{request:?}"),
        (Err(scanned), Err(listed)) => assert_eq!(listed.to_string(), scanned.to_string()),
        _ => panic!("{request:?}: {listed:?} is not {scanned:?}"),
    }
    listed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn columns_say_what_the_rows_say(steps in vec(steps(), 1..50)) {
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
        }
        run.device.assert_sound();
    }
}

#[test]
fn number_of_records_follows_what_comes_and_goes() {
    let mut device = Device::founder();
    device.table(TABLE, &[("name", FieldType::Text)]);
    let check = |device: &Device, expected: u64| {
        let snapshot = device.snapshot();
        let table = snapshot.schema().find(TABLE).unwrap().id;
        assert_eq!(snapshot.count(table).unwrap(), expected);
        let rows = snapshot.members(table, None, usize::MAX).unwrap();
        assert_eq!(rows.len() as u64, expected);
    };
    check(&device, 0);
    let records: Vec<_> = (0..3)
        .map(|_| device.record(TABLE, &[("name", text("x"))]))
        .collect();
    check(&device, 3);
    for (entity, left) in records.iter().zip([2, 1, 0]) {
        device.execute(Command::DeleteRecord { entity: *entity });
        check(&device, left);
    }
    device.execute(Command::RestoreRecord { entity: records[1] });
    check(&device, 1);
    let mut other = Device::joiner(2);
    other.pull(&device);
    check(&other, 1);
    device.assert_sound();
    other.assert_sound();
}
