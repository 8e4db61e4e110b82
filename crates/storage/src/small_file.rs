//! A small file beside a workspace's database: what an engine remembers that is no part of the log.
//!
//! It is replaced whole and durably. Whoever loses it loses convenience, never data.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::directory::{DirectoryError, at, private_file, sync_directory};

/// The longest file, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// A small file that is read whole and replaced whole.
#[derive(Clone, Debug)]
pub struct SmallFile {
    path: PathBuf,
}

impl SmallFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; `None` when there is none.
    ///
    /// # Errors
    /// [`DirectoryError::Io`] when it cannot be read, or is longer than 1 MiB.
    pub fn read(&self) -> Result<Option<Vec<u8>>, DirectoryError> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(at(&self.path))?,
        };
        let mut bytes = Vec::new();
        file.take(BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(at(&self.path))?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(at(&self.path)(io::ErrorKind::FileTooLarge.into()));
        }
        Ok(Some(bytes))
    }

    /// Makes it say `bytes`, durably; a crash leaves what was there before, or this. Not to be called twice at once.
    ///
    /// # Errors
    /// [`DirectoryError::Io`]; the file is then as it was.
    pub fn replace(&self, bytes: &[u8]) -> Result<(), DirectoryError> {
        let draft = self.path.with_added_extension("new");
        let written = private_file()
            .create(true)
            .truncate(true)
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&draft, &self.path));
        if let Err(source) = written {
            // Best effort: the next draft takes its place.
            let _ = std::fs::remove_file(&draft);
            return Err(at(&self.path)(source));
        }
        match self.path.parent() {
            Some(parent) => sync_directory(parent),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_absent_then_replaced_whole_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let file = SmallFile::new(directory.path().join("peers.json"));
        assert_eq!(file.read().unwrap(), None);
        file.replace(b"a longer one").unwrap();
        file.replace(b"short").unwrap();
        assert_eq!(file.read().unwrap().as_deref(), Some(b"short".as_slice()));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn draft_that_cannot_be_written_leaves_the_file_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let file = SmallFile::new(directory.path().join("peers.json"));
        file.replace(b"before").unwrap();
        std::fs::create_dir(directory.path().join("peers.json.new")).unwrap();
        assert!(file.replace(b"after").is_err());
        assert_eq!(file.read().unwrap().as_deref(), Some(b"before".as_slice()));
    }

    #[test]
    fn file_that_is_too_long_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = SmallFile::new(directory.path().join("peers.json"));
        file.replace(&vec![b' '; BYTES_MAX as usize]).unwrap();
        assert!(file.read().unwrap().is_some());
        file.replace(&vec![b' '; BYTES_MAX as usize + 1]).unwrap();
        assert!(file.read().is_err());
    }
}
