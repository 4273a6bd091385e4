//! The elections of a run, and what each cost: counted from the messages.

use serde::Serialize;

use super::{REMEMBERED_ELECTIONS, RingView};
use crate::algorithm::AlgorithmName;
use crate::event::{ElectionCause, Event, EventKind, MessageInfo, MessageKind};
use crate::id::{NodeName, Term};
use crate::json;

/// One election, takeover or deputy search as it went, with what it cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ElectionView {
    /// Its term.
    pub term: Term,
    /// Its cause, known from its first message.
    pub cause: ElectionCause,
    /// The algorithm that decided it; max-ring for takeovers and searches, which hold no election.
    pub algorithm: AlgorithmName,
    /// The sender of the first message.
    pub initiator: NodeName,
    /// The number of members that initiated it: on request, after a timeout, or after the loss of a
    /// neighbour. The formula holds for one. A takeover and a deputy search have one.
    pub initiators: u32,
    /// The live members when it began; after a takeover or a search, those that its lap counted.
    pub members: u32,
    /// The leader that every member follows now; `None` while it runs, and when it ended because no live
    /// member may lead.
    pub leader: Option<NodeName>,
    /// The deputy found.
    pub deputy: Option<NodeName>,
    /// Messages put on links.
    pub messages: u32,
    /// Those of the election itself among them: without roll calls, the result's lap and the search for a
    /// deputy.
    pub election_messages: u32,
    /// Messages of upkeep sent while it ran, which are none of its own: see [`RingView::upkeep`].
    pub upkeep: u32,
    /// Messages that arrived: links crossed.
    pub hops: u32,
    /// The messages of a quiet one by the formula: see [`quiet_cost`]. `None` where it says nothing.
    pub expected: Option<u32>,
    /// The time of the first message, in microseconds since the server started.
    pub started_us: u64,
    /// The time from the first message until the leader's lap is back, in microseconds; `None` while it runs.
    /// It does not contain the time until the loss of a leader was noticed: see [`Outage`](super::Outage).
    pub took_us: Option<u64>,
    /// True when it never ended: a later one took its place.
    pub superseded: bool,
    /// The live members in ring order when it began.
    ring: Vec<NodeName>,
}

json::read_by_name! { ElectionView { term, cause, algorithm, initiator, initiators, members, leader, deputy, messages, election_messages, hops, expected, started_us, took_us, superseded, ring } or default { upkeep } }

impl ElectionView {
    fn new(
        term: Term,
        cause: ElectionCause,
        initiator: NodeName,
        started_us: u64,
        ring: Vec<NodeName>,
    ) -> Self {
        Self {
            term,
            cause,
            algorithm: AlgorithmName::MaxRing,
            initiator,
            initiators: 1,
            members: u32::try_from(ring.len()).unwrap_or(u32::MAX),
            leader: None,
            deputy: None,
            messages: 0,
            election_messages: 0,
            upkeep: 0,
            hops: 0,
            expected: None,
            started_us,
            took_us: None,
            superseded: false,
            ring,
        }
    }
}

/// The number of messages of a quiet election in a ring of `members` live nodes, with one initiator that is
/// `distance` links before the winner: `distance` until the winner enters its own value, one lap until it
/// comes back, one lap to announce it. At most 3n − 1. A ring of one sends nothing.
#[must_use]
pub fn quiet_cost(members: u32, distance: u32) -> u32 {
    if members < 2 { 0 } else { distance + 2 * members }
}

impl RingView {
    /// The election that an event completes, in the view after it.
    #[must_use]
    pub fn completed(&self, event: &Event) -> Option<&ElectionView> {
        let EventKind::Completed { cause, term, .. } = &event.kind else { return None };
        self.elections.iter().find(|election| election.term == *term && election.cause == *cause)
    }

    pub(super) fn count_sent(&mut self, event: &Event, message: &MessageInfo) {
        let (cause, election_messages) = match message.message {
            MessageKind::Election | MessageKind::Classic => (ElectionCause::Election, 1),
            MessageKind::RollCall => (ElectionCause::Election, 0),
            MessageKind::DeputySearch => (ElectionCause::Takeover, 0),
            MessageKind::Vacant => return self.count_vacant(event, message),
            MessageKind::Elected | MessageKind::Found => {
                if let Some(election) = self.election_at(message.term, event.at_us) {
                    election.messages += 1;
                }
                return;
            }
            MessageKind::StateUpdate | MessageKind::Inquiry => return self.count_upkeep(event.at_us),
            MessageKind::Lease => return,
        };
        let initiates = cause == ElectionCause::Election && self.engage(event, message.term);
        if let Some(election) = self.election_at(message.term, event.at_us) {
            election.messages += 1;
            // An election by another algorithm than max-ring may be confirmed by a lap of it.
            if (message.message == MessageKind::Election) == (election.algorithm == AlgorithmName::MaxRing) {
                election.election_messages += election_messages;
            }
            if initiates && election.cause == ElectionCause::Election {
                // The reaction of a member to its first message may be reported before that message.
                let unknown = election.initiators == 0;
                if let Some(initiator) = event.node.as_ref().filter(|_| unknown) {
                    election.initiator = initiator.clone();
                }
                election.initiators += 1;
            }
            return;
        }
        // The first message that is seen begins the count. A deputy search names its initiator; a classic
        // message does not.
        let is_first = message.message == MessageKind::Classic
            || message.hops == 1 && message.initiator.as_ref() == event.node.as_ref();
        let (Some(initiator), true) = (event.node.clone(), is_first) else { return };
        // The leader of this term already had its mandate: it looks for another deputy.
        let known = self.elections.iter().any(|past| past.term == message.term && past.took_us.is_some());
        let cause = if known && cause == ElectionCause::Takeover { ElectionCause::NewDeputy } else { cause };
        let ring = self.live().map(|node| node.name.clone()).collect();
        let election = ElectionView::new(message.term, cause, initiator, event.at_us, ring);
        let algorithm = message.algorithm.unwrap_or_default();
        let initiators = u32::from(initiates || cause != ElectionCause::Election);
        self.remember(ElectionView { messages: 1, election_messages, initiators, algorithm, ..election });
    }

