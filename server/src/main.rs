//! The `ringleader` program.

use std::process::ExitCode;

use clap::Parser;
use ringleader::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Node(options)) => ringleader_node::run(options.into()),
        Some(Command::Serve(options)) => ringleader::serve::run(&options),
        None => ringleader::serve::run(&cli.serve),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
