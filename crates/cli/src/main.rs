//! The `openprod` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(openprod_cli::run(std::env::args_os()) as u8)
}
