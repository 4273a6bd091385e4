//! Which ring is checked, and how much may happen to it.

use std::fmt;
use std::time::Duration;

use ringleader_election::Timing;
use ringleader_election::classic::{Direction, facts};
use ringleader_shared::{
    AlgorithmName, Attribute, Contender, NodeId, NodeName, RingSettings, Safety, Succession,
};
use uuid::Uuid;

/// How often each thing may happen in one run. Everything else happens as often as it can.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Faults {
    /// A user asks some member for an election.
    pub initiations: u8,
    /// Some member dies.
    pub crashes: u8,
    /// A dead member starts again, without memory.
    pub restarts: u8,
    /// A message of an election, a search or a result is lost on a link that stays up. What neighbours tell each other when
    /// their link comes up (`Standing`) is not: it is said once, and nobody would notice.
    pub losses: u8,
    /// A message arrives twice.
    pub duplicates: u8,
    /// A link breaks between two members that are both alive: each takes the other for dead.
    pub breaks: u8,
    /// A timer runs out while something is still under way. Otherwise timers are slower than anything that can be said:
    /// they run out, in any order, when no message and no news of a link is under way and everyone that answers is back
    /// in the ring.
    pub hasty_timers: u8,
    /// Quorum mode: time passes, to the next moment at which a lease or what somebody granted is over. Nothing under way has
    /// to arrive before.
    pub jumps: u8,
    /// Quorum mode: a leader has its lease renewed.
    pub renewals: u8,
}

impl Faults {
    /// How often each may happen, and its word.
    fn counted(self) -> [(u8, &'static str); 9] {
        [
            (self.initiations, "initiate"),
            (self.crashes, "crash"),
            (self.restarts, "restart"),
            (self.losses, "lose"),
            (self.duplicates, "duplicate"),
            (self.breaks, "break"),
            (self.hasty_timers, "hasty timer"),
            (self.jumps, "jump in time"),
            (self.renewals, "renewal"),
        ]
    }

    /// Nothing that anybody could call a fault, a timer that is hasty included.
    #[must_use]
    pub fn is_undisturbed(&self) -> bool {
        *self == Self { initiations: self.initiations, ..Self::default() }
    }
}

/// How long a lease is granted for. Only its proportion to the shorter time that a leader takes it for counts.
const LEASE: Duration = Duration::from_nanos(10);

/// Where a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// All members run and are linked, and none has heard of an election.
    Fresh,
    /// A first election, undisturbed, is over.
    Elected,
}

/// One ring and its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// The members' attributes in ring order. Their ids are in the same order.
    ///
    /// The core compares contenders and nothing else of them, so a ring is known by the order of its contenders; and a
    /// ring has no first place, so of the n! orders only (n − 1)! differ: one may be put at the first place. Within one
    /// such ring no two members are alike, and nothing more is to be had from symmetry.
    pub attributes: Vec<u64>,
    /// Where a run begins.
    pub start: Start,
    /// How much may happen.
    pub faults: Faults,
    /// The settings of the ring.
    pub settings: RingSettings,
    /// The places of those that may not lead.
    pub ineligible: Vec<usize>,
}

impl Bounds {
    /// A fresh ring to which nothing happens.
    #[must_use]
    pub fn of(attributes: &[u64]) -> Self {
        let attributes = attributes.to_vec();
        Self {
            attributes,
            start: Start::Fresh,
            faults: Faults::default(),
            settings: RingSettings::default(),
            ineligible: Vec::new(),
        }
    }

