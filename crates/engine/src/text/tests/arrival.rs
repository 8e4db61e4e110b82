//! Whatever the order in which deltas come, as long as causes come before effects: the same deltas count, and
//! they make the same document. Also when one author writes what no editor would.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use yrs::Text as _;

use super::super::document::Document;
use super::super::update::Place;
use super::super::{DeltaError, Kind};
use super::craft::{self, Crafted, CraftedContent};
use super::{bundle, client, listed, typed};
use yrs::Array as _;

const AUTHORS: usize = 4;
/// The author who also writes by hand.
const MALICIOUS: usize = 0;
const WORDS: [&str; 6] = ["a", "bc", "😀", "d😀e", "é", "zzzz"];

/// One bundle with one delta.
#[derive(Clone, Debug)]
struct Sent {
    author: usize,
    seq: u64,
    delta: Vec<u8>,
    /// How many bundles of each author its author had seen.
    past: [u64; AUTHORS],
}

#[derive(Clone, Copy, Debug)]
struct Step {
    author: usize,
    act: u8,
    numbers: [u32; 4],
}

fn step() -> impl Strategy<Value = Step> {
    (0..AUTHORS, 0..10_u8, any::<[u32; 4]>()).prop_map(|(author, act, numbers)| Step { author, act, numbers })
}

/// Ids are not in the order of the authors.
fn id(author: usize) -> super::ClientId {
    client([50, 9, 1 << 40, 30][author])
}

fn apply(document: &mut Document, sent: &Sent) -> Result<(), DeltaError> {
    document.apply(
        &sent.delta,
        id(sent.author),
        bundle(sent.author as u32, sent.seq),
        &|chain, seq| sent.past[chain.0 as usize] >= seq,
    )
}

/// Applies all bundles, each as soon as `choices` takes it among those whose past is there.
fn replay(kind: Kind, sent: &[Sent], choices: &[u32], stored: bool) -> (Document, Vec<Option<DeltaError>>) {
    let mut document = Document::new(kind);
    let mut outcomes = vec![None; sent.len()];
    let mut waiting: Vec<usize> = (0..sent.len()).collect();
    let mut applied = [0; AUTHORS];
    for turn in 0..sent.len() {
        let ready: Vec<usize> = waiting
            .iter()
            .copied()
            .filter(|&index| {
                let one = &sent[index];
                one.seq == applied[one.author] + 1
                    && (0..AUTHORS).all(|other| other == one.author || applied[other] >= one.past[other])
            })
            .collect();
        let index = ready[choices[turn % choices.len()] as usize % ready.len()];
        waiting.retain(|&other| other != index);
        applied[sent[index].author] += 1;
        let before = document.canonical();
        outcomes[index] = apply(&mut document, &sent[index]).err();
        if outcomes[index].is_some() {
            assert_eq!(document.canonical(), before);
        }
        if stored && turn % 3 == 0 {
            document = Document::decode(&document.encode()).unwrap();
        }
        if stored && turn % 5 == 0 {
            document.fail_and_restore();
        }
    }
    (document, outcomes)
}

/// Plays the steps on a replica for each author, and gives all that was sent.
fn play(kind: Kind, steps: &[Step]) -> Vec<Sent> {
    let mut replicas: Vec<Document> = (0..AUTHORS).map(|_| Document::new(kind)).collect();
    let mut seen = [[0_u64; AUTHORS]; AUTHORS];
    let mut sent: Vec<Sent> = Vec::new();
    for step in steps {
        let author = step.author;
        let [one, two, three, four] = step.numbers;
        if step.act < 3 {
            let other = one as usize % AUTHORS;
            let (known, news) = (seen[author], seen[other]);
            // `sent` is in an order in which causes come before effects.
            for bundle in &sent {
                if bundle.seq <= news[bundle.author] && bundle.seq > known[bundle.author] {
                    drop(apply(&mut replicas[author], bundle));
                    seen[author][bundle.author] = bundle.seq;
                }
            }
            continue;
        }
        let delta = if author == MALICIOUS && step.act < 8 {
            crafted(kind, &replicas, step.numbers)
        } else {
            match kind {
                Kind::Text => typed(&replicas[author].editor(id(author)), |root, transaction| {
                    let length = root.len(transaction);
                    let (at, word) = (one % (length + 1), WORDS[two as usize % WORDS.len()]);
                    let at = between_characters(root, transaction, at);
                    if step.act == 9 && at < length {
                        let end = between_characters(root, transaction, (at + 1 + three % 4).min(length));
                        if end > at {
                            root.remove_range(transaction, at, end - at);
                            return;
                        }
                    }
                    root.insert(transaction, at, word);
                    if four % 3 == 0 {
                        root.insert(transaction, at, "q");
                    }
                }),
                Kind::List => listed(&replicas[author].editor(id(author)), |root, transaction| {
                    let length = root.len(transaction);
                    if step.act == 9 && length > 0 {
                        root.remove(transaction, one % length);
                    } else {
                        let values: Vec<i64> = (0..i64::from(two % 3) + 1).collect();
                        root.insert_range(transaction, one % (length + 1), values);
                    }
                }),
            }
        };
        let seq = seen[author][author] + 1;
        let bundle = Sent {
            author,
            seq,
            delta,
            past: seen[author],
        };
        drop(apply(&mut replicas[author], &bundle));
        seen[author][author] = seq;
        sent.push(bundle);
    }
    sent
}

