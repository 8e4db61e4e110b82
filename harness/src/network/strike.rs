//! What goes wrong with devices and links, once a second.

use openprod_engine::Command;

use super::{DeviceId, MS, Network, device_name};
use crate::checkers::NEVER_ACKNOWLEDGED;
use crate::disk::Room;
use crate::faults::Faults;

impl Network {
    pub(super) fn strike(&mut self) {
        let faults = self.faults;
        if faults == Faults::NONE {
            return;
        }
        if self.partition.is_none() && self.random.chance(faults.partition_permille_per_s) {
            self.tally.partitions += 1;
            let mut parts = [Vec::new(), Vec::new()];
            for id in self.device_ids() {
                parts[self.random.index(2)].push(id);
            }
            let until = self.now_us + self.random.between(1, u64::from(faults.partition_ms_max)) * MS;
            self.part(&parts, until);
        }
        let links: Vec<_> = self.links.keys().copied().collect();
        for link in links {
            if self.random.chance(faults.cut_permille_per_s) {
                self.tally.cuts += 1;
                self.note(|| format!("link {} is cut", link.0));
                self.end_link(link);
            }
        }
        for id in self.device_ids() {
            if self.random.chance(faults.backup_permille_per_s) {
                self.devices[id.0].backup = self.devices[id.0].disk.copy();
            }
            if self.devices[id.0].is_up() && self.random.chance(faults.crash_permille_per_s) {
                self.strike_crash(id);
            }
            if self.random.chance(faults.clock_jump_permille_per_s) {
                self.tally.clock_jumps += 1;
                let max = u64::from(faults.clock_jump_ms_max);
                let jump_ms = self.random.between(0, 2 * max).cast_signed() - max.cast_signed();
                self.devices[id.0].clock.offset_us += jump_ms * 1_000;
                self.note(|| format!("the clock of {} jumps by {jump_ms} ms", device_name(id)));
            }
            if self.devices[id.0].room_us.is_none() && self.random.chance(faults.disk_full_permille_per_s) {
                self.tally.full_disks += 1;
                let room = if self.random.chance(500) {
                    Room::NoneForRows
                } else {
                    Room::NoneForCommit
                };
                let until = self.now_us + self.random.between(1, u64::from(faults.disk_full_ms_max)) * MS;
                self.devices[id.0].disk.set_room(room);
                self.devices[id.0].room_us = Some(until);
                self.note(|| format!("the disk of {} is full", device_name(id)));
            }
        }
    }

    fn strike_crash(&mut self, id: DeviceId) {
        let faults = self.faults;
        self.tally.crashes += 1;
        let within = self.random.chance(500).then(|| Command::NameWorkspace {
            name: NEVER_ACKNOWLEDGED.to_owned(),
        });
        self.crash(id, within);
        self.devices[id.0].restart_us =
            Some(self.now_us + self.random.between(1, u64::from(faults.restart_ms_max)) * MS);
        if let Some(backup) = self.devices[id.0].backup.take() {
            if self.random.chance(faults.restore_permille_per_crash) {
                let noticed = self.random.chance(500);
                self.restore(id, &backup, noticed);
            } else {
                self.devices[id.0].backup = Some(backup);
            }
        }
    }
}
