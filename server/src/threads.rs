//! A check at the start whether the system allows this program the threads that it needs, so that it does
//! not panic later.

use std::sync::mpsc::channel;

use anyhow::Context;

/// The log, two workers, the supervisor, the writer of the links, the archive's two, and one to spare.
const NEEDED: usize = 8;

/// Starts as many threads as the server needs, and ends them.
///
/// # Errors
/// When the system refuses one of them.
pub fn make_sure() -> anyhow::Result<()> {
    let waiting = (0..NEEDED).map(|_| {
        let (end, ended) = channel::<()>();
        let thread = std::thread::Builder::new().spawn(move || ended.recv())?;
        Ok((end, thread))
    });
    let threads: std::io::Result<Vec<_>> = waiting.collect();
    let threads = threads.with_context(|| {
        format!("the server needs {NEEDED} threads, and a process for each node; allow more, by `ulimit -u` or the container's limit")
    })?;
    for (end, thread) in threads {
        drop(end);
        let _ = thread.join();
    }
    Ok(())
}
