//! Stretches of a ring's history in the formats of other tools.
//!
//! Each format is one pure function of events: [`shiviz`](shiviz::shiviz), [`mermaid`](mermaid::mermaid),
//! [`perfetto`](perfetto::perfetto), [`svg`](svg::svg) and [`elections`](csv::elections). A stretch is that
//! of the events after one position up to another.

pub mod csv;
pub mod mermaid;
mod messages;
pub mod perfetto;
pub mod shiviz;
pub mod svg;

use crate::causality::Events;
use crate::event::Event;
use crate::timeline::Position;

/// The events of a stretch, each with the position after it.
fn stretch<E: Events + ?Sized>(
    events: &E,
    from: Position,
    to: Position,
) -> impl Iterator<Item = (Position, &Event)> {
    let (from, to) = (from.max(events.begin()), to.min(events.end()));
    (from.0 + 1..=to.0).filter_map(|at| Some((Position(at), events.event(Position(at))?)))
}
