//! What the event stream must never show, whatever is done to the ring.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ringleader_shared::event::MessageInfo;
use ringleader_shared::fault::Injection;
use ringleader_shared::{Event, EventKind, Incarnation, MessageId, NodeName, RingView, Role, Seq, Term};

/// A message of which nothing was told yet but that it was sent.
struct OnItsWay {
    to: NodeName,
    at_us: u64,
    seq: Seq,
    what: String,
}

/// The end of a link, or of a process when `peer` is missing.
struct Ending {
    node: NodeName,
    peer: Option<NodeName>,
    at_us: u64,
}

impl Ending {
    /// Whether a message of this time between these may not arrive: that is told by this.
    fn explains(&self, from: &NodeName, to: &NodeName, at_us: u64) -> bool {
        let is_between = match &self.peer {
            None => from == &self.node || to == &self.node,
            Some(peer) => (from, to) == (&self.node, peer) || (from, to) == (peer, &self.node),
        };
        is_between && at_us <= self.at_us
    }
}

#[derive(Default)]
pub struct Invariants {
    terms: HashMap<(NodeName, Incarnation), Term>,
    leaders: BTreeMap<Term, BTreeSet<NodeName>>,
    /// Terms that somebody began to lead while members may have been apart: the others need not have heard of it.
    begun_apart: BTreeSet<Term>,
    on_their_way: HashMap<MessageId, OnItsWay>,
    received: HashSet<MessageId>,
    /// Messages whose loss was told.
    vanished: HashSet<MessageId>,
    /// What ended in this round and the one before, and when: a sender that is behind tells later what it sent before.
    endings: Vec<Ending>,
    endings_before: Vec<Ending>,
    duplicated: HashSet<MessageId>,
    /// Somebody may have been thought dead who was not: then two sides may elect without hearing of one another.
    may_be_apart: bool,
    newest: Seq,
    round_began: Seq,
}

impl Invariants {
    pub fn begin_round(&mut self) {
        self.round_began = self.newest;
        self.may_be_apart = false;
        self.endings_before = std::mem::take(&mut self.endings);
    }

    /// Every message of the rounds before must have ended somehow: by now its end has been told.
    pub fn end_round(&self) -> Result<(), String> {
        let old = self.on_their_way.iter().filter(|(_, message)| message.seq <= self.round_began);
        match old.min_by_key(|(_, message)| message.seq) {
            None => Ok(()),
            Some((id, message)) => Err(format!(
                "every message ends somehow: nothing was told of {} {} after it was sent to {} (event {})",
                id.from, message.what, message.to, message.seq
            )),
        }
    }

    /// Takes one event in; `ring` is what it has led to.
    pub fn see(&mut self, event: &Event, ring: &RingView) -> Result<(), String> {
        self.newest = event.seq;
        // Whoever remembered the terms is gone: they are counted anew.
        if ring.nodes.iter().all(|node| node.pid.is_none()) {
            self.leaders.clear();
            self.begun_apart.clear();
        }
        match (&event.kind, &event.node) {
            (EventKind::RunStarted { .. }, _) => *self = Self::default(),
            (EventKind::MemberAdded { .. }, Some(node)) => self.forget(node),
            (
                EventKind::LinkFaultChanged { .. }
                | EventKind::PartitionChanged { .. }
                | EventKind::Paused
                | EventKind::Resumed,
                _,
            ) => self.may_be_apart = true,
            (EventKind::Exited { .. } | EventKind::MemberRemoved, Some(node)) => {
                self.ended(Ending { node: node.clone(), peer: None, at_us: event.at_us });
            }
            (EventKind::LinkDown { peer, reason, .. }, Some(node)) => {
                // Not a closed connection, but a silence: on a machine with much to do, nobody need be dead.
                self.may_be_apart |= reason.starts_with("no answer") || reason.starts_with("reads nothing");
                self.ended(Ending { node: node.clone(), peer: Some(peer.clone()), at_us: event.at_us });
            }
            // A member that is gone gets nothing any more, and that it is gone was told.
            (EventKind::Sent { to, .. }, Some(_)) if ring.node(to).is_none() => {}
            (EventKind::Sent { message, to, .. }, Some(_)) => self.sent(event, message, to),
            (EventKind::Lost { message, .. }, _) => self.vanished(message),
            (EventKind::Injected { message, fault, .. }, _) => self.injected(message, *fault),
            (EventKind::Received { message, .. }, _) => return self.arrived(message),
            (EventKind::StandingChanged { role, term, leader, deputy }, Some(node)) => {
                if leader.is_some() && leader == deputy {
                    return Err(format!("a leader is never its own deputy: {node} says so of {leader:?}"));
                }
                return self.stands(node, event.incarnation, *role, *term);
            }
            _ => {}
        }
        Ok(())
    }

    fn sent(&mut self, event: &Event, message: &MessageInfo, to: &NodeName) {
        let what = format!("{} {}", message.message.word(), message.id.number);
        let on_its_way = OnItsWay { to: to.clone(), at_us: event.at_us, seq: event.seq, what };
        // Its end may have been told before its beginning: the sender is behind.
        let mut endings = self.endings.iter().chain(&self.endings_before);
        let is_over = self.received.contains(&message.id)
            || self.vanished.contains(&message.id)
            || endings.any(|ending| ending.explains(&message.id.from, to, event.at_us));
        if !is_over {
            self.on_their_way.insert(message.id.clone(), on_its_way);
        }
    }

    fn vanished(&mut self, message: &MessageInfo) {
        self.on_their_way.remove(&message.id);
        self.vanished.insert(message.id.clone());
    }

    fn injected(&mut self, message: &MessageInfo, fault: Injection) {
        if fault.is_loss() {
            self.vanished(message);
        } else if fault == Injection::Duplicate {
            self.duplicated.insert(message.id.clone());
        }
    }

    fn arrived(&mut self, message: &MessageInfo) -> Result<(), String> {
        self.on_their_way.remove(&message.id);
        if !self.received.insert(message.id.clone()) && !self.duplicated.contains(&message.id) {
            return Err(format!("a message arrives once: {:?} arrived twice", message.id));
        }
        Ok(())
    }

    fn stands(
        &mut self,
        node: &NodeName,
        incarnation: Incarnation,
        role: Role,
        term: Term,
    ) -> Result<(), String> {
        let last = self.terms.entry((node.clone(), incarnation)).or_default();
        if term < *last {
            return Err(format!("a term never goes back: {node} was in term {last}, and is in {term}"));
        }
        *last = term;
        if role == Role::Leader {
            let leaders = self.leaders.entry(term).or_default();
            let is_new = leaders.insert(node.clone());
            if is_new && self.may_be_apart {
                self.begun_apart.insert(term);
            }
            if is_new && leaders.len() > 1 && !self.begun_apart.contains(&term) {
                return Err(format!("there are never two leaders in one term: {leaders:?} lead in {term}"));
            }
        }
        Ok(())
    }

    fn ended(&mut self, ending: Ending) {
        self.on_their_way.retain(|id, message| !ending.explains(&id.from, &message.to, message.at_us));
        self.endings.push(ending);
    }

    /// A node of this name is new: it counts its starts and its messages from 1.
    fn forget(&mut self, name: &NodeName) {
        self.terms.retain(|(node, _), _| node != name);
        self.received.retain(|id| id.from != *name);
        self.vanished.retain(|id| id.from != *name);
        self.duplicated.retain(|id| id.from != *name);
        self.on_their_way.retain(|id, _| id.from != *name);
    }
}
