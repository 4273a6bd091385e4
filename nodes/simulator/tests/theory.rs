//! What the papers promise, and what the simulator counts.
#![allow(clippy::unwrap_used, reason = "in a test it is the test that fails")]

use ringleader_election::classic::{
    self, Bully, ChangRoberts, ChangRobertsInitiators, Classic, DolevKlaweRodeh, DolevKlaweRodehA, Franklin,
    HighamPrzytycka, HirschbergSinclair, ItaiRodeh, LeLann, Peterson, Visitor,
};
use ringleader_shared::RingMessage;
use ringleader_simulator::algorithms::watch::{self, Cause, Message};
use ringleader_simulator::algorithms::{
    Election, Initiators, Labels, MaxRingElection, Outcome, Pace, Settings,
};
use ringleader_simulator::random;

/// Every cyclic arrangement of 1 to `n`: the highest stays first, the others are permuted.
fn arrangements(n: u32) -> Vec<Vec<u32>> {
    fn permute(rest: &mut Vec<u32>, fixed: usize, out: &mut Vec<Vec<u32>>) {
        if fixed == rest.len() {
            return out.push(rest.clone());
        }
        for at in fixed..rest.len() {
            rest.swap(fixed, at);
            permute(rest, fixed + 1, out);
            rest.swap(fixed, at);
        }
    }
    let mut out = Vec::new();
    permute(&mut (1..=n).rev().collect(), 1, &mut out);
    out
}

/// One leader, known to all; the highest label, or the highest initiator's, where labels decide.
fn assert_decided<A: Classic<u32>>(outcome: &Outcome, told: &str) {
    let n = u32::try_from(outcome.labels.len()).unwrap();
    let name = A::PROPERTIES.name;
    let at = outcome.leader.unwrap_or_else(|| panic!("{name}: no one leader, {told}"));
    assert_eq!(outcome.informed, n, "{name}: members that know the leader, {told}");
    if let Some(winner) = A::PROPERTIES.winner(&outcome.labels, outcome.starters()) {
        assert_eq!(outcome.labels[at as usize], winner, "{name}: the leader's label, {told}");
    }
    let telling = if A::PROPERTIES.everyone_knows { 0 } else { u64::from(n) };
    assert_eq!(outcome.told, telling, "{name}: messages that tell the result, {told}");
}

fn assert_within_bound<A: Classic<u32>>(outcome: &Outcome, told: &str) {
    if A::PROPERTIES.bound.worst_case {
        let bound = (A::PROPERTIES.bound.messages)(outcome.labels.len() as f64);
        assert!(
            outcome.messages as f64 <= bound + 1e-9,
            "{}: {} messages, bound {bound}, {told}",
            A::PROPERTIES.name,
            outcome.messages
        );
    }
}

struct EveryArrangement;

impl Visitor for EveryArrangement {
    type Output = ();

    fn visit<A: Classic<u32>>(self) {
        for n in 1..=8 {
            for labels in arrangements(n) {
                for (pace, seed) in [(Pace::Unit, 0), (Pace::Uniform, 1), (Pace::Exponential, 2)] {
                    let settings = Settings { pace, seed, ..Settings::new(n) };
                    let told = format!("labels {labels:?}, {settings:?}");
                    let outcome = Election::<A>::of(&labels, settings).run();
                    assert_decided::<A>(&outcome, &told);
                    assert_within_bound::<A>(&outcome, &told);
                }
            }
        }
    }
}

#[test]
fn every_arrangement_of_up_to_eight_members_is_decided_within_its_bound() {
    for properties in classic::ALL {
        classic::visit(properties.key, EveryArrangement).unwrap();
    }
}

struct RandomRings;

impl Visitor for RandomRings {
    type Output = ();

