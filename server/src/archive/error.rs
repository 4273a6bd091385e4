//! Errors of the archive, each with what to do about it.

use std::path::{Path, PathBuf};

use ringleader_shared::RunId;
use rusqlite::ErrorCode;

use super::schema::VERSION;

/// The reason why the archive can't do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The platform names no directory for data.
    #[error(
        "no directory for data is known: neither XDG_DATA_HOME nor HOME is set; choose one by --data-dir"
    )]
    NoDirectory,
    /// The directory can't be made or used.
    #[error(
        "{path} can't be written, so no runs are kept: {reason}; make it writable, or choose another --data-dir"
    )]
    NotWritable {
        /// The directory.
        path: PathBuf,
        /// The words of the operating system or of SQLite.
        reason: String,
    },
    /// There is no database yet.
    #[error(
        "no runs are kept in {path} yet: `ringleader` keeps its runs there, or --data-dir names another directory"
    )]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// The database was written by a newer version.
    #[error(
        "{path} was written by a newer Ringleader (schema {found}, this one knows {VERSION}) and is left alone; \
         use that one, or choose another --data-dir"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version of the schema.
        found: i64,
    },
    /// The file is a database of another program.
    #[error("{path} is the database of another program and is left alone; choose another --data-dir")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("{path} is damaged and is left alone ({reason}); move it away, or choose another --data-dir")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The words of SQLite.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk has no room for {path}; make room, or lower --history-size")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Another program holds the database for longer than this one waits.
    #[error("{path} is in use by another program for too long; try again when that is done")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Another failure of SQLite.
    #[error("{path} can't be used: {reason}")]
    Other {
        /// The file.
        path: PathBuf,
        /// The words of SQLite.
        reason: String,
    },
    /// Nobody keeps runs here.
    #[error("this server keeps no runs: it was started with --no-history")]
    Off,
    /// The archive could not be opened, or its thread is gone.
    #[error("{0}")]
    Unusable(String),
    /// There is no such run.
    #[error("there is no kept run {0:?}")]
    NoSuchRun(String),
    /// Several runs have this beginning.
    #[error("several kept runs begin with {0:?}: give more of the id")]
    Ambiguous(String),
    /// The run is being written.
    #[error("run {0} is still written by a server; it can be deleted when it has ended")]
    StillRunning(RunId),
    /// The run was not deleted.
    #[error("run {0} is not deleted, so there is nothing to restore")]
    NotDeleted(RunId),
    /// The run was deleted and can be restored.
    #[error("run {0} is deleted; restore it first")]
    Deleted(RunId),
    /// A run of this id is there.
    #[error("run {0} is in the archive already; delete it first, or restore it if it is deleted")]
    IsThere(RunId),
    /// An imported text is not an exported run.
    #[error("line {line}: {problem}")]
    Import {
        /// The line, counted from 1.
        line: usize,
        /// The problem, and what was expected.
        problem: String,
    },
    /// An imported text could not be read.
    #[error("the run can't be read: {0}")]
    Read(std::io::Error),
    /// The name of a run is too long.
    #[error("a run's name has at most {most} characters, this one has {0}", most = ringleader_shared::api::MAX_RUN_NAME)]
    LongName(usize),
}

impl Error {
    /// The meaning of a failure of SQLite on this file.
    pub(super) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path, reason },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::NotWritable { path, reason }
            }
            _ => Self::Other { path, reason },
        }
    }

    /// A block, a row or a name in the file that can't be read.
    pub(super) fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.to_string() }
    }

    /// Whether the same may succeed later without anybody touching the archive's file.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Busy { .. } | Self::NotWritable { .. } | Self::Other { .. })
    }
}
