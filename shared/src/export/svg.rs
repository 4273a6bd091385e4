//! The space-time diagram as a picture: nodes as lanes, time downwards, messages as slanted lines.

mod bands;

use std::fmt::Write;

use self::bands::{Band, bands};
use super::messages::{End, Line, changes_life, lines};
use super::stretch;
use crate::causality::Events;
use crate::event::{Event, EventKind};
use crate::id::NodeName;
use crate::text::{describe, duration, message};
use crate::timeline::{Moment, Position};

/// The distance of two lanes.
const LANE: f64 = 90.0;
/// The room above the diagram and on its left.
const TOP: f64 = 40.0;
const LEFT: f64 = 90.0;
const BAND: f64 = 14.0;
/// The height for one event, and its limits for all.
const ROW: f64 = 4.0;
const LEAST: f64 = 240.0;
const MOST: f64 = 6_000.0;

/// The colours: those of the page, where it is shown there; else its own, light or dark. A program that knows
/// no variables takes the attributes of the groups.
const STYLE: &str = "\
.rd{--i:var(--ink,#1d2430);--p:var(--surface,#fff);--l:var(--leader,#13704a);--d:var(--deputy,#8a5600);\
--c:var(--contest,#5b3fc4);--f:var(--ink-soft,#8a94a6);--x:var(--trouble,#b3261e)}\
@media(prefers-color-scheme:dark){.rd{--i:var(--ink,#e6e9ef);--p:var(--surface,#14181f);\
--l:var(--leader,#4fce95);--d:var(--deputy,#f1bd55);--c:var(--contest,#a995ff);--f:var(--ink-soft,#6b7588);\
--x:var(--trouble,#ff8a80)}}\
.rd .page{fill:var(--p)}.rd .ink{fill:var(--i)}.rd .leader{fill:var(--l)}.rd .deputy{fill:var(--d)}\
.rd .candidate{fill:var(--c)}.rd .follower{fill:var(--f)}.rd .hung{fill:none;stroke:var(--f)}\
.rd .sent{stroke:var(--i)}.rd .lost{stroke:var(--x)}.rd .lane{stroke:var(--f)}.rd .life{stroke:var(--i)}";

/// The meaning of a distance downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Time.
    Time,
    /// One row for each event: idle time takes no room.
    Rows,
}

/// A position and its time.
type Place = (Position, u64);

/// A picture of a stretch.
struct Picture<'a> {
    scale: Scale,
    lanes: Vec<&'a NodeName>,
    from: Place,
    to: Place,
    height: f64,
    text: String,
}

/// The events after a moment up to a position, as a picture. Its colours follow the page that it is put in,
/// else the reader's preference of light or dark. Its size follows from the number of events.
#[must_use]
pub fn svg<E: Events + ?Sized>(events: &E, moment: &Moment, to: Position, scale: Scale) -> String {
    let from = moment.position();
    let lines = lines(events, from, to);
    let mut lanes: Vec<&NodeName> = moment.view().nodes.iter().map(|node| &node.name).collect();
    let mut count = 0.0;
    let (mut from_us, mut to_us) = (None, 0);
    for (_, event) in stretch(events, from, to) {
        count += 1.0;
        to_us = event.at_us.max(to_us);
        from_us.get_or_insert(event.at_us);
        let configured = match &event.kind {
            EventKind::RunStarted { members, .. } => members.as_slice(),
            _ => &[],
        };
        for node in configured.iter().map(|member| &member.name).chain(&event.node) {
            if !lanes.contains(&node) {
                lanes.push(node);
            }
        }
    }
    let (from_us, height) = (from_us.unwrap_or_default(), f64::clamp(count * ROW, LEAST, MOST));
    let ends = ((from, from_us), (to, to_us.max(from_us)));
    let mut picture = Picture { scale, lanes, from: ends.0, to: ends.1, height, text: String::new() };
    picture.begin();
    picture.bands(&bands(events, moment, ends));
    picture.messages(&lines);
    picture.lives(stretch(events, from, to).filter(|(_, event)| changes_life(event)));
    picture.text.push_str("</svg>\n");
    picture.text
}

