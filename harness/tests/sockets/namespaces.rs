//! Two engines in network namespaces of their own, joined by a bridge: two machines on one switch. They know no
//! address, and find each other by mDNS.

use std::process::{Command, Stdio};

use harness::skip;
use serde_json::json;

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
        // Names of interfaces are at most 15 bytes long; the process number keeps tests that run at once apart.
        let tag = std::process::id();
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

#[test]
fn two_hosts_meet_by_mdns_and_again_after_the_cable_was_pulled() {
    const NAME: &str = "two_hosts_meet_by_mdns_and_again_after_the_cable_was_pulled";
    let Some(binary) = binary() else {
        return skip(NAME, "no openprod binary; build it first");
    };
    if !present("curl") {
        return skip(
            NAME,
            "no curl, by which the engines are reached inside their namespaces",
        );
    }
    let Some(switch) = Switch::new(2) else {
        return skip(NAME, "no network namespaces here");
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
    let connected = |engine: &EngineProcess| {
        let listed = engine.get("/peers/list");
        listed["peers"]
            .as_array()
            .unwrap()
            .iter()
            .any(|peer| peer["connected"] == true)
    };
    eventually("both notice that the cable is gone", || {
        !connected(&a) && !connected(&b)
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
