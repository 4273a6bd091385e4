//! Questions of the reader about the causes of what is shown.

use leptos::prelude::*;
use ringleader_shared::timeline::Moment;
use ringleader_shared::why::Subject;
use ringleader_shared::{NodeName, RingView, Role};

use super::{Panel, Store};

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// The thing that is asked about.
    pub(crate) subject: Subject,
    /// The moment that was shown when it was asked.
    pub(crate) moment: Moment,
}

/// The question about a node: the reason for its role, for its death, or for which it does not lead.
pub(crate) fn about_node(view: &RingView, name: &NodeName) -> Subject {
    let node = view.node(name);
    match node.and_then(|node| node.role) {
        Some(Role::Leader | Role::Deputy | Role::Candidate) => Subject::Role(name.clone()),
        Some(Role::Follower) => Subject::NotLeading(name.clone()),
        None if node.is_some_and(|node| node.incarnation.0 > 0 && node.pid.is_none()) => {
            Subject::Death(name.clone())
        }
        None => Subject::NotLeading(name.clone()),
    }
}

/// The question about the leader; where nobody leads, about the node of which most can be expected: one that
/// runs and may lead, else one that runs, else any.
pub(crate) fn about_leader(view: &RingView) -> Option<Subject> {
    if view.leading().is_some() {
        return Some(Subject::Leader);
    }
    let best = view.live().filter(|node| node.eligible).max_by_key(|node| node.attribute);
    let node = best.or_else(|| view.live().next()).or_else(|| view.nodes.last())?;
    Some(if node.role.is_some() {
        Subject::NotLeading(node.name.clone())
    } else {
        about_node(view, &node.name)
    })
}

impl Store {
    /// Asks about the moment that is shown, and shows the answer.
    pub(crate) fn ask(self, subject: Subject) {
        let moment = self.view.with_untracked(|view| Moment::of(view.clone()));
        self.question.set(Some(Question { subject, moment }));
        self.panels.open(Panel::Why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};

    #[test]
    fn a_node_is_asked_about_what_it_is_and_the_ring_about_its_leader() {
        let mut ring = ring(4);
        let view = ring.running();
        assert_eq!(about_leader(&view), Some(Subject::NotLeading(name("D"))), "it has the highest attribute");
        let view = ring.led_by("D", "C", 1);
        assert_eq!(about_leader(&view), Some(Subject::Leader));
        assert_eq!(about_node(&view, &name("C")), Subject::Role(name("C")));
        assert_eq!(about_node(&view, &name("A")), Subject::NotLeading(name("A")));
        let view = ring.killed("A");
        assert_eq!(about_node(&view, &name("A")), Subject::Death(name("A")));
        assert_eq!(about_leader(&RingView::empty()), None);
    }
}
