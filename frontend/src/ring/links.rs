//! The links to draw, from the successor that each node reports.

use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::view::LinkView;
use ringleader_shared::{LinkFault, NodeName, NodeState, RingView};

use super::geometry::{Curve, Layout};

/// The state of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// A node sends to its configured successor.
    Live,
    /// A node sends past members that do not answer.
    Repaired,
    /// A link that goes through relays.
    Relayed,
    /// One for heartbeats alone.
    RelayedHeartbeat,
    /// The link is cut: nothing gets through.
    Cut,
    /// A configured link that carries nothing: one of its ends is gone, or it is routed past.
    Broken,
}

impl LinkState {
    /// The name in `data-kind`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Repaired => "repaired",
            Self::Relayed => "relayed",
            Self::RelayedHeartbeat => "relayed heartbeat",
            Self::Cut => "cut",
            Self::Broken => "broken",
        }
    }
}

/// One link to draw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Link {
    /// The sender.
    pub(crate) from: NodeName,
    /// The receiver.
    pub(crate) to: NodeName,
    /// The relays that it goes through, in order.
    pub(crate) relays: Vec<NodeName>,
    /// Its state.
    pub(crate) state: LinkState,
    /// Its fault.
    pub(crate) fault: LinkFault,
    /// Its line.
    pub(crate) curve: Curve,
}

/// The links of this ring. A node that has not reported a successor yet has none.
pub(crate) fn links(view: &RingView, layout: &Layout) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut add = |from: &NodeName, to: &NodeName, state: LinkState| {
        let fault = view.fault(from, to);
        let state = if fault.cut { LinkState::Cut } else { state };
        if let Some(curve) = layout.curve(from, to) {
            links.push(Link { from: from.clone(), to: to.clone(), relays: Vec::new(), state, fault, curve });
        }
    };
    let stopped = |name: &NodeName| view.node(name).is_none_or(|node| node.state == NodeState::Stopped);
    for node in &view.nodes {
        let Some(configured) = layout.next(&node.name) else { continue };
        match &node.successor {
            _ if stopped(&node.name) => add(&node.name, configured, LinkState::Broken),
            Some(successor) if successor == configured => {
                let is_used = !stopped(successor) && view.relays(&node.name, successor).is_empty();
                add(&node.name, configured, if is_used { LinkState::Live } else { LinkState::Broken });
            }
            Some(successor) => {
                add(&node.name, configured, LinkState::Broken);
                if stopped(successor) {
                    add(&node.name, successor, LinkState::Broken);
                } else if view.relays(&node.name, successor).is_empty() {
                    add(&node.name, successor, LinkState::Repaired);
                }
            }
            None => {}
        }
    }
    // A link that is cut is shown even if no node would send on it; those between the sides of a partition
    // are too many.
    for cut in view.faults_beside_sides().iter().filter(|link| link.fault.cut) {
        let is_drawn = links.iter().any(|link| (&link.from, &link.to) == (&cut.from, &cut.to));
        if let (false, Some(curve)) = (is_drawn, layout.curve(&cut.from, &cut.to)) {
            let (from, to) = (cut.from.clone(), cut.to.clone());
            links.push(Link { from, to, relays: Vec::new(), state: LinkState::Cut, fault: cut.fault, curve });
        }
    }
    let all = || view.nodes.iter().flat_map(|node| node.links.iter().map(move |link| (node, link)));
    let is_heartbeat = |link: &LinkView| link.link == LinkKind::Heartbeat;
    let heartbeats = all().filter(|(_, link)| is_heartbeat(link));
    for (node, link) in all().filter(|(_, link)| !is_heartbeat(link)).chain(heartbeats) {
        let (from, to, relays) = (&node.name, &link.peer, &link.relays);
        // A way that serves for the ring as well is drawn as the ring's.
        let is_drawn = links.iter().any(|link| (&link.from, &link.to, &link.relays) == (from, to, relays));
        if link.direction == LinkDirection::Outgoing
            && !relays.is_empty()
            && !is_drawn
            && let Some(curve) = layout.route(from, relays, to)
        {
            let (from, to, relays) = (from.clone(), to.clone(), relays.clone());
            let state = if is_heartbeat(link) { LinkState::RelayedHeartbeat } else { LinkState::Relayed };
            let fault = LinkFault::default();
            links.push(Link { from, to, relays, state, fault, curve });
        }
    }
    links
}

