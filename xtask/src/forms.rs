//! Further forms of the page's files, made when trunk is done: the viewers' page, and everything compressed.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::process::{self, Run};

/// The page for operators.
const PAGE: &str = "index.html";

/// The page for viewers; the server sends it to viewers.
const VIEWERS_PAGE: &str = "viewer.html";

/// The attribute of the viewers' page: the dashboard then has no controls.
const WATCHING: &str = "data-watching";

/// Files that compress well. Everything of the page does, so far.
const COMPRESSIBLE: [&str; 5] = ["css", "html", "js", "svg", "wasm"];

/// The suffixes of the compressed files.
const SUFFIXES: [&str; 2] = ["br", "gz"];

/// The script that compresses files at the highest level, with the libraries inside Node.js; a form that is
/// no smaller is left out.
const COMPRESS: &str = "\
const fs = require('fs'), zlib = require('zlib'), { constants } = zlib;
for (const name of process.argv.slice(1)) {
  const raw = fs.readFileSync(name);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length };
  const forms = { br: zlib.brotliCompressSync(raw, { params }), gz: zlib.gzipSync(raw, { level: 9 }) };
  for (const [suffix, form] of Object.entries(forms)) {
    if (form.length < raw.length) fs.writeFileSync(`${name}.${suffix}`, form);
  }
}";

/// Writes the viewers' page beside the other one.
pub(crate) fn write_viewers_page(folder: &Path) -> anyhow::Result<()> {
    let page = folder.join(PAGE);
    let text = std::fs::read_to_string(&page).with_context(|| format!("reading {}", page.display()))?;
    let to = folder.join(VIEWERS_PAGE);
    std::fs::write(&to, for_viewers(&text)?).with_context(|| format!("writing {}", to.display()))
}

fn for_viewers(page: &str) -> anyhow::Result<String> {
    if !page.contains("<html") {
        bail!("the page has no <html element to mark for viewers");
    }
    Ok(page.replacen("<html", &format!("<html {WATCHING}"), 1))
}

/// Writes the compressed forms of these files beside them. Without Node.js there are none, and the server
/// sends the page uncompressed.
pub(crate) fn compress(files: &[PathBuf]) -> anyhow::Result<()> {
    if !process::on_path("node") {
        println!("There is no Node.js to compress the page with: it goes out as it is.");
        return Ok(());
    }
    let has = |file: &Path, extensions: &[&str]| {
        file.extension().is_some_and(|extension| extensions.iter().any(|other| extension == *other))
    };
    let compressible = files.iter().filter(|file| has(file, &COMPRESSIBLE));
    Run::new("node", ["--eval", COMPRESS, "--"]).args(compressible).check_quietly()
}

/// Whether a file of the page is one of the forms that are written here, and not part of trunk's build.
pub(crate) fn is_further(name: &Path) -> bool {
    name == Path::new(VIEWERS_PAGE)
        || name.extension().is_some_and(|extension| SUFFIXES.iter().any(|suffix| extension == *suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_viewers_page_is_marked_once() {
        let page = "<!doctype html><html lang=\"en\"><p>&lt;html";
        let marked = for_viewers(page).expect("a page");
        assert_eq!(marked, "<!doctype html><html data-watching lang=\"en\"><p>&lt;html");
        assert!(for_viewers("nothing").is_err());
    }

    #[test]
    fn files_written_here_are_distinguished_from_those_of_trunk() {
        for (name, further) in [
            ("index.html", false),
            ("page-0123.wasm", false),
            ("viewer.html", true),
            ("page-0123.wasm.br", true),
            ("index.html.gz", true),
        ] {
            assert_eq!(is_further(Path::new(name)), further, "{name}");
        }
    }
}
