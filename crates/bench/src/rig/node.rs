//! An engine with its owner's thread and its sync, in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use openprod_engine::{Committed, Engine, Owner, StateHash};
use openprod_sync::{SyncConfig, SyncService};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::bench_error::{BenchError, During as _};
use crate::rig::clock::now;
use crate::rig::stores::workspace;

/// How long two engines may take to come into step.
const PATIENCE: Duration = Duration::from_secs(300);

/// An engine that can be reached.
pub(crate) struct Node {
    owner: Owner,
    service: SyncService,
    /// Counts commits.
    commits: watch::Receiver<u64>,
}

impl Node {
    pub(crate) async fn start(engine: Engine) -> Result<Self, BenchError> {
        let bind = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = SyncConfig {
            bind,
            mdns: false,
            name: "bench".to_owned(),
        };
        let service = SyncService::start(config).await.during("start sync")?;
        let (count, commits) = watch::channel(0);
        let link = service.clone();
        let listener = move |committed: Arc<Committed>| {
            link.committed(workspace().id, &committed);
            count.send_modify(|count| *count += 1);
        };
        let owner = Owner::spawn(engine, Box::new(now), Box::new(listener)).during("start an owner")?;
        service.open(owner.handle().clone());
        Ok(Self {
            owner,
            service,
            commits,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.service.port()))
    }

    pub(crate) fn hash(&self) -> Result<StateHash, BenchError> {
        Ok(self
            .owner
            .handle()
            .snapshots()
            .take()
            .during("read the state")?
            .state_hash())
    }

    /// Connects to another engine and waits until what it has is durable and derived here.
    pub(crate) async fn catch_up(&mut self, address: SocketAddr, goal: StateHash) -> Result<(), BenchError> {
        self.service
            .connect(workspace().id, &address.to_string())
            .await
            .during("connect")?;
        let reached = timeout(PATIENCE, async {
            while self.hash()? != goal {
                self.commits.changed().await.during("wait for commits")?;
            }
            Ok(())
        });
        reached
            .await
            .map_err(|_| BenchError::Wrong("two engines did not come into step".to_owned()))?
    }

    /// Hangs up, and closes the store.
    pub(crate) async fn stop(self) {
        self.service.stop().await;
        let owner = self.owner;
        // Closing waits for the owner's thread, which must not hold up the runtime.
        let _ = tokio::task::spawn_blocking(move || drop(owner)).await;
    }
}
