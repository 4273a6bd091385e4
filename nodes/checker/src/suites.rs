//! The configurations that are checked together: in seconds by every test run, in minutes, or in hours.

use ringleader_election::classic::{RingKind, properties};
use ringleader_shared::AlgorithmName;

use crate::config::{CheckConfig, FaultBudget};

/// Every ring of n members with different attributes, 0 < n: one for each cyclic order.
#[must_use]
pub fn rings(n: u64) -> Vec<Vec<u64>> {
    // The highest stands first; the others in every order.
    let mut orders = vec![vec![n]];
    for next in 1..n {
        orders = orders
            .into_iter()
            .flat_map(|order| {
                (1..=order.len()).map(move |place| {
                    let (before, after) = order.split_at(place);
                    [before, &[next], after].concat()
                })
            })
            .collect();
    }
    orders
}

/// Configurations that are checked in seconds.
#[must_use]
pub fn small() -> Vec<CheckConfig> {
    let none = FaultBudget::default();
    let mut all = vec![
        CheckConfig::of(&[1]).with(FaultBudget { initiations: 2, crashes: 2, restarts: 2, ..none }),
        CheckConfig::of(&[2, 1]).with(FaultBudget { initiations: 2, crashes: 2, restarts: 2, ..none }),
        CheckConfig::of(&[2, 1]).with(FaultBudget {
            initiations: 1,
            crashes: 1,
            restarts: 1,
            losses: 1,
            duplicates: 1,
            hasty_timers: 1,
            ..none
        }),
        CheckConfig::of(&[2, 1]).with(FaultBudget {
            initiations: 1,
            crashes: 1,
            breaks: 1,
            hasty_timers: 1,
            ..none
        }),
        // Equal attributes: the id decides.
        CheckConfig::of(&[1, 1]).with(FaultBudget { initiations: 2, crashes: 1, ..none }),
        CheckConfig::of(&[1, 1, 1]).with(FaultBudget { initiations: 2, ..none }),
        CheckConfig::of(&[4, 3, 2, 1]).with(FaultBudget { initiations: 2, ..none }),
        CheckConfig::of(&[4, 3, 2, 1]).with(FaultBudget { initiations: 1, crashes: 1, ..none }),
        CheckConfig::of(&[4, 3, 2, 1]).with(FaultBudget { crashes: 1, ..none }).elected(),
        CheckConfig::of(&[4, 1, 2, 3]).with(FaultBudget { crashes: 1, ..none }).elected(),
        CheckConfig::of(&[4, 3, 2, 1]).with(FaultBudget { crashes: 2, ..none }).elected(),
        CheckConfig::of(&[4, 2, 3, 1]).with(FaultBudget { crashes: 1, restarts: 1, ..none }).elected(),
        CheckConfig::of(&[3, 2, 1]).with(FaultBudget { crashes: 3, restarts: 1, ..none }).elected(),
        // All die, and all return.
        CheckConfig::of(&[2, 1]).with(FaultBudget { crashes: 3, restarts: 3, ..none }).elected(),
        CheckConfig::of(&[4, 1, 2, 3]).with(FaultBudget { breaks: 1, ..none }).elected(),
        CheckConfig::of(&[5, 3, 1, 4, 2]).with(FaultBudget { initiations: 1, losses: 1, ..none }),
    ];
    for ring in rings(3) {
        let ring = CheckConfig::of(&ring);
        all.push(ring.clone().with(FaultBudget { initiations: 1, crashes: 2, ..none }));
        all.push(ring.clone().with(FaultBudget { initiations: 2, crashes: 1, ..none }));
        all.push(ring.clone().with(FaultBudget { initiations: 2, losses: 1, duplicates: 1, ..none }));
        all.push(ring.clone().with(FaultBudget { crashes: 1, restarts: 1, losses: 1, ..none }).elected());
        all.push(
            ring.clone().with(FaultBudget { crashes: 1, restarts: 1, hasty_timers: 1, ..none }).elected(),
        );
        all.push(ring.clone().with(FaultBudget { crashes: 2, restarts: 1, ..none }).elected());
        all.push(ring.with(FaultBudget { breaks: 1, ..none }).elected());
    }
    // An initiator dies, and so does its message.
    let orphaned = FaultBudget { initiations: 1, crashes: 1, losses: 1, ..none };
    all.extend(rings(3).into_iter().map(|ring| CheckConfig::of(&ring).with(orphaned)));
    all
}

