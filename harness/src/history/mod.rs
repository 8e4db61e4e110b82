//! Histories of a few authors, written as plain instructions: what anyone could have signed, honest or not, over so few
//! entities, edges and fields that everything collides.
//!
//! Every list of [`Step`]s is a history, so that a failing one can be made shorter by leaving steps out. [`Team`]
//! turns steps into signed bundles; [`judge`] hands them to engines in several orders and holds each engine against
//! the oracle.

mod deed;
mod judge;
mod pool;
mod team;
mod typing;

use std::fmt;

pub use deed::{Deed, Typing};
pub use judge::{Delivery, judge};
pub use pool::{Ed, En, Fa, Fi, Pl, Pr, Ty, Va};
pub use team::{Team, Writer};

/// What happens, and how its bundles reach the engines.
#[derive(Clone, PartialEq)]
pub struct History {
    /// How many authors there are at first.
    pub authors: u8,
    /// What they do.
    pub steps: Vec<Step>,
    /// The engines, and how each gets the bundles.
    pub deliveries: Vec<Delivery>,
}

/// One thing that an author does. Numbers of writers wrap round, so that every number names one.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Seals a bundle.
    Write {
        /// Who.
        writer: u8,
        /// What its clock says, in seconds.
        second: u8,
        /// Whether it names only the last of what it has seen, and leaves the rest to be followed from there: no
        /// honest author's engine does.
        terse: bool,
        /// What the bundle does.
        deeds: Vec<Deed>,
    },
    /// Seals a bundle of one deed under a command id that others may use as well.
    Command {
        /// Who.
        writer: u8,
        /// What its clock says, in seconds.
        second: u8,
        /// Which of few command ids.
        command: u8,
        /// What the bundle does.
        deed: Deed,
    },
    /// Learns all that another knows.
    Meet {
        /// Who learns.
        reader: u8,
        /// From whom.
        other: u8,
    },
    /// Learns one bundle, and what its author had seen.
    Learn {
        /// Who learns.
        reader: u8,
        /// Which of all bundles so far.
        bundle: u8,
    },
    /// Goes on in a new log, as on a second device, and knows nothing there yet.
    BeginLog {
        /// Whose identity.
        writer: u8,
    },
    /// Goes on from a backup as well as from where it is: the log forks with the next bundle of either.
    Fork {
        /// Whose log.
        writer: u8,
        /// How many bundles the backup lacks.
        lacking: u8,
    },
}

impl fmt::Display for History {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} authors", self.authors)?;
        for step in &self.steps {
            match step {
                Step::Write {
                    writer,
                    second,
                    terse,
                    deeds,
                } => {
                    let terse = if *terse { ", tersely" } else { "" };
                    writeln!(out, "  writer {writer} at {second} s{terse}:")?;
                    deeds.iter().try_for_each(|deed| writeln!(out, "    {deed:?}"))?;
                }
                other => writeln!(out, "  {other:?}")?,
            }
        }
        self.deliveries
            .iter()
            .try_for_each(|delivery| writeln!(out, "  {delivery:?}"))
    }
}

impl fmt::Debug for History {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
