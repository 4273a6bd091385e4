//! The bounds of the archive: by size and by age. Pinned runs stay, and so do those that a server writes now.

use std::path::Path;
use std::time::Duration;

use ringleader_shared::api::RunEnd;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::error::Error;
use super::place::{DATABASE, is_alive};
use super::schema::{int, number, pragma, setting};

/// The time for which a deleted run can be restored.
pub const RESTORABLE_FOR: Duration = Duration::from_secs(3600);

/// The most free pages that are given back to the file system at a time.
const PAGES_AT_ONCE: u32 = 4_096;

/// The bounds of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The size above which the oldest runs are removed, in bytes.
    pub most_bytes: u64,
    /// The age above which runs are removed.
    pub most_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { most_bytes: 512_000_000, most_age: Duration::from_secs(30 * 24 * 3600) }
    }
}

/// Closes the runs of servers that were killed, removes deleted runs after a while, and runs beyond the
/// limits, the oldest first. `own` is the run that the caller writes. Returns the size of the archive, in
/// bytes.
pub(super) fn prune(
    connection: &mut Connection,
    directory: &Path,
    limits: Limits,
    own: Option<i64>,
    now_ms: u64,
) -> Result<u64, Error> {
    let path = directory.join(DATABASE);
    let of = |error: rusqlite::Error| Error::of(&path, &error);
    close_lost(connection, directory).map_err(of)?;
    let before =
        |age: Duration| int(now_ms.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)));
    connection
        .execute("DELETE FROM runs WHERE deleted_ms < ?1", params![before(RESTORABLE_FOR)])
        .map_err(of)?;
    connection
        .execute(
            "DELETE FROM runs WHERE kept_ms < ?1 AND NOT pinned AND ending <> 'running'",
            params![before(limits.most_age)],
        )
        .map_err(of)?;
    loop {
        let bytes = used_bytes(connection).map_err(of)?;
        if bytes <= limits.most_bytes || !remove_oldest(connection, own).map_err(of)? {
            pragma(connection, &format!("incremental_vacuum({PAGES_AT_ONCE})")).map_err(of)?;
            return Ok(bytes);
        }
    }
}

/// The size of what is stored, in bytes; pages that are free again do not count.
pub(super) fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pages = setting(connection, "page_count")? - setting(connection, "freelist_count")?;
    Ok(number(pages * setting(connection, "page_size")?))
}

fn remove_oldest(connection: &Connection, own: Option<i64>) -> rusqlite::Result<bool> {
    let oldest: Option<i64> = connection
        .query_row(
            "SELECT number FROM runs
             WHERE ending <> 'running' AND number IS NOT ?1 AND (NOT pinned OR deleted_ms IS NOT NULL)
             ORDER BY deleted_ms IS NULL, kept_ms, number LIMIT 1",
            params![own],
            |row| row.get(0),
        )
        .optional()?;
    let Some(oldest) = oldest else { return Ok(false) };
    Ok(connection.execute("DELETE FROM runs WHERE number = ?1", params![oldest])? > 0)
}

/// Notes of each run whose server is gone that it did not end by itself.
pub(super) fn close_lost(connection: &mut Connection, directory: &Path) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (run, server) in running(&transaction)? {
        if !server.is_some_and(|server| is_alive(directory, &server)) {
            transaction.execute(
                "UPDATE runs SET ending = ?1, server = NULL WHERE number = ?2",
                params![RunEnd::Lost.as_str(), run],
            )?;
        }
    }
    transaction.commit()
}

/// The runs that were not closed, each with its server's lock.
fn running(connection: &Connection) -> rusqlite::Result<Vec<(i64, Option<String>)>> {
    let mut statement = connection.prepare("SELECT number, server FROM runs WHERE ending = 'running'")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
