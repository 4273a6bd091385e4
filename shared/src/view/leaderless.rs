//! The time without a leader: from the last moment at which a leader served until all live members follow the
//! next one.
//!
//! It is measured by the events' own clock, [`Event::at_us`], and not by the order in which they arrive:
//! nodes report over links of their own, and what the server did to a process is published after what its
//! neighbours made of it. Evidence that arrives late moves the start of an outage back, also of one that has
//! ended.
//!
//! It is part of the reducer and no event of its own: server, page and sandbox compute the same figure from
//! the same stream, also from a recorded one.

mod outage;
mod watched;

use std::collections::VecDeque;

use serde::Serialize;

pub use self::outage::{LossCause, Outage, Took};
pub use self::watched::Watched;
use super::{NodeView, RingView};
use crate::action::{NodeAction, NodeRequest};
use crate::event::{Event, EventKind, MessageKind};
use crate::id::{Incarnation, NodeName, Term};
use crate::json;
use crate::role::{Role, Safety};

/// The number of finished outages that a view remembers.
pub const REMEMBERED_OUTAGES: usize = 16;

/// The time after an outage within which the end of the lost leader's process still explains it, in
/// microseconds: a takeover is quicker than the report that a process has ended.
const SAME_DEATH_US: u64 = 100_000;

/// The times without a leader of a run. A ring that has not had a leader yet has lost none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Leaderless {
    /// The outage that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Outage>,
    /// Those that have ended, newest first, [`REMEMBERED_OUTAGES`] at most.
    pub past: VecDeque<Outage>,
    /// The leader that the members follow; `None` before the first one and during an outage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
}

json::read_by_name! { Leaderless { now, watched } or default { past } }

impl Leaderless {
    /// The outage that runs, or else the last one.
    #[must_use]
    pub fn latest(&self) -> Option<&Outage> {
        self.now.as_ref().or_else(|| self.past.front())
    }

    fn lose(&mut self, at_us: u64, cause: LossCause) -> Option<&mut Outage> {
        let number = self.past.front().map_or(0, |last| last.number) + 1;
        let watched = self.watched.take()?;
        Some(self.now.insert(watched.lost(number, at_us, cause)))
    }

    /// The outage in which this start of a member was lost, when it runs, or has ended only after this
    /// moment.
    fn outage_of(
        &mut self,
        name: Option<&NodeName>,
        incarnation: Incarnation,
        at_us: u64,
    ) -> Option<&mut Outage> {
        let ended = self.past.front_mut().filter(|last| {
            let led = last.led_since_us <= at_us && last.ended_us.is_some_and(|ended_us| at_us <= ended_us);
            led && last.leader.as_ref() != Some(&last.lost)
        });
        self.now.as_mut().or(ended).filter(|outage| outage.is_of(name, incarnation))
    }

    /// Handles the end or the stop of a member's process: a leader is lost by it.
    fn process(&mut self, event: &Event, cause: LossCause, requested: bool) {
        let (name, incarnation, at_us) = (event.node.as_ref(), event.incarnation, event.at_us);
        let is_it = |watched: &Watched| name == Some(&watched.leader) && incarnation == watched.incarnation;
        if let Some(watched) = self.watched.as_ref().filter(|watched| is_it(watched)) {
            // Links may report the end of a process before the server does, but not before it was asked for.
            let silent = watched.silent_since().filter(|_| !requested);
            let started_us = silent.map_or(at_us, |silent| silent.min(at_us));
            self.lose(started_us, cause);
        } else if let Some(outage) = self.outage_of(name, incarnation, at_us) {
            outage.explain(at_us, cause);
        } else if let Some(last) = self.past.front_mut().filter(|last| {
            let soon = last.ended_us.is_some_and(|ended_us| at_us <= ended_us.saturating_add(SAME_DEATH_US));
            soon && last.cause == LossCause::LinkLost && last.is_of(name, incarnation)
        }) {
            last.explain(at_us, cause);
        }
    }

    /// Handles the failure of a link, which a live member reports.
    fn link_failed(&mut self, peer: &NodeName, at_us: u64) {
        if let Some(watched) = self.watched.as_mut().filter(|watched| watched.leader == *peer) {
            watched.failed(at_us);
        }
        let ended =
            self.past.front_mut().filter(|last| last.ended_us.is_some_and(|ended_us| at_us <= ended_us));
        if let Some(outage) = self.now.as_mut().or(ended).filter(|outage| outage.lost == *peer) {
            outage.notice(at_us);
        }
    }
}

