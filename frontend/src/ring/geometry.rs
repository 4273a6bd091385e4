//! The geometry of the drawing: nodes on a circle, links as curves between their rims. All numbers are in a
//! square of [`SIZE`] units.

use std::f64::consts::{FRAC_PI_2, PI, TAU};
use std::fmt;

use ringleader_shared::view::NodeView;
use ringleader_shared::{NodeName, RingView};

use super::trigonometry::{asin, atan2, cos, sin};
use crate::large_ring::LARGE_RING;
use crate::reactive::rounded;

/// The side of the square that everything is drawn in.
pub(crate) const SIZE: f64 = 1000.0;

const CENTRE: Point = Point { x: SIZE / 2.0, y: SIZE / 2.0 };

/// The largest node: leaves room for a crown above the top one and a label below the bottom one.
const LARGEST_NODE: f64 = 88.0;

/// A node with less room than this has its name beside it.
const ROOM_FOR_NAME: f64 = 26.0;

/// In a larger ring a message is its token alone: there is no room for words.
const WORDY: usize = 16;

/// The heights of the bars of the lowest and of the highest attribute.
const BAR_LEAST: f64 = 8.0;
const BAR_MOST: f64 = 44.0;

/// A point in the drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// Coordinate that grows to the right.
    pub(crate) x: f64,
    /// Coordinate that grows downwards.
    pub(crate) y: f64,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", rounded(self.x), rounded(self.y))
    }
}

impl Point {
    fn towards(self, other: Self, distance: f64) -> Self {
        let length = self.distance(other);
        if length == 0.0 {
            return self;
        }
        self.mix(other, distance / length)
    }

    /// The point at this share of the way to `other`.
    fn mix(self, other: Self, share: f64) -> Self {
        Self { x: self.x + (other.x - self.x) * share, y: self.y + (other.y - self.y) * share }
    }

    /// The point that is this share of the way nearer to the centre.
    pub(crate) fn inwards(self, share: f64) -> Self {
        self.mix(CENTRE, share)
    }

    /// The distance to `other`.
    pub(crate) fn distance(self, other: Self) -> f64 {
        (other.x - self.x).hypot(other.y - self.y)
    }
}

fn on_circle(radius: f64, angle: f64) -> Point {
    Point { x: CENTRE.x + radius * cos(angle), y: CENTRE.y + radius * sin(angle) }
}

/// The members in ring order, and the sizes that follow from their number.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layout {
    names: Vec<NodeName>,
    /// The circle that the nodes' centres lie on.
    pub(crate) ring_radius: f64,
    /// One node's circle.
    pub(crate) node_radius: f64,
    /// The size of the smallest text that can be read on the screen.
    pub(crate) smallest_text: f64,
}

/// The size of the words on a message before it is scaled.
pub(crate) const DOT_TEXT: f64 = 24.0;

impl Layout {
    /// The layout of this ring.
    pub(crate) fn of(view: &RingView) -> Self {
        Self::new(view.nodes.iter().map(|node| node.name.clone()).collect())
    }

    /// The layout of members with these names in ring order.
    pub(crate) fn new(names: Vec<NodeName>) -> Self {
        let ring_radius = match names.len() {
            0 | 1 => 0.0,
            2..=8 => 350.0,
            9..=16 => 385.0,
            17..=LARGE_RING => 420.0,
            // Leaves room for the bars and for a name beyond them.
            _ => 400.0,
        };
        let node_radius = match names.len() {
            0 | 1 => LARGEST_NODE,
            #[expect(clippy::cast_precision_loss, reason = "a ring has 1,000 members at most")]
            n => (0.3 * 2.0 * ring_radius * sin(PI / n as f64)).min(LARGEST_NODE),
        };
        Self { names, ring_radius, node_radius, smallest_text: 0.0 }
    }

    /// The same layout on a screen where smaller text than this can't be read.
    pub(crate) fn legible_from(self, smallest_text: f64) -> Self {
        let layout = Self { smallest_text, ..self };
        if !layout.has_names_outside() {
            return layout;
        }
        // The names stay in the drawing.
        let room = SIZE / 2.0 - layout.node_radius - 12.0 - 1.2 * layout.outside_text();
        Self { ring_radius: layout.ring_radius.min(room), ..layout }
    }

