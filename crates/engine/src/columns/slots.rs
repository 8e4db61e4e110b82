//! A set of slots: the numbers under which columns keep records.

/// A set of slots below a bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slots {
    words: Vec<u64>,
}

impl Slots {
    /// An empty set that takes slots below `bound`; it takes others too, once it has grown.
    pub(crate) fn below(bound: usize) -> Self {
        Self {
            words: vec![0; bound.div_ceil(64)],
        }
    }

    pub(crate) fn insert(&mut self, slot: u32) {
        let word = slot as usize / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (slot % 64);
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        if let Some(word) = self.words.get_mut(slot as usize / 64) {
            *word &= !(1 << (slot % 64));
        }
    }

    pub(crate) fn contains(&self, slot: u32) -> bool {
        self.words
            .get(slot as usize / 64)
            .is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The slots, ascending.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(at as u32 * 64 + bit)
            })
        })
    }

    /// Those for which `keep` says so.
    pub(crate) fn filter(&self, mut keep: impl FnMut(u32) -> bool) -> Self {
        let words = self.words.iter().enumerate().map(|(at, word)| {
            let (mut left, mut kept) = (*word, 0);
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                kept |= u64::from(keep(at as u32 * 64 + bit)) << bit;
            }
            kept
        });
        Self {
            words: words.collect(),
        }
    }

    /// Adds those of another set.
    pub(crate) fn unite(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.words.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::btree_set;
    use proptest::prelude::*;

    use super::*;

    fn slots(of: &BTreeSet<u32>) -> Slots {
        let mut slots = Slots::default();
        of.iter().for_each(|slot| slots.insert(*slot));
        slots
    }

    proptest! {
        #[test]
        fn a_set_of_slots_is_a_set(a in btree_set(0_u32..300, 0..60), b in btree_set(0_u32..300, 0..60)) {
            let mut both = slots(&a);
            both.unite(&slots(&b));
            prop_assert_eq!(both.iter().collect::<BTreeSet<_>>(), &a | &b);
            prop_assert_eq!(both.len(), (&a | &b).len());
            let kept = both.filter(|slot| a.contains(&slot));
            prop_assert_eq!(kept.iter().collect::<Vec<_>>(), a.iter().copied().collect::<Vec<_>>());
            for slot in &b {
                both.remove(*slot);
                prop_assert!(!both.contains(*slot));
            }
            prop_assert_eq!(both.iter().collect::<BTreeSet<_>>(), &a - &b);
        }
    }
}
