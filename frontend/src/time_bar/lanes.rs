//! The drawing of the bar: above, the marks of what people look for; below, how many events there were.

use std::collections::BTreeMap;

use ringleader_shared::timeline::{Mark, MarkKind, Timeline};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::window::Window;
use crate::canvas::{cleared, colour};
use crate::maths::ln;

/// The height of the lane of marks, in pixels of the page.
const MARKS: f64 = 18.0;

/// The least width of a bar, in pixels of the page.
const LEAST: f64 = 1.5;

/// The least distance of two marks of a kind, in pixels of the page: one stands for both.
const APART: f64 = 7.0;

/// The distance within which a mark is under the pointer.
const NEAR: f64 = 7.0;

/// The look of a mark: a letter that the colour alone need not say.
const fn look(kind: MarkKind) -> (&'static str, &'static str) {
    match kind {
        MarkKind::Run => ("|", "--ink-soft"),
        MarkKind::Elected => ("●", "--leader"),
        MarkKind::Takeover => ("▲", "--leader"),
        MarkKind::NewDeputy => ("◆", "--deputy"),
        MarkKind::Death => ("✕", "--trouble"),
        MarkKind::Start => ("○", "--ink"),
        MarkKind::Fault => ("▼", "--trouble"),
        MarkKind::Repair => ("▽", "--ink"),
        MarkKind::SplitBrain => ("‖", "--trouble"),
        MarkKind::Missing => ("?", "--trouble"),
    }
}

/// A mark in words.
pub(super) fn describe(mark: &Mark) -> String {
    let node = mark.node.as_ref().map(|node| node.to_string()).unwrap_or_default();
    match mark.kind {
        MarkKind::Run => "the run begins".to_owned(),
        MarkKind::Elected => format!("{node} is elected"),
        MarkKind::Takeover => format!("{node} takes over"),
        MarkKind::NewDeputy => format!("{node} has another deputy"),
        MarkKind::Death => format!("{node} dies"),
        MarkKind::Start => format!("{node} is started"),
        MarkKind::Fault if node.is_empty() => "a fault".to_owned(),
        MarkKind::Fault => format!("{node} is paused"),
        MarkKind::Repair if node.is_empty() => "a repair".to_owned(),
        MarkKind::Repair => format!("{node} goes on"),
        MarkKind::SplitBrain => "live members follow different leaders".to_owned(),
        MarkKind::Missing => "events are missing here".to_owned(),
    }
}

/// The marks that are drawn, with their places in pixels: of several in one place, the first of each kind.
fn drawn<'a>(
    timeline: &'a Timeline,
    window: Window,
    width: f64,
) -> impl Iterator<Item = (f64, &'a Mark)> + 'a {
    let mut last: BTreeMap<MarkKind, f64> = BTreeMap::new();
    timeline.marks_between(window.from, window.to).filter_map(move |mark| {
        let x = window.share(mark.at_us) * width;
        let is_apart = last.get(&mark.kind).is_none_or(|last| x - last >= APART);
        is_apart.then(|| {
            last.insert(mark.kind, x);
            (x, mark)
        })
    })
}

/// The mark under the pointer, by its place in pixels.
pub(super) fn mark_at(timeline: &Timeline, window: Window, width: f64, x: f64) -> Option<&Mark> {
    let near = drawn(timeline, window, width).filter(|(at, _)| (at - x).abs() <= NEAR);
    near.min_by(|(one, _), (other, _)| (one - x).abs().total_cmp(&(other - x).abs())).map(|(_, mark)| mark)
}

/// Draws the part of a timeline in this stretch of time, as large as the canvas is on the page.
pub(super) fn draw(canvas: &HtmlCanvasElement, timeline: &Timeline, window: Window) -> Option<()> {
    let (context, width, height) = cleared(canvas)?;
    context.set_fill_style_str(&colour(canvas, "--line-strong"));
    bars(&context, timeline, window, (width, height));
    context.set_font("13px sans-serif");
    context.set_text_align("center");
    // Reading a colour makes the browser compute styles: each is read once.
    let mut colours: BTreeMap<&str, String> = BTreeMap::new();
    for (x, mark) in drawn(timeline, window, width) {
        let (glyph, name) = look(mark.kind);
        context.set_fill_style_str(colours.entry(name).or_insert_with(|| colour(canvas, name)));
        let _ = context.fill_text(glyph, x, MARKS - 5.0);
    }
    Some(())
}

/// Draws a bar for each pixel in which there are events, the higher the more of them.
fn bars(
    context: &CanvasRenderingContext2d,
    timeline: &Timeline,
    window: Window,
    (width, height): (f64, f64),
) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a width of a screen")]
    let counts = timeline.density(window.from, window.to, width as u32);
    let most = counts.iter().copied().max().unwrap_or_default();
    if most == 0 {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "a height in pixels")]
    let size = |count: u64| ln((count + 1) as f64);
    let room = height - MARKS - 2.0;
    context.begin_path();
    for (x, count) in (0_u32..).zip(counts) {
        if count > 0 {
            let tall = (room * size(count) / size(most)).max(4.0);
            context.rect(f64::from(x), height - tall, LEAST, tall);
        }
    }
    context.fill();
}
