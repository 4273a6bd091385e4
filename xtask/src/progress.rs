//! One line of progress while cargo compiles for minutes.

use std::io::{BufRead, BufReader, IsTerminal, PipeReader, Write};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Context;

/// The interval at which the line is renewed on a terminal.
const TICK: Duration = Duration::from_millis(500);

/// The interval between lines where one can't be renewed, as in a log file.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// The words that begin cargo's lines of progress.
const NEWS: [&str; 9] = [
    "Adding",
    "Blocking",
    "Downloaded",
    "Downloading",
    "Finished",
    "Installed",
    "Installing",
    "Locking",
    "Updating",
];

/// Runs a program that calls cargo and counts the crates on the way. Returns its exit status and its other
/// output.
pub(crate) fn watch(mut command: Command) -> anyhow::Result<(ExitStatus, String)> {
    let (reader, writer) = std::io::pipe().context("making a pipe")?;
    let terminal = std::io::stdout().is_terminal();
    // Cargo would draw a line of its own, and colours hide its words.
    command.env("CARGO_TERM_PROGRESS_WHEN", "never").env("CARGO_TERM_COLOR", "never");
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // The command owns the writing ends: the pipe ends when the child's copies are the last.
    drop(command);
    let said = follow(reader, terminal)?;
    Ok((child.wait()?, said))
}

/// Runs a program and passes on each line of its output, standard error included. What a process that
/// outlives the program would add later is not waited for.
pub(crate) fn pass_on(mut command: Command, mut hear: impl FnMut(&str)) -> anyhow::Result<ExitStatus> {
    let (reader, writer) = std::io::pipe().context("making a pipe")?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    drop(command);
    let lines = lines(reader);
    let mut ended = None;
    loop {
        match lines.recv_timeout(TICK) {
            Ok(line) => hear(&line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if ended.is_some() => break,
            Err(RecvTimeoutError::Timeout) => ended = child.try_wait()?,
        }
    }
    Ok(child.wait()?)
}

/// The lines that are read from a pipe, until it ends or nobody listens.
fn lines(reader: PipeReader) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
    lines
}

fn follow(reader: PipeReader, terminal: bool) -> anyhow::Result<String> {
    let lines = lines(reader);
    let start = Instant::now();
    let mut next_line = start + if terminal { TICK } else { SIGN_OF_LIFE };
    let (mut crates, mut said) = (0_usize, String::new());
    loop {
        match lines.recv_timeout(next_line.saturating_duration_since(Instant::now())) {
            Ok(line) if line.trim_start().starts_with("Compiling ") => crates += 1,
            Ok(line) if is_news_of_cargo(&line) => {}
            Ok(line) => {
                said.push_str(&line);
                said.push('\n');
            }
            Err(RecvTimeoutError::Timeout) => {
                let line = format!("  … {}, {crates} crates compiled", minutes(start.elapsed()));
                if terminal {
                    print!("\r{line}\x1b[K");
                    std::io::stdout().flush()?;
                } else {
                    println!("{line}");
                }
                next_line = Instant::now() + if terminal { TICK } else { SIGN_OF_LIFE };
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if terminal {
        print!("\r\x1b[K");
        std::io::stdout().flush()?;
    }
    Ok(said)
}

/// Whether a line of cargo reports progress, and not an error or a warning.
fn is_news_of_cargo(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    NEWS.contains(&first)
}

/// A duration for people.
fn minutes(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}
