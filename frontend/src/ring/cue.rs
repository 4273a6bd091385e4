//! What the stage shows for an event.

use ringleader_shared::event::{EventKind, MessageInfo, MessageKind};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{Event, NodeName};

/// A hop that takes less than this can't be seen as a movement: the link flashes instead. In microseconds.
pub(crate) const VISIBLE_HOP_US: u64 = 60_000;

/// An event older than this is not acted out any more, in milliseconds.
pub(crate) const STALE_MS: f64 = 2_000.0;

/// What to act out.
#[derive(Debug, PartialEq)]
pub(crate) enum Cue<'a> {
    /// A dot leaves.
    Depart {
        /// The message.
        message: &'a MessageInfo,
        /// From here.
        from: &'a NodeName,
        /// To there.
        to: &'a NodeName,
        /// How long it is expected to take, in milliseconds.
        expected_ms: f64,
    },
    /// A message was received: its dot lands; if it has none, the link flashes.
    Arrive {
        /// The message.
        message: &'a MessageInfo,
        /// From here.
        from: &'a NodeName,
        /// To there.
        to: &'a NodeName,
        /// How long it travelled, in microseconds.
        travel_us: u64,
    },
    /// This message will not arrive.
    Lose(&'a MessageInfo),
    /// Whatever is on its way on this link will not arrive.
    LinkGone(&'a NodeName, &'a NodeName),
    /// Whatever is on its way to or from this node will not arrive.
    NodeGone(&'a NodeName),
    /// A heartbeat went from here to there and back.
    Pulse(&'a NodeName, &'a NodeName),
    /// The stage is cleared.
    Clear,
}

/// The cue of an event, if it has one.
pub(crate) fn cue(event: &Event) -> Option<Cue<'_>> {
    if let EventKind::RunStarted { .. } = event.kind {
        return Some(Cue::Clear);
    }
    let node = event.node.as_ref()?;
    match &event.kind {
        EventKind::Sent { message, to, hold_us }
            if *hold_us >= VISIBLE_HOP_US && message.message != MessageKind::StateUpdate =>
        {
            #[expect(clippy::cast_precision_loss, reason = "a pace of seconds")]
            let expected_ms = *hold_us as f64 / 1000.0;
            Some(Cue::Depart { message, from: node, to, expected_ms })
        }
        EventKind::Received { message, from, travel_us } => {
            Some(Cue::Arrive { message, from, to: node, travel_us: *travel_us })
        }
        EventKind::Lost { message, .. } => Some(Cue::Lose(message)),
        EventKind::Injected { message, fault, .. } if fault.is_loss() => Some(Cue::Lose(message)),
        EventKind::LinkDown { peer, link: LinkKind::Ring, direction: LinkDirection::Outgoing, .. } => {
            Some(Cue::LinkGone(node, peer))
        }
        EventKind::Exited { .. } | EventKind::MemberRemoved => Some(Cue::NodeGone(node)),
        EventKind::Heartbeat { peer, .. } => Some(Cue::Pulse(node, peer)),
        _ => None,
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
        assert!(matches!(cue(&event), Some(Cue::Depart { expected_ms, .. }) if expected_ms == 400.0));
    }

    #[test]
    fn a_hop_too_quick_to_see_is_shown_only_when_it_was_received() {
        assert_eq!(cue(&sent(0, MessageKind::Election)), None);
        let received = EventKind::Received { message: message("C", 3), from: name("C"), travel_us: 310 };
        let event = event(2, Some("D"), received);
        assert!(matches!(cue(&event), Some(Cue::Arrive { travel_us: 310, .. })));
    }

    #[test]
    fn a_standing_message_is_never_a_dot() {
        assert_eq!(cue(&sent(400_000, MessageKind::StateUpdate)), None);
    }

    #[test]
    fn a_dead_node_takes_its_messages_with_it() {
        let event = event(1, Some("D"), EventKind::Exited { code: None, signal: Some(9) });
        assert_eq!(cue(&event), Some(Cue::NodeGone(&name("D"))));
    }
}
