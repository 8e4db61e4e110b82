//! What is made of what was seen: one check for each thing that must be right before devices can work together.

use openprod_core::bundle::FORMAT_VERSION;

use super::absence;
use super::interface::Interface;
use super::observation::{Answer, Echo, MemberSeen, Observations};
use super::{Check, CheckStatus};
use crate::message::PROTOCOL_VERSION;
use crate::peer::SKEW_SUSPECT;

/// By how much clocks may differ before what one device writes waits on the others, in milliseconds.
pub(super) const SKEW_HELD_MS: u64 = 5 * 60 * 1_000;

/// By how much clocks may differ unmentioned, in milliseconds.
const SKEW_UNMENTIONED_MS: u64 = 2_000;

/// The checks, from the cable to the other device.
pub(super) fn checks(seen: &Observations) -> Vec<Check> {
    let mut checks = vec![interfaces(seen), multicast(seen), discovery(seen), port(seen)];
    if seen.own.is_some() {
        checks.extend([sync(seen), members(seen)]);
        checks.extend(addresses(seen));
        checks.extend([clock(seen), versions(seen), in_step(seen)]);
    }
    checks
}

fn interfaces(seen: &Observations) -> Check {
    let words = |interface: &Interface| {
        let addresses: Vec<_> = interface.addresses.iter().map(ToString::to_string).collect();
        let addresses = if addresses.is_empty() {
            "no address".to_owned()
        } else {
            addresses.join(", ")
        };
        let state = match interface {
            Interface { loopback: true, .. } => "this device only",
            Interface { up: false, .. } => "not connected",
            Interface { tunnel: true, .. } => "a tunnel, not used to find devices",
            interface if interface.is_used() => "used",
            _ => "up, but without an address to use",
        };
        format!("{}: {addresses} ({state})", interface.name)
    };
    let detail = seen.interfaces.iter().map(words).collect::<Vec<_>>().join("; ");
    let used = seen
        .interfaces
        .iter()
        .filter(|interface| interface.is_used())
        .count();
    match used {
        0 => Check::new("interfaces", CheckStatus::Fail, "This device is not on a network")
            .detail(detail)
            .advice(
                "Plug in the network cable, or join the Wi-Fi that the others use. Nothing is lost meanwhile: \
                 everything is saved here.",
            ),
        _ => {
            let noun = if used == 1 { "a network" } else { "networks" };
            Check::new("interfaces", CheckStatus::Ok, format!("This device is on {noun}")).detail(detail)
        }
    }
}

fn multicast(seen: &Observations) -> Check {
    const ID: &str = "multicast";
    const BLOCKED: &str = "Allow OpenProd in the firewall of this device (UDP port 5353). Until then, connect by \
                           address: Peers, Connect to an address.";
    let used: Vec<_> = seen
        .interfaces
        .iter()
        .filter(|interface| interface.is_used())
        .collect();
    if used.is_empty() {
        return Check::new(ID, CheckStatus::Skipped, "Messages to everybody were not tried")
            .detail("There is no network to try them on.");
    }
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for interface in &used {
        let echo = seen.multicast.iter().find(|(name, _)| *name == interface.name);
        let name = &interface.name;
        match echo {
            _ if interface.multicast == Some(false) => {
                bad.push(format!(
                    "{name}: messages to everybody are switched off on this interface"
                ));
            }
            Some((_, Echo::Returned)) => good.push(name.as_str()),
            Some((_, Echo::Silent)) => bad.push(format!("{name}: our own message did not come back")),
            Some((_, Echo::Failed(reason))) => bad.push(format!("{name}: nothing could be sent ({reason})")),
            // An interface with IPv6 alone is not tried.
            None => {}
        }
    }
    let detail = bad.join("; ");
    if !bad.is_empty() && good.is_empty() {
        return Check::new(
            ID,
            CheckStatus::Fail,
            "Devices cannot find each other by themselves here",
        )
        .detail(detail)
        .advice(BLOCKED);
    }
    if !bad.is_empty() {
        return Check::new(
            ID,
            CheckStatus::Warn,
            "On some networks devices cannot find each other",
        )
        .detail(format!("{detail}; {}: works", good.join(", ")))
        .advice(BLOCKED);
    }
    if good.is_empty() {
        return Check::new(ID, CheckStatus::Skipped, "Messages to everybody were not tried")
            .detail("The networks here have no address of IPv4.");
    }
    let sent = format!(
        "A message to everybody went out and came back on {}",
        good.join(", ")
    );
    let silent: Vec<_> = unheard(seen).map(MemberSeen::called).collect();
    if seen.discovers && !silent.is_empty() && seen.heard == 0 && seen.strangers.is_empty() {
        return Check::new(
            ID,
            CheckStatus::Warn,
            "The network seems to swallow messages to everybody",
        )
        .detail(format!(
            "{sent}. But {} can be reached by address only: no device at all is heard announcing itself.",
            silent.join(", ")
        ))
        .advice(
            "On Wi-Fi, ask for client isolation and multicast filtering to be switched off, or use a plain \
                 switch with cables. Connecting by address works all the same, and the address is kept.",
        );
    }
    Check::new(ID, CheckStatus::Ok, "Messages to everybody go out and come back").detail(format!("{sent}."))
}

