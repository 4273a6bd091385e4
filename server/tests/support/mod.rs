//! A real server with real nodes, for tests that read like a story.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used)]

pub mod raw;

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use ringleader_election::recording::{Step, replay};
use ringleader_shared::api::{EventPage, Problem};
use ringleader_shared::bus::BusFrame;
use ringleader_shared::{Event, EventKind, LinkFault, NodeState, RingView, Seq};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

/// How long anything may take before the test has failed. Far above what it takes, for machines that are busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. It and its nodes end with this value.
pub struct Server {
    process: Child,
    /// `127.0.0.1:PORT`.
    pub authority: String,
    agent: ureq::Agent,
    /// What an operator shows, where that is asked for.
    bearer: Option<String>,
    viewer_link: Option<String>,
    /// Where the nodes record what their cores do: replayed when this value goes.
    recordings: Option<tempfile::TempDir>,
}

impl Server {
    /// Four nodes A–D with attributes 90–120 at full speed, all running, none a leader.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more flags. A later flag of the same name is refused, so defaults give way here.
    pub fn start_with(flags: &[&str]) -> Self {
        let server = Self::spawn(flags);
        server.wait_for("every node runs, linked to the next", |ring| {
            // Before the ring is formed there is nobody to run.
            if ring.nodes.is_empty() {
                return false;
            }
            let successors = ring.nodes.iter().cycle().skip(1);
            ring.nodes.iter().zip(successors).all(|(node, next)| {
                node.state == NodeState::Running && node.successor.as_ref() == Some(&next.name)
            })
        });
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

    /// The same, started by a shell that does something before: `ulimit -n 128`, say. Its log goes to a pipe.
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
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringleader"));
        command.args(arguments).envs(environment.iter().copied());
        Self::from_command(command)
    }

