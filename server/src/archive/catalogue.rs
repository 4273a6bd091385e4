//! The list of kept runs: search, name, pin, delete and restore.

use std::path::Path;

use ringleader_shared::api::{ChangeRun, KeptRun, KeptRuns, MAX_RUN_NAME, RunEnd};
use ringleader_shared::{AlgorithmName, RunId, Term};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::error::Error;
use super::place::{DATABASE, is_alive};
use super::schema::{int, number};
use crate::clock::wall_ms;

/// The most words of a search; further ones are not looked for.
const MOST_WORDS: usize = 8;

/// The shortest beginning of an id that stands for a run.
const SHORTEST_PREFIX: usize = 4;

/// The runs that a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Words that all must be part of the name, the id, the members' names or the algorithm.
    pub text: Option<String>,
    /// The algorithm of the ring, or of one of its elections.
    pub algorithm: Option<AlgorithmName>,
    /// Only pinned runs, or only others.
    pub pinned: Option<bool>,
    /// Deleted runs that can be restored, in place of the others.
    pub deleted: bool,
    /// Only runs with lower numbers.
    pub before: Option<u64>,
}

/// Lists the runs that match, the newest first, at most `limit`.
///
/// # Errors
/// When the archive can't be read.
pub fn list(
    connection: &Connection,
    directory: &Path,
    filter: &RunFilter,
    limit: usize,
) -> Result<KeptRuns, Error> {
    let mut sql = "SELECT * FROM runs WHERE ".to_owned();
    sql.push_str(if filter.deleted { "deleted_ms IS NOT NULL" } else { "deleted_ms IS NULL" });
    let mut values: Vec<Value> = Vec::new();
    for word in filter.text.iter().flat_map(|text| text.split_whitespace()).take(MOST_WORDS) {
        sql.push_str(
            " AND coalesce(name, '') || ' ' || run || ' ' || members || ' ' || algorithm LIKE ? ESCAPE '\\'",
        );
        values.push(format!("%{}%", escaped(word)).into());
    }
    if let Some(algorithm) = filter.algorithm {
        sql.push_str(
            " AND (algorithm = ? OR number IN (SELECT elections.run FROM elections WHERE elections.algorithm = ?))",
        );
        values.extend([algorithm.key(), algorithm.key()].map(|key| Value::from(key.to_owned())));
    }
    if let Some(pinned) = filter.pinned {
        sql.push_str(" AND pinned = ?");
        values.push(pinned.into());
    }
    if let Some(before) = filter.before {
        sql.push_str(" AND number < ?");
        values.push(int(before).into());
    }
    sql.push_str(" ORDER BY number DESC LIMIT ?");
    values.push(int(limit as u64 + 1).into());
    let mut runs = select(connection, directory, &sql, values)?;
    let is_last = runs.len() <= limit;
    runs.truncate(limit);
    let next = runs.last().map(|run| run.number).filter(|_| !is_last);
    Ok(KeptRuns { runs, next })
}

/// A word as a pattern of LIKE.
fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Finds the run of this id, of this beginning of one, or `last`: the newest one that is not deleted.
///
/// # Errors
/// When there is none, or several have this beginning.
pub fn find(connection: &Connection, directory: &Path, id: &str) -> Result<KeptRun, Error> {
    let missing = || Error::NoSuchRun(id.to_owned());
    if id == "last" {
        return list(connection, directory, &RunFilter::default(), 1)?.runs.pop().ok_or_else(missing);
    }
    let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    if id.len() < SHORTEST_PREFIX || !id.chars().all(is_id) {
        return Err(missing());
    }
    let pattern = format!("{}%", id.to_ascii_lowercase());
    let sql = "SELECT * FROM runs WHERE run LIKE ? ORDER BY number LIMIT 2";
    let mut found = select(connection, directory, sql, vec![pattern.into()])?;
    match found.len() {
        0 | 1 => found.pop().ok_or_else(missing),
        _ => Err(Error::Ambiguous(id.to_owned())),
    }
}

/// Gives a run a name, pins it or lets it go.
///
/// # Errors
/// When there is no such run, it is deleted, or the name is too long.
pub fn change(
    connection: &Connection,
    directory: &Path,
    run: RunId,
    change: &ChangeRun,
) -> Result<KeptRun, Error> {
    let path = directory.join(DATABASE);
    let of = |error: rusqlite::Error| Error::of(&path, &error);
    let found = find(connection, directory, &run.to_string())?;
    if found.deleted_ms.is_some() {
        return Err(Error::Deleted(run));
    }
    if let Some(name) = &change.name {
        let name = checked_name(name)?;
        connection
            .execute("UPDATE runs SET name = ?1 WHERE number = ?2", params![name, int(found.number)])
            .map_err(of)?;
    }
    if let Some(pinned) = change.pinned {
        connection
            .execute("UPDATE runs SET pinned = ?1 WHERE number = ?2", params![pinned, int(found.number)])
            .map_err(of)?;
    }
    find(connection, directory, &run.to_string())
}

