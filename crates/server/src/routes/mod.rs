//! One file a noun: what each route takes and gives, and the command or query that it becomes.

pub(crate) mod conflicts;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod peers;
pub(crate) mod records;
pub(crate) mod session;
pub(crate) mod tables;
pub(crate) mod verify;
pub(crate) mod workspace;
