//! The leader and the members that it reaches: one definition for the server, the page and the sandbox.

use ringleader_shared::view::NodeView;
use ringleader_shared::{EventKind, LinkFault, NodeName, RingSettings, RingView, Role, Safety, Term};

use crate::story::{Story, name};

fn named(node: Option<&NodeView>) -> Option<&str> {
    node.map(|node| node.name.as_str())
}

fn led(names: &[&str], leader: &str, deputy: &str) -> Story {
    let mut story = Story::of(names);
    for node in names {
        let role = match *node {
            one if one == leader => Role::Leader,
            one if one == deputy => Role::Deputy,
            _ => Role::Follower,
        };
        story.follows(node, role, 1, leader, deputy);
    }
    story
}

fn cut(story: &mut Story, links: &[(&str, &str)]) {
    for (from, to) in links {
        let (from, to) = (name(from), name(to));
        story.emit("", 0, EventKind::LinkFaultChanged { from, to, fault: LinkFault::CUT });
    }
}

fn part(story: &mut Story, sides: &[&[&str]]) {
    let sides = sides.iter().map(|side| side.iter().map(|text| name(text)).collect()).collect();
    story.emit("", 0, EventKind::PartitionChanged { sides });
}

fn written(groups: &[Vec<&NodeView>]) -> String {
    let group = |nodes: &Vec<&NodeView>| nodes.iter().map(|node| node.name.as_str()).collect::<String>();
    groups.iter().map(group).collect::<Vec<_>>().join("|")
}

#[test]
fn the_leader_is_the_process_that_leads_in_the_highest_term_running_or_hung() {
    // The situation, the reports of it, and the leader.
    type Row = (&'static str, Vec<(&'static str, EventKind)>, Option<&'static str>);
    let dead = || EventKind::Exited { code: None, signal: Some(9) };
    let role_changed = |role, term, leader| EventKind::RoleChanged {
        role,
        term: Term(term),
        leader: Some(name(leader)),
        deputy: None,
    };
    let cases: [Row; 8] = [
        ("all follow one", vec![], Some("D")),
        ("it hangs, and nobody has noticed", vec![("D", EventKind::Paused)], Some("D")),
        (
            "it hangs, and another one leads a newer term",
            vec![("D", EventKind::Paused), ("B", role_changed(Role::Leader, 2, "B"))],
            Some("B"),
        ),
        (
            "it goes on and has not heard of the newer term",
            vec![("B", role_changed(Role::Leader, 2, "B"))],
            Some("B"),
        ),
        ("it is dead", vec![("D", dead())], None),
        (
            "it is dead, and its deputy has taken over",
            vec![("D", dead()), ("C", role_changed(Role::Leader, 2, "C"))],
            Some("C"),
        ),
        ("it has stepped down", vec![("D", role_changed(Role::Follower, 2, "A"))], None),
        (
            "two lead one term: the live one",
            vec![("D", EventKind::Paused), ("A", role_changed(Role::Leader, 1, "A"))],
            Some("A"),
        ),
    ];
    for (what, reports, leader) in cases {
        let mut story = led(&["A", "B", "C", "D"], "D", "C");
        for (node, kind) in reports {
            story.emit(node, 1, kind);
        }
        assert_eq!(named(story.view.leading()), leader, "{what}");
    }
    assert_eq!(Story::of(&["A", "B"]).view.leading(), None, "nobody has been elected");
}

#[test]
fn the_deputy_is_the_process_that_the_leader_names_running_or_hung() {
    let mut story = led(&["A", "B", "C", "D"], "D", "C");
    story.emit("D", 1, EventKind::Paused);
    assert_eq!(named(story.view.deputy_of_leading()), Some("C"));
    story.emit("C", 1, EventKind::Exited { code: None, signal: Some(9) });
    assert_eq!(named(story.view.deputy_of_leading()), None);
}

#[test]
fn parts_are_the_live_members_that_reach_one_another_in_both_directions() {
    type Cuts<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, &[&[&str]], Cuts<'_>, &str); 6] = [
        ("no cut", &[], &[], "ABCD"),
        ("a partition", &[&["A", "C"]], &[], "AC|BD"),
        ("one link in one direction: the others connect both ends", &[], &[("A", "B")], "ABCD"),
        ("one that hears all and whom nobody hears", &[], &[("B", "A"), ("B", "C"), ("B", "D")], "ACD|B"),
        ("a partition, and a cut within a side", &[&["A", "B"]], &[("A", "B")], "A|B|CD"),
        ("three sides", &[&["A"], &["B"]], &[], "A|B|CD"),
    ];
    for (what, sides, links, parts) in cases {
        let mut story = led(&["A", "B", "C", "D"], "D", "C");
        part(&mut story, sides);
        cut(&mut story, links);
        assert_eq!(written(&story.view.parts()), parts, "{what}");
    }
    let mut story = led(&["A", "B", "C", "D"], "D", "C");
    part(&mut story, &[&["A", "B"]]);
    cut(&mut story, &[("A", "B"), ("C", "A")]);
    let view = &story.view;
    let pairs = view.nodes.iter().flat_map(|from| view.nodes.iter().map(move |to| (&from.name, &to.name)));
    let faulty = pairs.filter(|(from, to)| from != to && !view.fault(from, to).is_none());
    let listed = view.faulty();
    assert!(faulty.eq(listed.iter().map(|link| (&link.from, &link.to))), "{listed:?}");
    assert!(listed.iter().all(|link| link.fault == view.fault(&link.from, &link.to)), "{listed:?}");
    let mut story = led(&["A", "B", "C", "D"], "D", "C");
    part(&mut story, &[&["A", "B"]]);
    story.emit("C", 1, EventKind::Paused);
    assert_eq!(written(&story.view.parts()), "AB|D", "a hung member reaches nobody");
}

