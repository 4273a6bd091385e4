//! Histograms of the time without a leader.

use std::fmt::Write;

use ringleader_shared::view::{Outage, REMEMBERED_OUTAGES};
use ringleader_shared::{RingView, RunId};

/// The upper bounds of the buckets, in microseconds and as Prometheus writes them: a takeover takes a
/// millisecond, a hung leader `hung_after`, a quorum's lease most of a second.
const BUCKETS: [(u64, &str); 14] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
    (60_000_000, "60"),
];

/// How long after its end an outage is counted, in microseconds: evidence that is reported late may still
/// move its start.
const SETTLED_US: u64 = 250_000;

/// Durations in buckets.
#[derive(Debug, Clone, Default)]
struct Histogram {
    /// How many are within each bound and beyond the one before.
    counts: [u64; BUCKETS.len()],
    count: u64,
    sum_us: u64,
}

impl Histogram {
    fn observe(&mut self, us: u64) {
        let bucket = BUCKETS.iter().zip(&mut self.counts).find(|((bound, _), _)| us <= *bound);
        if let Some((_, count)) = bucket {
            *count += 1;
        }
        self.count += 1;
        self.sum_us = self.sum_us.saturating_add(us);
    }

    /// Appends the samples, with these labels before `le`.
    fn write(&self, text: &mut String, name: &str, labels: &str) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut below = 0;
        // Writing to a String can't fail.
        for ((_, bound), count) in BUCKETS.iter().zip(self.counts) {
            below += count;
            let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {below}");
        }
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(text, "{name}_sum{braced} {}", seconds(self.sum_us));
        let _ = writeln!(text, "{name}_count{braced} {}", self.count);
    }
}

/// Microseconds as seconds.
pub(super) fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

/// The times of the outages that have ended, since the server started.
#[derive(Debug, Clone, Default)]
pub struct OutageTimes {
    total: Histogram,
    noticing: Histogram,
    waiting: Histogram,
    electing: Histogram,
    /// The last outage that is counted, and its run.
    counted: Option<(RunId, u64)>,
}

impl OutageTimes {
    /// Counts the outages that have ended long enough before this moment, each once. Those that the view is
    /// about to forget do not wait.
    pub fn observe(&mut self, view: &RingView, now_us: u64) {
        let counted = self.counted.filter(|(run, _)| *run == view.run).map_or(0, |(_, number)| number);
        let waits = |at: usize, outage: &Outage| {
            let is_fresh =
                outage.ended_us.is_none_or(|ended_us| now_us < ended_us.saturating_add(SETTLED_US));
            is_fresh && at + 1 < REMEMBERED_OUTAGES
        };
        for (at, outage) in view.leaderless.past.iter().enumerate().rev() {
            if outage.number <= counted {
                continue;
            }
            let Some(took) = outage.took.filter(|_| !waits(at, outage)) else { return };
            self.total.observe(took.total_us);
            self.noticing.observe(took.noticing_us);
            self.waiting.observe(took.waiting_us);
            self.electing.observe(took.electing_us);
            self.counted = Some((view.run, outage.number));
        }
    }

