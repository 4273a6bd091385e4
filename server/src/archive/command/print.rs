//! Kept runs in words.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ringleader_shared::api::{KeptRun, RunEnd};
use ringleader_shared::counted;
use ringleader_shared::event::ElectionCause;
use ringleader_shared::view::ElectionView;
use rusqlite::Connection;

use crate::archive::pages;

/// The number of elections that are read at a time.
const AT_ONCE: usize = 500;

/// Prints a list; `is_cut` says that there are more.
pub(super) fn list(
    output: &mut impl Write,
    runs: &[KeptRun],
    is_cut: bool,
    json: bool,
) -> anyhow::Result<()> {
    if json {
        for run in runs {
            writeln!(output, "{}", serde_json::to_string(run)?)?;
        }
        return Ok(());
    }
    if runs.is_empty() {
        writeln!(output, "No run matches.")?;
        return Ok(());
    }
    writeln!(
        output,
        "{:<8}  {:<20}  {:<7}  {:<24}  {:>8}  {:>9}  {:>12}  name",
        "run", "started", "end", "ring", "events", "elections", "leaderless"
    )?;
    for run in runs {
        let ring = format!("{} × {}", run.members.len(), run.settings.algorithm);
        let id: String = run.run.to_string().chars().take(8).collect();
        let worst = run.worst_leaderless_us.map_or("–".to_owned(), time);
        let pin = if run.pinned { "* " } else { "" };
        writeln!(
            output,
            "{id:<8}  {:<20}  {:<7}  {ring:<24}  {:>8}  {:>9}  {worst:>12}  {pin}{}",
            date(run.started_ms),
            run.end.as_str(),
            run.events,
            run.elections + run.takeovers,
            run.name.as_deref().unwrap_or_default(),
        )?;
    }
    if is_cut {
        writeln!(output, "There are more: --limit shows them, words search.")?;
    }
    Ok(())
}

/// Prints one run with its elections.
pub(super) fn run(
    output: &mut impl Write,
    connection: &Connection,
    directory: &Path,
    run: &KeptRun,
    json: bool,
) -> anyhow::Result<()> {
    let mut elections: Vec<ElectionView> = Vec::new();
    let mut after = Some(0);
    while let Some(at) = after {
        let page = pages::elections(connection, directory, run, at, AT_ONCE)?;
        elections.extend(page.elections);
        after = page.next;
    }
    if json {
        let all = serde_json::json!({ "run": run, "elections": elections });
        writeln!(output, "{all}")?;
        return Ok(());
    }
    about(output, run)?;
    let started: Vec<(u64, &ElectionView)> = elections.iter().map(|it| (it.started_us, it)).collect();
    for (started_us, election) in started {
        let cause = match election.cause {
            ElectionCause::Election => "election",
            ElectionCause::Takeover => "takeover",
            ElectionCause::NewDeputy => "new deputy",
        };
        let name = |name: &Option<_>| name.as_ref().map_or("nobody".to_owned(), |it| format!("{it}"));
        let took = election.took_us.map_or("–".to_owned(), time);
        writeln!(
            output,
            "{:>14}  term {:<4} {cause:<10}  {} leads, {} is deputy, {took}, {}",
            time(started_us),
            election.term,
            name(&election.leader),
            name(&election.deputy),
            counted(u64::from(election.messages), "message"),
        )?;
    }
    Ok(())
}

fn about(output: &mut impl Write, run: &KeptRun) -> anyhow::Result<()> {
    let names: Vec<&str> = run.members.iter().map(|name| name.as_str()).collect();
    let end = match run.end {
        RunEnd::Running => "goes on",
        RunEnd::Reset => "ended by a reset",
        RunEnd::Stopped => "ended by the server's stop",
        RunEnd::Lost => "did not end by itself: its server was killed, and the last 50 ms may be missing",
    };
    let worst = run
        .worst_leaderless_us
        .map_or("no leader was lost".to_owned(), |us| format!("{} without a leader at worst", time(us)));
    let name = |name: &Option<_>| name.as_ref().map_or("nobody".to_owned(), |it| format!("{it}"));
    writeln!(output, "run       {}", run.run)?;
    if let Some(name) = &run.name {
        writeln!(output, "name      {name}")?;
    }
    writeln!(output, "started   {}, lasted {}, {end}", date(run.started_ms), time(run.lasted_us))?;
    writeln!(output, "ring      {}; {}", names.join(", "), run.settings)?;
    writeln!(
        output,
        "happened  {}, {}, {}, {}; {worst}{}",
        counted(run.elections, "election"),
        counted(run.takeovers, "takeover"),
        counted(run.faults, "fault"),
        counted(run.deaths, "death"),
        if run.split_brain { "; split brain" } else { "" },
    )?;
    writeln!(
        output,
        "outcome   term {}, {} leads, {} is deputy",
        run.term,
        name(&run.leader),
        name(&run.deputy)
    )?;
    let lost = if run.lost_events > 0 {
        format!(", {} missing: the disk did not take them in time", counted(run.lost_events, "event"))
    } else {
        String::new()
    };
    writeln!(output, "kept      {}, {} bytes{lost}", counted(run.events, "event"), run.bytes)?;
    let marks = [(run.pinned, "pinned"), (run.imported, "imported"), (run.deleted_ms.is_some(), "deleted")];
    let marks: Vec<&str> = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
    if !marks.is_empty() {
        writeln!(output, "          {}", marks.join(", "))?;
    }
    Ok(())
}

/// Prints that something was done to a run.
pub(super) fn line(output: &mut impl Write, done: &str, run: &KeptRun) -> std::io::Result<()> {
    let name = run.name.as_ref().map_or(String::new(), |name| format!(" ({name})"));
    writeln!(output, "{done} {}{name}", run.run)
}

fn date(ms: u64) -> String {
    let moment = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms));
    moment.map_or("–".to_owned(), |moment| humantime::format_rfc3339_seconds(moment).to_string())
}

/// A time as people read it: `2.31 s`, `1.2 ms`, `3 h 5 min`.
fn time(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{:.1} ms", us as f64 / 1e3),
        1_000_000..60_000_000 => format!("{:.2} s", us as f64 / 1e6),
        60_000_000..3_600_000_000 => format!("{} min {} s", us / 60_000_000, us / 1_000_000 % 60),
        _ => format!("{} h {} min", us / 3_600_000_000, us / 60_000_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_people_read_them() {
        for (us, words) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_250, "1.2 ms"),
            (2_310_000, "2.31 s"),
            (61_000_000, "1 min 1 s"),
            (11_100_000_000, "3 h 5 min"),
        ] {
            assert_eq!(time(us), words);
        }
        assert_eq!(date(1_764_320_400_000), "2025-11-28T09:00:00Z");
    }
}
