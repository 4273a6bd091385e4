//! The resources of a server, as the kernel reports them under `/proc`.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

/// The amount by which the memory may grow: the history of events fills up, and an allocator keeps memory
/// for reuse.
const MEMORY_KB: u64 = 24 * 1024;

/// Connections that are kept for the next request.
const SLACK: usize = 4;

/// The time within which the last connections must close.
const UNTIL_AT_REST: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy)]
pub struct Resources {
    memory_kb: u64,
    files: usize,
    threads: usize,
    processes: usize,
}

impl Resources {
    fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = memory.and_then(|line| line.split_whitespace().next()).and_then(|kb| kb.parse().ok());
        let entries = |path: &str| fs::read_dir(format!("/proc/{pid}/{path}")).map_or(0, Iterator::count);
        let children = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let children = children.map(|task| {
            fs::read_to_string(task.path().join("children")).unwrap_or_default().split_whitespace().count()
        });
        Self {
            memory_kb: memory.unwrap_or(0),
            files: entries("fd"),
            threads: entries("task"),
            processes: children.sum(),
        }
    }

    /// The use with this many nodes, when the former ones are reaped.
    pub fn at_rest(pid: u32, nodes: usize) -> Self {
        let deadline = Instant::now() + UNTIL_AT_REST;
        loop {
            let now = Self::of(pid);
            if now.processes == nodes || Instant::now() > deadline {
                return now;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Compares the use with an earlier one.
    pub fn compare(&self, before: &Self) -> Result<(), String> {
        let leak =
            |what: &str| Err(format!("the server leaks {what}: it began with {before}, and has {self}"));
        if self.processes != before.processes {
            return leak("processes");
        }
        if self.files > before.files + SLACK {
            return leak("file descriptors");
        }
        if self.threads > before.threads + SLACK {
            return leak("threads");
        }
        if self.memory_kb > before.memory_kb + MEMORY_KB {
            return leak("memory");
        }
        Ok(())
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kB, {} files, {} threads, {} processes",
            self.memory_kb, self.files, self.threads, self.processes
        )
    }
}
