//! Causes in streams that no simulated ring makes.
#![allow(missing_docs, clippy::expect_used, reason = "in a test it is the test that fails")]

use ringleader_shared::causality::Causality;
use ringleader_shared::event::NamedContender;
use ringleader_shared::explanation::Explanation;
use ringleader_shared::link::{LinkDirection, LinkEnd, LinkKind, close};
use ringleader_shared::timeline::Position;
use ringleader_shared::{Attribute, Event, EventKind, Incarnation, NodeName, Seq, Term};

fn name(text: &str) -> NodeName {
    text.parse().expect("a name")
}

fn event(seq: u64, at_us: u64, node: &str, kind: EventKind) -> Event {
    Event { seq: Seq(seq), at_us, node: Some(name(node)), incarnation: Incarnation(1), lamport: seq, kind }
}

fn initiating() -> EventKind {
    let me = NamedContender { name: name("A"), attribute: Attribute(1) };
    EventKind::Explained { explanation: Explanation::Initiating { term: Term(1), me } }
}

fn broken() -> EventKind {
    let (link, direction) = (LinkKind::Ring, LinkDirection::Outgoing);
    EventKind::LinkDown { peer: name("D"), link, direction, cause: LinkEnd::Broken, failure: true }
}

fn requested(action: &str) -> EventKind {
    EventKind::Requested { action: action.to_owned().try_into().expect("a request") }
}

fn outside(events: &[(u64, &str, EventKind)]) -> Vec<Option<u64>> {
    let events = events.iter().zip(1..);
    let events: Vec<Event> =
        events.map(|((at, node, kind), seq)| event(seq, *at, node, kind.clone())).collect();
    let causality = Causality::of(&events);
    (1..=events.len() as u64).map(|at| causality.outside(Position(at)).map(|cause| cause.0)).collect()
}

#[test]
fn a_request_that_led_to_nothing_is_not_the_cause_of_a_later_election() {
    let spawned = EventKind::Spawned { pid: 1 };
    let answered = [(1, "A", spawned.clone()), (2, "A", requested("initiate")), (3, "A", initiating())];
    assert_eq!(outside(&answered), [None, None, Some(2)]);
    let given_up = [
        (1, "A", spawned),
        (2, "A", requested("initiate")),
        (3, "A", broken()),
        (4, "A", initiating()),
        (5, "A", initiating()),
    ];
    assert_eq!(outside(&given_up), [None; 5]);
}

#[test]
fn a_request_on_the_bus_after_its_effects_must_have_been_made_before_them() {
    let spawned = EventKind::Spawned { pid: 1 };
    let kill = |at| [(1, "D", spawned.clone()), (5, "A", broken()), (at, "D", requested("kill"))];
    assert_eq!(outside(&kill(4)), [None, Some(3), None]);
    for later in [5, 6] {
        assert_eq!(outside(&kill(later)), [None; 3], "at {later}");
    }
    let initiate = |at| [(1, "A", spawned.clone()), (5, "A", initiating()), (at, "A", requested("initiate"))];
    assert_eq!(outside(&initiate(4)), [None, Some(3), None]);
    assert_eq!(outside(&initiate(6)), [None; 3]);
    // It is answered: the next election has another cause.
    let [first, second, third] = initiate(4);
    assert_eq!(outside(&[first, second, third, (7, "A", initiating())]), [None, Some(3), None, None]);
}

