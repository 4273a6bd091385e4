//! What the ring looks like: one value, made by applying events. The server answers with it, the page draws it, and both
//! get it by the same [`RingView::apply`].

use std::collections::VecDeque;

use serde::Serialize;
use uuid::Uuid;

use crate::contest::{AlgorithmName, Part};
use crate::event::{Event, EventKind, MessageInfo, MessageKind, Outcome};
use crate::fault::{FaultyLink, LinkFault, are_parted};
use crate::id::{Attribute, Incarnation, NodeId, NodeName, RunId, Seq, Term};
use crate::json;
use crate::ring::Member;
use crate::role::{NodeState, Role, Safety};
use crate::settings::RingSettings;

/// How many finished elections a view remembers.
pub const REMEMBERED_ELECTIONS: usize = 8;

/// The ring after the event `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RingView {
    /// The last event that is in this view.
    pub seq: Seq,
    /// The run.
    pub run: RunId,
    /// The highest term that a live member has seen.
    pub term: Term,
    /// The leader that all live members agree on; `None` while they don't.
    pub leader: Option<NodeName>,
    /// The deputy that all live members agree on; `None` while they don't, or when there is none.
    pub deputy: Option<NodeName>,
    /// True when live members follow different leaders that live.
    pub split_brain: bool,
    /// The settings of the ring, among the other fields in JSON.
    #[serde(flatten)]
    pub settings: RingSettings,
    /// The members in ring order.
    pub nodes: Vec<NodeView>,
    /// The links that were given a fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultyLink>,
    /// The sides of a partition; none when there is none. Members that no side names are together on one more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partition: Vec<Vec<NodeName>>,
    /// The elections, takeovers and deputy searches of this run, newest first, [`REMEMBERED_ELECTIONS`] at most.
    pub elections: VecDeque<ElectionView>,
}

json::read_by_name! { RingView { seq, run, term, leader, deputy, split_brain, nodes, elections } or default { faults, partition } and settings }

/// Whether this may change what [`RingView::agree`] comes to. Most events are about messages and links, and don't.
fn concerns_standings(kind: &EventKind) -> bool {
    !matches!(
        kind,
        EventKind::Sent { .. }
            | EventKind::Received { .. }
            | EventKind::Dropped { .. }
            | EventKind::Lost { .. }
            | EventKind::Injected { .. }
            | EventKind::LinkUp { .. }
            | EventKind::LinkDown { .. }
            | EventKind::SuccessorChanged { .. }
            | EventKind::Heartbeat { .. }
            | EventKind::Log { .. }
    )
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeView {
    /// Its name.
    pub name: NodeName,
    /// Its id.
    pub id: NodeId,
    /// Its priority.
    pub attribute: Attribute,
    /// Whether it may lead and be deputy.
    pub eligible: bool,
    /// Its process.
    pub state: NodeState,
    /// Its role; `None` when not running.
    pub role: Option<Role>,
    /// The highest term it has seen.
    pub term: Term,
    /// The leader it follows.
    pub leader: Option<NodeName>,
    /// The deputy it knows.
    pub deputy: Option<NodeName>,
    /// To whom it sends.
    pub successor: Option<NodeName>,
    /// What it is in the middle of a classic election, or was in the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// Its process id.
    pub pid: Option<u32>,
    /// Which start of it.
    pub incarnation: Incarnation,
    /// Where it accepts node links, as `host:port`.
    pub address: Option<String>,
    /// Whether it died so often that it is not started again by itself.
    #[serde(skip_serializing_if = "is_false")]
    pub given_up: bool,
}

json::read_by_name! { NodeView { name, id, attribute, state, role, term, leader, deputy, successor, part, pid, incarnation, address } or default { given_up } or true { eligible } }

fn is_false(it: &bool) -> bool {
    !it
}

impl NodeView {
    fn new(member: &Member) -> Self {
        Self {
            name: member.name.clone(),
            id: member.id,
            attribute: member.attribute,
            eligible: member.eligible,
            state: NodeState::Stopped,
            role: None,
            term: Term::ZERO,
            leader: None,
            deputy: None,
            successor: None,
            part: None,
            pid: None,
            incarnation: member.incarnation,
            address: None,
            given_up: false,
        }
    }

    /// Whether it takes part: running, and not hung.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state == NodeState::Running
    }

    fn has_stopped(&mut self) {
        self.state = NodeState::Stopped;
        self.role = None;
        self.leader = None;
        self.deputy = None;
        self.successor = None;
        self.part = None;
        self.pid = None;
        self.address = None;
    }
}

