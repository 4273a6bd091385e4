//! Building the page with trunk, when it has changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::forms;
use crate::process::Run;
use crate::report::Report;
use crate::split::{self, main_wasm};
use crate::tools::{self, Tools};
use crate::versions;
use crate::wasm::{self, Compiler};

/// The folder of the page, as in Trunk.toml.
pub(crate) const DIST: &str = "target/dashboard";

/// The file with the fingerprint of the page's last build and its quality.
const STAMP: &str = "target/dashboard.stamp";

/// In the stamp: built with wasm-opt.
const SMALL: &str = "with wasm-opt";

/// In the stamp: built without wasm-opt.
const LARGE: &str = "without wasm-opt";

/// In the stamp: built quickly, not well.
const ROUGH: &str = "for trying";

/// The cargo profile of the page that is shipped.
const PROFILE: &str = "wasm-release";

/// The cargo profile of a page that is built quickly.
const ROUGH_PROFILE: &str = "wasm-dev";

/// The sources of the page.
const SOURCES: [&str; 7] =
    ["frontend", "shared", "nodes/election", "nodes/simulator", "Cargo.toml", "Cargo.lock", "Trunk.toml"];

/// The largest size of the live page in bytes: all that is loaded before anything is opened, by brotli.
const MAX_SENT: u64 = 310_000;

/// The quality of a build of the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quality {
    /// As it is shipped.
    Final,
    /// Large and slow, but built in seconds.
    Rough,
}

/// Builds the page unless it is up to date.
pub(crate) fn build(report: &mut Report) -> anyhow::Result<()> {
    build_as(Quality::Final, report)
}

/// Builds the page unless it is up to date: quickly, for trying a change out.
pub(crate) fn build_for_trying(report: &mut Report) -> anyhow::Result<()> {
    build_as(Quality::Rough, report)
}

fn build_as(quality: Quality, report: &mut Report) -> anyhow::Result<()> {
    if is_up_to_date(&fingerprint()?, quality) {
        return Ok(());
    }
    // trunk clears its folder before it fills it: two builds at once would delete each other's files.
    std::fs::create_dir_all("target").context("making target")?;
    let _alone = tools::lock(Path::new("target/dashboard.lock"))?;
    // Taken before the build: a file that changes during it counts as changed after it.
    let fingerprint = fingerprint()?;
    if is_up_to_date(&fingerprint, quality) {
        return Ok(());
    }
    let tools = report.step("tools for the page", Tools::install)?;
    let compiler = report.step("compiler for the page", Compiler::install)?;
    report.step("downloads for the page", || compiler.fetch())?;
    report.step("the page", || {
        let minutes = if quality == Quality::Final { 3 } else { 1 };
        println!("Building the page: about {minutes} min on 2 cores the first time …");
        let trunk = |arguments: &[&str]| trunk(&tools, &compiler, quality, arguments);
        if quality == Quality::Final {
            // Its own program is not of use: it would look for its chunks in vain.
            trunk(&["--dist", DIST, "--features", "split"])?;
            let program = split::split(&tools, &compiled(), Path::new(DIST))?;
            forms::replace_program(Path::new(DIST), &program)?;
            forms::write_viewers_page(Path::new(DIST))?;
            return forms::compress(&files(Path::new(DIST))?);
        }
        // A page for trying is built often and goes no further than this machine: one program, uncompressed.
        trunk(&["--dist", DIST])?;
        forms::write_viewers_page(Path::new(DIST))
    })?;
    let how = match quality {
        Quality::Rough => ROUGH,
        Quality::Final if tools.wasm_opt => SMALL,
        Quality::Final => LARGE,
    };
    std::fs::write(STAMP, format!("{fingerprint} {how}")).with_context(|| format!("writing {STAMP}"))
}

