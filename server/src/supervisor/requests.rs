//! What can be asked of the supervisor, and when it refuses.

use ringleader_shared::api::ElectionStarted;
use ringleader_shared::control::NodeCommand;
use ringleader_shared::ring::MAX_MEMBERS;
use ringleader_shared::{
    Attribute, ChangeRing, EventKind, FaultyLink, Incarnation, LinkFault, Member, NodeId, NodeName,
    NodeState, Term,
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::restarts::Restarts;
use super::{Hello, Managed, Signal, Supervisor, now};
use crate::problem::Refusal;

const NOBODY_RUNS: &str = "no node is running, so none can initiate an election; start one first";

type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// What can be done to one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// SIGKILL.
    Kill,
    /// Ask it to leave in good order.
    Exit,
    /// Spawn it again, as its next incarnation.
    Start,
    /// SIGSTOP: it hangs.
    Pause,
    /// SIGCONT.
    Resume,
}

impl Action {
    /// The word of the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Exit => "exit",
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
}

pub(super) enum Request {
    Act { node: String, action: Action, reply: Reply<NodeName> },
    Initiate { initiator: Option<NodeName>, reply: Reply<NodeName> },
    InitiateTogether { reply: Reply<ElectionStarted> },
    Add { name: NodeName, attribute: Attribute, reply: Reply<()> },
    Remove { node: String, reply: Reply<()> },
    ChangeAttribute { node: String, attribute: Attribute, reply: Reply<()> },
    ChangeSettings { change: ChangeRing, reply: Reply<()> },
    SetLink { from: String, to: String, fault: LinkFault, reply: Reply<FaultyLink> },
    Part { sides: Vec<Vec<NodeName>>, reply: Reply<()> },
    HealPartition { reply: Reply<()> },
    HealAll { reply: Reply<()> },
    Reset { reply: Reply<()> },
    Hello { hello: Hello, reply: oneshot::Sender<Result<NodeName, String>> },
    Shutdown { done: oneshot::Sender<()> },
}

/// Where requests go. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
}

