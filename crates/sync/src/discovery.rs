//! Discovery: how members on one network find each other without a server, by multicast DNS.
//!
//! Each engine announces one service under a random name, with a tag for each open workspace that only members
//! can recognise; to anyone else the announcement says that some OpenProd engine runs here. What is announced
//! proves nothing: it is a place to dial, and the handshake decides.
//!
//! The multicast library heals slowly after an outage by itself, so the search is begun anew every three
//! seconds, which answers from its cache at once and asks the network again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use mdns_sd::{
    DaemonEvent, Receiver, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo, TxtProperty,
};
use openprod_core::WorkspaceId;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::secret::Membership;
use crate::sighting::Sightings;
use crate::tag::Tag;

pub use crate::sighting::DiscoveryEvent;

/// The UDP port of multicast DNS.
pub const MULTICAST_PORT: u16 = mdns_sd::MDNS_PORT;

/// The most workspaces that one engine announces: their tags fill one packet. Those beyond still find others.
pub const ANNOUNCED_MAX: usize = 32;

const SERVICE: &str = "_openprod._tcp.local.";
const NAMES_CONTEXT: &str = "openprod 2026 discovery names 1";

/// How often the search begins anew.
const SEARCH_EVERY: Duration = Duration::from_secs(3);
/// The most searches between two announcements of the same: one after a change, then twice as many each time.
/// An announcement that a peer missed would otherwise not reach it before its cache forgets the one before,
/// after an hour.
const SEARCHES_BETWEEN_MAX: u32 = 8;
/// How often the library looks for interfaces that came or went, in seconds.
const INTERFACES_EVERY_SECS: u32 = 1;
/// How long each step of a farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long the library is left to repeat its farewell, which it does once after 120 ms: packets of several
/// interfaces may overtake each other, and an announcement read after the first farewell revokes it.
const FAREWELL_AGAIN: Duration = Duration::from_millis(250);
/// How long a peer in doubt has to answer.
const DOUBT: Duration = Duration::from_secs(4);
/// The peers in doubt that wait to be asked for.
const DOUBTS_MAX: usize = 64;
/// The events that wait for the driver; what finds no room is told later, as it is then.
const EVENTS_MAX: usize = 256;
/// The events of the library that are handled before anything else gets its turn.
const STEP_MAX: usize = 1_000;

/// What discovery needs to begin.
#[derive(Clone, Debug)]
pub struct DiscoveryConfig {
    /// The TCP port on which this engine answers handshakes.
    pub sync_port: u16,
    /// The workspaces that are open.
    pub memberships: Vec<Membership>,
    /// 32 bytes of good randomness, drawn anew by each process: names and tags are made from them.
    pub entropy: [u8; 32],
    /// [`MULTICAST_PORT`], but for tests that must not be heard by others.
    pub multicast_port: u16,
}

