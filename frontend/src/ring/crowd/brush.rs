//! Drawing on a canvas in the units and colours of the page.

use std::f64::consts::TAU;

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, MouseEvent};

use crate::ring::geometry::{Curve, Point, SIZE};

/// A colour, by what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Whoever does nothing special.
    Strong,
    /// What is not there quite.
    Soft,
    /// Lines of the paper.
    Line,
    /// A contest.
    Contest,
    /// Second.
    Deputy,
    /// First.
    Leader,
    /// What is wrong.
    Trouble,
}

impl Ink {
    pub(super) const COUNT: usize = 7;

    /// In the order in which they are drawn: the rare ones over the others.
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::Strong, Self::Soft, Self::Line, Self::Contest, Self::Deputy, Self::Leader, Self::Trouble];

    /// The style sheet's name of it.
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

/// A canvas of the size that it has on the screen, drawn on in units of the drawing.
pub(super) struct Brush {
    context: CanvasRenderingContext2d,
    colours: [String; Ink::COUNT],
}

/// Where the drawing is on a canvas, in pixels of the page: its scale, and its left and upper edge.
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

impl Brush {
    /// For this canvas, which is as large as the page makes it; none while it is not to be seen.
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
        let colours = Ink::ALL.map(|ink| colour(canvas, ink).unwrap_or_else(|| "gray".to_owned()));
        Some(Self { context, colours })
    }

    pub(super) fn clear(&self) {
        self.context.clear_rect(-SIZE, -SIZE, 3.0 * SIZE, 3.0 * SIZE);
    }

    /// The circle of the configured ring.
    pub(super) fn ring(&self, radius: f64) {
        self.context.begin_path();
        let _ = self.context.arc(SIZE / 2.0, SIZE / 2.0, radius, 0.0, TAU);
        self.stroke(Ink::Line, 3.0);
    }

    /// The sides of a ring that is torn apart, inside of its circle.
    pub(super) fn bands(&self, bands: &[(usize, Curve)]) {
        self.context.set_line_cap("butt");
        self.context.set_global_alpha(0.4);
        for (side, band) in bands {
            // Every second side is narrower: not the colour alone tells them apart.
            let (ink, width) = if side % 2 == 0 { (Ink::Contest, 26.0) } else { (Ink::Deputy, 14.0) };
            self.curves(std::slice::from_ref(band), ink, width);
        }
        self.context.set_global_alpha(1.0);
        self.context.set_line_cap("round");
    }

    pub(super) fn lines(&self, lines: &[(Point, Point)], ink: Ink, width: f64) {
        if lines.is_empty() {
            return;
        }
        self.context.begin_path();
        for (from, to) in lines {
            self.context.move_to(from.x, from.y);
            self.context.line_to(to.x, to.y);
        }
        self.stroke(ink, width);
    }

    pub(super) fn curves(&self, curves: &[Curve], ink: Ink, width: f64) {
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
        self.stroke(ink, width);
    }

    pub(super) fn dots(&self, dots: &[Point], ink: Ink, radius: f64) {
        if dots.is_empty() {
            return;
        }
        self.context.begin_path();
        for dot in dots {
            self.context.move_to(dot.x + radius, dot.y);
            let _ = self.context.arc(dot.x, dot.y, radius, 0.0, TAU);
        }
        self.context.set_fill_style_str(self.colour(ink));
        self.context.fill();
    }

    fn stroke(&self, ink: Ink, width: f64) {
        self.context.set_stroke_style_str(self.colour(ink));
        self.context.set_line_width(width);
        self.context.stroke();
    }

    fn colour(&self, ink: Ink) -> &str {
        Ink::ALL
            .iter()
            .position(|other| *other == ink)
            .and_then(|place| self.colours.get(place))
            .map_or("gray", String::as_str)
    }
}

/// A colour of the style sheet as a canvas understands it: light or dark is decided.
fn colour(canvas: &HtmlCanvasElement, ink: Ink) -> Option<String> {
    canvas.style().set_property("color", ink.variable()).ok()?;
    window().get_computed_style(canvas).ok()??.get_property_value("color").ok()
}