/// Whether the node itself reports this event; else the server does.
fn is_by_node(kind: &EventKind) -> bool {
    match kind {
        EventKind::Ready { .. }
        | EventKind::RoleChanged { .. }
        | EventKind::ProgressChanged { .. }
        | EventKind::SuccessorChanged { .. }
        | EventKind::Sent { .. }
        | EventKind::Received { .. }
        | EventKind::Dropped { .. }
        | EventKind::Lost { .. }
        | EventKind::Injected { .. }
        | EventKind::LinkUp { .. }
        | EventKind::LinkDown { .. }
        | EventKind::Heartbeat { .. }
        | EventKind::PortTaken { .. }
        | EventKind::Explained { .. }
        | EventKind::PromiseFailed { .. }
        | EventKind::Leaving
        | EventKind::RecordingEnded { .. }
        | EventKind::Completed { .. }
        | EventKind::Refused { .. }
        | EventKind::Overflow { .. } => true,
        EventKind::RunStarted { .. }
        | EventKind::MemberAdded { .. }
        | EventKind::MemberRemoved
        | EventKind::AttributeChanged { .. }
        | EventKind::EligibilityChanged { .. }
        | EventKind::SettingsChanged { .. }
        | EventKind::LinkFaultChanged { .. }
        | EventKind::PartitionChanged { .. }
        | EventKind::Requested { .. }
        | EventKind::Spawned { .. }
        | EventKind::StartFailed { .. }
        | EventKind::RestartPlanned { .. }
        | EventKind::GivenUp { .. }
        | EventKind::Exited { .. }
        | EventKind::ExitOverdue { .. }
        | EventKind::Stderr { .. }
        | EventKind::Paused
        | EventKind::Resumed => false,
    }
}

/// Whether such a message is sent only in an election, or by a leader that has won or claims.
const fn is_of_election(kind: MessageKind) -> bool {
    match kind {
        MessageKind::Election
        | MessageKind::Classic
        | MessageKind::RollCall
        | MessageKind::Found
        | MessageKind::DeputySearch
        | MessageKind::Elected
        | MessageKind::Vacant => true,
        MessageKind::Lease | MessageKind::StateUpdate | MessageKind::Inquiry => false,
    }
}

impl RingView {
    /// Keeps the account of the time without a leader, after an event has been applied to the members.
    /// `turned` says whether it changed who lives, or whom a live member follows.
    pub(super) fn account(&mut self, event: &Event, turned: bool) {
        let at_us = event.at_us;
        match &event.kind {
            EventKind::Requested { action } => match action {
                NodeRequest::Act(NodeAction::Kill) => self.leaderless.process(event, LossCause::Killed, true),
                NodeRequest::Act(NodeAction::Exit) => self.leaderless.process(event, LossCause::Exited, true),
                NodeRequest::Act(NodeAction::Pause) => self.leaderless.process(event, LossCause::Hung, true),
                NodeRequest::Act(NodeAction::Start | NodeAction::Resume) | NodeRequest::Initiate => {}
            },
            EventKind::Exited { signal: Some(_), .. } => {
                self.leaderless.process(event, LossCause::Killed, false)
            }
            EventKind::Exited { signal: None, .. } => {
                self.leaderless.process(event, LossCause::Exited, false)
            }
            EventKind::Paused => self.leaderless.process(event, LossCause::Hung, false),
            EventKind::MemberRemoved => self.leaderless.process(event, LossCause::Removed, false),
            EventKind::Resumed => {
                if let Some(outage) = self.leaderless.now.as_mut() {
                    outage.may_return |= outage.is_of(event.node.as_ref(), event.incarnation)
                        && outage.cause == LossCause::Hung;
                }
            }
            EventKind::LinkDown { peer, failure: true, .. } => self.leaderless.link_failed(peer, at_us),
            EventKind::Sent { message, .. } if is_of_election(message.message) => {
                self.see_term(event, message.term);
            }
            EventKind::RoleChanged { role, term, .. } => self.see_role(event, *role, *term),
            _ => {}
        }
        if let Some(watched) = self.leaderless.watched.as_mut()
            && event.node.as_ref() == Some(&watched.leader)
            && event.incarnation == watched.incarnation
            && is_by_node(&event.kind)
        {
            watched.heard_us = watched.heard_us.max(at_us);
        }
        if turned {
            self.see_turn(at_us);
        }
    }

    /// Handles a change of a live member's role, term or leader.
    fn see_role(&mut self, event: &Event, role: Role, term: Term) {
        let Some(watched) = &self.leaderless.watched else { return self.see_term(event, term) };
        let is_its = event.node.as_ref() == Some(&watched.leader) && event.incarnation == watched.incarnation;
        if !is_its {
            return self.see_term(event, term);
        }
        if role == Role::Leader {
            // A leader that is alone wins the next term at once.
            if let Some(watched) = &mut self.leaderless.watched {
                watched.term = watched.term.max(term);
            }
            return;
        }
        let lease_is_over = self.settings.safety == Safety::Quorum && term == watched.term;
        let cause = if lease_is_over { LossCause::LeaseLost } else { LossCause::Unseated };
        if let Some(outage) = self.leaderless.lose(event.at_us, cause) {
            outage.notice(event.at_us);
            if !lease_is_over {
                outage.claim(event.at_us);
            }
        }
    }

