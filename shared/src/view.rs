//! The view of the ring: one value, made by applying events. The server answers with it, the page draws
//! it, and both get it by the same [`RingView::apply`].

mod election;
mod leader;
mod leaderless;
mod links;
mod node;
mod reach;

use std::collections::VecDeque;

use serde::Serialize;
use uuid::Uuid;

use crate::event::{Event, EventKind};
use crate::fault::FaultyLink;
use crate::id::{NodeName, RunId, Seq, Term};
use crate::json;
use crate::role::{NodeState, Role, Safety};
use crate::settings::RingSettings;

pub use self::election::{ElectionView, quiet_cost};
pub use self::leader::Led;
pub use self::leaderless::{Leaderless, LossCause, Outage, REMEMBERED_OUTAGES, Took, Watched};
pub use self::links::{LinkView, Reach};
pub use self::node::NodeView;

/// The number of finished elections that a view remembers.
pub const REMEMBERED_ELECTIONS: usize = 8;

/// The ring after the event `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RingView {
    /// The last event that is in this view.
    pub seq: Seq,
    /// The run.
    pub run: RunId,
    /// The highest term that a member has reported in this run, or the one from which the run went on: it
    /// never goes back.
    pub term: Term,
    /// The leader that all live members agree on; `None` while they don't.
    pub leader: Option<NodeName>,
    /// The deputy that all live members agree on; `None` while they don't, or when there is none.
    pub deputy: Option<NodeName>,
    /// True when live members follow different leaders that live.
    pub split_brain: bool,
    /// The settings of the ring, among the other fields in JSON.
    #[serde(flatten)]
    pub settings: RingSettings,
    /// The members in ring order.
    pub nodes: Vec<NodeView>,
    /// The links that were given a fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultyLink>,
    /// The sides of a partition; none when there is none. Members that no side names are together on one
    /// more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partition: Vec<Vec<NodeName>>,
    /// Messages of upkeep sent in this run: `state_update`, by which neighbours keep each other up to date.
    /// Leases and heartbeats are not reported, and not counted.
    pub upkeep: u64,
    /// The elections, takeovers and deputy searches of this run, newest first, [`REMEMBERED_ELECTIONS`] at
    /// most.
    pub elections: VecDeque<ElectionView>,
    /// The times without a leader.
    pub leaderless: Leaderless,
}

json::read_by_name! { RingView { seq, run, term, leader, deputy, split_brain, nodes, elections } or default { faults, partition, upkeep, leaderless } and settings }