/// The members that are connected over a network and not heard on it.
fn unheard(seen: &Observations) -> impl Iterator<Item = &MemberSeen> {
    seen.members.iter().filter(|member| {
        let remote = member.host().is_some_and(|host| !host.is_loopback());
        member.status.connected && !member.status.heard && remote
    })
}

fn discovery(seen: &Observations) -> Check {
    const ID: &str = "discovery";
    if !seen.discovers {
        return Check::new(ID, CheckStatus::Skipped, "This device does not look for others")
            .detail("Looking for devices and being found is switched off (--no-mdns), or could not begin.")
            .advice("Connect by address, or start the engine without --no-mdns.");
    }
    let others = match seen.strangers.len() {
        0 => String::new(),
        count => {
            let places: Vec<_> = seen.strangers.iter().map(ToString::to_string).collect();
            format!(
                " {count} more {} to another workspace: {}.",
                if count == 1 {
                    "device belongs"
                } else {
                    "devices belong"
                },
                places.join(", ")
            )
        }
    };
    if seen.own.is_none() {
        return Check::new(ID, CheckStatus::Ok, "This device looks for others")
            .detail(format!("No workspace was looked at.{others}"));
    }
    match seen.heard {
        0 if !seen.strangers.is_empty() => Check::new(
            ID,
            CheckStatus::Warn,
            "Other devices are heard, but none of this workspace",
        )
        .detail(others.trim().to_owned())
        .advice("If one of them should be here, invite it: it has to join this workspace first."),
        0 => Check::new(ID, CheckStatus::Ok, "No other device announces itself").detail(
            "Nobody else is on the network with OpenProd running, or their announcements do not get here.",
        ),
        count => Check::new(ID, CheckStatus::Ok, format!("{} heard", devices(count))).detail(format!(
            "{} of this workspace {} on the network.{others}",
            devices(count),
            if count == 1 {
                "announces itself"
            } else {
                "announce themselves"
            }
        )),
    }
}

fn devices(count: usize) -> String {
    if count == 1 {
        "1 device".to_owned()
    } else {
        format!("{count} devices")
    }
}

fn port(seen: &Observations) -> Check {
    const ID: &str = "sync_port";
    let broken: Vec<_> = seen
        .ports
        .iter()
        .filter_map(|port| Some(format!("{} ({})", port.address, port.problem.as_ref()?)))
        .collect();
    let open: Vec<_> = seen
        .ports
        .iter()
        .filter(|port| port.problem.is_none())
        .map(|port| port.address.to_string())
        .collect();
    let local = seen.ports.iter().all(|port| port.address.ip().is_loopback());
    if seen.ports.is_empty() {
        return Check::new(
            ID,
            CheckStatus::Skipped,
            "The port for other devices was not tried",
        );
    }
    if !broken.is_empty() {
        let status = if open.is_empty() {
            CheckStatus::Fail
        } else {
            CheckStatus::Warn
        };
        return Check::new(ID, status, "Other devices cannot connect to this one")
            .detail(format!("No answer at {}", broken.join(", ")))
            .advice("Allow OpenProd in the firewall of this device, or start the engine again.");
    }
    if local {
        return Check::new(ID, CheckStatus::Warn, "Other devices cannot connect to this one")
            .detail(format!("It listens on this device only: {}.", open.join(", ")))
            .advice("Once a network is there, start the engine with `openprod serve`.");
    }
    Check::new(ID, CheckStatus::Ok, "Other devices can connect to this one")
        .detail(format!("It answers at {}.", open.join(", ")))
}

