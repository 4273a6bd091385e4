//! The moment that is shown of a ring, when it is not the present, and the pace at which it moves on.

use std::time::Duration;

use leptos::prelude::*;
use ringleader_shared::RingView;
use ringleader_shared::causality::Causality;
use ringleader_shared::timeline::{Moment, Position, Timeline};

use super::figures::Figures;

/// The number of events that a page keeps at hand.
pub(crate) const EVENTS: usize = 200_000;

/// A moment that is shown: between two events, at a time of the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The position on the timeline.
    pub(crate) position: Position,
    /// The time in nanoseconds.
    pub(crate) at_ns: u64,
}

/// The pace at which the past is played, as a share of real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    times: u32,
    slower: u32,
}

impl Default for Rate {
    fn default() -> Self {
        Self::faster(1)
    }
}

impl Rate {
    /// Every rate on the page, slowest first.
    pub(crate) const ALL: [Self; 10] = [
        Self::slower(10_000),
        Self::slower(1_000),
        Self::slower(100),
        Self::slower(10),
        Self::slower(4),
        Self::slower(2),
        Self::faster(1),
        Self::faster(2),
        Self::faster(5),
        Self::faster(10),
    ];

    const fn slower(slower: u32) -> Self {
        Self { times: 1, slower }
    }

    const fn faster(times: u32) -> Self {
        Self { times, slower: 1 }
    }

    /// The recorded time that passes in this much real time.
    pub(crate) fn recorded(self, real: Duration) -> Duration {
        real * self.times / self.slower
    }

    /// The rate as text.
    pub(crate) fn describe(self) -> String {
        match self.slower {
            1 => format!("{}×", self.times),
            slower => format!("1/{slower}×"),
        }
    }

    /// The rate that is described so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rate| rate.describe() == name)
    }

    /// The next rate in the list, or the one before; the same at an end.
    pub(crate) fn next(self, faster: bool) -> Self {
        let place = Self::ALL.iter().position(|rate| *rate == self).unwrap_or_default();
        let place = if faster { place + 1 } else { place.saturating_sub(1) };
        Self::ALL.get(place).copied().unwrap_or(self)
    }
}

/// The past of a ring, and what is shown of it. A handle: copies are the same.
#[derive(Clone, Copy)]
pub(crate) struct Playback {
    /// The last events of the ring.
    pub(crate) timeline: StoredValue<Timeline>,
    /// The figures of its elections and outages.
    pub(crate) figures: StoredValue<Figures>,
    /// Notified when the timeline has changed.
    pub(crate) changed: Trigger,
    /// The moment of a live ring that is shown; `None` for the present.
    pub(crate) shown: RwSignal<Option<Shown>>,
    /// Whether the moment that is shown moves on.
    pub(crate) playing: RwSignal<bool>,
    /// The pace at which it does.
    pub(crate) rate: RwSignal<Rate>,
    /// Whether times in which nothing happens are passed over.
    pub(crate) folds: RwSignal<bool>,
    /// The causes of the events, as far as they were asked for.
    causality: StoredValue<Option<Causality>>,
    /// The position at which the run begins, whether or not its first events are at hand.
    pub(super) run_begins: StoredValue<Position>,
    /// The state at the moment that is shown, once one was.
    pub(super) moment: StoredValue<Option<Moment>>,
    /// The time of the last frame, in milliseconds of the page's clock.
    pub(super) framed_ms: StoredValue<Option<f64>>,
}

impl Playback {
    /// The playback of a ring of which nothing is known.
    pub(super) fn new() -> Self {
        Self {
            timeline: StoredValue::new(Timeline::new(RingView::empty(), EVENTS)),
            figures: StoredValue::new(Figures::default()),
            changed: Trigger::new(),
            shown: RwSignal::new(None),
            playing: RwSignal::new(false),
            rate: RwSignal::new(Rate::default()),
            folds: RwSignal::new(true),
            causality: StoredValue::new(None),
            run_begins: StoredValue::new(Position(0)),
            moment: StoredValue::new(None),
            framed_ms: StoredValue::new(None),
        }
    }

    /// Whether a moment of the past is shown.
    pub(crate) fn is_past(self) -> bool {
        self.shown.with(Option::is_some)
    }