    /// Handles a term that a live member reports: when it is newer than the leader's, and the leader reaches
    /// the member, the leader's time is over.
    fn see_term(&mut self, event: &Event, term: Term) {
        let Some(name) = event.node.as_ref() else { return };
        if self.node(name).is_none_or(|node| node.incarnation != event.incarnation) {
            return;
        }
        let is_newer = match (&self.leaderless.watched, self.leaderless.latest()) {
            (Some(watched), _) if term > watched.term => self.reaches(&watched.leader, name),
            (_, Some(outage)) => {
                let next = self.leaderless.watched.as_ref().map_or(term, |watched| watched.term);
                let in_time = outage.ended_us.is_none_or(|ended_us| event.at_us <= ended_us);
                in_time && term > outage.term && term <= next && self.is_in_largest(name)
            }
            _ => false,
        };
        if !is_newer {
            return;
        }
        if let Some(watched) = &self.leaderless.watched
            && term > watched.term
        {
            let (at_us, silent) = (event.at_us, watched.silent_since());
            let cause = if silent.is_some() { LossCause::LinkLost } else { LossCause::Unseated };
            let started_us = silent.map_or(at_us, |silent| silent.min(at_us));
            if let Some(outage) = self.leaderless.lose(started_us, cause) {
                outage.notice(silent.unwrap_or(at_us));
            }
        }
        let past = self.leaderless.past.front_mut();
        if let Some(outage) = self.leaderless.now.as_mut().or(past) {
            outage.claim(event.at_us);
        }
    }

    /// Whether a member is in one of the largest parts: the elections of smaller ones do not end an outage.
    fn is_in_largest(&self, name: &NodeName) -> bool {
        !self.has_cuts() || self.largest_parts().iter().any(|part| part.iter().any(|node| node.name == *name))
    }

    /// Whether two live members are in one part.
    fn reaches(&self, one: &NodeName, other: &NodeName) -> bool {
        let is_in = |part: &Vec<&NodeView>, name: &NodeName| part.iter().any(|node| node.name == *name);
        !self.has_cuts() || self.parts().iter().any(|part| is_in(part, one) && is_in(part, other))
    }

    /// The largest of the [parts](Self::parts); several when they are equally large.
    fn largest_parts(&self) -> Vec<Vec<&NodeView>> {
        let mut parts = self.parts();
        let most = parts.iter().map(Vec::len).max().unwrap_or(0);
        parts.retain(|part| part.len() == most);
        parts
    }

    /// Handles a change of the live members, of their reach or of their leaders: an outage may begin by it,
    /// or end.
    fn see_turn(&mut self, at_us: u64) {
        if let Some(outage) = &mut self.leaderless.now {
            outage.turned_us = outage.turned_us.max(at_us);
        }
        if let Some(watched) = &self.leaderless.watched {
            let serves = |part: &Vec<&NodeView>| part.iter().any(|node| node.name == watched.leader);
            if self.has_cuts() && !self.largest_parts().iter().any(serves) {
                self.leaderless.lose(at_us, LossCause::CutOff);
            }
            return;
        }
        let Some(leader) = self.settled() else { return };
        let (name, incarnation, term) = (leader.name.clone(), leader.incarnation, leader.term);
        let ended_us = self.leaderless.now.as_ref().map_or(at_us, |outage| outage.turned_us);
        if let Some(mut outage) = self.leaderless.now.take() {
            outage.ended_us = Some(ended_us.max(outage.started_us));
            outage.leader = Some(name.clone());
            outage.add_up();
            self.leaderless.past.push_front(outage);
            self.leaderless.past.truncate(REMEMBERED_OUTAGES);
        }
        self.leaderless.watched = Some(Watched {
            leader: name,
            incarnation,
            term,
            since_us: ended_us,
            heard_us: ended_us,
            failed_us: None,
        });
    }

    /// The next leader, once all live members of a largest part follow it. The lost one, which has not heard
    /// of it, need not.
    fn settled(&self) -> Option<&NodeView> {
        self.leading()?;
        let outage = self.leaderless.now.as_ref();
        let leads = |node: &NodeView| node.role == Some(Role::Leader);
        let is_former = |node: &NodeView| {
            outage.is_some_and(|outage| {
                outage.is_of(Some(&node.name), node.incarnation) && node.term <= outage.term
            })
        };
        let may_lead = |node: &NodeView| {
            !is_former(node) || outage.is_some_and(|outage| outage.may_return && node.term == outage.term)
        };
        let leader_of = |part: &Vec<&NodeView>| -> Option<usize> {
            let leaders = part.iter().filter(|node| leads(node) && may_lead(node));
            let leader = leaders.max_by_key(|node| node.term)?;
            let follows = |node: &&NodeView| {
                node.leader.as_ref() == Some(&leader.name) || (is_former(node) && leads(node))
            };
            part.iter().all(follows).then(|| self.index(&leader.name))?
        };
        let leaders = self.largest_parts().iter().filter_map(leader_of).collect::<Vec<_>>();
        leaders.into_iter().filter_map(|at| self.nodes.get(at)).max_by_key(|node| node.term)
    }
}
