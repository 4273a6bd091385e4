//! The checks of CI.

use anyhow::{Context, bail};

use crate::browser::Browser;
use crate::failures::Failures;
use crate::process::Run;
use crate::report::Report;
use crate::wasm::{self, Compiler};
use crate::{architecture, browser, dashboard, determinism, licences, mutants, nginx, prose, tools};

/// Runs all checks; the later ones also when an earlier one failed.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut report = Report::default();
    report.check("formatting", || {
        component("rustfmt", "fmt")?;
        Run::cargo(["fmt", "--all", "--check"]).check()
    });
    report.check("who depends on whom", architecture::check);
    report.check("prose", prose::check);
    report.check("licences and sources of dependencies", licences::check);
    // Before clippy and the tests: the server takes the page in when it is compiled.
    let mut page = Report::default();
    report.check("the page", || {
        dashboard::build(&mut page)?;
        page.print_if_slow();
        dashboard::check_size()
    });
    report.check("the core builds for wasm32", core_for_wasm);
    report.check("clippy", || {
        component("clippy", "clippy")?;
        Run::cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).check_with_progress()
    });
    report.check("the fuzz targets compile", fuzz_targets);
    report.check("the fuzz targets run", fuzz);
    let mut browser = None;
    report.check("a browser", || {
        browser = Some(browser::install()?);
        Ok(())
    });
    if let Some(browser) = &browser {
        report.check("the same run natively and in WebAssembly", || {
            determinism::check(&Compiler::install()?, &browser.chromium)
        });
    }
    let mut failures = Failures::default();
    report.check("tests", || {
        println!("Compiling the tests: about 4 minutes on 2 cores the first time …");
        Run::cargo(["test", "--workspace", "--no-run"]).check_with_progress()?;
        let mut tests = Run::cargo(["test", "--workspace", "--no-fail-fast"]);
        if let Some(browser) = &browser {
            tests = in_browser(tests, browser)?;
        }
        tests.check_line_by_line(|line| failures.add(line))
    });
    report.check("mutants are caught", || mutants::check(&[], mutants::Rows::Wrong));
    if let Some(summary) = failures.summary() {
        println!("\n── tests that failed, once more\n{summary}");
    }
    report.print();
    if !report.is_good() {
        bail!("a check failed");
    }
    Ok(())
}

/// Runs `cargo test` with these arguments, with an up-to-date page and a browser.
pub(crate) fn run_some(arguments: &[String]) -> anyhow::Result<()> {
    let mut page = Report::default();
    dashboard::build_for_trying(&mut page)?;
    page.print_if_slow();
    let browser = browser::install()?;
    in_browser(Run::cargo(["test"]).args(arguments), &browser)?.check()
}

/// Names the browser and the other tools of the browser tests in their environment.
fn in_browser(tests: Run, browser: &Browser) -> anyhow::Result<Run> {
    let tests = browser.drives(tests);
    let tests = match nginx::find_or_unpack() {
        Some(nginx) => tests.env("RINGLEADER_NGINX", &nginx),
        None => tests,
    };
    let tests = match tools::axe()? {
        Some(script) => tests.env("RINGLEADER_AXE", script),
        None => tests,
    };
    let tests = match tools::perfetto()? {
        Some(python) => tests.env("RINGLEADER_PERFETTO", python),
        None => tests,
    };
    Ok(match tools::schemathesis()? {
        Some(program) => tests.env("RINGLEADER_SCHEMATHESIS", program),
        None => tests,
    })
}

/// Adds a component of the Rust toolchain that the smallest installation leaves out.
fn component(name: &str, subcommand: &str) -> anyhow::Result<()> {
    if Run::cargo([subcommand, "--version"]).succeeds() {
        return Ok(());
    }
    println!("Adding {name} to the Rust toolchain, a few seconds …");
    Run::new("rustup", ["component", "add", name]).check_quietly()
}

/// Checks the fuzz targets: a workspace of their own, which needs a nightly compiler to run but not to be
/// checked.
fn fuzz_targets() -> anyhow::Result<()> {
    const MANIFEST: &str = "fuzz/Cargo.toml";
    Run::cargo(["fmt", "--manifest-path", MANIFEST, "--check"]).check()?;
    Run::cargo(["check", "--manifest-path", MANIFEST, "--target-dir", "target/fuzz"])
        // The fuzzing engine is C++, and nothing is linked here: it need not be compiled.
        .env("CUSTOM_LIBFUZZER_PATH", "./libFuzzer.a")
        .check_with_progress()
}

/// Runs each fuzz target for a short while, where that is possible.
fn fuzz() -> anyhow::Result<()> {
    const SECONDS_EACH: u32 = 20;
    if !Run::new("cargo", ["+nightly", "fuzz", "--version"]).succeeds() {
        println!(
            "There is no nightly compiler with cargo-fuzz: no fuzz target is run. `cargo install cargo-fuzz` brings it."
        );
        return Ok(());
    }
    for target in ["decoders", "files", "core"] {
        let corpus = format!("fuzz/corpus/{target}");
        std::fs::create_dir_all(&corpus).with_context(|| format!("making {corpus}"))?;
        Run::new("cargo", ["+nightly", "fuzz", "run", target])
            .arg(corpus)
            .arg(format!("fuzz/seeds/{target}"))
            .args(["--", "-seed=1"])
            .arg(format!("-max_total_time={SECONDS_EACH}"))
            .check_with_progress()?;
    }
    Ok(())
}

fn core_for_wasm() -> anyhow::Result<()> {
    let compiler = Compiler::install()?;
    let mut check = Run::new("cargo", ["check", "--target", wasm::TARGET]);
    for package in architecture::PURE {
        check = check.arg("--package").arg(package);
    }
    compiler.compiles(check).check_with_progress()
}
