//! One member: elections, and what comes before and after them.
//!
//! The default election is max-ring, in the manner of Chang and Roberts (1979): the highest attribute wins,
//! the second highest is its deputy, one message finds both. Terms, ring repair and succession are laid
//! around it, and around each classic election that may be held instead. `docs/protocol.md` has the rules in
//! the order of the functions here.

mod classic;
mod inquiry;
mod leadership;
mod max_ring;
mod patience;
mod quorum;
mod repair;
mod state;
mod state_update;

use std::collections::BTreeSet;

use ringleader_shared::{
    AlgorithmName, Contender, Mandate, NodeId, Promise, RingMessage, RingSettings, Role, Succession, Term,
};

use self::inquiry::Inquiries;
use self::patience::Patience;
use self::quorum::Quorum;
use self::state::{Following, Leadership, State};
pub use self::state_update::{digest, digest_of_sender};
use crate::classic::Progress;
use crate::route::Route;
use crate::{DropReason, Effect, Explanation, Input, Time, Timer, Timing, WantedLinks};

type Out = Vec<Effect<RingMessage>>;

/// The most terms by which a message may be ahead of what its receiver knows: a thousand elections a second
/// for 49 days. One word of the last term that there is would end all elections.
const MOST_TERMS_AHEAD: u64 = 1 << 32;

/// One member of a ring.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Core {
    me: NodeId,
    route: Route,
    timing: Timing,
    /// The highest term seen.
    term: Term,
    /// The highest term of the run when this start began, while it is above `term`; else zero. An election
    /// that this member initiates is above it. It is no reason to refuse the mandate of an older term: its
    /// leader may be working.
    floor: Term,
    /// The state of the member in `term`.
    state: State,
    /// The classic election of `term`, also when it is decided: its last messages still go their ways.
    classic: Option<classic::ClassicElection>,
    /// The settings of the ring.
    settings: RingSettings,
    /// The state of the random number generator of the classic elections.
    rng: u64,
    /// Whether the member sends directly to all others.
    direct: bool,
    /// Members that have not answered since the last election that ended, where messages go directly.
    unreachable: Vec<NodeId>,
    /// The members that hold a heartbeat link to this one, whether it leads or not. One that may be deputy
    /// and watches a leader without a deputy was missed by its search.
    watchers: BTreeSet<NodeId>,
    /// The last lap of a leader that was passed on: each is passed on once, however its mandate was learned.
    passed_on: Option<Mandate>,
    /// The last message passed on, to be sent again when the successor turns out to be dead.
    in_flight: Option<RingMessage>,
    patience: Patience,
    /// The inquiries since a leader was known.
    inquiries: Inquiries,
    /// The role, term and mandate that were reported last.
    reported: Option<(Role, Term, Option<Mandate>)>,
    reported_progress: Option<(AlgorithmName, Progress<Contender>)>,
    quorum: Quorum,
    /// The time of the input that is being handled; zero in between, so that states that differ in nothing
    /// else are equal.
    now: Time,
}

impl Core {
    /// A member that knows nothing yet. Its first input must be [`Input::Configured`].
    #[must_use]
    pub fn new(me: NodeId) -> Self {
        Self {
            me,
            route: Route::new(me),
            timing: Timing::default(),
            term: Term::ZERO,
            floor: Term::ZERO,
            state: State::Idle,
            classic: None,
            settings: RingSettings::default(),
            rng: 0,
            direct: false,
            unreachable: Vec::new(),
            watchers: BTreeSet::new(),
            passed_on: None,
            in_flight: None,
            patience: Patience::default(),
            inquiries: Inquiries::default(),
            reported: None,
            reported_progress: None,
            quorum: Quorum::default(),
            now: Time::default(),
        }
    }

    /// A member that was restarted with what it had promised.
    #[must_use]
    pub fn recovered(me: NodeId, promise: Option<Promise>) -> Self {
        let term = promise.map_or(Term::ZERO, |promise| promise.term);
        Self { term, quorum: Quorum { promise, ..Quorum::default() }, ..Self::new(me) }
    }

    /// The promise of this member, if it has made one.
    #[must_use]
    pub fn promise(&self) -> Option<Promise> {
        self.quorum.promise
    }

