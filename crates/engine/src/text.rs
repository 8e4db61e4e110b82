//! Text and lists that several people write at once: one Yrs document for each field.
//!
//! **What is valid** is judged here and not by yrs, from the delta and its author's causal past alone, so that
//! every peer takes the same deltas in whatever order they come: [`update`] reads the bytes, [`document`] judges
//! them by [`clocks`] (who could have seen what) and [`order`] (what stands before what), and only then yrs
//! integrates them. Decision 0008 says why each rule is needed.
//!
//! **Start reading** at [`document::Document::apply`].

mod client;
mod clocks;
mod delta_error;
mod document;
mod json;
mod order;
mod reader;
#[cfg(test)]
mod tests;
mod update;
mod writing;

pub use client::{ClientId, client_id};
pub use delta_error::{DELTA_BYTES_MAX, DeltaError};
pub(crate) use document::{Bundle, Document};
pub use update::{ContentKind, Place, UpdateError};

/// What kind of content a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A text; offsets count UTF-16 units, as editors do.
    Text,
    /// A list of JSON values.
    List,
}

impl Kind {
    /// The name of the root type in the Yjs document.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::List => "list",
        }
    }
}

/// What a document holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The text.
    Text(String),
    /// The values of the list, in order.
    List(Vec<serde_json::Value>),
}

impl Content {
    /// What kind of content it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::List(_) => Kind::List,
        }
    }
}
