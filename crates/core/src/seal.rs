//! Making bundles: the only way by which this device's own changes become signed bytes.

use thiserror::Error;

use crate::bundle::{
    BUNDLE_BYTES_MAX, FORMAT_VERSION, Header, OPERATIONS_MAX, Seen, VerifiedBundle, assemble, frame_bytes,
};
use crate::hash::BundleHash;
use crate::hlc::Hlc;
use crate::id::{LogId, WorkspaceId};
use crate::identity::{Identity, Purpose, Signature};
use crate::intent::Intent;
use crate::merkle;
use crate::operation::Payload;

/// A bundle before it is signed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The log that it continues.
    pub log: LogId,
    /// Its number there.
    pub seq: u64,
    /// Its predecessor there; [`BundleHash::NONE`] for the first.
    pub prev: BundleHash,
    /// The time of its first operation.
    pub hlc: Hlc,
    /// What was seen since `prev`, in any order.
    pub seen: Vec<Seen>,
    /// The command behind it.
    pub intent: Intent,
    /// What it does, in order.
    pub payloads: Vec<Payload>,
}

/// Why a draft cannot be sealed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SealError {
    /// Nothing to do.
    #[error("seal bundle: it has no operations")]
    Empty,
    /// More than [`OPERATIONS_MAX`].
    #[error("seal bundle: {count} operations are more than the {OPERATIONS_MAX} allowed; split the change")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// More than [`BUNDLE_BYTES_MAX`].
    #[error("seal bundle: {len} bytes are more than the {BUNDLE_BYTES_MAX} allowed; split the change")]
    TooLarge {
        /// How long it would be.
        len: usize,
    },
    /// A text of the command's envelope is too long.
    #[error("seal bundle: a text of the command's envelope is too long")]
    IntentTooLong,
}

/// Signs a draft.
///
/// # Errors
/// [`SealError`] when the change does not fit into a bundle.
pub fn seal(identity: &Identity, mut draft: Draft) -> Result<VerifiedBundle, SealError> {
    if draft.payloads.is_empty() {
        return Err(SealError::Empty);
    }
    if draft.payloads.len() > OPERATIONS_MAX {
        return Err(SealError::TooMany {
            count: draft.payloads.len(),
        });
    }
    if !draft.intent.is_bounded() {
        return Err(SealError::IntentTooLong);
    }
    draft.seen.sort_unstable();
    draft.seen.dedup();
    let frames: Vec<_> = draft
        .payloads
        .iter()
        .map(|payload| (payload.kind(), payload.encode()))
        .collect();
    let len: usize = frames.iter().map(|(_, payload)| payload.len()).sum();
    if len > BUNDLE_BYTES_MAX {
        return Err(SealError::TooLarge { len });
    }
    let leaves: Vec<_> = frames
        .iter()
        .map(|(kind, payload)| merkle::leaf(&frame_bytes(*kind, payload)))
        .collect();
    let header = Header {
        version: FORMAT_VERSION,
        workspace: draft.workspace,
        actor: identity.actor(),
        log: draft.log,
        seq: draft.seq,
        prev: draft.prev,
        hlc: draft.hlc,
        seen: draft.seen,
        intent: draft.intent,
        root: merkle::root(&leaves),
        count: frames.len() as u32,
    };
    let bundle = seal_header(identity, header, &frames);
    if bundle.bytes().len() > BUNDLE_BYTES_MAX {
        return Err(SealError::TooLarge {
            len: bundle.bytes().len(),
        });
    }
    Ok(bundle)
}

fn seal_header(identity: &Identity, header: Header, frames: &[(u16, Vec<u8>)]) -> VerifiedBundle {
    let hash = blake3::hash(&crate::encoding::encode(&header));
    let signature: Signature = identity.sign(Purpose::Bundle, hash.as_bytes());
    VerifiedBundle::sealed(assemble(header, signature, frames))
}
