//! The election: from *Initiate* to the candidate that receives its own message back.

use std::time::Duration;

use ringleader_shared::event::ElectionCause;
use ringleader_shared::message::{Election, Vacant};
use ringleader_shared::{AlgorithmName, Contender, Mandate, NodeId, Term};

use super::{Core, Leadership, Out, State};
use crate::classic::RingKind;
use crate::{DropReason, Effect, Explanation, Timer};

impl Core {
    /// Rule E1: raises the term and sends `Election` with this member as the candidate to the successor. A
    /// member that may not lead initiates as well: as a candidate it stands below all that may (V1).
    pub(super) fn initiate(&mut self, out: &mut Out) {
        let Some(me) = self.route.myself() else { return };
        if self.needs_quorum() && self.route.is_alone() {
            // Nobody could answer; to raise the term would only disturb the others later.
            return self.claim_failed(1, out);
        }
        // A member that is left alone may have missed that the deputy came back. That deputy may be taking
        // over the next term right now, so this member skips it.
        let alone_of_many = self.route.is_alone() && self.route.skipped().next().is_some();
        let next = self.known_term().next();
        let term = if alone_of_many { next.next() } else { next };
        self.enter_election(term, out);
        Self::explain(
            if me.eligible {
                Explanation::Initiating { term, me }
            } else {
                Explanation::InitiatingIneligible { term }
            },
            out,
        );
        if self.route.is_alone() {
            return self.win(me, None, out);
        }
        if self.settings.algorithm != AlgorithmName::MaxRing {
            return self.initiate_classic(self.settings.algorithm, out);
        }
        self.set_best(me);
        out.push(Effect::StartTimer { timer: Timer::Election, after: self.election_timeout() });
        self.pass_on(Election { term, initiator: self.me, candidate: me, deputy: None, hops: 1 }, out);
    }

    /// Rule E1 for several initiators: starts the election of this term, unless the member takes part in it
    /// already.
    pub(super) fn initiate_together(&mut self, term: Term, out: &mut Out) {
        if self.known_term().next() <= term {
            self.term = Term(term.0.saturating_sub(1));
            return self.initiate(out);
        }
        Self::explain(Explanation::TakingPartAlready { term: self.term }, out);
    }

    /// Rules E2 to E6: drops older terms, merges this member in and passes the better candidate on, once for
    /// each better one. The candidate that its own message comes back to has won.
    pub(super) fn on_election(&mut self, from: NodeId, message: Election, out: &mut Out) {
        let Election { term, candidate, deputy, hops, .. } = message;
        let Some(me) = self.route.myself() else { return };
        if term < self.term {
            return self.drop_message(from, message, DropReason::OlderTerm { mine: self.term }, out);
        }
        if term == self.term && self.state.mandate().is_some() {
            return self.drop_message(from, message, DropReason::AlreadyDecided { term }, out);
        }
        let other = self.classic.as_ref().filter(|part| {
            // The ring confirms what was found where everyone talks to everyone.
            term == self.term && part.properties().ring_kind != RingKind::Complete
        });
        if let Some(mine) = other.map(|part| part.algorithm) {
            return self.drop_message(from, message, DropReason::OtherAlgorithm { mine }, out);
        }
        if term > self.term {
            self.take_part(term, self.election_timeout(), out);
        }
        let best = self.state.best();
        if candidate.id == self.me && best.is_some_and(|best| best.id == self.me) {
            return self.win(candidate, deputy, out);
        }
        let (candidate, deputy, why) = merge(candidate, deputy, me);
        let deputy = deputy.filter(|_| self.appoints_deputies());
        if let Some(best) = best.filter(|best| *best >= candidate) {
            return self.drop_message(from, message, DropReason::BetterPassedOn { best }, out);
        }
        Self::explain(why, out);
        self.set_best(candidate);
        if self.route.is_alone() {
            // The message came from a member that has been routed past since: nobody is left to pass it on
            // to.
            return self.initiate(out);
        }
        self.pass_on(Election { candidate, deputy, hops: hops.saturating_add(1), ..message }, out);
    }

    /// Takes part in another member's election of a newer term, with twice the patience of its initiator.
    pub(super) fn take_part(&mut self, term: Term, patience: Duration, out: &mut Out) {
        if self.state.leadership().is_some() {
            Self::explain(Explanation::SteppingDown { term, leader: None }, out);
        }
        self.enter_election(term, out);
        out.push(Effect::StartTimer { timer: Timer::Election, after: patience.saturating_mul(2) });
    }

    /// Forgets the leader of the term before and begins anew.
    pub(super) fn enter_election(&mut self, term: Term, out: &mut Out) {
        self.term = term;
        self.in_flight = None;
        self.classic = None;
        self.state = State::Electing { best: None };
        self.step_down(out);
    }

    /// Keeps the candidate that is passed on: no worse one is, from now on.
    pub(super) fn set_best(&mut self, best: Contender) {
        self.state = State::Electing { best: Some(best) };
    }

