//! One operation, checkable alone: what ties it to the signature on its bundle's header.

use thiserror::Error;
use wincode::{SchemaRead, SchemaWrite};

use crate::bundle::{BUNDLE_BYTES_MAX, Bundle, BundleError, Header, HeaderError, check_header};
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
    /// No bundle can have this header.
    #[error("check operation: its header cannot be")]
    NoBundle(#[from] HeaderError),
    /// The header and the payload alone are longer than [`BUNDLE_BYTES_MAX`].
    #[error("check operation: {len} bytes are more than the {BUNDLE_BYTES_MAX} that a bundle has")]
    TooLarge {
        /// Their length in bytes.
        len: usize,
    },
    /// The bundle has fewer operations.
    #[error("check operation: there is no operation {index} in a bundle of {count}")]
    NoSuchOperation {
        /// The place it claims, from 0.
        index: u32,
        /// How many operations there are.
        count: u32,
    },
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
        let len = self.header.len().saturating_add(self.payload.len());
        if len > BUNDLE_BYTES_MAX {
            return Err(ProofError::TooLarge { len });
        }
        let header: Header = decode(&self.header)?;
        check_header(&header)?;
        if self.index >= header.count {
            return Err(ProofError::NoSuchOperation {
                index: self.index,
                count: header.count,
            });
        }
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
