//! Ring repair: who the successor is when some members do not answer. Knows nothing of elections.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringleader_shared::{Attribute, Contender, NodeId};

/// The ring as one member sees it: the order, and whom it routes past.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    me: NodeId,
    /// In ring order; shared with all who were given the same.
    ring: Arc<[Contender]>,
    /// This member's place in it, if it has one.
    at: Option<usize>,
    /// Members between this one and its successor. Only these are known not to answer; what lies beyond the
    /// successor is the successor's to know.
    skipped: Vec<NodeId>,
    /// Those that have dialled this one to send it ring messages.
    followers: BTreeSet<NodeId>,
}

impl Route {
    pub(crate) fn new(me: NodeId) -> Self {
        Self { me, ring: Arc::from([]), at: None, skipped: Vec::new(), followers: BTreeSet::new() }
    }

    /// Takes a new ring. At the first one every member is taken to be there; later, members that were not
    /// known are skipped until a link with them comes up.
    pub(crate) fn configure(&mut self, ring: Arc<[Contender]>) {
        let old = std::mem::replace(&mut self.ring, ring);
        self.at = self.ring.iter().position(|member| member.id == self.me);
        let same = || old.iter().map(|member| member.id).eq(self.ring.iter().map(|member| member.id));
        if !old.is_empty() && !same() {
            let old: Vec<NodeId> = old.iter().map(|member| member.id).collect();
            let fresh = self.after_me().map(|member| member.id).filter(|id| !old.contains(id));
            let fresh: Vec<NodeId> = fresh.collect();
            self.skipped.extend(fresh);
        }
        self.prune();
    }

    /// The next member that answers; this one itself when nobody else does.
    pub(crate) fn successor(&self) -> NodeId {
        let next = self.after_me().find(|member| !self.skipped.contains(&member.id));
        next.map_or(self.me, |member| member.id)
    }

    /// The next member after the successor that is not skipped; `None` when that is this member again.
    pub(crate) fn after_successor(&self) -> Option<NodeId> {
        self.after_me().map(|member| member.id).filter(|id| !self.skipped.contains(id)).nth(1)
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.successor() == self.me
    }

    /// This member as it stands in the ring, with its present attribute.
    pub(crate) fn myself(&self) -> Option<Contender> {
        self.at.and_then(|at| self.ring.get(at)).copied()
    }

    /// Whether this member may lead.
    pub(crate) fn may_lead(&self) -> bool {
        self.myself().is_some_and(|me| me.eligible)
    }

    /// Whether that member may lead.
    pub(crate) fn is_eligible(&self, id: NodeId) -> bool {
        self.ring.iter().any(|member| member.id == id && member.eligible)
    }

    /// Whether that one is a member and may not lead.
    pub(crate) fn is_unfit(&self, id: NodeId) -> bool {
        self.ring.iter().any(|member| member.id == id && !member.eligible)
    }

    /// Whether another member may lead.
    pub(crate) fn has_rival(&self) -> bool {
        self.ring.iter().any(|member| member.id != self.me && member.eligible)
    }

    /// Whether some member may not lead.
    pub(crate) fn has_ineligible(&self) -> bool {
        self.ring.iter().any(|member| !member.eligible)
    }

    /// The attribute of the member with this id, if it is in the ring.
    pub(crate) fn attribute(&self, id: NodeId) -> Option<Attribute> {
        self.ring.iter().find(|member| member.id == id).map(|member| member.attribute)
    }

    pub(crate) fn is_member(&self, id: NodeId) -> bool {
        self.ring.iter().any(|member| member.id == id)
    }

    pub(crate) fn is_skipped(&self, id: NodeId) -> bool {
        self.skipped.contains(&id)
    }

    /// The members that are routed past, nearest first.
    pub(crate) fn skipped(&self) -> impl Iterator<Item = NodeId> {
        // Mostly there is none, and a ring may be large.
        let here = if self.skipped.is_empty() { &[] } else { &self.ring[..] };
        self.after_me_in(here).map(|member| member.id).filter(|id| self.skipped.contains(id))
    }

