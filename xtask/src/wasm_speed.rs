//! What share of its native speed the simulator has in a browser.

use std::path::Path;

use anyhow::Context;

use crate::process::Run;
use crate::wasm::Compiler;
use crate::wasm_program::{self, PACKAGE};

const EXAMPLE: &str = "election_speed";
const TIMES: usize = 5;

/// Runs the same rings natively and in Chromium, in turn, and prints the medians and their ratio.
pub(crate) fn bench(compiler: &Compiler, chromium: &Path) -> anyhow::Result<()> {
    let native = || -> anyhow::Result<f64> {
        let said = Run::cargo(["run", "--quiet", "--release", "--package", PACKAGE, "--example", EXAMPLE])
            .output()?;
        said.trim().parse().with_context(|| format!("`{said}` is no number of seconds"))
    };
    // The first run in an instance is also compiled: each is run in an instance of its own, once for warming up.
    let script = "const run = () => { const start = performance.now(); \
                  new WebAssembly.Instance(module, {}).exports.main(0, 0); return (performance.now() - start) / 1000 }; \
                  run(); document.body.textContent = run();";
    println!("2,000 rings of 1,000 members, Chang–Roberts, random latencies; medians of {TIMES}");
    for level in ["z", "3"] {
        let (mut natively, mut in_wasm) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            natively.push(native()?);
            let said = wasm_program::run(compiler, chromium, EXAMPLE, Some(level), script)?;
            in_wasm.push(said.parse().with_context(|| format!("`{said}` is no number of seconds"))?);
        }
        let (natively, in_wasm) = (median(natively), median(in_wasm));
        println!(
            "opt-level {level}: {natively:.3} s natively, {in_wasm:.3} s in WebAssembly: {:.0} % of the native speed",
            100.0 * natively / in_wasm
        );
    }
    Ok(())
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
