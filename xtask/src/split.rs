//! The program of the page in chunks: between cargo and wasm-bindgen the seldom-used code is taken out into
//! files of its own, which the browser fetches when they are used (`frontend/src/chunk.rs`).
//!
//! All files of the program are in a folder whose name carries a hash of them, so that browsers may keep them
//! for ever, and their own names, by which they refer to one another, need not change.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::imports;
use crate::process::Run;
use crate::tools::Tools;

/// The beginning of the name of the program's folder.
const FOLDER: &str = "program-";

/// The name of the main program's files.
const NAME: &str = "ringleader";

/// The script that loads the chunks, as the splitter names it.
const LOADER: &str = "__wasm_split.js";

/// The options with which wasm-opt makes the files small, the same as those of trunk in the page itself; the
/// chunks do not say which features of WebAssembly they use, so all that the compiler uses are named.
const OPTIMISE: [&str; 15] = [
    // A library exports these for streams, which the page does not have.
    "--remove-exports=*ntounderlying*",
    "-Oz",
    "--one-caller-inline-max-function-size=50",
    "--converge",
    // What it saves in bytes it costs when they are compressed.
    "--skip-pass=local-cse",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-extended-const",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--output",
];

/// The way in which the splitter's script gets at a chunk: browsers refuse that of a host that does not know
/// the type of WASM.
const STREAMED: &str = "WebAssembly.instantiateStreaming(src, imports)";

/// A way that works with any host.
const FETCHED: &str = "fetched(src, imports)";

/// The function that is called there.
const FETCH: &str = "
async function fetched(src, imports) {
    const answer = await src;
    if (!answer.ok) throw new Error(`${answer.url} is not there: ${answer.status}`);
    return WebAssembly.instantiate(await answer.arrayBuffer(), imports);
}
";

/// The program's folder in the folder of a page.
pub(crate) fn folder(page: &Path) -> anyhow::Result<PathBuf> {
    let entries = std::fs::read_dir(page).with_context(|| format!("reading {}", page.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(FOLDER) {
            return Ok(entry.path());
        }
    }
    bail!("there is no program in {}: remove the folder, then try again", page.display())
}

/// The main program of a folder.
pub(crate) fn main_wasm(program: &Path) -> PathBuf {
    program.join(format!("{NAME}_bg.wasm"))
}

/// Splits a program that cargo has built, and puts it into the folder of a page. Returns its folder there.
pub(crate) fn split(tools: &Tools, wasm: &Path, page: &Path) -> anyhow::Result<String> {
    let work = page.join("program");
    Run::new("wasm-split-cli", ["--target", "web", "--out-name", NAME])
        .arg(wasm)
        .arg(&work)
        .on_path(&tools.path()?)
        .check_quietly()?;
    let main = work.join(format!("{NAME}.wasm"));
    Run::new("wasm-bindgen", ["--target", "web", "--keep-lld-exports", "--no-demangle", "--no-typescript"])
        .args(["--out-name", NAME, "--out-dir"])
        .arg(&work)
        .arg(&main)
        .on_path(&tools.path()?)
        .check_quietly()?;
    std::fs::remove_file(&main).with_context(|| format!("removing {}", main.display()))?;
    let loader = work.join(LOADER);
    let text = std::fs::read_to_string(&loader).with_context(|| format!("reading {}", loader.display()))?;
    std::fs::write(&loader, from_any_host(&text)?)
        .with_context(|| format!("writing {}", loader.display()))?;
    shorten_imports(&work)?;
    if tools.esbuild {
        join_scripts(tools, &work)?;
    }
    let files = files(&work)?;
    if tools.wasm_opt {
        optimise(tools, &files)?;
    }
    let name = format!("{FOLDER}{}", hash(&files)?);
    std::fs::rename(&work, page.join(&name)).with_context(|| format!("naming {name}"))?;
    Ok(name)
}

/// Gives what the program imports from its script short names.
fn shorten_imports(work: &Path) -> anyhow::Result<()> {
    let (wasm, script) = (main_wasm(work), work.join(format!("{NAME}.js")));
    let before = std::fs::read(&wasm).with_context(|| format!("reading {}", wasm.display()))?;
    let text = std::fs::read_to_string(&script).with_context(|| format!("reading {}", script.display()))?;
    let (short, text) = imports::shorten(&before, &text)?;
    std::fs::write(&wasm, short).with_context(|| format!("writing {}", wasm.display()))?;
    std::fs::write(&script, text).with_context(|| format!("writing {}", script.display()))
}

/// Makes one small script of the two, which import each other, without what nobody calls.
fn join_scripts(tools: &Tools, work: &Path) -> anyhow::Result<()> {
    const ENTRY: &str = "entry.js";
    let script = format!("{NAME}.js");
    let entry = work.join(ENTRY);
    std::fs::write(&entry, format!("export {{ default }} from \"./{script}\";"))
        .with_context(|| format!("writing {}", entry.display()))?;
    // The script names its import once for each function in it, which esbuild warns of.
    Run::new("esbuild", [ENTRY, "--bundle", "--minify", "--format=esm", "--log-level=error"])
        .arg("--outfile=joined.js")
        .on_path(&tools.path()?)
        .within(work)
        .check_quietly()?;
    std::fs::rename(work.join("joined.js"), work.join(&script)).context("naming the script")?;
    for former in [ENTRY, LOADER] {
        std::fs::remove_file(work.join(former)).with_context(|| format!("removing {former}"))?;
    }
    Ok(())
}

fn from_any_host(loader: &str) -> anyhow::Result<String> {
    if !loader.contains(STREAMED) {
        bail!("the loader of the chunks is not what the splitter used to write: look at {STREAMED}");
    }
    Ok(loader.replace(STREAMED, FETCHED) + FETCH)
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Makes the files small, each by itself.
fn optimise(tools: &Tools, files: &[PathBuf]) -> anyhow::Result<()> {
    let path = tools.path()?;
    for file in files.iter().filter(|file| file.extension().is_some_and(|it| it == "wasm")) {
        Run::new("wasm-opt", [file]).args(OPTIMISE).arg(file).on_path(&path).check_quietly()?;
    }
    Ok(())
}

fn hash(files: &[PathBuf]) -> anyhow::Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.file_name().hash(&mut hasher);
        std::fs::read(file).with_context(|| format!("reading {}", file.display()))?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_comes_from_a_host_that_does_not_know_its_type() {
        let loader = format!("return async (imports) => ({STREAMED});");
        let changed = from_any_host(&loader).expect("a loader");
        assert!(changed.contains("=> (fetched(src, imports))") && !changed.contains("Streaming"));
        assert!(from_any_host("another loader").is_err());
    }
}
