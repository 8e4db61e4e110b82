//! Two engines in network namespaces of their own, joined by a bridge: two machines on one switch. They know no
//! address, and find each other by mDNS.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use harness::skip;
use serde_json::{Value as Json, json};

use crate::engine_process::{EngineProcess, binary, eventually};

/// The namespaces and the bridge; gone when it is dropped.
struct Switch {
    bridge: String,
    hosts: Vec<String>,
}

fn ip(words: &[&str]) -> bool {
    let run = Command::new("ip")
        .args(words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}

impl Switch {
    /// `count` hosts on one bridge; `None` where that is not allowed.
    fn new(count: u8) -> Option<Self> {
        static SWITCHES: AtomicU32 = AtomicU32::new(0);
        // Names of interfaces are at most 15 bytes long; the numbers keep processes and tests that run at once apart.
        let tag = format!(
            "{}{}",
            std::process::id(),
            SWITCHES.fetch_add(1, Ordering::Relaxed)
        );
        let mut switch = Self {
            bridge: format!("opb{tag}"),
            hosts: Vec::new(),
        };
        // The bridge is in a namespace too, so that nothing of this machine's own network changes.
        let middle = switch.bridge.clone();
        let mut made = ip(&["netns", "add", &middle])
            && ip(&[
                "-n",
                &middle,
                "link",
                "add",
                "br0",
                "type",
                "bridge",
                "mcast_snooping",
                "0",
            ])
            && ip(&["-n", &middle, "link", "set", "br0", "up"]);
        for number in 1..=count {
            let host = format!("oph{tag}-{number}");
            let (near, far, address) = (
                format!("v{number}"),
                format!("w{number}"),
                format!("10.77.0.{number}/24"),
            );
            switch.hosts.push(host.clone());
            made = made
                && ip(&["netns", "add", &host])
                && ip(&[
                    "-n", &host, "link", "add", &near, "type", "veth", "peer", "name", &far,
                ])
                && ip(&["-n", &host, "link", "set", &far, "netns", &middle])
                && ip(&["-n", &middle, "link", "set", &far, "master", "br0", "up"])
                && ip(&["-n", &host, "address", "add", &address, "dev", &near])
                && ip(&["-n", &host, "link", "set", "lo", "up"])
                && ip(&["-n", &host, "link", "set", &near, "up", "multicast", "on"])
                && ip(&["-n", &host, "route", "add", "default", "dev", &near]);
        }
        made.then_some(switch)
    }

    /// Pulls a host's cable, or puts it back.
    fn set_cable(&self, host: usize, up: bool) {
        let far = format!("w{}", host + 1);
        assert!(ip(&[
            "-n",
            &self.bridge,
            "link",
            "set",
            &far,
            if up { "up" } else { "down" }
        ]));
    }

    /// Lets the switch carry messages to everybody, or swallow them, as a Wi-Fi with filters does.
    fn set_multicast(&self, carried: bool) -> bool {
        let carried = if carried { "on" } else { "off" };
        let hosts = 1..=self.hosts.len();
        hosts.map(|number| format!("w{number}")).all(|far| {
            ip(&[
                "-n",
                &self.bridge,
                "link",
                "set",
                &far,
                "type",
                "bridge_slave",
                "mcast_flood",
                carried,
            ])
        })
    }

    fn inside(&self, host: usize) -> [&str; 4] {
        ["ip", "netns", "exec", &self.hosts[host]]
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        for name in self.hosts.iter().chain([&self.bridge]) {
            ip(&["netns", "delete", name]);
        }
    }
}

fn present(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// The binary and two hosts on a switch; `None`, and said so, where that is not to be had.
fn two_hosts(test: &str) -> Option<(PathBuf, Switch)> {
    let Some(binary) = binary() else {
        skip(test, "no openprod binary; build it first");
        return None;
    };
    if !present("curl") {
        skip(
            test,
            "no curl, by which the engines are reached inside their namespaces",
        );
        return None;
    }
    let Some(switch) = Switch::new(2) else {
        skip(test, "no network namespaces here");
        return None;
    };
    Some((binary, switch))
}

/// A check of the doctor's: its status, and all its words.
fn check(engine: &EngineProcess, query: &str, id: &str) -> (String, String) {
    let examined = engine.get(&format!("/doctor{query}"));
    let checks = examined["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["id"] == id);
    let check = found.unwrap_or_else(|| panic!("{id}: {examined}"));
    let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
    (
        text("status"),
        format!("{}. {} {}", text("title"), text("detail"), text("advice")),
    )
}

fn is_connected(engine: &EngineProcess) -> bool {
    let listed = engine.get("/peers/list");
    let peers = listed["peers"].as_array().unwrap();
    peers.iter().any(|peer: &Json| peer["connected"] == true)
}

#[test]
fn doctor_tells_that_multicast_is_off_and_why_a_device_is_not_seen() {
    const NAME: &str = "doctor_tells_that_multicast_is_off_and_why_a_device_is_not_seen";
    let Some((binary, switch)) = two_hosts(NAME) else {
        return;
    };
    let (data_a, data_b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let host = &switch.hosts[1];
    assert!(ip(&["-n", host, "link", "set", "v2", "multicast", "off"]));
    let a = EngineProcess::start(&binary, data_a.path(), "Desk", &[], &switch.inside(0));
    a.post("/workspace/create", &json!({"name": "Tour"}));
    let b = EngineProcess::start(&binary, data_b.path(), "Booth", &[], &switch.inside(1));
    let (status, words) = check(&b, "", "multicast");
    assert_eq!(status, "fail", "{words}");
    assert!(words.contains("v2") && words.contains("switched off"), "{words}");
    assert_eq!(check(&a, "", "multicast").0, "ok");
    assert_eq!(check(&a, "", "interfaces").0, "ok");
    assert_eq!(check(&a, "", "sync_port").0, "ok");
    let (status, words) = check(&a, "?peer=Booth", "peer");
    assert!(status == "warn" && words.contains("never heard"), "{words}");

    let invitation = a.post("/workspace/invite", &json!({}))["invitation"].clone();
    let address = format!("10.77.0.1:{}", a.sync_port);
    b.post(
        "/workspace/join",
        &json!({"invitation": invitation, "address": address}),
    );
    eventually("both are connected", || is_connected(&a) && is_connected(&b));
    assert_eq!(check(&a, "?peer=booth", "peer").0, "ok");

    switch.set_cable(1, false);
    eventually("both notice that the cable is gone", || {
        !is_connected(&a) && !is_connected(&b)
    });
    let (status, words) = check(&a, "?peer=Booth", "peer");
    assert!(status == "warn" && words.contains("gives no answer"), "{words}");
    let (status, words) = check(&b, "", "interfaces");
    assert!(status == "fail" && words.contains("Plug in"), "{words}");
    switch.set_cable(1, true);
    eventually("both are connected again", || {
        is_connected(&a) && is_connected(&b)
    });
    assert_eq!(check(&b, "", "interfaces").0, "ok");
}

#[test]
fn doctor_tells_that_the_switch_swallows_announcements() {
    const NAME: &str = "doctor_tells_that_the_switch_swallows_announcements";
    let Some((binary, switch)) = two_hosts(NAME) else {
        return;
    };
    if !switch.set_multicast(false) {
        return skip(NAME, "the bridge cannot be told to swallow multicast");
    }
    let (data_a, data_b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let a = EngineProcess::start(&binary, data_a.path(), "Desk", &[], &switch.inside(0));
    a.post("/workspace/create", &json!({"name": "Tour"}));
    let invitation = a.post("/workspace/invite", &json!({}))["invitation"].clone();
    let b = EngineProcess::start(&binary, data_b.path(), "Booth", &[], &switch.inside(1));
    let address = format!("10.77.0.1:{}", a.sync_port);
    b.post(
        "/workspace/join",
        &json!({"invitation": invitation, "address": address}),
    );
    eventually("both are connected", || is_connected(&a) && is_connected(&b));
    let (status, words) = check(&b, "", "multicast");
    assert_eq!(status, "warn", "{words}");
    assert!(words.contains("swallow") && words.contains("Desk"), "{words}");

    assert!(switch.set_multicast(true));
    eventually("the announcement is heard", || {
        check(&b, "", "multicast").0 == "ok"
    });
    let (status, words) = check(&b, "", "discovery");
    assert!(status == "ok" && words.contains("1 device"), "{words}");
}

#[test]
fn two_hosts_meet_by_mdns_and_again_after_the_cable_was_pulled() {
    const NAME: &str = "two_hosts_meet_by_mdns_and_again_after_the_cable_was_pulled";
    let Some((binary, switch)) = two_hosts(NAME) else {
        return;
    };
    let (data_a, data_b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let a = EngineProcess::start(&binary, data_a.path(), "a", &[], &switch.inside(0));
    a.post("/workspace/create", &json!({"name": "Tour"}));
    let cue = a.make_a_cue();
    let invitation = a.post("/workspace/invite", &json!({}))["invitation"].clone();
    let b = EngineProcess::start(&binary, data_b.path(), "b", &[], &switch.inside(1));
    b.post("/workspace/join", &json!({"invitation": invitation}));
    eventually("the second finds the first", || b.labels() == ["Go"]);
    eventually("both states are equal", || a.state_hash() == b.state_hash());

    switch.set_cable(1, false);
    eventually("both notice that the cable is gone", || {
        !is_connected(&a) && !is_connected(&b)
    });
    a.label(&cue, "by a");
    b.label(&cue, "by b");
    assert_eq!(
        (a.labels(), b.labels()),
        (vec!["by a".to_owned()], vec!["by b".to_owned()])
    );
    switch.set_cable(1, true);
    let both = [["by a".to_owned(), "by b".to_owned()]];
    eventually("both list the conflict", || {
        a.conflicting_values() == both && b.conflicting_values() == both
    });
    eventually("both states are equal", || a.state_hash() == b.state_hash());
}