fn sync(seen: &Observations) -> Check {
    if seen.paused {
        return Check::new("sync", CheckStatus::Warn, "Exchange is paused on this device")
            .detail("Nothing is sent or received until it is resumed. Everything is saved here.")
            .advice("Resume it under Peers.");
    }
    Check::new("sync", CheckStatus::Ok, "Exchange is on")
}

fn members(seen: &Observations) -> Check {
    const ID: &str = "members";
    let connected = seen
        .members
        .iter()
        .filter(|member| member.status.connected)
        .count();
    let absent: Vec<_> = seen
        .members
        .iter()
        .filter(|member| !member.status.connected)
        .collect();
    if seen.members.is_empty() {
        return Check::new(ID, CheckStatus::Skipped, "Nobody else has been met yet")
            .advice("Invite somebody; on the other device, join with the invitation.");
    }
    if absent.is_empty() {
        let all: Vec<_> = seen.members.iter().map(MemberSeen::called).collect();
        let title = format!("Connected with {}", devices(connected));
        return Check::new(ID, CheckStatus::Ok, title).detail(all.join(", "));
    }
    let reasons: Vec<_> = absent
        .iter()
        .map(|member| absence::of_member(seen, member))
        .collect();
    let detail: Vec<_> = reasons.iter().map(|check| check.title.clone()).collect();
    let advice = reasons
        .first()
        .map_or_else(String::new, |check| check.advice.clone());
    let title = format!("Connected with {connected} of {}", devices(seen.members.len()));
    Check::new(ID, CheckStatus::Warn, title)
        .detail(detail.join(". "))
        .advice(advice)
}

/// One check for each address at which nobody of this workspace answered, and for those given by hand.
fn addresses(seen: &Observations) -> impl Iterator<Item = Check> {
    seen.addresses.iter().filter_map(|address| {
        let written = address.written();
        let id = format!("address:{}", address.address);
        let name = address
            .actor
            .and_then(|actor| seen.members.iter().find(|member| member.status.peer_id == actor))
            .map_or_else(
                || written.clone(),
                |member| format!("{} ({written})", member.called()),
            );
        match &address.answer {
            Answer::Member { .. } if address.given.is_none() => None,
            Answer::Member { name, .. } if name.is_empty() => {
                Some(Check::new(id, CheckStatus::Ok, format!("{written} answers")))
            }
            Answer::Member { name, .. } => Some(Check::new(
                id,
                CheckStatus::Ok,
                format!("{written} answers: it is {name}"),
            )),
            Answer::Unasked => None,
            answer => {
                let (title, advice) = absence::no_meeting(&name, address, answer);
                let detail = match answer {
                    Answer::Nothing(reason) => reason.clone(),
                    _ => String::new(),
                };
                Some(
                    Check::new(id, CheckStatus::Warn, title)
                        .detail(detail)
                        .advice(advice),
                )
            }
        }
    })
}

fn clock(seen: &Observations) -> Check {
    const ID: &str = "clock";
    let skews: Vec<(String, i64)> = seen
        .members
        .iter()
        .filter(|member| member.status.connected)
        .map(|member| (member.called(), member.status.skew_ms))
        .chain(seen.addresses.iter().filter_map(|address| match &address.answer {
            Answer::Member {
                name, skew_ms, actor, ..
            } => {
                let listed = |member: &MemberSeen| member.status.peer_id == *actor && member.status.connected;
                (!seen.members.iter().any(listed)).then(|| (name.clone(), *skew_ms))
            }
            _ => None,
        }))
        .collect();
    let Some((name, worst)) = skews.iter().max_by_key(|(_, skew)| skew.unsigned_abs()) else {
        return Check::new(
            ID,
            CheckStatus::Skipped,
            "There is no other clock to compare with",
        );
    };
    let off: Vec<_> = skews
        .iter()
        .filter(|(_, skew)| skew.unsigned_abs() > SKEW_UNMENTIONED_MS)
        .map(|(name, skew)| format!("{name} is {}", skew_words(*skew)))
        .collect();
    if u128::from(worst.unsigned_abs()) <= SKEW_SUSPECT.as_millis() {
        return Check::new(ID, CheckStatus::Ok, "Clocks agree").detail(off.join("; "));
    }
    // Where several others agree that we are off, it is we who are.
    let ours = skews.len() > 1
        && skews
            .iter()
            .all(|(_, skew)| u128::from(skew.unsigned_abs()) > SKEW_SUSPECT.as_millis());
    let title = if ours {
        "The clock of this device is off".to_owned()
    } else {
        format!("The clocks of this device and {name} disagree")
    };
    let (status, effect) = if worst.unsigned_abs() >= SKEW_HELD_MS {
        (
            CheckStatus::Fail,
            " What the device that is ahead writes is held back by the others.",
        )
    } else {
        (CheckStatus::Warn, "")
    };
    Check::new(ID, status, title)
        .detail(format!("{}.{effect}", off.join("; ")))
        .advice("Set date and time to automatic on the device that is wrong; compare both with a phone.")
}

