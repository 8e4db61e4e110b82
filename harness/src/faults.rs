//! What can go wrong, how often, and how badly.

use std::fmt;

use crate::random::Random;

/// How often each fault strikes, and how badly. Rates per message are in permille of messages; rates per second are
/// in permille a virtual second, for each device or, where it says so, for the network.
///
/// A real connection never loses or doubles single messages; the peer machine is made to survive it all the same,
/// so that nothing it says depends on what it said before having arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Faults {
    /// Messages that never arrive.
    pub drop_permille: u32,
    /// Messages that arrive twice.
    pub duplicate_permille: u32,
    /// Messages that overtake those before them.
    pub reorder_permille: u32,
    /// Batches of bundles in which one bit is not what was sent.
    pub corrupt_permille: u32,
    /// Messages that take longer than the others.
    pub delay_permille: u32,
    /// How much longer they take at most.
    pub delay_ms_max: u32,
    /// Links that are cut; each link, and at once for both sides.
    pub cut_permille_per_s: u32,
    /// Times at which the network falls in two, silently; the network.
    pub partition_permille_per_s: u32,
    /// How long it stays so at most.
    pub partition_ms_max: u32,
    /// Devices that crash, half of them in the middle of a transaction.
    pub crash_permille_per_s: u32,
    /// How long they stay down at most.
    pub restart_ms_max: u32,
    /// Devices whose database is copied.
    pub backup_permille_per_s: u32,
    /// Devices that come up with the copy in place of their database.
    pub restore_permille_per_crash: u32,
    /// Devices whose clock jumps.
    pub clock_jump_permille_per_s: u32,
    /// How far it jumps at most, either way.
    pub clock_jump_ms_max: u32,
    /// How wrong clocks are from the start, at most, either way.
    pub clock_skew_ms_max: u32,
    /// How wrong clocks go, at most, either way.
    pub clock_drift_ppm_max: u32,
    /// Devices whose disk is full.
    pub disk_full_permille_per_s: u32,
    /// How long it stays so at most.
    pub disk_full_ms_max: u32,
    /// How long a disk takes for a delivery, at most.
    pub disk_ms_max: u32,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        drop_permille: 0,
        duplicate_permille: 0,
        reorder_permille: 0,
        corrupt_permille: 0,
        delay_permille: 0,
        delay_ms_max: 0,
        cut_permille_per_s: 0,
        partition_permille_per_s: 0,
        partition_ms_max: 0,
        crash_permille_per_s: 0,
        restart_ms_max: 0,
        backup_permille_per_s: 0,
        restore_permille_per_crash: 0,
        clock_jump_permille_per_s: 0,
        clock_jump_ms_max: 0,
        clock_skew_ms_max: 0,
        clock_drift_ppm_max: 0,
        disk_full_permille_per_s: 0,
        disk_full_ms_max: 0,
        disk_ms_max: 0,
    };

    /// Faults of any kind and mixture: each kind is absent in about half of all seeds, so that those that hide
    /// each other also come apart.
    #[must_use]
    pub fn random(random: &mut Random) -> Self {
        let mut some = |max: u32| {
            let strike = random.chance(500);
            let value = random.between(1, u64::from(max)) as u32;
            if strike { value } else { 0 }
        };
        Self {
            drop_permille: some(150),
            duplicate_permille: some(150),
            reorder_permille: some(200),
            corrupt_permille: some(30),
            delay_permille: some(300),
            delay_ms_max: some(3_000),
            cut_permille_per_s: some(60),
            partition_permille_per_s: some(80),
            partition_ms_max: 1 + some(20_000),
            crash_permille_per_s: some(60),
            restart_ms_max: 1 + some(8_000),
            backup_permille_per_s: some(150),
            restore_permille_per_crash: some(800),
            clock_jump_permille_per_s: some(20),
            clock_jump_ms_max: some(900_000),
            clock_skew_ms_max: some(120_000),
            clock_drift_ppm_max: some(500),
            disk_full_permille_per_s: some(30),
            disk_full_ms_max: 1 + some(5_000),
            disk_ms_max: some(400),
        }
    }
}

/// How often each fault has struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Messages that were sent.
    pub messages: u64,
    /// Messages lost.
    pub dropped: u64,
    /// Messages doubled.
    pub duplicated: u64,
    /// Messages that overtook others.
    pub reordered: u64,
    /// Batches changed on the way.
    pub corrupted: u64,
    /// Messages that were slow.
    pub delayed: u64,
    /// Links cut.
    pub cuts: u64,
    /// Partitions.
    pub partitions: u64,
    /// Crashes.
    pub crashes: u64,
    /// Databases put back to an older copy.
    pub restores: u64,
    /// Clocks that jumped.
    pub clock_jumps: u64,
    /// Disks that filled up.
    pub full_disks: u64,
    /// Conversations that ended with an error.
    pub endings: u64,
}

impl Tally {
    /// How many faults have struck: of those that strike single messages, at most one of each kind is counted.
    #[must_use]
    pub fn faults(&self) -> u64 {
        let kinds = [
            self.dropped,
            self.duplicated,
            self.reordered,
            self.corrupted,
            self.delayed,
        ];
        let messages: u64 = kinds.iter().map(|count| u64::from(*count > 0)).sum();
        messages
            + self.cuts
            + self.partitions
            + self.crashes
            + self.restores
            + self.clock_jumps
            + self.full_disks
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        let Self {
            messages,
            dropped,
            duplicated,
            reordered,
            corrupted,
            delayed,
            cuts,
            partitions,
            crashes,
            restores,
            clock_jumps,
            full_disks,
            endings,
        } = other;
        self.messages += messages;
        self.dropped += dropped;
        self.duplicated += duplicated;
        self.reordered += reordered;
        self.corrupted += corrupted;
        self.delayed += delayed;
        self.cuts += cuts;
        self.partitions += partitions;
        self.crashes += crashes;
        self.restores += restores;
        self.clock_jumps += clock_jumps;
        self.full_disks += full_disks;
        self.endings += endings;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.messages, "messages"),
            (self.dropped, "dropped"),
            (self.duplicated, "duplicated"),
            (self.reordered, "reordered"),
            (self.corrupted, "corrupted"),
            (self.delayed, "delayed"),
            (self.cuts, "cuts"),
            (self.partitions, "partitions"),
            (self.crashes, "crashes"),
            (self.restores, "restores"),
            (self.clock_jumps, "clock jumps"),
            (self.full_disks, "full disks"),
            (self.endings, "conversations ended by an error"),
        ];
        let shown: Vec<_> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        out.write_str(&shown.join(", "))
    }
}
