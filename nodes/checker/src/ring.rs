//! A state of the ring, and what can happen in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use ringleader_election::classic::{Winner, properties};
use ringleader_election::{Core, Effect, Input, Time, Timer};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::message::{
    Classic, DeputySearch, Elected, Election, Found, Inquiry, Lease, RollCall, StateUpdate, Vacant,
};
use ringleader_shared::{
    Contender, Mandate, NodeName, Promise, RingMessage, RingSettings, Role, Safety, Term,
};

use crate::config::{self, CheckConfig, FaultBudget, Start, id, place};
use crate::links::{Dial, InTransit, Links};
use crate::part::Part;

pub use crate::links::NodeIndex;

/// The most others that may run out, in a ring at rest, before a timer that was set earlier: the longest
/// timer is four to five times as long as the shortest.
const OVERTAKEN: u8 = 4;

/// Far more things than happen in an undisturbed election.
const SETTLES_WITHIN: u32 = 10_000;

/// One member, running or dead.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Member {
    /// Shared with the states before: a step changes one member.
    core: Option<Arc<Core>>,
    /// The timers that run, and by how many others each was overtaken.
    timers: BTreeMap<Timer, u8>,
    /// The promise, which survives its death.
    promise: Option<Promise>,
    /// Time at which its lease timer runs out, if it runs: that one is never late.
    lease_due: Option<Time>,
}

/// A state that a ring can be in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ring {
    members: Vec<Member>,
    links: Links,
    /// The faults that may still happen.
    left: FaultBudget,
    /// The first step that no member may ever make.
    step_violation: Option<StepViolation>,
    /// One clock for all: what rates of clocks may differ by is in the lengths of leases.
    now: Time,
    /// Quorum mode: the leaders of each term.
    led: BTreeMap<Term, NodeIndex>,
    /// The highest term that a dead member has reported, while it is above those of the live ones; else zero.
    buried: Term,
    /// The highest term when all were last dead at once, while a live member may still be below it; else
    /// zero.
    outlived: Term,
    /// Whether live members could ever not reach each other.
    was_parted: bool,
    /// The initiators of each term, asked or of their own accord, where only those may win it.
    initiators: BTreeSet<(Term, NodeIndex)>,
    settings: RingSettings,
}

/// A step that no member may ever make, whatever it receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepViolation {
    /// Its term was lower after it than before.
    TermWentBack,
    /// It leads a term in which it followed another.
    LeadsWhatItFollowed,
    /// It received the name of a leader, and leads since.
    LeadsByHearsay,
    /// Quorum mode: it leads a term that another has led.
    LeadsATermAgain,
    /// It leads a term that was reached before all members died.
    LeadsAnOutlivedTerm,
    /// It won by a message that is not of its term, does not carry it, or when it was no candidate any more.
    WinsUnfairly,
}

