//! The make-up of a simulated ring.

use std::time::Duration;

use ringleader_election::Timing;
use ringleader_shared::{AlgorithmName, Attribute, Contender, NodeId, RingSettings, Safety, Succession};
use uuid::Uuid;

/// Distribution of the time that things take on a link.
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

impl Latency {
    /// Time of a slow crossing that is nothing unusual.
    #[must_use]
    pub fn slow(self) -> Duration {
        match self {
            Self::Constant(time) => time,
            Self::Uniform { max, .. } => max,
            // 98 in 100 are faster.
            Self::Exponential { mean } => mean.saturating_mul(4),
        }
    }
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
    /// The source of all randomness of the run.
    pub seed: u64,
    /// Distribution of the time for which a message, a dial, or the news of a closed link is under way on a
    /// link that nothing else is said of. Order is kept on a link.
    pub latency: Latency,
    /// The shortest time-outs of the members: see [`Setup::timing_of`].
    pub timing: Timing,
    /// Whether they are the more patient the more they are and the slower their links.
    pub patient: bool,
    /// The settings of the ring. Its pace is [`Setup::latency`]'s business here.
    pub settings: RingSettings,
    /// Time between two dials of a member that another routes past.
    pub probe: Duration,
    /// The least silence of a member after which those that have a link with it, or dial it, take it for
    /// hung: see [`Setup::silence`].
    pub hung_after: Duration,
}

impl Setup {
    /// Members A, B, C, … with these attributes, and ids in the same order.
    #[must_use]
    pub fn of(attributes: &[u64]) -> Self {
        let member = |(n, &attribute): (usize, &u64)| {
            Contender::new(Attribute(attribute), NodeId(Uuid::from_u128(n as u128 + 1)))
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
            patient: false,
            settings: RingSettings::default(),
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
        self.settings.safety = safety;
        self
    }

    /// The same ring with this succession.
    #[must_use]
    pub fn succession(mut self, succession: Succession) -> Self {
        self.settings.succession = succession;
        self
    }

    /// The same ring in which the members at these places may not lead. Places that there are not are passed
    /// over.
    #[must_use]
    pub fn ineligible(mut self, places: &[usize]) -> Self {
        for &place in places {
            if let Some(member) = self.members.get_mut(place) {
                member.eligible = false;
            }
        }
        self
    }

    /// The same ring where another election is held.
    #[must_use]
    pub fn algorithm(mut self, algorithm: AlgorithmName) -> Self {
        self.settings.algorithm = algorithm;
        self
    }

    /// The same ring with other links.
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self
    }

    /// The same ring with members that have the patience for a ring of any size, on links of any speed.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// Time-outs of members of a ring of this size: as configured, and where they are to be patient, four
    /// slow laps more for an election, three for a leader's lap, its deputy and its lease.
    #[must_use]
    pub fn timing_of(&self, members: usize) -> Timing {
        if !self.patient {
            return self.timing;
        }
        let members = u32::try_from(members).unwrap_or(u32::MAX);
        let lap = self.latency.slow().saturating_mul(members.saturating_add(1));
        let Timing { election, lap: its_lap, deputy, lease } = self.timing;
        let and_laps = |time: Duration, laps: u32| time.saturating_add(lap.saturating_mul(laps));
        Timing {
            election: and_laps(election, 4),
            lap: and_laps(its_lap, 3),
            deputy: and_laps(deputy, 3),
            lease: and_laps(lease, 3),
        }
    }

    /// The silence of a member after which it is thought hung: as configured, and where members are to be
    /// patient, two slow crossings more.
    #[must_use]
    pub fn silence(&self) -> Duration {
        let more = if self.patient { self.latency.slow().saturating_mul(2) } else { Duration::ZERO };
        self.hung_after.saturating_add(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_grows_with_the_ring_and_with_its_links() {
        let setup = Setup::of(&[1, 2, 3]);
        assert_eq!(setup.timing_of(1000), setup.timing);
        let patient = setup.clone().latency(Latency::Constant(Duration::from_millis(2))).patient();
        assert_eq!(patient.timing_of(9).election, setup.timing.election + Duration::from_millis(80));
        assert_eq!(patient.timing_of(999).lap, setup.timing.lap + Duration::from_secs(6));
        assert_eq!(patient.silence(), setup.hung_after + Duration::from_millis(4));
        let slower = patient.latency(Latency::Exponential { mean: Duration::from_millis(2) });
        assert_eq!(slower.timing_of(9).election, setup.timing.election + Duration::from_millis(320));
    }
}
