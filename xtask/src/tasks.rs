//! The tasks of `cargo xtask` in one table: their names, their help and their functions.

use anyhow::{Context, bail};

use crate::process::Run;
use crate::report::Report;
use crate::{browser, checks, dashboard, mutants, peers, prose, root, site, wasm, wasm_speed};

/// A task of `cargo xtask`.
struct Task {
    /// The words that call it, in lower case, then its arguments, if it takes any.
    call: &'static str,
    help: &'static str,
    run: fn(&[String]) -> anyhow::Result<()>,
}

/// Every task, in the order of the help.
const TASKS: &[Task] = &[
    Task {
        call: "run [-- FLAGS]",
        help: "build everything, start the server, print the link; FLAGS go to the server",
        run,
    },
    Task {
        call: "build",
        help: "build target/release/ringleader, one file with the dashboard inside",
        run: |_| {
            build()?;
            print_sizes()
        },
    },
    Task {
        call: "site [FOLDER]",
        help: "write the page as static files that need no server, to target/site by default",
        run: |rest| match rest {
            [] => site::write(None),
            [folder] => site::write(Some(folder)),
            [_, extra, ..] => too_many(extra),
        },
    },
    Task {
        call: "page [--dev]",
        help: "build the page alone; with --dev in seconds, large and unoptimised, for trying a change out",
        run: |rest| match rest {
            [] => reported(dashboard::build),
            [flag] if flag == "--dev" => reported(dashboard::build_for_trying),
            [extra, ..] => too_many(extra),
        },
    },
    Task {
        call: "test [ARGUMENTS]",
        help: "everything that CI checks; with ARGUMENTS `cargo test ARGUMENTS`, with a page that is up to date and a browser",
        run: |rest| if rest.is_empty() { checks::run() } else { checks::run_some(rest) },
    },
    Task {
        call: "prose",
        help: "how comments and documents are written, and whether what they name exists",
        run: |_| prose::check(),
    },
    Task {
        call: "mutants [NAMES]",
        help: "whether the checker and the simulator find the mistakes in nodes/checker/mutants",
        run: |names| mutants::check(names, mutants::Rows::All),
    },
    Task {
        call: "check [FLAGS]",
        help: "visit every state of small rings, minutes; --members N: of one size; --classic: the classic elections; --huge: hours; --explore: step by step in the browser",
        run: |rest| {
            let check = ["run", "--quiet", "--release", "--package", "ringleader-checker", "--"];
            Run::cargo(check).args(rest).check()
        },
    },
    Task {
        call: "bench [ROUNDS]",
        help: "from kill -9 to the next leader, 50 rounds by default",
        run: |rest| match rest {
            [] => bench("takeover").arg("50").check(),
            [rounds] => {
                let count: u32 =
                    rounds.parse().with_context(|| format!("`{rounds}` is not a number of rounds"))?;
                bench("takeover").arg(count.to_string()).check()
            }
            [_, extra, ..] => too_many(extra),
        },
    },
    Task {
        call: "bench failover [NAMES]",
        help: "from kill -9 or SIGSTOP of the leader to the next one, beside etcd, Redis Sentinel and NATS; NAMES of crash, hang, quorum, and a number of rounds, 200 by default",
        run: |rest| bench("failover").args(rest).env("RINGLEADER_PEERS", peers::find_or_unpack()?).check(),
    },
    Task {
        call: "bench election [ROUNDS]",
        help: "a hop of a quiet election beside bare hops, and what a node costs that does nothing; 200 rounds by default",
        run: |rest| bench("election").args(rest).check(),
    },
    Task {
        call: "bench load",
        help: "what crowds of subscribers and slow clients cost the server and the elections",
        run: |_| bench("load").check(),
    },
    Task {
        call: "bench busy [FLAGS]",
        help: "whether anybody is taken for dead when every processor is kept busy: 10 minutes, or --minutes N",
        run: |rest| bench("busy").args(rest).check(),
    },
    Task {
        call: "bench history [ROUNDS]",
        help: "takeovers, elections and the bus with runs kept and not, 50 rounds by default; what the writer takes",
        run: |rest| bench("history").args(rest).check(),
    },
    Task {
        call: "bench partitions [N]",
        help: "what broken, slow and lossy links between live members cost, N rings a row, 3 by default",
        run: |rest| bench("partitions").args(rest).check(),
    },
    Task {
        call: "bench sandbox",
        help: "what a frame of the sandbox costs in a browser, with 64, 256 and 1,000 nodes",
        run: |_| {
            site::write(None)?;
            browser::install()?.drives(bench("sandbox").arg(root().join(site::FOLDER))).check()
        },
    },
    Task {
        call: "bench page [SCENE]",
        help: "the time to the first ring, then what a frame of the live page costs, with 4 and 64 nodes; fails above 1 s and 8 ms; SCENE: a part of a name, `start` for the first ring",
        run: |scene| {
            // The server takes the page in when it is compiled.
            reported(dashboard::build)?;
            browser::install()?.drives(bench("page").args(scene)).check()
        },
    },
    Task {
        call: "bench wasm",
        help: "what share of its native speed the simulator has in a browser",
        run: |_| wasm_speed::bench(&wasm::Compiler::install()?, &browser::install()?.chromium),
    },
    Task {
        call: "soak [FLAGS]",
        help: "every fault at random in the simulator: --minutes N, --seed S; --replay 'CASE'",
        run: |rest| {
            let soak = ["run", "--quiet", "--release", "--package", "ringleader-simulator"];
            Run::cargo(soak).args(["--example", "soak", "--"]).args(rest).check()
        },
    },
    Task {
        call: "chaos [FLAGS]",
        help: "every fault at random on real processes: --rounds N, --seed S, --rings K, --only ROUND, --safety MODE; --standing: links that stay cut while agreement is demanded",
        run: |rest| long_test("chaos", rest),
    },
    Task {
        call: "siege [FLAGS]",
        help: "a ring under pressure from outside: --minutes N, --seed S, --safety MODE",
        run: |rest| long_test("siege", rest),
    },
    Task {
        call: "help",
        help: "this page",
        run: |_| {
            println!("{}", help());
            Ok(())
        },
    },
];