/// How far a clock is off, as `5 min ahead`.
pub(super) fn skew_words(skew_ms: i64) -> String {
    let seconds = skew_ms.unsigned_abs().div_ceil(1_000);
    let length = match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    };
    format!("{length} {}", if skew_ms > 0 { "ahead" } else { "behind" })
}

fn versions(seen: &Observations) -> Check {
    const ID: &str = "versions";
    let own = format!(
        "This device speaks protocol {PROTOCOL_VERSION}, writes format {FORMAT_VERSION} and derives by rules {}",
        seen.derivation
    );
    let protocols = seen
        .members
        .iter()
        .filter_map(|member| Some((member.called(), member.status.protocol?)))
        .chain(seen.addresses.iter().filter_map(|address| match &address.answer {
            Answer::Member { name, protocol, .. } => Some((name.clone(), (*protocol)?)),
            _ => None,
        }));
    let strange: std::collections::BTreeSet<_> = protocols
        .filter(|(_, protocol)| *protocol != PROTOCOL_VERSION)
        .map(|(name, protocol)| format!("{name} speaks protocol {protocol}"))
        .collect();
    if !strange.is_empty() {
        let strange: Vec<_> = strange.into_iter().collect();
        return Check::new(
            ID,
            CheckStatus::Fail,
            "Some devices run a version that does not understand this one",
        )
        .detail(format!("{own}; {}.", strange.join("; ")))
        .advice("Update OpenProd on the older device.");
    }
    let other_rules: Vec<_> = seen
        .members
        .iter()
        .filter(|member| member.status.connected)
        .filter_map(|member| Some((member.called(), member.status.derivation?)))
        .filter(|(_, rules)| *rules != seen.derivation)
        .map(|(name, rules)| format!("{name} derives by rules {rules}"))
        .collect();
    if !other_rules.is_empty() {
        return Check::new(ID, CheckStatus::Warn, "Some devices run another version")
            .detail(format!("{own}; {}.", other_rules.join("; ")))
            .advice(
                "Everything is exchanged, but the older device may show some of it differently. Update it between \
                 shows.",
            );
    }
    Check::new(ID, CheckStatus::Ok, "Versions fit").detail(format!("{own}."))
}

fn in_step(seen: &Observations) -> Check {
    const ID: &str = "in_step";
    let connected: Vec<_> = seen
        .members
        .iter()
        .filter(|member| member.status.connected)
        .collect();
    if connected.is_empty() {
        return Check::new(ID, CheckStatus::Skipped, "There is nobody to be in step with");
    }
    let mut behind = Vec::new();
    for member in connected {
        let (called, status) = (member.called(), &member.status);
        if status.behind > 0 {
            behind.push(format!("{called} still lacks {}", changes(status.behind)));
        }
        if status.ahead > 0 {
            behind.push(format!("{} of {called} still to come", changes(status.ahead)));
        } else if !member.in_step {
            behind.push(format!("{called} has not told yet what it has"));
        }
    }
    if behind.is_empty() {
        return Check::new(ID, CheckStatus::Ok, "Everybody who is connected has the same");
    }
    Check::new(ID, CheckStatus::Warn, "Devices are still catching up")
        .detail(format!("{}.", behind.join("; ")))
        .advice("Leave both devices connected until this is over. Run the doctor again if the numbers do not fall.")
}

fn changes(count: u64) -> String {
    if count == 1 {
        "1 change".to_owned()
    } else {
        format!("{count} changes")
    }
}
