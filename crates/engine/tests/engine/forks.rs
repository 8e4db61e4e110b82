//! One log, two continuations: restored backups and cloned disks.

use openprod_core::{FieldType, Value};

use crate::device::{Device, sync, text};

/// A store as it was at some moment, as a backup holds it.
fn copy(device: &Device) -> openprod_storage::MemoryStorage {
    device.store.backup()
}

#[test]
fn cloned_disk_forks_and_everyone_converges() {
    let mut original = Device::founder();
    original.table("T", &[("a", FieldType::Text)]);
    let record = original.record("T", &[]);
    let backup = copy(&original);
    let mut clone = Device::joiner(1);
    clone.now = original.now;
    clone.reopen(backup);
    original.set(record, "T", "a", "original");
    original.set(record, "T", "a", "original again");
    clone.set(record, "T", "a", "clone");
    let (mut left, mut right) = (Device::joiner(5), Device::joiner(6));
    left.pull(&original);
    right.pull(&clone);
    sync(&mut left, &mut right);
    for device in [&left, &right] {
        let status = device.snapshot().status().unwrap();
        assert_eq!(status.forks.len(), 1);
        let (actor, _, seq) = status.forks[0].check().expect("the evidence holds");
        assert_eq!((actor, seq), (original.engine.actor(), 4));
    }
    assert_eq!(
        left.snapshot().status().unwrap().applied,
        right.snapshot().status().unwrap().applied,
        "both name the branches alike"
    );
    let conflicts = left.snapshot().conflicts().unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].candidates.len(), 2, "neither write is lost");

    let (old, new) = (original.engine.log(), {
        let (receipt, committed) = original.receive(&left.bundles());
        assert!(receipt.refused.is_none());
        committed.log_minted.expect("a log that others continued is left")
    });
    assert_ne!(old, new);
    original.set(record, "T", "a", "healed");
    left.pull(&original);
    sync(&mut left, &mut right);
    assert_eq!(right.value(record, "T", "a"), text("healed"));
    assert!(right.snapshot().conflicts().unwrap().is_empty());
    for device in [&mut left, &mut right, &mut original] {
        device.assert_sound();
    }
}

#[test]
fn restored_backup_takes_in_its_own_lost_writes() {
    let mut device = Device::founder();
    device.table("T", &[("a", FieldType::Text)]);
    let record = device.record("T", &[]);
    let backup = copy(&device);
    device.set(record, "T", "a", "written after the backup");
    let mut other = Device::joiner(2);
    sync(&mut device, &mut other);
    device.reopen(backup);
    assert_eq!(device.value(record, "T", "a"), Value::Empty);
    let (_, committed) = device.receive(&other.bundles());
    assert!(committed.log_minted.is_some());
    device.set(record, "T", "a", "and on");
    sync(&mut device, &mut other);
    assert_eq!(other.value(record, "T", "a"), text("and on"));
    assert!(
        other.snapshot().status().unwrap().forks.is_empty(),
        "nothing was contradicted"
    );
}
