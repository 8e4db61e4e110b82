//! The high-water mark: how far the log had come, noted outside the database.
//!
//! A log can lose its tail behind our back: a disk that lied about a flush, a write-ahead log that was deleted, an
//! older copy put in place. Going on from there would give bundle numbers a second time, which looks like a fork.
//! So the last position is kept in a small file of its own, and compared on opening. The file is rewritten in
//! place without a flush: it costs microseconds, and what it protects against is loss of the *other* file. A
//! missing or torn mark proves nothing, and counts as none.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use openprod_core::{BlobHash, BundleHash};

use crate::error::StorageError;
use crate::storage::{Position, Read};

/// The first bytes of the file: what it is, and its version.
const HEADING: &[u8; 8] = b"opmark\0\x01";

/// The length of the file: heading, position, hash, checksum.
const MARK_BYTES: usize = 8 + 8 + 32 + 16;

/// Where a log ended when it was last committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The place of the last bundle; `Position(0)` for an empty log.
    pub position: Position,
    /// Its hash; [`BundleHash::NONE`] for an empty log.
    pub hash: BundleHash,
}

impl Mark {
    /// The mark of an empty log.
    pub const EMPTY: Self = Self {
        position: Position(0),
        hash: BundleHash::NONE,
    };

    fn encode(&self) -> [u8; MARK_BYTES] {
        let mut bytes = [0; MARK_BYTES];
        bytes[..8].copy_from_slice(HEADING);
        bytes[8..16].copy_from_slice(&self.position.0.to_le_bytes());
        bytes[16..48].copy_from_slice(self.hash.as_bytes());
        let checksum = BlobHash::of(&bytes[..48]);
        bytes[48..].copy_from_slice(&checksum.as_bytes()[..16]);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (heading, rest) = bytes.split_first_chunk::<8>()?;
        let (position, rest) = rest.split_first_chunk::<8>()?;
        let (hash, _) = rest.split_first_chunk::<32>()?;
        let mark = Self {
            position: Position(u64::from_le_bytes(*position)),
            hash: BundleHash::from_bytes(*hash),
        };
        (heading == HEADING && mark.encode() == *bytes).then_some(mark)
    }

    /// Whether a log lacks what this mark saw in it: it ends earlier, or holds another bundle there.
    ///
    /// # Errors
    /// [`StorageError`] when the log cannot be read.
    pub fn is_missing_from(&self, log: &dyn Read) -> Result<bool, StorageError> {
        let Some(before) = self.position.0.checked_sub(1) else {
            return Ok(false);
        };
        let found = log.places(Position(before), 1)?;
        Ok(!found
            .iter()
            .any(|place| place.position == self.position && place.hash == self.hash))
    }
}

/// The file that holds the mark.
#[derive(Debug)]
pub struct HighWater {
    file: File,
    path: PathBuf,
}

impl HighWater {
    /// The file that belongs to a database.
    #[must_use]
    pub fn path_beside(database: &Path) -> PathBuf {
        database.with_extension("mark")
    }

    /// Opens the file, or makes it, and reads what it says; `None` when it says nothing that can be trusted.
    ///
    /// # Errors
    /// [`StorageError::Io`] when the file can be neither opened nor made.
    pub fn open(path: &Path) -> Result<(Self, Option<Mark>), StorageError> {
        let io = |source| StorageError::Io {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(io)?;
        let mut bytes = Vec::with_capacity(MARK_BYTES + 1);
        // One byte more than a mark has, so that a longer file is not taken for one.
        (&file)
            .take(MARK_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        Ok((
            Self {
                file,
                path: path.to_owned(),
            },
            Mark::decode(&bytes),
        ))
    }

    /// Notes how far the log has come. A failure is only logged: the commit before it stands.
    pub fn record(&mut self, mark: Mark) {
        let written = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&mark.encode()));
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "the high-water mark could not be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark {
        position: Position(7),
        hash: BundleHash::from_bytes([9; 32]),
    };

    #[test]
    fn mark_survives_reopening_and_is_rewritten_in_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = HighWater::path_beside(&directory.path().join("oplog.db"));
        let (mut file, before) = HighWater::open(&path).unwrap();
        assert_eq!(before, None);
        file.record(Mark::EMPTY);
        file.record(MARK);
        assert_eq!(HighWater::open(&path).unwrap().1, Some(MARK));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), MARK_BYTES as u64);
    }

    #[test]
    fn torn_marks_say_nothing() {
        let whole = MARK.encode();
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Mark::decode(&bytes), None, "bit {bit}");
        }
        for len in 0..whole.len() {
            assert_eq!(Mark::decode(&whole[..len]), None, "{len} bytes");
        }
        assert_eq!(Mark::decode(&[whole.as_slice(), &[0]].concat()), None);
    }
}
