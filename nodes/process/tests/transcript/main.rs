//! The transcript in `docs/wire.md`: three real processes, and a proxy on the wire between them that
//! records.
//!
//! The processes run this very program, which becomes a node when its environment names one. The test is
//! their server. A proxy before each node records the bytes that cross it.
#![allow(clippy::expect_used, missing_docs)]

mod proxy;
mod websocket;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ringleader_node::Options;
use ringleader_shared::control::{
    CONTROL_ENV, CONTROL_PATH, Configuration, NodeCommand, NodeReport, SECRET_ENV, SUPERVISOR_ENV,
};
use ringleader_shared::event::EventKind;
use ringleader_shared::{
    Attribute, Incarnation, Member, NodeId, NodeName, RingSettings, RingSpec, Role, RunId, Term,
};
use ringleader_testing::document::{WIRE, check_some};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::proxy::{Proxy, Tape};

/// Names the node that a process is to be: `NAME INCARNATION FOLDER`.
const BE: &str = "RINGLEADER_TRANSCRIPT_NODE";

const SECRET: &str = "a secret of the test";

/// The time after which the test fails if nothing happens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A quiet time longer than the interval at which a node checks its standby link.
const QUIET: Duration = Duration::from_millis(700);

/// The number of stories of which one must be the document's. Frames on different links may overtake each
/// other, and most stories are the document's.
const STORIES: u32 = 8;

const NAMES: [&str; 3] = ["A", "B", "C"];

fn id(name: &str) -> NodeId {
    let first = match name {
        "A" => 0xaaaa_aaaa,
        "B" => 0xbbbb_bbbb_u128,
        _ => 0xcccc_cccc,
    };
    NodeId(Uuid::from_u128(first << 96 | 0x0000_4000_8000_0000_0000_0000))
}

fn name_of(id: &str) -> &'static str {
    NAMES.into_iter().find(|name| self::id(name).to_string() == id).expect("a member")
}

fn node_name(name: &str) -> NodeName {
    name.parse().expect("a name")
}

