//! A bundle taken apart with the least effort: its canonical form and its Merkle root are not checked.

use ed25519_dalek::VerifyingKey;
use openprod_core::encoding::decode_unchecked;
use openprod_core::operation::SetField;
use openprod_core::{Signature, Value};
use wincode::SchemaRead;

use crate::bench_error::{BenchError, During as _};

/// The kinds of operations that the workloads have, as docs/protocol.md numbers them.
const CREATE_ENTITY: u16 = 1;
const ATTACH_FACET: u16 = 4;
const SET_FIELD: u16 = 6;

/// What every message begins with that a bundle's signature is over.
const LABEL: &[u8] = b"openprod bundle 1\0";

/// A bundle's parts, as docs/protocol.md describes them.
#[derive(SchemaRead)]
pub(crate) struct DecodedBundle<'a> {
    header: &'a [u8],
    signature: Signature,
    frames: Vec<Frame<'a>>,
}

/// The kind of an operation, and its bytes.
#[derive(SchemaRead)]
struct Frame<'a> {
    kind: u16,
    payload: &'a [u8],
}

/// What an operation writes to: its entity, then its facet or field, or zeros.
pub(crate) type Key = [u8; 32];

impl<'a> DecodedBundle<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, BenchError> {
        decode_unchecked(bytes).during("decode a bundle")
    }

    /// Checks the signature, by the author's key.
    pub(crate) fn verify(&self, key: &VerifyingKey) -> Result<(), BenchError> {
        let mut message = [0; LABEL.len() + 32];
        message[..LABEL.len()].copy_from_slice(LABEL);
        message[LABEL.len()..].copy_from_slice(blake3::hash(self.header).as_bytes());
        let signature = ed25519_dalek::Signature::from_bytes(self.signature.as_bytes());
        key.verify_strict(&message, &signature).during("verify")
    }

    /// What each operation writes, with the bytes of its value.
    pub(crate) fn upserts(&self) -> Result<Vec<(Key, &'a [u8])>, BenchError> {
        self.frames.iter().map(Frame::upsert).collect()
    }

    /// What each operation writes, with its value; operations that set no field have none.
    pub(crate) fn values(&self) -> impl Iterator<Item = Result<(Key, Option<Value>), BenchError>> {
        self.frames.iter().map(|frame| {
            if frame.kind != SET_FIELD {
                return Ok((frame.upsert()?.0, None));
            }
            let operation: SetField = decode_unchecked(frame.payload).during("decode an operation")?;
            Ok((
                key(operation.entity.as_bytes(), operation.field.as_bytes()),
                Some(operation.value),
            ))
        })
    }
}

impl<'a> Frame<'a> {
    fn upsert(&self) -> Result<(Key, &'a [u8]), BenchError> {
        // Ids are 16 bytes each: the entity, the facet, and then, of a field that is set, the field.
        let part = |from: usize| self.payload.get(from..from + 16);
        let upsert = match self.kind {
            CREATE_ENTITY => part(0).map(|entity| (key(entity, &[]), &self.payload[16..])),
            ATTACH_FACET => part(0)
                .zip(part(16))
                .map(|(entity, facet)| (key(entity, facet), &self.payload[32..])),
            SET_FIELD => part(0)
                .zip(part(32))
                .map(|(entity, field)| (key(entity, field), &self.payload[48..])),
            _ => None,
        };
        upsert.ok_or_else(|| {
            BenchError::Wrong(format!("no workload has such operations of kind {}", self.kind))
        })
    }
}

fn key(entity: &[u8], of: &[u8]) -> Key {
    let mut key = [0; 32];
    key[..16].copy_from_slice(entity);
    key[16..16 + of.len()].copy_from_slice(of);
    key
}
