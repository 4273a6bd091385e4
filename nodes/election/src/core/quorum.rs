//! Quorum mode: promises, votes and the lease. `docs/protocol.md` has the rules and the argument why they are
//! safe.
//!
//! Two things are kept apart. A *promise* binds a member in one term for ever: it is durable. A *grant* binds
//! it for the time of a lease, in all terms: until it is over, the member votes for nobody else.

use std::time::Duration;

use ringleader_shared::event::ElectionCause;
use ringleader_shared::message::{Ballot, Lease};
use ringleader_shared::{Mandate, NodeId, Promise, RingMessage, Safety, Term};

use super::patience::LONGEST_LEASE;
use super::{Core, Following, Leadership, Out, State};
use crate::{DropReason, Effect, Explanation, Time, Timer, Timing};

/// The leader takes its lease for shorter than the members grant it, by this share: 9/10. So clocks may run
/// too fast or too slow by up to 1/20 (0.9 · 1.05 < 0.95, all in the worst direction).
const LEADERS_SHARE: (u32, u32) = (9, 10);

/// Share of a lease for which its end is waited for longer: others granted it later, and their clocks
/// may be slower.
const GRACE_SHARE: u32 = 8;

/// Renewals of a lease before it would end.
const RENEWALS_A_LEASE: u32 = 6;

/// The state of a member in quorum mode.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Quorum {
    /// The last promise. Durable.
    pub(super) promise: Option<Promise>,
    /// The member to which this one has granted its lease, and the end of that by its own clock.
    pub(super) grant: Option<(NodeId, Time)>,
    /// After a restart: until when this member votes for nobody. What it granted before, it does not
    /// remember.
    pub(super) silent_until: Option<Time>,
    /// The term that this start of the member led last.
    pub(super) led: Option<Term>,
    /// The last lap that it voted on: one that passes again does not count twice.
    pub(super) voted_on: Option<(Term, NodeId, u64)>,
}

impl Core {
    /// Number of members that must stand behind a leader.
    #[must_use]
    pub fn majority(&self) -> u32 {
        self.route.len() / 2 + 1
    }

    /// The time until which this member can vote for nobody, or for one only, in quorum mode; by its own
    /// clock, and perhaps over.
    #[must_use]
    pub fn bound_until(&self) -> Option<Time> {
        self.quorum.grant.map(|(_, until)| until).max(self.quorum.silent_until)
    }

    /// Whether leading takes more than this member's own will.
    pub(super) fn needs_quorum(&self) -> bool {
        self.settings.safety == Safety::Quorum && self.majority() > 1
    }

    /// Whether this member leads: in quorum mode, holds a lease.
    pub(super) fn is_leader(&self) -> bool {
        matches!(self.state, State::Leading { .. })
    }

    /// Whether this member waits for the promises of a majority.
    pub(super) fn is_claim_open(&self) -> bool {
        matches!(self.state, State::Claiming { promised: false, .. })
    }

    /// Leads; in quorum mode, claims to.
    pub(super) fn lead_or_claim(&mut self, leadership: Leadership) {
        self.state = if self.needs_quorum() {
            State::Claiming { leadership, promised: false }
        } else {
            State::Leading { leadership, leased_until: None }
        };
    }

    /// After a restart a lease that this member granted before may still run.
    pub(super) fn remember_promise(&mut self) {
        if self.quorum.promise.is_some() && self.needs_quorum() {
            let granted = self.quorum.promise.map_or(Duration::ZERO, |promise| promise.lease());
            self.quorum.silent_until = Some(Time(self.now.0 + granted.max(self.lease())));
        }
    }

    /// Gives the neighbours of a start the time to name the leader; in quorum mode until a lease that it
    /// granted before is over, and two election timeouts more.
    pub(super) fn wait_for_leader(&self) -> Effect<RingMessage> {
        let Timing { election, lease, .. } = self.timing;
        let after = if self.needs_quorum() { lease + election.saturating_mul(2) } else { election };
        Effect::StartTimer { timer: Timer::Election, after }
    }

