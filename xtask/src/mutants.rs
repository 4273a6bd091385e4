//! Mutants: mistakes that are made in a copy of the election, to see that the tools which guard it find them.
//!
//! [`diff`] reads them, [`copy`] makes a copy of the election that contains them all. One build of the
//! checker and the simulator with that copy then runs once for each mutant.

mod copy;
mod diff;

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail, ensure};

use self::diff::Mutant;
use crate::process::Run;

/// The folder of the mutants: a folder in it for each kind of rings in which they are looked for.
const MUTANTS: &str = "nodes/checker/mutants";

/// The document with a row for each mutant.
const TABLE: &str = "docs/correctness.md";

/// The cells of the table when nobody finds anything.
const NOTHING: &str = "– | –";

/// Whether each mutant's row of the table is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    All,
    /// Only those that the table does not have.
    Wrong,
}

/// Fails unless each mutant is caught as the table says, and nothing is found in the election without one.
/// With names, these mutants only.
pub(crate) fn check(names: &[String], rows: Rows) -> anyhow::Result<()> {
    let mutants = read_all()?;
    if let Some(unknown) = names.iter().find(|name| mutants.iter().all(|mutant| mutant.name != **name)) {
        bail!("there is no mutant `{unknown}` in {MUTANTS}");
    }
    let findings = copy::build(&mutants)?;
    let table = std::fs::read_to_string(TABLE).with_context(|| format!("reading {TABLE}"))?;
    let mut jobs: Vec<(&str, Option<&Mutant>)> = mutants
        .iter()
        .filter(|mutant| names.is_empty() || names.contains(&mutant.name))
        .map(|mutant| (mutant.suite.as_str(), Some(mutant)))
        .collect();
    if names.is_empty() {
        let suites = mutants.iter().map(|mutant| mutant.suite.as_str());
        let suites: BTreeSet<&str> = suites.collect();
        // These take longest: first, so that no processor waits for the last of them.
        jobs.splice(..0, suites.into_iter().map(|suite| (suite, None)));
    }
    let wrong = in_parallel(&jobs, |(suite, mutant)| try_one(&findings, suite, *mutant, &table, rows));
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!(
        "{} mutants are found as {TABLE} says.",
        jobs.iter().filter(|(_, mutant)| mutant.is_some()).count()
    );
    Ok(())
}

/// All mutants, ordered by name within their suites.
fn read_all() -> anyhow::Result<Vec<Mutant>> {
    let mut mutants = Vec::new();
    for suite in sorted(Path::new(MUTANTS))? {
        for file in sorted(&suite)? {
            mutants.push(Mutant::read(&file)?);
        }
    }
    Ok(mutants)
}

/// The entries of a folder, without what an editor or a desktop hides in it.
fn sorted(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.retain(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    Ok(paths)
}

/// Looks for a mutant, or for a finding without one, and says what is wrong with the result.
fn try_one(
    findings: &Path,
    suite: &str,
    mutant: Option<&Mutant>,
    table: &str,
    rows: Rows,
) -> anyhow::Result<()> {
    let run = Run::new(findings, [suite]).without(copy::SELECTED);
    let Some(Mutant { name, sentence, .. }) = mutant else {
        let found = run.output()?;
        if rows == Rows::All {
            println!("| no mutant, {suite} | {} |", found.trim());
        }
        ensure!(found.trim() == NOTHING, "without a mutant something is found in the suite {suite}");
        return Ok(());
    };
    let found = run.env(copy::SELECTED, name).output()?;
    let row = format!("| `{name}` | {sentence} | {} |", found.trim());
    if rows == Rows::All {
        println!("{row}");
    }
    ensure!(found.trim() != NOTHING, "{name} is caught by nobody");
    ensure!(table.lines().any(|line| line == row), "{TABLE} does not say of {name}: {row}");
    Ok(())
}

/// Does all jobs, as many at once as there are processors, and returns what went wrong.
fn in_parallel<T: Sync>(jobs: &[T], work: impl Fn(&T) -> anyhow::Result<()> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut wrong = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            wrong.extend(work(job).err().map(|error| format!("{error:#}")));
        }
        wrong
    };
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker does not panic")).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutants() -> Vec<Mutant> {
        std::env::set_current_dir(crate::root()).expect("the project's folder");
        read_all().expect("the mutants can be read")
    }

    #[test]
    fn every_mutant_fits_the_sources() {
        copy::mutated(&mutants()).expect("they fit");
    }

    #[test]
    fn the_table_has_a_row_for_each_mutant_and_for_nothing_else() {
        let mutants = mutants();
        let mutants = mutants.iter().map(|it| format!("| `{}` | {} | ", it.name, it.sentence));
        let document = std::fs::read_to_string(TABLE).expect("the document");
        let section = document.split("\n## ").find(|section| section.starts_with("Mutants\n"));
        let rows = section.expect("its section").lines().filter(|line| line.starts_with("| `"));
        let (mut mutants, mut rows) = (mutants.collect::<Vec<_>>(), rows.collect::<Vec<_>>());
        mutants.sort_unstable();
        rows.sort_unstable();
        assert_eq!(rows.len(), mutants.len());
        for (row, mutant) in rows.iter().zip(&mutants) {
            assert!(row.starts_with(mutant), "{row}\n{mutant}");
        }
    }
}
