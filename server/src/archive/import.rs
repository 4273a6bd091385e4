//! Imports of exported runs: the whole text is checked before anything is stored, and stored at once.

use std::io::BufRead;
use std::path::Path;

use ringleader_shared::api::{Gap, KeptRun, RunEnd};
use ringleader_shared::{Event, EventKind, RingView};
use rusqlite::{Connection, TransactionBehavior, params};
use serde_json::Value;

use super::catalogue::{self, checked_name};
use super::error::Error;
use super::export::{FORMAT, FORMAT_VERSION, Header};
use super::place::DATABASE;
use super::run_writer::RunWriter;
use super::schema::number;
use crate::clock::wall_ms;

/// The longest line, in bytes.
const MOST_LINE: usize = 4 << 20;

/// The most members of a ring: larger ones run in no process and no sandbox.
const MOST_MEMBERS: usize = 1_000;

/// The largest number, term or time: the largest that every JSON reader keeps exact.
const MOST: u64 = (1 << 53) - 1;

/// Imports one exported run.
///
/// # Errors
/// When a line is not what it must be, with the line and what was expected; when the run is in the archive
/// already; when the archive can't be written. Then nothing is imported.
pub fn import(
    connection: &mut Connection,
    directory: &Path,
    text: &mut impl BufRead,
) -> Result<KeptRun, Error> {
    // Outside the transaction, in which others wait.
    let (header, mut writer) = check(text)?;
    let path = directory.join(DATABASE);
    let of = |error: rusqlite::Error| Error::of(&path, &error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    let sql = "SELECT count(*) FROM runs WHERE run = ?1";
    let there: i64 =
        transaction.query_row(sql, params![header.run.to_string()], |row| row.get(0)).map_err(of)?;
    if number(there) > 0 {
        return Err(Error::IsThere(header.run));
    }
    writer.write(&transaction, wall_ms()).map_err(of)?;
    transaction.commit().map_err(of)?;
    catalogue::find(connection, directory, &header.run.to_string())
}

/// Checks the whole text of an exported run. Returns its first line and what is to be written.
pub(super) fn check(text: &mut impl BufRead) -> Result<(Header, RunWriter), Error> {
    read(&mut Lines { text, number: 0 })
}

/// The lines of a text, with their numbers.
struct Lines<'a, R> {
    text: &'a mut R,
    number: usize,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line that is not empty; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            self.number += 1;
            let mut line = Vec::new();
            let mut most = std::io::Read::take(&mut *self.text, MOST_LINE as u64 + 1);
            if most.read_until(b'\n', &mut line).map_err(Error::Read)? == 0 {
                return Ok(None);
            }
            if line.len() > MOST_LINE {
                return Err(self.problem(format!("it has more than {MOST_LINE} bytes")));
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    fn problem(&self, problem: impl Into<String>) -> Error {
        Error::Import { line: self.number, problem: problem.into() }
    }
}

fn read(lines: &mut Lines<'_, impl BufRead>) -> Result<(Header, RunWriter), Error> {
    let header = read_header(lines)?;
    let mut writer = RunWriter::new(RingView::empty(), header.started_ms, None);
    writer.summary.stopped_after = header.stopped_after;
    let mut is_begun = false;
    while let Some(line) = lines.next()? {
        let value: Value = serde_json::from_slice(&line)
            .map_err(|error| lines.problem(format!("{error}; expected one JSON object a line")))?;
        if let Some(gap) = value.get("gap") {
            let gap = read_gap(gap, &header, &writer, is_begun).map_err(|problem| lines.problem(problem))?;
            if !is_begun {
                let server = None;
                writer = RunWriter::new(gap.ring.as_ref().clone(), header.started_ms, server);
                writer.summary.stopped_after = header.stopped_after;
            }
            writer.lose(gap.first, gap.last, *gap.ring);
        } else {
            let event =
                read_event(value, &header, &writer, is_begun).map_err(|problem| lines.problem(problem))?;
            let text = serde_json::to_vec(&event).map_err(|error| lines.problem(error.to_string()))?;
            writer.add(&event, text.into());
        }
        is_begun = true;
    }
    let found = writer.summary.row.events;
    if found != header.events || !is_begun {
        let problem =
            format!("the text ends after {found} events; its first line announces {}", header.events.max(1));
        return Err(lines.problem(problem));
    }
    let row = &mut writer.summary.row;
    row.name = header.name.as_deref().map(checked_name).transpose()?.flatten();
    row.imported = true;
    // A run that went on when it was exported ends here.
    writer.end(if header.end == RunEnd::Running { RunEnd::Lost } else { header.end });
    Ok((header, writer))
}

fn read_header(lines: &mut Lines<'_, impl BufRead>) -> Result<Header, Error> {
    let expected = format!(r#"expected {{"format":"{FORMAT}","version":{FORMAT_VERSION},…}}"#);
    let Some(line) = lines.next()? else {
        lines.number = 1;
        return Err(lines.problem(format!("the text is empty; {expected}")));
    };
    let value: Value =
        serde_json::from_slice(&line).map_err(|error| lines.problem(format!("{error}; {expected}")))?;
    if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(lines.problem(format!("this is no exported run; {expected}")));
    }
    if value.get("version").and_then(Value::as_u64) != Some(FORMAT_VERSION.into()) {
        let version = value.get("version").unwrap_or(&Value::Null);
        return Err(lines.problem(format!(
            "version {version} of the format is not known to this Ringleader; {expected}"
        )));
    }
    let header: Header =
        serde_json::from_value(value).map_err(|error| lines.problem(format!("{error}; {expected}")))?;
    if header.started_ms > MOST || header.run.0.is_nil() {
        return Err(lines.problem("started_ms or run is out of bounds"));
    }
    Ok(header)
}

fn read_gap(value: &Value, header: &Header, writer: &RunWriter, is_begun: bool) -> Result<Gap, String> {
    let gap: Gap = serde_json::from_value(value.clone()).map_err(|error| format!("gap: {error}"))?;
    if gap.position != writer.summary.row.events {
        return Err(format!(
            "gap: its position is {}, expected {}, the number of events before it",
            gap.position, writer.summary.row.events
        ));
    }
    let next = writer.summary.last_seq().next();
    if is_begun && gap.first != next || gap.last < gap.first || gap.last.0 > MOST {
        return Err(format!(
            "gap: it goes from {} to {}, expected it to begin with {next}",
            gap.first, gap.last
        ));
    }
    if gap.ring.run != header.run || gap.ring.seq != gap.last || gap.ring.nodes.len() > MOST_MEMBERS {
        return Err(format!("gap: expected the ring of run {} after event {}", header.run, gap.last));
    }
    Ok(gap)
}

fn read_event(value: Value, header: &Header, writer: &RunWriter, is_begun: bool) -> Result<Event, String> {
    let event: Event = serde_json::from_value(value)
        .map_err(|error| format!("{error}; expected an event or {{\"gap\":…}}"))?;
    let next = writer.summary.last_seq().next();
    if is_begun && event.seq != next {
        return Err(format!("seq is {}, expected {next}, the one after the line before", event.seq));
    }
    if event.seq.0 > MOST || event.at_us > MOST {
        return Err(format!("seq or at_us is out of bounds; expected at most {MOST}"));
    }
    match &event.kind {
        EventKind::RunStarted { run, members, highest_term, .. } => {
            if is_begun || *run != header.run {
                return Err("another run begins; expected the events of one run".to_owned());
            }
            if members.len() > MOST_MEMBERS || highest_term.0 > MOST {
                return Err(format!("expected at most {MOST_MEMBERS} members and a term of at most {MOST}"));
            }
        }
        EventKind::MemberAdded { .. } if writer.summary.members() >= MOST_MEMBERS => {
            return Err(format!("expected at most {MOST_MEMBERS} members"));
        }
        EventKind::RoleChanged { term, .. } | EventKind::Completed { term, .. } if term.0 > MOST => {
            return Err(format!("the term is out of bounds; expected at most {MOST}"));
        }
        _ if is_begun => {}
        kind => return Err(format!("the kind is {}, expected run_started first", kind.as_str())),
    }
    Ok(event)
}
