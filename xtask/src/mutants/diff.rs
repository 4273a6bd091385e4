//! A mutant as a file: a sentence, and the changes as in a unified diff without line numbers.
//!
//! A change begins with a line `--- FILE`. Its lines that begin with a space or a minus must stand once in
//! that file, indented as they may be; those with a space or a plus replace them.

use std::path::Path;

use anyhow::{Context, bail};

/// A mistake that the election could have made.
pub(super) struct Mutant {
    /// The name of its file.
    pub(super) name: String,
    /// The folder of its file: the rings in which it is looked for.
    pub(super) suite: String,
    /// The mistake as a sentence.
    pub(super) sentence: String,
    pub(super) hunks: Vec<Hunk>,
}

/// A change of one place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The file that it changes.
    pub(super) path: String,
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
}

impl Mutant {
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let (sentence, hunks) = parse(&text).with_context(|| format!("{} is no mutant", file.display()))?;
        let text_of =
            |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let suite = text_of(file.parent().and_then(Path::file_name));
        Ok(Self { name: text_of(file.file_stem()), suite, sentence, hunks })
    }
}

fn parse(text: &str) -> anyhow::Result<(String, Vec<Hunk>)> {
    let mut lines = text.lines();
    let sentence = lines.next().unwrap_or_default().to_owned();
    let mut hunks: Vec<Hunk> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        if let Some(path) = line.strip_prefix("--- ") {
            hunks.push(Hunk { path: path.to_owned(), ..Hunk::default() });
            continue;
        }
        let Some(hunk) = hunks.last_mut() else { bail!("`{line}` stands before the first `--- FILE`") };
        let (before, after) = match line.as_bytes() {
            [b' ', ..] => (true, true),
            [b'-', ..] => (true, false),
            [b'+', ..] => (false, true),
            _ => bail!("`{line}` begins with neither a space nor a minus nor a plus"),
        };
        hunk.before.extend(before.then(|| line[1..].trim().to_owned()));
        hunk.after.extend(after.then(|| line[1..].to_owned()));
    }
    if hunks.iter().all(|hunk| hunk.before == hunk.after) || hunks.iter().any(|hunk| hunk.before.is_empty()) {
        bail!("it changes nothing, or does not say where");
    }
    Ok((sentence, hunks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_in_what_is_there_in_what_replaces_it_or_in_both() {
        let (sentence, hunks) =
            parse("It errs.\n\n--- a.rs\n if b {\n-    c;\n+    d;\n+    e;\n }\n").expect("a mutant");
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let (before, after) = (owned(&["if b {", "c;", "}"]), owned(&["if b {", "    d;", "    e;", "}"]));
        assert_eq!(
            (sentence.as_str(), hunks),
            ("It errs.", vec![Hunk { path: "a.rs".to_owned(), before, after }])
        );
    }

    #[test]
    fn a_text_that_is_no_change_is_an_error() {
        for text in [
            "It errs.",
            "It errs.\n-a",
            "It errs.\n--- a.rs\n+b",
            "It errs.\n--- a.rs\n b",
            "It errs.\n--- a.rs\nb",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
