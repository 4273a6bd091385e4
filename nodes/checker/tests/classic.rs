//! Every classic algorithm on every ring of up to four members, whoever starts, in every order of messages.
#![allow(clippy::unwrap_used, reason = "in a test it is the test that fails")]

use ringleader_checker::classic::ClassicModel;
use ringleader_election::classic::{self, Classic, Visitor, Winner};
use ringleader_shared::AlgorithmName;
use ringleader_testing::each_classic;
use ringleader_testing::rings::{arrangements, initiators};
use stateright::{Checker, Model};

struct EveryRing;

impl Visitor for EveryRing {
    type Output = (usize, usize);

    fn visit<A: Classic<u32>>(self) -> (usize, usize) {
        let (mut states, mut depth) = (0, 0);
        for n in 1..=4 {
            // Where labels don't decide, all arrangements are one.
            let rings = if A::PROPERTIES.winner == Winner::Anyone { 1 } else { usize::MAX };
            for labels in arrangements(n).into_iter().take(rings) {
                for initiators in initiators(n) {
                    let described =
                        format!("{} labels {labels:?}, initiators {initiators:?}", A::PROPERTIES.name);
                    // Coins can go on for ever: so many rounds are looked at, and no bound holds for all of
                    // them.
                    let rounds = if n < 4 { 3 } else { 2 };
                    let model = ClassicModel::<A>::new(&labels, initiators, rounds);
                    let checked = model.checker().threads(2).spawn_bfs().join();
                    assert!(checked.is_done(), "{described}");
                    checked.assert_properties();
                    states += checked.unique_state_count();
                    depth = depth.max(checked.max_depth());
                }
            }
        }
        (states, depth)
    }
}

fn is_right_on_every_ring_of_up_to_four_in_every_order_of_messages(algorithm: AlgorithmName) {
    let (states, depth) = classic::visit(algorithm.key(), EveryRing).unwrap();
    println!("{algorithm}: {states} states, {depth} deep at most");
}

each_classic!(is_right_on_every_ring_of_up_to_four_in_every_order_of_messages);
