//! The project's rules of style, as far as a program can check them.
//!
//! Comments and documents are at most [`WIDTH`] columns wide (rustfmt leaves both alone), a doc comment
//! begins with a noun or a verb, and a few worn-out words are replaced by exact ones. [`references`] checks
//! that what documents point at exists.

mod references;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The folders and files that are held to the rules: all that people read.
const HELD: [&str; 19] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "docs/addresses.md",
    "docs/algorithms.md",
    "docs/architecture.md",
    "docs/archive.md",
    "docs/correctness.md",
    "docs/glossary.md",
    "docs/protocol.md",
    "docs/security.md",
    "docs/wire.md",
    "frontend",
    "nodes",
    "server",
    "server/openapi.json",
    "shared",
    "testing",
    "xtask",
];

/// The widest comment or Markdown line, in characters.
const WIDTH: usize = 110;

/// Vague words in place of emit, report, log or announce.
const WORN_OUT: [&str; 4] = ["tell", "tells", "telling", "told"];

/// Words that begin a relative clause instead of naming the thing. "Whether" is not among them: Rust's own
/// documentation begins with it for a boolean.
const RELATIVE: [&str; 13] = [
    "Who",
    "What",
    "Whom",
    "Whose",
    "Whoever",
    "Whatever",
    "Whichever",
    "How",
    "Which",
    "When",
    "Where",
    "Why",
    "That",
];

/// Words that may stand before such a word, so that the two together begin a clause: "Until when", "For how
/// long", "Those who".
const BEFORE_RELATIVE: [&str; 16] = [
    "After", "At", "By", "During", "For", "From", "In", "Of", "On", "Since", "Those", "To", "Until", "Up",
    "With", "Without",
];

/// Things whose number grows with the project: a text that counts them is wrong some day.
const GROWING: [&str; 4] = ["algorithms", "bugs", "elections", "tests"];

/// Words that may stand between a number and such a thing.
const KINDS: [&str; 4] = ["classic", "planted", "published", "ring"];

/// The numbers that are found. Smaller ones often count things that the text itself lists.
const NUMBERS: [&str; 10] =
    ["six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"];

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    /// Counted from 1.
    line: usize,
    rule: String,
}

/// Fails with a line for each violation in the files that are held to the rules.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut files = Vec::new();
    for held in HELD {
        collect(Path::new(held), &mut files)?;
    }
    let mut found = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let violations = match extension(file) {
            "rs" => in_rust(&text),
            "json" => in_json(&text),
            _ => {
                let exists =
                    |path: &str| Path::new(path).exists() || files.iter().any(|file| file.ends_with(path));
                let missing = references::missing_files(&text, &exists);
                let missing = missing.into_iter().map(|(line, rule)| Violation { line, rule });
                in_markdown(&text).into_iter().chain(missing).collect()
            }
        };
        let line = |it: Violation| format!("{}:{}: {}", file.display(), it.line, it.rule);
        found.extend(violations.into_iter().map(line));
    }
    found.extend(references::dangling(Path::new("."))?);
    if found.is_empty() {
        println!("{} files are written as the rules say, and what they point at exists", files.len());
        return Ok(());
    }
    bail!("{} violations\n{}", found.len(), found.join("\n"))
}

/// The path and text of each document that is held to the rules.
#[cfg(test)]
pub(crate) fn documents() -> anyhow::Result<Vec<(String, String)>> {
    let documents = HELD.iter().filter(|held| held.ends_with(".md"));
    let read = |path: &&str| anyhow::Ok(((*path).to_owned(), fs::read_to_string(crate::root().join(path))?));
    documents.map(read).collect()
}

fn extension(file: &Path) -> &str {
    file.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

/// Adds the Rust and Markdown files at and below `path`.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_dir() {
        let entries = fs::read_dir(path).with_context(|| format!("listing {}", path.display()))?;
        let mut entries =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
        entries.retain(|entry| entry.is_dir() || ["rs", "md"].contains(&extension(entry)));
        entries.sort();
        return entries.iter().try_for_each(|entry| collect(entry, files));
    }
    if !path.exists() {
        bail!("{} is held to the rules and does not exist: see xtask/src/prose.rs", path.display());
    }
    files.push(path.to_owned());
    Ok(())
}