    /// The same, with this much happening to it.
    #[must_use]
    pub fn with(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The same, beginning when a first election is over.
    #[must_use]
    pub fn elected(mut self) -> Self {
        self.start = Start::Elected;
        self
    }

    /// The same where another election is held.
    #[must_use]
    pub fn holding(mut self, algorithm: AlgorithmName) -> Self {
        self.settings.algorithm = algorithm;
        self
    }

    /// The same in quorum mode.
    #[must_use]
    pub fn quorum(mut self) -> Self {
        self.settings.safety = Safety::Quorum;
        self
    }

    /// The same with members that may not lead, by their places in ring order.
    #[must_use]
    pub fn ineligible(mut self, places: &[usize]) -> Self {
        self.ineligible = places.to_vec();
        self
    }

    /// The same where nobody is deputy.
    #[must_use]
    pub fn without_succession(mut self) -> Self {
        self.settings.succession = Succession::Election;
        self
    }

    /// The members in ring order.
    #[must_use]
    pub fn members(&self) -> Vec<Contender> {
        let place = |(n, &attribute): (usize, &u64)| {
            let eligible = !self.ineligible.contains(&n);
            Contender { eligible, ..Contender::new(Attribute(attribute), id(n)) }
        };
        self.attributes.iter().enumerate().map(place).collect()
    }

    /// How patient the members are. The model has no time but for leases: that another timer is set is all that counts.
    #[must_use]
    pub fn timing(&self) -> Timing {
        Timing { lease: LEASE, ..Timing::default() }
    }

    /// Where a run begins and what may happen, in words.
    #[must_use]
    pub fn asked(&self) -> String {
        let election = match self.settings.algorithm {
            AlgorithmName::MaxRing => String::new(),
            classic => format!("{classic}, "),
        };
        let start = match (self.start, self.settings.safety) {
            (Start::Fresh, Safety::Available) => "fresh",
            (Start::Elected, Safety::Available) => "elected",
            (Start::Fresh, Safety::Quorum) => "quorum, fresh",
            (Start::Elected, Safety::Quorum) => "quorum, elected",
        };
        let succession = match self.settings.succession {
            Succession::Deputy => "",
            Succession::Election => "no succession, ",
        };
        let counted = self.faults.counted();
        let counted = counted.into_iter().filter(|(times, _)| *times > 0);
        let names = self.ineligible.iter().map(|place| NodeName::nth(*place).to_string());
        let names: Vec<String> = names.collect();
        let ineligible =
            if names.is_empty() { String::new() } else { format!("{} may not lead, ", names.join(" and ")) };
        counted.fold(election + succession + &ineligible + start, |text, (times, what)| {
            format!("{text}, {times} × {what}")
        })
    }

    /// No run within these bounds may need a higher term: each initiation, death, loss and hasty timer may cost elections
    /// (several members may notice it), but elections must end.
    #[must_use]
    pub fn highest_term(&self) -> u64 {
        let events: u64 = self.faults.counted().into_iter().map(|(times, _)| u64::from(times)).sum();
        2 + events * self.attributes.len() as u64
    }
}

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

/// Bounds that are checked in seconds.
#[must_use]
pub fn small() -> Vec<Bounds> {
    let none = Faults::default();
    let mut all = vec![
        Bounds::of(&[1]).with(Faults { initiations: 2, crashes: 2, restarts: 2, ..none }),
        Bounds::of(&[2, 1]).with(Faults { initiations: 2, crashes: 2, restarts: 2, ..none }),
        Bounds::of(&[2, 1]).with(Faults {
            initiations: 1,
            crashes: 1,
            restarts: 1,
            losses: 1,
            duplicates: 1,
            hasty_timers: 1,
            ..none
        }),
        Bounds::of(&[2, 1]).with(Faults { initiations: 1, crashes: 1, breaks: 1, hasty_timers: 1, ..none }),
        // Equal attributes: the id decides.
        Bounds::of(&[1, 1]).with(Faults { initiations: 2, crashes: 1, ..none }),
        Bounds::of(&[1, 1, 1]).with(Faults { initiations: 2, ..none }),
        Bounds::of(&[4, 3, 2, 1]).with(Faults { initiations: 2, ..none }),
        Bounds::of(&[4, 3, 2, 1]).with(Faults { initiations: 1, crashes: 1, ..none }),
        Bounds::of(&[4, 3, 2, 1]).with(Faults { crashes: 1, ..none }).elected(),
        Bounds::of(&[4, 1, 2, 3]).with(Faults { crashes: 1, ..none }).elected(),
        Bounds::of(&[4, 3, 2, 1]).with(Faults { crashes: 2, ..none }).elected(),
        Bounds::of(&[4, 2, 3, 1]).with(Faults { crashes: 1, restarts: 1, ..none }).elected(),
        Bounds::of(&[3, 2, 1]).with(Faults { crashes: 3, restarts: 1, ..none }).elected(),
        // All die, and all return.
        Bounds::of(&[2, 1]).with(Faults { crashes: 3, restarts: 3, ..none }).elected(),
        Bounds::of(&[4, 1, 2, 3]).with(Faults { breaks: 1, ..none }).elected(),
        Bounds::of(&[5, 3, 1, 4, 2]).with(Faults { initiations: 1, losses: 1, ..none }),
    ];
    for ring in rings(3) {
        let ring = Bounds::of(&ring);
        all.push(ring.clone().with(Faults { initiations: 1, crashes: 2, ..none }));
        all.push(ring.clone().with(Faults { initiations: 2, crashes: 1, ..none }));
        all.push(ring.clone().with(Faults { initiations: 2, losses: 1, duplicates: 1, ..none }));
        all.push(ring.clone().with(Faults { crashes: 1, restarts: 1, losses: 1, ..none }).elected());
        all.push(ring.clone().with(Faults { crashes: 2, restarts: 1, ..none }).elected());
        all.push(ring.with(Faults { breaks: 1, ..none }).elected());
    }
    all
}

/// Bounds of quorum mode that are checked in seconds.
#[must_use]
pub fn small_quorum() -> Vec<Bounds> {
    let none = Faults::default();
    let mut all = Vec::new();
    for ring in [vec![2, 1], vec![3, 2, 1], vec![3, 1, 2]] {
        let ring = Bounds::of(&ring).quorum();
        all.push(ring.clone().with(Faults { initiations: 2, jumps: 2, ..none }));
        all.push(ring.clone().with(Faults { crashes: 1, jumps: 3, ..none }).elected());
        all.push(ring.clone().with(Faults { crashes: 1, restarts: 1, jumps: 2, ..none }).elected());
        all.push(ring.clone().with(Faults { initiations: 1, jumps: 1, renewals: 1, ..none }).elected());
        all.push(ring.with(Faults { breaks: 1, jumps: 2, ..none }).elected());
    }
    all
}

/// Bounds of rings in which nobody is deputy, that are checked in seconds.
#[must_use]
pub fn small_without_succession() -> Vec<Bounds> {
    let none = Faults::default();
    let mut all = Vec::new();
    for ring in [vec![2, 1], vec![3, 2, 1], vec![3, 1, 2]] {
        let ring = Bounds::of(&ring).without_succession();
        all.push(ring.clone().with(Faults { initiations: 2, crashes: 1, ..none }));
        all.push(ring.clone().with(Faults { crashes: 1, ..none }).elected());
        all.push(ring.clone().with(Faults { crashes: 1, restarts: 1, ..none }).elected());
        all.push(ring.clone().with(Faults { breaks: 1, ..none }).elected());
        let ring = ring.quorum();
        all.push(ring.clone().with(Faults { initiations: 2, jumps: 2, ..none }));
        all.push(ring.clone().with(Faults { crashes: 1, jumps: 3, ..none }).elected());
        all.push(ring.with(Faults { breaks: 1, jumps: 2, ..none }).elected());
    }
    all.push(Bounds::of(&[4, 2, 3, 1]).without_succession().with(Faults { crashes: 2, ..none }).elected());
    for algorithm in modelled() {
        let ring = Bounds::of(&[3, 1, 2]).holding(algorithm).without_succession();
        all.push(ring.clone().with(Faults { initiations: 2, ..none }));
        all.push(ring.clone().with(Faults { crashes: 1, ..none }).elected());
        all.push(ring.with(Faults { crashes: 1, restarts: 1, ..none }).elected());
    }
    all
}

/// Bounds of rings with members that may not lead, that are checked in seconds.
#[must_use]
pub fn small_eligibility() -> Vec<Bounds> {
    let none = Faults::default();
    let mut all = Vec::new();
    for (ring, places) in [
        (vec![2, 1], vec![0]),
        (vec![2, 1], vec![0, 1]),
        (vec![3, 2, 1], vec![0]),
        (vec![3, 1, 2], vec![0]),
        (vec![3, 1, 2], vec![1, 2]),
    ] {
        let ring = Bounds::of(&ring).ineligible(&places);
        all.push(ring.clone().with(Faults { initiations: 2, ..none }));
        all.push(ring.clone().with(Faults { initiations: 1, crashes: 1, ..none }));
        all.push(ring.clone().with(Faults { crashes: 1, restarts: 1, ..none }).elected());
        all.push(ring.without_succession().with(Faults { crashes: 1, restarts: 1, ..none }).elected());
    }
    let four = Bounds::of(&[4, 3, 1, 2]).ineligible(&[0, 3]);
    all.push(four.clone().with(Faults { crashes: 1, restarts: 1, ..none }).elected());
    all.push(four.with(Faults { initiations: 2, ..none }));
    let quorum = Bounds::of(&[3, 1, 2]).ineligible(&[0]).quorum();
    all.push(quorum.clone().with(Faults { initiations: 2, jumps: 2, ..none }));
    all.push(quorum.with(Faults { crashes: 1, jumps: 3, ..none }).elected());
    for algorithm in modelled() {
        let ring = Bounds::of(&[3, 1, 2]).holding(algorithm).ineligible(&[0]);
        all.push(ring.clone().with(Faults { initiations: 2, ..none }));
        all.push(ring.with(Faults { crashes: 1, restarts: 1, ..none }).elected());
        let nobody = Bounds::of(&[3, 1, 2]).holding(algorithm).ineligible(&[0, 1, 2]);
        all.push(nobody.with(Faults { initiations: 2, ..none }));
    }
    all
}

fn modelled() -> impl Iterator<Item = AlgorithmName> {
    AlgorithmName::ALL.into_iter().filter(|name| {
        let facts = facts(*name);
        let is_classic = *name != AlgorithmName::MaxRing && facts.among_processes;
        is_classic && facts.labels && facts.direction != Direction::Complete
    })
}

/// The same with a member that comes back in the midst of a contest: checked in minutes.
#[must_use]
pub fn large_classic() -> Vec<Bounds> {
    let back = Faults { initiations: 1, crashes: 1, restarts: 1, ..Faults::default() };
    let of = |name| rings(3).into_iter().map(move |ring| Bounds::of(&ring).holding(name).with(back));
    modelled().flat_map(of).collect()
}

/// The classic algorithms that a ring of processes can hold and that toss no coins, in rings that live: checked in seconds.
///
/// The bully needs links that the model does not have; the simulator has them.
#[must_use]
pub fn small_classic() -> Vec<Bounds> {
    let none = Faults::default();
    let mut all = Vec::new();
    for algorithm in modelled() {
        let pair = Bounds::of(&[2, 1]).holding(algorithm);
        all.push(pair.clone().with(Faults { initiations: 2, crashes: 1, restarts: 1, ..none }));
        all.push(pair.with(Faults { crashes: 1, restarts: 1, ..none }).elected());
        for ring in rings(3) {
            let ring = Bounds::of(&ring).holding(algorithm);
            all.push(ring.clone().with(Faults { initiations: 2, ..none }));
            all.push(ring.clone().with(Faults { initiations: 2, crashes: 1, ..none }));
            all.push(ring.clone().with(Faults { initiations: 1, losses: 1, duplicates: 1, ..none }));
            all.push(ring.with(Faults { crashes: 1, restarts: 1, ..none }).elected());
        }
    }
    all
}

/// Bounds that are checked in minutes: every ring of 2 to 5 members with different attributes, and what is too much for
/// the small ones.
#[must_use]
pub fn large() -> Vec<Bounds> {
    let none = Faults::default();
    let mut all = vec![
        Bounds::of(&[2, 1]).with(Faults {
            initiations: 2,
            crashes: 2,
            restarts: 2,
            losses: 1,
            duplicates: 1,
            hasty_timers: 1,
            ..none
        }),
        Bounds::of(&[2, 1]).with(Faults {
            initiations: 1,
            crashes: 2,
            restarts: 2,
            breaks: 1,
            hasty_timers: 1,
            ..none
        }),
        Bounds::of(&[2, 1])
            .with(Faults { crashes: 1, restarts: 1, breaks: 2, hasty_timers: 1, ..none })
            .elected(),
    ];
    for ring in rings(3) {
        let ring = Bounds::of(&ring);
        all.push(ring.clone().with(Faults { initiations: 3, crashes: 1, ..none }));
        all.push(ring.clone().with(Faults { initiations: 2, crashes: 1, restarts: 1, ..none }));
        let again = Faults { crashes: 1, restarts: 1, hasty_timers: 1, ..none };
        all.push(ring.clone().with(Faults { losses: 1, ..again }).elected());
        all.push(ring.clone().with(Faults { duplicates: 1, ..again }).elected());
        all.push(ring.clone().with(Faults { crashes: 2, restarts: 2, ..none }).elected());
        all.push(ring.clone().with(Faults { crashes: 3, restarts: 2, ..none }).elected());
        all.push(ring.with(Faults { crashes: 1, breaks: 1, hasty_timers: 1, ..none }).elected());
    }
    let parted = Faults { breaks: 2, crashes: 1, restarts: 1, jumps: 3, ..none };
    all.push(Bounds::of(&[2, 1]).quorum().with(parted).elected());
    for ring in rings(3) {
        let ring = Bounds::of(&ring).quorum();
        all.push(ring.clone().with(Faults { initiations: 1, crashes: 1, restarts: 1, jumps: 2, ..none }));
        all.push(ring.clone().with(Faults { initiations: 2, jumps: 2, ..none }));
        all.push(ring.clone().with(Faults { breaks: 1, jumps: 2, renewals: 1, ..none }).elected());
        all.push(ring.clone().with(Faults { breaks: 1, jumps: 3, ..none }).elected());
        all.push(ring.clone().with(Faults { crashes: 1, restarts: 1, jumps: 2, ..none }).elected());
        all.push(ring.with(Faults { losses: 1, duplicates: 1, jumps: 2, renewals: 1, ..none }).elected());
    }
    for ring in rings(4) {
        let ring = Bounds::of(&ring).quorum();
        all.push(ring.clone().with(Faults { initiations: 1, jumps: 1, ..none }).elected());
        all.push(ring.with(Faults { crashes: 1, jumps: 2, ..none }).elected());
    }
    for ring in rings(4) {
        let ring = Bounds::of(&ring);
        all.push(ring.clone().with(Faults { initiations: 2, crashes: 1, ..none }));
        all.push(ring.clone().with(Faults { crashes: 1, restarts: 1, hasty_timers: 1, ..none }).elected());
        all.push(ring.clone().with(Faults { crashes: 2, restarts: 1, ..none }).elected());
        all.push(ring.with(Faults { breaks: 1, hasty_timers: 1, ..none }).elected());
    }
    for ring in rings(5) {
        let ring = Bounds::of(&ring);
        all.push(ring.clone().with(Faults { initiations: 2, ..none }));
        all.push(ring.clone().with(Faults { initiations: 1, crashes: 1, ..none }));
        all.push(ring.clone().with(Faults { crashes: 1, restarts: 1, ..none }).elected());
        all.push(ring.with(Faults { crashes: 2, ..none }).elected());
    }
    all
}

/// Bounds that take hours, most of them of quorum mode: as far as anybody has looked.
#[must_use]
pub fn huge() -> Vec<Bounds> {
    let none = Faults::default();
    let of = |ring: Vec<u64>| {
        let ring = Bounds::of(&ring).quorum();
        let apart = Faults { breaks: 1, jumps: 3, renewals: 1, hasty_timers: 1, ..none };
        [
            ring.clone().with(Faults { initiations: 2, crashes: 1, restarts: 1, jumps: 2, ..none }),
            ring.clone().with(apart).elected(),
            // Two links of three: a member apart from the other two, for as long as nobody dials anew.
            ring.clone().with(Faults { breaks: 2, jumps: 2, ..none }).elected(),
            ring.with(Faults { breaks: 1, crashes: 1, restarts: 1, jumps: 2, ..none }).elected(),
        ]
    };
    // In the available mode: where two could lead one term before, each by what it had missed.
    let twice = Faults { initiations: 2, crashes: 2, restarts: 1, ..none };
    let missed = rings(3).into_iter().map(|ring| Bounds::of(&ring).with(twice).elected());
    rings(3).into_iter().flat_map(of).chain(missed).collect()
}

pub(crate) fn id(place: usize) -> NodeId {
    NodeId(Uuid::from_u128(place as u128 + 1))
}

pub(crate) fn place(id: NodeId) -> usize {
    usize::try_from(id.0.as_u128().saturating_sub(1)).unwrap_or(usize::MAX)
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.attributes, self.asked())
    }
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
