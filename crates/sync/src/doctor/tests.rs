//! Verdicts from observations, without a network.

use openprod_core::{ActorId, Timestamp};

use super::*;
use crate::message::PROTOCOL_VERSION;
use crate::status::PeerStatus;

const MINUTE_MS: i64 = 60_000;

/// A device on one good network, in a workspace, alone.
fn healthy() -> Observations {
    Observations {
        at: Timestamp::from_micros(10_000_000_000),
        own: Some(ActorId::from_bytes([1; 32])),
        name: "Prompt Desk".to_owned(),
        interfaces: vec![
            interface("eth0", "192.168.1.20", true, false),
            interface("lo", "127.0.0.1", true, true),
        ],
        multicast: vec![("eth0".to_owned(), Echo::Returned)],
        discovers: true,
        ports: vec![PortSeen {
            address: "192.168.1.20:7420".parse().unwrap(),
            problem: None,
        }],
        derivation: 3,
        ..Observations::default()
    }
}

fn interface(name: &str, address: &str, up: bool, loopback: bool) -> Interface {
    Interface {
        name: name.to_owned(),
        addresses: vec![address.parse().unwrap()],
        index: Some(2),
        up,
        loopback,
        tunnel: false,
        multicast: Some(!loopback),
    }
}

fn booth(connected: bool) -> MemberSeen {
    MemberSeen {
        status: PeerStatus {
            peer_id: ActorId::from_bytes([2; 32]),
            name: "Booth".to_owned(),
            address: "192.168.1.9:7420".to_owned(),
            connected,
            behind: 0,
            ahead: 0,
            skew_ms: 0,
            problem: None,
            last_met: Some(Timestamp::from_micros(10_000_000_000 - 180_000_000)),
            heard: connected,
            protocol: connected.then_some(PROTOCOL_VERSION),
            derivation: connected.then_some(3),
        },
        in_step: connected,
    }
}

fn address(answer: Answer, heard: bool) -> AddressSeen {
    AddressSeen {
        actor: Some(ActorId::from_bytes([2; 32])),
        heard,
        answer,
        ..AddressSeen::at("192.168.1.9:7420".parse().unwrap())
    }
}

fn with_booth(connected: bool, change: impl FnOnce(&mut Observations)) -> Observations {
    let mut seen = healthy();
    seen.members = vec![booth(connected)];
    seen.heard = usize::from(connected);
    change(&mut seen);
    seen
}

/// The status of a check, and its words in one line.
fn verdict(seen: &Observations, id: &str) -> (CheckStatus, String) {
    let diagnosis = Diagnosis::of(seen, None);
    let found = diagnosis.checks.iter().find(|check| check.id == id);
    let check = found.unwrap_or_else(|| panic!("{id}: {:?}", diagnosis.checks));
    (
        check.status,
        format!("{}. {} {}", check.title, check.detail, check.advice),
    )
}

#[track_caller]
fn check(seen: &Observations, id: &str, status: CheckStatus, words: &str) {
    let (found, text) = verdict(seen, id);
    assert_eq!(found, status, "{id}: {text}");
    assert!(text.contains(words), "{id}: {words:?} is not in {text:?}");
}

#[track_caller]
fn check_asked(seen: &Observations, asked: &str, status: CheckStatus, words: &str) {
    let diagnosis = Diagnosis::of(seen, Some(asked));
    let check = diagnosis.checks.last().unwrap();
    assert_eq!(check.id, "peer");
    let text = format!("{}. {} {}", check.title, check.detail, check.advice);
    assert_eq!(check.status, status, "{text}");
    assert!(text.contains(words), "{words:?} is not in {text:?}");
}

#[test]
fn lone_device_on_a_good_network_has_nothing_wrong() {
    let diagnosis = Diagnosis::of(&healthy(), None);
    assert_eq!(diagnosis.status, CheckStatus::Ok, "{:?}", diagnosis.checks);
    let ids: Vec<_> = diagnosis.checks.iter().map(|check| check.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "interfaces",
            "multicast",
            "discovery",
            "sync_port",
            "sync",
            "members",
            "clock",
            "versions",
            "in_step"
        ]
    );
    assert!(diagnosis.checks.iter().all(|check| !check.title.is_empty()));
}

#[test]
fn without_a_workspace_only_the_network_is_judged() {
    let seen = Observations {
        own: None,
        ..healthy()
    };
    assert_eq!(Diagnosis::of(&seen, None).checks.len(), 4);
    check_asked(&seen, "Booth", CheckStatus::Skipped, "no workspace here");
}

#[test]
fn device_without_a_network_fails_and_is_told_to_plug_in() {
    let mut seen = healthy();
    seen.interfaces[0].up = false;
    check(
        &seen,
        "interfaces",
        CheckStatus::Fail,
        "Plug in the network cable",
    );
    check(
        &seen,
        "interfaces",
        CheckStatus::Fail,
        "eth0: 192.168.1.20 (not connected)",
    );
    check(&seen, "multicast", CheckStatus::Skipped, "no network");
    check_asked(&seen, "Booth", CheckStatus::Warn, "not on a network");
}