    fn visit<A: Classic<u32>>(self) {
        let mut dice = fastrand::Rng::with_seed(11);
        for _ in 0..400 {
            let settings = Settings {
                size: dice.u32(1..300),
                labels: dice.choice([Labels::Random, Labels::Worst, Labels::Alternating]).unwrap(),
                initiators: dice.choice([Initiators::All, Initiators::Some(1), Initiators::Some(5)]).unwrap(),
                pace: dice.choice([Pace::Unit, Pace::Uniform, Pace::Exponential]).unwrap(),
                seed: dice.u64(..),
            };
            let told = format!("{settings:?}");
            let outcome = Election::<A>::new(settings).run();
            assert_decided::<A>(&outcome, &told);
            if settings.initiators == Initiators::All {
                assert_within_bound::<A>(&outcome, &told);
            }
        }
        let settings = Settings { pace: Pace::Uniform, ..Settings::new(4096) };
        let outcome = Election::<A>::new(settings).run();
        assert_decided::<A>(&outcome, "4096 members");
        assert_within_bound::<A>(&outcome, "4096 members");
    }
}

#[test]
fn random_rings_whoever_starts_and_however_long_messages_take_are_decided() {
    for properties in classic::ALL {
        classic::visit(properties.key, RandomRings).unwrap();
    }
}

#[test]
fn chang_roberts_takes_n_times_the_harmonic_number_on_average() {
    let (n, runs) = (1000, 10_000);
    let messages: u64 = (0..runs)
        .map(|seed| Election::<ChangRoberts<u32>>::new(Settings { seed, ..Settings::new(n) }).run().messages)
        .sum();
    let mean = messages as f64 / runs as f64;
    let theory: f64 = f64::from(n) * (1..=n).map(|k| 1.0 / f64::from(k)).sum::<f64>();
    assert!((mean / theory - 1.0).abs() < 0.005, "mean {mean}, n·Hₙ {theory}");
    assert!(((ChangRoberts::<u32>::PROPERTIES.bound.messages)(f64::from(n)) / theory - 1.0).abs() < 1e-12);
}

#[test]
fn chang_roberts_worst_case_is_exactly_half_of_n_times_n_plus_one() {
    for n in [1_u32, 2, 3, 10, 1000] {
        let settings = Settings { labels: Labels::Worst, ..Settings::new(n) };
        let outcome = Election::<ChangRoberts<u32>>::new(settings).run();
        let n = u64::from(n);
        assert_eq!((outcome.messages, outcome.told), (n * (n + 1) / 2, n));
        let best = Settings { labels: Labels::Increasing, ..settings };
        assert_eq!(Election::<ChangRoberts<u32>>::new(best).run().messages, 2 * n - 1);
    }
}

#[test]
fn chang_and_roberts_with_k_initiators_takes_n_times_the_kth_harmonic_number_on_average() {
    // The i-th highest of the initiators' labels goes on to the next of the i - 1 higher ones, or all round:
    // n/i links on average, as i places part a ring.
    let (n, runs) = (60_u32, 4_000_u32);
    for k in [1, 2, 3, 10, 60] {
        let initiators = Initiators::Some(k);
        let cost = |seed| {
            let settings = Settings { initiators, seed, ..Settings::new(n) };
            let outcome = Election::<ChangRobertsInitiators<u32>>::new(settings).run();
            assert_eq!(outcome.starters().count(), k as usize);
            outcome.messages as f64
        };
        let costs: Vec<f64> = (0..runs.into()).map(cost).collect();
        let mean = costs.iter().sum::<f64>() / f64::from(runs);
        let variance = costs.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>() / f64::from(runs);
        let exact = f64::from(n) * (1..=k).map(|i| 1.0 / f64::from(i)).sum::<f64>();
        let sigma = (variance / f64::from(runs)).sqrt();
        assert!((mean - exact).abs() <= 4.0 * sigma, "{k} initiators: {mean} ± {sigma}, n·Hₖ = {exact}");
    }
}

