//! A recorded step in sentences, whose subject is the node.

use std::time::Duration;

use ringleader_election::{Effect, Input, Timer, events};
use ringleader_shared::link::LinkDirection;
use ringleader_shared::{
    Contender, Incarnation, Mandate, MessageId, NodeId, NodeName, RingMessage, RingSpec,
};

/// An input in words.
#[must_use]
pub fn input(ring: &RingSpec, input: &Input<RingMessage>) -> String {
    let name = |id: &NodeId| events::name(ring, *id);
    let link = |peer: &NodeId, direction: &LinkDirection| match direction {
        LinkDirection::Outgoing => format!("to {}", name(peer)),
        LinkDirection::Incoming => format!("from {}", name(peer)),
    };
    match input {
        Input::Configured { ring: members, settings, .. } => {
            let members: Vec<String> = members.iter().map(|member| contender(ring, member)).collect();
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
    let name = |id: NodeId| events::name(ring, id);
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
        Effect::Became { role, term, mandate: None } => {
            format!("is now a {role} in term {term}, without a leader")
        }
        Effect::Became { role, term, mandate: Some(known) } => {
            format!("is now {role} in term {term}: {}", mandate(ring, known))
        }
        Effect::ProgressChanged(None) => "takes part in no election any more".to_owned(),
        Effect::ProgressChanged(Some((algorithm, progress))) => {
            let phase = progress.phase.map_or_else(String::new, |phase| format!(", phase {phase}"));
            let holds =
                progress.holds.map_or_else(String::new, |held| format!(", for {}", contender(ring, &held)));
            format!("its progress in {algorithm}: {}{phase}{holds}", progress.status.as_str())
        }
        Effect::SuccessorChanged(successor) => {
            format!("sends its ring messages to {} from now on", name(*successor))
        }
        Effect::Drop { reason, .. } => format!("drops the message: {}", events::drop_reason(ring, *reason)),
        Effect::Completed { mandate: known, members, .. } => {
            format!("its lap is back, all {members} live members know: {}", mandate(ring, known))
        }
        Effect::Explain(why) => format!("explains: {}", why.describe(|id| name(id).to_string())),
    }
}

/// A length of time in seconds, to the microsecond.
#[must_use]
pub fn seconds(time: Duration) -> String {
    format!("{:.6} s", time.as_secs_f64())
}

fn contender(ring: &RingSpec, contender: &Contender) -> String {
    format!("{} ({})", events::name(ring, contender.id), contender.attribute)
}

fn mandate(ring: &RingSpec, mandate: &Mandate) -> String {
    let leader = contender(ring, &mandate.leader);
    match &mandate.deputy {
        Some(deputy) => {
            format!("{leader} leads term {}, {} is its deputy", mandate.term, contender(ring, deputy))
        }
        None => format!("{leader} leads term {}, its deputy is open", mandate.term),
    }
}

fn message(ring: &RingSpec, message: &RingMessage) -> String {
    // The number of the message is not shown, so any will do.
    let id = MessageId { from: NodeName::nth(0), incarnation: Incarnation(0), number: 0 };
    let info = events::message_info(ring, id, message);
    let mut words = format!("{} of term {}", info.message.as_str(), info.term);
    let mut add = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            words.push_str(&format!(", {what} {value}"));
        }
    };
    let claim = |claim: Option<ringleader_shared::event::NamedContender>| {
        claim.map(|claim| format!("{} ({})", claim.name, claim.attribute))
    };
    add("by", info.algorithm.map(|algorithm| algorithm.to_string()));
    add("started by", info.initiator.map(|initiator| initiator.to_string()));
    add("best", claim(info.candidate));
    add("second", claim(info.deputy));
    add("saying", info.says);
    add("link", (info.hops > 0).then(|| info.hops.to_string()));
    words
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
