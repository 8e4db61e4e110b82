//! The bundle: the unit of signing, storage, sync and atomicity.
//!
//! `bundle = header ‖ signature ‖ operations`. The signature covers the header's hash; the header holds the
//! Merkle root of the operations, the previous header's hash, and `seen`: what its author knew. So one
//! signature makes a whole bundle, its place in its log and its causal past authentic.
//!
//! [`Bundle::decode`] judges framing only; [`Bundle::verify`] judges the workspace and the signature. What
//! needs other bundles (the chain, the causal past) is for the engine to judge.

use std::sync::Arc;

use thiserror::Error;
use wincode::{SchemaRead, SchemaWrite};

use crate::encoding::{DecodeError, decode, decode_unchecked, encode, encode_into};
use crate::hash::{BundleHash, OperationHash};
use crate::hlc::Hlc;
use crate::id::{ActorId, BundleId, LogId, WorkspaceId};
use crate::identity::{Purpose, Signature, verify};
use crate::intent::Intent;
use crate::merkle;
use crate::operation::{Operation, Payload, PayloadError};

/// The format that this version writes and reads.
pub const FORMAT_VERSION: u16 = 1;

/// The most operations a bundle holds.
pub const OPERATIONS_MAX: usize = 65_536;

/// The longest bundle, in bytes.
pub const BUNDLE_BYTES_MAX: usize = 8 << 20;

/// The most entries in [`Header::seen`]: far more logs than a team ever has.
pub const SEEN_MAX: usize = 4_096;

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Header {
    /// [`FORMAT_VERSION`].
    pub version: u16,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// Who signs.
    pub actor: ActorId,
    /// Which of the actor's logs it continues.
    pub log: LogId,
    /// Its number in that log, from 1, without gaps.
    pub seq: u64,
    /// The hash of bundle `seq − 1`; [`BundleHash::NONE`] for the first.
    pub prev: BundleHash,
    /// The time of its first operation; exceeds that of everything in its causal past.
    pub hlc: Hlc,
    /// What the author's clock gained on other logs since `prev`, in ascending order, without repeats.
    pub seen: Vec<Seen>,
    /// The command that led to it.
    pub intent: Intent,
    /// The Merkle root of the operations' frames.
    pub root: [u8; 32],
    /// How many operations there are, at least one.
    pub count: u32,
}

/// An entry of the author's vector clock: it had applied this bundle of another log, and so all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub struct Seen {
    /// Who wrote that log.
    pub actor: ActorId,
    /// The log.
    pub log: LogId,
    /// The bundle's number.
    pub seq: u64,
    /// The first 16 bytes of the bundle's hash, which say which branch is meant should the log fork.
    pub prefix: [u8; 16],
}