fn trunk(tools: &Tools, compiler: &Compiler, quality: Quality, arguments: &[&str]) -> anyhow::Result<()> {
    let profile = if quality == Quality::Rough { ROUGH_PROFILE } else { PROFILE };
    let trunk = Run::new("trunk", ["build", "--offline", "--log", "warn", "--cargo-profile", profile])
        .args(arguments)
        .on_path(&tools.path()?);
    // trunk takes NO_COLOR=1 for a faulty flag of its own, and hides its errors in its own stack traces.
    compiler.compiles(trunk).without("NO_COLOR").without("RUST_BACKTRACE").check_with_progress()
}

/// The program that cargo has built, before wasm-bindgen.
fn compiled() -> PathBuf {
    let target = Path::new("target/wasm").join(wasm::TARGET);
    target.join(PROFILE).join("ringleader-frontend.wasm")
}

/// Prints the sizes of the page and of the chunks of its program; fails when the live page is above the
/// limit.
pub(crate) fn check_size() -> anyhow::Result<()> {
    let dist = Path::new(DIST);
    let program = split::folder(dist)?;
    let name = |file: &Path| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut all = files(dist)?;
    all.retain(|file| !forms::is_further(&name(file)));
    let is_chunk =
        |file: &Path| file.extension().is_some_and(|it| it == "wasm") && *file != main_wasm(&program);
    let (chunks, live): (Vec<_>, Vec<_>) = all.into_iter().partition(|file| is_chunk(file));
    let sent = |files: &[PathBuf], suffix: &str| -> anyhow::Result<u64> {
        files.iter().map(|file| size_as_sent(file, suffix)).sum()
    };
    let print = |what: &str, files: &[PathBuf]| -> anyhow::Result<()> {
        println!(
            "{what:<26} {:>6} kB, as it goes out: {} kB by gzip, {} kB by brotli",
            sent(files, "")? / 1000,
            sent(files, ".gz")? / 1000,
            sent(files, ".br")? / 1000
        );
        Ok(())
    };
    print("the live page", &live)?;
    for chunk in &chunks {
        print(&format!("  {}", name(chunk)), std::slice::from_ref(chunk))?;
    }
    print("the chunks, all", &chunks)?;
    let is_compressed = size_as_sent(&main_wasm(&program), ".br")? < size_as_sent(&main_wasm(&program), "")?;
    let size = sent(&live, ".br")?;
    if std::fs::read_to_string(STAMP).is_ok_and(|stamp| stamp.ends_with(LARGE)) {
        println!("That is no measure: it was built without wasm-opt, which npm would have installed.");
    } else if !is_compressed {
        println!("That is no measure: it is not compressed, which Node.js would have done.");
    } else if size > MAX_SENT {
        bail!("the live page weighs {size} bytes by brotli; it may weigh {MAX_SENT}");
    }
    Ok(())
}

/// The size of a file in bytes; of its compressed form where there is one.
fn size_as_sent(file: &Path, suffix: &str) -> anyhow::Result<u64> {
    let mut packed = file.as_os_str().to_owned();
    packed.push(suffix);
    let metadata = std::fs::metadata(&packed).or_else(|_| std::fs::metadata(file));
    Ok(metadata.with_context(|| format!("looking at {}", file.display()))?.len())
}

/// Whether a build of at least this quality is up to date.
fn is_up_to_date(fingerprint: &str, quality: Quality) -> bool {
    Path::new(DIST).join("index.html").is_file()
        && std::fs::read_to_string(STAMP).is_ok_and(|old| {
            old.starts_with(fingerprint) && (quality == Quality::Rough || !old.ends_with(ROUGH))
        })
}

/// A text that changes with any source of the page and any tool that builds it.
fn fingerprint() -> anyhow::Result<String> {
    let mut hasher = DefaultHasher::new();
    (versions::TRUNK, versions::WASM_SPLIT, versions::BINARYEN, versions::ESBUILD, versions::LLD)
        .hash(&mut hasher);
    wasm::rustflags().hash(&mut hasher);
    include_str!("forms.rs").hash(&mut hasher);
    include_str!("imports.rs").hash(&mut hasher);
    include_str!("split.rs").hash(&mut hasher);
    for source in SOURCES {
        for file in files(Path::new(source))? {
            file.hash(&mut hasher);
            std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?.hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// All files below a folder, sorted; for a file the file itself.
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