/// The violation in a step of a member, if there is one.
fn step_violation(before: &Core, input: &Input<RingMessage>, after: &Core) -> Option<StepViolation> {
    if after.term() < before.term() {
        return Some(StepViolation::TermWentBack);
    }
    if after.role() != Role::Leader || before.role() == Role::Leader {
        return None;
    }
    let followed = before.mandate().is_some_and(|mandate| mandate.leader.id != before.id());
    if followed && after.term() == before.term() {
        return Some(StepViolation::LeadsWhatItFollowed);
    }
    let Input::Received { message, .. } = input else { return None };
    match *message {
        RingMessage::Election(Election { term, candidate, .. }) => {
            let won = before.role() == Role::Candidate
                && candidate.id == before.id()
                && (term, term) == (before.term(), after.term());
            let alone = after.successor() == after.id();
            (!won && !alone).then_some(StepViolation::WinsUnfairly)
        }
        // Its own claim or lease lap, with the votes of a majority.
        RingMessage::Elected(Elected { mandate, ballot: Some(ballot), .. })
        | RingMessage::DeputySearch(DeputySearch { mandate, ballot: Some(ballot), .. })
        | RingMessage::Lease(Lease { mandate, ballot, .. })
            if mandate.leader.id == before.id() && ballot.votes >= after.majority() =>
        {
            None
        }
        // An election ends at its winner, or goes on to it.
        RingMessage::Classic(Classic { term, .. }) => {
            (term != after.term()).then_some(StepViolation::WinsUnfairly)
        }
        RingMessage::Found(Found { term, leader, .. }) => {
            ((term, leader.id) != (after.term(), before.id())).then_some(StepViolation::WinsUnfairly)
        }
        // Who was not asked initiates, and wins when it is alone by now.
        RingMessage::Vacant(_) | RingMessage::Inquiry(_) => {
            (after.successor() != after.id()).then_some(StepViolation::WinsUnfairly)
        }
        RingMessage::RollCall(_)
        | RingMessage::DeputySearch(_)
        | RingMessage::Elected(_)
        | RingMessage::Lease(_)
        | RingMessage::StateUpdate(_) => Some(StepViolation::LeadsByHearsay),
    }
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The first thing under way from one member to another arrives.
    Arrives(NodeIndex, NodeIndex),
    /// A timer runs out.
    RunsOut(NodeIndex, Timer),
    /// A member dials one that it routes past, and is answered.
    Probes(NodeIndex, NodeIndex),
    /// A user asks for an election.
    Initiate(NodeIndex),
    /// A member dies.
    Crash(NodeIndex),
    /// A dead member starts again, without memory.
    Restart(NodeIndex),
    /// The first message under way from one member to another is lost.
    Lose(NodeIndex, NodeIndex),
    /// The first message under way from one member to another arrives, and will arrive again.
    Duplicate(NodeIndex, NodeIndex),
    /// A connection that the first dialled to the second breaks.
    Break(NodeIndex, NodeIndex, LinkKind),
    /// No link joins these two directly any more.
    Sever(NodeIndex, NodeIndex),
    /// The first, or else the second, notices that a connection that the first dialled to the second carries
    /// nothing any more.
    Notices(NodeIndex, NodeIndex, LinkKind, LinkDirection),
    /// Nothing has taken the place of such a connection in time.
    Overdue(NodeIndex, NodeIndex, LinkKind),
    /// Time passes, until the next lease or grant is over.
    Jump,
}

impl Ring {
    /// The beginning of every run within these bounds.
    #[must_use]
    pub fn new(config: &CheckConfig) -> Self {
        let members = config.attributes.iter().enumerate();
        let member = |(place, _)| Member {
            core: Some(Arc::new(Core::new(id(place)))),
            timers: BTreeMap::new(),
            promise: None,
            lease_due: None,
        };
        let mut ring = Self {
            members: members.map(member).collect(),
            links: Links::default(),
            was_parted: false,
            left: config.faults,
            step_violation: None,
            now: Time::default(),
            led: BTreeMap::new(),
            buried: Term::ZERO,
            outlived: Term::ZERO,
            initiators: BTreeSet::new(),
            settings: config.settings,
        };
        for place in ring.places() {
            ring.links.start(place);
        }
        for place in ring.places() {
            ring.give(place, configuration(config, Term::ZERO));
        }
        ring.settle();
        if config.start == Start::Elected {
            ring.give(0, Input::Initiate);
            ring.settle();
        }
        ring
    }

    /// Those that initiated the election of this term, where only those may win it.
    pub fn initiators(&self, term: Term) -> impl Iterator<Item = NodeIndex> {
        self.initiators.iter().filter(move |(of, _)| *of == term).map(|(_, place)| *place)
    }

    /// Everything under way arrives, in one order. With a broken core that may never end.
    fn settle(&mut self) {
        for _ in 0..SETTLES_WITHIN {
            let first = self.links.next().next().map(|first| (first.from, first.to));
            let Some((from, to)) = first else { return };
            self.arrives(from, to);
        }
    }

