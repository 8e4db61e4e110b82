//! Why a member is not seen.

use super::observation::{AddressSeen, Answer, Echo, MemberSeen, Observations};
use super::verdict::{SKEW_HELD_MS, skew_words};
use super::{Check, CheckStatus};
use crate::message::PROTOCOL_VERSION;

/// The shortest beginning of a key that names a member.
const KEY_DIGITS_MIN: usize = 6;

/// Why the member that somebody asks about is not seen, or that it is.
pub(super) fn asked(seen: &Observations, asked: &str) -> Check {
    let asked = asked.trim();
    let same = |name: &str| name.trim().to_lowercase() == asked.to_lowercase();
    if seen.own.is_none() {
        return check(CheckStatus::Skipped, format!("{asked} was not looked for"))
            .detail("There is no workspace here in which it could be a member.")
            .advice("Create a workspace or join one first.");
    }
    let named = seen.members.iter().filter(|member| same(&member.status.name));
    let keyed = seen.members.iter().filter(|member| {
        let key = member.status.peer_id.to_string();
        asked.len() >= KEY_DIGITS_MIN && key.starts_with(&asked.to_lowercase())
    });
    // Of several by one name, the one that is connected; otherwise the one met last.
    let found = named
        .chain(keyed)
        .max_by_key(|member| (member.status.connected, member.status.last_met));
    if let Some(member) = found {
        return of_member(seen, member);
    }
    if same(&seen.name) {
        return check(CheckStatus::Ok, format!("{asked} is this device"));
    }
    let at = |address: &&AddressSeen| {
        address.given.as_deref() == Some(asked)
            || address.address.to_string() == asked
            || address.address.ip().to_string() == asked
    };
    if let Some(address) = seen.addresses.iter().find(at) {
        return at_address(seen, address, asked);
    }
    never_met(seen, asked)
}

/// How a member stands that was met at some time.
pub(super) fn of_member(seen: &Observations, member: &MemberSeen) -> Check {
    let (name, status) = (member.called(), &member.status);
    // A connection that is being closed because of the pause is none any more.
    if seen.paused {
        return paused_here(&name);
    }
    if status.connected {
        if status.skew_ms.unsigned_abs() >= SKEW_HELD_MS {
            return clock_is_off(&name, status.skew_ms);
        }
        return check(CheckStatus::Ok, format!("{name} is connected"))
            .detail(format!("It is at {}.", status.address));
    }
    let addresses = || {
        seen.addresses
            .iter()
            .filter(|address| address.actor == Some(status.peer_id))
    };
    for address in addresses() {
        if let Answer::Member {
            protocol, skew_ms, ..
        } = &address.answer
        {
            if let Some(theirs) = protocol.filter(|theirs| *theirs != PROTOCOL_VERSION) {
                return other_version(&name, theirs);
            }
            if skew_ms.unsigned_abs() >= SKEW_HELD_MS {
                return clock_is_off(&name, *skew_ms);
            }
        }
    }
    if let Some(theirs) = status.protocol.filter(|theirs| *theirs != PROTOCOL_VERSION) {
        return other_version(&name, theirs);
    }
    if let Some(problem) = &status.problem {
        return check(
            CheckStatus::Fail,
            format!("{name} is heard, but what it sends is refused"),
        )
        .detail(problem.clone())
        .advice(
            "Start OpenProd again on both devices. If this comes back, look at forks and `openprod verify`.",
        );
    }
    let mut answers: Vec<_> = addresses().collect();
    // What says most comes first.
    answers.sort_by_key(|address| match address.answer {
        Answer::Member { .. } => 0,
        Answer::HungUp => 1,
        Answer::Closed => 2,
        Answer::Nothing(_) => 3,
        Answer::Itself | Answer::Unasked => 4,
    });
    match answers.first() {
        Some(AddressSeen {
            answer: Answer::Member { .. },
            address,
            ..
        }) => check(CheckStatus::Warn, format!("{name} answers, and is just connecting"))
            .detail(format!("It answered at {address} as soon as it was asked."))
            .advice("Look again in a few seconds."),
        Some(address) if !matches!(address.answer, Answer::Unasked | Answer::Itself) => {
            let (title, advice) = no_meeting(&name, address, &address.answer);
            check(CheckStatus::Warn, title).detail(last_met(seen, member)).advice(advice)
        }
        _ => check(CheckStatus::Warn, format!("{name} is not heard, and no address leads to it"))
            .detail(last_met(seen, member))
            .advice(format!(
                "Is OpenProd running on {name}, and is it on the same network? Then connect by the address that it shows."
            )),
    }
}

fn at_address(seen: &Observations, address: &AddressSeen, asked: &str) -> Check {
    if let Some(actor) = address.actor
        && let Some(member) = seen.members.iter().find(|member| member.status.peer_id == actor)
    {
        return of_member(seen, member);
    }
    match &address.answer {
        Answer::Member {
            protocol: Some(theirs),
            name,
            ..
        } if *theirs != PROTOCOL_VERSION => {
            other_version(if name.is_empty() { asked } else { name }, *theirs)
        }
        Answer::Member { skew_ms, name, .. } if skew_ms.unsigned_abs() >= SKEW_HELD_MS => {
            clock_is_off(if name.is_empty() { asked } else { name }, *skew_ms)
        }
        Answer::Member { name, .. } => check(CheckStatus::Ok, format!("{asked} answers"))
            .detail(format!("It is {name}, a member of this workspace.")),
        Answer::Unasked => paused_here(asked),
        answer => {
            let (title, advice) = no_meeting(asked, address, answer);
            check(CheckStatus::Warn, title).advice(advice)
        }
    }
}

