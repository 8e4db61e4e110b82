//! Workspaces on disk, filled with rows.

use std::path::{Path, PathBuf};

use openprod_core::{EntityId, Identity, WorkspaceId};
use openprod_engine::{Command, Engine, Request, Workspace};
use openprod_storage::{DataDirectory, SqliteStorage, Storage};

use crate::bench_error::{BenchError, During as _};
use crate::rig::clock::now;
use crate::workload::{Rows, TABLE, create_table};

/// How many rows of a CSV file are imported with one command.
pub(crate) const IMPORT_ROWS: u64 = 500;

/// How many rows are committed together while a store is filled.
const ROWS_TOGETHER: u64 = 500;

/// The columns that make a record 12 operations: it is created, put in its table, and given ten values.
pub(crate) const COLUMNS: usize = 10;

/// How many operations make such a record.
pub(crate) const RECORD_OPERATIONS: u64 = COLUMNS as u64 + 2;

/// The workspace of every bench.
pub(crate) fn workspace() -> Workspace {
    Workspace {
        id: WorkspaceId::from_u128(0x0bec),
        name: "Tour".to_owned(),
        secret: [7; 32],
    }
}

/// The device of this number.
pub(crate) fn identity(number: u8) -> Identity {
    Identity::from_seed(&[number; 32])
}

/// How a workspace came to have its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum History {
    /// Rows of files, 500 to a bundle.
    Imported,
    /// Records that people made one by one.
    Typed,
}

impl History {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Typed => "typed",
        }
    }

    const fn rows_in_bundle(self) -> u64 {
        match self {
            Self::Imported => IMPORT_ROWS,
            Self::Typed => 1,
        }
    }
}

/// Data directories of engines that have been closed, each with one workspace; built when first asked for.
pub(crate) struct Stores {
    root: PathBuf,
}

impl Stores {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The data directory of a workspace of so many operations, or a few more.
    pub(crate) fn data(&self, history: History, operations: u64) -> Result<PathBuf, BenchError> {
        let data = self.root.join(format!("{}-{operations}", history.name()));
        if data.is_dir() {
            return Ok(data);
        }
        let unfinished = self.root.join("unfinished");
        std::fs::create_dir_all(&self.root).during("make a store")?;
        {
            let directory = DataDirectory::open(&unfinished).during("make a store")?;
            let identity = directory.identity([1; 32]).during("make a store")?;
            let storage = directory
                .create_workspace(workspace().id)
                .during("make a store")?;
            let mut engine = found(Box::new(storage), identity, COLUMNS)?;
            fill(
                &mut engine,
                history,
                operations.div_ceil(RECORD_OPERATIONS),
                COLUMNS,
                1,
            )?;
        }
        std::fs::rename(&unfinished, &data).during("make a store")?;
        Ok(data)
    }

    /// The database in such a data directory.
    pub(crate) fn database(data: &Path) -> PathBuf {
        data.join("workspaces")
            .join(workspace().id.to_string())
            .join("oplog.db")
    }
}

/// A new workspace with the table.
pub(crate) fn found(
    storage: Box<dyn Storage>,
    identity: Identity,
    columns: usize,
) -> Result<Engine, BenchError> {
    let mut engine =
        Engine::create(storage, identity, workspace(), [1; 32], now()).during("create a workspace")?;
    engine
        .execute(&Request::new("bench", create_table(columns)), now())
        .during("create a table")?;
    Ok(engine)
}

/// Adds records; returns them in order.
pub(crate) fn fill(
    engine: &mut Engine,
    history: History,
    records: u64,
    columns: usize,
    seed: u64,
) -> Result<Vec<EntityId>, BenchError> {
    let mut rows = Rows::new(seed);
    let mut commands = (0..records.div_ceil(history.rows_in_bundle())).map(|bundle| {
        let count = history
            .rows_in_bundle()
            .min(records - bundle * history.rows_in_bundle());
        let records = (0..count).map(|_| rows.next(columns)).collect();
        Command::CreateRecords {
            table: TABLE.to_owned(),
            records,
        }
    });
    execute_all(
        engine,
        &mut commands,
        (ROWS_TOGETHER / history.rows_in_bundle()) as usize,
    )
}

/// Carries out commands, so many in a transaction; returns what they created.
pub(crate) fn execute_all(
    engine: &mut Engine,
    commands: &mut dyn Iterator<Item = Command>,
    together: usize,
) -> Result<Vec<EntityId>, BenchError> {
    let mut created = Vec::new();
    let mut commands = commands.peekable();
    while commands.peek().is_some() {
        let mut transaction = engine.begin(now()).during("fill a store")?;
        for command in commands.by_ref().take(together) {
            created.extend(
                transaction
                    .execute(&Request::new("bench", command))
                    .during("fill a store")?
                    .created,
            );
        }
        transaction.commit().during("fill a store")?;
    }
    Ok(created)
}

/// Opens the store in a directory of its own, or makes it.
pub(crate) fn sqlite(directory: &Path) -> Result<Box<SqliteStorage>, BenchError> {
    let path = directory.join("oplog.db");
    let opened = if path.exists() {
        SqliteStorage::open(&path)
    } else {
        SqliteStorage::create(&path)
    };
    Ok(Box::new(opened.during("open a store")?))
}

/// Copies the files of a closed store.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), BenchError> {
    for entry in std::fs::read_dir(from).during("copy a store")? {
        let entry = entry.during("copy a store")?;
        std::fs::copy(entry.path(), to.join(entry.file_name())).during("copy a store")?;
    }
    Ok(())
}
