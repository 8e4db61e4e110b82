//! What a command led to.

use serde::de::DeserializeOwned;

use super::command_error::CommandError;
use crate::commit::{AppendResult, Committed};
use crate::error::StoreError;
use crate::stream::StreamPosition;

/// What a command led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<A> {
    /// What whoever gave it is told: the first answer, if it was given before.
    pub answer: A,
    /// Its events; absent when there were none.
    pub append: Option<AppendResult>,
    /// Where each written stream ended with them, once each and by name.
    pub streams: Vec<StreamPosition>,
    /// Whether it was carried out before, so that nothing was done now.
    pub repeated: bool,
    /// How often it was decided until that held, from 1 on.
    pub attempts: u32,
}

impl<A: DeserializeOwned> Outcome<A> {
    /// Reads the answer of a commit that was for a command.
    pub(crate) fn of(committed: Committed, attempts: u32) -> Result<Self, CommandError> {
        let answer = committed.result.ok_or_else(|| {
            CommandError::Store(StoreError::Database(
                "it gave no answer to a command that it committed".into(),
            ))
        })?;
        Ok(Self {
            answer: answer
                .read()
                .map_err(|source| CommandError::UnreadableAnswer { source })?,
            append: committed.append,
            streams: committed.streams,
            repeated: committed.repeated,
            attempts,
        })
    }
}
