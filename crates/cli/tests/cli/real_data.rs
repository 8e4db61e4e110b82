//! The real data that tests read where it is there.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The five tables, and how many records each has.
pub(crate) const NYPHIL: [(&str, u64); 5] = [
    ("people", 866),
    ("venues", 149),
    ("concerts", 1_766),
    ("programme_items", 4_850),
    ("engagements", 9_778),
];

/// The directory with the five files; `None`, and said so, when it is not there.
#[expect(clippy::print_stdout, reason = "a skip is told to whoever runs the tests")]
pub(crate) fn nyphil(test: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = std::env::var_os("OPENPROD_TEST_DATA").unwrap_or_else(|| "../shared/data".into());
    let nyphil = root.join(data).join("nyphil");
    if nyphil.is_dir() {
        return Some(nyphil);
    }
    let line = format!("{test}: no real data (nyphil) here\n");
    print!("SKIPPED: {line}");
    if let Some(file) = std::env::var_os("OPENPROD_SKIP_FILE") {
        let mut file = std::fs::File::options()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
    None
}
