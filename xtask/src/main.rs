//! `cargo xtask …`: everything that a contributor, a user from source and CI need, on a fresh machine too.
//!
//! The way through it: [`tasks`] lists what there is, [`tools`] installs what is missing in the
//! [`versions`] that go together, [`wasm`] finds a compiler for the page, [`dashboard`] builds the page,
//! [`split`] takes its program apart, [`checks`] is what CI checks, [`report`] shows what took how long.
#![forbid(unsafe_code)]

mod architecture;
mod browser;
mod checks;
mod dashboard;
mod determinism;
mod failures;
mod forms;
mod imports;
mod licences;
mod mutants;
mod nginx;
mod packages;
mod peers;
mod process;
mod progress;
mod prose;
mod report;
mod site;
mod split;
mod tasks;
mod tools;
mod versions;
mod wasm;
mod wasm_program;
mod wasm_speed;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let entered = std::env::set_current_dir(root()).context("entering the project's folder");
    match entered.and_then(|()| tasks::dispatch(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The project's folder. Cargo names it at run time: a program that was copied with its checkout works on the
/// copy.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map(Path::to_path_buf).unwrap_or(here)
}
