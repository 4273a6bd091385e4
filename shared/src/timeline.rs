//! The history of a ring as something to look at: its events, in order, with the state after each.
//!
//! The state after an event is the fold of all events up to it, by [`RingView::apply`]. A [`Timeline`] keeps
//! a snapshot before every so many events, so that any state is a few hundred events away, and the marks of
//! what people look for. A [`Moment`] is a position in it with the state there.

mod flights;
mod lanes;
mod rows;

use std::collections::VecDeque;
use std::sync::Arc;

use self::flights::Flights;
pub use self::flights::{Flight, FlightChange};
use self::lanes::Lanes;
pub use self::lanes::{Lane, LaneNumber, Turn};
use self::rows::Rows;

use crate::event::{ElectionCause, Event, EventKind};
use crate::id::{NodeName, Seq};
use crate::view::RingView;

/// The number of events between two snapshots.
pub const SNAPSHOT_EVERY: usize = 512;

/// The time for which a split brain must last to count, in microseconds. The death of a leader is often
/// reported after its deputy has taken over: until then both seem to lead.
pub const SPLIT_FOR_US: u64 = 100_000;

/// The number of events that were applied to reach a state: the sequence number of the last one. It stays
/// the same when old events are dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// Kind of a mark: the thing that happened there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// A run begins: all that was before is void.
    Run,
    /// An election is complete.
    Elected,
    /// A deputy has taken over.
    Takeover,
    /// The leader has another deputy.
    NewDeputy,
    /// A process ended.
    Death,
    /// A process was started.
    Start,
    /// A process hangs, or a link or the ring is broken or disturbed.
    Fault,
    /// A process goes on, or a link or the ring is whole again.
    Repair,
    /// Live members have followed different leaders that live for [`SPLIT_FOR_US`].
    SplitBrain,
    /// Events are missing.
    Missing,
}

/// A moment that people look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The position after the event.
    pub position: Position,
    /// The time of the event on the timeline, in microseconds.
    pub at_us: u64,
    /// The thing that happened.
    pub kind: MarkKind,
    /// The node of the event, if it has one.
    pub node: Option<NodeName>,
}

/// Events that are missing at a position, and the state after them.
#[derive(Debug, Clone)]
struct Missing {
    position: Position,
    first: Seq,
    last: Seq,
    after: RingView,
}

/// The events between two snapshots.
#[derive(Debug, Clone)]
struct Chunk {
    /// The state before them, where states are kept.
    before: Option<RingView>,
    events: Vec<Arc<Event>>,
    /// Their times on the timeline.
    times: Vec<u64>,
    /// The numbers of the flights that had begun and not ended before them.
    in_transit: Vec<u64>,
    /// The number of the first flight that begins with one of them.
    first_flight: u64,
}

/// The last events of a ring, and the state after each of them.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The position before the oldest event that is kept.
    dropped: u64,
    /// Each but the last has [`SNAPSHOT_EVERY`] events.
    chunks: VecDeque<Chunk>,
    marks: VecDeque<Mark>,
    flights: Flights,
    /// The positions and times at which live members began to follow different leaders.
    splits: VecDeque<(Position, u64)>,
    lanes: Lanes,
    rows: Rows,
    /// The state before the oldest event that is kept.
    begins: RingView,
    /// The events that are missing, in order. Few: a list of them is short.
    missing: Vec<Missing>,
    now: RingView,
    now_us: u64,
    most: usize,
    has_states: bool,
}

impl Timeline {
    /// A timeline that begins with this state, and keeps `most` events and up to [`SNAPSHOT_EVERY`] more.
    #[must_use]
    pub fn new(begins: RingView, most: usize) -> Self {
        Self {
            dropped: begins.seq.0,
            chunks: VecDeque::new(),
            marks: VecDeque::new(),
            flights: Flights::default(),
            splits: VecDeque::new(),
            lanes: Lanes::of(&begins),
            rows: Rows::default(),
            begins: begins.clone(),
            missing: Vec::new(),
            now: begins,
            now_us: 0,
            most,
            has_states: true,
        }
    }

