//! A trace for [Perfetto](https://ui.perfetto.dev): a track for each node, with its roles as slices, its
//! events as instants, and its messages as flows.

mod proto;

use self::proto::Proto;
use super::stretch;
use crate::causality::{Causality, Events};
use crate::event::{Event, EventKind};
use crate::id::{NodeName, Term};
use crate::role::Role;
use crate::text::describe;
use crate::timeline::{Moment, Position};

/// Numbers of fields in the messages of Perfetto's `trace.proto` and what it names.
mod field {
    pub(super) const PACKET: u32 = 1;

    pub(super) mod packet {
        pub(in super::super) const TIMESTAMP: u32 = 8;
        pub(in super::super) const SEQUENCE_ID: u32 = 10;
        pub(in super::super) const TRACK_EVENT: u32 = 11;
        pub(in super::super) const SEQUENCE_FLAGS: u32 = 13;
        pub(in super::super) const TRACK_DESCRIPTOR: u32 = 60;
    }

    pub(super) mod track {
        pub(in super::super) const UUID: u32 = 1;
        pub(in super::super) const NAME: u32 = 2;
        pub(in super::super) const PARENT: u32 = 5;
        pub(in super::super) const CHILD_ORDERING: u32 = 11;
        pub(in super::super) const RANK: u32 = 12;
    }

    pub(super) mod event {
        pub(in super::super) const ANNOTATION: u32 = 4;
        pub(in super::super) const TYPE: u32 = 9;
        pub(in super::super) const TRACK: u32 = 11;
        pub(in super::super) const NAME: u32 = 23;
        pub(in super::super) const FLOW: u32 = 47;
        pub(in super::super) const LAST_FLOW: u32 = 48;
    }

    pub(super) mod annotation {
        pub(in super::super) const NUMBER: u32 = 3;
        pub(in super::super) const TEXT: u32 = 6;
        pub(in super::super) const NAME: u32 = 10;
    }
}

/// `SEQ_INCREMENTAL_STATE_CLEARED`: nothing before the first packet is missing.
const FIRST: u64 = 1;
/// `EXPLICIT`: tracks stand in the order of their ranks.
const IN_ORDER: u64 = 3;
/// The track of the ring as a whole; those of nodes follow.
const RING: u64 = 1;

#[derive(Clone, Copy)]
enum EventType {
    SliceBegin = 1,
    SliceEnd = 2,
    Instant = 3,
}

struct Trace<'a> {
    bytes: Proto,
    /// The nodes in the order of their tracks, each with its role, while it has one.
    nodes: Vec<(&'a NodeName, Option<(Role, Term)>)>,
    now_us: u64,
}

/// The events after a moment up to a position, as a trace file. A flow leads from each sending to its
/// receipts. Times are those of the events, in nanoseconds.
#[must_use]
pub fn perfetto<E: Events + ?Sized>(
    events: &E,
    causality: &Causality,
    moment: &Moment,
    to: Position,
) -> Vec<u8> {
    let from = moment.position();
    let first_us = stretch(events, from, to).next().map_or(0, |(_, event)| event.at_us);
    let mut trace = Trace { bytes: Proto::default(), nodes: Vec::new(), now_us: first_us };
    trace.begin();
    for node in &moment.view().nodes {
        let place = trace.track(&node.name);
        if let Some(role) = node.role {
            trace.takes(place, Some((role, node.term)));
        }
    }
    for (at, event) in stretch(events, from, to) {
        let flow = match &event.kind {
            EventKind::Sent { .. } => Some((field::event::FLOW, at)),
            EventKind::Received { .. } => {
                let sent = causality.outside(at).filter(|sent| *sent > from && *sent <= to);
                sent.map(|sent| (field::event::LAST_FLOW, sent))
            }
            _ => None,
        };
        trace.event(event, flow);
    }
    for place in 0..trace.nodes.len() {
        trace.takes(place, None);
    }
    trace.bytes.into_bytes()
}

