//! The face in which scenarios are written: devices as people see them.
//!
//! ```
//! use harness::TestNetwork;
//! use openprod_core::FieldType::Text;
//!
//! let network = TestNetwork::new();
//! let peer_a = network.add_peer();
//! let peer_b = network.add_peer();
//!
//! peer_a.create_table("Contacts", &[("name", Text), ("email", Text)]);
//! peer_a.create_record("Contacts", &[("name", "Jane"), ("email", "jane@co")]);
//!
//! network.connect(&peer_a, &peer_b);
//! network.wait_for_sync();
//!
//! assert_eq!(peer_b.list_records("Contacts").len(), 1);
//! ```
//!
//! Everything here panics where a test should fail.

mod drafts;
mod puppet;
mod relations;
mod typing;

use std::cell::{Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use openprod_core::{ActorId, BundleId, EntityId, FieldType, Value, VerifiedBundle};
use openprod_engine::conflicts::{Conflict, ConflictId};
use openprod_engine::query::{LIMIT_MAX, ListRequest, list};
use openprod_engine::{
    Command, CommandError, Decision, NewField, Outcome, Request, Snapshot, StateHash, Status, Verification,
};
use openprod_storage::Position;

use crate::checkers;
use crate::device::GiveError;
use crate::disk::{Disk, StoreKind};
use crate::faults::Faults;
use crate::network::{DeviceId, Network};
use crate::random::Random;

pub use puppet::Puppet;
pub use relations::after;

/// How long everything may take to come into step, in virtual time.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A network of peers under virtual time.
#[derive(Clone)]
pub struct TestNetwork {
    network: Rc<RefCell<Network>>,
}

/// A peer of a [`TestNetwork`]; cheap to clone.
#[derive(Clone)]
pub struct TestPeer {
    network: Rc<RefCell<Network>>,
    id: DeviceId,
}

/// A record as a listing shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its id.
    pub entity: EntityId,
    /// Its fields, by name; those that are empty too.
    pub fields: BTreeMap<String, Value>,
}

impl Default for TestNetwork {
    fn default() -> Self {
        Self::new()
    }
}

impl TestNetwork {
    /// A network without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::with_seed(1)
    }

    /// A network of its own randomness.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self {
            network: Rc::new(RefCell::new(Network::new(Random::new(seed)))),
        }
    }

    /// Adds a peer: the first one creates the workspace, the others join it.
    #[must_use]
    pub fn add_peer(&self) -> TestPeer {
        self.add_peer_on(StoreKind::Memory)
    }

    /// Adds a peer on a store of this kind.
    #[must_use]
    pub fn add_peer_on(&self, kind: StoreKind) -> TestPeer {
        let id = self
            .network
            .borrow_mut()
            .add_device(kind)
            .expect("a new store can be opened");
        self.peer(id)
    }

    /// Adds `N` peers, connected with one another.
    #[must_use]
    pub fn add_connected_peers<const N: usize>(&self) -> [TestPeer; N] {
        let peers = std::array::from_fn(|_| self.add_peer());
        for (index, peer) in peers.iter().enumerate() {
            peers[..index].iter().for_each(|other| self.connect(peer, other));
        }
        peers
    }

    /// Adds a second device that runs on a copy of the disk of `original`.
    #[must_use]
    pub fn clone_peer(&self, original: &TestPeer) -> TestPeer {
        let id = self
            .network
            .borrow_mut()
            .clone_device(original.id)
            .expect("a copy can be opened");
        self.peer(id)
    }

    /// Connects two peers; whenever their link is lost, they dial again.
    pub fn connect(&self, a: &TestPeer, b: &TestPeer) {
        self.network.borrow_mut().connect(a.id, b.id);
    }

    /// Cuts the link of two peers, and lets them be.
    pub fn disconnect(&self, a: &TestPeer, b: &TestPeer) {
        self.network.borrow_mut().disconnect(a.id, b.id);
    }

    /// Lets the network fall into parts, silently.
    pub fn partition(&self, parts: &[&[&TestPeer]]) {
        let parts: Vec<Vec<_>> = parts
            .iter()
            .map(|part| part.iter().map(|peer| peer.id).collect())
            .collect();
        self.network.borrow_mut().partition(&parts);
    }

    /// Brings the parts together again.
    pub fn heal(&self) {
        self.network.borrow_mut().heal_partition();
    }

    /// Sets what goes wrong from here on.
    pub fn set_faults(&self, faults: Faults) {
        self.network.borrow_mut().set_faults(faults);
    }

    /// Lets virtual time pass.
    pub fn run_for(&self, duration: Duration) {
        self.network.borrow_mut().run_for(duration);
    }

    /// Lets virtual time pass until all that can reach each other have the same bundles, then checks everything
    /// that the [`checkers`] check.
    pub fn wait_for_sync(&self) {
        let reached = self.network.borrow_mut().run_until_in_step(PATIENCE);
        assert!(reached, "the peers did not come into step within {PATIENCE:?}");
        let mut network = self.network.borrow_mut();
        if let Err(violation) = checkers::check(&mut network) {
            panic!("{violation}");
        }
    }

    /// Lets virtual time pass as [`TestNetwork::wait_for_sync`] does, then checks that all peers, whoever can reach
    /// them, have the same state, and that it is what each one's log derives to.
    pub fn settle(&self) {
        self.wait_for_sync();
        let ids: Vec<_> = self.network.borrow().device_ids().collect();
        let peers: Vec<_> = ids.into_iter().map(|id| self.peer(id)).collect();
        for peer in &peers {
            assert_eq!(peer.state_hash(), peers[0].state_hash());
            assert_eq!(peer.conflicts(), peers[0].conflicts());
            let verification = peer.verify();
            assert!(verification.is_sound(), "{verification:?}");
        }
    }

    /// How long in virtual time it takes until all that can reach each other have the same bundles.
    pub fn time_to_sync(&self) -> Duration {
        let start = self.network.borrow().now_us();
        self.wait_for_sync();
        Duration::from_micros(self.network.borrow().now_us() - start)
    }

    /// The simulator beneath.
    #[must_use]
    pub fn simulator(&self) -> Ref<'_, Network> {
        self.network.borrow()
    }

    /// The simulator beneath, to be changed.
    #[must_use]
    pub fn simulator_mut(&self) -> RefMut<'_, Network> {
        self.network.borrow_mut()
    }

    fn peer(&self, id: DeviceId) -> TestPeer {
        TestPeer {
            network: Rc::clone(&self.network),
            id,
        }
    }
}

