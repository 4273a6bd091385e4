//! Asking before a term is raised: rules E10 to E12.
//!
//! A member that has waited for a leader in vain may itself be the one that has failed, or be cut off with
//! too few others. An election that it initiated would unseat a leader that works, or raise the term in vain.
//! So it first sends an inquiry round the ring.

use ringleader_shared::NodeId;
use ringleader_shared::message::Inquiry;

use super::{Core, Out, State};
use crate::{DropReason, Effect, Explanation, Time, Timer};

/// The most doublings of the time between two inquiries.
const MOST_DOUBLINGS: u8 = 3;

/// The inquiries that a member has made since it knew a leader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Inquiries {
    /// Number of doublings of the time to the next one.
    doublings: u8,
    /// The time at which the last one was sent, while it has not come home.
    asked_at: Option<Time>,
}

impl Core {
    /// Rule E10: sends an inquiry, and waits for it. A member that reaches nobody has nobody to ask.
    pub(super) fn inquire(&mut self, out: &mut Out) {
        if self.route.is_alone() {
            return self.initiate(out);
        }
        let term = self.known_term();
        let is_lost = self.inquiries.asked_at.is_some();
        Self::explain(
            if is_lost { Explanation::InquiryUnanswered } else { Explanation::Inquiring { term } },
            out,
        );
        self.inquiries.asked_at = Some(self.now);
        self.wait_longer(out);
        self.send_on(Inquiry { term, initiator: self.me, leader: None, supporters: 1, hops: 1 }, out);
    }

    /// The link to the successor is up. What is under way round the ring may have waited for it, which says
    /// nothing of how long a lap takes.
    pub(super) fn successor_linked(&mut self, out: &mut Out) {
        if let Some(asked_at) = &mut self.inquiries.asked_at {
            *asked_at = self.now;
        }
        self.lap_waited();
        self.asks_anew(out);
    }

    /// Asks again soon where it has asked in vain: the ring is another. After that it takes another inquiry
    /// before this happens again, so a successor that comes and goes stops nobody from asking.
    pub(super) fn asks_anew(&mut self, out: &mut Out) {
        let elects = matches!(self.state, State::Electing { .. } | State::Claiming { .. });
        if !self.has_leader() && !elects && self.inquiries.doublings > 1 {
            self.inquiries.doublings = 0;
            self.wait_longer(out);
        }
    }

    /// Waits for twice as long as the last time, within bounds.
    fn wait_longer(&mut self, out: &mut Out) {
        let doublings = self.inquiries.doublings;
        self.inquiries.doublings = (doublings + 1).min(MOST_DOUBLINGS);
        let after = self.election_timeout().saturating_mul(1 << doublings);
        out.push(Effect::StartTimer { timer: Timer::Election, after });
    }

    /// Rule E11: passes the inquiry of another member on. A leader names itself in it.
    pub(super) fn on_inquiry(&mut self, from: NodeId, inquiry: Inquiry, out: &mut Out) {
        if inquiry.initiator == self.me {
            return self.inquiry_is_back(from, inquiry, out);
        }
        if self.route.is_alone() {
            return self.drop_message(from, inquiry, DropReason::EndsHere, out);
        }
        let Inquiry { term, supporters, hops, .. } = inquiry;
        let mine = match &self.state {
            State::Leading { leadership, .. } => Some(leadership.mandate),
            State::Idle | State::Electing { .. } | State::Claiming { .. } | State::Following(_) => None,
        };
        let leader = inquiry.leader.into_iter().chain(mine).max_by_key(ringleader_shared::Mandate::rank);
        let supporters = supporters.saturating_add(u32::from(!self.has_leader()));
        let (term, hops) = (term.max(self.known_term()), hops.saturating_add(1));
        self.send_on(Inquiry { term, leader, supporters, hops, ..inquiry }, out);
    }

    /// Rule E12: initiates if nobody on the way leads and, in quorum mode, a majority has no leader.
    fn inquiry_is_back(&mut self, from: NodeId, inquiry: Inquiry, out: &mut Out) {
        let Inquiry { term, leader, supporters, .. } = inquiry;
        if self.has_leader() || term < self.known_term() {
            return self.drop_message(from, inquiry, DropReason::Known, out);
        }
        if let Some(asked_at) = self.inquiries.asked_at.take() {
            let waits = self.election_timeout();
            self.lap_took(self.now.since(asked_at));
            if self.election_timeout() > waits {
                // The ring is slower than this member knew: an election may be under way.
                return self.wait_longer(out);
            }
        }
        // Where somebody knows of a newer term, only an election above that unites the ring.
        if let Some(mandate) = leader.filter(|leader| leader.term >= term) {
            Self::explain(Explanation::InquiryMetLeader { leader: mandate.leader.id }, out);
            if self.is_news(&mandate) {
                self.adopt(mandate, out);
            } else if !self.route.is_skipped(mandate.leader.id)
                && self.state.following().is_some_and(|mine| mine.mandate.rank() == mandate.rank())
            {
                self.leader_is_there(from, out);
            }
            return;
        }
        let needed = self.majority();
        if self.needs_quorum() && supporters < needed {
            // The leader that it followed is lost, and nobody can replace it.
            self.state = State::Idle;
            return Self::explain(Explanation::InquiryOfFew { supporters, needed }, out);
        }
        self.term = self.term.max(term);
        self.initiate(out);
    }
}