/// Configurations of quorum mode that are checked in seconds.
#[must_use]
pub fn small_quorum() -> Vec<CheckConfig> {
    let none = FaultBudget::default();
    let mut all = Vec::new();
    for ring in [vec![2, 1], vec![3, 2, 1], vec![3, 1, 2]] {
        let ring = CheckConfig::of(&ring).quorum();
        all.push(ring.clone().with(FaultBudget { initiations: 2, jumps: 2, ..none }));
        all.push(ring.clone().with(FaultBudget { crashes: 1, jumps: 3, ..none }).elected());
        all.push(ring.clone().with(FaultBudget { crashes: 1, restarts: 1, jumps: 2, ..none }).elected());
        all.push(ring.clone().with(FaultBudget { initiations: 1, jumps: 1, renewals: 1, ..none }).elected());
        all.push(ring.with(FaultBudget { breaks: 1, jumps: 2, ..none }).elected());
    }
    all
}

/// Configurations of rings in which pairs of members reach each other through others only, that are checked
/// in seconds.
#[must_use]
pub fn small_severed() -> Vec<CheckConfig> {
    let none = FaultBudget::default();
    let one = FaultBudget { severs: 1, ..none };
    let mut all = vec![CheckConfig::of(&[2, 1]).with(FaultBudget { initiations: 1, ..one })];
    for ring in rings(3) {
        let ring = CheckConfig::of(&ring);
        all.push(ring.clone().with(FaultBudget { initiations: 1, ..one }));
        all.push(ring.clone().with(FaultBudget { initiations: 2, ..one }));
        all.push(ring.clone().with(FaultBudget { crashes: 1, ..one }).elected());
        all.push(ring.clone().with(FaultBudget { hasty_timers: 1, ..one }).elected());
        all.push(ring.clone().with(FaultBudget { severs: 2, ..none }).elected());
        let ring = ring.quorum();
        all.push(ring.clone().with(FaultBudget { jumps: 2, ..one }).elected());
        all.push(ring.clone().with(FaultBudget { jumps: 1, crashes: 1, ..one }).elected());
        all.push(ring.with(FaultBudget { jumps: 1, severs: 2, ..none }).elected());
    }
    for ring in [vec![4, 3, 2, 1], vec![4, 2, 3, 1], vec![4, 1, 2, 3]] {
        let ring = CheckConfig::of(&ring);
        all.push(ring.clone().with(one).elected());
        all.push(ring.clone().with(FaultBudget { initiations: 1, ..one }));
        all.push(ring.clone().with(FaultBudget { severs: 2, ..none }).elected());
        all.push(ring.clone().with(FaultBudget { crashes: 1, ..one }).elected());
        all.push(ring.quorum().with(FaultBudget { jumps: 1, ..one }).elected());
    }
    all
}