impl TestPeer {
    /// Which device it is.
    #[must_use]
    pub const fn id(&self) -> DeviceId {
        self.id
    }

    /// Who writes on it.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        self.network.borrow().device(self.id).identity().actor()
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn try_execute(&self, request: &Request) -> Result<Outcome, CommandError> {
        self.run_for(Duration::from_millis(1));
        match self.network.borrow_mut().execute(self.id, request) {
            Ok(outcome) => Ok(outcome),
            Err(GiveError::Refused(error)) => Err(error),
            Err(GiveError::Down) => panic!("the peer is down"),
        }
    }

    /// Carries out a command.
    pub fn execute(&self, command: Command) -> Outcome {
        self.try_execute(&Request::new("test", command))
            .expect("the command is a good one")
    }

    /// Makes a table.
    pub fn create_table(&self, name: &str, fields: &[(&str, FieldType)]) {
        let fields = fields
            .iter()
            .map(|(name, field_type)| NewField::new(name, *field_type))
            .collect();
        self.execute(Command::CreateTable {
            name: name.to_owned(),
            fields,
        });
    }

    /// Makes a record.
    pub fn create_record(&self, table: &str, fields: &[(&str, &str)]) -> EntityId {
        let records = vec![texts(fields)];
        self.execute(Command::CreateRecords {
            table: table.to_owned(),
            records,
        })
        .created[0]
    }

    /// Sets fields of a record.
    pub fn update(&self, entity: EntityId, table: &str, fields: &[(&str, &str)]) {
        self.execute(Command::UpdateRecord {
            entity,
            table: table.to_owned(),
            fields: texts(fields),
        });
    }

    /// Deletes a record.
    pub fn delete(&self, entity: EntityId) {
        self.execute(Command::DeleteRecord { entity });
    }

    /// Takes the deletion of a record back.
    pub fn restore(&self, entity: EntityId) {
        self.execute(Command::RestoreRecord { entity });
    }

    /// Takes back what was done last here.
    pub fn undo(&self) -> Outcome {
        self.execute(Command::Undo)
    }

    /// Does again what was undone last.
    pub fn redo(&self) -> Outcome {
        self.execute(Command::Redo)
    }

    /// Decides a conflict.
    pub fn resolve(&self, conflict: ConflictId, decision: Decision) {
        self.execute(Command::ResolveConflict { conflict, decision });
    }

    /// The records of a table, in order of creation; none where the table is not known.
    #[must_use]
    pub fn list_records(&self, table: &str) -> Vec<Record> {
        let snapshot = self.snapshot();
        let Some(found) = snapshot.schema().find(table) else {
            return Vec::new();
        };
        let request = ListRequest {
            table: table.to_owned(),
            limit: LIMIT_MAX,
            ..ListRequest::default()
        };
        let page = list(&snapshot, &request).expect("the listing is a good one");
        page.records
            .into_iter()
            .map(|(entity, row)| {
                let fields = found
                    .fields
                    .iter()
                    .map(|field| (field.name.clone(), row.field(field.id).clone()))
                    .collect();
                Record { entity, fields }
            })
            .collect()
    }

