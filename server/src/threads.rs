//! A check at the start whether the system allows this program the threads that it needs, so that it does
//! not panic later.

use std::sync::mpsc::channel;

use anyhow::Context;

/// The log, two workers, the supervisor, the writer of the links, and one to spare.
const NEEDED: usize = 6;

/// The archive's writer and its reader.
const FOR_ARCHIVE: usize = 2;

/// Starts as many threads as the server needs, with or without an archive, and ends them.
///
/// # Errors
/// When the system refuses one of them.
pub fn make_sure(keeps_runs: bool) -> anyhow::Result<()> {
    let needed = if keeps_runs { NEEDED + FOR_ARCHIVE } else { NEEDED };
    let waiting = (0..needed).map(|_| {
        let (end, ended) = channel::<()>();
        let thread = std::thread::Builder::new().spawn(move || ended.recv())?;
        Ok((end, thread))
    });
    let threads: std::io::Result<Vec<_>> = waiting.collect();
    let threads = threads.with_context(|| {
        format!("the server needs {needed} threads, and a process for each node; allow more, by `ulimit -u` or the container's limit")
    })?;
    for (end, thread) in threads {
        drop(end);
        let _ = thread.join();
    }
    Ok(())
}
