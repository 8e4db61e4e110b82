//! The PostgreSQL server that the tests use: whoever runs them starts it and says where it is.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use openprod_events::PostgresConfig;

/// The variable that says where the server is.
const URL_VARIABLE: &str = "OPENPROD_POSTGRES_URL";

/// The variable that names the file to which a test appends a line for what it could not test.
const SKIP_FILE_VARIABLE: &str = "OPENPROD_SKIP_FILE";

/// Where the server is. Without one the test is skipped, says so, and fails in CI, where nobody reads it.
pub(crate) fn url(test: &str) -> Option<String> {
    if let Ok(url) = std::env::var(URL_VARIABLE) {
        return Some(url);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{test} needs a PostgreSQL server, and {URL_VARIABLE} does not name one"
    );
    let line = format!("{test}: no PostgreSQL server ({URL_VARIABLE} is not set)\n");
    print!("SKIPPED: {line}");
    if let Some(path) = std::env::var_os(SKIP_FILE_VARIABLE) {
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
    None
}

/// Settings for a store of its own on that server.
pub(crate) fn fresh(url: &str) -> PostgresConfig {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut config = PostgresConfig::new(url);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    config.schema = format!("t{}_{count}", std::process::id());
    config
}