fn between_characters(root: &yrs::TextRef, transaction: &yrs::TransactionMut<'_>, at: u32) -> u32 {
    let mut units = 0;
    for character in yrs::GetString::get_string(root, transaction).chars() {
        if units >= at {
            break;
        }
        units += character.len_utf16() as u32;
    }
    units
}

/// A delta between any two places that anybody has, seen or not.
fn crafted(kind: Kind, replicas: &[Document], numbers: [u32; 4]) -> Vec<u8> {
    let [one, two, three, four] = numbers;
    let replica = &replicas[if four % 4 == 0 {
        four as usize % AUTHORS
    } else {
        MALICIOUS
    }];
    let places = replica.places().0;
    let pick = |number: u32| -> Option<Place> {
        let index = number as usize % (places.len() + 1);
        places.get(index).copied()
    };
    let content = match (kind, three % 4) {
        (_, 0) => CraftedContent::Deleted(two % 3 + 1),
        (Kind::Text, _) => CraftedContent::Text(WORDS[three as usize % WORDS.len()]),
        (Kind::List, _) => CraftedContent::Raw(8, vec![2, 120, 126]),
    };
    let clock = replicas[MALICIOUS].clock(id(MALICIOUS)) + u32::from(four % 11 == 0);
    let origin = pick(one);
    let block = Crafted {
        origin,
        // Often right beside, so that what is admitted is tried too.
        right: if four % 3 == 0 {
            let next = origin.map_or(0, |origin| {
                places.iter().position(|place| *place == origin).unwrap() + 1
            });
            places.get(next + two as usize % 2).copied()
        } else {
            pick(two)
        },
        content,
    };
    let second = Crafted {
        origin: Some(Place {
            client: id(MALICIOUS),
            clock,
        }),
        right: block.right,
        content: block.content.clone(),
    };
    let blocks = if four % 5 == 0 {
        vec![block, second]
    } else {
        vec![block]
    };
    let deletions: Vec<_> = match pick(three) {
        Some(place) if four % 2 == 0 => vec![(place.client, place.clock, 1 + two % 2)],
        _ => Vec::new(),
    };
    craft::update(id(MALICIOUS), clock, kind.root(), &blocks, &deletions)
}

fn check(kind: Kind, steps: &[Step], orders: &[Vec<u32>]) -> Result<(usize, usize), TestCaseError> {
    let sent = play(kind, steps);
    let (first, outcomes) = replay(kind, &sent, &[0], false);
    for (number, choices) in orders.iter().enumerate() {
        let (mut other, others) = replay(kind, &sent, choices, number % 2 == 1);
        prop_assert_eq!(&outcomes, &others);
        prop_assert_eq!(first.content(), other.content());
        prop_assert_eq!(first.canonical(), other.canonical());
        prop_assert_eq!(first.places().0, other.places().0);
        prop_assert!(Document::decode(&other.encode()).unwrap().places().0 == first.places().0);
    }
    for (sent, outcome) in sent.iter().zip(&outcomes) {
        prop_assert!(outcome.is_none() || sent.author == MALICIOUS, "{:?}", outcome);
        prop_assert_ne!(outcome, &Some(DeltaError::Library));
    }
    let refused = outcomes.iter().flatten().count();
    Ok((outcomes.len() - refused, refused))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_arrival_order_makes_the_same_text(
        steps in prop::collection::vec(step(), 1..60),
        orders in prop::collection::vec(prop::collection::vec(any::<u32>(), 1..40), 4),
    ) {
        check(Kind::Text, &steps, &orders)?;
    }

    #[test]
    fn every_arrival_order_makes_the_same_list(
        steps in prop::collection::vec(step(), 1..40),
        orders in prop::collection::vec(prop::collection::vec(any::<u32>(), 1..40), 3),
    ) {
        check(Kind::List, &steps, &orders)?;
    }
}

#[test]
fn what_is_written_by_hand_is_sometimes_taken_and_sometimes_refused() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..20 {
        let steps = prop::collection::vec(step(), 60)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let sent = play(Kind::Text, &steps);
        let (_, outcomes) = replay(Kind::Text, &sent, &[0], false);
        for (_, outcome) in sent
            .iter()
            .zip(outcomes)
            .filter(|(sent, _)| sent.author == MALICIOUS)
        {
            match outcome {
                None => taken += 1,
                Some(DeltaError::Misplaced(_)) => refused += 1,
                Some(_) => {}
            }
        }
    }
    assert!(taken > 20 && refused > 20, "{taken} taken, {refused} misplaced");
}
