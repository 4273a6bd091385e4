//! The drawing of a scene on a canvas: one path for all that has the same look.

use std::f64::consts::TAU;

use ringleader_shared::export::svg::Scale;
use ringleader_shared::timeline::{Position, Timeline};
use wasm_bindgen::JsValue;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::scene::{Label, Line, Look, Paint, Picture, Scene, Shape};
use super::view::{Frame, GUTTER, HEAD, View};
use crate::canvas::colour;

/// The opacity of what is not lit, and of the veil over what comes after the moment that is shown.
const PALE: f64 = 0.16;
const VEIL: f64 = 0.45;

/// The least distance of two times in the margin.
const TICK: f64 = 52.0;

/// The colours of the page.
pub(super) struct Palette {
    paints: [String; Paint::ALL.len()],
    ink: String,
    soft: String,
    strong: String,
    hairline: String,
    ground: String,
    font: String,
}

impl Palette {
    pub(super) fn of(canvas: &HtmlCanvasElement) -> Self {
        let of = |name| colour(canvas, name);
        Self {
            paints: ["--ink-soft", "--contest", "--deputy", "--leader", "--trouble"].map(of),
            ink: of("--ink"),
            soft: of("--ink-soft"),
            strong: of("--line-strong"),
            hairline: of("--line"),
            ground: of("--surface"),
            font: "12px system-ui, \"Segoe UI\", \"Noto Sans\", \"DejaVu Sans\", sans-serif".to_owned(),
        }
    }

    /// Whether these are the colours of the theme that is shown.
    pub(super) fn is_of(&self, canvas: &HtmlCanvasElement) -> bool {
        self.ground == colour(canvas, "--surface")
    }

    /// Paints the ground of a picture.
    pub(super) fn fill(&self, context: &CanvasRenderingContext2d, (width, height): (f64, f64)) {
        context.set_fill_style_str(&self.ground);
        context.fill_rect(0.0, 0.0, width, height);
    }

    fn paint(&self, paint: Paint) -> &str {
        self.paints.get(paint as usize).map_or("gray", String::as_str)
    }
}

/// The things over the scene: the moment that is shown, the event that is chosen, the cursor.
pub(super) struct Over {
    pub(super) moment_y: f64,
    pub(super) selected: Option<Position>,
    pub(super) cursor: Option<Position>,
}

/// A canvas to draw on.
pub(super) struct Brush<'a> {
    pub(super) context: &'a CanvasRenderingContext2d,
    pub(super) palette: &'a Palette,
}

