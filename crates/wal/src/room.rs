//! Room in the file of the write-ahead log, ahead of its use.
//!
//! A flush of a file that has grown must write down its new length too, which on a journalling file system is a commit of
//! its journal: it costs half as much again as a flush of bytes that are written over, or more. SQLite grows the file with
//! every commit until it begins anew. So the file is made longer here by larger steps, with zeros, and it is not cut back
//! as long as it is not too long.
//!
//! SQLite reads a write-ahead log up to the first frame whose checksum does not fit, and takes a header of zeros for an
//! empty log (<https://sqlite.org/fileformat2.html#the_write_ahead_log>): zeros at its end are as if they were not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// By how much the file is made longer, in bytes: some dozens of commits.
const STEP: u64 = 512 << 10;

/// How much room the next commit is to find, in bytes. A larger one makes the file longer by itself.
const AHEAD: u64 = 64 << 10;

/// The file of a write-ahead log.
#[derive(Debug)]
pub(crate) struct Room {
    path: PathBuf,
    /// How long the file was when it was last looked at, in bytes.
    length: u64,
    /// Beyond this many bytes no room is made.
    length_max: u64,
}

impl Room {
    /// The room of the write-ahead log of a database.
    pub(crate) fn beside(database: &Path, length_max: u64) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self {
            path: path.into(),
            length: 0,
            length_max,
        }
    }

    /// How long the file was when it was last looked at, in bytes.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// Looks how long the file is now.
    pub(crate) fn look(&mut self) {
        self.length = fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
    }

    /// Makes the file longer when little is left of it beyond the `used` bytes. That it cannot be done is no failure: then
    /// each commit makes it longer, as it does without.
    pub(crate) fn make(&mut self, writer: &Connection, used: u64) {
        let wanted = used.saturating_add(AHEAD);
        if wanted <= self.length || wanted > self.length_max {
            return;
        }
        self.look();
        if wanted <= self.length {
            return;
        }
        if let Err(error) = self.lengthen(writer) {
            tracing::debug!(%error, "no room was made for the write-ahead log");
            // Not to be tried again at every commit.
            self.length_max = 0;
        }
    }

    fn lengthen(&mut self, writer: &Connection) -> io::Result<()> {
        // Frames are only written by whoever holds the lock that this takes, so nobody writes where the zeros go.
        let begun = writer
            .prepare_cached("BEGIN IMMEDIATE")
            .and_then(|mut begin| begin.execute([]));
        begun.map_err(io::Error::other)?;
        let written = append_zeros(&self.path);
        let ended = writer
            .prepare_cached("ROLLBACK")
            .and_then(|mut rollback| rollback.execute([]));
        self.length = written?;
        ended.map(drop).map_err(io::Error::other)
    }
}

/// Appends a step of zeros to a file, or nothing. Gives its length.
fn append_zeros(path: &Path) -> io::Result<u64> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let written = write_zeros(&mut file);
    if written.is_err() {
        file.set_len(length)?;
    }
    written.map(|()| length + STEP)
}

fn write_zeros(file: &mut File) -> io::Result<()> {
    // Written, and not only reserved: a flush would have to write down that reserved bytes are used now.
    let zeros = [0; 64 << 10];
    for _ in 0..STEP / zeros.len() as u64 {
        file.write_all(&zeros)?;
    }
    Ok(())
}
