//! The settings of links, and how patient the core must be with them.

use std::time::Duration;

use ringleader_election::Timing;
use ringleader_shared::control::Configuration;

/// The least time that an election, a lap or a deputy is given, in heartbeats.
const PATIENCE_HEARTBEATS: u32 = 10;

/// Length of a lease, in times that a hung peer is found in: a ring must be repaired before its leader's
/// lease is over.
const LEASE_HUNG_TIMES: u32 = 4;

/// Settings of links. Changed live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkSettings {
    /// Time for which a ring message is held on its link.
    pub(crate) hop_delay: Duration,
    /// Time between two pings of a link.
    pub(crate) heartbeat: Duration,
    /// The silence that is allowed on a link: as configured, and two hops more.
    pub(crate) hung_after: Duration,
}

impl From<&Configuration> for LinkSettings {
    fn from(configuration: &Configuration) -> Self {
        let hop_delay = Duration::from_millis(configuration.settings.hop_delay_ms);
        Self {
            hop_delay,
            heartbeat: Duration::from_millis(configuration.heartbeat_ms.max(1)),
            // In slow motion nobody waits for a fast verdict, and a machine that is busy drawing must not
            // cause a wrong one.
            hung_after: Duration::from_millis(configuration.hung_after_ms.max(2)) + 2 * hop_delay,
        }
    }
}

/// Time-outs of the core at this pace: four laps for an election, three for a leader's lap or its deputy.
pub(crate) fn timing(settings: &LinkSettings, members: usize) -> Timing {
    let members = u32::try_from(members).unwrap_or(u32::MAX);
    let lap = settings.hop_delay.saturating_mul(members.saturating_add(1));
    let least =
        settings.heartbeat.saturating_mul(PATIENCE_HEARTBEATS).max(settings.hung_after.saturating_mul(2));
    Timing {
        election: least + lap.saturating_mul(4),
        lap: least + lap.saturating_mul(3),
        deputy: least + lap.saturating_mul(3),
        lease: settings.hung_after.saturating_mul(LEASE_HUNG_TIMES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_motion_makes_everyone_more_patient() {
        let at = |hop| {
            let ms = Duration::from_millis;
            timing(&LinkSettings { hop_delay: ms(hop), heartbeat: ms(50), hung_after: ms(150) }, 4)
        };
        assert_eq!(at(0).election, Duration::from_millis(500));
        assert!(at(400).lap > Duration::from_millis(400 * 12));
    }
}
