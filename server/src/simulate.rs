//! `ringleader simulate`: elections of any size in virtual time, against the theory.
//!
//! [`options`] parses the flags and [`ring`] makes the ring. This module runs the elections on all cores,
//! [`report`] prints the results and [`plot`] draws them; [`trace`] prints every step of one election.

pub mod options;
mod plot;
mod report;
mod ring;
mod trace;

use std::io::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use ringleader_simulator::algorithms::{Election, MaxRingElection, Outcome, Settings};
use ringleader_simulator::classic::{self, Classic, Properties, Visitor};
use serde::Serialize;

pub use options::SimulateOptions;

use ring::Ring;

/// One election.
#[derive(Debug, Clone, Copy, Serialize)]
struct Run {
    seed: u64,
    /// Messages of the election.
    messages: u64,
    /// The hops of all messages, the lap that announces the result included.
    hops: u64,
    /// The time at which the last message arrived, in units of the mean time that a message takes.
    virtual_time: f64,
    wall_seconds: f64,
    /// The leader's label.
    leader: u64,
    #[serde(skip)]
    most_in_flight: usize,
}

/// All elections of one algorithm at one size.
#[derive(Debug)]
struct Series {
    properties: &'static Properties,
    nodes: u32,
    runs: Vec<Run>,
    bytes_a_member: usize,
    bytes_a_message: usize,
}

/// One election to run.
struct Job<'a> {
    series: usize,
    properties: &'static Properties,
    settings: Settings<'a>,
}

/// Runs the elections that the flags ask for and prints the results.
///
/// # Errors
/// When there is no such ring, a picture can't be written, the output is closed, a trace would be too long,
/// or an algorithm elected nobody or the wrong member (which is a bug).
pub fn run(options: &SimulateOptions) -> anyhow::Result<()> {
    let ring = Ring::of(options)?;
    if let Some(format) = options.trace {
        return trace::print(options, &ring, format, &mut std::io::stdout().lock());
    }
    // Checked before hours of work, not after them.
    let picture = options
        .plot
        .as_ref()
        .map(|file| std::fs::File::create(file).with_context(|| format!("can't write {}", file.display())));
    let picture = picture.transpose()?;
    let (mut all, left_out) = options.series(&ring.sizes(options))?;
    let jobs: Vec<Job<'_>> = all
        .iter()
        .enumerate()
        .flat_map(|(series, &(properties, nodes))| {
            let first = options.settings(&ring, nodes);
            (0..u64::from(options.runs)).map(move |run| {
                let settings = Settings { seed: first.seed.wrapping_add(run), ..first };
                Job { series, properties, settings }
            })
        })
        .collect();
    let mut series: Vec<Series> = all
        .drain(..)
        .map(|(properties, nodes)| {
            let (bytes_a_member, bytes_a_message) = classic::visit(properties.key, Sizes).unwrap_or_default();
            Series { properties, nodes, runs: Vec::new(), bytes_a_member, bytes_a_message }
        })
        .collect();
    if let Some(words) = how_long(&series, options.runs) {
        eprintln!("{words}");
    }
    let begun = Instant::now();
    for (at, run) in run_all(&jobs, &ring)? {
        series[at].runs.push(run);
    }
    for series in &mut series {
        series.runs.sort_by_key(|run| run.seed);
    }
    let mut out = std::io::stdout().lock();
    report::print(options, &series, &left_out, begun.elapsed(), &mut out)?;
    if let (Some(mut picture), Some(file)) = (picture, &options.plot) {
        let drawn = picture.write_all(plot::svg(&series).as_bytes());
        drawn.with_context(|| format!("can't write {}", file.display()))?;
        eprintln!("drawn: {}", file.display());
    }
    Ok(())
}

/// A low estimate of the speed of one processor, in messages a second; `cargo bench` of the simulator
/// measures it.
const MESSAGES_A_SECOND: f64 = 1e7;

/// The longest duration of work that is not announced beforehand.
const SHORT: Duration = Duration::from_secs(60);

/// Returns an estimate of the duration as text, for work that may take more than a minute.
fn how_long(series: &[Series], runs: u32) -> Option<String> {
    let messages =
        |series: &Series| series.properties.bound.when_all_start(f64::from(series.nodes)) * f64::from(runs);
    let all: f64 = series.iter().map(messages).sum();
    let jobs = series.len().saturating_mul(runs as usize);
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.max(1));
    let takes = Duration::try_from_secs_f64(all / MESSAGES_A_SECOND / cores as f64).unwrap_or(Duration::MAX);
    let minutes = takes.as_secs().div_ceil(60);
    (takes > SHORT).then(|| {
        let takes = match minutes {
            0..120 => format!("{minutes} minutes"),
            120..2_880 => format!("{} hours", minutes / 60),
            2_880..1_051_200 => format!("{} days", minutes / 1_440),
            _ => format!("{} years", minutes / 525_600),
        };
        format!("up to {all:.1e} messages: this may take {takes}; Ctrl-C ends it")
    })
}