/// One election, takeover or deputy search as it went, with what it cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ElectionView {
    /// Its term.
    pub term: Term,
    /// How it came about: known from its first message.
    pub outcome: Outcome,
    /// Which algorithm decided it; for takeovers and searches, which have no contest, max-ring.
    pub algorithm: AlgorithmName,
    /// Who sent the first message.
    pub initiator: NodeName,
    /// How many members started one in this term; the formula holds for one.
    pub initiators: u32,
    /// The live members when it began.
    pub members: u32,
    /// Whom every member follows now; `None` while it runs, and when it ended because no live member may
    /// lead.
    pub leader: Option<NodeName>,
    /// The deputy found.
    pub deputy: Option<NodeName>,
    /// Messages put on links.
    pub messages: u32,
    /// Those of the contest among them: without roll calls, the result's lap and the search for a deputy.
    pub contest: u32,
    /// Messages that arrived: links crossed.
    pub hops: u32,
    /// What the formula says a quiet one costs: see [`quiet_cost`]. `None` where it says nothing.
    pub expected: Option<u32>,
    /// When the first message was sent, in microseconds since the server started.
    pub started_us: u64,
    /// From the first message to the lap's end, in microseconds; `None` while it runs.
    pub took_us: Option<u64>,
    /// True when it never ended: a later one took its place.
    pub superseded: bool,
    /// The live members in ring order when it began.
    ring: Vec<NodeName>,
}

json::read_by_name! { ElectionView { term, outcome, algorithm, initiator, initiators, members, leader, deputy, messages, contest, hops, expected, started_us, took_us, superseded, ring } }

impl ElectionView {
    fn new(term: Term, outcome: Outcome, initiator: NodeName, started_us: u64, ring: Vec<NodeName>) -> Self {
        Self {
            term,
            outcome,
            algorithm: AlgorithmName::MaxRing,
            initiator,
            initiators: 1,
            members: u32::try_from(ring.len()).unwrap_or(u32::MAX),
            leader: None,
            deputy: None,
            messages: 0,
            contest: 0,
            hops: 0,
            expected: None,
            started_us,
            took_us: None,
            superseded: false,
            ring,
        }
    }
}

/// The number of messages of a quiet election in a ring of `members` live nodes, with one initiator that is `distance`
/// links before the winner: `distance` until the winner enters its own value, one lap until it comes back, one lap to
/// tell everyone. At most 3n − 1. A ring of one sends nothing.
#[must_use]
pub fn quiet_cost(members: u32, distance: u32) -> u32 {
    if members < 2 { 0 } else { distance + 2 * members }
}