    /// Whether there is a leader to wait for. In quorum mode it must have had its lease renewed.
    pub(super) fn has_leader(&self) -> bool {
        let granted =
            |to: NodeId| self.quorum.grant.is_some_and(|(granted, until)| granted == to && self.now < until);
        match self.state {
            State::Claiming { .. } | State::Leading { .. } => true,
            State::Following(Following { mandate, leader_lost, .. }) => {
                !leader_lost && (!self.needs_quorum() || granted(mandate.leader.id))
            }
            State::Idle | State::Electing { .. } => false,
        }
    }

    /// A leader is there: in quorum mode it must say so again and again.
    pub(super) fn watch_leader(&self, out: &mut Out) {
        out.push(if self.needs_quorum() {
            self.wait_for_takeover()
        } else {
            Effect::CancelTimer(Timer::Election)
        });
    }

    /// Gives a lost leader's deputy the time to take over: in quorum mode it has to wait until the lease is
    /// over.
    pub(super) fn wait_for_takeover(&self) -> Effect<RingMessage> {
        let lease = if self.needs_quorum() {
            let granted = self.quorum.grant.map_or(Duration::ZERO, |(_, until)| until.since(self.now));
            let lease = granted.max(self.timing.lease);
            lease + lease / GRACE_SHARE
        } else {
            Duration::ZERO
        };
        Effect::StartTimer { timer: Timer::Election, after: lease + self.election_timeout() }
    }

    /// The time that is left to wait for word of the leader, where links have turned out to be slow since
    /// the wait began.
    pub(super) fn waits_on_slow_links(&self) -> Option<Duration> {
        let following = self.state.following().filter(|it| !it.leader_lost && self.needs_quorum())?;
        let (_, until) = self.quorum.grant.filter(|(to, _)| *to == following.mandate.leader.id)?;
        let due = Time(until.0 + self.timing.lease / GRACE_SHARE + self.election_timeout());
        (self.has_slow_links() && self.now < due).then(|| due.since(self.now))
    }

    /// Gives up a lease that is over, before anything else is done.
    pub(super) fn expire(&mut self, out: &mut Out) {
        if let State::Leading { leased_until: Some(until), .. } = self.state
            && self.now >= until
        {
            Self::explain(Explanation::LeaseOver { term: self.term }, out);
            self.give_up(self.election_timeout(), out);
        }
    }

    /// Neither leads nor wants to, until the election timer runs out.
    fn give_up(&mut self, for_now: Duration, out: &mut Out) {
        self.state = State::Idle;
        self.in_flight = None;
        self.step_down(out);
        out.push(Effect::StartTimer { timer: Timer::Election, after: for_now });
    }

    /// Too few members promise.
    pub(super) fn claim_failed(&mut self, votes: u32, out: &mut Out) {
        Self::explain(Explanation::NoQuorum { votes, needed: self.majority() }, out);
        self.give_up(self.election_timeout().saturating_mul(2), out);
    }

    /// Promises and grants, if nothing that was promised or granted before stands against it.
    pub(super) fn vote(&mut self, mandate: &Mandate, lease: Duration, out: &mut Out) -> bool {
        let lease = lease.min(LONGEST_LEASE);
        let same = self.quorum.promise.filter(|before| before.is_for(mandate)).map(|before| before.lease());
        let promise = Promise::new(mandate, same.unwrap_or_default().max(lease));
        let promised = match self.quorum.promise {
            Some(before) if before.term == promise.term => before.leader == promise.leader,
            Some(before) => before.term < promise.term,
            None => true,
        };
        if !promised || self.bound_to_another(promise.leader).is_some() {
            return false;
        }
        if self.quorum.promise != Some(promise) {
            self.quorum.promise = Some(promise);
            out.push(Effect::Promise(promise));
        }
        // What was granted for longer still holds: its leader may hold a lease for as long.
        let before = self.quorum.grant.filter(|(to, _)| *to == promise.leader).map(|(_, until)| until);
        let until = before.unwrap_or_default().max(Time(self.now.0 + lease));
        self.quorum.grant = Some((promise.leader, until));
        true
    }

