//! Links that come and go, and their consequences for the ring and its leader.

use std::sync::Arc;

use ringleader_shared::event::ElectionCause;
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{Contender, NodeId, RingMessage, RingSettings};

use super::{Core, Out};
use crate::planted::{Bug, planted};
use crate::{Effect, Explanation, Timer, Timing};

impl Core {
    pub(super) fn configure(
        &mut self,
        ring: Arc<[Contender]>,
        timing: Timing,
        settings: RingSettings,
        out: &mut Out,
    ) {
        let first = self.reported.is_none();
        let led_without_quorum = self.leading && !self.needs_quorum();
        let succession = self.settings.succession;
        let before = self.route.successor();
        let could_lead = self.may_lead();
        let had_ineligible = self.route.has_ineligible();
        self.timing = timing;
        self.route.configure(ring);
        let successor = self.route.successor();
        self.settings = settings;
        if first {
            out.push(Effect::SuccessorChanged(successor));
            self.remember_promise();
            return;
        }
        if led_without_quorum && self.needs_quorum() {
            Self::explain(Explanation::RenewingForQuorum, out);
            self.initiate(out);
        }
        let (unsent, term) = (self.in_flight.take(), self.term);
        if let Some(mandate) = self.mandate {
            if !self.route.is_member(mandate.leader.id) {
                self.lost(mandate.leader.id, successor != before, out);
            } else if let Some(deputy) = mandate.deputy.filter(|deputy| !self.route.is_member(deputy.id)) {
                self.lost(deputy.id, successor != before, out);
            }
        }
        self.company |= had_ineligible || self.route.has_ineligible();
        if succession != settings.succession {
            self.succession_changed(out);
        }
        self.eligibility_changed(could_lead, out);
        if successor != before {
            Self::explain(Explanation::NewSuccessor { successor }, out);
            out.push(Effect::SuccessorChanged(successor));
            self.send_again(unsent, out);
            if self.term == term {
                self.neighbours_changed(out);
            }
        } else if self.in_flight.is_none() {
            self.in_flight = unsent;
        }
    }

    /// Members may lead that might not before, or the other way round. A leader stays; its deputy may have to
    /// be another one.
    fn eligibility_changed(&mut self, could_lead: bool, out: &mut Out) {
        let deputy = self.mandate.and_then(|mandate| mandate.deputy).map(|deputy| deputy.id);
        let unfit = deputy.filter(|deputy| self.leading && self.route.is_unfit(*deputy));
        if let Some(deputy) = unfit {
            Self::explain(Explanation::DeputyMayNotLead { deputy }, out);
            if self.lap.is_none() {
                self.cause = ElectionCause::NewDeputy;
            }
            self.search_deputy(out);
        } else if self.company {
            self.find_deputy_if_none(out);
        }
        if self.may_lead() && !could_lead {
            // The leader may have heard of it first, and have asked me too early.
            self.unnoticed |= self.mandate.is_some_and(|mandate| self.is_missed_by(&mandate));
            if self.knows_no_leader() {
                self.initiate(out);
            }
        }
    }

    /// Rules R1 and S8: routes past a member that does not answer, and answers the loss of the leader.
    pub(super) fn link_down(
        &mut self,
        peer: NodeId,
        link: LinkKind,
        direction: LinkDirection,
        out: &mut Out,
    ) {
        if link == LinkKind::Heartbeat && direction == LinkDirection::Incoming {
            self.unwatched(peer, out);
        }
        let unanswered = self.unanswered(peer);
        if link == LinkKind::Direct {
            // Whether it still has its place in the ring, the ring's links decide.
            if unanswered {
                self.goes_unanswered(peer, out);
            }
            return;
        }
        let follower_lost =
            link == LinkKind::Ring && direction == LinkDirection::Incoming && self.route.unfollowed(peer);
        let (unsent, term) = (self.in_flight.take(), self.term);
        let repaired = self.route.skip(peer);
        if repaired {
            let successor = self.route.successor();
            Self::explain(
                if successor == self.me {
                    Explanation::Alone
                } else {
                    Explanation::RoutingPast { lost: peer, successor }
                },
                out,
            );
            out.push(Effect::SuccessorChanged(successor));
        }
        match link {
            LinkKind::Ring | LinkKind::Heartbeat => self.lost(peer, repaired, out),
            LinkKind::Direct => {}
        }
        if repaired {
            // A result that names the lost member as deputy is void: its leader looks for another one.
            let unsent = unsent.filter(|message| !names_deputy(message, peer));
            self.send_again(unsent, out);
        } else if self.in_flight.is_none() {
            self.in_flight = unsent;
        }
        if self.term == term && unanswered {
            self.goes_unanswered(peer, out);
        }
        if self.term == term && (repaired || follower_lost) {
            self.neighbours_changed(out);
        }
    }

