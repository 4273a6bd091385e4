//! A kept run: all of it is past. Its events come in pages, and the moment that is shown is one of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use ringleader_shared::api::{Gap, KeptEvents};
use ringleader_shared::timeline::{Position, Timeline};
use ringleader_shared::{Event, EventKind, RingView, Seq};

use super::figures::Figures;
use super::playback::EVENTS;
use super::{Change, Shown, Store};

/// The reading of a run, page by page.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The timeline so far; `None` before the first event.
    timeline: Option<Timeline>,
    /// The figures of its events.
    figures: Figures,
    /// The number of events that were read.
    read: u64,
}

impl Reading {
    /// Adds a page, which follows those before it.
    pub(crate) fn add(&mut self, page: KeptEvents) {
        let mut gaps = page.gaps.into_iter().peekable();
        for event in page.events {
            while let Some(gap) = gaps.next_if(|gap| gap.position <= self.read) {
                self.skip(gap);
            }
            self.push(event);
            self.read += 1;
        }
        gaps.for_each(|gap| self.skip(gap));
    }

    fn push(&mut self, event: Event) {
        let before = || RingView { seq: Seq(event.seq.0.saturating_sub(1)), ..RingView::empty() };
        match &mut self.timeline {
            Some(timeline) => {
                let event = Arc::new(event);
                timeline.push(Arc::clone(&event));
                self.figures.note(&event, timeline.now());
            }
            // The first state to look at is the one that the run begins with.
            None if matches!(event.kind, EventKind::RunStarted { .. }) => {
                let mut begins = before();
                begins.apply(&event);
                self.timeline = Some(Timeline::new(begins, EVENTS));
            }
            None => {
                let mut timeline = Timeline::new(before(), EVENTS);
                timeline.push(Arc::new(event));
                self.timeline = Some(timeline);
            }
        }
    }

    fn skip(&mut self, gap: Gap) {
        let timeline = self.timeline.get_or_insert_with(|| Timeline::new((*gap.ring).clone(), EVENTS));
        timeline.skip(gap.first, gap.last, *gap.ring);
    }

    /// The number of events that were read.
    pub(crate) const fn read(&self) -> u64 {
        self.read
    }
}

impl Store {
    /// Shows a run that was read: at the event with this number, or at its beginning.
    pub(crate) fn show_kept(self, reading: Reading, at: Option<Seq>) {
        let playback = self.playback;
        self.changed(Change::Gap);
        playback.playing.set(false);
        let timeline = reading.timeline.unwrap_or_else(|| Timeline::new(RingView::empty(), EVENTS));
        let at_hand = timeline.end().0 - timeline.begin().0;
        // The event that the run begins with is not on the timeline, but the state after it.
        let is_whole = at_hand + 1 >= reading.read && timeline.missing_at(timeline.begin()).is_none();
        let begins = if is_whole { timeline.begin() } else { Position(0) };
        playback.run_begins.set_value(begins);
        playback.replace(timeline, reading.figures);
        // The logs of another run.
        self.logs.set_value(BTreeMap::new());
        self.look_at_event(at);
    }

    /// The number of events of the run that is shown that are at hand.
    pub(crate) fn events_at_hand(self) -> u64 {
        self.playback.timeline.with_value(|timeline| timeline.end().0 - timeline.begin().0)
    }

    /// Shows the moment after the event with this number, or the beginning.
    pub(crate) fn look_at_event(self, at: Option<Seq>) {
        self.look_at(self.playback.timeline.with_value(|timeline| {
            let position = at.map_or(timeline.begin(), |at| timeline.position_of(at));
            Shown { position, at_ns: timeline.time_at(position) * 1000 }
        }));
    }

    /// Shows the last moment of a kept run.
    pub(super) fn look_at_end(self) {
        self.look_at(
            self.playback
                .timeline
                .with_value(|timeline| Shown { position: timeline.end(), at_ns: timeline.now_us() * 1000 }),
        );
    }

    /// Whether the last moment of a kept run is shown.
    pub(crate) fn is_at_end(self) -> bool {
        let shown = self.playback.shown.get();
        self.is_kept()
            && shown.is_some_and(|shown| {
                self.playback.timeline.with_value(|timeline| shown.position >= timeline.end())
            })
    }