    /// The other member to which this one's lease is, or may be, still granted, and the time that is left.
    fn bound_to_another(&self, leader: NodeId) -> Option<(NodeId, Duration)> {
        let forgotten = self.quorum.silent_until.zip(self.quorum.promise);
        let forgotten = forgotten.map(|(until, promise)| (promise.leader, until));
        let granted = self.quorum.grant.filter(|(to, _)| *to != leader);
        let bound = forgotten.into_iter().chain(granted).filter(|(_, until)| self.now < *until);
        bound.max_by_key(|(_, until)| *until).map(|(to, until)| (to, until.0.saturating_sub(self.now.0)))
    }

    /// Whether a lap for the member's own mandate may begin now. In quorum mode it votes for itself first,
    /// and waits until its grant to another is over: by then the grants of the others soon are, too.
    pub(super) fn may_begin_lap(&mut self, mandate: Mandate, out: &mut Out) -> bool {
        if !self.is_claim_open() {
            return true;
        }
        if self.waits_for_grant(out) {
            return false;
        }
        let mine = self.vote(&mandate, self.lease(), out);
        if !mine {
            self.claim_failed(0, out);
        }
        mine
    }

    /// Waits if the member's grant to another is not over.
    pub(super) fn waits_for_grant(&self, out: &mut Out) -> bool {
        let Some((to, left)) = self.bound_to_another(self.me).filter(|_| self.needs_quorum()) else {
            return false;
        };
        Self::explain(Explanation::WaitingForLease { of: to }, out);
        let after = left + self.lease() / GRACE_SHARE;
        out.push(Effect::StartTimer { timer: Timer::Lease, after });
        true
    }

    /// The lease timer ran out: a wait is over, or nothing came of a lap that was to bring a lease.
    pub(super) fn lease_timer_fired(&mut self, out: &mut Out) {
        match self.state {
            State::Claiming { promised: true, .. } => {
                Self::explain(Explanation::LeaseOver { term: self.term }, out);
                self.give_up(self.election_timeout(), out);
            }
            State::Claiming { leadership, promised: false } if leadership.lap.is_none() => {
                if leadership.cause == ElectionCause::Election {
                    self.become_leader(leadership, out);
                } else {
                    self.search_deputy(leadership, out);
                }
            }
            State::Following(following)
                if self.needs_quorum() && following.leader_lost && following.confirmed =>
            {
                if self.may_lead() {
                    self.take_over(following, out);
                } else {
                    let leader = following.mandate.leader.id;
                    Self::explain(Explanation::LeaderLostIneligible { leader }, out);
                    self.initiate(out);
                }
            }
            State::Idle
            | State::Electing { .. }
            | State::Claiming { .. }
            | State::Leading { .. }
            | State::Following(_) => {}
        }
    }

    /// The ballot of a claim that begins now. Other laps than claims have none.
    pub(super) fn claim_ballot(&self) -> Option<Ballot> {
        self.is_claim_open().then(|| self.ballot())
    }

    /// The ballot of a lap that begins now, with this member's own vote.
    fn ballot(&self) -> Ballot {
        let begun_ns = u64::try_from(self.now.0.as_nanos()).unwrap_or(u64::MAX);
        Ballot { begun_ns, lease_ms: milliseconds(self.lease()), votes: 1 }
    }

    /// Votes on a lap, unless this member has done so already: it may pass again. Returns the ballot with its
    /// vote.
    fn vote_on(&mut self, mandate: &Mandate, ballot: Ballot, out: &mut Out) -> Ballot {
        let Ballot { begun_ns, lease_ms, votes } = ballot;
        let again = self.quorum.voted_on.is_some_and(|(term, leader, last)| {
            (term, leader) == (mandate.term, mandate.leader.id) && begun_ns <= last
        });
        let has_voted = !again && self.vote(mandate, Duration::from_millis(lease_ms), out);
        if has_voted {
            self.quorum.voted_on = Some((mandate.term, mandate.leader.id, begun_ns));
        }
        Ballot { votes: votes.saturating_add(u32::from(has_voted)), ..ballot }
    }

