//! The allowed dependencies between crates, and the crates that must stay pure. docs/architecture.md gives
//! the reasons.

use anyhow::bail;

use crate::process::Run;

/// Crates that must build for wasm32: no sockets, clocks or threads, and no randomness of their own.
pub(crate) const PURE: [&str; 3] = ["ringleader-shared", "ringleader-election", "ringleader-simulator"];

/// Crates that must not be anywhere below a pure crate.
const IMPURE: [&str; 5] = ["async-std", "getrandom", "mio", "rand", "tokio"];

/// The crates of this project that each may depend on, and no others.
const MAY_DEPEND_ON: [(&str, &[&str]); 9] = [
    ("ringleader-shared", &[]),
    ("ringleader-election", &["ringleader-shared"]),
    ("ringleader-simulator", &["ringleader-shared", "ringleader-election"]),
    ("ringleader-checker", &["ringleader-shared", "ringleader-election"]),
    ("ringleader-node", &["ringleader-shared", "ringleader-election"]),
    ("ringleader", &["ringleader-shared", "ringleader-node", "ringleader-simulator"]),
    ("ringleader-frontend", &["ringleader-shared", "ringleader-simulator"]),
    // For tests only: it may depend on the crates that it drives, and only a dev-dependency may name it.
    ("ringleader-testing", &["ringleader-shared", "ringleader-election", "ringleader-simulator"]),
    ("xtask", &[]),
];

/// Fails when a crate depends on one that it must not know.
pub(crate) fn check() -> anyhow::Result<()> {
    for member in names(&["--workspace", "--depth", "0"])? {
        if !MAY_DEPEND_ON.iter().any(|(package, _)| *package == member) {
            bail!("{member} has no place in the law yet: give it one in xtask/src/architecture.rs");
        }
    }
    for (package, allowed) in MAY_DEPEND_ON {
        for name in names(&["--package", package, "--depth", "1"])? {
            let is_ours = name != package && MAY_DEPEND_ON.iter().any(|(other, _)| *other == name);
            if is_ours && !allowed.contains(&name.as_str()) {
                bail!("{package} must not depend on {name}: see docs/architecture.md");
            }
        }
    }
    for package in PURE {
        for name in names(&["--package", package])? {
            if IMPURE.contains(&name.as_str()) {
                bail!(
                    "{package} must not have {name} in its tree. `cargo tree -p {package} -e normal -i {name}` shows who \
                     brings it"
                );
            }
        }
    }
    println!("{} crates, each with only the dependencies it may have", MAY_DEPEND_ON.len());
    Ok(())
}

/// The names in a dependency tree, tests' own dependencies left out.
fn names(flags: &[&str]) -> anyhow::Result<Vec<String>> {
    let listed = Run::cargo(["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .args(flags)
        .output()?;
    Ok(listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}
