//! `cargo xtask …`: everything that a contributor, a user from source and CI need, on a fresh machine too.
//!
//! The way through it: [`tools`] installs what is missing in the [`versions`] that go together, [`wasm`]
//! finds a compiler for the page, [`dashboard`] builds the page, [`checks`] is what CI checks, [`report`]
//! shows what took how long.
#![forbid(unsafe_code)]

mod architecture;
mod browser;
mod checks;
mod dashboard;
mod determinism;
mod forms;
mod licences;
mod mutants;
mod nginx;
mod process;
mod progress;
mod prose;
mod report;
mod site;
mod tools;
mod versions;
mod wasm;
mod wasm_program;
mod wasm_speed;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::process::Run;
use crate::report::Report;

const HELP: &str = "\
cargo xtask run [-- FLAGS]   build everything, start the server, print the link; FLAGS go to the server
cargo xtask build            build target/release/ringleader, one file with the dashboard inside
cargo xtask site [FOLDER]    write the page as static files that need no server, to target/site by default
cargo xtask page [--dev]     build the page alone; with --dev in seconds, large and unoptimised, for trying a change out
cargo xtask test             everything that CI checks
cargo xtask test ARGUMENTS   `cargo test ARGUMENTS` with a page that is up to date and a browser, for one test of it
cargo xtask prose            how comments and documents are written, and whether what they name exists
cargo xtask check            visit every state of small rings, minutes; with --explore: step by step in the browser; --huge: hours
cargo xtask mutants [NAMES]  whether the checker and the simulator find the mistakes in nodes/checker/mutants
cargo xtask bench [ROUNDS]   from kill -9 to the next leader, 50 rounds by default
cargo xtask bench load       what crowds of subscribers and slow clients cost the server and the elections
cargo xtask bench partitions [N]  what broken, slow and lossy links between live members cost, N rings a row, 3 by default
cargo xtask bench busy       whether anybody is taken for dead when every processor is kept busy: 10 minutes, or --minutes N
cargo xtask bench sandbox    what a frame of the sandbox costs in a browser, with 64, 256 and 1,000 nodes
cargo xtask bench page       what a frame of the live page costs, with 4 and 64 nodes; fails above 8 ms
cargo xtask bench wasm       what share of its native speed the simulator has in a browser
cargo xtask soak [FLAGS]     every fault at random in the simulator: --minutes N, --seed S; --replay 'CASE'
cargo xtask chaos [FLAGS]    every fault at random on real processes: --rounds N, --seed S, --rings K, --only ROUND, --safety MODE;
                             with --standing: links that stay cut while agreement is demanded
cargo xtask siege [FLAGS]    a ring under pressure from outside: --minutes N, --seed S, --safety MODE
cargo xtask help             this page

Each installs what it lacks and says so; the second time it is quick and silent about it. Tools go to a folder of
their own: $RINGLEADER_TOOLS, or ringleader/tools in your cache folder.

Examples:
  cargo xtask run -- --port 9000 --nodes 7
  cargo xtask run -- --hop-delay 0ms
  cargo xtask test --package ringleader --test page -- initiate
  cargo xtask bench 200
  cargo xtask soak --minutes 10
  cargo xtask chaos --rounds 2000 --seed 1";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> anyhow::Result<ExitCode> {
    std::env::set_current_dir(root()).context("entering the project's folder")?;
    let (command, rest) =
        arguments.split_first().map_or(("help", &[][..]), |(first, rest)| (first.as_str(), rest));
    match command {
        _ if matches!(rest, [flag] if flag == "--help" || flag == "-h") => help(),
        "run" => run(rest.strip_prefix(&["--".to_owned()]).unwrap_or(rest)),
        "build" => {
            no_more(rest)?;
            let mut report = Report::default();
            build(&mut report)?;
            report.print_if_slow();
            print_sizes()?;
            Ok(ExitCode::SUCCESS)
        }
        "page" => {
            let mut report = Report::default();
            match rest {
                [] => dashboard::build(&mut report)?,
                [flag] if flag == "--dev" => dashboard::build_for_trying(&mut report)?,
                [extra, ..] => bail!("`{extra}` is one argument too many\n\n{HELP}"),
            }
            report.print_if_slow();
            Ok(ExitCode::SUCCESS)
        }
        "test" if rest.is_empty() => checks::run(),
        "test" => checks::run_some(rest),
        "check" => {
            Run::cargo(["run", "--quiet", "--release", "--package", "ringleader-checker", "--"])
                .args(rest)
                .check()?;
            Ok(ExitCode::SUCCESS)
        }
        "mutants" => {
            mutants::check(rest)?;
            Ok(ExitCode::SUCCESS)
        }
        "prose" => {
            no_more(rest)?;
            prose::check()?;
            Ok(ExitCode::SUCCESS)
        }
        "site" => {
            let (folder, more) =
                rest.split_first().map_or((None, rest), |(first, more)| (Some(first.as_str()), more));
            no_more(more)?;
            site::write(folder)?;
            Ok(ExitCode::SUCCESS)
        }
        "bench" => bench(rest),
        "soak" => {
            let soak = [
                "run",
                "--quiet",
                "--release",
                "--package",
                "ringleader-simulator",
                "--example",
                "soak",
                "--",
            ];
            Run::cargo(soak).args(rest).check()?;
            Ok(ExitCode::SUCCESS)
        }
        "chaos" => chaos("chaos", rest),
        "siege" => chaos("siege", rest),
        "help" | "--help" | "-h" => {
            no_more(rest)?;
            help()
        }
        other => bail!("there is no `cargo xtask {other}`\n\n{HELP}"),
    }
}

