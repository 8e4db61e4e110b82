//! An engine in memory with a clock of its own, for tests.

use openprod_core::{
    BundleHash, CommandId, Draft, EntityId, FieldType, Hlc, Identity, Intent, LogId, Payload, Seen,
    Timestamp, Value, VerifiedBundle, WorkspaceId, seal,
};
use openprod_engine::query::{ListRequest, Page, list};
use openprod_engine::{
    Command, CommandError, Committed, Engine, NewField, Outcome, Receipt, Request, Snapshot, StateHash,
    Workspace,
};
use openprod_storage::{MemoryStorage, Position};

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

pub(crate) fn workspace() -> Workspace {
    Workspace {
        id: WorkspaceId::from_u128(42),
        name: "Tour".to_owned(),
        secret: [9; 32],
    }
}

pub(crate) struct Device {
    pub(crate) engine: Engine,
    pub(crate) store: MemoryStorage,
    pub(crate) now: Timestamp,
    number: u8,
    opened: u8,
}

impl Device {
    /// The device that creates the workspace.
    pub(crate) fn founder() -> Self {
        let store = MemoryStorage::new();
        let engine = Engine::create(
            Box::new(store.clone()),
            Identity::from_seed(&[1; 32]),
            workspace(),
            [1; 32],
            START,
        )
        .unwrap();
        Self {
            engine,
            store,
            now: START,
            number: 1,
            opened: 0,
        }
    }

    /// A device that joins it.
    pub(crate) fn joiner(number: u8) -> Self {
        let store = MemoryStorage::new();
        let identity = Identity::from_seed(&[number; 32]);
        let engine = Engine::join(Box::new(store.clone()), identity, workspace(), [number; 32]).unwrap();
        Self {
            engine,
            store,
            now: START,
            number,
            opened: 0,
        }
    }

    /// Another engine of the same identity on `store`.
    pub(crate) fn reopen(&mut self, store: MemoryStorage) {
        self.opened += 1;
        let (identity, seed) = (
            Identity::from_seed(&[self.number; 32]),
            [self.number ^ 0x80 ^ self.opened; 32],
        );
        self.engine = Engine::open(Box::new(store.clone()), identity, seed, self.now).unwrap();
        self.store = store;
    }

    pub(crate) fn tick(&mut self) -> Timestamp {
        self.now = self.now.after(std::time::Duration::from_millis(1));
        self.now
    }

    pub(crate) fn try_execute(&mut self, command: Command) -> Result<Outcome, CommandError> {
        let now = self.tick();
        self.engine
            .execute(&Request::new("test", command), now)
            .map(|(outcome, _)| outcome)
    }

    pub(crate) fn execute(&mut self, command: Command) -> Outcome {
        self.try_execute(command).unwrap()
    }

    pub(crate) fn table(&mut self, name: &str, fields: &[(&str, FieldType)]) {
        let fields = fields
            .iter()
            .map(|(name, field_type)| NewField::new(name, *field_type))
            .collect();
        self.execute(Command::CreateTable {
            name: name.to_owned(),
            fields,
        });
    }

    pub(crate) fn record(&mut self, table: &str, fields: &[(&str, Value)]) -> EntityId {
        let records = vec![
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        ];
        self.execute(Command::CreateRecords {
            table: table.to_owned(),
            records,
        })
        .created[0]
    }

    pub(crate) fn set(&mut self, entity: EntityId, table: &str, field: &str, value: &str) {
        let fields = vec![(field.to_owned(), text(value))];
        self.execute(Command::UpdateRecord {
            entity,
            table: table.to_owned(),
            fields,
        });
    }

    /// A bundle by a stranger to this device who has seen all of it, and says what no command would.
    pub(crate) fn forged(&self, payloads: Vec<Payload>) -> VerifiedBundle {
        let snapshot = self.snapshot();
        let seen = snapshot.applied_heads().unwrap().into_iter().map(|head| Seen {
            actor: head.actor,
            log: head.log,
            seq: head.seq,
            prefix: head.hash.prefix(),
        });
        let clock = snapshot.status().unwrap().applied;
        let latest = clock.iter().map(|(_, head)| head.hlc).max().unwrap();
        let intent = Intent {
            command_id: CommandId::from_u128(1),
            command_type: "forged".to_owned(),
            source: "test".to_owned(),
            correlation_id: None,
            causation_id: None,
            justification: None,
            approval_id: None,
            decision: None,
        };
        let draft = Draft {
            workspace: workspace().id,
            log: LogId::from_u128(0xf0),
            seq: 1,
            prev: BundleHash::NONE,
            hlc: Hlc::next(Hlc::ZERO, latest, self.now),
            seen: seen.collect(),
            intent,
            payloads,
        };
        seal(&Identity::from_seed(&[99; 32]), draft).unwrap()
    }

    pub(crate) fn bundles(&self) -> Vec<VerifiedBundle> {
        self.snapshot().bundles(Position(0), usize::MAX).unwrap()
    }

    pub(crate) fn receive(&mut self, bundles: &[VerifiedBundle]) -> (Receipt, Committed) {
        let now = self.tick();
        self.engine.receive(bundles, now).unwrap()
    }

    /// Takes in everything that `other` has.
    pub(crate) fn pull(&mut self, other: &Self) {
        let (receipt, _) = self.receive(&other.bundles());
        assert!(receipt.refused.is_none(), "{:?}", receipt.refused);
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.engine.snapshots().take().unwrap()
    }

    pub(crate) fn hash(&self) -> StateHash {
        self.snapshot().state_hash()
    }

    pub(crate) fn list(&self, table: &str) -> Page {
        list(
            &self.snapshot(),
            &ListRequest {
                table: table.to_owned(),
                limit: 1_000,
                ..ListRequest::default()
            },
        )
        .unwrap()
    }

    pub(crate) fn value(&self, entity: EntityId, table: &str, field: &str) -> Value {
        let snapshot = self.snapshot();
        let field = snapshot.schema().find(table).unwrap().field(field).unwrap().id;
        snapshot.row(entity).unwrap().unwrap().field(field).clone()
    }

    pub(crate) fn assert_sound(&mut self) {
        let verification = self.engine.verify().unwrap();
        assert!(verification.is_sound(), "{verification:?}");
    }
}

pub(crate) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Lets two devices take in everything that the other has.
pub(crate) fn sync(a: &mut Device, b: &mut Device) {
    b.pull(a);
    a.pull(b);
    assert_eq!(a.hash(), b.hash());
}
