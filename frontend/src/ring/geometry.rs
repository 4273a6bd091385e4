//! The geometry of the drawing: nodes on a circle, links as curves between their rims. All numbers are in a
//! square of [`SIZE`] units.

mod curve;
mod layout;
mod lines;

use std::fmt;

pub(crate) use self::curve::Curve;
pub(crate) use self::layout::Layout;
use super::trigonometry::{cos, sin};
use crate::reactive::rounded;

/// The side of the square that everything is drawn in.
pub(crate) const SIZE: f64 = 1000.0;

const CENTRE: Point = Point { x: SIZE / 2.0, y: SIZE / 2.0 };

/// A point in the drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// To the right.
    pub(crate) x: f64,
    /// Downwards.
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
        let share = distance / length;
        Self { x: self.x + (other.x - self.x) * share, y: self.y + (other.y - self.y) * share }
    }

    /// The point that is this share of the way nearer to the centre.
    pub(crate) fn inwards(self, share: f64) -> Self {
        Self { x: self.x + (CENTRE.x - self.x) * share, y: self.y + (CENTRE.y - self.y) * share }
    }

    /// The distance to `other`.
    pub(crate) fn distance(self, other: Self) -> f64 {
        (other.x - self.x).hypot(other.y - self.y)
    }
}

fn on_circle(radius: f64, angle: f64) -> Point {
    Point { x: CENTRE.x + radius * cos(angle), y: CENTRE.y + radius * sin(angle) }
}

/// A scale as an SVG transform, to a hundredth.
pub(crate) fn scale(factor: f64) -> String {
    let hundredths = rounded(factor * 100.0);
    format!("scale({}.{:02})", hundredths / 100, hundredths % 100)
}
