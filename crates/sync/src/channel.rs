//! The channel: what follows the handshake, sealed messages both ways.
//!
//! A message of any length up to a limit travels as its length, an unsigned 32-bit number, big-endian, and its
//! bytes, cut into Noise plaintexts of 65,519 bytes of which only the last is shorter. There is thus one way to
//! cut a message, no endless run of empty pieces, and a length that is too large is refused in the first piece.
//!
//! The two directions are independent, so that one task may write while another reads. Keys live as long as the
//! connection: a direction's nonce has 64 bits and needs no new key before 2⁶⁴ − 1 frames.

use std::sync::Arc;

use openprod_core::{ActorId, WorkspaceId};
use snow::{HandshakeState, StatelessTransportState};
use thiserror::Error;

use crate::frame::{FRAME_BYTES_MAX, push_prefix};

/// The longest message, in bytes: the largest bundle, 8 MiB, and as much again for what comes with it.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

const TAG_BYTES: usize = 16;
const PIECE_BYTES: usize = FRAME_BYTES_MAX - TAG_BYTES;
const LENGTH_BYTES: usize = 4;

/// Why a channel cannot go on, or a message not go out.
#[derive(Debug, Error, PartialEq)]
pub enum ChannelError {
    /// A message longer than [`MESSAGE_BYTES_MAX`], ours or theirs. Ours is not sent and the channel goes on.
    #[error("carry message: it has {bytes} bytes of at most {MESSAGE_BYTES_MAX}")]
    TooLong {
        /// Its bytes.
        bytes: usize,
    },
    /// A piece could not be sealed.
    #[error("seal message")]
    Seal(#[source] snow::Error),
    /// A frame was tampered with, lost, repeated or made by someone else.
    #[error("open frame {number}")]
    Open {
        /// The frame's place in its direction, from 0.
        number: u64,
        /// What Noise said.
        source: snow::Error,
    },
    /// A message was cut otherwise than there is a way to.
    #[error("open frame {number}: its piece has {found} bytes instead of {expected}")]
    Cut {
        /// The frame's place in its direction, from 0.
        number: u64,
        /// The bytes of the piece.
        found: usize,
        /// The bytes it should have; for a first piece that holds no length, the least it could have.
        expected: usize,
    },
    /// An earlier frame was refused; nothing more is read.
    #[error("open frame: an earlier one was refused")]
    Broken,
}

/// An authenticated, encrypted connection to one actor in one workspace.
#[derive(Debug)]
pub struct Channel {
    peer: ActorId,
    workspace: WorkspaceId,
    session: [u8; 32],
    initiator: bool,
    sealer: Sealer,
    opener: Opener,
}

impl Channel {
    /// `handshake` must be finished, and `peer` be proven in it.
    pub(crate) fn new(
        handshake: HandshakeState,
        peer: ActorId,
        workspace: WorkspaceId,
    ) -> Result<Self, snow::Error> {
        let session = handshake
            .get_handshake_hash()
            .try_into()
            .expect("BLAKE2s gives 32 bytes");
        let initiator = handshake.is_initiator();
        let state = Arc::new(handshake.into_stateless_transport_mode()?);
        let sealer = Sealer {
            state: Arc::clone(&state),
            frames: 0,
            bytes: 0,
        };
        let opener = Opener {
            state,
            frames: 0,
            bytes: 0,
            broken: false,
            piece: vec![0; PIECE_BYTES].into_boxed_slice(),
            message: Vec::new(),
            missing: None,
        };
        Ok(Self {
            peer,
            workspace,
            session,
            initiator,
            sealer,
            opener,
        })
    }

    /// The actor on the other side, proven by signature.
    #[must_use]
    pub const fn peer(&self) -> ActorId {
        self.peer
    }

    /// The workspace that both are members of.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The hash of the whole handshake: the same on both sides, and different for every connection.
    #[must_use]
    pub const fn session(&self) -> &[u8; 32] {
        &self.session
    }

    /// Whether this side dialled.
    #[must_use]
    pub const fn is_initiator(&self) -> bool {
        self.initiator
    }

