//! A copy of the election that contains all mutants, and a workspace around it.
//!
//! A function that mutants change has one more body for each of them. Which one runs, an environment variable
//! decides. So one build is enough, and the sources of the election know nothing of mutants.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::diff::{Hunk, Mutant};
use crate::process::Run;

/// The environment variable that names the mutant of a run.
pub(super) const SELECTED: &str = "RINGLEADER_MUTANT";

/// The folder of the copy.
const COPY: &str = "target/mutants";

/// The sources that are changed.
const SOURCES: &str = "nodes/election/src";

/// The parts of the workspace that the copy shares with the original.
const SHARED: [&str; 6] = [
    "nodes/checker",
    "nodes/election/Cargo.toml",
    "nodes/election/examples",
    "nodes/simulator",
    "shared",
    "testing",
];

/// The program that looks for something wrong.
const PROGRAM: &str = "findings";

/// Builds the program that looks for something wrong, with the mutants, and returns its path.
pub(super) fn build(mutants: &[Mutant]) -> anyhow::Result<PathBuf> {
    let copy = Path::new(COPY);
    write_sources(copy, &mutated(mutants)?)?;
    for shared in SHARED {
        link(Path::new(shared), &copy.join(shared))?;
    }
    let manifest = fs::read_to_string("Cargo.toml").context("reading Cargo.toml")?;
    fs::write(copy.join("Cargo.toml"), manifest_of_copy(&manifest))
        .context("writing the copy's Cargo.toml")?;
    fs::copy("Cargo.lock", copy.join("Cargo.lock")).context("copying Cargo.lock")?;
    // The dependencies are those of the original, compiled already.
    let target = fs::canonicalize("target").context("finding the target folder")?;
    Run::cargo(["build", "--package", "ringleader-checker", "--example", PROGRAM, "--target-dir"])
        .arg(&target)
        .within(copy)
        .check_with_progress()
        .with_context(|| format!("building the checker with the mutants, in {COPY}"))?;
    // The next build of the original puts its own program there.
    let program = fs::canonicalize(copy).context("finding the copy")?.join(PROGRAM);
    fs::copy(target.join("debug/examples").join(PROGRAM), &program).context("copying the program")?;
    Ok(program)
}

/// Makes these the sources of the copy. A file that has its text already stays as it is, so that what was
/// built from it is still good.
fn write_sources(copy: &Path, sources: &BTreeMap<PathBuf, String>) -> anyhow::Result<()> {
    let mut old = BTreeMap::new();
    fs::create_dir_all(copy.join(SOURCES)).with_context(|| format!("making {SOURCES} in {COPY}"))?;
    read(&copy.join(SOURCES), &mut old)?;
    for (path, text) in sources {
        let path = copy.join(path);
        if old.remove(&path).as_ref() == Some(text) {
            continue;
        }
        let folder = path.parent().unwrap_or(copy);
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    for gone in old.keys() {
        fs::remove_file(gone).with_context(|| format!("removing {}", gone.display()))?;
    }
    Ok(())
}

/// The sources of the election by their paths, each with all mutants in it.
pub(super) fn mutated(mutants: &[Mutant]) -> anyhow::Result<BTreeMap<PathBuf, String>> {
    let mut sources = BTreeMap::new();
    read(Path::new(SOURCES), &mut sources)?;
    let hunks =
        mutants.iter().flat_map(|mutant| mutant.hunks.iter().map(|hunk| (mutant.name.as_str(), hunk)));
    if let Some((name, hunk)) = hunks.clone().find(|(_, hunk)| !sources.contains_key(Path::new(&hunk.path))) {
        bail!("the mutant {name} changes {}, which is no file of {SOURCES}", hunk.path);
    }
    for (path, source) in &mut sources {
        let hunks = hunks.clone().filter(|(_, hunk)| Path::new(&hunk.path) == path);
        *source = with_mutants(source, &hunks.collect::<Vec<_>>())?;
    }
    let library = Path::new(SOURCES).join("lib.rs");
    let source = sources.get_mut(&library).with_context(|| format!("there is no {}", library.display()))?;
    *source = format!("#![allow(warnings)]\n{source}{}", SELECTION.replace("{SELECTED}", SELECTED));
    Ok(sources)
}

/// The question of every mutated function.
const SELECTION: &str = r#"
fn has_mutant(name: &str) -> bool {
    static SELECTED: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("{SELECTED}").ok());
    SELECTED.as_deref() == Some(name)
}
"#;

