//! The two clocks of a node: the machine's monotonic one, and Lamport's.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use ringleader_election::Time;

/// `CLOCK_MONOTONIC` in nanoseconds: the same for all processes of the machine, and never set back.
pub(crate) fn monotonic_ns() -> u64 {
    // CLOCK_MONOTONIC is always there on Linux and macOS, and never negative.
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from);
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

/// The same clock, as the core reads it.
pub(crate) fn now() -> Time {
    Time(Duration::from_nanos(monotonic_ns()))
}

/// A duration in whole milliseconds, as events carry it.
pub(crate) fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Lamport's clock (1978): one tick for each event, and never behind a message that arrived.
#[derive(Debug, Default)]
pub(crate) struct Lamport(u64);

impl Lamport {
    /// Counts an event; its time is returned.
    pub(crate) fn tick(&mut self) -> u64 {
        self.0 = self.0.saturating_add(1);
        self.0
    }

    /// Takes the time of a message in. The receipt itself still has to be counted.
    pub(crate) fn observe(&mut self, theirs: u64) {
        self.0 = self.0.max(theirs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_later_than_the_sending_and_than_all_that_was_before_it() {
        let (mut sender, mut receiver) = (Lamport(41), Lamport(7));
        let sent = sender.tick();
        receiver.observe(sent);
        assert_eq!((sent, receiver.tick()), (42, 43));
        // An older message does not set the clock back.
        receiver.observe(sent);
        assert_eq!(receiver.tick(), 44);
    }
}
