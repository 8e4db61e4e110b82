//! The `openprod` program as a library: what its commands are made of, so that tests and benches can drive it.
//!
//! **Owns** what a person gives and gets at the command line: CSV files in and out, and the demo show.
//!
//! **Refuses to know** how data is stored, signed or synced: it hands values to the engine and prints its answers.
//!
//! **Start reading** at [`csv_source`], the road from a file to typed rows.

pub mod csv_export;
pub mod csv_source;
pub mod demo_show;
