//! The view of a ring, event by event.

use ringleader_shared::event::{ElectionCause, MessageKind};
use ringleader_shared::{
    AlgorithmName, Attribute, EventKind, Incarnation, LinkFault, Member, NodeId, NodeState, RingSettings,
    RingView, Role, RunId, Seq, Term,
};
use uuid::Uuid;

use crate::story::{Story, name};

#[test]
fn a_leader_is_shown_only_when_all_live_members_follow_it() {
    let mut story = Story::of(&["A", "B"]);
    story.follows("B", Role::Leader, 1, "B", "A");
    assert_eq!(story.view.leader, None);
    story.follows("A", Role::Deputy, 1, "B", "A");
    assert_eq!(story.view.leader, Some(name("B")));
    assert_eq!(story.view.deputy, Some(name("A")));
    assert_eq!(story.view.term, Term(1));
}

#[test]
fn a_dead_leader_is_not_shown_as_the_leader() {
    let mut story = Story::of(&["A", "B"]);
    story.follows("B", Role::Leader, 1, "B", "A");
    story.follows("A", Role::Deputy, 1, "B", "A");
    story.emit("B", 1, EventKind::Exited { code: None, signal: Some(9) });
    assert_eq!(story.view.leader, None);
    let dead = story.view.node(&name("B")).expect("B is configured");
    assert_eq!((dead.state, dead.role, dead.pid), (NodeState::Stopped, None, None));
}

#[test]
fn what_an_earlier_start_of_a_node_said_changes_nothing_but_the_term_of_the_run() {
    let mut story = Story::of(&["A", "B"]);
    story.starts("B", 2);
    story.follows("B", Role::Leader, 9, "B", "A");
    assert_eq!(story.view.node(&name("B")).map(|node| node.role), Some(Some(Role::Follower)));
    assert_eq!((story.view.term, &story.view.leader), (Term(9), &None));
}

#[test]
fn two_live_leaders_are_called_a_split_brain() {
    let mut story = Story::of(&["A", "B"]);
    story.follows("A", Role::Leader, 2, "A", "B");
    assert!(!story.view.split_brain);
    story.follows("B", Role::Leader, 1, "B", "A");
    assert!(story.view.split_brain);
}

#[test]
fn an_election_is_counted_and_held_against_the_formula() {
    let mut story = Story::of(&["A", "B"]);
    for (from, to, kind, hops) in [
        ("A", "B", MessageKind::Election, 1),
        ("B", "A", MessageKind::Election, 2),
        ("A", "B", MessageKind::Election, 3),
    ] {
        story.sends(from, to, kind, 1, "A", hops);
    }
    for (from, to, hops) in [("B", "A", 1), ("A", "B", 2)] {
        story.sends(from, to, MessageKind::Elected, 1, "B", hops);
    }
    let cause = ElectionCause::Election;
    let (leader, deputy) = (name("B"), Some(name("A")));
    story.emit("B", 1, EventKind::Completed { cause, term: Term(1), leader, deputy, members: 2 });
    let election = story.view.elections.front().expect("one election");
    assert_eq!((election.messages, election.hops, election.expected), (5, 5, Some(5)));
    assert!(election.took_us.is_some_and(|took| took > 0));
}

#[test]
fn a_search_by_somebody_who_has_not_heard_of_the_newer_election_comes_after_it() {
    let mut story = Story::of(&["A", "B", "C"]);
    story.sends("A", "B", MessageKind::Election, 5, "A", 1);
    story.sends("C", "A", MessageKind::DeputySearch, 4, "C", 1);
    let terms: Vec<_> = story.view.elections.iter().map(|one| (one.term.0, one.superseded)).collect();
    assert_eq!(terms, [(5, false), (4, true)]);
}

#[test]
fn a_ring_of_one_elects_without_a_message() {
    let mut story = Story::of(&["A"]);
    let (cause, leader) = (ElectionCause::Election, name("A"));
    story.emit("A", 1, EventKind::Completed { cause, term: Term(1), leader, deputy: None, members: 1 });
    let election = story.view.elections.front().expect("one election");
    assert_eq!((election.messages, election.expected, election.took_us), (0, Some(0), Some(0)));
}

#[test]
fn a_reset_forgets_everything() {
    let mut story = Story::of(&["A", "B"]);
    story.follows("A", Role::Leader, 2, "A", "B");
    let run = RunId(Uuid::from_u128(8));
    let settings =
        RingSettings { hop_delay_ms: 5, algorithm: AlgorithmName::Bully, ..RingSettings::default() };
    let kind = EventKind::RunStarted { run, members: vec![], highest_term: Term(4), settings };
    story.emit("", 0, kind);
    let term = Term(4);
    assert_eq!(story.view, RingView { run, seq: Seq(story.seq), term, settings, ..RingView::empty() });
}

#[test]
fn members_that_follow_different_live_leaders_are_a_split_brain() {
    let mut story = Story::of(&["A", "B", "C", "D"]);
    for (node, role) in [("A", Role::Follower), ("B", Role::Leader)] {
        story.follows(node, role, 2, "B", "A");
    }
    for (node, role) in [("C", Role::Follower), ("D", Role::Leader)] {
        story.follows(node, role, 1, "D", "C");
    }
    assert!(story.view.split_brain);
    story.follows("D", Role::Follower, 2, "B", "A");
    assert!(story.view.split_brain, "C still follows D, which lives");
    story.follows("C", Role::Follower, 2, "B", "A");
    assert!(!story.view.split_brain);
}