    /// Whether there is no room in the nodes, even for their names.
    pub(crate) fn has_names_outside(&self) -> bool {
        self.node_radius < ROOM_FOR_NAME.max(0.9 * self.smallest_text)
    }

    /// The scale of messages: smaller between small nodes, but never too small to be read.
    pub(crate) fn dot_scale(&self) -> f64 {
        (self.node_radius / 62.0).clamp(0.5, 1.0).max(self.smallest_text / DOT_TEXT)
    }

    /// Whether there is room for more than the token of a message.
    pub(crate) fn has_room_for_words(&self) -> bool {
        self.names.len() <= WORDY
    }

    /// The size of a name beside a node.
    pub(crate) fn outside_text(&self) -> f64 {
        self.smallest_text.max(20.0)
    }

    /// The members in ring order.
    pub(crate) fn names(&self) -> &[NodeName] {
        &self.names
    }

    /// The number of members.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    fn place(&self, name: &NodeName) -> Option<usize> {
        // Most members are at the index of their name, or a few before it when others were removed.
        let last = self.names.len().checked_sub(1)?;
        let named = name.ordinal().map(|named| named.min(last));
        let found = named.and_then(|named| self.names.get(..=named)?.iter().rposition(|other| other == name));
        found.or_else(|| self.names.iter().position(|other| other == name))
    }

    /// Whether there are too many for words in the drawing.
    pub(crate) fn is_large(&self) -> bool {
        self.names.len() > LARGE_RING
    }

    /// The member that is nearest to a point.
    pub(crate) fn nearest(&self, point: Point) -> Option<&NodeName> {
        let turn = atan2(point.y - CENTRE.y, point.x - CENTRE.x) + FRAC_PI_2;
        #[expect(clippy::cast_precision_loss, reason = "a ring has 1,000 members at most")]
        let place = (turn.rem_euclid(TAU) / TAU * self.names.len() as f64).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the ring")]
        self.names.get(place as usize % self.names.len().max(1))
    }

    /// Both ends of a member's bar. It stands outside the circle; `share`, from 0 to 1, is its height.
    pub(crate) fn bar(&self, place: usize, share: f64) -> (Point, Point) {
        let angle = self.angle(place);
        let height = BAR_LEAST + (BAR_MOST - BAR_LEAST) * share;
        (on_circle(self.ring_radius, angle), on_circle(self.ring_radius + height, angle))
    }

    /// The place of a name beyond a member's bar.
    pub(crate) fn beyond(&self, name: &NodeName) -> Option<Point> {
        let place = self.place(name)?;
        Some(on_circle(self.ring_radius + BAR_MOST + 26.0, self.angle(place)))
    }

    /// Clockwise, the first member at the top.
    #[expect(clippy::cast_precision_loss, reason = "a ring has 1,000 members at most")]
    fn angle(&self, place: usize) -> f64 {
        TAU * place as f64 / self.names.len().max(1) as f64 - FRAC_PI_2
    }

    fn at(&self, place: usize) -> Point {
        on_circle(self.ring_radius, self.angle(place))
    }

    /// The centre of a node.
    pub(crate) fn position(&self, name: &NodeName) -> Option<Point> {
        self.place(name).map(|place| self.at(place))
    }

    /// The place of a name outside the circle, when the node itself is too small for it.
    pub(crate) fn outside(&self, name: &NodeName) -> Option<Point> {
        let place = self.place(name)?;
        let gap = 12.0 + 0.6 * self.outside_text();
        Some(on_circle(self.ring_radius + self.node_radius + gap, self.angle(place)))
    }

    /// The configured successor.
    pub(crate) fn next(&self, name: &NodeName) -> Option<&NodeName> {
        let place = self.place(name)?;
        self.names.get((place + 1) % self.names.len())
    }

    /// Room between a link's end and the node's rim.
    fn gap(&self) -> f64 {
        self.node_radius + (self.node_radius * 0.16).min(12.0)
    }

    /// The way from one node to another: along the circle between neighbours, else a bend through the inside,
    /// on the clockwise side so that the ways there and back never lie on each other.
    pub(crate) fn curve(&self, from: &NodeName, to: &NodeName) -> Option<Curve> {
        let (here, there) = (self.place(from)?, self.place(to)?);
        let count = self.names.len();
        if here == there {
            return Some(self.self_loop(here));
        }
        // The angle under which the gap at a rim is seen from the centre.
        let rim = 2.0 * asin(self.gap() / (2.0 * self.ring_radius));
        let step = (there + count - here) % count;
        if step == 1 {
            let start = self.angle(here);
            let end = start + self.angle(1) - self.angle(0);
            return Some(Curve::Arc { radius: self.ring_radius, from: start + rim, to: end - rim });
        }
        if step + 1 == count {
            let start = self.angle(here);
            let end = start - (self.angle(1) - self.angle(0));
            return Some(Curve::Arc { radius: self.ring_radius, from: start - rim, to: end + rim });
        }
        let span = (self.angle(there) - self.angle(here)).rem_euclid(TAU);
        Some(self.through(vec![(self.bend(here, span), self.at(there))], here))
    }

    /// The control point of a bend that begins at a member and turns by `span` round the centre: its middle
    /// is clear of the skipped nodes, and of the text in the centre.
    fn bend(&self, here: usize, span: f64) -> Point {
        let middle = 0.43 + 0.4 * cos(span / 2.0).max(0.0);
        let depth = 2.0 * middle - cos(span / 2.0);
        on_circle(self.ring_radius * depth, self.angle(here) + span / 2.0)
    }

    /// The line from a member through these bends, from rim to rim.
    fn through(&self, mut bends: Vec<(Point, Point)>, here: usize) -> Curve {
        let mut start = self.at(here);
        if let Some((control, _)) = bends.first() {
            start = start.towards(*control, self.gap());
        }
        if let Some((control, end)) = bends.last_mut() {
            *end = end.towards(*control, self.gap());
        }
        Curve::Bends { start, bends }
    }

    /// The way of a link through these relays: bends on the inside of the circle, each to the middle of the
    /// next relay. Without relays, that of a direct link.
    pub(crate) fn route(&self, from: &NodeName, relays: &[NodeName], to: &NodeName) -> Option<Curve> {
        if relays.is_empty() {
            return self.curve(from, to);
        }
        let start = self.place(from)?;
        let (mut here, mut bends) = (start, Vec::new());
        for next in relays.iter().chain([to]) {
            let there = self.place(next)?;
            let span = (self.angle(there) - self.angle(here)).rem_euclid(TAU);
            // The shorter way round.
            let span = if span > PI + 0.01 { span - TAU } else { span };
            bends.push((self.bend(here, span), self.at(there)));
            here = there;
        }
        Some(self.through(bends, start))
    }

    /// The straight line of the heartbeat link.
    pub(crate) fn straight(&self, from: &NodeName, to: &NodeName) -> Option<Curve> {
        let (here, there) = (self.position(from)?, self.position(to)?);
        let middle = Point { x: (here.x + there.x) / 2.0, y: (here.y + there.y) / 2.0 };
        let [start, end] = [here, there].map(|rim| rim.towards(middle, self.node_radius));
        (here != there).then(|| Curve::Bends { start, bends: vec![(middle, end)] })
    }

    /// Bands along the circle for the sides of a ring that is torn apart, with each the index of its side:
    /// one for each run of neighbours on the same side.
    pub(crate) fn bands(&self, sides: &[Vec<&NodeView>]) -> Vec<(usize, Curve)> {
        let mut side_of: Vec<Option<usize>> = vec![None; self.names.len()];
        for (side, members) in sides.iter().enumerate() {
            for place in members.iter().filter_map(|node| self.place(&node.name)) {
                if let Some(its) = side_of.get_mut(place) {
                    *its = Some(side);
                }
            }
        }
        let sides = side_of;
        let count = sides.len();
        let begins = |at: usize| sides.get(at) != sides.get((at + count - 1) % count);
        let first = (0..count).find(|at| begins(*at)).unwrap_or(0);
        let half = (self.angle(1) - self.angle(0)) / 2.0 * 0.86;
        let mut bands: Vec<(usize, Curve)> = Vec::new();
        for place in (0..count).map(|step| first + step) {
            let Some(side) = sides.get(place % count).copied().flatten() else { continue };
            let (from, to) = (self.angle(place) - half, self.angle(place) + half);
            match bands.last_mut() {
                Some((_, Curve::Arc { to: end, .. })) if !begins(place % count) => *end = to,
                _ => bands.push((side, Curve::Arc { radius: self.ring_radius, from, to })),
            }
        }
        bands
    }

    /// A node that is its own successor: a loop on its inner side.
    fn self_loop(&self, place: usize) -> Curve {
        let centre = on_circle(self.ring_radius, self.angle(place));
        let inward = if self.ring_radius == 0.0 { -FRAC_PI_2 } else { self.angle(place) + PI };
        let around = |angle: f64, radius: f64| Point {
            x: centre.x + radius * cos(inward + angle),
            y: centre.y + radius * sin(inward + angle),
        };
        let (rim, far) = (self.gap(), self.node_radius * 3.2);
        Curve::Loop {
            start: around(-0.7, rim),
            first: around(-0.75, far),
            second: around(0.75, far),
            end: around(0.7, rim),
        }
    }
}

