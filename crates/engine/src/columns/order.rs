//! Slots in the order of a sort, kept in it as records change.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU64, Ordering as Atomic};

use openprod_core::FieldId;

use super::slots::Slots;

/// Slots in the order of a sort.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) sort: Vec<(FieldId, bool)>,
    pub(crate) slots: Vec<u32>,
    /// The listing that used it last.
    used: AtomicU64,
}

impl Order {
    pub(crate) const fn new(sort: Vec<(FieldId, bool)>, slots: Vec<u32>, now: u64) -> Self {
        Self {
            sort,
            slots,
            used: AtomicU64::new(now),
        }
    }

    pub(crate) fn touch(&self, now: u64) {
        self.used.fetch_max(now, Atomic::Relaxed);
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Atomic::Relaxed)
    }
}

/// Takes slots out of an order.
pub(crate) fn take_out(order: &mut Vec<u32>, gone: &Slots) {
    order.retain(|slot| !gone.contains(*slot));
}

/// Puts slots into an order, which has none of them.
pub(crate) fn put_in(order: &mut Vec<u32>, mut new: Vec<u32>, compare: impl Fn(u32, u32) -> Ordering) {
    new.sort_unstable_by(|a, b| compare(*a, *b));
    let mut merged = Vec::with_capacity(order.len() + new.len());
    let mut rest = order.as_slice();
    for slot in new {
        let (before, after) = rest.split_at(rest.partition_point(|other| compare(*other, slot).is_lt()));
        merged.extend_from_slice(before);
        merged.push(slot);
        rest = after;
    }
    merged.extend_from_slice(rest);
    *order = merged;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::btree_set;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_order_stays_one(
            here in btree_set(0_u32..200, 0..50), gone in btree_set(0_u32..200, 0..50),
            new in btree_set(200_u32..400, 0..50),
        ) {
            // An order that has nothing to do with the numbers' own.
            let place = |slot: u32| slot.wrapping_mul(2_654_435_761);
            let sorted = |slots: &BTreeSet<u32>| {
                let mut slots: Vec<_> = slots.iter().copied().collect();
                slots.sort_by_key(|slot| place(*slot));
                slots
            };
            let mut order = sorted(&here);
            let mut taken = Slots::default();
            gone.iter().for_each(|slot| taken.insert(*slot));
            take_out(&mut order, &taken);
            put_in(&mut order, new.iter().copied().collect(), |a, b| place(a).cmp(&place(b)));
            prop_assert_eq!(order, sorted(&(&(&here - &gone) | &new)));
        }
    }
}
