//! The sentence of an event in a chain: as [`text::describe`], with its subject.

use crate::action::{NodeAction, NodeRequest};
use crate::event::{Event, EventKind};
use crate::role::Role;
use crate::text::{describe, message};

pub(super) fn of(event: &Event) -> String {
    let Some(node) = &event.node else { return describe(&event.kind) };
    match &event.kind {
        EventKind::Requested { action } => match action {
            NodeRequest::Initiate => format!("the user asked {node} for an election"),
            NodeRequest::Act(NodeAction::Exit) => format!("the user asked {node} to exit"),
            NodeRequest::Act(action) => format!("the user asked to {action} {node}"),
        },
        EventKind::Spawned { .. } => format!("{node} was started"),
        EventKind::Exited { .. } | EventKind::LinkUp { .. } | EventKind::LinkDown { .. } => {
            format!("{node}'s {}", describe(&event.kind))
        }
        EventKind::AttributeChanged { .. } => format!("{node}'s {}", describe(&event.kind)),
        EventKind::Explained { .. } => format!("{node}: “{}”", describe(&event.kind)),
        EventKind::RoleChanged { role: Role::Follower, leader: Some(_), .. } => {
            format!("{node} {}", describe(&event.kind))
        }
        EventKind::RoleChanged { .. } => format!("{node} is {}", describe(&event.kind)),
        EventKind::Sent { message: info, to, .. } => format!("{node} sent {to}: {}", message(info)),
        EventKind::Received { message: info, from, .. } => {
            let hops = if info.hops > 1 { format!(", after {} hops", info.hops) } else { String::new() };
            format!("{node} received from {from}{hops}: {}", message(info))
        }
        EventKind::Paused => format!("{node} was stopped: it hangs"),
        EventKind::MemberAdded { .. } | EventKind::MemberRemoved => {
            format!("{node} {}", describe(&event.kind))
        }
        EventKind::EligibilityChanged { .. } => format!("{node} {}", describe(&event.kind)),
        _ => format!("{node}: {}", describe(&event.kind)),
    }
}
