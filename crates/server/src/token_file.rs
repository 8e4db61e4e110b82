//! `token`: what programs and pages of this person show the engine, kept over restarts.
//!
//! A page that is open while the engine is started anew goes on by itself. The file lies beside the device's secret key,
//! and whoever can read the one can read the other. What is not surely ours is not taken for it, but replaced.

use std::fs;
use std::path::Path;

use openprod_storage::SmallFile;

use crate::refusal::told;
use crate::secret::Secret;

/// The token that the file holds; a new one, which the file then holds, where `renew` is asked for or the file cannot be
/// trusted. Where it cannot be written the token is good until the engine ends. Blocks.
pub(crate) fn take(file: &SmallFile, renew: bool) -> Secret {
    if !renew && let Some(token) = kept(file) {
        return token;
    }
    let token = Secret::random();
    if let Err(error) = file.replace(token.as_str().as_bytes()) {
        tracing::warn!(
            "{}; pages that are open need a new link when the engine was restarted",
            told(&error)
        );
    }
    token
}

fn kept(file: &SmallFile) -> Option<Secret> {
    if !is_private(file.path()) {
        return None;
    }
    let bytes = file.read().ok()??;
    Secret::read(std::str::from_utf8(&bytes).ok()?)
}

/// Whether it is a file of the directory's owner that nobody else can read or write, and no link to another place.
#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let directory = path.parent().and_then(|parent| fs::metadata(parent).ok());
    let (Some(directory), Ok(file)) = (directory, fs::symlink_metadata(path)) else {
        return false;
    };
    file.is_file() && file.uid() == directory.uid() && file.mode() & 0o077 == 0
}

/// Whether it is a file, and no link to another place; whoever else may read it is said by the directory.
#[cfg(not(unix))]
fn is_private(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use openprod_storage::DataDirectory;

    use super::*;

    fn text(file: &SmallFile, renew: bool) -> String {
        take(file, renew).as_str().to_owned()
    }

    #[test]
    fn token_stays_until_it_is_renewed() {
        let data = tempfile::tempdir().unwrap();
        let file = DataDirectory::open(data.path()).unwrap().token_file();
        let first = text(&file, false);
        assert_eq!(text(&file, false), first);
        let second = text(&file, true);
        assert_ne!(second, first);
        assert_eq!(text(&file, false), second);
    }

    #[test]
    fn what_is_no_token_is_replaced() {
        let data = tempfile::tempdir().unwrap();
        let file = DataDirectory::open(data.path()).unwrap().token_file();
        for bytes in [
            b"".as_slice(),
            b"short",
            &[0xff; 64],
            "G".repeat(64).as_bytes(),
            "a".repeat(65).as_bytes(),
        ] {
            file.replace(bytes).unwrap();
            let token = text(&file, false);
            assert_eq!(token.len(), 64);
            assert_eq!(text(&file, false), token);
        }
    }

    #[cfg(unix)]
    #[test]
    fn token_that_others_could_read_or_that_lies_elsewhere_is_replaced() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let data = tempfile::tempdir().unwrap();
        let file = DataDirectory::open(data.path()).unwrap().token_file();
        let first = text(&file, false);
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        let second = text(&file, false);
        assert_ne!(second, first);
        let elsewhere = data.path().join("elsewhere");
        fs::rename(file.path(), &elsewhere).unwrap();
        symlink(&elsewhere, file.path()).unwrap();
        assert_ne!(text(&file, false), second);
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), second);
    }

    #[test]
    fn token_is_good_for_now_where_it_cannot_be_kept() {
        let data = tempfile::tempdir().unwrap();
        let file = DataDirectory::open(data.path()).unwrap().token_file();
        fs::create_dir(file.path()).unwrap();
        assert_ne!(text(&file, false), text(&file, false));
    }
}
