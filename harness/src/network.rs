//! The simulated network: devices, links between them, virtual time, and what goes wrong.
//!
//! Everything follows from the seed. Time jumps from one event to the next: a message arrives, a disk is done, a
//! machine has something to say, a second begins and faults may strike.

mod dialling;
mod strike;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openprod_core::{BundleId, Timestamp};
use openprod_engine::{Command, Committed, OpenError, Outcome, Request};
use openprod_storage::{Position, StorageError};
use openprod_sync::Message;

use crate::device::{Clock, Device, GiveError};
use crate::disk::{Disk, Room, StoreKind};
use crate::faults::{Faults, Tally};
use crate::link::{End, Ending, Hand, Link, LinkId, Packet};
use crate::random::Random;

/// When every simulation begins.
pub const START_US: u64 = 1_790_000_000_000_000;

const MS: u64 = 1_000;
const SECOND: u64 = 1_000 * MS;

/// How long a message takes when nothing delays it, at least and at most.
const LATENCY_US: (u64, u64) = (200, 3 * MS);

/// How long a device waits before it dials again.
const REDIAL_US: u64 = SECOND;

/// Names a device of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceId(pub usize);

/// The simulated network.
pub struct Network {
    faults: Faults,
    tally: Tally,
    random: Random,
    now_us: u64,
    next_second_us: u64,
    devices: Vec<Device>,
    /// Who is meant to be connected with whom, each pair in ascending order, and when to dial next.
    wanted: BTreeMap<(DeviceId, DeviceId), u64>,
    links: BTreeMap<LinkId, Link>,
    next_link: u64,
    /// The part of the network that each device is in, and when the parts come together again.
    partition: Option<(Vec<usize>, u64)>,
    acknowledged: BTreeMap<BundleId, DeviceId>,
    endings: Vec<Ending>,
    diverged: Vec<(DeviceId, u64)>,
    trace: Option<Vec<String>>,
    steps_this_second: u64,
}

/// How many steps a virtual second may have, for each device: more, and some machine keeps itself awake.
const STEPS_MAX_PER_S: u64 = 2_000;

impl Network {
    /// A network without devices or faults.
    #[must_use]
    pub const fn new(random: Random) -> Self {
        Self {
            faults: Faults::NONE,
            tally: Tally {
                messages: 0,
                dropped: 0,
                duplicated: 0,
                reordered: 0,
                corrupted: 0,
                delayed: 0,
                cuts: 0,
                partitions: 0,
                crashes: 0,
                restores: 0,
                clock_jumps: 0,
                full_disks: 0,
                endings: 0,
            },
            random,
            now_us: START_US,
            next_second_us: START_US + SECOND,
            devices: Vec::new(),
            wanted: BTreeMap::new(),
            links: BTreeMap::new(),
            next_link: 0,
            partition: None,
            acknowledged: BTreeMap::new(),
            endings: Vec::new(),
            diverged: Vec::new(),
            trace: None,
            steps_this_second: 0,
        }
    }

    /// Keeps a line for each event from here on.
    pub fn keep_trace(&mut self) {
        self.trace = Some(Vec::new());
    }

    /// The lines kept so far.
    #[must_use]
    pub fn trace(&self) -> &[String] {
        self.trace.as_deref().unwrap_or_default()
    }