impl Brush<'_> {
    fn stroke(&self, colour: &str, width: f64) {
        self.context.set_stroke_style_str(colour);
        self.context.set_line_width(width);
        self.context.stroke();
    }

    fn fill(&self, colour: &str) {
        self.context.set_fill_style_str(colour);
        self.context.fill();
    }

    fn dash(&self, lengths: &[f64]) {
        let lengths: js_sys::Array = lengths.iter().map(|length| JsValue::from_f64(*length)).collect();
        let _ = self.context.set_line_dash(&lengths);
    }

    fn segment(&self, from: (f64, f64), to: (f64, f64)) {
        self.context.move_to(from.0, from.1);
        self.context.line_to(to.0, to.1);
    }

    fn cross(&self, (x, y): (f64, f64), size: f64) {
        self.segment((x - size, y - size), (x + size, y + size));
        self.segment((x - size, y + size), (x + size, y - size));
    }

    /// Writes a text that is legible on any ground.
    fn write(&self, text: &str, (x, y): (f64, f64), colour: &str) {
        self.context.set_stroke_style_str(&self.palette.ground);
        self.context.set_line_width(4.0);
        let _ = self.context.stroke_text(text, x, y);
        self.context.set_fill_style_str(colour);
        let _ = self.context.fill_text(text, x, y);
    }

    /// Draws all of it.
    pub(super) fn draw(&self, picture: &Picture<'_>, scene: &Scene, over: &Over) {
        let Frame { width, height, .. } = picture.frame;
        self.context.set_font(&self.palette.font);
        self.context.set_line_cap("butt");
        self.context.set_line_join("round");
        self.rules(scene, width);
        self.lives(picture.frame, scene);
        self.bars(scene);
        for is_lit in [false, true] {
            self.context.set_global_alpha(if is_lit { 1.0 } else { PALE });
            self.lines(scene.lines.iter().filter(|line| line.is_lit == is_lit).copied().collect());
            self.dots(scene, is_lit);
        }
        self.context.set_global_alpha(1.0);
        self.context.set_text_align("center");
        self.labels(&scene.labels);
        self.context.set_text_align("left");
        self.labels(&scene.terms);
        self.moment(over.moment_y, (width, height));
        self.around(picture, over);
        self.head(picture, scene);
        self.times(picture);
    }

    /// Draws the events of the ring as a whole.
    fn rules(&self, scene: &Scene, width: f64) {
        self.context.begin_path();
        for y in &scene.rules {
            self.segment((GUTTER, *y), (width, *y));
        }
        self.dash(&[8.0, 4.0, 1.0, 4.0]);
        self.stroke(&self.palette.strong, 1.0);
        self.dash(&[]);
    }

    fn lives(&self, frame: Frame, scene: &Scene) {
        let thick = (frame.lane() / 24.0).clamp(0.4, 1.0);
        for look in Look::ALL {
            let its = || scene.lives.iter().filter(|(other, ..)| *other == look);
            if its().next().is_none() {
                continue;
            }
            self.context.begin_path();
            for (_, x, from, to) in its() {
                match look {
                    Look::Deputy => {
                        self.segment((x - 3.5 * thick, *from), (x - 3.5 * thick, *to));
                        self.segment((x + 3.5 * thick, *from), (x + 3.5 * thick, *to));
                    }
                    Look::Hung => self.context.rect(x - 5.0 * thick, *from, 10.0 * thick, to - from),
                    _ => self.segment((*x, *from), (*x, *to)),
                }
            }
            let (paint, width, dash): (&str, f64, &[f64]) = match look {
                Look::Stopped => (&self.palette.strong, 1.0, &[1.0, 5.0]),
                Look::Starting => (&self.palette.soft, 3.0, &[2.0, 3.0]),
                Look::Follower => (&self.palette.strong, 3.0, &[]),
                Look::Candidate => (self.palette.paint(Paint::Election), 8.0, &[6.0, 4.0]),
                Look::Deputy => (self.palette.paint(Paint::Deputy), 3.0, &[]),
                Look::Leader => (self.palette.paint(Paint::Leader), 11.0, &[]),
                Look::Hung => (self.palette.paint(Paint::Trouble), 1.5, &[]),
            };
            self.dash(dash);
            self.stroke(paint, width * thick);
            self.dash(&[]);
        }
    }

    fn bars(&self, scene: &Scene) {
        for paint in Paint::ALL {
            self.context.begin_path();
            for (_, x, y, length) in scene.bars.iter().filter(|(other, ..)| *other == paint) {
                self.context.rect(*x, *y, *length, 3.0);
            }
            self.fill(self.palette.paint(paint));
        }
    }

    fn lines(&self, lines: Vec<Line>) {
        for paint in Paint::ALL {
            for dash in [&[5.0, 4.0][..], &[2.0, 3.0], &[]] {
                let is_its = |line: &&Line| line.paint == paint && pattern(line) == dash;
                let its: Vec<&Line> = lines.iter().filter(is_its).collect();
                if its.is_empty() {
                    continue;
                }
                self.context.begin_path();
                for line in &its {
                    self.segment(line.from, line.to);
                    if line.is_doubled {
                        self.segment((line.from.0, line.from.1 + 4.0), (line.to.0, line.to.1 + 4.0));
                    }
                }
                self.dash(dash);
                self.stroke(self.palette.paint(paint), 1.5);
                self.dash(&[]);
                self.context.begin_path();
                its.iter().filter(|line| line.is_lost).for_each(|line| self.cross(line.to, 5.0));
                self.stroke(self.palette.paint(paint), 2.0);
            }
        }
    }

    fn dots(&self, scene: &Scene, is_lit: bool) {
        for paint in Paint::ALL {
            let its = || scene.dots.iter().filter(|dot| (dot.paint, dot.is_lit) == (paint, is_lit));
            self.context.begin_path();
            for dot in its() {
                let (x, y) = dot.at;
                match dot.shape {
                    Shape::Small => self.circle(dot.at, 2.5),
                    Shape::Large => self.circle(dot.at, 5.0),
                    Shape::Square => self.context.rect(x - 2.5, y - 2.5, 5.0, 5.0),
                    Shape::Cross => {}
                }
            }
            self.fill(self.palette.paint(paint));
            self.context.begin_path();
            its().filter(|dot| dot.shape == Shape::Cross).for_each(|dot| self.cross(dot.at, 5.0));
            self.stroke(self.palette.paint(paint), 2.5);
        }
    }

    fn circle(&self, (x, y): (f64, f64), radius: f64) {
        self.context.move_to(x + radius, y);
        let _ = self.context.arc(x, y, radius, 0.0, TAU);
    }

    fn labels(&self, labels: &[Label]) {
        for label in labels {
            self.write(&label.text, label.at, self.palette.paint(label.paint));
        }
    }

    /// Draws the line of the moment that is shown, and a veil over what comes after it.
    fn moment(&self, y: f64, (width, height): (f64, f64)) {
        let below = y.clamp(HEAD, height);
        self.context.set_global_alpha(VEIL);
        self.context.set_fill_style_str(&self.palette.ground);
        self.context.fill_rect(0.0, below, width, height - below);
        self.context.set_global_alpha(1.0);
        if (HEAD..=height).contains(&y) {
            self.context.set_fill_style_str(self.palette.paint(Paint::Election));
            self.context.fill_rect(0.0, y - 1.0, width, 2.0);
        }
    }

    /// Draws a circle round the event that is chosen, and a square round that of the cursor.
    fn around(&self, picture: &Picture<'_>, over: &Over) {
        let place = |position: Position| {
            let event = picture.timeline.event_before(position)?;
            Some((picture.x_of(event.node.as_ref()?)?, picture.y(position)))
        };
        self.context.begin_path();
        if let Some(at) = over.selected.and_then(place) {
            self.circle(at, 9.0);
        }
        if let Some((x, y)) = over.cursor.filter(|_| over.cursor != over.selected).and_then(place) {
            self.context.rect(x - 8.5, y - 8.5, 17.0, 17.0);
        }
        self.stroke(&self.palette.ground, 5.0);
        self.stroke(&self.palette.ink, 2.0);
    }

    /// Writes the names of the nodes, as many as there is room for.
    fn head(&self, picture: &Picture<'_>, scene: &Scene) {
        self.context.set_fill_style_str(&self.palette.ground);
        self.context.fill_rect(0.0, 0.0, picture.frame.width, HEAD);
        self.context.fill_rect(0.0, 0.0, GUTTER, picture.frame.height);
        self.context.begin_path();
        self.segment((GUTTER, HEAD), (picture.frame.width, HEAD));
        self.stroke(&self.palette.hairline, 1.0);
        self.context.set_text_align("center");
        let mut free = f64::NEG_INFINITY;
        for (x, name) in scene.names.iter().filter(|(x, _)| *x > GUTTER) {
            #[expect(clippy::cast_precision_loss, reason = "the length of a name")]
            let half = name.as_str().len() as f64 * 4.5 + 3.0;
            if x - half >= free {
                self.write(name.as_str(), (*x, HEAD - 8.0), &self.palette.ink);
                free = x + half;
            }
        }
    }

    /// Writes the times in the margin.
    fn times(&self, picture: &Picture<'_>) {
        self.context.set_text_align("right");
        for (y, text) in ticks(picture.timeline, &picture.view, picture.frame) {
            self.context.set_fill_style_str(&self.palette.soft);
            let _ = self.context.fill_text(&text, GUTTER - 8.0, y + 4.0);
        }
    }
}

