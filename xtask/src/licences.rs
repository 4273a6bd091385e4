//! The check that every dependency has a permissive licence and a version, and comes from the registry.
//! cargo-deny checks the same and more, but takes minutes to compile on every new machine.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

use crate::process::Run;

/// Licences that may be built into the product.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// The name of the only registry in Cargo.lock.
const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Fails when a dependency has another licence, no version, or another source.
pub(crate) fn check() -> anyhow::Result<()> {
    let packages = packages()?;
    let refused: Vec<String> = packages
        .iter()
        .filter(|(_, licence)| !is_allowed(licence))
        .map(|(package, licence)| format!("  {package}: {licence:?}"))
        .collect();
    if !refused.is_empty() {
        bail!("licences that are not on the list in xtask/src/licences.rs:\n{}", refused.join("\n"));
    }
    let lock = std::fs::read_to_string("Cargo.lock").context("reading Cargo.lock")?;
    let elsewhere: Vec<&str> =
        lock.lines().filter(|line| line.starts_with("source = ") && *line != REGISTRY).collect();
    if !elsewhere.is_empty() {
        bail!("dependencies from elsewhere than the registry, in Cargo.lock:\n{}", elsewhere.join("\n"));
    }
    // cargo tree shows the chosen versions, the manifests the required ones.
    for (folder, manifest) in manifests()? {
        if let Some(wildcard) = manifest.lines().find(|line| asks_for_any_version(line)) {
            bail!("{folder}/Cargo.toml asks for any version whatever: {wildcard}");
        }
    }
    println!("{} packages, all from the registry, all with a licence on the list", packages.len());
    Ok(())
}

/// The dependencies of all crates of the project, each with its licence.
fn packages() -> anyhow::Result<BTreeMap<String, String>> {
    let listed = Run::cargo(["tree", "--workspace", "--edges", "normal,build", "--prefix", "none"])
        .args(["--target", "all", "--format", "{p}\t{l}"])
        .output()?;
    let mut packages = BTreeMap::new();
    for line in listed.lines().filter(|line| !line.is_empty()) {
        let (package, licence) = line.split_once('\t').context("reading `cargo tree`")?;
        let name_and_version: Vec<&str> = package.split_whitespace().take(2).collect();
        packages.insert(name_and_version.join(" "), licence.trim_end_matches(" (*)").to_owned());
    }
    Ok(packages)
}

/// The manifests of the project's crates, each with its folder.
fn manifests() -> anyhow::Result<Vec<(String, String)>> {
    let root = std::fs::read_to_string("Cargo.toml").context("reading Cargo.toml")?;
    let members = root.lines().find_map(|line| line.strip_prefix("members = [")).unwrap_or_default();
    let mut all = vec![(".".to_owned(), root.clone())];
    for folder in members.split('"').skip(1).step_by(2) {
        let file = format!("{folder}/Cargo.toml");
        all.push((
            folder.to_owned(),
            std::fs::read_to_string(&file).with_context(|| format!("reading {file}"))?,
        ));
    }
    Ok(all)
}

fn asks_for_any_version(line: &str) -> bool {
    let line: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    !line.starts_with('#') && (line.ends_with("=\"*\"") || line.contains("version=\"*\""))
}

/// Whether an SPDX expression can be met by licences on the list. OR is taken to bind closer than AND, which
/// may refuse an unusual expression that is allowed, but never allows one that is not.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace(['(', ')'], " ").replace('/', " OR ");
    expression.split(" AND ").all(|part| part.split(" OR ").any(|licence| ALLOWED.contains(&licence.trim())))
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

    #[test]
    fn a_dependency_without_a_version_is_noticed() {
        for (line, any) in [
            ("serde = \"*\"", true),
            ("serde = { version = \"*\", features = [\"derive\"] }", true),
            ("serde = { version = \"1\" }", false),
            ("[profile.dev.package.\"*\"]", false),
            ("# serde = \"*\"", false),
        ] {
            assert_eq!(asks_for_any_version(line), any, "{line}");
        }
    }
}
