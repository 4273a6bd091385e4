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
