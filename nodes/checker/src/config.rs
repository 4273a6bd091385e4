//! The ring that is checked, and the bounds on what may happen to it.

use std::fmt;
use std::time::Duration;

use ringleader_election::Timing;
use ringleader_shared::{
    AlgorithmName, Attribute, Contender, NodeId, NodeName, RingSettings, Safety, Succession,
};
use uuid::Uuid;

/// Bounds on the faults of one run: the most times that each may happen. Everything else happens as often as
/// it can.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaultBudget {
    /// A user asks some member for an election.
    pub initiations: u8,
    /// Some member dies.
    pub crashes: u8,
    /// A dead member starts again, without memory.
    pub restarts: u8,
    /// A message of an election, a search or a result is lost on a link that stays up. What neighbours send
    /// each other when their link comes up (`StateUpdate`) is not: it is said once, and nobody would notice.
    pub losses: u8,
    /// A message arrives twice.
    pub duplicates: u8,
    /// A link breaks between two members that are both alive: each takes the other for dead.
    pub breaks: u8,
    /// The direct way between two live members fails for good, in both directions. While they reach each
    /// other through others, other links take the place of theirs, and neither takes the other for dead.
    pub severs: u8,
    /// A timer runs out while something is still under way. Otherwise timers are slower than anything that
    /// can be said: they run out, in any order, when no message and no change of a link is under way and
    /// everyone that answers is back in the ring.
    pub hasty_timers: u8,
    /// Quorum mode: time passes, to the next moment at which a lease or what somebody granted is over.
    /// Nothing under way has to arrive before.
    pub jumps: u8,
    /// Quorum mode: a leader has its lease renewed.
    pub renewals: u8,
}

impl FaultBudget {
    /// The bound and the name of each.
    fn counted(self) -> [(u8, &'static str); 10] {
        [
            (self.initiations, "initiate"),
            (self.crashes, "crash"),
            (self.restarts, "restart"),
            (self.losses, "lose"),
            (self.duplicates, "duplicate"),
            (self.breaks, "break"),
            (self.severs, "sever"),
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

/// The time for which a lease is granted: whole milliseconds, as messages name it. Only its proportion to the
/// shorter time that a leader takes it for counts.
const LEASE: Duration = Duration::from_millis(10);

/// Beginning of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// All members run and are linked, and none has heard of an election.
    Fresh,
    /// A first election, undisturbed, is over.
    Elected,
}

/// One ring and its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CheckConfig {
    /// The members' attributes in ring order. Their ids are in the same order.
    ///
    /// The core compares contenders and nothing else of them, so a ring is known by the order of its
    /// contenders; and a ring has no first place, so of the n! orders only (n − 1)! differ: one may be put at
    /// the first place. Within one such ring no two members are alike, and nothing more is to be had from
    /// symmetry.
    pub attributes: Vec<u64>,
    /// Beginning of every run.
    pub start: Start,
    /// Bounds on the faults.
    pub faults: FaultBudget,
    /// The settings of the ring.
    pub settings: RingSettings,
    /// The places of those that may not lead.
    pub ineligible: Vec<usize>,
}

impl CheckConfig {
    /// A fresh ring to which nothing happens.
    #[must_use]
    pub fn of(attributes: &[u64]) -> Self {
        let attributes = attributes.to_vec();
        Self {
            attributes,
            start: Start::Fresh,
            faults: FaultBudget::default(),
            settings: RingSettings::default(),
            ineligible: Vec::new(),
        }
    }

    /// The same, with this much happening to it.
    #[must_use]
    pub fn with(mut self, faults: FaultBudget) -> Self {
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

    /// The members' time-outs. The model has no time but for leases: that another timer is set is all that
    /// counts.
    #[must_use]
    pub fn timing(&self) -> Timing {
        Timing { lease: LEASE, ..Timing::default() }
    }

    /// The beginning of a run and its bounds, in words.
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

    /// No run within these bounds may need a higher term: each initiation, death, loss and hasty timer may
    /// cost elections (several members may notice it), but elections must end.
    #[must_use]
    pub fn highest_term(&self) -> u64 {
        let events: u64 = self.faults.counted().into_iter().map(|(times, _)| u64::from(times)).sum();
        2 + events * self.attributes.len() as u64
    }
}

pub(crate) fn id(place: usize) -> NodeId {
    NodeId(Uuid::from_u128(place as u128 + 1))
}

pub(crate) fn place(id: NodeId) -> usize {
    usize::try_from(id.0.as_u128().saturating_sub(1)).unwrap_or(usize::MAX)
}

impl fmt::Display for CheckConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.attributes, self.asked())
    }
}