/// The dashes of a message: not the colour alone distinguishes what is no part of an election.
fn pattern(line: &Line) -> &'static [f64] {
    match line.paint {
        _ if line.is_lost || line.is_open => &[5.0, 4.0],
        Paint::Soft => &[2.0, 3.0],
        _ => &[],
    }
}

/// The times in the margin, with their heights.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time in a picture"
)]
fn ticks(timeline: &Timeline, view: &View, frame: Frame) -> Vec<(f64, String)> {
    let seconds = |us: f64, digits: usize| format!("{:.digits$} s", us / 1e6);
    match view.scale {
        Scale::Time => {
            // The least of 1, 2, 5, 10 … microseconds that is far enough apart.
            let far = (TICK / view.unit).max(1.0);
            let power = 10_f64.powf(far.log10().floor());
            let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power).into_iter().find(|step| *step >= far);
            let step = step.unwrap_or(far);
            let digits = (6.0 - step.log10().floor()).clamp(0.0, 6.0) as usize;
            let first = (view.at(HEAD + 6.0) / step).ceil().max(0.0);
            let places = (0..).map(|n| (first + f64::from(n)) * step);
            let places = places.map(|us| (view.y(us), seconds(us, digits)));
            places.take_while(|(y, _)| *y < frame.height - 4.0).collect()
        }
        Scale::Rows => {
            let step = (TICK / view.unit).ceil().max(1.0);
            let first = (view.at(HEAD + 6.0) / step).ceil().max(0.0);
            let rows = (0..).map(|n| (first + f64::from(n)) * step);
            let rows = rows.take_while(|row| view.y(*row) < frame.height - 4.0);
            rows.filter_map(|row| {
                let at = timeline.position_of_row(row as u64)?;
                Some((view.y(row), seconds(timeline.time_at(at) as f64, 4)))
            })
            .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::RingView;

    #[test]
    fn times_in_the_margin_are_round_and_as_exact_as_their_distance() {
        let timeline = Timeline::new(RingView::empty(), 10);
        let frame = Frame { width: 300.0, height: 224.0, lanes: 4 };
        let times = |top: f64, unit: f64| {
            let view = View { scale: Scale::Time, top, unit, left: 0.0 };
            let ticks = ticks(&timeline, &view, frame).into_iter().map(|(_, text)| text);
            ticks.collect::<Vec<_>>()
        };
        assert_eq!(times(0.0, 50.0 / 1e6), ["2 s"]);
        assert_eq!(times(3_000_000.0, 0.1), ["3.001 s"]);
        assert_eq!(times(3_000_000.0, 1.0), ["3.0001 s"]);
        assert!(times(0.0, 1.0 / 3e6).len() <= 4);
    }
}