#[test]
fn blocked_multicast_fails_on_all_and_warns_on_some_interfaces() {
    let mut seen = healthy();
    seen.multicast = vec![("eth0".to_owned(), Echo::Silent)];
    check(
        &seen,
        "multicast",
        CheckStatus::Fail,
        "eth0: our own message did not come back",
    );
    check_asked(&seen, "Booth", CheckStatus::Warn, "cannot hear others");
    seen.multicast = vec![("eth0".to_owned(), Echo::Failed("denied".to_owned()))];
    check(&seen, "multicast", CheckStatus::Fail, "denied");
    seen.multicast = vec![("eth0".to_owned(), Echo::Returned)];
    seen.interfaces[0].multicast = Some(false);
    check(
        &seen,
        "multicast",
        CheckStatus::Fail,
        "switched off on this interface",
    );
    seen.interfaces.push(interface("wlan0", "10.0.0.5", true, false));
    seen.multicast.push(("wlan0".to_owned(), Echo::Returned));
    check(&seen, "multicast", CheckStatus::Warn, "wlan0: works");
}

#[test]
fn member_that_is_connected_and_never_heard_points_at_the_network() {
    let seen = with_booth(true, |seen| {
        seen.members[0].status.heard = false;
        seen.heard = 0;
    });
    check(
        &seen,
        "multicast",
        CheckStatus::Warn,
        "Booth can be reached by address only",
    );
    let heard = with_booth(true, |_| {});
    check(&heard, "multicast", CheckStatus::Ok, "came back on eth0");
    let local = with_booth(true, |seen| {
        seen.members[0].status.heard = false;
        seen.members[0].status.address = "127.0.0.1:7420".to_owned();
        seen.heard = 0;
    });
    check(&local, "multicast", CheckStatus::Ok, "came back on eth0");
}

#[test]
fn port_that_does_not_answer_fails_and_one_for_this_device_only_warns() {
    let mut seen = healthy();
    seen.ports[0].problem = Some("refused".to_owned());
    check(
        &seen,
        "sync_port",
        CheckStatus::Fail,
        "192.168.1.20:7420 (refused)",
    );
    seen.ports[0] = PortSeen {
        address: "127.0.0.1:7420".parse().unwrap(),
        problem: None,
    };
    check(&seen, "sync_port", CheckStatus::Warn, "this device only");
}

#[test]
fn pause_switched_off_discovery_and_strangers_are_told() {
    let mut seen = healthy();
    seen.paused = true;
    check(&seen, "sync", CheckStatus::Warn, "paused");
    check_asked(&seen, "Booth", CheckStatus::Warn, "paused on this device");
    let mut seen = healthy();
    seen.discovers = false;
    check(&seen, "discovery", CheckStatus::Skipped, "--no-mdns");
    let mut seen = healthy();
    seen.strangers = vec!["192.168.1.7:9000".parse().unwrap()];
    check(&seen, "discovery", CheckStatus::Warn, "192.168.1.7:9000");
    check_asked(&seen, "Booth", CheckStatus::Warn, "another workspace");
}

#[test]
fn clocks_are_judged_by_how_far_they_are_apart() {
    for (skew_ms, status, words) in [
        (500, CheckStatus::Ok, "Clocks agree"),
        (-20_000, CheckStatus::Ok, "Booth is 20 s behind"),
        (45_000, CheckStatus::Warn, "Booth is 45 s ahead"),
        (-7 * MINUTE_MS, CheckStatus::Fail, "7 min behind"),
        (i64::MIN, CheckStatus::Fail, "days behind"),
    ] {
        let seen = with_booth(true, |seen| seen.members[0].status.skew_ms = skew_ms);
        check(&seen, "clock", status, words);
    }
    let seen = with_booth(true, |seen| {
        let mut stage = booth(true);
        stage.status.peer_id = ActorId::from_bytes([3; 32]);
        seen.members.push(stage);
        seen.members
            .iter_mut()
            .for_each(|member| member.status.skew_ms = 9 * MINUTE_MS);
    });
    check(
        &seen,
        "clock",
        CheckStatus::Fail,
        "The clock of this device is off",
    );
    check(&healthy(), "clock", CheckStatus::Skipped, "no other clock");
}

#[test]
fn who_is_behind_on_what_is_told_both_ways() {
    let seen = with_booth(true, |seen| {
        seen.members[0].status.behind = 12;
        seen.members[0].status.ahead = 1;
    });
    check(
        &seen,
        "in_step",
        CheckStatus::Warn,
        "Booth still lacks 12 changes; 1 change of Booth still to come",
    );
    check(
        &with_booth(true, |_| {}),
        "in_step",
        CheckStatus::Ok,
        "has the same",
    );
    let seen = with_booth(true, |seen| seen.members[0].in_step = false);
    check(&seen, "in_step", CheckStatus::Warn, "has not told yet");
}

