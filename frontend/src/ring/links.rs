//! Which links to draw, from what each node says its successor is.

use ringleader_shared::{NodeName, NodeState, RingView};

use super::geometry::{Curve, Layout};

/// What has become of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// A node sends to its configured successor.
    Live,
    /// A node sends past members that do not answer.
    Repaired,
    /// A configured link that carries nothing: one of its ends is gone, or it is routed past.
    Broken,
}

impl LinkState {
    /// The word in `data-kind`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Repaired => "repaired",
            Self::Broken => "broken",
        }
    }
}

/// One link to draw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Link {
    /// Who sends.
    pub(crate) from: NodeName,
    /// To whom.
    pub(crate) to: NodeName,
    /// What has become of it.
    pub(crate) state: LinkState,
    /// Its line.
    pub(crate) curve: Curve,
}

/// The links of this ring. A node that has not said yet to whom it sends has none.
pub(crate) fn links(view: &RingView, layout: &Layout) -> Vec<Link> {
    let mut links = Vec::new();
    let mut add = |from: &NodeName, to: &NodeName, state: LinkState| {
        if let Some(curve) = layout.curve(from, to) {
            links.push(Link { from: from.clone(), to: to.clone(), state, curve });
        }
    };
    let stopped = |name: &NodeName| view.node(name).is_none_or(|node| node.state == NodeState::Stopped);
    for node in &view.nodes {
        let Some(configured) = layout.next(&node.name) else { continue };
        match &node.successor {
            _ if stopped(&node.name) => add(&node.name, configured, LinkState::Broken),
            Some(successor) if successor == configured => {
                let state = if stopped(successor) { LinkState::Broken } else { LinkState::Live };
                add(&node.name, configured, state);
            }
            Some(successor) => {
                add(&node.name, configured, LinkState::Broken);
                let state = if stopped(successor) { LinkState::Broken } else { LinkState::Repaired };
                add(&node.name, successor, state);
            }
            None => {}
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ring;

    fn drawn(view: &RingView) -> Vec<String> {
        links(view, &Layout::of(view))
            .iter()
            .map(|link| format!("{}→{} {}", link.from, link.to, link.state.word()))
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
    fn a_ring_of_one_is_a_live_loop() {
        assert_eq!(drawn(&ring(1).running()), ["A→A live"]);
    }
}