fn in_rust(text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut in_doc = false;
    for (line, source) in (1..).zip(source::lines(text)) {
        let mut breaks = |rule: String| found.push(Violation { line, rule });
        let is_comment_line = source.code.trim().is_empty() && source.comment.is_some();
        if is_comment_line && let Some(rule) = too_wide(source.whole) {
            breaks(rule);
        }
        let comment = source.comment.unwrap_or_default();
        let doc = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!"));
        let begins = doc.filter(|_| !in_doc && is_comment_line);
        if let Some(first) = begins.and_then(relative_beginning) {
            breaks(format!("a doc comment begins with `{first}`: begin with a noun or a verb"));
        }
        in_doc = doc.is_some();
        for word in words(comment).filter(|word| is_worn_out(word)) {
            breaks(format!("`{word}` in a comment: {INSTEAD}"));
        }
        for what in counted(comment) {
            breaks(format!("`{what}`: {UNCOUNTED}"));
        }
        for part in words(&source.code).flat_map(parts_of_identifier).filter(|part| is_worn_out(part)) {
            breaks(format!("`{part}` in an identifier: {INSTEAD}"));
        }
    }
    found
}

const INSTEAD: &str = "say emit, report, log, announce, notify, apply or return";

/// Holds the descriptions of a document of the API to the rules of doc comments.
fn in_json(text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for (line, whole) in (1..).zip(text.lines()) {
        let Some((_, described)) = whole.split_once("\"description\": ") else { continue };
        if let Some(first) = relative_beginning(described) {
            let rule = format!("a description begins with `{first}`: begin with a noun or a verb");
            found.push(Violation { line, rule });
        }
        for word in words(described).filter(|word| is_worn_out(word)) {
            found.push(Violation { line, rule: format!("`{word}`: {INSTEAD}") });
        }
    }
    found
}

const UNCOUNTED: &str = "the next one makes this number wrong: leave it out";

fn in_markdown(text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut in_fence = false;
    for (line, whole) in (1..).zip(text.lines()) {
        if whole.trim_start().starts_with("```") {
            in_fence = !in_fence;
            continue;
        }
        if in_fence {
            continue;
        }
        if !whole.starts_with('|')
            && !cannot_be_broken(whole)
            && let Some(rule) = too_wide(whole)
        {
            found.push(Violation { line, rule });
        }
        // Every second piece between backticks is code: its words are identifiers.
        let prose = whole.split('`').step_by(2);
        for what in prose.clone().flat_map(counted) {
            found.push(Violation { line, rule: format!("`{what}`: {UNCOUNTED}") });
        }
        for word in prose.flat_map(words).filter(|word| is_worn_out(word)) {
            found.push(Violation { line, rule: format!("`{word}`: {INSTEAD}") });
        }
    }
    found
}

fn too_wide(line: &str) -> Option<String> {
    let width = line.chars().count();
    (width > WIDTH).then(|| format!("{width} columns wide: at most {WIDTH}"))
}

/// The words at the beginning of a text that begin a relative clause.
fn relative_beginning(text: &str) -> Option<String> {
    let mut words = words(text);
    let first = words.next()?;
    if RELATIVE.contains(&first) {
        return Some(first.to_owned());
    }
    let second = words.next()?;
    let both = format!("{first} {second}");
    let is_relative = RELATIVE.iter().any(|it| *it != "That" && it.to_lowercase() == second);
    // With a comma or a bracket between them they are no clause.
    (is_relative && BEFORE_RELATIVE.contains(&first) && text.contains(&both)).then_some(both)
}

/// Whether a Markdown line is one link or one word, after its list marker.
fn cannot_be_broken(line: &str) -> bool {
    let rest = line.trim_start_matches([' ', '-', '*', '>', '!']);
    let is_one_link = rest.starts_with('[') && rest.find("](").is_some_and(|at| !rest[at..].contains(' '));
    is_one_link || !rest.contains(' ')
}

