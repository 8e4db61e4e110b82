//! Saying what cannot be tested here; the convention is in `docs/testing.md`.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Says that `test` cannot do its work here because `missing` is: on standard output, and in the file that
/// `OPENPROD_SKIP_FILE` names. The test must return then.
///
/// # Panics
/// When that file cannot be written: a skip that nobody sees must not pass for a test.
pub fn skip(test: &str, missing: &str) {
    let line = format!("{test}: {missing}\n");
    #[expect(clippy::print_stdout, reason = "this is how a test says that it was skipped")]
    {
        print!("SKIPPED: {line}");
    }
    if let Some(path) = std::env::var_os("OPENPROD_SKIP_FILE") {
        let file = OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("OPENPROD_SKIP_FILE can be appended to");
    }
}
