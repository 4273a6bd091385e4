//! Tables of measurements: this build beside what it is compared with, from one run.
//!
//! A table is printed, written to `target/bench/NAME.json`, and with `RINGLEADER_DOCS=write` in the
//! environment into the block of its name in [`PERFORMANCE`].

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;

use crate::document::{head, root, row, write};

/// The document of the measurements.
pub const PERFORMANCE: &str = "docs/performance.md";

/// The outcome of measuring one thing.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its values, in the unit of the table.
    Values(Vec<f64>),
    /// The reason for which there are none, such as that a program is not installed.
    Missing(String),
}

/// One thing that is measured.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The thing, with its settings.
    pub subject: String,
    /// Its size, for the column of cost over size: members, subscribers and the like.
    pub size: u64,
    /// The values.
    pub outcome: Outcome,
    /// The subject of the row to which it is compared; that one has no ratio.
    pub against: Option<String>,
}

/// A table of one benchmark.
#[derive(Debug, Serialize)]
pub struct Table {
    name: &'static str,
    what: &'static str,
    unit: &'static str,
    /// The name of what a size counts.
    of: &'static str,
    rows: Vec<Row>,
}

/// The spread of some values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The number of values.
    pub n: usize,
    /// The least.
    pub least: f64,
    /// The median.
    pub median: f64,
    /// The value below which 90 % lie.
    pub of_90: f64,
    /// The value below which 99 % lie.
    pub of_99: f64,
    /// The worst.
    pub worst: f64,
}

impl Spread {
    /// The spread of these values; `None` of none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: usize| sorted.get((sorted.len() * share / 100).min(sorted.len() - 1)).copied();
        let n = sorted.len();
        let (least, worst) = (*sorted.first()?, *sorted.last()?);
        Some(Self { n, least, median: at(50)?, of_90: at(90)?, of_99: at(99)?, worst })
    }
}

impl Table {
    /// An empty table. `what` says what is measured, `of` what a size counts.
    #[must_use]
    pub const fn new(name: &'static str, what: &'static str, unit: &'static str, of: &'static str) -> Self {
        Self { name, what, unit, of, rows: Vec::new() }
    }

    /// Adds the row of this build, or one to which it is compared, and prints it.
    pub fn add(&mut self, subject: &str, size: u64, outcome: Outcome) {
        self.add_against(subject, size, outcome, None);
    }

    /// Adds a row that is compared to the median of another one, and prints it.
    pub fn add_against(&mut self, subject: &str, size: u64, outcome: Outcome, against: Option<&str>) {
        let row = Row { subject: subject.to_owned(), size, outcome, against: against.map(str::to_owned) };
        if self.rows.is_empty() {
            print!("{}\n{}", self.what, self.head());
        }
        print!("{}", self.line(&row));
        self.rows.push(row);
    }

    fn head(&self) -> String {
        let (unit, of) = (self.unit, self.of);
        let median = format!("median, {unit}");
        let per = format!("{unit} a {of}");
        head(&["", "n", "least", &median, "90 %", "99 %", "worst", "times", &per])
    }

    fn line(&self, line: &Row) -> String {
        let values = match &line.outcome {
            Outcome::Values(values) => values,
            Outcome::Missing(why) => return row([&line.subject, why, "", "", "", "", "", "", ""]),
        };
        let Some(spread) = Spread::of(values) else {
            return row([&line.subject, "no value", "", "", "", "", "", "", ""]);
        };
        let other = line.against.as_ref().and_then(|against| {
            let other = self.rows.iter().find(|other| other.subject == *against)?;
            let Outcome::Values(values) = &other.outcome else { return None };
            Spread::of(values)
        });
        let times = other.map(|other| format!("{} ×", shown(spread.median / other.median)));
        #[allow(clippy::cast_precision_loss, reason = "sizes are small")]
        let per = spread.median / line.size.max(1) as f64;
        let Spread { n, least, median, of_90, of_99, worst } = spread;
        let times = times.unwrap_or_default();
        let [least, median, of_90, of_99, worst, per] = [least, median, of_90, of_99, worst, per].map(shown);
        row([&line.subject, &n.to_string(), &least, &median, &of_90, &of_99, &worst, &times, &per])
    }

    /// The table as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        self.head() + &self.rows.iter().map(|line| self.line(line)).collect::<String>()
    }

    /// Writes the table to its files, and says where. `command` repeats the measurement.
    ///
    /// # Panics
    ///
    /// When a file cannot be written.
    pub fn write(&self, command: &str) {
        let folder = root().join("target/bench");
        let file: PathBuf = folder.join(format!("{}.json", self.name));
        let spreads = self.rows.iter().map(|row| match &row.outcome {
            Outcome::Values(values) => Spread::of(values),
            Outcome::Missing(_) => None,
        });
        let text = serde_json::json!({
            "table": self,
            "spreads": spreads.collect::<Vec<_>>(),
            "machine": machine(),
            "at": now(),
            "command": command,
        });
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        std::fs::write(&file, text.to_string()).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        println!("written to {}", file.display());
        let mut block = format!("{}\n\n{}\n", self.what, self.markdown());
        let at = now();
        let day = at.split('T').next().unwrap_or_default();
        let _ = writeln!(block, "{day}, {}; again: `{command}`", machine());
        write(PERFORMANCE, self.name, &block);
    }
}

/// A number in at most four significant digits.
fn shown(value: f64) -> String {
    match value.abs() {
        large if large >= 1_000.0 => {
            let whole = format!("{value:.0}");
            let (mut grouped, digits) = (String::new(), whole.len());
            for (place, digit) in whole.chars().enumerate() {
                if place > 0 && (digits - place).is_multiple_of(3) {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            grouped
        }
        large if large >= 100.0 => format!("{value:.0}"),
        large if large >= 10.0 => format!("{value:.1}"),
        large if large >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// The present in UTC, as RFC 3339 writes it.
#[allow(clippy::disallowed_methods, reason = "people read it; nothing is computed from it")]
fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// The machine in a few words: its processors and their number.
fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    format!("{processors} × {}", model.unwrap_or("a processor of unknown kind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_how_often_slower_each_row_is_than_the_one_it_is_compared_to() {
        let mut table = Table::new("example", "the time of a thing", "ms", "member");
        table.add("ours", 4, Outcome::Values(vec![3.0, 1.0, 2.0]));
        table.add_against("theirs", 4, Outcome::Values(vec![2_600.0]), Some("ours"));
        table.add_against("the third", 4, Outcome::Missing("not installed".to_owned()), Some("ours"));
        let lines: Vec<String> = table.markdown().lines().map(str::to_owned).collect();
        assert_eq!(lines[2], "| ours | 3 | 1.00 | 2.00 | 3.00 | 3.00 | 3.00 |  | 0.500 |");
        assert_eq!(lines[3], "| theirs | 1 | 2,600 | 2,600 | 2,600 | 2,600 | 2,600 | 1,300 × | 650 |");
        assert_eq!(lines[4], "| the third | not installed |  |  |  |  |  |  |  |");
    }
}
