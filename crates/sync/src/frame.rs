//! Frames: how a stream of bytes is cut into Noise messages.
//!
//! A frame is its body's length as an unsigned 16-bit number, big-endian, and the body: 1 to 65,535 bytes, which
//! is also the longest Noise message. The limit is lower during the handshake, so that a stranger costs the
//! memory of one handshake message at most.

use thiserror::Error;

/// The longest body of a frame, in bytes.
pub const FRAME_BYTES_MAX: usize = u16::MAX as usize;

const PREFIX_BYTES: usize = 2;

/// A stream that is not made of frames; nothing after it can be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FrameError {
    /// A frame announces more bytes than are accepted now. None of them was waited for or given memory.
    #[error("read frame: it announces {claimed} bytes of at most {limit}")]
    TooLong {
        /// The bytes announced.
        claimed: usize,
        /// The bytes accepted.
        limit: usize,
    },
    /// A frame announces no byte.
    #[error("read frame: it announces no byte")]
    Empty,
}

/// Gathers bytes as they arrive and gives them out as frames; holds one unfinished frame at most.
#[derive(Debug)]
pub struct FrameBuffer {
    limit: usize,
    /// The prefix and the body as far as they have arrived.
    bytes: Vec<u8>,
}

impl FrameBuffer {
    /// An empty buffer that accepts bodies of up to `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: Vec::new(),
        }
    }

    /// Accepts bodies of up to `limit` bytes from the next frame on.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Takes from the front of `input` what completes one frame and gives out its body; `None` when all of
    /// `input` was taken and more is needed. To be called until it gives `None`.
    ///
    /// # Errors
    /// [`FrameError`] for a length that is not accepted, and again at every later call.
    pub fn take(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        self.gather(input, PREFIX_BYTES);
        let Some(&prefix) = self.bytes.first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let claimed = usize::from(u16::from_be_bytes(prefix));
        if claimed == 0 {
            return Err(FrameError::Empty);
        }
        if claimed > self.limit {
            return Err(FrameError::TooLong {
                claimed,
                limit: self.limit,
            });
        }
        let whole = PREFIX_BYTES + claimed;
        self.gather(input, whole);
        if self.bytes.len() < whole {
            return Ok(None);
        }
        let mut body = std::mem::take(&mut self.bytes);
        body.drain(..PREFIX_BYTES);
        Ok(Some(body))
    }

    /// Whether no byte of an unfinished frame is held: whether the stream may end here.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn gather(&mut self, input: &mut &[u8], until: usize) {
        let missing = until.saturating_sub(self.bytes.len());
        let (taken, rest) = input.split_at(missing.min(input.len()));
        self.bytes.extend_from_slice(taken);
        *input = rest;
    }
}

/// Appends to `out` the prefix of a body of `length` bytes.
///
/// # Panics
/// When the body is empty or longer than [`FRAME_BYTES_MAX`].
pub(crate) fn push_prefix(out: &mut Vec<u8>, length: usize) {
    assert!(length > 0, "a frame has a body");
    let length = u16::try_from(length).expect("no Noise message is longer than a frame");
    out.extend_from_slice(&length.to_be_bytes());
}

/// The frame around `body`, which must have 1 to [`FRAME_BYTES_MAX`] bytes.
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(PREFIX_BYTES + body.len());
    push_prefix(&mut out, body.len());
    out.extend_from_slice(body);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn take_all(buffer: &mut FrameBuffer, mut input: &[u8]) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut bodies = Vec::new();
        while let Some(body) = buffer.take(&mut input)? {
            bodies.push(body);
        }
        assert!(input.is_empty(), "what needs more bytes has taken all there are");
        Ok(bodies)
    }

    #[test]
    fn claim_beyond_the_limit_is_refused_for_good_and_costs_no_memory() {
        let mut buffer = FrameBuffer::new(192);
        let refusal = Err(FrameError::TooLong {
            claimed: 65_535,
            limit: 192,
        });
        assert_eq!(take_all(&mut buffer, &[0xff, 0xff, 1, 2, 3]), refusal);
        assert_eq!(take_all(&mut buffer, &[0, 1, 9]), refusal);
        assert!(buffer.bytes.capacity() <= 8, "{}", buffer.bytes.capacity());
    }

    #[test]
    fn longest_frame_passes_and_an_empty_one_does_not() {
        let body = vec![5; FRAME_BYTES_MAX];
        let mut buffer = FrameBuffer::new(FRAME_BYTES_MAX);
        assert_eq!(take_all(&mut buffer, &frame(&body)), Ok(vec![body]));
        assert_eq!(take_all(&mut buffer, &[0, 0]), Err(FrameError::Empty));
    }

    #[test]
    fn raised_limit_holds_for_the_next_frame() {
        let mut buffer = FrameBuffer::new(2);
        let stream = [frame(&[1, 2]), frame(&[3, 4, 5])].concat();
        let mut input = stream.as_slice();
        assert_eq!(buffer.take(&mut input), Ok(Some(vec![1, 2])));
        buffer.set_limit(3);
        assert_eq!(buffer.take(&mut input), Ok(Some(vec![3, 4, 5])));
        assert!(buffer.is_empty());
    }

    proptest! {
        #[test]
        fn frames_survive_any_cutting_of_the_stream(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..400), 0..8),
            cuts in prop::collection::vec(1_usize..300, 1..40),
        ) {
            let stream: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
            let mut buffer = FrameBuffer::new(FRAME_BYTES_MAX);
            let mut taken = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, later) = rest.split_at(cut.min(rest.len()));
                taken.extend(take_all(&mut buffer, piece).unwrap());
                rest = later;
            }
            prop_assert_eq!(taken, bodies);
            prop_assert!(buffer.is_empty());
        }

        #[test]
        fn any_stream_gives_frames_within_the_limit_or_an_error(
            stream in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..2_000),
            limit in 0_usize..500,
        ) {
            let mut buffer = FrameBuffer::new(limit);
            if let Ok(bodies) = take_all(&mut buffer, &stream) {
                prop_assert!(bodies.iter().all(|body| (1..=limit).contains(&body.len())));
            }
        }
    }
}