impl RingView {
    /// A view before any event.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            seq: Seq(0),
            run: RunId(Uuid::nil()),
            term: Term::ZERO,
            leader: None,
            deputy: None,
            split_brain: false,
            settings: RingSettings::default(),
            nodes: Vec::new(),
            faults: Vec::new(),
            partition: Vec::new(),
            elections: VecDeque::new(),
        }
    }

    /// What happens to everything that one member says to another: the link's own fault, and a cut between the sides of
    /// a partition.
    #[must_use]
    pub fn fault(&self, from: &NodeName, to: &NodeName) -> LinkFault {
        let own = self.own_fault(from, to);
        LinkFault { cut: own.cut || are_parted(&self.partition, from, to), ..own }
    }

    /// The fault that a link was given itself, whatever the partition.
    #[must_use]
    pub fn own_fault(&self, from: &NodeName, to: &NodeName) -> LinkFault {
        let own = self.faults.iter().find(|link| (&link.from, &link.to) == (from, to));
        own.map(|link| link.fault).unwrap_or_default()
    }

    /// The links with a fault, a partition's among them, in ring order.
    pub fn faulty(&self) -> impl Iterator<Item = FaultyLink> {
        let pairs =
            self.nodes.iter().flat_map(|from| self.nodes.iter().map(move |to| (&from.name, &to.name)));
        // Most rings have none, and the pairs are many.
        let most = if self.faults.is_empty() && self.partition.is_empty() { 0 } else { usize::MAX };
        pairs.take(most).filter(|(from, to)| from != to).filter_map(|(from, to)| {
            let fault = self.fault(from, to);
            (!fault.is_none()).then(|| FaultyLink { from: from.clone(), to: to.clone(), fault })
        })
    }

    /// The member with this name.
    #[must_use]
    pub fn node(&self, name: &NodeName) -> Option<&NodeView> {
        self.nodes.get(self.index(name)?)
    }

    /// Where in ring order the member with this name is.
    fn index(&self, name: &NodeName) -> Option<usize> {
        let is_it = |node: &NodeView| &node.name == name;
        // Where nobody chose names, and nobody left, a name says its place.
        let likely = name.ordinal().filter(|place| self.nodes.get(*place).is_some_and(is_it));
        likely.or_else(|| self.nodes.iter().position(is_it))
    }

    /// How many members must stand behind a leader in quorum mode.
    #[must_use]
    pub fn majority(&self) -> usize {
        self.nodes.len() / 2 + 1
    }

    /// The members that take part, in ring order.
    pub fn live(&self) -> impl Iterator<Item = &NodeView> {
        self.nodes.iter().filter(|node| node.is_live())
    }

    /// Takes one event in. Events must come in the order of their sequence numbers, without a gap.
    ///
    /// An event of an earlier incarnation of a node changes nothing but `seq`.
    pub fn apply(&mut self, event: &Event) {
        self.seq = event.seq;
        match &event.kind {
            EventKind::RunStarted { run, members, settings } => {
                *self = Self {
                    seq: event.seq,
                    run: *run,
                    settings: *settings,
                    nodes: members.iter().map(NodeView::new).collect(),
                    ..Self::empty()
                };
            }
            EventKind::MemberAdded { member } => {
                // Whoever follows a member of this name follows one that has left the ring.
                for node in &mut self.nodes {
                    for followed in [&mut node.leader, &mut node.deputy] {
                        followed.take_if(|name| *name == member.name);
                    }
                }
                self.nodes.push(NodeView::new(member));
            }
            EventKind::SettingsChanged { settings } => self.settings = *settings,
            EventKind::MemberRemoved => {
                let is_gone = |name: &NodeName| Some(name) == event.node.as_ref();
                self.nodes.retain(|node| !is_gone(&node.name));
                self.faults.retain(|link| !is_gone(&link.from) && !is_gone(&link.to));
                self.partition.iter_mut().for_each(|side| side.retain(|name| !is_gone(name)));
                self.partition.retain(|side| !side.is_empty());
            }
            EventKind::LinkFaultChanged { from, to, fault } => {
                self.faults.retain(|link| (&link.from, &link.to) != (from, to));
                if !fault.is_none() {
                    self.faults.push(FaultyLink { from: from.clone(), to: to.clone(), fault: *fault });
                }
            }
            EventKind::PartitionChanged { sides } => self.partition.clone_from(sides),
            EventKind::Sent { message, .. } => self.count_sent(event, message),
            EventKind::Received { message, .. } => self.count_received(event, message),
            EventKind::Completed { outcome, term, leader, deputy, members } => {
                self.complete(event, *outcome, *term, leader, deputy.as_ref(), *members);
            }
            EventKind::AttributeChanged { .. }
            | EventKind::EligibilityChanged { .. }
            | EventKind::Requested { .. }
            | EventKind::Spawned { .. }
            | EventKind::StartFailed { .. }
            | EventKind::RestartPlanned { .. }
            | EventKind::GivenUp { .. }
            | EventKind::Exited { .. }
            | EventKind::ExitOverdue { .. }
            | EventKind::Paused
            | EventKind::Resumed
            | EventKind::Ready { .. }
            | EventKind::StandingChanged { .. }
            | EventKind::PartChanged { .. }
            | EventKind::SuccessorChanged { .. }
            | EventKind::Dropped { .. }
            | EventKind::Lost { .. }
            | EventKind::Injected { .. }
            | EventKind::LinkUp { .. }
            | EventKind::LinkDown { .. }
            | EventKind::Heartbeat { .. }
            | EventKind::Log { .. }
            | EventKind::Refused { .. }
            | EventKind::Overflow { .. } => {}
        }
        self.apply_to_node(event);
        if concerns_standings(&event.kind) {
            self.agree();
        }
    }

    fn apply_to_node(&mut self, event: &Event) {
        let place = event.node.as_ref().and_then(|name| self.index(name));
        let Some(node) = place.and_then(|place| self.nodes.get_mut(place)) else { return };
        if event.incarnation < node.incarnation {
            return;
        }
        match &event.kind {
            EventKind::AttributeChanged { attribute } => node.attribute = *attribute,
            EventKind::EligibilityChanged { eligible } => node.eligible = *eligible,
            EventKind::Spawned { pid } => {
                node.has_stopped();
                node.state = NodeState::Starting;
                node.pid = Some(*pid);
                node.incarnation = event.incarnation;
                node.term = Term::ZERO;
                node.given_up = false;
            }
            EventKind::GivenUp { .. } => node.given_up = true,
            EventKind::StartFailed { .. } | EventKind::Exited { .. } => node.has_stopped(),
            EventKind::Paused => node.state = NodeState::Paused,
            EventKind::Resumed => {
                node.state = if node.role.is_some() { NodeState::Running } else { NodeState::Starting };
            }
            EventKind::Ready { address } if node.pid.is_some() => {
                if node.state == NodeState::Starting {
                    node.state = NodeState::Running;
                }
                node.address = Some(address.clone());
                node.role = Some(Role::Follower);
            }
            EventKind::StandingChanged { role, term, leader, deputy } if node.pid.is_some() => {
                node.role = Some(*role);
                node.term = *term;
                node.leader.clone_from(leader);
                node.deputy.clone_from(deputy);
            }
            EventKind::PartChanged { part } if node.pid.is_some() => node.part.clone_from(part),
            EventKind::SuccessorChanged { successor } if node.pid.is_some() => {
                node.successor = Some(successor.clone());
            }
            _ => {}
        }
    }

    /// Recomputes what follows from the members' own standings.
    fn agree(&mut self) {
        let mut live = self.nodes.iter().filter(|node| node.is_live());
        let (mut term, mut leader, mut deputy) = (self.term, None, None);
        let (mut same_leader, mut same_deputy) = (true, true);
        // Those whom live members follow, each once, or as often as it is found among others.
        let mut followed: Vec<&NodeName> = Vec::new();
        if let Some(first) = live.next() {
            (leader, deputy) = (first.leader.as_ref(), first.deputy.as_ref());
            term = term.max(first.term);
            followed.extend(leader);
        }
        for node in live {
            term = term.max(node.term);
            same_deputy &= node.deputy.as_ref() == deputy;
            if node.leader.as_ref() != leader {
                same_leader = false;
                followed.extend(node.leader.as_ref().filter(|leader| followed.last() != Some(leader)));
            }
        }
        let lives = |name: &&NodeName| self.node(name).is_some_and(NodeView::is_live);
        // In quorum mode who follows one that has stepped down, and has not heard of it, is late and not on another side.
        let leads = |name: &&NodeName| {
            self.node(name).is_some_and(|node| {
                node.is_live()
                    && (self.settings.safety == Safety::Available || node.role == Some(Role::Leader))
            })
        };
        let mut leading = followed.into_iter().filter(leads);
        let one = leading.next();
        let split_brain = leading.any(|another| Some(another) != one);
        let leader = leader.filter(|_| same_leader).filter(lives).cloned();
        let deputy = deputy.filter(|_| leader.is_some() && same_deputy).filter(lives).cloned();
        self.term = term;
        self.split_brain = split_brain;
        self.leader = leader;
        self.deputy = deputy;
    }

    fn count_sent(&mut self, event: &Event, message: &MessageInfo) {
        let (outcome, contest) = match message.message {
            MessageKind::Election | MessageKind::Contest => (Outcome::Election, 1),
            MessageKind::RollCall => (Outcome::Election, 0),
            MessageKind::DeputySearch => (Outcome::Takeover, 0),
            MessageKind::Vacant => return self.count_vacant(event, message),
            MessageKind::Elected | MessageKind::Found => {
                if let Some(election) = self.election_at(message.term, event.at_us) {
                    election.messages += 1;
                }
                return;
            }
            MessageKind::Standing | MessageKind::Lease => return,
        };
        // Who sends the first message of a classic contest began it; max-ring's messages say who did.
        let (starts, initiator) = if message.message == MessageKind::Contest {
            (true, event.node.clone())
        } else {
            let starts = message.hops == 1 && message.initiator.as_ref() == event.node.as_ref();
            (starts, message.initiator.clone())
        };
        if let Some(election) = self.election_at(message.term, event.at_us) {
            election.messages += 1;
            // A contest that is no max-ring may be confirmed by a lap of it.
            if (message.message == MessageKind::Election) == (election.algorithm == AlgorithmName::MaxRing) {
                election.contest += contest;
            }
            let is_another = event.node.as_ref() != Some(&election.initiator);
            if starts && is_another && message.message != MessageKind::Contest {
                election.initiators += 1;
            }
            return;
        }
        let (Some(initiator), true) = (initiator, starts) else { return };
        // The leader of this term already had its mandate: it looks for another deputy.
        let known = self.elections.iter().any(|past| past.term == message.term && past.took_us.is_some());
        let outcome = if known && outcome == Outcome::Takeover { Outcome::NewDeputy } else { outcome };
        let ring = self.live().map(|node| node.name.clone()).collect();
        let election = ElectionView::new(message.term, outcome, initiator, event.at_us, ring);
        let algorithm = message.algorithm.unwrap_or_default();
        self.remember(ElectionView { messages: 1, contest, algorithm, ..election });
    }

    /// The first message of the `Vacant` lap ends an election that nobody could win.
    fn count_vacant(&mut self, event: &Event, message: &MessageInfo) {
        if let Some(election) = self.election_of(message.term) {
            election.messages += 1;
            if election.leader.is_none() && election.took_us.is_none() {
                election.took_us = Some(event.at_us.saturating_sub(election.started_us));
                election.superseded = false;
            }
        }
    }

    /// The newest election of this term, whether it is over or not.
    fn election_of(&mut self, term: Term) -> Option<&mut ElectionView> {
        self.elections.iter_mut().find(|election| election.term == term)
    }

    /// Whether a live member may lead.
    #[must_use]
    pub fn somebody_may_lead(&self) -> bool {
        self.live().any(|node| node.eligible)
    }

    fn count_received(&mut self, event: &Event, message: &MessageInfo) {
        if !matches!(message.message, MessageKind::Standing | MessageKind::Lease)
            && let Some(election) = self.election_at(message.term, event.at_us)
        {
            election.hops += 1;
        }
    }

    /// The election of this term that was under way at this time: what is told late still counts.
    fn election_at(&mut self, term: Term, at_us: u64) -> Option<&mut ElectionView> {
        self.elections.iter_mut().find(|election| {
            let ended_us = election.took_us.map(|took| election.started_us.saturating_add(took));
            election.term == term && ended_us.is_none_or(|ended_us| at_us <= ended_us)
        })
    }

    fn running(&mut self, term: Term) -> Option<&mut ElectionView> {
        self.elections.iter_mut().find(|election| election.term == term && election.took_us.is_none())
    }

    /// A new election takes the place of those that never ended. One of an older term than is known comes too late: it was
    /// started by somebody who had not heard yet.
    fn remember(&mut self, mut election: ElectionView) {
        let newer = self.elections.iter().take_while(|known| known.term > election.term).count();
        election.superseded = newer > 0;
        for past in self.elections.iter_mut().skip(newer) {
            past.superseded |= past.took_us.is_none();
        }
        self.elections.insert(newer, election);
        self.elections.truncate(REMEMBERED_ELECTIONS);
    }

    fn complete(
        &mut self,
        event: &Event,
        outcome: Outcome,
        term: Term,
        leader: &NodeName,
        deputy: Option<&NodeName>,
        members: u32,
    ) {
        if members == 1 && self.running(term).is_none() {
            // A ring of one elects without a message: there is no first one to begin the count with.
            self.remember(ElectionView::new(
                term,
                outcome,
                leader.clone(),
                event.at_us,
                vec![leader.clone()],
            ));
        }
        let Some(election) = self.running(term) else { return };
        election.outcome = outcome;
        election.leader = Some(leader.clone());
        election.deputy = deputy.cloned();
        election.took_us = Some(event.at_us.saturating_sub(election.started_us));
        election.superseded = false;
        election.expected = match outcome {
            // A search lap and a telling lap, both started by the leader.
            // One that finds nobody who may be deputy ends with the search.
            Outcome::Takeover | Outcome::NewDeputy if members > 1 && deputy.is_none() => Some(members),
            Outcome::Takeover | Outcome::NewDeputy => Some(if members < 2 { 0 } else { 2 * members }),
            Outcome::Election
                if election.algorithm == AlgorithmName::MaxRing
                    && election.initiators == 1
                    && members == election.members =>
            {
                let place = |name: &NodeName| election.ring.iter().position(|other| other == name);
                place(&election.initiator).zip(place(leader)).and_then(|(from, to)| {
                    let n = election.ring.len();
                    u32::try_from((to + n - from) % n).ok().map(|distance| quiet_cost(members, distance))
                })
            }
            Outcome::Election => None,
        };
    }
}