    /// Appends the events that can happen next.
    pub fn events(&self, events: &mut Vec<Event>) {
        for next in self.links.next() {
            events.push(Event::Arrives(next.from, next.to));
            if let InTransit::Message(message) = next.content {
                if self.left.losses > 0 && !matches!(message, RingMessage::StateUpdate(_)) {
                    events.push(Event::Lose(next.from, next.to));
                }
                if self.left.duplicates > 0 {
                    events.push(Event::Duplicate(next.from, next.to));
                }
            }
        }
        events.extend(self.links.unnoticed().map(|(me, dial)| {
            let direction =
                if dial.dialler == me { LinkDirection::Outgoing } else { LinkDirection::Incoming };
            Event::Notices(dial.dialler, dial.acceptor, dial.kind, direction)
        }));
        events
            .extend(self.links.overdue().map(|dial| Event::Overdue(dial.dialler, dial.acceptor, dial.kind)));
        events.extend(self.probes().map(|(from, to)| Event::Probes(from, to)));
        let at_rest = self.is_at_rest();
        let overdue = self.members.iter().any(|member| member.timers.values().any(|&by| by >= OVERTAKEN));
        for (place, member) in self.numbered() {
            if self.settings.safety == Safety::Quorum {
                self.quorum_timers(place, member, events);
            } else if at_rest || self.left.hasty_timers > 0 {
                let due = member.timers.iter().filter(|(_, by)| !at_rest || !overdue || **by >= OVERTAKEN);
                events.extend(due.map(|(&timer, _)| Event::RunsOut(place, timer)));
            }
            match &member.core {
                Some(_) => {
                    if self.left.initiations > 0 {
                        events.push(Event::Initiate(place));
                    }
                    if self.left.crashes > 0 {
                        events.push(Event::Crash(place));
                    }
                }
                None if self.left.restarts > 0 => events.push(Event::Restart(place)),
                None => {}
            }
        }
        if self.left.breaks > 0 {
            let whole = self.links.whole();
            events.extend(whole.map(|dial| Event::Break(dial.dialler, dial.acceptor, dial.kind)));
        }
        if self.left.severs > 0 {
            events.extend(self.links.ways().whole().map(|(one, other)| Event::Sever(one, other)));
        }
        if self.left.jumps > 0 && self.next_moment().is_some() {
            events.push(Event::Jump);
        }
    }

    /// In quorum mode somebody always waits for something, so that timers running out freely would never end:
    /// each is counted.
    fn quorum_timers(&self, place: NodeIndex, member: &Member, events: &mut Vec<Event>) {
        if member.lease_due.is_some_and(|due| due <= self.now) {
            events.push(Event::RunsOut(place, Timer::Lease));
        }
        let may_run_out = |timer: &Timer| match timer {
            Timer::Renewal => self.left.renewals > 0,
            _ => self.left.hasty_timers > 0,
        };
        let others = member.timers.keys().copied().filter(may_run_out);
        events.extend(others.map(|timer| Event::RunsOut(place, timer)));
    }

    /// Time at which a lease, or what somebody granted, is over next; none while a lease timer is due.
    fn next_moment(&self) -> Option<Time> {
        let dues = self.members.iter().filter_map(|member| member.lease_due);
        if dues.clone().any(|due| due <= self.now) {
            return None;
        }
        let bound = self.live().filter_map(|(_, core)| core.bound_until());
        dues.chain(bound).filter(|moment| *moment > self.now).min()
    }

