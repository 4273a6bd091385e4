//! The faults between members, and the cause of a link's end.

use std::collections::HashMap;

use super::members::MemberStates;
use crate::event::{Event, EventKind};
use crate::fault::are_parted;
use crate::id::NodeName;
use crate::link::{LinkDirection, LinkEnd, LinkKind, close};
use crate::timeline::Position;

/// The last faults, starts and ends of each link.
#[derive(Debug, Clone, Default)]
pub(super) struct LinkStates {
    /// By sender and receiver.
    faults: HashMap<(NodeName, NodeName), Fault>,
    partition: Option<Partition>,
    /// The end of the last partition.
    whole: Option<Position>,
    /// Links that came up, by the member that reported it, its peer, and what link it is.
    ups: HashMap<(NodeName, NodeName, LinkKind, LinkDirection), Position>,
    /// Links that the first member has given up because the second one was silent.
    silent: HashMap<(NodeName, NodeName), Position>,
}

/// The fault of everything that one member sends to another.
#[derive(Debug, Clone, Copy, Default)]
struct Fault {
    /// The fault that there is.
    begun: Option<Position>,
    is_cut: bool,
    /// The end of the last cut.
    mended: Option<Position>,
}

#[derive(Debug, Clone)]
struct Partition {
    at: Position,
    sides: Vec<Vec<NodeName>>,
}

/// The cause of a link's end.
pub(super) struct EndCause {
    pub(super) position: Option<Position>,
    /// Whether it is the peer's death, which may be reported later.
    pub(super) may_be_death: bool,
}

impl LinkStates {
    fn between(&self, from: &NodeName, to: &NodeName) -> Fault {
        // Most rings have no faults, and every event would cost two copies of names.
        if self.faults.is_empty() {
            return Fault::default();
        }
        self.faults.get(&(from.clone(), to.clone())).copied().unwrap_or_default()
    }

    /// The fault between a sender and a receiver, or the partition that parts them.
    pub(super) fn fault(&self, from: &NodeName, to: &NodeName) -> Option<Position> {
        self.parted(from, to).or(self.between(from, to).begun)
    }

    fn parted(&self, from: &NodeName, to: &NodeName) -> Option<Position> {
        let partition = self.partition.as_ref()?;
        are_parted(&partition.sides, from, to).then_some(partition.at)
    }

    /// The last thing that this link needed to come up: the start of the peer, the end of a cut, or the end
    /// of a pause for which the node had given the peer up.
    pub(super) fn way_to(
        &self,
        node: &NodeName,
        peer: &NodeName,
        direction: LinkDirection,
        members: &MemberStates,
    ) -> Option<Position> {
        let inwards = self.between(peer, node).mended.max(self.whole);
        let outwards = match direction {
            LinkDirection::Incoming => None,
            LinkDirection::Outgoing => self.between(node, peer).mended,
        };
        let given_up = |(paused, resumed): &(Position, Position)| {
            let silent = self.silent.get(&(node.clone(), peer.clone()));
            silent.is_some_and(|silent| (paused..resumed).contains(&silent))
        };
        let resumed = members.resumed(peer).filter(given_up).map(|(_, resumed)| resumed);
        members.spawned(peer).max(inwards).max(outwards).max(resumed)
    }

    /// The time at which this link came up.
    pub(super) fn up(
        &self,
        node: &NodeName,
        peer: &NodeName,
        link: LinkKind,
        direction: LinkDirection,
    ) -> Option<Position> {
        self.ups.get(&(node.clone(), peer.clone(), link, direction)).copied()
    }

    /// The cause of the end of a link that came up there, as the node sees it.
    pub(super) fn end_of(
        &self,
        node: &NodeName,
        peer: &NodeName,
        end: &LinkEnd,
        up: Option<Position>,
        members: &MemberStates,
    ) -> EndCause {
        let known = |position| EndCause { position, may_be_death: false };
        let silence = |from: &NodeName, to: &NodeName| {
            let cut = Some(self.between(from, to)).filter(|fault| fault.is_cut);
            self.parted(from, to).or(cut.and_then(|fault| fault.begun))
        };
        match end {
            LinkEnd::Broken | LinkEnd::NobodyListens { .. } | LinkEnd::DialFailed { .. } => {
                let death = match up.and_then(|up| members.death_after(peer, up)) {
                    // The first after the link came up; else the last, if the peer is dead now, or if that is
                    // all that is known.
                    Some(death) => Some(death),
                    None if up.is_some() => members.death(peer),
                    None => members.death(peer).or(members.last_death(peer)),
                };
                EndCause { position: death, may_be_death: true }
            }
            LinkEnd::Restarted => known(members.spawned(peer)),
            LinkEnd::Closed { code: close::LEAVING, .. } => known(members.leaving(peer)),
            LinkEnd::Closed { code: close::SILENT, .. } => {
                known(self.silent.get(&(peer.clone(), node.clone())).copied())
            }
            LinkEnd::Silent { .. } | LinkEnd::Unread { .. } | LinkEnd::Unanswered { .. } => known(
                members
                    .pause(peer)
                    .or_else(|| silence(peer, node))
                    .or_else(|| silence(node, peer))
                    .or_else(|| members.death(peer))
                    .or(self.between(peer, node).begun)
                    .or(self.between(node, peer).begun),
            ),
            LinkEnd::NotNeeded | LinkEnd::Closed { .. } | LinkEnd::RelayLost | LinkEnd::Misbehaved { .. } => {
                known(None)
            }
        }
    }

    pub(super) fn note(&mut self, event: &Event, at: Position) {
        match (&event.kind, &event.node) {
            (EventKind::LinkFaultChanged { from, to, fault }, _) => {
                let known = self.faults.entry((from.clone(), to.clone())).or_default();
                if known.is_cut && !fault.cut {
                    known.mended = Some(at);
                }
                known.is_cut = fault.cut;
                known.begun = (!fault.is_none()).then_some(at);
            }
            (EventKind::PartitionChanged { sides }, _) if sides.is_empty() => {
                self.partition = None;
                self.whole = Some(at);
            }
            (EventKind::PartitionChanged { sides }, _) => {
                self.partition = Some(Partition { at, sides: sides.clone() });
            }
            (EventKind::LinkUp { peer, link, direction, .. }, Some(node)) => {
                self.ups.insert((node.clone(), peer.clone(), *link, *direction), at);
            }
            (EventKind::LinkDown { peer, cause, .. }, Some(node)) if cause.is_silence() => {
                self.silent.insert((node.clone(), peer.clone()), at);
            }
            _ => {}
        }
    }
}
