//! Names for the commands that this program gives to an engine.

use std::time::{SystemTime, UNIX_EPOCH};

use openprod_core::{CommandId, Timestamp};

/// A new name.
pub(crate) fn new_command_id() -> CommandId {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut entropy = [0; 10];
    getrandom::fill(&mut entropy).expect("the systems that we run on always give randomness");
    CommandId::new(
        Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX)),
        entropy,
    )
}
