//! Drawing on a canvas in the units of the drawing and the colours of the page.

use std::f64::consts::TAU;

use leptos::html;
use leptos::prelude::{Get, LocalStorage, NodeRef, Notify, RwSignal, Set, Track, Trigger, document, window};
use ringleader_shared::event::MessageKind;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, MouseEvent, Path2d};

use super::geometry::{Curve, Point, SIZE};
use crate::canvas::colour;
use crate::components::theme::Theme;
use crate::reactive::{self, rounded};
use crate::resize::on_resize;

/// A colour, by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// A follower, or an ordinary message.
    Strong,
    /// A node that is paused or starting.
    Soft,
    /// Lines of the background.
    Line,
    /// A candidate, or a message of an election.
    Election,
    /// The deputy.
    Deputy,
    /// The leader.
    Leader,
    /// A failure.
    Trouble,
    /// A link through relays.
    Relay,
    /// The ground.
    Ground,
    /// A letter on one of the colours above.
    Letters,
    /// Words.
    Ink,
    /// The inside of a node.
    Wash,
}

impl Colour {
    pub(super) const COUNT: usize = 12;

    /// All colours in the order in which they are drawn: the rare ones over the others.
    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Strong,
        Self::Soft,
        Self::Line,
        Self::Election,
        Self::Deputy,
        Self::Leader,
        Self::Trouble,
        Self::Relay,
        Self::Ground,
        Self::Letters,
        Self::Ink,
        Self::Wash,
    ];

    /// The colour of a message.
    pub(crate) const fn of(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Election | MessageKind::Classic => Self::Election,
            MessageKind::DeputySearch
            | MessageKind::RollCall
            | MessageKind::Found
            | MessageKind::Vacant
            | MessageKind::Inquiry => Self::Deputy,
            MessageKind::Elected => Self::Leader,
            MessageKind::StateUpdate | MessageKind::Lease => Self::Strong,
        }
    }

    /// Its variable in the style sheet.
    const fn variable(self) -> &'static str {
        match self {
            Self::Strong => "--line-strong",
            Self::Soft => "--ink-soft",
            Self::Line => "--line",
            Self::Election => "--contest",
            Self::Deputy => "--deputy",
            Self::Leader => "--leader",
            Self::Trouble => "--trouble",
            Self::Relay => "--relay",
            Self::Ground => "--surface",
            Self::Letters => "--on-colour",
            Self::Ink => "--ink",
            Self::Wash => "--sunken",
        }
    }
}