fn main() {
    if let Ok(node) = std::env::var(BE) {
        be(&node);
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    check_some(WIRE, "transcript", STORIES, || runtime.block_on(story()));
    println!("test the_transcript_of_the_document_is_that_of_three_processes ... ok");
}

/// Becomes a node.
fn be(node: &str) {
    let parts: Vec<&str> = node.splitn(3, ' ').collect();
    let [name, incarnation, folder] = parts[..] else { panic!("{BE}={node}") };
    let options = Options {
        name: node_name(name),
        id: id(name),
        incarnation: Incarnation(incarnation.parse().expect("a number")),
        listen: ([127, 0, 0, 1], 0).into(),
        promises: std::path::Path::new(folder).join(format!("{name}.promise")),
        record: None,
    };
    if let Err(error) = ringleader_node::run(options) {
        eprintln!("{name}: {error:#}");
        std::process::exit(1);
    }
}

/// A node's process, its control link, and the proxy before it.
struct Node {
    process: Child,
    control: WebSocketStream<TcpStream>,
    proxy: Proxy,
    incarnation: Incarnation,
    /// The role, term, leader and deputy that it reported last.
    standing: Option<(Role, Term, Option<NodeName>, Option<NodeName>)>,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The ring and its server.
struct Ring {
    folder: tempfile::TempDir,
    listener: TcpListener,
    nodes: BTreeMap<&'static str, Node>,
    tape: Tape,
    /// The starts of all members, also of those that are dead.
    incarnations: BTreeMap<&'static str, Incarnation>,
    addresses: BTreeMap<&'static str, SocketAddr>,
    highest_term: Term,
    text: String,
}

impl Ring {
    /// Starts a process and waits for its hello.
    async fn start(&mut self, name: &'static str) -> NodeReport {
        let incarnation = Incarnation(self.incarnations.get(name).map_or(1, |before| before.0 + 1));
        let control = format!("ws://{}{CONTROL_PATH}", self.listener.local_addr().expect("an address"));
        let process = Command::new(std::env::current_exe().expect("this program"))
            .env(BE, format!("{name} {incarnation} {}", self.folder.path().display()))
            .env(CONTROL_ENV, control)
            .env(SECRET_ENV, SECRET)
            .env(SUPERVISOR_ENV, std::process::id().to_string())
            .spawn()
            .expect("a process");
        let (stream, _) =
            timeout(PATIENCE, self.listener.accept()).await.expect("it dials").expect("a connection");
        let mut control = tokio_tungstenite::accept_async(stream).await.expect("a WebSocket");
        let hello = next_report(&mut control).await.expect("a hello");
        let NodeReport::Hello { address, .. } = hello else { panic!("{hello:?} comes first") };
        let proxy = Proxy::before(address, self.tape.clone()).await;
        self.addresses.insert(name, proxy.address);
        self.incarnations.insert(name, incarnation);
        self.nodes.insert(name, Node { process, control, proxy, incarnation, standing: None });
        hello
    }

    fn configuration(&self) -> Configuration {
        let members = NAMES.into_iter().zip([90, 100, 110]).map(|(name, attribute)| Member {
            id: id(name),
            name: node_name(name),
            attribute: Attribute(attribute),
            eligible: true,
            incarnation: self.incarnations.get(name).copied().unwrap_or_default(),
            address: self.addresses.get(name).copied(),
        });
        Configuration {
            run: RunId(Uuid::from_u128(0x0f)),
            ring: RingSpec { members: members.collect() },
            settings: RingSettings::default(),
            heartbeat_ms: 50,
            // Nobody counts as dead here, however busy the machine is.
            hung_after_ms: 5_000,
            highest_term: self.highest_term,
            faults: Vec::new(),
        }
    }

    async fn command(&mut self, name: &str, command: &NodeCommand) {
        let text = serde_json::to_string(command).expect("JSON");
        let node = self.nodes.get_mut(name).expect("it runs");
        node.control.send(Message::text(text)).await.expect("it listens");
    }

    async fn configure(&mut self, names: &[&str]) {
        let command = NodeCommand::Configure(self.configuration());
        for name in names {
            self.command(name, &command).await;
        }
    }

    /// Waits until every live node follows this leader and deputy, and nothing has crossed the wire for a
    /// while.
    async fn settle(&mut self, led_by: Option<(&str, &str)>) {
        let deadline = Instant::now() + PATIENCE;
        let (mut last, mut since) = (self.tape.frames(), Instant::now());
        loop {
            for node in self.nodes.values_mut() {
                while let Ok(Some(report)) =
                    timeout(Duration::from_millis(5), next_report(&mut node.control)).await
                {
                    node.take(report);
                }
            }
            let agree = self.nodes.values().all(|node| node.follows(led_by));
            if self.tape.frames() != last || !agree {
                (last, since) = (self.tape.frames(), Instant::now());
            }
            if since.elapsed() >= QUIET {
                break;
            }
            assert!(Instant::now() < deadline, "the ring does not settle: {}", self.text);
        }
        let terms = self.nodes.values().filter_map(|node| node.standing.as_ref().map(|standing| standing.1));
        self.highest_term = self.highest_term.max(terms.max().unwrap_or_default());
    }

    /// Appends the frames that have crossed the wire since the last time.
    fn write(&mut self, title: &str, story: &[String], gone: Option<&str>) {
        let story: String = story.iter().map(|line| format!("{line}\n")).collect();
        self.text += &format!("**{title}**\n\n```text\n{story}{}```\n\n", self.tape.since_last_time(gone));
    }
}

impl Node {
    fn take(&mut self, report: NodeReport) {
        let NodeReport::Events { events } = report else { panic!("{report:?} comes once") };
        for event in events {
            if let EventKind::RoleChanged { role, term, leader, deputy } = event.kind {
                self.standing = Some((role, term, leader, deputy));
            }
        }
    }

    fn follows(&self, led_by: Option<(&str, &str)>) -> bool {
        match (&self.standing, led_by) {
            (Some((_, _, Some(leader), Some(deputy))), Some(led_by)) => {
                (leader.as_str(), deputy.as_str()) == led_by
            }
            (_, None) => true,
            _ => false,
        }
    }
}

async fn next_report(control: &mut WebSocketStream<TcpStream>) -> Option<NodeReport> {
    loop {
        match control.next().await? {
            Ok(Message::Text(text)) => {
                return Some(serde_json::from_str(text.as_str()).expect("a report"));
            }
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// A line of the control link, with what differs from run to run replaced.
fn control_line(from: &str, to: &str, message: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(message).expect("JSON");
    format!("{from} → {to}: {}", websocket::replace(&text))
}

/// A whole life of a ring.
async fn story() -> String {
    let mut ring = Ring {
        folder: tempfile::tempdir().expect("a folder"),
        listener: TcpListener::bind("127.0.0.1:0").await.expect("a port"),
        nodes: BTreeMap::new(),
        tape: Tape::default(),
        incarnations: BTreeMap::new(),
        addresses: BTreeMap::new(),
        highest_term: Term::ZERO,
        text: String::new(),
    };

    let mut lines = Vec::new();
    for name in NAMES {
        lines.push(control_line(name, "server", &ring.start(name).await));
    }
    ring.configure(&NAMES).await;
    lines.push(control_line("server", "A, B, C", &NodeCommand::Configure(ring.configuration())));
    ring.settle(None).await;
    ring.write("Start", &lines, None);

    ring.command("A", &NodeCommand::Initiate).await;
    ring.settle(Some(("C", "B"))).await;
    ring.write("Election", &[control_line("server", "A", &NodeCommand::Initiate)], None);
    assert_eq!(ring.tape.path_frames(), 0, "nobody looks for a path in a ring in which every link works");

    // A and B may notice the death in either order: one story of two.
    ring.tape.keep_unaware(Some("A"));
    let dead = ring.nodes.remove("C");
    drop(dead);
    ring.settle(Some(("B", "A"))).await;
    ring.tape.keep_unaware(None);
    ring.settle(Some(("B", "A"))).await;
    ring.write("The leader is killed", &["C is killed (SIGKILL); B notices it first.".to_owned()], Some("C"));

    let hello = control_line("C", "server", &ring.start("C").await);
    ring.configure(&["C"]).await;
    ring.settle(Some(("B", "A"))).await;
    let first = ring.configuration();
    // The others may learn the address of C before or after C follows: one story of several.
    ring.configure(&["A", "B"]).await;
    ring.settle(Some(("B", "A"))).await;
    let configure = control_line("server", "C, then A, B", &NodeCommand::Configure(first));
    ring.write("The dead one is started again", &[hello, configure], None);

    ring.command("B", &NodeCommand::Exit).await;
    let mut left = ring.nodes.remove("B").expect("it runs");
    while next_report(&mut left.control).await.is_some() {}
    let status = left.process.wait().expect("it ends");
    assert!(status.success(), "it ends with code 0: {status}");
    drop(left);
    ring.settle(Some(("A", "C"))).await;
    let exit = control_line("server", "B", &NodeCommand::Exit);
    ring.write("The leader leaves", &[exit, "B ends with code 0.".to_owned()], Some("B"));
    assert!(ring.nodes.values().all(|node| node.incarnation.0 <= 2 && node.proxy.is_open()));
    ring.text
}
