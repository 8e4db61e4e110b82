//! What stores index, and how a query uses it.
//!
//! A posting says that an event of some type has some scalar at some path. Paths and scalars are hashed to 64 bits, so
//! a posting is necessary for a match and never sufficient: whoever follows one checks the payload itself.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::canonical;
use crate::name::EventType;
use crate::payload::Payload;
use crate::query::EventQuery;

/// The most postings of one event. One with more is listed as crowded instead, and is looked at by every query for a
/// payload of its type: what a hostile payload costs to store is bounded.
pub const LEAVES_MAX: usize = 1_024;

/// The most lists that a query follows; a larger one reads all events of its types.
const LISTS_MAX: usize = 1_024;

/// A scalar at a path, as the index knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf(pub i64);

impl Leaf {
    /// Every event of a type has this one.
    pub const EVERY: Self = Self(0);
    /// Events with too many scalars have this one in place of all theirs.
    pub const CROWDED: Self = Self(1);
}

/// Hashes paths and scalars under a key of the store, so that nobody outside can make payloads collide.
#[derive(Clone)]
pub struct LeafKey(pub [u8; 32]);

impl LeafKey {
    /// The leaves that an event with `payload` is listed under, sorted.
    #[must_use]
    pub fn listed(&self, payload: &Payload) -> Vec<Leaf> {
        let mut leaves = vec![Leaf::EVERY];
        let collected = self.collect(payload.value(), &mut Vec::new(), &mut leaves);
        sort(&mut leaves);
        // Beside those of the payload there is the one that every event has.
        if collected.is_none() || leaves.len() > LEAVES_MAX + 1 {
            return vec![Leaf::EVERY, Leaf::CROWDED];
        }
        leaves
    }

    /// The leaves that every payload has which contains `pattern`, up to some.
    fn wanted(&self, pattern: &Payload) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        // Where there are too many, any of them will do.
        let _ = self.collect(pattern.value(), &mut Vec::new(), &mut leaves);
        sort(&mut leaves);
        leaves
    }

    /// Adds the leaves of `value`, each once or more; `None` when there are too many.
    fn collect(&self, value: &Value, path: &mut Vec<u8>, leaves: &mut Vec<Leaf>) -> Option<()> {
        let length = path.len();
        match value {
            Value::Array(elements) => {
                path.push(b'[');
                for element in elements {
                    self.collect(element, path, leaves)?;
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    path.truncate(length);
                    path.push(b'.');
                    path.extend_from_slice(&(name.len() as u64).to_be_bytes());
                    path.extend_from_slice(name.as_bytes());
                    self.collect(member, path, leaves)?;
                }
            }
            scalar => {
                // The same scalar may be there many times. Half of them at least go, or all is over.
                if leaves.len() > 2 * LEAVES_MAX {
                    sort(leaves);
                    if leaves.len() > LEAVES_MAX {
                        return None;
                    }
                }
                leaves.push(self.hash(path, scalar));
            }
        }
        path.truncate(length);
        Some(())
    }

    /// The leaf of a scalar at `path`, which is left as it was.
    fn hash(&self, path: &mut Vec<u8>, scalar: &Value) -> Leaf {
        let length = path.len();
        let mut text = String::new();
        canonical::write(scalar, &mut text);
        path.push(b'=');
        path.extend_from_slice(text.as_bytes());
        let hash = blake3::keyed_hash(&self.0, path);
        path.truncate(length);
        let (&first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        let hash = i64::from_be_bytes(first);
        // The two that are taken go to a neighbour; that collides with another hash at most.
        Leaf(if matches!(Leaf(hash), Leaf::EVERY | Leaf::CROWDED) {
            hash + 2
        } else {
            hash
        })
    }
}

/// Sorts leaves, each once.
fn sort(leaves: &mut Vec<Leaf>) {
    leaves.sort_unstable();
    leaves.dedup();
}

/// Events among which all of one alternative's are: those of `types` that have all `leaves`.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    /// Absent: of whatever type.
    pub types: Option<BTreeSet<EventType>>,
    /// None: all events of these types.
    pub leaves: Vec<Leaf>,
    /// Whether each of these events belongs to the query, so that no payload has to be looked at.
    pub exact: bool,
}

impl Alternative {
    /// Whether it names neither a type nor a leaf, so that all events are looked at.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.types.is_none() && self.leaves.is_empty()
    }
}

