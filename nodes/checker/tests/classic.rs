//! Every classic algorithm on every ring of up to four members, whoever starts, in every order of messages.
#![allow(clippy::unwrap_used, reason = "in a test it is the test that fails")]

use ringleader_checker::classic::ClassicModel;
use ringleader_election::classic::{self, Classic, Visitor};
use stateright::{Checker, Model};

struct EveryRing;

impl Visitor for EveryRing {
    type Output = (usize, usize);

    fn visit<A: Classic<u32>>(self) -> (usize, usize) {
        let (mut states, mut depth) = (0, 0);
        for n in 1..=4_u32 {
            for labels in rings(n, A::PROPERTIES.labels) {
                for starting in 1..1_u32 << n {
                    let initiators: Vec<usize> =
                        (0..n).filter(|at| starting >> at & 1 == 1).map(|at| at as usize).collect();
                    let told = format!("{} labels {labels:?}, initiators {initiators:?}", A::PROPERTIES.name);
                    // Coins can go on for ever: so many rounds are looked at, and no bound holds for all of them.
                    let rounds = if n < 4 { 3 } else { 2 };
                    let budget = budget(A::PROPERTIES, n);
                    let model = ClassicModel::<A>::new(&labels, initiators, budget, rounds);
                    let checked = model.checker().threads(2).spawn_bfs().join();
                    assert!(checked.is_done(), "{told}");
                    checked.assert_properties();
                    states += checked.unique_state_count();
                    depth = depth.max(checked.max_depth());
                }
            }
        }
        (states, depth)
    }
}

/// Every arrangement up to rotation; one where labels are not looked at.
fn rings(n: u32, labels: bool) -> Vec<Vec<u32>> {
    let mut rings = vec![vec![n]];
    for label in 1..n {
        rings = rings
            .iter()
            .flat_map(|ring| {
                (1..=ring.len()).map(move |at| {
                    let mut longer = ring.clone();
                    longer.insert(at, label);
                    longer
                })
            })
            .collect();
    }
    rings.truncate(if labels { usize::MAX } else { 1 });
    rings
}

fn budget(properties: &classic::Properties, n: u32) -> u64 {
    match (properties.key, properties.labels) {
        ("chang-roberts" | "chang-roberts-initiators", _) => u64::from(n * (n + 1) / 2),
        (_, false) => u64::MAX,
        _ => (properties.bound.messages)(f64::from(n)) as u64,
    }
}

#[test]
fn every_classic_algorithm_is_right_on_every_ring_of_up_to_four_in_every_order_of_messages() {
    for properties in classic::ALL {
        let (states, depth) = classic::visit(properties.key, EveryRing).unwrap();
        println!("{}: {states} states, {depth} deep at most", properties.name);
    }
}