    /// See [`Sealer::seal`].
    ///
    /// # Errors
    /// Those of [`Sealer::seal`].
    pub fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.sealer.seal(message)
    }

    /// See [`Opener::open`].
    ///
    /// # Errors
    /// Those of [`Opener::open`].
    pub fn open(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>, ChannelError> {
        self.opener.open(frame)
    }

    /// Parts the two directions, for a task each.
    #[must_use]
    pub fn split(self) -> (Sealer, Opener) {
        (self.sealer, self.opener)
    }
}

/// The outgoing direction of a channel.
#[derive(Debug)]
pub struct Sealer {
    state: Arc<StatelessTransportState>,
    frames: u64,
    bytes: u64,
}

impl Sealer {
    /// Seals a message into one or more frames, prefixes included, ready for the wire in this order.
    ///
    /// # Errors
    /// [`ChannelError::TooLong`], after which the channel goes on; [`ChannelError::Seal`], after which it is to
    /// be closed.
    pub fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(ChannelError::TooLong { bytes: message.len() });
        }
        let length = u32::try_from(message.len()).expect("the longest message is far below 4 GiB");
        let (start, rest) = message.split_at(message.len().min(PIECE_BYTES - LENGTH_BYTES));
        let first = [&length.to_be_bytes(), start].concat();
        let pieces = 1 + rest.len().div_ceil(PIECE_BYTES);
        let mut out = Vec::with_capacity(LENGTH_BYTES + message.len() + pieces * (2 + TAG_BYTES));
        self.seal_piece(&first, &mut out)?;
        for piece in rest.chunks(PIECE_BYTES) {
            self.seal_piece(piece, &mut out)?;
        }
        self.bytes += out.len() as u64;
        Ok(out)
    }

    /// The frames sealed.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// The bytes handed out, prefixes included.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    fn seal_piece(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), ChannelError> {
        let length = piece.len() + TAG_BYTES;
        push_prefix(out, length);
        let start = out.len();
        out.resize(start + length, 0);
        self.state
            .write_message(self.frames, piece, &mut out[start..])
            .map_err(ChannelError::Seal)?;
        self.frames += 1;
        Ok(())
    }
}

/// The incoming direction of a channel.
pub struct Opener {
    state: Arc<StatelessTransportState>,
    frames: u64,
    bytes: u64,
    broken: bool,
    piece: Box<[u8]>,
    message: Vec<u8>,
    /// The bytes that the message begun still lacks; `None` between messages.
    missing: Option<usize>,
}

impl Opener {
    /// Opens the body of the next frame; gives out the message that it completes.
    ///
    /// # Errors
    /// [`ChannelError`], and [`ChannelError::Broken`] ever after: the connection is to be closed.
    pub fn open(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>, ChannelError> {
        if self.broken {
            return Err(ChannelError::Broken);
        }
        let opened = self.open_piece(frame);
        self.broken = opened.is_err();
        opened
    }

    /// The frames opened.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// The bytes of the frames opened, prefixes included.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    fn open_piece(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>, ChannelError> {
        let number = self.frames;
        let found = self
            .state
            .read_message(number, frame, &mut self.piece)
            .map_err(|source| ChannelError::Open { number, source })?;
        self.frames += 1;
        self.bytes += 2 + frame.len() as u64;

        let piece = &self.piece[..found];
        let (claimed, body) = match self.missing {
            Some(missing) => (missing, piece),
            None => {
                let (length, body) = piece
                    .split_first_chunk::<LENGTH_BYTES>()
                    .ok_or(ChannelError::Cut {
                        number,
                        found,
                        expected: LENGTH_BYTES,
                    })?;
                (
                    usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX),
                    body,
                )
            }
        };
        if claimed > MESSAGE_BYTES_MAX {
            return Err(ChannelError::TooLong { bytes: claimed });
        }
        let around = found - body.len();
        let expected = (around + claimed).min(PIECE_BYTES);
        if found != expected {
            return Err(ChannelError::Cut {
                number,
                found,
                expected,
            });
        }
        self.message.extend_from_slice(body);
        let missing = claimed - body.len();
        self.missing = (missing > 0).then_some(missing);
        Ok((missing == 0).then(|| std::mem::take(&mut self.message)))
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Opener")
            .field("frames", &self.frames)
            .field("broken", &self.broken)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use openprod_core::Identity;
    use proptest::prelude::*;

