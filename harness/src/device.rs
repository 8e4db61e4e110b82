//! One device: an identity, a disk, a clock that may be wrong, and an engine while it is up.

use openprod_core::{Identity, Timestamp, WorkspaceId};
use openprod_engine::{
    Command, CommandError, Committed, Engine, OpenError, Outcome, Request, Snapshot, Snapshots, Workspace,
};
use openprod_storage::StorageError;
use thiserror::Error;

use crate::disk::Disk;
use crate::link::LinkId;
use crate::random::Random;

/// The workspace that all devices share.
#[must_use]
pub fn workspace() -> Workspace {
    Workspace {
        id: WorkspaceId::from_u128(0x0070_6f72),
        name: "Tour".to_owned(),
        secret: [9; 32],
    }
}

/// Why a device did not carry out a command.
#[derive(Debug, Error)]
pub enum GiveError {
    /// It is down.
    #[error("give command: the device is down")]
    Down,
    /// Its engine refused.
    #[error(transparent)]
    Refused(#[from] CommandError),
}

/// A clock that is wrong by an offset and a rate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// How far it is ahead, in microseconds.
    pub offset_us: i64,
    /// How much faster than time it runs, in parts per million.
    pub drift_ppm: i64,
}

impl Clock {
    /// What it shows at `now_us`, microseconds of true time since the Unix epoch, when time began at `start_us`.
    #[must_use]
    pub fn read(&self, now_us: u64, start_us: u64) -> Timestamp {
        let elapsed = i128::from(now_us.saturating_sub(start_us));
        let drift = elapsed * i128::from(self.drift_ppm) / 1_000_000;
        let shown = i128::from(now_us) + i128::from(self.offset_us) + drift;
        Timestamp::from_micros(u64::try_from(shown).unwrap_or(0))
    }
}

/// A device.
pub struct Device {
    /// What it is called.
    pub name: String,
    /// Its disk.
    pub disk: Disk,
    /// Its clock.
    pub clock: Clock,
    /// A copy of its disk, if one was made.
    pub backup: Option<Disk>,
    /// How long its disk takes for a delivery, in milliseconds.
    pub disk_ms: u32,
    /// Whether it has paused syncing.
    pub paused: bool,
    /// How often its disk was put back to an older copy.
    pub restores: u32,
    /// The link on which it asks; a workspace asks one peer at a time.
    pub(crate) asking: Option<LinkId>,
    /// When it comes up again, in microseconds of true time.
    pub(crate) restart_us: Option<u64>,
    /// When its disk has room again.
    pub(crate) room_us: Option<u64>,
    identity: Identity,
    running: Option<Running>,
    random: Random,
}

struct Running {
    engine: Engine,
    snapshots: Snapshots,
}

impl Device {
    /// A device that creates the workspace, or joins it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn new(
        name: &str,
        disk: Disk,
        founder: bool,
        mut random: Random,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let identity = Identity::from_seed(&random.seed());
        let (store, seed) = (disk.open()?, random.seed());
        let engine = if founder {
            Engine::create(store, identity.clone(), workspace(), seed, now)?
        } else {
            Engine::join(store, identity.clone(), workspace(), seed)?
        };
        Ok(Self::running(name, disk, identity, engine, random))
    }

    /// The same person's device again, on a copy of the disk: two engines that each take the log for their own.
    /// `None` where this kind of disk cannot be copied.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn cloned(&self, name: &str, mut random: Random, now: Timestamp) -> Result<Option<Self>, OpenError> {
        let Some(disk) = self.disk.copy() else {
            return Ok(None);
        };
        let engine = Engine::open(disk.open()?, self.identity.clone(), random.seed(), now)?;
        Ok(Some(Self::running(
            name,
            disk,
            self.identity.clone(),
            engine,
            random,
        )))
    }

    fn running(name: &str, disk: Disk, identity: Identity, engine: Engine, random: Random) -> Self {
        Self {
            name: name.to_owned(),
            disk,
            clock: Clock::default(),
            backup: None,
            disk_ms: 0,
            paused: false,
            restores: 0,
            asking: None,
            restart_us: None,
            room_us: None,
            identity,
            running: Some(Running {
                snapshots: engine.snapshots(),
                engine,
            }),
            random,
        }
    }

    /// Whether it is up.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.running.is_some()
    }

    /// Who writes on it.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Its engine; `None` while it is down.
    pub fn engine(&mut self) -> Option<&mut Engine> {
        self.running.as_mut().map(|running| &mut running.engine)
    }

    /// A snapshot of its state; `None` while it is down.
    ///
    /// # Panics
    /// When its store cannot be read, which no fault here makes happen.
    #[must_use]
    pub fn snapshot(&self) -> Option<Snapshot> {
        let running = self.running.as_ref()?;
        Some(
            running
                .snapshots
                .take()
                .expect("a simulated store can be read, however full it is"),
        )
    }

    /// The same with the active draft on top, if there is one; `None` while it is down.
    ///
    /// # Panics
    /// When its store cannot be read, which no fault here makes happen.
    #[must_use]
    pub fn view(&self) -> Option<Snapshot> {
        let running = self.running.as_ref()?;
        Some(
            running
                .snapshots
                .view()
                .expect("a simulated store can be read, however full it is"),
        )
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// [`GiveError`]; nothing was written.
    pub fn execute(&mut self, request: &Request, now: Timestamp) -> Result<(Outcome, Committed), GiveError> {
        let engine = self.engine().ok_or(GiveError::Down)?;
        Ok(engine.execute(request, now)?)
    }

    /// Applies what was held and need be no longer.
    ///
    /// # Errors
    /// [`StorageError`]; nothing was written.
    pub fn release(&mut self, now: Timestamp) -> Result<bool, StorageError> {
        let Some(engine) = self.engine() else {
            return Ok(false);
        };
        Ok(engine.release(None, now)?.released > 0)
    }

    /// Crashes: the engine is gone with all that it had not committed. With `within`, it was in the middle of a
    /// transaction with that command.
    pub fn crash(&mut self, within: Option<Command>, now: Timestamp) {
        if let (Some(command), Some(engine)) = (within, self.engine())
            && let Ok(mut transaction) = engine.begin(now)
        {
            // Whatever came of it was never acknowledged.
            let _ = transaction.execute(&Request::new("crash", command));
        }
        self.running = None;
        self.asking = None;
    }

    /// Comes up again, on what its disk holds.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn restart(&mut self, now: Timestamp) -> Result<(), OpenError> {
        self.running = None;
        let engine = Engine::open(self.disk.open()?, self.identity.clone(), self.random.seed(), now)?;
        self.running = Some(Running {
            snapshots: engine.snapshots(),
            engine,
        });
        Ok(())
    }
}
