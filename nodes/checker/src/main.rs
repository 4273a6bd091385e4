//! `cargo xtask check`: the large bounds, with a table, or stateright's explorer in the browser.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ringleader_checker::suites::{huge, large, large_classic};
use ringleader_checker::{CheckConfig, FaultBudget, RingModel, check};
use stateright::Model;

/// Nothing takes this long on a machine that is not busy with something else.
const AT_MOST: Duration = Duration::from_secs(4 * 3600);

/// Address of the explorer: for this machine only.
const EXPLORER: &str = "127.0.0.1:3000";

const HELP: &str = "\
cargo xtask check              visit every state within the large bounds, minutes; a table at the end
cargo xtask check --members N  rings of N members only
cargo xtask check --classic    the classic elections, with a member that comes back in the midst of one, 10 minutes
cargo xtask check --huge       some bounds of quorum mode that take hours
cargo xtask check --explore    walk through a ring of three in the browser, step by step";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => check_all(large()),
        ["--classic"] => check_all(large_classic()),
        ["--huge"] => check_all(huge()),
        ["--members", members] if members.parse::<usize>().is_ok() => {
            let has_members = |config: &CheckConfig| members.parse() == Ok(config.attributes.len());
            check_all(large().into_iter().filter(has_members).collect())
        }
        ["--explore"] => explore(),
        ["--help" | "-h"] => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("error: `{}` is not understood\n\n{HELP}", arguments.join(" "));
            ExitCode::from(2)
        }
    }
}

/// The states of several bounds that ask the same of rings of one size.
struct Row {
    members: usize,
    asked: String,
    rings: usize,
    states: usize,
    depth: usize,
    took: Duration,
}

fn check_all(all: Vec<CheckConfig>) -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let started = Instant::now();
    let mut rows: Vec<Row> = Vec::new();
    let mut is_good = true;
    for config in all {
        let report = check(RingModel::new(config.clone()), threads, AT_MOST);
        println!("{config}: {} states, depth {}, {:.1?}", report.states, report.depth, report.took);
        for violation in &report.violations {
            println!("{violation}");
        }
        if !report.is_exhaustive {
            println!("not every state was visited");
        }
        if !report.some_agree {
            println!("no ring agrees when all that may happen has happened: these bounds ask nothing");
        }
        is_good &= report.is_exhaustive && report.some_agree;
        let (members, asked) = (config.attributes.len(), config.asked());
        if !rows.iter().any(|row| (row.members, &row.asked) == (members, &asked)) {
            rows.push(Row {
                members,
                asked: asked.clone(),
                rings: 0,
                states: 0,
                depth: 0,
                took: Duration::ZERO,
            });
        }
        if let Some(row) = rows.iter_mut().find(|row| (row.members, &row.asked) == (members, &asked)) {
            row.rings += 1;
            row.states += report.states;
            row.depth = row.depth.max(report.depth);
            row.took += report.took;
        }
    }
    rows.sort_by_key(|row| row.members);
    println!("\n| members | rings | what may happen | states | depth | time |");
    println!("| ---: | ---: | --- | ---: | ---: | ---: |");
    for Row { members, asked, rings, states, depth, took } in &rows {
        println!("| {members} | {rings} | {asked} | {states} | {depth} | {:.1} s |", took.as_secs_f64());
    }
    let states: usize = rows.iter().map(|row| row.states).sum();
    let seconds = started.elapsed().as_secs_f64();
    println!("\n{states} states in {seconds:.0} s, {threads} at work");
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn explore() -> ExitCode {
    let faults = FaultBudget { initiations: 1, crashes: 1, restarts: 1, ..FaultBudget::default() };
    println!("http://{EXPLORER} walks through the ring; Ctrl-C ends it");
    RingModel::new(CheckConfig::of(&[90, 100, 110]).with(faults)).checker().serve(EXPLORER);
    ExitCode::SUCCESS
}
