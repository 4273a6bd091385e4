//! `ringleader simulate`: elections of any size in virtual time, against the theory.
//!
//! [`options`] says what is wanted, here it is run on all cores, [`report`] prints it and [`plot`] draws it.

pub mod options;
mod plot;
mod report;

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use ringleader_simulator::classic::{self, Classic, Facts, Visitor};
use ringleader_simulator::contest::{Contest, MaxRingContest, Outcome, Settings};
use serde::Serialize;

pub use options::SimulateOptions;

/// One election.
#[derive(Debug, Clone, Copy, Serialize)]
struct Run {
    seed: u64,
    /// Messages of the contest.
    messages: u64,
    /// Links crossed in all, the telling lap included.
    hops: u64,
    /// When the last message arrived, in units of the mean time that a message takes.
    virtual_time: f64,
    wall_seconds: f64,
    #[serde(skip)]
    most_in_flight: usize,
}

/// All elections of one algorithm at one size.
#[derive(Debug)]
struct Series {
    facts: &'static Facts,
    nodes: u32,
    runs: Vec<Run>,
    bytes_a_member: usize,
    bytes_a_message: usize,
}

/// One election that is to be run.
struct Job {
    series: usize,
    facts: &'static Facts,
    settings: Settings,
}

/// Runs what was asked for and prints it.
///
/// # Errors
/// When a picture can't be written, the output is closed, or an algorithm elected nobody (which is a bug).
pub fn run(options: &SimulateOptions) -> anyhow::Result<()> {
    // Before hours of work, not after them.
    let picture = options
        .plot
        .as_ref()
        .map(|file| std::fs::File::create(file).with_context(|| format!("can't write {}", file.display())));
    let picture = picture.transpose()?;
    let (mut all, left_out) = options.series();
    let jobs: Vec<Job> = all
        .iter()
        .enumerate()
        .flat_map(|(series, &(facts, nodes))| {
            options.settings(nodes).map(move |settings| Job { series, facts, settings })
        })
        .collect();
    let mut series: Vec<Series> = all
        .drain(..)
        .map(|(facts, nodes)| {
            let (bytes_a_member, bytes_a_message) = classic::visit(facts.key, Sizes).unwrap_or_default();
            Series { facts, nodes, runs: Vec::new(), bytes_a_member, bytes_a_message }
        })
        .collect();
    let begun = Instant::now();
    for (at, run) in run_all(&jobs)? {
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

struct Sizes;

impl Visitor for Sizes {
    type Output = (usize, usize);

    fn visit<A: Classic<u32>>(self) -> (usize, usize) {
        (Contest::<A>::BYTES_A_MEMBER, Contest::<A>::BYTES_A_MESSAGE)
    }
}

struct OneElection(Settings);

impl Visitor for OneElection {
    type Output = (Outcome, Duration);

    fn visit<A: Classic<u32>>(self) -> (Outcome, Duration) {
        let contest = Contest::<A>::new(self.0);
        let begun = Instant::now();
        let outcome = contest.run();
        (outcome, begun.elapsed())
    }
}

fn elect(job: &Job) -> anyhow::Result<Run> {
    let (outcome, took) = match classic::visit(job.facts.key, OneElection(job.settings)) {
        Some(result) => result,
        None => {
            let contest = MaxRingContest::new(job.settings);
            let begun = Instant::now();
            (contest.run(), begun.elapsed())
        }
    };
    anyhow::ensure!(
        outcome.leader.is_some() && outcome.informed == job.settings.size,
        "{} elected nobody: {:?}. This is a bug; please report this line",
        job.facts.name,
        job.settings
    );
    Ok(Run {
        seed: job.settings.seed,
        messages: outcome.messages,
        hops: outcome.hops(),
        virtual_time: outcome.ended,
        wall_seconds: took.as_secs_f64(),
        most_in_flight: outcome.most_in_flight,
    })
}

/// Runs the jobs on all cores, with a line that tells how far it is when a person watches.
fn run_all(jobs: &[Job]) -> anyhow::Result<Vec<(usize, Run)>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let messages = AtomicU64::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    let begun = Instant::now();
    let watched = std::io::stderr().is_terminal();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(jobs.len()))
            .map(|_| {
                scope.spawn(|| -> anyhow::Result<()> {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let run = elect(job)?;
                        let sent = messages.fetch_add(run.hops, Ordering::Relaxed) + run.hops;
                        let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        done.push((job.series, run));
                        if watched {
                            progress(done.len(), jobs.len(), sent, begun.elapsed());
                        }
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
    if watched {
        eprint!("\r\x1b[K");
    }
    Ok(done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn progress(done: usize, of: usize, messages: u64, took: Duration) {
    const WIDTH: usize = 30;
    let full = WIDTH * done / of;
    let speed = messages as f64 / took.as_secs_f64() / 1e6;
    eprint!(
        "\r{}{} {done} of {of} elections, {speed:.1} million messages a second\x1b[K",
        "█".repeat(full),
        "░".repeat(WIDTH - full)
    );
    let _ = std::io::stderr().flush();
}