/// A canvas, drawn on in units of the drawing.
pub(super) struct Surface {
    context: CanvasRenderingContext2d,
    /// The scale from the drawing to the canvas, and the place of the drawing's corner on it.
    place: (f64, f64, f64),
    colours: [String; Colour::COUNT],
    fonts: String,
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
        Some(Self::made(canvas, context, (scale * pixels, left * pixels, top * pixels)))
    }

    /// The surface of a canvas that is on the page and not seen, of this width in pixels, with so much room
    /// below the drawing, in its units.
    pub(super) fn off_screen(width: u32, below: f64) -> Option<(HtmlCanvasElement, Self)> {
        let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
        canvas.set_hidden(true);
        document().body()?.append_child(&canvas).ok()?;
        let scale = f64::from(width) / SIZE;
        canvas.set_width(width);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size of a picture")]
        canvas.set_height(((SIZE + below) * scale).round() as u32);
        // Its pixels are read after each drawing.
        let options = js_sys::Object::new();
        js_sys::Reflect::set(&options, &"willReadFrequently".into(), &true.into()).ok()?;
        let context = canvas.get_context_with_context_options("2d", &options);
        let surface = context
            .ok()
            .flatten()
            .and_then(|context| context.dyn_into().ok())
            .map(|context| Self::made(&canvas, context, (scale, 0.0, 0.0)));
        if surface.is_none() {
            canvas.remove();
        }
        surface.map(|surface| (canvas, surface))
    }

    fn made(canvas: &HtmlCanvasElement, context: CanvasRenderingContext2d, place: (f64, f64, f64)) -> Self {
        context.set_line_cap("round");
        context.set_line_join("round");
        context.set_text_align("center");
        let colours = Colour::ALL.map(|of| colour(canvas, of.variable()));
        let fonts = computed(canvas, "font-family").unwrap_or_else(|| "sans-serif".to_owned());
        let surface = Self { context, place, colours, fonts };
        surface.move_to(Point { x: 0.0, y: 0.0 }, 1.0);
        surface
    }

    /// Paints the ground under all that was drawn.
    pub(super) fn under(&self) {
        let _ = self.context.set_global_composite_operation("destination-over");
        self.context.set_fill_style_str(self.colour(Colour::Ground));
        self.context.fill_rect(-SIZE, -SIZE, 3.0 * SIZE, 3.0 * SIZE);
        let _ = self.context.set_global_composite_operation("source-over");
    }

    /// The pixels of so large a part, as red, green, blue and opacity.
    pub(super) fn pixels(&self, width: u32, height: u32) -> Option<Vec<u8>> {
        let pixels = self.context.get_image_data(0.0, 0.0, width.into(), height.into()).ok()?;
        Some(pixels.data().0)
    }

    /// A colour as red, green and blue.
    pub(super) fn rgb(&self, colour: Colour) -> Option<[u8; 3]> {
        let text = self.colour(colour);
        let mut numbers =
            text.split(|it: char| !it.is_ascii_digit()).filter_map(|number| number.parse().ok());
        Some([numbers.next()?, numbers.next()?, numbers.next()?])
    }

    /// Moves the origin to this point, and scales what is drawn from now on.
    fn move_to(&self, origin: Point, scale: f64) {
        let (unit, left, top) = self.place;
        let (x, y) = (left + unit * origin.x, top + unit * origin.y);
        let _ = self.context.set_transform(unit * scale, 0.0, 0.0, unit * scale, x, y);
    }

    /// Sets the opacity of what is drawn from now on, from 0 to 1.
    pub(super) fn fade(&self, opacity: f64) {
        self.context.set_global_alpha(opacity);
    }

    pub(super) fn clear(&self) {
        self.context.clear_rect(-SIZE, -SIZE, 3.0 * SIZE, 3.0 * SIZE);
    }

    /// Draws the circle of the configured ring.
    pub(super) fn ring(&self, radius: f64) {
        self.circle(Point { x: SIZE / 2.0, y: SIZE / 2.0 }, radius, Colour::Line, 3.0);
    }

    /// Draws the sides of a partitioned ring, inside of its circle.
    pub(super) fn bands(&self, bands: &[(usize, Curve)]) {
        self.context.set_line_cap("butt");
        self.context.set_global_alpha(0.4);
        for (side, band) in bands {
            // Every second side is narrower, so that not the colour alone distinguishes them.
            let (colour, width) =
                if side % 2 == 0 { (Colour::Election, 26.0) } else { (Colour::Deputy, 14.0) };
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
            match curve {
                Curve::Arc { radius, from, to } => {
                    let centre = SIZE / 2.0;
                    let _ =
                        self.context.arc_with_anticlockwise(centre, centre, *radius, *from, *to, to < from);
                }
                Curve::Bends { bends, .. } => {
                    for (control, end) in bends {
                        self.context.quadratic_curve_to(control.x, control.y, end.x, end.y);
                    }
                }
                Curve::Loop { first, second, end, .. } => {
                    self.context.bezier_curve_to(first.x, first.y, second.x, second.y, end.x, end.y);
                }
            }
        }
        self.stroke(colour, width);
    }

    /// Draws a circle round a point.
    pub(super) fn circle(&self, centre: Point, radius: f64, colour: Colour, width: f64) {
        self.context.begin_path();
        let _ = self.context.arc(centre.x, centre.y, radius, 0.0, TAU);
        self.stroke(colour, width);
    }

    /// Draws a filled circle.
    pub(super) fn disc(&self, centre: Point, radius: f64, colour: Colour) {
        self.dots(&[centre], colour, radius);
    }

    /// Draws a polygon through these points, as the `points` of an SVG polygon.
    pub(super) fn polygon(&self, points: &str, colour: Colour) {
        let numbers: Vec<&str> = points.split([' ', ',']).collect();
        let corners: Vec<String> = numbers.chunks(2).map(|corner| corner.join(" ")).collect();
        if let Ok(path) = Path2d::new_with_path_string(&format!("M{} Z", corners.join(" L"))) {
            self.context.set_fill_style_str(self.colour(colour));
            self.context.fill_with_path_2d(&path);
        }
    }

    /// Draws text centred at a point.
    pub(super) fn letters(&self, words: &str, at: Point, size: f64, colour: Colour) {
        self.context.set_font(&format!("700 {}px {}", rounded(size), self.fonts));
        self.context.set_fill_style_str(self.colour(colour));
        let _ = self.context.fill_text(words, at.x, at.y);
    }

    /// Draws text centred at a point, legible on any ground.
    pub(super) fn words(&self, words: &str, at: Point, size: f64, colour: Colour) {
        self.context.set_font(&format!("{}px {}", rounded(size), self.fonts));
        self.context.set_stroke_style_str(self.colour(Colour::Ground));
        self.context.set_line_width(9.0);
        let _ = self.context.stroke_text(words, at.x, at.y);
        self.context.set_fill_style_str(self.colour(colour));
        let _ = self.context.fill_text(words, at.x, at.y);
    }

    /// Draws tokens of this outline, with their letter. Each has its place and its opacity.
    pub(super) fn tokens(
        &self,
        (outline, letter): (&str, &str),
        tokens: &[(Point, f64)],
        colour: Colour,
        scale: f64,
    ) {
        let Ok(outline) = Path2d::new_with_path_string(outline) else { return };
        self.context.set_font(&format!("700 24px {}", self.fonts));
        for (at, opacity) in tokens {
            self.fade(*opacity);
            self.move_to(*at, scale);
            self.context.set_fill_style_str(self.colour(colour));
            self.context.fill_with_path_2d(&outline);
            self.context.set_fill_style_str(self.colour(Colour::Letters));
            let _ = self.context.fill_text(letter, 0.0, 8.0);
        }
        self.fade(1.0);
        self.move_to(Point { x: 0.0, y: 0.0 }, 1.0);
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
        self.colours.get(colour as usize).map_or("gray", String::as_str)
    }
}

fn computed(canvas: &HtmlCanvasElement, property: &str) -> Option<String> {
    window().get_computed_style(canvas).ok()??.get_property_value(property).ok()
}

/// The surface of a canvas, made anew when the size of the canvas or the theme changes: reading sizes and
/// colours is expensive.
pub(super) fn surface_of(canvas: NodeRef<html::Canvas>) -> RwSignal<Option<Surface>, LocalStorage> {
    let surface = RwSignal::new_local(None);
    let resized = Trigger::new();
    let dark = Theme::here().dark;
    reactive::effect(move || {
        resized.track();
        dark.track();
        surface.set(canvas.get().and_then(|canvas| Surface::on(&canvas)));
    });
    reactive::effect(move || {
        if let Some(canvas) = canvas.get() {
            on_resize(&[canvas.unchecked_into()], move || resized.notify());
        }
    });
    surface
}
