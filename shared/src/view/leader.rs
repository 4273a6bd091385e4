//! The one definition of who leads: for the server's `leader`, the page's and the sandbox's *Kill leader*,
//! and the headline.

use super::{NodeView, RingView};
use crate::role::{Role, Safety};

/// A leader, and the members that can reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Led<'a> {
    /// The leader.
    pub leader: &'a NodeView,
    /// Its deputy, when all live members that it reaches agree on one that lives.
    pub deputy: Option<&'a NodeView>,
    /// The live members that it does not reach, in ring order.
    pub out_of_reach: Vec<&'a NodeView>,
}

impl RingView {
    /// The leader: the process, running or hung, that leads in the highest term. A live one comes before a
    /// hung one of the same term, then ring order decides.
    ///
    /// Members need not agree on it: a hung leader is the leader until another one leads a newer term.
    #[must_use]
    pub fn leading(&self) -> Option<&NodeView> {
        let leaders = self.nodes.iter().filter(|node| node.role == Some(Role::Leader));
        leaders.rev().max_by_key(|node| (node.term, node.is_live()))
    }

    /// The deputy: the process, running or hung, that the [leader](Self::leading) names as its deputy.
    #[must_use]
    pub fn deputy_of_leading(&self) -> Option<&NodeView> {
        self.node(self.leading()?.deputy.as_ref()?).filter(|deputy| deputy.role.is_some())
    }

    /// The [leader](Self::leading), when it lives and every live member that it reaches follows it; in quorum
    /// mode, when those are a majority as well.
    #[must_use]
    pub fn led(&self) -> Option<Led<'_>> {
        let leader = self.leading().filter(|leader| leader.is_live())?;
        let parts = self.parts();
        let is_its = |part: &Vec<&NodeView>| part.iter().any(|node| node.name == leader.name);
        let (its, others): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_its);
        let part = its.into_iter().next()?;
        let follows = |node: &&NodeView| node.leader.as_ref() == Some(&leader.name);
        let suffices = self.settings.safety == Safety::Available || part.len() >= self.majority();
        if !suffices || !part.iter().all(follows) {
            return None;
        }
        let named = leader.deputy.as_ref();
        let deputy = part.iter().find(|node| Some(&node.name) == named).copied();
        let deputy = deputy.filter(|_| part.iter().all(|node| node.deputy.as_ref() == named));
        let others: Vec<&NodeView> = others.into_iter().flatten().collect();
        let is_other = |node: &&NodeView| others.iter().any(|other| other.name == node.name);
        let out_of_reach = self.nodes.iter().filter(is_other).collect();
        Some(Led { leader, deputy, out_of_reach })
    }

    /// The sizes of the parts that live members are in, when a majority of the configured ones runs but no
    /// part has it.
    #[must_use]
    pub fn parts_without_majority(&self) -> Option<Vec<usize>> {
        let parts: Vec<usize> = self.parts().iter().map(Vec::len).collect();
        let live: usize = parts.iter().sum();
        let none = live >= self.majority() && parts.iter().all(|part| *part < self.majority());
        none.then_some(parts)
    }
}
