//! The tools that build the page: which versions, where they are kept, how they get there.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::process::{self, Run};

/// trunk's version. wasm-bindgen's is in Cargo.lock, which must match it exactly.
const TRUNK: &str = "0.21.14";

/// The version of the npm package `binaryen`, which has wasm-opt.
const BINARYEN: &str = "132.0.0";

/// Tools are run a few times on small inputs: what counts is that they are compiled soon.
const QUICK_BUILD: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

/// The folders to put in front of the path, after installing what is missing.
pub(crate) fn install() -> anyhow::Result<Vec<PathBuf>> {
    let home = home()?;
    let bindgen_version = locked_version("wasm-bindgen")?;
    let bindgen = home.join(format!("wasm-bindgen-{bindgen_version}"));
    if !bindgen.join("bin/wasm-bindgen").is_file() {
        println!(
            "Installing wasm-bindgen {bindgen_version} into {}, about 1 minute on 2 cores …",
            bindgen.display()
        );
        // Without --locked: its lock file may name versions that were withdrawn.
        cargo_install(&home, &bindgen, &["wasm-bindgen-cli", "--version", &bindgen_version])?;
    }
    let trunk = home.join(format!("trunk-{TRUNK}"));
    if !trunk.join("bin/trunk").is_file() {
        println!("Installing trunk {TRUNK} into {}, about 3 minutes on 2 cores …", trunk.display());
        let flags =
            ["trunk", "--locked", "--version", TRUNK, "--no-default-features", "--features", "rustls"];
        cargo_install(&home, &trunk, &flags)?;
    }
    // Both are there: what they were built with is of no more use. A folder that stays does no harm.
    let _ = std::fs::remove_dir_all(home.join("building"));
    let mut folders = vec![trunk.join("bin"), bindgen.join("bin")];
    folders.extend(binaryen(&home)?);
    Ok(folders)
}

/// wasm-opt's folder. Without npm the page is built all the same, and is larger.
fn binaryen(home: &Path) -> anyhow::Result<Option<PathBuf>> {
    let folder = home.join(format!("binaryen-{BINARYEN}"));
    let bin = folder.join("node_modules/.bin");
    if !bin.join("wasm-opt").exists() {
        if !process::on_path("npm") {
            println!(
                "npm is not there, so wasm-opt can't be installed: the page will be larger than it could be."
            );
            return Ok(None);
        }
        println!("Installing wasm-opt (binaryen {BINARYEN}) into {}, a few seconds …", folder.display());
        std::fs::create_dir_all(&folder)?;
        Run::new("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg(format!("binaryen@{BINARYEN}"))
            .check_quietly()?;
    }
    Ok(Some(bin))
}

fn cargo_install(home: &Path, into: &Path, flags: &[&str]) -> anyhow::Result<()> {
    let quick = QUICK_BUILD.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Run::cargo(["install", "--quiet", "--force", "--root"])
        .arg(into)
        .args(flags)
        .envs(&quick)
        .env("CARGO_TARGET_DIR", home.join("building"))
        .check()
}

/// Where the tools are kept.
fn home() -> anyhow::Result<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = from("XDG_CACHE_HOME").or_else(|| from("HOME").map(|home| home.join(".cache")));
    let home = from("RINGLEADER_TOOLS").or_else(|| cache.map(|cache| cache.join("ringleader/tools")));
    let home = home.context("neither RINGLEADER_TOOLS nor HOME is set: say where the tools may be kept")?;
    std::fs::create_dir_all(&home).with_context(|| format!("making {}", home.display()))?;
    Ok(home)
}

/// The version of a package in Cargo.lock.
fn locked_version(package: &str) -> anyhow::Result<String> {
    let lock = std::fs::read_to_string("Cargo.lock").context("reading Cargo.lock")?;
    let header = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != header);
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    match version {
        Some(version) => Ok(version.to_owned()),
        None => bail!("Cargo.lock has no {package}"),
    }
}
