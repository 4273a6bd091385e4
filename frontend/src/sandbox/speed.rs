//! The speed of virtual time, as the real time that a hop takes.

use std::time::Duration;

use super::settings::HOP;

/// Real milliseconds for a hop of the mean length; 0 is as fast as possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Speed(u32);

impl Default for Speed {
    fn default() -> Self {
        Self(500)
    }
}

impl Speed {
    /// The speeds on the page, slowest first.
    pub(crate) const ALL: [Self; 11] = [
        Self(4000),
        Self(2000),
        Self(1000),
        Self(500),
        Self(200),
        Self(100),
        Self(50),
        Self(20),
        Self(5),
        Self(1),
        Self(0),
    ];

    /// The number in a permalink.
    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    /// The largest number in a permalink: a minute per hop.
    pub(crate) const SLOWEST: u32 = 60_000;

    /// The speed with this number.
    pub(crate) fn numbered(number: &str) -> Option<Self> {
        number.parse().ok().filter(|number| *number <= Self::SLOWEST).map(Self)
    }

    /// The next speed in the list, or the one before; the same at an end.
    pub(crate) fn next(self, faster: bool) -> Self {
        let mut others = Self::ALL.iter();
        let next = if faster {
            others.find(|other| other.0 < self.0)
        } else {
            others.rfind(|other| other.0 > self.0)
        };
        next.copied().unwrap_or(self)
    }

    /// The virtual time that passes in this much real time; `None` at the highest speed.
    pub(crate) fn virtual_time(self, real: Duration) -> Option<Duration> {
        let hop = Duration::from_millis(u64::from(self.0));
        let nanoseconds = (real.as_nanos() * HOP.as_nanos()).checked_div(hop.as_nanos())?;
        Some(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)))
    }

    /// The speed as text.
    pub(crate) fn describe(self) -> String {
        match self.0 {
            0 => "as fast as it goes".to_owned(),
            1 => "1 hop ≈ 1 ms: real time".to_owned(),
            ms if ms < 100 => format!("1 hop ≈ {ms} ms (1/{ms}×)"),
            ms => format!("1 hop ≈ {} s (1/{ms}×)", seconds(ms)),
        }
    }
}

fn seconds(ms: u32) -> String {
    match (ms / 1000, ms % 1000 / 100) {
        (whole, 0) => whole.to_string(),
        (whole, tenths) => format!("{whole}.{tenths}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_described_per_hop() {
        let said: Vec<String> = Speed::ALL.iter().map(|speed| speed.describe()).collect();
        assert_eq!(said[0], "1 hop ≈ 4 s (1/4000×)");
        assert_eq!(said[3], "1 hop ≈ 0.5 s (1/500×)");
        assert_eq!(said[7], "1 hop ≈ 20 ms (1/20×)");
        assert_eq!(said[10], "as fast as it goes");
    }

    #[test]
    fn speeds_are_next_to_each_other_also_from_one_that_is_not_in_the_list() {
        assert_eq!([Speed(500).next(true), Speed(500).next(false)], [Speed(200), Speed(1000)]);
        assert_eq!([Speed(300).next(true), Speed(300).next(false)], [Speed(200), Speed(500)]);
        assert_eq!([Speed(0).next(true), Speed(0).next(false)], [Speed(0), Speed(1)]);
        assert_eq!(Speed(4000).next(false), Speed(4000));
    }

    #[test]
    fn a_hop_takes_as_long_to_watch_as_the_speed_says() {
        assert_eq!(Speed(500).virtual_time(Duration::from_millis(500)), Some(HOP));
        assert_eq!(Speed(0).virtual_time(Duration::from_millis(500)), None);
    }
}
