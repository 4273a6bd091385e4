//! Faults on the links between real processes, as a network causes them: no socket is closed.

use std::time::Instant;

use ringleader_shared::bus::BusFrame;
use ringleader_shared::event::MessageKind;
use ringleader_shared::fault::{Injection, Share};
use ringleader_shared::link::LinkKind;
use ringleader_shared::{Event, EventKind, LinkFault, NodeState, RingView};
use ringleader_testing::server::{PATIENCE, Server};

/// A ring that notices silence soon, led by D with C as its deputy.
fn led() -> Server {
    let server = Server::start_with(&["--hung-after", "400ms"]);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server
}

fn successor<'a>(ring: &'a RingView, node: &str) -> &'a str {
    let node = ring.node(&node.parse().unwrap());
    node.and_then(|node| node.successor.as_ref()).map_or("", |successor| successor.as_str())
}

fn cut_both_ways(server: &Server, one: &str, other: &str) {
    server.set_link(one, other, &LinkFault::CUT);
    server.set_link(other, one, &LinkFault::CUT);
}

/// Waits for an event after `after`.
fn wait_for_event(server: &Server, after: u64, what: &str, mut is_it: impl FnMut(&Event) -> bool) -> Event {
    let mut bus = server.subscribe(Some(ringleader_shared::Seq(after)));
    let deadline = Instant::now() + PATIENCE;
    loop {
        match bus.next_frame(deadline) {
            Some(BusFrame::Event { event }) if is_it(&event) => return *event,
            Some(_) => {}
            None => panic!("it never came about that {what}\n{}", server.trace()),
        }
    }
}

fn since(server: &Server, seq: u64) -> Vec<Event> {
    server.events().into_iter().filter(|event| event.seq.0 > seq).collect()
}

fn is_node(event: &Event, node: &str) -> bool {
    event.node.as_ref().is_some_and(|name| name.as_str() == node)
}

/// The way of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Through {
    Nobody,
    Others,
}

/// Whether a ring link of one of these with the other came up, on such a way.
fn is_link(event: &Event, one: &str, other: &str, through: Through) -> bool {
    let EventKind::LinkUp { peer, link: LinkKind::Ring, relays, .. } = &event.kind else { return false };
    let is_relayed = through == Through::Others;
    let ends = [(one, other), (other, one)];
    relays.is_empty() != is_relayed && ends.iter().any(|(a, b)| is_node(event, a) && peer.as_str() == *b)
}

fn wait_for_link(server: &Server, after: u64, one: &str, other: &str, through: Through) {
    let what = format!("{one} and {other} are linked through {through:?}");
    wait_for_event(server, after, &what, |event| is_link(event, one, other, through));
}

/// Whether a link of one of these with the other ended.
fn is_end(event: &Event, one: &str, other: &str) -> bool {
    let EventKind::LinkDown { peer, .. } = &event.kind else { return false };
    [(one, other), (other, one)].iter().any(|(a, b)| is_node(event, a) && peer.as_str() == *b)
}

/// Waits until the ring is whole again and one member leads, with a deputy.
fn wait_until_whole(server: &Server) -> RingView {
    server.wait_for("the ring is whole, and all follow one leader", |ring| {
        let next = ring.nodes.iter().cycle().skip(1);
        ring.nodes.iter().zip(next).all(|(node, next)| node.successor.as_ref() == Some(&next.name))
            && ring.leader.is_some()
            && ring.deputy.is_some()
            && !ring.split_brain
    })
}

#[test]
fn a_cut_is_noticed_by_its_silence_and_not_by_a_close() {
    let server = led();
    let before = server.ring().seq.0;
    cut_both_ways(&server, "A", "B");
    wait_for_link(&server, before, "A", "B", Through::Others);
    let ends: Vec<Event> =
        since(&server, before).into_iter().filter(|event| is_end(event, "A", "B")).collect();
    let is_silent =
        |event: &Event| matches!(&event.kind, EventKind::LinkDown { cause, .. } if cause.is_silence());
    assert!(ends.first().is_some_and(is_silent), "{}", server.trace());
    assert_eq!(server.ring().live().count(), 4, "nobody has ended");
    server.heal();
    wait_for_link(&server, before, "A", "B", Through::Nobody);
    wait_until_whole(&server);
}