    /// Rule E4: leads this term, because the member's own message came back, a classic election found it, or
    /// it is alone. The runner-up, where the election brought one, is its deputy.
    pub(super) fn win(&mut self, me: Contender, deputy: Option<Contender>, out: &mut Out) {
        if !me.eligible {
            return self.nobody_may_lead(out);
        }
        let deputy = deputy.filter(|deputy| deputy.id != self.me && self.appoints_deputies());
        // It may have entered the message before it was not to lead any more; then another one is looked for.
        let unfit = deputy.is_some_and(|deputy| self.route.is_unfit(deputy.id));
        let deputy = deputy.filter(|_| !unfit);
        let term = self.term;
        let mandate = Mandate { term, leader: me, deputy_epoch: 0, deputy };
        // The message has passed everyone, but not everyone may have known that it may be deputy.
        let company = unfit || (deputy.is_none() && self.route.has_ineligible() && self.route.has_rival());
        let leadership = Leadership { mandate, lap: None, cause: ElectionCause::Election, company };
        self.lead_or_claim(leadership);
        out.push(Effect::CancelTimer(Timer::Election));
        Self::explain(
            if self.needs_quorum() {
                Explanation::Claiming { term, me, needed: self.majority() }
            } else if self.route.is_alone() {
                Explanation::AloneAndLeading { term, me }
            } else if self.found_without_deputy(leadership.mandate) {
                Explanation::WonClassic { term }
            } else if self.classic.is_some() {
                Explanation::WonWithoutDeputy { term }
            } else {
                Explanation::Won { term, me, deputy }
            },
            out,
        );
        self.become_leader(leadership, out);
    }

    /// Rule V4: announces by one lap that nobody took part that may lead, so that nobody waits for a leader.
    fn nobody_may_lead(&mut self, out: &mut Out) {
        self.stop_electing(out);
        if !self.route.is_alone() {
            self.send_on(Vacant { term: self.term, initiator: self.me, hops: 1 }, out);
        }
    }

    fn stop_electing(&mut self, out: &mut Out) {
        self.state = State::Idle;
        self.in_flight = None;
        self.election_is_over();
        out.push(Effect::CancelTimer(Timer::Election));
        Self::explain(Explanation::NobodyMayLead { term: self.term }, out);
    }

    /// Handles `Vacant`: the term stays without a leader. A member that may lead was not asked, and
    /// initiates.
    pub(super) fn on_vacant(&mut self, from: NodeId, message: Vacant, out: &mut Out) {
        let Vacant { term, initiator, hops } = message;
        if let Some(reason) = self.why_over(term) {
            return self.drop_message(from, message, reason, out);
        }
        if term > self.term {
            self.take_part(term, self.election_timeout(), out);
        }
        if self.may_lead() {
            return self.initiate(out);
        }
        if initiator == self.me {
            return self.drop_message(from, message, DropReason::Known, out);
        }
        self.stop_electing(out);
        if !self.route.is_alone() {
            self.send_on(Vacant { hops: hops.saturating_add(1), ..message }, out);
        }
    }

    /// Whether the last election has ended without a leader, because nobody took part that may lead.
    pub(super) fn is_vacant(&self) -> bool {
        self.knows_no_leader() && self.route.has_ineligible()
    }

    /// Whether a term has passed, and neither a leader nor an election is known now.
    pub(super) fn knows_no_leader(&self) -> bool {
        self.term > Term::ZERO && self.state == State::Idle
    }

    /// The reason to drop a message of an election, if its term is older or has a leader.
    pub(super) fn why_over(&self, term: Term) -> Option<DropReason> {
        if term < self.term {
            return Some(DropReason::OlderTerm { mine: self.term });
        }
        (term == self.term && self.state.mandate().is_some()).then_some(DropReason::AlreadyDecided { term })
    }

    /// The first lap of the winner of an election announces the result; where the election brought no deputy,
    /// it looks for one on the way.
    pub(super) fn become_leader(&mut self, leadership: Leadership, out: &mut Out) {
        if self.found_without_deputy(leadership.mandate) {
            self.send_search(leadership, out);
        } else {
            self.announce_result(leadership, out);
        }
    }

    fn found_without_deputy(&self, mandate: Mandate) -> bool {
        self.classic.is_some() && self.appoints_deputies() && mandate.deputy.is_none()
    }
}

/// The best and the second best of a message and this member, with the explanation.
fn merge(
    candidate: Contender,
    deputy: Option<Contender>,
    me: Contender,
) -> (Contender, Option<Contender>, Explanation) {
    if candidate.id == me.id && me.eligible {
        (candidate, deputy, Explanation::PassingOn { candidate, me })
    } else if !me.eligible {
        (candidate, deputy, Explanation::PassingOnIneligible { candidate })
    } else if !candidate.eligible {
        (me, None, Explanation::ReplacingIneligible { candidate, me })
    } else if me > candidate {
        (me, Some(candidate), Explanation::Replacing { candidate, me })
    } else {
        (candidate, deputy.max(Some(me)), Explanation::PassingOn { candidate, me })
    }
}
