//! The tools that build and test the page, and their installation.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::process::{self, Run};
use crate::versions;

/// Settings of a quick build: the tools run a few times on small inputs.
const QUICK_BUILD: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

/// The tools of the page, all installed.
pub(crate) struct Tools {
    /// The folders to put in front of the path.
    folders: Vec<PathBuf>,
    /// Whether wasm-opt is among them.
    pub(crate) wasm_opt: bool,
    /// Whether esbuild is among them.
    pub(crate) esbuild: bool,
}

impl Tools {
    /// Installs what is missing.
    pub(crate) fn install() -> anyhow::Result<Self> {
        let home = home()?;
        // Two installations at once would compile the same tools twice, and delete each other's files.
        let _alone = lock(&home.join("lock"))?;
        let bindgen_version = versions::wasm_bindgen()?;
        let bindgen = home.join(format!("wasm-bindgen-{bindgen_version}"));
        if !bindgen.join("bin/wasm-bindgen").is_file() {
            announce(
                "wasm-bindgen",
                &bindgen_version,
                "connects the page's WASM to the browser",
                "1 minute",
                &bindgen,
            );
            // Without --locked: its lock file may name versions that were withdrawn.
            cargo_install(&home, &bindgen, &["wasm-bindgen-cli", "--version", &bindgen_version])?;
        }
        let trunk = home.join(format!("trunk-{}", versions::TRUNK));
        if !trunk.join("bin/trunk").is_file() {
            announce("trunk", versions::TRUNK, "builds the page", "3 minutes", &trunk);
            // Without default features: it never downloads anything here, and needs no TLS for that.
            cargo_install(
                &home,
                &trunk,
                &["trunk", "--locked", "--version", versions::TRUNK, "--no-default-features"],
            )?;
        }
        let split = home.join(format!("wasm-split-{}", versions::WASM_SPLIT));
        if !split.join("bin/wasm-split-cli").is_file() {
            announce("wasm-split-cli", versions::WASM_SPLIT, "splits the page's WASM", "1 minute", &split);
            let package = ["wasm_split_cli_support", "--locked", "--version", versions::WASM_SPLIT];
            cargo_install(&home, &split, &[package.as_slice(), &["--features", "build-binary"]].concat())?;
        }
        // All are installed: the files of their builds are not needed any more. A folder that stays does no
        // harm.
        let _ = std::fs::remove_dir_all(home.join("building"));
        let mut folders = vec![trunk.join("bin"), bindgen.join("bin"), split.join("bin")];
        let (binaryen, esbuild) = (binaryen(&home)?, esbuild(&home)?);
        let (wasm_opt, has_esbuild) = (binaryen.is_some(), esbuild.is_some());
        folders.extend(binaryen.into_iter().chain(esbuild));
        Ok(Self { folders, wasm_opt, esbuild: has_esbuild })
    }

    /// The path with their folders in front.
    pub(crate) fn path(&self) -> anyhow::Result<OsString> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(self.folders.iter().cloned().chain(std::env::split_paths(&path)))
            .context("putting the tools on the path")
    }
}

/// Takes this lock, and waits for it if need be. It is released when the file is dropped or the process ends.
pub(crate) fn lock(path: &Path) -> anyhow::Result<File> {
    let lock = File::create(path).with_context(|| format!("making {}", path.display()))?;
    if lock.try_lock().is_err() {
        println!("Another cargo xtask is at it: waiting for it to end …");
        lock.lock().with_context(|| format!("waiting for {}", path.display()))?;
    }
    Ok(lock)
}

fn announce(tool: &str, version: &str, purpose: &str, duration: &str, into: &Path) {
    println!(
        "Installing {tool} {version}, which {purpose}, into {}: about {duration} on 2 cores …",
        into.display()
    );
}

/// wasm-opt's folder. Without npm the page is built all the same, and is larger.
fn binaryen(home: &Path) -> anyhow::Result<Option<PathBuf>> {
    let package = Package { name: "binaryen", version: versions::BINARYEN };
    let is_sound = |modules: &Path| Run::new(modules.join(".bin/wasm-opt"), ["--version"]).check_quietly();
    let modules = package.install(home, "makes the page small", is_sound)?;
    if modules.is_none() {
        println!("Without wasm-opt the page will be larger than it could be.");
    }
    Ok(modules.map(|modules| modules.join(".bin")))
}

/// esbuild's folder. Without npm the page's script goes out as it was written.
fn esbuild(home: &Path) -> anyhow::Result<Option<PathBuf>> {
    let package = Package { name: "esbuild", version: versions::ESBUILD };
    let is_sound = |modules: &Path| Run::new(modules.join(".bin/esbuild"), ["--version"]).check_quietly();
    let modules = package.install(home, "makes the page's script small", is_sound)?;
    Ok(modules.map(|modules| modules.join(".bin")))
}