/// Why bytes are not a bundle of this workspace.
#[derive(Debug, Error)]
pub enum BundleError {
    /// Longer than [`BUNDLE_BYTES_MAX`].
    #[error("read bundle: {len} bytes are more than the {BUNDLE_BYTES_MAX} allowed")]
    TooLarge {
        /// Its length in bytes.
        len: usize,
    },
    /// The bytes are malformed or not canonical.
    #[error("read bundle: its framing is wrong")]
    Framing(#[from] DecodeError),
    /// No bundle can have this header.
    #[error("read bundle: its header cannot be")]
    Header(#[from] HeaderError),
    /// The operations are not those that the header speaks of.
    #[error("read bundle: {0}")]
    Inconsistent(&'static str),
    /// It belongs to another workspace.
    #[error("verify bundle: it belongs to workspace {found}, not to {expected}")]
    WrongWorkspace {
        /// The workspace it was offered to.
        expected: WorkspaceId,
        /// The workspace it names.
        found: WorkspaceId,
    },
    /// The signature is not the actor's.
    #[error("verify bundle: the signature of {actor} does not fit bundle {seq}")]
    Signature {
        /// Who is said to have signed.
        actor: ActorId,
        /// The bundle's number.
        seq: u64,
    },
}

/// Why no bundle can have a header, whoever signed it. Readers refuse it, and so nobody may write it.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HeaderError {
    /// A format that this version does not read.
    #[error("format {version} needs a newer version of this program")]
    Version {
        /// The format it claims.
        version: u16,
    },
    /// No operation, or more than [`OPERATIONS_MAX`].
    #[error("{count} operations are not between 1 and {OPERATIONS_MAX}")]
    Count {
        /// How many it claims.
        count: u32,
    },
    /// Number 0, a first bundle with a predecessor, or a later one without.
    #[error("number {seq} does not fit its predecessor: number 1 has none, and every later one has one")]
    Predecessor {
        /// The bundle's number.
        seq: u64,
    },
    /// The low four bits of the wall time are set.
    #[error("its time is not in canonical form")]
    TimeNotCanonical,
    /// Its last operation, or whatever comes after it, would be later than the last time there is.
    #[error("time ends before {count} operations and a successor have their turn; is the clock right?")]
    TimeEnds {
        /// How many operations it claims.
        count: u32,
    },
    /// More than [`SEEN_MAX`] entries.
    #[error("it names {count} logs as seen, more than the {SEEN_MAX} allowed; name them in several bundles")]
    SeenTooLong {
        /// How many it names.
        count: usize,
    },
    /// The entries do not ascend strictly.
    #[error("what it has seen is out of order or repeated")]
    SeenOutOfOrder,
    /// Bundles count from 1.
    #[error("it claims to have seen bundle 0 of log {log}; bundles count from 1")]
    SeenNothing {
        /// The log in question.
        log: LogId,
    },
    /// A part of the intent is longer than it may be, or out of order.
    #[error("a part of its intent is too long or out of order")]
    IntentTooLong,
}

#[derive(SchemaRead, SchemaWrite)]
struct Frame<'a> {
    kind: u16,
    payload: &'a [u8],
}

#[derive(SchemaRead, SchemaWrite)]
struct Parts<'a> {
    header: &'a [u8],
    signature: Signature,
    frames: Vec<Frame<'a>>,
}

/// Where a frame's payload stands in the bundle's bytes.
#[derive(Clone, Copy, Debug)]
struct Place {
    kind: u16,
    frame: u32,
    payload: u32,
    end: u32,
}

/// A bundle whose framing is sound; who wrote it is not yet known.
#[derive(Clone, Debug)]
pub struct Bundle {
    bytes: Arc<[u8]>,
    header: Header,
    signature: Signature,
    hash: BundleHash,
    places: Vec<Place>,
}

