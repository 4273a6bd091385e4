//! A core that receives nonsense: it never panics, always answers, and answers with little.

use std::time::Duration;

use proptest::prelude::*;
use ringleader_election::{Core, Effect, Input, Time, Timer, Timing};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::message::{
    Ballot, Classic, DeputySearch, Elected, Election, Found, Inquiry, Lease, RollCall, StateUpdate,
};
use ringleader_shared::{
    AlgorithmName, Attribute, Contender, Mandate, NodeId, Payload, PortKind, RingMessage, RingSettings,
    Safety, Succession, Term,
};
use uuid::Uuid;

/// More effects than any one input can have: a message, a timer, a promise, a word of why, for each of a few
/// rules; in an election where everyone talks to everyone, a message to each.
const MOST_EFFECTS: usize = 36;

/// Few members, so that nonsense meets what is known; one of them is in no ring.
fn id() -> impl Strategy<Value = NodeId> {
    (1_u128..7).prop_map(|n| NodeId(Uuid::from_u128(n)))
}

/// Small numbers, and the largest there are.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..6, 1 => any::<u64>(), 1 => Just(u64::MAX), 1 => Just(u64::MAX - 1)]
}

fn small() -> impl Strategy<Value = u32> {
    number().prop_map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

fn contender() -> impl Strategy<Value = Contender> {
    let eligible = prop::bool::weighted(0.7);
    (eligible, number(), id()).prop_map(|(eligible, attribute, id)| Contender {
        eligible,
        attribute: Attribute(attribute),
        id,
    })
}

fn mandate() -> impl Strategy<Value = Mandate> {
    (number(), contender(), small(), prop::option::of(contender())).prop_map(
        |(term, leader, deputy_epoch, deputy)| Mandate { term: Term(term), leader, deputy_epoch, deputy },
    )
}

fn ballot() -> impl Strategy<Value = Ballot> {
    (number(), number(), small()).prop_map(|(begun_ns, lease_ms, votes)| Ballot { begun_ns, lease_ms, votes })
}

fn algorithm() -> impl Strategy<Value = AlgorithmName> {
    prop::sample::select(AlgorithmName::ALL.to_vec())
}

fn election() -> impl Strategy<Value = RingMessage> {
    let port = prop_oneof![
        4 => Just(PortKind::Successor),
        2 => Just(PortKind::Predecessor),
        2 => Just(PortKind::Peer)
    ];
    let payload = (0_u8..4, prop::option::weighted(0.9, contender()), [small(), small(), small()])
        .prop_map(|(kind, label, numbers)| Payload { kind, label, numbers });
    (number(), algorithm(), port, small(), small(), payload).prop_map(
        |(term, algorithm, port, number, size, payload)| {
            Classic { term: Term(term), algorithm, port, number, size, payload }.into()
        },
    )
}

fn of_max_ring() -> impl Strategy<Value = RingMessage> {
    prop_oneof![
        (number(), id(), contender(), prop::option::of(contender()), small()).prop_map(
            |(term, initiator, candidate, deputy, hops)| Election {
                term: Term(term),
                initiator,
                candidate,
                deputy,
                hops
            }
            .into()
        ),
        (mandate(), prop::option::of(contender()), small(), prop::option::of(ballot()))
            .prop_map(|(mandate, deputy, hops, ballot)| DeputySearch { mandate, deputy, hops, ballot }.into()),
        (mandate(), small(), prop::option::of(ballot()))
            .prop_map(|(mandate, hops, ballot)| Elected { mandate, hops, ballot }.into()),
        (number(), id(), prop::option::of(mandate()), small(), small()).prop_map(
            |(term, initiator, leader, supporters, hops)| Inquiry {
                term: Term(term),
                initiator,
                leader,
                supporters,
                hops
            }
            .into()
        ),
        (mandate(), ballot(), number(), small()).prop_map(
            |(mandate, ballot, highest, hops)| Lease { mandate, ballot, highest: Term(highest), hops }.into()
        ),
        (number(), prop::option::of(mandate())).prop_map(|(term, mandate)| StateUpdate {
            term: Term(term),
            mandate
        }
        .into()),
    ]
}

fn message() -> impl Strategy<Value = RingMessage> {
    prop_oneof![
        6 => election(),
        1 => (number(), algorithm(), id(), small()).prop_map(|(term, algorithm, initiator, hops)| {
            RollCall { term: Term(term), algorithm, initiator, hops }.into()
        }),
        1 => (number(), contender(), small())
            .prop_map(|(term, leader, hops)| Found { term: Term(term), leader, hops }.into()),
        6 => of_max_ring(),
    ]
}

fn timing() -> impl Strategy<Value = Timing> {
    [number(), number(), number(), number()].prop_map(|times| {
        let [election, lap, deputy, lease] = times.map(Duration::from_nanos);
        Timing { election, lap, deputy, lease }
    })
}

fn settings() -> impl Strategy<Value = RingSettings> {
    let safety = prop::sample::select(Safety::ALL.to_vec());
    let succession = prop::sample::select(Succession::ALL.to_vec());
    (number(), safety, succession, algorithm()).prop_map(|(hop_delay_ms, safety, succession, algorithm)| {
        RingSettings { hop_delay_ms, safety, succession, algorithm }
    })
}

fn input() -> impl Strategy<Value = Input<RingMessage>> {
    let link = || prop_oneof![Just(LinkKind::Ring), Just(LinkKind::Heartbeat), Just(LinkKind::Direct)];
    let way = || prop_oneof![Just(LinkDirection::Outgoing), Just(LinkDirection::Incoming)];
    prop_oneof![
        1 => (prop::collection::vec(contender(), 0..6), timing(), settings(), number(), number()).prop_map(
            |(ring, timing, settings, seed, highest)| {
                let highest_term = Term(highest);
                Input::Configured { ring: ring.into(), timing, settings, seed, highest_term }
            }
        ),
        1 => Just(Input::Initiate),
        1 => number().prop_map(|term| Input::InitiateTogether { term: Term(term) }),
        8 => (id(), message()).prop_map(|(from, message)| Input::Received { from, message }),
        2 => prop::sample::select(Timer::ALL.to_vec()).prop_map(Input::TimerFired),
        2 => (id(), link(), way()).prop_map(|(peer, link, direction)| Input::LinkUp { peer, link, direction }),
        1 => (id(), link(), way())
            .prop_map(|(peer, link, direction)| Input::LinkReplaced { peer, link, direction }),
        1 => number().prop_map(|ns| Input::LinksMeasured { crossing: Duration::from_nanos(ns) }),
        2 => (id(), link(), way()).prop_map(|(peer, link, direction)| Input::LinkDown { peer, link, direction }),
        1 => (id(), link(), way()).prop_map(|(peer, link, direction)| Input::LinkClosed { peer, link, direction }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nonsense_is_answered_with_little_and_never_with_a_panic(
        inputs in prop::collection::vec((number(), input()), 1..40)
    ) {
        let me = NodeId(Uuid::from_u128(1));
        let mut core = Core::new(me);
        let mut effects: Vec<Effect<RingMessage>> = Vec::new();
        for (now, input) in inputs {
            core.handle(Time(Duration::from_nanos(now)), input, &mut effects);
            prop_assert!(effects.len() <= MOST_EFFECTS, "{effects:?}");
            let to_itself = effects.iter().any(|effect| matches!(effect, Effect::Send { to, .. } if *to == me));
            prop_assert!(!to_itself, "{effects:?}");
            effects.clear();
            prop_assert!(core.skipped().count() <= 6);
        }
    }
}

#[test]
fn the_seeds_of_the_fuzz_target_are_inputs_and_are_handled() {
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/core");
    let mut inputs = 0;
    for seed in std::fs::read_dir(seeds).expect("the seeds are there") {
        let text = std::fs::read_to_string(seed.expect("a seed").path()).expect("a seed is text");
        let me = "00000000-0000-4000-8000-000000000001".parse().expect("an id");
        let mut core = Core::new(NodeId(me));
        let mut effects = Vec::new();
        for (now, line) in (0..).zip(text.lines()) {
            let input = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            core.handle(Time(Duration::from_millis(now)), input, &mut effects);
            inputs += 1;
        }
    }
    assert!(inputs > 50, "{inputs}");
}
