//! The things that are drawn for the part of the diagram that is seen, with their places in the picture.

use ringleader_shared::event::{EventKind, MessageKind};
use ringleader_shared::export::svg::Scale;
use ringleader_shared::timeline::{Flight, LaneNumber, Position, Timeline, Turn};
use ringleader_shared::{Event, NodeName, NodeState, Role};

use super::lit::Lit;
use super::view::{Frame, HEAD, View};
use crate::ring::Colour;

/// The most messages that are drawn as lines. Where there are more, each lane has bars: more of them, the
/// longer.
const MOST_LINES: u64 = 2_500;

/// The most events that are drawn as points.
const MOST_POINTS: u64 = 1_500;

/// The most messages of which the content is written, and the room that it needs in pixels.
const MOST_LABELS: usize = 160;
const LABEL_WIDTH: f64 = 74.0;
const LONG_LABEL: f64 = 140.0;
const LABEL_HEIGHT: f64 = 13.0;

/// The height of a bar.
const BAR: f64 = 4.0;

/// A colour, by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Paint {
    /// Ordinary things.
    Soft,
    /// An election.
    Election,
    /// The deputy and its search.
    Deputy,
    /// The leader and its result.
    Leader,
    /// A failure.
    Trouble,
}

impl Paint {
    pub(super) const ALL: [Self; 5] = [Self::Soft, Self::Election, Self::Deputy, Self::Leader, Self::Trouble];

    /// The colour of a message, as on the ring.
    const fn of(kind: MessageKind) -> Self {
        match Colour::of(kind) {
            Colour::Election => Self::Election,
            Colour::Deputy => Self::Deputy,
            Colour::Leader => Self::Leader,
            _ => Self::Soft,
        }
    }
}

/// The look of a lane: each has a width and a pattern of its own, and a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// A member that does not run: dots.
    Stopped,
    /// A process that is starting: short dashes.
    Starting,
    /// A thin line.
    Follower,
    /// Long dashes.
    Candidate,
    /// Two lines.
    Deputy,
    /// A broad line.
    Leader,
    /// A process that hangs: an empty box.
    Hung,
}

impl Look {
    pub(super) const ALL: [Self; 7] = [
        Self::Stopped,
        Self::Starting,
        Self::Follower,
        Self::Candidate,
        Self::Deputy,
        Self::Leader,
        Self::Hung,
    ];

    /// The look from a turn on; `None` while the node is no member.
    const fn of(turn: Turn) -> Option<Self> {
        Some(match (turn.state, turn.role) {
            (None, _) => return None,
            (Some(NodeState::Stopped), _) => Self::Stopped,
            (Some(NodeState::Paused), _) => Self::Hung,
            (Some(NodeState::Starting), _) | (_, None) => Self::Starting,
            (_, Some(Role::Follower)) => Self::Follower,
            (_, Some(Role::Candidate)) => Self::Candidate,
            (_, Some(Role::Deputy)) => Self::Deputy,
            (_, Some(Role::Leader)) => Self::Leader,
        })
    }
}

type Point = (f64, f64);

/// A message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    /// The position of its sending.
    sent: Position,
    pub(super) from: Point,
    pub(super) to: Point,
    pub(super) paint: Paint,
    /// Whether it ends on its way.
    pub(super) is_lost: bool,
    /// Whether it has not ended.
    pub(super) is_open: bool,
    /// Whether it went out twice.
    pub(super) is_doubled: bool,
    pub(super) is_lit: bool,
}

/// An event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dot {
    pub(super) at: Point,
    pub(super) paint: Paint,
    pub(super) shape: Shape,
    pub(super) is_lit: bool,
}

/// The shape of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A point: a message, or something about a link.
    Small,
    /// A square: a decision.
    Square,
    /// A circle: a role, a result, a start.
    Large,
    /// A cross: a death, a loss, a message without effect.
    Cross,
}

/// A text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    pub(super) at: Point,
    pub(super) text: String,
    pub(super) paint: Paint,
}

