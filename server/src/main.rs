//! The `ringleader` program.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use ringleader::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        let set: Vec<String> =
            std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("RINGLEADER_")).collect();
        let _ = error.print();
        if error.kind() == ErrorKind::ArgumentConflict && !set.is_empty() {
            eprintln!("\nnote: settings from the environment count as flags: {}", set.join(", "));
        }
        std::process::exit(error.exit_code());
    });
    let result = match cli.command {
        Some(Command::Node(options)) => {
            ringleader::log::start_for_node();
            ringleader_node::run(options.into()).map(|()| true)
        }
        Some(Command::Simulate(options)) => ringleader::simulate::run(&options).map(|()| true),
        Some(Command::Replay(options)) => ringleader::replay::run(&options),
        Some(Command::History(options)) => ringleader::archive::command::run(&options).map(|()| true),
        Some(Command::Serve(options)) => ringleader::serve::run(&options).map(|()| true),
        None => ringleader::serve::run(&cli.serve).map(|()| true),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        // The differences have been printed.
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // A full pipe is no reason to panic.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
