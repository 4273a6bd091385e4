//! The parts of a ring whose members reach one another, and what they have agreed on.

use std::fmt;

use ringleader_election::loss;
use ringleader_shared::fault::Share;
use ringleader_shared::{LinkFault, NodeName, RingView, Role, Safety, Term};

/// Live members that reach one another, directly or through others, by links that work in both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub members: Vec<NodeName>,
    /// Whether they must have a leader: in quorum mode a majority of the configured members must be among
    /// them, and some member must be eligible. Otherwise nobody may lead.
    pub must_lead: bool,
}

/// The agreement of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its leader, where it must have one.
    pub leader: Option<NodeName>,
    /// The highest term of its members.
    pub term: Term,
}

/// The parts into which the faults of links, pauses and deaths divide the members.
pub fn parts(ring: &RingView) -> Vec<Part> {
    let mut left: Vec<&NodeName> = ring.live().map(|node| &node.name).collect();
    let mut parts = Vec::new();
    while let Some(first) = left.pop() {
        let mut members = vec![first];
        let mut at = 0;
        while let Some(&one) = members.get(at) {
            let (reached, others) = left.into_iter().partition(|other| works(ring, one, other));
            let reached: Vec<&NodeName> = reached;
            left = others;
            members.extend(reached);
            at += 1;
        }
        members.sort();
        let is_enough = ring.settings.safety == Safety::Available || members.len() >= ring.majority();
        let may_lead = |name: &&NodeName| ring.node(name).is_some_and(|node| node.eligible);
        let must_lead = is_enough && members.iter().any(may_lead);
        parts.push(Part { members: members.into_iter().cloned().collect(), must_lead });
    }
    parts
}

/// Whether what one of these says reaches the other, and the other way round.
fn works(ring: &RingView, one: &NodeName, other: &NodeName) -> bool {
    let is_bad = |fault: LinkFault| {
        fault.cut || f64::from(fault.drop) > f64::from(loss::MOST_LOST) / f64::from(loss::JUDGED_BY)
    };
    !is_bad(ring.fault(one, other)) && !is_bad(ring.fault(other, one))
}

impl Part {
    /// One leader among the members that all of them follow in its term, or nobody who leads where nobody
    /// must. `None` while it is not so.
    pub fn agreement(&self, ring: &RingView) -> Option<Agreement> {
        let members = || self.members.iter().filter_map(|name| ring.node(name));
        let term = members().map(|node| node.term).max()?;
        let mut leaders = members().filter(|node| node.role == Some(Role::Leader));
        let leader = leaders.next();
        if leaders.next().is_some() || leader.is_some() != self.must_lead {
            return None;
        }
        let follows = |leader: &NodeName| {
            members().all(|node| {
                node.term == term && (node.leader.as_ref() == Some(leader) || node.name == *leader)
            })
        };
        let leader = leader.map(|leader| leader.name.clone());
        leader.as_ref().is_none_or(follows).then_some(Agreement { leader, term })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.members {
            write!(f, "{name}")?;
        }
        f.write_str(if self.must_lead { " (must lead)" } else { " (must not)" })
    }
}

/// The agreement of every part; `None` while one has not.
pub fn agreement_of_all(parts: &[Part], ring: &RingView) -> Option<Vec<Agreement>> {
    parts.iter().map(|part| part.agreement(ring)).collect()
}

/// The faults of links in few words: `A>B cut, C>D +60 ms`.
pub fn faults(ring: &RingView) -> String {
    let one = |fault: &LinkFault| match fault {
        LinkFault { cut: true, .. } => "cut".to_owned(),
        LinkFault { drop, .. } if *drop > Share::NONE => format!("drops {drop}"),
        LinkFault { delay_ms, .. } => format!("+{delay_ms} ms"),
    };
    let faults = ring.faults.iter().map(|link| format!("{}>{} {}", link.from, link.to, one(&link.fault)));
    faults.collect::<Vec<_>>().join(", ")
}
