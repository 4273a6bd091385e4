//! A core that is told nonsense: it never panics, always answers, and answers with little.

use std::time::Duration;

use proptest::prelude::*;
use ringleader_election::{Algorithm, Core, Effect, Input, Time, Timer, Timing};
use ringleader_shared::link::LinkKind;
use ringleader_shared::{Attribute, Contender, Mandate, NodeId, RingMessage, Safety, Term};
use uuid::Uuid;

/// More effects than any one input can have: a message, a timer, a promise, a word of why, for each of a few rules.
const MOST_EFFECTS: usize = 24;

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
    (number(), id()).prop_map(|(attribute, id)| Contender { attribute: Attribute(attribute), id })
}

fn mandate() -> impl Strategy<Value = Mandate> {
    (number(), contender(), small(), prop::option::of(contender())).prop_map(
        |(term, leader, appointment, deputy)| Mandate { term: Term(term), leader, appointment, deputy },
    )
}

fn message() -> impl Strategy<Value = RingMessage> {
    prop_oneof![
        (number(), id(), contender(), prop::option::of(contender()), small()).prop_map(
            |(term, initiator, candidate, deputy, hops)| RingMessage::Election {
                term: Term(term),
                initiator,
                candidate,
                deputy,
                hops
            }
        ),
        (mandate(), prop::option::of(contender()), small(), small()).prop_map(
            |(mandate, deputy, hops, votes)| RingMessage::DeputySearch { mandate, deputy, hops, votes }
        ),
        (mandate(), small(), small()).prop_map(|(mandate, hops, votes)| RingMessage::Elected {
            mandate,
            hops,
            votes
        }),
        (mandate(), number(), number(), small(), small()).prop_map(
            |(mandate, begun_ns, highest, votes, hops)| RingMessage::Lease {
                mandate,
                begun_ns,
                highest: Term(highest),
                votes,
                hops
            }
        ),
        (number(), prop::option::of(mandate()))
            .prop_map(|(term, mandate)| RingMessage::Standing { term: Term(term), mandate }),
    ]
}

fn timing() -> impl Strategy<Value = Timing> {
    [number(), number(), number(), number()].prop_map(|times| {
        let [election, lap, deputy, lease] = times.map(Duration::from_nanos);
        Timing { election, lap, deputy, lease }
    })
}

fn input() -> impl Strategy<Value = Input<RingMessage>> {
    let link = || prop_oneof![Just(LinkKind::Ring), Just(LinkKind::Heartbeat)];
    let safety = prop_oneof![Just(Safety::Available), Just(Safety::Quorum)];
    prop_oneof![
        1 => (prop::collection::vec(contender(), 0..6), timing(), safety)
            .prop_map(|(ring, timing, safety)| Input::Configured { ring, timing, safety }),
        1 => Just(Input::Initiate),
        8 => (id(), message()).prop_map(|(from, message)| Input::Received { from, message }),
        2 => prop::sample::select(Timer::ALL.to_vec()).prop_map(Input::TimerFired),
        2 => (id(), link()).prop_map(|(peer, link)| Input::LinkUp { peer, link }),
        2 => (id(), link()).prop_map(|(peer, link)| Input::LinkDown { peer, link }),
        1 => (id(), link()).prop_map(|(peer, link)| Input::LinkClosed { peer, link }),
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