/// All that is drawn.
#[derive(Debug, Default)]
pub(super) struct Scene {
    /// The lanes that are seen: their nodes and places.
    pub(super) names: Vec<(f64, NodeName)>,
    /// The looks of lanes, from one height to another.
    pub(super) lives: Vec<(Look, f64, f64, f64)>,
    /// The terms, where they change.
    pub(super) terms: Vec<Label>,
    pub(super) lines: Vec<Line>,
    pub(super) labels: Vec<Label>,
    pub(super) dots: Vec<Dot>,
    /// The heights of events of the ring as a whole.
    pub(super) rules: Vec<f64>,
    /// Places, lengths and colours of the bars that stand for many messages.
    pub(super) bars: Vec<(Paint, f64, f64, f64)>,
}

/// The columns of the lanes: those of nodes that are members at some time of the stretch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) lanes: Vec<LaneNumber>,
    places: Vec<Option<usize>>,
}

impl Columns {
    pub(super) fn of(timeline: &Timeline, (from, to): (Position, Position)) -> Self {
        let mut columns = Self::default();
        for (number, lane) in (0..).zip(timeline.lanes()) {
            let is_member = lane.turns(from, to).any(|turn| turn.state.is_some());
            columns.places.push(is_member.then_some(columns.lanes.len()));
            columns.lanes.extend(is_member.then_some(number));
        }
        columns
    }

    pub(super) fn place(&self, lane: LaneNumber) -> Option<usize> {
        self.places.get(lane as usize).copied().flatten()
    }
}

/// The picture that a view has of a timeline.
pub(super) struct Picture<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) view: View,
    pub(super) frame: Frame,
    pub(super) columns: Columns,
}

impl<'a> Picture<'a> {
    /// The picture of this size.
    pub(super) fn new(timeline: &'a Timeline, view: View, (width, height): (f64, f64)) -> Self {
        let frame = Frame { width, height, lanes: 1 };
        let columns = Columns::of(timeline, view.seen(timeline, frame));
        let frame = Frame { lanes: columns.lanes.len(), ..frame };
        Self { timeline, view, frame, columns }
    }

    fn x(&self, lane: LaneNumber) -> Option<f64> {
        self.columns.place(lane).map(|column| self.view.x(self.frame, column))
    }

    pub(super) fn x_of(&self, node: &NodeName) -> Option<f64> {
        self.x(self.timeline.lane_of(node)?)
    }

    /// The height of the event that led to a position.
    pub(super) fn y(&self, position: Position) -> f64 {
        self.view.y(self.view.place(self.timeline, position))
    }

    /// Whether an event is drawn: one without a row of its own is not.
    fn is_drawn(&self, position: Position) -> bool {
        self.timeline.position_of_row(self.timeline.rows_until(position)) == Some(position)
    }

    /// The drawn events after a position up to another one.
    pub(super) fn events(
        &self,
        (from, to): (Position, Position),
    ) -> impl DoubleEndedIterator<Item = (Position, &'a Event)> {
        let timeline = self.timeline;
        let (first, last) = (timeline.rows_until(from) + 1, timeline.rows_until(to));
        (first..=last).filter_map(move |row| {
            let position = timeline.position_of_row(row)?;
            Some((position, timeline.event_before(position)?.as_ref()))
        })
    }

    /// The ends of a message in the picture.
    fn line(&self, flight: &Flight, lit: &Lit) -> Option<Line> {
        let (x, far_x) = (self.x(flight.from)?, self.x(flight.to)?);
        let is_time = self.view.scale == Scale::Time;
        #[expect(clippy::cast_precision_loss, reason = "a time in a picture")]
        let y = |position: Position, at_us: u64| {
            if is_time { self.view.y(at_us as f64) } else { self.y(position) }
        };
        let from_y = y(flight.sent, flight.sent_us);
        let far_y = match flight.ended {
            Some(ended) => y(ended, flight.ended_us),
            None => self.y(self.timeline.end()).max(from_y),
        };
        // A message that never arrives ends on its way.
        let part = if flight.lost { 0.6 } else { 1.0 };
        let to = (x + (far_x - x) * part, from_y + (far_y - from_y) * part);
        Some(Line {
            sent: flight.sent,
            from: (x, from_y),
            to,
            paint: if flight.lost { Paint::Trouble } else { Paint::of(flight.kind) },
            is_lost: flight.lost,
            is_open: flight.ended.is_none(),
            is_doubled: flight.doubled.is_some(),
            is_lit: lit.has(flight.sent) && flight.ended.is_none_or(|ended| lit.has(ended)),
        })
    }

