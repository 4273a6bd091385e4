//! File descriptors: as many as the system allows, of which the supervisor has a reserve and connections
//! the rest.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use ringleader_shared::ring::MAX_MEMBERS;

use crate::visitor::ConnectionSlots;

/// The most connections of the public listener at once, on a system that allows them.
const MAX_CONNECTIONS: usize = 4_096;

/// Descriptors that the program itself needs: listeners, logs, timers, the runtime's own, the archive's.
const OWN: usize = 60;

/// Descriptors for each node: its control link, its process, its standard error output, and the pipes
/// while it is spawned.
const FOR_EACH_NODE: usize = 6;

/// The connections to the control port that may be open at once: each node's, its next start's, and some
/// of strangers.
const CONTROL_CONNECTIONS: usize = 2 * MAX_MEMBERS + 32;

/// The connections to the control port that have not sent a hello. All nodes of a ring that starts are
/// among them.
const CONTROL_STRANGERS: usize = MAX_MEMBERS + 32;

/// The division of the descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    connections: usize,
    control: usize,
    control_strangers: usize,
}

impl Descriptors {
    /// Raises this process's limit as far as the system allows, and divides the descriptors.
    #[must_use]
    pub fn claim() -> Self {
        let limit = getrlimit(Resource::RLIMIT_NOFILE).map(|(soft, hard)| {
            // Where the limit can't be raised, the soft limit applies.
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_or(soft, |()| hard)
        });
        Self::divide(limit.ok().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX))
    }

    fn divide(limit: usize) -> Self {
        let reserve = (OWN + FOR_EACH_NODE * MAX_MEMBERS).min(limit / 2);
        let control = CONTROL_CONNECTIONS.min(reserve / 2);
        Self {
            connections: MAX_CONNECTIONS.min(limit - reserve),
            control,
            control_strangers: CONTROL_STRANGERS.min(control * 2 / 3),
        }
    }

    /// The slots of the public listener. Strangers may hold half of them.
    #[must_use]
    pub fn public(self) -> ConnectionSlots {
        ConnectionSlots::new(self.connections, self.connections / 2)
    }

    /// The slots of the control port.
    #[must_use]
    pub fn control(self) -> ConnectionSlots {
        ConnectionSlots::new(self.control, self.control_strangers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptors_suffice_for_a_large_ring_and_all_connections() {
        for limit in [64, 128, 256, 1_024, 4_096, 1 << 20, usize::MAX] {
            let divided = Descriptors::divide(limit);
            assert!(divided.connections > 0 && divided.control_strangers > 0, "{limit}: {divided:?}");
            assert!(divided.connections + 2 * divided.control <= limit, "{limit}: {divided:?}");
        }
        assert_eq!(Descriptors::divide(1 << 20).connections, MAX_CONNECTIONS);
        let divided = Descriptors::divide(1 << 20);
        assert_eq!(divided.control, CONTROL_CONNECTIONS);
        assert!(divided.control_strangers >= MAX_MEMBERS, "a whole ring says hello at once");
    }
}
