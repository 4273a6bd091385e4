//! Requested elections: by one node, by several at once, or by a ring file for the ring's beginning.

use axum::http::StatusCode;
use ringleader_shared::api::{ElectionStarted, Initiators};
use ringleader_shared::control::NodeCommand;
use ringleader_shared::{EventKind, NodeName, NodeRequest, NodeState, RingView, RunId, Term};
use tokio::sync::mpsc;

use super::{ChildEvent, NodeSlot, Supervisor};
use crate::problem::Refusal;

const NOBODY_RUNS: &str = "no node is running, so none can initiate an election; start one first";

impl Supervisor {
    pub(super) fn elect(&mut self, initiators: Initiators) -> Result<ElectionStarted, Refusal> {
        match initiators {
            Initiators::First => self.initiate(None),
            Initiators::One(name) => self.initiate(Some(&name)),
            Initiators::Together(names) => self.initiate_together(Some(&names)),
            Initiators::All => self.initiate_together(None),
        }
    }

    fn initiate(&mut self, initiator: Option<&NodeName>) -> Result<ElectionStarted, Refusal> {
        let node = match initiator {
            Some(name) => {
                let node = self.nodes.iter().find(|node| node.member.name == *name);
                node.ok_or_else(|| super::no_such_node(name.as_str()))?
            }
            None => self
                .nodes
                .iter()
                .find(|node| self.is_running(&node.member.name))
                .ok_or_else(|| Refusal::conflict(NOBODY_RUNS))?,
        };
        let name = node.member.name.clone();
        let Some(commands) = self.initiates(node) else {
            return Err(Refusal::conflict(format!(
                "{name} is not running, so it can't initiate; start or resume it first"
            )));
        };
        self.announce_request(node);
        commands.try_send(NodeCommand::Initiate).map_err(|_| is_busy(&name))?;
        Ok(ElectionStarted { initiators: vec![name.clone()], initiator: name })
    }

    /// Starts an election at these nodes, or at all that run, in the term after the highest one that is
    /// known.
    fn initiate_together(&mut self, names: Option<&[NodeName]>) -> Result<ElectionStarted, Refusal> {
        if let Some(names) = names {
            self.all_run(names)?;
        }
        let term: Term = self.bus.with_view(|view| view.term.next());
        let mut asked = Vec::new();
        for node in &self.nodes {
            let is_meant = names.is_none_or(|names| names.contains(&node.member.name));
            let Some(commands) = self.initiates(node).filter(|_| is_meant) else { continue };
            match commands.try_reserve() {
                Ok(place) => asked.push((node, place)),
                // No node has been asked yet: either all of them are, or none.
                Err(_) if names.is_some() => return Err(is_busy(&node.member.name)),
                Err(_) => {}
            }
        }
        let initiators: Vec<NodeName> = asked.iter().map(|(node, _)| node.member.name.clone()).collect();
        let Some(initiator) = initiators.first().cloned() else {
            return Err(Refusal::conflict(NOBODY_RUNS));
        };
        for (node, place) in asked {
            self.announce_request(node);
            place.send(NodeCommand::InitiateTogether { term });
        }
        Ok(ElectionStarted { initiator, initiators })
    }

    /// Checks that each of these can initiate.
    fn all_run(&self, names: &[NodeName]) -> Result<(), Refusal> {
        if names.is_empty() {
            let refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "initiators names nobody");
            return Err(refusal.because("name one node at least, or leave initiators out"));
        }
        let find = |name: &NodeName| self.nodes.iter().find(|node| node.member.name == *name);
        let unknown: Vec<&NodeName> = names.iter().filter(|name| find(name).is_none()).collect();
        match unknown.as_slice() {
            [] => {}
            [name] => return Err(super::no_such_node(name.as_str())),
            several => {
                let title = format!("there are no nodes {} in the ring", listed(several));
                let refusal = Refusal::new(StatusCode::NOT_FOUND, title);
                return Err(refusal.because("GET /api/v1/ring lists the nodes"));
            }
        }
        let can = |name: &NodeName| find(name).is_some_and(|node| self.initiates(node).is_some());
        let idle: Vec<&NodeName> = names.iter().filter(|name| !can(name)).collect();
        match idle.as_slice() {
            [] => Ok(()),
            [name] => Err(Refusal::conflict(format!(
                "{name} is not running, so it can't initiate; start or resume it first, or leave it out"
            ))),
            several => Err(Refusal::conflict(format!(
                "{} are not running, so they can't initiate; start or resume them first, or leave them out",
                listed(several)
            ))),
        }
    }

    fn is_running(&self, name: &NodeName) -> bool {
        self.bus.with_view(|view| view.node(name).is_some_and(|node| node.state == NodeState::Running))
    }

    /// The channel on which a node is asked to initiate; `None` for one that does not run, hangs or ends.
    fn initiates<'a>(&self, node: &'a NodeSlot) -> Option<&'a mpsc::Sender<NodeCommand>> {
        let process = node.process.as_ref().filter(|process| !process.paused && !process.is_ending())?;
        process
            .channels
            .as_ref()
            .map(|channels| &channels.commands)
            .filter(|_| self.is_running(&node.member.name))
    }

    fn announce_request(&self, node: &NodeSlot) {
        let requested = EventKind::Requested { action: NodeRequest::Initiate };
        self.bus.announce(Some(&node.member.name), node.member.incarnation, requested);
    }

    /// Waits until the fresh ring is ready for its first election, if it is to begin with one.
    pub(super) fn await_start(&self) {
        if self.config.start.is_empty() {
            return;
        }
        let (bus, run, child_events) = (self.bus.clone(), self.run, self.child_events_in.clone());
        let from = bus.with_view(|view| view.term);
        tokio::spawn(async move {
            let (_, mut subscription) = bus.subscribe(None);
            loop {
                match bus.with_view(|view| opening(view, run, from)) {
                    Opening::Waiting => drop(subscription.next().await),
                    Opening::Due => {
                        let _ = child_events.send(ChildEvent::StartDue { run });
                        return;
                    }
                    Opening::Void => return,
                }
            }
        });
    }

    /// Starts the first election of a ring that is ready.
    pub(super) fn start_due(&mut self, run: RunId) {
        if run != self.run {
            return;
        }
        let names = self.config.start.clone();
        if let Err(refusal) = self.initiate_together(Some(&names)) {
            tracing::warn!("the election that the ring was to start with is not held: {}", refusal.title);
        }
    }
}

/// Whether the election with which a run is to begin can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// Not yet.
    Waiting,
    /// Now: every member runs and is linked to the next one.
    Due,
    /// No longer wanted: there was an election already, or the run is over.
    Void,
}

fn opening(view: &RingView, run: RunId, from: Term) -> Opening {
    if view.run != run || view.term > from {
        return Opening::Void;
    }
    let next = view.nodes.iter().cycle().skip(1);
    let is_ready = view
        .nodes
        .iter()
        .zip(next)
        .all(|(node, next)| node.is_live() && node.successor.as_ref() == Some(&next.name));
    if is_ready { Opening::Due } else { Opening::Waiting }
}

fn is_busy(name: &NodeName) -> Refusal {
    Refusal::conflict(format!("{name} is too busy to initiate now; try again"))
}

/// Names in a sentence: `A, B and C`.
fn listed(names: &[&NodeName]) -> String {
    let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) }
}