/// What it means that nobody was met at an address, and what to do: in this order.
pub(super) fn no_meeting(name: &str, address: &AddressSeen, answer: &Answer) -> (String, String) {
    let place = address.written();
    match answer {
        Answer::HungUp if address.heard => (
            format!("{name} is heard, but does not talk to this device"),
            "Exchange is probably paused there: resume it under Peers on that device.".to_owned(),
        ),
        Answer::HungUp => (
            format!("{name} is there, but is not in this workspace"),
            format!(
                "What answers at {place} belongs to another workspace, has its exchange paused, or is another \
                 program. Invite it to this workspace, or resume exchange there."
            ),
        ),
        Answer::Closed => (
            format!("{name}: the device is there, but OpenProd is not running on that port"),
            format!("Start OpenProd on it, and compare {place} with the port it shows under Peers."),
        ),
        Answer::Nothing(_) if address.heard => (
            format!("{name} is heard, but its address gives no answer"),
            format!(
                "A firewall on it, or between the networks, keeps {place} shut: allow OpenProd there. On Wi-Fi, \
                 client isolation does the same."
            ),
        ),
        Answer::Nothing(_) => (
            format!("{name}: the address gives no answer"),
            format!(
                "Is that device on, awake, and on this network? Its address may have changed: compare {place} with \
                 what it shows under Peers."
            ),
        ),
        Answer::Itself => (
            format!("{place} is this device itself"),
            "Give the address of the other device, and forget this one.".to_owned(),
        ),
        Answer::Member { .. } | Answer::Unasked => (format!("{name} was not asked"), String::new()),
    }
}

fn never_met(seen: &Observations, asked: &str) -> Check {
    if seen.paused {
        return paused_here(asked);
    }
    let check = check(CheckStatus::Warn, format!("{asked} was never heard"));
    let used = seen.interfaces.iter().any(super::Interface::is_used);
    if !used {
        return check
            .detail("This device is not on a network.")
            .advice("Plug in the network cable, or join the Wi-Fi that the others use.");
    }
    if !seen.strangers.is_empty() {
        let places: Vec<_> = seen.strangers.iter().map(ToString::to_string).collect();
        return check
            .detail(format!(
                "Devices of another workspace are heard, at {}: it may be one of them.",
                places.join(", ")
            ))
            .advice(format!(
                "Invite {asked} to this workspace: make an invitation here, and join with it there."
            ));
    }
    let blocked = seen
        .interfaces
        .iter()
        .filter(|interface| interface.is_used())
        .all(|interface| {
            let echo = seen.multicast.iter().find(|(name, _)| *name == interface.name);
            interface.multicast == Some(false) || echo.is_some_and(|(_, echo)| *echo != Echo::Returned)
        });
    if blocked || !seen.discovers {
        return check
            .detail("This device cannot hear others announce themselves, so that says little.")
            .advice(format!("Connect by the address that {asked} shows under Peers."));
    }
    check
        .detail(format!(
            "No device of that name has been met in this workspace, and {} heard now.",
            match seen.heard {
                0 => "none at all is".to_owned(),
                1 => "one other is".to_owned(),
                count => format!("{count} others are"),
            }
        ))
        .advice(format!(
            "Is the name written as that device shows it? Is OpenProd running on {asked}, in this workspace, and on the \
             same network? Otherwise connect by its address."
        ))
}

fn check(status: CheckStatus, title: impl Into<String>) -> Check {
    Check::new("peer", status, title)
}

fn paused_here(name: &str) -> Check {
    check(
        CheckStatus::Warn,
        format!("{name} is not looked for: exchange is paused on this device"),
    )
    .advice("Resume it under Peers.")
}

fn other_version(name: &str, theirs: u16) -> Check {
    let older = if theirs < PROTOCOL_VERSION {
        name
    } else {
        "this device"
    };
    check(
        CheckStatus::Fail,
        format!("{name} runs a version that does not understand this one"),
    )
    .detail(format!(
        "It speaks protocol {theirs}, this device speaks {PROTOCOL_VERSION}."
    ))
    .advice(format!("Update OpenProd on {older}."))
}

fn clock_is_off(name: &str, skew_ms: i64) -> Check {
    check(
        CheckStatus::Fail,
        format!("{name} is there, but the clocks are far apart"),
    )
    .detail(format!(
        "Its clock is {} of this device's. What the device that is ahead writes is held back by the other.",
        skew_words(skew_ms)
    ))
    .advice("Set date and time to automatic on the device that is wrong; compare both with a phone.")
}

fn last_met(seen: &Observations, member: &MemberSeen) -> String {
    let Some(last) = member.status.last_met else {
        return String::new();
    };
    let minutes = seen.at.since(last).as_secs() / 60;
    let ago = match minutes {
        0 => "less than a minute ago".to_owned(),
        1..120 => format!("{minutes} min ago"),
        120..2_880 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1_440),
    };
    format!("It was last connected {ago}, at {}.", member.status.address)
}
