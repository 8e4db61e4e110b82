//! A workspace's engine: a synchronous value without threads, timers or sockets.
//!
//! Time is handed in with every transaction and randomness comes from a seed, so that a simulator can replay
//! everything it does. [`Owner`](crate::Owner) puts it on a thread of its own.

use std::sync::Arc;

use openprod_core::{ActorId, BundleId, Identity, LogId, Timestamp, VerifiedBundle};
use openprod_storage::{Readers, Storage, StorageError};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};
use thiserror::Error;

use crate::chains::Chains;
use crate::command::{Command, CommandError, Outcome, Request};
use crate::derive::DERIVATION_VERSION;
use crate::documents::Documents;
use crate::replay::{self, Verification};
use crate::schema::Schema;
use crate::snapshot::Snapshots;
use crate::synonyms::Synonyms;
use crate::transaction::{Cache, Committed, Receipt, Summary, Transaction};
use crate::workspace::Workspace;

/// Why a workspace cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The store holds no workspace.
    #[error("open workspace: the store is empty; the workspace was never created here")]
    Empty,
    /// The store holds a workspace already.
    #[error("create workspace: the store already holds workspace {0}")]
    Occupied(openprod_core::WorkspaceId),
    /// The workspace could not be named.
    #[error("create workspace")]
    Name(#[from] CommandError),
    /// The store refused.
    #[error("open workspace")]
    Storage(#[from] StorageError),
}

/// The engine of one workspace.
pub struct Engine {
    storage: Box<dyn Storage>,
    identity: Identity,
    workspace: Workspace,
    random: ChaCha12Rng,
    cache: Cache,
    /// The texts and lists that were edited last.
    documents: Documents,
}

impl Engine {
    /// Creates a workspace in an empty store, and names it.
    ///
    /// `seed` must come from a source of good randomness, and be used once.
    ///
    /// # Errors
    /// [`OpenError`]; the store stays empty.
    pub fn create(
        storage: Box<dyn Storage>,
        identity: Identity,
        workspace: Workspace,
        seed: [u8; 32],
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let name = workspace.name.clone();
        let mut engine = Self::join(storage, identity, workspace, seed)?;
        engine.execute(&Request::new("engine", Command::NameWorkspace { name }), now)?;
        Ok(engine)
    }

    /// Makes an empty store a replica of a workspace that others have. Nothing is in it before they are met.
    ///
    /// # Errors
    /// [`OpenError`]; the store stays empty.
    pub fn join(
        mut storage: Box<dyn Storage>,
        identity: Identity,
        workspace: Workspace,
        seed: [u8; 32],
    ) -> Result<Self, OpenError> {
        let mut random = ChaCha12Rng::from_seed(seed);
        let log = mint(&mut random);
        let mut write = storage.begin()?;
        if let Some(present) = Workspace::load(&*write)? {
            return Err(OpenError::Occupied(present.id));
        }
        workspace.save(&mut *write)?;
        Summary::new(log).save(&mut *write)?;
        write.commit()?;
        let mut next = [0; 32];
        random.fill_bytes(&mut next);
        Self::open(storage, identity, next, Timestamp::default())
    }

    /// Opens a workspace. Begins a new log when the store lost a tail, derives the rows anew when their rules
    /// have changed, and applies what was held for a newer version.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        mut storage: Box<dyn Storage>,
        identity: Identity,
        seed: [u8; 32],
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let mut random = ChaCha12Rng::from_seed(seed);
        let tail_lost = storage.tail_lost();
        let mut write = storage.begin()?;
        let workspace = Workspace::load(&*write)?.ok_or(OpenError::Empty)?;
        let mut summary = Summary::load(&*write)?.ok_or(OpenError::Empty)?;
        let rebuild = summary.derivation != DERIVATION_VERSION;
        if tail_lost {
            summary.log = mint(&mut random);
        }
        if rebuild {
            summary = replay::rebuild(&mut *write, summary)?;
        }
        if tail_lost || rebuild {
            summary.save(&mut *write)?;
        }
        let cache = Cache {
            chains: Chains::load(&*write)?,
            schema: Arc::new(Schema::load(&*write)?),
            synonyms: Arc::new(Synonyms::load(&*write)?),
            columns: Arc::default(),
            summary,
            staged: None,
        };
        if tail_lost || rebuild {
            write.commit()?;
        } else {
            drop(write);
        }
        let mut engine = Self {
            storage,
            identity,
            workspace,
            random,
            cache,
            documents: Documents::default(),
        };
        match engine.release(None, now) {
            // What is held stays so until there is room; all the rest can be read.
            Err(StorageError::Full) | Ok(_) => Ok(engine),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins a transaction at `now`.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be written.
    pub fn begin(&mut self, now: Timestamp) -> Result<Transaction<'_>, StorageError> {
        let write = self.storage.begin()?;
        Ok(Transaction::new(
            write,
            &self.workspace,
            &self.identity,
            &mut self.random,
            &mut self.cache,
            &mut self.documents,
            now,
        ))
    }

    /// Carries out one command in a transaction of its own.
    ///
    /// # Errors
    /// [`CommandError`]; nothing was written.
    pub fn execute(
        &mut self,
        request: &Request,
        now: Timestamp,
    ) -> Result<(Outcome, Committed), CommandError> {
        let mut transaction = self.begin(now)?;
        let outcome = transaction.execute(request)?;
        Ok((outcome, transaction.commit()?))
    }

    /// Takes in a peer's bundles in a transaction of their own; see [`Transaction::receive`].
    ///
    /// # Errors
    /// [`StorageError`]; nothing was written.
    pub fn receive(
        &mut self,
        bundles: &[VerifiedBundle],
        now: Timestamp,
    ) -> Result<(Receipt, Committed), StorageError> {
        let mut transaction = self.begin(now)?;
        let receipt = transaction.receive(bundles)?;
        Ok((receipt, transaction.commit()?))
    }

    /// Applies held bundles whose time has come, or the one that a person accepts; see [`Transaction::release`].
    ///
    /// # Errors
    /// [`StorageError`]; nothing was written.
    pub fn release(&mut self, accept: Option<BundleId>, now: Timestamp) -> Result<Committed, StorageError> {
        let mut transaction = self.begin(now)?;
        transaction.release(accept)?;
        transaction.commit()
    }

    /// Checks every signature, derives the state anew from the log, in memory, and compares it with the stored rows.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn verify(&mut self) -> Result<Verification, StorageError> {
        replay::verify(&*self.storage.readers().reader()?, &self.workspace)
    }

    /// Derives the state anew from the log, in memory, and compares it with the stored rows, without checking the
    /// signatures once more.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn replay(&mut self) -> Result<Verification, StorageError> {
        replay::replay(&*self.storage.readers().reader()?)
    }

    /// The workspace.
    #[must_use]
    pub const fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Who writes here.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        self.identity.actor()
    }

    /// The identity that signs here.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The log that is written here.
    #[must_use]
    pub const fn log(&self) -> LogId {
        self.cache.summary.log
    }

    /// What makes readers, to be shared among threads.
    #[must_use]
    pub fn readers(&self) -> Arc<dyn Readers> {
        self.storage.readers().into()
    }

    /// What makes snapshots, to be shared among threads.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots {
        Snapshots::new(
            self.readers(),
            Arc::clone(&self.cache.columns),
            self.identity.actor(),
        )
    }
}

fn mint(random: &mut ChaCha12Rng) -> LogId {
    let mut bytes = [0; 16];
    random.fill_bytes(&mut bytes);
    LogId::from_bytes(bytes)
}
