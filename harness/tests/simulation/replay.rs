//! A seed is worth something only if it plays the same run again, and a judge only if it can find fault.

use std::time::Duration;

use harness::checkers::{self, Violation};
use harness::{Network, Random, Simulation, StoreKind};
use openprod_engine::{Command, Request};

#[test]
fn same_seed_plays_the_same_run() {
    let simulation = Simulation {
        trace: true,
        steps: 60,
        ..Simulation::new(4)
    };
    let (first, again) = (
        simulation.run().expect("it passes"),
        simulation.run().expect("it passes"),
    );
    assert!(first.trace.len() > 100);
    assert_eq!(first.trace, again.trace);
    let other = Simulation {
        seed: 5,
        ..simulation
    }
    .run()
    .expect("it passes");
    assert_ne!(first.trace, other.trace);
}

#[test]
fn failure_names_its_seed_and_is_made_shorter() {
    // A run that its last steps leave apart has no time to come into step.
    let hurried = |seed| Simulation {
        healing_max: Duration::ZERO,
        steps: 40,
        ..Simulation::new(seed)
    };
    let failure = (1..100)
        .find_map(|seed| hurried(seed).run().err())
        .expect("some run ends out of step");
    let simulation = failure.simulation.clone();
    let (seed, text) = (simulation.seed, failure.to_string());
    assert!(
        text.contains(&format!("seed {seed} failed"))
            && text.contains(&format!("--bin simulate -- --seed {seed} --steps 40")),
        "{text}"
    );
    let short = simulation.shorten();
    assert!(short.steps < 40);
    assert!(short.run().is_err());
}

fn two_devices() -> Network {
    let mut network = Network::new(Random::new(1));
    let a = network.add_device(StoreKind::Memory).expect("a device");
    let b = network.add_device(StoreKind::Memory).expect("a device");
    network.connect(a, b);
    network
}

#[test]
fn checker_finds_an_acknowledged_change_that_is_lost() {
    let mut network = two_devices();
    let [a, b] = [0, 1].map(harness::DeviceId);
    let name = |name: &str| {
        Request::new(
            "test",
            Command::NameWorkspace {
                name: name.to_owned(),
            },
        )
    };
    network.execute(a, &name("one")).expect("it is a good command");
    assert!(network.run_until_in_step(Duration::from_secs(10)));
    assert!(checkers::nothing_lost(&network).is_ok());
    network.disconnect(a, b);
    network.execute(a, &name("two")).expect("it is a good command");
    assert!(matches!(
        checkers::nothing_lost(&network),
        Err(Violation::Lost { .. })
    ));
}

#[test]
fn checker_finds_a_change_that_was_never_acknowledged() {
    let mut network = two_devices();
    let a = harness::DeviceId(0);
    let name = Command::NameWorkspace {
        name: checkers::NEVER_ACKNOWLEDGED.to_owned(),
    };
    network.crash(a, Some(name.clone()));
    network.restart(a);
    assert!(network.run_until_in_step(Duration::from_secs(10)));
    assert!(checkers::nothing_lost(&network).is_ok());
    network
        .execute(a, &Request::new("test", name))
        .expect("it is a good command");
    network.run_until_in_step(Duration::from_secs(10));
    assert!(matches!(
        checkers::nothing_lost(&network),
        Err(Violation::Unasked(_))
    ));
}
