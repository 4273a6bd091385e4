//! The lines of links, and the bands of a partitioned ring's sides.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use ringleader_shared::NodeName;
use ringleader_shared::view::NodeView;

use super::{Curve, Layout, Point, on_circle};
use crate::ring::trigonometry::{asin, cos, sin};

impl Layout {
    /// The gap between a link's end and the node's rim.
    fn gap(&self) -> f64 {
        self.node_radius + (self.node_radius * 0.16).min(12.0)
    }

    /// The line of a link from one node to another: along the circle between neighbours, else a bend through
    /// the inside, on the clockwise side so that the ways there and back never lie on each other.
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
        let start = on_circle(self.ring_radius, self.angle(here));
        let end = on_circle(self.ring_radius, self.angle(there));
        let span = (self.angle(there) - self.angle(here)).rem_euclid(TAU);
        // The distance of the middle of the bend from the centre: clear of the skipped nodes, and of the text
        // in the centre.
        let middle = 0.43 + 0.4 * cos(span / 2.0).max(0.0);
        let depth = 2.0 * middle - cos(span / 2.0);
        let control = on_circle(self.ring_radius * depth, self.angle(here) + span / 2.0);
        Some(Curve::Bend {
            start: start.towards(control, self.gap()),
            control,
            end: end.towards(control, self.gap()),
        })
    }

    /// The straight line of the heartbeat link.
    pub(crate) fn straight(&self, from: &NodeName, to: &NodeName) -> Option<(Point, Point)> {
        let (here, there) = (self.position(from)?, self.position(to)?);
        (here != there)
            .then(|| (here.towards(there, self.node_radius), there.towards(here, self.node_radius)))
    }

    /// Bands along the circle for the sides of a partitioned ring, each with the index of its side: one for
    /// each row of neighbours on the same side.
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

    /// The loop of a node that is its own successor, on its inner side.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactive::rounded;
    use crate::ring::geometry::SIZE;

    fn ring(count: usize) -> Layout {
        Layout::new((0..count).map(NodeName::nth).collect())
    }

    fn samples(curve: &Curve) -> Vec<Point> {
        (0..=40).map(|step| curve.at(f64::from(step) / 40.0)).collect()
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
}
