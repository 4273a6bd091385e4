//! The same simulated run tells the same on every platform: natively optimised, and in a browser's WebAssembly.

use std::path::Path;

use anyhow::{Context, bail};

use crate::process::Run;
use crate::wasm::{self, Compiler};

const PACKAGE: &str = "ringleader-simulator";
const EXAMPLE: &str = "same_everywhere";

/// What the page says when every run told what it should.
const SAME: &str = "every run is the same";

/// Runs the golden cases in a release build, and in Chromium.
pub(crate) fn check(compiler: &Compiler, chromium: &Path) -> anyhow::Result<()> {
    Run::cargo(["run", "--quiet", "--release", "--package", PACKAGE, "--example", EXAMPLE])
        .check()
        .context("a release build tells something else")?;
    let build = [
        "build",
        "--profile",
        "wasm-release",
        "--target",
        wasm::TARGET,
        "--package",
        PACKAGE,
        "--example",
        EXAMPLE,
    ];
    compiler.compiles(Run::new("cargo", build)).check_with_progress()?;
    let folder = crate::root().join("target/wasm").join(wasm::TARGET).join("wasm-release/examples");
    let program = folder.join(EXAMPLE).with_extension("wasm");
    let program = std::fs::read(&program).with_context(|| format!("reading {}", program.display()))?;
    let page = folder.join(EXAMPLE).with_extension("html");
    std::fs::write(&page, html(&program)).with_context(|| format!("writing {}", page.display()))?;
    let profile = folder.join("chromium");
    let said = Run::new(chromium, ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-quic",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()))
        .output()?;
    if !said.contains(&format!("<body>{SAME}</body>")) {
        bail!("in WebAssembly a run tells something else: {}", said.lines().last().unwrap_or_default());
    }
    println!("natively and in WebAssembly");
    Ok(())
}

/// A page that runs the program while it is loaded, and then says how that ended.
fn html(program: &[u8]) -> String {
    let bytes: Vec<String> = program.iter().map(u8::to_string).collect();
    format!(
        "<!doctype html><title>{EXAMPLE}</title><body><script>\
         const module = new WebAssembly.Module(new Uint8Array([{}]));\
         const first = new WebAssembly.Instance(module, {{}}).exports.main(0, 0);\
         document.body.textContent = first === 0 ? '{SAME}' : 'case ' + first + ' differs';\
         </script>",
        bytes.join(",")
    )
}
