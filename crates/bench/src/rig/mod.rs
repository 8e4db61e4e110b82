//! What the benches run on: stores, engines with their sync in this process, and engines as processes.

pub(crate) mod clock;
pub(crate) mod counting_proxy;
pub(crate) mod http_client;
pub(crate) mod node;
pub(crate) mod process;
pub(crate) mod stores;
