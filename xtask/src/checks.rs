//! What CI checks.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::process::Run;
use crate::report::Report;
use crate::{browser, dashboard, wasm};

/// Crates that must build for wasm32 and have no tokio in their tree.
const PURE: [&str; 3] = ["ringleader-shared", "ringleader-election", "ringleader-simulator"];

/// Which of our crates each may depend on. Nothing else, or the arrows would turn round.
const MAY_DEPEND_ON: [(&str, &[&str]); 7] = [
    ("ringleader-shared", &[]),
    ("ringleader-election", &["ringleader-shared"]),
    ("ringleader-simulator", &["ringleader-shared", "ringleader-election"]),
    ("ringleader-node", &["ringleader-shared", "ringleader-election"]),
    ("ringleader", &["ringleader-shared", "ringleader-node"]),
    ("ringleader-frontend", &["ringleader-shared", "ringleader-simulator"]),
    ("xtask", &[]),
];

/// Licences that may be built into the product.
const LICENCES: [&str; 14] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "0BSD",
];

/// Runs all checks; the later ones also when an earlier one failed.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    report.check("formatting", || Run::cargo(["fmt", "--all", "--check"]).check());
    report.check("who depends on whom", dependency_direction);
    report.check("licences and sources of dependencies", licences);
    report.check("clippy", || {
        Run::cargo(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]).check()
    });
    let mut page = Report::default();
    report.check("the page", || {
        dashboard::build(&mut page)?;
        page.print_if_slow();
        dashboard::check_size()
    });
    report.check("the core builds for wasm32", core_for_wasm);
    let mut browser = None;
    report.check("a browser", || {
        browser = Some(browser::install()?);
        Ok(())
    });
    report.check("tests", || {
        let mut tests = Run::cargo(["test", "--workspace", "--no-fail-fast"]);
        if let Some(browser) = &browser {
            tests = tests
                .env("RINGLEADER_CHROMIUM", &browser.chromium)
                .env("RINGLEADER_CHROMEDRIVER", &browser.chromedriver);
        }
        tests.check()
    });
    report.print();
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn core_for_wasm() -> anyhow::Result<()> {
    let environment = wasm::environment()?;
    let mut check = Run::new("cargo", ["check", "--quiet", "--target", wasm::TARGET]);
    for package in PURE {
        check = check.arg("--package").arg(package);
    }
    check
        .envs(&environment)
        .env("CARGO_TARGET_DIR", crate::root().join("target/wasm"))
        .without("CARGO")
        .without("RUSTC")
        .without("RUSTDOC")
        .check()
}

/// The direction of dependency is law, and the core stays pure.
fn dependency_direction() -> anyhow::Result<()> {
    for (package, allowed) in MAY_DEPEND_ON {
        let direct = tree(package, &["--depth", "1"])?;
        let ours = direct.iter().filter(|name| MAY_DEPEND_ON.iter().any(|(other, _)| other == name));
        for found in ours.filter(|name| *name != package) {
            if !allowed.contains(&found.as_str()) {
                bail!("{package} must not depend on {found}: see docs/architecture.md");
            }
        }
    }
    for package in PURE {
        for banned in ["tokio", "mio", "async-std", "rand", "getrandom"] {
            if tree(package, &[])?.iter().any(|name| name == banned) {
                bail!(
                    "{package} must not have {banned} in its tree: `cargo tree -p {package} -e normal -i {banned}`"
                );
            }
        }
    }
    println!("{} crates, each with only the dependencies it may have", MAY_DEPEND_ON.len());
    Ok(())
}

/// The names of the packages that this one is built from.
fn tree(package: &str, flags: &[&str]) -> anyhow::Result<Vec<String>> {
    let base = ["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let listed = Run::cargo(base.iter().chain(flags)).output()?;
    Ok(listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

/// Every dependency has a licence that we may pass on, and comes from the registry. An installed cargo-deny would say the
/// same and take minutes to compile.
fn licences() -> anyhow::Result<()> {
    let format =
        ["tree", "--workspace", "--edges", "normal,build", "--prefix", "none", "--format", "{p}\t{l}"];
    let listed = Run::cargo(format).output()?;
    let mut packages = BTreeMap::new();
    for line in listed.lines().filter(|line| !line.is_empty()) {
        let (package, licence) = line.split_once('\t').context("reading cargo tree")?;
        packages
            .insert(package.trim_end_matches(" (*)").to_owned(), licence.trim_end_matches(" (*)").to_owned());
    }
    let refused: Vec<String> = packages
        .iter()
        .filter(|(_, licence)| !is_allowed(licence))
        .map(|(package, licence)| format!("{package}: {licence:?}"))
        .collect();
    if !refused.is_empty() {
        bail!("licences that are not on the list in xtask/src/checks.rs:\n{}", refused.join("\n"));
    }
    let lock = std::fs::read_to_string("Cargo.lock").context("reading Cargo.lock")?;
    let elsewhere: Vec<&str> = lock
        .lines()
        .filter(|line| {
            line.starts_with("source = ")
                && !line.contains("registry+https://github.com/rust-lang/crates.io-index")
        })
        .collect();
    if !elsewhere.is_empty() {
        bail!("dependencies from elsewhere than the registry:\n{}", elsewhere.join("\n"));
    }
    println!("{} packages, all from the registry, all with a licence on the list", packages.len());
    Ok(())
}

/// Whether an SPDX expression can be met by licences on the list.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace(['(', ')'], " ").replace('/', " OR ");
    expression.split(" AND ").all(|part| part.split(" OR ").any(|licence| LICENCES.contains(&licence.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_good_licence_of_several_is_enough_and_all_joined_ones_must_be_good() {
        for (expression, allowed) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0 OR MIT", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("MIT AND GPL-3.0", false),
            ("GPL-3.0-only", false),
            ("", false),
        ] {
            assert_eq!(is_allowed(expression), allowed, "{expression}");
        }
    }
}
