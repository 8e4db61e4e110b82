//! The `openprod` program.

fn main() {}
