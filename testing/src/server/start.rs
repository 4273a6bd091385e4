//! Starting the program.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{ChildStderr, Command, Stdio};

use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::view::{LinkView, NodeView};
use ringleader_shared::{NodeState, RingView};

use super::{PATIENCE, Server};

/// The path of the program, which cargo builds before it runs the tests of its package.
///
/// # Panics
/// Where it is not found: in tests of another package.
pub fn program() -> PathBuf {
    // Cargo names it in the environment of a test from 1.94 on; before, it is beside the folder of the tests.
    let named = std::env::var_os("CARGO_BIN_EXE_ringleader").map(PathBuf::from);
    let beside = || {
        let test = std::env::current_exe().expect("this test has a path");
        test.parent()?.parent().map(|folder| folder.join("ringleader"))
    };
    let found = named.or_else(beside).filter(|path| path.is_file());
    found.expect("cargo builds the program for the tests of its own package only")
}

impl Server {
    /// Four nodes A–D with attributes 90–120 at full speed, all running, none a leader.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more flags. A later flag of the same name is refused, so defaults give way here.
    pub fn start_with(flags: &[&str]) -> Self {
        let server = Self::spawn(flags);
        server.wait_for("every node runs, linked to the next", is_formed);
        server
    }

    /// Starts the server and waits for its link only.
    pub fn spawn(flags: &[&str]) -> Self {
        Self::from_command(Self::command(flags))
    }

    /// The same as the head of a process group, as a shell starts it: Ctrl-C reaches its nodes too.
    pub fn spawn_in_its_own_group(flags: &[&str]) -> Self {
        let mut command = Self::command(flags);
        command.process_group(0);
        Self::from_command(command)
    }

    /// The same, started by a shell after a command such as `ulimit -n 128`. Its log goes to a pipe.
    pub fn spawn_after(shell: &str, flags: &[&str]) -> (Self, ChildStderr) {
        let command = Self::command(flags);
        let mut after = Command::new("sh");
        after.args(["-c", &format!("{shell}\nexec \"$0\" \"$@\"")]).arg(command.get_program());
        after.args(command.get_args()).stderr(Stdio::piped());
        let mut server = Self::from_command(after);
        let log = server.process.stderr.take().expect("it is piped");
        (server, log)
    }

    /// Starts the program with just these arguments and this environment, and waits for its link.
    pub fn spawn_as(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program());
        command.args(arguments).envs(environment.iter().copied());
        Self::from_command(command)
    }

    fn command(flags: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.arg("serve");
        // Tests run beside compilers and browsers: a node that waits for a processor must not count as hung.
        let patient = ("--hung-after", "1s");
        for (flag, value) in [("--port", "0"), ("--node-port", "0"), ("--hop-delay", "0ms"), patient] {
            if !flags.contains(&flag) {
                command.args([flag, value]);
            }
        }
        command.args(flags);
        command
    }

    fn from_command(mut command: Command) -> Self {
        // A benchmark, which cargo runs with this flag, must not wait for its own recording.
        let is_test = std::env::args().all(|argument| argument != "--bench");
        let recordings = is_test.then(|| tempfile::tempdir().expect("a directory"));
        if let Some(directory) = &recordings {
            command.env("RINGLEADER_RECORD", directory.path());
        }
        // Nothing is written where the developer's own runs are kept, unless a test names a directory.
        if command.get_args().all(|argument| argument != "--data-dir") {
            command.env("RINGLEADER_NO_HISTORY", "true");
        }
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the server starts");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut links = lines
            .flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .filter_map(|word| word.strip_prefix("http://").map(str::to_owned));
        let Some(link) = links.next() else {
            let _ = process.kill();
            panic!("the server printed no link")
        };
        let (authority, bearer) = match link.split_once("/?token=") {
            Some((authority, token)) => (authority.to_owned(), Some(format!("Bearer {token}"))),
            None => (link, None),
        };
        let viewer_link = bearer.as_ref().and_then(|_| links.next()).map(|link| format!("http://{link}"));
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        Self { process, authority, agent: config.into(), bearer, viewer_link, recordings }
    }
}

/// Whether every node runs, and its ring link with the next is up at both ends.
pub fn is_formed(ring: &RingView) -> bool {
    let successors = ring.nodes.iter().cycle().skip(1);
    // Before the ring is formed it has no nodes.
    !ring.nodes.is_empty()
        && ring.nodes.iter().zip(successors).all(|(node, next)| {
            let is_linked = node.name == next.name
                || has_ring_link(node, next, LinkDirection::Outgoing)
                    && has_ring_link(next, node, LinkDirection::Incoming);
            let is_next = node.successor.as_ref() == Some(&next.name);
            node.state == NodeState::Running && is_next && is_linked
        })
}

fn has_ring_link(node: &NodeView, peer: &NodeView, direction: LinkDirection) -> bool {
    let is_it =
        |link: &LinkView| (&link.peer, link.link, link.direction) == (&peer.name, LinkKind::Ring, direction);
    node.links.iter().any(is_it)
}