#[test]
fn without_a_majority_in_any_part_the_sizes_are_known() {
    let mut story = led(&["A", "B", "C", "D"], "D", "C");
    assert_eq!(story.view.parts_without_majority(), None);
    part(&mut story, &[&["A", "B"]]);
    assert_eq!(story.view.parts_without_majority(), Some(vec![2, 2]));
    part(&mut story, &[&["A"]]);
    assert_eq!(story.view.parts_without_majority(), None, "three of four are a majority");
    story.emit("B", 1, EventKind::Paused);
    assert_eq!(story.view.parts_without_majority(), Some(vec![1, 2]));
    story.emit("C", 1, EventKind::Paused);
    assert_eq!(story.view.parts_without_majority(), None, "too few run: that is another matter");
}

#[test]
fn a_leader_leads_those_that_it_reaches_and_in_quorum_mode_needs_a_majority_of_all() {
    fn led_by(view: &RingView) -> Option<(&str, Option<&str>, Vec<&str>)> {
        let led = view.led()?;
        let out = led.out_of_reach.iter().map(|node| node.name.as_str()).collect();
        Some((led.leader.name.as_str(), named(led.deputy), out))
    }
    let names = ["A", "B", "C", "D", "E"];
    let mut story = led(&names, "E", "D");
    assert_eq!(led_by(&story.view), Some(("E", Some("D"), vec![])));
    part(&mut story, &[&["A", "B"]]);
    story.emit(
        "A",
        1,
        EventKind::RoleChanged { role: Role::Candidate, term: Term(7), leader: None, deputy: None },
    );
    assert_eq!(led_by(&story.view), Some(("E", Some("D"), vec!["A", "B"])));
    story.emit(
        "",
        0,
        EventKind::SettingsChanged {
            settings: RingSettings { safety: Safety::Quorum, ..RingSettings::default() },
        },
    );
    assert!(led_by(&story.view).is_some(), "three of five are a majority");
    part(&mut story, &[&["A", "B", "C"]]);
    assert_eq!(led_by(&story.view), None, "two of five are none");
    story.emit(
        "",
        0,
        EventKind::SettingsChanged {
            settings: RingSettings { safety: Safety::Available, ..RingSettings::default() },
        },
    );
    assert_eq!(led_by(&story.view), Some(("E", Some("D"), vec!["A", "B", "C"])));
    story.emit("E", 1, EventKind::Paused);
    assert_eq!(led_by(&story.view), None, "it hangs");
}

#[test]
fn sides_are_what_a_partition_leaves_and_what_cutting_all_links_between_them_leaves() {
    let both = |one: &'static str, other: &'static str| [(one, other), (other, one)];
    let mut parted = led(&["A", "B", "C", "D"], "D", "C");
    assert!(parted.view.sides().is_empty());
    part(&mut parted, &[&["A", "B"]]);
    assert_eq!(written(&parted.view.sides()), "AB|CD");
    assert!(parted.view.faults_beside_sides().is_empty());
    parted.emit("C", 1, EventKind::Exited { code: None, signal: Some(9) });
    assert_eq!(written(&parted.view.sides()), "AB|CD", "also the dead are on a side");

    let mut cut_by_hand = led(&["A", "B", "C", "D"], "D", "C");
    let all: Vec<_> = [both("A", "C"), both("A", "D"), both("B", "C"), both("B", "D")].concat();
    cut(&mut cut_by_hand, &all[..7]);
    assert!(cut_by_hand.view.sides().is_empty(), "one direction is left");
    assert_eq!(cut_by_hand.view.faults_beside_sides().len(), 7);
    cut(&mut cut_by_hand, &all[7..]);
    assert_eq!(written(&cut_by_hand.view.sides()), "AB|CD");
    assert!(cut_by_hand.view.faults_beside_sides().is_empty());
    let slow = LinkFault { cut: true, delay_ms: 80, ..LinkFault::default() };
    cut_by_hand.emit("", 0, EventKind::LinkFaultChanged { from: name("A"), to: name("C"), fault: slow });
    cut(&mut cut_by_hand, &[("A", "B")]);
    let beside: Vec<String> = cut_by_hand
        .view
        .faults_beside_sides()
        .iter()
        .map(|link| format!("{}{} {} {}", link.from, link.to, link.fault.cut, link.fault.delay_ms))
        .collect();
    assert_eq!(beside, ["AC false 80", "AB true 0"]);
}

#[test]
fn the_parts_of_a_ring_of_a_thousand_in_which_one_is_cut_off_are_found() {
    let names: Vec<String> = (0..1_000).map(|n| NodeName::nth(n).to_string()).collect();
    let mut story = Story::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for other in &names[1..] {
        cut(&mut story, &[(&names[0], other), (other, &names[0])]);
    }
    let sizes: Vec<usize> = story.view.sides().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 999]);
    assert_eq!(story.view.parts().iter().map(Vec::len).collect::<Vec<_>>(), [1, 999]);
}
