//! The recorder: writes the runs of one server into the archive, in transactions.
//!
//! It holds what is not saved until a transaction has succeeded, so that a full disk costs nothing that fits
//! into the memory of the bus.

use std::path::{Path, PathBuf};

use ringleader_shared::api::RunEnd;
use ringleader_shared::{EventKind, RingView, RunId, Seq};
use rusqlite::{Connection, TransactionBehavior};

use super::error::Error;
use super::place::{DATABASE, ServerLock};
use super::prune::{self, Limits};
use super::run_writer::RunWriter;
use super::schema::{Mode, open};
use crate::bus::PublishedEvent;
use crate::clock::wall_ms;

/// The writer of one server's runs.
#[derive(Debug)]
pub struct Recorder {
    directory: PathBuf,
    connection: Connection,
    lock: ServerLock,
    limits: Limits,
    run: Option<RunWriter>,
    /// Runs whose rings were ended, each with its last event before that.
    ended: Vec<(RunId, Seq)>,
}

impl Recorder {
    /// Opens the archive in this directory, and makes it where there is none. Closes runs that a killed
    /// server left.
    ///
    /// # Errors
    /// When the directory can't be written, or its file is none that this version may write.
    pub fn open(directory: &Path, limits: Limits) -> Result<Self, Error> {
        let mut connection = open(directory, Mode::Create)?;
        let lock = ServerLock::take(directory)?;
        let path = directory.join(DATABASE);
        prune::close_lost(&mut connection, directory).map_err(|error| Error::of(&path, &error))?;
        Ok(Self { directory: directory.to_owned(), connection, lock, limits, run: None, ended: Vec::new() })
    }

    /// Whether another server writes its runs into the same archive.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.lock.is_shared(&self.directory)
    }

    /// The run that is written.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        self.run.as_ref().map(|run| run.summary.row.run)
    }

    /// Whether this event must wait until the run before it is ended and saved.
    #[must_use]
    pub fn must_end_before(&self, event: &PublishedEvent) -> bool {
        self.run.is_some() && matches!(event.event.kind, EventKind::RunStarted { .. })
    }

    /// Adds an event. One that begins a run begins it here; `started_ms` is its moment by the wall clock, in
    /// milliseconds since 1970.
    pub fn add(&mut self, published: PublishedEvent, started_ms: u64) {
        let server = self.lock.name();
        let begin = || RunWriter::new(RingView::empty(), started_ms, Some(server.to_owned()));
        let run = self.run.get_or_insert_with(begin);
        // A run may have begun and ended since events were written last.
        if let EventKind::RunStarted { run: id, .. } = &published.event.kind
            && let Some((_, seq)) = self.ended.iter().find(|(ended, _)| ended == id)
        {
            run.summary.stopped_after = Some(*seq);
        }
        run.add(&published.event, published.text);
    }

    /// Notes that these events are missing. `ring` is the ring after them, which may be of another run.
    pub fn lose(&mut self, first: Seq, last: Seq, ring: RingView, now_ms: u64) {
        let server = self.lock.name();
        let begin = || RunWriter::new(ring.clone(), now_ms, Some(server.to_owned()));
        let run = self.run.get_or_insert_with(begin);
        run.lose(first, last, ring);
    }

    /// Notes the runs whose rings were ended last, each with its last event before that.
    pub fn note_ended(&mut self, ended: Vec<(RunId, Seq)>) {
        if let Some(writer) = &mut self.run
            && let Some((_, seq)) = ended.iter().find(|(run, _)| *run == writer.summary.row.run)
        {
            writer.summary.stopped_after = Some(*seq);
        }
        self.ended = ended;
    }

    /// Ends the run. It stays the recorder's until it is saved.
    pub fn end(&mut self, end: RunEnd) {
        if let Some(run) = &mut self.run {
            run.end(end);
        }
    }

    /// Saves everything that was added. After an error the same is tried the next time.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn save(&mut self) -> Result<(), Error> {
        let Some(run) = &mut self.run else { return Ok(()) };
        let path = self.directory.join(DATABASE);
        let of = |error: rusqlite::Error| Error::of(&path, &error);
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
        run.write(&transaction, wall_ms()).map_err(of)?;
        transaction.commit().map_err(of)?;
        run.committed();
        if run.summary.row.end != RunEnd::Running {
            self.run = None;
        }
        Ok(())
    }

    /// Closes runs that a killed server left, and removes what is beyond the limits; returns the size of the
    /// archive, in bytes.
    ///
    /// # Errors
    /// When the archive can't be read or written.
    pub fn prune(&mut self) -> Result<u64, Error> {
        let own = self.run.as_ref().and_then(RunWriter::number);
        prune::prune(&mut self.connection, &self.directory, self.limits, own, wall_ms())
    }

    /// Limits the size of the file, so that a test has a full disk.
    #[cfg(test)]
    pub(super) fn limit_pages(&self, pages: u32) {
        super::schema::pragma(&self.connection, &format!("max_page_count = {pages}")).expect("a setting");
    }
}
