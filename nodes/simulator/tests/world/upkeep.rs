//! The state updates between neighbours outside elections: as much as links that come up ask for, and what
//! was lost once more.

use std::time::Duration;

use ringleader_shared::event::{EventKind, MessageKind};
use ringleader_shared::{AlgorithmName, RingView};
use ringleader_simulator::{Action, Case, Latency, Setup, World, trace};

/// An undisturbed election of this many at this pace: the ring in the end, the state updates and the
/// links that came up from the initiation on.
fn elected(n: u64, hop: Duration, algorithm: AlgorithmName) -> (RingView, usize, usize) {
    let attributes: Vec<u64> = (1..=n).collect();
    let setup = Setup::of(&attributes).latency(Latency::Constant(hop)).algorithm(algorithm).patient();
    let mut world = World::reporting(setup);
    world.run_for(Duration::from_secs(10));
    let linked = world.events().len();
    world.act(Action::Initiate(0));
    for _ in 0..1000 {
        world.run_for(Duration::from_secs(1));
        if world.agreed().is_some() {
            break;
        }
    }
    // Whatever would be repeated, is.
    world.run_for(Duration::from_secs(60));
    assert!(world.agreed().is_some(), "{algorithm} of {n}\n{}", trace::draw(world.events()));
    let mut view = RingView::empty();
    for event in world.events() {
        view.apply(event);
    }
    let since = &world.events()[linked..];
    let updates = |kind: &EventKind| matches!(kind, EventKind::Sent { message, .. } if message.message == MessageKind::StateUpdate);
    let count = |is: &dyn Fn(&EventKind) -> bool| since.iter().filter(|event| is(&event.kind)).count();
    (view, count(&updates), count(&|kind| matches!(kind, EventKind::LinkUp { .. })))
}

/// The initiator's neighbours differ for n − 1 hops, here 25 s, which is no loss.
#[test]
fn nothing_is_sent_again_while_a_message_goes_round_a_long_slow_ring() {
    let (view, updates, links) = elected(64, Duration::from_millis(400), AlgorithmName::MaxRing);
    let election = view.elections.front().expect("an election");
    assert_eq!((election.messages, election.expected), (191, Some(191)));
    // The leader confirms its deputy when their link comes up: that is all, and after the election.
    assert_eq!((updates, view.upkeep, election.upkeep), (1, 1, 0), "{links} ends of links came up");
}

#[test]
fn every_algorithm_keeps_to_it() {
    for algorithm in AlgorithmName::ALL {
        let (_, updates, links) = elected(16, Duration::from_millis(400), algorithm);
        assert!(updates <= links, "{algorithm}: {updates} state updates, {links} ends of links");
    }
}

/// A lost result is sent again, once.
#[test]
fn a_message_that_was_lost_is_made_up_for() {
    let case: Case = "seed 1; ring 4 3 2 1; constant 1000us; 20000us initiate D; 5500us disturb B C constant 1000us drop 1000 \
                      duplicate 0 reorder 0; 1000us mend B C"
        .parse()
        .expect("a case");
    let world = case.report();
    let lost = world.events().iter().filter(|event| matches!(event.kind, EventKind::Injected { .. })).count();
    assert_eq!(lost, 1, "{}", trace::draw(world.events()));
    assert!(world.agreed().is_some(), "{}", trace::draw(world.events()));
    let updates: Vec<_> = world
        .events()
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Sent { message, to, .. } if message.message == MessageKind::StateUpdate => {
                Some(format!("{}>{to}", message.id.from))
            }
            _ => None,
        })
        .collect();
    // The leader confirms its deputy; B sends C what was lost, and news go on to the next. The lap that was
    // lost is followed by another one, after which the leader confirms its deputy again.
    assert_eq!(updates, ["A>B", "B>C", "C>D", "D>A", "A>B"], "{}", trace::draw(world.events()));
}
