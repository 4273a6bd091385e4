//! The machine's clocks: the monotonic one, which the nodes read, too, and the wall clock, by which kept runs
//! are dated.

use std::time::SystemTime;

use nix::time::{ClockId, clock_gettime};

/// `CLOCK_MONOTONIC` in nanoseconds.
#[must_use]
pub fn monotonic_ns() -> u64 {
    let now =
        clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(std::time::Duration::ZERO, std::time::Duration::from);
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

/// The wall clock, in milliseconds since 1970. It jumps: only people may read it.
#[must_use]
pub fn wall_ms() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "people find a run by its date")]
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
