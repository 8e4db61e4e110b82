//! Keys in a SQLite file, wrapped with a master key that is kept elsewhere.
//!
//! A subject is known by a keyed hash. Erasing overwrites the row and empties the write-ahead log; what a disk keeps of old
//! blocks, and what backups keep, is beyond this, and is of no use to somebody without the master key.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload as Sealable};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};
use rusqlite_migration::{Error as MigrationError, M, MigrationDefinitionError, Migrations};
use zeroize::Zeroizing;

use crate::encryption::keys::new_key;
use crate::encryption::{DataKey, KeyError, KeyId, KeyStore, MasterKey};
use crate::name::SubjectId;

/// How long a call waits for another process.
const BUSY_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a nonce is, in bytes.
const NONCE_BYTES: usize = 24;

/// The first format. `wrapped` is a nonce and the sealed key; the id of the key is bound to it. The one row of `proof`
/// shows whether a master key is the right one, before keys are wrapped with another.
const FIRST: &str = "
    CREATE TABLE data_key (subject BLOB PRIMARY KEY, id BLOB NOT NULL UNIQUE, wrapped BLOB NOT NULL) STRICT;
    CREATE TABLE proof (one INTEGER PRIMARY KEY CHECK (one = 1), hash BLOB NOT NULL) STRICT;
";

/// Keys in a SQLite file.
pub struct SqliteKeys {
    connection: Mutex<Connection>,
    wrapping: MasterKey,
    naming: MasterKey,
}

impl SqliteKeys {
    /// Opens a file of keys, making it when it is not there.
    ///
    /// # Errors
    /// [`KeyError::Unwrappable`] when its keys are wrapped with another master key, [`KeyError::Store`] when it is no such
    /// file, [`KeyError::NewerVersion`] when a newer version made it.
    pub fn open(path: &Path, master: &MasterKey) -> Result<Self, KeyError> {
        let mut connection = Connection::open(path).map_err(fault)?;
        connection.busy_timeout(BUSY_TIME_MAX).map_err(fault)?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(fault)?;
        // An event must not outlast the key that it was sealed with.
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(fault)?;
        connection
            .pragma_update(None, "secure_delete", true)
            .map_err(fault)?;
        Migrations::new(vec![M::up(FIRST)])
            .to_latest(&mut connection)
            .map_err(|error| match error {
                MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
                    KeyError::NewerVersion
                }
                MigrationError::RusqliteError { err, .. } => fault(err),
                other => KeyError::Store(other.into()),
            })?;
        let derived = |purpose: &str| MasterKey::from_bytes(blake3::derive_key(purpose, master.expose()));
        let proof = blake3::derive_key("openprod events 2026 key store proof", master.expose());
        connection
            .execute("INSERT OR IGNORE INTO proof VALUES (1, ?1)", [proof])
            .map_err(fault)?;
        let found: [u8; 32] = connection
            .query_row("SELECT hash FROM proof", [], |row| row.get(0))
            .map_err(fault)?;
        if found != proof {
            return Err(KeyError::Unwrappable);
        }
        Ok(Self {
            connection: Mutex::new(connection),
            wrapping: derived("openprod events 2026 key store wrapping"),
            naming: derived("openprod events 2026 key store subjects"),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // What was not committed is undone when a panic drops its transaction.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn named(&self, subject: &SubjectId) -> [u8; 32] {
        *blake3::keyed_hash(self.naming.expose(), subject.as_str().as_bytes()).as_bytes()
    }

    fn wrap(&self, id: KeyId, key: &DataKey) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| KeyError::Unavailable(error.into()))?;
        let sealable = Sealable {
            msg: key.expose(),
            aad: id.as_bytes(),
        };
        let sealed = XChaCha20Poly1305::new(self.wrapping.expose().into())
            .encrypt(XNonce::from_slice(&nonce), sealable)
            .expect("a key is far shorter than the cipher's limit of 256 GiB");
        Ok([&nonce[..], &sealed].concat())
    }

    fn unwrap(&self, id: KeyId, wrapped: &[u8]) -> Result<DataKey, KeyError> {
        let (nonce, sealed) = wrapped
            .split_at_checked(NONCE_BYTES)
            .ok_or(KeyError::Unwrappable)?;
        let sealable = Sealable {
            msg: sealed,
            aad: id.as_bytes(),
        };
        let key = XChaCha20Poly1305::new(self.wrapping.expose().into())
            .decrypt(XNonce::from_slice(nonce), sealable)
            .map_err(|_| KeyError::Unwrappable)?;
        let key = Zeroizing::new(key);
        let bytes = <[u8; 32]>::try_from(key.as_slice()).map_err(|_| KeyError::Unwrappable)?;
        Ok(DataKey::from_bytes(bytes))
    }
}

impl KeyStore for SqliteKeys {
    fn key_of(&self, subject: &SubjectId) -> Result<(KeyId, DataKey), KeyError> {
        let named = self.named(subject);
        let mut connection = self.lock();
        let find = |connection: &Connection| {
            connection
                .prepare_cached("SELECT id, wrapped FROM data_key WHERE subject = ?1")?
                .query_row([named], |row| {
                    Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, Vec<u8>>(1)?))
                })
                .optional()
        };
        let mut found = find(&connection).map_err(fault)?;
        if found.is_none() {
            // Another process may make one at the same time: whoever is second takes that of the first.
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(fault)?;
            found = find(&transaction).map_err(fault)?;
            if found.is_none() {
                let (id, key) = new_key()?;
                let wrapped = self.wrap(id, &key)?;
                transaction
                    .execute(
                        "INSERT INTO data_key VALUES (?1, ?2, ?3)",
                        params![named, id.as_bytes(), wrapped],
                    )
                    .map_err(fault)?;
                transaction.commit().map_err(fault)?;
                return Ok((id, key));
            }
        }
        let (id, wrapped) = found.ok_or(KeyError::Unwrappable)?;
        let id = KeyId::from_bytes(id);
        Ok((id, self.unwrap(id, &wrapped)?))
    }

    fn key(&self, id: KeyId) -> Result<Option<DataKey>, KeyError> {
        let connection = self.lock();
        let wrapped: Option<Vec<u8>> = connection
            .prepare_cached("SELECT wrapped FROM data_key WHERE id = ?1")
            .and_then(|mut statement| statement.query_row([id.as_bytes()], |row| row.get(0)).optional())
            .map_err(fault)?;
        wrapped.map(|wrapped| self.unwrap(id, &wrapped)).transpose()
    }

    fn erase(&self, subject: &SubjectId) -> Result<bool, KeyError> {
        let connection = self.lock();
        let erased = connection
            .execute("DELETE FROM data_key WHERE subject = ?1", [self.named(subject)])
            .map_err(fault)?;
        // The log still has the page as it was. A reader that holds on to it is of another process; then the next
        // erasure or closing the file sees to it.
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(fault)?;
        Ok(erased > 0)
    }
}

fn fault(error: rusqlite::Error) -> KeyError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull) => {
            KeyError::Unavailable(error.into())
        }
        _ => KeyError::Store(error.into()),
    }
}
