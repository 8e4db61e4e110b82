//! The thread that owns a workspace's writer.
//!
//! Work that waits together is committed together: one transaction, one `fsync`, many callers. Callers are
//! answered only after it is durable. Readers never come here; they take snapshots.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use openprod_core::{ActorId, BundleId, Identity, LogId, Timestamp, VerifiedBundle};
use openprod_storage::StorageError;
use thiserror::Error;

use crate::command::{CommandError, Outcome, Request};
use crate::engine::Engine;
use crate::facts::news::News;
use crate::replay::Verification;
use crate::snapshot::Snapshots;
use crate::state::Changes;
use crate::transaction::{Committed, Receipt, Transaction};
use crate::workspace::Workspace;

/// How much work may wait, in jobs; more is refused, so that memory is bounded.
const QUEUE_MAX: usize = 4_096;

/// How many jobs are committed together: enough to share an `fsync`, few enough to answer soon.
const BATCH_MAX: usize = 256;

/// Why the owner does not take work.
#[derive(Debug, Error)]
pub enum OwnerError {
    /// Too much waits already.
    #[error("give work: too much is waiting already; try again shortly")]
    Busy,
    /// The engine has been stopped.
    #[error("give work: the workspace has been closed")]
    Closed,
}

/// Answers one caller, from the owner's thread; must not block.
type Reply<T> = Box<dyn FnOnce(T) + Send>;

enum Job {
    Execute(Box<Request>, Reply<Result<Outcome, CommandError>>),
    Receive(Vec<VerifiedBundle>, Reply<Result<Receipt, Arc<StorageError>>>),
    Release(Option<BundleId>, Reply<Result<u64, Arc<StorageError>>>),
    Verify(Reply<Result<Verification, Arc<StorageError>>>),
    Stop,
}

/// What the owner tells the world about: called on its thread after each commit; must not block.
pub type Listener = Box<dyn FnMut(Arc<Committed>) + Send>;

/// Reads the time.
pub type TimeSource = Box<dyn Fn() -> Timestamp + Send>;

/// The owner of an engine: dropping it finishes the work that waits, and closes the store.
pub struct Owner {
    handle: OwnerHandle,
    thread: Option<JoinHandle<()>>,
}

/// Gives work to the owner; cheap to clone.
#[derive(Clone)]
pub struct OwnerHandle {
    jobs: SyncSender<Job>,
    snapshots: Snapshots,
    workspace: Arc<Workspace>,
    identity: Identity,
    log: LogId,
    news: Arc<News>,
}

impl Owner {
    /// Puts an engine on a thread of its own.
    ///
    /// # Errors
    /// The system's, when it gives no thread.
    pub fn spawn(engine: Engine, time: TimeSource, listener: Listener) -> Result<Self, std::io::Error> {
        let (jobs, queue) = sync_channel(QUEUE_MAX);
        let handle = OwnerHandle {
            jobs,
            snapshots: engine.snapshots(),
            workspace: Arc::new(engine.workspace().clone()),
            identity: engine.identity().clone(),
            log: engine.log(),
            news: Arc::default(),
        };
        let news = Arc::clone(&handle.news);
        let thread = std::thread::Builder::new()
            .name("workspace".to_owned())
            .spawn(move || {
                Worker {
                    engine,
                    time,
                    listener,
                    news,
                }
                .run(&queue)
            })?;
        Ok(Self {
            handle,
            thread: Some(thread),
        })
    }

    /// What gives it work.
    #[must_use]
    pub const fn handle(&self) -> &OwnerHandle {
        &self.handle
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // The thread ends by itself if the queue is gone; a panic in it has been reported by its hook.
        let _ = self.handle.jobs.send(Job::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl OwnerHandle {
    /// Carries out a command; `reply` is called when it is durable, or refused.
    ///
    /// # Errors
    /// [`OwnerError`]; `reply` is not called.
    pub fn execute(
        &self,
        request: Request,
        reply: impl FnOnce(Result<Outcome, CommandError>) + Send + 'static,
    ) -> Result<(), OwnerError> {
        self.give(Job::Execute(Box::new(request), Box::new(reply)))
    }

    /// Takes in a peer's bundles; `reply` is called when they are durable.
    ///
    /// # Errors
    /// [`OwnerError`]; `reply` is not called.
    pub fn receive(
        &self,
        bundles: Vec<VerifiedBundle>,
        reply: impl FnOnce(Result<Receipt, Arc<StorageError>>) + Send + 'static,
    ) -> Result<(), OwnerError> {
        self.give(Job::Receive(bundles, Box::new(reply)))
    }

    /// Applies held bundles whose time has come, or the one that a person accepts.
    ///
    /// # Errors
    /// [`OwnerError`]; `reply` is not called.
    pub fn release(
        &self,
        accept: Option<BundleId>,
        reply: impl FnOnce(Result<u64, Arc<StorageError>>) + Send + 'static,
    ) -> Result<(), OwnerError> {
        self.give(Job::Release(accept, Box::new(reply)))
    }

    /// Checks the whole workspace. Other work waits meanwhile.
    ///
    /// # Errors
    /// [`OwnerError`]; `reply` is not called.
    pub fn verify(
        &self,
        reply: impl FnOnce(Result<Verification, Arc<StorageError>>) + Send + 'static,
    ) -> Result<(), OwnerError> {
        self.give(Job::Verify(Box::new(reply)))
    }

    /// What makes snapshots for readers.
    #[must_use]
    pub const fn snapshots(&self) -> &Snapshots {
        &self.snapshots
    }

    /// The workspace.
    #[must_use]
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The identity that signs here.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Who writes here.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        self.identity.actor()
    }

    /// What wakes those who wait for facts.
    pub(crate) fn news(&self) -> &News {
        &self.news
    }

    /// The log that was written here when the engine was opened.
    #[must_use]
    pub const fn opened_log(&self) -> LogId {
        self.log
    }

    fn give(&self, job: Job) -> Result<(), OwnerError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => OwnerError::Busy,
            TrySendError::Disconnected(_) => OwnerError::Closed,
        })
    }
}