    /// Lets it happen.
    pub fn dispatch(&mut self, event: Event, config: &CheckConfig) {
        match event {
            Event::Arrives(from, to) => self.arrives(from, to),
            Event::Jump => {
                self.left.jumps = self.left.jumps.saturating_sub(1);
                self.now = self.next_moment().unwrap_or(self.now);
            }
            Event::RunsOut(place, timer) => {
                if timer == Timer::Lease {
                    if let Some(member) = self.members.get_mut(usize::from(place)) {
                        member.lease_due = None;
                    }
                } else if timer == Timer::Renewal {
                    self.left.renewals = self.left.renewals.saturating_sub(1);
                } else if self.settings.safety == Safety::Available && self.is_at_rest() {
                    for by in self.members.iter_mut().flat_map(|member| member.timers.values_mut()) {
                        *by = by.saturating_add(1).min(OVERTAKEN);
                    }
                } else {
                    self.left.hasty_timers = self.left.hasty_timers.saturating_sub(1);
                }
                if let Some(member) = self.members.get_mut(usize::from(place)) {
                    member.timers.remove(&timer);
                }
                self.give(place, Input::TimerFired(timer));
            }
            Event::Probes(from, to) => {
                let dial = Dial { dialler: from, acceptor: to, kind: LinkKind::Ring };
                self.links.dial(dial, true);
            }
            Event::Initiate(place) => {
                self.left.initiations = self.left.initiations.saturating_sub(1);
                self.give(place, Input::Initiate);
            }
            Event::Crash(place) => {
                self.left.crashes = self.left.crashes.saturating_sub(1);
                let highest_term = self.highest_term();
                if let Some(member) = self.members.get_mut(usize::from(place)) {
                    let promise = member.promise;
                    *member = Member { core: None, timers: BTreeMap::new(), promise, lease_due: None };
                }
                self.links.die(place);
                self.buried = highest_term;
                if self.live().next().is_none() {
                    self.outlived = highest_term;
                }
                self.announce_first_term(config);
            }
            Event::Restart(place) => {
                self.left.restarts = self.left.restarts.saturating_sub(1);
                if let Some(member) = self.members.get_mut(usize::from(place)) {
                    member.core = Some(Arc::new(Core::recovered(id(place.into()), member.promise)));
                }
                self.links.start(place);
                self.give(place, configuration(config, self.highest_term()));
            }
            Event::Lose(from, to) => {
                self.left.losses = self.left.losses.saturating_sub(1);
                self.links.take(from, to);
            }
            Event::Duplicate(from, to) => {
                self.left.duplicates = self.left.duplicates.saturating_sub(1);
                if let Some(InTransit::Message(message)) = self.links.copy(from, to).map(|copy| copy.content)
                {
                    self.give(to, Input::Received { from: id(from.into()), message });
                }
            }
            Event::Break(dialler, acceptor, kind) => {
                self.left.breaks = self.left.breaks.saturating_sub(1);
                self.links.break_down(Dial { dialler, acceptor, kind });
            }
            Event::Sever(one, other) => {
                self.left.severs = self.left.severs.saturating_sub(1);
                self.links.sever(one, other);
            }
            Event::Notices(dialler, acceptor, kind, direction) => {
                let me = if direction == LinkDirection::Outgoing { dialler } else { acceptor };
                match self.links.notice(me, Dial { dialler, acceptor, kind }) {
                    Some(input) => self.give(me, input),
                    None => self.make_links(me),
                }
            }
            Event::Overdue(dialler, acceptor, kind) => {
                if let Some(input) = self.links.give_up(Dial { dialler, acceptor, kind }) {
                    self.give(acceptor, input);
                }
            }
        }
        self.was_parted |= self.links.ways().are_parted();
        self.forget_what_follows();
    }

    /// The highest term that a member has reported: what a supervisor knows.
    fn highest_term(&self) -> Term {
        self.live().map(|(_, core)| core.term()).fold(self.buried, Term::max)
    }

    /// As the supervisor does at each death, and at once: members that were configured before the first
    /// election may have heard of none, and be the only ones left.
    fn announce_first_term(&mut self, config: &CheckConfig) {
        let highest_term = self.highest_term();
        let knows_of_none =
            |(place, core): (NodeIndex, &Core)| (core.known_term() == Term::ZERO).then_some(place);
        let uninformed: Vec<NodeIndex> = self.live().filter_map(knows_of_none).collect();
        for place in uninformed.into_iter().filter(|_| highest_term > Term::ZERO) {
            self.give(place, configuration(config, highest_term));
        }
    }

    /// Keeps states equal that differ in nothing that matters any more.
    fn forget_what_follows(&mut self) {
        let (mut lowest, mut highest) = (Term(u64::MAX), Term::ZERO);
        for (_, core) in self.live() {
            (lowest, highest) = (lowest.min(core.term()), highest.max(core.term()));
        }
        let somebody_lives = lowest <= highest;
        if self.buried <= highest || (self.left.restarts == 0 && somebody_lives) {
            self.buried = Term::ZERO;
        }
        if somebody_lives && lowest > self.outlived {
            self.outlived = Term::ZERO;
        }
    }

