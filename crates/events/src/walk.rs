//! Walking over the events of a query, upwards or downwards, by way of the postings, wherever these are kept.
//!
//! Several leaves of one alternative are intersected by leaping: each list is sought at the place where another one
//! stands, so that the shortest decides how many steps there are. Only the lists' newest entries choose among very many
//! leaves; the rest is left to the check of the payload.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use crate::name::EventType;
use crate::posting::{Alternative, Leaf};

/// The most lists that are intersected for one alternative.
const INTERSECTED_MAX: usize = 8;

/// How many entries of a list are fetched at first, upwards.
const FETCH_FIRST: usize = 16;

/// The most entries of a list that are fetched at once.
const FETCH_MAX: usize = 1_024;

/// The postings of a store: for each type and leaf the numbers of the events that have both.
pub trait Postings {
    /// What goes wrong when they are read.
    type Error;
    /// How the store names a type.
    type Type: Copy;

    /// The types of these names that have events; all types that do, without names.
    ///
    /// # Errors
    /// The store's.
    fn types(&self, named: Option<&BTreeSet<EventType>>) -> Result<Vec<Self::Type>, Self::Error>;

    /// The first `limit` numbers of a list from `target` on, that one included, in the order of the walk.
    ///
    /// # Errors
    /// The store's.
    fn numbers(
        &self,
        list: (Self::Type, Leaf),
        way: Way,
        target: i64,
        limit: usize,
    ) -> Result<Vec<i64>, Self::Error>;
}

/// The way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To higher numbers.
    Up,
    /// To lower numbers.
    Down,
}

impl Way {
    /// How far along a number is.
    const fn rank(self, seq: i64) -> i64 {
        match self {
            Self::Up => seq,
            // Bitwise, so that no number overflows.
            Self::Down => !seq,
        }
    }

    const fn next(self, seq: i64) -> Option<i64> {
        match self {
            Self::Up => seq.checked_add(1),
            Self::Down => seq.checked_sub(1),
        }
    }
}

/// A walk over the candidates of several alternatives, each once.
pub struct Walk<'c, P: Postings> {
    way: Way,
    branches: Vec<Branch<'c, P>>,
    /// Where each branch stands, nearest first.
    heap: BinaryHeap<Reverse<(i64, usize)>>,
}

/// A candidate: an event that may belong to the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its number.
    pub seq: i64,
    /// Whether it belongs to the query without a further look.
    pub exact: bool,
}

impl<'c, P: Postings> Walk<'c, P> {
    /// A walk from `start` on; `head` is the last event there is.
    ///
    /// # Errors
    /// The store's.
    pub fn new(
        postings: &'c P,
        alternatives: &[Alternative],
        way: Way,
        start: i64,
        head: i64,
    ) -> Result<Self, P::Error> {
        let mut walk = Self {
            way,
            branches: Vec::new(),
            heap: BinaryHeap::new(),
        };
        for alternative in alternatives {
            for source in sources(postings, alternative, way, head)? {
                let exact = alternative.exact;
                walk.branches.push(Branch { source, exact });
                walk.seek(walk.branches.len() - 1, Some(start))?;
            }
        }
        Ok(walk)
    }

    /// The next candidate; `None` when the walk is at its end.
    ///
    /// # Errors
    /// The store's.
    pub fn advance(&mut self) -> Result<Option<Candidate>, P::Error> {
        let Some(&Reverse((rank, _))) = self.heap.peek() else {
            return Ok(None);
        };
        let seq = self.way.rank(rank);
        let mut exact = false;
        while let Some(&Reverse((other, branch))) = self.heap.peek()
            && other == rank
        {
            self.heap.pop();
            exact |= self.branches[branch].exact;
            self.seek(branch, self.way.next(seq))?;
        }
        Ok(Some(Candidate { seq, exact }))
    }

    fn seek(&mut self, branch: usize, target: Option<i64>) -> Result<(), P::Error> {
        if let Some(target) = target
            && let Some(seq) = self.branches[branch].source.seek(target)?
        {
            self.heap.push(Reverse((self.way.rank(seq), branch)));
        }
        Ok(())
    }
}

struct Branch<'c, P: Postings> {
    source: Source<'c, P>,
    exact: bool,
}

/// Numbers in the order of a walk.
enum Source<'c, P: Postings> {
    /// All events up to the last.
    All { head: i64, way: Way },
    /// Those that are in every one of these lists, of which there is one at least.
    Lists(Vec<List<'c, P>>),
}

