//! The database: how it is opened, and its tables. `docs/archive.md` describes them.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::Error;
use super::place::{self, DATABASE};

/// The version of the schema, in `user_version`.
pub(super) const VERSION: i64 = 1;

/// The mark of the file in `application_id`: "RING".
const APPLICATION: i64 = 0x5249_4e47;

/// The time for which one connection waits for another.
const BUSY_FOR: Duration = Duration::from_secs(5);

/// The pause before a busy database is opened again.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(10);

const TABLES: &str = "
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL UNIQUE,
    name TEXT,
    pinned INTEGER NOT NULL DEFAULT 0,
    started_ms INTEGER NOT NULL,
    kept_ms INTEGER NOT NULL,
    lasted_us INTEGER NOT NULL,
    ending TEXT NOT NULL,
    server TEXT,
    stopped_after INTEGER,
    imported INTEGER NOT NULL DEFAULT 0,
    deleted_ms INTEGER,
    members TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    settings TEXT NOT NULL,
    events INTEGER NOT NULL,
    lost_events INTEGER NOT NULL,
    elections INTEGER NOT NULL,
    takeovers INTEGER NOT NULL,
    faults INTEGER NOT NULL,
    deaths INTEGER NOT NULL,
    worst_leaderless_us INTEGER,
    split_brain INTEGER NOT NULL,
    term INTEGER NOT NULL,
    leader TEXT,
    deputy TEXT,
    bytes INTEGER NOT NULL
);
CREATE INDEX runs_by_ending ON runs (ending, kept_ms);
CREATE INDEX runs_by_deletion ON runs (deleted_ms) WHERE deleted_ms IS NOT NULL;
CREATE TABLE elections (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    started_us INTEGER NOT NULL,
    term INTEGER NOT NULL,
    cause TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    leader TEXT,
    deputy TEXT,
    took_us INTEGER,
    election TEXT NOT NULL,
    PRIMARY KEY (run, started_us, term)
) WITHOUT ROWID;
CREATE INDEX elections_by_algorithm ON elections (algorithm, run);
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    events INTEGER NOT NULL,
    codec INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE UNIQUE INDEX blocks_by_position ON blocks (run, position);
CREATE TABLE gaps (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    ring TEXT NOT NULL,
    PRIMARY KEY (run, first_seq)
) WITHOUT ROWID;
";

/// The way in which a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is made where there is none.
    Create,
    /// It must be there.
    Existing,
}

/// Opens the database in this directory.
///
/// # Errors
/// When it can't be made or written, is damaged, or belongs to a newer version or another program. The file
/// is left alone then.
pub fn open(directory: &Path, mode: Mode) -> Result<Connection, Error> {
    let path = directory.join(DATABASE);
    if mode == Mode::Create {
        place::make(directory)?;
    } else if !path.exists() {
        return Err(Error::Empty { path: directory.to_owned() });
    }
    let is_of_directory = |error: Error| match error {
        Error::NotWritable { reason, .. } => Error::NotWritable { path: directory.to_owned(), reason },
        error => error,
    };
    let begun = Instant::now();
    loop {
        match prepare(&path) {
            // Two servers that make the archive at the same time may be in each other's way. SQLite does not
            // let one of them wait then.
            Err(Error::Busy { .. }) if begun.elapsed() < BUSY_FOR => std::thread::sleep(TRY_AGAIN_AFTER),
            prepared => return prepared.map_err(is_of_directory),
        }
    }
}

fn prepare(path: &Path) -> Result<Connection, Error> {
    let of = |error: rusqlite::Error| Error::of(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = Connection::open_with_flags(path, flags).map_err(of)?;
    connection.busy_timeout(BUSY_FOR).map_err(of)?;
    // In a transaction: another server may be making the tables at this moment.
    let looking = connection.unchecked_transaction().map_err(of)?;
    check(&looking, path)?;
    looking.commit().map_err(of)?;
    // Before the first table, or it has no effect.
    pragma(&connection, "auto_vacuum = INCREMENTAL").map_err(of)?;
    pragma(&connection, "journal_mode = WAL").map_err(of)?;
    // A commit reaches the kernel, which outlives this process; only a checkpoint waits for the disk.
    pragma(&connection, "synchronous = NORMAL").map_err(of)?;
    pragma(&connection, "foreign_keys = ON").map_err(of)?;
    pragma(&connection, "journal_size_limit = 16777216").map_err(of)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
    // Another server may have made the tables meanwhile.
    if check(&transaction, path)? == 0 {
        transaction.execute_batch(TABLES).map_err(of)?;
        pragma(&transaction, &format!("application_id = {APPLICATION}")).map_err(of)?;
        pragma(&transaction, &format!("user_version = {VERSION}")).map_err(of)?;
    }
    transaction.commit().map_err(of)?;
    Ok(connection)
}

/// Sets a setting of the connection or the file. Some answer with a row, which is of no interest.
pub(super) fn pragma(connection: &Connection, assignment: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA {assignment}"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// The value of a setting.
pub(super) fn setting(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

/// Checks that the file is an archive; returns its version, 0 for an empty one.
fn check(connection: &Connection, path: &Path) -> Result<i64, Error> {
    let of = |error: rusqlite::Error| Error::of(path, &error);
    let version = setting(connection, "user_version").map_err(of)?;
    let application = setting(connection, "application_id").map_err(of)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(of)?;
    match (application, version) {
        (APPLICATION, VERSION) => Ok(version),
        (APPLICATION, found) if found > VERSION => Err(Error::Newer { path: path.to_owned(), found }),
        (0, 0) if tables == 0 => Ok(0),
        _ => Err(Error::Foreign { path: path.to_owned() }),
    }
}

/// A number as SQLite stores it. Times and counts of a run stay far below the limit.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that [`int`] stored.
pub(super) fn number(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}
