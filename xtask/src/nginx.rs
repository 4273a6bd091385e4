//! nginx for the tests of the page behind a proxy.

use std::path::PathBuf;

use crate::packages;

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

fn unpack() -> anyhow::Result<PathBuf> {
    const PROGRAM: &str = "usr/sbin/nginx";
    Ok(packages::unpack("nginx", &["nginx"], PROGRAM, "-v")?.join(PROGRAM))
}
