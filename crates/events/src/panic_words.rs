//! What a panic said.

use std::any::Any;

/// The longest message that is kept, in characters.
const CHARACTERS_MAX: usize = 500;

/// The message of a panic, cut short; other values that can be thrown have none.
pub(crate) fn panic_words(panic: &(dyn Any + Send)) -> String {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    words
        .unwrap_or("it gave no message")
        .chars()
        .take(CHARACTERS_MAX)
        .collect()
}