impl Bundle {
    /// Reads a bundle and checks everything that its own bytes can say.
    ///
    /// # Errors
    /// [`BundleError`], of the kinds that begin with "read bundle"; never panics, whatever the bytes.
    pub fn decode(bytes: impl Into<Arc<[u8]>>) -> Result<Self, BundleError> {
        let bytes = bytes.into();
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLarge { len: bytes.len() });
        }
        let parts: Parts<'_> = decode_unchecked(&bytes)?;
        let header: Header = decode(parts.header)?;
        check_header(&header)?;
        if parts.frames.len() != header.count as usize {
            return Err(BundleError::Inconsistent(
                "it holds another number of operations than its header says",
            ));
        }
        let (canonical, places) = frame(parts.header, &parts.signature, &parts.frames);
        if canonical != *bytes {
            return Err(DecodeError::NotCanonical.into());
        }
        let bundle = Self {
            hash: BundleHash::from_bytes(*blake3::hash(parts.header).as_bytes()),
            signature: parts.signature,
            header,
            places,
            bytes,
        };
        if merkle::root(&bundle.leaves()) != bundle.header.root {
            return Err(BundleError::Inconsistent(
                "its operations are not those that its header was signed for",
            ));
        }
        Ok(bundle)
    }

    /// Checks that the bundle belongs to `workspace` and that its actor signed it.
    ///
    /// # Errors
    /// [`BundleError::WrongWorkspace`] and [`BundleError::Signature`].
    pub fn verify(self, workspace: WorkspaceId) -> Result<VerifiedBundle, BundleError> {
        if self.header.workspace != workspace {
            return Err(BundleError::WrongWorkspace {
                expected: workspace,
                found: self.header.workspace,
            });
        }
        if !verify(
            &self.header.actor,
            Purpose::Bundle,
            self.hash.as_bytes(),
            &self.signature,
        ) {
            return Err(BundleError::Signature {
                actor: self.header.actor,
                seq: self.header.seq,
            });
        }
        Ok(VerifiedBundle(self))
    }

    /// The signed header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The hash of the header, which identifies the bundle.
    #[must_use]
    pub const fn hash(&self) -> &BundleHash {
        &self.hash
    }

    /// The id derived from the hash.
    #[must_use]
    pub fn id(&self) -> BundleId {
        BundleId::derive(self.header.hlc.timestamp(), &self.hash)
    }

    /// The actor's signature over the header's hash.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The canonical bytes of the whole bundle: what is stored and sent.
    #[must_use]
    pub const fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// The canonical bytes of the header.
    #[must_use]
    pub fn header_bytes(&self) -> Vec<u8> {
        encode(&self.header)
    }

    /// How many operations it holds.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.header.count
    }

    /// Never: a bundle holds at least one operation.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.header.count == 0
    }

    /// The time of the last operation: what the next bundle must exceed.
    #[must_use]
    pub fn last_hlc(&self) -> Hlc {
        self.header.hlc.plus(self.header.count - 1)
    }

    /// The first operation kind that this version does not know, if there is one.
    #[must_use]
    pub fn unknown_kind(&self) -> Option<u16> {
        let known = |kind| {
            Payload::KINDS
                .binary_search_by_key(&kind, |(known, _)| *known)
                .is_ok()
        };
        self.places
            .iter()
            .map(|place| place.kind)
            .find(|kind| !known(*kind))
    }

    /// The payload of operation `index`; `None` when there is no such operation.
    #[must_use]
    pub fn payload(&self, index: u32) -> Option<Result<Payload, PayloadError>> {
        let (kind, payload) = self.raw_payload(index)?;
        Some(Payload::decode(kind, payload))
    }

    /// The kind and the undecoded payload of operation `index`.
    #[must_use]
    pub fn raw_payload(&self, index: u32) -> Option<(u16, &[u8])> {
        let place = self.places.get(index as usize)?;
        Some((
            place.kind,
            &self.bytes[place.payload as usize..place.end as usize],
        ))
    }

    /// The operations in order, each with its payload or the reason that it has none.
    pub fn payloads(&self) -> impl Iterator<Item = (u32, Result<Payload, PayloadError>)> {
        (0..self.len()).filter_map(|index| Some((index, self.payload(index)?)))
    }

    /// Operation `index` with its derived ids; `None` when there is none, or its payload does not decode.
    #[must_use]
    pub fn operation(&self, index: u32) -> Option<Operation> {
        Some(Operation {
            op_id: self.id().operation(index),
            index,
            hlc: self.header.hlc.plus(index),
            actor: self.header.actor,
            bundle: self.hash,
            payload: self.payload(index)?.ok()?,
        })
    }

    /// The bytes of the frame of operation `index`: what its leaf hashes.
    #[must_use]
    pub fn frame(&self, index: u32) -> Option<&[u8]> {
        let place = self.places.get(index as usize)?;
        Some(&self.bytes[place.frame as usize..place.end as usize])
    }

    /// The leaves of the Merkle tree over the operations, in order.
    #[must_use]
    pub fn leaves(&self) -> Vec<OperationHash> {
        self.places
            .iter()
            .map(|place| merkle::leaf(&self.bytes[place.frame as usize..place.end as usize]))
            .collect()
    }
}

/// A bundle that is known to be its author's: it was sealed here, verified, or read back from our own store.
#[derive(Clone, Debug)]
pub struct VerifiedBundle(Bundle);

