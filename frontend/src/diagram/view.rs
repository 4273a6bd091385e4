//! The part of the diagram that is seen: which times, or rows, at which size.

use ringleader_shared::export::svg::Scale;
use ringleader_shared::timeline::{Position, Timeline};

/// The room above the diagram, for the names, and on its left, for the times, in pixels.
pub(super) const HEAD: f64 = 24.0;
pub(super) const GUTTER: f64 = 66.0;

/// The least distance of two lanes, in pixels.
const LEAST_LANE: f64 = 10.0;

/// The height of a row at first, and its limits, in pixels.
const ROW: f64 = 12.0;
const ROWS: (f64, f64) = (2.0, 48.0);

/// The most pixels of a microsecond, and the stretch that is shown where nothing has happened yet.
const MOST_UNIT: f64 = 8.0;
const EMPTY_US: f64 = 1_000_000.0;

/// The events after those that a stretch of time ends with that may belong to it: on a live ring the times of
/// nodes cross by a little.
const CROSSING: u64 = 64;

/// The shares of the height at which a place comes to be that was below the picture, or above it.
const FROM_BELOW: f64 = 0.92;
const FROM_ABOVE: f64 = 0.2;

/// The size of the picture and the number of its lanes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) lanes: usize,
}

#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
impl Frame {
    /// The height of the diagram itself.
    fn room(self) -> f64 {
        (self.height - HEAD).max(1.0)
    }

    /// The distance of two lanes.
    pub(super) fn lane(self) -> f64 {
        ((self.width - GUTTER) / self.lanes.max(1) as f64).max(LEAST_LANE)
    }

    /// The pixels that lie beyond the right edge.
    fn hidden(self) -> f64 {
        (GUTTER + self.lane() * self.lanes as f64 - self.width).max(0.0)
    }
}

/// The part that is seen: a place downwards is a time in microseconds, or the number of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct View {
    pub(super) scale: Scale,
    /// The place at the upper edge.
    pub(super) top: f64,
    /// Pixels for a unit of it.
    pub(super) unit: f64,
    /// The pixels that lie beyond the left edge.
    pub(super) left: f64,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "exact to a microsecond for 285 years; a place before the beginning is the beginning"
)]
impl View {
    /// The rows, from the first one on.
    pub(super) const fn rows() -> Self {
        Self { scale: Scale::Rows, top: 0.0, unit: ROW, left: 0.0 }
    }

    pub(super) fn x(&self, frame: Frame, column: usize) -> f64 {
        GUTTER + frame.lane() * (column as f64 + 0.5) - self.left
    }

    pub(super) fn y(&self, place: f64) -> f64 {
        HEAD + (place - self.top) * self.unit
    }

    /// The place at a distance from the upper edge of the picture.
    pub(super) fn at(&self, y: f64) -> f64 {
        self.top + (y - HEAD) / self.unit
    }

    /// The place of the event that led to a position.
    pub(super) fn place(&self, timeline: &Timeline, position: Position) -> f64 {
        match self.scale {
            Scale::Time => timeline.event_before(position).map_or(0.0, |event| event.at_us as f64),
            Scale::Rows => timeline.rows_until(position) as f64,
        }
    }

    /// The place of a moment: its line runs after the event that led to it.
    pub(super) fn moment(&self, timeline: &Timeline, position: Position, now_us: u64) -> f64 {
        match self.scale {
            Scale::Time => now_us as f64,
            Scale::Rows => timeline.rows_until(position) as f64 + 0.5,
        }
    }

    /// The place of the beginning and that of the end, which is not before this time.
    pub(super) fn whole(&self, timeline: &Timeline, end_us: u64) -> (f64, f64) {
        match self.scale {
            Scale::Time => {
                let begin = timeline.time_at(timeline.begin());
                (begin as f64, timeline.now_us().max(end_us) as f64)
            }
            Scale::Rows => {
                let (begin, end) = timeline.row_ends();
                (begin as f64, end as f64 + 1.0)
            }
        }
    }

    /// The positions of what may be seen between two heights: all events there are after the first one and up
    /// to the other.
    pub(super) fn positions(&self, timeline: &Timeline, from_y: f64, to_y: f64) -> (Position, Position) {
        let (from, to) = (self.at(from_y).max(0.0), self.at(to_y).max(0.0));
        match self.scale {
            Scale::Time => {
                let from = timeline.position_at((from.floor() as u64).saturating_sub(1));
                let to = timeline.position_at(to.ceil() as u64);
                (from, Position(to.0.saturating_add(CROSSING)).min(timeline.end()))
            }
            Scale::Rows => {
                let row = |row: f64| timeline.position_of_row(row as u64);
                let first = row(from.floor()).unwrap_or(timeline.begin());
                (first, row(to.ceil()).unwrap_or(timeline.end()))
            }
        }
    }

    /// The positions of all that is seen.
    pub(super) fn seen(&self, timeline: &Timeline, frame: Frame) -> (Position, Position) {
        self.positions(timeline, HEAD, frame.height)
    }

    /// The least and the most pixels of a unit.
    fn limits(&self, frame: Frame, (begin, end): (f64, f64)) -> (f64, f64) {
        match self.scale {
            Scale::Time => (frame.room() / (end - begin).max(EMPTY_US), MOST_UNIT),
            Scale::Rows => ROWS,
        }
    }

    /// The same view, kept within what there is.
    pub(super) fn within(self, frame: Frame, whole: (f64, f64)) -> Self {
        let (least, most) = self.limits(frame, whole);
        let unit = self.unit.clamp(least, most.max(least));
        let shown = frame.room() / unit;
        let last = (whole.1 - shown * 0.95).max(whole.0);
        let left = self.left.clamp(0.0, frame.hidden());
        Self { unit, top: self.top.clamp(whole.0, last), left, ..self }
    }