    /// The event in words, with the message that arrives or is lost.
    #[must_use]
    pub fn describe(&self, event: Event) -> String {
        let first = |from: NodeIndex, to: NodeIndex| self.links.copy(from, to);
        match event {
            Event::Arrives(from, to) | Event::Lose(from, to) | Event::Duplicate(from, to) => {
                match first(from, to) {
                    Some(item) => format!("{event}: {}", item.content),
                    None => event.to_string(),
                }
            }
            Event::RunsOut(..)
            | Event::Probes(..)
            | Event::Initiate(_)
            | Event::Crash(_)
            | Event::Restart(_)
            | Event::Break(..)
            | Event::Sever(..)
            | Event::Notices(..)
            | Event::Overdue(..)
            | Event::Jump => event.to_string(),
        }
    }

    /// The members in words, one a line.
    #[must_use]
    pub fn describe_members(&self) -> Vec<String> {
        let describe = |(place, member): (NodeIndex, &Member)| match &member.core {
            None => format!("{} is dead", name(place)),
            Some(core) => {
                let mandate = core.mandate().map_or("nobody".to_owned(), describe_mandate);
                let successor =
                    name(NodeIndex::try_from(config::place(core.successor())).unwrap_or(NodeIndex::MAX));
                format!(
                    "{} is {} in term {}, follows {mandate}; successor {successor}, timers {:?}",
                    name(place),
                    core.role(),
                    core.term(),
                    member.timers.keys().collect::<Vec<_>>(),
                )
            }
        };
        self.numbered().map(describe).collect()
    }

