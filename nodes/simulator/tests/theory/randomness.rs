//! Runs whose seeds were counted are as independent as if these had been drawn, and their means are the exact
//! ones.

use ringleader_election::classic::{self, ChangRoberts, Classic, ItaiRodeh, Visitor};
use ringleader_simulator::algorithms::{Election, Settings};

/// Standard deviations that a figure may be off. At the fixed seeds of these tests it is so or it is not.
const SIGMAS: f64 = 4.0;

/// A distribution by its moments about the mean.
struct Exact {
    mean: f64,
    variance: f64,
    fourth: f64,
}

impl Exact {
    /// Of values that are each as likely.
    fn of(values: &[f64]) -> Self {
        let mean = mean(values.iter().copied());
        let moment = |power: i32| self::mean(values.iter().map(|value| (value - mean).powi(power)));
        Self { mean, variance: moment(2), fourth: moment(4) }
    }

    /// Mean, variance and the correlations with runs some seeds further on are as far off as chance may have
    /// them.
    #[track_caller]
    fn assert_drawn(&self, drawn: &[f64], what: &str) {
        let n = drawn.len() as f64;
        let off = |figure: &str, is: f64, should: f64, deviation: f64| {
            let sigmas = (is - should) / deviation;
            println!("{what}: {figure} {is:.5}, exact {should:.5}, {sigmas:.2} σ off");
            assert!(sigmas.abs() < SIGMAS, "{what}: {figure} {is}, exact {should}, {sigmas:.1} σ off");
        };
        off("mean", mean(drawn.iter().copied()), self.mean, (self.variance / n).sqrt());
        let squares = drawn.iter().map(|value| (value - self.mean).powi(2));
        let deviation = ((self.fourth - self.variance.powi(2)) / n).sqrt();
        // A variable with two values about its middle has always the same square.
        if deviation > 0.0 {
            off("variance", mean(squares), self.variance, deviation);
        }
        for lag in [1, 2, 16, 64] {
            let products = drawn.iter().zip(&drawn[lag..]).map(|(a, b)| (a - self.mean) * (b - self.mean));
            let correlation = mean(products) / self.variance;
            off(&format!("correlation at {lag}"), correlation, 0.0, 1.0 / (n - lag as f64).sqrt());
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// Messages of so many elections, with seeds from here on.
fn messages<A: Classic<u32>>(n: u32, seeds: std::ops::Range<u64>) -> Vec<f64> {
    let messages = |seed| Election::<A>::new(Settings { seed, ..Settings::new(n) }).run().messages as f64;
    seeds.map(messages).collect()
}

/// Every order of 1 to `n`.
fn orders(n: u32) -> Vec<Vec<u32>> {
    let Some(fewer) = n.checked_sub(1) else { return vec![Vec::new()] };
    let longer = |order: Vec<u32>| {
        (0..=order.len()).map(move |at| {
            let mut longer = order.clone();
            longer.insert(at, n);
            longer
        })
    };
    orders(fewer).into_iter().flat_map(longer).collect()
}

#[test]
fn itai_and_rodeh_on_a_ring_of_two_take_seven_messages_on_average() {
    // Three when the two draw otherwise; four and all again when they draw the same. So 3 + 4 G, where G has
    // the values 0, 1, 2 … with 1/2, 1/4, 1/8 …: mean 1, variance 2, fourth moment 38.
    let exact = Exact { mean: 7.0, variance: 16.0 * 2.0, fourth: 256.0 * 38.0 };
    exact.assert_drawn(&messages::<ItaiRodeh<u32>>(2, 0..60_000), "two members");
    // From where a person who tries another seed begins.
    exact.assert_drawn(&messages::<ItaiRodeh<u32>>(2, 1_000_000..1_060_000), "two members, later seeds");
}

#[test]
fn chang_and_roberts_on_a_ring_of_three_take_as_many_messages_as_all_its_orders_do() {
    let all: Vec<f64> = orders(3)
        .iter()
        .map(|order| Election::<ChangRoberts<u32>>::of(order, Settings::new(3)).run().messages as f64)
        .collect();
    let exact = Exact::of(&all);
    assert_eq!((exact.mean, exact.variance), (5.5, 0.25), "5 upwards, 6 downwards");
    exact.assert_drawn(&messages::<ChangRoberts<u32>>(3, 0..60_000), "three members");
}

struct SmallRings;

impl Visitor for SmallRings {
    type Output = ();

    /// Visits all orders: where nothing but the order of the labels is drawn, they are the exact
    /// distribution.
    fn visit<A: Classic<u32>>(self) {
        if !A::PROPERTIES.labels {
            return;
        }
        for n in 3..=6 {
            let cost = |order: &Vec<u32>| Election::<A>::of(order, Settings::new(n)).run().messages as f64;
            let exact = Exact::of(&orders(n).iter().map(cost).collect::<Vec<_>>());
            let drawn = messages::<A>(n, 0..6_000);
            if exact.variance > 0.0 {
                exact.assert_drawn(&drawn, &format!("{}, n = {n}", A::PROPERTIES.name));
            } else {
                assert!(
                    drawn.iter().all(|&messages| messages == exact.mean),
                    "{}, n = {n}",
                    A::PROPERTIES.name
                );
            }
        }
    }
}

#[test]
fn every_algorithm_takes_on_random_small_rings_what_it_takes_on_all_of_them() {
    for properties in classic::ALL {
        classic::visit(properties.key, SmallRings).unwrap();
    }
}

/// Messages that Itai and Rodeh expect from here on, when those at these places draw in the next round.
fn expected(n: usize, active: &[usize]) -> f64 {
    let draws = n.pow(u32::try_from(active.len()).unwrap());
    let (mut sent, mut after, mut again) = (0.0, 0.0, 0.0);
    for draw in 0..draws {
        let number = |index: usize| draw / n.pow(u32::try_from(index).unwrap()) % n;
        let highest = (0..active.len()).map(number).max().unwrap();
        for (index, at) in active.iter().enumerate() {
            // As far as to the next that has drawn higher, or all round.
            let higher = (0..active.len()).filter(|&other| number(other) > number(index));
            sent += higher.map(|other| (active[other] + n - at) % n).min().unwrap_or(n) as f64;
        }
        let tied: Vec<usize> =
            (0..active.len()).filter(|&index| number(index) == highest).map(|index| active[index]).collect();
        if tied.len() == active.len() && tied.len() > 1 {
            again += 1.0;
        } else if tied.len() > 1 {
            after += expected(n, &tied);
        }
    }
    // E = (sent + after) / draws + E · again / draws.
    (sent + after) / (draws as f64 - again)
}

#[test]
fn itai_and_rodeh_take_on_small_rings_what_all_their_draws_take_on_average() {
    assert_eq!((expected(2, &[0, 1]), expected(3, &[0, 1, 2])), (7.0, 10.1875));
    for n in 2..=5_u32 {
        let exact = expected(n as usize, &(0..n as usize).collect::<Vec<_>>());
        let drawn = messages::<ItaiRodeh<u32>>(n, 0..20_000);
        let is = mean(drawn.iter().copied());
        let variance = mean(drawn.iter().map(|value| (value - is).powi(2)));
        let sigmas = (is - exact) / (variance / drawn.len() as f64).sqrt();
        println!("n = {n}: mean {is:.4}, exact {exact:.4}, {sigmas:.2} σ off");
        assert!(sigmas.abs() < SIGMAS, "n = {n}: mean {is}, exact {exact}, {sigmas:.1} σ off");
    }
}
