//! A browser for the tests.

use std::path::{Path, PathBuf};

use crate::process::{self, Run};

/// Names under which Chromium goes.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Chromium and its driver.
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) chromedriver: PathBuf,
}

impl Browser {
    /// Names the browser to a program that drives one.
    pub(crate) fn drives(&self, program: Run) -> Run {
        program.env("RINGLEADER_CHROMIUM", &self.chromium).env("RINGLEADER_CHROMEDRIVER", &self.chromedriver)
    }
}

/// Finds Chromium and chromedriver; installs them where Debian's packages can be had.
pub(crate) fn install() -> anyhow::Result<Browser> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    process::apt_install(&["chromium", "chromium-driver", "fonts-dejavu-core"], "Chromium and its driver")?;
    find().ok_or_else(|| anyhow::anyhow!("Chromium or chromedriver is still not on the path"))
}

fn find() -> Option<Browser> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let which = |program: &str| {
        std::env::split_paths(&path)
            .map(|folder: PathBuf| folder.join(program))
            .find(|file: &PathBuf| Path::is_file(file))
    };
    Some(Browser { chromium: CHROMIUM.into_iter().find_map(which)?, chromedriver: which("chromedriver")? })
}
