//! The program from outside: the real binary, in directories of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod bad_files;
mod demo;
mod demo_pair;
mod device;
mod doctor;
mod past;
mod real_data;
mod round_trip;
mod running_engine;
mod settings;
mod store;
mod two_devices;
mod usage;
