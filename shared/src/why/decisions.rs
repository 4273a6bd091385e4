//! The kinds of decisions that make a difference to chains.

use crate::event::{EventKind, MessageInfo};
use crate::explanation::Explanation;
use crate::explanation::{NamedExplanation, Why};
use crate::id::NodeName;

/// Whether a member passes a message on, without a decision of its own.
pub(super) fn passes_on(explanation: &NamedExplanation) -> bool {
    matches!(
        explanation,
        Explanation::PassingOn { .. }
            | Explanation::PassingOnIneligible { .. }
            | Explanation::PassingOnResult { .. }
            | Explanation::Promising { .. }
            | Explanation::NotPromising { .. }
            | Explanation::OfferingMyself { .. }
            | Explanation::Classic { why: Why::PassedOn(_) | Why::Passive(_) }
    )
}

/// Whether a member follows a leader from now on.
pub(super) fn follows(explanation: &NamedExplanation) -> bool {
    matches!(explanation, Explanation::Following { .. } | Explanation::DeputyNow { .. })
}

/// Whether a member decides this because time has passed, and not because something has reached it.
pub(super) fn is_of_time(explanation: &NamedExplanation) -> bool {
    matches!(
        explanation,
        Explanation::ElectionTimeout { .. }
            | Explanation::LapTimeout
            | Explanation::DeputySilent { .. }
            | Explanation::LeaseOver { .. }
            | Explanation::InquiryUnanswered
    )
}

/// Whether a member says by this that it has met one that is better than itself.
pub(super) fn saw_better(explanation: &NamedExplanation, me: &NodeName) -> bool {
    match explanation {
        Explanation::PassingOn { candidate, .. } => candidate.name != *me,
        Explanation::SteppingDown { leader: Some(_), .. } => true,
        Explanation::Classic { why: Why::BeatenBy(label) | Why::PassedOn(label) } => label.name != *me,
        _ => false,
    }
}

/// Whether a member has come by this to know the leader that the message names, in its term.
pub(super) fn is_of_leader(kind: &EventKind, message: &MessageInfo) -> bool {
    let Some(named) = &message.candidate else { return false };
    match kind {
        EventKind::RoleChanged { term, leader: Some(leader), .. } => {
            (*term, leader) == (message.term, &named.name)
        }
        EventKind::Explained { explanation } => match explanation {
            Explanation::Following { term, leader, .. } | Explanation::DeputyNow { term, leader } => {
                (*term, leader) == (message.term, &named.name)
            }
            Explanation::TakingOver { term, .. }
            | Explanation::Won { term, .. }
            | Explanation::WonClassic { term }
            | Explanation::WonWithoutDeputy { term }
            | Explanation::AloneAndLeading { term, .. } => *term == message.term,
            _ => false,
        },
        _ => false,
    }
}