#[test]
fn versions_that_differ_fail_by_protocol_and_warn_by_rules() {
    let seen = with_booth(true, |seen| seen.members[0].status.derivation = Some(2));
    check(&seen, "versions", CheckStatus::Warn, "Booth derives by rules 2");
    let seen = with_booth(false, |seen| {
        seen.members[0].status.protocol = Some(PROTOCOL_VERSION + 1);
        seen.members[0].status.problem = Some("it speaks another".to_owned());
    });
    check(&seen, "versions", CheckStatus::Fail, "Booth speaks protocol");
    check_asked(
        &seen,
        "booth",
        CheckStatus::Fail,
        "Update OpenProd on this device",
    );
    let answer = Answer::Member {
        actor: ActorId::from_bytes([2; 32]),
        name: "Booth".to_owned(),
        protocol: Some(0),
        skew_ms: 0,
    };
    let seen = with_booth(false, |seen| seen.addresses = vec![address(answer, true)]);
    check_asked(&seen, "Booth", CheckStatus::Fail, "Update OpenProd on Booth");
}

#[test]
fn each_reason_why_a_member_is_not_seen_has_words_of_its_own() {
    let member = |skew_ms| Answer::Member {
        actor: ActorId::from_bytes([2; 32]),
        name: "Booth".to_owned(),
        protocol: Some(PROTOCOL_VERSION),
        skew_ms,
    };
    let nothing = || Answer::Nothing("no route".to_owned());
    for (answer, heard, status, words) in [
        (
            Answer::HungUp,
            true,
            CheckStatus::Warn,
            "Exchange is probably paused there",
        ),
        (Answer::HungUp, false, CheckStatus::Warn, "not in this workspace"),
        (
            Answer::Closed,
            false,
            CheckStatus::Warn,
            "OpenProd is not running on that port",
        ),
        (
            nothing(),
            true,
            CheckStatus::Warn,
            "heard, but its address gives no answer",
        ),
        (nothing(), false, CheckStatus::Warn, "last connected 3 min ago"),
        (member(0), true, CheckStatus::Warn, "just connecting"),
        (
            member(8 * MINUTE_MS),
            true,
            CheckStatus::Fail,
            "clocks are far apart",
        ),
    ] {
        let seen = with_booth(false, |seen| {
            seen.addresses = vec![address(answer.clone(), heard)]
        });
        for asked in ["Booth", " booth ", "020202", "192.168.1.9", "192.168.1.9:7420"] {
            check_asked(&seen, asked, status, words);
        }
        check(
            &seen,
            "members",
            CheckStatus::Warn,
            "Connected with 0 of 1 device",
        );
        let diagnosis = Diagnosis::of(&seen, None);
        assert!(diagnosis.members[0].1.is_some());
    }
    check_asked(
        &with_booth(true, |_| {}),
        "Booth",
        CheckStatus::Ok,
        "Booth is connected",
    );
    check_asked(
        &with_booth(false, |_| {}),
        "Booth",
        CheckStatus::Warn,
        "no address leads to it",
    );
    check_asked(
        &with_booth(false, |seen| seen.paused = true),
        "Booth",
        CheckStatus::Warn,
        "paused on this device",
    );
    let refused = with_booth(false, |seen| {
        seen.members[0].status.problem = Some("take in bundles: forged".to_owned());
    });
    check_asked(&refused, "Booth", CheckStatus::Fail, "forged");
    check_asked(&healthy(), "Prompt desk", CheckStatus::Ok, "is this device");
    check_asked(&healthy(), "Booth", CheckStatus::Warn, "none at all is heard");
    let off = with_booth(true, |seen| seen.members[0].status.skew_ms = 6 * MINUTE_MS);
    check_asked(&off, "Booth", CheckStatus::Fail, "6 min ahead");
}

#[test]
fn address_given_by_hand_is_told_whatever_it_leads_to() {
    let mut seen = healthy();
    let given = |answer| AddressSeen {
        given: Some("booth.local:7420".to_owned()),
        actor: None,
        ..address(answer, false)
    };
    seen.addresses = vec![given(Answer::Nothing("no route".to_owned()))];
    check(
        &seen,
        "address:192.168.1.9:7420",
        CheckStatus::Warn,
        "booth.local:7420: the address gives no answer",
    );
    check_asked(&seen, "booth.local:7420", CheckStatus::Warn, "gives no answer");
    seen.addresses = vec![given(Answer::Itself)];
    check(
        &seen,
        "address:192.168.1.9:7420",
        CheckStatus::Warn,
        "this device itself",
    );
}
