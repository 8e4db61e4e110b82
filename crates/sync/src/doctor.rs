//! The network doctor: why devices do, or do not, see each other, in words for whoever runs the show.
//!
//! [`SyncService::examine`] looks at everything at once and within seconds: the interfaces, multicast, the own
//! port, every address that is known, every member. What was seen is an [`Observations`]; `verdict.rs` and
//! `absence.rs` make checks of it and do nothing else, so that every verdict can be tested without a network.

mod absence;
mod interface;
mod multicast;
mod observation;
pub(crate) mod reach;
#[cfg(test)]
mod tests;
mod verdict;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use openprod_core::WorkspaceId;
use openprod_engine::DERIVATION_VERSION;
use tokio::time::timeout;

pub use self::interface::Interface;
pub use self::observation::{AddressSeen, Answer, Echo, MemberSeen, Observations, PortSeen};
use crate::driver::SyncService;

/// How long looking a name up may take.
const LOOK_UP_TIME_MAX: Duration = Duration::from_secs(2);

/// How a check ended; the later, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckStatus {
    /// There was nothing to check.
    Skipped,
    /// All is well.
    Ok,
    /// Work goes on, and somebody should look at it.
    Warn,
    /// Devices cannot meet, or cannot understand each other.
    Fail,
}

impl CheckStatus {
    /// The name that clients use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which; unique in a diagnosis and the same every time.
    pub id: String,
    /// How it ended.
    pub status: CheckStatus,
    /// The verdict in a few words.
    pub title: String,
    /// What was seen.
    pub detail: String,
    /// What to do; empty when there is nothing to do.
    pub advice: String,
}

impl Check {
    pub(crate) fn new(id: impl Into<String>, status: CheckStatus, title: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            status,
            title: title.into(),
            detail: String::new(),
            advice: String::new(),
        }
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }
}

/// What the doctor found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The worst of the checks; [`CheckStatus::Ok`] when nothing was wrong.
    pub status: CheckStatus,
    /// The checks, in the order in which a person reads them: from the cable to the other device.
    pub checks: Vec<Check>,
    /// The members, each with the reason why it is not connected, if it is not.
    pub members: Vec<(MemberSeen, Option<Check>)>,
}

impl Diagnosis {
    /// Judges what was seen; `asked` is the name of a member that somebody misses.
    #[must_use]
    pub fn of(seen: &Observations, asked: Option<&str>) -> Self {
        let mut checks = verdict::checks(seen);
        if let Some(asked) = asked {
            checks.push(absence::asked(seen, asked));
        }
        let members = seen.members.iter().map(|member| {
            let why = (!member.status.connected).then(|| absence::of_member(seen, member));
            (member.clone(), why)
        });
        Self {
            status: checks
                .iter()
                .map(|check| check.status)
                .fold(CheckStatus::Ok, Ord::max),
            members: members.collect(),
            checks,
        }
    }
}

impl SyncService {
    /// Examines the network, and how a workspace stands with its members on it; without a workspace, the network
    /// alone. Takes a few seconds at most, and changes nothing here; a member that is dialled to see whether it
    /// answers is told so and hung up on. `asked` is the name, key or address of a member that somebody misses.
    pub async fn examine(&self, workspace: Option<WorkspaceId>, asked: Option<&str>) -> Diagnosis {
        let interfaces = tokio::task::spawn_blocking(interface::interfaces);
        let interfaces = interfaces.await.unwrap_or_default();
        let (mut seen, dials) = self.observe(workspace);
        let mut addresses = std::mem::take(&mut seen.addresses);
        if let (Some(asked), Some(_)) = (asked, workspace) {
            add_asked(&mut addresses, asked).await;
        }
        let bound = self.bound();
        // A handshake with oneself is refused like a stranger's, so it would tell nothing.
        for address in &mut addresses {
            if reach::is_own(address.address, bound, &interfaces) {
                address.answer = Answer::Itself;
            }
        }
        let probing = multicast::probe(&interfaces);
        let ports = reach::own_port(&interfaces, bound);
        let answers = reach::addresses(addresses, dials.map(Arc::new));
        let (multicast, ports, addresses) = tokio::join!(probing, ports, answers);
        Diagnosis::of(
            &Observations {
                interfaces,
                multicast,
                ports,
                addresses,
                derivation: DERIVATION_VERSION,
                ..seen
            },
            asked,
        )
    }
}

/// Adds the address that somebody asks about, if it is one and not among those known.
async fn add_asked(addresses: &mut Vec<AddressSeen>, asked: &str) {
    let asked = asked.trim();
    if !asked.contains(':') {
        return;
    }
    let Ok(Ok(places)) = timeout(LOOK_UP_TIME_MAX, tokio::net::lookup_host(asked)).await else {
        return;
    };
    for place in places.take(2).collect::<Vec<SocketAddr>>() {
        match addresses.iter_mut().find(|seen| seen.address == place) {
            Some(seen) => seen.given.get_or_insert_with(|| asked.to_owned()),
            None => {
                addresses.push(AddressSeen {
                    given: Some(asked.to_owned()),
                    ..AddressSeen::at(place)
                });
                continue;
            }
        };
    }
}