    use super::*;
    use crate::frame::FrameBuffer;
    use crate::handshake::{Credentials, Initiator, Responder};
    use crate::replay::ReplayGuard;
    use crate::secret::{Membership, WorkspaceSecret};

    fn pair() -> (Channel, Channel) {
        let membership = Membership {
            workspace: WorkspaceId::from_u128(1),
            secret: WorkspaceSecret::from_bytes([9; 32]),
        };
        let credentials = |seed| Credentials::new(Identity::from_seed(&[seed; 32]), [seed + 100; 32]);
        let (initiator, first) = Initiator::start(&membership, &credentials(1)).unwrap();
        let (responder, second) = Responder::answer(
            &first[2..],
            &[membership],
            &credentials(2),
            &mut ReplayGuard::default(),
        )
        .unwrap();
        let (dialling, third) = initiator.finish(&second[2..]).unwrap();
        (dialling, responder.finish(&third[2..]).unwrap())
    }

    fn bodies(mut stream: &[u8]) -> Vec<Vec<u8>> {
        let mut frames = FrameBuffer::new(FRAME_BYTES_MAX);
        let mut bodies = Vec::new();
        while let Some(body) = frames.take(&mut stream).unwrap() {
            bodies.push(body);
        }
        assert!(frames.is_empty());
        bodies
    }

    fn carry(from: &mut Channel, to: &mut Channel, message: &[u8]) -> usize {
        let bodies = bodies(&from.seal(message).unwrap());
        let (last, earlier) = bodies.split_last().unwrap();
        for body in earlier {
            assert_eq!(to.open(body), Ok(None));
        }
        assert!(
            to.open(last).unwrap().as_deref() == Some(message),
            "{} bytes",
            message.len()
        );
        bodies.len()
    }

    #[test]
    fn messages_around_the_size_of_a_frame_arrive_whole() {
        let (mut here, mut there) = pair();
        for (length, frames) in [
            (0, 1),
            (1, 1),
            (65_514, 1),
            (65_515, 1),
            (65_516, 2),
            (131_034, 2),
            (131_035, 3),
        ] {
            assert_eq!(
                carry(&mut here, &mut there, &vec![7; length]),
                frames,
                "{length} bytes"
            );
            assert_eq!(
                carry(&mut there, &mut here, &vec![8; length]),
                frames,
                "{length} bytes"
            );
        }
        assert_eq!(here.sealer.frames(), there.opener.frames());
        assert_eq!(here.sealer.bytes(), there.opener.bytes());
    }

    #[test]
    fn five_mebibytes_arrive_whole() {
        let (mut here, mut there) = pair();
        let message: Vec<u8> = (0..5 << 20)
            .map(|i: u32| (i ^ (i >> 8) ^ (i >> 16)) as u8)
            .collect();
        assert_eq!(carry(&mut here, &mut there, &message), 81);
    }

    #[test]
    fn directions_are_independent_of_each_other() {
        let (here, there) = pair();
        let ((mut out, mut back), (mut answer, mut hear)) = (here.split(), there.split());
        let asked = out.seal(b"one").unwrap();
        let answered = answer.seal(b"two").unwrap();
        assert_eq!(back.open(&answered[2..]), Ok(Some(b"two".to_vec())));
        assert_eq!(hear.open(&asked[2..]), Ok(Some(b"one".to_vec())));
    }

    #[test]
    fn message_beyond_the_limit_is_not_sent_and_the_channel_goes_on() {
        let (mut here, mut there) = pair();
        let bytes = MESSAGE_BYTES_MAX + 1;
        assert_eq!(here.seal(&vec![0; bytes]), Err(ChannelError::TooLong { bytes }));
        carry(&mut here, &mut there, b"after");
    }