/// Configurations of rings in which nobody is deputy, that are checked in seconds.
#[must_use]
pub fn small_without_succession() -> Vec<CheckConfig> {
    let none = FaultBudget::default();
    let mut all = Vec::new();
    for ring in [vec![2, 1], vec![3, 2, 1], vec![3, 1, 2]] {
        let ring = CheckConfig::of(&ring).without_succession();
        all.push(ring.clone().with(FaultBudget { initiations: 2, crashes: 1, ..none }));
        all.push(ring.clone().with(FaultBudget { crashes: 1, ..none }).elected());
        all.push(ring.clone().with(FaultBudget { crashes: 1, restarts: 1, ..none }).elected());
        all.push(ring.clone().with(FaultBudget { breaks: 1, ..none }).elected());
        let ring = ring.quorum();
        all.push(ring.clone().with(FaultBudget { initiations: 2, jumps: 2, ..none }));
        all.push(ring.clone().with(FaultBudget { crashes: 1, jumps: 3, ..none }).elected());
        all.push(ring.with(FaultBudget { breaks: 1, jumps: 2, ..none }).elected());
    }
    all.push(
        CheckConfig::of(&[4, 2, 3, 1])
            .without_succession()
            .with(FaultBudget { crashes: 2, ..none })
            .elected(),
    );
    for algorithm in modelled() {
        let ring = CheckConfig::of(&[3, 1, 2]).holding(algorithm).without_succession();
        all.push(ring.clone().with(FaultBudget { initiations: 2, ..none }));
        all.push(ring.clone().with(FaultBudget { crashes: 1, ..none }).elected());
        all.push(ring.with(FaultBudget { crashes: 1, restarts: 1, ..none }).elected());
    }
    all
}

/// Configurations of rings with members that may not lead, that are checked in seconds.
#[must_use]
pub fn small_eligibility() -> Vec<CheckConfig> {
    let none = FaultBudget::default();
    let mut all = Vec::new();
    for (ring, places) in [
        (vec![2, 1], vec![0]),
        (vec![2, 1], vec![0, 1]),
        (vec![3, 2, 1], vec![0]),
        (vec![3, 1, 2], vec![0]),
        (vec![3, 1, 2], vec![1, 2]),
    ] {
        let ring = CheckConfig::of(&ring).ineligible(&places);
        all.push(ring.clone().with(FaultBudget { initiations: 2, ..none }));
        all.push(ring.clone().with(FaultBudget { initiations: 1, crashes: 1, ..none }));
        all.push(ring.clone().with(FaultBudget { crashes: 1, restarts: 1, ..none }).elected());
        all.push(ring.without_succession().with(FaultBudget { crashes: 1, restarts: 1, ..none }).elected());
    }
    let four = CheckConfig::of(&[4, 3, 1, 2]).ineligible(&[0, 3]);
    all.push(four.clone().with(FaultBudget { crashes: 1, restarts: 1, ..none }).elected());
    all.push(four.with(FaultBudget { initiations: 2, ..none }));
    let quorum = CheckConfig::of(&[3, 1, 2]).ineligible(&[0]).quorum();
    all.push(quorum.clone().with(FaultBudget { initiations: 2, jumps: 2, ..none }));
    all.push(quorum.with(FaultBudget { crashes: 1, jumps: 3, ..none }).elected());
    for algorithm in modelled() {
        let ring = CheckConfig::of(&[3, 1, 2]).holding(algorithm).ineligible(&[0]);
        all.push(ring.clone().with(FaultBudget { initiations: 2, ..none }));
        all.push(ring.with(FaultBudget { crashes: 1, restarts: 1, ..none }).elected());
        let nobody = CheckConfig::of(&[3, 1, 2]).holding(algorithm).ineligible(&[0, 1, 2]);
        all.push(nobody.with(FaultBudget { initiations: 2, ..none }));
    }
    all
}

fn modelled() -> impl Iterator<Item = AlgorithmName> {
    AlgorithmName::ALL.into_iter().filter(|name| {
        let properties = properties(*name);
        let is_classic = *name != AlgorithmName::MaxRing && properties.among_processes;
        is_classic && properties.labels && properties.ring_kind != RingKind::Complete
    })
}

/// The same with a member that comes back in the midst of an election: checked in minutes.
#[must_use]
pub fn large_classic() -> Vec<CheckConfig> {
    let back = FaultBudget { initiations: 1, crashes: 1, restarts: 1, ..FaultBudget::default() };
    let of = |name| rings(3).into_iter().map(move |ring| CheckConfig::of(&ring).holding(name).with(back));
    modelled().flat_map(of).collect()
}