#[test]
fn a_member_that_has_not_heard_of_its_leaders_death_is_no_split_brain() {
    let mut story = Story::of(&["A", "B", "C"]);
    story.follows("C", Role::Leader, 1, "C", "B");
    story.follows("A", Role::Follower, 1, "C", "B");
    story.emit("C", 1, EventKind::Exited { code: None, signal: Some(9) });
    story.follows("B", Role::Leader, 2, "B", "A");
    assert!(!story.view.split_brain);
    assert_eq!(story.view.leader, None, "they don't agree yet");
}

#[test]
fn a_late_subscriber_sees_faults_and_sides_until_they_are_healed() {
    let mut story = Story::of(&["A", "B", "C"]);
    let (from, to) = (name("A"), name("B"));
    let slow = LinkFault { delay_ms: 80, ..LinkFault::default() };
    story.emit("", 0, EventKind::LinkFaultChanged { from: from.clone(), to: to.clone(), fault: slow });
    story.emit("", 0, EventKind::PartitionChanged { sides: vec![vec![name("A")]] });
    let json = serde_json::to_string(&story.view).expect("a view can be written");
    let seen: RingView = serde_json::from_str(&json).expect("a view can be read");
    assert_eq!(seen.fault(&from, &to), LinkFault { cut: true, ..slow });
    assert_eq!(seen.fault(&to, &from), LinkFault::CUT);
    assert!(seen.fault(&to, &name("C")).is_none());
    story.emit("", 0, EventKind::PartitionChanged { sides: Vec::new() });
    assert_eq!(story.view.fault(&from, &to), slow);
    story.emit("", 0, EventKind::LinkFaultChanged { from, to, fault: LinkFault::default() });
    assert_eq!(story.view.faulty(), []);
}

#[test]
fn a_newcomer_is_not_taken_for_the_leader_that_had_its_name() {
    let mut story = Story::of(&["A", "B", "C"]);
    for node in ["A", "B", "C"] {
        let (leader, deputy) = (Some(name("C")), Some(name("B")));
        let role = if node == "C" { Role::Leader } else { Role::Follower };
        story.emit(node, 1, EventKind::RoleChanged { role, term: Term(1), leader, deputy });
    }
    assert_eq!(story.view.leader, Some(name("C")));
    story.emit("C", 1, EventKind::MemberRemoved);
    let member = Member {
        id: NodeId(Uuid::from_u128(9)),
        name: name("C"),
        eligible: true,
        attribute: Attribute(90),
        incarnation: Incarnation(1),
        address: None,
    };
    story.emit("C", 1, EventKind::MemberAdded { member });
    story.starts("C", 2);
    assert_eq!((story.view.leader.as_ref(), story.view.split_brain), (None, false), "{:#?}", story.view);
    let followed: Vec<_> = story.view.nodes.iter().map(|node| node.deputy.as_ref()).collect();
    assert_eq!(followed, [Some(&name("B")), Some(&name("B")), None], "the deputy is the same as before");
}

#[test]
fn the_term_of_a_run_outlives_its_members() {
    let mut story = Story::of(&["A", "B"]);
    story.follows("B", Role::Leader, 3, "B", "A");
    for node in ["A", "B"] {
        story.emit(node, 1, EventKind::Exited { code: None, signal: Some(9) });
        story.starts(node, 2);
    }
    assert_eq!((story.view.term, &story.view.leader), (Term(3), &None));
}

#[test]
fn upkeep_is_counted_apart_from_the_messages_of_an_election() {
    let mut story = Story::of(&["A", "B"]);
    story.sends("A", "B", MessageKind::StateUpdate, 0, "A", 1);
    story.sends("A", "B", MessageKind::Election, 1, "A", 1);
    story.sends("B", "A", MessageKind::StateUpdate, 1, "B", 1);
    story.sends("B", "A", MessageKind::Election, 1, "A", 2);
    story.emit(
        "A",
        1,
        EventKind::Completed {
            cause: ElectionCause::Election,
            term: Term(1),
            leader: name("A"),
            deputy: Some(name("B")),
            members: 2,
        },
    );
    story.sends("A", "B", MessageKind::StateUpdate, 1, "A", 1);
    let election = &story.view.elections[0];
    assert_eq!((election.messages, election.upkeep, story.view.upkeep), (2, 1, 3));
}

#[test]
fn a_takeover_counts_the_members_of_its_lap_though_the_end_of_the_leader_is_reported_later() {
    let mut story = Story::of(&["A", "B", "C"]);
    story.sends("B", "A", MessageKind::DeputySearch, 2, "B", 1);
    story.emit("C", 1, EventKind::Exited { code: None, signal: Some(9) });
    story.sends("A", "B", MessageKind::DeputySearch, 2, "B", 2);
    let (leader, deputy) = (name("B"), Some(name("A")));
    let cause = ElectionCause::Takeover;
    story.emit("B", 1, EventKind::Completed { cause, term: Term(2), leader, deputy, members: 2 });
    let election = &story.view.elections[0];
    assert_eq!((election.members, election.expected), (2, Some(4)));
}
