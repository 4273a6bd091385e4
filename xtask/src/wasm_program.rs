//! An example of the simulator, as a WebAssembly program that Chromium runs.

use std::path::Path;

use anyhow::Context;

use crate::process::Run;
use crate::wasm::{self, Compiler};

/// The crate with the examples.
pub(crate) const PACKAGE: &str = "ringleader-simulator";

/// Builds the example, optimised for size as the page is by default, and has Chromium load a page with this
/// script. In it `module` is the compiled program. Returns the text of the page after the script.
pub(crate) fn run(
    compiler: &Compiler,
    chromium: &Path,
    example: &str,
    opt_level: Option<&str>,
    script: &str,
) -> anyhow::Result<String> {
    let build = [
        "build",
        "--profile",
        "wasm-release",
        "--target",
        wasm::TARGET,
        "--package",
        PACKAGE,
        "--example",
        example,
    ];
    let mut build = compiler.compiles(Run::new("cargo", build));
    if let Some(level) = opt_level {
        build = build.env("CARGO_PROFILE_WASM_RELEASE_OPT_LEVEL", level);
    }
    build.check_with_progress()?;
    let folder = crate::root().join("target/wasm").join(wasm::TARGET).join("wasm-release/examples");
    let program = folder.join(example).with_extension("wasm");
    let program = std::fs::read(&program).with_context(|| format!("reading {}", program.display()))?;
    let page = folder.join(example).with_extension("html");
    std::fs::write(&page, html(&program, script)).with_context(|| format!("writing {}", page.display()))?;
    let profile = folder.join("chromium");
    let dom = Run::new(chromium, ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"])
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
    let body = dom.split_once("<body>").and_then(|(_, rest)| rest.split_once("</body>"));
    Ok(body.map_or(dom.as_str(), |(body, _)| body).trim().to_owned())
}

/// A page that runs the script while it is loaded.
fn html(program: &[u8], script: &str) -> String {
    let bytes: Vec<String> = program.iter().map(u8::to_string).collect();
    format!(
        "<!doctype html><title>WebAssembly</title><body><script>\
         const module = new WebAssembly.Module(new Uint8Array([{}]));{script}</script>",
        bytes.join(",")
    )
}
