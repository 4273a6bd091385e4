//! The stretch of time that the bar shows.

/// The shortest stretch, in microseconds.
const SHORTEST: u64 = 50;

/// The length of the stretch that follows the present, in microseconds.
const FOLLOWED: u64 = 60_000_000;

/// A stretch of time, in microseconds. It is never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Window {
    /// The stretch from one time to another, or the shortest one.
    pub(super) fn new(from: u64, to: u64) -> Self {
        Self { from, to: to.max(from.saturating_add(SHORTEST)) }
    }

    /// The last minute before the present, or all there is when that is less.
    pub(super) fn following(begin: u64, end: u64) -> Self {
        Self::new(begin.max(end.saturating_sub(FOLLOWED)), end)
    }

    pub(super) const fn length(self) -> u64 {
        self.to - self.from
    }

    /// The share of the stretch before a time: 0 at its beginning, 1 at its end.
    #[expect(clippy::cast_precision_loss, reason = "a part of a picture")]
    pub(super) fn share(self, at: u64) -> f64 {
        let after = at as f64 - self.from as f64;
        after / self.length() as f64
    }

    /// The time at a share of the stretch.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "exact to a microsecond for 285 years; a share below 0 is its beginning"
    )]
    pub(super) fn at(self, share: f64) -> u64 {
        self.from + (self.length() as f64 * share.clamp(0.0, 1.0)).round() as u64
    }

    /// The stretch that is `factor` times as long, with the same time at this share of it, within the whole.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a length in microseconds"
    )]
    pub(super) fn zoomed(self, factor: f64, share: f64, whole: Self) -> Self {
        let length = (self.length() as f64 * factor).max(SHORTEST as f64) as u64;
        let before = (length as f64 * share.clamp(0.0, 1.0)) as u64;
        let from = self.at(share).saturating_sub(before);
        Self::new(from, from.saturating_add(length)).within(whole)
    }

    /// The stretch of the same length, if the whole is long enough, that is inside of the whole.
    pub(super) fn within(self, whole: Self) -> Self {
        let length = self.length().min(whole.length());
        let from = self.from.clamp(whole.from, whole.to - length);
        Self::new(from, from + length)
    }

    /// The stretch of the same length in which a time is: this one, or one in which it is near the beginning.
    pub(super) fn with(self, at: u64, whole: Self) -> Self {
        if (self.from..=self.to).contains(&at) {
            return self;
        }
        let from = at.saturating_sub(self.length() / 10);
        Self::new(from, from.saturating_add(self.length())).within(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Window = Window { from: 1_000_000, to: 101_000_000 };

    #[test]
    fn the_last_minute_is_followed_and_less_at_first() {
        assert_eq!(Window::following(0, 100_000_000), Window::new(40_000_000, 100_000_000));
        assert_eq!(Window::following(1_000, 5_000_000), Window::new(1_000, 5_000_000));
        assert_eq!(Window::following(7, 7).length(), SHORTEST);
    }

    #[test]
    fn the_time_under_the_pointer_stays_there_when_the_bar_is_zoomed() {
        let near = WHOLE.zoomed(0.1, 0.25, WHOLE);
        assert_eq!((near.length(), near.at(0.25)), (10_000_000, WHOLE.at(0.25)));
        assert_eq!(near.zoomed(10.0, 0.25, WHOLE), WHOLE);
        assert_eq!(near.zoomed(1e9, 0.5, WHOLE), WHOLE, "no more than there is");
        assert_eq!(near.zoomed(1e-9, 0.5, WHOLE).length(), SHORTEST);
    }

    #[test]
    fn a_time_outside_moves_the_stretch() {
        let window = Window::new(10_000_000, 20_000_000);
        assert_eq!(window.with(15_000_000, WHOLE), window);
        assert_eq!(window.with(50_000_000, WHOLE), Window::new(49_000_000, 59_000_000));
        assert_eq!(window.with(100_900_000, WHOLE), Window::new(91_000_000, 101_000_000));
        assert_eq!(window.with(1_000_000, WHOLE), Window::new(1_000_000, 11_000_000));
    }

    #[test]
    fn shares_and_times_are_each_others_inverse() {
        for share in [0.0, 0.1, 0.5, 1.0] {
            assert!((WHOLE.share(WHOLE.at(share)) - share).abs() < 1e-9);
        }
        assert!(WHOLE.share(0) < 0.0 && WHOLE.share(200_000_000) > 1.0);
    }
}
