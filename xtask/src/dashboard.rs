//! Building the page with trunk, when it has changed.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::process::Run;
use crate::report::Report;
use crate::{tools, wasm};

/// Where trunk leaves the page; Trunk.toml says the same.
const DIST: &str = "target/dashboard";

/// What the page was last built from.
const STAMP: &str = "target/dashboard.stamp";

/// What the page is built from.
const SOURCES: [&str; 7] =
    ["frontend", "shared", "nodes/election", "nodes/simulator", "Cargo.toml", "Cargo.lock", "Trunk.toml"];

/// The most that the WASM may weigh, compressed.
const MAX_GZIPPED_KB: usize = 250;

/// Builds the page unless it is up to date.
pub(crate) fn build(report: &mut Report) -> anyhow::Result<()> {
    let stamp = format!("{:016x}", fingerprint()?);
    if std::fs::read_to_string(STAMP).is_ok_and(|old| old == stamp)
        && Path::new(DIST).join("index.html").is_file()
    {
        return Ok(());
    }
    let folders = report.step("tools for the page", tools::install)?;
    let environment = report.step("a compiler for the page", wasm::environment)?;
    report.step("the page", || {
        println!("Building the page, about 2 minutes the first time …");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path)))?;
        Run::new("trunk", ["build", "--release", "--offline", "--log", "warn"])
            .on_path(&path)
            .envs(&environment)
            .env("CARGO_TARGET_DIR", crate::root().join("target/wasm"))
            // Cargo sets these for xtask; the compiler of the page has its own.
            .without("CARGO")
            .without("RUSTC")
            .without("RUSTDOC")
            .without("NO_COLOR")
            .check()
    })?;
    std::fs::write(STAMP, stamp).context("noting what the page was built from")
}

/// Fails when the WASM weighs more than it may.
pub(crate) fn check_size() -> anyhow::Result<()> {
    for file in files(Path::new(DIST))? {
        if file.extension().is_some_and(|extension| extension == "wasm") {
            let raw = std::fs::metadata(&file)?.len() / 1000;
            let gzipped = Run::new("gzip", ["-9", "--stdout"]).arg(&file).output_len()? / 1000;
            println!("the page's WASM            {raw:>6} kB, {gzipped} kB gzipped");
            if gzipped > MAX_GZIPPED_KB {
                bail!("the WASM weighs {gzipped} kB gzipped; it may weigh {MAX_GZIPPED_KB}");
            }
        }
    }
    Ok(())
}

/// A number that changes with any source of the page.
fn fingerprint() -> anyhow::Result<u64> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        for file in files(Path::new(source))? {
            file.hash(&mut hasher);
            std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?.hash(&mut hasher);
        }
    }
    Ok(hasher.finish())
}

/// All files below, sorted; the file itself when it is one.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).with_context(|| format!("reading {}", path.display()))? {
        found.extend(files(&entry?.path())?);
    }
    found.sort();
    Ok(found)
}
