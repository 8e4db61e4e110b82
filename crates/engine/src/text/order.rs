//! What stands before what in a document, deleted places included.
//!
//! yrs integrates content between the two neighbours that a delta names, and every peer comes to the same order
//! only if those were neighbours once: [`Order::admits`]. To judge that, the order of all places is kept here
//! beside yrs, by the same algorithm (YATA, as in Yjs' `Item.integrate`), without content.
//!
//! Runs of places are in a doubly linked list; each carries a label that grows along the list, so that comparing
//! two places is comparing two numbers. Labels are spread out again where they get tight (Dietz and Sleator,
//! "Two algorithms for maintaining order in a list", 1987).

use std::collections::BTreeMap;

use super::client::ClientId;
use super::update::{Block, Place};

/// Run 0: the start of the document, before all places.
const START: u32 = 0;
/// No run.
const NONE: u32 = u32::MAX;
/// The distance of a new last run from the one before it.
const STEP: u64 = 1 << 32;

/// The order of all places of a document.
#[derive(Debug)]
pub(super) struct Order {
    runs: Vec<Run>,
    free: Vec<u32>,
    /// Each client's runs, by clock, without gaps.
    clients: BTreeMap<ClientId, Vec<u32>>,
}

#[derive(Clone, Debug)]
struct Run {
    first: Place,
    length: u32,
    /// Of the first place; the origin of each further one is the place before it.
    origin: Option<Place>,
    /// Of every place.
    right_origin: Option<Place>,
    before: u32,
    after: u32,
    label: u64,
}

impl Run {
    const fn end(&self) -> u32 {
        self.first.clock + self.length
    }

    const fn last(&self) -> Place {
        Place {
            client: self.first.client,
            clock: self.end() - 1,
        }
    }
}

/// Grows along the document; the start is the least, and [`Position::END`] is after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    label: u64,
    offset: u32,
}

impl Position {
    const START: Self = Self { label: 0, offset: 0 };
    const END: Self = Self {
        label: u64::MAX,
        offset: 0,
    };
}

impl Default for Order {
    fn default() -> Self {
        let nobody = ClientId::MAX;
        let start = Run {
            first: Place {
                client: nobody,
                clock: 0,
            },
            length: 0,
            origin: None,
            right_origin: None,
            before: NONE,
            after: NONE,
            label: 0,
        };
        Self {
            runs: vec![start],
            free: Vec::new(),
            clients: BTreeMap::new(),
        }
    }
}

