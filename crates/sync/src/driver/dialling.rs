//! How connections come about: members are found, dial, or are dialled and redialled.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use openprod_core::ActorId;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout};

use super::members::{ADDRESSES_MAX, Members};
use super::space::Space;
use super::{Inner, lock};
use crate::connection::{Connection, ConnectionError};
use crate::discovery::DiscoveryEvent;
use crate::handshake::Credentials;
use crate::secret::Membership;
use crate::status::SyncError;

/// How many strangers may be in the middle of a handshake.
const HANDSHAKES_MAX: usize = 64;

/// How often addresses without a connection are tried.
const REDIAL_INTERVAL: Duration = Duration::from_secs(1);

/// The longest pause between two attempts at one address.
pub(super) const REDIAL_PAUSE_MAX: Duration = Duration::from_secs(15);

/// How long connecting by hand may take, from name look-up to the end of the handshake.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

pub(super) async fn accept(listener: TcpListener, inner: Weak<Inner>) {
    let room = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: others must be closed first.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(inner) = inner.upgrade() else { return };
        // A flood of strangers is let go of, not queued.
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
            continue;
        };
        tokio::spawn(async move {
            if let Err(error) = answer(&inner, stream, address).await {
                tracing::debug!(%address, %error, "a connection was not answered");
            }
            drop(permit);
        });
    }
}

pub(super) async fn answer(
    inner: &Inner,
    stream: TcpStream,
    address: SocketAddr,
) -> Result<(), ConnectionError> {
    let spaces: Vec<_> = lock(&inner.spaces).values().cloned().collect();
    let open: Vec<_> = spaces
        .iter()
        .filter(|space| !space.paused.load(Ordering::Acquire))
        .collect();
    let Some(first) = open.first() else {
        return Err(ConnectionError::Closed);
    };
    let memberships: Vec<_> = open.iter().map(|space| space.membership.clone()).collect();
    let connection =
        Connection::accept(stream, address, &memberships, &first.credentials, &inner.guard).await?;
    if let Some(space) = open
        .iter()
        .find(|space| space.membership.workspace == connection.workspace())
    {
        inner.talk(space, connection);
    }
    Ok(())
}

pub(super) async fn discover(mut found: mpsc::Receiver<DiscoveryEvent>, inner: Weak<Inner>) {
    while let Some(event) = found.recv().await {
        let Some(inner) = inner.upgrade() else { return };
        let (DiscoveryEvent::Found { workspace, .. } | DiscoveryEvent::Lost { workspace, .. }) = &event;
        let Some(space) = lock(&inner.spaces).get(workspace).cloned() else {
            continue;
        };
        let mut members = space.lock();
        let (name, current) = match event {
            DiscoveryEvent::Found {
                instance, addresses, ..
            } => (instance, addresses),
            DiscoveryEvent::Lost { instance, .. } => (instance, Vec::new()),
        };
        for address in members.addresses.values_mut() {
            address.instances.remove(&name);
        }
        for address in current {
            if members.addresses.len() < ADDRESSES_MAX || members.addresses.contains_key(&address) {
                let entry = members.addresses.entry(address).or_default();
                entry.instances.insert(name.clone());
                entry.failures = entry.failures.min(2);
            }
        }
        members
            .addresses
            .retain(|_, address| address.lasting || !address.instances.is_empty());
        drop(members);
        space.tell_state();
    }
}

/// Tries, again and again, the addresses whose members are not connected.
pub(super) async fn redial(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(REDIAL_INTERVAL / 4).await;
        let Some(inner) = inner.upgrade() else { return };
        let spaces: Vec<_> = lock(&inner.spaces).values().cloned().collect();
        for space in spaces {
            space.tell_state();
            if space.paused.load(Ordering::Acquire) {
                continue;
            }
            for address in space.lock().lookups_due() {
                let space = Arc::clone(&space);
                tokio::spawn(async move { look_up(&space, &address).await });
            }
            for address in due(&space) {
                let (inner, space) = (Arc::clone(&inner), Arc::clone(&space));
                tokio::spawn(async move { try_address(&inner, &space, address).await });
            }
        }
    }
}

