//! The primitives of the lib0 encoding, under the Yjs update format: variable-length integers and strings.
//!
//! Stricter than lib0's own reader: a number has one spelling, and one that does not fit is refused instead of
//! wrapped round, so that what is judged here is what yrs reads afterwards.

use super::update::UpdateError;

/// Reads from the front of a byte slice; no method panics or allocates.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn byte(&mut self) -> Result<u8, UpdateError> {
        let (&byte, rest) = self.bytes.split_first().ok_or(UpdateError::Truncated)?;
        self.bytes = rest;
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], UpdateError> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(UpdateError::Truncated)?;
        self.bytes = rest;
        Ok(*array)
    }

    /// An unsigned integer of at most `max`: seven bits a byte, the least first.
    pub(super) fn unsigned(&mut self, max: u64) -> Result<u64, UpdateError> {
        let first = self.byte()?;
        let number = self.continued(u64::from(first & 0x7f), 7, first)?;
        if number > max {
            return Err(UpdateError::Integer);
        }
        Ok(number)
    }

    pub(super) fn unsigned_32(&mut self) -> Result<u32, UpdateError> {
        let number = self.unsigned(u64::from(u32::MAX))?;
        u32::try_from(number).map_err(|_| UpdateError::Integer)
    }

    /// A signed integer: the first byte holds the sign and six bits. Minus zero is a spelling of its own.
    pub(super) fn signed(&mut self) -> Result<i64, UpdateError> {
        let first = self.byte()?;
        let magnitude = self.continued(u64::from(first & 0x3f), 6, first)?;
        let magnitude = i64::try_from(magnitude).map_err(|_| UpdateError::Integer)?;
        Ok(if first & 0x40 == 0 { magnitude } else { -magnitude })
    }

    pub(super) fn string(&mut self) -> Result<&'a str, UpdateError> {
        let length = self.unsigned_32()? as usize;
        let (string, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or(UpdateError::Truncated)?;
        self.bytes = rest;
        std::str::from_utf8(string).map_err(|_| UpdateError::NotUtf8)
    }

    /// The bytes that go on an integer whose first `bits` bits are known.
    fn continued(&mut self, mut number: u64, mut bits: u32, first: u8) -> Result<u64, UpdateError> {
        let mut last = first;
        while last & 0x80 != 0 {
            last = self.byte()?;
            let part = u64::from(last & 0x7f);
            if bits >= 64 || part.leading_zeros() < bits || last == 0 {
                return Err(UpdateError::Integer);
            }
            number |= part << bits;
            bits += 7;
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_one_spelling_and_do_not_wrap() {
        let read = |bytes: &[u8]| Reader::new(bytes).unsigned(u64::MAX);
        assert_eq!(read(&[5]), Ok(5));
        assert_eq!(read(&[0x80, 1]), Ok(128));
        assert_eq!(read(&[0x85, 0]), Err(UpdateError::Integer));
        assert_eq!(read(&[0x85]), Err(UpdateError::Truncated));
        assert_eq!(
            read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            Ok(u64::MAX)
        );
        assert_eq!(
            read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]),
            Err(UpdateError::Integer)
        );
        assert_eq!(read(&[0xff; 12]), Err(UpdateError::Integer));
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f]).unsigned_32(),
            Err(UpdateError::Integer)
        );
        assert_eq!(Reader::new(&[0x45]).signed(), Ok(-5));
        assert_eq!(Reader::new(&[0x80, 1]).signed(), Ok(64));
        assert_eq!(Reader::new(&[0xff; 12]).signed(), Err(UpdateError::Integer));
    }

    #[test]
    fn string_longer_than_the_bytes_is_truncated() {
        assert_eq!(Reader::new(&[2, b'a', b'b']).string(), Ok("ab"));
        assert_eq!(
            Reader::new(&[3, b'a', b'b']).string(),
            Err(UpdateError::Truncated)
        );
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1]).string(),
            Err(UpdateError::Truncated)
        );
        assert_eq!(Reader::new(&[1, 0xff]).string(), Err(UpdateError::NotUtf8));
    }
}
