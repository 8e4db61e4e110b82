//! What two members say to each other once the channel stands between them.

use openprod_core::encoding::{DecodeError, decode, encode};
use openprod_engine::{LogHead, StateHash};
use wincode::{SchemaRead, SchemaWrite};

/// The protocol that this version speaks.
pub const PROTOCOL_VERSION: u16 = 1;

/// The longest message, in bytes: a batch that holds one bundle of the largest size, and its framing.
pub const MESSAGE_BYTES_MAX: usize = (8 << 20) + (64 << 10);

/// Numbers the requests of a connection, so that answers to an abandoned one are recognised.
pub type Round = u32;

/// The round of what is sent unasked.
pub const UNASKED: Round = 0;

/// A message. The order of the variants is part of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub enum Message {
    /// The first message of each side.
    Hello(Hello),
    /// Everything that the sender has stored.
    Heads(Vec<LogHead>),
    /// What the sender has stored since it last told.
    News(Vec<LogHead>),
    /// Asks for [`Message::Heads`].
    AskHeads,
    /// Asks for every bundle that someone with these heads lacks.
    Want {
        /// Names the request.
        round: Round,
        /// What the sender has.
        heads: Vec<LogHead>,
    },
    /// Answers a [`Message::Want`]: how much is coming.
    Totals {
        /// The request.
        round: Round,
        /// How many bundles.
        bundles: u64,
    },
    /// Bundles in causal order, as [`crate::batch`] packs them: an answer, or, in round 0, news that were just
    /// written by the sender.
    Bundles {
        /// The request; 0 for what was not asked for.
        round: Round,
        /// The packed bundles.
        batch: Vec<u8>,
    },
    /// The answer is complete.
    Done {
        /// The request.
        round: Round,
    },
    /// How many messages with bundles of this round the sender has dealt with.
    Ack {
        /// The request; 0 for what was not asked for.
        round: Round,
        /// The count since the round began.
        count: u64,
    },
    /// The sender is alive, and in this state.
    Beat(Beat),
    /// The sender hangs up, and why.
    Bye {
        /// For people to read.
        reason: String,
    },
}

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`].
    pub protocol: u16,
    /// The rules by which the sender derives its state.
    pub derivation: u32,
    /// What the device is called.
    pub name: String,
    /// The port on which it can be dialled.
    pub port: u16,
    /// Its time, in microseconds since the Unix epoch.
    pub now_micros: u64,
}

/// A sign of life, and what is needed to notice that two peers have drifted apart.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Beat {
    /// The sender's time, in microseconds since the Unix epoch.
    pub now_micros: u64,
    /// The digest of the heads that it has stored.
    pub stored: [u8; 32],
    /// The digest of the heads that it has applied.
    pub applied: [u8; 32],
    /// The hash of its derived state.
    pub state: StateHash,
}

impl Message {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`DecodeError`]; never panics, whatever the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }
}

/// The digest of heads, which must be in ascending order.
#[must_use]
pub fn digest<'a>(heads: impl IntoIterator<Item = &'a LogHead>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("openprod 2026 heads digest 1");
    for head in heads {
        hasher.update(&encode(head));
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use openprod_core::{ActorId, BundleHash, LogId};
    use proptest::prelude::*;

    use super::*;

    fn heads() -> impl Strategy<Value = Vec<LogHead>> {
        let head = (
            any::<[u8; 32]>(),
            any::<[u8; 16]>(),
            any::<u64>(),
            any::<[u8; 32]>(),
        )
            .prop_map(|(actor, log, seq, hash)| LogHead {
                actor: ActorId::from_bytes(actor),
                log: LogId::from_bytes(log),
                seq,
                hash: BundleHash::from_bytes(hash),
            });
        prop::collection::vec(head, 0..5)
    }

    fn messages() -> impl Strategy<Value = Message> {
        prop_oneof![
            heads().prop_map(Message::Heads),
            heads().prop_map(Message::News),
            Just(Message::AskHeads),
            (any::<u32>(), heads()).prop_map(|(round, heads)| Message::Want { round, heads }),
            (any::<u32>(), any::<u64>()).prop_map(|(round, bundles)| Message::Totals { round, bundles }),
            (any::<u32>(), any::<Vec<u8>>()).prop_map(|(round, batch)| Message::Bundles { round, batch }),
            any::<u32>().prop_map(|round| Message::Done { round }),
            (any::<u32>(), any::<u64>()).prop_map(|(round, count)| Message::Ack { round, count }),
            any::<String>().prop_map(|reason| Message::Bye { reason }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(message in messages()) {
            prop_assert_eq!(Message::decode(&message.encode()).unwrap(), message);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(message) = Message::decode(&bytes) {
                prop_assert_eq!(message.encode(), bytes);
            }
        }
    }

    #[test]
    fn a_list_that_claims_to_be_endless_is_refused() {
        let mut bytes = vec![1, 253];
        bytes.extend(u64::MAX.to_le_bytes());
        assert!(Message::decode(&bytes).is_err());
    }
}
