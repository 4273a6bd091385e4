//! The lists and examples of `--help`, which must be what the parsers accept.

use std::collections::BTreeSet;
use std::path::Path;

use clap::{Command, CommandFactory, Parser};
use ringleader::cli::Cli;
use ringleader::ring_file;
use ringleader_shared::AlgorithmName;

/// The program's command, those that it lists and those that these list, each with its whole help.
fn commands() -> Vec<(Command, String)> {
    let program = Cli::command();
    let listed: Vec<Command> = program.get_subcommands().filter(|it| !it.is_hide_set()).cloned().collect();
    let nested = listed.iter().flat_map(|it| it.get_subcommands().cloned()).collect::<Vec<_>>();
    let with_help = |mut command: Command| {
        let help = command.render_long_help().to_string();
        (command, help)
    };
    std::iter::once(program).chain(listed).chain(nested).map(with_help).collect()
}

/// The words of a text that are long flags.
fn flags(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
}

fn unbroken(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn help_lists_every_flag_and_names_no_other() {
    let every: BTreeSet<String> = commands()
        .iter()
        .flat_map(|(command, _)| command.get_arguments().filter_map(|it| it.get_long()))
        .chain(["help", "version"])
        .map(|flag| format!("--{flag}"))
        .collect();
    for (command, help) in commands() {
        for argument in command.get_arguments() {
            let name = argument.get_long().map(|flag| format!("--{flag}"));
            let name = name.unwrap_or_else(|| argument.get_id().as_str().to_uppercase());
            assert!(help.contains(&name), "{} does not list {name}", command.get_name());
        }
        let unknown: Vec<String> = flags(&help).difference(&every).cloned().collect();
        assert_eq!(unknown, [""; 0], "{} names flags that no command has", command.get_name());
    }
}

#[test]
fn help_lists_every_algorithm() {
    let listed = commands().into_iter().filter(|(command, _)| {
        command.get_arguments().any(|argument| argument.get_long() == Some("algorithm"))
    });
    for (command, help) in listed {
        let help = unbroken(&help);
        let list = help.split("--algorithm <NAME>").nth(1).expect("its own lines");
        let list = list.split(" --").next().expect("up to the next flag");
        let missing = AlgorithmName::ALL
            .map(AlgorithmName::key)
            .into_iter()
            .filter(|key| !list.split([' ', ',', ']']).any(|word| word == *key));
        assert_eq!(missing.collect::<Vec<_>>(), [""; 0], "{}: {list}", command.get_name());
    }
}

#[test]
fn every_flag_of_the_server_is_a_setting_of_the_environment_by_the_same_name() {
    let program = Cli::command();
    let flags = program.get_arguments().filter_map(|it| Some((it.get_long()?, it.get_env())));
    for (flag, env) in flags.filter(|(flag, _)| !["help", "version"].contains(flag)) {
        let name = format!("RINGLEADER_{}", flag.replace('-', "_").to_uppercase());
        assert_eq!(env.and_then(|env| env.to_str()), Some(&name[..]), "--{flag}");
    }
}

#[test]
fn every_example_is_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let texts = commands().into_iter().map(|(_, help)| help).chain([readme]);
    let mut accepted = 0;
    for text in texts {
        let examples = text.lines().filter_map(|line| line.trim().strip_prefix("ringleader "));
        // The lines of a usage are no examples.
        for example in examples.filter(|line| !line.contains(['<', '['])) {
            // A remark follows after two spaces; a shell would redirect.
            let arguments = example.split("  ").next().and_then(|line| line.split(" > ").next());
            let arguments = arguments.unwrap_or_default().split_whitespace();
            if let Err(error) = Cli::try_parse_from(std::iter::once("ringleader").chain(arguments)) {
                panic!("{example}: {error}");
            }
            accepted += 1;
        }
    }
    assert!(accepted > 10, "{accepted} examples");
}

#[test]
fn the_ring_file_of_the_help_shows_every_key() {
    let parse = |text: &str| ring_file::parse(text, Path::new("ring.toml"));
    let help = Cli::command().render_long_help().to_string();
    let file = help.split("optional:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a file");
    parse(file).expect("the example is a ring file");
    for table in ["", "[start]\n", "[[node]]\n"] {
        let error = parse(&format!("{table}no-such-key = 1\n")).expect_err("an unknown key").to_string();
        let known = error.split("expected ").nth(1).expect("the keys that are known");
        for key in known.split('`').skip(1).step_by(2) {
            let is_shown = |line: &str| line.trim().trim_matches(['[', ']']).split(' ').next() == Some(key);
            assert!(file.lines().any(is_shown), "{key} is missing:\n{file}");
        }
    }
}