    /// The same, outside of reactive code.
    pub(crate) fn is_past_now(self) -> bool {
        self.shown.with_untracked(Option::is_some)
    }

    /// Begins a new timeline with this state; `keeps_states` where it must know those of the past.
    pub(super) fn begin(self, state: RingView, keeps_states: bool) {
        let new = if keeps_states { Timeline::new } else { Timeline::without_states };
        self.replace(new(state, EVENTS), Figures::default());
    }

    /// Puts another timeline in the place of the one so far, with the figures of its events.
    pub(super) fn replace(self, timeline: Timeline, figures: Figures) {
        self.timeline.set_value(timeline);
        self.figures.set_value(figures);
        self.moment.set_value(None);
        self.causality.set_value(None);
        self.changed.notify();
    }

    /// Calls `read` with the timeline and the causes of its events.
    pub(crate) fn with_causes<T>(self, read: impl FnOnce(&Timeline, &Causality) -> T) -> T {
        self.timeline.with_value(|timeline| {
            self.causality.update_value(|causality| {
                keep_up(causality.get_or_insert_with(|| Causality::beginning_at(timeline.begin())), timeline);
            });
            self.causality.with_value(|causality| match causality {
                Some(causality) => read(timeline, causality),
                None => read(timeline, &Causality::new()),
            })
        })
    }

    /// Forgets the events after this state: others follow.
    pub(super) fn forget_after(self, state: &RingView) {
        self.timeline.update_value(|timeline| {
            timeline.forget_after(Position(state.seq.0), state);
            self.figures.update_value(|figures| figures.forget_after(timeline.now_us(), state));
        });
        // The index cannot go back.
        self.causality.set_value(None);
        self.changed.notify();
    }
}

/// Takes in the events that an index of causes does not have, and forgets those that the timeline dropped.
fn keep_up(causality: &mut Causality, timeline: &Timeline) {
    if causality.end() < timeline.begin() {
        *causality = Causality::beginning_at(timeline.begin());
    }
    timeline.events(causality.end(), timeline.end()).for_each(|event| causality.push(event));
    causality.forget_before(timeline.begin());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, name};
    use ringleader_shared::EventKind;
    use std::sync::Arc;

    #[test]
    fn causes_are_kept_in_step_with_the_events_that_come_and_go() {
        let mut timeline = Timeline::new(RingView::empty(), 600);
        let mut causality = Causality::beginning_at(timeline.begin());
        for seq in 1..=3_000 {
            let kind = EventKind::SuccessorChanged { successor: name("B") };
            timeline.push(Arc::new(event(seq, Some("A"), kind)));
            if seq % 700 == 0 {
                keep_up(&mut causality, &timeline);
                assert_eq!((causality.begin(), causality.end()), (timeline.begin(), timeline.end()));
                assert_eq!(causality.before(Position(seq)), Some(Position(seq - 1)));
            }
        }
        let mut late = Causality::beginning_at(Position(0));
        keep_up(&mut late, &timeline);
        assert_eq!((late.begin(), late.end()), (timeline.begin(), timeline.end()));
        assert_eq!(late.before(timeline.end()), Some(Position(timeline.end().0 - 1)));
    }

    #[test]
    fn a_rate_is_a_share_of_real_time() {
        let frame = Duration::from_millis(16);
        let shown = Rate::ALL.map(|rate| (rate.describe(), rate.recorded(frame)));
        assert_eq!(shown[0], ("1/10000×".to_owned(), Duration::from_nanos(1_600)));
        assert_eq!(shown[6], ("1×".to_owned(), frame));
        assert_eq!(shown[9], ("10×".to_owned(), frame * 10));
    }

    #[test]
    fn rates_are_next_to_each_other_and_the_list_has_ends() {
        let [slowest, .., fastest] = Rate::ALL;
        assert_eq!((slowest.next(false), fastest.next(true)), (slowest, fastest));
        assert_eq!(slowest.next(true).describe(), "1/1000×");
        for rate in Rate::ALL {
            assert_eq!(Rate::named(&rate.describe()), Some(rate));
        }
        assert_eq!(Rate::named("3×"), None);
    }
}
