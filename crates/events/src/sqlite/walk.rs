//! Walking over the events of a query, upwards or downwards, by way of the postings.
//!
//! Several leaves of one alternative are intersected by leaping: each list is sought at the place where another one
//! stands, so that the shortest decides how many steps there are. Only the lists' newest entries choose among very many
//! leaves; the rest is left to the check of the payload.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rusqlite::{Connection, params};

use crate::posting::{Alternative, Leaf};

/// The most lists that are intersected for one alternative.
const INTERSECTED_MAX: usize = 8;

/// The most entries of a list that are fetched at once.
const FETCH_MAX: usize = 1_024;

/// The way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
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
pub(crate) struct Walk<'c> {
    way: Way,
    branches: Vec<Branch<'c>>,
    /// Where each branch stands, nearest first.
    heap: BinaryHeap<Reverse<(i64, usize)>>,
}

/// A candidate: an event that may belong to the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) seq: i64,
    /// Whether it belongs to the query without a further look.
    pub(crate) exact: bool,
}

impl<'c> Walk<'c> {
    /// A walk from `start` on; `head` is the last event there is.
    pub(crate) fn new(
        connection: &'c Connection,
        alternatives: &[Alternative],
        way: Way,
        start: i64,
        head: i64,
    ) -> rusqlite::Result<Self> {
        let mut walk = Self {
            way,
            branches: Vec::new(),
            heap: BinaryHeap::new(),
        };
        for alternative in alternatives {
            for source in sources(connection, alternative, way, head)? {
                let exact = alternative.exact;
                walk.branches.push(Branch { source, exact });
                walk.seek(walk.branches.len() - 1, Some(start))?;
            }
        }
        Ok(walk)
    }

    /// The next candidate.
    pub(crate) fn next(&mut self) -> rusqlite::Result<Option<Candidate>> {
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

    fn seek(&mut self, branch: usize, target: Option<i64>) -> rusqlite::Result<()> {
        if let Some(target) = target
            && let Some(seq) = self.branches[branch].source.seek(target)?
        {
            self.heap.push(Reverse((self.way.rank(seq), branch)));
        }
        Ok(())
    }
}

struct Branch<'c> {
    source: Source<'c>,
    exact: bool,
}

/// Numbers in the order of a walk.
enum Source<'c> {
    /// All events up to the last.
    All { head: i64, way: Way },
    /// Those that are in every one of these lists, of which there is one at least.
    Lists(Vec<List<'c>>),
}

impl Source<'_> {
    /// The first number at `target` or beyond. Targets only move on.
    fn seek(&mut self, target: i64) -> rusqlite::Result<Option<i64>> {
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
fn sources<'c>(
    connection: &'c Connection,
    alternative: &Alternative,
    way: Way,
    head: i64,
) -> rusqlite::Result<Vec<Source<'c>>> {
    if alternative.types.is_none() && alternative.leaves.is_empty() {
        return Ok(vec![Source::All { head, way }]);
    }
    let types: Vec<i64> = match &alternative.types {
        Some(types) => {
            let mut statement = connection.prepare_cached("SELECT id FROM event_type WHERE name = ?1")?;
            let mut ids = Vec::new();
            for name in types {
                // A type without an event has no number, and no list.
                ids.extend(
                    statement
                        .query_map([name.as_str()], |row| row.get::<_, i64>(0))?
                        .collect::<Result<Vec<_>, _>>()?,
                );
            }
            ids
        }
        None => connection
            .prepare_cached("SELECT id FROM event_type")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?,
    };
    let mut sources = Vec::with_capacity(types.len());
    for type_id in types {
        let leaves = if alternative.leaves.is_empty() {
            vec![Leaf::EVERY]
        } else {
            rarest(connection, type_id, &alternative.leaves)?
        };
        let lists = leaves
            .into_iter()
            .map(|leaf| List::new(connection, type_id, leaf, way));
        sources.push(Source::Lists(lists.collect()));
    }
    Ok(sources)
}

/// Of many leaves the few whose newest event is the oldest: these lists are likely to be short. A leaf without any
/// event is enough alone.
fn rarest(connection: &Connection, type_id: i64, leaves: &[Leaf]) -> rusqlite::Result<Vec<Leaf>> {
    if leaves.len() <= INTERSECTED_MAX {
        return Ok(leaves.to_vec());
    }
    let mut newest = Vec::with_capacity(leaves.len());
    for &leaf in leaves {
        match List::new(connection, type_id, leaf, Way::Down).seek(i64::MAX)? {
            Some(seq) => newest.push((seq, leaf)),
            None => return Ok(vec![leaf]),
        }
    }
    newest.sort_unstable();
    newest.truncate(INTERSECTED_MAX);
    Ok(newest.into_iter().map(|(_, leaf)| leaf).collect())
}

/// The events of one type with one leaf, in the order of a walk.
struct List<'c> {
    connection: &'c Connection,
    type_id: i64,
    leaf: Leaf,
    way: Way,
    fetched: Vec<i64>,
    at: usize,
    /// How many are fetched next time: more and more as long as they are used one after another.
    fetch: usize,
    /// Nothing lies beyond what was fetched.
    ended: bool,
}

impl<'c> List<'c> {
    const fn new(connection: &'c Connection, type_id: i64, leaf: Leaf, way: Way) -> Self {
        Self {
            connection,
            type_id,
            leaf,
            way,
            fetched: Vec::new(),
            at: 0,
            fetch: 1,
            ended: false,
        }
    }

    /// The first entry at `target` or beyond. Targets only move on.
    fn seek(&mut self, target: i64) -> rusqlite::Result<Option<i64>> {
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

    fn fetch_from(&mut self, target: i64) -> rusqlite::Result<()> {
        let sql = match self.way {
            Way::Up => {
                "SELECT seq FROM posting WHERE type_id = ?1 AND leaf = ?2 AND seq >= ?3 ORDER BY seq LIMIT ?4"
            }
            Way::Down => {
                "SELECT seq FROM posting WHERE type_id = ?1 AND leaf = ?2 AND seq <= ?3 ORDER BY seq DESC LIMIT ?4"
            }
        };
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![self.type_id, self.leaf.0, target, self.fetch as i64])?;
        self.fetched.clear();
        self.at = 0;
        while let Some(row) = rows.next()? {
            self.fetched.push(row.get(0)?);
        }
        self.ended = self.fetched.len() < self.fetch;
        self.fetch = (self.fetch * 2).min(FETCH_MAX);
        Ok(())
    }
}