#[test]
fn who_starts_is_chosen_by_label_and_only_an_initiator_wins_where_only_those_may() {
    let labels = [3, 7, 2, 9, 4];
    let settings = Settings {
        labels: Labels::Given(&labels),
        initiators: Initiators::Labelled(&[2, 4]),
        ..Settings::new(1)
    };
    let outcome = Election::<ChangRobertsInitiators<u32>>::new(settings).run();
    assert_eq!(outcome.starters().collect::<Vec<_>>(), [2, 4]);
    assert_eq!(outcome.leader, Some(4), "of 2 and 4, 4");
    // 4 goes all round; 2 goes as far as 4.
    assert_eq!((outcome.messages, outcome.informed), (5 + 2, 5));
    let as_in_the_paper = Election::<ChangRoberts<u32>>::new(settings).run();
    assert_eq!(as_in_the_paper.leader, Some(3), "9 wins, which was asleep");
}

#[test]
fn the_deputy_of_max_ring_costs_no_message_when_everybody_starts() {
    // Alone, max-ring sends itself nothing.
    for seed in 0..300 {
        let settings = Settings { seed, ..Settings::new(2 + u32::try_from(seed).unwrap()) };
        let classic = Election::<ChangRoberts<u32>>::new(settings).run();
        let ours = MaxRingElection::new(settings).run();
        assert_eq!(
            (ours.messages, ours.told, ours.leader),
            (classic.messages, classic.told, classic.leader),
            "{settings:?}"
        );
        assert_eq!(ours.informed, settings.size);
    }
}

#[test]
fn an_election_goes_the_same_way_step_by_step_and_at_a_stretch() {
    struct BothWays;
    impl Visitor for BothWays {
        type Output = ();

        fn visit<A: Classic<u32>>(self) {
            for pace in [Pace::Unit, Pace::Uniform, Pace::Exponential] {
                let settings = Settings { pace, seed: 5, ..Settings::new(200) };
                let mut steps = Election::<A>::new(settings);
                while steps.step() {}
                assert_eq!(
                    steps.outcome(),
                    Election::<A>::new(settings).run(),
                    "{} {settings:?}",
                    A::PROPERTIES.name
                );
            }
        }
    }
    for properties in classic::ALL {
        classic::visit(properties.key, BothWays).unwrap();
    }
}

/// Counts what a trace shows, and compares it with the run that is only counted.
fn assert_traced(outcome: &Outcome, traced: &Outcome, steps: &[watch::Step], what: &str) {
    assert_eq!(outcome, traced, "{what}: the run is the same one");
    let sent: Vec<_> = steps.iter().flat_map(|step| &step.sent).collect();
    assert!(sent.iter().map(|sent| sent.number).eq(1..=outcome.hops()), "{what}: every message, in order");
    let mut received: Vec<u64> = steps
        .iter()
        .filter_map(|step| match step.cause {
            Cause::Receives { number, message, .. } => {
                let sent = sent[usize::try_from(number).unwrap() - 1];
                assert_eq!((sent.to, sent.message), (step.member, message), "{what}: message {number}");
                Some(number)
            }
            Cause::Starts => None,
        })
        .collect();
    received.sort_unstable();
    assert!(received.into_iter().eq(1..=outcome.hops()), "{what}: each arrives once");
    let starts = steps.iter().filter(|step| step.cause == Cause::Starts).count();
    assert_eq!(starts, outcome.starters().count(), "{what}");
    let learnt = steps.iter().filter(|step| step.learnt.is_some()).count();
    assert_eq!(learnt, outcome.informed as usize, "{what}: who learns it");
    let told = sent.iter().filter(|sent| match sent.message {
        Message::Result { .. } => true,
        Message::MaxRing(message) => matches!(message, RingMessage::Elected { .. }),
        Message::Classic(_) => false,
    });
    assert_eq!(told.count() as u64, outcome.told, "{what}: what announces the result");
}

