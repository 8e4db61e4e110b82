//! Rows in a PostgreSQL database, in a schema of the projections.

use std::num::NonZeroUsize;
use std::time::Duration;

use postgres::types::ToSql;
use postgres::{Client, Config, NoTls, Row};

use crate::error::StoreError;
use crate::event::SequenceNumber;
use crate::id::EventId;
use crate::name::ProjectionName;
use crate::postgresql::PostgresConfig;
use crate::postgresql::fault::{fault, is_gone};
use crate::postgresql::pool::Pool;
use crate::postgresql::session::Session;
use crate::projection::{
    ApplyError, Aside, Checkpoint, ProjectionTarget, ProjectionVersion, SetAside, TargetError,
};

/// Held while tables are made, so that two targets that are opened together do not both: "OpnP" as a number.
const MIGRATION_LOCK: i64 = 0x4f70_6e50;

/// The tables of this library; all others of the schema belong to the projections.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS openprod_projection (
        name text COLLATE \"C\" PRIMARY KEY,
        version bigint NOT NULL,
        position bigint,
        rebuilding_to bigint,
        applied bigint NOT NULL,
        set_aside bigint NOT NULL
    );
    CREATE TABLE IF NOT EXISTS openprod_set_aside (
        name text COLLATE \"C\" NOT NULL,
        seq bigint NOT NULL,
        event_id bytea,
        reason text NOT NULL,
        PRIMARY KEY (name, seq)
    );
";

/// How far a projection has come.
const CHECKPOINT: &str =
    "SELECT version, position, rebuilding_to, applied, set_aside FROM openprod_projection WHERE name = $1";

/// The same, for this transaction alone.
const CHECKPOINT_LOCKED: &str = "SELECT version, position, rebuilding_to, applied, set_aside
    FROM openprod_projection WHERE name = $1 FOR UPDATE";

/// A target in a schema of a PostgreSQL database. It has one connection, and another one after that was lost.
pub struct PostgresTarget {
    pool: Pool,
}

/// The rows of a projection, inside a transaction. Names without a schema are those of the projections' schema.
pub struct PostgresRows<'t> {
    session: &'t mut Session,
}

impl PostgresTarget {
    /// Connects without encryption, and makes the schema that `config` names with the tables of this library.
    ///
    /// # Errors
    /// [`TargetError::Unavailable`] when the server cannot be reached, [`TargetError::Broken`] when the settings are
    /// wrong or the server refuses.
    pub fn open(config: &PostgresConfig) -> Result<Self, TargetError> {
        Self::open_with(config, |driver| driver.connect(NoTls))
    }

    /// Connects as [`Self::open`], by way of `connect`, which brings the encryption that its server asks for.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        config: &PostgresConfig,
        connect: impl Fn(&Config) -> Result<Client, postgres::Error> + Send + Sync + 'static,
    ) -> Result<Self, TargetError> {
        let driver = config.driver().map_err(target_fault)?;
        let pool = Pool::new(
            Box::new(move || connect(&driver)),
            NonZeroUsize::MIN.get(),
            Duration::from_millis(config.connect_ms_max.get()),
        );
        let schema = &config.schema;
        pool.with(
            |session| {
                session.transact("BEGIN", |session| {
                    session.run("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])?;
                    session.batch(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
                    session.batch(TABLES)
                })
            },
            is_unavailable,
        )
        .map_err(target_fault)?;
        Ok(Self { pool })
    }
}

impl PostgresRows<'_> {
    /// Runs one statement, prepared once, and gives how many rows it changed.
    ///
    /// # Errors
    /// [`ApplyError`] of the event or of the target, as the server's error is.
    pub fn execute(&mut self, sql: &'static str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, ApplyError> {
        self.session.try_execute(sql, values).map_err(apply_fault)
    }

    /// Asks for rows, by a statement that is prepared once.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub fn query(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ApplyError> {
        self.session.try_query(sql, values).map_err(apply_fault)
    }

    /// Runs several statements, such as those that make tables.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub fn batch(&mut self, sql: &str) -> Result<(), ApplyError> {
        self.session.try_batch(sql).map_err(apply_fault)
    }
}

impl ProjectionTarget for PostgresTarget {
    type Rows<'t> = PostgresRows<'t>;

    fn checkpoint(&mut self, name: &ProjectionName) -> Result<Option<Checkpoint>, TargetError> {
        let rows = self
            .pool
            .with(
                |session| session.rows(CHECKPOINT, &[&name.as_str()]),
                is_unavailable,
            )
            .map_err(target_fault)?;
        rows.first().map(read_checkpoint).transpose()
    }

