//! What a ring of the sandbox is made of.

use std::time::Duration;

use ringleader_shared::{NodeName, RingSettings};
use ringleader_simulator::{Action, Latency, Schedule, Setup};

use super::choice::{Arrangement, Links, Start};

/// The largest ring.
pub(crate) const MOST_NODES: usize = 1_000;

/// How long a hop takes on average.
pub(crate) const HOP: Duration = Duration::from_millis(1);

/// The lowest attribute, and the step to the next one: a ring of four is the one that the server starts.
const ATTRIBUTES: (u64, u64) = (90, 10);

/// Everything that decides how a run goes, but for what is done to it by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The settings of the ring; its pace is the player's speed.
    pub(crate) ring: RingSettings,
    /// How many nodes.
    pub(crate) nodes: usize,
    /// Which of them may not lead, by name; names that there are not are passed over.
    pub(crate) ineligible: Vec<NodeName>,
    /// How their attributes are laid.
    pub(crate) arrangement: Arrangement,
    /// How long their messages take.
    pub(crate) links: Links,
    /// Where all chance comes from.
    pub(crate) seed: u64,
    /// Who starts.
    pub(crate) start: Start,
}

impl Default for Settings {
    /// The ring that the server starts.
    fn default() -> Self {
        Self {
            ring: RingSettings::default(),
            nodes: 4,
            ineligible: Vec::new(),
            arrangement: Arrangement::Increasing,
            links: Links::Constant,
            seed: 1,
            start: Start::One,
        }
    }
}

impl Settings {
    /// The ring.
    pub(crate) fn setup(&self) -> Setup {
        Setup { settings: self.ring, ..Setup::of(&self.attributes()) }
            .ineligible(&self.ineligible.iter().filter_map(NodeName::ordinal).collect::<Vec<_>>())
            .seed(self.seed)
            .latency(self.latency())
            .patient()
    }

    /// What happens at the beginning.
    pub(crate) fn opening(&self) -> Schedule {
        let soon = self.begin() + Duration::from_micros(1);
        let steps = match self.start {
            Start::One => vec![(soon, Action::Initiate(0))],
            Start::All => vec![(soon, Action::InitiateAll)],
            Start::Nobody => Vec::new(),
        };
        Schedule { steps }
    }

    /// When the nodes have found each other: the run that is shown begins here.
    pub(crate) fn begin(&self) -> Duration {
        match self.links {
            Links::Constant | Links::Uniform => 5 * HOP,
            Links::Exponential => 20 * HOP,
        }
    }

    /// Names as people type them: separated by commas, points or spaces.
    pub(crate) fn names(text: &str) -> Option<Vec<NodeName>> {
        let names = text.split([',', '.', ' ']).filter(|name| !name.is_empty());
        names.map(|name| name.parse().ok().filter(|name: &NodeName| name.ordinal().is_some())).collect()
    }

    fn latency(&self) -> Latency {
        match self.links {
            Links::Constant => Latency::Constant(HOP),
            Links::Uniform => Latency::Uniform { min: HOP / 20, max: 2 * HOP - HOP / 20 },
            Links::Exponential => Latency::Exponential { mean: HOP },
        }
    }

    fn attributes(&self) -> Vec<u64> {
        let (lowest, step) = ATTRIBUTES;
        let mut ranks: Vec<u64> = (0..).take(self.nodes).collect();
        match self.arrangement {
            Arrangement::Increasing => {}
            Arrangement::Decreasing => ranks.reverse(),
            Arrangement::Random => {
                let mut chance = fastrand::Rng::with_seed(self.seed);
                for last in (1..ranks.len()).rev() {
                    // Not `shuffle`, which draws numbers whose width depends on the platform.
                    let other = chance.u32(0..=u32::try_from(last).unwrap_or(u32::MAX));
                    ranks.swap(last, other as usize);
                }
            }
            Arrangement::Alternating => {
                let sorted = std::mem::take(&mut ranks);
                let (low, high) = sorted.split_at(sorted.len().div_ceil(2));
                let mut high = high.iter().rev();
                ranks = low.iter().flat_map(|low| [Some(low), high.next()]).flatten().copied().collect();
            }
        }
        ranks.into_iter().map(|rank| lowest + step * rank).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(arrangement: Arrangement, nodes: usize) -> Vec<u64> {
        Settings { nodes, arrangement, ..Settings::default() }.attributes()
    }

    #[test]
    fn attributes_are_laid_as_their_names_say() {
        assert_eq!(laid(Arrangement::Increasing, 4), [90, 100, 110, 120]);
        assert_eq!(laid(Arrangement::Decreasing, 4), [120, 110, 100, 90]);
        assert_eq!(laid(Arrangement::Alternating, 5), [90, 130, 100, 120, 110]);
        assert_eq!(laid(Arrangement::Alternating, 1), [90]);
        let mut random = laid(Arrangement::Random, 100);
        assert_ne!(random, laid(Arrangement::Increasing, 100));
        random.sort_unstable();
        assert_eq!(random, laid(Arrangement::Increasing, 100));
    }
}
