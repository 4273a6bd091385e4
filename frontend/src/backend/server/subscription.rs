//! The subscription to the bus as a plain state machine, without sockets and clocks: the path to subscribe
//! at, the verdict on each frame, the wait before the next attempt.

use std::time::Duration;

use ringleader_shared::bus::BusFrame;
use ringleader_shared::{Event, EventKind, RingView, RunId, Seq};

/// The first wait after a lost connection.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The consequence of a frame.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Show this ring instead of the one that is shown.
    Replace {
        /// The ring.
        ring: Box<RingView>,
        /// The server's clock now, in microseconds.
        at_us: u64,
        /// Whether the former state belongs to another run, so that the logs are void.
        void: bool,
    },
    /// Apply this event: it is the next one.
    Apply(Box<Event>),
    /// The subscription goes on where it was.
    Continue,
    /// Nothing: the event is known.
    Known,
    /// Events are missing: close, and subscribe afresh.
    Resubscribe {
        /// The first one missing.
        first: Seq,
        /// The last one missing.
        last: Seq,
    },
}

/// The state of a subscription.
#[derive(Debug, Default)]
pub(crate) struct Subscription {
    /// The run and the last event that were applied.
    position: Option<(RunId, Seq)>,
    /// Whether the subscription can be resumed. After a gap only a snapshot may follow.
    resumable: bool,
    /// Attempts since the last frame.
    attempts: u32,
}

impl Subscription {
    /// The event after which the subscription can go on; `None` when a snapshot is due.
    pub(crate) fn resumable(&self) -> Option<(RunId, Seq)> {
        self.position.filter(|_| self.resumable)
    }

    /// The path to subscribe at.
    pub(crate) fn path(&self) -> String {
        match self.resumable() {
            Some((run, seq)) => format!("ws?after={run}:{seq}"),
            None => "ws".to_owned(),
        }
    }

    /// Takes a frame that arrived.
    pub(crate) fn frame(&mut self, frame: BusFrame) -> Verdict {
        self.attempts = 0;
        match frame {
            BusFrame::Snapshot { ring, at_us } => {
                let void = self.position.is_none_or(|(run, last)| run != ring.run || ring.seq < last);
                self.position = Some((ring.run, ring.seq));
                self.resumable = true;
                Verdict::Replace { ring, at_us, void }
            }
            BusFrame::Resumed { after, .. } => match self.resumable() {
                Some((_, last)) if last == after => Verdict::Continue,
                position => self.gap(position.map_or(Seq(1), |(_, last)| last.next()), after),
            },
            BusFrame::Missed { first, last } => self.gap(first, last),
            BusFrame::Event { event } => self.event(event),
        }
    }

    fn event(&mut self, event: Box<Event>) -> Verdict {
        let Some((run, last)) = self.resumable() else {
            return self.gap(Seq(1), event.seq);
        };
        if event.seq <= last {
            return Verdict::Known;
        }
        if event.seq != last.next() {
            return self.gap(last.next(), Seq(event.seq.0 - 1));
        }
        let run = if let EventKind::RunStarted { run, .. } = &event.kind { *run } else { run };
        self.position = Some((run, event.seq));
        Verdict::Apply(event)
    }

    /// Takes a frame that could not be read: its content is missing.
    pub(crate) fn unreadable(&mut self) -> Verdict {
        let first = self.position.map_or(Seq(1), |(_, last)| last.next());
        self.gap(first, first)
    }

    fn gap(&mut self, first: Seq, last: Seq) -> Verdict {
        self.resumable = false;
        Verdict::Resubscribe { first, last }
    }

    /// Notes that the connection is lost. Returns the wait before the next attempt, which doubles from
    /// attempt to attempt.
    pub(crate) fn lost(&mut self) -> Duration {
        let wait = FIRST_WAIT * 2_u32.saturating_pow(self.attempts.min(8));
        self.attempts += 1;
        wait.min(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, ring};

    fn snapshot() -> BusFrame {
        BusFrame::Snapshot { ring: Box::new(ring(4).running()), at_us: 0 }
    }

    fn said(seq: u64) -> BusFrame {
        BusFrame::Event { event: Box::new(event(seq, Some("A"), EventKind::Stderr { text: String::new() })) }
    }

    fn subscribed() -> (Subscription, u64) {
        let mut subscription = Subscription::default();
        let Verdict::Replace { ring, void: true, .. } = subscription.frame(snapshot()) else {
            panic!("the first snapshot replaces");
        };
        (subscription, ring.seq.0)
    }

    #[test]
    fn the_first_subscription_asks_for_a_snapshot() {
        assert_eq!(Subscription::default().path(), "ws");
    }

    #[test]
    fn after_a_drop_it_goes_on_after_the_last_event() {
        let (mut subscription, seq) = subscribed();
        assert!(matches!(subscription.frame(said(seq + 1)), Verdict::Apply(_)));
        subscription.lost();
        let run = ring(4).running().run;
        assert_eq!(subscription.path(), format!("ws?after={run}:{}", seq + 1));
        assert_eq!(subscription.frame(BusFrame::Resumed { after: Seq(seq + 1), run }), Verdict::Continue);
        assert_eq!(subscription.frame(said(seq + 1)), Verdict::Known);
        assert!(matches!(subscription.frame(said(seq + 2)), Verdict::Apply(_)));
    }

    #[test]
    fn a_gap_applies_nothing_more_and_asks_for_a_snapshot() {
        let (mut subscription, seq) = subscribed();
        let verdict = subscription.frame(said(seq + 3));
        assert_eq!(verdict, Verdict::Resubscribe { first: Seq(seq + 1), last: Seq(seq + 2) });
        assert!(matches!(subscription.frame(said(seq + 1)), Verdict::Resubscribe { .. }));
        assert_eq!(subscription.path(), "ws");
        assert!(matches!(subscription.frame(snapshot()), Verdict::Replace { void: false, .. }));
    }

    #[test]
    fn missed_events_ask_for_a_snapshot() {
        let (mut subscription, seq) = subscribed();
        let missed = BusFrame::Missed { first: Seq(seq + 1), last: Seq(seq + 9) };
        assert!(matches!(subscription.frame(missed), Verdict::Resubscribe { .. }));
        assert_eq!(subscription.path(), "ws");
    }

    #[test]
    fn another_servers_snapshot_voids_what_was_known() {
        let (mut subscription, seq) = subscribed();
        subscription.frame(said(seq + 1));
        let other =
            Box::new(RingView { run: RingView::empty().run, seq: Seq(seq + 500), ..ring(4).running() });
        assert!(matches!(
            subscription.frame(BusFrame::Snapshot { ring: other, at_us: 0 }),
            Verdict::Replace { void: true, .. }
        ));
        assert!(matches!(subscription.frame(snapshot()), Verdict::Replace { void: true, .. }));
    }

    #[test]
    fn the_wait_doubles_up_to_five_seconds_and_starts_again_after_a_frame() {
        let (mut subscription, seq) = subscribed();
        let waits: Vec<u128> = (0..7).map(|_| subscription.lost().as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 5000, 5000]);
        subscription.frame(said(seq + 1));
        assert_eq!(subscription.lost().as_millis(), 250);
    }
}
