//! The versions of the tools, in no other place. A changed version here is installed by the next run.

use anyhow::{Context, bail};

/// The builder of the page, a crate.
pub(crate) const TRUNK: &str = "0.21.14";

/// The splitter of the page's program, a crate.
pub(crate) const WASM_SPLIT: &str = "0.2.4";

/// The npm package `binaryen`, which has wasm-opt.
pub(crate) const BINARYEN: &str = "132.0.0";

/// The npm package `esbuild`, which makes scripts small.
pub(crate) const ESBUILD: &str = "0.25.12";

/// The npm package `axe-core`, which checks pages for accessibility.
pub(crate) const AXE: &str = "4.14.1";

/// The Python package `schemathesis`, which tests the API against its document.
pub(crate) const SCHEMATHESIS: &str = "4.32.5";

/// The Python package `perfetto`, with whose message definitions an exported trace is read back.
pub(crate) const PERFETTO: &str = "0.59.1";

/// The linker that goes with Debian's compiler, a Debian package.
pub(crate) const LLD: &str = "22";

/// The maker of the page's glue code, a crate: it must match the library of the same name exactly, so
/// Cargo.lock knows.
pub(crate) fn wasm_bindgen() -> anyhow::Result<String> {
    let lock = std::fs::read_to_string("Cargo.lock").context("reading Cargo.lock")?;
    match locked(&lock, "wasm-bindgen") {
        Some(version) => Ok(version.to_owned()),
        None => bail!("Cargo.lock has no wasm-bindgen, which the page needs: run `cargo update --workspace`"),
    }
}

/// The version of a package in this lock file.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let header = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != header);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.50\"\n\n\
                        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"…\"\n";

    #[test]
    fn the_lock_file_knows_the_version_of_the_package_of_exactly_that_name() {
        assert_eq!(locked(LOCK, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked(LOCK, "wasm"), None);
    }
}
