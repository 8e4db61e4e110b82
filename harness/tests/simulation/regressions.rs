//! Every seed that ever showed a bug, and the bug.

use harness::Simulation;

fn passes(seed: u64) {
    let simulation = Simulation {
        records_only: true,
        ..Simulation::new(seed)
    };
    if let Err(failure) = simulation.run() {
        panic!("{failure}");
    }
}

#[test]
fn schema_that_a_released_bundle_changed_is_read_anew() {
    // Readers kept the schema by the position of the last bundle, which a release does not move. The scenario
    // `table_made_in_a_held_bundle_is_shown_once_it_is_released` shows it in small.
    passes(1_011);
}

#[test]
fn device_with_a_full_disk_and_held_bundles_comes_up_again() {
    // Opening a workspace applied what was held for its time, and failed with it.
    [20_302, 20_393].into_iter().for_each(passes);
}

#[test]
fn machine_that_may_not_ask_does_not_keep_itself_awake() {
    // It wished to be woken at a time that had passed, again and again; in the driver that was a loop without rest.
    passes(1);
}