    /// Seals one Noise plaintext as it is, as a member with bad intentions could.
    fn seal_raw(channel: &mut Channel, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        channel.sealer.seal_piece(piece, &mut out).unwrap();
        out.split_off(2)
    }

    #[test]
    fn claimed_length_beyond_the_limit_is_refused_before_memory_is_given() {
        for claimed in [MESSAGE_BYTES_MAX as u32 + 1, u32::MAX] {
            let (mut here, mut there) = pair();
            let frame = seal_raw(&mut here, &claimed.to_be_bytes());
            assert_eq!(
                there.open(&frame),
                Err(ChannelError::TooLong {
                    bytes: claimed as usize
                })
            );
            assert_eq!(there.opener.message.capacity(), 0);
            let next = here.seal(b"next").unwrap();
            assert_eq!(there.open(&next[2..]), Err(ChannelError::Broken));
        }
    }

    #[test]
    fn message_cut_in_another_way_is_refused() {
        let cut = |number, found, expected| {
            Err(ChannelError::Cut {
                number,
                found,
                expected,
            })
        };
        let (mut here, mut there) = pair();
        assert_eq!(there.open(&seal_raw(&mut here, &[0, 0, 0])), cut(0, 3, 4));
        let (mut here, mut there) = pair();
        assert_eq!(there.open(&seal_raw(&mut here, &[0, 0, 0, 2, 1])), cut(0, 5, 6));
        let (mut here, mut there) = pair();
        assert_eq!(there.open(&seal_raw(&mut here, &[0, 0, 0, 0, 1])), cut(0, 5, 4));
        let (mut here, mut there) = pair();
        let mut first = vec![0; PIECE_BYTES];
        first[..4].copy_from_slice(&100_000_u32.to_be_bytes());
        assert_eq!(there.open(&seal_raw(&mut here, &first)), Ok(None));
        assert_eq!(
            there.open(&seal_raw(&mut here, &[])),
            cut(1, 0, 100_000 + 4 - PIECE_BYTES)
        );
    }

    #[test]
    fn repeated_reordered_and_reflected_frames_are_refused() {
        let (mut here, mut there) = pair();
        let one = here.seal(b"one").unwrap();
        there.open(&one[2..]).unwrap();
        assert!(
            matches!(there.open(&one[2..]), Err(ChannelError::Open { number: 1, .. })),
            "repeated"
        );

        let (mut here, mut there) = pair();
        let (_, two) = (here.seal(b"one").unwrap(), here.seal(b"two").unwrap());
        assert!(
            matches!(there.open(&two[2..]), Err(ChannelError::Open { number: 0, .. })),
            "reordered"
        );

        let (mut here, _) = pair();
        let one = here.seal(b"one").unwrap();
        assert!(
            matches!(here.open(&one[2..]), Err(ChannelError::Open { .. })),
            "reflected"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn garbage_and_damaged_frames_are_refused_for_good(
            garbage in prop::collection::vec(any::<u8>(), 0..300),
            place: prop::sample::Index,
            bit in 0_u8..8,
            kind in 0..3,
        ) {
            let (mut here, mut there) = pair();
            let mut frame = here.seal(b"a message of some length").unwrap().split_off(2);
            match kind {
                0 => frame = garbage,
                1 => frame.truncate(place.index(frame.len())),
                _ => { let place = place.index(frame.len()); frame[place] ^= 1 << bit; }
            }
            prop_assert!(there.open(&frame).is_err());
            let next = here.seal(b"next").unwrap();
            prop_assert_eq!(there.open(&next[2..]), Err(ChannelError::Broken));
        }

        #[test]
        fn any_plaintext_of_a_member_is_read_or_refused(
            pieces in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..40), 1..5),
        ) {
            let (mut here, mut there) = pair();
            for piece in pieces {
                let frame = seal_raw(&mut here, &piece);
                if let Ok(Some(message)) = there.open(&frame) {
                    prop_assert_eq!(message.len() + 4, piece.len());
                }
            }
        }
    }
}
