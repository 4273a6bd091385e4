//! The settings of an election, and all that is random about it.

use std::sync::{Arc, OnceLock};

use ringleader_election::classic::Worst;

use super::TICKS;
use crate::rng::Rng;

/// The labels, 1 to n where they are not given, and how they are laid round the ring, in the direction of the
/// messages.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Labels<'a> {
    /// In any order, each as likely.
    #[default]
    Random,
    /// Upwards.
    Increasing,
    /// Downwards.
    Decreasing,
    /// As costs the algorithm the most, as far as known.
    Worst,
    /// The lowest, the highest, the second lowest, the second highest …
    Alternating,
    /// These, all different. They are as many as the ring has members, whatever size the settings say.
    Given(&'a [u32]),
}

/// The members that start of their own accord, at time 0.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Initiators<'a> {
    /// Everybody.
    #[default]
    All,
    /// So many, chosen at random; one at least.
    Some(u32),
    /// Those with these labels.
    Labelled(&'a [u32]),
}

/// Distribution of the time that a message takes. The mean is one unit.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pace {
    /// One unit, always.
    #[default]
    Unit,
    /// Up to two units, all as likely.
    Uniform,
    /// Exponentially distributed.
    Exponential,
}

/// An election, from its seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings<'a> {
    /// Number of members; one at least.
    pub size: u32,
    /// Arrangement of their labels.
    pub labels: Labels<'a>,
    /// The members that start.
    pub initiators: Initiators<'a>,
    /// Distribution of the time that messages take.
    pub pace: Pace,
    /// The seed of all random numbers.
    pub seed: u64,
}

impl Settings<'_> {
    /// A ring of this size with random labels where everybody starts and every message takes one unit.
    #[must_use]
    pub fn new(size: u32) -> Self {
        Self {
            size: size.max(1),
            labels: Labels::default(),
            initiators: Initiators::default(),
            pace: Pace::default(),
            seed: 0,
        }
    }

    pub(super) fn labels(&self, worst: Worst, rng: &mut Rng) -> Arc<[u32]> {
        let size = self.size.max(1);
        match (self.labels, worst) {
            (Labels::Given(labels), _) => labels.into(),
            (Labels::Random, _) | (Labels::Worst, Worst::Any) => {
                let mut labels: Vec<u32> = (1..=size).collect();
                rng.shuffle(&mut labels);
                labels.into()
            }
            (Labels::Increasing, _) => (1..=size).collect(),
            (Labels::Decreasing, _) | (Labels::Worst, Worst::Decreasing) => (1..=size).rev().collect(),
            (Labels::Worst, Worst::BitReversed) => {
                let mut places: Vec<u32> = (0..size).collect();
                places.sort_unstable_by_key(|at| at.reverse_bits());
                let mut labels = vec![0; size as usize];
                for (label, at) in (1..).zip(places) {
                    labels[at as usize] = label;
                }
                labels.into()
            }
            (Labels::Alternating, _) => {
                (0..size).map(|at| if at % 2 == 0 { at / 2 + 1 } else { size - at / 2 }).collect()
            }
        }
    }

    /// The places of those that start, in ring order; `None` for everybody.
    pub(super) fn initiators(&self, labels: &[u32], rng: &mut Rng) -> Option<Arc<[u32]>> {
        let mut places: Vec<u32> = (0..).take(labels.len()).collect();
        match self.initiators {
            Initiators::All => return None,
            Initiators::Some(count) => {
                rng.shuffle(&mut places);
                places.truncate(count.max(1) as usize);
                places.sort_unstable();
            }
            Initiators::Labelled(chosen) => places.retain(|&at| chosen.contains(&labels[at as usize])),
        }
        Some(places.into())
    }
}

impl Rng {
    /// Ticks that a message takes; one at least.
    #[inline]
    pub(super) fn ticks(&mut self, pace: Pace) -> u64 {
        match pace {
            Pace::Unit => TICKS,
            Pace::Uniform => 1 + u64::from(self.below(TWICE)),
            Pace::Exponential => u64::from(quantiles()[usize::from(self.sixteen_bits())]),
        }
    }
}

/// The last of the uniform pace's ticks.
#[allow(clippy::cast_possible_truncation, reason = "511")]
const TWICE: u32 = (2 * TICKS - 1) as u32;

/// The exponential distribution in 65,536 steps, each as likely: the quantile at the middle of each.
#[inline]
fn quantiles() -> &'static [u16] {
    static QUANTILES: OnceLock<Vec<u16>> = OnceLock::new();
    QUANTILES.get_or_init(|| {
        let quantile = |step: u64| crate::rng::exponential(TICKS, (2 * step + 1) << 47).max(1);
        (0..1 << 16).map(|step| u16::try_from(quantile(step)).unwrap_or(u16::MAX)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(labels: Labels<'_>, worst: Worst, size: u32) -> Vec<u32> {
        let settings = Settings { labels, ..Settings::new(size) };
        settings.labels(worst, &mut Rng::new(1)).to_vec()
    }

    #[test]
    fn labels_are_laid_as_their_names_say() {
        assert_eq!(laid(Labels::Increasing, Worst::Any, 4), [1, 2, 3, 4]);
        assert_eq!(laid(Labels::Worst, Worst::Decreasing, 4), [4, 3, 2, 1]);
        assert_eq!(laid(Labels::Alternating, Worst::Any, 5), [1, 5, 2, 4, 3]);
        assert_eq!(laid(Labels::Worst, Worst::BitReversed, 8), [1, 5, 3, 7, 2, 6, 4, 8]);
        for labels in [Labels::Random, Labels::Alternating, Labels::Worst] {
            let mut sorted = laid(labels, Worst::BitReversed, 99);
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(1..=99));
        }
    }

    #[test]
    fn every_pace_takes_one_unit_on_average() {
        for pace in [Pace::Unit, Pace::Uniform, Pace::Exponential] {
            let mut rng = Rng::new(3);
            let sum: u64 = (0..200_000).map(|_| rng.ticks(pace)).sum();
            let mean = sum as f64 / 200_000.0 / TICKS as f64;
            assert!((0.99..1.01).contains(&mean), "{pace:?}: {mean}");
        }
    }
}