/// Why discovery could not begin. Peers can be reached by address all the same.
#[derive(Debug, Error)]
#[error("start discovery")]
pub struct DiscoveryError(#[from] mdns_sd::Error);

/// Discovery at work. Dropping it ends it in the background; [`Discovery::stop`] also waits for the farewell.
#[derive(Debug)]
pub struct Discovery {
    memberships: watch::Sender<Vec<Membership>>,
    doubts: mpsc::Sender<String>,
    strangers: watch::Receiver<Vec<SocketAddr>>,
    task: JoinHandle<()>,
}

impl Discovery {
    /// Begins to announce and to search, in a task of its own. It also ends when the receiver is dropped.
    ///
    /// A receiver that is read slowly loses nothing that still holds: it is told of each peer's latest state.
    ///
    /// # Errors
    /// [`DiscoveryError`], when the system gives no thread or no poller. A network that forbids multicast is no
    /// error: nobody is found then.
    ///
    /// # Panics
    /// Outside a Tokio runtime with time enabled.
    pub fn start(config: DiscoveryConfig) -> Result<(Self, mpsc::Receiver<DiscoveryEvent>), DiscoveryError> {
        let daemon = ServiceDaemon::new_with_port(config.multicast_port)?;
        daemon.set_ip_check_interval(INTERFACES_EVERY_SECS)?;
        let warnings = daemon.monitor()?;
        let mut entropy = blake3::Hasher::new_derive_key(NAMES_CONTEXT)
            .update(&config.entropy)
            .finalize_xof();
        let instance = random_label(&mut entropy);
        let host = format!("{}.local.", random_label(&mut entropy));
        let (events, receiver) = mpsc::channel(EVENTS_MAX);
        let (memberships, changes) = watch::channel(config.memberships);
        let (doubts, doubted) = mpsc::channel(DOUBTS_MAX);
        let (strange, strangers) = watch::channel(Vec::new());
        let mut work = Work {
            daemon,
            warnings,
            entropy,
            sightings: Sightings::new(full_name(&instance)),
            instance,
            host,
            sync_port: config.sync_port,
            tags: BTreeMap::new(),
            announced: false,
            searches_between: 1,
            searches_until: 1,
            search: None,
            changes,
            doubted,
            strange,
            events,
        };
        work.change_memberships();
        Ok((
            Self {
                memberships,
                doubts,
                strangers,
                task: tokio::spawn(work.run()),
            },
            receiver,
        ))
    }

    /// Announces `membership` and looks for its other members from now on; a second time changes nothing.
    pub fn add(&self, membership: Membership) {
        self.memberships.send_if_modified(|all| {
            let new = !all.contains(&membership);
            if new {
                all.retain(|other| other.workspace != membership.workspace);
                all.push(membership);
            }
            new
        });
    }

    /// Announces `workspace` no longer; peers that were found in it are reported lost.
    pub fn remove(&self, workspace: WorkspaceId) {
        self.memberships.send_if_modified(|all| {
            let before = all.len();
            all.retain(|membership| membership.workspace != workspace);
            all.len() != before
        });
    }

    /// Asks the network whether the peer named `instance` is still there, because it cannot be reached. If it
    /// does not answer within some seconds, it is reported lost. Asking too much changes nothing.
    pub fn doubt(&self, instance: &str) {
        // A full queue means that the network is being asked already; whoever still doubts will ask again.
        let _ = self.doubts.try_send(instance.to_owned());
    }

    /// Where engines are heard that announce none of our workspaces: one address of each, in ascending order, and
    /// of a crowd only some.
    #[must_use]
    pub fn strangers(&self) -> Vec<SocketAddr> {
        self.strangers.borrow().clone()
    }

    /// Says farewell on the network and ends, in less than three seconds.
    pub async fn stop(self) {
        drop((self.memberships, self.doubts));
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "discovery did not end in order");
        }
    }
}

struct Work {
    daemon: ServiceDaemon,
    warnings: Receiver<DaemonEvent>,
    entropy: blake3::OutputReader,
    sightings: Sightings,
    instance: String,
    host: String,
    sync_port: u16,
    /// The tags announced: a workspace keeps its tag as long as it is open.
    tags: BTreeMap<WorkspaceId, Tag>,
    announced: bool,
    searches_between: u32,
    searches_until: u32,
    search: Option<Receiver<ServiceEvent>>,
    changes: watch::Receiver<Vec<Membership>>,
    doubted: mpsc::Receiver<String>,
    strange: watch::Sender<Vec<SocketAddr>>,
    events: mpsc::Sender<DiscoveryEvent>,
}