/// The line of a link.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Curve {
    /// Along the circle, from angle to angle.
    Arc {
        /// Of the circle.
        radius: f64,
        /// Its start.
        from: f64,
        /// Its end; smaller than `from` when it runs anticlockwise.
        to: f64,
    },
    /// Quadratic Bézier curves, one after the other.
    Bends {
        /// The start of the first.
        start: Point,
        /// The control point and the end of each.
        bends: Vec<(Point, Point)>,
    },
    /// A cubic Bézier curve from a node back to itself.
    Loop {
        /// Its start.
        start: Point,
        /// The first control point.
        first: Point,
        /// The second control point.
        second: Point,
        /// Its end.
        end: Point,
    },
}

impl Curve {
    /// The point at `t`, from 0 at the start to 1 at the end.
    pub(crate) fn at(&self, t: f64) -> Point {
        match self {
            Self::Arc { radius, from, to } => on_circle(*radius, from + (to - from) * t),
            Self::Bends { start, bends } => {
                // Each takes the same share of the time.
                #[expect(clippy::cast_precision_loss, reason = "a link has few relays")]
                let t = t * bends.len() as f64;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "one of the bends"
                )]
                let bend = (t as usize).min(bends.len().saturating_sub(1));
                #[expect(clippy::cast_precision_loss, reason = "a link has few relays")]
                let t = t - bend as f64;
                let before = bend.checked_sub(1).and_then(|before| bends.get(before));
                let start = before.map_or(*start, |(_, end)| *end);
                let (control, end) = bends.get(bend).copied().unwrap_or((start, start));
                start.mix(control, t).mix(control.mix(end, t), t)
            }
            Self::Loop { start, first, second, end } => {
                let (one, two, three) = (start.mix(*first, t), first.mix(*second, t), second.mix(*end, t));
                one.mix(two, t).mix(two.mix(three, t), t)
            }
        }
    }

    /// As the `d` of an SVG path.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Arc { radius, from, to } => {
                let radius = rounded(*radius);
                let large = u8::from((to - from).abs() > PI);
                let sweep = u8::from(to > from);
                format!("M{} A{radius} {radius} 0 {large} {sweep} {}", self.at(0.0), self.at(1.0))
            }
            Self::Bends { start, bends } => {
                let bends = bends.iter().map(|(control, end)| format!(" Q{control} {end}"));
                format!("M{start}{}", bends.collect::<String>())
            }
            Self::Loop { start, first, second, end } => format!("M{start} C{first} {second} {end}"),
        }
    }

    /// The head of an arrow of this length at the end, as the `points` of an SVG polygon.
    pub(crate) fn arrow_head(&self, length: f64) -> String {
        let tip = self.at(1.0);
        let before = self.at(0.97);
        let angle = atan2(tip.y - before.y, tip.x - before.x);
        let corner = |turn: f64| Point {
            x: tip.x - length * cos(angle + turn),
            y: tip.y - length * sin(angle + turn),
        };
        format!("{tip} {} {}", corner(0.46), corner(-0.46))
    }
}

