//! Leading and following: the result's lap, the search for a deputy, takeover, and learning from neighbours.

use ringleader_shared::event::ElectionCause;
use ringleader_shared::message::{Ballot, DeputySearch, Elected, StateUpdate};
use ringleader_shared::{Mandate, NodeId, RingMessage, Term};

use super::inquiry::Inquiries;
use super::state::Lap;
use super::{Core, Following, Leadership, Out, State};
use crate::{DropReason, Effect, Explanation, Timer};

impl Core {
    /// Announces leader and deputy to every member by one lap.
    pub(super) fn announce_result(&mut self, leadership: Leadership, out: &mut Out) {
        if !self.begin_lap(Lap::Announcing, leadership, out) {
            return;
        }
        let mandate = leadership.mandate;
        if mandate.deputy.is_some() {
            self.wait_for_deputy(out);
        }
        self.pass_on(Elected { mandate, hops: 1, ballot: self.claim_ballot() }, out);
    }

    /// Rule S5: the deputy of a lost leader leads the next term at once, and one lap finds the next deputy.
    ///
    /// Only a deputy that the leader itself has confirmed takes over: after a neighbour's report the leader
    /// may have named another one, and two must not lead one term. A deputy that is not confirmed starts an
    /// election at once, and so does one that knows that the next term was used before.
    pub(super) fn take_over(&mut self, following: Following, out: &mut Out) {
        let Some(me) = self.route.myself() else { return };
        if self.waits_for_grant(out) {
            self.state = State::Following(Following { leader_lost: true, ..following });
            return;
        }
        if self.floor > self.term {
            return self.initiate(out);
        }
        self.term = self.term.next();
        let mandate = Mandate { term: self.term, leader: me, deputy_epoch: 0, deputy: None };
        let company = self.route.has_ineligible();
        let leadership = Leadership { mandate, lap: None, cause: ElectionCause::Takeover, company };
        self.lead_or_claim(leadership);
        self.classic = None;
        out.push(Effect::CancelTimer(Timer::Election));
        let lost = following.mandate.leader.id;
        Self::explain(Explanation::TakingOver { term: self.term, lost }, out);
        self.send_search(leadership, out);
    }

    /// Rules S6 and S7: sends a lap that finds the next deputy, or announces that there is none where the
    /// ring has no deputies. A lap that was lost is sent again in the same way.
    pub(super) fn search_deputy(&mut self, leadership: Leadership, out: &mut Out) {
        let deputy_epoch = leadership.mandate.deputy_epoch.saturating_add(1);
        let mandate = Mandate { deputy_epoch, deputy: None, ..leadership.mandate };
        let leadership = Leadership { mandate, ..leadership };
        if self.appoints_deputies() {
            self.send_search(leadership, out);
        } else {
            self.announce_result(leadership, out);
        }
    }

    /// Looks for another deputy. The end of a lap that is under way already still reports why the leader
    /// leads.
    pub(super) fn replace_deputy(&mut self, leadership: Leadership, out: &mut Out) {
        let cause = if leadership.lap.is_none() { ElectionCause::NewDeputy } else { leadership.cause };
        self.search_deputy(Leadership { cause, ..leadership }, out);
    }

    /// Rule S7: the lap did not come back. A claim that nobody has answered is given up.
    pub(super) fn lap_timer_fired(&mut self, leadership: Leadership, out: &mut Out) {
        Self::explain(Explanation::LapTimeout, out);
        self.lap_lost();
        if self.is_claim_open() { self.claim_failed(0, out) } else { self.search_deputy(leadership, out) }
    }

    /// Rules S7 and V3: the deputy opens no heartbeat link, or a search may find one now.
    pub(super) fn deputy_timer_fired(&mut self, leadership: Leadership, out: &mut Out) {
        if let Some(deputy) = leadership.mandate.deputy {
            Self::explain(Explanation::DeputySilent { deputy: deputy.id }, out);
            self.search_deputy(Leadership { cause: ElectionCause::NewDeputy, ..leadership }, out);
        } else {
            // What a member did not know or could not hear at the last search may have reached it.
            self.note_company();
            self.find_deputy_if_none(out);
        }
    }

