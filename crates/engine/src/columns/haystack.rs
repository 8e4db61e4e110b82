//! The texts of records, in lower case, in one run of bytes that a search goes through at once.
//!
//! A byte that no UTF-8 text holds ends each text, so that nothing is found across two. A text that changes is
//! written behind the others; when half of the run is of no use, the run is written anew.

use memchr::memmem::Finder;

use super::slots::Slots;
use super::text_room;
use crate::query::ValueRef;

/// Ends each text; no byte of UTF-8.
const END: u8 = 0xff;

/// How much may be of no use before it is worth writing the run anew, in bytes.
const GARBAGE_MIN: usize = 4_096;

/// Says of a slot that it has no segment.
const NONE: u32 = u32::MAX;

/// The texts of a record.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start: u32,
    slot: u32,
}

/// The texts of records, by slot.
#[derive(Debug, Default)]
pub(crate) struct Haystack {
    bytes: Vec<u8>,
    /// In order of their starts; each ends where the next one starts.
    segments: Vec<Segment>,
    /// Each slot's segment: those that are not named here are of no use any more.
    current: Vec<u32>,
    /// How many bytes are of no use.
    garbage: usize,
}

impl Haystack {
    /// Gives a slot these texts in place of those it had.
    pub(crate) fn set<'a>(&mut self, slot: u32, texts: impl Iterator<Item = ValueRef<'a>>) {
        self.remove(slot);
        let start = self.bytes.len();
        for text in texts {
            match text {
                ValueRef::Text(text) | ValueRef::Enum(text) if text.is_ascii() => {
                    let at = self.bytes.len();
                    self.reserve(text.len() + 1);
                    self.bytes.extend_from_slice(text.as_bytes());
                    self.bytes[at..].make_ascii_lowercase();
                }
                other => {
                    let text = other.to_lower_text();
                    self.reserve(text.len() + 1);
                    self.bytes.extend_from_slice(text.as_bytes());
                }
            }
            self.bytes.push(END);
        }
        if self.bytes.len() > start {
            if self.current.len() <= slot as usize {
                self.current.resize(slot as usize + 1, NONE);
            }
            self.current[slot as usize] = self.segments.len() as u32;
            // The bound on the bytes of all columns is far below what 32 bits count.
            let start = start as u32;
            self.segments.push(Segment { start, slot });
        }
        if self.garbage > GARBAGE_MIN.max(self.bytes.len() / 2) {
            self.compact();
        }
    }

    /// Takes the texts of a slot away.
    pub(crate) fn remove(&mut self, slot: u32) {
        if let Some(current) = self.current.get_mut(slot as usize)
            && *current != NONE
        {
            let segment = std::mem::replace(current, NONE) as usize;
            self.garbage += self.end(segment) - self.segments[segment].start as usize;
        }
    }

    /// The slots of which a text contains `needle`, which is in lower case and not empty.
    pub(crate) fn find(&self, needle: &str) -> Slots {
        let finder = Finder::new(needle);
        let mut found = Slots::below(self.current.len());
        let (mut at, mut segment) = (0, 0);
        while let Some(place) = finder.find(&self.bytes[at..]) {
            let place = at + place;
            while self.end(segment) <= place {
                segment += 1;
            }
            let slot = self.segments[segment].slot;
            if self.current[slot as usize] as usize == segment {
                found.insert(slot);
            }
            at = self.end(segment);
            segment += 1;
        }
        found
    }

    /// Whether a text of a slot starts with `needle`, which is in lower case; never, when the slot has no text.
    pub(crate) fn starts_with(&self, slot: u32, needle: &str) -> bool {
        match self.current.get(slot as usize) {
            Some(current) if *current != NONE => {
                let segment = *current as usize;
                self.bytes[self.segments[segment].start as usize..self.end(segment)]
                    .split(|byte| *byte == END)
                    .any(|text| !text.is_empty() && text.starts_with(needle.as_bytes()))
            }
            _ => false,
        }
    }

    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.segments.shrink_to_fit();
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.segments.capacity() * 8 + self.current.capacity() * 4
    }

    fn reserve(&mut self, more: usize) {
        let room = text_room(self.bytes.len(), self.bytes.capacity(), more);
        self.bytes.reserve_exact(room);
    }

    fn end(&self, segment: usize) -> usize {
        self.segments
            .get(segment + 1)
            .map_or(self.bytes.len(), |next| next.start as usize)
    }

    fn compact(&mut self) {
        let old = std::mem::take(self);
        self.current = vec![NONE; old.current.len()];
        for (at, segment) in old.segments.iter().enumerate() {
            if old.current[segment.slot as usize] as usize == at {
                self.current[segment.slot as usize] = self.segments.len() as u32;
                self.segments.push(Segment {
                    start: self.bytes.len() as u32,
                    slot: segment.slot,
                });
                self.bytes
                    .extend_from_slice(&old.bytes[segment.start as usize..old.end(at)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn check(writes: &[(u32, Vec<String>)], needle: &str) {
        let (mut haystack, mut texts) = (Haystack::default(), BTreeMap::new());
        for (slot, written) in writes {
            haystack.set(*slot, written.iter().map(|text| ValueRef::Text(text)));
            texts.insert(*slot, written.clone());
        }
        let expect = |passes: fn(&str, &str) -> bool| -> Vec<u32> {
            let any = |(_, texts): &(&u32, &Vec<String>)| {
                texts.iter().any(|text| passes(&text.to_lowercase(), needle))
            };
            texts.iter().filter(any).map(|(slot, _)| *slot).collect()
        };
        let found: Vec<_> = haystack.find(needle).iter().collect();
        assert_eq!(found, expect(|text, needle| text.contains(needle)));
        let starting: Vec<_> = (0..40)
            .filter(|slot| haystack.starts_with(*slot, needle))
            .collect();
        assert_eq!(starting, expect(|text, needle| text.starts_with(needle)));
    }

    proptest! {
        #[test]
        fn finds_what_each_text_contains(
            writes in vec((0_u32..40, vec("[abAB\u{3a3}\u{e9}\0]{0,6}", 0..3)), 0..80),
            needle in "[ab\u{3c3}\u{e9}\0]{1,3}",
        ) {
            check(&writes, &needle);
        }
    }

    #[test]
    fn texts_that_change_often_take_no_more_and_more_room() {
        let mut haystack = Haystack::default();
        let text = "x".repeat(100);
        for number in 0..20_000 {
            let texts = [format!("{text}{number}")];
            haystack.set(number % 10, texts.iter().map(|text| ValueRef::Text(text)));
        }
        assert!(haystack.bytes() < 64 << 10, "{}", haystack.bytes());
        assert_eq!(haystack.find("x19999").iter().collect::<Vec<_>>(), [9]);
        assert_eq!(haystack.find("x19989").len(), 0);
    }
}