/// The script of axe-core, with which the browser tests check the accessibility of the page. Without npm
/// those tests are skipped.
pub(crate) fn axe() -> anyhow::Result<Option<PathBuf>> {
    let home = home()?;
    let _alone = lock(&home.join("lock"))?;
    let package = Package { name: "axe-core", version: versions::AXE };
    let script = |modules: &Path| modules.join("axe-core/axe.min.js");
    let is_sound =
        |modules: &Path| std::fs::metadata(script(modules)).map(drop).context("looking for axe.min.js");
    let modules = package.install(&home, "looks for what bars people from the page", is_sound)?;
    if modules.is_none() {
        println!("Without axe-core the tests of accessibility are skipped.");
    }
    Ok(modules.map(|modules| script(&modules)))
}

/// A Python package in an environment of its own.
struct PythonPackage {
    name: &'static str,
    version: &'static str,
    /// Its purpose, as the end of a sentence.
    purpose: &'static str,
    duration: &'static str,
    /// The program of the environment that is wanted.
    program: &'static str,
    /// The test that is skipped without it.
    test: &'static str,
}

impl PythonPackage {
    /// Its program. `None` without Python, and where it can't be installed.
    fn install(&self) -> anyhow::Result<Option<PathBuf>> {
        let Self { name, version, .. } = self;
        let home = home()?;
        let _alone = lock(&home.join("lock"))?;
        let folder = home.join(format!("{name}-{version}"));
        let program = folder.join("bin").join(self.program);
        if program.is_file() {
            return Ok(Some(program));
        }
        if !process::on_path("python3") {
            println!("There is no python3 to install {name} with: {} is skipped.", self.test);
            return Ok(None);
        }
        announce(name, version, self.purpose, self.duration, &folder);
        let installed = Run::new("python3", ["-m", "venv"]).arg(&folder).check_quietly().and_then(|()| {
            Run::new(folder.join("bin/pip"), ["install", "--quiet", "--disable-pip-version-check"])
                .arg(format!("{name}=={version}"))
                .check_quietly()
        });
        let is_there = keep_whole(name, &folder, installed)?;
        if !is_there {
            println!("Without {name} {} is skipped.", self.test);
        }
        Ok(is_there.then_some(program))
    }
}

/// The program of schemathesis, which tests the API against its document. Without Python that test is
/// skipped.
pub(crate) fn schemathesis() -> anyhow::Result<Option<PathBuf>> {
    let package = PythonPackage {
        name: "schemathesis",
        version: versions::SCHEMATHESIS,
        purpose: "tests the API against its document",
        duration: "20 seconds",
        program: "st",
        test: "the test of the API against its document",
    };
    package.install()
}

/// A Python that has the message definitions of Perfetto. Without Python the test with them is skipped.
pub(crate) fn perfetto() -> anyhow::Result<Option<PathBuf>> {
    let package = PythonPackage {
        name: "perfetto",
        version: versions::PERFETTO,
        purpose: "reads an exported trace back",
        duration: "20 seconds",
        program: "python",
        test: "the test of traces with Perfetto's own message definitions",
    };
    package.install()
}

/// Removes the folder of a tool whose installation failed: a half-installed one must not be taken for a good
/// one next time. Returns whether the tool is there.
fn keep_whole(name: &str, folder: &Path, installed: anyhow::Result<()>) -> anyhow::Result<bool> {
    let Err(error) = installed else { return Ok(true) };
    // An installation that failed early has made no folder.
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    println!("{name} can't be installed: {error:#}");
    Ok(false)
}

/// A package of npm, in a folder of its own.
struct Package {
    name: &'static str,
    version: &'static str,
}

impl Package {
    /// Returns the `node_modules` that it is in, installed if need be; `None`, with a note, where npm is
    /// missing or fails.
    fn install(
        &self,
        home: &Path,
        purpose: &str,
        is_sound: impl Fn(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<Option<PathBuf>> {
        let Self { name, version } = self;
        let folder = home.join(format!("{name}-{version}"));
        let modules = folder.join("node_modules");
        if modules.join(name).is_dir() {
            return Ok(Some(modules));
        }
        if !process::on_path("npm") {
            println!("There is no npm to install {name} with.");
            return Ok(None);
        }
        announce(name, version, purpose, "5 seconds", &folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let installed = Run::new("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg(format!("{name}@{version}"))
            .check_quietly()
            .and_then(|()| is_sound(&modules));
        Ok(keep_whole(name, &folder, installed)?.then_some(modules))
    }
}

fn cargo_install(home: &Path, into: &Path, flags: &[&str]) -> anyhow::Result<()> {
    let quick = QUICK_BUILD.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Run::cargo(["install", "--force", "--root"])
        .arg(into)
        .args(flags)
        .envs(&quick)
        .env("CARGO_TARGET_DIR", home.join("building"))
        .check_with_progress()
}

/// The folder of the tools.
pub(crate) fn home() -> anyhow::Result<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = from("XDG_CACHE_HOME").or_else(|| from("HOME").map(|home| home.join(".cache")));
    let home = from("RINGLEADER_TOOLS").or_else(|| cache.map(|cache| cache.join("ringleader/tools")));
    let home = home.context("neither RINGLEADER_TOOLS nor HOME is set: say where the tools may be kept")?;
    std::fs::create_dir_all(&home).with_context(|| format!("making {}", home.display()))?;
    Ok(home)
}