    /// Ring repair undone: a member answers, for the first time or again. Both ends send each other what they
    /// know.
    pub(super) fn link_up(&mut self, peer: NodeId, link: LinkKind, direction: LinkDirection, out: &mut Out) {
        match link {
            LinkKind::Direct => self.unreachable.retain(|id| *id != peer),
            LinkKind::Heartbeat => {
                if direction == LinkDirection::Incoming {
                    self.watchers.insert(peer);
                }
                self.company |= self.leading && self.route.has_ineligible();
                let is_my_deputy =
                    self.leading && self.mandate.is_some_and(|mandate| mandate.names_deputy(peer));
                if is_my_deputy && !planted(Bug::DeputyNeverCounts) {
                    out.push(Effect::CancelTimer(Timer::Deputy));
                }
                if self.leading && !planted(Bug::DeputyNotConfirmed) {
                    // Confirms the deputy, or shows a member that takes itself for one that it has missed
                    // something.
                    self.send_state_update(peer, out);
                }
                if self.route.has_ineligible() {
                    self.find_deputy_if_none(out);
                }
            }
            LinkKind::Ring => {
                let before = self.route.successor();
                self.route.readmit(peer);
                let successor = self.route.successor();
                let followed = direction == LinkDirection::Incoming && self.route.followed(peer);
                if successor != before {
                    Self::explain(Explanation::Readmitting { member: successor }, out);
                    out.push(Effect::SuccessorChanged(successor));
                }
                if !planted(Bug::StateNotShared) {
                    self.send_state_update(peer, out);
                }
                self.company |= self.route.has_ineligible();
                self.find_deputy_if_none(out);
                if successor != before || followed {
                    self.neighbours_changed(out);
                    if self.is_vacant() && self.route.is_eligible(peer) {
                        self.initiate(out);
                    }
                }
            }
        }
    }

    /// A deputy that stops watching takes part in a newer election, or is the deputy no longer. When nothing
    /// comes of that, another one must be found.
    pub(super) fn link_closed(
        &mut self,
        peer: NodeId,
        link: LinkKind,
        direction: LinkDirection,
        out: &mut Out,
    ) {
        if link == LinkKind::Ring && direction == LinkDirection::Incoming && self.route.unfollowed(peer) {
            self.neighbours_changed(out);
        }
        if link == LinkKind::Heartbeat && direction == LinkDirection::Incoming {
            self.unwatched(peer, out);
        }
        let was_watching =
            link == LinkKind::Heartbeat && self.mandate.is_some_and(|mandate| mandate.names_deputy(peer));
        if self.leading && was_watching {
            out.push(Effect::StartTimer { timer: Timer::Deputy, after: self.timing.deputy });
        }
    }

    /// A heartbeat link has ended. When nobody is left for whom another search would be worth its lap, the
    /// leader does not wait for one.
    fn unwatched(&mut self, peer: NodeId, out: &mut Out) {
        self.watchers.remove(&peer);
        let has_deputy = self.mandate.is_some_and(|mandate| mandate.deputy.is_some());
        if self.leading && !has_deputy && self.lap.is_none() && !self.company && !self.is_watched() {
            out.push(Effect::CancelTimer(Timer::Deputy));
        }
    }