    fn command(flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringleader"));
        command.arg("serve");
        // Tests run beside compilers and browsers: a node that waits for a processor for a while is not hung.
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

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The link for those who may look, where tokens are asked for.
    pub fn viewer_link(&self) -> Option<String> {
        self.viewer_link.clone()
    }

    /// The page, with an operator's token where that is asked for.
    pub fn page(&self) -> String {
        let token = self.bearer.as_ref().and_then(|bearer| bearer.strip_prefix("Bearer "));
        self.url(&token.map_or_else(|| "/".to_owned(), |token| format!("/?token={token}")))
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }

    /// Asks; the status and the body come back.
    pub fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        if let Some(bearer) = &self.bearer {
            request = request.header("Authorization", bearer);
        }
        let response = match body {
            None => self.agent.run(request.body(()).expect("a request")),
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(body.to_string()).expect("a request"))
            }
        };
        let mut response =
            response.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.trace()));
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap_or_default())
    }

    pub fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let (status, body) = self.ask("GET", path, None);
        assert_eq!(status, 200, "GET {path}: {body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("GET {path}: {error}: {body}"))
    }

    /// Posts what must be accepted.
    pub fn post(&self, path: &str) {
        let (status, body) = self.ask("POST", path, None);
        assert!((200..300).contains(&status), "POST {path}: {status} {body}\n{}", self.trace());
    }

    /// Posts what must be refused; says how.
    pub fn refused(&self, path: &str) -> Problem {
        let (status, body) = self.ask("POST", path, None);
        let problem: Problem =
            serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {status} {body}: {error}"));
        assert_eq!(problem.status, status);
        problem
    }

    pub fn initiate(&self, initiator: &str) {
        let (status, body) =
            self.ask("POST", "/api/v1/elections", Some(serde_json::json!({ "initiator": initiator })));
        assert_eq!(status, 202, "{body}\n{}", self.trace());
    }

    pub fn act(&self, node: &str, action: &str) {
        self.post(&format!("/api/v1/nodes/{node}/{action}"));
    }

    /// Sets what happens to everything that one node says to another.
    pub fn set_link(&self, from: &str, to: &str, fault: &LinkFault) {
        let fault = serde_json::to_value(fault).unwrap();
        let (status, body) = self.ask("PUT", &format!("/api/v1/links/{from}/{to}"), Some(fault));
        assert_eq!(status, 200, "{from} to {to}: {body}\n{}", self.trace());
    }

    /// Parts the ring into these sides.
    pub fn part(&self, groups: &[&[&str]]) {
        let (status, body) =
            self.ask("POST", "/api/v1/partitions", Some(serde_json::json!({ "groups": groups })));
        assert_eq!(status, 200, "{groups:?}: {body}\n{}", self.trace());
    }

    /// Ends the partition and every fault of a link.
    pub fn heal(&self) {
        let (status, body) = self.ask("DELETE", "/api/v1/links", None);
        assert_eq!(status, 204, "{body}");
    }

    pub fn ring(&self) -> RingView {
        self.get("/api/v1/ring")
    }

    pub fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event.seq.0);
            let page: EventPage = self.get(&format!("/api/v1/events?after={after}&limit=5000"));
            if page.events.is_empty() {
                return events;
            }
            events.extend(page.events);
        }
    }

    /// Waits, event by event, until the ring is so.
    pub fn wait_for(&self, what: &str, mut is_so: impl FnMut(&RingView) -> bool) -> RingView {
        let mut bus = self.subscribe(None);
        let deadline = Instant::now() + PATIENCE;
        let mut ring = RingView::empty();
        loop {
            match bus.next_frame(deadline) {
                Some(BusFrame::Snapshot { ring: fresh, .. }) => ring = *fresh,
                Some(BusFrame::Event { event }) => ring.apply(&event),
                Some(BusFrame::Resumed { .. } | BusFrame::Missed { .. }) => continue,
                None => panic!("it never came about that {what}\n{ring:#?}\n{}", self.trace()),
            }
            if is_so(&ring) {
                return ring;
            }
        }
    }

    /// Waits until such a thing has happened in this run.
    pub fn wait_for_event(&self, what: &str, mut is_it: impl FnMut(&Event) -> bool) -> Event {
        let mut bus = self.subscribe(Some(Seq(0)));
        let deadline = Instant::now() + PATIENCE;
        loop {
            match bus.next_frame(deadline) {
                Some(BusFrame::Event { event }) if is_it(&event) => return *event,
                Some(_) => {}
                None => panic!("it never happened that {what}\n{}", self.trace()),
            }
        }
    }

    /// Waits until a node has said so in its log.
    pub fn wait_for_log(&self, says: &str) -> Event {
        self.wait_for_event(
            says,
            |event| matches!(&event.kind, EventKind::Log { text } if text.contains(says)),
        )
    }

    /// Waits until every live member follows this leader and knows this deputy.
    pub fn wait_for_leader(&self, leader: &str, deputy: Option<&str>) -> RingView {
        self.wait_for(&format!("{leader} leads and {deputy:?} is its deputy"), |ring| {
            ring.leader.as_ref().is_some_and(|name| name.as_str() == leader)
                && ring.deputy.as_ref().map(ringleader_shared::NodeName::as_str) == deputy
        })
    }

    pub fn wait_for_state(&self, node: &str, state: NodeState) -> RingView {
        self.wait_for(&format!("{node} is {state}"), |ring| {
            ring.nodes.iter().any(|other| other.name.as_str() == node && other.state == state)
        })
    }

    pub fn subscribe(&self, after: Option<Seq>) -> Bus {
        self.subscribe_with(&after.map_or_else(String::new, |after| format!("?after={after}")))
    }

    /// Goes on after this place: `RUN:SEQ`.
    pub fn subscribe_at(&self, place: &str) -> Bus {
        self.subscribe_with(&format!("?after={place}"))
    }

    fn subscribe_with(&self, query: &str) -> Bus {
        let stream = TcpStream::connect(&self.authority).expect("the server listens");
        let mut request =
            format!("ws://{}/ws{query}", self.authority).into_client_request().expect("a request");
        if let Some(bearer) = &self.bearer {
            request.headers_mut().insert("Authorization", bearer.parse().expect("a header"));
        }
        let (socket, _) = client(request, stream).expect("the bus takes subscribers");
        Bus { socket }
    }

    /// The last events in words, for a test that failed.
    pub fn trace(&self) -> String {
        let mut request = self.agent.get(self.url("/api/v1/events?limit=5000"));
        if let Some(bearer) = &self.bearer {
            request = request.header("Authorization", bearer);
        }
        let Ok(mut response) = request.call() else {
            return "(the server does not answer)".to_owned();
        };
        let Ok(page) = response.body_mut().read_json::<EventPage>() else {
            return "(the events can't be read)".to_owned();
        };
        let lines: Vec<String> = page
            .events
            .iter()
            .filter(|event| !matches!(event.kind, EventKind::Heartbeat { .. }))
            .map(|event| {
                let node = event.node.as_ref().map_or("-", ringleader_shared::NodeName::as_str);
                let kind = serde_json::to_string(&event.kind).unwrap_or_default();
                format!("{:>6} {:>10} µs {node}/{} {kind}", event.seq, event.at_us, event.incarnation)
            })
            .collect();
        let tail = lines.len().saturating_sub(120);
        format!("the last events:\n{}", lines[tail..].join("\n"))
    }

    /// Sends a signal to the server itself.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid()).unwrap());
        nix::sys::signal::kill(pid, signal).expect("the server is there");
    }

    /// Waits for the server's end.
    pub fn wait(mut self) -> std::process::ExitStatus {
        self.process.wait().expect("the server ends")
    }

    /// What every start of every node was given so far, and did: also what is too frequent to be told.
    pub fn recorded(&self) -> Vec<Step> {
        self.recorded_by("")
    }

    /// The same of the nodes and starts that begin so: `B-1`, say, for the first start of B.
    pub fn recorded_by(&self, prefix: &str) -> Vec<Step> {
        let directory = self.recordings.as_ref().expect("a test records").path();
        let files = std::fs::read_dir(directory).expect("the directory is there").map(|entry| entry.unwrap());
        let texts = files
            .filter(|file| {
                let name = file.file_name();
                // The run's id and a hyphen come first.
                name.to_string_lossy().get(37..).is_some_and(|rest| rest.starts_with(prefix))
            })
            .map(|file| std::fs::read_to_string(file.path()).expect("it can be read"));
        // The first line is who it is of; the last one may be written to at this moment.
        let steps = |text: String| -> Vec<Step> {
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            whole.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        texts.flat_map(steps).collect()
    }

    /// A number of `/metrics`.
    pub fn metric(&self, name: &str) -> u64 {
        let (_, metrics) = self.ask("GET", "/metrics", None);
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {metrics}"))
    }

    pub fn node_pids(&self) -> Vec<u32> {
        self.ring().nodes.iter().filter_map(|node| node.pid).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(directory) = self.recordings.take().filter(|_| !std::thread::panicking()) {
            replay_all(directory.path());
        }
    }
}

