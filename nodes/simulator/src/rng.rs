//! A random number generator that is the same everywhere: integers only, from a seed. No float function,
//! whose last bit may differ between platforms, and no `usize`, whose width does.

use std::fmt;
use std::time::Duration;

use ringleader_election::random;

use crate::setup::Latency;

/// Probability, in thousandths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerMille(u16);

impl PerMille {
    /// Never.
    pub const NEVER: Self = Self(0);

    /// Always.
    pub const ALWAYS: Self = Self(1000);

    /// So many times out of a thousand, a thousand at most.
    #[must_use]
    pub const fn new(times: u16) -> Self {
        if times > 1000 { Self::ALWAYS } else { Self(times) }
    }

    /// The thousandths.
    #[must_use]
    pub const fn times(self) -> u16 {
        self.0
    }
}

impl fmt::Display for PerMille {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Everything random of one run.
#[derive(Debug, Clone)]
pub(crate) struct Rng(fastrand::Rng);

impl Rng {
    /// Runs with other seeds are independent, whether those were counted or drawn.
    pub(crate) fn new(seed: u64) -> Self {
        // Wyrand adds a constant and multiplies: from states that differ by little, what it gives is related.
        Self(fastrand::Rng::with_seed(random::mixed(seed)))
    }

    /// Whether something that is so likely happens. What never happens costs no random number, so that a ring
    /// without faults runs the same whichever faults there could be.
    pub(crate) fn happens(&mut self, likely: PerMille) -> bool {
        likely > PerMille::NEVER && self.0.u16(0..1000) < likely.0
    }

    /// Up to this many nanoseconds.
    pub(crate) fn up_to(&mut self, nanoseconds: u64) -> u64 {
        self.0.u64(0..=nanoseconds)
    }

    /// From 0 to `below` - 1, each as likely.
    #[inline]
    pub(crate) fn below(&mut self, below: u32) -> u32 {
        self.0.u32(0..below.max(1))
    }

    /// Any number of sixteen bits.
    #[inline]
    pub(crate) fn sixteen_bits(&mut self) -> u16 {
        self.0.u16(..)
    }

    /// Any order, each as likely.
    pub(crate) fn shuffle(&mut self, labels: &mut [u32]) {
        // Not `fastrand::shuffle`, which draws a `usize`.
        for at in (1..u32::try_from(labels.len()).unwrap_or(u32::MAX)).rev() {
            labels.swap(at as usize, self.below(at + 1) as usize);
        }
    }

    /// Time of one crossing of a link, in nanoseconds.
    pub(crate) fn crossing(&mut self, latency: Latency) -> u64 {
        match latency {
            Latency::Constant(time) => nanoseconds(time),
            Latency::Uniform { min, max } => {
                let (min, max) = (nanoseconds(min), nanoseconds(max));
                min + self.up_to(max.saturating_sub(min))
            }
            Latency::Exponential { mean } => exponential(nanoseconds(mean), self.0.u64(1..)),
        }
    }
}

/// A duration in nanoseconds; 584 years at most.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// ln 2 · 2^32.
const LN_2: u128 = 2_977_044_472;

/// `-mean · ln(drawn / 2^64)`, which is exponentially distributed for a drawn number that is even; 45 · mean
/// at most.
pub(crate) fn exponential(mean: u64, drawn: u64) -> u64 {
    let scaled = u128::from(minus_log2(drawn)) * LN_2 * u128::from(mean);
    u64::try_from(scaled >> 64).unwrap_or(u64::MAX)
}

/// `-log2(drawn / 2^64) · 2^32`, for a number that is not 0, by squaring: each square doubles the logarithm,
/// and its integer part is the next bit.
fn minus_log2(drawn: u64) -> u64 {
    const BITS: u32 = 20;
    let zeros = drawn.leading_zeros();
    let mut mantissa = drawn.unbounded_shl(zeros);
    let mut fraction: u64 = 0;
    for _ in 0..BITS {
        let square = u128::from(mantissa) * u128::from(mantissa);
        let carry = square >> 127 == 1;
        let kept = if carry { square >> 64 } else { square >> 63 };
        mantissa = u64::try_from(kept).unwrap_or(u64::MAX);
        fraction = (fraction << 1) | u64::from(carry);
    }
    ((u64::from(zeros) + 1) << 32).saturating_sub(fraction << (32 - BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponential_latency_has_its_mean_and_forgets_how_long_it_has_lasted() {
        let mut rng = Rng::new(1);
        let mean = Duration::from_millis(1);
        let drawn: Vec<u64> = (0..100_000).map(|_| rng.crossing(Latency::Exponential { mean })).collect();
        let average = drawn.iter().sum::<u64>() / 100_000;
        assert!((990_000..1_010_000).contains(&average), "{average}");
        // e^-1 of all take longer than the mean, and so do e^-1 of those longer than twice the mean.
        let longer = |than: u64| drawn.iter().filter(|&&took| took > than).count();
        assert!((36_000..37_600).contains(&longer(1_000_000)), "{}", longer(1_000_000));
        assert!((13_000..14_100).contains(&longer(2_000_000)), "{}", longer(2_000_000));
    }

    #[test]
    fn the_logarithm_is_exact_at_powers_of_two_and_close_between_them() {
        assert_eq!(minus_log2(1 << 63), 1 << 32);
        assert_eq!(minus_log2(1), 64 << 32);
        for drawn in [3_u64, 1_000_003, u64::MAX / 3, u64::MAX] {
            let exact = 64.0 - (drawn as f64).log2();
            let ours = minus_log2(drawn) as f64 / 4_294_967_296.0;
            assert!((exact - ours).abs() < 1e-5, "{drawn}: {exact} {ours}");
        }
    }

    #[test]
    fn a_uniform_latency_stays_within_its_bounds_and_a_constant_one_where_it_is() {
        let mut rng = Rng::new(2);
        let (min, max) = (Duration::from_nanos(5), Duration::from_nanos(7));
        let drawn: std::collections::BTreeSet<u64> =
            (0..100).map(|_| rng.crossing(Latency::Uniform { min, max })).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [5, 6, 7]);
        assert_eq!(rng.crossing(Latency::Constant(max)), 7);
    }

    #[test]
    fn what_never_happens_does_not_and_what_always_happens_does() {
        let mut rng = Rng::new(3);
        assert!((0..1000).all(|_| rng.happens(PerMille::new(5000))));
        assert!(!(0..1000).any(|_| rng.happens(PerMille::NEVER)));
        let often = (0..10_000).filter(|_| rng.happens(PerMille::new(250))).count();
        assert!((2_300..2_700).contains(&often), "{often}");
    }
}