    /// Whether a member that may be deputy watches this one.
    pub(super) fn is_watched(&self) -> bool {
        self.watchers.iter().any(|watcher| self.route.is_eligible(*watcher))
    }

    /// The consequences of a lost member for who leads. `repaired`: this member has closed the gap in the
    /// ring.
    fn lost(&mut self, peer: NodeId, repaired: bool, out: &mut Out) {
        if let Some(best) = self.election.and_then(|election| election.best)
            && (best.id == peer || self.route.is_alone())
        {
            if best.id == peer {
                Self::explain(Explanation::CandidateLost { candidate: best }, out);
            }
            return self.initiate(out);
        }
        let Some(mandate) = self.mandate else { return };
        if self.leading {
            let deputy_lost = mandate.names_deputy(peer) && !planted(Bug::DeputyLossIgnored);
            if deputy_lost {
                Self::explain(Explanation::LookingForDeputy { lost: Some(peer) }, out);
            }
            if deputy_lost || (self.route.is_alone() && self.lap.is_some()) {
                if self.lap.is_none() {
                    self.cause = ElectionCause::NewDeputy;
                }
                self.search_deputy(out);
            }
        } else if mandate.leader.id == peer && !self.leader_lost && !self.appoints_deputies() {
            self.replace_by_election(peer, repaired, out);
        } else if mandate.leader.id == peer && !self.leader_lost {
            if self.is_deputy_of(&mandate) && planted(Bug::DeputyStandsStill) {
                return;
            }
            if self.is_deputy_of(&mandate) && !self.may_lead() {
                Self::explain(Explanation::LeaderLostIneligible { leader: peer }, out);
                return self.initiate(out);
            }
            if self.is_deputy_of(&mandate) && (self.confirmed || planted(Bug::UnconfirmedTakesOver)) {
                return self.take_over(peer, out);
            }
            if self.is_deputy_of(&mandate) {
                Self::explain(Explanation::LeaderLostUnconfirmed { leader: peer }, out);
                return self.initiate(out);
            }
            self.leader_lost = true;
            Self::explain(Explanation::LeaderLost { leader: peer }, out);
            if !planted(Bug::FollowersWaitForEver) {
                out.push(self.wait_for_takeover());
            }
        }
    }

    /// Rule S9: initiates the next election when the leader is lost and no deputy takes over.
    ///
    /// A classic ring election needs neighbours that stay, so the member that closes the gap starts it. The
    /// member behind the gap waits for that election: its own would end when the repair arrives. It initiates
    /// only if none comes.
    fn replace_by_election(&mut self, leader: NodeId, repaired: bool, out: &mut Out) {
        self.leader_lost = true;
        if planted(Bug::LossWithoutElection) {
            return;
        }
        if repaired || !self.holds_classic_ring() {
            Self::explain(Explanation::LeaderLostElecting { leader }, out);
            return self.initiate(out);
        }
        Self::explain(Explanation::LeaderLostWaiting { leader }, out);
        out.push(self.wait_for_takeover());
    }

    /// The message that the lost successor may have taken with it goes to the new one, unless something newer
    /// went.
    fn send_again(&mut self, unsent: Option<RingMessage>, out: &mut Out) {
        if self.in_flight.is_some() || self.leader_lost || self.route.is_alone() {
            return;
        }
        let still_counts = |message: &RingMessage| message.term() == self.term;
        if let Some(message) = unsent.filter(still_counts).filter(|_| !planted(Bug::NothingSentAgain)) {
            Self::explain(Explanation::SendingAgain { to: self.route.successor() }, out);
            self.pass_on(message, out);
        }
    }
}

fn names_deputy(message: &RingMessage, id: NodeId) -> bool {
    matches!(message, RingMessage::Elected(elected) if elected.mandate.names_deputy(id))
}