    /// The setting `succession` is another: a deputy is looked for, or the one that is there is none any
    /// more.
    pub(super) fn succession_changed(&mut self, out: &mut Out) {
        if self.appoints_deputies() {
            self.find_deputy_if_none(out);
        } else if let Some(leadership) = self.state.leadership()
            && (leadership.mandate.deputy.is_some() || leadership.lap == Some(Lap::Search))
        {
            Self::explain(Explanation::NoDeputyFromNowOn, out);
            self.replace_deputy(leadership, out);
        }
    }

    pub(super) fn send_search(&mut self, leadership: Leadership, out: &mut Out) {
        out.push(Effect::CancelTimer(Timer::Deputy));
        if self.begin_lap(Lap::Search, leadership, out) {
            let (mandate, ballot) = (leadership.mandate, self.claim_ballot());
            self.pass_on(DeputySearch { mandate, deputy: None, hops: 1, ballot }, out);
        }
    }

    /// Whether a lap goes round now. A member that is alone leads without one; a claimant may have to wait.
    fn begin_lap(&mut self, lap: Lap, leadership: Leadership, out: &mut Out) -> bool {
        if self.route.is_alone() {
            self.lead_alone(leadership, out);
            return false;
        }
        self.keep(leadership);
        if !self.may_begin_lap(leadership.mandate, out) {
            return false;
        }
        let company = leadership.company && lap != Lap::Search;
        self.keep(Leadership { lap: Some(lap), company, ..leadership });
        self.lap_begins();
        out.push(Effect::StartTimer { timer: Timer::Lap, after: self.lap_timeout() });
        true
    }

    /// Keeps what has changed while it leads, or claims to.
    fn keep(&mut self, leadership: Leadership) {
        if let Some(mine) = self.state.leadership_mut() {
            *mine = leadership;
        }
    }

    /// A leader, if this member is one, learns of somebody who might be deputy.
    pub(super) fn note_company(&mut self) {
        if let Some(leadership) = self.state.leadership_mut() {
            leadership.company = true;
        }
    }

    fn lead_alone(&mut self, leadership: Leadership, out: &mut Out) {
        if !self.is_leader() {
            return self.claim_failed(1, out);
        }
        let mut mandate = leadership.mandate;
        if mandate.deputy.take().is_some() {
            mandate.deputy_epoch = mandate.deputy_epoch.saturating_add(1);
        }
        self.keep(Leadership { mandate, lap: None, ..leadership });
        self.election_is_over();
        self.in_flight = None;
        Self::wait_for_nobody(out);
        // It leads before its election is complete.
        self.emit_changes(out);
        out.push(Effect::Completed { cause: leadership.cause, mandate, members: 1 });
    }

    /// Waits for neither a lap nor a deputy.
    fn wait_for_nobody(out: &mut Out) {
        out.push(Effect::CancelTimer(Timer::Lap));
        out.push(Effect::CancelTimer(Timer::Deputy));
    }

    /// Stops what only a leader waits for.
    pub(super) fn step_down(&self, out: &mut Out) {
        Self::wait_for_nobody(out);
        if self.needs_quorum() {
            out.push(Effect::CancelTimer(Timer::Lease));
            out.push(Effect::CancelTimer(Timer::Renewal));
        }
    }