    /// The member's id.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.me
    }

    /// The highest term seen.
    #[must_use]
    pub fn term(&self) -> Term {
        self.term
    }

    /// The highest term that this member has seen or that it was configured with: zero when it has heard of
    /// no election.
    #[must_use]
    pub fn known_term(&self) -> Term {
        self.term.max(self.floor)
    }

    /// The leader that this member follows, itself included.
    #[must_use]
    pub fn mandate(&self) -> Option<&Mandate> {
        match &self.state {
            State::Leading { leadership, .. } => Some(&leadership.mandate),
            State::Following(following) => Some(&following.mandate),
            // A claim that nobody has granted yet is no mandate.
            State::Idle | State::Electing { .. } | State::Claiming { .. } => None,
        }
    }

    /// Its part in the ring.
    #[must_use]
    pub fn role(&self) -> Role {
        match &self.state {
            State::Leading { .. } => Role::Leader,
            State::Claiming { .. } => Role::Candidate,
            State::Electing { best } if self.may_lead() && self.contends(*best) => Role::Candidate,
            State::Following(following) if self.is_deputy_of(&following.mandate) => Role::Deputy,
            State::Idle | State::Electing { .. } | State::Following(_) => Role::Follower,
        }
    }

    /// Whether this member may still win the election that runs.
    fn contends(&self, best: Option<Contender>) -> bool {
        best.is_some_and(|best| best.id == self.me)
            || self.classic.as_ref().is_some_and(classic::ClassicElection::contends)
    }

    /// Whether this member may lead and be deputy.
    #[must_use]
    pub fn may_lead(&self) -> bool {
        self.route.may_lead()
    }

    /// The receiver of ring messages; the member itself when it is alone.
    #[must_use]
    pub fn successor(&self) -> NodeId {
        self.route.successor()
    }

    /// The links that must be dialled, and kept.
    #[must_use]
    pub fn wanted_links(&self) -> WantedLinks {
        let successor = self.route.successor();
        let watched = self.state.following().filter(|following| {
            (self.is_deputy_of(&following.mandate) || following.unnoticed)
                && !following.leader_lost
                && self.appoints_deputies()
        });
        let leader = watched.map(|following| following.mandate.leader.id);
        WantedLinks { successor: (successor != self.me).then_some(successor), leader, direct: self.direct }
    }

    /// The members that are routed past, nearest first: to be dialled again now and then.
    pub fn skipped(&self) -> impl Iterator<Item = NodeId> {
        self.route.skipped()
    }

    /// The member that becomes the successor when the present one is lost: a link to it is worth keeping
    /// ready.
    #[must_use]
    pub fn after_successor(&self) -> Option<NodeId> {
        self.route.after_successor()
    }

    /// Whether a leader of this ring has a deputy.
    fn appoints_deputies(&self) -> bool {
        self.settings.succession == Succession::Deputy
    }

    fn is_deputy_of(&self, mandate: &Mandate) -> bool {
        mandate.leader.id != self.me && mandate.names_deputy(self.me)
    }

    /// The most links that a message may cross: two laps of an election and two for repairs.
    fn hop_budget(&self) -> u32 {
        self.route.len().saturating_mul(4)
    }

    /// Sends a message to the successor.
    fn send_on(&self, message: impl Into<RingMessage>, out: &mut Out) {
        out.push(Effect::Send { to: self.route.successor(), message: message.into() });
    }

    /// Sends a message to the successor, and once more to the next one when that is lost (R2).
    fn pass_on(&mut self, message: impl Into<RingMessage>, out: &mut Out) {
        let message = message.into();
        self.in_flight = Some(message);
        self.send_on(message, out);
    }

    fn explain(why: Explanation, out: &mut Out) {
        out.push(Effect::Explain(why));
    }

    /// Drops a message; a neighbour with an older state is sent this member's.
    fn drop_message(&self, from: NodeId, message: impl Into<RingMessage>, reason: DropReason, out: &mut Out) {
        out.push(Effect::Drop { from, message: message.into(), reason });
        match reason {
            DropReason::OlderTerm { .. } | DropReason::AlreadyDecided { .. } => {
                self.send_state_update(from, out)
            }
            DropReason::BetterPassedOn { .. }
            | DropReason::Known
            | DropReason::HopBudget { .. }
            | DropReason::OtherAlgorithm { .. }
            | DropReason::AnotherRing { .. }
            | DropReason::OneIsMissing
            | DropReason::MakesNoSense
            | DropReason::EndsHere => {}
        }
    }

    fn emit_changes(&mut self, out: &mut Out) {
        let mandate = self.mandate().copied();
        let now = Some((self.role(), self.term, mandate));
        if now != self.reported {
            self.reported = now;
            out.push(Effect::Became { role: self.role(), term: self.term, mandate });
        }
        let progress = self.classic.as_ref().map(|classic| (classic.algorithm, classic.progress()));
        if progress != self.reported_progress {
            self.reported_progress = progress;
            out.push(Effect::ProgressChanged(progress));
        }
    }

    /// Whether a member might say this. (A leader that is no member of the ring is news: it has left, and
    /// counts as lost.)
    fn makes_sense(&self, message: &RingMessage) -> bool {
        let is_its_own_deputy = |mandate: &Mandate| mandate.names_deputy(mandate.leader.id);
        message.term().0.saturating_sub(self.known_term().0) <= MOST_TERMS_AHEAD
            && !message.mandate().is_some_and(is_its_own_deputy)
    }

    fn received(&mut self, from: NodeId, message: RingMessage, out: &mut Out) {
        if !self.makes_sense(&message) {
            return self.drop_message(from, message, DropReason::MakesNoSense, out);
        }
        let budget = self.hop_budget();
        if message.hops().is_some_and(|hops| hops > budget) {
            return self.drop_message(from, message, DropReason::HopBudget { budget }, out);
        }
        match message {
            RingMessage::Election(election) => self.on_election(from, election, out),
            RingMessage::Classic(classic) => self.on_classic(from, classic, out),
            RingMessage::RollCall(call) => self.on_roll_call(from, call, out),
            RingMessage::Found(found) => self.on_found(from, found, out),
            RingMessage::Vacant(vacant) => self.on_vacant(from, vacant, out),
            RingMessage::Inquiry(inquiry) => self.on_inquiry(from, inquiry, out),
            RingMessage::DeputySearch(search) => self.on_deputy_search(from, search, out),
            RingMessage::Elected(elected) => self.on_elected(from, elected, out),
            RingMessage::Lease(lease) => self.on_lease(from, lease, out),
            RingMessage::StateUpdate(update) => self.on_state_update(from, update, out),
        }
    }

    fn timer_fired(&mut self, timer: Timer, out: &mut Out) {
        match timer {
            Timer::Election => {
                if let Some(after) = self.waits_on_slow_links() {
                    out.push(Effect::StartTimer { timer: Timer::Election, after });
                } else if !self.has_leader() && self.known_term() > Term::ZERO {
                    Self::explain(Explanation::ElectionTimeout { term: self.known_term() }, out);
                    self.inquire(out);
                }
            }
            Timer::Lap => {
                if let Some(leadership) = self.state.leadership().filter(|mine| mine.lap.is_some()) {
                    self.lap_timer_fired(leadership, out);
                }
            }
            Timer::Deputy => {
                if let Some(leadership) = self.state.leadership() {
                    self.deputy_timer_fired(leadership, out);
                }
            }
            Timer::Lease => self.lease_timer_fired(out),
            Timer::Renewal => self.renew_lease(out),
        }
    }

    /// Takes one input in and appends what must be done to `out`, in order. Never panics.
    pub fn handle(&mut self, now: Time, input: Input<RingMessage>, out: &mut Out) {
        self.now = now;
        self.expire(out);
        match input {
            Input::Configured { ring, timing, settings, seed, highest_term } => {
                self.rng = seed;
                let is_start = self.reported.is_none();
                self.configure(ring, timing, settings, out);
                self.learn_of_run(highest_term, is_start, out);
            }
            Input::Initiate => self.initiate(out),
            Input::InitiateTogether { term } => self.initiate_together(term, out),
            Input::Received { from, message } => self.received(from, message, out),
            Input::TimerFired(timer) => self.timer_fired(timer, out),
            Input::LinkUp { peer, link, direction } => self.link_up(peer, link, direction, out),
            Input::LinksMeasured { crossing } => self.links_measured(crossing),
            Input::LinkReplaced { peer, link, direction } => self.link_replaced(peer, link, direction, out),
            Input::LinkDown { peer, link, direction } => self.link_down(peer, link, direction, out),
            Input::LinkClosed { peer, link, direction } => self.link_closed(peer, link, direction, out),
        }
        if self.floor <= self.term {
            self.floor = Term::ZERO;
        }
        self.emit_changes(out);
        self.now = Time::default();
    }
}