    /// Nothing is under way, and nobody that answers is routed past: only a timer or a fault changes
    /// anything.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.links.is_at_rest() && self.probes().next().is_none()
    }

    /// The members that are routed past and answer, and are not dialled again yet.
    fn probes(&self) -> impl Iterator<Item = (NodeIndex, NodeIndex)> {
        let skipped = self.live().flat_map(|(me, core)| core.skipped().map(move |peer| (me, place(peer))));
        let pairs = skipped.filter_map(|(me, peer)| Some((me, NodeIndex::try_from(peer).ok()?)));
        pairs.filter(|(me, peer)| {
            self.links.ways().relays(*me, *peer).is_some() && !self.links.dials(*me, *peer)
        })
    }

    /// At rest, and no timer runs.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.members.iter().all(|member| member.timers.is_empty()) && self.is_at_rest()
    }

    /// The live members.
    pub fn live(&self) -> impl Iterator<Item = (NodeIndex, &Core)> {
        self.numbered().filter_map(|(place, member)| Some((place, member.core.as_deref()?)))
    }

    /// The messages under way.
    pub fn messages(&self) -> impl Iterator<Item = &RingMessage> {
        self.links.messages()
    }

    /// The faults that may still happen.
    #[must_use]
    pub fn left(&self) -> FaultBudget {
        self.left
    }

    /// The first step that no member may ever make.
    #[must_use]
    pub fn step_violation(&self) -> Option<StepViolation> {
        self.step_violation
    }

    /// The most that is under way from one member to another.
    #[must_use]
    pub fn longest_queue(&self) -> usize {
        self.links.longest_queue()
    }

    /// Whether live members could ever not reach each other.
    #[must_use]
    pub fn was_parted(&self) -> bool {
        self.was_parted
    }

    /// The live members.
    #[must_use]
    pub fn all(&self) -> Part<'_> {
        Part::new(self.live().map(|(_, core)| core), self.settings.succession)
    }

    /// The parts of the live members, each of which agrees by itself.
    #[must_use]
    pub fn parts(&self) -> Vec<Part<'_>> {
        let core = |place: NodeIndex| self.members.get(usize::from(place))?.core.as_deref();
        let part =
            |places: Vec<NodeIndex>| Part::new(places.into_iter().filter_map(core), self.settings.succession);
        self.links.ways().parts().into_iter().map(part).collect()
    }

    fn numbered(&self) -> impl Iterator<Item = (NodeIndex, &Member)> {
        (0..).zip(&self.members)
    }

    fn places(&self) -> std::ops::Range<NodeIndex> {
        0..NodeIndex::try_from(self.members.len()).unwrap_or(NodeIndex::MAX)
    }

    fn arrives(&mut self, from: NodeIndex, to: NodeIndex) {
        let Some(item) = self.links.take(from, to) else { return };
        if let Some(input) = self.links.learn(to, item.dial, item.content) {
            self.give(to, input);
        }
    }

    // The caller's part, as the first page of the election core says it.

    fn give(&mut self, me: NodeIndex, input: Input<RingMessage>) {
        let Some(member) = self.members.get_mut(usize::from(me)) else { return };
        let Some(core) = member.core.as_mut().map(Arc::make_mut) else { return };
        let before = core.clone();
        let mut effects = Vec::new();
        core.handle(self.now, input.clone(), &mut effects);
        self.step_violation = self.step_violation.or_else(|| step_violation(&before, &input, core));
        if self.settings.safety == Safety::Quorum && core.role() == Role::Leader {
            let has_led = *self.led.entry(core.term()).or_insert(me);
            self.step_violation =
                self.step_violation.or((has_led != me).then_some(StepViolation::LeadsATermAgain));
        }
        let begins = matches!(input, Input::Initiate) || core.role() == Role::Candidate;
        if properties(self.settings.algorithm).winner == Winner::HighestInitiator
            && core.term() > before.term()
            && begins
        {
            self.initiators.insert((core.term(), me));
        }
        let outlived = core.role() == Role::Leader && core.term() <= self.outlived;
        self.step_violation = self.step_violation.or(outlived.then_some(StepViolation::LeadsAnOutlivedTerm));
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.send(me, to, message),
                Effect::StartTimer { timer, after } => {
                    let due = Time(self.now.0 + after);
                    if let Some(member) = self.members.get_mut(usize::from(me)) {
                        match timer {
                            Timer::Lease => member.lease_due = Some(due),
                            _ => drop(member.timers.insert(timer, 0)),
                        }
                    }
                }
                Effect::CancelTimer(timer) => {
                    if let Some(member) = self.members.get_mut(usize::from(me)) {
                        match timer {
                            Timer::Lease => member.lease_due = None,
                            _ => drop(member.timers.remove(&timer)),
                        }
                    }
                }
                Effect::Promise(promise) => {
                    if let Some(member) = self.members.get_mut(usize::from(me)) {
                        member.promise = Some(promise);
                    }
                }
                Effect::Became { .. }
                | Effect::ProgressChanged(_)
                | Effect::SuccessorChanged(_)
                | Effect::Drop { .. }
                | Effect::Completed { .. }
                | Effect::Explain(_) => {}
            }
        }
        self.make_links(me);
    }

    fn send(&mut self, me: NodeIndex, to: ringleader_shared::NodeId, message: RingMessage) {
        let Ok(to) = NodeIndex::try_from(place(to)) else { return };
        // A link to a new successor is made on the way, so that what is sent to it waits for the link.
        if !self.links.send(me, to, message) {
            self.make_links(me);
            self.links.send(me, to, message);
        }
    }

    fn make_links(&mut self, me: NodeIndex) {
        let Some(core) = self.members.get(usize::from(me)).and_then(|member| member.core.as_deref()) else {
            return;
        };
        self.links.make(me, core.wanted_links());
    }
}

fn configuration(config: &CheckConfig, highest_term: Term) -> Input<RingMessage> {
    let (ring, timing, settings) = (config.members().into(), config.timing(), config.settings);
    // Nothing is drawn at random: Itai and Rodeh's algorithm is checked apart, with every random number.
    Input::Configured { ring, timing, settings, seed: 0, highest_term }
}

fn name(place: NodeIndex) -> String {
    NodeName::nth(usize::from(place)).to_string()
}

fn name_of(member: &Contender) -> String {
    NodeName::nth(place(member.id)).to_string()
}

fn describe_mandate(mandate: &Mandate) -> String {
    let deputy = mandate.deputy.as_ref().map_or("nobody".to_owned(), name_of);
    let Mandate { term, leader, deputy_epoch, .. } = mandate;
    format!("{} (term {term}, deputy epoch {deputy_epoch}, deputy {deputy})", name_of(leader))
}