/// Adds the texts of the files at and below `path`.
fn read(path: &Path, files: &mut BTreeMap<PathBuf, String>) -> anyhow::Result<()> {
    if !path.is_dir() {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        files.insert(path.to_owned(), text);
        return Ok(());
    }
    super::sorted(path)?.iter().try_for_each(|entry| read(entry, files))
}

/// The functions that mutants change, by the first lines of their bodies: the end of the body, and the
/// mutants' bodies.
type Functions<'a> = BTreeMap<usize, (usize, BTreeMap<&'a str, Vec<&'a str>>)>;

/// A source in which each function that mutants change has their bodies, too.
fn with_mutants(source: &str, hunks: &[(&str, &Hunk)]) -> anyhow::Result<String> {
    let lines: Vec<&str> = source.lines().collect();
    let mut functions = Functions::new();
    let wrong = hunks.iter().filter_map(|(name, hunk)| apply(name, hunk, &lines, &mut functions).err());
    let wrong: Vec<String> = wrong.map(|error| error.to_string()).collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n\n"));
    }
    let (mut mutated, mut done) = (String::new(), 0);
    let mut add = |lines: &[&str]| mutated.extend(lines.iter().flat_map(|line| [line, "\n"]));
    for (start, (end, bodies)) in functions {
        add(&lines[done..start]);
        for (name, body) in bodies {
            add(&[&format!("if crate::has_mutant(\"{name}\") {{")]);
            add(&body);
            add(&["} else"]);
        }
        add(&["{"]);
        add(&lines[start..end]);
        add(&["}"]);
        done = end;
    }
    add(&lines[done..]);
    Ok(mutated)
}

/// Makes a change of a mutant in its body of the function.
fn apply<'a>(
    name: &'a str,
    hunk: &'a Hunk,
    lines: &[&'a str],
    functions: &mut Functions<'a>,
) -> anyhow::Result<()> {
    let misplaced = |what: &str| {
        let lines = hunk.before.join("\n");
        anyhow!("these lines of the mutant {name} for {} stand {what}\n{lines}", hunk.path)
    };
    let place = the_one_place(lines, &hunk.before)
        .map_err(|times| misplaced(&format!("{times} times in it: {HOW_TO_FIT}")))?;
    let body = body_around(lines, &place)
        .ok_or_else(|| misplaced("outside of functions, and only these can have mutants"))?;
    let (_, bodies) = functions.entry(body.start).or_insert((body.end, BTreeMap::new()));
    let body = bodies.entry(name).or_insert_with(|| lines[body].to_vec());
    // Another change of the same mutant may have moved them.
    let place = the_one_place(body, &hunk.before)
        .map_err(|_| misplaced("where the mutant changes something else: make one of the two"))?;
    body.splice(place, hunk.after.iter().map(String::as_str));
    Ok(())
}

/// The advice when the lines of a mutant do not stand once in the source.
const HOW_TO_FIT: &str = "they must stand there once. If the source has changed, change the mutant's lines as \
    well; if they are not enough, put lines before or after them, with a space in front";

/// The place of these lines, whatever their indentation; or how many places there are, if not one.
fn the_one_place(lines: &[&str], wanted: &[String]) -> Result<Range<usize>, usize> {
    let found = lines
        .windows(wanted.len())
        .enumerate()
        .filter(|(_, window)| window.iter().zip(wanted).all(|(line, wanted)| line.trim() == wanted));
    let starts: Vec<usize> = found.map(|(start, _)| start).collect();
    match starts[..] {
        [start] => Ok(start..start + wanted.len()),
        _ => Err(starts.len()),
    }
}