    /// All that is drawn.
    pub(super) fn scene(&self, lit: &Lit) -> Scene {
        let mut scene = Scene::default();
        let (from, to) = self.view.seen(self.timeline, self.frame);
        self.lives((from, to), &mut scene);
        if self.timeline.sent_between(from, to) > MOST_LINES {
            self.bars((from, to), &mut scene);
        } else {
            let flights = self.timeline.flights_between(from, to);
            scene.lines.extend(flights.filter_map(|flight| self.line(&flight, lit)));
            self.labels(&mut scene);
        }
        if to.0 - from.0 <= MOST_POINTS {
            for (position, event) in self.events((from, to)) {
                self.event(position, event, lit, &mut scene);
            }
        }
        scene
    }

    fn lives(&self, (from, to): (Position, Position), scene: &mut Scene) {
        let bottom = self.y(self.timeline.end()).max(self.view.y(self.view.place(self.timeline, to)));
        for (column, number) in self.columns.lanes.iter().enumerate() {
            let Some(lane) = self.timeline.lanes().get(*number as usize) else { continue };
            let x = self.view.x(self.frame, column);
            scene.names.push((x, lane.name().clone()));
            let mut turns = lane.turns(from, to).peekable();
            let (mut term, mut last_y) = (None, f64::NEG_INFINITY);
            while let Some(turn) = turns.next() {
                let y = self.y(turn.position).max(HEAD);
                let end = turns.peek().map_or(bottom.min(self.frame.height), |next| self.y(next.position));
                if let Some(look) = Look::of(turn).filter(|_| end > y) {
                    scene.lives.push((look, x, y, end));
                }
                let is_new = turn.role.is_some() && turn.term.0 > 0 && term != Some(turn.term);
                if is_new && self.frame.lane() >= 44.0 && y - last_y >= LABEL_HEIGHT {
                    let text = format!("t{}", turn.term);
                    scene.terms.push(Label { at: (x + 8.0, y + 10.0), text, paint: Paint::Soft });
                    last_y = y;
                }
                term = turn.role.map(|_| turn.term);
            }
        }
    }

