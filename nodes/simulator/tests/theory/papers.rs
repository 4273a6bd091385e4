//! Figures of one paper each: exact costs, means, constants, phases.

use ringleader_election::classic::{
    Bully, ChangRoberts, ChangRobertsInitiators, Classic, DolevKlaweRodeh, DolevKlaweRodehA, Franklin,
    HighamPrzytycka, HirschbergSinclair, ItaiRodeh, LeLann, Peterson,
};
use ringleader_simulator::algorithms::{Election, Initiators, Labels, MaxRingElection, Pace, Settings};
use ringleader_simulator::random;
use ringleader_testing::rings::arrangements;

#[test]
fn chang_roberts_takes_n_times_the_harmonic_number_on_average() {
    let (n, runs) = (1000, 10_000);
    let messages: u64 = (0..runs)
        .map(|seed| Election::<ChangRoberts<u32>>::new(Settings { seed, ..Settings::new(n) }).run().messages)
        .sum();
    let mean = messages as f64 / runs as f64;
    let theory: f64 = f64::from(n) * (1..=n).map(|k| 1.0 / f64::from(k)).sum::<f64>();
    assert!((mean / theory - 1.0).abs() < 0.005, "mean {mean}, n·Hₙ {theory}");
    assert!(
        (ChangRoberts::<u32>::PROPERTIES.bound.when_all_start(f64::from(n)) / theory - 1.0).abs() < 1e-12
    );
}

#[test]
fn chang_roberts_worst_case_is_exactly_half_of_n_times_n_plus_one() {
    for n in [1_u32, 2, 3, 10, 1000] {
        let settings = Settings { labels: Labels::Worst, ..Settings::new(n) };
        let outcome = Election::<ChangRoberts<u32>>::new(settings).run();
        let n = u64::from(n);
        assert_eq!((outcome.messages, outcome.announced), (n * (n + 1) / 2, n));
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
            (ours.messages, ours.announced, ours.leader),
            (classic.messages, classic.announced, classic.leader),
            "{settings:?}"
        );
        assert_eq!(ours.informed, settings.size);
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
fn the_bully_takes_a_challenge_and_an_answer_for_each_pair_and_announces_to_all_others() {
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
    let bound = ItaiRodeh::<u32>::PROPERTIES.bound.when_all_start(n);
    assert!(messages <= bound, "{messages} messages, bound {bound}");
    assert!(messages > bound / 2.0, "{messages} messages: the bound {bound} says little");
}

/// Swaps two labels as long as that costs more messages: the most expensive ring found, and its cost.
fn search<A: Classic<u32>>(n: u32, swaps: u32, seed: u64) -> u64 {
    let mut rng = fastrand::Rng::with_seed(random::derived(seed, 0));
    let worst = Settings { labels: Labels::Worst, ..Settings::new(n) };
    let mut labels = Election::<A>::new(worst).run().labels.to_vec();
    if seed % 2 == 1 {
        rng.shuffle(&mut labels);
    }
    let cost = |labels: &[u32]| Election::<A>::of(labels, Settings::new(n)).run().messages;
    let mut most = cost(&labels);
    for _ in 0..swaps {
        let (a, b) = (rng.usize(0..labels.len()), rng.usize(0..labels.len()));
        labels.swap(a, b);
        match cost(&labels) {
            costs if costs >= most => most = costs,
            _ => labels.swap(a, b),
        }
    }
    most
}

/// At most `constant · n log₂ n + linear · n` on the worst of the small rings and of those that a search
/// finds.
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