/// The classic algorithms that a ring of processes can hold and that draw no random numbers, in rings that
/// live: checked in seconds.
///
/// The bully needs links that the model does not have; the simulator has them.
#[must_use]
pub fn small_classic() -> Vec<CheckConfig> {
    let none = FaultBudget::default();
    let mut all = Vec::new();
    for algorithm in modelled() {
        let pair = CheckConfig::of(&[2, 1]).holding(algorithm);
        all.push(pair.clone().with(FaultBudget { initiations: 2, crashes: 1, restarts: 1, ..none }));
        all.push(pair.with(FaultBudget { crashes: 1, restarts: 1, ..none }).elected());
        for ring in rings(3) {
            let ring = CheckConfig::of(&ring).holding(algorithm);
            all.push(ring.clone().with(FaultBudget { initiations: 2, ..none }));
            all.push(ring.clone().with(FaultBudget { initiations: 2, crashes: 1, ..none }));
            all.push(ring.clone().with(FaultBudget { initiations: 1, losses: 1, duplicates: 1, ..none }));
            all.push(ring.with(FaultBudget { crashes: 1, restarts: 1, ..none }).elected());
        }
    }
    all
}

/// Configurations that are checked in minutes: every ring of 2 to 5 members with different attributes, and
/// what is too much for the small ones.
#[must_use]
pub fn large() -> Vec<CheckConfig> {
    let none = FaultBudget::default();
    let mut all = vec![
        CheckConfig::of(&[2, 1]).with(FaultBudget {
            initiations: 2,
            crashes: 2,
            restarts: 2,
            losses: 1,
            duplicates: 1,
            hasty_timers: 1,
            ..none
        }),
        CheckConfig::of(&[2, 1]).with(FaultBudget {
            initiations: 1,
            crashes: 2,
            restarts: 2,
            breaks: 1,
            hasty_timers: 1,
            ..none
        }),
        CheckConfig::of(&[2, 1])
            .with(FaultBudget { crashes: 1, restarts: 1, breaks: 2, hasty_timers: 1, ..none })
            .elected(),
    ];
    for ring in rings(3) {
        let ring = CheckConfig::of(&ring);
        all.push(ring.clone().with(FaultBudget { initiations: 3, crashes: 1, ..none }));
        all.push(ring.clone().with(FaultBudget { initiations: 2, crashes: 1, restarts: 1, ..none }));
        let again = FaultBudget { crashes: 1, restarts: 1, hasty_timers: 1, ..none };
        all.push(ring.clone().with(FaultBudget { losses: 1, ..again }).elected());
        all.push(ring.clone().with(FaultBudget { duplicates: 1, ..again }).elected());
        all.push(ring.clone().with(FaultBudget { crashes: 2, restarts: 2, ..none }).elected());
        all.push(ring.clone().with(FaultBudget { crashes: 3, restarts: 2, ..none }).elected());
        all.push(ring.with(FaultBudget { crashes: 1, breaks: 1, hasty_timers: 1, ..none }).elected());
    }
    all.extend(large_severed());
    let parted = FaultBudget { breaks: 2, crashes: 1, restarts: 1, jumps: 3, ..none };
    all.push(CheckConfig::of(&[2, 1]).quorum().with(parted).elected());
    for ring in rings(3) {
        let ring = CheckConfig::of(&ring).quorum();
        all.push(ring.clone().with(FaultBudget {
            initiations: 1,
            crashes: 1,
            restarts: 1,
            jumps: 2,
            ..none
        }));
        all.push(ring.clone().with(FaultBudget { initiations: 2, jumps: 2, ..none }));
        all.push(ring.clone().with(FaultBudget { breaks: 1, jumps: 2, renewals: 1, ..none }).elected());
        all.push(ring.clone().with(FaultBudget { breaks: 1, jumps: 3, ..none }).elected());
        all.push(ring.clone().with(FaultBudget { crashes: 1, restarts: 1, jumps: 2, ..none }).elected());
        all.push(
            ring.with(FaultBudget { losses: 1, duplicates: 1, jumps: 2, renewals: 1, ..none }).elected(),
        );
    }
    for ring in rings(4) {
        let ring = CheckConfig::of(&ring).quorum();
        all.push(ring.clone().with(FaultBudget { initiations: 1, jumps: 1, ..none }).elected());
        all.push(ring.with(FaultBudget { crashes: 1, jumps: 2, ..none }).elected());
    }
    for ring in rings(4) {
        let ring = CheckConfig::of(&ring);
        all.push(ring.clone().with(FaultBudget { initiations: 2, crashes: 1, ..none }));
        all.push(
            ring.clone().with(FaultBudget { crashes: 1, restarts: 1, hasty_timers: 1, ..none }).elected(),
        );
        all.push(ring.clone().with(FaultBudget { crashes: 2, restarts: 1, ..none }).elected());
        all.push(ring.with(FaultBudget { breaks: 1, hasty_timers: 1, ..none }).elected());
    }
    for ring in rings(5) {
        let ring = CheckConfig::of(&ring);
        all.push(ring.clone().with(FaultBudget { initiations: 2, ..none }));
        all.push(ring.clone().with(FaultBudget { initiations: 1, crashes: 1, ..none }));
        all.push(ring.clone().with(FaultBudget { crashes: 1, restarts: 1, ..none }).elected());
        all.push(ring.with(FaultBudget { crashes: 2, ..none }).elected());
    }
    all
}

