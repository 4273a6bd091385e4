//! Blocks of the documents that the code generates.
//!
//! A block stands between `<!-- generated: NAME -->` and `<!-- /generated -->`. A test passes the generated
//! text to [`check`]; with `RINGLEADER_DOCS=write` in the environment the document is rewritten instead.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The environment variable that has documents rewritten when its value is `write`.
const ASK: &str = "RINGLEADER_DOCS";

/// The document of the wire: formats, tables, transcript.
pub const WIRE: &str = "docs/wire.md";

const END: &str = "<!-- /generated -->";

/// Tests of one program run side by side and may write to the same document.
static WRITING: Mutex<()> = Mutex::new(());

/// A block of a document, and what is before and after it.
struct Block {
    path: PathBuf,
    before: String,
    block: String,
    after: String,
}

impl Block {
    fn read(document: &str, name: &str) -> Self {
        let path = root().join(document);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"));
        let begin = format!("<!-- generated: {name} -->");
        let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{document} has no {begin}"));
        let (block, after) = rest.split_once(END).unwrap_or_else(|| panic!("{document}: {begin} has no end"));
        Self {
            path,
            before: format!("{before}{begin}"),
            block: block.trim().to_owned(),
            after: format!("{END}{after}"),
        }
    }

    fn replace(self, document: &str, generated: &str) {
        let Self { path, before, after, .. } = self;
        std::fs::write(&path, format!("{before}\n\n{}\n\n{after}", generated.trim()))
            .unwrap_or_else(|error| panic!("{document}: {error}"));
    }
}

/// The folder of the project.
///
/// # Panics
/// When it is not where it was when this was compiled.
#[must_use]
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.expect("the project's folder").to_owned()
}

/// Writes a block of a document that no test can check, such as measurements, when that is asked for.
///
/// # Panics
/// When the document has no such block, or cannot be written.
pub fn write(document: &str, name: &str, generated: &str) {
    if is_asked_for() {
        let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        Block::read(document, name).replace(document, generated);
    }
}

fn is_asked_for() -> bool {
    std::env::var(ASK).is_ok_and(|value| value == "write")
}

/// Compares a block of a document, named by its path from the project's folder, with the text that the code
/// generates.
///
/// # Panics
/// When they differ, or the document has no such block.
pub fn check(document: &str, name: &str, generated: &str) {
    check_some(document, name, 1, || generated.to_owned());
}

/// The same for a text that differs from time to time, because things that happen at once are reported in
/// one order or the other: it is generated up to `times` times, and one of the texts must be the block's.
///
/// # Panics
/// When all differ, or the document has no such block.
pub fn check_some(document: &str, name: &str, times: u32, mut generate: impl FnMut() -> String) {
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let found = Block::read(document, name);
    let mut generated = String::new();
    for _ in 0..times {
        generated = generate().trim().to_owned();
        if found.block == generated {
            return;
        }
        if is_asked_for() {
            return found.replace(document, &generated);
        }
    }
    let first = found.block.lines().zip(generated.lines()).find(|(old, new)| old != new);
    panic!(
        "{document}: the block {name} differs from what the code gives, first here: {first:#?}\nRun this test with {ASK}=write \
         to rewrite the block, then read the change.\n{generated}"
    );
}

/// A row of a table.
pub fn row<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    cells.into_iter().fold("|".to_owned(), |row, cell| format!("{row} {} |", cell.as_ref())) + "\n"
}

/// The head of a table with these columns.
pub fn head(columns: &[&str]) -> String {
    row(columns) + &row(columns.iter().map(|_| "---"))
}

/// The share by which a count may differ from the one in the document, in percent.
const COUNT_MAY_DIFFER: u64 = 5;

/// Compares counts with those of a table in a block of a document. Each may differ by 5 %.
///
/// # Panics
/// When one differs by more, or the table has other rows.
pub fn check_counts(document: &str, name: &str, columns: [&str; 2], counts: &[(String, u64)]) {
    let table: String = counts.iter().map(|(what, count)| row([what.clone(), count.to_string()])).collect();
    if is_asked_for() {
        return write(document, name, &(head(&columns) + &table));
    }
    let block = Block::read(document, name).block;
    let cells = |line: &str| -> Option<(String, u64)> {
        let mut cells = line.split('|').map(str::trim).skip(1);
        Some((cells.next()?.to_owned(), cells.next()?.parse().ok()?))
    };
    let written: Vec<(String, u64)> = block.lines().filter_map(cells).collect();
    let is_near = |now: u64, then: u64| now.abs_diff(then) * 100 <= then * COUNT_MAY_DIFFER;
    let same = |(now, then): (&(String, u64), &(String, u64))| now.0 == then.0 && is_near(now.1, then.1);
    let differs = counts.iter().zip(&written).find(|pair| !same(*pair));
    assert!(
        differs.is_none() && counts.len() == written.len(),
        "{document}: a count of the table {name} differs by more than {COUNT_MAY_DIFFER} % from what it was, first here \
         (now, then): {differs:?}. If that is meant, run this test with {ASK}=write, then read the change.\n{table}"
    );
}
