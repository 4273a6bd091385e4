//! Links that come and go, and their consequences for the ring and its leader.

use std::sync::Arc;

use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{Contender, NodeId, RingMessage, RingSettings};

use super::{Core, Following, Leadership, Out, State};
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
        let needed_quorum = self.needs_quorum();
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
        if let Some(leadership) = self.state.leadership().filter(|_| self.needs_quorum() != needed_quorum) {
            self.lead_or_claim(leadership);
            if !needed_quorum {
                Self::explain(Explanation::RenewingForQuorum, out);
                self.initiate(out);
            }
        }
        let (unsent, term) = (self.in_flight.take(), self.term);
        if let Some(mandate) = self.state.mandate() {
            if !self.route.is_member(mandate.leader.id) {
                self.lost(mandate.leader.id, successor != before, out);
            } else if let Some(deputy) = mandate.deputy.filter(|deputy| !self.route.is_member(deputy.id)) {
                self.lost(deputy.id, successor != before, out);
            }
        }
        if had_ineligible || self.route.has_ineligible() {
            self.note_company();
        }
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
        if let Some(leadership) = self.state.leadership() {
            let deputy = leadership.mandate.deputy.map(|deputy| deputy.id);
            if let Some(deputy) = deputy.filter(|deputy| self.route.is_unfit(*deputy)) {
                Self::explain(Explanation::DeputyMayNotLead { deputy }, out);
                self.replace_deputy(leadership, out);
            } else if leadership.company {
                self.find_deputy_if_none(out);
            }
        }
        if self.may_lead() && !could_lead {
            // The leader may have heard of it first, and have asked this member too early.
            if let Some(following) = self.state.following().filter(|mine| self.is_missed_by(&mine.mandate)) {
                self.state = State::Following(Following { unnoticed: true, ..following });
            }
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
        self.lost(peer, repaired, out);
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
        if repaired && self.route.is_alone() {
            self.asks_anew(out);
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
                if let Some(leadership) = self.state.leadership() {
                    if leadership.mandate.names_deputy(peer) {
                        out.push(Effect::CancelTimer(Timer::Deputy));
                    }
                    // Confirms the deputy, or shows a member that takes itself for one that it has missed
                    // something.
                    self.send_state_update(peer, out);
                }
                if self.route.has_ineligible() {
                    self.note_company();
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
                self.send_state_update(peer, out);
                if self.route.has_ineligible() {
                    self.note_company();
                }
                self.find_deputy_if_none(out);
                if peer == successor && direction == LinkDirection::Outgoing {
                    self.successor_linked(out);
                }
                if successor != before || followed {
                    self.neighbours_changed(out);
                    if self.is_vacant() && self.route.is_eligible(peer) {
                        self.initiate(out);
                    }
                }
            }
        }
    }

    /// Rule R5: the link has another way. What was under way on it may be lost.
    pub(super) fn link_replaced(
        &mut self,
        peer: NodeId,
        link: LinkKind,
        direction: LinkDirection,
        out: &mut Out,
    ) {
        self.link_up(peer, link, direction, out);
        let carries_laps = (link, direction) == (LinkKind::Ring, LinkDirection::Outgoing);
        if carries_laps && peer == self.route.successor() {
            let unsent = self.in_flight.take();
            self.send_again(unsent, out);
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
        let is_deputy = |leadership: Leadership| leadership.mandate.names_deputy(peer);
        if link == LinkKind::Heartbeat && self.state.leadership().is_some_and(is_deputy) {
            self.wait_for_deputy(out);
        }
    }

    /// A heartbeat link has ended. When nobody is left for whom another search would be worth its lap, the
    /// leader does not wait for one.
    fn unwatched(&mut self, peer: NodeId, out: &mut Out) {
        self.watchers.remove(&peer);
        let searches_no_more = |leadership: Leadership| {
            leadership.mandate.deputy.is_none() && leadership.lap.is_none() && !leadership.company
        };
        if self.state.leadership().is_some_and(searches_no_more) && !self.is_watched() {
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
        match self.state {
            State::Electing { best: Some(best) } if best.id == peer || self.route.is_alone() => {
                if best.id == peer {
                    Self::explain(Explanation::CandidateLost { candidate: best }, out);
                }
                self.initiate(out);
            }
            State::Claiming { leadership, .. } | State::Leading { leadership, .. } => {
                let deputy_lost = leadership.mandate.names_deputy(peer);
                if deputy_lost {
                    Self::explain(Explanation::LookingForDeputy { lost: Some(peer) }, out);
                }
                if deputy_lost || (self.route.is_alone() && leadership.lap.is_some()) {
                    self.replace_deputy(leadership, out);
                }
            }
            State::Following(following) if following.mandate.leader.id == peer && !following.leader_lost => {
                if self.appoints_deputies() {
                    self.leader_lost(following, out);
                } else {
                    self.replace_by_election(following, repaired, out);
                }
            }
            State::Idle | State::Electing { .. } | State::Following(_) => {}
        }
    }

    /// Rules S5 and S8: the deputy takes over, or initiates where it must not; others wait for it.
    fn leader_lost(&mut self, following: Following, out: &mut Out) {
        let leader = following.mandate.leader.id;
        if !self.is_deputy_of(&following.mandate) {
            self.state = State::Following(Following { leader_lost: true, ..following });
            Self::explain(Explanation::LeaderLost { leader }, out);
            out.push(self.wait_for_takeover());
        } else if !self.may_lead() {
            Self::explain(Explanation::LeaderLostIneligible { leader }, out);
            self.initiate(out);
        } else if following.confirmed {
            self.take_over(following, out);
        } else {
            Self::explain(Explanation::LeaderLostUnconfirmed { leader }, out);
            self.initiate(out);
        }
    }

    /// Rule S9: initiates the next election when the leader is lost and no deputy takes over.
    ///
    /// A classic ring election needs neighbours that stay, so the member that closes the gap starts it. The
    /// member behind the gap waits for that election: its own would end when the repair arrives. It initiates
    /// only if none comes.
    fn replace_by_election(&mut self, following: Following, repaired: bool, out: &mut Out) {
        let leader = following.mandate.leader.id;
        self.state = State::Following(Following { leader_lost: true, ..following });
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
        let leader_lost = self.state.following().is_some_and(|following| following.leader_lost);
        if self.in_flight.is_some() || leader_lost || self.route.is_alone() {
            return;
        }
        let still_counts = |message: &RingMessage| message.term() == self.term;
        if let Some(message) = unsent.filter(still_counts) {
            Self::explain(Explanation::SendingAgain { to: self.route.successor() }, out);
            self.pass_on(message, out);
        }
    }
}

fn names_deputy(message: &RingMessage, id: NodeId) -> bool {
    matches!(message, RingMessage::Elected(elected) if elected.mandate.names_deputy(id))
}
