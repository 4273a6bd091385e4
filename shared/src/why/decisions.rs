//! The kinds of decisions that chains tell apart.

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