/// Whether this may change what [`RingView::agree`] comes to. Most events are about messages and links, and
/// don't.
fn concerns_roles(kind: &EventKind) -> bool {
    !matches!(
        kind,
        EventKind::Sent { .. }
            | EventKind::Received { .. }
            | EventKind::Dropped { .. }
            | EventKind::Lost { .. }
            | EventKind::Injected { .. }
            | EventKind::LinkUp { .. }
            | EventKind::LinkDown { .. }
            | EventKind::SuccessorChanged { .. }
            | EventKind::Heartbeat { .. }
            | EventKind::Stderr { .. }
            | EventKind::RecordingEnded { .. }
            | EventKind::PortTaken { .. }
            | EventKind::Explained { .. }
            | EventKind::PromiseFailed { .. }
            | EventKind::Leaving
    )
}
impl RingView {
    /// A view before any event.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            seq: Seq(0),
            run: RunId(Uuid::nil()),
            term: Term::ZERO,
            leader: None,
            deputy: None,
            split_brain: false,
            settings: RingSettings::default(),
            nodes: Vec::new(),
            faults: Vec::new(),
            partition: Vec::new(),
            upkeep: 0,
            elections: VecDeque::new(),
            leaderless: Leaderless::default(),
        }
    }

    /// The member with this name.
    #[must_use]
    pub fn node(&self, name: &NodeName) -> Option<&NodeView> {
        self.nodes.get(self.index(name)?)
    }

    /// The index in ring order of the member with this name.
    fn index(&self, name: &NodeName) -> Option<usize> {
        let is_it = |node: &NodeView| &node.name == name;
        // The index follows from a default name, as long as no member has left.
        let likely = name.ordinal().filter(|place| self.nodes.get(*place).is_some_and(is_it));
        likely.or_else(|| self.nodes.iter().position(is_it))
    }

    /// The number of members that must stand behind a leader in quorum mode.
    #[must_use]
    pub fn majority(&self) -> usize {
        self.nodes.len() / 2 + 1
    }

    /// The members that take part, in ring order.
    pub fn live(&self) -> impl Iterator<Item = &NodeView> {
        self.nodes.iter().filter(|node| node.is_live())
    }

    /// Whether a live member may lead.
    #[must_use]
    pub fn somebody_may_lead(&self) -> bool {
        self.live().any(|node| node.eligible)
    }

    /// Applies one event. Events must come in the order of their sequence numbers, without a gap.
    ///
    /// An event of an earlier incarnation of a node changes nothing but `seq`, and `term` if it reports a
    /// higher one.
    pub fn apply(&mut self, event: &Event) {
        self.seq = event.seq;
        // Whether this changes who lives, who reaches whom, or whom a live member follows.
        let mut turned = false;
        match &event.kind {
            EventKind::RunStarted { run, members, highest_term, settings } => {
                *self = Self {
                    seq: event.seq,
                    run: *run,
                    term: *highest_term,
                    settings: *settings,
                    nodes: members.iter().map(NodeView::new).collect(),
                    ..Self::empty()
                };
            }
            EventKind::MemberAdded { member } => {
                turned = true;
                // A member that follows one of this name follows one that has left the ring.
                for node in &mut self.nodes {
                    for followed in [&mut node.leader, &mut node.deputy] {
                        followed.take_if(|name| *name == member.name);
                    }
                }
                self.nodes.push(NodeView::new(member));
            }
            EventKind::SettingsChanged { settings } => self.settings = *settings,
            EventKind::MemberRemoved => {
                turned = true;
                let is_gone = |name: &NodeName| Some(name) == event.node.as_ref();
                self.nodes.retain(|node| !is_gone(&node.name));
                self.faults.retain(|link| !is_gone(&link.from) && !is_gone(&link.to));
                self.partition.iter_mut().for_each(|side| side.retain(|name| !is_gone(name)));
                self.partition.retain(|side| !side.is_empty());
            }
            EventKind::LinkFaultChanged { from, to, fault } => {
                turned = self.own_fault(from, to).cut != fault.cut;
                self.faults.retain(|link| (&link.from, &link.to) != (from, to));
                if !fault.is_none() {
                    self.faults.push(FaultyLink { from: from.clone(), to: to.clone(), fault: *fault });
                }
            }
            EventKind::PartitionChanged { sides } => {
                turned = true;
                self.partition.clone_from(sides);
            }
            // The term was used, whatever happened to the member since.
            EventKind::RoleChanged { term, .. } => self.term = self.term.max(*term),
            EventKind::Sent { message, .. } => self.count_sent(event, message),
            EventKind::Received { message, .. } => self.count_received(event, message),
            EventKind::Completed { cause, term, leader, deputy, members } => {
                self.complete(event, *cause, *term, leader, deputy.as_ref(), *members);
            }
            EventKind::AttributeChanged { .. }
            | EventKind::EligibilityChanged { .. }
            | EventKind::Requested { .. }
            | EventKind::Spawned { .. }
            | EventKind::StartFailed { .. }
            | EventKind::RestartPlanned { .. }
            | EventKind::GivenUp { .. }
            | EventKind::Exited { .. }
            | EventKind::ExitOverdue { .. }
            | EventKind::Stderr { .. }
            | EventKind::RecordingEnded { .. }
            | EventKind::Paused
            | EventKind::Resumed
            | EventKind::Ready { .. }
            | EventKind::ProgressChanged { .. }
            | EventKind::SuccessorChanged { .. }
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
            | EventKind::Refused { .. }
            | EventKind::Overflow { .. } => {}
        }
        turned |= self.apply_to_node(event);
        if concerns_roles(&event.kind) {
            self.agree();
        }
        self.account(event, turned);
    }

    /// Applies an event to the member that it is about. Returns whether that changed if it lives, or whom it
    /// follows.
    fn apply_to_node(&mut self, event: &Event) -> bool {
        let leads = |name: &NodeName| {
            self.node(name).is_some_and(|node| node.is_live() && node.role == Some(Role::Leader))
        };
        let has_leader =
            matches!(&event.kind, EventKind::RoleChanged { leader: Some(leader), .. } if leads(leader));
        let place = event.node.as_ref().and_then(|name| self.index(name));
        let Some(node) = place.and_then(|place| self.nodes.get_mut(place)) else { return false };
        if event.incarnation < node.incarnation {
            return false;
        }
        let (was_live, led) = (node.is_live(), node.role == Some(Role::Leader));
        let mut follows_another = false;
        match &event.kind {
            EventKind::AttributeChanged { attribute } => node.attribute = *attribute,
            EventKind::EligibilityChanged { eligible } => node.eligible = *eligible,
            EventKind::Spawned { pid } => {
                node.has_stopped();
                node.state = NodeState::Starting;
                node.pid = Some(*pid);
                node.incarnation = event.incarnation;
                node.term = Term::ZERO;
                node.engaged = Term::ZERO;
                node.given_up = false;
            }
            EventKind::GivenUp { .. } => node.given_up = true,
            EventKind::StartFailed { .. } | EventKind::Exited { .. } => node.has_stopped(),
            EventKind::Paused => node.state = NodeState::Paused,
            EventKind::Resumed => {
                node.state = if node.role.is_some() { NodeState::Running } else { NodeState::Starting };
            }
            EventKind::Ready { address } if node.pid.is_some() => {
                if node.state == NodeState::Starting {
                    node.state = NodeState::Running;
                }
                node.address = Some(address.clone());
                node.role = Some(Role::Follower);
            }
            EventKind::RoleChanged { role, term, leader, deputy } if node.pid.is_some() => {
                follows_another = node.leader != *leader || led != (*role == Role::Leader);
                // Others that are cut off as well may name the lost leader again and again.
                if has_leader || *term != node.term || *role != Role::Follower {
                    node.outside = None;
                }
                node.role = Some(*role);
                node.term = *term;
                node.leader.clone_from(leader);
                node.deputy.clone_from(deputy);
            }
            EventKind::ProgressChanged { progress } if node.pid.is_some() => {
                node.progress.clone_from(progress)
            }
            EventKind::SuccessorChanged { successor } if node.pid.is_some() => {
                node.successor = Some(successor.clone());
            }
            EventKind::LinkUp { .. } | EventKind::LinkDown { .. } if node.pid.is_some() => {
                node.apply_link(&event.kind);
            }
            EventKind::Explained { explanation } if node.pid.is_some() && explanation.is_of_outside() => {
                node.outside = Some(explanation.clone());
            }
            _ => {}
        }
        follows_another || node.is_live() != was_live
    }

    /// Recomputes what follows from the members' own roles.
    fn agree(&mut self) {
        let mut live = self.nodes.iter().filter(|node| node.is_live());
        let (mut term, mut leader, mut deputy) = (self.term, None, None);
        let (mut same_leader, mut same_deputy) = (true, true);
        // The leaders that live members follow. One may be listed again after another.
        let mut followed: Vec<&NodeName> = Vec::new();
        if let Some(first) = live.next() {
            (leader, deputy) = (first.leader.as_ref(), first.deputy.as_ref());
            term = term.max(first.term);
            followed.extend(leader);
        }
        for node in live {
            term = term.max(node.term);
            same_deputy &= node.deputy.as_ref() == deputy;
            if node.leader.as_ref() != leader {
                same_leader = false;
                followed.extend(node.leader.as_ref().filter(|leader| followed.last() != Some(leader)));
            }
        }
        let lives = |name: &&NodeName| self.node(name).is_some_and(NodeView::is_live);
        // In quorum mode a member that follows a leader that has stepped down has not heard of it yet: it is
        // not on another side.
        let leads = |name: &&NodeName| {
            self.node(name).is_some_and(|node| {
                node.is_live()
                    && (self.settings.safety == Safety::Available || node.role == Some(Role::Leader))
            })
        };
        let mut leading = followed.into_iter().filter(leads);
        let one = leading.next();
        let split_brain = leading.any(|another| Some(another) != one);
        let leader = leader.filter(|_| same_leader).filter(lives).cloned();
        let deputy = deputy.filter(|_| leader.is_some() && same_deputy).filter(lives).cloned();
        self.term = term;
        self.split_brain = split_brain;
        self.leader = leader;
        self.deputy = deputy;
    }
}