/// The name as it is stored: `None` for an empty one.
pub(super) fn checked_name(name: &str) -> Result<Option<String>, Error> {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let name = name.trim();
    match name.chars().count() {
        0 => Ok(None),
        long if long > MAX_RUN_NAME => Err(Error::LongName(long)),
        _ => Ok(Some(name.to_owned())),
    }
}

/// Deletes a run. It can be restored for [`super::RESTORABLE_FOR`]. A deleted run stays as it is.
///
/// # Errors
/// When there is no such run, or a server writes it now.
pub fn delete(connection: &Connection, directory: &Path, run: RunId) -> Result<(), Error> {
    let found = find(connection, directory, &run.to_string())?;
    if found.end == RunEnd::Running {
        return Err(Error::StillRunning(run));
    }
    set_deleted(connection, directory, found.number, Some(found.deleted_ms.unwrap_or_else(wall_ms)))
}

/// Restores a deleted run.
///
/// # Errors
/// When there is no such run any more, or it is not deleted.
pub fn restore(connection: &Connection, directory: &Path, run: RunId) -> Result<KeptRun, Error> {
    let found = find(connection, directory, &run.to_string())?;
    if found.deleted_ms.is_none() {
        return Err(Error::NotDeleted(run));
    }
    set_deleted(connection, directory, found.number, None)?;
    find(connection, directory, &run.to_string())
}

fn set_deleted(
    connection: &Connection,
    directory: &Path,
    number: u64,
    deleted_ms: Option<u64>,
) -> Result<(), Error> {
    let sql = "UPDATE runs SET deleted_ms = ?1 WHERE number = ?2";
    match connection.execute(sql, params![deleted_ms.map(int), int(number)]) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::of(&directory.join(DATABASE), &error)),
    }
}

fn select(
    connection: &Connection,
    directory: &Path,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<KeptRun>, Error> {
    let path = directory.join(DATABASE);
    let of = |error: rusqlite::Error| Error::of(&path, &error);
    let mut statement = connection.prepare(sql).map_err(of)?;
    let mut rows = statement.query(params_from_iter(values)).map_err(of)?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next().map_err(of)? {
        let (mut run, server) = read(row).map_err(of)?.map_err(|reason| Error::damaged(&path, reason))?;
        if run.end == RunEnd::Running && !server.is_some_and(|server| is_alive(directory, &server)) {
            run.end = RunEnd::Lost;
        }
        runs.push(run);
    }
    Ok(runs)
}

/// A run and the lock of the server that writes it. The inner error is a sentence about a value that this
/// program did not write.
type ReadRow = Result<(KeptRun, Option<String>), String>;

fn read(row: &Row<'_>) -> rusqlite::Result<ReadRow> {
    let whole = |name: &str| row.get::<_, i64>(name).map(number);
    let maybe = |name: &str| row.get::<_, Option<i64>>(name).map(|value| value.map(number));
    let text = |name: &str| row.get::<_, String>(name);
    let (run, ending, members, settings) =
        (text("run")?, text("ending")?, text("members")?, text("settings")?);
    let (leader, deputy): (Option<String>, Option<String>) = (row.get("leader")?, row.get("deputy")?);
    let kept = KeptRun {
        run: RunId(Uuid::nil()),
        number: whole("number")?,
        name: row.get("name")?,
        pinned: row.get("pinned")?,
        started_ms: whole("started_ms")?,
        lasted_us: whole("lasted_us")?,
        end: RunEnd::Running,
        imported: row.get("imported")?,
        deleted_ms: maybe("deleted_ms")?,
        members: Vec::new(),
        settings: ringleader_shared::RingSettings::default(),
        events: whole("events")?,
        lost_events: whole("lost_events")?,
        elections: whole("elections")?,
        takeovers: whole("takeovers")?,
        faults: whole("faults")?,
        deaths: whole("deaths")?,
        worst_leaderless_us: maybe("worst_leaderless_us")?,
        split_brain: row.get("split_brain")?,
        term: Term(whole("term")?),
        leader: None,
        deputy: None,
        bytes: whole("bytes")?,
    };
    let server: Option<String> = row.get("server")?;
    let complete = || -> Result<KeptRun, String> {
        Ok(KeptRun {
            run: RunId(run.parse().map_err(|_| format!("{run:?} is no run's id"))?),
            end: parsed(&format!("\"{ending}\""))?,
            members: parsed(&members)?,
            settings: parsed(&settings)?,
            leader: leader
                .map(|name| name.parse().map_err(|_| format!("{name:?} is no name")))
                .transpose()?,
            deputy: deputy
                .map(|name| name.parse().map_err(|_| format!("{name:?} is no name")))
                .transpose()?,
            ..kept
        })
    };
    Ok(complete().map(|run| (run, server)))
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("{text}: {error}"))
}
