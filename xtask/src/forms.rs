//! Further forms of the page's files, made when trunk is done: the page that loads the program in chunks, the
//! viewers' page, and everything compressed.

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

/// The beginning of the names of the files of trunk's program.
const TRUNKS: &str = "ringleader-frontend-";

/// The beginning of the element with which trunk starts the program.
const STARTER: &str = "<script type=\"module\">";

/// Puts the program in this folder into the place of the one that trunk has written.
pub(crate) fn replace_program(page: &Path, program: &str) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(page).with_context(|| format!("reading {}", page.display()))? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(TRUNKS) && file.is_file() {
            std::fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
        }
    }
    let file = page.join(PAGE);
    let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    std::fs::write(&file, with_program(&text, program)?)
        .with_context(|| format!("writing {}", file.display()))
}

/// The page that loads the program in this folder, all of its files at once.
fn with_program(page: &str, program: &str) -> anyhow::Result<String> {
    let parts = page.split_once(STARTER).and_then(|(before, rest)| {
        let (_, after) = rest.split_once("</script>")?;
        Some((before, after))
    });
    let (before, after) =
        parts.context("the page does not start a program in the way that trunk writes it")?;
    Ok(format!(
        "{before}<link rel=\"preload\" href=\"./{program}/ringleader_bg.wasm\" as=\"fetch\" type=\"application/wasm\" crossorigin />\
        <link rel=\"modulepreload\" href=\"./{program}/ringleader.js\" />\
        {STARTER}const {{ default: start }} = await import(\"./{program}/ringleader.js\");
await start();
</script>{}",
        without_preloads(after)
    ))
}

/// The page without the elements with which trunk has its own program loaded ahead.
fn without_preloads(page: &str) -> String {
    let mut rest = page;
    let mut kept = String::new();
    while let Some((before, element)) = ["<link rel=\"modulepreload\"", "<link rel=\"preload\""]
        .iter()
        .filter_map(|it| rest.split_once(it))
        .min_by_key(|(before, _)| before.len())
    {
        kept.push_str(before);
        rest = element.split_once('>').map_or("", |(_, after)| after);
    }
    kept + rest
}

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

/// Whether a file of the page is another form of one: the viewers' page, or compressed.
pub(crate) fn is_further(name: &str) -> bool {
    name == VIEWERS_PAGE || SUFFIXES.iter().any(|suffix| name.ends_with(&format!(".{suffix}")))
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
    fn further_forms_are_distinguished_from_the_files_of_trunk() {
        let names = ["index.html", "page-0123.wasm", "viewer.html", "page-0123.wasm.br", "index.html.gz"];
        assert_eq!(names.map(is_further), [false, false, true, true, true]);
    }

    #[test]
    fn the_page_loads_the_program_in_the_folder_and_none_of_trunk() {
        let preload = "<link rel=\"modulepreload\" href=\"a.js\"><link rel=\"preload\" href=\"a_bg.wasm\">";
        let page = format!("<head>{STARTER}import 'a.js'</script>{preload}<script src=\"boot.js\"></script>");
        let changed = with_program(&page, "program-1").expect("a page");
        assert!(changed.contains("import(\"./program-1/ringleader.js\")"), "{changed}");
        assert!(
            !changed.contains("\"a.js") && !changed.contains("a_bg") && !changed.contains("'a.js'"),
            "{changed}"
        );
        assert!(changed.ends_with("</script><script src=\"boot.js\"></script>"), "{changed}");
        assert!(with_program("<head>", "program-1").is_err());
    }
}