const FURTHER_HELP: &str = "
Each installs what it lacks and says so; the second time it is quick and silent about it. Tools go to a folder of
their own: $RINGLEADER_TOOLS, or ringleader/tools in your cache folder.

Examples:
  cargo xtask run -- --port 9000 --nodes 7
  cargo xtask run -- --hop-delay 0ms
  cargo xtask test --package ringleader --test page -- initiate
  cargo xtask bench 200
  cargo xtask soak --minutes 10
  cargo xtask chaos --rounds 2000 --seed 1";

impl Task {
    /// The words that call it.
    fn name(&self) -> impl Iterator<Item = &'static str> {
        self.call.split(' ').take_while(|word| word.chars().all(|c| c.is_ascii_lowercase()))
    }

    fn takes_arguments(&self) -> bool {
        self.name().count() < self.call.split(' ').count()
    }
}

/// Returns the task with the longest name with which these arguments begin, and the arguments after it.
fn find<S: AsRef<str>>(arguments: &[S]) -> Option<(&'static Task, &[S])> {
    let names = TASKS.iter().map(|task| (task, task.name().collect::<Vec<_>>()));
    let called = names.filter_map(|(task, name)| {
        let (first, rest) = arguments.split_at_checked(name.len())?;
        first.iter().map(AsRef::as_ref).eq(name).then_some((task, rest))
    });
    called.min_by_key(|(_, rest)| rest.len())
}

/// Runs the task that the arguments call; without arguments the help.
pub(crate) fn dispatch(arguments: &[String]) -> anyhow::Result<()> {
    let arguments = match arguments {
        [] => &["help".to_owned()],
        [.., flag] if arguments.len() <= 2 && (flag == "--help" || flag == "-h") => &["help".to_owned()],
        _ => arguments,
    };
    match find(arguments) {
        Some((task, [extra, ..])) if !task.takes_arguments() => too_many(extra),
        Some((task, rest)) => (task.run)(rest),
        None => bail!("there is no `cargo xtask {}`\n\n{}", arguments.join(" "), help()),
    }
}

/// The text of `cargo xtask help`.
fn help() -> String {
    let line = |task: &Task| format!("cargo xtask {:<20} {}\n", task.call, task.help);
    TASKS.iter().map(line).chain([FURTHER_HELP.to_owned()]).collect()
}

fn too_many<T>(extra: &str) -> anyhow::Result<T> {
    bail!("`{extra}` is one argument too many\n\n{}", help())
}

/// Does steps, and prints the duration of each when they took long.
fn reported(work: impl FnOnce(&mut Report) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut report = Report::default();
    work(&mut report)?;
    report.print_if_slow();
    Ok(())
}

