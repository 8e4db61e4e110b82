//! `engine.json`: how other programs of this person find the running engine of a data directory.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use openprod_storage::DataDirectory;
use serde::{Deserialize, Serialize};

/// What `engine.json` says. It lies in the data directory while an engine runs there, and only its owner can
/// read it (mode 0600).
#[derive(Clone, Serialize, Deserialize)]
pub struct EngineFile {
    /// Where the engine answers: `http://127.0.0.1:PORT`.
    pub url: String,
    /// What programs send as `Authorization: Bearer TOKEN`.
    pub token: String,
    /// The engine's process.
    pub pid: u32,
    /// The port on which it listens for peers.
    pub sync_port: u16,
}

impl EngineFile {
    /// Reads the file of a data directory; `None` when there is none. An engine that was killed leaves its file
    /// behind: whether one answers at `url` is for the caller to see.
    ///
    /// # Errors
    /// The system's, or `InvalidData` when it is not what an engine wrote.
    pub fn read(data: &Path) -> io::Result<Option<Self>> {
        match fs::read(DataDirectory::engine_file(data)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts the file into a data directory, in place of one that is there; no reader sees half of it.
    pub(crate) fn write(&self, data: &Path) -> io::Result<()> {
        let draft = data.join("engine.json.new");
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.write_all(b"\n")?;
        drop(file);
        fs::rename(draft, DataDirectory::engine_file(data))
    }

    /// Takes the file away; it need not be there.
    pub(crate) fn remove(data: &Path) -> io::Result<()> {
        match fs::remove_file(DataDirectory::engine_file(data)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for EngineFile {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("EngineFile")
            .field("url", &self.url)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_private_replaced_whole_and_removed() {
        let data = tempfile::tempdir().unwrap();
        assert!(EngineFile::read(data.path()).unwrap().is_none());
        for pid in [1, 2] {
            let file = EngineFile {
                url: "http://127.0.0.1:1".into(),
                token: "t".into(),
                pid,
                sync_port: 7,
            };
            file.write(data.path()).unwrap();
            assert_eq!(
                EngineFile::read(data.path()).unwrap().map(|file| file.pid),
                Some(pid)
            );
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(DataDirectory::engine_file(data.path()))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        EngineFile::remove(data.path()).unwrap();
        EngineFile::remove(data.path()).unwrap();
        assert!(EngineFile::read(data.path()).unwrap().is_none());
        fs::write(DataDirectory::engine_file(data.path()), "{").unwrap();
        assert!(EngineFile::read(data.path()).is_err());
    }
}
