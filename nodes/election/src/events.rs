//! Effects as events, with the names of members: for all callers that carry out effects and report them, so
//! that a simulated ring reports the same as a real one. The core itself makes no use of it.

use ringleader_shared::event::{EventKind, MessageInfo, MessageKind};
use ringleader_shared::{AlgorithmName, Contender, MessageId, NodeName, Payload, RingMessage, RingSpec};

use crate::classic::{self, Progress};
use crate::{DropReason, Effect};

/// The event that reports this effect, with the message that the core was given when it had it, and its
/// sender.
///
/// `None` for an effect that the caller reports itself (a sending, which needs its number), and for one that
/// is not reported:
/// timers, promises.
#[must_use]
pub fn event(
    ring: &RingSpec,
    effect: &Effect<RingMessage>,
    receiving: Option<(&MessageInfo, &NodeName)>,
) -> Option<EventKind> {
    match *effect {
        Effect::Became { role, term, mandate } => {
            let leader = mandate.map(|mandate| ring.name(mandate.leader.id));
            let deputy = mandate.and_then(|mandate| mandate.deputy).map(|deputy| ring.name(deputy.id));
            Some(EventKind::RoleChanged { role, term, leader, deputy })
        }
        Effect::ProgressChanged(progress) => Some(EventKind::ProgressChanged {
            progress: progress.map(|(algorithm, Progress { status, phase, holds })| {
                ringleader_shared::Progress {
                    algorithm,
                    status,
                    phase,
                    holds: holds.map(|held| ring.contender(held)),
                }
            }),
        }),
        Effect::SuccessorChanged(successor) => {
            Some(EventKind::SuccessorChanged { successor: ring.name(successor) })
        }
        // The core drops only what it is given: the message being received.
        Effect::Drop { reason, .. } => receiving.map(|(message, from)| EventKind::Dropped {
            message: message.clone(),
            from: from.clone(),
            reason: drop_reason(ring, reason),
            trouble: reason.is_trouble(),
        }),
        Effect::Completed { cause, mandate, members } => Some(EventKind::Completed {
            cause,
            term: mandate.term,
            leader: ring.name(mandate.leader.id),
            deputy: mandate.deputy.map(|deputy| ring.name(deputy.id)),
            members,
        }),
        Effect::Explain(why) => Some(EventKind::Explained { explanation: why.named(ring) }),
        Effect::Send { .. } | Effect::Promise(_) | Effect::StartTimer { .. } | Effect::CancelTimer(_) => None,
    }
}

/// A ring message as people see it.
#[must_use]
pub fn message_info(ring: &RingSpec, id: MessageId, message: &RingMessage) -> MessageInfo {
    let claim = |contender: Contender| ring.contender(contender);
    let info = MessageInfo {
        id,
        message: MessageKind::StateUpdate,
        term: message.term(),
        initiator: None,
        candidate: None,
        deputy: None,
        hops: 1,
        algorithm: None,
        port: None,
        says: None,
    };
    let (kind, initiator, candidate, deputy, hops) = match *message {
        RingMessage::Classic { algorithm, port, ref payload, .. } => {
            return MessageInfo {
                message: MessageKind::Classic,
                candidate: payload.label.map(claim),
                hops: 0,
                algorithm: Some(algorithm),
                port: Some(port),
                says: Some(says(algorithm, payload)),
                ..info
            };
        }
        RingMessage::RollCall { algorithm, initiator, hops, .. } => {
            let initiator = Some(ring.name(initiator));
            let algorithm = Some(algorithm);
            return MessageInfo { message: MessageKind::RollCall, initiator, hops, algorithm, ..info };
        }
        RingMessage::Vacant { initiator, hops, .. } => {
            let initiator = Some(ring.name(initiator));
            return MessageInfo { message: MessageKind::Vacant, initiator, hops, ..info };
        }
        RingMessage::Found { leader, hops, .. } => {
            return MessageInfo { message: MessageKind::Found, candidate: Some(claim(leader)), hops, ..info };
        }
        RingMessage::Election { initiator, candidate, deputy, hops, .. } => {
            (MessageKind::Election, Some(initiator), Some(candidate), deputy, hops)
        }
        RingMessage::DeputySearch { mandate, deputy, hops, .. } => {
            (MessageKind::DeputySearch, Some(mandate.leader.id), Some(mandate.leader), deputy, hops)
        }
        RingMessage::Lease { mandate, hops, .. } => {
            (MessageKind::Lease, Some(mandate.leader.id), Some(mandate.leader), mandate.deputy, hops)
        }
        RingMessage::Elected { mandate, hops, .. } => {
            (MessageKind::Elected, Some(mandate.leader.id), Some(mandate.leader), mandate.deputy, hops)
        }
        RingMessage::StateUpdate { mandate, .. } => (
            MessageKind::StateUpdate,
            None,
            mandate.map(|mandate| mandate.leader),
            mandate.and_then(|mandate| mandate.deputy),
            1,
        ),
    };
    MessageInfo {
        message: kind,
        initiator: initiator.map(|initiator| ring.name(initiator)),
        candidate: candidate.map(claim),
        deputy: deputy.map(claim),
        hops,
        ..info
    }
}

/// The content of a message of a classic election beside its label.
fn says(algorithm: AlgorithmName, payload: &Payload) -> String {
    let properties = classic::properties(algorithm);
    let kind = properties.kinds.get(usize::from(payload.kind)).copied().unwrap_or("nonsense");
    let mut words = kind.to_owned();
    for (what, number) in properties.numbers.iter().zip(payload.numbers).filter(|(_, number)| *number > 0) {
        words = format!("{words}, {what} {number}");
    }
    words
}

/// Why a message was dropped, in words.
#[must_use]
pub fn drop_reason(ring: &RingSpec, reason: DropReason) -> String {
    match reason {
        DropReason::OlderTerm { mine } => format!("it is of an older term than mine ({mine})"),
        DropReason::AlreadyDecided { term } => format!("term {term} already has its leader"),
        DropReason::BetterPassedOn { best } => {
            format!("in this term I have already passed on {}, which is no worse", ring.contender(best))
        }
        DropReason::OtherAlgorithm { mine } => format!("here {mine} decides this term"),
        DropReason::AnotherRing { predecessor } => {
            let expected = predecessor.map_or("nobody".to_owned(), |id| ring.name(id).to_string());
            format!("its sender sees another ring than I do: the member before me is {expected}")
        }
        DropReason::OneIsMissing => {
            "one that was sent before it was lost or is late, and the algorithm can't do without".to_owned()
        }
        DropReason::MakesNoSense => "no member of this ring would say this".to_owned(),
        DropReason::EndsHere => "by the rules of its algorithm it goes no further".to_owned(),
        DropReason::Known => "I know that already".to_owned(),
        DropReason::HopBudget { budget } => {
            format!("it has crossed more than {budget} links: its sender must be gone")
        }
    }
}
