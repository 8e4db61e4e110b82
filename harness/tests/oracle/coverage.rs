//! Random histories prove little unless everything happens in them.

use std::collections::{BTreeMap, BTreeSet};

use harness::history::{Deed, Step, Team};
use harness::oracle::{Kind, Oracle, Thing};
use openprod_core::VerifiedBundle;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::strategy::history;

/// What happens in a history, by name.
fn events(authors: u8, steps: &[Step]) -> Vec<&'static str> {
    let team = Team::play(authors, steps);
    let known: Vec<VerifiedBundle> = team.bundles().to_vec();
    let oracle = Oracle::new(&known).expect("a team's bundles are closed");
    let mut events: Vec<&'static str> = Vec::new();
    events.extend(oracle.conflicts().into_keys().map(|dispute| match dispute {
        (Thing::Entity(_), Kind::Field(_)) => "conflict about a field",
        (Thing::Entity(_), Kind::Existence) => "conflict about an entity's existence",
        (Thing::Entity(_), Kind::Membership(_)) => "conflict about a membership",
        (Thing::Entity(_), Kind::Deletion) => "entity deleted against an edit",
        (Thing::Edge(_), Kind::Property(_)) => "conflict about a property",
        (Thing::Edge(_), Kind::Existence) => "conflict about an edge's existence",
        (Thing::Edge(_), Kind::Deletion) => "edge deleted against an edit",
        (thing, kind) => panic!("{thing:?} cannot have {kind:?}"),
    }));
    for entity in oracle.entities() {
        let names = oracle.names();
        let root = names.root(entity);
        if root != entity {
            events.push("entity under another name");
        }
        if names.of_record(root).len() > 2 {
            events.push("entity under three names");
        }
        for field in oracle.fields(root) {
            if names.of_field(field).len() > 1 {
                events.push("mapped field with a value");
            }
        }
    }
    if oracle.repetitions() > 0 {
        events.push("command given twice");
    }
    if oracle.clashes().values().any(|clash| !clash.unseen.is_empty()) {
        events.push("decision that had not seen");
    }
    for (entity, field) in oracle.texts() {
        let text = oracle.text(entity, field);
        let clients: BTreeSet<_> = text.places().iter().map(|place| place.id.0).collect();
        if clients.len() > 1 {
            events.push("text by several");
        }
        if text.places().iter().any(|place| place.unit.is_none()) {
            events.push("text with deletions");
        }
        if text.refused() > 0 {
            events.push("delta that does not count");
        }
    }
    for edge in oracle.edges() {
        let ends = oracle.ends(edge).expect("it has a creation");
        let record = oracle.names().root(ends.source);
        if oracle.siblings(record, &ends.edge_type).len() > 1 {
            events.push("siblings");
        }
        if oracle
            .tips(Thing::Edge(edge), &harness::oracle::Cell::Place)
            .len()
            > 1
        {
            events.push("edge moved apart");
        }
    }
    let mut heads = BTreeMap::new();
    for bundle in &known {
        let header = bundle.header();
        if heads.insert((header.actor, header.log, header.seq), ()).is_some() {
            events.push("fork");
        }
        if bundle.unknown_kind().is_some() {
            events.push("bundle from a newer version");
        }
        if bundle
            .payloads()
            .any(|(_, payload)| payload.is_err_and(|error| error.to_string().contains("malformed")))
        {
            events.push("payload that does not decode");
        }
    }
    events.extend(split_events(authors, steps));
    events.sort_unstable();
    events.dedup();
    events
}

/// Whether leaving a split or a revocation out makes a difference.
fn split_events(authors: u8, steps: &[Step]) -> Vec<&'static str> {
    let names = |steps: &[Step]| {
        let team = Team::play(authors, steps);
        let oracle = Oracle::new(team.bundles()).expect("a team's bundles are closed");
        let entities = oracle.entities();
        let roots: Vec<_> = entities
            .iter()
            .map(|entity| oracle.names().root(*entity))
            .collect();
        let fields: Vec<_> = (0..harness::history::Fi::COUNT)
            .map(|field| oracle.names().semantic(harness::history::Fi(field).get()))
            .collect();
        (roots, fields)
    };
    let without = |is_left_out: fn(&Deed) -> bool| {
        let mut steps = steps.to_vec();
        for step in &mut steps {
            if let Step::Write { deeds, .. } = step {
                for deed in deeds.iter_mut().filter(|deed| is_left_out(deed)) {
                    *deed = Deed::Fact;
                }
            }
        }
        names(&steps)
    };
    let all = names(steps);
    let mut events = Vec::new();
    // An entity that only a split names is no longer one that the oracle knows, so only equal lists tell anything.
    let unsplit = without(|deed| matches!(deed, Deed::Split { .. }));
    if unsplit.0.len() == all.0.len() && unsplit.0 != all.0 {
        events.push("split that takes effect");
    }
    if without(|deed| matches!(deed, Deed::Unmap(..))).1 != all.1 {
        events.push("revocation that takes effect");
    }
    events
}

#[test]
fn everything_happens_in_random_histories() {
    const CASES: u32 = 400;
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..CASES {
        let tree = history().new_tree(&mut runner).expect("nothing is filtered out");
        let history = tree.current();
        for event in events(history.authors, &history.steps) {
            *counts.entry(event).or_default() += 1;
        }
    }
    let rarest = counts.values().min().copied().unwrap_or(0);
    assert_eq!(counts.len(), 22, "{counts:#?}");
    assert!(rarest * 50 >= CASES, "something hardly ever happens: {counts:#?}");
}
