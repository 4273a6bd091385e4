//! Curves, as points and as SVG.

use std::f64::consts::PI;

use super::{Point, on_circle};
use crate::reactive::rounded;
use crate::ring::trigonometry::{atan2, cos, sin};

/// The line of a link.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Curve {
    /// Along the circle, from angle to angle.
    Arc {
        /// The radius of the circle.
        radius: f64,
        /// Its start.
        from: f64,
        /// Its end; smaller than `from` when it runs anticlockwise.
        to: f64,
    },
    /// A quadratic Bézier curve.
    Bend {
        /// Its start.
        start: Point,
        /// Its control point.
        control: Point,
        /// Its end.
        end: Point,
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
        let u = 1.0 - t;
        match self {
            Self::Arc { radius, from, to } => on_circle(*radius, from + (to - from) * t),
            Self::Bend { start, control, end } => Point {
                x: u * u * start.x + 2.0 * u * t * control.x + t * t * end.x,
                y: u * u * start.y + 2.0 * u * t * control.y + t * t * end.y,
            },
            Self::Loop { start, first, second, end } => Point {
                x: u.powi(3) * start.x
                    + 3.0 * u * u * t * first.x
                    + 3.0 * u * t * t * second.x
                    + t.powi(3) * end.x,
                y: u.powi(3) * start.y
                    + 3.0 * u * u * t * first.y
                    + 3.0 * u * t * t * second.y
                    + t.powi(3) * end.y,
            },
        }
    }

    /// The line as the `d` of an SVG path.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Arc { radius, from, to } => {
                let radius = rounded(*radius);
                let large = u8::from((to - from).abs() > PI);
                let sweep = u8::from(to > from);
                format!("M{} A{radius} {radius} 0 {large} {sweep} {}", self.at(0.0), self.at(1.0))
            }
            Self::Bend { start, control, end } => format!("M{start} Q{control} {end}"),
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
