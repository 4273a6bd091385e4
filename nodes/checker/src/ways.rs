//! The ways between members: a pair that was severed still reaches each other through others that live.

use std::collections::{BTreeSet, VecDeque};

use crate::links::NodeIndex;

/// Some members, one bit each.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Members(u8);

impl Members {
    pub(crate) fn has(self, member: NodeIndex) -> bool {
        self.0 >> member & 1 == 1
    }

    fn with(self, member: NodeIndex) -> Self {
        Self(self.0 | 1 << member)
    }

    fn without(self, member: NodeIndex) -> Self {
        Self(self.0 & !(1 << member))
    }

    fn iter(self) -> impl Iterator<Item = NodeIndex> {
        (0..NodeIndex::try_from(u8::BITS).unwrap_or(NodeIndex::MAX)).filter(move |member| self.has(*member))
    }
}

impl FromIterator<NodeIndex> for Members {
    fn from_iter<T: IntoIterator<Item = NodeIndex>>(members: T) -> Self {
        members.into_iter().fold(Self::default(), Self::with)
    }
}

/// The members that live, and the pairs that no link joins directly any more.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Ways {
    live: Members,
    severed: BTreeSet<(NodeIndex, NodeIndex)>,
}

impl Ways {
    pub(crate) fn lives(&self, member: NodeIndex) -> bool {
        self.live.has(member)
    }

    pub(crate) fn starts(&mut self, member: NodeIndex) {
        self.live = self.live.with(member);
    }

    pub(crate) fn dies(&mut self, member: NodeIndex) {
        self.live = self.live.without(member);
    }

    pub(crate) fn sever(&mut self, one: NodeIndex, other: NodeIndex) {
        self.severed.insert((one.min(other), one.max(other)));
    }

    /// The pairs of live members that a direct link can join.
    pub(crate) fn whole(&self) -> impl Iterator<Item = (NodeIndex, NodeIndex)> {
        let pairs = self.live.iter().flat_map(|one| self.live.iter().map(move |other| (one, other)));
        pairs.filter(|(one, other)| one < other && self.joins(*one, *other))
    }

    fn joins(&self, one: NodeIndex, other: NodeIndex) -> bool {
        !self.severed.contains(&(one.min(other), one.max(other)))
    }

    /// The relays of a shortest way between two members; none of a direct one. `None` when there is no way.
    pub(crate) fn relays(&self, from: NodeIndex, to: NodeIndex) -> Option<Members> {
        self.relays_among(self.live, from, to)
    }

    fn relays_among(&self, members: Members, from: NodeIndex, to: NodeIndex) -> Option<Members> {
        let mut left = members.without(from);
        let mut reached = VecDeque::from([(from, Members::default())]);
        while let Some((last, relays)) = reached.pop_front() {
            if last == to {
                return Some(relays.without(to));
            }
            for next in left.iter().filter(|next| self.joins(last, *next)) {
                left = left.without(next);
                reached.push_back((next, relays.with(next)));
            }
        }
        None
    }

    /// Whether a link between two members through these relays works.
    pub(crate) fn works(&self, one: NodeIndex, other: NodeIndex, relays: Members) -> bool {
        let is_whole = relays.iter().all(|relay| self.lives(relay));
        is_whole && self.relays_among(relays.with(one).with(other), one, other) == Some(relays)
    }

    /// Whether some live members cannot reach each other.
    pub(crate) fn are_parted(&self) -> bool {
        !self.severed.is_empty() && self.parts().len() > 1
    }

    /// The parts of the live members: within each of them everyone reaches everyone.
    pub(crate) fn parts(&self) -> Vec<Vec<NodeIndex>> {
        let mut parts: Vec<Vec<NodeIndex>> = Vec::new();
        for member in self.live.iter() {
            let reaches = |part: &&mut Vec<NodeIndex>| {
                part.first().is_some_and(|first| self.relays(*first, member).is_some())
            };
            match parts.iter_mut().find(reaches) {
                Some(part) => part.push(member),
                None => parts.push(vec![member]),
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four members of which these pairs are severed.
    fn ways(severed: &[(NodeIndex, NodeIndex)]) -> Ways {
        let mut ways = Ways { live: (0..4).collect(), ..Ways::default() };
        for &(one, other) in severed {
            ways.sever(one, other);
        }
        ways
    }

    #[test]
    fn a_pair_that_was_severed_reaches_each_other_through_others_that_live() {
        let mut ways = ways(&[(0, 1), (0, 2)]);
        assert_eq!(ways.relays(1, 2), Some(Members::default()));
        assert_eq!(ways.relays(0, 1), Some(Members::default().with(3)));
        assert_eq!(ways.parts(), [[0, 1, 2, 3]]);
        ways.dies(3);
        assert_eq!(ways.relays(0, 1), None);
        assert_eq!(ways.parts(), [vec![0], vec![1, 2]]);
    }

    #[test]
    fn a_way_may_go_through_two_others() {
        let ways = ways(&[(0, 1), (0, 2), (1, 3)]);
        let relays = ways.relays(0, 1).expect("a way");
        assert_eq!(relays, Members::default().with(2).with(3));
        assert!(ways.works(1, 0, relays));
    }

    #[test]
    fn a_link_works_while_its_own_relays_live_and_reach_each_other() {
        let mut ways = ways(&[(0, 1)]);
        let relays = Members::default().with(2);
        assert!(ways.works(0, 1, relays) && !ways.works(0, 1, Members::default()));
        ways.sever(2, 1);
        assert!(!ways.works(0, 1, relays), "though there is another way");
        assert_eq!(ways.relays(0, 1), Some(Members::default().with(3)));
    }
}
