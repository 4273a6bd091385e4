//! The links that members report, and who reaches whom by them.

use ringleader_shared::link::{LinkDirection, LinkEnd, LinkKind};
use ringleader_shared::view::Reach;
use ringleader_shared::{EventKind, Explanation, LinkFault, NodeName, RingView, Role};

use crate::story::{Story, name};

const DIALLED: LinkDirection = LinkDirection::Outgoing;

impl Story {
    /// A member dials another through these relays; both ends report the link.
    fn links(&mut self, from: &str, to: &str, link: LinkKind, relays: &[&str]) {
        let mut relays: Vec<NodeName> = relays.iter().map(|relay| name(relay)).collect();
        for (node, peer, direction) in [(from, to, DIALLED), (to, from, LinkDirection::Incoming)] {
            let kind = EventKind::LinkUp { peer: name(peer), link, direction, relays: relays.clone() };
            self.emit(node, 1, kind);
            relays.reverse();
        }
    }

    fn loses(&mut self, node: &str, peer: &str, direction: LinkDirection) {
        let (peer, link) = (name(peer), LinkKind::Ring);
        let (cause, failure) = (LinkEnd::Silent { silent_for_ms: 150 }, true);
        self.emit(node, 1, EventKind::LinkDown { peer, link, direction, cause, failure });
    }

    fn cuts(&mut self, from: &str, to: &str) {
        let (from, to) = (name(from), name(to));
        self.emit("", 0, EventKind::LinkFaultChanged { from, to, fault: LinkFault::CUT });
    }

    fn sends_to(&mut self, node: &str, successor: &str) {
        self.emit(node, 1, EventKind::SuccessorChanged { successor: name(successor) });
    }

    /// Each member with its link to the next one.
    fn of_linked(names: &[&str]) -> Self {
        let mut story = Self::of(names);
        for (from, to) in names.iter().zip(names.iter().cycle().skip(1)) {
            story.sends_to(from, to);
            story.links(from, to, LinkKind::Ring, &[]);
        }
        story
    }
}

fn reach<'a>(view: &'a RingView, from: &str, to: &str) -> Reach<'a> {
    view.reach(&name(from), &name(to))
}

fn connected(view: &RingView, of: &str) -> [String; 2] {
    let (reached, reaching) = view.connected(&name(of));
    [reached, reaching].map(|nodes| nodes.iter().map(|node| node.name.as_str()).collect())
}

#[test]
fn neighbours_reach_each_other_and_others_need_no_link() {
    let view = Story::of_linked(&["A", "B", "C", "D"]).view;
    assert_eq!(reach(&view, "A", "B"), Reach::Direct);
    assert_eq!(reach(&view, "B", "A"), Reach::Direct);
    assert_eq!(reach(&view, "A", "C"), Reach::Unneeded);
    assert_eq!(connected(&view, "A"), ["BCD", "BCD"]);
}

#[test]
fn both_ends_of_a_relayed_link_know_its_relays_in_their_own_order() {
    let mut story = Story::of_linked(&["A", "B", "C", "D"]);
    story.cuts("C", "D");
    assert_eq!(reach(&story.view, "C", "D"), Reach::Cut { there: true, back: false }, "though it is up");
    assert_eq!(reach(&story.view, "D", "C"), Reach::Cut { there: false, back: true });
    story.links("C", "D", LinkKind::Ring, &["B", "A"]);
    assert_eq!(reach(&story.view, "C", "D"), Reach::Through(&[name("B"), name("A")]));
    assert_eq!(reach(&story.view, "D", "C"), Reach::Through(&[name("A"), name("B")]));
    assert_eq!(connected(&story.view, "D"), ["ABC", "ABC"]);
}

#[test]
fn who_is_routed_past_is_lost_and_reaches_only_those_that_it_dialled() {
    let mut story = Story::of_linked(&["A", "B", "C", "D"]);
    story.loses("C", "D", DIALLED);
    story.loses("D", "C", LinkDirection::Incoming);
    story.sends_to("C", "A");
    story.links("C", "A", LinkKind::Ring, &[]);
    assert_eq!(reach(&story.view, "C", "D"), Reach::Lost);
    assert_eq!(reach(&story.view, "D", "C"), Reach::Lost);
    assert_eq!(reach(&story.view, "B", "D"), Reach::Unneeded);
    assert_eq!(connected(&story.view, "D"), ["ABC", ""], "D sends to A, and nobody to D");
    assert_eq!(connected(&story.view, "A"), ["BC", "BCD"]);
}

#[test]
fn links_end_with_the_process() {
    let mut story = Story::of_linked(&["A", "B", "C"]);
    let links_of_b = |story: &Story| story.view.node(&name("B")).map(|node| node.links.len());
    assert_eq!(links_of_b(&story), Some(2));
    story.emit("B", 1, EventKind::Exited { code: None, signal: Some(9) });
    assert_eq!((links_of_b(&story), reach(&story.view, "A", "B")), (Some(0), Reach::Stopped));
    assert_eq!(connected(&story.view, "A"), ["", "C"]);
    story.starts("B", 2);
    story.links("B", "C", LinkKind::Ring, &[]);
    assert_eq!(links_of_b(&story), Some(0), "what the former process says does not count");
}

#[test]
fn of_direct_links_those_through_relays_are_kept() {
    let mut story = Story::of_linked(&["A", "B", "C", "D"]);
    story.links("A", "C", LinkKind::Direct, &[]);
    assert_eq!(reach(&story.view, "A", "C"), Reach::Unneeded);
    story.links("A", "C", LinkKind::Direct, &["D"]);
    assert_eq!(reach(&story.view, "A", "C"), Reach::Through(&[name("D")]));
    story.links("A", "C", LinkKind::Direct, &[]);
    assert_eq!(reach(&story.view, "A", "C"), Reach::Unneeded);
}

#[test]
fn why_a_member_waits_is_shown_until_it_has_a_leader_or_takes_part() {
    let mut story = Story::of(&["A", "B"]);
    let outside = |story: &Story| story.view.node(&name("B")).and_then(|node| node.outside.clone());
    story.emit("B", 1, EventKind::Explained { explanation: Explanation::Alone });
    assert_eq!(outside(&story), None);
    story.emit("B", 1, EventKind::Explained { explanation: Explanation::InquiryUnanswered });
    assert_eq!(outside(&story), Some(Explanation::InquiryUnanswered));
    let json = serde_json::to_string(&story.view).expect("a view can be written");
    assert_eq!(serde_json::from_str::<RingView>(&json).expect("a view can be read"), story.view);
    story.follows("B", Role::Follower, 1, "A", "B");
    assert_eq!(outside(&story), None);
    let waits = || EventKind::Explained { explanation: Explanation::InquiryUnanswered };
    story.emit("B", 1, waits());
    story.follows("B", Role::Follower, 1, "A", "B");
    assert_eq!(outside(&story), Some(Explanation::InquiryUnanswered), "A does not lead any more");
    story.follows("A", Role::Leader, 1, "A", "B");
    story.follows("B", Role::Follower, 1, "A", "B");
    assert_eq!(outside(&story), None);
    story.emit("B", 1, waits());
    story.follows("B", Role::Candidate, 2, "B", "B");
    assert_eq!(outside(&story), None);
}