impl Order {
    /// The order of a whole document, all of which was admitted once; `None` when its blocks make none.
    pub(super) fn of(blocks: &[Block<'_>]) -> Option<Self> {
        let mut order = Self::default();
        let mut queues: BTreeMap<ClientId, std::slice::Iter<'_, Block<'_>>> = BTreeMap::new();
        for client in blocks.chunk_by(|one, other| one.first.client == other.first.client) {
            if queues.insert(client[0].first.client, client.iter()).is_some() {
                return None;
            }
        }
        // Blocks wait for the blocks that they refer to, of other clients: who waits, and up to where it is awaited.
        let mut waiting = Vec::new();
        for &client in queues.keys().rev() {
            waiting.push((client, u32::MAX));
        }
        let mut path: Vec<(ClientId, u32)> = Vec::new();
        while let Some((client, until)) = path.pop().or_else(|| waiting.pop()) {
            let queue = queues.get_mut(&client)?;
            while order.end(client) < until {
                let Some(block) = queue.as_slice().first() else {
                    if until == u32::MAX {
                        break;
                    }
                    return None;
                };
                let missing = [block.origin, block.right_origin]
                    .into_iter()
                    .flatten()
                    .find(|place| place.clock >= order.end(place.client));
                if let Some(missing) = missing {
                    // A client that is awaited on the way here is itself waiting for this one: a circle.
                    if missing.client == client || path.iter().any(|(awaited, _)| *awaited == missing.client)
                    {
                        return None;
                    }
                    path.push((client, until));
                    path.push((missing.client, missing.clock + 1));
                    break;
                }
                if block.first.clock != order.end(client) || !order.admits(block.origin, block.right_origin) {
                    return None;
                }
                order.integrate(block.first, block.length, block.origin, block.right_origin)?;
                queue.next();
            }
        }
        Some(order)
    }

    fn end(&self, client: ClientId) -> u32 {
        let last = self.clients.get(&client).and_then(|runs| runs.last());
        last.map_or(0, |run| self.run(*run).end())
    }

    /// Whether content may be put between `origin` and `right` (`None`: the start, the end): whether there can
    /// have been a document in which the two stood side by side.
    ///
    /// There was one if neither was itself put into an interval that the other is outside of. All that
    /// `right` refers to then stands at or before `origin` or after `right`, all that `origin` refers to at or
    /// after `right` or before `origin`, and so on for what those refer to, as each was admitted here.
    pub(super) fn admits(&self, origin: Option<Place>, right: Option<Place>) -> bool {
        let (Some(left), Some(end)) = (self.after_start(origin), self.before_end(right)) else {
            return false;
        };
        if left >= end {
            return false;
        }
        let right_keeps = right.is_none_or(|right| {
            self.origin_of(right)
                .and_then(|origin| self.after_start(origin))
                .is_some_and(|at| at <= left)
        });
        let left_keeps = origin.is_none_or(|origin| {
            self.right_origin_of(origin)
                .and_then(|right| self.before_end(right))
                .is_some_and(|at| end <= at)
        });
        right_keeps && left_keeps
    }

    /// Puts the next places of a client between two others, where concurrent content leaves them room.
    ///
    /// `None`, and nothing done, when the neighbours are unknown or not in order.
    pub(super) fn integrate(
        &mut self,
        first: Place,
        length: u32,
        origin: Option<Place>,
        right_origin: Option<Place>,
    ) -> Option<()> {
        let left = match origin {
            Some(origin) => self.ending_at(origin)?,
            None => START,
        };
        let right = match right_origin {
            Some(right) => self.starting_at(right)?,
            None => NONE,
        };
        // The second split may have cut off what the first was about.
        let whole = origin.is_none_or(|origin| self.run(left).last() == origin);
        if !whole || self.run(left).label >= self.label_of(right) {
            return None;
        }
        let left = self.make_room(first.client, left, right, origin, right_origin);
        let run = self.insert_after(
            left,
            Run {
                first,
                length,
                origin,
                right_origin,
                before: NONE,
                after: NONE,
                label: 0,
            },
        );
        self.clients.entry(first.client).or_default().push(run);
        Some(())
    }

    /// Takes back what was integrated of a client from a clock on.
    pub(super) fn undo(&mut self, from: Place) {
        let Some(mut runs) = self.clients.remove(&from.client) else {
            return;
        };
        while let Some(&run) = runs.last()
            && self.run(run).first.clock >= from.clock
        {
            runs.pop();
            self.remove(run);
        }
        if !runs.is_empty() {
            self.clients.insert(from.client, runs);
        }
    }

    /// Joins what was integrated of a client from a clock on with what it continues.
    pub(super) fn settle(&mut self, from: Place) {
        let Some(mut runs) = self.clients.remove(&from.client) else {
            return;
        };
        let start = runs.partition_point(|run| self.run(*run).first.clock < from.clock);
        let mut kept = start;
        for place in start..runs.len() {
            let run = runs[place];
            if kept > 0 && self.continues(runs[kept - 1], run) {
                let length = self.run(run).length;
                self.remove(run);
                self.run_mut(runs[kept - 1]).length += length;
            } else {
                runs[kept] = run;
                kept += 1;
            }
        }
        runs.truncate(kept);
        self.clients.insert(from.client, runs);
    }

    /// How many runs there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.clients.values().map(Vec::len).sum()
    }

