//! Properties that no stream of events violates, whatever is done to the ring: a real one's on the bus, or a
//! simulated one's.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use crate::event::{Event, EventKind, MessageInfo};
use crate::fault::Injection;
use crate::id::{Incarnation, MessageId, NodeName, Seq, Term};
use crate::role::{NodeState, Role, Safety};
use crate::view::RingView;

/// A message that was sent and has not been reported received or lost.
#[derive(Debug)]
struct OnItsWay {
    to: NodeName,
    at_us: u64,
    seq: Seq,
    what: String,
}

/// The end of a link, or of a process when `peer` is missing.
#[derive(Debug)]
struct Ending {
    node: NodeName,
    peer: Option<NodeName>,
    at_us: u64,
}

impl Ending {
    /// Whether a message of this time between these may not arrive: this decides it.
    fn explains(&self, from: &NodeName, to: &NodeName, at_us: u64) -> bool {
        let is_between = match &self.peer {
            None => from == &self.node || to == &self.node,
            Some(peer) => (from, to) == (&self.node, peer) || (from, to) == (peer, &self.node),
        };
        is_between && at_us <= self.at_us
    }
}

/// The time for which a member led.
#[derive(Debug, Clone)]
struct Leadership {
    node: NodeName,
    since_us: u64,
    /// `None` while it leads.
    until_us: Option<u64>,
}

impl fmt::Display for Leadership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} leads from {} ", self.node, self.since_us)?;
        match self.until_us {
            Some(until_us) => write!(f, "to {until_us}"),
            None => f.write_str("on"),
        }
    }
}

/// A checker of a stream, which reads it event by event.
#[derive(Debug, Default)]
pub struct EventChecker {
    terms: HashMap<(NodeName, Incarnation), Term>,
    leaders: BTreeMap<Term, BTreeSet<NodeName>>,
    /// The highest term that was reported when all members were last dead at once: none up to it is led
    /// again.
    outlived: Term,
    /// Terms that a member began to lead while members may have been apart: the others need not know of it.
    begun_apart: BTreeSet<Term>,
    on_their_way: HashMap<MessageId, OnItsWay>,
    received: HashSet<MessageId>,
    /// Messages whose loss was reported.
    vanished: HashSet<MessageId>,
    /// Messages that ended in this round, with the time: a sender that is behind reports its sendings late.
    endings: Vec<Ending>,
    endings_before: Vec<Ending>,
    duplicated: HashSet<MessageId>,
    arrived_twice: HashSet<MessageId>,
    /// Whether a live member may have counted as dead: then two sides may elect without hearing of each
    /// other.
    may_be_apart: bool,
    quorum: bool,
    /// Quorum mode: the leaderships since the previous round began.
    leaderships: Vec<Leadership>,
    newest: Seq,
    round_began: Seq,
}

impl EventChecker {
    /// Begins a round. Suspicions of earlier rounds are settled by now, and the messages that were sent
    /// before it must end in it.
    pub fn begin_round(&mut self) {
        self.round_began = self.newest;
        self.may_be_apart = false;
        self.endings_before = std::mem::take(&mut self.endings);
        self.leaderships.retain(|leadership| leadership.until_us.is_none());
    }

    /// Ends a round: the end of every message of earlier rounds must have been reported, unless it waits for
    /// a member of `ring` that is paused.
    ///
    /// # Errors
    /// The oldest one that did not, or one that arrived twice.
    pub fn end_round(&self, ring: &RingView) -> Result<(), String> {
        if let Some(id) = self.arrived_twice.iter().next() {
            return Err(format!("a message arrives once: {id:?} arrived twice, and no fault doubled it"));
        }
        let waits = |name: &NodeName| ring.node(name).is_some_and(|node| node.state == NodeState::Paused);
        let old = self.on_their_way.iter().filter(|(id, message)| {
            message.seq <= self.round_began && !waits(&id.from) && !waits(&message.to)
        });
        match old.min_by_key(|(_, message)| message.seq) {
            None => Ok(()),
            Some((id, message)) => Err(format!(
                "every message ends somehow: nothing was reported of {} {} after it was sent to {} (event {})",
                id.from, message.what, message.to, message.seq
            )),
        }
    }

