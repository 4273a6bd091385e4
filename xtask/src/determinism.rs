//! The same simulated run emits the same events on every platform: natively optimised, and in a browser's
//! WebAssembly.

use std::path::Path;

use anyhow::{Context, bail};

use crate::process::Run;
use crate::wasm::Compiler;
use crate::wasm_program::{self, PACKAGE};

const EXAMPLE: &str = "determinism";

/// The line that the page shows when every run emitted the expected events.
const SAME: &str = "every run is the same";

/// Runs the golden cases in a release build, and in Chromium.
pub(crate) fn check(compiler: &Compiler, chromium: &Path) -> anyhow::Result<()> {
    Run::cargo(["run", "--quiet", "--release", "--package", PACKAGE, "--example", EXAMPLE])
        .check()
        .context("a release build emits something else")?;
    let script = format!(
        "const first = new WebAssembly.Instance(module, {{}}).exports.main(0, 0);\
         document.body.textContent = first === 0 ? '{SAME}' : 'case ' + first + ' differs';"
    );
    let said = wasm_program::run(compiler, chromium, EXAMPLE, None, &script)?;
    if said != SAME {
        bail!("in WebAssembly a run emits something else: {said}");
    }
    println!("natively and in WebAssembly");
    Ok(())
}
