//! The wall clock and ambient randomness: the engine takes both as values, and this is where they come from.

use std::time::{SystemTime, UNIX_EPOCH};

use openprod_core::Timestamp;

/// The time of this device.
pub(crate) fn now() -> Timestamp {
    // A clock before 1970 is unset; the engine's logical clock carries on from what it has seen.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// Random bytes from the system.
pub(crate) fn entropy<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the systems that we run on always give randomness");
    bytes
}

/// A time in RFC 3339, in UTC.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
    let instant = openprod_core::value::DateTime {
        micros,
        offset_minutes: 0,
    };
    openprod_core::Value::DateTime(instant).to_text()
}
