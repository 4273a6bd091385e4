//! A kept run in pages: its events, its gaps, its elections.

use std::path::Path;

use axum::body::Bytes;
use ringleader_shared::Seq;
use ringleader_shared::api::{Gap, KeptElections, KeptRun};
use rusqlite::{Connection, params};

use super::blocks::Block;
use super::error::Error;
use super::place::DATABASE;
use super::schema::{int, number};

/// Reads the texts of the events of a run after the first `after`, at most `limit`.
///
/// # Errors
/// When the archive can't be read.
pub fn events(
    connection: &Connection,
    directory: &Path,
    run: &KeptRun,
    after: u64,
    limit: usize,
) -> Result<Vec<Bytes>, Error> {
    let path = directory.join(DATABASE);
    let mut found: Vec<Bytes> = Vec::new();
    while found.len() < limit {
        let at = after + found.len() as u64;
        let block = Block::read(connection, int(run.number), at).map_err(|error| Error::of(&path, &error))?;
        let Some(block) = block else { break };
        let skipped = usize::try_from(at - block.position).unwrap_or(usize::MAX);
        found.extend(block.texts(&path)?.into_iter().skip(skipped).take(limit - found.len()));
    }
    Ok(found)
}

/// Reads the gaps of a run at these positions: from the first up to and including the last.
///
/// # Errors
/// When the archive can't be read.
pub fn gaps(
    connection: &Connection,
    directory: &Path,
    run: &KeptRun,
    from: u64,
    to: u64,
) -> Result<Vec<Gap>, Error> {
    let path = directory.join(DATABASE);
    let of = |error: rusqlite::Error| Error::of(&path, &error);
    let sql = "SELECT position, first_seq, last_seq, ring FROM gaps
               WHERE run = ?1 AND position BETWEEN ?2 AND ?3 ORDER BY first_seq";
    let mut statement = connection.prepare(sql).map_err(of)?;
    let mut rows = statement.query(params![int(run.number), int(from), int(to)]).map_err(of)?;
    let mut gaps = Vec::new();
    while let Some(row) = rows.next().map_err(of)? {
        let whole = |column: usize| row.get::<_, i64>(column).map(number).map_err(of);
        let text: String = row.get(3).map_err(of)?;
        let ring = serde_json::from_str(&text).map_err(|error| Error::damaged(&path, error))?;
        gaps.push(Gap { position: whole(0)?, first: Seq(whole(1)?), last: Seq(whole(2)?), ring });
    }
    Ok(gaps)
}

/// Reads the elections of a run after the first `after`, at most `limit`, oldest first.
///
/// # Errors
/// When the archive can't be read.
pub fn elections(
    connection: &Connection,
    directory: &Path,
    run: &KeptRun,
    after: u64,
    limit: usize,
) -> Result<KeptElections, Error> {
    let path = directory.join(DATABASE);
    let of = |error: rusqlite::Error| Error::of(&path, &error);
    let sql = "SELECT election FROM elections WHERE run = ?1 ORDER BY started_us, term LIMIT ?2 OFFSET ?3";
    let mut statement = connection.prepare(sql).map_err(of)?;
    let mut rows =
        statement.query(params![int(run.number), int(limit as u64 + 1), int(after)]).map_err(of)?;
    let mut elections = Vec::new();
    while let Some(row) = rows.next().map_err(of)? {
        let text: String = row.get(0).map_err(of)?;
        elections.push(serde_json::from_str(&text).map_err(|error| Error::damaged(&path, error))?);
    }
    let is_last = elections.len() <= limit;
    elections.truncate(limit);
    let next = (!is_last).then_some(after + limit as u64);
    Ok(KeptElections { elections, next })
}