    /// The same, with no more than the first state of the past: many take much memory in large rings.
    /// [`Timeline::at`] takes longer then, as it applies all events.
    #[must_use]
    pub fn without_states(begins: RingView, most: usize) -> Self {
        Self { has_states: false, ..Self::new(begins, most) }
    }

    /// Appends an event, as [`RingView::apply`] demands them. Drops the oldest ones where there are too many.
    ///
    /// The times of events of different nodes may cross by a little: on the timeline none is before one that
    /// precedes it.
    pub fn push(&mut self, event: Arc<Event>) {
        let was_split = self.now.split_brain;
        if self.chunks.back().is_none_or(|chunk| chunk.events.len() == SNAPSHOT_EVERY) {
            let before = self.has_states.then(|| self.now.clone());
            self.chunks.push_back(Chunk {
                before,
                events: Vec::new(),
                times: Vec::new(),
                in_transit: self.flights.open(),
                first_flight: self.flights.next(),
            });
        }
        self.now.apply(&event);
        self.now_us = self.now_us.max(event.at_us);
        let (at_us, node) = (self.now_us, event.node.clone());
        let of_event = mark_of(&event.kind);
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.events.push(event);
            chunk.times.push(at_us);
        }
        let position = self.end();
        if let Some(event) = self.chunks.back().and_then(|chunk| chunk.events.last()) {
            self.lanes.push(event, position, at_us, &self.now);
            self.flights.push(event, position, &mut self.lanes);
            self.rows.push(event, position);
        }
        self.marks.extend(of_event.map(|kind| Mark { position, at_us, kind, node }));
        if self.now.split_brain && !was_split {
            self.splits.push_back((position, at_us));
        }
        if self.now.split_brain && self.counts_as_split(at_us) {
            self.marks.push_back(Mark { position, at_us, kind: MarkKind::SplitBrain, node: None });
        }
        self.drop_oldest();
    }

    /// Whether the split brain has lasted long enough, and has no mark yet.
    fn counts_as_split(&self, at_us: u64) -> bool {
        self.splits.back().is_some_and(|(began, began_us)| {
            let of_split = self.marks.iter().rev().take_while(|mark| mark.position >= *began);
            at_us - began_us >= SPLIT_FOR_US
                && of_split.into_iter().all(|mark| mark.kind != MarkKind::SplitBrain)
        })
    }

    /// Notes that the events from `first` to `last` are missing here, at the end. The state after them is
    /// `after`: the next event is applied to it. Messages that were in transit are lost to view.
    pub fn skip(&mut self, first: Seq, last: Seq, after: RingView) {
        let position = self.end();
        self.flights.lose_all((Position(position.0 + 1), self.now_us));
        self.marks.push_back(Mark { position, at_us: self.now_us, kind: MarkKind::Missing, node: None });
        self.now = after.clone();
        self.missing.push(Missing { position, first, last, after });
    }

    fn missing(&self, position: Position) -> Option<&Missing> {
        self.missing.iter().rfind(|missing| missing.position == position)
    }

    /// The first and the last of the events that are missing between the event that led to a position and
    /// the next one.
    #[must_use]
    pub fn missing_at(&self, position: Position) -> Option<(Seq, Seq)> {
        self.missing_between(position, Position(position.0 + 1))
    }

    /// The same for all positions from one to another, the last itself left out.
    #[must_use]
    pub fn missing_between(&self, from: Position, to: Position) -> Option<(Seq, Seq)> {
        let mut within = self.missing.iter().filter(|missing| (from..to).contains(&missing.position));
        let first = within.next()?;
        Some((first.first, within.next_back().unwrap_or(first).last))
    }

    /// Applies the events between two positions to the state at the first.
    fn apply(&self, view: &mut RingView, from: Position, to: Position) {
        for position in from.0..to.0 {
            if let Some(event) = self.event_after(Position(position)) {
                view.apply(event);
            }
            if let Some(missing) = self.missing(Position(position + 1)) {
                view.clone_from(&missing.after);
            }
        }
    }

    fn drop_oldest(&mut self) {
        let kept = (self.end().0 - self.dropped) as usize;
        if kept >= self.most.saturating_add(SNAPSHOT_EVERY)
            && let Some(oldest) = self.chunks.pop_front()
        {
            self.dropped += oldest.events.len() as u64;
            let dropped = Position(self.dropped);
            self.marks.drain(..self.marks.partition_point(|mark| mark.position <= dropped));
            self.flights.drop_until(dropped);
            // The last one may last.
            while self.splits.len() > 1 && self.splits.front().is_some_and(|(began, _)| *began <= dropped) {
                self.splits.pop_front();
            }
            self.lanes.drop_until(dropped);
            self.rows.drop_until(dropped);
            match self.chunks.front().and_then(|chunk| chunk.before.as_ref()) {
                Some(before) => self.begins.clone_from(before),
                None => oldest.events.iter().for_each(|event| self.begins.apply(event)),
            }
            self.missing.retain(|missing| missing.position >= dropped);
        }
    }

    /// The position before the oldest event that is kept.
    #[must_use]
    pub const fn begin(&self) -> Position {
        Position(self.dropped)
    }

    /// The position after the last event.
    #[must_use]
    pub fn end(&self) -> Position {
        let last = self.chunks.back().map_or(0, |chunk| chunk.events.len());
        let full = self.chunks.len().saturating_sub(1) * SNAPSHOT_EVERY;
        Position(self.dropped + (full + last) as u64)
    }

    /// The state after the last event.
    #[must_use]
    pub const fn now(&self) -> &RingView {
        &self.now
    }

    /// The time of the last event, in microseconds.
    #[must_use]
    pub const fn now_us(&self) -> u64 {
        self.now_us
    }

    /// The marks, the oldest first.
    pub fn marks(&self) -> impl DoubleEndedIterator<Item = &Mark> {
        self.marks.iter()
    }

    /// The marks from one time to another, in microseconds, the oldest first.
    pub fn marks_between(&self, from_us: u64, to_us: u64) -> impl Iterator<Item = &Mark> {
        let first = self.marks.partition_point(|mark| mark.at_us < from_us);
        self.marks.iter().skip(first).take_while(move |mark| mark.at_us <= to_us)
    }

    /// The first mark after a position.
    #[must_use]
    pub fn mark_after(&self, position: Position) -> Option<&Mark> {
        self.marks.get(self.marks.partition_point(|mark| mark.position <= position))
    }

    /// The last mark before a position.
    #[must_use]
    pub fn mark_before(&self, position: Position) -> Option<&Mark> {
        let before = self.marks.partition_point(|mark| mark.position < position);
        self.marks.get(before.checked_sub(1)?)
    }

    /// The chunk of the event after a position, and the event's index in it.
    fn chunk(&self, position: Position) -> Option<(&Chunk, usize)> {
        let at = usize::try_from(position.0.checked_sub(self.dropped)?).ok()?;
        Some((self.chunks.get(at / SNAPSHOT_EVERY)?, at % SNAPSHOT_EVERY))
    }

    /// The event by which this position is left forwards.
    #[must_use]
    pub fn event_after(&self, position: Position) -> Option<&Arc<Event>> {
        let (chunk, at) = self.chunk(position)?;
        chunk.events.get(at)
    }

    /// The events between two positions, in order.
    pub fn events(&self, from: Position, to: Position) -> impl Iterator<Item = &Arc<Event>> {
        let from = from.max(self.begin());
        (from.0..to.min(self.end()).0).filter_map(|position| self.event_after(Position(position)))
    }

    /// The time of the event that led to a position, in microseconds; of the first one at the beginning.
    #[must_use]
    pub fn time_at(&self, position: Position) -> u64 {
        let led_to = Position(position.0.saturating_sub(1)).max(self.begin());
        let time = self.chunk(led_to).and_then(|(chunk, at)| chunk.times.get(at).copied());
        time.unwrap_or(self.now_us)
    }

    /// The position after the last event that is not later than this, in microseconds.
    #[must_use]
    pub fn position_at(&self, at_us: u64) -> Position {
        let next =
            self.chunks.partition_point(|chunk| chunk.times.first().is_some_and(|first| *first <= at_us));
        let Some(last) = next.checked_sub(1) else { return self.begin() };
        let within =
            self.chunks.get(last).map_or(0, |chunk| chunk.times.partition_point(|time| *time <= at_us));
        Position(self.dropped + (last * SNAPSHOT_EVERY + within) as u64)
    }

    /// The position after the last event with this number or a lower one.
    #[must_use]
    pub fn position_of(&self, seq: Seq) -> Position {
        let (mut low, mut high) = (self.begin().0, self.end().0);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.event_before(Position(middle)).is_some_and(|event| event.seq <= seq) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Position(low)
    }

    /// The messages in transit at a time, in microseconds, each with its sending, in the order of those.
    pub fn flights_at(&self, at_us: u64) -> impl Iterator<Item = (Flight, &Arc<Event>)> {
        let position = self.position_at(at_us);
        let chunk = self.chunk(position).map(|(chunk, _)| chunk).or(self.chunks.back());
        let before = chunk.map(|chunk| chunk.in_transit.as_slice()).unwrap_or_default().iter().copied();
        let within = chunk.map_or(0, |chunk| chunk.first_flight)..self.flights.next();
        let began = before.chain(within).filter_map(|number| self.flights.get(number));
        let began = began.take_while(move |flight| flight.sent <= position);
        let in_transit = began.filter(move |flight| flight.ended.is_none_or(|ended| ended > position));
        in_transit.filter_map(|flight| Some((flight, self.event_before(flight.sent)?)))
    }

    /// The messages that are in transit at a position or are sent after it, up to another one, in the order
    /// of their sendings.
    pub fn flights_between(&self, from: Position, to: Position) -> impl Iterator<Item = Flight> {
        let from = from.clamp(self.begin(), self.end());
        let chunk = self.chunk(from).map(|(chunk, _)| chunk).or(self.chunks.back());
        let first = self.flights.first_after(from);
        let before = chunk.map(|chunk| chunk.in_transit.as_slice()).unwrap_or_default().iter().copied();
        let within = chunk.map_or(first, |chunk| chunk.first_flight)..first;
        let earlier = before.chain(within).filter_map(|number| self.flights.get(number));
        let in_transit = earlier.filter(move |flight| flight.ended.is_none_or(|ended| ended > from));
        let last = self.flights.first_after(to.max(from));
        in_transit.chain((first..last).filter_map(|number| self.flights.get(number)))
    }

    /// The number of messages that are sent after a position, up to another one.
    #[must_use]
    pub fn sent_between(&self, from: Position, to: Position) -> u64 {
        self.flights.first_after(to).saturating_sub(self.flights.first_after(from))
    }

    /// The lanes of all nodes that were members, in the order of their numbers.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        self.lanes.all()
    }

    /// The number of a node's lane.
    #[must_use]
    pub fn lane_of(&self, name: &NodeName) -> Option<LaneNumber> {
        self.lanes.known(name)
    }

    /// The number of rows up to a position: the number of its own row, where its event has one.
    #[must_use]
    pub fn rows_until(&self, position: Position) -> u64 {
        self.rows.until(position)
    }

    /// The position after the event of a row.
    #[must_use]
    pub fn position_of_row(&self, row: u64) -> Option<Position> {
        self.rows.position(row)
    }

    /// The number before that of the first row that is kept, and the number of the last one.
    #[must_use]
    pub fn row_ends(&self) -> (u64, u64) {
        self.rows.ends()
    }

    /// The event that led to a position.
    #[must_use]
    pub fn event_before(&self, position: Position) -> Option<&Arc<Event>> {
        self.event_after(Position(position.0.checked_sub(1)?))
    }

    /// Forgets the events after a position that is kept, where the state is `now`: others follow.
    pub fn forget_after(&mut self, position: Position, now: &RingView) {
        if position >= self.end() || position < self.begin() {
            return;
        }
        self.now_us = if position == self.begin() { 0 } else { self.time_at(position) };
        let kept = (position.0 - self.dropped) as usize;
        self.chunks.truncate(kept.div_ceil(SNAPSHOT_EVERY));
        if let Some(last) = self.chunks.back_mut() {
            let rest = kept - (kept.div_ceil(SNAPSHOT_EVERY) - 1) * SNAPSHOT_EVERY;
            last.events.truncate(rest);
            last.times.truncate(rest);
        }
        self.marks.truncate(self.marks.partition_point(|mark| mark.position <= position));
        self.splits.truncate(self.splits.partition_point(|(began, _)| *began <= position));
        let mut flights = std::mem::take(&mut self.flights);
        flights.forget_after(position, |sent| Flights::departing(self.event_before(sent)?));
        self.flights = flights;
        self.lanes.forget_after(position);
        self.rows.forget_after(position);
        self.missing.retain(|missing| missing.position <= position);
        self.now = now.clone();
    }

    /// The number of events in each of so many equal parts of the time from `from_us` to `to_us`, the end
    /// itself left out.
    #[must_use]
    pub fn density(&self, from_us: u64, to_us: u64, parts: u32) -> Vec<u64> {
        let length = u128::from(to_us.saturating_sub(from_us));
        let begins = |part: u32| {
            let after = length * u128::from(part) / u128::from(parts.max(1));
            let begins_us = from_us.saturating_add(u64::try_from(after).unwrap_or(u64::MAX));
            begins_us.checked_sub(1).map_or(self.begin(), |before| self.position_at(before)).0
        };
        let bounds: Vec<u64> = (0..=parts).map(begins).collect();
        bounds.windows(2).map(|bounds| bounds[1].saturating_sub(bounds[0])).collect()
    }

    /// The state at a position, or at the nearest one that is kept.
    #[must_use]
    pub fn at(&self, position: Position) -> Moment {
        let position = position.clamp(self.begin(), self.end());
        if position == self.end() {
            return Moment { position, view: self.now.clone() };
        }
        let snapshot = self.chunk(position).and_then(|(chunk, at)| Some((chunk.before.clone()?, at)));
        let (mut view, since) = match snapshot {
            Some((view, at)) => (view, Position(position.0 - at as u64)),
            None => (self.begins.clone(), self.begin()),
        };
        self.apply(&mut view, since, position);
        Moment { position, view }
    }

    /// Moves to a position, or to the nearest one that is kept: forwards over a few events without a copy of
    /// the state.
    pub fn seek(&self, moment: &mut Moment, position: Position) {
        let position = position.clamp(self.begin(), self.end());
        let is_near =
            position.0.checked_sub(moment.position.0).is_some_and(|far| far <= SNAPSHOT_EVERY as u64);
        if !is_near || moment.position < self.begin() {
            *moment = self.at(position);
            return;
        }
        self.apply(&mut moment.view, moment.position, position);
        moment.position = position;
    }
}