impl VerifiedBundle {
    /// Reads a bundle that this process verified before it stored it; the signature is not checked again.
    ///
    /// Only storage may call this; clippy bans it elsewhere.
    ///
    /// # Errors
    /// [`BundleError`] when the stored bytes are damaged: framing, header and Merkle root are checked.
    pub fn from_own_store(bytes: impl Into<Arc<[u8]>>) -> Result<Self, BundleError> {
        Bundle::decode(bytes).map(Self)
    }

    /// Gives up the proof of authorship, for checking it again.
    #[must_use]
    pub fn into_bundle(self) -> Bundle {
        self.0
    }

    pub(crate) const fn sealed(bundle: Bundle) -> Self {
        Self(bundle)
    }
}

impl std::ops::Deref for VerifiedBundle {
    type Target = Bundle;

    fn deref(&self) -> &Bundle {
        &self.0
    }
}

/// Puts a header, its signature and payloads together, without judging them.
pub(crate) fn assemble(header: Header, signature: Signature, frames: &[(u16, Vec<u8>)]) -> Bundle {
    let header_bytes = encode(&header);
    let frames: Vec<_> = frames
        .iter()
        .map(|(kind, payload)| Frame { kind: *kind, payload })
        .collect();
    let (bytes, places) = frame(&header_bytes, &signature, &frames);
    Bundle {
        bytes: bytes.into(),
        hash: BundleHash::from_bytes(*blake3::hash(&header_bytes).as_bytes()),
        header,
        signature,
        places,
    }
}

/// The bytes of a frame that is not yet in a bundle.
pub(crate) fn frame_bytes(kind: u16, payload: &[u8]) -> Vec<u8> {
    encode(&Frame { kind, payload })
}

/// Writes the canonical bytes, noting where each frame stands.
fn frame(header: &[u8], signature: &Signature, frames: &[Frame<'_>]) -> (Vec<u8>, Vec<Place>) {
    let payload_bytes: usize = frames.iter().map(|frame| frame.payload.len() + 8).sum();
    let mut bytes = Vec::with_capacity(header.len() + payload_bytes + 80);
    encode_into(&header, &mut bytes);
    encode_into(signature, &mut bytes);
    encode_into(&(frames.len() as u64), &mut bytes);
    let places = frames
        .iter()
        .map(|frame| {
            let start = bytes.len();
            encode_into(frame, &mut bytes);
            let end = bytes.len();
            Place {
                kind: frame.kind,
                frame: start as u32,
                payload: (end - frame.payload.len()) as u32,
                end: end as u32,
            }
        })
        .collect();
    (bytes, places)
}

/// What every header must fulfil by itself, whether it is read, proved by, or about to be signed.
pub(crate) fn check_header(header: &Header) -> Result<(), HeaderError> {
    let (seq, count) = (header.seq, header.count);
    if header.version != FORMAT_VERSION {
        return Err(HeaderError::Version {
            version: header.version,
        });
    }
    if count == 0 || count as usize > OPERATIONS_MAX {
        return Err(HeaderError::Count { count });
    }
    if seq == 0 || (seq == 1) != (header.prev == BundleHash::NONE) {
        return Err(HeaderError::Predecessor { seq });
    }
    if !header.hlc.is_canonical() {
        return Err(HeaderError::TimeNotCanonical);
    }
    // Not only the last operation: without room for a successor, nobody who has seen it could write again.
    if header.hlc.checked_plus(count).is_none() {
        return Err(HeaderError::TimeEnds { count });
    }
    if header.seen.len() > SEEN_MAX {
        return Err(HeaderError::SeenTooLong {
            count: header.seen.len(),
        });
    }
    if !header.seen.windows(2).all(|pair| pair[0] < pair[1]) {
        return Err(HeaderError::SeenOutOfOrder);
    }
    if let Some(seen) = header.seen.iter().find(|seen| seen.seq == 0) {
        return Err(HeaderError::SeenNothing { log: seen.log });
    }
    if !header.intent.is_bounded() {
        return Err(HeaderError::IntentTooLong);
    }
    Ok(())
}
