//! A link: two ends, and in each direction a queue of messages on their way, as bytes.

use std::collections::VecDeque;

use openprod_core::encoding::DecodeError;
use openprod_core::{Bundle, BundleError, Timestamp, VerifiedBundle};
use openprod_engine::{AdmissionError, LogHead};
use openprod_storage::StorageError;
use openprod_sync::{Delivery, Message, Peer, PeerError};
use thiserror::Error;

use crate::device::workspace;
use crate::network::DeviceId;

/// Numbers the links of a network in the order in which they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId(pub(crate) u64);

/// Why a link ended.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The peer machine gave up.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// What arrived is no message.
    #[error("read message")]
    Message(#[from] DecodeError),
    /// A bundle is forged, damaged, or of another workspace.
    #[error("take in bundles")]
    Bundle(#[from] BundleError),
    /// A bundle is one that no honest author could have written.
    #[error("take in bundles")]
    Refused(#[source] AdmissionError),
    /// The store refused.
    #[error("take in bundles")]
    Storage(#[from] StorageError),
}

/// A link that ended because of an error on one side.
#[derive(Debug)]
pub struct Ending {
    /// When, in microseconds of true time.
    pub at_us: u64,
    /// On whose side.
    pub device: DeviceId,
    /// Why.
    pub error: LinkError,
}

/// A message on its way.
pub(crate) struct Packet {
    pub(crate) arrives_us: u64,
    pub(crate) bytes: Vec<u8>,
}

/// A device's end of a link.
pub(crate) struct Conversation {
    pub(crate) device: DeviceId,
    pub(crate) peer: Peer,
    /// When the machine is asked what it has to say, in microseconds of true time.
    pub(crate) poll_us: u64,
    /// What the disk is busy with, and when it will be done.
    pub(crate) deliveries: VecDeque<(u64, Delivery)>,
}

/// The end of a link that a test holds in its hands.
#[derive(Default)]
pub(crate) struct Hand {
    pub(crate) received: Vec<Message>,
}

pub(crate) enum End {
    Device(Box<Conversation>),
    Hand(Hand),
}

impl End {
    pub(crate) const fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Device(conversation) => Some(conversation.device),
            Self::Hand(_) => None,
        }
    }
}

pub(crate) struct Link {
    pub(crate) ends: [End; 2],
    /// What is on its way to each end.
    pub(crate) towards: [VecDeque<Packet>; 2],
}

impl Link {
    pub(crate) const fn new(ends: [End; 2]) -> Self {
        Self {
            ends,
            towards: [VecDeque::new(), VecDeque::new()],
        }
    }

    /// When something happens on it next, in microseconds of true time.
    pub(crate) fn next_us(&self) -> u64 {
        let ends = self.ends.iter().filter_map(|end| match end {
            End::Device(conversation) => {
                let delivery = conversation.deliveries.front().map_or(u64::MAX, |(at, _)| *at);
                Some(conversation.poll_us.min(delivery))
            }
            End::Hand(_) => None,
        });
        let packets = self.towards.iter().flatten().map(|packet| packet.arrives_us);
        ends.chain(packets).min().unwrap_or(u64::MAX)
    }
}

/// Decodes and verifies a delivery, as a conversation does before the engine sees it.
pub(crate) fn verify(delivery: &Delivery) -> Result<Vec<VerifiedBundle>, BundleError> {
    let id = workspace().id;
    delivery
        .bundles
        .iter()
        .map(|bytes| Bundle::decode(bytes.as_slice())?.verify(id))
        .collect()
}

/// What an honest machine is told of the bundles that were delivered to it.
pub(crate) fn heads(bundles: &[VerifiedBundle]) -> Vec<LogHead> {
    let head = |bundle: &VerifiedBundle| {
        let header = bundle.header();
        LogHead {
            actor: header.actor,
            log: header.log,
            seq: header.seq,
            hash: *bundle.hash(),
        }
    };
    bundles.iter().map(head).collect()
}

/// How long from `from` to `to`, at least `min_us` and at most `max_us`, in microseconds.
pub(crate) fn wait_us(from: Timestamp, to: Timestamp, min_us: u64, max_us: u64) -> u64 {
    to.as_micros()
        .saturating_sub(from.as_micros())
        .clamp(min_us, max_us)
}