    /// Rule S6: passes a search on with this member in it, if it is the best so far.
    pub(super) fn on_deputy_search(&mut self, from: NodeId, search: DeputySearch, out: &mut Out) {
        if let Some(leadership) = self.led_by(&search.mandate) {
            return self.search_is_back(leadership, from, search, out);
        }
        let Some(ballot) = self.follow_lap(from, search.into(), search.mandate, search.ballot, out) else {
            return;
        };
        let me = self.route.myself().filter(|me| me.eligible);
        if let Some(me) = me.filter(|me| search.deputy.is_none_or(|deputy| *me > deputy)) {
            Self::explain(Explanation::OfferingMyself { me }, out);
        }
        let deputy = search.deputy.max(me);
        self.pass_on(DeputySearch { deputy, hops: search.hops.saturating_add(1), ballot, ..search }, out);
    }

    /// Rules S1 and S2: adopts a result and passes it on.
    pub(super) fn on_elected(&mut self, from: NodeId, elected: Elected, out: &mut Out) {
        if let Some(leadership) = self.led_by(&elected.mandate) {
            return self.result_is_back(leadership, from, elected, out);
        }
        let Some(ballot) = self.follow_lap(from, elected.into(), elected.mandate, elected.ballot, out) else {
            return;
        };
        let Mandate { leader, deputy, .. } = elected.mandate;
        if elected.ballot.is_none() {
            let deputy = deputy.map(|deputy| deputy.id);
            Self::explain(Explanation::PassingOnResult { leader: leader.id, deputy }, out);
        }
        self.pass_on(Elected { hops: elected.hops.saturating_add(1), ballot, ..elected }, out);
    }

    /// The leadership of this member, if this is the mandate by which it leads or claims to.
    fn led_by(&self, mandate: &Mandate) -> Option<Leadership> {
        self.state.leadership().filter(|mine| mine.mandate.rank() == mandate.rank())
    }

    /// Learns from the lap of another leader, `Elected` or `DeputySearch`. Returns the ballot with which it
    /// is to be passed on, which happens once for each mandate.
    ///
    /// A neighbour's `StateUpdate` may have said the same before: that must not stop the lap, which the
    /// leader waits for.
    fn follow_lap(
        &mut self,
        from: NodeId,
        message: RingMessage,
        mandate: Mandate,
        ballot: Option<Ballot>,
        out: &mut Out,
    ) -> Option<Option<Ballot>> {
        if self.needs_quorum() {
            return self.on_claim(from, message, mandate, ballot, out);
        }
        let ends_here = mandate.leader.id == self.me || self.route.is_alone();
        let overtaken =
            self.state.mandate() == Some(mandate) && self.passed_on != Some(mandate) && !ends_here;
        if self.is_news(&mandate) {
            self.adopt(mandate, out);
        } else if !overtaken {
            self.drop_message(from, message, self.why_no_news(&mandate), out);
            return None;
        }
        if self.route.has_ineligible() {
            // The search may be the last lap, when it finds nobody.
            self.election_is_over();
        }
        if matches!(message, RingMessage::Elected(_)) {
            self.notice_missing_deputy(&mandate);
        }
        self.confirm(from);
        self.passed_on = Some(mandate);
        (!ends_here).then_some(ballot)
    }

    fn search_is_back(&mut self, leadership: Leadership, from: NodeId, search: DeputySearch, out: &mut Out) {
        if leadership.lap != Some(Lap::Search) {
            return self.drop_message(from, search, DropReason::Known, out);
        }
        if !self.claim_is_back(search.ballot, out) {
            return;
        }
        match search.deputy {
            Some(deputy) if self.route.is_unfit(deputy.id) => {
                // It does not know yet that it may not be deputy.
                Self::explain(Explanation::DeputyMayNotLead { deputy: deputy.id }, out);
                self.lap_is_over(leadership, search.mandate, search.hops, out);
                self.note_company();
                self.wait_for_deputy(out);
            }
            Some(deputy) => {
                Self::explain(Explanation::DeputyFound { deputy }, out);
                let mandate = Mandate { deputy: Some(deputy), ..leadership.mandate };
                self.announce_result(Leadership { mandate, ..leadership }, out);
            }
            None if self.route.has_ineligible() => {
                // The search lap has announced the leader; there is no deputy to announce.
                Self::explain(Explanation::NoDeputyFound, out);
                self.lap_is_over(leadership, search.mandate, search.hops, out);
                if self.state.leadership().is_some_and(|mine| mine.lap.is_none()) && self.is_watched() {
                    // The ring goes past that one yet.
                    self.wait_for_deputy(out);
                }
            }
            None => self.drop_message(from, search, DropReason::Known, out),
        }
    }

