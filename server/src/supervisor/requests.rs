//! The requests to the supervisor, and the reasons to refuse them.

use std::time::Duration;

use axum::http::StatusCode;
use ringleader_shared::api::{AddNode, ChangeNode, ElectionStarted, Initiators};
use ringleader_shared::control::NodeCommand;
use ringleader_shared::ring::MAX_MEMBERS;
use ringleader_shared::{
    ChangeRing, EventKind, FaultyLink, Incarnation, LinkFault, Member, NodeAction, NodeId, NodeName,
    NodeRequest,
};
use tokio::sync::{mpsc, oneshot};

use super::child::{Change, ChildEvent, Signal};
use super::restarts::Restarts;
use super::{EXIT_WITHIN, Hello, NodeSlot, Reply, Supervisor, now};
use crate::bus::Membership;
use crate::problem::Refusal;

/// The time within which the kernel must stop or continue a process before the requester is answered.
const ACT_WITHIN: Duration = Duration::from_secs(5);

pub(super) enum Request {
    Act { node: String, action: NodeAction, reply: Reply<NodeName> },
    Elect { initiators: Initiators, reply: Reply<ElectionStarted> },
    Add { node: AddNode, reply: Reply<()> },
    Remove { node: String, reply: Reply<()> },
    ChangeNode { node: String, change: ChangeNode, reply: Reply<()> },
    ChangeSettings { change: ChangeRing, reply: Reply<()> },
    SetLink { from: String, to: String, fault: LinkFault, reply: Reply<FaultyLink> },
    Partition { sides: Vec<Vec<NodeName>>, reply: Reply<()> },
    HealPartition { reply: Reply<()> },
    HealAll { reply: Reply<()> },
    Reset { reply: Reply<()> },
    Hello { hello: Hello, reply: oneshot::Sender<Result<(NodeName, Membership), String>> },
    Shutdown { done: oneshot::Sender<()> },
}

/// The sender of requests. Cheap to clone.
#[derive(Clone)]
pub struct SupervisorHandle {
    requests: mpsc::Sender<Request>,
}