impl<P: Postings> Source<'_, P> {
    /// The first number at `target` or beyond. Targets only move on.
    fn seek(&mut self, target: i64) -> Result<Option<i64>, P::Error> {
        match self {
            Self::All { head, way: Way::Up } => {
                let seq = target.max(1);
                Ok((seq <= *head).then_some(seq))
            }
            Self::All { head, way: Way::Down } => {
                let seq = target.min(*head);
                Ok((seq >= 1).then_some(seq))
            }
            Self::Lists(lists) => {
                let mut target = target;
                let mut agreed = 0;
                let mut turn = 0;
                while agreed < lists.len() {
                    let list = &mut lists[turn];
                    let Some(seq) = list.seek(target)? else {
                        return Ok(None);
                    };
                    agreed = if seq == target { agreed + 1 } else { 1 };
                    target = seq;
                    turn = (turn + 1) % lists.len();
                }
                Ok(Some(target))
            }
        }
    }
}

/// The sources of one alternative: one for each type, since lists are kept by type.
fn sources<'c, P: Postings>(
    postings: &'c P,
    alternative: &Alternative,
    way: Way,
    head: i64,
) -> Result<Vec<Source<'c, P>>, P::Error> {
    if alternative.is_everything() {
        return Ok(vec![Source::All { head, way }]);
    }
    let types = postings.types(alternative.types.as_ref())?;
    let mut sources = Vec::with_capacity(types.len());
    for of_type in types {
        let leaves = if alternative.leaves.is_empty() {
            vec![Leaf::EVERY]
        } else {
            rarest(postings, of_type, &alternative.leaves)?
        };
        let lists = leaves
            .into_iter()
            .map(|leaf| List::new(postings, (of_type, leaf), way));
        sources.push(Source::Lists(lists.collect()));
    }
    Ok(sources)
}

/// Of many leaves the few whose newest event is the oldest: these lists are likely to be short. A leaf without any
/// event is enough alone.
fn rarest<P: Postings>(postings: &P, of_type: P::Type, leaves: &[Leaf]) -> Result<Vec<Leaf>, P::Error> {
    if leaves.len() <= INTERSECTED_MAX {
        return Ok(leaves.to_vec());
    }
    let mut newest = Vec::with_capacity(leaves.len());
    for &leaf in leaves {
        match List::new(postings, (of_type, leaf), Way::Down).seek(i64::MAX)? {
            Some(seq) => newest.push((seq, leaf)),
            None => return Ok(vec![leaf]),
        }
    }
    newest.sort_unstable();
    newest.truncate(INTERSECTED_MAX);
    Ok(newest.into_iter().map(|(_, leaf)| leaf).collect())
}

/// The events of one type with one leaf, in the order of a walk.
struct List<'c, P: Postings> {
    postings: &'c P,
    list: (P::Type, Leaf),
    way: Way,
    fetched: Vec<i64>,
    at: usize,
    /// How many are fetched next time: more and more as long as they are used one after another.
    fetch: usize,
    /// Nothing lies beyond what was fetched.
    ended: bool,
}

impl<'c, P: Postings> List<'c, P> {
    const fn new(postings: &'c P, list: (P::Type, Leaf), way: Way) -> Self {
        Self {
            postings,
            list,
            way,
            fetched: Vec::new(),
            at: 0,
            // Downwards the newest is wanted, and no more; upwards all of them are.
            fetch: match way {
                Way::Up => FETCH_FIRST,
                Way::Down => 1,
            },
            ended: false,
        }
    }

    /// The first entry at `target` or beyond. Targets only move on.
    fn seek(&mut self, target: i64) -> Result<Option<i64>, P::Error> {
        let way = self.way;
        let rest = &self.fetched[self.at..];
        self.at += rest.partition_point(|&seq| way.rank(seq) < way.rank(target));
        if self.at == self.fetched.len() {
            if self.ended {
                return Ok(None);
            }
            self.fetch_from(target)?;
        }
        Ok(self.fetched.get(self.at).copied())
    }

    fn fetch_from(&mut self, target: i64) -> Result<(), P::Error> {
        self.fetched = self.postings.numbers(self.list, self.way, target, self.fetch)?;
        self.at = 0;
        self.ended = self.fetched.len() < self.fetch;
        self.fetch = (self.fetch * 2).min(FETCH_MAX);
        Ok(())
    }
}
