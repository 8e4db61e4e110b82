//! What the newest commits changed, so that columns need not be built anew after each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use openprod_core::{EntityId, FacetId};

use crate::state::Changes;

/// How much is noted: 16 bytes each, so a megabyte. What is older is forgotten, and columns that need it are built
/// anew, which for so many changes is no slower.
const WEIGHT_MAX: usize = 65_536;

/// What a commit weighs besides the records it changed.
const COMMIT_WEIGHT: usize = 16;

/// The records that a commit changed.
struct Note {
    version: u64,
    records: BTreeMap<FacetId, Vec<EntityId>>,
    weight: usize,
}

/// What the newest commits changed, without gaps.
#[derive(Default)]
pub(crate) struct Notes {
    queue: VecDeque<Note>,
    weight: usize,
}

impl Notes {
    /// Notes what the commit that leads to `version` changes. It may be noted before it is durable, and again if it
    /// fails and another one leads there: to look at a record once too often does no harm.
    pub(crate) fn push(&mut self, version: u64, changes: &Changes) {
        let follows = |last: &Note| last.version == version || last.version + 1 == version;
        if !self.queue.back().is_none_or(follows) {
            self.queue.clear();
            self.weight = 0;
        }
        let records: BTreeMap<_, Vec<_>> = changes
            .records
            .iter()
            .map(|(table, entities)| (*table, entities.iter().copied().collect()))
            .collect();
        let weight = COMMIT_WEIGHT + records.values().map(Vec::len).sum::<usize>();
        self.queue.push_back(Note {
            version,
            records,
            weight,
        });
        self.weight += weight;
        while self.weight > WEIGHT_MAX
            && let Some(oldest) = self.queue.pop_front()
        {
            self.weight -= oldest.weight;
        }
    }

    /// The records of a table that may differ between two versions, the second of which is later; `None` when that
    /// is not known.
    pub(crate) fn between(&self, after: u64, upto: u64, table: FacetId) -> Option<BTreeSet<EntityId>> {
        let (first, last) = (self.queue.front()?.version, self.queue.back()?.version);
        if first > after + 1 || last < upto {
            return None;
        }
        let notes = self
            .queue
            .iter()
            .filter(|note| note.version > after && note.version <= upto);
        Some(
            notes
                .filter_map(|note| note.records.get(&table))
                .flatten()
                .copied()
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: FacetId = FacetId::from_u128(1);

    fn changes(entities: impl Iterator<Item = u128>) -> Changes {
        let entities = entities.map(EntityId::from_u128).collect();
        Changes {
            records: BTreeMap::from([(TABLE, entities)]),
            ..Changes::default()
        }
    }

    #[test]
    fn notes_say_what_lies_between_two_versions() {
        let mut notes = Notes::default();
        assert_eq!(notes.between(1, 2, TABLE), None);
        for version in 5..10 {
            notes.push(version, &changes([u128::from(version)].into_iter()));
        }
        let numbers = |after, upto| -> Option<Vec<u128>> {
            let entities = notes.between(after, upto, TABLE)?;
            Some(
                entities
                    .iter()
                    .map(|id| u128::from_be_bytes(*id.as_bytes()))
                    .collect(),
            )
        };
        assert_eq!(numbers(4, 9), Some(vec![5, 6, 7, 8, 9]));
        assert_eq!(numbers(6, 7), Some(vec![7]));
        assert_eq!(numbers(3, 9), None);
        assert_eq!(numbers(8, 10), None);
        let other = notes.between(4, 9, FacetId::from_u128(2));
        assert_eq!(other, Some(BTreeSet::new()));
    }

    #[test]
    fn a_version_that_failed_and_came_again_counts_with_both_changes() {
        let mut notes = Notes::default();
        notes.push(1, &changes(1..2));
        notes.push(2, &changes(2..3));
        notes.push(2, &changes(3..4));
        assert_eq!(notes.between(1, 2, TABLE).map(|entities| entities.len()), Some(2));
    }

    #[test]
    fn what_is_too_old_or_beyond_a_gap_is_forgotten() {
        let mut notes = Notes::default();
        for version in 1..10_000 {
            notes.push(version, &changes(0..20));
        }
        assert!(notes.weight <= WEIGHT_MAX);
        assert_eq!(notes.between(1, 9_999, TABLE), None);
        assert!(notes.between(9_990, 9_999, TABLE).is_some());
        notes.push(20_000, &changes(0..20));
        assert_eq!(notes.between(9_990, 20_000, TABLE), None);
        notes.push(20_001, &changes(0..100_000));
        assert_eq!(notes.between(20_000, 20_001, TABLE), None);
        notes.push(20_002, &changes(0..1));
        assert!(notes.between(20_001, 20_002, TABLE).is_some());
    }
}