impl SupervisorHandle {
    pub(super) fn new(requests: mpsc::Sender<Request>) -> Self {
        Self { requests }
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        let gone = || Refusal::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "the server is stopping");
        self.requests.send(request(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Acts on the process of a node, given by name or role.
    ///
    /// # Errors
    /// When there is no such node, or its state does not allow it.
    pub async fn act(&self, node: String, action: NodeAction) -> Result<NodeName, Refusal> {
        let done = self.ask(|reply| Request::Act { node, action, reply });
        let late =
            || Refusal::conflict(format!("the system takes long to {action} it; look again in a moment"));
        tokio::time::timeout(ACT_WITHIN, done).await.map_err(|_| late())?
    }

    /// Starts an election. Returns its initiators.
    ///
    /// # Errors
    /// When a named node does not exist or does not run, with the names; when none is named and no node
    /// runs.
    pub async fn elect(&self, initiators: Initiators) -> Result<ElectionStarted, Refusal> {
        self.ask(|reply| Request::Elect { initiators, reply }).await
    }

    /// Adds a node at the end of the ring order and starts it.
    ///
    /// # Errors
    /// When the name or the id is taken, or the ring is full.
    pub async fn add(&self, node: AddNode) -> Result<(), Refusal> {
        self.ask(|reply| Request::Add { node, reply }).await
    }

    /// Ends a node and removes it from the ring.
    ///
    /// # Errors
    /// When there is no such node, or it is the last one.
    pub async fn remove(&self, node: String) -> Result<(), Refusal> {
        self.ask(|reply| Request::Remove { node, reply }).await
    }

    /// Changes a node's attribute, or whether it may lead.
    ///
    /// # Errors
    /// When there is no such node.
    pub async fn change_node(&self, node: String, change: ChangeNode) -> Result<(), Refusal> {
        self.ask(|reply| Request::ChangeNode { node, change, reply }).await
    }

    /// Changes settings of the ring.
    ///
    /// # Errors
    /// Only when the server is stopping.
    pub async fn change_settings(&self, change: ChangeRing) -> Result<(), Refusal> {
        self.ask(|reply| Request::ChangeSettings { change, reply }).await
    }

    /// Sets the fault on everything that one node sends to another. Both are given by name or role.
    ///
    /// # Errors
    /// When there is no such node, or both are the same.
    pub async fn set_link(&self, from: String, to: String, fault: LinkFault) -> Result<FaultyLink, Refusal> {
        self.ask(|reply| Request::SetLink { from, to, fault, reply }).await
    }

    /// Partitions the ring; an earlier partition is replaced.
    ///
    /// # Errors
    /// When a side is empty or names a node that does not exist, a node is on two sides, or no two nodes
    /// are separated.
    pub async fn partition(&self, sides: Vec<Vec<NodeName>>) -> Result<(), Refusal> {
        self.ask(|reply| Request::Partition { sides, reply }).await
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

    /// Ends every process and forms a fresh ring as configured.
    ///
    /// # Errors
    /// Only when the server is stopping.
    pub async fn reset(&self) -> Result<(), Refusal> {
        self.ask(|reply| Request::Reset { reply }).await
    }

    /// Admits a node that has said hello. Returns its name and its right to report.
    ///
    /// # Errors
    /// When it is not the node that is awaited.
    pub async fn hello(&self, hello: Hello) -> Result<(NodeName, Membership), String> {
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
    /// Acts on a node's process. A request to stop or to continue it is answered when the kernel has done
    /// so.
    pub(super) fn act(&mut self, word: &str, action: NodeAction, reply: Reply<NodeName>) {
        let acted = self.resolve(word).and_then(|index| self.act_on(index, action).map(|name| (index, name)));
        let (index, name) = match acted {
            Ok(acted) => acted,
            // The requester may have gone; then the reply is dropped.
            Err(refusal) => return drop(reply.send(Err(refusal))),
        };
        let process = self.nodes.get_mut(index).and_then(|node| node.process.as_mut());
        match (action, process) {
            (NodeAction::Pause, Some(process)) => process.asked.push((Change::Stopped, reply)),
            (NodeAction::Resume, Some(process)) => process.asked.push((Change::Continued, reply)),
            _ => drop(reply.send(Ok(name))),
        }
    }

    fn act_on(&mut self, index: usize, action: NodeAction) -> Result<NodeName, Refusal> {
        let Some(node) = self.nodes.get_mut(index) else { return Err(super::no_such_node("it")) };
        let name = node.member.name.clone();
        let at = now();
        match (action, node.process.as_mut()) {
            (NodeAction::Start, None) => node.restarts.forgive(),
            (NodeAction::Start, Some(process)) if process.is_ending() => {
                return Err(Refusal::conflict(format!("{name} is still ending; try again in a moment")));
            }
            (NodeAction::Start, Some(_)) => {
                return Err(Refusal::conflict(format!("{name} is running already")));
            }
            (_, None) => return Err(Refusal::conflict(format!("{name} is not running; start it first"))),
            // A node that was asked to leave and does not can be killed.
            (NodeAction::Kill, Some(process)) if !process.killed => process.kill(),
            (_, Some(process)) if process.is_ending() => {
                return Err(Refusal::conflict(format!("{name} is ending already")));
            }
            (NodeAction::Kill, Some(_)) => {}
            (NodeAction::Exit, Some(process)) => {
                if process.paused {
                    let title =
                        format!("{name} is paused and can't leave gracefully; resume it first, or kill it");
                    return Err(Refusal::conflict(title));
                }
                let commands = process.channels.as_ref().map(|channels| &channels.commands);
                if commands.is_none_or(|commands| commands.try_send(NodeCommand::Exit).is_err()) {
                    return Err(Refusal::conflict(format!(
                        "{name} can't take the request to exit now; try again, or kill it"
                    )));
                }
                process.leaving = true;
                let (child_events, run, id) = (self.child_events_in.clone(), self.run, node.member.id);
                let incarnation = node.member.incarnation;
                tokio::spawn(async move {
                    tokio::time::sleep(EXIT_WITHIN).await;
                    let _ = child_events.send(ChildEvent::ExitDue { run, id, incarnation });
                });
            }
            (NodeAction::Pause, Some(process)) => {
                if process.paused {
                    return Err(Refusal::conflict(format!("{name} is paused already")));
                }
                if process.channels.is_none() {
                    return Err(Refusal::conflict(format!(
                        "{name} is still starting; try again in a moment"
                    )));
                }
                process.child.signal(Signal::Stop);
            }
            (NodeAction::Resume, Some(process)) => {
                if !process.paused {
                    return Err(Refusal::conflict(format!("{name} is not paused")));
                }
                process.continued_ns = Some(now());
                process.child.signal(Signal::Continue);
            }
        }
        let incarnation = node.member.incarnation;
        let requested = EventKind::Requested { action: NodeRequest::Act(action) };
        self.bus.announce_at(at, Some(&name), incarnation, requested);
        if action == NodeAction::Start {
            self.spawn(index);
        }
        Ok(name)
    }

    pub(super) fn add(&mut self, node: AddNode) -> Result<(), Refusal> {
        let AddNode { name, attribute, eligible, id } = node;
        if self.nodes.iter().any(|node| node.member.name == name) {
            return Err(Refusal::conflict(format!("there is a node {name} already; choose another name")));
        }
        if self.nodes.len() >= MAX_MEMBERS {
            return Err(Refusal::conflict(format!("the ring is full: it has {MAX_MEMBERS} nodes")));
        }
        let id = match id {
            Some(id) => self.unused(id)?,
            None => self.departed.fresh_id(&name, |id| self.nodes.iter().any(|node| node.member.id == id)),
        };
        let incarnation = self.departed.last_start(&name);
        let member = Member { id, name: name.clone(), attribute, eligible, incarnation, address: None };
        // The port of a removed node may be free again: take the first that no member has.
        let taken: Vec<u16> = self.nodes.iter().map(|node| node.port).collect();
        let port =
            (0..).map(|place| self.port(place)).find(|port| *port == 0 || !taken.contains(port)).unwrap_or(0);
        self.nodes.push(NodeSlot {
            member: member.clone(),
            process: None,
            port,
            restarts: Restarts::default(),
            membership: Membership::default(),
        });
        self.keep_members();
        self.bus.announce(Some(&name), incarnation, EventKind::MemberAdded { member });
        self.spawn(self.nodes.len() - 1);
        Ok(())
    }

    /// Checks an id that was chosen for a new node.
    fn unused(&self, id: NodeId) -> Result<NodeId, Refusal> {
        if id.0.is_nil() {
            let refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "the nil UUID is no node's id");
            return Err(refusal.because("give another one, or none: it then follows from the name"));
        }
        if let Some(other) = self.nodes.iter().find(|node| node.member.id == id) {
            let title = format!("the id {id} is that of {}; ids must differ", other.member.name);
            return Err(
                Refusal::conflict(title).because("give another one, or none: it then follows from the name")
            );
        }
        if self.departed.had(id) {
            let title =
                format!("a node that has left the ring had the id {id}, and some may still speak of it");
            return Err(
                Refusal::conflict(title).because("give another one, or none; a reset makes it free again")
            );
        }
        Ok(id)
    }

    pub(super) fn remove(&mut self, word: &str) -> Result<(), Refusal> {
        let index = self.resolve(word)?;
        if self.nodes.len() < 2 {
            return Err(Refusal::conflict("a ring has at least one node; add another one first"));
        }
        let node = self.nodes.remove(index);
        if let Some(process) = &node.process {
            // Its own task reaps it; its end needs no report any more.
            process.child.signal(Signal::Kill);
        }
        self.config.keeper.forget(self.run, Some(node.member.id));
        self.keep_members();
        self.departed.note(&node.member);
        self.bus.dismiss(&node.membership);
        self.bus.announce(Some(&node.member.name), node.member.incarnation, EventKind::MemberRemoved);
        self.configure_all(None);
        Ok(())
    }

    /// Announces the attributes that changed.
    pub(super) fn change_node(&mut self, word: &str, change: &ChangeNode) -> Result<(), Refusal> {
        let index = self.resolve(word)?;
        let Some(node) = self.nodes.get_mut(index) else { return Err(super::no_such_node(word)) };
        let (name, incarnation) = (node.member.name.clone(), node.member.incarnation);
        let attribute = change.attribute.filter(|attribute| *attribute != node.member.attribute);
        let eligible = change.eligible.filter(|eligible| *eligible != node.member.eligible);
        node.member.attribute = attribute.unwrap_or(node.member.attribute);
        node.member.eligible = eligible.unwrap_or(node.member.eligible);
        if let Some(attribute) = attribute {
            self.bus.announce(Some(&name), incarnation, EventKind::AttributeChanged { attribute });
        }
        if let Some(eligible) = eligible {
            self.bus.announce(Some(&name), incarnation, EventKind::EligibilityChanged { eligible });
        }
        if attribute.is_some() || eligible.is_some() {
            self.configure_all(None);
        }
        Ok(())
    }

    /// Announces settings only when they differ from those before.
    pub(super) fn change_settings(&mut self, change: &ChangeRing) -> Result<(), Refusal> {
        let settings = self.settings.with(change);
        if settings != self.settings {
            self.settings = settings;
            self.bus.announce(None, Incarnation(0), EventKind::SettingsChanged { settings });
            self.configure_all(None);
        }
        Ok(())
    }
}