impl<'a> Trace<'a> {
    fn begin(&mut self) {
        self.bytes.message(field::PACKET, |packet| {
            packet.number(field::packet::SEQUENCE_ID, 1);
            packet.number(field::packet::SEQUENCE_FLAGS, FIRST);
            packet.message(field::packet::TRACK_DESCRIPTOR, |track| {
                track.number(field::track::UUID, RING);
                track.text(field::track::NAME, "Ring");
                track.number(field::track::CHILD_ORDERING, IN_ORDER);
            });
        });
    }

    /// The place of a node among the tracks. Its track begins where it has none.
    fn track(&mut self, node: &'a NodeName) -> usize {
        if let Some(place) = self.nodes.iter().position(|(name, _)| *name == node) {
            return place;
        }
        let place = self.nodes.len();
        self.nodes.push((node, None));
        self.bytes.message(field::PACKET, |packet| {
            packet.number(field::packet::SEQUENCE_ID, 1);
            packet.message(field::packet::TRACK_DESCRIPTOR, |track| {
                track.number(field::track::UUID, uuid(place));
                track.text(field::track::NAME, node.as_str());
                track.number(field::track::PARENT, RING);
                track.number(field::track::RANK, place as u64);
            });
        });
        place
    }

    fn write(&mut self, kind: EventType, track: u64, write: impl FnOnce(&mut Proto)) {
        let now = self.now_us.saturating_mul(1000);
        self.bytes.message(field::PACKET, |packet| {
            packet.number(field::packet::TIMESTAMP, now);
            packet.number(field::packet::SEQUENCE_ID, 1);
            packet.message(field::packet::TRACK_EVENT, |event| {
                event.number(field::event::TYPE, kind as u64);
                event.number(field::event::TRACK, track);
                write(event);
            });
        });
    }

    /// Ends the slice of a node's role, and begins that of another.
    fn takes(&mut self, place: usize, role: Option<(Role, Term)>) {
        let Some((_, had)) = self.nodes.get_mut(place) else { return };
        if *had == role {
            return;
        }
        if std::mem::replace(had, role).is_some() {
            self.write(EventType::SliceEnd, uuid(place), |_| {});
        }
        if let Some((role, term)) = role {
            let name = format!("{role}, term {term}");
            self.write(EventType::SliceBegin, uuid(place), |event| event.text(field::event::NAME, &name));
        }
    }

    fn event(&mut self, event: &'a Event, flow: Option<(u32, Position)>) {
        // On the timeline no event is before one that precedes it.
        self.now_us = self.now_us.max(event.at_us);
        let place = event.node.as_ref().map(|node| self.track(node));
        let role = match &event.kind {
            EventKind::RoleChanged { role, term, .. } => Some(Some((*role, *term))),
            EventKind::Spawned { .. } | EventKind::Exited { .. } => Some(None),
            _ => None,
        };
        if let (Some(place), Some(role)) = (place, role) {
            self.takes(place, role);
        }
        let track = place.map_or(RING, uuid);
        self.write(EventType::Instant, track, |track_event| {
            track_event.text(field::event::NAME, &describe(&event.kind));
            if let Some((kind, sent)) = flow {
                track_event.fixed(kind, sent.0);
            }
            annotate(track_event, "seq", |value| value.number(field::annotation::NUMBER, event.seq.0));
            let start = event.incarnation.to_string();
            annotate(track_event, "start", |value| value.text(field::annotation::TEXT, &start));
        });
    }
}

fn annotate(event: &mut Proto, name: &str, value: impl FnOnce(&mut Proto)) {
    event.message(field::event::ANNOTATION, |annotation| {
        annotation.text(field::annotation::NAME, name);
        value(annotation);
    });
}

/// The track of the node at this place.
const fn uuid(place: usize) -> u64 {
    RING + 1 + place as u64
}
