//! One member: its start that runs, if one does, and what outlives it.

use std::collections::VecDeque;

use ringleader_election::link_table::LinkTable;
use ringleader_election::paths::Paths;
use ringleader_election::{Core, Time, Timer};
use ringleader_shared::{Contender, Incarnation, Promise, Term};

use super::SimEvent;
use crate::network::LinkId;

/// A member, configured now or once.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) contender: Contender,
    pub(super) incarnation: Incarnation,
    /// Whether it still belongs to the ring.
    pub(super) configured: bool,
    /// Its promise: the one thing that a death leaves.
    pub(super) promise: Option<Promise>,
    /// Thousandths by which its clock runs too fast.
    pub(super) drift: i16,
    /// Time at which the last configuration that was sent to it arrives.
    pub(super) last_configured: u64,
    pub(super) machine: Option<Machine>,
}

/// A start of a member that runs.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) core: Core,
    pub(super) clock: Clock,
    /// The number of the pause that it is in.
    pub(super) paused: Option<u64>,
    /// The events that wait while it is paused.
    pub(super) inbox: VecDeque<SimEvent>,
    pub(super) timers: Timers,
    /// The links that it has an end of, not closed there.
    pub(super) links: LinkTable<LinkId>,
    /// Its ways to the others.
    pub(super) paths: Paths,
    /// Whether it is going to dial those again that it routes past, and to look after links through others.
    pub(super) probes: bool,
    /// Whether it is going to send the next requests of its searches.
    pub(super) seeks: bool,
    /// The digest of its state, as its pings carry it.
    pub(super) state_digest: u64,
    /// Number of messages that it has sent.
    pub(super) sent: u64,
    pub(super) lamport: u64,
    /// The highest term of the run in the last configuration that was sent to it.
    pub(super) highest_term: Term,
}

/// A clock with an origin and a speed of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// A time that it showed, and the time of that, in nanoseconds.
    showed: u64,
    at: u64,
    drift: i16,
}

impl Clock {
    pub(super) fn started(now: u64, drift: i16) -> Self {
        Self { showed: 0, at: now, drift: drift.clamp(-900, 9000) }
    }

    /// The time that it shows, in nanoseconds.
    pub(super) fn shows(&self, now: u64) -> u64 {
        self.showed + scale(now.saturating_sub(self.at), self.speed(), 1000)
    }

    pub(super) fn time(&self, now: u64) -> Time {
        Time(std::time::Duration::from_nanos(self.shows(now)))
    }

    /// Time until so much has passed by this clock.
    pub(super) fn takes(&self, nanoseconds: u64) -> u64 {
        // Rounded up: a timer never fires before its time by its own clock.
        scale(nanoseconds, 1000, self.speed()).saturating_add(u64::from(self.drift != 0))
    }

    pub(super) fn set_drift(&mut self, now: u64, drift: i16) {
        *self = Self { showed: self.shows(now), at: now, drift: drift.clamp(-900, 9000) };
    }

    fn speed(&self) -> u64 {
        u64::try_from(1000 + i32::from(self.drift)).unwrap_or(1000)
    }
}

fn scale(nanoseconds: u64, by: u64, of: u64) -> u64 {
    if by == of {
        return nanoseconds;
    }
    u64::try_from(u128::from(nanoseconds) * u128::from(by) / u128::from(of.max(1))).unwrap_or(u64::MAX)
}

/// For each timer the number of the start that counts; 0 when it does not run.
#[derive(Debug, Clone, Default)]
pub(super) struct Timers([u64; Timer::ALL.len()]);

impl Timers {
    pub(super) fn slot(&mut self, timer: Timer) -> &mut u64 {
        let [election, lap, deputy, lease, renewal] = &mut self.0;
        match timer {
            Timer::Election => election,
            Timer::Lap => lap,
            Timer::Deputy => deputy,
            Timer::Lease => lease,
            Timer::Renewal => renewal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_shows_more_and_a_timer_fires_earlier() {
        let mut clock = Clock::started(1_000, 0);
        assert_eq!(clock.shows(3_000), 2_000);
        clock.set_drift(3_000, 250);
        assert_eq!(clock.shows(7_000), 7_000);
        assert_eq!(clock.takes(1_000), 801);
        clock.set_drift(7_000, -500);
        assert_eq!(clock.shows(9_000), 8_000);
        assert_eq!(clock.takes(1_000), 2_001);
    }
}
