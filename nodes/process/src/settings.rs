//! What a node is told about its surroundings, in the types that it works with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ringleader_election::Timing;
use ringleader_shared::NodeId;
use ringleader_shared::control::{Configuration, SECRET_ENV};
use ringleader_shared::fault::LinkFault;
use subtle::ConstantTimeEq;

/// The least time that an election, a lap or a deputy is given, in heartbeats.
const PATIENCE_HEARTBEATS: u32 = 10;

/// How long a member grants a lease, in times that a hung peer is found in: a ring must be repaired before its leader's
/// lease is over.
const LEASE_HUNG_TIMES: u32 = 4;

/// The run's secret. Never shown.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn from_environment() -> anyhow::Result<Self> {
        match std::env::var(SECRET_ENV) {
            Ok(secret) if !secret.is_empty() => Ok(Self(secret)),
            _ => {
                anyhow::bail!("{SECRET_ENV} is not set: nodes are started by `ringleader serve`, not by hand")
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn for_tests(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The value of the `Authorization` header.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether this `Authorization` header carries the secret. A wrong one of the same
    /// length takes as long as the right one.
    pub(crate) fn admits(&self, header: &[u8]) -> bool {
        self.bearer().as_bytes().ct_eq(header).into()
    }
}

/// How links behave. Changed live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkSettings {
    /// How long a ring message is held on its link.
    pub(crate) hop_delay: Duration,
    /// How often a link is pinged.
    pub(crate) heartbeat: Duration,
    /// How long a link may be silent: as configured, and two hops more.
    pub(crate) hung_after: Duration,
}

impl From<&Configuration> for LinkSettings {
    fn from(configuration: &Configuration) -> Self {
        let hop_delay = Duration::from_millis(configuration.settings.hop_delay_ms);
        Self {
            hop_delay,
            heartbeat: Duration::from_millis(configuration.heartbeat_ms.max(1)),
            // In slow motion nobody waits for a fast verdict, and a machine that is busy drawing must not cause a wrong one.
            hung_after: Duration::from_millis(configuration.hung_after_ms.max(2)) + 2 * hop_delay,
        }
    }
}

/// The faults between this node and one other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PeerFaults {
    /// What happens to what this node says to the peer.
    pub(crate) to_peer: LinkFault,
    /// What happens to what the peer says to this node.
    pub(crate) from_peer: LinkFault,
}

impl PeerFaults {
    /// Whether no handshake can be completed: it needs both directions.
    pub(crate) const fn no_handshake(&self) -> bool {
        self.to_peer.cut || self.from_peer.cut
    }

    /// How much longer a handshake takes: one round trip for the connection, one for the WebSocket.
    pub(crate) const fn handshake_delay(&self) -> Duration {
        let round_trip = self.to_peer.delay_ms.saturating_add(self.from_peer.delay_ms);
        Duration::from_millis(round_trip.saturating_mul(2))
    }
}

/// The faults between this node and each other. Changed live, cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Faults(Arc<BTreeMap<NodeId, PeerFaults>>);

impl Faults {
    /// What this node is told of the links that begin or end at it.
    pub(crate) fn of(me: NodeId, configuration: &Configuration) -> Self {
        let mut peers: BTreeMap<NodeId, PeerFaults> = BTreeMap::new();
        for told in &configuration.faults {
            if told.from == me {
                peers.entry(told.to).or_default().to_peer = told.fault;
            } else if told.to == me {
                peers.entry(told.from).or_default().from_peer = told.fault;
            }
        }
        Self(Arc::new(peers))
    }

    /// Those between this node and this peer.
    pub(crate) fn with(&self, peer: NodeId) -> PeerFaults {
        self.0.get(&peer).copied().unwrap_or_default()
    }
}

/// How patient the core must be at this pace: four laps for an election, three for a leader's lap or its deputy.
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
    fn only_the_very_secret_is_admitted() {
        let secret = Secret("abc".into());
        assert!(secret.admits(b"Bearer abc"));
        for wrong in
            ["", "abc", "Bearer", "Bearer ab", "Bearer abcd", "bearer abc", "Bearer abd", "Bearer abc\0"]
        {
            assert!(!secret.admits(wrong.as_bytes()), "{wrong:?}");
        }
    }

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
