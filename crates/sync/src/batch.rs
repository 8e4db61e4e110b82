//! Bundles packed for the wire: concatenated, then compressed with zstd.
//!
//! The bundles of a batch share ids, field names and people, so one compressed batch is a fraction of its parts.
//! What a batch unpacks to is bounded before it is unpacked.

use openprod_core::bundle::BUNDLE_BYTES_MAX;
use openprod_core::encoding::{DecodeError, decode_unchecked, encode};
use thiserror::Error;

/// The most that a batch may unpack to, in bytes: one bundle of the largest size, and its framing.
pub const BATCH_BYTES_MAX: usize = BUNDLE_BYTES_MAX + (64 << 10);

/// How much a sender puts into one batch, in bytes: enough to compress well, little enough to flow.
pub const BATCH_BYTES: usize = 256 << 10;

/// The zstd level: measured on CSV imports, higher ones cost more time than they save.
const LEVEL: i32 = 3;

/// Why bytes are not a batch.
#[derive(Debug, Error)]
pub enum BatchError {
    /// It does not decompress, or to more than [`BATCH_BYTES_MAX`].
    #[error("unpack bundles: the batch is damaged, or unpacks to more than {BATCH_BYTES_MAX} bytes")]
    Compression(#[source] std::io::Error),
    /// What it decompresses to is not a list of bundles.
    #[error("unpack bundles")]
    Framing(#[from] DecodeError),
}

/// Packs bundles, in their order.
#[must_use]
pub fn pack(bundles: &[&[u8]]) -> Vec<u8> {
    zstd::bulk::compress(&encode(bundles), LEVEL)
        .expect("compressing from memory to memory has no way to fail")
}

/// Unpacks bundles, in their order; none of them has been looked into.
///
/// # Errors
/// [`BatchError`]; never panics or allocates more than [`BATCH_BYTES_MAX`], whatever the bytes.
pub fn unpack(batch: &[u8]) -> Result<Vec<Vec<u8>>, BatchError> {
    let bytes = zstd::bulk::decompress(batch, BATCH_BYTES_MAX).map_err(BatchError::Compression)?;
    Ok(decode_unchecked(&bytes)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(bundles in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20)) {
            let parts: Vec<&[u8]> = bundles.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(unpack(&pack(&parts)).unwrap(), bundles);
        }

        #[test]
        fn any_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_unfolds() {
        let bomb = zstd::bulk::compress(&vec![0; 4 * BATCH_BYTES_MAX], 19).unwrap();
        assert!(bomb.len() < 10_000);
        assert!(matches!(unpack(&bomb), Err(BatchError::Compression(_))));
    }
}