    /// Bars for the messages that each lane sends.
    fn bars(&self, (from, to): (Position, Position), scene: &mut Scene) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a height of a screen")]
        let rows = (self.frame.height / BAR).ceil().max(1.0) as usize;
        let mut cells = vec![(0_u32, Paint::Soft); rows * self.columns.lanes.len()];
        let is_time = self.view.scale == Scale::Time;
        for flight in self.timeline.flights_between(from, to) {
            let Some(column) = self.columns.place(flight.from) else { continue };
            #[expect(clippy::cast_precision_loss, reason = "a time in a picture")]
            let y = if is_time { self.view.y(flight.sent_us as f64) } else { self.y(flight.sent) };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a height of a screen"
            )]
            let row = (y / BAR).max(0.0) as usize;
            if row < rows
                && let Some(cell) = cells.get_mut(column * rows + row)
            {
                let paint = if flight.lost { Paint::Trouble } else { Paint::of(flight.kind) };
                *cell = (cell.0 + 1, cell.1.max(paint));
            }
        }
        let most = cells.iter().map(|cell| cell.0).max().unwrap_or_default();
        let size = |count: u32| f64::from(count + 1).ln() / f64::from(most + 1).ln();
        let lane = self.frame.lane() - 5.0;
        for (place, (count, paint)) in cells.into_iter().enumerate().filter(|(_, cell)| cell.0 > 0) {
            let x = self.view.x(self.frame, place / rows) + 3.0;
            #[expect(clippy::cast_precision_loss, reason = "a height of a screen")]
            let y = (place % rows) as f64 * BAR;
            scene.bars.push((paint, x, y, (lane * size(count)).max(2.0)));
        }
    }

    /// Writes term and candidate beside the messages where there is room.
    fn labels(&self, scene: &mut Scene) {
        let lane = self.frame.lane();
        if lane < LABEL_WIDTH || scene.lines.len() > MOST_LABELS {
            return;
        }
        let mut taken: Vec<Point> = scene.terms.iter().map(|term| term.at).collect();
        for line in scene.lines.iter().filter(|line| line.is_lit) {
            let Some(event) = self.timeline.event_before(line.sent) else { continue };
            let EventKind::Sent { message, .. } = &event.kind else { continue };
            // In the middle of the gap beside the sender.
            let (width, height) = (line.to.0 - line.from.0, line.to.1 - line.from.1);
            let part = (lane / 2.0 / width.abs().max(1.0)).min(0.5);
            let at = (line.from.0 + width * part, line.from.1 + height * part - 2.0);
            let is_free =
                |other: &Point| (other.0 - at.0).abs() > lane / 2.0 || (other.1 - at.1).abs() >= LABEL_HEIGHT;
            if at.1 < HEAD + LABEL_HEIGHT || at.1 > self.frame.height || !taken.iter().all(is_free) {
                continue;
            }
            let candidate = message.candidate.as_ref().map(|candidate| format!(" {}", candidate.name));
            let candidate = candidate.unwrap_or_default();
            let text = if lane >= LONG_LABEL {
                format!("{}{candidate}, term {}", message.message.as_str(), message.term)
            } else {
                format!("{} t{}", candidate.trim_start(), message.term)
            };
            taken.push(at);
            scene.labels.push(Label { at, text, paint: line.paint });
        }
    }

    fn event(&self, position: Position, event: &Event, lit: &Lit, scene: &mut Scene) {
        let y = self.y(position);
        if y < HEAD || y > self.frame.height + 4.0 {
            return;
        }
        let Some(node) = &event.node else { return scene.rules.push(y) };
        let Some(x) = self.x_of(node) else { return };
        let (shape, paint) = look(&event.kind);
        scene.dots.push(Dot { at: (x, y), paint, shape, is_lit: lit.has(position) });
    }

    /// The event nearest to a point: one that happened there, else the sending of the message that is drawn
    /// there.
    pub(super) fn under(&self, (x, y): Point) -> Option<Position> {
        const NEAR: f64 = 9.0;
        if y < HEAD {
            return None;
        }
        let near = self.view.positions(self.timeline, y - NEAR, y + NEAR);
        if near.1.0.saturating_sub(near.0.0) > 4 * MOST_POINTS {
            return None;
        }
        let distance = |(position, event): (Position, &Event)| {
            let far_x = match &event.node {
                Some(node) => self.x_of(node)? - x,
                None => 0.0,
            };
            let far = far_x.hypot(self.y(position) - y);
            (far <= NEAR).then_some((far, position))
        };
        let events = self.events(near).filter_map(distance);
        if let Some((_, position)) = events.min_by(|one, other| one.0.total_cmp(&other.0)) {
            return Some(position);
        }
        let seen = self.view.seen(self.timeline, self.frame);
        if self.timeline.sent_between(seen.0, seen.1) > MOST_LINES {
            return None;
        }
        let flights = self.timeline.flights_between(seen.0, near.1);
        let lines = flights.filter_map(|flight| {
            let far = from_line(&self.line(&flight, &Lit::All)?, (x, y));
            (far <= NEAR / 2.0).then_some((far, flight.sent))
        });
        lines.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, sent)| sent)
    }

    /// The event that a key leads to from another one. Without one, the last that is seen.
    pub(super) fn step(&self, from: Option<Position>, step: Step) -> Option<Position> {
        let all = (self.timeline.begin(), self.timeline.end());
        let Some((at, lane)) = from.and_then(|at| Some((at, self.lane(at)?))) else {
            let seen = self.view.seen(self.timeline, self.frame);
            return self.events(seen).rev().find(|(_, event)| event.node.is_some()).map(|(at, _)| at);
        };
        let is_in = |lane: LaneNumber| move |(at, _): &(Position, &Event)| self.lane(*at) == Some(lane);
        let before = Position(at.0.saturating_sub(1));
        match step {
            Step::Up => self.events((all.0, before)).rev().find(is_in(lane)),
            Step::Down => self.events((at, all.1)).find(is_in(lane)),
            Step::First => self.events(all).find(is_in(lane)),
            Step::Last => self.events(all).rev().find(is_in(lane)),
            Step::Left | Step::Right => {
                let column = self.columns.place(lane)?;
                let column = if step == Step::Left { column.checked_sub(1)? } else { column + 1 };
                let lane = *self.columns.lanes.get(column)?;
                let earlier = self.events((all.0, before)).rev().find(is_in(lane));
                let later = self.events((at, all.1)).find(is_in(lane));
                let far = |found: &(Position, &Event)| self.row(found.0).abs_diff(self.row(at));
                [later, earlier].into_iter().flatten().min_by_key(far)
            }
        }
        .map(|(at, _)| at)
    }

    fn row(&self, at: Position) -> u64 {
        self.timeline.rows_until(at)
    }

    fn lane(&self, at: Position) -> Option<LaneNumber> {
        let event = self.timeline.event_before(at).filter(|_| self.is_drawn(at))?;
        self.timeline.lane_of(event.node.as_ref()?)
    }
}

