//! One operation, checked alone.

use openprod_core::encoding::{decode, encode};
use openprod_core::{Identity, OperationProof, seal};
use proptest::prelude::*;

use crate::arbitrary::draft;

proptest! {
    #[test]
    fn every_operation_proves_itself_and_no_altered_one_does(draft in draft(), at in any::<prop::sample::Index>()) {
        let bundle = seal(&Identity::from_seed(&[1; 32]), draft).unwrap();
        for index in 0..bundle.len() {
            let proof = OperationProof::of(&bundle, index).unwrap();
            prop_assert_eq!(Some(proof.check().unwrap()), bundle.operation(index));
            let bytes = encode(&proof);
            prop_assert_eq!(&decode::<OperationProof>(&bytes).unwrap(), &proof);
            let mut forged = bytes.clone();
            let at = at.index(forged.len());
            forged[at] ^= 0x10;
            if let Ok(forged) = decode::<OperationProof>(&forged) {
                prop_assert!(forged.check().is_err());
            }
        }
        prop_assert!(OperationProof::of(&bundle, bundle.len()).is_none());
    }
}