/// A position on a timeline, and the state there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    position: Position,
    view: RingView,
}

impl Moment {
    /// The moment of this state.
    #[must_use]
    pub const fn of(view: RingView) -> Self {
        Self { position: Position(view.seq.0), view }
    }

    /// The position.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// The state.
    #[must_use]
    pub const fn view(&self) -> &RingView {
        &self.view
    }
}

/// The mark that an event of this kind makes, whatever the state.
#[must_use]
pub fn mark_of(kind: &EventKind) -> Option<MarkKind> {
    let broken = |is_whole: bool| if is_whole { MarkKind::Repair } else { MarkKind::Fault };
    match kind {
        EventKind::RunStarted { .. } => Some(MarkKind::Run),
        EventKind::Completed { cause, .. } => Some(match cause {
            ElectionCause::Election => MarkKind::Elected,
            ElectionCause::Takeover => MarkKind::Takeover,
            ElectionCause::NewDeputy => MarkKind::NewDeputy,
        }),
        EventKind::Exited { .. } => Some(MarkKind::Death),
        EventKind::Spawned { .. } => Some(MarkKind::Start),
        EventKind::Paused => Some(MarkKind::Fault),
        EventKind::Resumed => Some(MarkKind::Repair),
        EventKind::LinkFaultChanged { fault, .. } => Some(broken(fault.is_none())),
        EventKind::PartitionChanged { sides } => Some(broken(sides.is_empty())),
        _ => None,
    }
}