/// The body of the function in which these lines stand. Knows functions by how rustfmt lays them out.
fn body_around(lines: &[&str], place: &Range<usize>) -> Option<Range<usize>> {
    (0..place.start).rev().filter(|head| is_head(lines[*head])).find_map(|head| {
        let indent = &lines[head][..lines[head].len() - lines[head].trim_start().len()];
        let end = format!("{indent}}}");
        let start = head + 1 + lines[head..].iter().position(|line| line.ends_with('{'))?;
        let end = start + lines.get(start..)?.iter().position(|line| **line == end)?;
        (start <= place.start && place.end <= end).then_some(start..end)
    })
}

/// Whether a function begins on this line.
fn is_head(line: &str) -> bool {
    let words = line.split_whitespace();
    let mut words = words.skip_while(|word| word.starts_with("pub") || *word == "const");
    words.next() == Some("fn")
}

/// The manifest of a workspace for the checker and the crates that it needs.
fn manifest_of_copy(manifest: &str) -> String {
    let lines = manifest
        .lines()
        .filter(|line| !line.starts_with("exclude =") && !line.starts_with("default-members ="));
    let lines =
        lines.map(|line| if line.starts_with("members =") { "members = [\"nodes/checker\"]" } else { line });
    lines.map(|line| format!("{line}\n")).collect()
}

/// Makes a part of the original one of the copy.
fn link(original: &Path, copy: &Path) -> anyhow::Result<()> {
    let original = fs::canonicalize(original).with_context(|| format!("finding {}", original.display()))?;
    let folder = copy.parent().unwrap_or(copy);
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    if fs::canonicalize(copy).is_ok_and(|there| there == original) {
        return Ok(());
    }
    // One that led to another checkout.
    let _ = fs::remove_file(copy);
    std::os::unix::fs::symlink(&original, copy).with_context(|| format!("linking {}", copy.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
const A: u8 = 1;
impl B {
    pub(super) fn c(
        d: u8,
    ) -> u8 {
        let e = d;
        if e > A {
            return 1;
        }
        e
    }

    fn f() -> u8 {
        let e = 2;
        e
    }
}
";

    fn hunk(before: &[&str], after: &[&str]) -> Hunk {
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Hunk { path: "b.rs".to_owned(), before: owned(before), after: owned(after) }
    }

    fn error(hunks: &[Hunk]) -> String {
        let hunks: Vec<_> = hunks.iter().map(|hunk| ("m", hunk)).collect();
        with_mutants(SOURCE, &hunks).expect_err("they do not fit").to_string()
    }

    #[test]
    fn a_function_has_its_body_and_those_of_its_mutants() {
        let (one, two) = (hunk(&["let e = d;"], &["let e = 9;"]), hunk(&["let e = d;"], &["let e = 8;"]));
        let more = hunk(&["if e > A {", "return 1;", "}"], &[]);
        let mutated =
            with_mutants(SOURCE, &[("one", &one), ("one", &more), ("two", &two)]).expect("they fit");
        let expected = SOURCE.replacen(
            "        let e = d;\n        if e > A {\n            return 1;\n        }\n        e\n",
            "\
if crate::has_mutant(\"one\") {
let e = 9;
        e
} else
if crate::has_mutant(\"two\") {
let e = 8;
        if e > A {
            return 1;
        }
        e
} else
{
        let e = d;
        if e > A {
            return 1;
        }
        e
}
",
            1,
        );
        assert_eq!(mutated, expected);
    }

    #[test]
    fn lines_that_do_not_stand_once_in_a_function_are_an_error_that_says_which_and_what_to_do() {
        let missing = error(&[hunk(&["let e = 7;"], &[])]);
        assert!(missing.starts_with("these lines of the mutant m for b.rs stand 0 times in it"), "{missing}");
        assert!(missing.ends_with("\nlet e = 7;"), "{missing}");
        assert!(error(&[hunk(&["e"], &[])]).contains("stand 2 times in it"));
        assert!(error(&[hunk(&["const A: u8 = 1;"], &[])]).contains("outside of functions"));
        let twice = hunk(&["let e = d;"], &["let e = 9;"]);
        assert!(error(&[twice, hunk(&["let e = d;"], &[])]).contains("changes something else"));
    }
}
