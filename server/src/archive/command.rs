//! `ringleader history`: the kept runs by command, directly on the database; a server may be running.

mod print;

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use ringleader_shared::AlgorithmName;
use ringleader_shared::api::KeptRun;
use rusqlite::Connection;

use super::catalogue::{self, RunFilter};
use super::error::Error;
use super::export::Export;
use super::place::default_directory;
use super::schema::{Mode, open};

/// Examples for the help text.
pub const EXAMPLES: &str = "\
Examples:
  ringleader history list                          the kept runs, the newest first
  ringleader history list lecture --limit 5        those with this word in their name, id, members or algorithm
  ringleader history show last                     one run with its elections
  ringleader history export 9b83 --output a.jsonl  one run as JSON Lines; without --output to the terminal
  ringleader history import a.jsonl                the same run, here or elsewhere
  ringleader history delete 9b83                   can be undone for an hour:
  ringleader history restore 9b83                  brings a deleted run back

RUN is the id of a run, its first characters (4 at least), or `last`.
The format of exported runs is documented in docs/archive.md.";

/// Flags of `ringleader history`.
#[derive(Debug, Clone, Args)]
pub struct HistoryOptions {
    /// The directory in which the runs are kept [default: $XDG_DATA_HOME/ringleader or
    /// ~/.local/share/ringleader]
    #[arg(long, env = "RINGLEADER_DATA_DIR", value_name = "DIRECTORY", global = true)]
    pub data_dir: Option<PathBuf>,
    /// The command
    #[command(subcommand)]
    pub command: HistoryCommand,
}

/// The commands of `ringleader history`.
#[derive(Debug, Clone, Subcommand)]
pub enum HistoryCommand {
    /// List runs, the newest first
    List {
        /// Words that all must be part of a run's name, id, members or algorithm
        #[arg(value_name = "WORDS")]
        words: Vec<String>,
        /// Only runs in which this algorithm elected
        #[arg(long, value_name = "NAME", value_parser = crate::cli::word_of::<AlgorithmName>(AlgorithmName::ALL.map(AlgorithmName::key)))]
        algorithm: Option<AlgorithmName>,
        /// Only pinned runs
        #[arg(long)]
        pinned: bool,
        /// Deleted runs that can be restored
        #[arg(long)]
        deleted: bool,
        /// The most runs
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// One JSON object a line, for programs
        #[arg(long)]
        json: bool,
    },
    /// Show one run with its elections
    Show {
        /// Its id, the beginning of it, or `last`
        run: String,
        /// One JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Write one run as JSON Lines
    Export {
        /// Its id, the beginning of it, or `last`
        run: String,
        /// The file to write, which must not exist yet [default: the terminal]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Add exported runs
    Import {
        /// The files; `-` is the standard input
        #[arg(value_name = "FILES", required = true)]
        files: Vec<PathBuf>,
    },
    /// Delete runs; each can be restored for an hour
    Delete {
        /// Their ids, or the beginnings of them
        #[arg(value_name = "RUNS", required = true)]
        runs: Vec<String>,
    },
    /// Restore deleted runs
    Restore {
        /// Their ids, or the beginnings of them
        #[arg(value_name = "RUNS", required = true)]
        runs: Vec<String>,
    },
}

/// Does what the flags ask for.
///
/// # Errors
/// When there is no archive, no such run, or a file can't be read or written.
pub fn run(options: &HistoryOptions) -> anyhow::Result<()> {
    let directory = options.data_dir.clone().map_or_else(default_directory, Ok)?;
    let mut output = BufWriter::new(std::io::stdout().lock());
    let done = dispatch(&options.command, &directory, &mut output).and_then(|()| Ok(output.flush()?));
    match done {
        // The reader has closed the output: it has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        done => done,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

fn dispatch(command: &HistoryCommand, directory: &Path, output: &mut impl Write) -> anyhow::Result<()> {
    let mode = if matches!(command, HistoryCommand::Import { .. }) { Mode::Create } else { Mode::Existing };
    let mut connection = open(directory, mode)?;
    match command {
        HistoryCommand::List { words, algorithm, pinned, deleted, limit, json } => {
            let text = Some(words.join(" "));
            let filter = RunFilter {
                text,
                algorithm: *algorithm,
                pinned: pinned.then_some(true),
                deleted: *deleted,
                before: None,
            };
            let found = catalogue::list(&connection, directory, &filter, *limit)?;
            print::list(output, &found.runs, found.next.is_some(), *json)
        }
        HistoryCommand::Show { run, json } => {
            let run = catalogue::find(&connection, directory, run)?;
            print::run(output, &connection, directory, &run, *json)
        }
        HistoryCommand::Export { run, output: None } => {
            export(Export::begin(&connection, directory, run)?, &connection, directory, output)
        }
        HistoryCommand::Export { run, output: Some(file) } => {
            // Before the file is made: a run that is not there leaves none.
            let begun = Export::begin(&connection, directory, run)?;
            let writing = || format!("writing {}", file.display());
            let mut to = BufWriter::new(File::create_new(file).with_context(writing)?);
            export(begun, &connection, directory, &mut to).with_context(writing)?;
            to.flush().with_context(writing)
        }
        HistoryCommand::Import { files } => {
            for file in files {
                let run = import(&mut connection, directory, file)?;
                print::line(output, "imported", &run)?;
            }
            Ok(())
        }
        HistoryCommand::Delete { runs } => {
            for run in found(&connection, directory, runs)? {
                catalogue::delete(&connection, directory, run.run)?;
                print::line(output, "deleted", &run)?;
            }
            Ok(())
        }
        HistoryCommand::Restore { runs } => {
            for run in found(&connection, directory, runs)? {
                catalogue::restore(&connection, directory, run.run)?;
                print::line(output, "restored", &run)?;
            }
            Ok(())
        }
    }
}

/// Finds all of these runs before any of them is changed.
fn found(connection: &Connection, directory: &Path, runs: &[String]) -> Result<Vec<KeptRun>, Error> {
    runs.iter().map(|run| catalogue::find(connection, directory, run)).collect()
}

fn export(
    mut export: Export,
    connection: &Connection,
    directory: &Path,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    while let Some(lines) = export.next(connection, directory)? {
        output.write_all(&lines)?;
    }
    Ok(())
}

fn import(connection: &mut Connection, directory: &Path, file: &Path) -> anyhow::Result<KeptRun> {
    let mut text: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = File::open(file).with_context(|| format!("reading {}", file.display()))?;
        if opened.metadata().is_ok_and(|about| about.is_dir()) {
            bail!("{} is a directory; name the file of an exported run", file.display());
        }
        Box::new(BufReader::new(opened))
    };
    super::import(connection, directory, &mut text).with_context(|| file.display().to_string())
}
