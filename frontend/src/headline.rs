//! The ring in one sentence.

use ringleader_shared::{NodeName, NodeState, RingView, Role, Safety};

/// What matters most right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Headline {
    /// No process runs.
    NothingRuns,
    /// No election has been held.
    NoLeaderYet,
    /// A contest is going on, or the members don't agree yet.
    Electing,
    /// More than one live member leads.
    Split(Vec<NodeName>),
    /// Every live member follows this one.
    Led {
        /// The leader.
        leader: NodeName,
        /// The deputy, once it is known to all.
        deputy: Option<NodeName>,
    },
    /// Quorum mode, and too few members run to have a leader.
    NoQuorum,
    /// A leader was there and no contest is going on.
    Leaderless,
}

impl Headline {
    /// The headline of this ring.
    pub(crate) fn of(view: &RingView) -> Self {
        let electing =
            view.elections.front().is_some_and(|latest| latest.took_us.is_none() && !latest.superseded);
        if view.nodes.iter().all(|node| node.state == NodeState::Stopped) {
            Self::NothingRuns
        } else if view.split_brain {
            let leads = |role| role == Some(Role::Leader);
            Self::Split(view.live().filter(|node| leads(node.role)).map(|node| node.name.clone()).collect())
        } else if let Some(leader) = view.leader.clone() {
            Self::Led { leader, deputy: view.deputy.clone() }
        } else if view.settings.safety == Safety::Quorum && view.live().count() < view.majority() {
            Self::NoQuorum
        } else if electing {
            Self::Electing
        } else if view.term.0 == 0 {
            Self::NoLeaderYet
        } else {
            Self::Leaderless
        }
    }

    /// In words, for the top bar.
    pub(crate) fn text(&self, view: &RingView) -> String {
        let term = view.term;
        match self {
            Self::NothingRuns if view.nodes.is_empty() => "The ring is empty – add a node".to_owned(),
            Self::NothingRuns => "No node is running – start one".to_owned(),
            Self::NoLeaderYet => "No leader yet – click Initiate election".to_owned(),
            Self::Electing => "Electing…".to_owned(),
            Self::Split(leaders) => {
                let names: Vec<&str> = leaders.iter().map(NodeName::as_str).collect();
                format!("Split: {} lead at the same time", names.join(" and "))
            }
            Self::Led { leader, deputy: Some(deputy) } => {
                format!("{leader} leads term {term} · deputy {deputy}")
            }
            Self::Led { leader, deputy: None } if view.live().count() == 1 => {
                format!("{leader} leads term {term} alone")
            }
            Self::Led { leader, deputy: None } => format!("{leader} leads term {term} · no deputy yet"),
            Self::NoQuorum => format!(
                "No quorum: {} of {} run, a leader needs {}",
                view.live().count(),
                view.nodes.len(),
                view.majority()
            ),
            Self::Leaderless => "No leader that all live members follow".to_owned(),
        }
    }

    /// In a few words, for the browser's tab.
    pub(crate) fn short(&self) -> String {
        match self {
            Self::Led { leader, .. } => format!("{leader} leads"),
            Self::Split(leaders) => {
                let names: Vec<&str> = leaders.iter().map(NodeName::as_str).collect();
                format!("{} lead", names.join(" and "))
            }
            Self::Electing => "Electing…".to_owned(),
            Self::NoQuorum => "No quorum".to_owned(),
            Self::NothingRuns | Self::NoLeaderYet | Self::Leaderless => "No leader".to_owned(),
        }
    }

    /// Its CSS class.
    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Self::NothingRuns | Self::NoLeaderYet => "headline idle",
            Self::Electing | Self::NoQuorum | Self::Leaderless => "headline electing",
            Self::Split(_) => "headline split",
            Self::Led { .. } => "headline led",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};
    use ringleader_shared::{EventKind, RingSettings, Term};

    fn said(view: &RingView) -> String {
        Headline::of(view).text(view)
    }

    #[test]
    fn before_the_first_election_it_says_what_to_click() {
        assert_eq!(said(&ring(4).running()), "No leader yet – click Initiate election");
    }

    #[test]
    fn a_settled_ring_names_leader_term_and_deputy() {
        let mut ring = ring(4);
        ring.running();
        let view = ring.led_by("D", "C", 3);
        assert_eq!(said(&view), "D leads term 3 · deputy C");
        assert_eq!(Headline::of(&view).short(), "D leads");
    }

    #[test]
    fn two_leaders_are_both_named() {
        let mut ring = ring(4);
        ring.running();
        ring.led_by("D", "C", 3);
        let usurper = EventKind::StandingChanged {
            role: Role::Leader,
            term: Term(4),
            leader: Some(name("B")),
            deputy: None,
        };
        assert_eq!(said(&ring.then("B", usurper)), "Split: B and D lead at the same time");
    }

    #[test]
    fn a_minority_in_quorum_mode_says_what_it_lacks() {
        let mut ring = ring(4);
        ring.running();
        let settings = RingSettings { safety: Safety::Quorum, ..RingSettings::default() };
        ring.then("A", EventKind::SettingsChanged { settings });
        ring.killed("C");
        assert_eq!(said(&ring.killed("D")), "No quorum: 2 of 4 run, a leader needs 3");
    }

    #[test]
    fn nothing_runs_before_the_first_spawn() {
        let mut ring = ring(1);
        ring.running();
        assert_eq!(said(&ring.killed("A")), "No node is running – start one");
    }
}
