//! nginx for the tests of the page behind a proxy.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::process::{Run, apt_update, on_path};
use crate::tools;

/// The places where it is installed when it is not on the path of an ordinary user.
const USUAL: [&str; 2] = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"];

/// Finds nginx, or unpacks Debian's package among the tools. Prints a note where it fails: the tests that
/// need it are skipped.
pub(crate) fn find_or_unpack() -> Option<PathBuf> {
    if let Some(program) = USUAL.iter().map(PathBuf::from).find(|file| file.is_file()) {
        return Some(program);
    }
    match unpack() {
        Ok(program) => Some(program),
        Err(error) => {
            println!("There is no nginx, so the tests of the page behind a proxy are skipped: {error:#}");
            None
        }
    }
}

/// Unpacks Debian's package. It is not installed, because it would then serve port 80 of this machine.
fn unpack() -> anyhow::Result<PathBuf> {
    let folder = tools::home()?.join("nginx");
    let program = folder.join("usr/sbin/nginx");
    let works = || Run::new(&program, ["-v"]).succeeds();
    if works() {
        return Ok(program);
    }
    if !on_path("apt-get") || !on_path("dpkg-deb") {
        bail!("only Debian's packages can be unpacked here; install nginx");
    }
    println!("Unpacking Debian's nginx into {}, a few seconds …", folder.display());
    let _alone = tools::lock(&tools::home()?.join("nginx.lock"))?;
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let download = || Run::new("apt-get", ["download", "nginx"]).within(&folder).check_quietly();
    // A fresh machine has no list of packages yet.
    download().or_else(|_| apt_update().and_then(|()| download()))?;
    for package in packages(&folder)? {
        Run::new("dpkg-deb", ["--extract"]).arg(&package).arg(&folder).check_quietly()?;
        std::fs::remove_file(&package).with_context(|| format!("removing {}", package.display()))?;
    }
    if !works() {
        bail!("{} does not run: a library may be missing; install nginx", program.display());
    }
    Ok(program)
}

fn packages(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files.filter(|file| file.extension().is_some_and(|extension| extension == "deb")).collect())
}
