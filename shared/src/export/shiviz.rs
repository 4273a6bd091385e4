//! The log of [ShiViz](https://bestchai.bitbucket.io/shiviz/), which draws distributed executions.

use std::collections::HashMap;
use std::fmt::Write;

use super::stretch;
use crate::causality::{Causality, Events, is_of_life};
use crate::event::Event;
use crate::id::{Incarnation, NodeName};
use crate::text::{describe, duration};
use crate::timeline::Position;

/// The first lines of a log: the regular expression by which ShiViz reads the rest, and the delimiter of
/// several executions, of which there is one.
const HEAD: &str = "(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})\n\n";

/// The host of all that the user does. No node can be called so.
const USER: &str = "(user)";

/// A host: a start of a node, or the user.
type Host<'a> = Option<(&'a NodeName, Incarnation)>;

/// The clocks of the hosts of a stretch.
#[derive(Default)]
struct Clocks<'a> {
    /// Hosts in the order in which they appear.
    hosts: Vec<Host<'a>>,
    places: HashMap<Host<'a>, usize>,
    /// The clock of each host after its last event.
    now: Vec<Vec<u32>>,
    /// The clocks of the events that are causes of others from outside.
    of_causes: HashMap<Position, Vec<u32>>,
}

/// The events of a stretch with their vector clocks. Each host's own clock is exactly 1, 2, 3 …, whatever was
/// before the stretch; a start of a node after its first is a host of its own, `D#2`. All that the user does
/// is of one host.
///
/// An event that is before its cause on the timeline, as happens on a live ring, has a clock without it. The
/// length of the log grows with the number of events times that of hosts.
#[must_use]
pub fn shiviz<E: Events + ?Sized>(events: &E, causality: &Causality, from: Position, to: Position) -> String {
    let mut log = HEAD.to_owned();
    let mut clocks = Clocks::default();
    for (at, event) in stretch(events, from, to) {
        let place = clocks.tick(event, causality.outside(at));
        if causality.effects(at).any(|effect| causality.outside(effect) == Some(at)) {
            let now = clocks.now.get(place).cloned().unwrap_or_default();
            clocks.of_causes.insert(at, now);
        }
        let text = describe(&event.kind).replace(['\n', '\r'], " ");
        // Writing to a String can't fail.
        let _ = writeln!(log, "{text} [{}]", duration(event.at_us));
        let _ = write!(log, "{} {{", clocks.name(place));
        clocks.write(place, &mut log);
        log.push_str("}\n");
    }
    log
}

impl<'a> Clocks<'a> {
    /// Counts an event of its host that follows from a cause. Returns the place of the host.
    fn tick(&mut self, event: &'a Event, cause: Option<Position>) -> usize {
        let node = event.node.as_ref().filter(|_| is_of_life(&event.kind));
        let host = node.map(|node| (node, event.incarnation));
        let next = self.hosts.len();
        let place = *self.places.entry(host).or_insert(next);
        if place == next {
            self.hosts.push(host);
            self.now.push(Vec::new());
        }
        let Some(now) = self.now.get_mut(place) else { return place };
        let known = cause.and_then(|cause| self.of_causes.get(&cause)).map_or(&[][..], Vec::as_slice);
        now.resize(now.len().max(known.len()).max(place + 1), 0);
        now.iter_mut().zip(known).for_each(|(mine, other)| *mine = (*mine).max(*other));
        if let Some(own) = now.get_mut(place) {
            *own += 1;
        }
        place
    }

    fn name(&self, place: usize) -> String {
        match self.hosts.get(place) {
            Some(Some((node, Incarnation(0 | 1)))) => node.to_string(),
            Some(Some((node, incarnation))) => format!("{node}#{incarnation}"),
            Some(None) | None => USER.to_owned(),
        }
    }

    fn write(&self, place: usize, log: &mut String) {
        let now = self.now.get(place).map_or(&[][..], Vec::as_slice);
        let mut apart = "";
        for (other, count) in now.iter().enumerate().filter(|(_, count)| **count > 0) {
            let _ = write!(log, "{apart}\"{}\":{count}", self.name(other));
            apart = ", ";
        }
    }
}
