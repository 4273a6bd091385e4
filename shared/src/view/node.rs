//! One member as the events describe it.

use serde::Serialize;

use super::LinkView;
use crate::algorithm::Progress;
use crate::event::NamedContender;
use crate::explanation::Explanation;
use crate::id::{Attribute, Incarnation, NodeId, NodeName, Term};
use crate::json;
use crate::ring::Member;
use crate::role::{NodeState, Role};

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeView {
    /// Its name.
    pub name: NodeName,
    /// Its id.
    pub id: NodeId,
    /// Its priority.
    pub attribute: Attribute,
    /// Whether it may lead and be deputy.
    pub eligible: bool,
    /// Its process.
    pub state: NodeState,
    /// Its role; `None` when not running.
    pub role: Option<Role>,
    /// The highest term it has seen.
    pub term: Term,
    /// The leader that it follows.
    pub leader: Option<NodeName>,
    /// The deputy that it knows.
    pub deputy: Option<NodeName>,
    /// The member that it sends ring messages to.
    pub successor: Option<NodeName>,
    /// Its links that are up, for the ring and for heartbeats; direct ones only where they go through others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkView>,
    /// The outcome of its last inquiry since its role changed last: why it raises no term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<Explanation<NodeName, NamedContender>>,
    /// Its progress in a classic election, or in the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Its process id.
    pub pid: Option<u32>,
    /// Its present start, or its last one.
    pub incarnation: Incarnation,
    /// The address at which it accepts node links, as `host:port`.
    pub address: Option<String>,
    /// Whether it died so often that it is not started again by itself.
    #[serde(skip_serializing_if = "is_false")]
    pub given_up: bool,
    /// The newest term of which it has sent or received a message of an election: the first one that it sends
    /// of a term, before it has received one, is its own initiative.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) engaged: Term,
}

json::read_by_name! { NodeView { name, id, attribute, state, role, term, leader, deputy, successor, progress, pid, incarnation, address } or default { links, outside, given_up, engaged } or true { eligible } }

fn is_zero(term: &Term) -> bool {
    *term == Term::ZERO
}

fn is_false(it: &bool) -> bool {
    !it
}

impl NodeView {
    pub(super) fn new(member: &Member) -> Self {
        Self {
            name: member.name.clone(),
            id: member.id,
            attribute: member.attribute,
            eligible: member.eligible,
            state: NodeState::Stopped,
            role: None,
            term: Term::ZERO,
            leader: None,
            deputy: None,
            successor: None,
            links: Vec::new(),
            outside: None,
            progress: None,
            pid: None,
            incarnation: member.incarnation,
            address: None,
            given_up: false,
            engaged: Term::ZERO,
        }
    }

    /// Whether it takes part: running, and not hung.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state == NodeState::Running
    }

    pub(super) fn has_stopped(&mut self) {
        self.state = NodeState::Stopped;
        self.role = None;
        self.leader = None;
        self.deputy = None;
        self.successor = None;
        self.links.clear();
        self.outside = None;
        self.progress = None;
        self.pid = None;
        self.address = None;
    }
}