    /// Notes that a member takes part in the election of this term. Returns whether that is new.
    fn engage(&mut self, event: &Event, term: Term) -> bool {
        let at = event.node.as_ref().and_then(|name| self.index(name));
        let node = at.and_then(|at| self.nodes.get_mut(at));
        let Some(node) = node.filter(|node| node.incarnation == event.incarnation) else { return false };
        let is_first = node.engaged < term;
        node.engaged = node.engaged.max(term);
        is_first
    }

    /// Counts a message of the `Vacant` lap. The first one ends an election that nobody could win.
    fn count_vacant(&mut self, event: &Event, message: &MessageInfo) {
        if let Some(election) = self.elections.iter_mut().find(|election| election.term == message.term) {
            election.messages += 1;
            if election.leader.is_none() && election.took_us.is_none() {
                election.took_us = Some(event.at_us.saturating_sub(election.started_us));
                election.superseded = false;
            }
        }
    }

    fn count_upkeep(&mut self, at_us: u64) {
        self.upkeep += 1;
        // Of the elections that never ended only the newest is not superseded.
        let running = self.elections.iter_mut().filter(|election| !election.superseded).find(|election| {
            let ended_us = election.took_us.map(|took| election.started_us.saturating_add(took));
            at_us >= election.started_us && ended_us.is_none_or(|ended_us| at_us <= ended_us)
        });
        if let Some(election) = running {
            election.upkeep += 1;
        }
    }

    pub(super) fn count_received(&mut self, event: &Event, message: &MessageInfo) {
        if matches!(message.message, MessageKind::Election | MessageKind::Classic | MessageKind::RollCall) {
            self.engage(event, message.term);
        }
        if !matches!(message.message, MessageKind::StateUpdate | MessageKind::Lease)
            && let Some(election) = self.election_at(message.term, event.at_us)
        {
            election.hops += 1;
        }
    }

    /// The election of this term that was under way at this time: late reports still count.
    fn election_at(&mut self, term: Term, at_us: u64) -> Option<&mut ElectionView> {
        self.elections.iter_mut().find(|election| {
            let ended_us = election.took_us.map(|took| election.started_us.saturating_add(took));
            election.term == term && ended_us.is_none_or(|ended_us| at_us <= ended_us)
        })
    }

    fn running(&mut self, term: Term) -> Option<&mut ElectionView> {
        self.elections.iter_mut().find(|election| election.term == term && election.took_us.is_none())
    }

    /// Adds an election, which supersedes those that never ended. One of an older term than is known is
    /// superseded itself: its initiator had not heard of the newer term.
    fn remember(&mut self, mut election: ElectionView) {
        let newer = self.elections.iter().take_while(|known| known.term > election.term).count();
        election.superseded = newer > 0;
        for past in self.elections.iter_mut().skip(newer) {
            past.superseded |= past.took_us.is_none();
        }
        self.elections.insert(newer, election);
        self.elections.truncate(REMEMBERED_ELECTIONS);
    }

    pub(super) fn complete(
        &mut self,
        event: &Event,
        cause: ElectionCause,
        term: Term,
        leader: &NodeName,
        deputy: Option<&NodeName>,
        members: u32,
    ) {
        if members == 1 && self.running(term).is_none() {
            // A ring of one elects without a message: there is no first one to begin the count with.
            self.remember(ElectionView::new(term, cause, leader.clone(), event.at_us, vec![leader.clone()]));
        }
        let Some(election) = self.running(term) else { return };
        election.cause = cause;
        election.leader = Some(leader.clone());
        election.deputy = deputy.cloned();
        election.took_us = Some(event.at_us.saturating_sub(election.started_us));
        election.superseded = false;
        election.expected = match cause {
            // A search lap and an announcing lap, both started by the leader.
            // One that finds nobody who may be deputy ends with the search.
            ElectionCause::Takeover | ElectionCause::NewDeputy if members > 1 && deputy.is_none() => {
                Some(members)
            }
            ElectionCause::Takeover | ElectionCause::NewDeputy => {
                Some(if members < 2 { 0 } else { 2 * members })
            }
            ElectionCause::Election
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
            ElectionCause::Election => None,
        };
        if cause != ElectionCause::Election {
            // The lap counted them. The end of the lost leader may be reported after the takeover began.
            election.members = members;
        }
    }
}
