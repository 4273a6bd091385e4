//! The checker of event streams is checked: what it must find, and what it must let pass.

use ringleader_shared::invariants::EventChecker;
use ringleader_shared::{
    Attribute, Event, EventKind, Incarnation, Member, NodeId, NodeName, RingSettings, RingView, Role, RunId,
    Seq, Term,
};
use uuid::Uuid;

/// A ring of A and B, the reports of it, and the findings of the checker.
struct Stream {
    view: RingView,
    invariants: EventChecker,
}

impl Stream {
    fn new() -> Self {
        let member = |(text, n): (&str, u128)| Member {
            id: NodeId(Uuid::from_u128(n)),
            name: name(text),
            attribute: Attribute(90),
            eligible: true,
            incarnation: Incarnation(0),
            address: None,
        };
        let mut stream = Self { view: RingView::empty(), invariants: EventChecker::default() };
        let kind = EventKind::RunStarted {
            run: RunId(Uuid::from_u128(7)),
            members: [("A", 1), ("B", 2)].map(member).into(),
            highest_term: Term::ZERO,
            settings: RingSettings::default(),
        };
        assert_eq!(stream.see("", 0, kind), Ok(()));
        stream
    }

    fn see(&mut self, node: &str, incarnation: u32, kind: EventKind) -> Result<(), String> {
        let seq = Seq(self.view.seq.0 + 1);
        let node = (!node.is_empty()).then(|| name(node));
        let incarnation = Incarnation(incarnation);
        let event = Event { seq, at_us: seq.0, node, incarnation, lamport: 0, kind };
        self.view.apply(&event);
        self.invariants.see(&event, &self.view)
    }

    fn starts(&mut self, node: &str, incarnation: u32) {
        assert_eq!(self.see(node, incarnation, EventKind::Spawned { pid: 100 }), Ok(()));
    }

    fn dies(&mut self, node: &str, incarnation: u32) {
        assert_eq!(self.see(node, incarnation, EventKind::Exited { code: None, signal: Some(9) }), Ok(()));
    }

    fn leads(&mut self, node: &str, incarnation: u32, term: u64) -> Result<(), String> {
        let leader = Some(name(node));
        let kind = EventKind::RoleChanged { role: Role::Leader, term: Term(term), leader, deputy: None };
        self.see(node, incarnation, kind)
    }
}

fn name(text: &str) -> NodeName {
    text.parse().expect("a good name")
}

#[test]
fn after_the_death_of_all_members_no_term_up_to_the_last_is_led_again() {
    for term in [1, 2, 3] {
        let mut stream = Stream::new();
        stream.starts("A", 1);
        stream.starts("B", 1);
        assert_eq!(stream.leads("A", 1, 2), Ok(()));
        stream.dies("A", 1);
        stream.dies("B", 1);
        stream.starts("B", 2);
        // A death after that makes nothing forgotten.
        stream.dies("B", 2);
        stream.starts("B", 3);
        let seen = stream.leads("B", 3, term);
        assert_eq!(seen.is_ok(), term > 2, "term {term}: {seen:?}");
    }
}

#[test]
fn while_somebody_lives_a_term_that_only_the_dead_have_heard_of_may_be_led_again() {
    let mut stream = Stream::new();
    stream.starts("A", 1);
    stream.starts("B", 1);
    assert_eq!(stream.leads("A", 1, 2), Ok(()));
    stream.dies("A", 1);
    assert_eq!(stream.leads("B", 1, 2), Ok(()));
}
