//! Drawing on a canvas in the units of the drawing and the colours of the page.

use std::f64::consts::TAU;

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, MouseEvent};

use crate::ring::geometry::{Curve, Point, SIZE};

/// A colour, by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// A follower, or an ordinary message.
    Strong,
    /// A node that is paused or starting.
    Soft,
    /// Lines of the background.
    Line,
    /// A candidate, or a message of an election.
    Contest,
    /// The deputy.
    Deputy,
    /// The leader.
    Leader,
    /// A failure.
    Trouble,
}

impl Colour {
    pub(super) const COUNT: usize = 7;

    /// In the order in which they are drawn: the rare ones over the others.
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::Strong, Self::Soft, Self::Line, Self::Contest, Self::Deputy, Self::Leader, Self::Trouble];

    /// Its variable in the style sheet.
    const fn variable(self) -> &'static str {
        match self {
            Self::Strong => "var(--line-strong)",
            Self::Soft => "var(--ink-soft)",
            Self::Line => "var(--line)",
            Self::Contest => "var(--contest)",
            Self::Deputy => "var(--deputy)",
            Self::Leader => "var(--leader)",
            Self::Trouble => "var(--trouble)",
        }
    }
}

/// A canvas, drawn on in units of the drawing.
pub(super) struct Surface {
    context: CanvasRenderingContext2d,
    colours: [String; Colour::COUNT],
}

/// The place of the drawing on a canvas, in pixels of the page: its scale, and its left and upper edge.
fn fit(canvas: &HtmlCanvasElement) -> Option<(f64, f64, f64)> {
    let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
    let scale = width.min(height) / SIZE;
    (scale > 0.0).then_some((scale, (width - scale * SIZE) / 2.0, (height - scale * SIZE) / 2.0))
}

/// The point of the drawing under the mouse.
pub(super) fn point(canvas: &HtmlCanvasElement, event: &MouseEvent) -> Option<Point> {
    let (scale, left, top) = fit(canvas)?;
    Some(Point {
        x: (f64::from(event.offset_x()) - left) / scale,
        y: (f64::from(event.offset_y()) - top) / scale,
    })
}

impl Surface {
    /// The surface of this canvas, with its present size; `None` while it is not visible.
    pub(super) fn on(canvas: &HtmlCanvasElement) -> Option<Self> {
        let (scale, left, top) = fit(canvas)?;
        let pixels = window().device_pixel_ratio();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size of a screen")]
        let size = |length: i32| (f64::from(length) * pixels).round() as u32;
        let (width, height) = (size(canvas.client_width()), size(canvas.client_height()));
        if (canvas.width(), canvas.height()) != (width, height) {
            canvas.set_width(width);
            canvas.set_height(height);
        }
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let scale = scale * pixels;
        context.set_transform(scale, 0.0, 0.0, scale, left * pixels, top * pixels).ok()?;
        context.set_line_cap("round");
        let colours =
            Colour::ALL.map(|colour| computed_colour(canvas, colour).unwrap_or_else(|| "gray".to_owned()));
        Some(Self { context, colours })
    }

    pub(super) fn clear(&self) {
        self.context.clear_rect(-SIZE, -SIZE, 3.0 * SIZE, 3.0 * SIZE);
    }

    /// The circle of the configured ring.
    pub(super) fn ring(&self, radius: f64) {
        self.context.begin_path();
        let _ = self.context.arc(SIZE / 2.0, SIZE / 2.0, radius, 0.0, TAU);
        self.stroke(Colour::Line, 3.0);
    }

    /// The sides of a ring that is torn apart, inside of its circle.
    pub(super) fn bands(&self, bands: &[(usize, Curve)]) {
        self.context.set_line_cap("butt");
        self.context.set_global_alpha(0.4);
        for (side, band) in bands {
            // Every second side is narrower, so that not the colour alone distinguishes them.
            let (colour, width) =
                if side % 2 == 0 { (Colour::Contest, 26.0) } else { (Colour::Deputy, 14.0) };
            self.curves(std::slice::from_ref(band), colour, width);
        }
        self.context.set_global_alpha(1.0);
        self.context.set_line_cap("round");
    }

    pub(super) fn lines(&self, lines: &[(Point, Point)], colour: Colour, width: f64) {
        if lines.is_empty() {
            return;
        }
        self.context.begin_path();
        for (from, to) in lines {
            self.context.move_to(from.x, from.y);
            self.context.line_to(to.x, to.y);
        }
        self.stroke(colour, width);
    }

    pub(super) fn curves(&self, curves: &[Curve], colour: Colour, width: f64) {
        if curves.is_empty() {
            return;
        }
        self.context.begin_path();
        for curve in curves {
            let start = curve.at(0.0);
            self.context.move_to(start.x, start.y);
            // An arc may go all the way round.
            let steps = if let Curve::Arc { .. } = curve { 96 } else { 12 };
            for step in 1..=steps {
                let point = curve.at(f64::from(step) / f64::from(steps));
                self.context.line_to(point.x, point.y);
            }
        }
        self.stroke(colour, width);
    }

    pub(super) fn dots(&self, dots: &[Point], colour: Colour, radius: f64) {
        if dots.is_empty() {
            return;
        }
        self.context.begin_path();
        for dot in dots {
            self.context.move_to(dot.x + radius, dot.y);
            let _ = self.context.arc(dot.x, dot.y, radius, 0.0, TAU);
        }
        self.context.set_fill_style_str(self.colour(colour));
        self.context.fill();
    }

    fn stroke(&self, colour: Colour, width: f64) {
        self.context.set_stroke_style_str(self.colour(colour));
        self.context.set_line_width(width);
        self.context.stroke();
    }

    fn colour(&self, colour: Colour) -> &str {
        Colour::ALL
            .iter()
            .position(|other| *other == colour)
            .and_then(|place| self.colours.get(place))
            .map_or("gray", String::as_str)
    }
}

/// The value of a colour in the present theme, in the form that a canvas accepts.
fn computed_colour(canvas: &HtmlCanvasElement, colour: Colour) -> Option<String> {
    canvas.style().set_property("color", colour.variable()).ok()?;
    window().get_computed_style(canvas).ok()??.get_property_value("color").ok()
}
