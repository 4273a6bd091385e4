//! The members that have left a run, so that a new member is not confused with one of them.

use std::collections::{BTreeMap, BTreeSet};

use ringleader_shared::{Incarnation, Member, NodeId, NodeName};

use crate::identity;

/// Names and ids of members that have left, until the run ends.
#[derive(Debug, Default)]
pub(super) struct Departed {
    names: BTreeMap<NodeName, Former>,
    ids: BTreeSet<NodeId>,
}

/// The members that had one name.
#[derive(Debug, Default)]
struct Former {
    /// The number of them.
    turns: u32,
    /// The last start of the last one.
    incarnation: Incarnation,
}

impl Departed {
    /// Notes that this member has left.
    pub(super) fn note(&mut self, member: &Member) {
        let former = self.names.entry(member.name.clone()).or_default();
        former.turns = former.turns.saturating_add(1);
        former.incarnation = former.incarnation.max(member.incarnation);
        self.ids.insert(member.id);
    }

    /// Whether a member that has left had this id.
    pub(super) fn had(&self, id: NodeId) -> bool {
        self.ids.contains(&id)
    }

    /// The last start of the members that had this name. A new member continues from its number, so that
    /// no event of one start is taken for another's, and no message number comes twice.
    pub(super) fn last_start(&self, name: &NodeName) -> Incarnation {
        self.names.get(name).map_or(Incarnation(0), |former| former.incarnation)
    }

    /// The id of a new member of this name: one that no member of the run has or had.
    pub(super) fn fresh_id(&self, name: &NodeName, is_taken: impl Fn(NodeId) -> bool) -> NodeId {
        let mut turn = self.names.get(name).map_or(0, |former| former.turns);
        loop {
            let id = identity::derived(name, turn);
            if !self.had(id) && !is_taken(id) {
                return id;
            }
            turn = turn.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::Attribute;

    #[test]
    fn a_name_that_comes_again_is_another_member_and_goes_on_counting() {
        let name: NodeName = "A".parse().expect("a name");
        let mut departed = Departed::default();
        let first = departed.fresh_id(&name, |_| false);
        assert_eq!((first, departed.last_start(&name)), (identity::derived(&name, 0), Incarnation(0)));
        let incarnation = Incarnation(3);
        departed.note(&Member {
            id: first,
            name: name.clone(),
            eligible: true,
            attribute: Attribute(1),
            incarnation,
            address: None,
        });
        let second = departed.fresh_id(&name, |_| false);
        assert_eq!((second, departed.last_start(&name)), (identity::derived(&name, 1), incarnation));
        assert!(departed.had(first) && !departed.had(second));
        let third = departed.fresh_id(&name, |id| id == second);
        assert_eq!(third, identity::derived(&name, 2), "somebody was given the id that would have been next");
    }
}