#[test]
fn a_death_that_nobody_requested_is_the_cause_of_what_was_noticed_before_it() {
    let spawned = EventKind::Spawned { pid: 1 };
    let exited = EventKind::Exited { code: None, signal: Some(9) };
    let noticed = |at, next| {
        let next = (500_001, "D", next);
        [(1, "D", spawned.clone()), (at, "A", broken()), (500_000, "D", exited.clone()), next]
    };
    assert_eq!(outside(&noticed(499_000, broken())), [None, Some(3), None, Some(3)]);
    assert_eq!(outside(&noticed(2_000, broken())), [None, None, None, Some(3)], "too long before");
    let removed = EventKind::MemberRemoved;
    assert_eq!(outside(&noticed(499_000, removed.clone())), [None; 4], "only a simulated ring reports both");
    let at_once = [(1, "D", spawned.clone()), (5, "A", broken()), (7, "D", removed), (8, "B", broken())];
    assert_eq!(outside(&at_once), [None, Some(3), None, Some(3)]);
    let after = [(1, "D", spawned.clone()), (500_000, "D", exited.clone()), (500_100, "A", broken())];
    assert_eq!(outside(&after), [None, None, Some(2)]);
    let asked = [
        (1, "D", spawned),
        (5, "D", requested("kill")),
        (6, "A", broken()),
        (7, "D", exited),
        (8, "B", broken()),
        (9, "D", EventKind::RestartPlanned { after_ms: 1 }),
        (10, "D", EventKind::Spawned { pid: 2 }),
    ];
    assert_eq!(outside(&asked), [None, None, Some(2), Some(2), Some(4), None, Some(6)]);
}

#[test]
fn a_partition_silences_links_and_its_end_brings_them_back() {
    let parted = |sides: &[&[&str]]| {
        let side = |side: &&[&str]| side.iter().map(|node| name(node)).collect();
        EventKind::PartitionChanged { sides: sides.iter().map(side).collect() }
    };
    let (link, direction) = (LinkKind::Ring, LinkDirection::Incoming);
    let silent = |peer: &str| {
        let cause = LinkEnd::Silent { silent_for_ms: 150 };
        EventKind::LinkDown { peer: name(peer), link, direction, cause, failure: true }
    };
    let up = |peer: &str| EventKind::LinkUp { peer: name(peer), link, direction, relays: Vec::new() };
    let events = [
        (1, "A", parted(&[&["A", "B"], &["C"]])),
        (200_000, "A", silent("C")),
        (200_001, "A", silent("B")),
        (200_002, "D", silent("A")),
        (300_000, "A", parted(&[])),
        (300_001, "A", up("C")),
        (300_002, "A", silent("C")),
    ];
    assert_eq!(outside(&events), [None, Some(1), None, Some(1), None, Some(5), None]);
}

#[test]
fn a_link_that_closes_gracefully_follows_from_the_leaving_and_one_that_was_silent_from_that() {
    let (link, direction) = (LinkKind::Ring, LinkDirection::Incoming);
    let closed = |peer: &str, code: u16| {
        let cause = LinkEnd::Closed { code, reason: String::new() };
        EventKind::LinkDown { peer: name(peer), link, direction, cause, failure: false }
    };
    let silent = EventKind::LinkDown {
        peer: name("B"),
        link,
        direction,
        cause: LinkEnd::Silent { silent_for_ms: 150 },
        failure: true,
    };
    let events = [
        (1, "D", requested("exit")),
        (2, "D", EventKind::Leaving),
        (3, "A", closed("D", close::LEAVING)),
        (4, "A", silent),
        (5, "B", closed("A", close::SILENT)),
        (6, "C", closed("A", close::SILENT)),
        (7, "A", closed("B", close::NOT_NEEDED)),
    ];
    assert_eq!(outside(&events), [None, Some(1), Some(2), None, Some(4), None, None]);
}

#[test]
fn an_effect_does_not_wait_for_ever() {
    let spawned = EventKind::Spawned { pid: 1 };
    let late = [
        (1, "D", spawned),
        (5, "A", broken()),
        (10_000_000, "A", EventKind::Leaving),
        (4, "D", requested("kill")),
    ];
    assert_eq!(outside(&late), [None; 4]);
}

#[test]
fn the_links_of_many_events_are_small_and_forgotten_ones_leave_none() {
    let mut causality = Causality::new();
    for seq in 1..=10_000 {
        causality.push(&event(seq, seq, "A", EventKind::Leaving));
        causality.forget_before(Position(seq.saturating_sub(1_000)));
    }
    assert_eq!((causality.begin(), causality.end()), (Position(9_000), Position(10_000)));
    assert!(causality.size() < 64 * 1_024, "{}", causality.size());
    assert_eq!(causality.before(Position(9_001)), None, "the one before it is forgotten");
    assert_eq!(causality.past(Position(10_000)).len(), 1_000);
}
