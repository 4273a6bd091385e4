//! Further forms of the page's files, made when trunk is done: the page that loads one of two programs, the
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

/// The beginning of the element with which trunk starts the program.
const STARTER: &str = "<script type=\"module\">";

/// The files of a program of the page, by their names.
pub(crate) struct Program {
    script: String,
    pub(crate) wasm: String,
}

impl Program {
    /// The one program in a folder that trunk has written.
    pub(crate) fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let names = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
        let names: Vec<String> = names
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<anyhow::Result<_>>()?;
        const WASM: &str = "_bg.wasm";
        let wasm = names.iter().find(|name| name.ends_with(WASM));
        let wasm = wasm.with_context(|| format!("there is no program in {}", folder.display()))?.clone();
        Ok(Self { script: wasm.replace(WASM, ".js"), wasm })
    }

    /// Whether a file is one of the program's, be it compressed.
    pub(crate) fn has(&self, name: &str) -> bool {
        name.starts_with(&self.script) || name.starts_with(&self.wasm)
    }
}

/// Puts the program with the sandbox beside the one without, and has the page load the one that its address
/// needs.
pub(crate) fn join_programs(with_sandbox: &Path, folder: &Path) -> anyhow::Result<()> {
    let (sandbox, live) = (Program::in_folder(with_sandbox)?, Program::in_folder(folder)?);
    for name in [&sandbox.script, &sandbox.wasm] {
        std::fs::copy(with_sandbox.join(name), folder.join(name))
            .with_context(|| format!("copying {name}"))?;
    }
    let page = folder.join(PAGE);
    let text = std::fs::read_to_string(&page).with_context(|| format!("reading {}", page.display()))?;
    let text = with_choice(&text, &live, &sandbox)?;
    std::fs::write(&page, text).with_context(|| format!("writing {}", page.display()))
}

fn with_choice(page: &str, live: &Program, sandbox: &Program) -> anyhow::Result<String> {
    let parts = page.split_once(STARTER).and_then(|(before, rest)| {
        let (_, after) = rest.split_once("</script>")?;
        Some((before, after))
    });
    let (before, after) =
        parts.context("the page does not start a program in the way that trunk writes it")?;
    let of = |program: &Program| format!("[\"./{}\", \"./{}\"]", program.script, program.wasm);
    Ok(format!(
        "{before}{STARTER}
// The program with the sandbox brings the simulator and the history along; the live ring does without.
const [script, wasm] = /^#(sandbox|history)/.test(location.hash) ? {} : {};
const program = fetch(wasm);
const {{ default: start }} = await import(script);
await start({{ module_or_path: program }});
</script>{}",
        of(sandbox),
        of(live),
        without_preloads(after)
    ))
}

/// The page without the elements that load the one program ahead: the other one may be needed.
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
    fn the_page_loads_the_program_that_its_address_needs() {
        let program = |name: &str| Program { script: format!("{name}.js"), wasm: format!("{name}_bg.wasm") };
        let preload =
            "<link rel=\"modulepreload\" href=\"live.js\"><link rel=\"preload\" href=\"live_bg.wasm\">";
        let page =
            format!("<head>{STARTER}import 'live.js'</script>{preload}<script src=\"boot.js\"></script>");
        let joined = with_choice(&page, &program("live"), &program("sandbox")).expect("a page");
        assert!(joined.contains("[\"./sandbox.js\", \"./sandbox_bg.wasm\"] : [\"./live.js\""), "{joined}");
        assert!(
            !joined.contains("preload")
                && !joined.contains("import 'live.js'")
                && joined.ends_with("boot.js\"></script>"),
            "{joined}"
        );
        assert!(with_choice("<head>", &program("live"), &program("sandbox")).is_err());
    }

    #[test]
    fn a_program_has_its_files_in_every_form() {
        let program = Program { script: "a-1.js".to_owned(), wasm: "a-1_bg.wasm".to_owned() };
        let of = |name| program.has(name);
        assert_eq!(["a-1.js.br", "a-1_bg.wasm", "a-2.js", "style.css"].map(of), [true, true, false, false]);
    }
}
