//! Every seed that ever showed a bug, and the bug.

use harness::{Mix, Simulation};

/// Seeds that were found when people only edited records and their tables.
fn passes(seed: u64) {
    judge(&Simulation {
        mix: Mix::Records,
        ..Simulation::new(seed)
    });
}

/// Seeds that were found when people did everything to data, and recorded no facts.
fn passes_with_data(seed: u64) {
    judge(&Simulation {
        mix: Mix::Data,
        ..Simulation::new(seed)
    });
}

fn judge(simulation: &Simulation) {
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
fn draft_is_shown_as_it_will_be_committed_when_its_record_was_merged_meanwhile() {
    // A draft's edits stood at the time of their staging. When a peer then merged the record with one that had a
    // later value in the same field, the draft showed that value, and its commit another. Found by the second range
    // of the campaign. The scenario `draft_stands_behind_what_a_merge_brought` shows it in small.
    passes_with_data(1_000_008);
}

#[test]
fn machine_that_may_not_ask_does_not_keep_itself_awake() {
    // It wished to be woken at a time that had passed, again and again; in the driver that was a loop without rest.
    passes(1);
}
