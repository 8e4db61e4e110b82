//! Snapshots in a PostgreSQL database. The table may be thrown away at any time.

use std::time::Duration;

use postgres::{Client, Config, NoTls, Row};

use crate::error::{DatabaseError, StoreError};
use crate::id::EventId;
use crate::postgresql::PostgresConfig;
use crate::postgresql::pool::Pool;
use crate::postgresql::session::Session;
use crate::snapshot::{FoldVersion, Snapshot, SnapshotError, SnapshotKey, SnapshotStore};
use crate::stream::StreamVersion;
use crate::upcaster::UpcastersVersion;

/// Held while the table is made, so that two processes that start together do not both: "OpnS" as a number.
const MIGRATION_LOCK: i64 = 0x4f70_6e53;

/// The number of the present format.
const VERSION: i32 = 1;

/// The first format. Numbers that fill 64 bits are kept as they are in memory, so some are negative.
const FIRST: &str = "
    CREATE TABLE snapshot (
        stream text COLLATE \"C\" NOT NULL,
        fold text COLLATE \"C\" NOT NULL,
        fold_version bigint NOT NULL,
        upcasters bigint NOT NULL,
        version bigint NOT NULL,
        last_event bytea NOT NULL,
        state bytea NOT NULL,
        hash bytea NOT NULL,
        PRIMARY KEY (stream, fold)
    );
    INSERT INTO snapshot_format VALUES (1);
";

/// Snapshots in a table of the schema that the configuration names.
pub struct PostgresSnapshots {
    pool: Pool,
}

impl PostgresSnapshots {
    /// Connects without encryption, and makes the table when it is not there.
    ///
    /// # Errors
    /// [`SnapshotError::Store`] when the server cannot be reached or refuses, [`SnapshotError::NewerVersion`] when a newer
    /// version made the table.
    pub fn open(config: &PostgresConfig) -> Result<Self, SnapshotError> {
        Self::open_with(config, |driver| driver.connect(NoTls))
    }

    /// Connects as [`Self::open`], by way of `connect`, which brings the encryption that its server asks for.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        config: &PostgresConfig,
        connect: impl Fn(&Config) -> Result<Client, postgres::Error> + Send + Sync + 'static,
    ) -> Result<Self, SnapshotError> {
        let driver = config.driver().map_err(fault)?;
        let pool = Pool::new(
            Box::new(move || connect(&driver)),
            config.connections_max.get(),
            Duration::from_millis(config.connect_ms_max.get()),
        );
        let migrated = pool.with(|session| migrate(session, &config.schema), is_unavailable);
        migrated.map_err(fault)?;
        Ok(Self { pool })
    }
}

fn migrate(session: &mut Session, schema: &str) -> Result<(), StoreError> {
    session.transact("BEGIN", |session| {
        session.run("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])?;
        session.batch(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
        session.batch("CREATE TABLE IF NOT EXISTS snapshot_format (version integer PRIMARY KEY)")?;
        let row = session.one("SELECT coalesce(max(version), 0) FROM snapshot_format", &[])?;
        match row.get::<_, i32>(0) {
            0 => session.batch(FIRST),
            found if found > VERSION => Err(StoreError::NewerVersion),
            _ => Ok(()),
        }
    })
}

impl SnapshotStore for PostgresSnapshots {
    fn load(&self, key: &SnapshotKey) -> Result<Option<Snapshot>, SnapshotError> {
        let sql = "SELECT fold_version, upcasters, version, last_event, state, hash
            FROM snapshot WHERE stream = $1 AND fold = $2";
        let names = [key.stream.as_str(), key.fold.as_str()];
        let rows = self
            .pool
            .with(
                |session| session.rows(sql, &[&names[0], &names[1]]),
                is_unavailable,
            )
            .map_err(fault)?;
        rows.first().map(snapshot).transpose()
    }

    fn save(&self, key: &SnapshotKey, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        let sql = "INSERT INTO snapshot VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (stream, fold) DO UPDATE SET fold_version = excluded.fold_version,
                upcasters = excluded.upcasters, version = excluded.version, last_event = excluded.last_event,
                state = excluded.state, hash = excluded.hash";
        self.run(
            sql,
            &[
                &key.stream.as_str(),
                &key.fold.as_str(),
                &i64::from(snapshot.fold_version.0),
                &snapshot.upcasters.0.cast_signed(),
                &snapshot.version.0.cast_signed(),
                &&snapshot.last_event.as_bytes()[..],
                &snapshot.state,
                &&snapshot.hash[..],
            ],
        )
    }

    fn discard(&self, key: &SnapshotKey) -> Result<(), SnapshotError> {
        let sql = "DELETE FROM snapshot WHERE stream = $1 AND fold = $2";
        self.run(sql, &[&key.stream.as_str(), &key.fold.as_str()])
    }
}

impl PostgresSnapshots {
    fn run(
        &self,
        sql: &'static str,
        values: crate::postgresql::session::Values<'_>,
    ) -> Result<(), SnapshotError> {
        let ran = self.pool.with(
            |session| session.transact("BEGIN", |session| session.run(sql, values)),
            is_unavailable,
        );
        ran.map_err(fault)
    }
}

fn snapshot(row: &Row) -> Result<Snapshot, SnapshotError> {
    let damaged = |error: DatabaseError| SnapshotError::Damaged(error);
    let fold_version = u32::try_from(row.get::<_, i64>(0)).map_err(|error| damaged(error.into()))?;
    let last_event = <[u8; 16]>::try_from(row.get::<_, &[u8]>(3)).map_err(|error| damaged(error.into()))?;
    Ok(Snapshot {
        fold_version: FoldVersion(fold_version),
        upcasters: UpcastersVersion(row.get::<_, i64>(1).cast_unsigned()),
        version: StreamVersion(row.get::<_, i64>(2).cast_unsigned()),
        last_event: EventId::from_bytes(last_event),
        state: row.get(4),
        hash: <[u8; 32]>::try_from(row.get::<_, &[u8]>(5)).map_err(|error| damaged(error.into()))?,
    })
}

const fn is_unavailable(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_))
}

fn fault(error: StoreError) -> SnapshotError {
    match error {
        StoreError::NewerVersion => SnapshotError::NewerVersion,
        other => SnapshotError::Store(other.into()),
    }
}
