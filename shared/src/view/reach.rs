//! Which members reach which: faults of links and partitions.

use super::RingView;
use crate::fault::{FaultyLink, LinkFault, are_parted};
use crate::id::NodeName;

impl RingView {
    /// What happens to everything that one member says to another: the link's own fault, and a cut between the sides of
    /// a partition.
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
    pub fn faulty(&self) -> impl Iterator<Item = FaultyLink> {
        let pairs =
            self.nodes.iter().flat_map(|from| self.nodes.iter().map(move |to| (&from.name, &to.name)));
        // Most rings have none, and the pairs are many.
        let most = if self.faults.is_empty() && self.partition.is_empty() { 0 } else { usize::MAX };
        pairs.take(most).filter(|(from, to)| from != to).filter_map(|(from, to)| {
            let fault = self.fault(from, to);
            (!fault.is_none()).then(|| FaultyLink { from: from.clone(), to: to.clone(), fault })
        })
    }
}