    /// Larger by a factor, with the same place at this height.
    pub(super) fn zoomed(self, factor: f64, y: f64, frame: Frame, whole: (f64, f64)) -> Self {
        let (least, most) = self.limits(frame, whole);
        let unit = (self.unit * factor).clamp(least, most.max(least));
        let top = self.at(y) - (y - HEAD) / unit;
        Self { unit, top, ..self }.within(frame, whole)
    }

    /// Moved by so many pixels.
    pub(super) fn moved(self, x: f64, y: f64, frame: Frame, whole: (f64, f64)) -> Self {
        Self { top: self.top + y / self.unit, left: self.left + x, ..self }.within(frame, whole)
    }

    /// The view in which a place is seen: this one, or one that is moved.
    pub(super) fn with(self, place: f64, frame: Frame, whole: (f64, f64)) -> Self {
        let view = self.within(frame, whole);
        let y = view.y(place);
        if (HEAD..=frame.height - 8.0).contains(&y) {
            return view;
        }
        let share = if y < HEAD { FROM_ABOVE } else { FROM_BELOW };
        Self { top: place - frame.room() * share / view.unit, ..view }.within(frame, whole)
    }

    /// The same stretch in another scale, in true time until this time at least.
    pub(super) fn switched(self, scale: Scale, timeline: &Timeline, frame: Frame, until_us: u64) -> Self {
        let (from, to) = self.seen(timeline, frame);
        let other = Self { scale, ..self };
        let (top, bottom) = (other.place(timeline, Position(from.0 + 1)), other.place(timeline, to));
        let unit = match scale {
            Scale::Time => frame.room() * 0.95 / (bottom.max(until_us as f64) - top).max(1.0),
            Scale::Rows => ROW,
        };
        Self { top: (top - 4.0 / unit).max(0.0), unit, ..other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::event;
    use ringleader_shared::{EventKind, RingView};
    use std::sync::Arc;

    const FRAME: Frame = Frame { width: 466.0, height: 424.0, lanes: 4 };

    fn timeline() -> Timeline {
        let mut timeline = Timeline::new(RingView::empty(), 100_000);
        for seq in 1..=1_000 {
            timeline.push(Arc::new(event(seq, Some("A"), EventKind::Stderr { text: String::new() })));
        }
        timeline
    }

    #[test]
    fn lanes_share_the_width_until_they_are_too_narrow() {
        let view = View::rows();
        assert_eq!((FRAME.lane(), view.x(FRAME, 0), view.x(FRAME, 3)), (100.0, 116.0, 416.0));
        let crowd = Frame { lanes: 64, ..FRAME };
        assert_eq!((crowd.lane(), crowd.hidden()), (LEAST_LANE, 240.0));
        assert!((view.moved(900.0, 0.0, crowd, (0.0, 9.0)).left - 240.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_seen_is_found_by_position_in_both_scales() {
        let timeline = timeline();
        let view = View { top: 100.0, unit: 20.0, ..View::rows() };
        assert_eq!(view.seen(&timeline, FRAME), (Position(100), Position(120)));
        let view = View { scale: Scale::Time, top: 100_000.0, unit: 0.02, left: 0.0 };
        let (from, to) = view.seen(&timeline, FRAME);
        assert_eq!((from, to), (Position(99), Position(120 + CROSSING)));
    }

    #[test]
    fn the_place_under_the_pointer_stays_there_when_it_is_zoomed() {
        let timeline = timeline();
        let view = View { scale: Scale::Time, top: 100_000.0, unit: 0.02, left: 0.0 };
        let whole = view.whole(&timeline, 0);
        let near = view.zoomed(4.0, 224.0, FRAME, whole);
        assert!((near.unit - 0.08).abs() < 1e-9 && (near.at(224.0) - view.at(224.0)).abs() < 1e-6);
        let all = view.zoomed(1e-9, 224.0, FRAME, whole);
        assert!((all.unit - 400.0 / EMPTY_US).abs() < 1e-9, "no more than there is: {all:?}");
    }

    #[test]
    fn a_moment_that_leaves_the_picture_is_followed() {
        let timeline = timeline();
        let view = View::rows();
        let whole = view.whole(&timeline, 0);
        assert_eq!(view.with(20.0, FRAME, whole), view);
        let later = view.with(500.0, FRAME, whole);
        assert!((later.y(500.0) - HEAD - 368.0).abs() < 1e-6, "{later:?}");
        let last = view.with(1_000.5, FRAME, whole);
        assert!(last.y(1_000.5) < FRAME.height && last.y(1_001.0) > FRAME.height * 0.75, "{last:?}");
    }

    #[test]
    fn the_other_scale_shows_the_same_stretch() {
        let timeline = timeline();
        let view = View { top: 100.0, unit: 20.0, ..View::rows() };
        let time = view.switched(Scale::Time, &timeline, FRAME, 0);
        assert!(
            (time.at(HEAD) - 101_000.0).abs() < 500.0 && (time.at(FRAME.height) - 121_000.0).abs() < 1_000.0
        );
        let rows = time.switched(Scale::Rows, &timeline, FRAME, 0);
        assert!((rows.top - 100.0).abs() < 2.0, "{rows:?}");
        let followed = view.switched(Scale::Time, &timeline, FRAME, 900_000);
        assert!(followed.at(FRAME.height) > 900_000.0);
    }
}
