//! Making bundles: the only way by which this device's own changes become signed bytes.

use thiserror::Error;

use crate::bundle::{
    BUNDLE_BYTES_MAX, FORMAT_VERSION, Header, HeaderError, OPERATIONS_MAX, Seen, VerifiedBundle, assemble,
    check_header, frame_bytes,
};
use crate::encoding::encode;
use crate::hash::BundleHash;
use crate::hlc::Hlc;
use crate::id::{LogId, WorkspaceId};
use crate::identity::{Identity, Purpose, Signature};
use crate::intent::Intent;
use crate::merkle;
use crate::operation::{LIST_MAX, Payload};

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
    /// An operation holds a list of more than [`LIST_MAX`].
    #[error(
        "seal bundle: operation {index} holds a list of {count}, more than the {LIST_MAX} allowed; split the operation"
    )]
    ListTooLong {
        /// The operation's place, from 0.
        index: usize,
        /// How many elements the list has.
        count: usize,
    },
    /// A part of the command's envelope is too long.
    #[error("seal bundle: a part of the command's envelope is too long or out of order")]
    IntentTooLong,
    /// Every peer would refuse the bundle, and all of this log that comes after it.
    #[error("seal bundle: its header cannot be")]
    Header(#[from] HeaderError),
}

/// Signs a draft, if [`Bundle::decode`](crate::Bundle::decode) will take the result: a signed bundle that peers
/// refuse would be the last of its log that anyone gets.
///
/// # Errors
/// [`SealError`] when the change does not fit into a bundle, or the header contradicts itself; never panics.
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
    for (index, payload) in draft.payloads.iter().enumerate() {
        let count = payload.list_len();
        if count > LIST_MAX {
            return Err(SealError::ListTooLong { index, count });
        }
    }
    // Measured before it is written, so that what does not fit takes no memory a second time.
    let len = draft
        .payloads
        .iter()
        .map(Payload::encoded_len)
        .fold(0, usize::saturating_add);
    if len > BUNDLE_BYTES_MAX {
        return Err(SealError::TooLarge { len });
    }
    let frames: Vec<_> = draft
        .payloads
        .iter()
        .map(|payload| (payload.kind(), payload.encode()))
        .collect();
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
    check_header(&header)?;
    let bundle = seal_header(identity, header, &frames);
    if bundle.bytes().len() > BUNDLE_BYTES_MAX {
        return Err(SealError::TooLarge {
            len: bundle.bytes().len(),
        });
    }
    Ok(bundle)
}

fn seal_header(identity: &Identity, header: Header, frames: &[(u16, Vec<u8>)]) -> VerifiedBundle {
    let hash = blake3::hash(&encode(&header));
    let signature: Signature = identity.sign(Purpose::Bundle, hash.as_bytes());
    VerifiedBundle::sealed(assemble(header, signature, frames))
}
