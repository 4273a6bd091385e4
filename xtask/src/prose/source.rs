//! Rust source, line by line: its code without literals, and its comments.

/// One line of a source file.
pub(super) struct Line<'a> {
    /// The whole line.
    pub(super) whole: &'a str,
    /// Its code; literals are left out.
    pub(super) code: String,
    /// Its comment, with the slashes.
    pub(super) comment: Option<&'a str>,
}

/// The position of the scanner at the end of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Code,
    /// In a block comment, with the depth of nesting from 0.
    Comment(usize),
    /// In a string that ends with a quote and this number of hashes; `None` where a backslash escapes.
    Text(Option<usize>),
}

/// The lines of a file.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut inside = Inside::Code;
    text.lines().map(move |whole| scan(whole, &mut inside))
}

fn scan<'a>(whole: &'a str, inside: &mut Inside) -> Line<'a> {
    let mut line = Line { whole, code: String::new(), comment: None };
    let mut at = 0;
    while let Some(rest) = whole.get(at..).filter(|rest| !rest.is_empty()) {
        at += match *inside {
            Inside::Code if rest.starts_with("//") => {
                line.comment = Some(rest);
                return line;
            }
            Inside::Code => code(rest, &mut line, inside),
            Inside::Comment(depth) => {
                line.comment.get_or_insert(rest);
                let (length, depth) = match rest {
                    _ if rest.starts_with("/*") => (2, depth + 1),
                    _ if rest.starts_with("*/") => (2, depth - 1),
                    _ => (first_length(rest), depth),
                };
                *inside = if depth == 0 { Inside::Code } else { Inside::Comment(depth) };
                length
            }
            Inside::Text(None) if rest.starts_with('\\') => 1 + first_length(&rest[1..]),
            Inside::Text(hashes) => {
                let end = format!("\"{}", "#".repeat(hashes.unwrap_or_default()));
                if rest.starts_with(&end) {
                    *inside = Inside::Code;
                    end.len()
                } else {
                    first_length(rest)
                }
            }
        };
    }
    line
}

/// Takes the next piece of code; returns its length.
fn code(rest: &str, line: &mut Line<'_>, inside: &mut Inside) -> usize {
    if rest.starts_with("/*") {
        *inside = Inside::Comment(0);
        return 0;
    }
    if let Some(raw) = rest.strip_prefix('r').filter(|_| !ends_in_word(&line.code)) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            *inside = Inside::Text(Some(hashes));
            return 1 + hashes + 1;
        }
    }
    if rest.starts_with('"') {
        *inside = Inside::Text(None);
        return 1;
    }
    // A character, which may be a quote; a lifetime is none.
    for quote in ["'\"'", "'\\\"'", "'\\''"] {
        if rest.starts_with(quote) {
            return quote.len();
        }
    }
    let length = first_length(rest);
    line.code.push_str(&rest[..length]);
    length
}

fn ends_in_word(code: &str) -> bool {
    code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(String, Option<&str>)> {
        lines(text).map(|line| (line.code, line.comment)).collect()
    }

    #[test]
    fn code_literals_and_comments_are_separated() {
        assert_eq!(split("a(\"// \\\" b\"); // c"), [("a(); ".to_owned(), Some("// c"))]);
        assert_eq!(split("a(r#\"b \" // \"#, '\"') // c"), [("a(, ) ".to_owned(), Some("// c"))]);
        assert_eq!(split("for b in r {}"), [("for b in r {}".to_owned(), None)]);
    }

    #[test]
    fn strings_and_block_comments_may_go_over_many_lines() {
        let code = |text: &'static str| split(text).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
        assert_eq!(code("a(\"b\nc // d\ne\") f"), ["a(", "", ") f"]);
        assert_eq!(code("a /* b /* c */\nd */ e"), ["a ", " e"]);
        assert_eq!(split("/* b\nc */")[1].1, Some("c */"));
    }
}
