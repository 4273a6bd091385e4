//! The directory in which nodes keep what they promise.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

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
                let made = tempfile::Builder::new().prefix("ringleader-").tempdir();
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
