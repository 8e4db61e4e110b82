//! Whether addresses answer: the own ones, and those at which members may be. All are asked at once.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use openprod_core::ActorId;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::interface::Interface;
use super::observation::{AddressSeen, Answer, PortSeen};
use crate::connection::{Connection, ConnectionError};
use crate::conversation::now;
use crate::handshake::Credentials;
use crate::message::{Message, PROTOCOL_VERSION};
use crate::secret::Membership;

/// How long this device may take to reach itself.
const OWN_TIME_MAX: Duration = Duration::from_secs(1);

/// How long an address may take to accept a connection.
const ACCEPT_TIME_MAX: Duration = Duration::from_millis(1_500);

/// How long whoever accepted may take to show who it is.
const GREET_TIME_MAX: Duration = Duration::from_millis(1_500);

/// How many addresses are asked; those beyond stay unasked.
const ASKED_MAX: usize = 64;

/// How a member is dialled.
#[derive(Clone)]
pub(crate) struct Dial {
    pub(crate) membership: Membership,
    pub(crate) credentials: Credentials,
}

/// Whether the own port answers at the addresses on which it listens.
pub(super) async fn own_port(interfaces: &[Interface], bound: SocketAddr) -> Vec<PortSeen> {
    let mut places: Vec<IpAddr> = Vec::new();
    if bound.ip().is_unspecified() {
        let used = interfaces.iter().filter(|interface| interface.is_used());
        let addresses = used.flat_map(|interface| &interface.addresses);
        places.extend(addresses.filter(|address| address.is_ipv4() == bound.is_ipv4()));
        // A link-local address of IPv6 means nothing without its interface.
        places.retain(|place| !matches!(place, IpAddr::V6(v6) if v6.is_unicast_link_local()));
        if places.is_empty() {
            places.push(Ipv4Addr::LOCALHOST.into());
        }
    } else {
        places.push(bound.ip());
    }
    let mut asking = JoinSet::new();
    for place in places {
        let address = SocketAddr::new(place, bound.port());
        asking.spawn(async move {
            let problem = match timeout(OWN_TIME_MAX, TcpStream::connect(address)).await {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("no answer within a second".to_owned()),
            };
            PortSeen { address, problem }
        });
    }
    let mut seen = asking.join_all().await;
    seen.sort_by_key(|port| port.address);
    seen
}

/// Whether an address is this device's own port.
pub(super) fn is_own(address: SocketAddr, bound: SocketAddr, interfaces: &[Interface]) -> bool {
    let mut own = interfaces.iter().flat_map(|interface| &interface.addresses);
    address.port() == bound.port() && (address.ip().is_loopback() || own.any(|own| *own == address.ip()))
}

/// Dials the addresses whose members are not connected. Without `dial` none is asked.
pub(super) async fn addresses(addresses: Vec<AddressSeen>, dial: Option<Arc<Dial>>) -> Vec<AddressSeen> {
    let Some(dial) = dial else { return addresses };
    let mut asking = JoinSet::new();
    let mut seen = Vec::new();
    for address in addresses {
        if address.answer != Answer::Unasked || asking.len() >= ASKED_MAX {
            seen.push(address);
            continue;
        }
        let dial = Arc::clone(&dial);
        asking.spawn(async move {
            let answer = ask(address.address, &dial).await;
            AddressSeen { answer, ..address }
        });
    }
    seen.extend(asking.join_all().await);
    seen.sort_by_key(|address| address.address);
    seen
}

async fn ask(address: SocketAddr, dial: &Dial) -> Answer {
    let stream = match timeout(ACCEPT_TIME_MAX, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => return Answer::Closed,
        Ok(Err(error)) => return Answer::Nothing(error.to_string()),
        Err(_) => return Answer::Nothing("no answer in time".to_owned()),
    };
    let greeting = Connection::greet(stream, address, &dial.membership, &dial.credentials);
    match timeout(GREET_TIME_MAX, greeting).await {
        Ok(Ok(connection)) => hear(connection).await,
        Ok(Err(ConnectionError::Network(error))) if error.kind() == io::ErrorKind::TimedOut => {
            Answer::Nothing(error.to_string())
        }
        // Whoever has another secret, or no workspace to offer, gives no byte.
        Ok(Err(_)) | Err(_) => Answer::HungUp,
    }
}

/// Hears what a member says of itself, says goodbye, and hangs up.
async fn hear(connection: Connection) -> Answer {
    let actor: ActorId = connection.peer();
    let (mut reader, mut writer) = connection.split();
    let hello = match timeout(GREET_TIME_MAX, reader.next()).await {
        Ok(Ok(Message::Hello(hello))) => Some(hello),
        _ => None,
    };
    let skew = |theirs: u64| (i128::from(theirs) - i128::from(now().as_micros())) / 1_000;
    let answer = Answer::Member {
        actor,
        skew_ms: hello.as_ref().map_or(0, |hello| {
            i64::try_from(skew(hello.now_micros)).unwrap_or(i64::MAX)
        }),
        protocol: hello.as_ref().map(|hello| hello.protocol),
        name: hello.map_or_else(String::new, |hello| hello.name),
    };
    let reason = format!("only asked whether protocol {PROTOCOL_VERSION} is spoken here");
    // It notices that we hang up, whether or not this arrives.
    let _ = writer.send(&Message::Bye { reason }).await;
    writer.close().await;
    answer
}