    /// Appends both families in Prometheus' text format.
    pub fn write(&self, text: &mut String) {
        let name = "ringleader_leaderless_seconds";
        text.push_str(&format!(
            "# HELP {name} Time from the last moment at which a leader served until all live members followed the next one.\n\
             # TYPE {name} histogram\n"
        ));
        self.total.write(text, name, "");
        let name = "ringleader_leaderless_part_seconds";
        text.push_str(&format!(
            "# HELP {name} The parts of that time, which add up to it.\n# TYPE {name} histogram\n"
        ));
        let parts = [("noticing", &self.noticing), ("waiting", &self.waiting), ("electing", &self.electing)];
        for (part, times) in parts {
            times.write(text, name, &format!("part=\"{part}\""));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::{
        Attribute, Event, EventKind, Incarnation, Member, NodeId, NodeName, RingSettings, Role, Seq, Term,
    };
    use uuid::Uuid;

    struct Ring {
        view: RingView,
        times: OutageTimes,
    }

    impl Ring {
        /// A run of A and B, in which B leads term 1.
        fn run(&mut self, run: u128, at_us: u64) {
            let member = |n: usize| Member {
                id: NodeId(Uuid::from_u128(n as u128 + 1)),
                name: NodeName::nth(n),
                attribute: Attribute(90),
                eligible: true,
                incarnation: Incarnation(0),
                address: None,
            };
            let kind = EventKind::RunStarted {
                run: RunId(Uuid::from_u128(run)),
                members: vec![member(0), member(1)],
                highest_term: Term::ZERO,
                settings: RingSettings::default(),
            };
            self.publish(at_us, None, kind);
            for place in 0..2 {
                self.publish(at_us, Some(place), EventKind::Spawned { pid: 1 });
                self.publish(at_us, Some(place), EventKind::Ready { address: "127.0.0.1:1".to_owned() });
            }
            self.led(at_us, 1);
        }

        fn publish(&mut self, at_us: u64, place: Option<usize>, kind: EventKind) {
            let event = Event {
                seq: Seq(self.view.seq.0 + 1),
                at_us,
                node: place.map(NodeName::nth),
                incarnation: Incarnation(u32::from(place.is_some())),
                lamport: 0,
                kind,
            };
            self.times.observe(&self.view, at_us);
            self.view.apply(&event);
        }

        fn led(&mut self, at_us: u64, term: u64) {
            for (place, role) in [(0, Role::Follower), (1, Role::Leader)] {
                let leader = Some(NodeName::nth(1));
                self.publish(
                    at_us,
                    Some(place),
                    EventKind::RoleChanged { role, term: Term(term), leader, deputy: None },
                );
            }
        }

        /// The leader hangs for so long.
        fn hangs(&mut self, at_us: u64, for_us: u64) {
            self.publish(at_us, Some(1), EventKind::Paused);
            self.publish(at_us + for_us, Some(1), EventKind::Resumed);
        }

        fn text(&mut self, now_us: u64) -> String {
            self.times.observe(&self.view, now_us);
            let mut text = String::new();
            self.times.write(&mut text);
            text
        }
    }

    fn has(text: &str, lines: &[&str]) {
        for line in lines {
            assert!(text.lines().any(|have| have == *line), "{line}\n{text}");
        }
    }

    #[test]
    fn an_outage_is_counted_once_when_nothing_can_move_its_start_any_more() {
        let mut ring = Ring { view: RingView::empty(), times: OutageTimes::default() };
        ring.run(1, 0);
        ring.hangs(1_000_000, 900);
        has(&ring.text(1_000_900), &["ringleader_leaderless_seconds_count 0"]);
        for _ in 0..2 {
            let text = ring.text(1_300_000);
            has(
                &text,
                &[
                    "ringleader_leaderless_seconds_bucket{le=\"0.0005\"} 0",
                    "ringleader_leaderless_seconds_bucket{le=\"0.001\"} 1",
                    "ringleader_leaderless_seconds_bucket{le=\"+Inf\"} 1",
                    "ringleader_leaderless_seconds_sum 0.000900",
                    "ringleader_leaderless_seconds_count 1",
                    "ringleader_leaderless_part_seconds_bucket{part=\"noticing\",le=\"0.001\"} 1",
                    "ringleader_leaderless_part_seconds_sum{part=\"electing\"} 0.000000",
                ],
            );
        }
    }

    #[test]
    fn many_in_a_moment_and_those_of_a_run_that_is_over_are_all_counted() {
        let mut ring = Ring { view: RingView::empty(), times: OutageTimes::default() };
        ring.run(1, 0);
        for n in 0..100 {
            ring.hangs(1_000_000 + n * 1_000, 900);
        }
        ring.times.observe(&ring.view, u64::MAX);
        ring.run(2, 2_000_000);
        ring.hangs(3_000_000, 70_000_000);
        let text = ring.text(100_000_000);
        has(
            &text,
            &[
                "ringleader_leaderless_seconds_bucket{le=\"60\"} 100",
                "ringleader_leaderless_seconds_bucket{le=\"+Inf\"} 101",
                "ringleader_leaderless_seconds_sum 70.090000",
            ],
        );
    }
}