/// A scale as an SVG transform, to a hundredth.
pub(crate) fn scale(factor: f64) -> String {
    let hundredths = rounded(factor * 100.0);
    format!("scale({}.{:02})", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(count: usize) -> Layout {
        Layout::new((0..count).map(NodeName::nth).collect())
    }

    fn samples(curve: &Curve) -> Vec<Point> {
        (0..=40).map(|step| curve.at(f64::from(step) / 40.0)).collect()
    }

    #[test]
    fn the_first_member_is_at_the_top_and_the_order_is_clockwise() {
        let ring = ring(4);
        let at = |n: usize| ring.position(&NodeName::nth(n)).expect("a member");
        assert!(at(0).y < at(1).y && at(1).x > at(0).x && at(2).y > at(1).y && at(3).x < at(2).x);
    }

    #[test]
    fn nodes_fit_the_drawing_and_never_touch_from_1_to_64() {
        for count in 1..=64 {
            let ring = ring(count);
            let at: Vec<Point> = (0..count).filter_map(|n| ring.position(&NodeName::nth(n))).collect();
            assert_eq!(at.len(), count);
            for (n, here) in at.iter().enumerate() {
                let reach = ring.node_radius + 30.0;
                assert!(here.x > reach && here.x < SIZE - reach && here.y > reach && here.y < SIZE - reach);
                for there in &at[n + 1..] {
                    assert!(here.distance(*there) > 2.0 * ring.node_radius + 5.0, "{count} members");
                }
            }
        }
    }

    #[test]
    fn words_are_never_smaller_than_can_be_read_and_names_stay_in_the_drawing() {
        for count in 1..=64 {
            for smallest in [12.0, 20.0, 30.0, 38.0] {
                let ring = ring(count).legible_from(smallest);
                assert!(ring.dot_scale() * DOT_TEXT >= smallest && ring.outside_text() >= smallest);
                let name = ring.outside(&NodeName::nth(0)).expect("a member");
                let is_inside = name.y >= smallest / 2.0 || !ring.has_names_outside();
                assert!(is_inside, "{count} members, {smallest}: {}", name.y);
            }
        }
    }

    #[test]
    fn a_link_starts_and_ends_outside_both_rims() {
        for count in 2..=64 {
            let ring = ring(count);
            for (from, to) in [(0, 1), (1, 0), (0, count - 1), (0, count / 2)] {
                if from == to {
                    continue;
                }
                let (from, to) = (NodeName::nth(from), NodeName::nth(to));
                let curve = ring.curve(&from, &to).expect("both are members");
                let here = ring.position(&from).expect("a member");
                let there = ring.position(&to).expect("a member");
                assert!(curve.at(0.0).distance(here) > ring.node_radius, "{count}: {from}→{to}");
                assert!(curve.at(1.0).distance(there) > ring.node_radius, "{count}: {from}→{to}");
                assert!(curve.at(1.0).distance(there) < ring.node_radius + 13.0, "{count}: {from}→{to}");
            }
        }
    }

    #[test]
    fn a_repaired_link_passes_clear_of_the_skipped_node() {
        for count in 4..=32 {
            let ring = ring(count);
            let curve = ring.curve(&NodeName::nth(0), &NodeName::nth(2)).expect("both are members");
            let skipped = ring.position(&NodeName::nth(1)).expect("a member");
            for point in samples(&curve) {
                assert!(point.distance(skipped) > ring.node_radius, "{count} members");
            }
        }
    }

    #[test]
    fn the_ways_there_and_back_do_not_lie_on_each_other() {
        for (count, other) in [(2, 1), (4, 2), (4, 1), (6, 3), (7, 3)] {
            let ring = ring(count);
            let (a, b) = (NodeName::nth(0), NodeName::nth(other));
            let there = ring.curve(&a, &b).expect("both are members");
            let back = ring.curve(&b, &a).expect("both are members");
            let apart = there.at(0.5).distance(back.at(0.5));
            // Neighbours of a larger ring share the arc: only one direction of it is a link.
            assert!(apart > 60.0 || (other == 1 && count > 2), "{count}: {apart}");
        }
    }

    #[test]
    fn a_way_through_relays_passes_the_middle_of_each_and_lies_beside_the_direct_links() {
        for count in 4..=16 {
            let ring = ring(count);
            let [a, b, c] = [0, 1, count - 1].map(NodeName::nth);
            let way = ring.route(&a, std::slice::from_ref(&c), &b).expect("all are members");
            let relay = ring.position(&c).expect("a member");
            assert!(way.at(0.5).distance(relay) < 0.1, "{count}");
            let (there, direct) = (way.at(0.25), ring.curve(&c, &a).expect("a link").at(0.5));
            assert!(there.distance(direct) > 20.0, "{count}: {}", there.distance(direct));
            assert!(way.path().matches(" Q").count() == 2, "{}", way.path());
            assert_eq!(ring.route(&a, &[], &b), ring.curve(&a, &b));
            assert_eq!(ring.route(&a, &[NodeName::nth(99)], &b), None);
        }
    }

    #[test]
    fn a_node_alone_is_its_own_successor_by_a_loop() {
        for count in [1, 4] {
            let ring = ring(count);
            let a = NodeName::nth(0);
            let curve = ring.curve(&a, &a).expect("a member");
            assert!(matches!(curve, Curve::Loop { .. }));
            assert!(curve.path().starts_with('M'));
            for point in samples(&curve) {
                assert!(point.x > 0.0 && point.x < SIZE && point.y > 0.0 && point.y < SIZE);
            }
        }
    }

    #[test]
    fn a_member_of_a_large_ring_is_found_by_a_point_on_its_bar_and_by_its_name_after_others_were_removed() {
        let names: Vec<NodeName> = (0..1000).filter(|n| n % 7 != 3).map(NodeName::nth).collect();
        let layout = Layout::new(names.clone());
        for (place, name) in names.iter().enumerate() {
            assert_eq!(layout.nearest(layout.bar(place, 0.5).1), Some(name));
            assert_eq!(layout.place(name), Some(place));
        }
        assert_eq!(layout.place(&NodeName::nth(3)), None);
    }

    #[test]
    fn each_run_of_neighbours_on_one_side_of_a_torn_ring_has_a_band_that_touches_no_other() {
        let mut builder = crate::testing::ring(6);
        builder.running();
        let name = crate::testing::name;
        for (side, runs) in
            [(vec!["A", "F", "B"], vec![3, 3]), (vec!["B", "D"], vec![1, 1, 1, 3]), (vec!["C"], vec![1, 5])]
        {
            let sides = vec![side.iter().map(|text| name(text)).collect()];
            let view = builder.then("A", ringleader_shared::EventKind::PartitionChanged { sides });
            let bands = Layout::of(&view).bands(&view.sides());
            let widths: Vec<f64> = bands
                .iter()
                .map(
                    |(_, band)| {
                        if let Curve::Arc { from, to, .. } = band { (to - from) / (TAU / 6.0) } else { 0.0 }
                    },
                )
                .collect();
            let members = |width: &f64| rounded(width + 0.14);
            let mut counted: Vec<i32> = widths.iter().map(members).collect();
            counted.sort_unstable();
            assert_eq!(counted, runs, "{side:?}");
            assert!(widths.iter().sum::<f64>() < 6.0, "{side:?}");
        }
        assert!(Layout::of(&builder.running()).bands(&[]).is_empty());
    }

    #[test]
    fn a_stranger_has_no_place() {
        assert_eq!(ring(4).curve(&NodeName::nth(0), &NodeName::nth(9)), None);
        assert_eq!(ring(0).position(&NodeName::nth(0)), None);
    }
}
