//! Subscriptions: each reader takes the events from the history at its own speed.

use std::sync::atomic::Ordering;

use axum::extract::ws::Utf8Bytes;
use ringleader_shared::bus::BusFrame;
use ringleader_shared::{RingView, Seq};
use tokio::sync::watch;

use super::history::History;
use super::{Bus, EventPosition, PublishedEvent};

/// The number of events that a subscriber gets at a time.
const BATCH: usize = 64;

/// The next item for a subscriber.
#[derive(Debug)]
pub enum Next<T = Utf8Bytes> {
    /// Frames of events, already serialized.
    Events(Vec<T>),
    /// The subscriber fell behind: the range of the missed events, and the present ring.
    Missed(Seq, Seq, Box<RingView>),
}

impl Bus {
    /// Starts a subscription. The first frame states whether it continues after `after`, or begins with a
    /// snapshot.
    #[must_use]
    pub fn subscribe(&self, after: Option<EventPosition>) -> (BusFrame, Subscription) {
        let newest = self.inner.newest.subscribe();
        let state = self.state();
        let (oldest, last) = state.history.bounds();
        let (frame, at) = match after {
            Some(position) if position.seq.next() >= oldest && state.has(position) => {
                let seq = position.seq;
                (BusFrame::Resumed { after: seq, run: state.run_at(seq) }, seq)
            }
            _ => (BusFrame::Snapshot { ring: Box::new(state.view.clone()), at_us: self.now_us() }, last),
        };
        drop(state);
        (frame, Subscription { bus: self.clone(), newest, at })
    }

    /// Starts the subscription of the archive, with the first event of the server. There is one at most.
    #[must_use]
    pub fn subscribe_archive(&self) -> Subscription {
        self.inner.own_subscriptions.fetch_add(1, Ordering::Relaxed);
        self.subscribe(Some(Seq(0).into())).1
    }
}

/// One reader of the bus. However slow it is, it delays no other reader.
#[derive(Debug)]
pub struct Subscription {
    bus: Bus,
    newest: watch::Receiver<Seq>,
    at: Seq,
}

impl Subscription {
    /// Waits for the next item.
    pub async fn next(&mut self) -> Next {
        loop {
            self.newest.borrow_and_update();
            if let Some(next) = self.take() {
                return next;
            }
            // `self.bus` keeps the bus alive, so its sender is never gone.
            let _ = self.newest.changed().await;
        }
    }

    /// Waits until there is something to take.
    pub async fn ready(&mut self) {
        while self.pending() == 0 {
            // `self.bus` keeps the bus alive, so its sender is never gone.
            let _ = self.newest.changed().await;
        }
    }

    /// The number of published events that were not taken yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.newest.borrow().0.saturating_sub(self.at.0)
    }

    /// Takes the next events with their texts, at most `limit`; `None` when there is nothing to take.
    pub fn take_published(&mut self, limit: usize) -> Option<Next<PublishedEvent>> {
        self.take_with(|history, at| history.published(at, limit).collect())
    }

    fn take(&mut self) -> Option<Next> {
        self.take_with(|history, at| history.frames(at, BATCH).cloned().collect())
    }

    fn take_with<T>(&mut self, read: impl FnOnce(&History, Seq) -> Vec<T>) -> Option<Next<T>> {
        let state = self.bus.state();
        let (oldest, newest) = state.history.bounds();
        if self.at == newest {
            return None;
        }
        let first = self.at.next();
        if first < oldest {
            self.at = newest;
            return Some(Next::Missed(first, newest, Box::new(state.view.clone())));
        }
        let events = read(&state.history, self.at);
        self.at = Seq(self.at.0 + events.len() as u64);
        Some(Next::Events(events))
    }
}

#[cfg(test)]
mod tests {
    use ringleader_shared::{EventKind, Incarnation, RunId};

    use super::*;
    use crate::bus::HISTORY;
    use crate::bus::tests::bus_with;

    #[tokio::test]
    async fn a_subscription_resumes_after_an_event_that_is_remembered() {
        let bus = bus_with(5);
        let (first, mut subscription) = bus.subscribe(Some(Seq(3).into()));
        assert_eq!(first, BusFrame::Resumed { after: Seq(3), run: bus.view().run });
        let Next::Events(frames) = subscription.next().await else { panic!("nothing was missed") };
        assert_eq!(frames.len(), 2);
        assert!(frames[0].contains("\"seq\":4"), "{}", frames[0]);
    }

    #[test]
    fn a_subscription_without_a_known_position_starts_with_a_snapshot() {
        let bus = bus_with(HISTORY + 10);
        for after in [None, Some(Seq(9)), Some(Seq(HISTORY as u64 + 11))] {
            let (first, _) = bus.subscribe(after.map(EventPosition::from));
            assert!(matches!(first, BusFrame::Snapshot { .. }), "{after:?}");
        }
        assert!(matches!(bus.subscribe(Some(Seq(10).into())).0, BusFrame::Resumed { .. }));
    }

    #[test]
    fn a_place_that_names_its_run_is_resumed_in_that_run_only() {
        let bus = Bus::new();
        let runs = [1, 2].map(|n| RunId(uuid::Uuid::from_u128(n)));
        for run in runs {
            let settings = ringleader_shared::RingSettings::default();
            let highest_term = ringleader_shared::Term::ZERO;
            bus.announce(
                None,
                Incarnation(0),
                EventKind::RunStarted { run, members: Vec::new(), highest_term, settings },
            );
            bus.announce(None, Incarnation(0), EventKind::Paused);
        }
        let [first, second] = runs;
        let elsewhere = RunId(uuid::Uuid::from_u128(3));
        for (run, seq, resumes) in [
            (Some(first), 1, Some(first)),
            (Some(first), 2, Some(first)),
            (Some(second), 2, None),
            (Some(first), 3, None),
            (Some(second), 4, Some(second)),
            (Some(second), 5, None),
            (Some(elsewhere), 2, None),
            (None, 2, Some(first)),
            (None, 0, Some(first)),
        ] {
            let (frame, _) = bus.subscribe(Some(EventPosition { run, seq: Seq(seq) }));
            let resumed = if let BusFrame::Resumed { run, .. } = frame { Some(run) } else { None };
            assert_eq!(resumed, resumes, "{run:?}:{seq}");
        }
    }

    #[tokio::test]
    async fn a_subscriber_that_falls_behind_gets_what_it_missed_and_the_ring() {
        let bus = bus_with(1);
        let (_, mut slow) = bus.subscribe(None);
        for _ in 0..=HISTORY {
            bus.announce(None, Incarnation(0), EventKind::Paused);
        }
        let Next::Missed(first, last, ring) = slow.next().await else { panic!("it missed events") };
        assert_eq!((first, last, ring.seq), (Seq(2), Seq(HISTORY as u64 + 2), Seq(HISTORY as u64 + 2)));
    }
}