struct Sizes;

impl Visitor for Sizes {
    type Output = (usize, usize);

    fn visit<A: Classic<u32>>(self) -> (usize, usize) {
        (Election::<A>::BYTES_A_MEMBER, Election::<A>::BYTES_A_MESSAGE)
    }
}

struct OneElection<'a>(Settings<'a>);

impl Visitor for OneElection<'_> {
    type Output = (Outcome, Duration);

    fn visit<A: Classic<u32>>(self) -> (Outcome, Duration) {
        let election = Election::<A>::new(self.0);
        let begun = Instant::now();
        let outcome = election.run();
        (outcome, begun.elapsed())
    }
}

/// Returns the elected label, as the engine numbers it. It is an error if the wrong member leads, or if
/// not every member knows the leader.
fn leader(properties: &Properties, outcome: &Outcome) -> anyhow::Result<u32> {
    let leader = outcome.leader.map(|at| outcome.labels[at as usize]);
    let everybody = outcome.informed as usize == outcome.labels.len();
    let may_lead = |leader: &u32| properties.may_lead(*leader, &outcome.labels, outcome.starters());
    leader.filter(|leader| everybody && may_lead(leader)).with_context(|| {
        let winner = properties.winner(&outcome.labels, outcome.starters());
        let labels = outcome.labels.get(..20).unwrap_or(&outcome.labels);
        format!(
            "{} elected {leader:?} of {} members, {labels:?} …, known to {}, instead of {winner:?}. This is a bug; please \
             report this line with the command",
            properties.name,
            outcome.labels.len(),
            outcome.informed,
        )
    })
}

fn elect(job: &Job<'_>, ring: &Ring) -> anyhow::Result<Run> {
    let (outcome, took) = match classic::visit(job.properties.key, OneElection(job.settings)) {
        Some(result) => result,
        None => {
            let election = MaxRingElection::new(job.settings);
            let begun = Instant::now();
            (election.run(), begun.elapsed())
        }
    };
    Ok(Run {
        leader: ring.label(leader(job.properties, &outcome)?),
        seed: job.settings.seed,
        messages: outcome.messages,
        hops: outcome.hops(),
        virtual_time: outcome.ended,
        wall_seconds: took.as_secs_f64(),
        most_in_flight: outcome.most_in_flight,
    })
}

/// The line that reports progress where the errors go to a terminal.
const PROGRESS: &str = "{bar:30} {pos} of {len} elections, {speed} million messages a second";

/// Runs the jobs on all cores.
fn run_all(jobs: &[Job<'_>], ring: &Ring) -> anyhow::Result<Vec<(usize, Run)>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let messages = Arc::new(AtomicU64::new(0));
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    let sent = Arc::clone(&messages);
    // Computed when the line is drawn, and not for each run.
    let speed = move |state: &ProgressState, line: &mut dyn std::fmt::Write| {
        let speed = sent.load(Ordering::Relaxed) as f64 / state.elapsed().as_secs_f64() / 1e6;
        let _ = write!(line, "{speed:.1}");
    };
    let style = ProgressStyle::with_template(PROGRESS)?.with_key("speed", speed).progress_chars("█░");
    let progress = ProgressBar::new(jobs.len() as u64).with_style(style);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(jobs.len()))
            .map(|_| {
                scope.spawn(|| -> anyhow::Result<()> {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let run = elect(job, ring)?;
                        messages.fetch_add(run.hops, Ordering::Relaxed);
                        done.lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .push((job.series, run));
                        progress.inc(1);
                    }
                    Ok(())
                })
            })
            .collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("an election panicked; see above"))??;
        }
        anyhow::Ok(())
    })?;
    progress.finish_and_clear();
    Ok(done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_work_is_announced() {
        let series = |nodes| {
            let properties =
                classic::ALL.iter().find(|properties| properties.key == "lelann").expect("there is one");
            [Series { properties, nodes, runs: Vec::new(), bytes_a_member: 0, bytes_a_message: 0 }]
        };
        assert_eq!(how_long(&series(1_000), 5), None);
        let words = how_long(&series(1_000_000), 1_000).expect("it takes long");
        assert!(words.contains("1.0e15 messages") && words.contains("may take"), "{words}");
    }
}
