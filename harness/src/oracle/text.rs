//! One text, kept place by place: the rules of decision 0008 and YATA in their plainest form, without the library that
//! the engine uses.
//!
//! A place is one UTF-16 unit, deleted or not. Reads what plain typing writes: strings and deletions. The algorithm
//! is that of Nicolaescu et al., "Near Real-Time Peer-to-Peer Shared Editing on Extensible Data Types" (2016), in
//! the form that Yjs gave it.

use std::collections::{BTreeMap, BTreeSet};

use super::Moment;

/// Names a place for good: who made it, and its number among that client's.
pub type PlaceId = (u64, u32);

/// A place in a text.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name.
    pub id: PlaceId,
    /// What stood before it when it was made; `None` for the start.
    pub origin: Option<PlaceId>,
    /// What stood behind it then; `None` for the end.
    pub right: Option<PlaceId>,
    /// The UTF-16 unit; `None` once it is deleted.
    pub unit: Option<u16>,
}

/// A delta, as its bytes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// What is put in: the first place, its neighbours, and the units; `None` for deletions alone.
    pub insertion: Option<Insertion>,
    /// Which places are deleted.
    pub deletions: BTreeSet<PlaceId>,
}

/// Units that one client put in between two neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The first of them.
    pub first: PlaceId,
    /// What stands before them.
    pub origin: Option<PlaceId>,
    /// What stands behind them.
    pub right: Option<PlaceId>,
    /// The units: ASCII only.
    pub units: Vec<u16>,
}

/// A text, and who brought which place.
#[derive(Clone, Debug, Default)]
pub struct Document {
    places: Vec<Place>,
    brought: BTreeMap<PlaceId, Moment>,
    refused: usize,
}

impl Document {
    /// The places in order, deleted ones too.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// What it reads.
    #[must_use]
    pub fn content(&self) -> String {
        let units: Vec<u16> = self.places.iter().filter_map(|place| place.unit).collect();
        String::from_utf16_lossy(&units)
    }

    /// How many deltas did not count.
    #[must_use]
    pub const fn refused(&self) -> usize {
        self.refused
    }

    /// The number of the next place that a client makes.
    #[must_use]
    pub fn end(&self, client: u64, is_seen: impl Fn(Moment) -> bool) -> u32 {
        let made = self
            .brought
            .iter()
            .filter(|((by, _), moment)| *by == client && is_seen(**moment));
        made.map(|((_, clock), _)| clock + 1).max().unwrap_or(0)
    }

    /// Takes a delta that `client` wrote, who had seen what `is_seen` says; says whether it counts.
    pub fn apply(
        &mut self,
        bytes: &[u8],
        client: u64,
        moment: Moment,
        is_seen: impl Fn(Moment) -> bool,
    ) -> bool {
        let counts = Delta::read(bytes).is_some_and(|delta| self.take(&delta, client, moment, is_seen));
        self.refused += usize::from(!counts);
        counts
    }

    fn take(&mut self, delta: &Delta, client: u64, moment: Moment, is_seen: impl Fn(Moment) -> bool) -> bool {
        let knows = |id: &PlaceId| self.brought.get(id).is_some_and(|moment| is_seen(*moment));
        if !delta.deletions.iter().all(knows) || delta.insertion.is_none() && delta.deletions.is_empty() {
            return false;
        }
        if let Some(insertion) = &delta.insertion {
            let (by, clock) = insertion.first;
            let neighbours = insertion.origin.iter().chain(&insertion.right);
            let mut ids = insertion.ids();
            let is_sound = by == client
                && clock == self.end(client, &is_seen)
                && neighbours.clone().all(knows)
                && !ids.any(|id| self.brought.contains_key(&id))
                && self.can_be_neighbours(insertion.origin, insertion.right);
            if !is_sound {
                return false;
            }
            let mut origin = insertion.origin;
            for (id, unit) in insertion.ids().zip(&insertion.units) {
                self.integrate(Place {
                    id,
                    origin,
                    right: insertion.right,
                    unit: Some(*unit),
                });
                self.brought.insert(id, moment);
                origin = Some(id);
            }
        }
        for place in &mut self.places {
            if delta.deletions.contains(&place.id) {
                place.unit = None;
            }
        }
        true
    }

    /// Where a place stands, the start being 0 and the first place 1.
    fn after(&self, id: Option<PlaceId>) -> usize {
        id.map_or(0, |id| self.at(id) + 1)
    }

    fn at(&self, id: PlaceId) -> usize {
        let found = self.places.iter().position(|place| place.id == id);
        found.expect("only places that were brought are asked for")
    }

    /// Whether `origin(R) ≤ L < R ≤ right origin(L)`.
    fn can_be_neighbours(&self, left: Option<PlaceId>, right: Option<PlaceId>) -> bool {
        let end = self.places.len() + 1;
        let before = |id: Option<PlaceId>| id.map_or(end, |id| self.at(id) + 1);
        let (l, r) = (self.after(left), before(right));
        let origin_of_right = right.map_or(0, |right| self.after(self.places[self.at(right)].origin));
        let right_of_left = left.map_or(end, |left| before(self.places[self.at(left)].right));
        origin_of_right <= l && l < r && r <= right_of_left
    }

