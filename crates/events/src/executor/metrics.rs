//! What an executor counts and measures, by kind of command.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::command_error::CommandError;
use super::histogram::Histogram;
use super::outcome::Outcome;
use crate::command::{CommandType, Rejection};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// It was carried out.
    CarriedOut,
    /// It had been carried out before.
    Repeated,
    /// The request was wrong.
    Validation,
    /// A rule forbade it.
    BusinessRule,
    /// Whoever gave it may not.
    Unauthorised,
    /// Others were faster, each time.
    Concurrency,
    /// Something was not there.
    NotFound,
    /// Something was in another state.
    InvalidState,
    /// Its id had been used for another request.
    Reused,
    /// Whoever gave it was too fast.
    TooFast,
    /// The store or the program failed.
    Failed,
}

impl Ending {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::CarriedOut,
        Self::Repeated,
        Self::Validation,
        Self::BusinessRule,
        Self::Unauthorised,
        Self::Concurrency,
        Self::NotFound,
        Self::InvalidState,
        Self::Reused,
        Self::TooFast,
        Self::Failed,
    ];

    /// Its name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CarriedOut => "carried_out",
            Self::Repeated => "repeated",
            Self::Validation => "validation",
            Self::BusinessRule => "business_rule",
            Self::Unauthorised => "unauthorised",
            Self::Concurrency => "concurrency",
            Self::NotFound => "not_found",
            Self::InvalidState => "invalid_state",
            Self::Reused => "reused",
            Self::TooFast => "too_fast",
            Self::Failed => "failed",
        }
    }

    pub(crate) const fn of<A>(result: &Result<Outcome<A>, CommandError>) -> Self {
        match result {
            Ok(outcome) if outcome.repeated => Self::Repeated,
            Ok(_) => Self::CarriedOut,
            Err(CommandError::Rejected(rejection)) => match rejection {
                Rejection::Validation { .. } => Self::Validation,
                Rejection::BusinessRule { .. } => Self::BusinessRule,
                Rejection::Unauthorised { .. } => Self::Unauthorised,
                Rejection::Concurrency(_) => Self::Concurrency,
                Rejection::NotFound { .. } => Self::NotFound,
                Rejection::InvalidState { .. } => Self::InvalidState,
            },
            Err(CommandError::Reused { .. }) => Self::Reused,
            Err(CommandError::TooFast { .. }) => Self::TooFast,
            Err(_) => Self::Failed,
        }
    }
}

/// What was counted of one kind of command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandFigures {
    endings: [u64; Ending::ALL.len()],
    /// How often others were faster.
    pub conflicts: u64,
    /// How often it was decided anew after that.
    pub retries: u64,
    /// How long commands took from being given to being answered, however they ended.
    pub latency: Histogram,
}

impl CommandFigures {
    /// How many ended so.
    #[must_use]
    pub const fn ended(&self, ending: Ending) -> u64 {
        self.endings[ending as usize]
    }
}

/// What an executor counted and measured, as it was at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// By kind of command.
    pub commands: BTreeMap<CommandType, CommandFigures>,
}

impl Metrics {
    /// What was counted of one kind of command.
    #[must_use]
    pub fn of(&self, command_type: &CommandType) -> CommandFigures {
        self.commands.get(command_type).copied().unwrap_or_default()
    }

    /// The metrics in the text format that Prometheus reads.
    #[must_use]
    pub fn exposition(&self) -> String {
        let mut text = String::new();
        self.write_exposition(&mut text)
            .expect("writing to a string does not fail");
        text
    }

