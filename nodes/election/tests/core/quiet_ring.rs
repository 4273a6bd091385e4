//! A quiet ring: members joined by links without latency, one queue for all that happens, timers that fire
//! when the test lets time pass. What a test does to it reads like a story.

mod act;
mod carry_out;
mod look;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use ringleader_election::link_table::LinkTable;
use ringleader_election::{Core, DropReason, Explanation, Input, Timer, Timing};
use ringleader_shared::event::ElectionCause;
use ringleader_shared::{
    AlgorithmName, Attribute, Contender, Mandate, NodeId, NodeName, Promise, RingMessage, RingSettings,
    Safety, Term,
};
use uuid::Uuid;

pub(crate) use look::is_state_update;

/// Patience of the members: far more than a quiet ring needs.
pub(crate) const TIMING: Timing = Timing {
    election: Duration::from_millis(1000),
    lap: Duration::from_millis(500),
    deputy: Duration::from_millis(700),
    lease: Duration::from_millis(600),
};

/// One message that was put on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) message: RingMessage,
}

/// An occurrence that is still to come.
#[derive(Debug, Clone)]
enum Next {
    Arrival(Sent),
    Noticed(NodeId, Input<RingMessage>),
    /// A member that was dialled does not answer.
    Unanswered(NodeId, LinkId),
}

/// Both ends of a link have it in their tables by this name.
type LinkId = u32;

pub(crate) struct QuietRing {
    pub(crate) sent: Vec<Sent>,
    pub(crate) dropped: Vec<(String, RingMessage, DropReason)>,
    pub(crate) completed: Vec<(ElectionCause, Mandate, u32)>,
    said: Vec<(NodeId, Explanation)>,
    members: Vec<Contender>,
    nodes: BTreeMap<NodeId, Core>,
    links: BTreeMap<NodeId, LinkTable<LinkId>>,
    dialled: LinkId,
    queue: VecDeque<Next>,
    timers: BTreeMap<(Duration, NodeId, Timer), ()>,
    now: Duration,
    duplicating: bool,
    settings: RingSettings,
    /// The promises, which survive a death.
    promises: BTreeMap<NodeId, Promise>,
    /// The highest term that a member has reported: each start is configured with it.
    highest_term: Term,
}

pub(crate) fn id(name: &str) -> NodeId {
    let n = (0..512).find(|&n| NodeName::nth(n).as_str() == name).expect("a name like a sheet's column");
    NodeId(Uuid::from_u128(n as u128 + 1))
}

pub(crate) fn name(id: NodeId) -> String {
    NodeName::nth(usize::try_from(id.0.as_u128()).expect("an id made by this module") - 1).to_string()
}

pub(crate) fn contender(who: &str, attribute: u64) -> Contender {
    Contender::new(Attribute(attribute), id(who))
}

impl QuietRing {
    /// Members A, B, C, … with these attributes, in ring order, all running and linked.
    pub(crate) fn of(attributes: &[u64]) -> Self {
        Self::with(attributes, Safety::Available)
    }

    /// The same, where another election is held.
    pub(crate) fn holding(algorithm: AlgorithmName, attributes: &[u64], safety: Safety) -> Self {
        Self::new(attributes, RingSettings { safety, algorithm, ..RingSettings::default() })
    }

    /// The same with this safety.
    pub(crate) fn with(attributes: &[u64], safety: Safety) -> Self {
        Self::holding(AlgorithmName::MaxRing, attributes, safety)
    }

    /// The same with these settings.
    pub(crate) fn new(attributes: &[u64], settings: RingSettings) -> Self {
        let member = |(n, &attribute): (usize, &u64)| {
            Contender::new(Attribute(attribute), NodeId(Uuid::from_u128(n as u128 + 1)))
        };
        let members: Vec<Contender> = attributes.iter().enumerate().map(member).collect();
        let mut ring = Self {
            sent: Vec::new(),
            dropped: Vec::new(),
            completed: Vec::new(),
            said: Vec::new(),
            nodes: members.iter().map(|member| (member.id, Core::new(member.id))).collect(),
            members,
            links: BTreeMap::new(),
            dialled: 0,
            queue: VecDeque::new(),
            timers: BTreeMap::new(),
            now: Duration::ZERO,
            duplicating: false,
            settings,
            promises: BTreeMap::new(),
            highest_term: Term::ZERO,
        };
        for member in ring.members.clone() {
            ring.give(member.id, ring.configuration(member.id));
        }
        ring.settle();
        ring
    }

    /// The sample's ring after its election: D leads, C is its deputy.
    pub(crate) fn led_by_d() -> Self {
        let mut ring = Self::of(&[90, 100, 110, 120]);
        ring.initiate("A").settle();
        ring.assert_led_by("D", Some("C"));
        ring.forget();
        ring
    }

    fn configuration(&self, of: NodeId) -> Input<RingMessage> {
        let seed = u64::try_from(of.0.as_u128()).expect("a small id");
        let (ring, settings, highest_term) = (self.members.clone().into(), self.settings, self.highest_term);
        Input::Configured { ring, timing: TIMING, settings, seed, highest_term }
    }
}