    fn transact(
        &mut self,
        name: &ProjectionName,
        from: Option<&Checkpoint>,
        checkpoint: &Checkpoint,
        aside: Aside<'_>,
        write: &mut dyn FnMut(&mut PostgresRows<'_>) -> Result<(), ApplyError>,
    ) -> Result<(), ApplyError> {
        let outcome = self.pool.with(
            |session| {
                session.transact("BEGIN", |session| {
                    lock(session, name, from, checkpoint)?;
                    write(&mut PostgresRows { session }).map_err(Fault::Apply)?;
                    note(session, name, checkpoint, aside).map_err(Fault::Store)
                })
            },
            // Not given again at once: whether a transaction happened that was cut off is seen by the checkpoint.
            |_: &Fault| false,
        );
        outcome.map_err(|fault| match fault {
            Fault::Apply(error) => error,
            Fault::Store(error) => target_fault(error).into(),
        })
    }

    fn set_aside(&mut self, name: &ProjectionName, limit: usize) -> Result<Vec<SetAside>, TargetError> {
        let sql =
            "SELECT seq, event_id, reason FROM openprod_set_aside WHERE name = $1 ORDER BY seq LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self
            .pool
            .with(
                |session| session.rows(sql, &[&name.as_str(), &limit]),
                is_unavailable,
            )
            .map_err(target_fault)?;
        let event = |row: &Row| {
            let id: Option<&[u8]> = row.get(1);
            let id = id.map(<[u8; 16]>::try_from).transpose();
            Ok(SetAside {
                sequence_number: SequenceNumber(row.get::<_, i64>(0).unsigned_abs()),
                event_id: id
                    .map_err(|error| TargetError::Damaged(error.into()))?
                    .map(EventId::from_bytes),
                reason: row.get(2),
            })
        };
        rows.iter().map(event).collect()
    }
}

/// Takes the row of the projection for this transaction, which waits for one whose answer was lost, and looks whether it is
/// as expected.
fn lock(
    session: &mut Session,
    name: &ProjectionName,
    from: Option<&Checkpoint>,
    checkpoint: &Checkpoint,
) -> Result<(), Fault> {
    let moved = || Fault::Apply(TargetError::Moved.into());
    match from {
        Some(from) => {
            let rows = session.rows(CHECKPOINT_LOCKED, &[&name.as_str()])?;
            let row = rows.first().ok_or_else(moved)?;
            let found = read_checkpoint(row).map_err(|error| Fault::Apply(error.into()))?;
            if found == *from { Ok(()) } else { Err(moved()) }
        }
        None => {
            let sql =
                "INSERT INTO openprod_projection VALUES ($1, $2, NULL, NULL, 0, 0) ON CONFLICT DO NOTHING";
            let version = i64::from(checkpoint.version.0);
            let inserted = session
                .try_execute(sql, &[&name.as_str(), &version])
                .map_err(fault)?;
            if inserted == 1 { Ok(()) } else { Err(moved()) }
        }
    }
}

fn read_checkpoint(row: &Row) -> Result<Checkpoint, TargetError> {
    let number = |column: usize| -> Result<u64, TargetError> {
        u64::try_from(row.get::<_, i64>(column)).map_err(|error| TargetError::Damaged(error.into()))
    };
    let position = |column: usize| {
        let stored: Option<i64> = row.get(column);
        stored.map(|stored| SequenceNumber(stored.unsigned_abs()))
    };
    let version = u32::try_from(number(0)?).map_err(|error| TargetError::Damaged(error.into()))?;
    Ok(Checkpoint {
        version: ProjectionVersion(version),
        position: position(1),
        rebuilding_to: position(2),
        applied: number(3)?,
        set_aside: number(4)?,
    })
}

/// Why a transaction failed.
enum Fault {
    Apply(ApplyError),
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn note(
    session: &mut Session,
    name: &ProjectionName,
    checkpoint: &Checkpoint,
    aside: Aside<'_>,
) -> Result<(), StoreError> {
    let stored = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let position = |position: Option<SequenceNumber>| position.map(|position| stored(position.0));
    let sql = "INSERT INTO openprod_projection VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, position = excluded.position,
            rebuilding_to = excluded.rebuilding_to, applied = excluded.applied, set_aside = excluded.set_aside";
    session.run(
        sql,
        &[
            &name.as_str(),
            &i64::from(checkpoint.version.0),
            &position(checkpoint.position),
            &position(checkpoint.rebuilding_to),
            &stored(checkpoint.applied),
            &stored(checkpoint.set_aside),
        ],
    )?;
    match aside {
        Aside::Keep => Ok(()),
        Aside::Add(event) => session.run(
            "INSERT INTO openprod_set_aside VALUES ($1, $2, $3, $4) ON CONFLICT (name, seq) DO NOTHING",
            &[
                &name.as_str(),
                &stored(event.sequence_number.0),
                &event.event_id.as_ref().map(|id| &id.as_bytes()[..]),
                &event.reason.replace('\0', "\u{fffd}"),
            ],
        ),
        Aside::Forget => session.run(
            "DELETE FROM openprod_set_aside WHERE name = $1",
            &[&name.as_str()],
        ),
    }
}

const fn is_unavailable(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_))
}

fn target_fault(error: StoreError) -> TargetError {
    if error.is_passing() {
        TargetError::Unavailable(error.into())
    } else {
        TargetError::Broken(error.into())
    }
}

/// What an error of the server means for a projection: classes 22 and 23 are data and constraints, which the event
/// brought; class 42 is a statement that never works.
fn apply_fault(error: postgres::Error) -> ApplyError {
    let of_event = error.code().is_some_and(|code| {
        ["22", "23", "42", "P0"]
            .iter()
            .any(|class| code.code().starts_with(class))
    });
    if of_event && !is_gone(&error) {
        ApplyError::event(error)
    } else {
        target_fault(fault(error)).into()
    }
}