fn build() -> anyhow::Result<()> {
    reported(|report| {
        dashboard::build(report)?;
        report.step("the server", || {
            // Where `run` looks for it, whatever the user's configuration says.
            Run::cargo(["build", "--release", "--package", "ringleader", "--target-dir", "target"])
                .check_with_progress()
        })
    })
}

/// Builds, then becomes the server: Ctrl-C and exit code are its own.
fn run(flags: &[String]) -> anyhow::Result<()> {
    build()?;
    let mut server = std::process::Command::new("target/release/ringleader");
    server.args(flags.strip_prefix(&["--".to_owned()]).unwrap_or(flags));
    let error = std::os::unix::process::CommandExt::exec(&mut server);
    Err(error).context("starting target/release/ringleader")
}

fn print_sizes() -> anyhow::Result<()> {
    let binary = std::fs::metadata("target/release/ringleader").context("looking at the binary")?.len();
    println!("target/release/ringleader  {:>6} kB, dashboard inside", binary / 1000);
    dashboard::check_size()
}

/// One of the server's benchmarks; its arguments follow.
fn bench(name: &str) -> Run {
    Run::cargo(["bench", "--quiet", "--package", "ringleader", "--bench", name, "--"])
}

/// Runs one of the long tests of real processes.
fn long_test(name: &str, flags: &[String]) -> anyhow::Result<()> {
    Run::cargo(["test", "--quiet", "--package", "ringleader", "--test", name, "--"]).args(flags).check()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The words of a text that are flags.
    fn flags(text: &str) -> BTreeSet<&str> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        words.filter(|word| word.strip_prefix("--").is_some_and(|name| !name.is_empty())).collect()
    }

    #[test]
    fn arguments_call_the_task_with_the_longest_name() {
        let called = |arguments: &[&'static str]| {
            find(arguments).map(|(task, rest)| (task.name().collect::<Vec<_>>().join(" "), rest.join(" ")))
        };
        let is = |name: &str, rest: &str| Some((name.to_owned(), rest.to_owned()));
        assert_eq!(called(&["bench"]), is("bench", ""));
        assert_eq!(called(&["bench", "200"]), is("bench", "200"));
        assert_eq!(called(&["bench", "busy", "--minutes", "1"]), is("bench busy", "--minutes 1"));
        assert_eq!(called(&["dance"]), None);
        for task in TASKS {
            let name: Vec<&str> = task.name().collect();
            assert_eq!(called(&name), is(&name.join(" "), ""), "no other task has this name");
        }
    }

    #[test]
    fn a_task_without_arguments_refuses_some() {
        let refused = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().copied().map(str::to_owned).collect();
            dispatch(&arguments).expect_err("it is wrong").to_string()
        };
        assert!(refused(&["build", "all"]).starts_with("`all` is one argument too many"));
        assert!(refused(&["page", "--fast"]).starts_with("`--fast` is one argument too many"));
        assert!(refused(&["dance", "now"]).starts_with("there is no `cargo xtask dance now`"));
    }

    #[test]
    fn the_help_lists_the_flags_that_the_programs_behind_it_parse() {
        for (name, source) in [
            ("chaos", "server/tests/chaos/main.rs"),
            ("siege", "server/tests/siege/main.rs"),
            ("bench busy", "server/benches/busy.rs"),
            ("soak", "nodes/simulator/examples/soak.rs"),
            ("check", "nodes/checker/src/main.rs"),
        ] {
            let (task, _) = find(&name.split(' ').collect::<Vec<_>>()).expect("a task");
            let source = std::fs::read_to_string(root().join(source)).expect("its source");
            let parses = source.lines().filter(|line| line.contains("=>") || line.contains("after(\""));
            // `--list` is the test runner's.
            let parsed = parses.flat_map(flags).filter(|flag| !["--help", "--list"].contains(flag));
            assert_eq!(flags(task.help), parsed.collect(), "{name}");
        }
    }

    #[test]
    fn documents_and_examples_call_tasks_that_exist() {
        let documents = prose::documents().expect("the documents");
        for (path, text) in documents.iter().chain([&("the help".to_owned(), help())]) {
            for call in text.split("cargo xtask ").skip(1) {
                let words: Vec<&str> = call.split([' ', '`', '\n', '(', ',']).take(2).collect();
                assert!(find(&words).is_some(), "{path}: there is no task {words:?}");
            }
        }
    }
}