    /// All places in order, as runs.
    #[cfg(test)]
    pub(super) fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        let mut at = self.run(START).after;
        while at != NONE {
            let run = self.run(at);
            let client = run.first.client;
            places.extend((run.first.clock..run.end()).map(|clock| Place { client, clock }));
            assert!(run.label > self.run(run.before).label);
            at = run.after;
        }
        places
    }

    /// The run to stand after, of those from `left` up to `right`: content of clients with lesser ids, put at the
    /// same place, comes first, and nobody's content is torn apart.
    fn make_room(
        &self,
        client: ClientId,
        left: u32,
        right: u32,
        origin: Option<Place>,
        right_origin: Option<Place>,
    ) -> u32 {
        if self.run(left).after == right {
            return left;
        }
        let end_of = |run: u32| Position {
            label: self.run(run).label,
            offset: u32::MAX,
        };
        let bound = if left == START {
            Position::START
        } else {
            end_of(left)
        };
        let mut stand = left;
        let mut at = self.run(left).after;
        while at != NONE && at != right {
            let other = self.run(at);
            if other.origin == origin {
                if other.first.client < client {
                    stand = at;
                } else if other.right_origin == right_origin {
                    break;
                }
            } else {
                let Some(position) = self.after_start(other.origin) else {
                    break;
                };
                if position <= bound {
                    break;
                }
                if position <= end_of(stand) {
                    stand = at;
                }
            }
            at = other.after;
        }
        stand
    }

    /// Whether `right` stands right after `left` and was put there with it.
    fn continues(&self, left: u32, right: u32) -> bool {
        let (one, other) = (self.run(left), self.run(right));
        one.after == right
            && one.first.client == other.first.client
            && one.end() == other.first.clock
            && other.origin == Some(one.last())
            && one.right_origin == other.right_origin
    }

    fn origin_of(&self, place: Place) -> Option<Option<Place>> {
        let run = self.run(self.locate(place)?);
        if place.clock == run.first.clock {
            return Some(run.origin);
        }
        Some(Some(Place {
            clock: place.clock - 1,
            ..place
        }))
    }

    fn right_origin_of(&self, place: Place) -> Option<Option<Place>> {
        Some(self.run(self.locate(place)?).right_origin)
    }

    fn after_start(&self, place: Option<Place>) -> Option<Position> {
        place.map_or(Some(Position::START), |place| self.position(place))
    }

    fn before_end(&self, place: Option<Place>) -> Option<Position> {
        place.map_or(Some(Position::END), |place| self.position(place))
    }

    fn position(&self, place: Place) -> Option<Position> {
        let run = self.run(self.locate(place)?);
        Some(Position {
            label: run.label,
            offset: place.clock - run.first.clock,
        })
    }

    fn locate(&self, place: Place) -> Option<u32> {
        let runs = self.clients.get(&place.client)?;
        let index = runs.partition_point(|run| self.run(*run).end() <= place.clock);
        runs.get(index).copied()
    }

    /// The run that ends with the place, split off if need be.
    fn ending_at(&mut self, place: Place) -> Option<u32> {
        let run = self.locate(place)?;
        if self.run(run).last() != place {
            self.split(run, place.clock + 1);
        }
        Some(run)
    }

    /// The run that starts with the place, split off if need be.
    fn starting_at(&mut self, place: Place) -> Option<u32> {
        let run = self.locate(place)?;
        if self.run(run).first == place {
            return Some(run);
        }
        Some(self.split(run, place.clock))
    }

    /// Splits a run before a clock inside it, and gives the right part.
    fn split(&mut self, run: u32, clock: u32) -> u32 {
        let whole = self.run_mut(run);
        let kept = clock - whole.first.clock;
        let rest = Run {
            first: Place { clock, ..whole.first },
            length: whole.length - kept,
            origin: Some(Place {
                clock: clock - 1,
                ..whole.first
            }),
            ..whole.clone()
        };
        whole.length = kept;
        let client = rest.first.client;
        let rest = self.insert_after(run, rest);
        let runs = self.clients.remove(&client);
        if let Some(mut runs) = runs {
            let index = runs.partition_point(|run| self.run(*run).first.clock < clock);
            runs.insert(index, rest);
            self.clients.insert(client, runs);
        }
        rest
    }

    fn insert_after(&mut self, left: u32, mut run: Run) -> u32 {
        run.label = self.label_after(left);
        run.before = left;
        run.after = self.run(left).after;
        let index = match self.free.pop() {
            Some(index) => {
                *self.run_mut(index) = run;
                index
            }
            None => {
                self.runs.push(run);
                (self.runs.len() - 1) as u32
            }
        };
        self.run_mut(left).after = index;
        let after = self.run(index).after;
        if after != NONE {
            self.run_mut(after).before = index;
        }
        index
    }

    fn remove(&mut self, run: u32) {
        let (before, after) = (self.run(run).before, self.run(run).after);
        self.run_mut(before).after = after;
        if after != NONE {
            self.run_mut(after).before = before;
        }
        self.free.push(run);
    }

    /// A label between a run's and the next one's.
    fn label_after(&mut self, run: u32) -> u64 {
        if self.label_of(self.run(run).after) - self.run(run).label < 2 {
            self.spread_labels(run);
        }
        let (label, next) = (self.run(run).label, self.label_of(self.run(run).after));
        label + ((next - label) / 2).min(STEP)
    }

    /// Spreads out the labels after a run, over as many runs as it takes to make it worth while.
    fn spread_labels(&mut self, run: u32) {
        let base = self.run(run).label;
        let mut count = 1_u64;
        let mut end = self.run(run).after;
        while end != NONE && self.run(end).label - base <= count * count {
            count += 1;
            end = self.run(end).after;
        }
        let width = self.label_of(end) - base;
        if width / count < 2 {
            // Only at the very end of the labels: there the whole document is spread out.
            let step = u64::MAX / (self.runs.len() as u64 + 1);
            let (mut at, mut label) = (START, 0);
            while at != NONE {
                self.run_mut(at).label = label;
                label += step;
                at = self.run(at).after;
            }
            return;
        }
        let mut at = self.run(run).after;
        for place in 1..count {
            self.run_mut(at).label =
                base + (u128::from(width) * u128::from(place) / u128::from(count)) as u64;
            at = self.run(at).after;
        }
    }

    fn label_of(&self, run: u32) -> u64 {
        if run == NONE {
            u64::MAX
        } else {
            self.run(run).label
        }
    }

    fn run(&self, run: u32) -> &Run {
        &self.runs[run as usize]
    }

    fn run_mut(&mut self, run: u32) -> &mut Run {
        &mut self.runs[run as usize]
    }
}
