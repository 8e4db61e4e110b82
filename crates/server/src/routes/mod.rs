//! One file a noun: what each route takes and gives, and the command or query that it becomes.

pub(crate) mod audit;
pub(crate) mod away;
pub(crate) mod cells;
pub(crate) mod changes;
pub(crate) mod conflicts;
pub(crate) mod decisions;
pub(crate) mod doctor;
pub(crate) mod edge_list;
pub(crate) mod edges;
pub(crate) mod events;
pub(crate) mod field_mappings;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod memberships;
pub(crate) mod merges;
pub(crate) mod overlay_diff;
pub(crate) mod overlays;
pub(crate) mod peers;
pub(crate) mod records;
pub(crate) mod references;
pub(crate) mod session;
pub(crate) mod tables;
pub(crate) mod text;
pub(crate) mod undo;
pub(crate) mod verify;
pub(crate) mod workspace;