    /// A lap for a mandate whose leader has not announced yet that it holds a lease: a claim. It is voted on
    /// and passed on; only a member that follows that leader already learns from it who is the deputy.
    /// Returns the ballot with which it is to be passed on.
    pub(super) fn on_claim(
        &mut self,
        from: NodeId,
        message: RingMessage,
        mandate: Mandate,
        ballot: Option<Ballot>,
        out: &mut Out,
    ) -> Option<Option<Ballot>> {
        let follows = self.state.following().is_some_and(|Following { mandate: mine, .. }| {
            (mine.term, mine.leader.id) == (mandate.term, mandate.leader.id)
        });
        let reason = if mandate.term < self.term {
            Some(DropReason::OlderTerm { mine: self.term })
        } else if self.passed_on == Some(mandate) {
            Some(DropReason::Known)
        } else if !follows && mandate.term == self.term && self.state.mandate().is_some() {
            Some(DropReason::AlreadyDecided { term: self.term })
        } else {
            None
        };
        if let Some(reason) = reason {
            self.drop_message(from, message, reason, out);
            return None;
        }
        let done_before = out.len();
        let counted = ballot.map(|ballot| self.vote_on(&mandate, ballot, out));
        let has_voted = counted != ballot;
        if has_voted && mandate.term > self.term {
            self.take_part(mandate.term, self.election_timeout(), out);
        }
        if follows && self.is_news(&mandate) {
            self.adopt(mandate, out);
            self.confirm(from);
        }
        if follows && matches!(message, RingMessage::Elected(_)) {
            self.notice_missing_deputy(&mandate);
        }
        self.passed_on = Some(mandate);
        if mandate.leader.id == self.me || self.route.is_alone() {
            // It may be this member's own claim, given up while it was under way.
            if out.len() == done_before {
                self.drop_message(from, message, DropReason::Known, out);
            }
            return None;
        }
        let (term, leader) = (mandate.term, mandate.leader.id);
        if has_voted {
            Self::explain(Explanation::Promising { term, leader }, out);
        } else if ballot.is_some() {
            Self::explain(Explanation::NotPromising { term, leader }, out);
        }
        Some(counted)
    }

    /// Counts the votes of the member's own claim, which is back: with a majority it has its lease, unless
    /// that is over already. Returns whether the mandate stands.
    pub(super) fn claim_is_back(&mut self, ballot: Option<Ballot>, out: &mut Out) -> bool {
        let State::Claiming { leadership, promised: false } = self.state else { return true };
        let votes = ballot.map_or(0, |ballot| ballot.votes);
        let Some(ballot) = ballot.filter(|_| votes >= self.majority()) else {
            self.claim_failed(votes, out);
            return false;
        };
        Self::explain(Explanation::QuorumFound { votes, needed: self.majority() }, out);
        self.lap_took(self.now.since(begun(ballot)));
        self.lease_from(leadership, ballot, out);
        if !self.is_leader() {
            self.state = State::Claiming { leadership, promised: true };
            out.push(Effect::StartTimer { timer: Timer::Lease, after: self.lease() });
        }
        self.renew_lease(out);
        true
    }

    /// Starts the lease that a majority has granted since this lap began.
    fn lease_from(&mut self, leadership: Leadership, ballot: Ballot, out: &mut Out) {
        let (parts, of) = LEADERS_SHARE;
        let lease = Duration::from_millis(ballot.lease_ms).min(LONGEST_LEASE);
        let until = Time(begun(ballot).0.saturating_add(lease * parts / of));
        let before = match self.state {
            State::Leading { leased_until, .. } => leased_until,
            State::Idle | State::Electing { .. } | State::Claiming { .. } | State::Following(_) => None,
        };
        if until > self.now && before.is_none_or(|before| before < until) {
            self.state = State::Leading { leadership, leased_until: Some(until) };
            self.quorum.led = Some(leadership.mandate.term);
            let after = until.0.saturating_sub(self.now.0);
            out.push(Effect::StartTimer { timer: Timer::Lease, after });
            if before.is_none() {
                self.find_deputy_if_none(out);
            }
        }
    }

