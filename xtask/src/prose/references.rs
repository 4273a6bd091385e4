//! References in documents: files, the tests that hold a rule of the protocol, the code that defines a word.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// The document whose rules each name their tests.
const RULES: &str = "docs/protocol.md";

/// The document whose rows each say where a word is defined.
const WORDS: &str = "docs/glossary.md";

/// The column of [`WORDS`] with a file, and what it defines.
const WHERE: usize = 2;

/// The beginning of the list of a rule's tests.
const TESTS: &str = "*Tests:*";

/// Folders at the top of the project: a text between backticks that begins with one is a path.
const FOLDERS: [&str; 7] = ["docs/", "frontend/", "fuzz/", "nodes/", "server/", "shared/", "xtask/"];

/// A line for each file that a Markdown text names between backticks and that does not exist: a path from the
/// top of the project, or a Rust file by the end of its path.
pub(super) fn missing_files(text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, whole) in (1..).zip(text.lines()) {
        let is_path = |span: &&str| FOLDERS.iter().any(|folder| span.starts_with(folder));
        let paths = spans(whole).filter(|span| is_path(span) || span.ends_with(".rs"));
        // Patterns and commands are no paths.
        let paths = paths.filter(|path| !path.contains(['*', ' ', '{', '<']));
        let missing = paths.filter(|path| !exists(path));
        found.extend(missing.map(|path| (line, format!("there is no {path}"))));
    }
    found
}

/// A line for each reference that leads nowhere, and for each rule and word without one.
pub(super) fn dangling(root: &Path) -> anyhow::Result<Vec<String>> {
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| format!("reading {path}"));
    let source = |path: &str| fs::read_to_string(root.join(path)).ok();
    let rules =
        in_rules(&read(RULES)?, &source).into_iter().map(|(line, what)| format!("{RULES}:{line}: {what}"));
    let words =
        in_words(&read(WORDS)?, &source).into_iter().map(|(line, what)| format!("{WORDS}:{line}: {what}"));
    Ok(rules.chain(words).collect())
}

/// The source text of a file, if it exists.
type Source<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Rules are paragraphs that begin with a bold number: `**E1. …**`.
fn in_rules(text: &str, source: Source<'_>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut untested: Option<(usize, String)> = None;
    let mut file: Option<(String, String)> = None;
    let mut in_tests = false;
    for (line, whole) in (1..).zip(text.lines()) {
        let begins_rule = rule_number(whole);
        if whole.starts_with('#') || begins_rule.is_some() {
            let missing = untested.take().map(|(line, rule)| (line, format!("rule {rule} names no test")));
            found.extend(missing);
            untested = begins_rule.map(|rule| (line, rule.to_owned()));
        }
        let list = whole.find(TESTS).map(|at| &whole[at..]);
        in_tests =
            list.is_some() || (in_tests && !whole.trim().is_empty() && !whole.trim().starts_with("- "));
        if !in_tests {
            file = None;
            continue;
        }
        for name in spans(list.unwrap_or(whole)) {
            if name.ends_with(".rs") {
                match source(name) {
                    Some(text) => file = Some((name.to_owned(), text)),
                    None => found.push((line, format!("there is no file {name}"))),
                }
                continue;
            }
            match &file {
                Some((_, text)) if text.contains(&format!("fn {name}(")) => untested = None,
                Some((path, _)) => found.push((line, format!("there is no test {name} in {path}"))),
                None => found.push((line, format!("no file is named for the test {name}"))),
            }
        }
    }
    found.extend(untested.map(|(line, rule)| (line, format!("rule {rule} names no test"))));
    found
}

/// The number of the rule that begins on this line: `E1`.
fn rule_number(line: &str) -> Option<&str> {
    let (number, _) = line.strip_prefix("**")?.split_once(". ")?;
    let digits = number.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let is_number = digits.len() < number.len() && digits.parse::<u32>().is_ok();
    is_number.then_some(number)
}

fn in_words(text: &str, source: Source<'_>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let rows = (1..).zip(text.lines()).filter(|(_, line)| line.starts_with("| **"));
    for (line, row) in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let spans: Vec<&str> = spans(cells.get(WHERE).copied().unwrap_or_default()).collect();
        let Some((path, names)) = spans.split_first() else {
            found.push((line, "no code is named".to_owned()));
            continue;
        };
        let Some(text) = source(path) else {
            found.push((line, format!("there is no file {path}")));
            continue;
        };
        let missing = names.iter().filter(|name| !super::words(&text).any(|word| word == **name));
        found.extend(missing.map(|name| (line, format!("there is no {name} in {path}"))));
    }
    found
}

/// The texts between backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(path: &str) -> Option<String> {
        (path == "a.rs").then(|| "struct One;\nfn it_holds() {}\n".to_owned())
    }

    fn rules(text: &str) -> Vec<(usize, String)> {
        in_rules(text, &sources)
    }

    #[test]
    fn a_rule_that_names_its_test_is_fine() {
        assert_eq!(
            rules("**E1. Lead.** Text.\n- *Tests:* `a.rs`:\n  `it_holds`.\n\n**Bold.** No rule.\n"),
            []
        );
    }

    #[test]
    fn a_rule_without_a_test_is_found_wherever_it_ends() {
        let untested = |line| vec![(line, "rule E1 names no test".to_owned())];
        assert_eq!(rules("**E1. Lead.**"), untested(1));
        assert_eq!(rules("\n**E1. Lead.**\n\n# Next\n- *Tests:* `a.rs`: `it_holds`"), untested(2));
        assert_eq!(rules("**E1. Lead.**\n**E2. Follow.**\n- *Tests:* `a.rs`: `it_holds`"), untested(1));
    }

    #[test]
    fn a_test_or_file_that_does_not_exist_is_found() {
        let rule =
            |tests: &str| rules(&format!("**E1. Lead.** Text.\n- *Tests:* `a.rs`: `it_holds`, {tests}"));
        assert_eq!(rule("`it_fails`"), [(2, "there is no test it_fails in a.rs".to_owned())]);
        assert_eq!(rule("`b.rs`"), [(2, "there is no file b.rs".to_owned())]);
    }

    #[test]
    fn a_path_that_leads_nowhere_is_found() {
        let missing = |text| missing_files(text, &|path| ["docs/a.md", "a.rs"].contains(&path));
        assert_eq!(missing("See `docs/a.md`, `docs/*.md`, `a.rs` and `nodes run`."), []);
        assert_eq!(missing("One\n`docs/b.md`"), [(2, "there is no docs/b.md".to_owned())]);
        assert_eq!(missing("`b.rs`"), [(1, "there is no b.rs".to_owned())]);
    }

    #[test]
    fn a_word_names_the_file_and_what_it_defines() {
        let row =
            |code: &str| in_words(&format!("| word | meaning |\n| **one** | a | {code} | paper |"), &sources);
        assert_eq!(row("`a.rs`: `One`, `it_holds`"), []);
        assert_eq!(row("`a.rs`: `On`"), [(2, "there is no On in a.rs".to_owned())]);
        assert_eq!(row("`b.rs`"), [(2, "there is no file b.rs".to_owned())]);
        assert_eq!(row("–"), [(2, "no code is named".to_owned())]);
    }
}
