//! Processes as the kernel sees them.

use std::time::{Duration, Instant};

/// Whether a process of this number runs (a zombie does not).
pub fn runs(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

/// Waits until none of these processes runs; returns those that still do when the time is up.
pub fn wait_until_gone(pids: &[u32], within: Duration) -> Vec<u32> {
    let deadline = Instant::now() + within;
    loop {
        let left: Vec<u32> = pids.iter().copied().filter(|pid| runs(*pid)).collect();
        if left.is_empty() || Instant::now() > deadline {
            return left;
        }
        // A process can't wait for the end of a process that is not its child.
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The resources that a process has and has used, as the kernel counts them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// The time for which its threads have run.
    pub ran: Duration,
    /// The number of times that its threads have waited for something.
    pub waits: u64,
    /// Its memory in bytes, pages that it shares counted in part (PSS).
    pub memory: u64,
    /// The number of its threads.
    pub threads: u64,
}

impl Usage {
    /// The usage of a process that runs.
    ///
    /// # Panics
    ///
    /// When there is no such process.
    pub fn of(pid: u32) -> Self {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        let number = |text: &str, name: &str| -> u64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|it| it.parse().ok()).unwrap_or_default()
        };
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
        let (mut ran, mut waits, mut threads) = (Duration::ZERO, 0, 0);
        for task in tasks {
            let task = task.file_name();
            let of_task = |file: &str| read(&format!("task/{}/{file}", task.to_string_lossy()));
            let nanoseconds = of_task("schedstat").split(' ').next().and_then(|it| it.parse().ok());
            ran += Duration::from_nanos(nanoseconds.unwrap_or_default());
            waits += number(&of_task("status"), "voluntary_ctxt_switches:");
            threads += 1;
        }
        Self { ran, waits, memory: number(&read("smaps_rollup"), "Pss:") * 1024, threads }
    }
}
