//! The links that members report, and who reaches whom by them.

use serde::Serialize;

use super::{NodeView, RingView};
use crate::event::EventKind;
use crate::id::NodeName;
use crate::json;
use crate::link::{LinkDirection, LinkKind};
use crate::role::NodeState;

/// A link that is up, as one of its ends reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// The other end.
    pub peer: NodeName,
    /// The kind of link.
    pub link: LinkKind,
    /// The end of the link at which the member is.
    pub direction: LinkDirection,
    /// The relays that it goes through, in order from the member to the peer. A direct link has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<NodeName>,
}

json::read_by_name! { LinkView { peer, link, direction } or default { relays } }

/// The way from one member to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach<'a> {
    /// One of them has no process.
    Stopped,
    /// They have a link.
    Direct,
    /// They have a link that goes through these members, in order.
    Through(&'a [NodeName]),
    /// A fault keeps them apart.
    Cut {
        /// In this direction.
        there: bool,
        /// In the other direction.
        back: bool,
    },
    /// They have no link, though ring order asks for one.
    Lost,
    /// They have no link and need none.
    Unneeded,
}

impl NodeView {
    /// Applies an event of this member about its links. Direct links are as many as pairs of members, and
    /// last for an election: of these only those that go through others are kept.
    pub(super) fn apply_link(&mut self, kind: &EventKind) {
        let (EventKind::LinkUp { peer, link, direction, .. }
        | EventKind::LinkDown { peer, link, direction, .. }) = kind
        else {
            return;
        };
        self.links.retain(|known| (&known.peer, known.link, known.direction) != (peer, *link, *direction));
        if let EventKind::LinkUp { relays, .. } = kind
            && (*link != LinkKind::Direct || !relays.is_empty())
        {
            let (peer, relays) = (peer.clone(), relays.clone());
            self.links.push(LinkView { peer, link: *link, direction: *direction, relays });
        }
    }

    /// The link on which this member sends to another: of the ring rather than another, dialled by this
    /// member rather than by the other.
    #[must_use]
    pub fn link_to(&self, peer: &NodeName) -> Option<&LinkView> {
        let links = self.links.iter().filter(|link| link.peer == *peer);
        links.min_by_key(|link| (link.link, link.direction))
    }
}

impl RingView {
    /// The relays between two members, in order; none when they have a direct link, or no link.
    #[must_use]
    pub fn relays(&self, from: &NodeName, to: &NodeName) -> &[NodeName] {
        let link = self.node(from).and_then(|node| node.link_to(to));
        link.map_or(&[], |link| link.relays.as_slice())
    }

    /// The way from one member to another one.
    #[must_use]
    pub fn reach(&self, from: &NodeName, to: &NodeName) -> Reach<'_> {
        let (Some(node), Some(peer)) = (self.node(from), self.node(to)) else { return Reach::Stopped };
        if node.state == NodeState::Stopped || peer.state == NodeState::Stopped {
            return Reach::Stopped;
        }
        let (there, back) = (self.fault(from, to).cut, self.fault(to, from).cut);
        match node.link_to(to) {
            Some(link) if !link.relays.is_empty() => Reach::Through(&link.relays),
            // A link that is cut is up until its ends notice.
            _ if there || back => Reach::Cut { there, back },
            Some(_) => Reach::Direct,
            None if self.is_due(node, peer) || self.is_due(peer, node) => Reach::Lost,
            None => Reach::Unneeded,
        }
    }

    /// Whether ring order asks for a link from one member to another: to its successor, and to those that it
    /// routes past.
    fn is_due(&self, from: &NodeView, to: &NodeView) -> bool {
        let place = |name: &NodeName| self.index(name);
        let (Some(here), Some(there)) = (place(&from.name), place(&to.name)) else { return false };
        let Some(next) = from.successor.as_ref().and_then(place) else { return false };
        let count = self.nodes.len();
        let steps = |to: usize| (to + count - here - 1) % count;
        steps(there) <= steps(next)
    }

    /// The other live members that a live one reaches, and those that reach it, in ring order: by links that
    /// live members dialled, through as many of these as need be. A message goes on the way of the dialler.
    #[must_use]
    pub fn connected(&self, name: &NodeName) -> (Vec<&NodeView>, Vec<&NodeView>) {
        let live = |name: &NodeName| {
            self.index(name).filter(|at| self.nodes.get(*at).is_some_and(NodeView::is_live))
        };
        let dialled = |node: &NodeView| {
            let links = node.links.iter().filter(|link| link.direction == LinkDirection::Outgoing);
            links.filter_map(|link| Some((live(&node.name)?, live(&link.peer)?))).collect::<Vec<_>>()
        };
        let links: Vec<(usize, usize)> = self.live().flat_map(dialled).collect();
        let back: Vec<(usize, usize)> = links.iter().map(|(from, to)| (*to, *from)).collect();
        let Some(start) = live(name) else { return (Vec::new(), Vec::new()) };
        let reached = |links: &[(usize, usize)]| {
            let mut seen = vec![false; self.nodes.len()];
            let mut next = vec![start];
            while let Some(at) = next.pop() {
                if let Some(seen) = seen.get_mut(at).filter(|seen| !**seen) {
                    *seen = true;
                    next.extend(links.iter().filter(|(from, _)| *from == at).map(|(_, to)| *to));
                }
            }
            let all = self.nodes.iter().enumerate().zip(seen);
            all.filter(|((at, _), seen)| *seen && *at != start).map(|((_, node), _)| node).collect()
        };
        (reached(&links), reached(&back))
    }
}