    /// Checks one event; `ring` is the view after it.
    ///
    /// # Errors The property that is violated, as a sentence, with the evidence.
    pub fn see(&mut self, event: &Event, ring: &RingView) -> Result<(), String> {
        self.newest = event.seq;
        let quorum_before = std::mem::replace(&mut self.quorum, ring.settings.safety == Safety::Quorum);
        match (&event.kind, &event.node) {
            (EventKind::RunStarted { .. }, _) => *self = Self::default(),
            (EventKind::SettingsChanged { .. }, _) if quorum_before != self.quorum => {
                self.leaders.clear();
                self.leaderships.clear();
            }
            (EventKind::MemberAdded { .. }, Some(node)) => self.forget(node),
            (EventKind::Paused, Some(node)) => {
                self.may_be_apart = true;
                // A paused node does nothing until it resumes, and then it first reads its clock.
                self.leadership_ends(node, event.at_us)?;
            }
            (
                EventKind::LinkFaultChanged { .. } | EventKind::PartitionChanged { .. } | EventKind::Resumed,
                _,
            ) => self.may_be_apart = true,
            (EventKind::Exited { .. } | EventKind::MemberRemoved, Some(node)) => {
                self.ended(Ending { node: node.clone(), peer: None, at_us: event.at_us });
                self.leadership_ends(node, event.at_us)?;
                self.forget_terms_that_nobody_knows(ring);
            }
            (EventKind::LinkDown { peer, cause, .. }, Some(node)) => {
                self.may_be_apart |= cause.is_silence();
                self.ended(Ending { node: node.clone(), peer: Some(peer.clone()), at_us: event.at_us });
            }
            // A member that is gone receives nothing any more, and its end was reported.
            (EventKind::Sent { to, .. }, Some(_)) if ring.node(to).is_none() => {}
            (EventKind::Sent { message, to, .. }, Some(_)) => self.sent(event, message, to),
            (EventKind::Lost { message, .. }, _) => self.vanished(message),
            (EventKind::Injected { message, fault, .. }, _) => self.injected(message, *fault),
            (EventKind::Received { message, .. }, _) => self.arrived(message),
            (EventKind::RoleChanged { role, term, leader, deputy }, Some(node)) => {
                if leader.is_some() && leader == deputy {
                    return Err(format!("a leader is never its own deputy: {node} says so of {leader:?}"));
                }
                self.stands(node, event.incarnation, *role, *term)?;
                if *role == Role::Leader {
                    self.leadership_begins(node, event.at_us);
                } else {
                    self.leadership_ends(node, event.at_us)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn sent(&mut self, event: &Event, message: &MessageInfo, to: &NodeName) {
        let what = format!("{} {}", message.message.as_str(), message.id.number);
        let on_its_way = OnItsWay { to: to.clone(), at_us: event.at_us, seq: event.seq, what };
        // Its end may have been reported before its beginning: the sender is behind.
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
            self.arrived_twice.remove(&message.id);
        }
    }

    fn arrived(&mut self, message: &MessageInfo) {
        self.on_their_way.remove(&message.id);
        if !self.received.insert(message.id.clone()) && !self.duplicated.contains(&message.id) {
            // The fault that duplicated it may be reported later: the sender is behind.
            self.arrived_twice.insert(message.id.clone());
        }
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
            if term <= self.outlived {
                return Err(format!(
                    "terms outlive their members: {node} leads term {term}, and all died after term {}",
                    self.outlived
                ));
            }
            let leaders = self.leaders.entry(term).or_default();
            let is_new = leaders.insert(node.clone());
            if is_new && self.may_be_apart && !self.quorum {
                self.begun_apart.insert(term);
            }
            if is_new && leaders.len() > 1 && !self.begun_apart.contains(&term) {
                return Err(format!("there are never two leaders in one term: {leaders:?} lead in {term}"));
            }
        }
        Ok(())
    }

    /// Forgets terms that may be used again: without a quorum those that no living member has heard of, as
    /// long as a member lives. Once all are dead, terms go on from the highest that was reported.
    fn forget_terms_that_nobody_knows(&mut self, ring: &RingView) {
        if self.quorum {
            return;
        }
        let living = ring.nodes.iter().filter(|node| node.pid.is_some());
        match living.map(|node| node.term).max() {
            Some(highest) => {
                let known = highest.max(self.outlived);
                self.leaders.retain(|term, _| *term <= known);
                self.begun_apart.retain(|term| *term <= known);
            }
            None => self.outlived = ring.term,
        }
    }

    fn leadership_begins(&mut self, node: &NodeName, at_us: u64) {
        let leaderships = self
            .leaderships
            .iter()
            .any(|leadership| leadership.node == *node && leadership.until_us.is_none());
        if self.quorum && !leaderships {
            self.leaderships.push(Leadership { node: node.clone(), since_us: at_us, until_us: None });
        }
    }

    /// Ends a leadership. It is compared with those that are known by now; those that end later are compared
    /// then.
    fn leadership_ends(&mut self, node: &NodeName, at_us: u64) -> Result<(), String> {
        let is_it = |leadership: &&mut Leadership| leadership.node == *node && leadership.until_us.is_none();
        let Some(leadership) = self.leaderships.iter_mut().find(is_it) else { return Ok(()) };
        leadership.until_us = Some(at_us);
        let ended = leadership.clone();
        let at_once = self.leaderships.iter().find(|other| {
            other.node != ended.node
                && other.since_us < at_us
                && other.until_us.is_none_or(|until_us| ended.since_us < until_us)
                // Of two that have not both ended, the end of the other decides.
                && (other.until_us.is_some() || other.since_us >= ended.since_us)
        });
        match at_once {
            Some(other) => Err(format!(
                "in quorum mode there are never two leaders at one instant: {ended}, {other} (microseconds)"
            )),
            None => Ok(()),
        }
    }

    fn ended(&mut self, ending: Ending) {
        self.on_their_way.retain(|id, message| !ending.explains(&id.from, &message.to, message.at_us));
        self.endings.push(ending);
    }

    /// Forgets a name that a new node has: it counts its starts and its messages from 1.
    fn forget(&mut self, name: &NodeName) {
        self.terms.retain(|(node, _), _| node != name);
        self.received.retain(|id| id.from != *name);
        self.vanished.retain(|id| id.from != *name);
        self.duplicated.retain(|id| id.from != *name);
        self.arrived_twice.retain(|id| id.from != *name);
        self.on_their_way.retain(|id, _| id.from != *name);
    }
}
