//! The ring in one sentence.

use ringleader_shared::{NodeName, NodeState, RingView, Role, Safety, Succession, Term};

/// The most important fact about the ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Headline {
    /// No node runs.
    NothingRuns,
    /// No election has been held.
    NoLeaderYet,
    /// An election is running, or the members don't agree yet.
    Electing,
    /// More than one live member leads.
    Split(Vec<NodeName>),
    /// Every live member that this one reaches follows it.
    Led {
        /// The leader.
        leader: NodeName,
        /// The term that it leads.
        term: Term,
        /// The deputy, once it is known to all of them.
        deputy: Option<NodeName>,
        /// The live members that cuts separate from it.
        out_of_reach: Vec<NodeName>,
    },
    /// The leader is paused, and no other member leads yet.
    Hung {
        /// The leader.
        leader: NodeName,
        /// The term that it leads.
        term: Term,
    },
    /// None of the live members may lead.
    NobodyMayLead,
    /// In quorum mode: too few members run to have a leader.
    NoQuorum,
    /// In quorum mode: enough members run, but the parts that can reach one another are too small. These are
    /// their sizes.
    NoMajority(Vec<usize>),
    /// There was a leader, and no election is running.
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
        } else if let Some(led) = view.led() {
            Self::Led {
                leader: led.leader.name.clone(),
                term: led.leader.term,
                deputy: led.deputy.map(|deputy| deputy.name.clone()),
                out_of_reach: led.out_of_reach.iter().map(|node| node.name.clone()).collect(),
            }
        } else if view.live().next().is_some() && !view.somebody_may_lead() {
            Self::NobodyMayLead
        } else if view.settings.safety == Safety::Quorum && view.live().count() < view.majority() {
            Self::NoQuorum
        } else if let Some(parts) =
            view.parts_without_majority().filter(|_| view.settings.safety == Safety::Quorum)
        {
            Self::NoMajority(parts)
        } else if electing {
            Self::Electing
        } else if let Some(hung) = view.leading().filter(|leader| leader.state == NodeState::Paused) {
            Self::Hung { leader: hung.name.clone(), term: hung.term }
        } else if view.term.0 == 0 {
            Self::NoLeaderYet
        } else {
            Self::Leaderless
        }
    }

    /// The headline as text, for the top bar.
    pub(crate) fn text(&self, view: &RingView) -> String {
        match self {
            Self::NothingRuns if view.nodes.is_empty() => "The ring is empty – add a node".to_owned(),
            Self::NothingRuns => "No node is running – start one".to_owned(),
            Self::NoLeaderYet => "No leader yet – click Initiate election".to_owned(),
            Self::Electing => "Electing…".to_owned(),
            Self::Split(leaders) => {
                let names: Vec<&str> = leaders.iter().map(NodeName::as_str).collect();
                format!("Split: {} lead at the same time", names.join(" and "))
            }
            Self::Led { leader, term, deputy, out_of_reach } => {
                let alone = view.live().count() == out_of_reach.len() + 1;
                let mut text = match deputy {
                    Some(deputy) => format!("{leader} leads term {term} · deputy {deputy}"),
                    None if alone => format!("{leader} leads term {term} alone"),
                    None if view.settings.succession == Succession::Election => {
                        format!("{leader} leads term {term}")
                    }
                    None if !view.live().any(|node| node.eligible && node.name != *leader) => {
                        format!("{leader} leads term {term} · no other live member may be deputy")
                    }
                    None => format!("{leader} leads term {term} · no deputy yet"),
                };
                match &out_of_reach[..] {
                    [] => {}
                    [one] => text.push_str(&format!(" · {one} is out of reach")),
                    [one, other] => text.push_str(&format!(" · {one} and {other} are out of reach")),
                    many => text.push_str(&format!(" · {} nodes are out of reach", many.len())),
                }
                text
            }
            Self::Hung { leader, term } => format!("{leader}, the leader of term {term}, hangs"),
            Self::NobodyMayLead => "No live member may lead – start one that may, or let one lead".to_owned(),
            Self::NoQuorum => format!(
                "No quorum: {} of {} run, a leader needs {}",
                view.live().count(),
                view.nodes.len(),
                view.majority()
            ),
            Self::NoMajority(parts) => {
                let sizes: Vec<String> = parts.iter().map(usize::to_string).collect();
                let (last, others) =
                    sizes.split_last().map_or(("0", &[][..]), |(last, others)| (last.as_str(), others));
                let sizes = if others.is_empty() {
                    last.to_owned()
                } else {
                    format!("{} and {last}", others.join(", "))
                };
                format!("No majority can be reached: parts of {sizes}, a leader needs {}", view.majority())
            }
            Self::Leaderless => "No leader that all live members follow".to_owned(),
        }
    }

    /// The headline as a short text, for the browser's tab.
    pub(crate) fn short(&self) -> String {
        match self {
            Self::Led { leader, .. } => format!("{leader} leads"),
            Self::Split(leaders) => {
                let names: Vec<&str> = leaders.iter().map(NodeName::as_str).collect();
                format!("{} lead", names.join(" and "))
            }
            Self::Electing => "Electing…".to_owned(),
            Self::NoQuorum => "No quorum".to_owned(),
            Self::NoMajority(_) => "No majority".to_owned(),
            Self::Hung { leader, .. } => format!("{leader} hangs"),
            Self::NobodyMayLead | Self::NothingRuns | Self::NoLeaderYet | Self::Leaderless => {
                "No leader".to_owned()
            }
        }
    }

    /// Its CSS class.
    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Self::NothingRuns | Self::NoLeaderYet => "headline idle",
            Self::Electing
            | Self::NobodyMayLead
            | Self::NoQuorum
            | Self::NoMajority(_)
            | Self::Leaderless => "headline electing",
            Self::Split(_) | Self::Hung { .. } => "headline split",
            Self::Led { .. } => "headline led",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};
    use ringleader_shared::{EventKind, RingSettings};

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
    fn without_succession_the_headline_asks_for_no_deputy() {
        let mut ring = ring(4);
        ring.running();
        ring.led_by("D", "C", 3);
        let settings = RingSettings { succession: Succession::Election, ..RingSettings::default() };
        ring.then("A", EventKind::SettingsChanged { settings });
        for (node, role) in
            [("A", Role::Follower), ("B", Role::Follower), ("C", Role::Follower), ("D", Role::Leader)]
        {
            let leader = Some(name("D"));
            ring.then(node, EventKind::RoleChanged { role, term: Term(3), leader, deputy: None });
        }
        assert_eq!(said(&ring.view()), "D leads term 3");
    }

    #[test]
    fn where_nobody_that_lives_may_lead_it_says_so() {
        let mut ring = ring(2);
        ring.running();
        ring.then("A", EventKind::EligibilityChanged { eligible: false });
        assert_eq!(said(&ring.view()), "No leader yet – click Initiate election");
        assert_eq!(said(&ring.killed("B")), "No live member may lead – start one that may, or let one lead");
    }

    #[test]
    fn two_leaders_are_both_named() {
        let mut ring = ring(4);
        ring.running();
        ring.led_by("D", "C", 3);
        let usurper = EventKind::RoleChanged {
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

    fn quorum() -> EventKind {
        let settings = RingSettings { safety: Safety::Quorum, ..RingSettings::default() };
        EventKind::SettingsChanged { settings }
    }

    fn parted(ring: &mut crate::testing::Ring, side: &[&str]) -> RingView {
        let sides = vec![side.iter().map(|text| name(text)).collect()];
        ring.then("A", EventKind::PartitionChanged { sides })
    }

    #[test]
    fn a_ring_torn_into_halves_says_that_no_majority_can_be_reached_instead_of_electing_for_ever() {
        let mut ring = ring(4);
        ring.running();
        ring.then("A", quorum());
        ring.led_by("D", "C", 1);
        parted(&mut ring, &["A", "B"]);
        let candidate =
            EventKind::RoleChanged { role: Role::Candidate, term: Term(2), leader: None, deputy: None };
        ring.then("A", candidate);
        let message = crate::testing::message("A", 1);
        let message = ringleader_shared::event::MessageInfo { term: Term(2), ..message };
        let view = ring.then("A", EventKind::Sent { message, to: name("B"), hold_us: 0 });
        assert_eq!(said(&view), "No majority can be reached: parts of 2 and 2, a leader needs 3");
        parted(&mut ring, &["A"]);
        assert_eq!(said(&ring.killed("B")), "No majority can be reached: parts of 1 and 2, a leader needs 3");
    }

    #[test]
    fn a_leader_that_some_cannot_reach_still_leads_the_others_in_its_own_term() {
        let mut ring = ring(5);
        ring.running();
        ring.led_by("E", "D", 1);
        parted(&mut ring, &["A", "B"]);
        let candidate =
            EventKind::RoleChanged { role: Role::Candidate, term: Term(7), leader: None, deputy: None };
        ring.then("A", candidate);
        let message =
            ringleader_shared::event::MessageInfo { term: Term(7), ..crate::testing::message("A", 1) };
        let view = ring.then("A", EventKind::Sent { message, to: name("B"), hold_us: 0 });
        assert_eq!(said(&view), "E leads term 1 · deputy D · A and B are out of reach");
        let view = ring.then("A", quorum());
        assert_eq!(said(&view), "E leads term 1 · deputy D · A and B are out of reach");
    }

    #[test]
    fn a_hung_leader_is_named_until_another_one_leads() {
        let mut ring = ring(4);
        ring.running();
        ring.led_by("D", "C", 1);
        assert_eq!(said(&ring.then("D", EventKind::Paused)), "D, the leader of term 1, hangs");
    }

    #[test]
    fn nothing_runs_before_the_first_spawn() {
        let mut ring = ring(1);
        ring.running();
        assert_eq!(said(&ring.killed("A")), "No node is running – start one");
    }
}