/// The same with more happening to them, checked in minutes.
fn large_severed() -> Vec<CheckConfig> {
    let none = FaultBudget::default();
    let one = FaultBudget { severs: 1, ..none };
    let mut all = Vec::new();
    for ring in rings(3) {
        let ring = CheckConfig::of(&ring);
        all.push(ring.clone().with(FaultBudget { initiations: 2, crashes: 1, ..one }));
        all.push(ring.clone().with(FaultBudget { crashes: 1, hasty_timers: 1, ..one }).elected());
        all.push(ring.clone().with(FaultBudget { severs: 2, crashes: 1, ..none }).elected());
        let ring = ring.quorum();
        all.push(ring.clone().with(FaultBudget { jumps: 2, crashes: 1, ..one }).elected());
        all.push(ring.with(FaultBudget { jumps: 2, severs: 2, ..none }).elected());
    }
    for ring in rings(4) {
        let ring = CheckConfig::of(&ring);
        all.push(ring.clone().with(FaultBudget { severs: 2, hasty_timers: 1, ..none }).elected());
        all.push(ring.clone().with(FaultBudget { crashes: 1, hasty_timers: 1, ..one }).elected());
        all.push(ring.quorum().with(FaultBudget { crashes: 1, jumps: 1, ..one }).elected());
    }
    all
}

/// Configurations that take hours, most of them of quorum mode: as far as anybody has looked.
#[must_use]
pub fn huge() -> Vec<CheckConfig> {
    let none = FaultBudget::default();
    let of = |ring: Vec<u64>| {
        let ring = CheckConfig::of(&ring).quorum();
        let apart = FaultBudget { breaks: 1, jumps: 3, renewals: 1, hasty_timers: 1, ..none };
        [
            ring.clone().with(FaultBudget { initiations: 2, crashes: 1, restarts: 1, jumps: 2, ..none }),
            ring.clone().with(apart).elected(),
            // Two links of three: a member apart from the other two, for as long as nobody dials anew.
            ring.clone().with(FaultBudget { breaks: 2, jumps: 2, ..none }).elected(),
            ring.with(FaultBudget { breaks: 1, crashes: 1, restarts: 1, jumps: 2, ..none }).elected(),
        ]
    };
    // In the available mode: where two could lead one term before, each by what it had missed.
    let twice = FaultBudget { initiations: 2, crashes: 2, restarts: 1, ..none };
    let missed = rings(3).into_iter().map(|ring| CheckConfig::of(&ring).with(twice).elected());
    rings(3).into_iter().flat_map(of).chain(missed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_of_n_has_the_orders_of_its_others() {
        assert_eq!([1, 2, 3, 4, 5].map(|n| rings(n).len()), [1, 1, 2, 6, 24]);
        assert_eq!(rings(3), [vec![3, 2, 1], vec![3, 1, 2]]);
    }
}
