//! A message to everybody on each interface, and whether it comes back.
//!
//! The message is a question of multicast DNS for a random name that nobody has, sent to the group and port that
//! discovery uses. The system gives multicast back to its own sender, so what comes back shows that this device
//! may send and hear on that interface; whether the network carries it to others, only others can show.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use socket2::{Domain, Protocol, Socket, Type};

use super::interface::Interface;
use super::observation::Echo;
use crate::discovery::MULTICAST_PORT;

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// How long the message has to come back.
const RETURN_TIME_MAX: Duration = Duration::from_millis(1_200);

/// How long to wait before it is sent once more: one packet may get lost.
const SEND_AGAIN: Duration = Duration::from_millis(400);

/// The longest message that is looked at, in bytes.
const MESSAGE_BYTES_MAX: usize = 9_000;

/// Sends on every interface that is used and has an address of IPv4, on all at once.
pub(super) async fn probe(interfaces: &[Interface]) -> Vec<(String, Echo)> {
    let mut probes = Vec::new();
    for interface in interfaces.iter().filter(|interface| interface.is_used()) {
        let address = interface.addresses.iter().find_map(|address| match address {
            IpAddr::V4(v4) => Some(*v4),
            IpAddr::V6(_) => None,
        });
        if let Some(address) = address {
            let probe = tokio::task::spawn_blocking(move || {
                echo(address).unwrap_or_else(|error| Echo::Failed(error.to_string()))
            });
            probes.push((interface.name.clone(), probe));
        }
    }
    let mut echoes = Vec::new();
    for (name, probe) in probes {
        let echo = probe
            .await
            .unwrap_or_else(|error| Echo::Failed(error.to_string()));
        echoes.push((name, echo));
    }
    echoes
}

fn echo(interface: Ipv4Addr) -> io::Result<Echo> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(io::Error::from)?;
    let question = question(&HEXLOWER.encode(&nonce));
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, MULTICAST_PORT).into())?;
    socket.join_multicast_v4(&GROUP, &interface)?;
    socket.set_multicast_if_v4(&interface)?;
    socket.set_multicast_loop_v4(true)?;
    let socket: UdpSocket = socket.into();
    socket.set_read_timeout(Some(SEND_AGAIN / 4))?;
    let group = SocketAddrV4::new(GROUP, MULTICAST_PORT);
    let begun = Instant::now();
    let mut sent = 0;
    let mut buffer = [0; MESSAGE_BYTES_MAX];
    while begun.elapsed() < RETURN_TIME_MAX {
        if begun.elapsed() >= SEND_AGAIN * sent {
            socket.send_to(&question, group)?;
            sent += 1;
        }
        match socket.recv_from(&mut buffer) {
            Ok((length, _)) if buffer[..length] == question => return Ok(Echo::Returned),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Echo::Silent)
}

/// A question of multicast DNS (RFC 6762) for who is called `label` among the services of OpenProd.
fn question(label: &str) -> Vec<u8> {
    const PTR: [u8; 2] = [0, 12];
    const INTERNET: [u8; 2] = [0, 1];
    // No id and no flags; one question; no answers, authorities or more.
    let mut message = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for part in [label, "_openprod", "_tcp", "local"] {
        message.push(u8::try_from(part.len()).expect("each part is at most 63 bytes long"));
        message.extend_from_slice(part.as_bytes());
    }
    message.push(0);
    message.extend(PTR);
    message.extend(INTERNET);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_is_the_one_of_the_standard() {
        let message = question("ab");
        assert_eq!(message[..12], [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            &message[12..],
            b"\x02ab\x09_openprod\x04_tcp\x05local\x00\x00\x0c\x00\x01"
        );
    }

    #[test]
    fn message_on_an_address_that_is_not_ours_cannot_be_sent() {
        // 203.0.113.0/24 is kept for documents: no device has an address of it.
        assert!(echo(Ipv4Addr::new(203, 0, 113, 1)).is_err());
    }
}