/// Gives what every node of the run was given to a fresh core, and demands that it does the same.
fn replay_all(directory: &std::path::Path) {
    for entry in std::fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("it can be read").path();
        let text = std::fs::read_to_string(&path).expect("a recording is text");
        // A process that is killed may leave its last line torn.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut lines = whole.lines();
        let Some(beginning) = lines.next() else { continue };
        let beginning = serde_json::from_str(beginning).expect("a recording begins with who it is of");
        let steps = lines.map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}: {line}", path.display()))
        });
        if let Err(difference) = replay(beginning, steps) {
            panic!("{}: a replay differs: {difference:#?}", path.display());
        }
    }
}

/// Whether a process of this number runs (a zombie does not).
pub fn runs(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

/// Waits until none of these processes runs; says which still do when the time is up.
pub fn wait_until_gone(pids: &[u32], within: Duration) -> Vec<u32> {
    let deadline = Instant::now() + within;
    loop {
        let left: Vec<u32> = pids.iter().copied().filter(|pid| runs(*pid)).collect();
        if left.is_empty() || Instant::now() > deadline {
            return left;
        }
        // The end of somebody else's child can't be waited for, only looked at.
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A subscription of the bus.
pub struct Bus {
    pub socket: WebSocket<TcpStream>,
}

impl Bus {
    /// The next frame; `None` when the time is up or the server hung up.
    pub fn next_frame(&mut self, deadline: Instant) -> Option<BusFrame> {
        loop {
            let left = deadline.checked_duration_since(Instant::now())?;
            self.socket.get_ref().set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    return Some(
                        serde_json::from_str(text.as_str()).unwrap_or_else(|error| panic!("{error}: {text}")),
                    );
                }
                Ok(_) => {}
                Err(error) => {
                    eprintln!("the bus ended: {error}");
                    return None;
                }
            }
        }
    }
}