    fn result_is_back(&mut self, leadership: Leadership, from: NodeId, elected: Elected, out: &mut Out) {
        if leadership.lap != Some(Lap::Announcing) {
            return self.drop_message(from, elected, DropReason::Known, out);
        }
        if !self.claim_is_back(elected.ballot, out) {
            return;
        }
        self.lap_is_over(leadership, elected.mandate, elected.hops, out);
    }

    fn lap_is_over(&mut self, leadership: Leadership, mandate: Mandate, members: u32, out: &mut Out) {
        self.keep(Leadership { lap: None, ..leadership });
        self.lap_ends();
        self.in_flight = None;
        self.inquiries = Inquiries::default();
        self.election_is_over();
        out.push(Effect::CancelTimer(Timer::Lap));
        out.push(Effect::Completed { cause: leadership.cause, mandate, members });
        self.find_deputy_if_none(out);
    }

    /// A leader that has company but no deputy looks for one. Where some may not be deputy it looks again
    /// only when somebody has come since.
    pub(super) fn find_deputy_if_none(&mut self, out: &mut Out) {
        if let State::Leading { leadership, .. } = self.state
            && leadership.mandate.deputy.is_none()
            && self.appoints_deputies()
            && (leadership.company || !self.route.has_ineligible())
            && leadership.lap.is_none()
            && !self.route.is_alone()
        {
            Self::explain(Explanation::LookingForDeputy { lost: None }, out);
            self.replace_deputy(leadership, out);
        }
    }

    /// Rule U7: a start that has heard of no election, in a run that has held some, waits for a neighbour
    /// that knows a leader. If none does, it initiates above the highest term of the run.
    ///
    /// A member that has heard of an election ignores this term: its neighbours keep it up to date.
    pub(super) fn learn_of_run(&mut self, highest: Term, is_start: bool, out: &mut Out) {
        let knew_nothing = is_start || self.known_term() == Term::ZERO;
        if is_start || self.term == Term::ZERO {
            self.floor = self.floor.max(highest);
        }
        if !knew_nothing || self.known_term() == Term::ZERO {
            return;
        }
        Self::explain(Explanation::WaitingForLeader { term: self.known_term() }, out);
        out.push(self.wait_for_leader());
    }

    /// Rule U2: adopts a newer mandate from a neighbour and sends it on to the successor.
    pub(super) fn on_state_update(&mut self, from: NodeId, update: StateUpdate, out: &mut Out) {
        let StateUpdate { term, mandate } = update;
        match mandate {
            Some(mandate) if self.is_news(&mandate) => {
                self.adopt(mandate, out);
                self.notice_missing_deputy(&mandate);
                self.confirm(from);
                let successor = self.route.successor();
                if successor != from {
                    self.send_state_update(successor, out);
                }
            }
            Some(mandate)
                if from == mandate.leader.id
                    && self.state.following().is_some_and(|following| following.mandate == mandate)
                    && self.route.is_member(from)
                    && !self.route.is_skipped(from) =>
            {
                // The leader itself says that it still leads, and a link is there that will report when it is
                // lost.
                self.leader_is_there(from, out);
            }
            None if !self.state.is_electing()
                && (self.state == State::Idle || !self.needs_quorum())
                && term > self.term
                && self.route.has_ineligible() =>
            {
                // An election of that term is under way, or has found nobody that may lead. This member
                // waits for its end like any other, and initiates when none comes.
                self.take_part(term, self.election_timeout(), out);
            }
            _ if self.state.is_electing() && term > self.term => {
                // This member's election is of an older term than one that is under way: its next one must
                // not be.
                self.term = term;
                self.in_flight = None;
                self.state = State::Electing { best: None };
                self.classic = None;
            }
            _ => {}
        }
    }