#[test]
fn a_trace_shows_every_message_of_the_very_run_that_is_counted() {
    struct Traced;
    impl Visitor for Traced {
        type Output = ();

        fn visit<A: Classic<u32>>(self) {
            for initiators in [Initiators::All, Initiators::Some(3)] {
                for pace in [Pace::Unit, Pace::Uniform, Pace::Exponential] {
                    let settings = Settings { pace, seed: 5, initiators, ..Settings::new(40) };
                    let what = format!("{} {settings:?}", A::PROPERTIES.name);
                    let outcome = Election::<A>::new(settings).run();
                    let (traced, steps) = Election::<A>::traced(settings, outcome.hops()).unwrap();
                    assert_traced(&outcome, &traced, &steps, &what);
                    let too_long = Election::<A>::traced(settings, outcome.hops() - 1);
                    assert_eq!(too_long.unwrap_err().most, outcome.hops() - 1, "{what}");
                }
            }
        }
    }
    for properties in classic::ALL {
        classic::visit(properties.key, Traced).unwrap();
    }
    for pace in [Pace::Unit, Pace::Uniform, Pace::Exponential] {
        let settings = Settings { pace, seed: 5, ..Settings::new(40) };
        let outcome = MaxRingElection::new(settings).run();
        let (traced, steps) = MaxRingElection::traced(settings, outcome.hops()).unwrap();
        assert_traced(&outcome, &traced, &steps, "max-ring");
        assert!(MaxRingElection::traced(settings, outcome.hops() - 1).is_err());
    }
}

#[test]
fn a_member_takes_at_most_72_bytes_and_a_message_on_its_way_at_most_24() {
    struct Sizes;
    impl Visitor for Sizes {
        type Output = ();

        fn visit<A: Classic<u32>>(self) {
            let (member, message) = (Election::<A>::BYTES_A_MEMBER, Election::<A>::BYTES_A_MESSAGE);
            println!("{}: {member} bytes a member, {message} a message", A::PROPERTIES.name);
            assert!(member <= 72, "{}: {member} bytes a member", A::PROPERTIES.name);
            assert!(message <= 24, "{}: {message} bytes a message", A::PROPERTIES.name);
        }
    }
    for properties in classic::ALL {
        classic::visit(properties.key, Sizes).unwrap();
    }
}

#[test]
fn lelann_takes_exactly_n_squared_and_time_n() {
    for n in [1, 2, 7, 300] {
        let outcome = Election::<LeLann<u32>>::new(Settings::new(n)).run();
        assert_eq!(outcome.messages, u64::from(n) * u64::from(n));
        assert_eq!(outcome.ended, f64::from(n));
    }
}

#[test]
fn the_bully_takes_a_challenge_and_an_answer_for_each_pair_and_tells_all_others() {
    let outcome = Election::<Bully<u32>>::new(Settings::new(50)).run();
    assert_eq!(outcome.by_kind, [50 * 49 / 2, 50 * 49 / 2, 49, 0]);
    assert_eq!(outcome.messages, 50 * 50 - 1);
    // The highest alone has nobody to challenge.
    let highest = Settings { labels: Labels::Decreasing, ..Settings::new(1) };
    assert_eq!(Election::<Bully<u32>>::new(highest).run().messages, 0);
}

#[test]
fn itai_and_rodeh_take_as_many_rounds_and_messages_as_they_expect() {
    let (n, runs) = (100_u32, 4000);
    let (mut messages, mut rounds) = (0, 0);
    for seed in 0..runs {
        let mut election = Election::<ItaiRodeh<u32>>::new(Settings { seed, ..Settings::new(n) });
        while election.step() {}
        let outcome = election.outcome();
        messages += outcome.messages;
        rounds += u64::from(election.progress(outcome.leader.unwrap()).phase.unwrap());
    }
    let (messages, rounds) = (messages as f64 / runs as f64, rounds as f64 / runs as f64);
    let n = f64::from(n);
    assert!(rounds <= std::f64::consts::E * n / (n - 1.0), "{rounds} rounds");
    let bound = (ItaiRodeh::<u32>::PROPERTIES.bound.messages)(n);
    assert!(messages <= bound, "{messages} messages, bound {bound}");
    assert!(messages > bound / 2.0, "{messages} messages: the bound {bound} says little");
}

