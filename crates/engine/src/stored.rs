//! Reading back the rows that this crate wrote.

use openprod_core::encoding::{Decode, decode_unchecked};
use openprod_storage::{Space, StorageError};

/// Decodes a stored row of `space`.
///
/// # Errors
/// [`StorageError::DamagedRow`] when the bytes are not what was written.
pub(crate) fn stored<'a, T: Decode<'a>>(space: Space, bytes: &'a [u8]) -> Result<T, StorageError> {
    decode_unchecked(bytes).map_err(|_| StorageError::DamagedRow { space: space.name() })
}
