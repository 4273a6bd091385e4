//! Exported runs: JSON Lines. The first line says what follows, each other line is an event or a gap.
//! `docs/archive.md` documents the format.

use std::path::Path;

use ringleader_shared::api::{KeptRun, RunEnd};
use ringleader_shared::{RunId, Seq};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::blocks::Block;
use super::catalogue;
use super::error::Error;
use super::pages;
use super::place::DATABASE;
use super::schema::{int, number};

/// The name of the format, in the first line.
pub(super) const FORMAT: &str = "ringleader-run";

/// The version of the format.
pub(super) const FORMAT_VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) run: RunId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Milliseconds since 1970.
    pub(super) started_ms: u64,
    pub(super) end: RunEnd,
    /// The number of lines with events.
    pub(super) events: u64,
    /// The last event before the server ended the ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stopped_after: Option<Seq>,
}

/// A run that is being exported, block by block.
#[derive(Debug, Clone)]
pub struct Export {
    run: KeptRun,
    /// The first line, until it is taken.
    header: Option<Vec<u8>>,
    position: u64,
}

impl Export {
    /// Begins to export the run of this id. Of a run that goes on, the events so far are exported.
    ///
    /// # Errors
    /// When there is no such run, it is deleted, or the archive can't be read.
    pub fn begin(connection: &Connection, directory: &Path, id: &str) -> Result<Self, Error> {
        let run = catalogue::find(connection, directory, id)?;
        if run.deleted_ms.is_some() {
            return Err(Error::Deleted(run.run));
        }
        let sql = "SELECT stopped_after FROM runs WHERE number = ?1";
        let stopped: rusqlite::Result<Option<i64>> =
            connection.query_row(sql, params![int(run.number)], |row| row.get(0));
        let stopped = stopped.map_err(|error| Error::of(&directory.join(DATABASE), &error))?;
        let header = Header {
            format: FORMAT.to_owned(),
            version: FORMAT_VERSION,
            run: run.run,
            name: run.name.clone(),
            started_ms: run.started_ms,
            end: run.end,
            events: run.events,
            stopped_after: stopped.map(|seq| Seq(number(seq))),
        };
        let mut line = serde_json::to_vec(&header).unwrap_or_default();
        line.push(b'\n');
        Ok(Self { run, header: Some(line), position: 0 })
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &KeptRun {
        &self.run
    }

    /// Reads the next lines: whole ones, those of a block at most. `None` at the end.
    ///
    /// # Errors
    /// When the archive can't be read, or the run was removed meanwhile.
    pub fn next(&mut self, connection: &Connection, directory: &Path) -> Result<Option<Vec<u8>>, Error> {
        if let Some(header) = self.header.take() {
            return Ok(Some(header));
        }
        let left = self.run.events.saturating_sub(self.position);
        if left == 0 {
            return Ok(None);
        }
        let path = directory.join(DATABASE);
        let block = Block::read(connection, int(self.run.number), self.position);
        let block = block.map_err(|error| Error::of(&path, &error))?;
        let block = block.ok_or_else(|| Error::NoSuchRun(self.run.run.to_string()))?;
        let skipped = usize::try_from(self.position - block.position).unwrap_or(usize::MAX);
        let texts = block.texts(&path)?;
        let texts = texts.iter().skip(skipped).take(usize::try_from(left).unwrap_or(usize::MAX));
        let from = self.position;
        let to = from + texts.len() as u64;
        // A gap after the last event is part of the last lines.
        let last = if to == self.run.events { to } else { to - 1 };
        let gaps = pages::gaps(connection, directory, &self.run, from, last)?;
        let mut gaps = gaps.into_iter().peekable();
        let mut lines = Vec::new();
        for (text, position) in texts.zip(from..) {
            while let Some(gap) = gaps.next_if(|gap| gap.position <= position) {
                push_gap(&mut lines, &gap);
            }
            lines.extend_from_slice(text);
            lines.push(b'\n');
        }
        gaps.for_each(|gap| push_gap(&mut lines, &gap));
        self.position = to;
        Ok(Some(lines))
    }
}

fn push_gap(lines: &mut Vec<u8>, gap: &ringleader_shared::api::Gap) {
    lines.extend(serde_json::json!({ "gap": gap }).to_string().into_bytes());
    lines.push(b'\n');
}
