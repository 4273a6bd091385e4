//! Events of the ring as movements of the animation.

use ringleader_shared::event::{EventKind, MessageInfo, MessageKind};
use ringleader_shared::timeline::FlightChange;
use ringleader_shared::{Event, NodeName};

/// The shortest hop that is shown as a movement, in microseconds. For a shorter one the link flashes.
pub(crate) const VISIBLE_HOP_US: u64 = 60_000;

/// The oldest event that is animated, in milliseconds.
pub(crate) const STALE_MS: f64 = 2_000.0;

/// A movement to show.
#[derive(Debug, PartialEq)]
pub(crate) enum AnimationEvent<'a> {
    /// A dot leaves.
    Depart {
        /// The message.
        message: &'a MessageInfo,
        /// Its sender.
        from: &'a NodeName,
        /// Its receiver.
        to: &'a NodeName,
        /// The expected duration of the hop, in milliseconds.
        expected_ms: f64,
    },
    /// A message was received: its dot lands; if it has none, the link flashes.
    Arrive {
        /// The message.
        message: &'a MessageInfo,
        /// Its sender.
        from: &'a NodeName,
        /// Its receiver.
        to: &'a NodeName,
        /// The time that it travelled, in microseconds.
        travel_us: u64,
    },
    /// This message will not arrive.
    Lose(&'a MessageInfo),
    /// The messages on this link will not arrive.
    LinkGone(&'a NodeName, &'a NodeName),
    /// The messages to and from this node will not arrive.
    NodeGone(&'a NodeName),
    /// A heartbeat went from the first node to the second and back.
    Pulse(&'a NodeName, &'a NodeName),
    /// All movements end.
    Clear,
}

impl<'a> AnimationEvent<'a> {
    /// The movement that shows this event; `None` for an event that moves nothing.
    pub(crate) fn of(event: &'a Event) -> Option<Self> {
        if let (EventKind::Heartbeat { peer, .. }, Some(node)) = (&event.kind, &event.node) {
            return Some(Self::Pulse(node, peer));
        }
        match FlightChange::of(event)? {
            FlightChange::Departs { message, from, to, hold_us }
                if hold_us >= VISIBLE_HOP_US && message.message != MessageKind::StateUpdate =>
            {
                #[expect(clippy::cast_precision_loss, reason = "a pace of seconds")]
                let expected_ms = hold_us as f64 / 1000.0;
                Some(Self::Depart { message, from, to, expected_ms })
            }
            FlightChange::Departs { .. } => None,
            FlightChange::Arrives { message, from, to, travel_us } => {
                Some(Self::Arrive { message, from, to, travel_us })
            }
            FlightChange::Lost(message) => Some(Self::Lose(message)),
            FlightChange::LinkGone(from, to) => Some(Self::LinkGone(from, to)),
            FlightChange::NodeGone(node) => Some(Self::NodeGone(node)),
            FlightChange::NewRun => Some(Self::Clear),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, message, name};

    fn sent(hold_us: u64, kind: MessageKind) -> Event {
        let message = MessageInfo { message: kind, ..message("C", 3) };
        event(1, Some("C"), EventKind::Sent { message, to: name("D"), hold_us })
    }

    #[test]
    fn a_hop_that_can_be_seen_is_a_dot() {
        let event = sent(400_000, MessageKind::Election);
        assert!(
            matches!(AnimationEvent::of(&event), Some(AnimationEvent::Depart { expected_ms, .. }) if expected_ms == 400.0)
        );
    }

    #[test]
    fn a_hop_too_quick_to_see_is_shown_only_when_it_was_received() {
        assert_eq!(AnimationEvent::of(&sent(0, MessageKind::Election)), None);
        let received = EventKind::Received { message: message("C", 3), from: name("C"), travel_us: 310 };
        let event = event(2, Some("D"), received);
        assert!(matches!(AnimationEvent::of(&event), Some(AnimationEvent::Arrive { travel_us: 310, .. })));
    }

    #[test]
    fn a_state_update_is_never_a_dot() {
        assert_eq!(AnimationEvent::of(&sent(400_000, MessageKind::StateUpdate)), None);
    }

    #[test]
    fn a_dead_node_takes_its_messages_with_it() {
        let event = event(1, Some("D"), EventKind::Exited { code: None, signal: Some(9) });
        assert_eq!(AnimationEvent::of(&event), Some(AnimationEvent::NodeGone(&name("D"))));
    }
}
