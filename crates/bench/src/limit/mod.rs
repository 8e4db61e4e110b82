//! Programs that do only what cannot be left out of the same work: what the engine is measured against.

pub(crate) mod decoded_bundle;
pub(crate) mod event_rows;
pub(crate) mod event_table;
pub(crate) mod http_store;
pub(crate) mod receiver;
pub(crate) mod scan;
pub(crate) mod table;
