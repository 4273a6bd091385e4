//! A recorded step in sentences, whose subject is the node.

use std::time::Duration;

use ringleader_election::{Effect, Input, Timer, events};
use ringleader_shared::link::LinkDirection;
use ringleader_shared::{Incarnation, MessageId, NodeId, NodeName, RingMessage, RingSpec, text};

/// An input in words.
#[must_use]
pub fn input(ring: &RingSpec, input: &Input<RingMessage>) -> String {
    let name = |id: &NodeId| ring.name(*id);
    let link = |peer: &NodeId, direction: &LinkDirection| match direction {
        LinkDirection::Outgoing => format!("to {}", name(peer)),
        LinkDirection::Incoming => format!("from {}", name(peer)),
    };
    match input {
        Input::Configured { ring: members, settings, .. } => {
            let members: Vec<String> =
                members.iter().map(|&member| ring.contender(member).to_string()).collect();
            format!("is configured: {}; {}, {}", members.join(", "), settings.safety, settings.algorithm)
        }
        Input::Initiate => "is asked for an election".to_owned(),
        Input::InitiateTogether { term } => format!("is asked, with others, for an election of term {term}"),
        Input::Received { from, message: content } => {
            format!("receives from {}: {}", name(from), message(ring, content))
        }
        Input::TimerFired(which) => format!("its {} timer fires", timer(*which)),
        Input::LinkUp { peer, link: kind, direction } => {
            format!("its {kind} link {} is up", link(peer, direction))
        }
        Input::LinksMeasured { crossing } => {
            format!("one crossing of its slowest link takes {} ms", crossing.as_millis())
        }
        Input::LinkReplaced { peer, link: kind, direction } => {
            format!("its {kind} link {} takes another way", link(peer, direction))
        }
        Input::LinkDown { peer, link: kind, direction } => {
            format!("its {kind} link {} has failed", link(peer, direction))
        }
        Input::LinkClosed { peer, link: kind, direction } => {
            format!("its {kind} link {} was closed", link(peer, direction))
        }
    }
}

/// An effect in words.
#[must_use]
pub fn effect(ring: &RingSpec, effect: &Effect<RingMessage>) -> String {
    let name = |id: NodeId| ring.name(id);
    match effect {
        Effect::Send { to, message: content } => {
            format!("sends to {}: {}", name(*to), message(ring, content))
        }
        Effect::Promise(promise) => {
            format!("promises to follow {} in term {}", name(promise.leader), promise.term)
        }
        Effect::StartTimer { timer: which, after } => {
            format!("starts its {} timer: {}", timer(*which), seconds(*after))
        }
        Effect::CancelTimer(which) => format!("stops its {} timer", timer(*which)),
        Effect::Drop { reason, .. } => {
            format!("drops the message: {}", text::drop_reason(&reason.named(ring)))
        }
        Effect::Became { .. }
        | Effect::ProgressChanged(_)
        | Effect::SuccessorChanged(_)
        | Effect::Completed { .. }
        | Effect::Explain(_) => {
            let event = events::event(ring, effect, None);
            event.map_or_else(String::new, |event| text::describe(&event))
        }
    }
}

/// A length of time in seconds, to the microsecond.
#[must_use]
pub fn seconds(time: Duration) -> String {
    format!("{:.6} s", time.as_secs_f64())
}

fn message(ring: &RingSpec, message: &RingMessage) -> String {
    // The number of the message is not shown, so any will do.
    let id = MessageId { from: NodeName::nth(0), incarnation: Incarnation(0), number: 0 };
    text::message(&events::message_info(ring, id, message))
}

const fn timer(timer: Timer) -> &'static str {
    match timer {
        Timer::Election => "election",
        Timer::Lap => "lap",
        Timer::Deputy => "deputy",
        Timer::Lease => "lease",
        Timer::Renewal => "renewal",
    }
}
