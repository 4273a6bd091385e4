//! The places and sizes of nodes, names, bars and messages.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use ringleader_shared::{NodeName, RingView};

use super::{CENTRE, Point, SIZE, on_circle};
use crate::large_ring::LARGE_RING;
use crate::ring::trigonometry::{atan2, sin};

/// The largest node: leaves room for a crown above the top one and a label below the bottom one.
const LARGEST_NODE: f64 = 88.0;

/// A node with less room than this has its name beside it.
const ROOM_FOR_NAME: f64 = 26.0;

/// In a larger ring a message is its token alone: there is no room for words.
const WORDY: usize = 16;

/// The heights of the bars of the lowest and of the highest attribute.
const BAR_LEAST: f64 = 8.0;
const BAR_MOST: f64 = 44.0;

/// The members in ring order, and the sizes that follow from their number.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layout {
    pub(super) names: Vec<NodeName>,
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

    /// The index of a member in ring order.
    pub(super) fn place(&self, name: &NodeName) -> Option<usize> {
        // Most members are at the index of their name, or a few before it when others were removed.
        let last = self.names.len().checked_sub(1)?;
        let named = name.ordinal().map(|named| named.min(last));
        let found = named.and_then(|named| self.names.get(..=named)?.iter().rposition(|other| other == name));
        found.or_else(|| self.names.iter().position(|other| other == name))
    }

    /// Whether there are too many members for text in the drawing.
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

    /// The angle of a member's place: clockwise, the first member at the top.
    #[expect(clippy::cast_precision_loss, reason = "a ring has 1,000 members at most")]
    pub(super) fn angle(&self, place: usize) -> f64 {
        TAU * place as f64 / self.names.len().max(1) as f64 - FRAC_PI_2
    }

    /// The centre of a node.
    pub(crate) fn position(&self, name: &NodeName) -> Option<Point> {
        self.place(name).map(|place| on_circle(self.ring_radius, self.angle(place)))
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(count: usize) -> Layout {
        Layout::new((0..count).map(NodeName::nth).collect())
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
    fn a_name_that_is_not_in_the_ring_has_no_position() {
        assert_eq!(ring(4).curve(&NodeName::nth(0), &NodeName::nth(9)), None);
        assert_eq!(ring(0).position(&NodeName::nth(0)), None);
    }
}