/// A step of the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// To the event before in the lane.
    Up,
    /// To the next event in the lane.
    Down,
    /// To the nearest event in the lane on the left, the later one of two.
    Left,
    /// To the nearest event in the lane on the right, the later one of two.
    Right,
    /// To the first event of the lane.
    First,
    /// To the last event of the lane.
    Last,
}

impl Step {
    /// The step of a key.
    pub(super) fn named(key: &str) -> Option<Self> {
        Some(match key {
            "ArrowUp" => Self::Up,
            "ArrowDown" => Self::Down,
            "ArrowLeft" => Self::Left,
            "ArrowRight" => Self::Right,
            "Home" => Self::First,
            "End" => Self::Last,
            _ => return None,
        })
    }
}

/// The distance of a point from a line.
fn from_line(line: &Line, (x, y): Point) -> f64 {
    let (across, down) = (line.to.0 - line.from.0, line.to.1 - line.from.1);
    let length = across * across + down * down;
    let part =
        if length > 0.0 { ((x - line.from.0) * across + (y - line.from.1) * down) / length } else { 0.0 };
    let part = part.clamp(0.0, 1.0);
    (line.from.0 + across * part - x).hypot(line.from.1 + down * part - y)
}

/// The shape and colour of an event.
const fn look(kind: &EventKind) -> (Shape, Paint) {
    match kind {
        EventKind::Sent { message, .. } | EventKind::Received { message, .. } => {
            (Shape::Small, Paint::of(message.message))
        }
        EventKind::Dropped { trouble: false, .. } => (Shape::Cross, Paint::Soft),
        EventKind::Exited { .. }
        | EventKind::Dropped { .. }
        | EventKind::Lost { .. }
        | EventKind::Injected { .. }
        | EventKind::StartFailed { .. }
        | EventKind::PromiseFailed { .. }
        | EventKind::GivenUp { .. } => (Shape::Cross, Paint::Trouble),
        EventKind::LinkDown { failure: true, .. } => (Shape::Small, Paint::Trouble),
        EventKind::RoleChanged { role: Role::Leader, .. } | EventKind::Completed { .. } => {
            (Shape::Large, Paint::Leader)
        }
        EventKind::RoleChanged { role: Role::Deputy, .. } => (Shape::Large, Paint::Deputy),
        EventKind::RoleChanged { role: Role::Candidate, .. } => (Shape::Large, Paint::Election),
        EventKind::RoleChanged { .. } | EventKind::Spawned { .. } | EventKind::Resumed => {
            (Shape::Large, Paint::Soft)
        }
        EventKind::Paused => (Shape::Large, Paint::Trouble),
        EventKind::Explained { .. } => (Shape::Square, Paint::Soft),
        _ => (Shape::Small, Paint::Soft),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, message, name};
    use ringleader_shared::event::MessageInfo;
    use ringleader_shared::fault::Injection;
    use ringleader_shared::{Attribute, Incarnation, Member, NodeId, RingSettings, RingView, RunId, Term};
    use std::sync::Arc;
    use uuid::Uuid;

    fn sent(from: &str, number: u64, to: &str) -> EventKind {
        EventKind::Sent { message: message(from, number), to: name(to), hold_us: 0 }
    }

    fn received(from: &str, number: u64) -> EventKind {
        EventKind::Received { message: message(from, number), from: name(from), travel_us: 1_000 }
    }

    /// Four members, of which A and B run. A sends to B: one message arrives, one goes out twice, one is
    /// lost; then B dies.
    fn story() -> Timeline {
        let member = |n: usize| Member {
            id: NodeId(Uuid::from_u64_pair(0, n as u64)),
            name: NodeName::nth(n),
            attribute: Attribute(n as u64),
            eligible: true,
            incarnation: Incarnation(0),
            address: None,
        };
        let run = EventKind::RunStarted {
            run: RunId(Uuid::from_u64_pair(1, 1)),
            members: (0..4).map(member).collect(),
            highest_term: Term::ZERO,
            settings: RingSettings::default(),
        };
        let ready = || EventKind::Ready { address: "a:1".to_owned() };
        let injected = |number, fault| EventKind::Injected {
            message: MessageInfo { ..message("A", number) },
            from: name("A"),
            to: name("B"),
            fault,
        };
        let role = EventKind::RoleChanged { role: Role::Leader, term: Term(1), leader: None, deputy: None };
        let kinds: Vec<(Option<&str>, EventKind)> = vec![
            (None, run),
            (Some("A"), EventKind::Spawned { pid: 1 }),
            (Some("B"), EventKind::Spawned { pid: 2 }),
            (Some("A"), ready()),
            (Some("B"), ready()),
            (Some("A"), sent("A", 1, "B")),
            (Some("B"), received("A", 1)),
            (Some("A"), EventKind::Heartbeat { peer: name("B"), rtt_us: 1 }),
            (Some("A"), sent("A", 2, "B")),
            (Some("A"), injected(2, Injection::Duplicate)),
            (Some("B"), received("A", 2)),
            (Some("A"), sent("A", 3, "B")),
            (Some("A"), injected(3, Injection::Drop)),
            (Some("A"), role),
            (Some("B"), EventKind::Exited { code: None, signal: Some(9) }),
            (Some("A"), sent("A", 4, "C")),
        ];
        let mut timeline = Timeline::new(RingView::empty(), 10_000);
        for (seq, (node, kind)) in (1..).zip(kinds) {
            timeline.push(Arc::new(event(seq, node, kind)));
        }
        timeline
    }

    const SIZE: (f64, f64) = (466.0, 424.0);

    fn view() -> View {
        View { unit: 20.0, ..View::rows() }
    }

    #[test]
    fn messages_are_lines_and_losses_stubs_and_duplicates_doubled() {
        let timeline = story();
        let picture = Picture::new(&timeline, view(), SIZE);
        let scene = picture.scene(&Lit::All);
        assert_eq!(scene.names.len(), 4);
        let flags: Vec<_> =
            scene.lines.iter().map(|line| (line.is_lost, line.is_doubled, line.is_open)).collect();
        assert_eq!(
            flags,
            [(false, false, false), (false, true, false), (true, false, false), (false, false, true)]
        );
        let arrived = scene.lines[0];
        assert_eq!((arrived.from, arrived.to), ((116.0, HEAD + 120.0), (216.0, HEAD + 140.0)));
        let lost = scene.lines[2];
        assert!(lost.paint == Paint::Trouble && (lost.to.0 - 176.0).abs() < 1e-9, "{lost:?}");
        assert_eq!(scene.rules, [HEAD + 20.0], "the run begins");
        assert_eq!(scene.labels[0].text, "D t1");
        assert_eq!(scene.dots.len(), 14, "a heartbeat has no row, and the run no lane");
    }

    #[test]
    fn a_lane_has_the_look_of_its_role_and_ends_with_its_process() {
        let timeline = story();
        let scene = Picture::new(&timeline, view(), SIZE).scene(&Lit::All);
        let looks = |lane_x: f64| {
            let its = scene.lives.iter().filter(|(_, x, ..)| (x - lane_x).abs() < 1e-9);
            its.map(|(look, ..)| *look).collect::<Vec<_>>()
        };
        assert_eq!(looks(116.0), [Look::Stopped, Look::Starting, Look::Follower, Look::Leader]);
        assert_eq!(looks(216.0), [Look::Stopped, Look::Starting, Look::Follower, Look::Stopped]);
        assert_eq!(scene.terms.len(), 1);
        for pair in scene.lives.windows(2).filter(|pair| (pair[0].1 - pair[1].1).abs() < 1e-9) {
            assert!((pair[0].3 - pair[1].2).abs() < 1e-9, "there is a gap: {pair:?}");
        }
    }

    #[test]
    fn what_is_drawn_in_true_time_is_where_its_time_is() {
        let timeline = story();
        let view = View { scale: Scale::Time, top: 0.0, unit: 0.02, left: 0.0 };
        let scene = Picture::new(&timeline, view, SIZE).scene(&Lit::All);
        let arrived = scene.lines[0];
        assert_eq!((arrived.from.1, arrived.to.1), (HEAD + 120.0, HEAD + 140.0));
    }

    #[test]
    fn an_event_is_found_under_the_pointer_and_a_message_by_its_line() {
        let timeline = story();
        let picture = Picture::new(&timeline, view(), SIZE);
        assert_eq!(picture.under((118.0, HEAD + 122.0)), Some(Position(6)));
        assert_eq!(picture.under((166.0, HEAD + 131.0)), Some(Position(6)), "its message");
        assert_eq!(picture.under((400.0, HEAD + 130.0)), None);
        assert_eq!(picture.under((118.0, 3.0)), None, "a name");
    }

    #[test]
    fn what_is_concurrent_pales() {
        let timeline = story();
        let picture = Picture::new(&timeline, view(), SIZE);
        let scene = picture.scene(&Lit::Direct(vec![Position(6), Position(7)], 0));
        let lit: Vec<bool> = scene.lines.iter().map(|line| line.is_lit).collect();
        assert_eq!(lit, [true, false, false, false]);
        assert_eq!(scene.dots.iter().filter(|dot| dot.is_lit).count(), 2);
    }

    #[test]
    fn the_cursor_goes_along_a_lane_and_across_to_the_nearest_event() {
        let timeline = story();
        let picture = Picture::new(&timeline, view(), SIZE);
        let step = |from: u64, step| picture.step(Some(Position(from)), step).map(|at| at.0);
        assert_eq!(picture.step(None, Step::Down), Some(Position(16)), "the last that is seen");
        assert_eq!((step(6, Step::Up), step(6, Step::Down)), (Some(4), Some(9)), "past the heartbeat");
        assert_eq!((step(6, Step::Right), step(7, Step::Left)), (Some(7), Some(9)), "the later of two");
        assert_eq!((step(6, Step::Left), step(7, Step::Right)), (None, None), "C has no events");
        assert_eq!((step(9, Step::First), step(9, Step::Last)), (Some(2), Some(16)));
    }

    #[test]
    fn many_messages_become_bars() {
        let mut timeline = story();
        for number in 10..4_000 {
            let seq = timeline.end().0 + 1;
            timeline.push(Arc::new(event(seq, Some("A"), sent("A", number, "B"))));
            timeline.push(Arc::new(event(seq + 1, Some("B"), received("A", number))));
        }
        let whole = View { scale: Scale::Time, top: 0.0, unit: 400.0 / 8e6, left: 0.0 };
        let scene = Picture::new(&timeline, whole, SIZE).scene(&Lit::All);
        assert!(scene.lines.is_empty() && scene.dots.is_empty());
        assert!((50..=110).contains(&scene.bars.len()), "{}", scene.bars.len());
    }
}
