//! Debian's packages, unpacked among the tools. They are not installed: their services would start then.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::process::{Run, apt_update, on_path};
use crate::tools;

/// Unpacks packages into the folder of this name among the tools, unless this program is there and answers to
/// this flag. Returns the folder.
pub(crate) fn unpack(
    name: &str,
    packages: &[&str],
    program: &str,
    answers_to: &str,
) -> anyhow::Result<PathBuf> {
    let folder = tools::home()?.join(name);
    let program = folder.join(program);
    let libraries = folder.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
    let works = || Run::new(&program, [answers_to]).env("LD_LIBRARY_PATH", &libraries).succeeds();
    if works() {
        return Ok(folder);
    }
    let list = packages.join(", ");
    if !on_path("apt-get") || !on_path("dpkg-deb") {
        bail!("only Debian's packages can be unpacked here; install {list}");
    }
    println!("Unpacking Debian's {list} into {}, a few seconds …", folder.display());
    let _alone = tools::lock(&tools::home()?.join(format!("{name}.lock")))?;
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let download = || Run::new("apt-get", ["download"]).args(packages).within(&folder).check_quietly();
    // A fresh machine has no list of packages yet.
    download().or_else(|_| apt_update().and_then(|()| download()))?;
    for package in downloaded(&folder)? {
        Run::new("dpkg-deb", ["--extract"]).arg(&package).arg(&folder).check_quietly()?;
        std::fs::remove_file(&package).with_context(|| format!("removing {}", package.display()))?;
    }
    if !works() {
        bail!("{} does not run: a library may be missing; install {list}", program.display());
    }
    Ok(folder)
}

fn downloaded(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files.filter(|file| file.extension().is_some_and(|extension| extension == "deb")).collect())
}
