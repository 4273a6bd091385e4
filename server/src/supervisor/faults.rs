//! Faults on links: the server knows them all, and each node gets those of its own links.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use ringleader_shared::fault::{MAX_DELAY_MS, NodeFault, are_parted};
use ringleader_shared::{EventKind, FaultyLink, Incarnation, LinkFault, NodeId, NodeName, RingView};

use super::Supervisor;
use crate::problem::Refusal;

impl Supervisor {
    /// Every link with a fault, as nodes get it.
    pub(super) fn faults(&self) -> Vec<NodeFault> {
        let faulty = self.bus.with_view(RingView::faulty);
        let ids: BTreeMap<&NodeName, NodeId> =
            self.nodes.iter().map(|node| (&node.member.name, node.member.id)).collect();
        let node_fault = |link: FaultyLink| {
            Some(NodeFault { from: *ids.get(&link.from)?, to: *ids.get(&link.to)?, fault: link.fault })
        };
        faulty.into_iter().filter_map(node_fault).collect()
    }

    pub(super) fn set_link(&mut self, from: &str, to: &str, fault: LinkFault) -> Result<FaultyLink, Refusal> {
        let unfit = |title: String| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, title);
        if fault.delay_ms > MAX_DELAY_MS {
            return Err(unfit(format!("a link is delayed by {MAX_DELAY_MS} ms at most; cut it instead")));
        }
        let (from, to) = (self.named(from)?, self.named(to)?);
        if from == to {
            let title = format!("there is no link from {from} to itself");
            return Err(Refusal::new(StatusCode::NOT_FOUND, title));
        }
        self.change(vec![FaultyLink { from: from.clone(), to: to.clone(), fault }]);
        Ok(FaultyLink { from, to, fault })
    }

    pub(super) fn partition(&mut self, sides: Vec<Vec<NodeName>>) -> Result<(), Refusal> {
        let unfit = |title: String| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, title);
        let mut named: Vec<&NodeName> = Vec::new();
        for side in &sides {
            if side.is_empty() {
                return Err(unfit("one of the groups has nobody in it; leave it out".to_owned()));
            }
            for name in side {
                self.named(name.as_str())?;
                if named.contains(&name) {
                    return Err(unfit(format!("{name} can be in one group only")));
                }
                named.push(name);
            }
        }
        let members = self.ring().members;
        let first = members.first().map(|member| &member.name);
        let parts = |first| members.iter().any(|member| are_parted(&sides, first, &member.name));
        if !first.is_some_and(parts) {
            return Err(Refusal::conflict(
                "these groups part nobody from anybody; leave some nodes out of a group".to_owned(),
            ));
        }
        self.bus.announce(None, Incarnation(0), EventKind::PartitionChanged { sides });
        self.configure_all(None);
        Ok(())
    }

    pub(super) fn heal_partition(&mut self) -> Result<(), Refusal> {
        if self.bus.with_view(|view| !view.partition.is_empty()) {
            self.bus.announce(None, Incarnation(0), EventKind::PartitionChanged { sides: Vec::new() });
            self.configure_all(None);
        }
        Ok(())
    }

    pub(super) fn heal_all(&mut self) -> Result<(), Refusal> {
        self.heal_partition()?;
        let whole = |link: FaultyLink| FaultyLink { fault: LinkFault::default(), ..link };
        let faults = self.bus.with_view(|view| view.faults.iter().cloned().map(whole).collect());
        self.change(faults);
        Ok(())
    }

    fn change(&mut self, links: Vec<FaultyLink>) {
        for FaultyLink { from, to, fault } in links {
            if self.bus.with_view(|view| view.own_fault(&from, &to) != fault) {
                self.bus.announce(None, Incarnation(0), EventKind::LinkFaultChanged { from, to, fault });
            }
        }
        self.configure_all(None);
    }

    /// The name of the node with this name, or of the one that is the `leader` or the `deputy`.
    fn named(&self, word: &str) -> Result<NodeName, Refusal> {
        let node = self.nodes.get(self.resolve(word)?);
        node.map(|node| node.member.name.clone()).ok_or_else(|| super::no_such_node(word))
    }
}
