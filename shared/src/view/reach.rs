//! Reachability of members: faults of links, partitions, and the parts that they leave.

use std::collections::BTreeMap;

use super::{NodeView, RingView};
use crate::fault::{FaultyLink, LinkFault, are_parted};
use crate::id::NodeName;

/// The faults of a ring's links, by the members' indices.
struct Faults {
    /// The side of the partition that each member is on.
    sides: Vec<Option<usize>>,
    /// Each link that was given a fault itself, by its sender and receiver.
    links: BTreeMap<(usize, usize), LinkFault>,
}

impl Faults {
    fn of(view: &RingView) -> Self {
        let side = |node: &NodeView| view.partition.iter().position(|side| side.contains(&node.name));
        let ends = |link: &FaultyLink| view.index(&link.from).zip(view.index(&link.to));
        let mut links = BTreeMap::new();
        links.extend(view.faults.iter().filter_map(|link| Some((ends(link)?, link.fault))));
        Self { sides: view.nodes.iter().map(side).collect(), links }
    }

    /// The fault of the link from one member to another.
    fn between(&self, from: usize, to: usize) -> LinkFault {
        let own = self.links.get(&(from, to)).copied().unwrap_or_default();
        LinkFault { cut: own.cut || self.sides.get(from) != self.sides.get(to), ..own }
    }

    fn cuts(&self, from: usize, to: usize) -> bool {
        self.between(from, to).cut
    }

    /// Whether the link between two members is cut in at least one direction.
    fn separates(&self, one: usize, other: usize) -> bool {
        self.cuts(one, other) || self.cuts(other, one)
    }

    /// Whether the link between two members is cut in both directions.
    fn isolates(&self, one: usize, other: usize) -> bool {
        self.cuts(one, other) && self.cuts(other, one)
    }
}

/// Splits members into groups: two that are not `apart` are in one group, and so are those that others of it
/// connect. Takes time proportional to the members and the pairs that are apart.
fn groups(members: Vec<usize>, apart: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut left = members;
    let mut groups = Vec::new();
    while !left.is_empty() {
        let mut group = vec![left.remove(0)];
        let mut next = 0;
        while let Some(member) = group.get(next).copied() {
            next += 1;
            let (near, far): (Vec<usize>, Vec<usize>) =
                left.into_iter().partition(|other| !apart(member, *other));
            left = far;
            group.extend(near);
        }
        group.sort_unstable();
        groups.push(group);
    }
    groups
}

impl RingView {
    /// The fault between one member and another: the link's own fault, and a cut between
    /// the sides of a partition.
    #[must_use]
    pub fn fault(&self, from: &NodeName, to: &NodeName) -> LinkFault {
        let own = self.own_fault(from, to);
        LinkFault { cut: own.cut || are_parted(&self.partition, from, to), ..own }
    }

    /// The fault that a link was given itself, whatever the partition.
    #[must_use]
    pub fn own_fault(&self, from: &NodeName, to: &NodeName) -> LinkFault {
        let own = self.faults.iter().find(|link| (&link.from, &link.to) == (from, to));
        own.map(|link| link.fault).unwrap_or_default()
    }

    /// The links with a fault, a partition's among them, in ring order.
    #[must_use]
    pub fn faulty(&self) -> Vec<FaultyLink> {
        // Most rings have none, and the pairs are many.
        if self.faults.is_empty() && self.partition.is_empty() {
            return Vec::new();
        }
        let faults = Faults::of(self);
        let members = || self.nodes.iter().enumerate();
        let pairs = members().flat_map(|from| members().map(move |to| (from, to)));
        pairs
            .filter(|((from, _), (to, _))| from != to)
            .map(|((at, from), (other, to))| FaultyLink {
                from: from.name.clone(),
                to: to.name.clone(),
                fault: faults.between(at, other),
            })
            .filter(|link| !link.fault.is_none())
            .collect()
    }

    /// Whether any link is cut.
    #[must_use]
    pub fn has_cuts(&self) -> bool {
        !self.partition.is_empty() || self.faults.iter().any(|link| link.fault.cut)
    }

    /// The live members, grouped into the parts that can reach one another, in ring order. Two members reach
    /// each other when neither direction between them is cut, or through members of which this holds: a reply
    /// needs both directions.
    #[must_use]
    pub fn parts(&self) -> Vec<Vec<&NodeView>> {
        let is_live = |at: &usize| self.nodes.get(*at).is_some_and(NodeView::is_live);
        let live: Vec<usize> = (0..self.nodes.len()).filter(is_live).collect();
        if !self.has_cuts() {
            return if live.is_empty() { Vec::new() } else { vec![self.at(&live)] };
        }
        let faults = Faults::of(self);
        groups(live, |one, other| faults.separates(one, other)).iter().map(|part| self.at(part)).collect()
    }

    /// The sides of a ring that is torn apart, in ring order: configured members between which every link is
    /// cut in both directions, by a partition or link by link. Empty when the ring is in one piece.
    #[must_use]
    pub fn sides(&self) -> Vec<Vec<&NodeView>> {
        self.side_indices().iter().map(|side| self.at(side)).collect()
    }

    fn side_indices(&self) -> Vec<Vec<usize>> {
        if !self.has_cuts() {
            return Vec::new();
        }
        let faults = Faults::of(self);
        let sides = groups((0..self.nodes.len()).collect(), |one, other| faults.isolates(one, other));
        if sides.len() < 2 { Vec::new() } else { sides }
    }

    /// The faults that the [sides](Self::sides) leave to be named: those within a side, and further faults of
    /// a link between two, which it has when the ring is whole again.
    #[must_use]
    pub fn faults_beside_sides(&self) -> Vec<FaultyLink> {
        let mut side_of = vec![0; self.nodes.len()];
        for (side, members) in self.side_indices().iter().enumerate() {
            for member in members {
                if let Some(its) = side_of.get_mut(*member) {
                    *its = side;
                }
            }
        }
        let side = |name: &NodeName| self.index(name).and_then(|at| side_of.get(at));
        let beside = |link: &FaultyLink| {
            let is_between = link.fault.cut && side(&link.from) != side(&link.to);
            let fault = LinkFault { cut: link.fault.cut && !is_between, ..link.fault };
            (!fault.is_none()).then(|| FaultyLink { fault, ..link.clone() })
        };
        self.faults.iter().filter_map(beside).collect()
    }

    fn at(&self, indices: &[usize]) -> Vec<&NodeView> {
        indices.iter().filter_map(|at| self.nodes.get(*at)).collect()
    }
}