/// Where the events of a query are to be looked for: in any of these. Without an alternative, nothing matches.
#[must_use]
pub fn alternatives(query: &EventQuery, key: &LeafKey) -> Vec<Alternative> {
    let mut found: Vec<Alternative> = Vec::new();
    if query.filters.is_empty() {
        found.push(Alternative {
            types: None,
            leaves: Vec::new(),
            exact: true,
        });
    }
    for filter in &query.filters {
        let types: Option<BTreeSet<EventType>> = filter
            .event_types
            .as_ref()
            .map(|types| types.iter().cloned().collect());
        let Some(predicates) = &filter.payload_predicates else {
            found.push(Alternative {
                types,
                leaves: Vec::new(),
                exact: true,
            });
            continue;
        };
        let mut by_leaf = false;
        for predicate in predicates {
            let leaves: Vec<Leaf> = key.wanted(predicate.pattern());
            by_leaf |= !leaves.is_empty();
            found.push(Alternative {
                types: types.clone(),
                leaves,
                exact: false,
            });
        }
        if by_leaf {
            found.push(Alternative {
                types,
                leaves: vec![Leaf::CROWDED],
                exact: false,
            });
        }
    }
    found.retain(|alternative| alternative.types.as_ref().is_none_or(|types| !types.is_empty()));
    let lists = |alternative: &Alternative| alternative.types.as_ref().map_or(1, BTreeSet::len);
    if found.iter().map(lists).sum::<usize>() > LISTS_MAX {
        let mut types = Some(BTreeSet::new());
        for alternative in found {
            types = match (types, alternative.types) {
                (Some(mut all), Some(some)) => {
                    all.extend(some);
                    Some(all)
                }
                _ => None,
            };
        }
        found = vec![Alternative {
            types: types.filter(|types| types.len() <= LISTS_MAX),
            leaves: Vec::new(),
            exact: false,
        }];
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::predicate::PayloadPredicate;
    use crate::query::EventFilter;

    const KEY: LeafKey = LeafKey([7; 32]);

    fn payload(value: Value) -> Payload {
        Payload::new(value).unwrap()
    }

    fn is_subset(some: &[Leaf], all: &[Leaf]) -> bool {
        some.iter().all(|leaf| all.binary_search(leaf).is_ok())
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-2_i64..3).prop_map(Value::from),
            Just(json!(1.5)),
            "[ab]{0,2}".prop_map(Value::from),
        ];
        scalar.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[ab]", inner, 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_matches_is_listed(value in any_value(), pattern in any_value()) {
            let payload = payload(value);
            let predicate = PayloadPredicate::new(pattern).unwrap();
            if predicate.matches(&payload) {
                prop_assert!(is_subset(&KEY.wanted(predicate.pattern()), &KEY.listed(&payload)));
            }
        }

        #[test]
        fn value_contains_itself(value in any_value()) {
            let payload = payload(value.clone());
            prop_assert!(PayloadPredicate::new(value).unwrap().matches(&payload));
            prop_assert!(is_subset(&KEY.wanted(&payload), &KEY.listed(&payload)));
        }
    }

    #[test]
    fn paths_cannot_be_mistaken_for_others() {
        let values = [
            json!({"a": {"b": 1}}),
            json!({"a.b": 1}),
            json!({"a": [{"b": 1}]}),
            json!({"a": {"b": "1"}}),
            json!({"a": [1]}),
            json!([{"a": 1}]),
        ];
        let leaves: BTreeSet<_> = values
            .into_iter()
            .flat_map(|value| KEY.wanted(&payload(value)))
            .collect();
        assert_eq!(leaves.len(), 6);
    }

    #[test]
    fn crowded_payload_has_two_postings() {
        let many = |count: usize| payload(Value::from((0..count).collect::<Vec<_>>()));
        assert_eq!(KEY.listed(&many(LEAVES_MAX)).len(), LEAVES_MAX + 1);
        assert_eq!(KEY.listed(&many(LEAVES_MAX + 2)), [Leaf::EVERY, Leaf::CROWDED]);
        // One that is there many times is one.
        let same = payload(Value::from(vec![7; 3 * LEAVES_MAX]));
        assert_eq!(KEY.listed(&same).len(), 2);
    }

    #[test]
    fn query_of_thousands_of_predicates_reads_its_types() {
        let event_type = EventType::new("a").unwrap();
        let predicates = (0..2_000).map(|number| PayloadPredicate::new(json!({"n": number})).unwrap());
        let filter = EventFilter::of_types([event_type.clone()]).matching(predicates);
        let found = alternatives(&EventQuery::any_of([filter]), &KEY);
        assert_eq!(
            found,
            [Alternative {
                types: Some(BTreeSet::from([event_type])),
                leaves: Vec::new(),
                exact: false
            }]
        );
    }
}