/// The deputy and the leader, between which heartbeats go directly.
pub(crate) fn heartbeat(view: &RingView) -> Option<(&NodeName, &NodeName)> {
    let (deputy, leader) = view.deputy.as_ref().zip(view.leader.as_ref())?;
    (deputy != leader && view.relays(deputy, leader).is_empty()).then_some((deputy, leader))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};
    use ringleader_shared::EventKind;
    use ringleader_shared::text::through;

    fn drawn(view: &RingView) -> Vec<String> {
        links(view, &Layout::of(view))
            .iter()
            .map(|link| format!("{}→{} {}{}", link.from, link.to, link.state.as_str(), through(&link.relays)))
            .collect()
    }

    #[test]
    fn a_whole_ring_is_all_live_links() {
        assert_eq!(drawn(&ring(4).running()), ["A→B live", "B→C live", "C→D live", "D→A live"]);
    }

    #[test]
    fn past_a_dead_node_the_repaired_link_is_drawn_and_the_skipped_ones_are_broken() {
        let view = ring(4).running_without("D");
        assert_eq!(drawn(&view), ["A→B live", "B→C live", "C→D broken", "C→A repaired", "D→A broken"]);
    }

    #[test]
    fn until_the_ring_is_repaired_the_link_to_a_dead_node_is_broken() {
        let mut builder = ring(4);
        builder.running();
        assert_eq!(drawn(&builder.killed("D"))[2..], ["C→D broken", "D→A broken"]);
    }

    #[test]
    fn nothing_is_drawn_before_a_node_says_to_whom_it_sends() {
        assert_eq!(drawn(&ring(3).starting()), Vec::<String>::new());
    }

    #[test]
    fn cut_links_are_shown_as_cut_whoever_would_use_them() {
        let mut builder = ring(4);
        builder.running();
        let cut = |from: &str, to: &str| EventKind::LinkFaultChanged {
            from: name(from),
            to: name(to),
            fault: LinkFault::CUT,
        };
        builder.then("A", cut("A", "B"));
        let view = builder.then("A", cut("C", "A"));
        assert_eq!(drawn(&view), ["A→B cut", "B→C live", "C→D live", "D→A live", "C→A cut"]);
        let sides = vec![vec![name("A"), name("B")]];
        let mut parted = ring(4);
        parted.running();
        let view = parted.then("A", EventKind::PartitionChanged { sides });
        assert_eq!(drawn(&view), ["A→B live", "B→C cut", "C→D live", "D→A cut"]);
        let mut by_hand = ring(4);
        let mut view = by_hand.running();
        for (one, other) in [("A", "C"), ("A", "D"), ("B", "C"), ("B", "D")] {
            by_hand.then("A", cut(one, other));
            view = by_hand.then("A", cut(other, one));
        }
        assert_eq!(drawn(&view), ["A→B live", "B→C cut", "C→D live", "D→A cut"]);
    }

    #[test]
    fn a_link_through_relays_is_drawn_once_beside_the_one_that_is_cut() {
        let mut builder = ring(4);
        builder.led_by("D", "C", 1);
        let view = builder.running();
        assert_eq!(heartbeat(&view), None, "nobody leads yet");
        let view = builder.led_by("D", "C", 1);
        assert_eq!(heartbeat(&view), Some((&name("C"), &name("D"))));
        let (from, to) = (name("C"), name("D"));
        builder.then("A", EventKind::LinkFaultChanged { from, to, fault: LinkFault::CUT });
        let mut view = builder.view();
        for link in [LinkKind::Heartbeat, LinkKind::Ring] {
            let (peer, relays) = (name("D"), vec![name("B"), name("A")]);
            let direction = LinkDirection::Outgoing;
            view = builder.then("C", EventKind::LinkUp { peer, link, direction, relays });
        }
        let relayed = "C→D relayed through B and A";
        assert_eq!(drawn(&view), ["A→B live", "B→C live", "C→D cut", "D→A live", relayed]);
        assert_eq!(heartbeat(&view), None, "they go the same way");
    }

    #[test]
    fn a_ring_of_one_is_a_live_loop() {
        assert_eq!(drawn(&ring(1).running()), ["A→A live"]);
    }
}
