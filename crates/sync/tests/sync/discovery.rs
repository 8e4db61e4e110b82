//! Engines that find each other by multicast on the interfaces of this machine.

use std::io::Write as _;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use openprod_core::WorkspaceId;
use openprod_sync::discovery::DiscoveryConfig;
use openprod_sync::{Discovery, DiscoveryEvent, Membership, Tag, WorkspaceSecret};
use tokio::sync::mpsc::Receiver;

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// Longer than any of what is waited for takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_find_each_other_as_workspaces_open_and_close_and_strangers_find_nobody() {
    let Some(port) = multicast_port() else {
        return skip("discovery between engines: multicast does not reach its sender here");
    };
    let (a, mut a_events) = start(port, 1, &[1]);
    let (b, mut b_events) = start(port, 2, &[1]);
    let (stranger, mut stranger_events) = start(port, 3, &[2]);
    found(&mut a_events, 1, 2).await;
    found(&mut b_events, 1, 1).await;

    // Until now the third engine was a stranger to both; now A opens its workspace too.
    assert!(stranger_events.try_recv().is_err());
    a.add(membership(2));
    found(&mut stranger_events, 2, 1).await;
    found(&mut a_events, 2, 3).await;

    a.remove(workspace(1));
    lost(&mut b_events, 1).await;
    lost(&mut a_events, 1).await;

    stranger.stop().await;
    lost(&mut a_events, 2).await;
    a.stop().await;
    b.stop().await;
    assert_eq!(a_events.recv().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discovery_ends_with_its_receiver_and_without_a_workspace_says_nothing() {
    let Some(port) = multicast_port() else {
        return skip("discovery that ends: multicast does not reach its sender here");
    };
    let (idle, mut idle_events) = start(port, 1, &[]);
    let (ended, events) = start(port, 2, &[1]);
    drop(events);
    tokio::time::timeout(PATIENCE, ended.stop())
        .await
        .expect("it ends by itself");
    let (other, mut other_events) = start(port, 3, &[1]);
    idle.add(membership(1));
    found(&mut idle_events, 1, 3).await;
    found(&mut other_events, 1, 1).await;
    other.stop().await;
    idle.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_in_doubt_is_lost_when_it_does_not_answer_and_kept_when_it_does() {
    let Some(port) = multicast_port() else {
        return skip("discovery of a peer in doubt: multicast does not reach its sender here");
    };
    let (here, mut events) = start(port, 1, &[1, 2]);
    let (there, mut there_events) = start(port, 2, &[1]);
    let alive = found(&mut events, 1, 2).await;
    found(&mut there_events, 1, 1).await;
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port is free");
    // The first packet may come before the search has begun.
    let announcement = announcement("ghost", 40_009, Tag::new(&membership(2).secret, [9; 16]));
    let ghost = loop {
        socket
            .send_to(&announcement, (GROUP, port))
            .expect("multicast goes out");
        let heard = tokio::time::timeout(Duration::from_secs(1), found(&mut events, 2, 9));
        if let Ok(ghost) = heard.await {
            break ghost;
        }
    };
    here.doubt(&alive);
    here.doubt(&ghost);
    here.doubt("nobody._openprod._tcp.local.");
    lost(&mut events, 2).await;
    there.stop().await;
    lost(&mut events, 1).await;
    here.stop().await;
}

fn workspace(number: u8) -> WorkspaceId {
    WorkspaceId::from_u128(number.into())
}

fn membership(number: u8) -> Membership {
    Membership {
        workspace: workspace(number),
        secret: WorkspaceSecret::from_bytes([number; 32]),
    }
}

fn start(multicast_port: u16, engine: u8, workspaces: &[u8]) -> (Discovery, Receiver<DiscoveryEvent>) {
    Discovery::start(DiscoveryConfig {
        sync_port: 40_000 + u16::from(engine),
        memberships: workspaces.iter().copied().map(membership).collect(),
        entropy: [engine; 32],
        multicast_port,
    })
    .expect("threads are to be had")
}

async fn next(events: &mut Receiver<DiscoveryEvent>) -> DiscoveryEvent {
    tokio::time::timeout(PATIENCE, events.recv())
        .await
        .expect("news in time")
        .expect("discovery goes on")
}

/// Waits until `engine` is found in the workspace and gives its name. Others may be found again meanwhile, with more addresses.
async fn found(events: &mut Receiver<DiscoveryEvent>, number: u8, engine: u16) -> String {
    loop {
        match next(events).await {
            DiscoveryEvent::Found {
                workspace: of,
                addresses,
                instance,
            } => {
                if of == workspace(number) && addresses[0].port() == 40_000 + engine {
                    return instance;
                }
            }
            lost @ DiscoveryEvent::Lost { .. } => panic!("{lost:?}"),
        }
    }
}

/// Waits until the first peer is lost, which must be in `workspace`.
async fn lost(events: &mut Receiver<DiscoveryEvent>, number: u8) {
    loop {
        if let DiscoveryEvent::Lost { workspace: of, .. } = next(events).await {
            return assert_eq!(of, workspace(number));
        }
    }
}

/// A UDP port on which nobody else is, if what is sent to the group there comes back.
fn multicast_port() -> Option<u16> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    let port = socket.local_addr().ok()?.port();
    socket.join_multicast_v4(&GROUP, &Ipv4Addr::UNSPECIFIED).ok()?;
    socket.set_multicast_loop_v4(true).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    socket.send_to(b"heard?", (GROUP, port)).ok()?;
    let mut heard = [0; 16];
    let length = socket.recv(&mut heard).ok()?;
    (&heard[..length] == b"heard?").then_some(port)
}

/// The DNS message in which an engine called `name` announces `port` on 192.0.2.9 and one tag, as RFC 6762 and
/// RFC 6763 lay it out.
fn announcement(name: &str, port: u16, tag: Tag) -> Vec<u8> {
    let encode = |labels: &[&str]| -> Vec<u8> {
        labels
            .iter()
            .chain(&[""])
            .flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat())
            .collect()
    };
    let service = encode(&["_openprod", "_tcp", "local"]);
    let instance = encode(&[name, "_openprod", "_tcp", "local"]);
    let host = encode(&[name, "local"]);
    let text = [b"\x23w0=", &tag.as_bytes()[..]].concat();
    let mut message = vec![0, 0, 0x84, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    let mut record = |name: &[u8], kind: u16, class: u16, data: &[u8]| {
        message.extend_from_slice(name);
        message.extend_from_slice(&kind.to_be_bytes());
        message.extend_from_slice(&class.to_be_bytes());
        message.extend_from_slice(&4_500_u32.to_be_bytes());
        message.extend_from_slice(&(data.len() as u16).to_be_bytes());
        message.extend_from_slice(data);
    };
    record(&service, 12, 1, &instance);
    record(
        &instance,
        33,
        0x8001,
        &[&[0, 0, 0, 0][..], &port.to_be_bytes(), &host].concat(),
    );
    record(&instance, 16, 0x8001, &text);
    record(&host, 1, 0x8001, &[192, 0, 2, 9]);
    message
}

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn skip(what: &str) {
    println!("SKIPPED: {what}");
    if let Some(list) = std::env::var_os("OPENPROD_SKIP_FILE") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(list);
        file.and_then(|mut file| writeln!(file, "{what}"))
            .expect("the list of skipped tests can be written");
    }
}
