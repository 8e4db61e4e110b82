//! The one place that names the byte format.
//!
//! The bytes are bincode's: little-endian, variable-length integers, lengths and enum tags as integers, no
//! field names. `wincode` writes them (decision 0002); golden vectors hold the format, so that the crate behind
//! this file can be changed without a reader of old logs noticing.
//!
//! Decoding is *canonical*: the value must encode to exactly the bytes it came from. Variable-length integers
//! have several spellings and readers accept them all, so without this check two peers could hold one bundle
//! under two hashes.

use thiserror::Error;
use wincode::config::{ConfigCore as _, Configuration, PREALLOCATION_SIZE_LIMIT_DISABLED};
use wincode::int_encoding::{LittleEndian, VarInt};
use wincode::len::BincodeLen;
use wincode::{SchemaRead, SchemaWrite};

/// The largest input that [`decode`] reads, in bytes: a bundle (8 MiB) and room for its framing.
pub const DECODE_BYTES_MAX: usize = 9 << 20;

/// The room that a decode may set aside for one list or text before it has read the elements.
const PREALLOCATION_BYTES_MAX: usize = DECODE_BYTES_MAX;

type ReadFormat =
    Configuration<true, PREALLOCATION_BYTES_MAX, BincodeLen, LittleEndian, VarInt, u32, DECODE_BYTES_MAX>;

const READ_FORMAT: ReadFormat = Configuration::default()
    .with_varint_encoding()
    .with_preallocation_size_limit::<PREALLOCATION_BYTES_MAX>()
    .with_deserialization_size_limit::<DECODE_BYTES_MAX>();

const _: () = assert!(matches!(
    ReadFormat::DESERIALIZATION_SIZE_LIMIT,
    Some(DECODE_BYTES_MAX)
));

/// The same bytes without the reader's limits. `wincode` holds writers to the limit on preallocation too, so
/// with one format for both a long text would have no encoding instead of one that is found to be too long.
type WriteFormat =
    Configuration<true, PREALLOCATION_SIZE_LIMIT_DISABLED, BincodeLen, LittleEndian, VarInt, u32>;

const WRITE_FORMAT: WriteFormat = Configuration::default()
    .with_varint_encoding()
    .disable_preallocation_size_limit();

/// A type that can be written in the workspace's byte format.
pub trait Encode: SchemaWrite<WriteFormat, Src = Self> {}
impl<T: SchemaWrite<WriteFormat, Src = T> + ?Sized> Encode for T {}

/// A type that can be read from the workspace's byte format; it may borrow from the input.
pub trait Decode<'a>: SchemaRead<'a, ReadFormat, Dst = Self> {}
impl<'a, T: SchemaRead<'a, ReadFormat, Dst = T>> Decode<'a> for T {}

/// Why bytes are not a value.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The input is longer than any value may be.
    #[error("decode: {len} bytes are more than the {DECODE_BYTES_MAX} allowed")]
    TooLarge {
        /// Length of the input, in bytes.
        len: usize,
    },
    /// The bytes end early, hold an unknown tag, are not UTF-8, or go on after the value.
    #[error("decode: the bytes are malformed")]
    Malformed(#[source] wincode::ReadError),
    /// The bytes are a value, but not in its one canonical spelling.
    #[error("decode: the bytes are not in canonical form")]
    NotCanonical,
}

/// Returns the canonical bytes of `value`, however many: whether a reader would take them is not asked here.
#[must_use]
pub fn encode<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    wincode::config::serialize(value, WRITE_FORMAT)
        .expect("a value in memory has an encoding: no type here can refuse, and no length is limited")
}

/// The length of [`encode`]'s result in bytes, found without writing it.
#[must_use]
pub fn encoded_len<T: Encode + ?Sized>(value: &T) -> usize {
    wincode::config::serialized_size(value, WRITE_FORMAT)
        .ok()
        .and_then(|len| usize::try_from(len).ok())
        .expect("a value in memory has an encoding, about as long as it is there")
}

/// Appends the canonical bytes of `value` to `out`.
pub fn encode_into<T: Encode + ?Sized>(value: &T, out: &mut Vec<u8>) {
    wincode::config::serialize_into(out, value, WRITE_FORMAT)
        .expect("a value in memory has an encoding, and a Vec takes it");
}

/// Reads a value and refuses every spelling of it but the canonical one.
///
/// # Errors
/// [`DecodeError`]; never panics, whatever the bytes.
pub fn decode<'a, T: Decode<'a> + Encode>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    let value: T = decode_unchecked(bytes)?;
    if encode(&value) != bytes {
        return Err(DecodeError::NotCanonical);
    }
    Ok(value)
}

/// Reads a value that this process wrote itself (rows of its own database), without the canonical check.
///
/// # Errors
/// [`DecodeError::Malformed`] or [`DecodeError::TooLarge`]; never panics, whatever the bytes.
pub fn decode_unchecked<'a, T: Decode<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    if bytes.len() > DECODE_BYTES_MAX {
        return Err(DecodeError::TooLarge { len: bytes.len() });
    }
    wincode::config::deserialize_exact(bytes, READ_FORMAT).map_err(DecodeError::Malformed)
}
