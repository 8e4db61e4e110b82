//! What is written is read, and nothing else is.

use openprod_core::encoding::{decode, encode};
use openprod_core::{Bundle, Identity, Payload, Value, seal};
use proptest::prelude::*;

use crate::arbitrary::{draft, payload, value};

proptest! {
    #[test]
    fn values_survive(value in value()) {
        prop_assert_eq!(decode::<Value>(&encode(&value)).unwrap(), value);
    }

    #[test]
    fn payloads_survive(payload in payload()) {
        prop_assert_eq!(Payload::decode(payload.kind(), &payload.encode()).unwrap(), payload);
    }

    #[test]
    fn bundles_survive(draft in draft(), seed in any::<[u8; 32]>()) {
        let sealed = seal(&Identity::from_seed(&seed), draft.clone()).unwrap();
        let read = Bundle::decode(sealed.bytes().to_vec()).unwrap();
        prop_assert_eq!(read.hash(), sealed.hash());
        prop_assert_eq!(read.header(), sealed.header());
        let payloads: Vec<_> = read.payloads().map(|(_, payload)| payload.unwrap()).collect();
        prop_assert_eq!(payloads, draft.payloads);
        prop_assert!(read.verify(draft.workspace).is_ok());
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 0u16..60) {
        if let Ok(value) = decode::<Value>(&bytes) {
            prop_assert_eq!(encode(&value), bytes.clone());
        }
        if let Ok(payload) = Payload::decode(kind, &bytes) {
            prop_assert_eq!(payload.encode(), bytes.clone());
        }
        prop_assert!(Bundle::decode(bytes).is_err(), "nobody guesses a Merkle root");
    }
}
