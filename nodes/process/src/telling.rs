//! What happened, in the words and names of events.

use ringleader_election::DropReason;
use ringleader_shared::event::{Claim, MessageInfo, MessageKind};
use ringleader_shared::{Contender, MessageId, NodeId, NodeName, RingMessage, RingSpec};

/// What people call a member; the beginning of its id when it is not (or no longer) in the ring.
pub(crate) fn name(ring: &RingSpec, id: NodeId) -> NodeName {
    if let Some(member) = ring.member(id) {
        return member.name.clone();
    }
    let short: String = id.to_string().chars().take(8).collect();
    short.parse().unwrap_or_else(|_| NodeName::nth(0))
}

/// A ring message as people see it.
pub(crate) fn message_info(ring: &RingSpec, id: MessageId, message: &RingMessage) -> MessageInfo {
    let claim =
        |contender: Contender| Claim { name: name(ring, contender.id), attribute: contender.attribute };
    let (kind, initiator, candidate, deputy, hops) = match *message {
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
        RingMessage::Standing { mandate, .. } => (
            MessageKind::Standing,
            None,
            mandate.map(|mandate| mandate.leader),
            mandate.and_then(|mandate| mandate.deputy),
            1,
        ),
    };
    MessageInfo {
        id,
        message: kind,
        term: message.term(),
        initiator: initiator.map(|initiator| name(ring, initiator)),
        candidate: candidate.map(claim),
        deputy: deputy.map(claim),
        hops,
    }
}

/// Why a message was dropped, in words.
pub(crate) fn drop_reason(ring: &RingSpec, reason: DropReason) -> String {
    match reason {
        DropReason::OlderTerm { mine } => format!("it is of an older term than mine ({mine})"),
        DropReason::AlreadyDecided { term } => format!("term {term} already has its leader"),
        DropReason::BetterPassedOn { best } => format!(
            "in this term I have already passed on {} ({}), which is no worse",
            name(ring, best.id),
            best.attribute
        ),
        DropReason::Known => "I know that already".to_owned(),
        DropReason::HopBudget { budget } => {
            format!("it has crossed more than {budget} links: whoever sent it must be gone")
        }
    }
}