/// A text as it stands in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Picture<'_> {
    fn x(&self, node: &NodeName) -> f64 {
        let lane = self.lanes.iter().position(|lane| *lane == node).unwrap_or_default();
        LEFT + LANE * (lane as f64 + 0.5)
    }

    fn y(&self, (at, us): Place) -> f64 {
        let part = |from: u64, here: u64, to: u64| {
            here.clamp(from, to).saturating_sub(from) as f64 / to.saturating_sub(from).max(1) as f64
        };
        TOP + self.height
            * match self.scale {
                Scale::Time => part(self.from.1, us, self.to.1),
                Scale::Rows => part(self.from.0.0, at.0, self.to.0.0),
            }
    }

    /// Writes a line of the picture; writing to a String can't fail.
    fn put(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = self.text.write_fmt(line);
        self.text.push('\n');
    }

    fn begin(&mut self) {
        let width = LEFT + LANE * self.lanes.len() as f64 + 10.0;
        let (height, nodes) = (TOP + self.height + 20.0, self.lanes.len());
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"rd\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" font-family=\"system-ui,sans-serif\" font-size=\"12\">"
        ));
        let time = duration(self.to.1 - self.from.1);
        self.put(format_args!("<title>{nodes} nodes, {time}</title>\n<style>{STYLE}</style>"));
        self.put(format_args!("<rect class=\"page\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>"));
        self.put(format_args!("<g class=\"ink\" fill=\"#1d2430\">"));
        for lane in self.lanes.clone() {
            let x = self.x(lane);
            self.put(format_args!(
                "<text x=\"{x}\" y=\"24\" text-anchor=\"middle\" font-weight=\"600\">{lane}</text>"
            ));
        }
        if self.scale == Scale::Time {
            for part in 0..=5 {
                let us = self.from.1 + (self.to.1 - self.from.1) * part / 5;
                let (y, time) = (self.y((self.from.0, us)) + 4.0, duration(us));
                let x = LEFT - 10.0;
                self.put(format_args!("<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{time}</text>"));
            }
        }
        self.put(format_args!("</g>\n<g class=\"lane\" stroke=\"#8a94a6\" stroke-dasharray=\"1 5\">"));
        let bottom = TOP + self.height;
        for lane in self.lanes.clone() {
            let x = self.x(lane);
            self.put(format_args!("<path d=\"M{x} {TOP}V{bottom}\"/>"));
        }
        self.put(format_args!("</g>"));
    }

    fn bands(&mut self, bands: &[Band<'_>]) {
        for band in bands {
            let (x, y) = (self.x(band.node) - BAND / 2.0, self.y(band.from));
            let height = self.y(band.to) - y;
            let (class, colour) = band.colour();
            self.put(format_args!(
                "<rect class=\"{class}\" fill=\"{colour}\" x=\"{x}\" y=\"{y:.1}\" width=\"{BAND}\" height=\"{height:.1}\">\
                 <title>{} {}</title></rect>",
                band.node,
                escaped(&band.text())
            ));
        }
    }

    fn messages(&mut self, lines: &[Line<'_>]) {
        for line in lines {
            let (x, y) = (self.x(line.from), self.y(line.sent.unwrap_or(self.from)));
            let (far_x, far_y) = (self.x(line.to), self.y(line.end.at().unwrap_or(self.to)));
            let is_lost = matches!(line.end, End::Lost(..) | End::Dropped(..));
            // A message that never arrives ends on its way.
            let part = if matches!(line.end, End::Lost(..)) { 0.6 } else { 1.0 };
            let (end_x, end_y) = (x + (far_x - x) * part, y + (far_y - y) * part);
            let (class, colour) = if is_lost { ("lost", "#b3261e") } else { ("sent", "#1d2430") };
            let dash = if line.end == End::OnItsWay { " stroke-dasharray=\"4 3\"" } else { "" };
            let cross = if is_lost {
                format!("M{:.1} {:.1}l8 8m0 -8l-8 8", end_x - 4.0, end_y - 4.0)
            } else {
                String::new()
            };
            let title = escaped(&format!("{} to {}: {}", line.from, line.to, message(line.message)));
            self.put(format_args!(
                "<path class=\"{class}\" stroke=\"{colour}\" fill=\"none\"{dash} d=\"M{x:.1} {y:.1}L{end_x:.1} {end_y:.1}{cross}\">\
                 <title>{title}</title></path>"
            ));
        }
    }

    fn lives<'e>(&mut self, events: impl Iterator<Item = (Position, &'e Event)>) {
        for (at, event) in events {
            let Some(node) = &event.node else { continue };
            let (x, y) = (self.x(node), self.y((at, event.at_us)));
            let shape = match event.kind {
                EventKind::Exited { .. } => format!("M{} {}l16 16m0 -16l-16 16", x - 8.0, y - 8.0),
                EventKind::Paused => format!("M{} {y}h20", x - 10.0),
                _ => format!("M{} {y}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0", x - 5.0),
            };
            let title = escaped(&format!("{node}: {}", describe(&event.kind)));
            self.put(format_args!(
                "<path class=\"life\" stroke=\"#1d2430\" stroke-width=\"2\" fill=\"none\" d=\"{shape}\">\
                 <title>{title}</title></path>"
            ));
        }
    }
}
