//! The pings of a link: their rate, and the digests that they carry.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ringleader_election::Time;
use ringleader_shared::link::close;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_tungstenite::tungstenite::Bytes;

use super::Ending;
use crate::clock::now;
use crate::link_settings::LinkSettings;

/// The pings of one link, in both directions.
pub(super) struct Pings {
    /// Ticks when the next one is due.
    pub(super) beat: Interval,
    /// The digest of this node's state.
    state_digest: Arc<AtomicU64>,
    /// The digest of the other end's state when it sent the last message that arrived here.
    peer_digest: Arc<AtomicU64>,
    /// The start of a period in which the other end's pings report a different digest, and one of this
    /// end that is out of date.
    differs_since: Option<Time>,
    /// Pings and pongs that came since the last beat.
    received: u128,
}

impl Pings {
    pub(super) fn new(
        settings: LinkSettings,
        state_digest: Arc<AtomicU64>,
        peer_digest: Arc<AtomicU64>,
    ) -> Self {
        Self { beat: beat(settings), state_digest, peer_digest, differs_since: None, received: 0 }
    }

    pub(super) fn configure(&mut self, settings: LinkSettings) {
        self.beat = beat(settings);
    }

    /// The content of a ping: the time at which it is sent, this node's digest, and the digest of the peer
    /// when it sent its last message.
    pub(super) fn next(&self, sent: Time) -> Bytes {
        let mut payload = nanoseconds(sent).to_be_bytes().to_vec();
        for digest in [&self.state_digest, &self.peer_digest] {
            payload.extend(digest.load(Ordering::Relaxed).to_be_bytes());
        }
        Bytes::from(payload)
    }

    /// Begins to count anew.
    pub(super) const fn begin_heartbeat(&mut self) {
        self.received = 0;
    }

    /// Counts a ping or pong of the other end.
    pub(super) fn count(&mut self, settings: LinkSettings) -> Result<(), Ending> {
        self.received += 1;
        if self.received <= most_pings(settings) {
            return Ok(());
        }
        let reason = format!("sent {} pings within a heartbeat", self.received);
        Err(Ending::misbehaved(close::TOO_MUCH, "too many pings", reason))
    }

    /// Compares the two ends' digests. Returns true when they have differed for `patience`. A message to a
    /// neighbour takes at most a hop: a neighbour whose pings differ for longer has missed one. A neighbour
    /// that received this end's state and still differs gets no repeat.
    pub(super) fn differ_for(&mut self, patience: Duration, payload: &[u8], now: Time) -> bool {
        let number = |at: usize| payload.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
        let (Some(theirs), Some(heard)) = (number(8), number(16)) else { return false };
        let mine = self.state_digest.load(Ordering::Relaxed);
        if theirs == mine || heard == mine {
            self.differs_since = None;
            return false;
        }
        let long = now.since(*self.differs_since.get_or_insert(now)) >= patience;
        if long {
            self.differs_since = None;
        }
        long
    }
}

/// The time at which the ping of this pong was sent, and the time that the answer took.
pub(super) fn round_trip(payload: &[u8]) -> Option<(Time, Duration)> {
    let sent = Time(Duration::from_nanos(u64::from_be_bytes(*payload.first_chunk()?)));
    Some((sent, now().since(sent)))
}

fn nanoseconds(time: Time) -> u64 {
    u64::try_from(time.0.as_nanos()).unwrap_or(u64::MAX)
}

/// The most pings and pongs that may come within one heartbeat: those that a peer sends before it takes
/// this node for hung while nothing is read, and some more.
pub(in crate::links) fn most_pings(settings: LinkSettings) -> u128 {
    100 + 4 * settings.hung_after.as_nanos() / settings.heartbeat.as_nanos().max(1)
}

fn beat(settings: LinkSettings) -> Interval {
    let mut beat = interval_at(Instant::now() + settings.heartbeat, settings.heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}