    fn write_exposition(&self, text: &mut String) -> std::fmt::Result {
        let labelled = |command_type: &CommandType| {
            let escaped = command_type.as_str().replace('\\', "\\\\").replace('"', "\\\"");
            format!("command_type=\"{escaped}\"")
        };
        writeln!(text, "# HELP events_commands_total Commands by how they ended.")?;
        writeln!(text, "# TYPE events_commands_total counter")?;
        for (command_type, figures) in &self.commands {
            let label = labelled(command_type);
            for ending in Ending::ALL {
                let (name, count) = (ending.as_str(), figures.ended(ending));
                writeln!(text, "events_commands_total{{{label},ending=\"{name}\"}} {count}")?;
            }
        }
        let name = "events_command_conflicts_total";
        writeln!(
            text,
            "# HELP {name} How often others were faster.\n# TYPE {name} counter"
        )?;
        for (command_type, figures) in &self.commands {
            writeln!(text, "{name}{{{}}} {}", labelled(command_type), figures.conflicts)?;
        }
        let name = "events_command_retries_total";
        writeln!(
            text,
            "# HELP {name} How often commands were decided anew.\n# TYPE {name} counter"
        )?;
        for (command_type, figures) in &self.commands {
            writeln!(text, "{name}{{{}}} {}", labelled(command_type), figures.retries)?;
        }
        let name = "events_command_duration_seconds";
        writeln!(
            text,
            "# HELP {name} From being given to being answered.\n# TYPE {name} histogram"
        )?;
        for (command_type, figures) in &self.commands {
            let label = labelled(command_type);
            for (bound, count) in figures.latency.cumulative() {
                writeln!(
                    text,
                    "{name}_bucket{{{label},le=\"{}\"}} {count}",
                    bound.as_secs_f64()
                )?;
            }
            let (count, sum) = (figures.latency.count(), figures.latency.sum().as_secs_f64());
            writeln!(text, "{name}_bucket{{{label},le=\"+Inf\"}} {count}")?;
            writeln!(
                text,
                "{name}_sum{{{label}}} {sum}\n{name}_count{{{label}}} {count}"
            )?;
        }
        Ok(())
    }
}

/// Where an executor notes its figures.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Metrics>);

impl Ledger {
    pub(crate) fn note(&self, command_type: CommandType, ending: Ending, conflicts: u32, took: Duration) {
        let mut metrics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let figures = metrics.commands.entry(command_type).or_default();
        figures.endings[ending as usize] += 1;
        figures.conflicts += u64::from(conflicts);
        let given_up = ending == Ending::Concurrency;
        figures.retries += u64::from(conflicts - u32::from(given_up && conflicts > 0));
        figures.latency.add(took);
    }

    pub(crate) fn read(&self) -> Metrics {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_listed_in_order_without_a_gap() {
        for (index, ending) in Ending::ALL.into_iter().enumerate() {
            assert_eq!(ending as usize, index);
        }
    }

    #[test]
    fn exposition_has_every_figure_by_kind_of_command() {
        let ledger = Ledger::default();
        let act = CommandType::new("act \"now\"");
        ledger.note(act.clone(), Ending::CarriedOut, 2, Duration::from_micros(60));
        ledger.note(act.clone(), Ending::Concurrency, 3, Duration::from_secs(60));
        let metrics = ledger.read();
        let figures = metrics.of(&act);
        assert_eq!((figures.conflicts, figures.retries), (5, 4));
        let text = metrics.exposition();
        for line in [
            "# TYPE events_commands_total counter",
            r#"events_commands_total{command_type="act \"now\"",ending="carried_out"} 1"#,
            r#"events_commands_total{command_type="act \"now\"",ending="failed"} 0"#,
            r#"events_command_conflicts_total{command_type="act \"now\""} 5"#,
            r#"events_command_retries_total{command_type="act \"now\""} 4"#,
            r#"events_command_duration_seconds_bucket{command_type="act \"now\"",le="0.00005"} 0"#,
            r#"events_command_duration_seconds_bucket{command_type="act \"now\"",le="0.0001"} 1"#,
            r#"events_command_duration_seconds_bucket{command_type="act \"now\"",le="+Inf"} 2"#,
            r#"events_command_duration_seconds_sum{command_type="act \"now\""} 60.00006"#,
            r#"events_command_duration_seconds_count{command_type="act \"now\""} 2"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