    /// All members in ring order.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Contender> {
        self.ring.iter()
    }

    /// The nearest member before this one that sends it ring messages.
    pub(crate) fn predecessor(&self) -> Option<NodeId> {
        let (before, from) = self.ring.split_at(self.at.unwrap_or(0).min(self.ring.len()));
        let backwards = before.iter().rev().chain(from.iter().rev());
        backwards.map(|member| member.id).find(|id| *id != self.me && self.followers.contains(id))
    }

    /// A member has dialled this one to send it ring messages. Says whether the predecessor is another one
    /// now.
    pub(crate) fn followed(&mut self, by: NodeId) -> bool {
        let before = self.predecessor();
        self.followers.insert(by);
        self.predecessor() != before
    }

    /// A member sends this one no ring messages any more. Says whether the predecessor is another one now.
    pub(crate) fn unfollowed(&mut self, by: NodeId) -> bool {
        let before = self.predecessor();
        self.followers.remove(&by);
        self.predecessor() != before
    }

    /// The number of configured members.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.ring.len()).unwrap_or(u32::MAX)
    }

    /// Routes past `id` if it is the successor. Says whether it was.
    pub(crate) fn skip(&mut self, id: NodeId) -> bool {
        let was = id != self.me && self.successor() == id;
        if was {
            self.skipped.push(id);
            self.skipped.sort_unstable();
        }
        was
    }

    /// Routes to `id` again if it was skipped. Says whether it was.
    pub(crate) fn readmit(&mut self, id: NodeId) -> bool {
        let was = self.skipped.contains(&id);
        self.skipped.retain(|skipped| *skipped != id);
        self.prune();
        was
    }

    /// The other members in ring order, beginning after this one.
    fn after_me(&self) -> impl Iterator<Item = &Contender> {
        self.after_me_in(&self.ring)
    }

    fn after_me_in<'a>(&'a self, ring: &'a [Contender]) -> impl Iterator<Item = &'a Contender> {
        let (before, from) = ring.split_at(self.at.unwrap_or(0).min(ring.len()));
        from.iter().chain(before).filter(|member| member.id != self.me)
    }

    /// Forgets what lies beyond the successor.
    fn prune(&mut self) {
        let successor = self.successor();
        let between: Vec<NodeId> =
            self.after_me().map(|member| member.id).take_while(|id| *id != successor).collect();
        self.skipped.retain(|id| between.contains(id));
        self.skipped.sort_unstable();
        self.skipped.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::Attribute;
    use ringleader_shared::id::NodeId;

    fn id(n: u128) -> NodeId {
        NodeId(uuid::Uuid::from_u128(n))
    }

    fn ring(ids: &[u128]) -> Arc<[Contender]> {
        ids.iter().map(|&n| Contender::new(Attribute(1), id(n))).collect()
    }

    fn route(me: u128, ids: &[u128]) -> Route {
        let mut route = Route::new(id(me));
        route.configure(ring(ids));
        route
    }

    #[test]
    fn the_last_members_successor_is_the_first() {
        assert_eq!(route(3, &[1, 2, 3]).successor(), id(1));
    }

    #[test]
    fn any_number_of_members_can_be_routed_past_down_to_being_alone() {
        let mut route = route(2, &[1, 2, 3, 4]);
        for (lost, then) in [(3, 4), (4, 1), (1, 2)] {
            assert!(route.skip(id(lost)));
            assert_eq!(route.successor(), id(then));
        }
        assert!(route.is_alone());
        assert_eq!(route.skipped().collect::<Vec<_>>(), [id(3), id(4), id(1)]);
    }

    #[test]
    fn only_the_successor_can_be_skipped() {
        let mut route = route(1, &[1, 2, 3]);
        assert!(!route.skip(id(3)));
        assert!(!route.skip(id(1)));
        assert_eq!(route.successor(), id(2));
    }

    #[test]
    fn a_nearer_member_that_answers_again_makes_the_route_forget_what_lies_beyond_it() {
        let mut route = route(1, &[1, 2, 3, 4]);
        route.skip(id(2));
        route.skip(id(3));
        assert!(route.readmit(id(2)));
        assert_eq!(route.successor(), id(2));
        assert_eq!(route.skipped().count(), 0);
    }

    #[test]
    fn a_member_added_later_is_skipped_until_it_answers() {
        let mut route = route(3, &[1, 2, 3]);
        route.configure(ring(&[1, 2, 3, 4]));
        assert_eq!(route.successor(), id(1));
        route.readmit(id(4));
        assert_eq!(route.successor(), id(4));
    }

    #[test]
    fn the_predecessor_is_the_nearest_that_sends_ring_messages() {
        let mut route = route(3, &[1, 2, 3, 4]);
        assert_eq!(route.predecessor(), None);
        assert!(route.followed(id(1)), "the one between them is routed past");
        assert!(route.followed(id(2)), "it is back");
        assert!(!route.followed(id(4)), "farther away");
        assert_eq!(route.predecessor(), Some(id(2)));
        assert!(!route.unfollowed(id(1)));
        assert!(route.unfollowed(id(2)));
        assert_eq!(route.predecessor(), Some(id(4)));
    }

    #[test]
    fn a_removed_member_is_no_longer_skipped_nor_a_successor() {
        let mut route = route(1, &[1, 2, 3]);
        route.configure(ring(&[1, 3]));
        assert_eq!(route.successor(), id(3));
    }
}
