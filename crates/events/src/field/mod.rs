//! Fields of commands that cannot be wrong: each type has a smart constructor, and is read from outside through it.
//!
//! They are the ones that most domains need. A domain's own are made in the same way: a private field, a constructor
//! that returns a [`FieldError`] or an error of its own, and `#[serde(try_from = …)]`.

mod email_address;
mod key;
mod money;
mod percentage;

pub use email_address::EmailAddress;
pub use key::{Key, Kind};
pub use money::{Currency, Money};
pub use percentage::Percentage;
use thiserror::Error;

/// Why a value cannot be that field. The messages are for whoever filled it in, beside the field's name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FieldError {
    /// There is nothing.
    #[error("is empty")]
    Empty,
    /// It is too long.
    #[error("has {bytes} bytes, and {bytes_max} is the most")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest that is allowed.
        bytes_max: usize,
    },
    /// It holds a character that has no place there.
    #[error("holds the character {character:?}")]
    Character {
        /// The first such character.
        character: char,
    },
    /// It has another form.
    #[error("is not {expected}")]
    Form {
        /// What it should be, such as `an email address`.
        expected: &'static str,
    },
    /// It is too small or too large.
    #[error("is not between {least} and {most}")]
    Range {
        /// The smallest that is allowed.
        least: i64,
        /// The largest that is allowed.
        most: i64,
    },
    /// Two amounts of money are of different currencies.
    #[error("is in {found}, and not in {expected}")]
    Currency {
        /// What it should be in.
        expected: Currency,
        /// What it is in.
        found: Currency,
    },
}
