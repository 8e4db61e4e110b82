//! The `openprod` program as a library: what its commands are made of, so that tests and benches can drive it.
//!
//! **Owns** what a person gives and gets at the command line: commands, CSV files in and out, and the demo show.
//!
//! **Refuses to know** how data is stored, signed or synced. Every command is an HTTP client of an engine: the one
//! that runs on the data directory, or one that it starts for as long as it takes. There is no second road.
//!
//! **Start reading** at [`run`], then `commands/` for one file a command; [`csv_source`] is the road from a file
//! to typed rows.

mod command_line;
mod command_name;
mod commands;
mod console;
pub mod csv_export;
pub mod csv_source;
pub mod demo_show;
mod device_name;
mod engine_client;
mod engine_session;
mod failure;
mod field_json;
mod record_batch;
mod store_address;
mod table_view;

pub use command_line::run;
pub use failure::ExitStatus;
