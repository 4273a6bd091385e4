//! Random cases, for the tests and for `cargo xtask soak`: they shrink to few members, few steps and no
//! waits.

mod all_hold;

use std::time::Duration;

use proptest::prelude::*;
use ringleader_shared::{AlgorithmName, ChangeRing, Safety, Succession};
use ringleader_simulator::{Action, Case, Disturbance, Latency, PerMille, Schedule, Setup, random};

pub use all_hold::all_hold;

use crate::algorithms;

/// The faults of a ring, besides elections that users ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Members die and start again.
    pub deaths: bool,
    /// Members hang and go on.
    pub hangs: bool,
    /// Links carry nothing, in one direction or both.
    pub cuts: bool,
    /// Links lose, duplicate and reorder messages, or are slow.
    pub disturbances: bool,
    /// Clocks run fast and slow.
    pub drift: bool,
    /// Members join, leave, and change their attributes.
    pub members: bool,
    /// Rings hold other elections than max-ring, and change between them.
    pub algorithms: bool,
    /// Rings have no deputy, or have one again; some members may not lead, or may again.
    pub settings: bool,
}

/// No faults: one member initiates.
pub const NOTHING: Faults = Faults {
    deaths: false,
    hangs: false,
    cuts: false,
    disturbances: false,
    drift: false,
    members: false,
    algorithms: false,
    settings: false,
};

/// Nothing but deaths.
pub const DEATHS: Faults = Faults { deaths: true, ..NOTHING };

/// Everything that is done to a ring that holds max-ring elections.
pub const EVERYTHING: Faults = Faults {
    deaths: true,
    hangs: true,
    cuts: true,
    disturbances: true,
    drift: true,
    members: true,
    algorithms: false,
    settings: false,
};

/// The faults that quorum mode tolerates. Its set of members is fixed here: it may change by one at a time
/// only, each change known to all before the next, and a random schedule can't wait for that.
pub const QUORUM: Faults = Faults { members: false, ..EVERYTHING };

/// Everything, in rings some of which have no deputy, and members that may not lead.
pub const SETTINGS: Faults = Faults { settings: true, ..EVERYTHING };

/// The random numbers of one step: the kind of action, two members, an amount, the class of the wait before
/// it, and the wait.
type Raw = (u8, u8, u8, u16, u8, u32);

fn raw() -> impl Strategy<Value = Raw> {
    (any::<u8>(), any::<u8>(), any::<u8>(), any::<u16>(), 0_u8..9, any::<u32>())
}

/// Cases with these faults.
pub fn cases(faults: Faults, safety: Safety) -> impl Strategy<Value = Case> {
    let most = if faults == NOTHING { 1 } else { 20 };
    let attributes = prop::collection::vec(1_u64..6, 1..=8);
    let steps = prop::collection::vec(raw(), 0..most);
    (attributes, any::<u64>(), any::<u8>(), 0_u8..8, steps).prop_map(
        move |(attributes, seed, initiator, latency, steps)| {
            let n = attributes.len();
            let latency = match latency {
                0..=4 => Latency::default(),
                5 => Latency::Constant(Duration::from_micros(500)),
                6 => Latency::Uniform { min: Duration::ZERO, max: Duration::from_micros(100) },
                _ => Latency::Exponential { mean: Duration::from_millis(1) },
            };
            let algorithm = if faults.algorithms { algorithms::drawn(seed) } else { AlgorithmName::MaxRing };
            let succession = Succession::ALL[usize::from(faults.settings && (seed >> 8) % 3 > 0)];
            let setup = Setup::of(&attributes)
                .seed(seed)
                .safety(safety)
                .latency(latency)
                .algorithm(algorithm)
                .succession(succession);
            let may_not = |place: &usize| faults.settings && (seed >> (16 + 4 * place)) % 16 < 5;
            let ineligible: Vec<usize> = (0..n).filter(may_not).collect();
            let setup = setup.ineligible(&ineligible);
            let first = (Duration::from_millis(20), Action::Initiate(usize::from(initiator) % n));
            let steps = steps.into_iter().map(|raw| step(raw, n, faults, safety));
            Case { setup, schedule: Schedule { steps: std::iter::once(first).chain(steps).collect() } }
        },
    )
}

/// The links that fail between four members that have elected, and stay so: each set of pairs whose link
/// fails in both directions, or in the first one only, or loses most of what crosses it in the first one; in
/// both modes.
pub fn graphs() -> impl Iterator<Item = Case> {
    let loses = Disturbance { drop: PerMille::new(800), ..Disturbance::default() };
    let fault = move |(one, other), kind| match kind {
        0 => None,
        1 => Some(Action::Sever { one, other }),
        2 => Some(Action::Cut { from: one, to: other }),
        _ => Some(Action::Disturb { from: one, to: other, disturbance: loses }),
    };
    let graph = move |number: u32, safety| {
        let mut steps = vec![(Duration::from_millis(20), Action::Initiate(0))];
        let faults = pairs(4).zip(0..).filter_map(|(pair, place)| fault(pair, number >> (2 * place) & 3));
        let at_once = std::iter::once(Duration::from_secs(1)).chain(std::iter::repeat(Duration::ZERO));
        steps.extend(at_once.zip(faults));
        let setup = Setup::of(&[90, 100, 110, 120]).seed(u64::from(number)).safety(safety);
        Case { setup, schedule: Schedule { steps } }
    };
    let modes = [Safety::Available, Safety::Quorum];
    (1..1 << 12).flat_map(move |number| modes.map(|safety| graph(number, safety)))
}

