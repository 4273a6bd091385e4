//! The roles of nodes over time, as bands in their lanes.

use super::super::stretch;
use super::Place;
use crate::causality::Events;
use crate::event::EventKind;
use crate::id::{NodeName, Term};
use crate::role::Role;
use crate::timeline::Moment;

/// A role of a node, and the time for which it has it.
#[derive(Debug, Clone)]
pub(super) struct Band<'a> {
    pub(super) node: &'a NodeName,
    pub(super) from: Place,
    pub(super) to: Place,
    role: Role,
    term: Term,
    /// Whether it hangs.
    hangs: bool,
}

impl Band<'_> {
    /// The class of its colour, and the colour where there are no classes.
    pub(super) const fn colour(&self) -> (&'static str, &'static str) {
        if self.hangs {
            return ("hung", "none");
        }
        match self.role {
            Role::Leader => ("leader", "#13704a"),
            Role::Deputy => ("deputy", "#8a5600"),
            Role::Candidate => ("candidate", "#5b3fc4"),
            Role::Follower => ("follower", "#8a94a6"),
        }
    }

    pub(super) fn text(&self) -> String {
        let hangs = if self.hangs { ", hangs" } else { "" };
        format!("{}, term {}{hangs}", self.role, self.term)
    }
}

/// The bands of a stretch, which has these ends. Those that are not over last until its end.
pub(super) fn bands<'a, E: Events + ?Sized>(
    events: &'a E,
    moment: &'a Moment,
    (from, to): (Place, Place),
) -> Vec<Band<'a>> {
    let mut over = Vec::new();
    let mut open: Vec<Band<'a>> = Vec::new();
    for node in &moment.view().nodes {
        let hangs = node.pid.is_some() && !node.is_live();
        let band = |role| Band { node: &node.name, from, to, role, term: node.term, hangs };
        open.extend(node.role.map(band));
    }
    for (at, event) in stretch(events, from.0, to.0) {
        let Some(node) = &event.node else { continue };
        let place = open.iter().position(|band| band.node == node);
        let now = place.and_then(|place| open.get(place)).map(|band| (band.role, band.term, band.hangs));
        let next = match (&event.kind, now) {
            (EventKind::RoleChanged { role, term, .. }, _) => Some((*role, *term, false)),
            (EventKind::Paused, Some((role, term, _))) => Some((role, term, true)),
            (EventKind::Resumed, Some((role, term, _))) => Some((role, term, false)),
            (EventKind::Spawned { .. } | EventKind::Exited { .. } | EventKind::MemberRemoved, _) => None,
            _ => continue,
        };
        if next == now {
            continue;
        }
        over.extend(place.map(|place| Band { to: (at, event.at_us), ..open.swap_remove(place) }));
        open.extend(next.map(|(role, term, hangs)| Band {
            node,
            from: (at, event.at_us),
            to,
            role,
            term,
            hangs,
        }));
    }
    over.extend(open);
    over
}
