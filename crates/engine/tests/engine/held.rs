//! Bundles that are stored and not applied.

use std::time::Duration;

use openprod_core::FieldType;
use openprod_engine::HoldReason;

use crate::device::{Device, sync, text};

#[test]
fn bundle_from_the_future_is_held_and_released_in_time() {
    let mut a = Device::founder();
    a.table("T", &[("a", FieldType::Text)]);
    let record = a.record("T", &[("a", text("now"))]);
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    let present = b.now;
    b.now = b.now.after(Duration::from_secs(3_600));
    b.set(record, "T", "a", "from the future");
    b.set(record, "T", "a", "further still");
    a.pull(&b);
    assert_eq!(a.value(record, "T", "a"), text("now"));
    let held = a.snapshot().status().unwrap().held;
    assert_eq!(held.len(), 2);
    assert!(matches!(held[0].reason, HoldReason::Future { .. }));
    assert_eq!(held[1].reason, HoldReason::BuildsOnHeld);
    a.set(record, "T", "a", "meanwhile");

    let released = a
        .engine
        .release(None, present.after(Duration::from_secs(60)))
        .unwrap()
        .released;
    assert_eq!(released, 0);
    let released = a
        .engine
        .release(None, present.after(Duration::from_secs(3_600)))
        .unwrap()
        .released;
    assert_eq!(released, 2);
    assert!(a.snapshot().status().unwrap().held.is_empty());
    assert_eq!(
        a.snapshot().conflicts().unwrap().len(),
        1,
        "an edit never supersedes what its author could not see"
    );
    a.now = present.after(Duration::from_secs(3_600));
    sync(&mut a, &mut b);
    a.assert_sound();
}

#[test]
fn person_can_accept_a_bundle_from_the_future() {
    let mut a = Device::founder();
    a.table("T", &[("a", FieldType::Text)]);
    let record = a.record("T", &[]);
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    b.now = b.now.after(Duration::from_secs(86_400));
    let tomorrow = b.now;
    b.set(record, "T", "a", "tomorrow");
    b.now = tomorrow;
    b.set(record, "T", "a", "after it");
    a.pull(&b);
    let first = a.snapshot().status().unwrap().held[0].bundle;
    let now = a.tick();
    assert_eq!(
        a.engine.release(Some(first), now).unwrap().released,
        2,
        "what follows it is not to blame"
    );
    assert_eq!(a.value(record, "T", "a"), text("after it"));
    a.set(record, "T", "a", "back here");
    b.pull(&a);
    assert_eq!(b.value(record, "T", "a"), text("back here"));
    a.assert_sound();
}