    /// Adds a line to the trace.
    pub fn note(&mut self, line: impl FnOnce() -> String) {
        let at_ms = (self.now_us - START_US) / MS;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>5}.{:03} {}", at_ms / 1_000, at_ms % 1_000, line()));
        }
    }

    /// Sets what goes wrong from here on. Clocks of devices that are there already stay as they are.
    pub const fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// What went wrong so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// True time, in microseconds since the Unix epoch.
    #[must_use]
    pub const fn now_us(&self) -> u64 {
        self.now_us
    }

    /// The links that ended with an error, in order.
    #[must_use]
    pub fn endings(&self) -> &[Ending] {
        &self.endings
    }

    /// The devices that found that they have another state than a peer with the same bundles, and when.
    #[must_use]
    pub fn diverged(&self) -> &[(DeviceId, u64)] {
        &self.diverged
    }

    /// Every bundle that a device acknowledged to a person, and by which.
    #[must_use]
    pub const fn acknowledged(&self) -> &BTreeMap<BundleId, DeviceId> {
        &self.acknowledged
    }

    /// The devices.
    pub fn device_ids(&self) -> impl Iterator<Item = DeviceId> + use<> {
        (0..self.devices.len()).map(DeviceId)
    }

    /// A device.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> &Device {
        &self.devices[id.0]
    }

    /// A device, to be changed.
    pub fn device_mut(&mut self, id: DeviceId) -> &mut Device {
        &mut self.devices[id.0]
    }

    /// The pairs that are meant to be connected.
    pub fn pairs(&self) -> impl Iterator<Item = (DeviceId, DeviceId)> {
        self.wanted.keys().copied()
    }

    /// What a device's clock shows.
    #[must_use]
    pub fn time_at(&self, id: DeviceId) -> Timestamp {
        self.devices[id.0].clock.read(self.now_us, START_US)
    }

    /// Adds a device: the first one creates the workspace, the others join it.
    ///
    /// # Errors
    /// [`OpenError`] when its store cannot be made.
    ///
    /// # Panics
    /// When the system gives no temporary directory.
    pub fn add_device(&mut self, kind: StoreKind) -> Result<DeviceId, OpenError> {
        let id = DeviceId(self.devices.len());
        let mut random = self.random.branch();
        let mut within = |max: u32| random.between(0, 2 * u64::from(max)).cast_signed() - i64::from(max);
        let clock = Clock {
            offset_us: within(self.faults.clock_skew_ms_max) * 1_000,
            drift_ppm: within(self.faults.clock_drift_ppm_max),
        };
        let disk_ms = random.between(0, u64::from(self.faults.disk_ms_max)) as u32;
        let disk = Disk::new(kind).expect("a temporary directory can be made");
        let now = clock.read(self.now_us, START_US);
        let mut device = Device::new(&device_name(id), disk, id.0 == 0, random, now)?;
        device.clock = clock;
        device.disk_ms = disk_ms;
        self.devices.push(device);
        Ok(id)
    }

    /// Adds a second device that runs on a copy of another's disk, as that same person.
    ///
    /// # Errors
    /// [`OpenError`] when the copy cannot be opened.
    ///
    /// # Panics
    /// When the other's disk cannot be copied.
    pub fn clone_device(&mut self, original: DeviceId) -> Result<DeviceId, OpenError> {
        let id = DeviceId(self.devices.len());
        let random = self.random.branch();
        let copy = self.devices[original.0].cloned(&device_name(id), random, self.time_at(original))?;
        self.devices.push(copy.expect("only disks in memory are cloned"));
        Ok(id)
    }

    /// Means two devices to be connected; they dial at once, and again whenever their link is gone.
    pub fn connect(&mut self, a: DeviceId, b: DeviceId) {
        if a != b {
            self.wanted.insert(pair(a, b), self.now_us);
        }
    }

    /// Means two devices not to be connected, and cuts their link.
    pub fn disconnect(&mut self, a: DeviceId, b: DeviceId) {
        self.wanted.remove(&pair(a, b));
        self.drop_links(|ends| ends.contains(&Some(a)) && ends.contains(&Some(b)));
    }

    /// Lets the network fall into parts: nothing passes between them, and nobody is told. Devices in no part are
    /// alone.
    pub fn partition(&mut self, parts: &[Vec<DeviceId>]) {
        self.part(parts, u64::MAX);
    }

    /// Brings the parts together again.
    pub fn heal_partition(&mut self) {
        self.partition = None;
        self.note(|| "the parts come together".to_owned());
    }

    /// Carries out a command on a device; what it acknowledges must never be lost.
    ///
    /// # Errors
    /// [`GiveError`]; nothing was written.
    pub fn execute(&mut self, id: DeviceId, request: &Request) -> Result<Outcome, GiveError> {
        let now = self.time_at(id);
        let name = request.command.name();
        let result = self.devices[id.0].execute(request, now);
        self.note(|| match &result {
            Ok((outcome, _)) => format!("{} {name}: {:?}", device_name(id), outcome.bundle_id),
            Err(error) => format!("{} {name}: refused: {error}", device_name(id)),
        });
        let (outcome, committed) = result?;
        self.acknowledged
            .extend(outcome.bundle_id.map(|bundle| (bundle, id)));
        self.after_commit(id, &committed);
        Ok(outcome)
    }

    /// A number for an editor's session, not given before.
    pub fn session(&mut self) -> u64 {
        self.random.below(u64::MAX)
    }

    /// Lets a device look for what it has to say; to be called after its engine changed from outside.
    pub fn wake(&mut self, id: DeviceId) {
        let now_us = self.now_us;
        for link in self.links.values_mut() {
            for end in &mut link.ends {
                if let End::Device(conversation) = end
                    && conversation.device == id
                {
                    conversation.poll_us = now_us;
                }
            }
        }
    }

    /// Crashes a device; it stays down until [`Network::restart`]. With `within`, in the middle of a transaction
    /// with that command.
    pub fn crash(&mut self, id: DeviceId, within: Option<Command>) {
        self.note(|| format!("{} crashes", device_name(id)));
        let now = self.time_at(id);
        self.devices[id.0].crash(within, now);
        self.drop_links(|ends| ends.contains(&Some(id)));
    }

    /// Brings a device up again; with a full disk it may refuse, and is tried again after a second.
    ///
    /// # Panics
    /// When its store cannot be opened for any other reason, which is what the simulation is to find.
    pub fn restart(&mut self, id: DeviceId) {
        let now = self.time_at(id);
        self.devices[id.0].restart_us = None;
        match self.devices[id.0].restart(now) {
            Ok(()) => self.note(|| format!("{} restarts", device_name(id))),
            Err(OpenError::Storage(StorageError::Full)) => {
                self.note(|| format!("{} cannot restart: its disk is full", device_name(id)));
                self.devices[id.0].restart_us = Some(self.now_us + SECOND);
            }
            Err(error) => panic!(
                "{} crashed and does not come up again: {error:?}",
                device_name(id)
            ),
        }
        self.redial(|a, b| a == id || b == id);
    }

    /// Puts an older copy of a device's disk in its place while the device is down. What it acknowledged since,
    /// and nobody else has, is lost with it: that is no fault of the engine.
    pub fn restore(&mut self, id: DeviceId, copy: &Disk, noticed: bool) {
        self.note(|| format!("{} is put back to an older copy of its disk", device_name(id)));
        self.tally.restores += 1;
        self.devices[id.0].restores += 1;
        self.devices[id.0].disk.restore(copy, noticed);
        let elsewhere: BTreeSet<_> = self
            .device_ids()
            .filter(|other| *other != id)
            .flat_map(|other| self.bundle_ids(other))
            .collect();
        let kept = self.bundle_ids_on(copy);
        self.acknowledged
            .retain(|bundle, _| elsewhere.contains(bundle) || kept.contains(bundle));
    }

    /// Cuts every link of a device and keeps it off the network, or lets it on again.
    pub fn set_paused(&mut self, id: DeviceId, paused: bool) {
        self.devices[id.0].paused = paused;
        if paused {
            self.drop_links(|ends| ends.contains(&Some(id)));
        } else {
            self.redial(|a, b| a == id || b == id);
        }
    }

    /// Ends everything that goes wrong: disks have room, parts come together, all devices are up. Links that stand
    /// go on standing, so that what was lost on them has to be noticed. Only if a clock jumped are all clocks set,
    /// and the network out of reach for so long that whatever was written by a clock that was ahead is past.
    pub fn heal(&mut self) {
        self.note(|| "everything heals".to_owned());
        self.faults = Faults::NONE;
        self.partition = None;
        let jumped = self.tally.clock_jumps > 0;
        if jumped {
            self.drop_links(|_| true);
            // A clock may have been ahead by its skew, its drift and every jump; this is beyond all of them.
            self.now_us += Duration::from_secs(7 * 24 * 3_600).as_micros() as u64;
            self.next_second_us = self.now_us + SECOND;
        }
        for id in self.device_ids() {
            let device = &mut self.devices[id.0];
            if jumped {
                device.clock = Clock::default();
            }
            device.disk.set_room(Room::Free);
            (device.room_us, device.paused, device.disk_ms) = (None, false, 0);
            if !device.is_up() {
                self.restart(id);
            }
        }
        self.redial(|_, _| true);
    }

    /// Lets time pass.
    pub fn run_for(&mut self, duration: Duration) {
        let until = self.now_us + duration.as_micros() as u64;
        loop {
            let next = self.next_us();
            if next > until {
                self.now_us = until;
                return;
            }
            self.now_us = self.now_us.max(next);
            self.step();
        }
    }

    /// Lets time pass until everything that is connected has the same bundles, or `patience` ends. Returns
    /// whether it has.
    pub fn run_until_in_step(&mut self, patience: Duration) -> bool {
        let until = self.now_us + patience.as_micros() as u64;
        while !self.is_in_step() {
            if self.now_us >= until {
                return false;
            }
            self.run_for(Duration::from_millis(20));
        }
        true
    }

    /// Whether every two devices that can reach each other have stored and applied the same bundles. Judged from
    /// their stores; what they believe of each other is not asked.
    #[must_use]
    pub fn is_in_step(&self) -> bool {
        self.wanted
            .keys()
            .filter(|(a, b)| self.can_reach(*a, *b))
            .all(|(a, b)| {
                let heads = |id: &DeviceId| {
                    let snapshot = self.devices[id.0].snapshot()?;
                    let heads = snapshot
                        .heads()
                        .and_then(|stored| Ok((stored, snapshot.applied_heads()?)));
                    Some(heads.expect("a simulated store can be read"))
                };
                heads(a) == heads(b)
            })
    }

    /// The ids of the bundles that a device has stored; none while it is down.
    #[must_use]
    pub fn bundle_ids(&self, id: DeviceId) -> BTreeSet<BundleId> {
        let Some(snapshot) = self.devices[id.0].snapshot() else {
            return self.bundle_ids_on(&self.devices[id.0].disk);
        };
        let bundles = snapshot
            .bundles(Position(0), usize::MAX)
            .expect("a simulated store can be read");
        bundles.iter().map(|bundle| bundle.id()).collect()
    }

    fn bundle_ids_on(&self, disk: &Disk) -> BTreeSet<BundleId> {
        let store = disk.open().expect("a simulated store can be opened");
        let reader = store.readers().reader().expect("a simulated store can be read");
        let bundles = reader
            .bundles(Position(0), usize::MAX)
            .expect("a simulated store can be read");
        bundles.iter().map(|stored| stored.bundle.id()).collect()
    }

    /// Links a device with an end that a test holds in its hands.
    pub fn take_in_hand(&mut self, id: DeviceId) -> LinkId {
        let conversation = self.conversation(id);
        self.add_link([End::Device(Box::new(conversation)), End::Hand(Hand::default())])
    }

    /// Sends bytes from the end in hand; they arrive whatever the faults.
    pub fn send_by_hand(&mut self, link: LinkId, bytes: Vec<u8>) {
        let arrives_us = self.now_us + LATENCY_US.0;
        if let Some(link) = self.links.get_mut(&link) {
            link.towards[0].push_back(Packet { arrives_us, bytes });
        }
    }

    /// What has arrived at the end in hand since this was last called; `None` when the link has ended.
    pub fn received_by_hand(&mut self, link: LinkId) -> Option<Vec<Message>> {
        match &mut self.links.get_mut(&link)?.ends[1] {
            End::Hand(hand) => Some(std::mem::take(&mut hand.received)),
            End::Device(_) => None,
        }
    }

    fn next_us(&self) -> u64 {
        let links = self.links.values().map(Link::next_us);
        let dials = self
            .wanted
            .iter()
            .filter(|((a, b), _)| self.can_dial(*a, *b))
            .map(|(_, at)| *at);
        let restarts = self.devices.iter().filter_map(|device| device.restart_us);
        links
            .chain(dials)
            .chain(restarts)
            .chain([self.next_second_us])
            .min()
            .unwrap_or(u64::MAX)
    }

    fn step(&mut self) {
        for id in self.device_ids() {
            if self.devices[id.0].restart_us.is_some_and(|at| at <= self.now_us) {
                self.restart(id);
            }
        }
        if self.next_second_us <= self.now_us {
            self.next_second_us = self.now_us + SECOND;
            self.steps_this_second = 0;
            self.begin_second();
        }
        self.steps_this_second += 1;
        let steps_max = STEPS_MAX_PER_S * self.devices.len() as u64;
        assert!(
            self.steps_this_second < steps_max,
            "some machine keeps itself awake without anything happening"
        );
        self.dial();
        let due: Vec<_> = self
            .links
            .iter()
            .filter(|(_, link)| link.next_us() <= self.now_us)
            .map(|(id, _)| *id)
            .collect();
        for link in due {
            for end in 0..2 {
                self.arrive(link, end);
                self.deliver(link, end);
                self.poll(link, end);
            }
        }
    }

    fn begin_second(&mut self) {
        if self
            .partition
            .as_ref()
            .is_some_and(|(_, until)| *until <= self.now_us)
        {
            self.heal_partition();
        }
        self.strike();
        for id in self.device_ids() {
            let now = self.time_at(id);
            let device = &mut self.devices[id.0];
            if device.room_us.is_some_and(|at| at <= self.now_us) {
                device.room_us = None;
                device.disk.set_room(Room::Free);
            }
            // A full disk makes this fail; what is held stays so until there is room.
            if device.release(now).unwrap_or(false) {
                self.wake(id);
            }
        }
    }

    fn part(&mut self, parts: &[Vec<DeviceId>], until_us: u64) {
        let part_of = |id: DeviceId| {
            parts
                .iter()
                .position(|part| part.contains(&id))
                .unwrap_or(parts.len() + id.0)
        };
        let parts: Vec<_> = self.device_ids().map(part_of).collect();
        self.note(|| format!("the network falls into parts: {parts:?}"));
        self.partition = Some((parts, until_us));
    }

    fn after_commit(&mut self, id: DeviceId, committed: &Committed) {
        if !committed.is_empty() {
            self.wake(id);
        }
    }
}

fn pair(a: DeviceId, b: DeviceId) -> (DeviceId, DeviceId) {
    (a.min(b), a.max(b))
}

/// The name of a device in traces: a letter.
#[must_use]
pub fn device_name(id: DeviceId) -> String {
    match u8::try_from(id.0) {
        Ok(number @ 0..26) => char::from(b'a' + number).to_string(),
        _ => format!("d{}", id.0),
    }
}
