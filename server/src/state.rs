//! The directory in which nodes keep what they promise.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

const PREFIX: &str = "ringleader-";

/// The directory; one that was made for this server goes with this value.
#[derive(Debug)]
pub enum State {
    /// Chosen by the user, and left there.
    Chosen(PathBuf),
    /// Made for this server.
    Fresh(TempDir),
}

impl State {
    /// Opens the directory that the user chose, or makes one.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn open(chosen: Option<&Path>) -> anyhow::Result<Self> {
        match chosen {
            Some(path) => {
                std::fs::create_dir_all(path)
                    .with_context(|| format!("making the directory {} (--state-dir)", path.display()))?;
                Ok(Self::Chosen(path.to_owned()))
            }
            None => {
                let directory = std::env::temp_dir();
                sweep(&directory, |pid| Path::new("/proc").join(pid.to_string()).exists());
                let made = tempfile::Builder::new()
                    .prefix(&format!("{PREFIX}{}-", std::process::id()))
                    .tempdir_in(directory);
                Ok(Self::Fresh(
                    made.context("making a directory for what nodes promise; choose one by --state-dir")?,
                ))
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Chosen(path) => path,
            Self::Fresh(directory) => directory.path(),
        }
    }
}

/// Removes what servers left behind that were killed before they could. What can't be removed stays: it is in nobody's way.
fn sweep(directory: &Path, is_alive: impl Fn(u32) -> bool) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok());
        if pid.is_some_and(|pid| !is_alive(pid)) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_server_left_is_swept_away_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["ringleader-12-abc", "ringleader-13-abc", "ringleader-x-abc", "ringleader-abc", "12-abc"]
        {
            std::fs::create_dir(directory.path().join(name)).expect("a directory");
        }
        sweep(directory.path(), |pid| pid == 13);
        let entries = std::fs::read_dir(directory.path()).expect("it is there").flatten();
        let mut left: Vec<_> = entries.map(|entry| entry.file_name().into_string().expect("text")).collect();
        left.sort();
        assert_eq!(left, ["12-abc", "ringleader-13-abc", "ringleader-abc", "ringleader-x-abc"]);
    }
}
