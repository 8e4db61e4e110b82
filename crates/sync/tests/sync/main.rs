//! What needs sockets, tasks or time.

mod discovery;
