//! What a simulated ring is made of.

use std::time::Duration;

use ringleader_election::Timing;
use ringleader_shared::{AlgorithmName, Attribute, Contender, NodeId, Safety};
use uuid::Uuid;

/// How long things take on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Latency {
    /// Always as long.
    Constant(Duration),
    /// Anything between two bounds, equally likely.
    Uniform {
        /// At least this long.
        min: Duration,
        /// At most this long.
        max: Duration,
    },
    /// Mostly short, now and then many times the mean: up to 45 times.
    Exponential {
        /// On average this long.
        mean: Duration,
    },
}

impl Default for Latency {
    /// From next to nothing to as long as it takes round a city.
    fn default() -> Self {
        Self::Uniform { min: Duration::from_micros(50), max: Duration::from_millis(3) }
    }
}

/// A ring before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The members in ring order; they are called A, B, C, …
    pub members: Vec<Contender>,
    /// What all randomness of the run comes from.
    pub seed: u64,
    /// How long a message, a dial, or the news of a closed link is under way on a link that nothing else is said of. Order
    /// is kept on a link.
    pub latency: Latency,
    /// How patient the members are.
    pub timing: Timing,
    /// What an election is worth when members are missing.
    pub safety: Safety,
    /// Which election is held.
    pub algorithm: AlgorithmName,
    /// How often a member dials those again that it routes past.
    pub probe: Duration,
    /// After how long a silent member is thought hung by those who have a link with it, or dial it.
    pub hung_after: Duration,
}

impl Setup {
    /// Members A, B, C, … with these attributes, and ids in the same order.
    #[must_use]
    pub fn of(attributes: &[u64]) -> Self {
        let member = |(n, &attribute): (usize, &u64)| Contender {
            attribute: Attribute(attribute),
            id: NodeId(Uuid::from_u128(n as u128 + 1)),
        };
        Self {
            members: attributes.iter().enumerate().map(member).collect(),
            seed: 0,
            latency: Latency::default(),
            timing: Timing {
                election: Duration::from_millis(300),
                lap: Duration::from_millis(200),
                deputy: Duration::from_millis(250),
                lease: Duration::from_millis(600),
            },
            safety: Safety::Available,
            algorithm: AlgorithmName::MaxRing,
            probe: Duration::from_millis(250),
            hung_after: Duration::from_millis(150),
        }
    }

    /// The same ring with other randomness.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The same ring with this safety.
    #[must_use]
    pub fn safety(mut self, safety: Safety) -> Self {
        self.safety = safety;
        self
    }

    /// The same ring where another election is held.
    #[must_use]
    pub fn algorithm(mut self, algorithm: AlgorithmName) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The same ring with other links.
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self
    }
}