    fn integrate(&mut self, new: Place) {
        let first = self.after(new.origin);
        let mut to = first;
        let (mut passed, mut contested) = (BTreeSet::new(), BTreeSet::new());
        for at in first..self.places.len() {
            let other = &self.places[at];
            if Some(other.id) == new.right {
                break;
            }
            passed.insert(other.id);
            contested.insert(other.id);
            if other.origin == new.origin {
                if other.id.0 < new.id.0 {
                    to = at + 1;
                    contested.clear();
                } else if other.right == new.right {
                    break;
                }
            } else if other.origin.is_some_and(|origin| passed.contains(&origin)) {
                if !other.origin.is_some_and(|origin| contested.contains(&origin)) {
                    to = at + 1;
                    contested.clear();
                }
            } else {
                break;
            }
        }
        self.places.insert(to, new);
    }
}

impl Insertion {
    fn ids(&self) -> impl Iterator<Item = PlaceId> {
        let (client, clock) = self.first;
        (0..self.units.len() as u32).map(move |step| (client, clock + step))
    }
}

/// The root under which texts stand.
const ROOT: &str = "text";

impl Delta {
    /// Reads a Yjs update of encoding 1; `None` if it is none, or holds more than plain typing of one client.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let insertion = match number(&mut rest)? {
            0 => None,
            1 => Some(read_insertion(&mut rest)?),
            _ => return None,
        };
        let mut deletions = BTreeSet::new();
        for _ in 0..number(&mut rest)? {
            let client = number(&mut rest)?;
            for _ in 0..number(&mut rest)? {
                let (clock, len) = (number(&mut rest)? as u32, number(&mut rest)? as u32);
                deletions.extend((clock..clock.checked_add(len)?).map(|clock| (client, clock)));
            }
        }
        let delta = Self { insertion, deletions };
        // What has another spelling than ours is none that counts.
        (delta.write() == bytes).then_some(delta)
    }

    /// Writes it as a Yjs update of encoding 1.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, u64::from(self.insertion.is_some()));
        if let Some(insertion) = &self.insertion {
            let (client, clock) = insertion.first;
            [1, client, u64::from(clock)]
                .into_iter()
                .for_each(|number| put(&mut out, number));
            let info =
                4 | u8::from(insertion.origin.is_some()) << 7 | u8::from(insertion.right.is_some()) << 6;
            out.push(info);
            for (client, clock) in insertion.origin.iter().chain(&insertion.right) {
                [*client, u64::from(*clock)]
                    .into_iter()
                    .for_each(|number| put(&mut out, number));
            }
            if info == 4 {
                put(&mut out, 1);
                put_text(&mut out, ROOT.as_bytes());
            }
            put_text(&mut out, String::from_utf16_lossy(&insertion.units).as_bytes());
        }
        let mut ranges: BTreeMap<u64, Vec<(u32, u32)>> = BTreeMap::new();
        for (client, clock) in &self.deletions {
            let ranges = ranges.entry(*client).or_default();
            match ranges.last_mut() {
                Some((first, len)) if *first + *len == *clock => *len += 1,
                _ => ranges.push((*clock, 1)),
            }
        }
        put(&mut out, ranges.len() as u64);
        // The engine that most editors run writes the greatest client first; any order is read.
        for (client, ranges) in ranges.iter().rev() {
            [*client, ranges.len() as u64]
                .into_iter()
                .for_each(|number| put(&mut out, number));
            for (clock, len) in ranges {
                [u64::from(*clock), u64::from(*len)]
                    .into_iter()
                    .for_each(|number| put(&mut out, number));
            }
        }
        out
    }
}

fn read_insertion(rest: &mut &[u8]) -> Option<Insertion> {
    if number(rest)? != 1 {
        return None;
    }
    let first = (number(rest)?, number(rest)? as u32);
    let (info, after) = rest.split_first()?;
    *rest = after;
    if info & 0x3f != 4 {
        return None;
    }
    let place = |rest: &mut &[u8]| Some((number(rest)?, number(rest)? as u32));
    let origin = if info & 0x80 == 0 {
        None
    } else {
        Some(place(rest)?)
    };
    let right = if info & 0x40 == 0 {
        None
    } else {
        Some(place(rest)?)
    };
    if *info == 4 && (number(rest)? != 1 || text(rest)? != ROOT) {
        return None;
    }
    let units: Vec<u16> = text(rest)?.encode_utf16().collect();
    (!units.is_empty()).then_some(Insertion {
        first,
        origin,
        right,
        units,
    })
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let len = usize::try_from(number(rest)?).ok()?;
    let (text, after) = rest.split_at_checked(len)?;
    *rest = after;
    std::str::from_utf8(text).ok()
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put(out, text.len() as u64);
    out.extend(text);
}