#[test]
fn the_end_of_a_process_is_not_heard_across_a_cut() {
    let server = led();
    let before = server.ring().seq.0;
    server.set_link("A", "B", &LinkFault::CUT);
    // What B is asked for after the cut it does after it has heard of the cut.
    server.initiate("B");
    let initiates = |event: &Event| {
        is_node(event, "B")
            && matches!(&event.kind, EventKind::Sent { message, .. } if message.message == MessageKind::Election)
    };
    wait_for_event(&server, before, "B initiates", initiates);
    server.act("A", "kill");
    let is_down = |event: &Event| {
        is_node(event, "B") && matches!(&event.kind, EventKind::LinkDown { peer, .. } if peer.as_str() == "A")
    };
    let down = wait_for_event(&server, before, "B loses A", is_down);
    let EventKind::LinkDown { cause, .. } = &down.kind else { unreachable!() };
    assert!(cause.is_silence(), "{cause}\n{}", server.trace());
}

#[test]
fn a_cut_in_one_direction_only_ends_in_one_leader_and_heals() {
    let server = led();
    for (from, to) in [("A", "B"), ("D", "C"), ("C", "D"), ("B", "A")] {
        let before = server.ring().seq.0;
        server.set_link(from, to, &LinkFault::CUT);
        let notices = format!("somebody notices that {to} hears nothing from {from}");
        wait_for_event(&server, before, &notices, |event| is_end(event, from, to));
        wait_for_link(&server, before, from, to, Through::Others);
        server.heal();
        wait_for_link(&server, before, from, to, Through::Nobody);
        wait_until_whole(&server);
    }
}

#[test]
fn a_parted_ring_has_a_leader_on_each_side_says_so_and_is_one_again_when_healed() {
    let server = led();
    server.part(&[&["A", "B"], &["C", "D"]]);
    let ring = server.wait_for("each side has its leader", |ring| {
        let leader = |name: &str| ring.node(&name.parse().unwrap()).unwrap().leader.clone();
        leader("A").is_some_and(|leader| leader.as_str() == "B")
            && leader("A") == leader("B")
            && leader("C") == leader("D")
            && leader("C").is_some_and(|leader| leader.as_str() == "D")
    });
    assert!(ring.split_brain);
    assert_eq!(ring.leader, None, "there is none that all follow");
    server.heal();
    let ring = wait_until_whole(&server);
    assert!(ring.partition.is_empty());
}

#[test]
fn a_restarted_node_has_the_faults_of_its_links_again() {
    let server = led();
    let before = server.ring().seq.0;
    cut_both_ways(&server, "A", "B");
    wait_for_link(&server, before, "A", "B", Through::Others);
    server.act("B", "kill");
    server.wait_for_state("B", NodeState::Stopped);
    let before = server.ring().seq.0;
    server.act("B", "start");
    server.wait_for("B follows and routes to C", |ring| {
        let b = ring.node(&"B".parse().unwrap()).unwrap();
        b.incarnation.0 == 2 && b.leader.is_some() && successor(ring, "B") == "C"
    });
    wait_for_link(&server, before, "A", "B", Through::Others);
    let across = |event: &Event| is_link(event, "A", "B", Through::Nobody);
    // A dials B anew every few heartbeats, and once more when it learns that B was started.
    wait_for_event(&server, before, "a second has gone by", |event| {
        matches!(event.kind, EventKind::Heartbeat { .. }) && event.seq.0 > before + 10
    });
    assert!(!since(&server, before).iter().any(across), "{}", server.trace());
    server.heal();
    wait_until_whole(&server);
}

