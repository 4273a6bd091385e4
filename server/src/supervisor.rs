//! The supervisor: owns every node process, from its spawning to its reaping.
//!
//! It runs on one thread that lives as long as the server, because a child asks the kernel to be killed when
//! the thread that spawned it ends. All its state belongs to one loop; other tasks send it requests.

mod child;
mod child_events;
mod departed;
mod elections;
mod faults;
mod process;
mod requests;
mod restarts;
mod secret;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use ringleader_shared::control::{Configuration, NodeCommand};
use ringleader_shared::view::NodeView;
use ringleader_shared::{
    EventKind, Incarnation, Member, NodeId, NodeName, RingSettings, RingSpec, RunId, Term,
};
use tokio::signal::unix::{Signal as UnixSignal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::bus::{Bus, Membership};
use crate::clock::monotonic_ns;
use crate::problem::Refusal;
use crate::ring_file::MemberConfig;
use crate::state_dir::Keeper;
use crate::supervisor::child::{Child, ChildEvent};
use crate::supervisor::departed::Departed;
use crate::supervisor::process::{Channels, Process};
use crate::supervisor::requests::Request;
pub use crate::supervisor::requests::SupervisorHandle;
use crate::supervisor::restarts::Restarts;
pub use crate::supervisor::secret::Secret;

/// The time within which a node must send its hello.
const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// The time within which a node must leave after it was asked to.
const EXIT_WITHIN: Duration = Duration::from_secs(2);

/// The channel for the answer to a request.
type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// The configuration of the ring at start-up; a reset goes back to it.
#[derive(Debug, Clone)]
pub struct RingConfig {
    /// The members in ring order.
    pub members: Vec<MemberConfig>,
    /// The settings of the ring.
    pub settings: RingSettings,
    /// The members that initiate an election as soon as all are ready. Empty when none does.
    pub start: Vec<NodeName>,
    /// The interval between pings of a link.
    pub heartbeat: Duration,
    /// The time for which a link may be silent.
    pub hung_after: Duration,
    /// The first node's port; 0 for any.
    pub node_port: u16,
    /// Whether a node that dies is started again.
    pub restart: bool,
    /// The storage of the nodes' promises, and of the data that outlives the server.
    pub keeper: Keeper,
    /// The directory in which nodes record their cores' steps, if at all.
    pub record: Option<PathBuf>,
    /// The program to run as a node.
    pub program: PathBuf,
    /// The address of the control endpoint.
    pub control: SocketAddr,
}

/// The hello of a node.
#[derive(Debug)]
pub struct Hello {
    /// The id of the node.
    pub id: NodeId,
    /// The start of the node.
    pub incarnation: Incarnation,
    /// The process id, as the node reports it.
    pub pid: u32,
    /// The address at which it accepts node links.
    pub address: SocketAddr,
    /// The channel of its commands.
    pub commands: mpsc::Sender<NodeCommand>,
    /// Its newest configuration, with the faults of all links. One that was not taken yet is replaced.
    pub configuration: watch::Sender<Option<Arc<Configuration>>>,
    /// Closed when all of its reports have been published.
    pub heard_out: oneshot::Receiver<()>,
}

struct NodeSlot {
    member: Member,
    process: Option<Process>,
    port: u16,
    restarts: Restarts,
    membership: Membership,
}

struct Supervisor {
    config: RingConfig,
    bus: Bus,
    run: RunId,
    secret: watch::Sender<Secret>,
    settings: RingSettings,
    nodes: Vec<NodeSlot>,
    departed: Departed,
    child_events_in: mpsc::UnboundedSender<ChildEvent>,
    child_events: mpsc::UnboundedReceiver<ChildEvent>,
    /// Set until every node of a fresh ring has sent its hello. The first configuration waits for that,
    /// so that all start with the same.
    forming: bool,
}

/// Starts the supervisor with its ring on a thread of its own.
///
/// # Errors
/// When the operating system gives no thread.
pub fn start(
    config: RingConfig,
    bus: Bus,
) -> anyhow::Result<(SupervisorHandle, watch::Receiver<Secret>, std::thread::JoinHandle<()>)> {
    let (requests_in, requests) = mpsc::channel(64);
    let (secret, secret_seen) = watch::channel(Secret::fresh());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (formed_in, formed) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().name("supervisor".to_owned()).spawn(move || {
        runtime.block_on(async move {
            let (child_events_in, child_events) = mpsc::unbounded_channel();
            let settings = config.settings;
            let mut supervisor = Supervisor {
                config,
                bus,
                run: RunId(Uuid::new_v4()),
                secret,
                settings,
                nodes: Vec::new(),
                departed: Departed::default(),
                child_events_in,
                child_events,
                forming: true,
            };
            supervisor.form_ring();
            let _ = formed_in.send(());
            supervisor.run(requests).await;
        });
    })?;
    // A server without its ring must not be visible.
    formed.recv().context("the supervisor ended before its ring was formed")?;
    Ok((SupervisorHandle::new(requests_in), secret_seen, thread))
}

impl Supervisor {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut children = match signal(SignalKind::child()) {
            Ok(children) => Some(children),
            Err(error) => {
                tracing::error!("stopped nodes will not be noticed: {error}");
                None
            }
        };
        loop {
            tokio::select! {
                Some(event) = self.child_events.recv() => self.on_child_event(&event),
                // The kernel has stopped, continued or ended some of the nodes. Several such signals may
                // be merged into one.
                Some(()) = next(&mut children) => self.look_at_processes(),
                request = requests.recv() => match request {
                    Some(Request::Shutdown { done }) => {
                        self.end_all().await;
                        let _ = done.send(());
                        return;
                    }
                    Some(Request::Reset { reply }) => {
                        self.end_all().await;
                        self.config.keeper.forget(self.run, None);
                        self.run = RunId(Uuid::new_v4());
                        self.secret.send_replace(Secret::fresh());
                        self.settings = self.config.settings;
                        self.form_ring();
                        let _ = reply.send(Ok(()));
                    }
                    Some(request) => self.answer(request),
                    None => {
                        self.end_all().await;
                        return;
                    }
                },
            }
        }
    }

    fn answer(&mut self, request: Request) {
        // The requester may have gone; then the reply is dropped.
        match request {
            Request::Act { node, action, reply } => self.act(&node, action, reply),
            Request::Elect { initiators, reply } => drop(reply.send(self.elect(initiators))),
            Request::Add { node, reply } => drop(reply.send(self.add(node))),
            Request::Remove { node, reply } => drop(reply.send(self.remove(&node))),
            Request::ChangeNode { node, change, reply } => {
                drop(reply.send(self.change_node(&node, &change)));
            }
            Request::ChangeSettings { change, reply } => {
                drop(reply.send(self.change_settings(&change)));
            }
            Request::SetLink { from, to, fault, reply } => {
                drop(reply.send(self.set_link(&from, &to, fault)));
            }
            Request::Partition { sides, reply } => drop(reply.send(self.partition(sides))),
            Request::HealPartition { reply } => drop(reply.send(self.heal_partition())),
            Request::HealAll { reply } => drop(reply.send(self.heal_all())),
            Request::Hello { hello, reply } => drop(reply.send(self.hello(hello))),
            Request::Reset { .. } | Request::Shutdown { .. } => {}
        }
    }

    /// Forms a fresh ring as configured.
    fn form_ring(&mut self) {
        self.forming = true;
        // Ids come again in the next run: late reports of the last run's members must not count as those
        // of the new ones.
        self.nodes.iter().for_each(|node| self.bus.dismiss(&node.membership));
        self.departed = Departed::default();
        self.nodes = self
            .config
            .members
            .iter()
            .zip(0..)
            .map(|(planned, place): (_, u16)| NodeSlot {
                member: Member {
                    id: planned.id,
                    name: planned.name.clone(),
                    attribute: planned.attribute,
                    eligible: planned.eligible,
                    incarnation: Incarnation(0),
                    address: None,
                },
                process: None,
                port: self.port(place),
                restarts: Restarts::default(),
                membership: Membership::default(),
            })
            .collect();
        let kind = EventKind::RunStarted {
            run: self.run,
            members: self.ring().members,
            highest_term: self.config.keeper.term(),
            settings: self.settings,
        };
        self.keep_members();
        self.bus.announce(None, Incarnation(0), kind);
        for index in 0..self.nodes.len() {
            self.spawn(index);
        }
        self.await_start();
    }

    /// Stores the members' ids for the next start of the server.
    fn keep_members(&self) {
        self.config
            .keeper
            .note_members(self.nodes.iter().map(|node| (node.member.name.clone(), node.member.id)));
    }

    fn port(&self, place: u16) -> u16 {
        if self.config.node_port == 0 { 0 } else { self.config.node_port.checked_add(place).unwrap_or(0) }
    }

    fn ring(&self) -> RingSpec {
        RingSpec { members: self.nodes.iter().map(|node| node.member.clone()).collect() }
    }

    fn spawn(&mut self, index: usize) {
        let secret = self.secret.borrow().text().to_owned();
        let Some(node) = self.nodes.get_mut(index) else { return };
        node.member.incarnation = Incarnation(node.member.incarnation.0.saturating_add(1));
        node.member.address = None;
        let (name, incarnation) = (node.member.name.clone(), node.member.incarnation);
        match Child::spawn(
            &self.config,
            self.run,
            &node.member,
            node.port,
            &secret,
            self.child_events_in.clone(),
        ) {
            Ok(child) => {
                let pid = child.pid;
                node.process = Some(Process::new(child));
                self.bus.announce(Some(&name), incarnation, EventKind::Spawned { pid });
            }
            Err(error) => {
                let program = self.config.program.display();
                let reason =
                    format!("can't run {program}: {error}. Is the file still there, and are processes left?");
                tracing::error!(node = %name, "{reason}");
                self.bus.announce(Some(&name), incarnation, EventKind::StartFailed { reason });
                self.configure_all(None);
                self.restart_later(index, now());
            }
        }
    }

    fn hello(&mut self, hello: Hello) -> Result<(NodeName, Membership), String> {
        let Some(node) = self.nodes.iter_mut().find(|node| node.member.id == hello.id) else {
            return Err("no such node in this run".to_owned());
        };
        if node.member.incarnation != hello.incarnation {
            return Err("another start of this node is the present one".to_owned());
        }
        let Some(process) = node.process.as_mut() else { return Err("its process has ended".to_owned()) };
        if process.channels.is_some() || process.child.pid != hello.pid {
            return Err("this node has said hello already, or is another process".to_owned());
        }
        process.channels = Some(Channels { commands: hello.commands, configuration: hello.configuration });
        process.child.hear_out(hello.heard_out);
        node.member.address = Some(hello.address);
        let known = (node.member.name.clone(), node.membership.clone());
        self.configure_all(Some(hello.id));
        Ok(known)
    }

    /// Sends the ring's configuration to every connected node, to `first` before the others.
    fn configure_all(&mut self, first: Option<NodeId>) {
        let awaited =
            |node: &NodeSlot| node.process.as_ref().is_some_and(|process| process.channels.is_none());
        if self.forming && self.nodes.iter().any(awaited) {
            return;
        }
        self.forming = false;
        let configuration = Configuration {
            run: self.run,
            ring: self.ring(),
            settings: self.settings,
            heartbeat_ms: milliseconds(self.config.heartbeat),
            hung_after_ms: milliseconds(self.config.hung_after),
            highest_term: self.bus.with_view(|view| view.term),
            faults: self.faults(),
        };
        let configuration = Arc::new(configuration);
        let (fresh, others): (Vec<&mut NodeSlot>, Vec<&mut NodeSlot>) =
            self.nodes.iter_mut().partition(|node| Some(node.member.id) == first);
        for node in fresh.into_iter().chain(others) {
            let Some(process) = node.process.as_mut() else { continue };
            if let Some(channels) = process.channels.as_ref() {
                // A paused node reads the newest when it resumes, whatever it missed.
                channels.configuration.send_replace(Some(Arc::clone(&configuration)));
                process.highest_term = configuration.highest_term;
            }
        }
    }

    /// Sends the run's highest term to the nodes that were configured before the first election. Such a
    /// node may not know of any (it hung, or was cut off), and may be the only one left.
    pub(super) fn announce_first_term(&mut self) {
        let has_elected = self.bus.with_view(|view| view.term > Term::ZERO);
        let knows_of_none = |process: &Process| {
            process.channels.is_some() && !process.leaving && process.highest_term == Term::ZERO
        };
        if has_elected && self.nodes.iter().filter_map(|node| node.process.as_ref()).any(knows_of_none) {
            self.configure_all(None);
        }
    }

    /// Finds the node with this name, or the one that is the `leader` or the `deputy`.
    fn resolve(&self, word: &str) -> Result<usize, Refusal> {
        let role = |node: Option<&NodeView>| {
            node.map(|node| node.name.clone()).ok_or_else(|| {
                Refusal::conflict(format!("there is no {word} now, running or hung. Initiate an election"))
            })
        };
        let name = match word {
            "leader" => self.bus.with_view(|view| role(view.leading()))?,
            "deputy" => self.bus.with_view(|view| role(view.deputy_of_leading()))?,
            other => other.parse().map_err(|error| no_such_node(other).because(format!("{error}")))?,
        };
        self.nodes.iter().position(|node| node.member.name == name).ok_or_else(|| no_such_node(word))
    }
}

fn no_such_node(word: &str) -> Refusal {
    let word: String = word.chars().take(40).collect();
    Refusal::new(axum::http::StatusCode::NOT_FOUND, format!("there is no node {word:?} in the ring"))
        .because("GET /api/v1/ring lists the nodes; `leader` and `deputy` stand for whoever holds that role")
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Waits for the next signal of a kind; waits for ever where signals can't be received.
async fn next(signals: &mut Option<UnixSignal>) -> Option<()> {
    match signals {
        Some(signals) => signals.recv().await,
        None => std::future::pending().await,
    }
}

/// The time before a signal is sent: its effects are measured from here.
fn now() -> u64 {
    monotonic_ns()
}