/// Cuts of few or many random links between so many members, a half of them in both directions.
#[must_use]
pub fn random_cuts(seed: u64, n: usize) -> Vec<Action> {
    let mut drawn = 0;
    let mut next = |below: u64| {
        drawn += 1;
        random::derived(seed, drawn) % below
    };
    let share = next(100);
    let mut cuts = Vec::new();
    for (one, other) in pairs(n) {
        if next(100) < share {
            let (from, to) = if next(2) == 0 { (one, other) } else { (other, one) };
            cuts.push(Action::Cut { from, to });
            if next(2) == 0 {
                cuts.push(Action::Cut { from: to, to: from });
            }
        }
    }
    cuts
}

/// Rings of four to seven members, in both modes, whose links fail and come back many times, and then stay
/// cut: so that many direct links are not trusted.
pub fn cuts_that_come_and_go(rings: u64) -> impl Iterator<Item = Case> {
    (0..rings).map(|seed| {
        let n = 4 + usize::try_from(seed % 4).unwrap_or(0);
        let attributes: Vec<u64> = (9..).map(|tens| 10 * tens).take(n).collect();
        let mut steps = vec![(Duration::from_millis(20), Action::Initiate(0))];
        let mut then = |wait: Duration, actions: Vec<Action>| {
            let waits = std::iter::once(wait).chain(std::iter::repeat(Duration::ZERO));
            steps.extend(waits.zip(actions));
        };
        for round in 0..ROUNDS {
            then(Duration::from_millis(100), random_cuts(random::derived(seed, round), n));
            let mends = pairs(n).map(|(one, other)| Action::Mend { one, other });
            then(Duration::from_secs(2), mends.collect());
        }
        // At last some fail, and in every second ring others while a way past the first ones is sought.
        then(Duration::from_millis(100), random_cuts(random::derived(seed, ROUNDS), n));
        let soon = Duration::from_millis(random::derived(seed, ROUNDS + 1) % 500);
        if seed % 2 == 1 {
            then(soon, random_cuts(random::derived(seed, ROUNDS + 2), n));
        }
        let safety = Safety::ALL[usize::from(seed / 4 % 2 == 1)];
        Case { setup: Setup::of(&attributes).seed(seed).safety(safety), schedule: Schedule { steps } }
    })
}

/// The rounds of one of those rings.
const ROUNDS: u64 = 12;

fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |one| (one + 1..n).map(move |other| (one, other)))
}

fn step(
    (kind, one, other, much, class, wait): Raw,
    n: usize,
    faults: Faults,
    safety: Safety,
) -> (Duration, Action) {
    // Mostly no time at all, or about the time of a message; sometimes that of a timer.
    let wait = match class {
        0..=1 => Duration::ZERO,
        2..=5 => Duration::from_micros(u64::from(wait % 6_000)),
        6..=7 => Duration::from_millis(u64::from(wait % 50)),
        _ => Duration::from_millis(u64::from(wait % 800)),
    };
    // Members that join are among those that later steps affect.
    let places = if faults.members { n + 2 } else { n };
    let (one, other) = (usize::from(one) % places, usize::from(other) % places);
    let mut may: Vec<Action> = vec![Action::Initiate(one), Action::InitiateAll];
    if faults.deaths {
        may.extend([Action::Kill(one), Action::Start(one)]);
    }
    if faults.hangs {
        may.extend([Action::Pause(one), Action::Resume(one)]);
    }
    if faults.cuts {
        may.extend([
            Action::Cut { from: one, to: other },
            Action::Sever { one, other },
            Action::Mend { one, other },
        ]);
    }
    if faults.disturbances {
        may.extend([
            Action::Disturb { from: one, to: other, disturbance: disturbance(much) },
            Action::Mend { one, other },
        ]);
    }
    if faults.drift {
        // A quorum is safe with clocks that are up to 5 % too fast or too slow.
        let most = if safety == Safety::Quorum { 50 } else { 200 };
        let per_mille = i16::try_from(much % (2 * most + 1)).unwrap_or(0) - i16::try_from(most).unwrap_or(0);
        may.push(Action::Drift { place: one, per_mille });
    }
    if faults.algorithms {
        let algorithm = Some(algorithms::drawn(much.into()));
        may.push(Action::Change(ChangeRing { algorithm, ..ChangeRing::default() }));
    }
    if faults.members {
        let attribute = u64::from(much % 8);
        may.extend([
            Action::Add { attribute, eligible: !faults.settings || much & 8 == 0 },
            Action::Remove(one),
            Action::Attribute { place: one, attribute },
        ]);
    }
    if faults.settings {
        let succession = Some(Succession::ALL[usize::from(much) % 2]);
        may.extend([
            Action::Change(ChangeRing { succession, ..ChangeRing::default() }),
            Action::Eligible { place: one, eligible: much & 2 == 0 },
        ]);
    }
    (wait, may[usize::from(kind) % may.len()])
}

fn disturbance(much: u16) -> Disturbance {
    let share = |bits: u16| PerMille::new([0, 0, 50, 500][usize::from((much >> bits) & 3)]);
    let latency = match (much >> 6) & 3 {
        0 | 1 => Latency::default(),
        2 => Latency::Exponential { mean: Duration::from_millis(4) },
        _ => Latency::Constant(Duration::from_millis(20)),
    };
    Disturbance { latency, drop: share(0), duplicate: share(2), reorder: share(4) }
}
