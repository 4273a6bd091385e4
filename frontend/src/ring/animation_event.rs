//! Events of the ring as movements of the animation.

use ringleader_shared::event::{EventKind, MessageInfo, MessageKind};
use ringleader_shared::link::{LinkDirection, LinkKind};
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
        if let EventKind::RunStarted { .. } = event.kind {
            return Some(Self::Clear);
        }
        let node = event.node.as_ref()?;
        match &event.kind {
            EventKind::Sent { message, to, hold_us }
                if *hold_us >= VISIBLE_HOP_US && message.message != MessageKind::StateUpdate =>
            {
                #[expect(clippy::cast_precision_loss, reason = "a pace of seconds")]
                let expected_ms = *hold_us as f64 / 1000.0;
                Some(Self::Depart { message, from: node, to, expected_ms })
            }
            EventKind::Received { message, from, travel_us } => {
                Some(Self::Arrive { message, from, to: node, travel_us: *travel_us })
            }
            EventKind::Lost { message, .. } => Some(Self::Lose(message)),
            EventKind::Injected { message, fault, .. } if fault.is_loss() => Some(Self::Lose(message)),
            EventKind::LinkDown {
                peer, link: LinkKind::Ring, direction: LinkDirection::Outgoing, ..
            } => Some(Self::LinkGone(node, peer)),
            EventKind::Exited { .. } | EventKind::MemberRemoved => Some(Self::NodeGone(node)),
            EventKind::Heartbeat { peer, .. } => Some(Self::Pulse(node, peer)),
            _ => None,
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