#[test]
fn every_message_that_a_fault_takes_is_reported() {
    let server = led();
    let lossy = LinkFault { drop: Share::ALL, ..LinkFault::default() };
    let before = server.ring().seq.0;
    server.set_link("A", "B", &lossy);
    server.initiate("A");
    let lost = wait_for_event(&server, before, "the loss is told", |event| {
        matches!(&event.kind, EventKind::Injected { fault: Injection::Drop, message, .. }
            if message.message == MessageKind::Election)
    });
    let EventKind::Injected { message, from, to, .. } = &lost.kind else { unreachable!() };
    assert_eq!((from.as_str(), to.as_str()), ("A", "B"));
    let events = since(&server, before);
    let sent = events
        .iter()
        .any(|event| matches!(&event.kind, EventKind::Sent { message: sent, .. } if sent.id == message.id));
    let received = events.iter().any(|event| {
        matches!(&event.kind, EventKind::Received { message: received, .. } if received.id == message.id)
    });
    assert!(sent && !received, "{}", server.trace());
    server.heal();
    wait_until_whole(&server);
}

#[test]
fn a_message_that_is_duplicated_arrives_twice_and_changes_nothing_the_second_time() {
    let server = led();
    let twice = LinkFault { duplicate: Share::ALL, ..LinkFault::default() };
    for (from, to) in [("A", "B"), ("B", "C"), ("C", "D"), ("D", "A")] {
        server.set_link(from, to, &twice);
    }
    let before = server.ring();
    server.initiate("B");
    let ring = server.wait_for("the next election is over", |ring| {
        ring.term > before.term && ring.elections.front().is_some_and(|one| one.took_us.is_some())
    });
    assert_eq!(ring.leader.as_ref().unwrap().as_str(), "D");
    let events = since(&server, before.seq.0);
    let doubled = events.iter().find_map(|event| match &event.kind {
        EventKind::Injected { message, fault: Injection::Duplicate, .. } => Some(message.id.clone()),
        _ => None,
    });
    let doubled = doubled.expect("it is told that messages were duplicated");
    let arrivals = events
        .iter()
        .filter(|event| matches!(&event.kind, EventKind::Received { message, .. } if message.id == doubled));
    assert_eq!(arrivals.count(), 2, "{}", server.trace());
}

#[test]
fn a_delayed_link_takes_longer_and_says_so_before() {
    let server = led();
    server.set_link("A", "B", &LinkFault { delay_ms: 80, ..LinkFault::default() });
    let before = server.ring().seq.0;
    server.initiate("A");
    let first = |event: &Event| {
        matches!(&event.kind, EventKind::Received { message, .. }
            if message.message == MessageKind::Election && is_node(event, "B"))
    };
    let received = wait_for_event(&server, before, "B gets the message", first);
    let EventKind::Received { message, travel_us, .. } = &received.kind else { unreachable!() };
    assert!(*travel_us >= 80_000, "{travel_us}");
    let hold = since(&server, before).iter().find_map(|event| match &event.kind {
        EventKind::Sent { message: sent, hold_us, .. } if sent.id == message.id => Some(*hold_us),
        _ => None,
    });
    assert_eq!(hold, Some(80_000));
}

#[test]
fn an_overtaken_message_arrives_all_the_same() {
    let server = led();
    server.set_link("A", "B", &LinkFault { reorder: Share::ALL, ..LinkFault::default() });
    let before = server.ring();
    server.initiate("A");
    let late = wait_for_event(&server, before.seq.0, "a message waits", |event| {
        matches!(event.kind, EventKind::Injected { fault: Injection::Reorder, .. })
    });
    let EventKind::Injected { message: late, .. } = &late.kind else { unreachable!() };
    wait_for_event(
        &server,
        before.seq.0,
        "it arrives",
        |event| matches!(&event.kind, EventKind::Received { message, .. } if message.id == late.id),
    );
    server.wait_for("one leads", |ring| ring.term > before.term && ring.leader.is_some());
}