fn help() -> anyhow::Result<ExitCode> {
    println!("{HELP}");
    Ok(ExitCode::SUCCESS)
}

fn no_more(rest: &[String]) -> anyhow::Result<()> {
    match rest.first() {
        Some(extra) => bail!("`{extra}` is one argument too many\n\n{HELP}"),
        None => Ok(()),
    }
}

/// The project's folder. Cargo names it at run time: a program that was copied with its checkout works on the
/// copy.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map(Path::to_path_buf).unwrap_or(here)
}

fn build(report: &mut Report) -> anyhow::Result<()> {
    dashboard::build(report)?;
    report.step("the server", || {
        // Where `run` looks for it, whatever the user's configuration says.
        Run::cargo(["build", "--release", "--package", "ringleader", "--target-dir", "target"])
            .check_with_progress()
    })
}

/// Builds, then becomes the server: Ctrl-C and exit code are its own.
fn run(flags: &[String]) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    build(&mut report)?;
    report.print_if_slow();
    let mut server = std::process::Command::new("target/release/ringleader");
    server.args(flags);
    let error = std::os::unix::process::CommandExt::exec(&mut server);
    Err(error).context("starting target/release/ringleader")
}

fn bench(rest: &[String]) -> anyhow::Result<ExitCode> {
    let rounds: u32 = match rest {
        [] => 50,
        [load] if load == "load" => {
            Run::cargo(["bench", "--quiet", "--package", "ringleader", "--bench", "load"]).check()?;
            return Ok(ExitCode::SUCCESS);
        }
        [partitions, rounds @ ..] if partitions == "partitions" => {
            Run::cargo(["bench", "--quiet", "--package", "ringleader", "--bench", "partitions", "--"])
                .args(rounds)
                .check()?;
            return Ok(ExitCode::SUCCESS);
        }
        [busy, flags @ ..] if busy == "busy" => {
            Run::cargo(["bench", "--quiet", "--package", "ringleader", "--bench", "busy", "--"])
                .args(flags)
                .check()?;
            return Ok(ExitCode::SUCCESS);
        }
        [sandbox] if sandbox == "sandbox" => {
            site::write(None)?;
            let browser = browser::install()?;
            Run::cargo(["bench", "--quiet", "--package", "ringleader", "--bench", "sandbox", "--"])
                .arg(root().join(site::FOLDER))
                .env("RINGLEADER_CHROMIUM", &browser.chromium)
                .env("RINGLEADER_CHROMEDRIVER", &browser.chromedriver)
                .check()?;
            return Ok(ExitCode::SUCCESS);
        }
        [page, scene @ ..] if page == "page" => {
            // The server takes the page in when it is compiled.
            let mut report = Report::default();
            dashboard::build(&mut report)?;
            report.print_if_slow();
            let browser = browser::install()?;
            Run::cargo(["bench", "--quiet", "--package", "ringleader", "--bench", "page", "--"])
                .args(scene)
                .env("RINGLEADER_CHROMIUM", &browser.chromium)
                .env("RINGLEADER_CHROMEDRIVER", &browser.chromedriver)
                .check()?;
            return Ok(ExitCode::SUCCESS);
        }
        [wasm] if wasm == "wasm" => {
            wasm_speed::bench(&wasm::Compiler::install()?, &browser::install()?.chromium)?;
            return Ok(ExitCode::SUCCESS);
        }
        [rounds] => rounds.parse().with_context(|| format!("`{rounds}` is not a number of rounds"))?,
        [_, extra, ..] => bail!("`{extra}` is one argument too many\n\n{HELP}"),
    };
    Run::cargo(["bench", "--quiet", "--package", "ringleader", "--bench", "takeover", "--"])
        .arg(rounds.to_string())
        .check()?;
    Ok(ExitCode::SUCCESS)
}

/// Runs one of the long tests of real processes.
fn chaos(test: &str, flags: &[String]) -> anyhow::Result<ExitCode> {
    let mut chaos = Run::cargo(["test", "--quiet", "--package", "ringleader", "--test", test, "--"]);
    for flag in flags {
        chaos = chaos.arg(flag);
    }
    chaos.check()?;
    Ok(ExitCode::SUCCESS)
}

fn print_sizes() -> anyhow::Result<()> {
    let binary = std::fs::metadata("target/release/ringleader").context("looking at the binary")?.len();
    println!("target/release/ringleader  {:>6} kB, dashboard inside", binary / 1000);
    dashboard::check_size()
}
