//! The parts into which faults divide a ring, and what is asked of each.

use std::collections::BTreeSet;

use ringleader_shared::{AlgorithmName, NodeId, Role, Term};

use super::World;
use crate::network::NodeIndex;

/// Members that live and can reach one another, directly or through others, by links that work in both
/// directions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The ids of the members.
    pub members: BTreeSet<NodeId>,
    /// Whether they must have a leader: in quorum mode a majority of the configured members must be among
    /// them, some member must be eligible, and some must know of an election.
    pub must_lead: bool,
    /// Whether nobody may lead it: in quorum mode too few of the configured members are among them.
    pub must_not_lead: bool,
}

/// The agreement of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartAgreement {
    /// Its leader, where it must have one.
    pub leader: Option<NodeId>,
    /// The highest term of its members.
    pub term: Term,
}

impl World {
    /// The parts into which the faults of links, pauses and deaths divide the configured members. A link
    /// works when it is whole in both directions and loses at most three in eight of what crosses it. One
    /// that loses more may be all that two parts have, and then it depends on chance what they do: nothing is
    /// asked of such parts.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let lives = |place: &NodeIndex| self.machine(*place).is_some_and(|machine| machine.paused.is_none());
        let mut left: BTreeSet<NodeIndex> =
            (0..self.members.len()).map(NodeIndex::nth).filter(lives).collect();
        let is_in_doubt = |members: &[NodeIndex]| {
            members.iter().any(|one| {
                (0..self.members.len())
                    .map(NodeIndex::nth)
                    .filter(lives)
                    .any(|other| !members.contains(&other) && self.network.is_lossy_only(*one, other))
            })
        };
        let mut parts = Vec::new();
        while let Some(first) = left.pop_first() {
            let mut part = vec![first];
            let mut at = 0;
            while let Some(&one) = part.get(at) {
                let reached: Vec<NodeIndex> =
                    left.iter().copied().filter(|other| self.network.works(one, *other)).collect();
                for other in reached {
                    left.remove(&other);
                    part.push(other);
                }
                at += 1;
            }
            let is_in_doubt = is_in_doubt(&part);
            let members: BTreeSet<NodeId> = part.into_iter().map(|place| self.id(place)).collect();
            let is_enough = !self.quorum() || members.len() > self.ring.len() / 2;
            let core = |id: &NodeId| self.place(*id).and_then(|place| Some(&self.machine(place)?.core));
            let knows = members.iter().filter_map(core).any(|core| core.known_term() > Term::ZERO);
            let must_lead =
                !is_in_doubt && knows && is_enough && members.iter().any(|id| self.is_eligible(*id));
            parts.push(Part { members, must_lead, must_not_lead: !is_in_doubt && !is_enough });
        }
        parts
    }

    /// Whether links have faults that the elections of the ring stand: the classic ones rely on links that
    /// lose and reorder nothing.
    #[must_use]
    pub fn stands_its_faults(&self) -> bool {
        let is_classic = self.setup.settings.algorithm != AlgorithmName::MaxRing;
        !(self.network.damaged().is_empty() || is_classic && self.network.loses_or_reorders())
    }

    /// The agreement of a part: all its members follow one leader among them, or nobody leads where nobody
    /// must. `None` while it is not so.
    #[must_use]
    pub fn agreement_of(&self, part: &Part) -> Option<PartAgreement> {
        let members = || self.live().map(|(core, _)| core).filter(|core| part.members.contains(&core.id()));
        let leaders: Vec<NodeId> =
            members().filter(|core| core.role() == Role::Leader).map(ringleader_election::Core::id).collect();
        let term = members().map(ringleader_election::Core::term).max()?;
        if !part.must_lead {
            return leaders.is_empty().then_some(PartAgreement { leader: None, term });
        }
        let [leader] = leaders.as_slice() else { return None };
        let mandate = members().find(|core| core.id() == *leader)?.mandate()?;
        let follows = |core: &ringleader_election::Core| {
            core.mandate()
                .is_some_and(|mine| (mine.term, mine.leader.id) == (mandate.term, mandate.leader.id))
        };
        members().all(follows).then_some(PartAgreement { leader: Some(*leader), term })
    }
}
