//! The server's log, on its standard error output. Writing it never waits: when nobody reads, lines are
//! dropped and counted.
//!
//! The library tracing-appender does the same, but prints to the standard output when its queue is full
//! at the end. That may wait, too, or panic.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::cli::{LogFormat, ServeOptions};

/// The most lines that wait for a slow reader. At 200 bytes each this is 200 kB.
const WAITING_LINES: usize = 1_024;

/// The time for which the end of the server waits until the lines are written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// The interval at which dropped lines are checked for.
const LOOK_EVERY: Duration = Duration::from_secs(5);

static DROPPED: AtomicU64 = AtomicU64::new(0);

enum Job {
    Write(Vec<u8>),
    /// Answered when everything before it is written.
    Report(SyncSender<()>),
}

/// The sending end of the queue of lines; one whole line a call.
#[derive(Clone)]
struct Lines(SyncSender<Job>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if self.0.try_send(Job::Write(line.to_vec())).is_err() {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes the waiting lines when it is dropped, for a second at most.
pub struct Waiting(Lines);

impl Drop for Waiting {
    fn drop(&mut self) {
        let (report, reported) = sync_channel(1);
        if self.0.0.try_send(Job::Report(report)).is_ok() {
            let _ = reported.recv_timeout(WRITTEN_WITHIN);
        }
    }
}

fn write(jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        match job {
            // Without a reader the lines are lost, and the server goes on.
            Job::Write(line) => drop(std::io::stderr().write_all(&line)),
            Job::Report(written) => drop(written.try_send(())),
        }
    }
}

/// Starts the log.
///
/// # Errors
/// When the filter can't be read, a log was started before, or the system gives no thread.
pub fn start(options: &ServeOptions) -> anyhow::Result<Waiting> {
    let filter = EnvFilter::try_new(&options.log)
        .with_context(|| format!("--log {:?}: write `info`, or `ringleader=debug,warn`", options.log))?;
    let (queue, jobs) = sync_channel(WAITING_LINES);
    std::thread::Builder::new().name("log".to_owned()).spawn(move || write(&jobs))?;
    let lines = Lines(queue);
    let waiting = Waiting(lines.clone());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || lines.clone());
    let started = match options.log_format {
        LogFormat::Human => {
            let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
            builder.with_ansi(terminal).try_init()
        }
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("starting the log: {error}"))?;
    // A panic is logged like everything else: its usual message would wait for the reader of a full pipe.
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = std::backtrace::Backtrace::capture();
        tracing::error!("{panic}\n{backtrace}");
    }));
    Ok(waiting)
}

/// Starts the log of a node: warnings and errors to its standard error output. The supervisor reads each
/// line.
pub fn start_for_node() {
    // No other log was started before. If this one fails, the node goes on without.
    let _ = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .try_init();
}

/// The number of lines that were dropped since the start.
#[must_use]
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Logs the number of lines that were dropped, once the log is read again. Runs as long as the server.
pub async fn report_dropped() {
    let mut reported = 0;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let dropped = dropped();
        if dropped > reported {
            tracing::warn!("{} log lines were dropped: they were not read in time", dropped - reported);
            reported = dropped;
        }
    }
}
