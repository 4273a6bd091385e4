//! Messages as lines from one node to another, with their ends.

use std::collections::HashMap;

use super::stretch;
use crate::causality::Events;
use crate::event::{Event, EventKind, MessageInfo};
use crate::fault::Injection;
use crate::id::{MessageId, NodeName};
use crate::timeline::Position;

/// A message of a stretch.
#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    pub(super) from: &'a NodeName,
    pub(super) to: &'a NodeName,
    pub(super) message: &'a MessageInfo,
    /// The position and time of its sending; `None` when that is not in the stretch.
    pub(super) sent: Option<(Position, u64)>,
    pub(super) end: End,
}

/// The end of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is on its way at the end of the stretch.
    OnItsWay,
    /// It arrived.
    Arrived(Position, u64),
    /// It arrived, and had no effect.
    Dropped(Position, u64),
    /// It never arrived: its link went down, or a fault took it.
    Lost(Position, u64),
}

impl End {
    pub(super) const fn at(self) -> Option<(Position, u64)> {
        match self {
            Self::OnItsWay => None,
            Self::Arrived(at, us) | Self::Dropped(at, us) | Self::Lost(at, us) => Some((at, us)),
        }
    }
}

/// The messages of a stretch, in the order of their first events. One that arrives twice is two.
pub(super) fn lines<E: Events + ?Sized>(events: &E, from: Position, to: Position) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut places: HashMap<&MessageId, usize> = HashMap::new();
    for (at, event) in stretch(events, from, to) {
        let Some(node) = &event.node else { continue };
        let (message, other, end) = match &event.kind {
            EventKind::Sent { message, to, .. } => {
                // On a live ring it may have arrived already.
                match places.get(&message.id).and_then(|place| lines.get_mut(*place)) {
                    Some(line) => line.sent = Some((at, event.at_us)),
                    None => {
                        places.insert(&message.id, lines.len());
                        let sent = Some((at, event.at_us));
                        lines.push(Line { from: node, to, message, sent, end: End::OnItsWay });
                    }
                }
                continue;
            }
            EventKind::Received { message, from, .. } => (message, from, End::Arrived(at, event.at_us)),
            EventKind::Dropped { message, from, .. } => (message, from, End::Dropped(at, event.at_us)),
            EventKind::Lost { message, to } => (message, to, End::Lost(at, event.at_us)),
            EventKind::Injected { message, to, fault: Injection::Cut | Injection::Drop, .. } => {
                (message, to, End::Lost(at, event.at_us))
            }
            _ => continue,
        };
        let arrives = matches!(end, End::Arrived(..) | End::Dropped(..));
        let (from, to) = if arrives { (other, node) } else { (&message.id.from, other) };
        let known = places.get(&message.id).copied();
        match known.and_then(|place| lines.get_mut(place)) {
            Some(line) if is_later(line.end, end) => line.end = end,
            Some(line) => {
                let sent = line.sent;
                places.insert(&message.id, lines.len());
                lines.push(Line { from, to, message, sent, end });
            }
            None => {
                places.insert(&message.id, lines.len());
                lines.push(Line { from, to, message, sent: None, end });
            }
        }
    }
    lines
}

/// Whether a message whose end was the first has the second one: a receipt is followed by its drop.
const fn is_later(end: End, next: End) -> bool {
    matches!((end, next), (End::OnItsWay, _) | (End::Arrived(..), End::Dropped(..)))
}

/// Whether an event is one in the life of a process, as diagrams show them.
pub(super) const fn changes_life(event: &Event) -> bool {
    matches!(
        event.kind,
        EventKind::Spawned { .. } | EventKind::Exited { .. } | EventKind::Paused | EventKind::Resumed
    )
}