/// The addresses to be tried now; they count as being tried from here on. Of a member that several addresses
/// lead to, one at a time.
pub(super) fn due(space: &Space) -> Vec<SocketAddr> {
    let mut members = space.lock();
    let Members { known, addresses, .. } = &mut *members;
    let connected = |actor: &ActorId| known.get(actor).is_some_and(|member| member.talk.is_some());
    let mut busy: BTreeSet<String> = BTreeSet::new();
    for address in addresses.values() {
        if address.dialling || address.actor.as_ref().is_some_and(connected) {
            busy.extend(address.instances.iter().cloned());
        }
    }
    let mut due = Vec::new();
    for (place, address) in addresses.iter_mut() {
        let waits = address.not_before.is_some_and(|time| time > Instant::now());
        let reached = address.actor.as_ref().is_some_and(connected)
            || address.instances.iter().any(|name| busy.contains(name));
        if !waits && !reached && !address.dialling {
            address.dialling = true;
            busy.extend(address.instances.iter().cloned());
            due.push(*place);
        }
    }
    due
}

/// Finds out where an address that was given by hand leads.
async fn look_up(space: &Space, address: &str) {
    match timeout(CONNECT_TIME_MAX, lookup_host(address)).await {
        Ok(Ok(places)) => space.lock().looked_up(address, places),
        Ok(Err(error)) => tracing::debug!(address, %error, "an address leads nowhere"),
        Err(_) => tracing::debug!(address, "looking an address up takes too long"),
    }
}

pub(super) async fn try_address(inner: &Inner, space: &Arc<Space>, place: SocketAddr) {
    let dialled = Connection::dial(place, &space.membership, &space.credentials).await;
    {
        let mut members = space.lock();
        if let Some(address) = members.addresses.get_mut(&place) {
            address.dialling = false;
            match &dialled {
                Ok(connection) => {
                    address.failures = 0;
                    address.actor = Some(connection.peer());
                    address.not_before = Some(Instant::now() + REDIAL_INTERVAL);
                    let led = members
                        .given
                        .values_mut()
                        .filter(|given| given.places.contains(&place));
                    led.for_each(|given| given.actor = Some(connection.peer()));
                }
                Err(error) => {
                    tracing::debug!(%place, %error, "a member could not be reached");
                    address.failures = address.failures.saturating_add(1);
                    let pause = REDIAL_INTERVAL * 2_u32.saturating_pow(address.failures.min(8) - 1);
                    address.not_before = Some(Instant::now() + pause.min(REDIAL_PAUSE_MAX));
                    // Whoever announced it may have gone without a farewell.
                    if let Some(discovery) = &*lock(&inner.discovery) {
                        address
                            .instances
                            .iter()
                            .for_each(|instance| discovery.doubt(instance));
                    }
                }
            }
        }
    }
    if let Ok(connection) = dialled {
        inner.talk(space, connection);
    }
}

pub(super) async fn dial_by_name(
    address: &str,
    membership: &Membership,
    credentials: &Credentials,
) -> Result<Connection, SyncError> {
    let dialled = timeout(CONNECT_TIME_MAX, async {
        let places: Vec<_> = match lookup_host(address).await {
            Ok(places) => places.collect(),
            Err(_) => return Err(SyncError::BadAddress(address.to_owned())),
        };
        let mut last = SyncError::BadAddress(address.to_owned());
        for place in places {
            match Connection::dial(place, membership, credentials).await {
                Ok(connection) => return Ok(connection),
                Err(source @ (ConnectionError::Handshake(_) | ConnectionError::Closed)) => {
                    last = SyncError::NotAMember {
                        address: address.to_owned(),
                        source,
                    };
                }
                Err(source) => {
                    last = SyncError::Unreachable {
                        address: address.to_owned(),
                        source,
                    }
                }
            }
        }
        Err(last)
    });
    dialled.await.unwrap_or_else(|_| {
        Err(SyncError::TimedOut {
            address: address.to_owned(),
        })
    })
}
