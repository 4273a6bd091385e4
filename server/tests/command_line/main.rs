//! The command line: flags, ring files, settings from the environment, and `ringleader simulate`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod flags;
mod help;
mod history;
mod simulate;

use std::process::{Command, Output};

/// Runs the program to its end. It must be one that ends by itself.
fn run_with(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ringleader"))
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .expect("the program starts")
}

/// The error message of a program that does not start.
fn refusal(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run_with(arguments, environment);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code().is_some_and(|code| code != 0), "{arguments:?}: {}: {said}", output.status);
    assert!(output.stdout.is_empty(), "{arguments:?}: errors go to stderr");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn assert_refused(arguments: &[&str], says: &[&str]) {
    let said = refusal(arguments, &[]);
    for words in says {
        assert!(said.contains(words), "{arguments:?} should say {words:?}, says: {said}");
    }
}

/// A file of this test's own.
fn ring_file(name: &str, text: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The output of a program that succeeds.
fn printed(arguments: &[&str]) -> String {
    let output = run_with(arguments, &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