    /// What a field of a record shows, as text.
    #[must_use]
    pub fn value(&self, entity: EntityId, table: &str, field: &str) -> String {
        value(&self.snapshot(), entity, table, field)
    }

    /// The names of the tables, in order of creation.
    #[must_use]
    pub fn tables(&self) -> Vec<String> {
        self.snapshot()
            .schema()
            .tables
            .iter()
            .map(|table| table.name.clone())
            .collect()
    }

    /// The open conflicts.
    #[must_use]
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.snapshot().conflicts().expect("the store can be read")
    }

    /// The one open conflict.
    #[must_use]
    pub fn conflict(&self) -> Conflict {
        let mut conflicts = self.conflicts();
        assert_eq!(conflicts.len(), 1, "{conflicts:?}");
        conflicts.remove(0)
    }

    /// The hash of the derived state.
    #[must_use]
    pub fn state_hash(&self) -> StateHash {
        self.snapshot().state_hash()
    }

    /// How much there is, what is held, which logs forked.
    #[must_use]
    pub fn status(&self) -> Status {
        self.snapshot().status().expect("the store can be read")
    }

    /// Derives everything anew and compares.
    #[must_use]
    pub fn verify(&self) -> Verification {
        let mut network = self.network.borrow_mut();
        network
            .device_mut(self.id)
            .engine()
            .expect("the peer is up")
            .verify()
            .expect("the store can be read")
    }

    /// A snapshot of its state.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.network
            .borrow()
            .device(self.id)
            .snapshot()
            .expect("the peer is up")
    }

    /// Its whole log, in commit order.
    #[must_use]
    pub fn bundles(&self) -> Vec<VerifiedBundle> {
        self.snapshot()
            .bundles(Position(0), usize::MAX)
            .expect("the store can be read")
    }

    /// Lets a person accept a bundle that is held for its time.
    pub fn accept(&self, bundle: BundleId) -> u64 {
        let now = self.network.borrow().time_at(self.id);
        let mut network = self.network.borrow_mut();
        let engine = network.device_mut(self.id).engine().expect("the peer is up");
        let released = engine
            .release(Some(bundle), now)
            .expect("the store can be written")
            .released;
        network.wake(self.id);
        released
    }

    /// Sets how far its clock is ahead of true time.
    pub fn set_clock_ahead(&self, ahead: Duration) {
        self.network.borrow_mut().device_mut(self.id).clock.offset_us = ahead.as_micros() as i64;
    }

    /// Sets how long its disk takes for a delivery.
    pub fn set_disk_delay(&self, delay: Duration) {
        self.network.borrow_mut().device_mut(self.id).disk_ms = delay.as_millis() as u32;
    }

    /// Stops syncing.
    pub fn pause(&self) {
        self.network.borrow_mut().set_paused(self.id, true);
    }

    /// Goes on syncing.
    pub fn resume(&self) {
        self.network.borrow_mut().set_paused(self.id, false);
    }

    /// Crashes; with a command, in the middle of a transaction with it.
    pub fn crash(&self, within: Option<Command>) {
        self.network.borrow_mut().crash(self.id, within);
    }

    /// Comes up again.
    pub fn restart(&self) {
        self.network.borrow_mut().restart(self.id);
    }

    /// A copy of its disk.
    #[must_use]
    pub fn backup(&self) -> Disk {
        self.network
            .borrow()
            .device(self.id)
            .disk
            .copy()
            .expect("a disk in memory can be copied")
    }

    /// Goes down, gets an older copy of its disk, and comes up. With `noticed`, its high-water mark stayed behind.
    pub fn restore_backup(&self, backup: &Disk, noticed: bool) {
        let mut network = self.network.borrow_mut();
        network.crash(self.id, None);
        network.restore(self.id, backup, noticed);
        network.restart(self.id);
    }

    fn run_for(&self, duration: Duration) {
        self.network.borrow_mut().run_for(duration);
    }
}

fn texts(fields: &[(&str, &str)]) -> Vec<(String, Value)> {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
        .collect()
}

fn value(snapshot: &Snapshot, entity: EntityId, table: &str, field: &str) -> String {
    let field = snapshot
        .schema()
        .find(table)
        .and_then(|table| table.field(field))
        .expect("the field is there")
        .id;
    let row = snapshot
        .row(entity)
        .expect("the store can be read")
        .expect("the record is there");
    row.field(field).to_text()
}