impl fmt::Display for InTransit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_nobody = |member: &Option<Contender>| member.as_ref().map_or("nobody".to_owned(), name_of);
        match self {
            Self::Up => f.write_str("the link is up"),
            Self::Down => f.write_str("the link failed"),
            Self::Closed => f.write_str("the link is closed"),
            Self::Message(RingMessage::Election(Election { term, candidate, deputy, hops, .. })) => {
                let (candidate, deputy) = (name_of(candidate), or_nobody(deputy));
                write!(f, "election of term {term}, candidate {candidate}, deputy {deputy}, hop {hops}")
            }
            Self::Message(RingMessage::Classic(Classic { term, algorithm, port, payload, .. })) => {
                let (label, numbers) = (or_nobody(&payload.label), payload.numbers);
                write!(f, "{algorithm} of term {term}, {port:?}, kind {}, {label}, {numbers:?}", payload.kind)
            }
            Self::Message(RingMessage::RollCall(RollCall { term, hops, .. })) => {
                write!(f, "roll call of term {term}, hop {hops}")
            }
            Self::Message(RingMessage::Inquiry(Inquiry { term, supporters, leader, hops, .. })) => {
                let leader = leader.as_ref().map_or("nobody".to_owned(), |leader| name_of(&leader.leader));
                write!(f, "inquiry above term {term}, {supporters} supporters, {leader} leads, hop {hops}")
            }
            Self::Message(RingMessage::Vacant(Vacant { term, hops, .. })) => {
                write!(f, "nobody may lead term {term}, hop {hops}")
            }
            Self::Message(RingMessage::Found(Found { term, leader, hops })) => {
                write!(f, "{} has won term {term}, hop {hops}", name_of(leader))
            }
            Self::Message(RingMessage::DeputySearch(DeputySearch { mandate, deputy, hops, .. })) => {
                write!(f, "search of {}, found {}, hop {hops}", describe_mandate(mandate), or_nobody(deputy))
            }
            Self::Message(RingMessage::Elected(Elected { mandate, hops, .. })) => {
                write!(f, "result {}, hop {hops}", describe_mandate(mandate))
            }
            Self::Message(RingMessage::Lease(Lease { mandate, ballot, .. })) => {
                write!(f, "lease of {}, {} votes", describe_mandate(mandate), ballot.votes)
            }
            Self::Message(RingMessage::StateUpdate(StateUpdate { term, mandate })) => {
                let mandate = mandate.as_ref().map_or("nobody".to_owned(), describe_mandate);
                write!(f, "state update: term {term}, follows {mandate}")
            }
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Arrives(from, to) => write!(f, "from {} to {}", name(from), name(to)),
            Self::RunsOut(place, timer) => write!(f, "{}'s {timer:?} timer runs out", name(place)),
            Self::Probes(from, to) => write!(f, "{} dials {} again", name(from), name(to)),
            Self::Initiate(place) => write!(f, "{} is asked for an election", name(place)),
            Self::Crash(place) => write!(f, "{} dies", name(place)),
            Self::Restart(place) => write!(f, "{} starts again", name(place)),
            Self::Lose(from, to) => write!(f, "lost from {} to {}", name(from), name(to)),
            Self::Duplicate(from, to) => {
                write!(f, "from {} to {}, and once again", name(from), name(to))
            }
            Self::Break(from, to, kind) => {
                write!(f, "the {kind} link from {} to {} breaks", name(from), name(to))
            }
            Self::Sever(one, other) => {
                write!(f, "no link joins {} and {} directly any more", name(one), name(other))
            }
            Self::Notices(from, to, kind, direction) => {
                let who = if direction == LinkDirection::Outgoing { from } else { to };
                write!(
                    f,
                    "{} notices that the {kind} link from {} to {} is silent",
                    name(who),
                    name(from),
                    name(to)
                )
            }
            Self::Overdue(from, to, kind) => {
                write!(f, "{} waits no more for another {kind} link from {}", name(to), name(from))
            }
            Self::Jump => f.write_str("time passes until the next lease or grant is over"),
        }
    }
}
