//! The badge of a node: its role or state as one word, one icon and one colour, never as a colour alone.

use leptos::prelude::*;
use ringleader_shared::view::NodeView;
use ringleader_shared::{NodeState, Role};

use crate::reactive;

/// The role of a node while it runs, else its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Badge {
    /// Leads.
    Leader,
    /// Is the deputy.
    Deputy,
    /// Takes part in an election.
    Candidate,
    /// Follows.
    Follower,
    /// Is starting.
    Starting,
    /// Is paused.
    Paused,
    /// Does not run.
    Stopped,
}

impl Badge {
    /// The badge of this node.
    pub(crate) fn of(node: &NodeView) -> Self {
        match (node.state, node.role) {
            (NodeState::Stopped, _) => Self::Stopped,
            (NodeState::Paused, _) => Self::Paused,
            (NodeState::Starting, _) | (NodeState::Running, None) => Self::Starting,
            (NodeState::Running, Some(Role::Leader)) => Self::Leader,
            (NodeState::Running, Some(Role::Deputy)) => Self::Deputy,
            (NodeState::Running, Some(Role::Candidate)) => Self::Candidate,
            (NodeState::Running, Some(Role::Follower)) => Self::Follower,
        }
    }

    /// The name, which is also its CSS class.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Deputy => "deputy",
            Self::Candidate => "candidate",
            Self::Follower => "follower",
            Self::Starting => "starting",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }

    /// The icon's outline in a square of 24 units around the origin.
    pub(crate) const fn outline(self) -> &'static str {
        match self {
            // A crown.
            Self::Leader => "M-9 8 L-11 -6 L-5 -1 L0 -9 L5 -1 L11 -6 L9 8 Z",
            // A star.
            Self::Deputy => {
                "M0 -10.5 L3 -3.6 L10.5 -3 L4.8 1.9 L6.5 9.2 L0 5.3 L-6.5 9.2 L-4.8 1.9 L-10.5 -3 L-3 -3.6 Z"
            }
            // A flag.
            Self::Candidate => "M-7 -10 L-4.5 -10 L-4.5 -9 L9 -5 L-4.5 1 L-4.5 11 L-7 11 Z",
            // A ring.
            Self::Follower => "M0 -6 A6 6 0 1 1 0 6 A6 6 0 1 1 0 -6 Z M0 -3 A3 3 0 1 0 0 3 A3 3 0 1 0 0 -3 Z",
            // An hourglass.
            Self::Starting => "M-7 -10 L7 -10 L7 -7 L1.5 0 L7 7 L7 10 L-7 10 L-7 7 L-1.5 0 L-7 -7 Z",
            // Two bars.
            Self::Paused => "M-7 -9 L-2 -9 L-2 9 L-7 9 Z M2 -9 L7 -9 L7 9 L2 9 Z",
            // A cross.
            Self::Stopped => "M-9 -6 L-6 -9 L0 -3 L6 -9 L9 -6 L3 0 L9 6 L6 9 L0 3 L-6 9 L-9 6 L-3 0 Z",
        }
    }
}

/// The name of the role in `data-role`.
pub(crate) fn role_name(node: &NodeView) -> &'static str {
    match node.role {
        Some(Role::Leader) => "leader",
        Some(Role::Deputy) => "deputy",
        Some(Role::Candidate) => "candidate",
        Some(Role::Follower) => "follower",
        None => "none",
    }
}

/// The text on the badge. A paused leader is named as both.
pub(crate) fn label(node: &NodeView) -> String {
    let badge = Badge::of(node);
    match (badge, node.role) {
        (Badge::Paused, Some(role @ (Role::Leader | Role::Deputy))) => format!("paused {role}"),
        (Badge::Stopped, _) if node.given_up => "given up".to_owned(),
        (Badge::Candidate | Badge::Follower, _) => part(node).unwrap_or_else(|| badge.as_str().to_owned()),
        _ => badge.as_str().to_owned(),
    }
}

/// The part of a node in a running classic election, in the algorithm's own words; `None` when it has a
/// leader.
fn part(node: &NodeView) -> Option<String> {
    let part = node.progress.as_ref().filter(|_| node.leader.is_none())?;
    let word = part.status.as_str();
    Some(part.phase.map_or_else(|| word.to_owned(), |phase| format!("{word} {phase}")))
}

/// The icon alone.
#[component]
pub(crate) fn Icon(#[prop(into)] badge: Signal<Badge>) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="-12 -12 24 24" aria-hidden="true" focusable="false">
            <path d=reactive::text(move || badge.get().outline()) fill-rule="evenodd"></path>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};
    use ringleader_shared::EventKind;

    #[test]
    fn a_hung_leader_is_shown_as_hung_and_still_named_leader() {
        let mut ring = ring(4);
        ring.running();
        ring.led_by("D", "C", 1);
        let view = ring.then("D", EventKind::Paused);
        let node = view.node(&name("D")).expect("a member");
        assert_eq!((Badge::of(node), label(node).as_str()), (Badge::Paused, "paused leader"));
    }

    #[test]
    fn a_dead_node_has_no_role() {
        let mut ring = ring(4);
        ring.running();
        ring.led_by("D", "C", 1);
        let view = ring.killed("D");
        let node = view.node(&name("D")).expect("a member");
        assert_eq!((label(node).as_str(), role_name(node)), ("stopped", "none"));
    }
}
