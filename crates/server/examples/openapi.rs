//! Prints the OpenAPI document: `cargo run -p openprod-server --example openapi`.

#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&openprod_server::openapi())?);
    Ok(())
}
