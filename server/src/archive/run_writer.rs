//! One run on its way to the disk: what is not saved yet, and how it is saved in one transaction.

use axum::body::Bytes;
use ringleader_shared::api::{Gap, RunEnd};
use ringleader_shared::{Event, RingView, Seq};
use rusqlite::{Connection, params};

use super::blocks::{BLOCK, Block};
use super::schema::int;
use super::summary::Summary;

/// A run that is written.
#[derive(Debug)]
pub(super) struct RunWriter {
    pub(super) summary: Summary,
    /// The number of the run in the archive; `None` until it is saved for the first time.
    number: Option<i64>,
    /// The number that it has in the transaction that is not committed.
    number_in_transaction: Option<i64>,
    /// The lock of the server that writes it; `None` for an imported run.
    server: Option<String>,
    /// Packed blocks that are not saved.
    packed: Vec<Block>,
    /// The texts of the events after the last packed block.
    tail: Vec<Bytes>,
    /// The number of those that are saved in plain blocks.
    saved: usize,
    /// Gaps that are not saved.
    gaps: Vec<Gap>,
    /// The size of all packed blocks, in bytes.
    packed_bytes: u64,
}

impl RunWriter {
    /// A run that begins with this ring.
    pub(super) fn new(ring: RingView, started_ms: u64, server: Option<String>) -> Self {
        Self {
            summary: Summary::new(ring, started_ms),
            number: None,
            number_in_transaction: None,
            server,
            packed: Vec::new(),
            tail: Vec::new(),
            saved: 0,
            gaps: Vec::new(),
            packed_bytes: 0,
        }
    }

    /// The number of the run in the archive, once it is saved.
    pub(super) fn number(&self) -> Option<i64> {
        self.number
    }

    /// Adds the next event.
    pub(super) fn add(&mut self, event: &Event, text: Bytes) {
        self.summary.add(event);
        self.tail.push(text);
        if self.tail.len() >= BLOCK {
            self.pack();
        }
    }

    /// Notes missing events. `ring` is the ring after them.
    pub(super) fn lose(&mut self, first: Seq, last: Seq, ring: RingView) {
        let position = self.summary.row.events;
        self.gaps.push(Gap { position, first, last, ring: Box::new(ring.clone()) });
        self.summary.lose(first, last, ring);
    }

    /// Ends the run.
    pub(super) fn end(&mut self, end: RunEnd) {
        self.summary.row.end = end;
        self.pack();
    }

    fn pack(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        let block = Block::packed(self.summary.row.events - self.tail.len() as u64, &self.tail);
        self.packed_bytes += block.data.len() as u64;
        self.packed.push(block);
        self.tail.clear();
        self.saved = 0;
    }

    /// Writes what is not saved. When the transaction is committed, [`RunWriter::committed`] must be called;
    /// when not, the same is written the next time.
    pub(super) fn write(&mut self, transaction: &Connection, now_ms: u64) -> rusqlite::Result<()> {
        self.summary.settle();
        let plain: usize = self.tail.iter().map(|text| text.len() + 1).sum();
        self.summary.row.bytes = self.packed_bytes + plain as u64;
        let number = self.write_row(transaction, now_ms)?;
        if let Some(first) = self.packed.first() {
            // The plain blocks of the same events.
            transaction.execute(
                "DELETE FROM blocks WHERE run = ?1 AND position >= ?2",
                params![number, int(first.position)],
            )?;
        }
        for block in &self.packed {
            block.insert(transaction, number)?;
        }
        if let Some(fresh) = self.tail.get(self.saved..).filter(|fresh| !fresh.is_empty()) {
            Block::plain(self.summary.row.events - fresh.len() as u64, fresh).insert(transaction, number)?;
        }
        for gap in &self.gaps {
            let ring = serde_json::to_string(&gap.ring).unwrap_or_default();
            transaction.execute(
                "INSERT OR REPLACE INTO gaps (run, position, first_seq, last_seq, ring) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![number, int(gap.position), int(gap.first.0), int(gap.last.0), ring],
            )?;
        }
        for election in self.summary.changed() {
            let text = serde_json::to_string(election).unwrap_or_default();
            let cause = serde_json::to_value(election.cause).unwrap_or_default();
            transaction.execute(
                "INSERT OR REPLACE INTO elections
                    (run, started_us, term, cause, algorithm, leader, deputy, took_us, election)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    number,
                    int(election.started_us),
                    int(election.term.0),
                    cause.as_str(),
                    election.algorithm.key(),
                    election.leader.as_ref().map(|name| name.as_str()),
                    election.deputy.as_ref().map(|name| name.as_str()),
                    election.took_us.map(int),
                    text,
                ],
            )?;
        }
        self.number_in_transaction = Some(number);
        Ok(())
    }

    /// Inserts or updates the row of the run; returns its number. Name and pin stay as they are.
    fn write_row(&self, transaction: &Connection, now_ms: u64) -> rusqlite::Result<i64> {
        let row = &self.summary.row;
        let number = match self.number {
            Some(number) => number,
            None => {
                transaction.execute(
                    "INSERT INTO runs (run, name, pinned, started_ms, imported, kept_ms, lasted_us, ending, members,
                        algorithm, settings, events, lost_events, elections, takeovers, faults, deaths, split_brain,
                        term, bytes)
                     VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, '', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0)",
                    params![row.run.to_string(), row.name, row.pinned, int(row.started_ms), row.imported],
                )?;
                transaction.last_insert_rowid()
            }
        };
        let server = self.server.as_deref().filter(|_| row.end == RunEnd::Running);
        let text = |json: serde_json::Result<String>| json.unwrap_or_default();
        transaction.query_row(
            "UPDATE runs SET kept_ms = ?2, lasted_us = ?3, ending = ?4, server = ?5, stopped_after = ?6, members = ?7,
                algorithm = ?8, settings = ?9, events = ?10, lost_events = ?11, elections = ?12, takeovers = ?13,
                faults = ?14, deaths = ?15, worst_leaderless_us = ?16, split_brain = ?17, term = ?18, leader = ?19,
                deputy = ?20, bytes = ?21
             WHERE number = ?1 RETURNING number",
            params![
                number,
                int(now_ms),
                int(row.lasted_us),
                row.end.as_str(),
                server,
                self.summary.stopped_after.map(|seq| int(seq.0)),
                text(serde_json::to_string(&row.members)),
                row.settings.algorithm.key(),
                text(serde_json::to_string(&row.settings)),
                int(row.events),
                int(row.lost_events),
                int(row.elections),
                int(row.takeovers),
                int(row.faults),
                int(row.deaths),
                row.worst_leaderless_us.map(int),
                row.split_brain,
                int(row.term.0),
                row.leader.as_ref().map(|name| name.as_str()),
                row.deputy.as_ref().map(|name| name.as_str()),
                int(row.bytes),
            ],
            |row| row.get(0),
        )
    }

    /// Notes that everything is saved.
    pub(super) fn committed(&mut self) {
        self.number = self.number_in_transaction;
        self.packed.clear();
        self.gaps.clear();
        self.saved = self.tail.len();
        self.summary.changes_are_saved();
    }
}
