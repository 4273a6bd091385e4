//! The results, as a table, JSON or CSV.

use std::io::{self, Write};
use std::time::Duration;

use ringleader_shared::counted;
use serde_json::json;

use super::options::{Format, SimulateOptions};
use super::{Run, Series};

/// Minimum, median and maximum.
struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

impl Series {
    fn spread(&self, of: impl Fn(&Run) -> f64) -> Spread {
        let mut values: Vec<f64> = self.runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle - 1), at(middle)) };
        Spread { min: at(0), median, max: at(values.len().saturating_sub(1)) }
    }

    /// The median of the election's messages over all runs.
    pub(super) fn median_messages(&self) -> f64 {
        self.spread(|run| run.messages as f64).median
    }

    fn bound(&self) -> f64 {
        self.properties.bound.when_all_start(f64::from(self.nodes))
    }
}

pub(super) fn print(
    options: &SimulateOptions,
    series: &[Series],
    left_out: &[String],
    took: Duration,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    match options.format {
        Format::Table if series.len() == 1 => series.iter().try_for_each(|series| one(series, took, out))?,
        Format::Table => many(series, out)?,
        Format::Json => json(series, out)?,
        Format::Csv => csv(series, out)?,
    }
    for words in left_out {
        eprintln!("left out: {words}");
    }
    Ok(())
}

fn number(value: f64) -> String {
    if value.fract() != 0.0 && value < 1000.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn one(series: &Series, took: Duration, out: &mut impl Write) -> io::Result<()> {
    let properties = series.properties;
    writeln!(
        out,
        "{} ({}), {} member{}, {}",
        properties.name,
        properties.year,
        number(series.nodes.into()),
        if series.nodes == 1 { "" } else { "s" },
        counted(series.runs.len() as u64, "election")
    )?;
    writeln!(out, "variant: {}", properties.variant)?;
    let leader = series.runs.first().map(|run| run.leader);
    if let Some(leader) = leader.filter(|leader| series.runs.iter().all(|run| run.leader == *leader)) {
        writeln!(out, "leader: {leader}")?;
    }
    writeln!(out)?;
    writeln!(out, "{:<24}{:>16}{:>16}{:>16}", "", "min", "median", "max")?;
    let mut row = |what: &str, spread: &Spread, show: &dyn Fn(f64) -> String| {
        writeln!(out, "{what:<24}{:>16}{:>16}{:>16}", show(spread.min), show(spread.median), show(spread.max))
    };
    let messages = series.spread(|run| run.messages as f64);
    row("messages", &messages, &number)?;
    row("hops, telling included", &series.spread(|run| run.hops as f64), &number)?;
    row("virtual time, units", &series.spread(|run| run.virtual_time), &number)?;
    row("wall time, ms", &series.spread(|run| run.wall_seconds * 1e3), &|ms| format!("{ms:.3}"))?;
    row("million messages/s", &series.spread(|run| run.hops as f64 / run.wall_seconds / 1e6), &|m| {
        format!("{m:.1}")
    })?;
    writeln!(out)?;
    writeln!(out, "{:<24}{} = {}", "the paper", properties.bound.describe(), number(series.bound()))?;
    let ratio =
        |bound: f64| format!("{:.3} (median), {:.3} (max)", messages.median / bound, messages.max / bound);
    writeln!(out, "{:<24}{}", "messages ÷ bound", ratio(series.bound()))?;
    if let Some((bound, source)) = properties.lower_bound(series.nodes) {
        writeln!(out, "{:<24}{}", "messages ÷ lower bound", ratio(bound))?;
        writeln!(out, "{:<24}{source}", "")?;
    }
    if series.bytes_a_member > 0 {
        let most = series.runs.iter().map(|run| run.most_in_flight).max().unwrap_or_default();
        writeln!(
            out,
            "{:<24}{} bytes a member, {} a message on its way; at most {} at one time",
            "memory",
            series.bytes_a_member,
            series.bytes_a_message,
            number(most as f64)
        )?;
    }
    writeln!(out, "{:<24}{:.2} s, all elections and their preparation", "in all", took.as_secs_f64())
}

fn many(series: &[Series], out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<32}{:>10}{:>15}{:>15}{:>15}{:>10}{:>10}{:>14}{:>12}",
        "algorithm", "members", "min", "median", "max", "÷ bound", "÷ lower", "virtual time", "ms"
    )?;
    for series in series {
        let messages = series.spread(|run| run.messages as f64);
        let lower = series
            .properties
            .lower_bound(series.nodes)
            .map_or_else(|| "–".to_owned(), |(bound, _)| format!("{:.2}", messages.median / bound));
        writeln!(
            out,
            "{:<32}{:>10}{:>15}{:>15}{:>15}{:>10.2}{:>10}{:>14}{:>12.2}",
            series.properties.name,
            number(series.nodes.into()),
            number(messages.min),
            number(messages.median),
            number(messages.max),
            messages.median / series.bound(),
            lower,
            number(series.spread(|run| run.virtual_time).median),
            series.spread(|run| run.wall_seconds * 1e3).median,
        )?;
    }
    Ok(())
}

fn json(series: &[Series], out: &mut impl Write) -> anyhow::Result<()> {
    let results: Vec<_> = series
        .iter()
        .map(|series| {
            let spread =
                |spread: Spread| json!({"min": spread.min, "median": spread.median, "max": spread.max});
            json!({
                "algorithm": series.properties.key,
                "variant": series.properties.variant,
                "nodes": series.nodes,
                "bound": series.bound(),
                "bound_formula": series.properties.bound.formula,
                "lower_bound": series.properties.lower_bound(series.nodes).map(|(bound, _)| bound),
                "messages": spread(series.spread(|run| run.messages as f64)),
                "hops": spread(series.spread(|run| run.hops as f64)),
                "virtual_time": spread(series.spread(|run| run.virtual_time)),
                "wall_seconds": spread(series.spread(|run| run.wall_seconds)),
                "runs": series.runs,
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "results": results }))?;
    writeln!(out)?;
    Ok(())
}

fn csv(series: &[Series], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "algorithm,nodes,seed,messages,hops,virtual_time,wall_seconds,bound")?;
    for series in series {
        for run in &series.runs {
            writeln!(
                out,
                "{},{},{},{},{},{},{},{}",
                series.properties.key,
                series.nodes,
                run.seed,
                run.messages,
                run.hops,
                run.virtual_time,
                run.wall_seconds,
                series.bound()
            )?;
        }
    }
    Ok(())
}