impl Work {
    async fn run(mut self) {
        let mut ticks = interval(SEARCH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                changed = self.changes.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    self.change_memberships();
                    // Peers known to the library but not recognised until now come out of its cache.
                    self.search_anew();
                }
                _ = ticks.tick() => {
                    self.search_anew();
                    self.announce_again();
                }
                Some(instance) = self.doubted.recv() => self.ask_for(instance),
                event = next(self.search.as_ref()) => match event {
                    Some(event) => self.take(event),
                    // The library ends a search whose events were not fetched; the next tick begins another.
                    None => self.search = None,
                },
                () = self.events.closed() => break,
            }
            self.drain();
            self.tell();
        }
        self.leave().await;
    }

    fn change_memberships(&mut self) {
        let memberships = self.changes.borrow_and_update().clone();
        self.tags.retain(|workspace, _| {
            memberships
                .iter()
                .any(|membership| membership.workspace == *workspace)
        });
        for Membership { workspace, secret } in &memberships {
            let entropy = &mut self.entropy;
            self.tags.entry(*workspace).or_insert_with(|| {
                let mut nonce = [0; 16];
                entropy.fill(&mut nonce);
                Tag::new(secret, nonce)
            });
        }
        self.sightings.set_memberships(memberships);
        (self.searches_between, self.searches_until) = (1, 1);
        if self.tags.len() > ANNOUNCED_MAX {
            tracing::warn!(
                open = self.tags.len(),
                announced = ANNOUNCED_MAX,
                "not every workspace is announced"
            );
        }
        if let Err(error) = self.announce() {
            tracing::warn!(%error, "the workspaces open here are not announced");
        }
    }

    fn announce_again(&mut self) {
        self.searches_until -= 1;
        if self.searches_until > 0 {
            return;
        }
        self.searches_between = (self.searches_between * 2).min(SEARCHES_BETWEEN_MAX);
        self.searches_until = self.searches_between;
        if let Err(error) = self.announce() {
            tracing::warn!(%error, "the workspaces open here are not announced again");
        }
    }

    fn announce(&mut self) -> Result<(), mdns_sd::Error> {
        if self.tags.is_empty() {
            if std::mem::take(&mut self.announced) {
                self.daemon.unregister(&full_name(&self.instance))?;
            }
            return Ok(());
        }
        let properties: Vec<TxtProperty> = self
            .tags
            .values()
            .take(ANNOUNCED_MAX)
            .enumerate()
            .map(|(place, tag)| TxtProperty::from((format!("w{place}"), tag.as_bytes())))
            .collect();
        let mut service = ServiceInfo::new(
            SERVICE,
            &self.instance,
            &self.host,
            (),
            self.sync_port,
            properties,
        )?
        .enable_addr_auto();
        // The names are random and long: no one else has them, so there is nobody to ask first.
        service.set_requires_probe(false);
        self.daemon.register(service)?;
        self.announced = true;
        Ok(())
    }

    fn ask_for(&self, instance: String) {
        if self.sightings.contains(&instance)
            && let Err(error) = self.daemon.verify(instance, DOUBT)
        {
            tracing::debug!(%error, "the peer in doubt was not asked for");
        }
    }

    fn search_anew(&mut self) {
        self.drain();
        match self.daemon.browse(SERVICE) {
            Ok(search) => self.search = Some(search),
            Err(error) => tracing::debug!(%error, "the search was not begun anew"),
        }
        for warning in self.warnings.try_iter().take(STEP_MAX) {
            if let DaemonEvent::Error(error) = warning {
                tracing::warn!(%error, "multicast failed");
            }
        }
    }

    /// Takes what has arrived meanwhile, within bounds.
    fn drain(&mut self) {
        for _ in 0..STEP_MAX {
            let Some(Ok(event)) = self.search.as_ref().map(Receiver::try_recv) else {
                return;
            };
            self.take(event);
        }
    }

    fn take(&mut self, event: ServiceEvent) {
        match event {
            ServiceEvent::ServiceResolved(service) => {
                let ResolvedService {
                    fullname,
                    port,
                    addresses,
                    txt_properties,
                    ..
                } = &*service;
                let tags: Vec<Tag> = txt_properties
                    .iter()
                    .take(ANNOUNCED_MAX)
                    .filter_map(|property| property.val().and_then(Tag::read))
                    .collect();
                self.sightings.seen(
                    fullname,
                    *port,
                    addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr),
                    &tags,
                );
            }
            ServiceEvent::ServiceRemoved(_, instance) => self.sightings.gone(&instance),
            _ => {}
        }
    }

    fn tell(&mut self) {
        let strangers = self.sightings.strangers();
        self.strange.send_if_modified(|told| {
            let new = *told != strangers;
            if new {
                *told = strangers;
            }
            new
        });
        for event in self.sightings.changes(self.events.capacity()) {
            tracing::debug!(?event, "discovery");
            // Nobody else sends, so there is room; a receiver that is gone ends the loop.
            let _ = self.events.try_send(event);
        }
    }

    async fn leave(self) {
        if self.announced
            && let Ok(done) = self.daemon.unregister(&full_name(&self.instance))
        {
            let _ = timeout(FAREWELL, done.recv_async()).await;
            sleep(FAREWELL_AGAIN).await;
        }
        if let Ok(done) = self.daemon.shutdown() {
            let _ = timeout(FAREWELL, done.recv_async()).await;
        }
    }
}

/// The next event of a search; `None` when the library has ended it, never when there is no search.
async fn next(search: Option<&Receiver<ServiceEvent>>) -> Option<ServiceEvent> {
    match search {
        Some(search) => search.recv_async().await.ok(),
        None => std::future::pending().await,
    }
}

fn random_label(entropy: &mut blake3::OutputReader) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    data_encoding::HEXLOWER.encode(&bytes)
}

fn full_name(instance: &str) -> String {
    format!("{instance}.{SERVICE}")
}
