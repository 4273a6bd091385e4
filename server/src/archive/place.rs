//! The directory of the archive, and the locks by which servers that share it know one another.
//!
//! Each server holds the lock on a file of its own for as long as it runs; the kernel releases it however the
//! server ends. A run whose server's lock is free did not end by itself.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::error::Error;

/// The file of the database in the directory.
pub const DATABASE: &str = "runs.db";

/// The beginning of the name of a server's lock.
const LOCK_PREFIX: &str = "server-";

/// The end of that name.
const LOCK_SUFFIX: &str = ".lock";

/// Returns the platform's directory for data of this program, whether it is there or not.
///
/// # Errors
/// When the environment names none.
pub fn default_directory() -> Result<PathBuf, Error> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    directory_from(absolute("XDG_DATA_HOME"), absolute("HOME")).ok_or(Error::NoDirectory)
}

/// The directory that follows from XDG_DATA_HOME and the home directory.
fn directory_from(data_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let usual = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    data_home.or_else(|| home.map(|home| home.join(usual))).map(|data| data.join("ringleader"))
}

/// Makes the directory.
pub(super) fn make(directory: &Path) -> Result<(), Error> {
    fs::create_dir_all(directory).map_err(|error| not_writable(directory, &error))
}

fn not_writable(directory: &Path, error: &std::io::Error) -> Error {
    Error::NotWritable { path: directory.to_owned(), reason: error.to_string() }
}

/// The lock of one server. Its file is removed when this value is dropped.
#[derive(Debug)]
pub(super) struct ServerLock {
    name: String,
    path: PathBuf,
    _file: File,
}

impl ServerLock {
    /// Takes a lock of its own in this directory.
    pub(super) fn take(directory: &Path) -> Result<Self, Error> {
        let name = Uuid::new_v4().to_string();
        let path = lock_path(directory, &name);
        // It gets its name when it is locked, so that nobody takes it for one that a killed server left.
        let fresh = path.with_extension("new");
        let lock = || {
            let file = OpenOptions::new().write(true).create_new(true).open(&fresh)?;
            file.lock()?;
            fs::rename(&fresh, &path)?;
            Ok(file)
        };
        let file = lock().map_err(|error: std::io::Error| not_writable(directory, &error))?;
        Ok(Self { name, path, _file: file })
    }

    /// The name that the runs of this server carry.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether another server uses this directory now. Locks of servers that were killed are removed.
    pub(super) fn is_shared(&self, directory: &Path) -> bool {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(name.strip_prefix(LOCK_PREFIX)?.strip_suffix(LOCK_SUFFIX)?.to_owned())
        });
        let mut is_shared = false;
        for name in names.filter(|name| *name != self.name) {
            if is_alive(directory, &name) {
                is_shared = true;
            } else {
                let _ = fs::remove_file(lock_path(directory, &name));
            }
        }
        is_shared
    }
}

impl Drop for ServerLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn lock_path(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{LOCK_PREFIX}{name}{LOCK_SUFFIX}"))
}

/// Whether the server with the lock of this name runs.
pub(super) fn is_alive(directory: &Path, name: &str) -> bool {
    let Ok(file) = File::open(lock_path(directory, name)) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_follows_the_environment() {
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(directory_from(path("/data"), path("/home/me")), path("/data/ringleader"));
        assert_eq!(directory_from(None, None), None);
        let usual = directory_from(None, path("/home/me")).expect("a directory");
        assert!(usual.starts_with("/home/me") && usual.ends_with("ringleader"), "{}", usual.display());
    }

    #[test]
    fn a_server_is_alive_as_long_as_it_holds_its_lock() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = ServerLock::take(directory.path()).expect("a lock");
        assert!(!first.is_shared(directory.path()));
        let second = ServerLock::take(directory.path()).expect("a lock");
        assert!(is_alive(directory.path(), second.name()) && first.is_shared(directory.path()));
        let name = second.name().to_owned();
        // What a server that was killed leaves: its file, without a lock.
        drop(second);
        fs::write(lock_path(directory.path(), &name), "").expect("it is written");
        assert!(!is_alive(directory.path(), &name) && !first.is_shared(directory.path()));
        assert!(!lock_path(directory.path(), &name).exists(), "it was removed");
    }
}
