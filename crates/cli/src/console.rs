//! What a command prints: tables and sentences for people, JSON for programs.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::failure::Failure;

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    json: bool,
}

impl Console {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints the answer: `answer` in one line for programs, or what `words` makes of it for people.
    pub(crate) fn answer<T: Serialize>(
        self,
        answer: &T,
        words: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if self.json {
            self.print_json(answer)
        } else {
            print(&words(answer))
        }
    }

    /// Prints a line of JSON, for people too.
    pub(crate) fn print_json<T: Serialize>(self, answer: &T) -> Result<(), Failure> {
        let text = serde_json::to_string(answer).map_err(|error| Failure::Print(error.into()))?;
        print(&text)
    }

    /// Tells a person something beside the answer; programs find the same in their answer.
    pub(crate) fn note(self, text: &str) {
        if !self.json {
            say(text);
        }
    }

    /// Tells why the command failed, and what to do next.
    pub(crate) fn fail(self, failure: &Failure) {
        let mut problem = failure.problem();
        let next = failure.next();
        if self.json {
            if let Some(next) = next {
                problem.more.insert("next".to_owned(), next.into());
            }
            say(&serde_json::to_string(&problem).unwrap_or(problem.detail));
            return;
        }
        say(&format!(
            "openprod: {}.\n  {}",
            problem.title,
            problem.detail.replace('\n', "\n  ")
        ));
        if let Some(next) = next {
            say(&format!("  {next}"));
        }
    }
}

/// Prints lines on standard output, at once.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text.trim_end_matches('\n'))
        .and_then(|()| out.flush())
        .map_err(Failure::Print)
}

/// A table for people: aligned, without frame, as wide as the terminal at most.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for row in rows {
        table.add_row(row.map(|cell| plain(&cell)));
    }
    let lines = table.trim_fmt();
    lines
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The text without what could move the cursor or colour the screen: it may come from another device.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A number and its noun, as `1 row` or `17,409 rows`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let plural = if number == 1 { "" } else { "s" };
    format!("{text} {noun}{plural}")
}

/// A time of the engine's, RFC 3339 in UTC, as people read it.
pub(crate) fn time(at: &str) -> String {
    match (at.get(..10), at.get(11..19), at.ends_with('Z')) {
        (Some(day), Some(hour), true) => format!("{day} {hour} UTC"),
        _ => plain(at),
    }
}

/// The beginning of a key or id, enough to tell two apart.
pub(crate) fn short(id: &str) -> String {
    plain(&id.chars().take(8).collect::<String>())
}

fn say(text: &str) {
    // When standard error is closed nobody is there to be told.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nouns_agree() {
        assert_eq!(count(0, "row"), "0 rows");
        assert_eq!(count(1, "row"), "1 row");
        assert_eq!(count(17_409, "row"), "17,409 rows");
        assert_eq!(count(1_234_567, "row"), "1,234,567 rows");
    }

    #[test]
    fn times_are_shortened_only_when_they_are_utc() {
        assert_eq!(time("2026-11-21T08:25:52.123456Z"), "2026-11-21 08:25:52 UTC");
        assert_eq!(time("2026-11-21T08:25:52+01:00"), "2026-11-21T08:25:52+01:00");
        assert_eq!(time("é"), "é");
    }

    #[test]
    fn what_another_device_named_cannot_steer_the_terminal() {
        assert!(!table(["a"], [["x\u{1b}[2J".to_owned()]]).contains('\u{1b}'));
    }
}