struct Worker {
    engine: Engine,
    time: TimeSource,
    listener: Listener,
    news: Arc<News>,
}

/// An answer that waits for the commit.
type Pending = Box<dyn FnOnce(Result<(), Arc<StorageError>>) + Send>;

impl Worker {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let mut jobs = vec![first];
            while jobs.len() < BATCH_MAX
                && let Ok(next) = queue.try_recv()
            {
                jobs.push(next);
            }
            let stop = jobs.iter().position(|job| matches!(job, Job::Stop));
            jobs.truncate(stop.unwrap_or(jobs.len()));
            self.work(jobs);
            if stop.is_some() {
                return;
            }
        }
    }

    fn work(&mut self, jobs: Vec<Job>) {
        let (checks, writes): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|job| matches!(job, Job::Verify(_)));
        if !writes.is_empty() {
            self.write(writes);
        }
        for job in checks {
            if let Job::Verify(reply) = job {
                reply(self.engine.verify().map_err(Arc::new));
            }
        }
    }

    fn write(&mut self, jobs: Vec<Job>) {
        let mut pending: Vec<Pending> = Vec::with_capacity(jobs.len());
        let result = match self.engine.begin((self.time)()) {
            Ok(mut transaction) => {
                let mut failure = None;
                for job in jobs {
                    pending.push(perform(&mut transaction, job, &mut failure));
                }
                match failure {
                    None => transaction.commit().map_err(Arc::new),
                    Some(error) => Err(error),
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                pending.extend(jobs.into_iter().map(|job| refuse(job, &error)));
                Err(error)
            }
        };
        if let Ok(Committed {
            changes: Changes {
                facts: Some((_, last)),
                ..
            },
            ..
        }) = &result
        {
            self.news.tell(*last);
        }
        let outcome = result.as_ref().map(|_| ()).map_err(Arc::clone);
        for answer in pending {
            answer(outcome.clone());
        }
        if let Ok(committed) = result
            && !committed.is_empty()
        {
            (self.listener)(Arc::new(committed));
        }
    }
}

/// Does one job in the transaction; once the store has failed, does nothing more.
fn perform(transaction: &mut Transaction<'_>, job: Job, failure: &mut Option<Arc<StorageError>>) -> Pending {
    if let Some(error) = failure {
        return refuse(job, error);
    }
    match job {
        Job::Execute(request, reply) => match transaction.execute(&request) {
            Err(CommandError::Storage(error)) => {
                *failure = Some(Arc::new(error));
                Box::new(move |committed| reply(Err(CommandError::Aborted(aborted(committed)))))
            }
            result => Box::new(move |committed| reply(committed.map_err(CommandError::Aborted).and(result))),
        },
        Job::Receive(bundles, reply) => match transaction.receive(&bundles) {
            Err(error) => {
                *failure = Some(Arc::new(error));
                Box::new(move |committed| reply(Err(aborted(committed))))
            }
            Ok(receipt) => Box::new(move |committed| reply(committed.map(|()| receipt))),
        },
        Job::Release(accept, reply) => match transaction.release(accept) {
            Err(error) => {
                *failure = Some(Arc::new(error));
                Box::new(move |committed| reply(Err(aborted(committed))))
            }
            Ok(released) => Box::new(move |committed| reply(committed.map(|()| released))),
        },
        Job::Verify(_) | Job::Stop => Box::new(|_| {}),
    }
}

/// The failure that aborted the transaction in which it happened.
fn aborted(committed: Result<(), Arc<StorageError>>) -> Arc<StorageError> {
    committed.expect_err("a transaction in which a job failed is never committed")
}

fn refuse(job: Job, error: &Arc<StorageError>) -> Pending {
    let error = Arc::clone(error);
    match job {
        Job::Execute(_, reply) => Box::new(move |_| reply(Err(CommandError::Aborted(error)))),
        Job::Receive(_, reply) => Box::new(move |_| reply(Err(error))),
        Job::Release(_, reply) => Box::new(move |_| reply(Err(error))),
        Job::Verify(reply) => Box::new(move |_| reply(Err(error))),
        Job::Stop => Box::new(|_| {}),
    }
}
