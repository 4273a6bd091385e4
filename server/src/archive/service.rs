//! The archive as the server uses it: its threads, its state, and the way to ask it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ringleader_shared::api::{ArchiveState, ArchiveStatus};
use rusqlite::Connection;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::desk::Desk;
use super::error::Error;
use super::place::default_directory;
use super::prune::Limits;
use super::recorder::Recorder;
use super::schema::{Mode, open};
use super::status::SharedStatus;
use super::writer::{Writer, shared_notice};
use crate::bus::Bus;

/// The flags of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveOptions {
    /// The directory; `None` for the platform's.
    pub directory: Option<PathBuf>,
    /// Its limits.
    pub limits: Limits,
    /// Whether nothing is kept.
    pub is_off: bool,
}

/// The archive of a running server. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Archive(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    status: SharedStatus,
    open: Option<Open>,
    finish: watch::Sender<bool>,
    finished: Mutex<Option<Receiver<()>>>,
    /// Imports hold a whole run in memory, so there is one at a time.
    imports: Semaphore,
}

#[derive(Debug)]
struct Open {
    directory: PathBuf,
    desk: Desk,
}

impl Archive {
    /// Opens the archive and begins to keep what this bus publishes, from its first event on. An archive that
    /// can't be used is a notice in the log and in [`Archive::status`], and the server goes on without.
    #[must_use]
    pub fn start(options: &ArchiveOptions, bus: &Bus) -> Self {
        let state = if options.is_off { ArchiveState::Off } else { ArchiveState::Keeping };
        let status = SharedStatus::new(state, options.limits);
        let (finish, finishing) = watch::channel(false);
        let (finished_in, finished) = sync_channel(1);
        let open = if options.is_off {
            None
        } else {
            let begun = begin(options, bus, &status, finishing, finished_in);
            begun.inspect_err(|error| status.unusable(error)).ok()
        };
        let finished = Mutex::new(open.is_some().then_some(finished));
        Self(Arc::new(Inner { status, open, finish, finished, imports: Semaphore::new(1) }))
    }

    /// The state of the archive.
    #[must_use]
    pub fn status(&self) -> ArchiveStatus {
        self.0.status.get()
    }

    /// Does this with the database and its directory, on the archive's thread.
    ///
    /// # Errors
    /// Those of `work`; when nothing is kept, or the archive can't be used.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &Path) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(open) = &self.0.open else {
            let status = self.status();
            let why = status.notice.unwrap_or_default();
            return Err(if status.state == ArchiveState::Off { Error::Off } else { Error::Unusable(why) });
        };
        let directory = open.directory.clone();
        open.desk.ask(move |connection| work(connection, &directory)).await
    }

    /// The turn of an import; `None` while another one is under way.
    #[must_use]
    pub fn import_turn(&self) -> Option<SemaphorePermit<'_>> {
        self.0.imports.try_acquire().ok()
    }

    /// Writes what was published, ends the run and closes the archive. Waits for this time at most; call it
    /// once, when nothing more is published.
    pub fn finish(&self, within: Duration) {
        self.0.finish.send_replace(true);
        let finished = self.0.finished.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(finished) = finished
            && finished.recv_timeout(within) == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
        {
            tracing::warn!("the archive did not take the last events in time; the run counts as lost");
        }
    }
}

/// Opens the archive and starts its threads.
fn begin(
    options: &ArchiveOptions,
    bus: &Bus,
    status: &SharedStatus,
    finish: watch::Receiver<bool>,
    finished: std::sync::mpsc::SyncSender<()>,
) -> Result<Open, Error> {
    let directory = options.directory.clone().map_or_else(default_directory, Ok)?;
    let recorder = Recorder::open(&directory, options.limits)?;
    status.note(shared_notice(&recorder));
    let no_thread = |error: std::io::Error| Error::Unusable(format!("no thread for the archive: {error}"));
    let desk = Desk::start(open(&directory, Mode::Create)?).map_err(no_thread)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(no_thread)?;
    let subscription = bus.subscribe_archive();
    let writer = Writer { bus: bus.clone(), subscription, recorder, status: status.clone(), finish };
    std::thread::Builder::new()
        .name("archive-writer".to_owned())
        .spawn(move || {
            runtime.block_on(writer.run());
            let _ = finished.send(());
        })
        .map_err(no_thread)?;
    Ok(Open { directory, desk })
}