impl Handle {
    pub(super) fn new(requests: mpsc::Sender<Request>) -> Self {
        Self { requests }
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        let gone = || Refusal::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "the server is stopping");
        self.requests.send(request(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Does something to the process of a node, named or by its role.
    ///
    /// # Errors
    /// When there is no such node, or its state does not allow it.
    pub async fn act(&self, node: String, action: Action) -> Result<NodeName, Refusal> {
        self.ask(|reply| Request::Act { node, action, reply }).await
    }

    /// Starts an election at this node, or at the first live member in ring order.
    ///
    /// # Errors
    /// When there is no such node, or it does not run.
    pub async fn initiate(&self, initiator: Option<NodeName>) -> Result<NodeName, Refusal> {
        self.ask(|reply| Request::Initiate { initiator, reply }).await
    }

    /// Starts an election at every live node, all in the same term. Says which.
    ///
    /// # Errors
    /// When no node runs.
    pub async fn initiate_together(&self) -> Result<ElectionStarted, Refusal> {
        self.ask(|reply| Request::InitiateTogether { reply }).await
    }

    /// Adds a node at the end of the ring order and starts it.
    ///
    /// # Errors
    /// When the name is taken or the ring is full.
    pub async fn add(&self, name: NodeName, attribute: Attribute) -> Result<(), Refusal> {
        self.ask(|reply| Request::Add { name, attribute, reply }).await
    }

    /// Ends a node and takes it out of the ring.
    ///
    /// # Errors
    /// When there is no such node, or it is the last one.
    pub async fn remove(&self, node: String) -> Result<(), Refusal> {
        self.ask(|reply| Request::Remove { node, reply }).await
    }

    /// Changes a node's attribute.
    ///
    /// # Errors
    /// When there is no such node.
    pub async fn change_attribute(&self, node: String, attribute: Attribute) -> Result<(), Refusal> {
        self.ask(|reply| Request::ChangeAttribute { node, attribute, reply }).await
    }

    /// Changes settings of the ring.
    ///
    /// # Errors
    /// Only when the server is stopping.
    pub async fn change_settings(&self, change: ChangeRing) -> Result<(), Refusal> {
        self.ask(|reply| Request::ChangeSettings { change, reply }).await
    }

    /// Sets what happens to everything that one node says to another; both are named or meant by their role.
    ///
    /// # Errors
    /// When there is no such node, or both are the same.
    pub async fn set_link(&self, from: String, to: String, fault: LinkFault) -> Result<FaultyLink, Refusal> {
        self.ask(|reply| Request::SetLink { from, to, fault, reply }).await
    }

    /// Parts the ring; a partition that was there is replaced.
    ///
    /// # Errors
    /// When a side names nobody or a node that is not there, a node is on two sides, or nobody is parted from anybody.
    pub async fn part(&self, sides: Vec<Vec<NodeName>>) -> Result<(), Refusal> {
        self.ask(|reply| Request::Part { sides, reply }).await
    }

    /// Ends the partition; faults of single links stay.
    ///
    /// # Errors
    /// Only when the server is stopping.
    pub async fn heal_partition(&self) -> Result<(), Refusal> {
        self.ask(|reply| Request::HealPartition { reply }).await
    }

    /// Ends the partition and every fault of a link.
    ///
    /// # Errors
    /// Only when the server is stopping.
    pub async fn heal_all(&self) -> Result<(), Refusal> {
        self.ask(|reply| Request::HealAll { reply }).await
    }

    /// Ends every process and forms a fresh ring as planned.
    ///
    /// # Errors
    /// Only when the server is stopping.
    pub async fn reset(&self) -> Result<(), Refusal> {
        self.ask(|reply| Request::Reset { reply }).await
    }

    /// A node said hello; its name comes back, or why it is not wanted.
    ///
    /// # Errors
    /// When it is not the node that is awaited.
    pub async fn hello(&self, hello: Hello) -> Result<NodeName, String> {
        let (reply, answer) = oneshot::channel();
        let gone = || "the server is stopping".to_owned();
        self.requests.send(Request::Hello { hello, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Ends every process; returns when the last one is reaped.
    pub async fn shutdown(&self) {
        let (done, finished) = oneshot::channel();
        if self.requests.send(Request::Shutdown { done }).await.is_ok() {
            let _ = finished.await;
        }
    }
}

impl Supervisor {
    pub(super) fn act(&mut self, word: &str, action: Action) -> Result<NodeName, Refusal> {
        let index = self.resolve(word)?;
        let Some(node) = self.nodes.get_mut(index) else { return Err(super::no_such_node(word)) };
        let name = node.member.name.clone();
        let at = now();
        match (action, node.process.as_mut()) {
            (Action::Start, None) => node.restarts.forgive(),
            (Action::Start, Some(process)) if process.ending => {
                return Err(Refusal::conflict(format!("{name} is still ending; try again in a moment")));
            }
            (Action::Start, Some(_)) => return Err(Refusal::conflict(format!("{name} is running already"))),
            (_, None) => return Err(Refusal::conflict(format!("{name} is not running; start it first"))),
            (_, Some(process)) if process.ending => {
                return Err(Refusal::conflict(format!("{name} is ending already")));
            }
            (Action::Kill, Some(process)) => {
                process.ending = true;
                process.child.signal(Signal::Kill);
            }
            (Action::Exit, Some(process)) => {
                if process.paused {
                    let title =
                        format!("{name} is paused and can't leave gracefully; resume it first, or kill it");
                    return Err(Refusal::conflict(title));
                }
                let sent = process.commands.as_ref().is_some_and(|to| to.try_send(NodeCommand::Exit).is_ok());
                if !sent {
                    return Err(Refusal::conflict(format!(
                        "{name} can't take the request to exit now; try again, or kill it"
                    )));
                }
                process.ending = true;
                process.leaving = true;
            }
            (Action::Pause, Some(process)) => {
                if process.paused {
                    return Err(Refusal::conflict(format!("{name} is paused already")));
                }
                if process.commands.is_none() {
                    return Err(Refusal::conflict(format!(
                        "{name} is still starting; try again in a moment"
                    )));
                }
                process.paused = true;
                process.child.signal(Signal::Stop);
            }
            (Action::Resume, Some(process)) => {
                if !process.paused {
                    return Err(Refusal::conflict(format!("{name} is not paused")));
                }
                process.paused = false;
                process.child.signal(Signal::Continue);
            }
        }
        let incarnation = node.member.incarnation;
        let requested = EventKind::Requested { action: action.word().to_owned() };
        self.bus.tell_at(at, Some(&name), incarnation, requested);
        match action {
            Action::Pause => self.bus.tell(Some(&name), incarnation, EventKind::Paused),
            Action::Resume => self.bus.tell(Some(&name), incarnation, EventKind::Resumed),
            Action::Start => self.spawn(index),
            Action::Kill | Action::Exit => {}
        }
        Ok(name)
    }

    pub(super) fn initiate(&mut self, initiator: Option<NodeName>) -> Result<NodeName, Refusal> {
        let live = |name: &NodeName| {
            self.bus.with_view(|view| view.node(name).is_some_and(|node| node.state == NodeState::Running))
        };
        let node = match &initiator {
            Some(name) => {
                let node = self.nodes.iter().find(|node| node.member.name == *name);
                node.ok_or_else(|| super::no_such_node(name.as_str()))?
            }
            None => self
                .nodes
                .iter()
                .find(|node| live(&node.member.name))
                .ok_or_else(|| Refusal::conflict(NOBODY_RUNS))?,
        };
        let name = node.member.name.clone();
        let commands = node.process.as_ref().filter(|process| !process.paused && !process.ending);
        let Some(commands) = commands.and_then(|process| process.commands.as_ref()).filter(|_| live(&name))
        else {
            return Err(Refusal::conflict(format!(
                "{name} is not running, so it can't initiate; start or resume it first"
            )));
        };
        let incarnation = node.member.incarnation;
        self.bus.tell(Some(&name), incarnation, EventKind::Requested { action: "initiate".to_owned() });
        commands
            .try_send(NodeCommand::Initiate)
            .map_err(|_| Refusal::conflict(format!("{name} is too busy to initiate now; try again")))?;
        Ok(name)
    }

    pub(super) fn initiate_together(&mut self) -> Result<ElectionStarted, Refusal> {
        let (term, live): (Term, Vec<NodeName>) = self.bus.with_view(|view| {
            let live = view.nodes.iter().filter(|node| node.state == NodeState::Running);
            (view.term.next(), live.map(|node| node.name.clone()).collect())
        });
        let mut initiators = Vec::new();
        for node in self.nodes.iter().filter(|node| live.contains(&node.member.name)) {
            let process = node.process.as_ref().filter(|process| !process.paused && !process.ending);
            let Some(commands) = process.and_then(|process| process.commands.as_ref()) else { continue };
            if commands.try_send(NodeCommand::InitiateTogether { term }).is_ok() {
                let (name, incarnation) = (&node.member.name, node.member.incarnation);
                self.bus.tell(
                    Some(name),
                    incarnation,
                    EventKind::Requested { action: "initiate".to_owned() },
                );
                initiators.push(name.clone());
            }
        }
        let Some(initiator) = initiators.first().cloned() else {
            return Err(Refusal::conflict(NOBODY_RUNS));
        };
        Ok(ElectionStarted { initiator, initiators })
    }

    pub(super) fn add(&mut self, name: NodeName, attribute: Attribute) -> Result<(), Refusal> {
        if self.nodes.iter().any(|node| node.member.name == name) {
            return Err(Refusal::conflict(format!("there is a node {name} already; choose another name")));
        }
        if self.nodes.len() >= MAX_MEMBERS {
            return Err(Refusal::conflict(format!("the ring is full: it has {MAX_MEMBERS} nodes")));
        }
        let incarnation = Incarnation(0);
        let member =
            Member { id: NodeId(Uuid::new_v4()), name: name.clone(), attribute, incarnation, address: None };
        // A port that a removed node had may be free again: take the first that no member has.
        let taken: Vec<u16> = self.nodes.iter().map(|node| node.port).collect();
        let port =
            (0..).map(|place| self.port(place)).find(|port| *port == 0 || !taken.contains(port)).unwrap_or(0);
        self.nodes.push(Managed {
            member: member.clone(),
            process: None,
            port,
            restarts: Restarts::default(),
        });
        self.bus.tell(Some(&name), incarnation, EventKind::MemberAdded { member });
        self.spawn(self.nodes.len() - 1);
        Ok(())
    }

    pub(super) fn remove(&mut self, word: &str) -> Result<(), Refusal> {
        let index = self.resolve(word)?;
        if self.nodes.len() < 2 {
            return Err(Refusal::conflict("a ring has at least one node; add another one first"));
        }
        let node = self.nodes.remove(index);
        if let Some(process) = &node.process {
            // Its end is reaped by its own task; nobody is left to be told of it.
            process.child.signal(Signal::Kill);
        }
        self.bus.tell(Some(&node.member.name), node.member.incarnation, EventKind::MemberRemoved);
        self.configure_all(None);
        Ok(())
    }

    pub(super) fn change_attribute(&mut self, word: &str, attribute: Attribute) -> Result<(), Refusal> {
        let index = self.resolve(word)?;
        if let Some(node) = self.nodes.get_mut(index) {
            node.member.attribute = attribute;
            let (name, incarnation) = (node.member.name.clone(), node.member.incarnation);
            self.bus.tell(Some(&name), incarnation, EventKind::AttributeChanged { attribute });
            self.configure_all(None);
        }
        Ok(())
    }

    /// Announces settings only when they differ from those before.
    pub(super) fn change_settings(&mut self, change: &ChangeRing) -> Result<(), Refusal> {
        let settings = self.settings.with(change);
        if settings != self.settings {
            self.settings = settings;
            self.bus.tell(None, Incarnation(0), EventKind::SettingsChanged { settings });
            self.configure_all(None);
        }
        Ok(())
    }
}
