//! The marks that a message or a heartbeat leaves for a moment: a lit link, a ripple, a pulse.

use ringleader_shared::NodeName;

use super::geometry::{Curve, Point};
use super::surface::{Colour, Surface};

/// The duration of a flash, in milliseconds.
const FLASH_MS: f64 = 650.0;

/// The duration of a heartbeat's pulse, in milliseconds.
const PULSE_MS: f64 = 900.0;

/// The duration of a mark when motion is reduced, in milliseconds: it stands still.
const STILL_MS: f64 = 1_200.0;

/// A mark and its place. There is at most one of each: several on top of each other could not be
/// distinguished.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// A message crossed a link, so fast that it did not move visibly.
    Crossed {
        /// Its sender and its receiver.
        link: (NodeName, NodeName),
        /// The line of the link.
        curve: Curve,
        /// Its colour.
        colour: Colour,
    },
    /// A message arrived at a node.
    Landed {
        /// The middle of the node.
        at: Point,
        /// The radius of the node.
        radius: f64,
        /// The message's colour.
        colour: Colour,
    },
    /// A heartbeat went along this line and back.
    Pulse(Curve),
}

#[derive(Debug)]
struct Flash {
    mark: Mark,
    /// Words beside the mark.
    words: String,
    began: f64,
}

impl Flash {
    fn lasts(&self, still: bool) -> f64 {
        match self.mark {
            _ if still => STILL_MS,
            Mark::Crossed { .. } | Mark::Landed { .. } => FLASH_MS,
            Mark::Pulse(..) => PULSE_MS,
        }
    }

    /// The share of its time that is over, from 0; above 1 when all of it is.
    fn age(&self, now: f64, still: bool) -> f64 {
        (now - self.began) / self.lasts(still)
    }
}

/// The marks that are shown. Times are in milliseconds of the page's clock.
#[derive(Debug, Default)]
pub(super) struct Flashes {
    all: Vec<Flash>,
}

impl Flashes {
    /// Shows a mark from now on. One that is shown already begins again.
    pub(super) fn show(&mut self, mark: Mark, words: String, now: f64) {
        if let Mark::Crossed { link, .. } = &mark
            && !words.is_empty()
        {
            // Two texts in one place would be illegible.
            let is_here = |other: &Mark| matches!(other, Mark::Crossed { link: other, .. } if other == link);
            self.all.iter_mut().filter(|flash| is_here(&flash.mark)).for_each(|flash| flash.words.clear());
        }
        match self.all.iter_mut().find(|flash| flash.mark == mark) {
            Some(flash) => *flash = Flash { mark, words, began: now },
            None => self.all.push(Flash { mark, words, began: now }),
        }
    }

    /// Removes the marks that are over.
    pub(super) fn expire(&mut self, now: f64, still: bool) {
        self.all.retain(|flash| flash.age(now, still) < 1.0);
    }

    /// Removes all marks.
    pub(super) fn clear(&mut self) {
        self.all.clear();
    }

    /// Whether no mark is shown.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Draws the marks, with text of this size.
    pub(super) fn draw(&self, surface: &Surface, now: f64, still: bool, text_size: f64) {
        for flash in &self.all {
            let age = if still { 0.0 } else { flash.age(now, still) };
            // Quick at first, then slower.
            let rest = (1.0 - age) * (1.0 - age);
            match &flash.mark {
                Mark::Crossed { curve, colour, .. } => {
                    let width = if *colour == Colour::Strong { 7.0 } else { 16.0 };
                    surface.fade(0.95 * rest);
                    surface.curves(std::slice::from_ref(curve), *colour, width);
                    if !flash.words.is_empty() {
                        surface.fade(1.0 - age * age);
                        surface.words(&flash.words, curve.at(0.5), text_size, *colour);
                    }
                }
                Mark::Landed { at, radius, colour } => {
                    surface.fade(0.9 * rest);
                    surface.circle(*at, (radius + 4.0) * (1.22 - 0.22 * rest), *colour, 6.0);
                }
                Mark::Pulse(curve) => {
                    let rising = if still { 1.0 } else { (4.0 * age).min(1.0) };
                    surface.fade(0.7 * rising * ((1.0 - age) / 0.75).min(1.0));
                    surface.curves(std::slice::from_ref(curve), Colour::Deputy, 7.0);
                }
            }
        }
        surface.fade(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::geometry::Layout;
    use crate::testing::name;

    fn crossed(colour: Colour) -> Mark {
        let layout = Layout::new((0..4).map(NodeName::nth).collect());
        let curve = layout.curve(&name("A"), &name("B")).expect("a link");
        Mark::Crossed { link: (name("A"), name("B")), curve, colour }
    }

    #[test]
    fn the_same_mark_begins_again_and_another_stands_beside_it() {
        let mut flashes = Flashes::default();
        flashes.show(crossed(Colour::Election), String::new(), 0.0);
        flashes.show(crossed(Colour::Leader), String::new(), 100.0);
        flashes.show(crossed(Colour::Election), String::new(), 500.0);
        assert_eq!(flashes.all.len(), 2);
        flashes.expire(800.0, false);
        assert_eq!(flashes.all.len(), 1, "the older one is over");
        flashes.expire(1150.0, false);
        assert!(flashes.is_empty());
    }

    #[test]
    fn a_link_has_the_words_of_its_latest_mark_only() {
        let mut flashes = Flashes::default();
        flashes.show(crossed(Colour::Election), "310 µs".to_owned(), 0.0);
        flashes.show(crossed(Colour::Leader), "290 µs".to_owned(), 1.0);
        let words: Vec<&str> = flashes.all.iter().map(|flash| flash.words.as_str()).collect();
        assert_eq!(words, ["", "290 µs"]);
    }

    #[test]
    fn a_mark_that_stands_still_stays_longer() {
        let mut flashes = Flashes::default();
        let layout = Layout::new((0..4).map(NodeName::nth).collect());
        let curve = layout.straight(&name("C"), &name("D")).expect("a line");
        flashes.show(Mark::Pulse(curve), String::new(), 0.0);
        flashes.expire(1_000.0, true);
        assert!(!flashes.is_empty());
        flashes.expire(1_000.0, false);
        assert!(flashes.is_empty());
    }
}
