//! The ring as it runs: one queue of what is to happen, members that handle it, and time that jumps from one
//! to the next.

mod connectivity;
mod core;
mod faults;
mod in_flight;
mod links;
mod member;
mod ways;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use ringleader_election::{Core, Effect, Time, Timer};
use ringleader_shared::link::PathFrame;
use ringleader_shared::{
    Contender, Event, Incarnation, NodeId, NodeName, RingMessage, Role, Safety, Succession, Term,
};

pub use self::connectivity::{Part, PartAgreement};
use self::member::{Machine, Member};
use crate::network::{LinkId, Network, NodeIndex, Packet};
use crate::rng::{Rng, nanoseconds};
use crate::schedule::{self, Schedule};
use crate::setup::Setup;
use crate::trace::Recorder;

/// An event that is still to happen to a member.
#[derive(Debug, Clone)]
enum SimEvent {
    /// It is dialled.
    Dialled { link: LinkId },
    /// It learns of a link that it has accepted.
    Accepts { link: LinkId },
    /// Its dial was accepted.
    Accepted { link: LinkId },
    /// Its dial found nobody.
    Refused { link: LinkId },
    /// It has waited so long for an answer to its dial that others may know another way.
    DialDoubtful { link: LinkId },
    /// It has waited long enough for an answer to its dial.
    Unanswered { link: LinkId },
    /// A message arrives.
    Arrives { link: LinkId, packet: Arc<Packet> },
    /// The other end closed a link, or died.
    /// With this code, or by the death of the other end.
    Closed { link: LinkId, code: Option<u16> },
    /// It has heard nothing on a link whose other end is closed, which never reached it.
    Deserted { link: LinkId },
    /// It has heard so little since that pause, cut or delay began, on the links which that stops, that they
    /// may not work.
    Doubtful { since: u64 },
    /// It has heard nothing since that pause, cut or delay began, on the links which that stops.
    Silent { since: u64 },
    /// The first ping of a link is back since it came up or its speed changed.
    Measured { link: LinkId },
    /// The pings of a link have been counted: it may have lost too many.
    Counted { link: LinkId },
    /// A path frame arrives.
    Path { link: LinkId, frame: Box<PathFrame> },
    /// The dialler of a standby link puts it in use.
    InUse { link: LinkId },
    /// Time for the next requests of its searches.
    Seeks { incarnation: Incarnation },
    /// For long enough the pings on a link have said that its ends know different things, unless they agree
    /// again.
    Compared { link: LinkId },
    /// The ring is another.
    Configured { incarnation: Incarnation, ring: Arc<[Contender]>, highest_term: Term },
    /// A timer runs out, unless it was started anew or stopped.
    TimerRunsOut { timer: Timer, started: u64 },
    /// Time to dial those again that it routes past.
    Probes { incarnation: Incarnation },
}

/// Something that is to happen, and when.
#[derive(Debug, Clone)]
struct Planned {
    at: u64,
    /// The number of the plan: of events at the same time the first planned happens first.
    number: u64,
    to: NodeIndex,
    /// The member that it comes from, when it has to cross from there.
    from: Option<NodeIndex>,
    event: SimEvent,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    /// The next one is the greatest: that is what a heap gives first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

/// The agreement of the live members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The leader, live.
    pub leader: NodeId,
    /// The deputy, live; `None` when nobody is to be deputy, or no other live member may be.
    pub deputy: Option<NodeId>,
}

/// The cost of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Things that happened.
    pub steps: u64,
    /// Messages sent, all kinds.
    pub messages: u64,
    /// Messages sent of elections, searches and results.
    pub ring_messages: u64,
    /// Timers that ran out.
    pub timers: u64,
    /// Frames sent to find paths.
    pub path_frames: u64,
}

/// A member that did something wrong, seen while it handled one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StepViolation {
    /// It did nothing with a message, and said nothing of it.
    Swallowed(RingMessage),
    /// It gave a reason for a drop that is not true.
    FalseReason(RingMessage),
}

