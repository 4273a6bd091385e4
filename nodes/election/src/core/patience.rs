//! Patience from measurement: rules T8 and T9. What a member waits for is given at least the configured time,
//! and more where laps have been seen, or must be expected, to take long.

use std::time::Duration;

use super::{Core, Out};
use crate::{Effect, Time, Timer};

/// The laps that an election may take: three at most, and time for repairs.
const ELECTION_LAPS: u32 = 5;

/// The laps that the leader's own lap, and its deputy's answer, may take.
const LAP_LAPS: u32 = 4;

/// The laps that a lease lasts: it is renewed several times before it ends.
const LEASE_LAPS: u32 = 4;

/// The longest lease. A restarted member has to wait for the end of what it granted.
pub(super) const LONGEST_LEASE: Duration = Duration::from_secs(3_600);

/// The most doublings of the time that a lap is given, after laps that did not come back.
const MOST_DOUBLINGS: u8 = 6;

/// The measurements of a member, and what it waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Patience {
    /// The time for one crossing of its slowest link.
    crossing: Duration,
    /// The time that its last lap took; zero while that is no more than what is configured allows.
    lap: Duration,
    /// The time at which the lap of its own that is under way began.
    begun: Option<Time>,
    /// Number of laps of its own in a row that did not come back.
    lost_laps: u8,
}

impl Core {
    /// Rule T8: notes the time for one crossing of the slowest link.
    pub(super) fn links_measured(&mut self, crossing: Duration) {
        self.patience.crossing = crossing;
    }

    /// Whether a link is slow, as far as is known.
    pub(super) fn has_slow_links(&self) -> bool {
        !self.patience.crossing.is_zero()
    }

    /// Notes that a lap of this member's own begins.
    pub(super) fn lap_begins(&mut self) {
        self.patience.begun = Some(self.now);
    }

    /// Notes that the lap that is under way may have waited for a link until now.
    pub(super) fn lap_waited(&mut self) {
        if let Some(begun) = &mut self.patience.begun {
            *begun = self.now;
        }
    }

    /// Notes that the lap is back that began last.
    pub(super) fn lap_ends(&mut self) {
        if let Some(begun) = self.patience.begun.take() {
            self.lap_took(self.now.since(begun));
        }
        self.patience.lost_laps = 0;
    }

    /// Notes the time that a lap took.
    pub(super) fn lap_took(&mut self, took: Duration) {
        let is_long = took.saturating_mul(LAP_LAPS) > self.timing.lap;
        self.patience.lap = if is_long { took } else { Duration::ZERO };
    }

    /// Notes that a lap of this member's own did not come back in time.
    pub(super) fn lap_lost(&mut self) {
        self.patience.lost_laps = (self.patience.lost_laps + 1).min(MOST_DOUBLINGS);
    }

    /// The time that a lap takes, as far as is known.
    fn lap_expected(&self) -> Duration {
        let links = self.route.len().saturating_add(1);
        self.patience.lap.max(self.patience.crossing.saturating_mul(links))
    }

    /// The time that an initiator waits for a leader.
    pub(super) fn election_timeout(&self) -> Duration {
        self.timing.election.max(self.lap_expected().saturating_mul(ELECTION_LAPS))
    }

    /// The time that a leader waits for its own lap.
    pub(super) fn lap_timeout(&self) -> Duration {
        let once = self.timing.lap.max(self.lap_expected().saturating_mul(LAP_LAPS));
        once.saturating_mul(1 << self.patience.lost_laps)
    }

    /// The time that a leader waits for its deputy's heartbeat link.
    pub(super) fn deputy_timeout(&self) -> Duration {
        self.timing.deputy.max(self.lap_expected().saturating_mul(LAP_LAPS))
    }

    /// Length of a lease that this member grants to a claimant, or asks for.
    pub(super) fn lease(&self) -> Duration {
        self.timing.lease.max(self.lap_expected().saturating_mul(LEASE_LAPS)).min(LONGEST_LEASE)
    }

    /// Waits for the deputy's heartbeat link.
    pub(super) fn wait_for_deputy(&self, out: &mut Out) {
        out.push(Effect::StartTimer { timer: Timer::Deputy, after: self.deputy_timeout() });
    }
}
