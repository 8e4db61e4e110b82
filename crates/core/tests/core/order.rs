//! The canonical order of operations.

use openprod_core::{Identity, seal};
use proptest::prelude::*;

use crate::arbitrary::draft;

proptest! {
    #[test]
    fn operations_of_a_bundle_are_in_order_and_unique(draft in draft()) {
        let bundle = seal(&Identity::from_seed(&[1; 32]), draft).unwrap();
        let keys: Vec<_> = (0..bundle.len()).map(|index| {
            let operation = bundle.operation(index).unwrap();
            (operation.hlc, operation.op_id)
        }).collect();
        prop_assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(bundle.last_hlc(), keys[keys.len() - 1].0);
    }

    #[test]
    fn order_is_total_and_the_same_however_it_is_sorted(drafts in prop::collection::vec(draft(), 2..5)) {
        let mut keys = Vec::new();
        for (seed, draft) in drafts.into_iter().enumerate() {
            let bundle = seal(&Identity::from_seed(&[seed as u8; 32]), draft).unwrap();
            keys.extend((0..bundle.len()).map(|index| bundle.operation(index).unwrap()).map(|op| (op.hlc, op.op_id)));
        }
        let mut forward = keys.clone();
        forward.sort();
        keys.reverse();
        keys.sort();
        prop_assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "no two are equal");
        prop_assert_eq!(forward, keys);
    }
}