/// A running ring.
#[derive(Debug, Clone)]
pub struct World {
    setup: Setup,
    /// In nanoseconds.
    now: u64,
    rng: Rng,
    network: Network,
    members: Vec<Member>,
    /// By id.
    places: Vec<(NodeId, NodeIndex)>,
    /// The configured members.
    ring: Arc<[Contender]>,
    queue: BinaryHeap<Planned>,
    /// Counts everything that needs a number of its own.
    count: u64,
    recorder: Option<Box<Recorder>>,
    /// In nanoseconds.
    last_ring_message: Option<u64>,
    cost: Cost,
    /// The members that were given something since the last look.
    touched: Vec<NodeIndex>,
    step_violation: Option<(NodeIndex, StepViolation)>,
    /// Whether a live member was ever taken for dead.
    false_suspicion: bool,
    /// The highest term that a member has reported: what the supervisor of a real ring knows.
    highest_term: Term,
    /// The value of `highest_term` when all members were last dead at once.
    outlived_term: Term,
    /// Kept for its room.
    effects: Vec<Effect<RingMessage>>,
}

impl World {
    /// A ring with all its members running.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self::begin(setup, None)
    }

    /// The same ring, which also reports everything that happens, as the events of a real one: several times
    /// slower.
    #[must_use]
    pub fn reporting(setup: Setup) -> Self {
        let recorder = Recorder::new(&setup);
        Self::begin(setup, Some(Box::new(recorder)))
    }

    fn begin(setup: Setup, recorder: Option<Box<Recorder>>) -> Self {
        let mut world = Self {
            now: 0,
            rng: Rng::new(setup.seed),
            network: Network::new(setup.latency),
            members: Vec::new(),
            places: Vec::new(),
            ring: setup.members.iter().copied().collect(),
            queue: BinaryHeap::new(),
            count: 0,
            recorder,
            last_ring_message: None,
            cost: Cost::default(),
            touched: Vec::new(),
            step_violation: None,
            false_suspicion: false,
            highest_term: Term::ZERO,
            outlived_term: Term::ZERO,
            effects: Vec::new(),
            setup,
        };
        for member in world.ring.clone().iter() {
            world.join(*member);
        }
        let all: Vec<NodeIndex> = (0..world.members.len()).map(NodeIndex::nth).collect();
        for &place in &all {
            world.insert_machine(place);
        }
        for place in all {
            world.configure_first(place);
        }
        world
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> Time {
        Time(Duration::from_nanos(self.now))
    }

    /// The events so far; none, unless the world is [`reporting`](Self::reporting).
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.recorder.as_ref().map_or(&[], |recorder| recorder.events())
    }

    /// Moves the events since the last call to the end of `into`, and forgets who was given
    /// something.
    pub(crate) fn take_reported(&mut self, into: &mut Vec<Event>) {
        self.touched.clear();
        if let Some(recorder) = &mut self.recorder {
            recorder.take(into);
        }
    }

    /// Time at which the next thing happens.
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.queue.peek().map(|next| Time(Duration::from_nanos(next.at)))
    }

    /// The place of the member that is or was called so.
    pub(crate) fn place_of(&self, name: &NodeName) -> Option<usize> {
        name.ordinal().filter(|place| *place < self.members.len())
    }

    /// The cost of the run so far.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// The name of a member.
    #[must_use]
    pub fn name(&self, id: NodeId) -> NodeName {
        schedule::name(self.place(id).map_or(self.members.len(), NodeIndex::index))
    }

    /// The members that run and are not paused.
    pub fn live(&self) -> impl Iterator<Item = (&Core, Incarnation)> {
        self.machines().filter(|(_, machine)| machine.paused.is_none()).map(seen)
    }

    /// The members that run, paused ones too.
    pub fn running(&self) -> impl Iterator<Item = (&Core, Incarnation)> {
        self.machines().map(seen)
    }

    /// Whether leading takes a majority.
    #[must_use]
    pub fn quorum(&self) -> bool {
        self.setup.settings.safety == Safety::Quorum
    }

    /// Whether enough members live to have a leader.
    #[must_use]
    pub fn has_quorum(&self) -> bool {
        !self.quorum() || self.live().count() > self.ring.len() / 2
    }

    /// Whether the member with this id is configured as one that may lead.
    fn is_eligible(&self, id: NodeId) -> bool {
        self.ring.iter().any(|member| member.id == id && member.eligible)
    }

    /// Whether a live member may lead.
    #[must_use]
    pub fn somebody_may_lead(&self) -> bool {
        self.live().any(|(node, _)| self.is_eligible(node.id()))
    }

    /// Whether any live member was ever taken for dead: only then may the available mode have two leaders in
    /// one term.
    #[must_use]
    pub fn false_suspicion(&self) -> bool {
        self.false_suspicion
    }

    /// The highest term that a member has reported.
    #[must_use]
    pub fn highest_term(&self) -> Term {
        self.highest_term
    }

    /// The highest term when all members were last dead at once; zero when they never were.
    #[must_use]
    pub fn outlived_term(&self) -> Term {
        self.outlived_term
    }

    /// Time at which a message of an election, a search or a result was last sent.
    #[must_use]
    pub fn last_ring_message(&self) -> Option<Time> {
        self.last_ring_message.map(|at| Time(Duration::from_nanos(at)))
    }

    /// The leader that all live members follow, and its deputy: both live, both knowing it. `None` while they
    /// don't agree.
    #[must_use]
    pub fn agreed(&self) -> Option<Agreement> {
        let (first, _) = self.live().next()?;
        let mandate = *first.mandate()?;
        let same =
            |(node, _): (&Core, Incarnation)| node.mandate() == Some(&mandate) && node.term() == mandate.term;
        let holds =
            |id: NodeId, role: Role| self.live().any(|(node, _)| node.id() == id && node.role() == role);
        let leading = self.live().filter(|(node, _)| node.role() == Role::Leader).count();
        let deputy = mandate.deputy.map(|deputy| deputy.id);
        let others = self.live().filter(|(node, _)| node.id() != mandate.leader.id);
        let is_wanted = self.setup.settings.succession == Succession::Deputy
            && others.filter(|(node, _)| self.is_eligible(node.id())).count() > 0;
        let deputy_fits = match deputy {
            Some(deputy) => is_wanted && holds(deputy, Role::Deputy),
            None => !is_wanted,
        };
        (self.live().all(same) && leading == 1 && holds(mandate.leader.id, Role::Leader) && deputy_fits)
            .then_some(Agreement { leader: mandate.leader.id, deputy })
    }

    /// Lets the next thing happen, if it happens until then. Says whether it did; if not, it is then.
    pub fn step_until(&mut self, then: Time) -> bool {
        let then = nanoseconds(then.0);
        match self.queue.peek() {
            Some(next) if next.at <= then => {
                let Some(next) = self.queue.pop() else { return false };
                self.now = next.at;
                self.cost.steps += 1;
                self.dispatch(next.to, next.from, next.event);
                true
            }
            _ => {
                self.now = self.now.max(then);
                false
            }
        }
    }

    /// Lets this much time pass.
    pub fn run_for(&mut self, time: Duration) {
        let then = Time(self.now().0 + time);
        while self.step_until(then) {}
        self.touched.clear();
    }

    /// Does what the schedule says, and hands the world to `look` after each thing that happens.
    ///
    /// # Errors
    /// The first error of `look`.
    pub fn play<E>(
        &mut self,
        schedule: &Schedule,
        mut look: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        for (wait, action) in &schedule.steps {
            let then = Time(self.now().0 + *wait);
            while self.step_until(then) {
                look(self)?;
            }
            self.act(*action);
            look(self)?;
        }
        Ok(())
    }

    /// Hands out the next of the members that were given something since it was last asked, with its place;
    /// those that died meanwhile left out.
    pub(crate) fn next_touched(&mut self) -> Option<(usize, &Core, Incarnation, bool)> {
        loop {
            let place = self.touched.pop()?;
            let index = place.index();
            if self.machine(place).is_some() {
                let member = self.members.get(index)?;
                let machine = member.machine.as_ref()?;
                return Some((index, &machine.core, member.incarnation, machine.paused.is_none()));
            }
        }
    }

    pub(crate) fn take_step_violation(&mut self) -> Option<(NodeName, StepViolation)> {
        self.step_violation
            .take()
            .map(|(place, step_violation)| (schedule::name(place.index()), step_violation))
    }

    fn machines(&self) -> impl Iterator<Item = (&Member, &Machine)> {
        self.members.iter().filter_map(|member| member.machine.as_ref().map(|machine| (member, machine)))
    }

    fn machine(&self, place: NodeIndex) -> Option<&Machine> {
        self.members.get(place.index())?.machine.as_ref()
    }

    fn machine_mut(&mut self, place: NodeIndex) -> Option<&mut Machine> {
        self.members.get_mut(place.index())?.machine.as_mut()
    }

    fn id(&self, place: NodeIndex) -> NodeId {
        self.members.get(place.index()).map_or(NodeId(uuid::Uuid::nil()), |member| member.contender.id)
    }

    fn place(&self, id: NodeId) -> Option<NodeIndex> {
        let found = self.places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.places.get(found).map(|(_, place)| *place)
    }

    fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn plan(&mut self, after: u64, to: NodeIndex, event: SimEvent) {
        let (at, number) = (self.now.saturating_add(after), self.number());
        self.queue.push(Planned { at, number, to, from: None, event });
    }

    /// Plans what reaches the other end of a link from this end, in the order of that link.
    fn plan_arrival(&mut self, link: LinkId, from: NodeIndex, to: NodeIndex, event: SimEvent) {
        let at = self.network.arrival(link, from, self.now, &mut self.rng);
        self.plan_crossing(at, from, to, event);
    }

    fn plan_crossing(&mut self, at: u64, from: NodeIndex, to: NodeIndex, event: SimEvent) {
        let number = self.number();
        self.queue.push(Planned { at, number, to, from: Some(from), event });
    }

    fn dispatch(&mut self, me: NodeIndex, from: Option<NodeIndex>, event: SimEvent) {
        if let Some(from) = from
            && self.is_stopped(from, me, &event)
        {
            return self.vanishes(from, me, event);
        }
        let Some(machine) = self.machine_mut(me) else { return self.meets_nobody(me, event) };
        if machine.paused.is_some() {
            return machine.inbox.push_back(event);
        }
        match event {
            SimEvent::Dialled { link } => self.dialled(me, link),
            SimEvent::Accepts { link } => self.accepts(me, link),
            SimEvent::Accepted { link } => self.accepted(me, link),
            SimEvent::Refused { link } => self.refused(me, link),
            SimEvent::DialDoubtful { link } => self.dial_doubtful(me, link),
            SimEvent::Unanswered { link } => self.unanswered(me, link),
            SimEvent::Arrives { link, packet } => self.arrives(me, link, &packet),
            SimEvent::Closed { link, code } => self.closed(me, link, code),
            SimEvent::Deserted { link } => self.deserted(me, link),
            SimEvent::Doubtful { since } => self.doubtful(me, since),
            SimEvent::Silent { since } => self.silent(me, since),
            SimEvent::Measured { link } => self.measured(me, link),
            SimEvent::Counted { link } => self.counted(me, link),
            SimEvent::Path { link, frame } => self.path_frame(me, link, *frame),
            SimEvent::InUse { link } => self.in_use(me, link),
            SimEvent::Seeks { incarnation } => self.seeks(me, incarnation),
            SimEvent::Compared { link } => self.compared(me, link),
            SimEvent::Configured { incarnation, ring, highest_term } => {
                self.configured(me, incarnation, &ring, highest_term);
            }
            SimEvent::TimerRunsOut { timer, started } => self.timer_runs_out(me, timer, started),
            SimEvent::Probes { incarnation } => self.probes(me, incarnation),
        }
    }
}

fn seen<'a>((member, machine): (&'a Member, &'a Machine)) -> (&'a Core, Incarnation) {
    (&machine.core, member.incarnation)
}