    /// Whether this member may be the deputy that the leader of this mandate has not found.
    pub(super) fn is_missed_by(&self, mandate: &Mandate) -> bool {
        let has_none = mandate.deputy.is_none() && mandate.leader.id != self.me;
        has_none && self.may_lead() && self.route.has_ineligible() && self.appoints_deputies()
    }

    /// Ends the waiting for another leader: the one that this member follows is there.
    pub(super) fn leader_is_there(&mut self, from: NodeId, out: &mut Out) {
        if let State::Following(following) = &mut self.state {
            following.leader_lost = false;
        }
        self.confirm(from);
        self.watch_leader(out);
    }

    /// Keeps whether the leader of this mandate may have missed this member.
    pub(super) fn notice_missing_deputy(&mut self, mandate: &Mandate) {
        let unnoticed = self.is_missed_by(mandate);
        if let State::Following(following) = &mut self.state {
            following.unnoticed = unnoticed;
        }
    }

    /// Confirms this member as deputy on the word of the leader itself; the words of others may be old.
    pub(super) fn confirm(&mut self, from: NodeId) {
        if let State::Following(mut following) = self.state
            && following.mandate.leader.id == from
            && self.is_deputy_of(&following.mandate)
        {
            following.confirmed = true;
            self.state = State::Following(following);
        }
    }

    pub(super) fn is_news(&self, mandate: &Mandate) -> bool {
        let mine = self.state.mandate();
        mandate.term > self.term
            || (mandate.term == self.term && mine.is_none_or(|mine| mandate.rank() > mine.rank()))
    }

    fn why_no_news(&self, mandate: &Mandate) -> DropReason {
        match self.state.mandate() {
            Some(mine) if mine.rank() == mandate.rank() => DropReason::Known,
            _ if mandate.term < self.term => DropReason::OlderTerm { mine: self.term },
            _ => DropReason::AlreadyDecided { term: self.term },
        }
    }

    pub(super) fn adopt(&mut self, mandate: Mandate, out: &mut Out) {
        let leader = mandate.leader.id;
        self.inquiries = Inquiries::default();
        if self.state.leadership().is_some() {
            Self::explain(Explanation::SteppingDown { term: mandate.term, leader: Some(leader) }, out);
            self.step_down(out);
        }
        if mandate.term > self.term {
            self.classic = None;
        }
        if mandate.deputy.is_some() || !self.appoints_deputies() {
            self.election_is_over();
        }
        self.term = mandate.term;
        self.in_flight = None;
        // A mandate that names this member without its holding it was won by an earlier start: that leader is
        // lost. So is one that has left the ring: nobody dials it, and nobody would notice.
        let leader_lost = leader == self.me || !self.route.is_member(leader) || self.route.is_skipped(leader);
        self.state = State::Following(Following { mandate, leader_lost, confirmed: false, unnoticed: false });
        if leader_lost {
            out.push(self.wait_for_takeover());
        } else {
            self.watch_leader(out);
        }
        if let Some(here) = self.route.attribute(leader).filter(|here| *here != mandate.leader.attribute) {
            Self::explain(Explanation::AttributeDiffers { leader: mandate.leader, here }, out);
        }
        let term = mandate.term;
        Self::explain(
            if leader == self.me && !self.appoints_deputies() {
                Explanation::OldMandateWithoutDeputy { term }
            } else if leader == self.me {
                Explanation::OldMandate { term }
            } else if self.is_deputy_of(&mandate) {
                Explanation::DeputyNow { term, leader }
            } else {
                Explanation::Following { term, leader, deputy: mandate.deputy.map(|deputy| deputy.id) }
            },
            out,
        );
    }
}
