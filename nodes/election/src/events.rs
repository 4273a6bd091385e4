//! Effects as events, with the names of members: for all callers that carry out effects and report them, so
//! that a simulated ring reports the same as a real one. The core itself makes no use of it.

use ringleader_shared::event::{EventKind, MessageInfo, MessageKind};
use ringleader_shared::message::{
    Classic, DeputySearch, Elected, Election, Found, Inquiry, Lease, RollCall, Vacant,
};
use ringleader_shared::{
    AlgorithmName, Contender, MessageId, NodeId, NodeName, Payload, RingMessage, RingSpec,
};

use crate::Effect;
use crate::classic::{self, Progress};

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
            reason: reason.named(ring),
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
    let named = |id: NodeId| Some(ring.name(id));
    let mandate = message.mandate();
    let info = MessageInfo {
        id,
        message: MessageKind::StateUpdate,
        term: message.term(),
        initiator: None,
        candidate: mandate.map(|mandate| claim(mandate.leader)),
        deputy: mandate.and_then(|mandate| mandate.deputy).map(claim),
        hops: message.hops().unwrap_or(1),
        algorithm: None,
        port: None,
        says: None,
    };
    match *message {
        RingMessage::Election(Election { initiator, candidate, deputy, .. }) => MessageInfo {
            message: MessageKind::Election,
            initiator: named(initiator),
            candidate: Some(claim(candidate)),
            deputy: deputy.map(claim),
            ..info
        },
        RingMessage::Classic(Classic { algorithm, port, ref payload, .. }) => MessageInfo {
            message: MessageKind::Classic,
            candidate: payload.label.map(claim),
            hops: 0,
            algorithm: Some(algorithm),
            port: Some(port),
            says: Some(says(algorithm, payload)),
            ..info
        },
        RingMessage::RollCall(RollCall { algorithm, initiator, .. }) => {
            let algorithm = Some(algorithm);
            MessageInfo { message: MessageKind::RollCall, initiator: named(initiator), algorithm, ..info }
        }
        RingMessage::Vacant(Vacant { initiator, .. }) => {
            MessageInfo { message: MessageKind::Vacant, initiator: named(initiator), ..info }
        }
        RingMessage::Inquiry(Inquiry { initiator, .. }) => {
            MessageInfo { message: MessageKind::Inquiry, initiator: named(initiator), ..info }
        }
        RingMessage::Found(Found { leader, .. }) => {
            MessageInfo { message: MessageKind::Found, candidate: Some(claim(leader)), ..info }
        }
        RingMessage::DeputySearch(DeputySearch { mandate, deputy, .. }) => {
            let (initiator, deputy) = (named(mandate.leader.id), deputy.map(claim));
            MessageInfo { message: MessageKind::DeputySearch, initiator, deputy, ..info }
        }
        RingMessage::Elected(Elected { mandate, .. }) => {
            MessageInfo { message: MessageKind::Elected, initiator: named(mandate.leader.id), ..info }
        }
        RingMessage::Lease(Lease { mandate, .. }) => {
            MessageInfo { message: MessageKind::Lease, initiator: named(mandate.leader.id), ..info }
        }
        RingMessage::StateUpdate(_) => info,
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