/// Swaps two labels as long as that costs more messages: the most expensive ring found, and its cost.
fn search<A: Classic<u32>>(n: u32, swaps: u32, seed: u64) -> u64 {
    let mut dice = fastrand::Rng::with_seed(random::derived(seed, 0));
    let worst = Settings { labels: Labels::Worst, ..Settings::new(n) };
    let mut labels = Election::<A>::new(worst).run().labels.to_vec();
    if seed % 2 == 1 {
        dice.shuffle(&mut labels);
    }
    let cost = |labels: &[u32]| Election::<A>::of(labels, Settings::new(n)).run().messages;
    let mut most = cost(&labels);
    for _ in 0..swaps {
        let (a, b) = (dice.usize(0..labels.len()), dice.usize(0..labels.len()));
        labels.swap(a, b);
        match cost(&labels) {
            costs if costs >= most => most = costs,
            _ => labels.swap(a, b),
        }
    }
    most
}

/// At most `constant · n log₂ n + linear · n` on the worst of the small rings and of those that a search finds.
fn assert_constant<A: Classic<u32>>(constant: f64, linear: f64) {
    let bound = |n: f64| constant * n * n.log2() + linear * n;
    let check = |n: u32, messages: u64, how: &str| {
        println!(
            "{} n = {n}: {messages} messages {how}, {:.3} n log₂ n",
            A::PROPERTIES.name,
            messages as f64 / (f64::from(n) * f64::from(n).log2())
        );
        assert!(messages as f64 <= bound(f64::from(n)), "{} n = {n} {how}: {messages}", A::PROPERTIES.name);
    };
    for n in 2..=8 {
        let cost = |labels: &Vec<u32>| Election::<A>::of(labels, Settings::new(n)).run().messages;
        check(n, arrangements(n).iter().map(cost).max().unwrap(), "on the worst ring");
    }
    for (n, swaps) in [(64, 20_000), (1024, 600)] {
        for seed in 0..4 {
            check(n, search::<A>(n, swaps, seed), "on the worst ring that a search found");
        }
    }
}

#[test]
fn peterson_keeps_to_2_n_log_n() {
    assert_constant::<Peterson<u32>>(2.0, 1.0);
}

#[test]
fn dolev_klawe_and_rodeh_a_takes_two_messages_a_link_in_each_phase_and_half_of_the_members_retire() {
    assert_constant::<DolevKlaweRodehA<u32>>(2.0, 1.0);
    for (n, labels) in [(1, Labels::Random), (2, Labels::Random), (64, Labels::Worst), (999, Labels::Random)]
    {
        let settings = Settings { labels, pace: Pace::Exponential, ..Settings::new(n) };
        let mut election = Election::<DolevKlaweRodehA<u32>>::new(settings);
        while election.step() {}
        let phases = (0..n).filter_map(|at| election.progress(at).phase).max().unwrap();
        assert_eq!(election.outcome().messages, u64::from(n) * (2 * u64::from(phases) + 1), "n = {n}");
        assert!(phases <= n.ilog2(), "n = {n}: {phases} phases");
    }
    let worst = Settings { labels: Labels::Worst, ..Settings::new(1024) };
    assert_eq!(Election::<DolevKlaweRodehA<u32>>::new(worst).run().messages, 1024 * 21);
}

#[test]
fn dolev_klawe_and_rodeh_keep_to_1_356_n_log_n() {
    assert_constant::<DolevKlaweRodeh<u32>>(1.356, 3.0);
}

#[test]
fn higham_and_przytycka_keep_to_1_271_n_log_n() {
    assert_constant::<HighamPrzytycka<u32>>(1.271, 4.0);
}

#[test]
fn franklin_keeps_to_2_n_log_n_and_half_of_the_members_retire_each_round() {
    assert_constant::<Franklin<u32>>(2.0, 2.0);
    let worst = Settings { labels: Labels::Worst, ..Settings::new(1024) };
    assert_eq!(Election::<Franklin<u32>>::new(worst).run().messages, 2 * 1024 * 11);
}

#[test]
fn hirschberg_and_sinclair_keep_to_8_n_log_n() {
    assert_constant::<HirschbergSinclair<u32>>(8.0, 8.0);
}
