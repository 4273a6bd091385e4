//! Histograms of the time without a leader.

use std::time::Duration;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use ringleader_shared::view::{Outage, REMEMBERED_OUTAGES};
use ringleader_shared::{RingView, RunId};

use super::Label;

/// The upper bounds of the buckets, in seconds: a takeover takes a millisecond, a hung leader `hung_after`, a
/// quorum's lease most of a second.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// The time after its end at which an outage is counted, in microseconds: evidence that is reported late may
/// still move its start.
const SETTLED_US: u64 = 250_000;

/// Microseconds as seconds.
pub(super) fn seconds(us: u64) -> f64 {
    Duration::from_micros(us).as_secs_f64()
}

/// The times of the outages that have ended, since the server started. Clones share their histograms.
#[derive(Debug, Clone)]
pub struct OutageTimes {
    total: Histogram,
    parts: Family<Label, Histogram, fn() -> Histogram>,
    /// The last outage that is counted, and its run.
    counted: Option<(RunId, u64)>,
}

impl Default for OutageTimes {
    fn default() -> Self {
        let histogram = || Histogram::new(BUCKETS);
        let parts: Family<_, _, fn() -> Histogram> = Family::new_with_constructor(histogram);
        // Each is there from the start, with a count of 0.
        for part in ["noticing", "waiting", "electing"] {
            drop(parts.get_or_create(&[("part", part.to_owned())]));
        }
        Self { total: histogram(), parts, counted: None }
    }
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
            self.total.observe(seconds(took.total_us));
            for (part, us) in
                [("noticing", took.noticing_us), ("waiting", took.waiting_us), ("electing", took.electing_us)]
            {
                self.parts.get_or_create(&[("part", part.to_owned())]).observe(seconds(us));
            }
            self.counted = Some((view.run, outage.number));
        }
    }

    /// Registers both families.
    pub fn register(self, registry: &mut Registry) {
        registry.register(
            "leaderless_seconds",
            "Time from the last moment at which a leader served until all live members followed the next one",
            self.total,
        );
        let help = "The parts of that time, which add up to it";
        registry.register("leaderless_part_seconds", help, self.parts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::prometheus_text::encode;
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

        /// Lets the leader hang for this time.
        fn hangs(&mut self, at_us: u64, for_us: u64) {
            self.publish(at_us, Some(1), EventKind::Paused);
            self.publish(at_us + for_us, Some(1), EventKind::Resumed);
        }

        fn text(&mut self, now_us: u64) -> String {
            self.times.observe(&self.view, now_us);
            let mut registry = Registry::with_prefix("ringleader");
            self.times.clone().register(&mut registry);
            let mut text = String::new();
            encode(&mut text, &registry).expect("writing to a String");
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
                    "ringleader_leaderless_seconds_sum 0.0009",
                    "ringleader_leaderless_seconds_count 1",
                    "ringleader_leaderless_part_seconds_bucket{part=\"noticing\",le=\"0.001\"} 1",
                    "ringleader_leaderless_part_seconds_sum{part=\"electing\"} 0.0",
                ],
            );
        }
    }

    #[test]
    fn outages_in_quick_succession_and_those_of_an_ended_run_are_all_counted() {
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
                "ringleader_leaderless_seconds_sum 70.09",
            ],
        );
    }
}