    /// Has the lease renewed: one lap, which also announces the leader.
    pub(super) fn renew_lease(&mut self, out: &mut Out) {
        let (State::Claiming { leadership, promised: true } | State::Leading { leadership, .. }) = self.state
        else {
            return;
        };
        if !self.needs_quorum() {
            return;
        }
        out.push(Effect::StartTimer { timer: Timer::Renewal, after: self.lease() / RENEWALS_A_LEASE });
        self.quorum.grant = Some((self.me, Time(self.now.0 + self.lease())));
        self.send_lease(leadership.mandate, out);
    }

    fn send_lease(&self, mandate: Mandate, out: &mut Out) {
        if !self.route.is_alone() {
            self.send_on(Lease { mandate, ballot: self.ballot(), highest: self.term, hops: 1 }, out);
        }
    }

    /// Rule Q7: a lap came back after the lease that it asked for. Where such a lease is too short for the
    /// ring, and nobody has another leader, one that is long enough is asked for, in the same term.
    fn ask_for_longer(&mut self, mandate: Mandate, asked_ms: u64, out: &mut Out) {
        let is_longer = milliseconds(self.lease()) > asked_ms.saturating_mul(5) / 4;
        if is_longer && self.vote(&mandate, self.lease(), out) {
            self.send_lease(mandate, out);
        }
    }

    /// `Lease`: granted where nothing stands against it, and passed on in any case.
    pub(super) fn on_lease(&mut self, from: NodeId, lease: Lease, out: &mut Out) {
        let Lease { mandate, ballot, highest, hops } = lease;
        if !self.needs_quorum() {
            return;
        }
        if mandate.leader.id == self.me {
            let mine = self.state.leadership().or_else(|| self.led_before(mandate));
            if let Some(leadership) = mine.filter(|_| mandate.term == self.term) {
                self.lease_is_back(leadership, lease, out);
            }
            return;
        }
        let ballot = self.vote_on(&mandate, ballot, out);
        if self.is_news(&mandate) {
            self.adopt(mandate, out);
        }
        if self.state.following().is_some_and(|following| following.mandate.rank() == mandate.rank()) {
            // A majority follows it, even if the link with it is lost.
            self.leader_is_there(from, out);
        }
        if !self.route.is_alone() {
            let (highest, hops) = (highest.max(self.term), hops.saturating_add(1));
            self.send_on(Lease { ballot, highest, hops, ..lease }, out);
        }
    }

    /// The leadership that this start of the member has given up, because its lease was over before this lap
    /// came back. A majority may have granted it for long enough all the same, and then nobody else leads.
    fn led_before(&self, mandate: Mandate) -> Option<Leadership> {
        let led = self.quorum.led == Some(mandate.term) && !self.state.is_electing();
        // The lap may have begun before the leader named another deputy, which the others know.
        let mine = self.state.mandate().filter(|mine| (mine.term, mine.leader.id) == (mandate.term, self.me));
        let mandate = mine.filter(|mine| mine.rank() > mandate.rank()).unwrap_or(mandate);
        let leadership = Leadership { mandate, lap: None, cause: ElectionCause::Election, company: false };
        led.then_some(leadership)
    }

    fn lease_is_back(&mut self, leadership: Leadership, lease: Lease, out: &mut Out) {
        let Lease { ballot, highest, .. } = lease;
        self.lap_took(self.now.since(begun(ballot)));
        if ballot.votes >= self.majority() {
            let had_given_up = self.state.leadership().is_none();
            self.lease_from(leadership, ballot, out);
            if had_given_up && self.is_leader() {
                Self::explain(Explanation::LeaseCameLate { term: self.term }, out);
                out.push(Effect::CancelTimer(Timer::Election));
                self.renew_lease(out);
            } else if had_given_up && highest == self.term {
                self.ask_for_longer(leadership.mandate, ballot.lease_ms, out);
            }
        }
        if highest > self.term {
            // A member has promised, or tried, in a newer term: only an election above it unites the ring.
            Self::explain(Explanation::NewerTermSeen { term: highest }, out);
            self.term = highest;
            self.initiate(out);
        }
    }
}

/// The time at which the lap of this ballot began, by the clock of the leader.
const fn begun(ballot: Ballot) -> Time {
    Time(Duration::from_nanos(ballot.begun_ns))
}

/// This time in milliseconds, rounded up.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
