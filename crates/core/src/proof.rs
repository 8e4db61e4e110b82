//! One operation, checkable alone: what ties it to the signature on its bundle's header.

use thiserror::Error;
use wincode::{SchemaRead, SchemaWrite};

use crate::bundle::{Bundle, BundleError, Header};
use crate::encoding::decode;
use crate::hash::BundleHash;
use crate::id::BundleId;
use crate::identity::{Purpose, Signature, verify};
use crate::merkle;
use crate::operation::{Operation, Payload, PayloadError};

/// An operation's frame with the signed header and the Merkle path between them.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct OperationProof {
    /// The canonical bytes of the bundle's header.
    pub header: Vec<u8>,
    /// The actor's signature over the header's hash.
    pub signature: Signature,
    /// The operation's place in the bundle, from 0.
    pub index: u32,
    /// The kind of the operation.
    pub kind: u16,
    /// The operation's payload.
    pub payload: Vec<u8>,
    /// The sibling hashes from the operation up to the root, nearest first.
    pub path: Vec<[u8; 32]>,
}

/// Why a proof proves nothing.
#[derive(Debug, Error)]
pub enum ProofError {
    /// The header does not decode.
    #[error("check operation: its header is malformed")]
    Header(#[from] crate::encoding::DecodeError),
    /// The path does not lead from the operation to the signed root.
    #[error("check operation: it is not part of the signed bundle")]
    Path,
    /// The signature is not the actor's.
    #[error("check operation: {0}")]
    Signature(#[source] BundleError),
    /// It is authentic, but cannot be read.
    #[error("check operation: it is authentic but cannot be read")]
    Payload(#[from] PayloadError),
}

impl OperationProof {
    /// Proves operation `index` of `bundle`; `None` when there is none.
    #[must_use]
    pub fn of(bundle: &Bundle, index: u32) -> Option<Self> {
        let (kind, payload) = bundle.raw_payload(index)?;
        Some(Self {
            header: bundle.header_bytes(),
            signature: *bundle.signature(),
            index,
            kind,
            payload: payload.to_vec(),
            path: merkle::path(&bundle.leaves(), index as usize)?,
        })
    }

    /// Checks the proof and returns the operation it proves. Needs nothing but the proof itself.
    ///
    /// # Errors
    /// [`ProofError`]; never panics, whatever the bytes.
    pub fn check(&self) -> Result<Operation, ProofError> {
        let header: Header = decode(&self.header)?;
        let leaf = merkle::leaf(&crate::bundle::frame_bytes(self.kind, &self.payload));
        let root = merkle::root_from_path(&leaf, self.index as usize, header.count as usize, &self.path);
        if root != Some(header.root) {
            return Err(ProofError::Path);
        }
        let hash = BundleHash::from_bytes(*blake3::hash(&self.header).as_bytes());
        if !verify(&header.actor, Purpose::Bundle, hash.as_bytes(), &self.signature) {
            return Err(ProofError::Signature(BundleError::Signature {
                actor: header.actor,
                seq: header.seq,
            }));
        }
        Ok(Operation {
            op_id: BundleId::derive(header.hlc.timestamp(), &hash).operation(self.index),
            index: self.index,
            hlc: header.hlc.plus(self.index),
            actor: header.actor,
            bundle: hash,
            payload: Payload::decode(self.kind, &self.payload)?,
        })
    }
}