    /// The events that are missing at the moment that is shown: the first and the last.
    pub(crate) fn missing_here(self) -> Option<(Seq, Seq)> {
        let shown = self.playback.shown.get()?;
        self.playback.timeline.with_value(|timeline| timeline.missing_at(shown.position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Quantity;
    use crate::testing::{event, name, ring};
    use ringleader_shared::{Incarnation, Role, Term};
    use ringleader_simulator::{Action, Session, Setup};

    /// The events of a run of two nodes that begins at event 100.
    fn run() -> Vec<Event> {
        let members = vec![];
        let settings = ringleader_shared::RingSettings::default();
        let run = ringleader_shared::RunId(uuid::Uuid::from_u128(7));
        let started = EventKind::RunStarted { run, members, highest_term: Term(3), settings };
        let mut events = vec![event(100, None, started)];
        events.extend((101..130).map(|seq| event(seq, Some("A"), EventKind::Spawned { pid: 7 })));
        events
    }

    #[test]
    fn the_figures_of_its_elections_are_those_of_the_run() {
        let mut session = Session::new(Setup::of(&[90, 100, 110, 120]));
        session.act(Action::Initiate(0));
        while session.step() {}
        let mut reading = Reading::default();
        reading.add(page(session.events(), Vec::new()));
        let messages = reading.figures.last(Quantity::Messages, u64::MAX, 10);
        assert_eq!(messages.iter().map(|figure| figure.value).collect::<Vec<_>>(), [11]);
    }

    fn page(events: &[Event], gaps: Vec<Gap>) -> KeptEvents {
        KeptEvents { events: events.to_vec(), gaps, next: 0, total: 0 }
    }

    fn after(reading: &Reading, position: u64) -> RingView {
        let timeline = reading.timeline.as_ref().expect("it was read");
        timeline.at(Position(position)).view().clone()
    }

    #[test]
    fn pages_of_any_size_make_the_same_timeline_as_one() {
        let events = run();
        let mut whole = Reading::default();
        whole.add(page(&events, Vec::new()));
        for size in [1, 7, 29] {
            let mut parts = Reading::default();
            events.chunks(size).for_each(|part| parts.add(page(part, Vec::new())));
            assert_eq!(parts.read(), whole.read());
            for position in 100..130 {
                assert_eq!(after(&parts, position), after(&whole, position), "{size}, {position}");
            }
        }
        let timeline = whole.timeline.as_ref().expect("it was read");
        assert_eq!((timeline.begin(), timeline.end()), (Position(100), Position(129)));
        assert_eq!(after(&whole, 100).term, Term(3));
    }

    #[test]
    fn after_a_gap_the_state_is_the_one_that_was_kept_with_it() {
        let events = run();
        let ring = Box::new(RingView { seq: Seq(119), ..ring(3).led_by("C", "B", 9) });
        let gap = || Gap { position: 10, first: Seq(110), last: Seq(119), ring: ring.clone() };
        // The gap comes with the event after it.
        for split in [10, 5, 15] {
            let rest: Vec<Event> =
                events.iter().filter(|event| !(110..120).contains(&event.seq.0)).cloned().collect();
            let (first, second) = rest.split_at(split);
            let mut reading = Reading::default();
            let in_first = split > 10;
            reading.add(page(first, if in_first { vec![gap()] } else { Vec::new() }));
            reading.add(page(second, if in_first { Vec::new() } else { vec![gap()] }));
            let timeline = reading.timeline.as_ref().expect("it was read");
            assert_eq!(timeline.missing_at(Position(109)), Some((Seq(110), Seq(119))));
            assert_eq!(timeline.missing_at(Position(110)), None);
            assert_eq!(after(&reading, 108).term, Term(3));
            assert_eq!((after(&reading, 109).term, after(&reading, 112).term), (Term(9), Term(9)));
            let mut moment = timeline.at(Position(105));
            timeline.seek(&mut moment, Position(112));
            assert_eq!(*moment.view(), after(&reading, 112));
            // A number in an address leads to its event, whatever is missing.
            assert_eq!(timeline.position_of(Seq(109)), Position(109));
            assert_eq!(timeline.position_of(Seq(115)), Position(109));
            assert_eq!(timeline.position_of(Seq(121)), Position(111));
            assert_eq!(timeline.position_of(Seq(5)), Position(100));
            assert_eq!(timeline.position_of(Seq(500)), timeline.end());
        }
    }

    #[test]
    fn a_run_whose_beginning_is_missing_begins_with_the_state_after_that() {
        let ring = Box::new(RingView { seq: Seq(40), ..ring(3).led_by("C", "B", 2) });
        let gap = Gap { position: 0, first: Seq(1), last: Seq(40), ring };
        let role = EventKind::RoleChanged {
            role: Role::Leader,
            term: Term(2),
            leader: Some(name("C")),
            deputy: None,
        };
        let mut next = event(41, Some("C"), role);
        next.incarnation = Incarnation(1);
        let mut reading = Reading::default();
        reading.add(page(&[next], vec![gap]));
        assert_eq!(after(&reading, 40).term, Term(2));
        assert_eq!(
            reading.timeline.as_ref().expect("it was read").missing_at(Position(40)),
            Some((Seq(1), Seq(40)))
        );
    }
}
