//! Waits of a test, event by event.

use std::time::Instant;

use ringleader_shared::bus::BusFrame;
use ringleader_shared::explanation::NamedExplanation;
use ringleader_shared::{Event, EventKind, NodeState, RingView, Seq};

use super::{PATIENCE, Server};

impl Server {
    /// Waits, event by event, until the view of the ring meets a condition.
    pub fn wait_for(&self, what: &str, mut is_so: impl FnMut(&RingView) -> bool) -> RingView {
        let mut bus = self.subscribe(None);
        let deadline = Instant::now() + PATIENCE;
        let mut ring = RingView::empty();
        loop {
            match bus.next_frame(deadline) {
                Some(BusFrame::Snapshot { ring: fresh, .. }) => ring = *fresh,
                Some(BusFrame::Event { event }) => ring.apply(&event),
                Some(BusFrame::Resumed { .. } | BusFrame::Missed { .. }) => continue,
                None => panic!("it never came about that {what}\n{ring:#?}\n{}", self.trace()),
            }
            if is_so(&ring) {
                return ring;
            }
        }
    }

    /// Waits until this run has such an event, and returns it.
    pub fn wait_for_event(&self, what: &str, mut is_it: impl FnMut(&Event) -> bool) -> Event {
        let mut bus = self.subscribe(Some(Seq(0)));
        let deadline = Instant::now() + PATIENCE;
        loop {
            match bus.next_frame(deadline) {
                Some(BusFrame::Event { event }) if is_it(&event) => return *event,
                Some(_) => {}
                None => panic!("it never happened that {what}\n{}", self.trace()),
            }
        }
    }

    /// Waits until a node has explained such a decision.
    pub fn wait_for_decision(&self, what: &str, is_it: impl Fn(&NamedExplanation) -> bool) -> Event {
        self.wait_for_event(
            what,
            |event| matches!(&event.kind, EventKind::Explained { explanation } if is_it(explanation)),
        )
    }

    /// Waits until every live member follows this leader and knows this deputy.
    pub fn wait_for_leader(&self, leader: &str, deputy: Option<&str>) -> RingView {
        self.wait_for(&format!("{leader} leads and {deputy:?} is its deputy"), |ring| {
            ring.leader.as_ref().is_some_and(|name| name.as_str() == leader)
                && ring.deputy.as_ref().map(ringleader_shared::NodeName::as_str) == deputy
        })
    }

    pub fn wait_for_state(&self, node: &str, state: NodeState) -> RingView {
        self.wait_for(&format!("{node} is {state}"), |ring| {
            ring.nodes.iter().any(|other| other.name.as_str() == node && other.state == state)
        })
    }
}
