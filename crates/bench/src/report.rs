//! What a bench came to: a table for people, a file for programs.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use crate::bench_error::{BenchError, During as _};
use crate::measure::{Beside, Figure, Goal, Series, number};
use crate::regression::{Baseline, Comparison};

/// The figures of one bench.
pub(crate) struct Report {
    name: &'static str,
    scale: f64,
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) const fn new(name: &'static str, scale: f64, figures: Vec<Figure>) -> Self {
        Self { name, scale, figures }
    }

    /// The figures beside those that an earlier run left in a directory; `None` when it left none of this bench.
    pub(crate) fn against(&self, directory: &Path) -> Result<Option<Comparison>, BenchError> {
        let baseline = Baseline::read(directory, self.name)?;
        baseline
            .map(|baseline| baseline.compare(self.scale, &self.figures))
            .transpose()
    }

    /// Writes `NAME.json` and `NAME.md` in a directory, in place of what was there: all that is known, for programs, and
    /// the rows of docs/performance.md.
    pub(crate) fn write(&self, directory: &Path) -> Result<(), BenchError> {
        let figures: Vec<_> = self.figures.iter().map(line).collect();
        let report = json!({
            "bench": self.name, "scale": self.scale, "machine": Machine::read(), "figures": figures,
        });
        let text = serde_json::to_string_pretty(&report).during("write the figures")?;
        let act = "write the figures";
        std::fs::write(directory.join(format!("{}.json", self.name)), text + "\n").during(act)?;
        let rows: String = self.figures.iter().map(row).collect();
        std::fs::write(directory.join(format!("{}.md", self.name)), rows).during(act)
    }
}

fn line(figure: &Figure) -> serde_json::Value {
    json!({
        "id": figure.id, "what": figure.what, "unit": figure.unit, "ours": figure.ours, "limit": figure.limit,
        "ratio": figure.ratio(), "goals": figure.goals, "met": figure.is_met(), "notes": figure.notes,
    })
}

/// A row of the tables in docs/performance.md.
fn row(figure: &Figure) -> String {
    let goals: Vec<_> = figure
        .goals
        .iter()
        .map(|goal| match goal {
            Goal::RatioAtLeast(goal) => format!("≥ {goal} of the limit"),
            Goal::RatioAtMost(goal) => format!("≤ {goal} × the limit"),
            goal => goal.to_string(),
        })
        .collect();
    let limit = |limit: &Beside| format!("{}: {}", spread(&limit.measured), limit.what);
    format!(
        "| {} | {} | {} {} | {} | {} | {} | {} |\n",
        figure.id,
        figure.what,
        spread(&figure.ours),
        figure.unit,
        figure.limit.as_ref().map_or_else(String::new, limit),
        figure
            .ratio()
            .map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        goals.join(", "),
        figure
            .is_met()
            .map_or("", |met| if met { "reached" } else { "missed" }),
    )
}

/// Where the figures were taken.
#[derive(Serialize)]
struct Machine {
    cores: usize,
    processor: Option<String>,
    kernel: Option<String>,
    /// How many threads wanted to run in the minute before, as the system counts them.
    load: Option<String>,
}

impl Machine {
    fn read() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let model = |text: String| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: read("/proc/cpuinfo").and_then(model),
            kernel: read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()),
            load: read("/proc/loadavg").and_then(|text| Some(text.split(' ').next()?.to_owned())),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["id", "what", "ours", "limit", "ratio", "goal", ""].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(header)
            .chain(self.figures.iter().map(cells))
            .collect();
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: [usize; 7] = std::array::from_fn(width);
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                let space = width - cell.chars().count() + 2;
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', space));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        for figure in &self.figures {
            if let Some(limit) = &figure.limit {
                writeln!(out, "  {}: the limit is {}", figure.what, limit.what)?;
            }
            for note in &figure.notes {
                writeln!(out, "  {}: {note}", figure.what)?;
            }
        }
        if self.scale != 1.0 {
            writeln!(
                out,
                "  The work was scaled by {}: these figures mean little.",
                self.scale
            )?;
        }
        Ok(())
    }
}

fn cells(figure: &Figure) -> [String; 7] {
    let goals: Vec<_> = figure.goals.iter().map(ToString::to_string).collect();
    [
        figure.id.to_owned(),
        figure.what.clone(),
        format!("{} {}", spread(&figure.ours), figure.unit),
        figure
            .limit
            .as_ref()
            .map_or_else(String::new, |limit| spread(&limit.measured)),
        figure
            .ratio()
            .map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        goals.join(", "),
        figure
            .is_met()
            .map_or("", |met| if met { "met" } else { "MISSED" })
            .to_owned(),
    ]
}

/// The median, and the range of what was measured.
fn spread(series: &Series) -> String {
    let median = number(series.median());
    if series.len() == 1 {
        return median;
    }
    format!(
        "{median} ({}–{})",
        number(series.percentile(0.0)),
        number(series.percentile(100.0))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_and_file_say_the_same() {
        let figure = Figure::new("P1", "catch-up", "op/s", Series::new(vec![90.0, 110.0, 100.0]))
            .beside("a loop", Series::new(vec![200.0, 200.0, 200.0]))
            .goal(Goal::RatioAtLeast(0.6))
            .note("quick");
        let report = Report::new("test", 1.0, vec![figure]);
        assert_eq!(
            report.to_string(),
            "\
id  what      ours                 limit          ratio  goal
P1  catch-up  100 (90.0–110) op/s  200 (200–200)  0.50   ≥ 0.6 ×  MISSED
  catch-up: the limit is a loop
  catch-up: quick
"
        );
        let directory = tempfile::tempdir().unwrap();
        report.write(directory.path()).unwrap();
        let text = std::fs::read(directory.path().join("test.json")).unwrap();
        let file: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            std::fs::read_to_string(directory.path().join("test.md")).unwrap(),
            "| P1 | catch-up | 100 (90.0–110) op/s | 200 (200–200): a loop | 0.50 | ≥ 0.6 of the limit | missed |\n"
        );
        assert_eq!(file["figures"][0]["ours"]["median"], 100.0);
        assert_eq!(file["figures"][0]["ratio"], 0.5);
        assert_eq!(file["figures"][0]["met"], false);
        assert_eq!(
            file["figures"][0]["goals"][0],
            json!({"kind": "ratio_at_least", "value": 0.6})
        );
    }
}