/// The numbers of things in [`GROWING`], each with its thing.
fn counted(text: &str) -> Vec<String> {
    let words: Vec<String> = words(text).map(str::to_lowercase).collect();
    let numbers = (0..words.len()).filter(|at| NUMBERS.contains(&words[*at].as_str()));
    let counted = numbers.filter_map(|at| {
        let thing = words[at + 1..].iter().find(|word| !KINDS.contains(&word.as_str()))?;
        GROWING.contains(&thing.as_str()).then(|| format!("{} {thing}", words[at]))
    });
    counted.collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The words that an identifier is made of: `told_part` and `toldPart` have two.
fn parts_of_identifier(identifier: &str) -> impl Iterator<Item = &str> {
    identifier.split('_').flat_map(|part| {
        let starts = part.char_indices().filter(|(at, c)| *at > 0 && c.is_uppercase()).map(|(at, _)| at);
        let ends: Vec<usize> = starts.chain([part.len()]).collect();
        let starts = std::iter::once(0).chain(ends.clone());
        starts.zip(ends).map(move |(start, end)| &part[start..end])
    })
}

fn is_worn_out(word: &str) -> bool {
    WORN_OUT.iter().any(|worn_out| word.eq_ignore_ascii_case(worn_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(found: &[Violation]) -> Vec<usize> {
        found.iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn a_comment_line_may_be_as_wide_as_the_rule_says_and_no_wider() {
        let comment = |width: usize| format!("    // {}", "x".repeat(width - 7));
        assert_eq!(in_rust(&comment(WIDTH)), []);
        assert_eq!(lines(&in_rust(&format!("fn a() {{\n{}\n}}", comment(WIDTH + 1)))), [2]);
        let code = format!("let a = \"{}\";", "x".repeat(WIDTH));
        assert_eq!(in_rust(&code), [], "rustfmt decides about code");
    }

    #[test]
    fn a_doc_comment_begins_with_a_noun_or_a_verb() {
        let prepositions = ["To whom", "Until when", "For how", "From which", "Those who"];
        for first in RELATIVE.into_iter().chain(prepositions) {
            assert_eq!(lines(&in_rust(&format!("/// {first} leads.\nstruct A;"))), [1], "{first}");
        }
        assert_eq!(lines(&in_rust("//! What it is.")), [1]);
        assert_eq!(in_rust("/// The member\n/// Who leads.\nstruct A;"), [], "in the middle of one");
        assert_eq!(in_rust("/// Whole rings.\nstruct A;\n// Who leads is data."), []);
        for fine in
            ["To the right.", "Whether it leads.", "If it leads.", "After that.", "Of, how it is.", "To", ""]
        {
            assert_eq!(in_rust(&format!("/// {fine}\nstruct A;")), [], "{fine}");
        }
    }

    #[test]
    fn worn_out_words_are_found_in_comments_and_identifiers_and_not_in_strings() {
        for line in [
            "// It is told.",
            "let x = 1; // Tells.",
            "fn tell_changes() {}",
            "struct ToldPart;",
            "/* telling */ fn a() {}",
        ] {
            assert_eq!(lines(&in_rust(line)), [1], "{line}");
        }
        for line in [
            "let a = \"told // tell\";",
            "let a = r#\"tell \"told\" \"#;",
            "fn retell() {}",
            "// Toll, intellect.",
        ] {
            assert_eq!(in_rust(line), [], "{line}");
        }
    }

    #[test]
    fn markdown_is_held_to_the_width_outside_of_tables_code_and_single_links() {
        let long = "word ".repeat(WIDTH);
        let url = format!("[a link](https://example.org/{})", "x".repeat(WIDTH));
        assert_eq!(lines(&in_markdown(&format!("# A\n\n{long}"))), [3]);
        assert_eq!(lines(&in_markdown(&format!("- See {url}"))), [1], "it can be broken before the link");
        for fine in [format!("| {long} |"), format!("```\n{long}\n```"), url.clone(), format!("- {url}")] {
            assert_eq!(in_markdown(&fine), [], "{fine}");
        }
        assert_eq!(lines(&in_markdown(&format!("```\n{long}\n```\n{long}"))), [4], "after a fence");
    }

    #[test]
    fn worn_out_words_are_found_in_markdown_and_not_in_its_code() {
        assert_eq!(lines(&in_markdown("The member is\ntold.")), [2]);
        assert_eq!(in_markdown("See `its_sender_is_told`.\n```\ntold\n```"), []);
    }

    #[test]
    fn the_descriptions_of_the_api_are_held_to_the_rules() {
        assert_eq!(
            lines(&in_json("{\n\"description\": \"Who leads.\",\n\"description\": \"Told.\"\n}")),
            [2, 3]
        );
        assert_eq!(lines(&in_json("\"description\": \"To whom it goes.\"")), [1]);
        assert_eq!(in_json("{\n\"description\": \"The leader.\",\n\"who\": \"told\"\n}"), []);
    }

    #[test]
    fn numbers_of_things_that_grow_are_found() {
        assert_eq!(lines(&in_markdown("See\neleven classic elections.")), [2]);
        assert_eq!(lines(&in_rust("// Twelve algorithms.")), [1]);
        assert_eq!(in_markdown("The paper's two algorithms, twelve members, eleven of the algorithms."), []);
    }

    #[test]
    fn everything_that_is_held_to_the_rules_keeps_them() {
        std::env::set_current_dir(crate::root()).expect("the project's folder");
        if let Err(error) = check() {
            panic!("{error:#}");
        }
    }
}
