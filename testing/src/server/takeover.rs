//! Rounds of a benchmark: the leader is killed or stopped and replaced, and then a quiet election is held.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ringleader_shared::bus::BusFrame;
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{Event, EventKind, NodeName, NodeState, RingView};

use super::{PATIENCE, Server};

/// A way in which a leader stops to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// Its process is killed by SIGKILL.
    Kill,
    /// Its process is stopped by SIGSTOP: its sockets stay open.
    Pause,
}

impl Blow {
    /// The action in the API.
    const fn action(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Pause => "pause",
        }
    }

    /// The action that makes up for it, and the state from which on it can be asked for.
    const fn cure(self) -> (&'static str, NodeState) {
        match self {
            Self::Kill => ("start", NodeState::Stopped),
            Self::Pause => ("resume", NodeState::Paused),
        }
    }
}

/// The times of one blow, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Failover {
    /// The time from the blow to the first survivor's notice of a broken link.
    pub sight_us: u64,
    /// The time from the blow until every live member follows the next leader.
    pub takeover_us: u64,
}

impl Failover {
    /// Strikes the leader of a ring, waits until everybody else follows another one, and until the ring is
    /// whole again.
    pub fn play(server: &Server, blow: Blow) -> Self {
        let ring = settled(server);
        at_rest(server);
        let leader = ring.leader.clone().unwrap();
        let others = ring.nodes.len() - 1;
        let before = server.ring();
        server.act(leader.as_str(), blow.action());
        server.wait_for("another member leads, with a deputy of its own", |ring| {
            let follow = ring.nodes.iter().filter(|node| node.name != leader && node.leader == ring.leader);
            ring.leader.as_ref().is_some_and(|next| *next != leader)
                && ring.deputy.is_some()
                && ring.term > before.term
                && follow.count() == others
        });
        let times = after(blow, &since(server, before.seq.0), &leader, others);
        let (cure, from) = blow.cure();
        server.wait_for_state(leader.as_str(), from);
        server.act(leader.as_str(), cure);
        settled(server);
        times
    }
}

/// The times of one round, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// The time from the request to kill the leader to the first survivor's notice of a broken link.
    pub sight_us: u64,
    /// The time from the same moment until every live member follows the next leader.
    pub takeover_us: u64,
    /// The time of a quiet election, from its first message until its lap is back.
    pub election_us: u64,
}

impl Round {
    /// Kills the leader of a ring at full speed, waits for its deputy, starts it again and has a quiet
    /// election.
    pub fn play(server: &Server) -> Self {
        let Failover { sight_us, takeover_us } = Failover::play(server, Blow::Kill);
        let ring = server.ring();
        server.initiate("A");
        let ring = server.wait_for("another election is over", |now| {
            now.term > ring.term && now.elections.front().is_some_and(|election| election.took_us.is_some())
        });
        Self { sight_us, takeover_us, election_us: ring.elections[0].took_us.unwrap() }
    }
}

/// Waits until all run in a whole ring, agree, and the deputy watches the leader.
fn settled(server: &Server) -> RingView {
    let mut bus = server.subscribe(None);
    let deadline = Instant::now() + PATIENCE;
    let mut ring = RingView::empty();
    let mut watched = watches(&server.events());
    loop {
        match bus.next_frame(deadline).expect("the ring settles") {
            BusFrame::Snapshot { ring: fresh, .. } => ring = *fresh,
            BusFrame::Event { event } => {
                ring.apply(&event);
                watched = watches(std::slice::from_ref(&event)).or(watched);
            }
            BusFrame::Resumed { .. } | BusFrame::Missed { .. } => {}
        }
        let agrees = |node: &ringleader_shared::view::NodeView| node.leader == ring.leader;
        let whole = ring.live().count() == ring.nodes.len()
            && ring
                .nodes
                .iter()
                .zip(ring.nodes.iter().cycle().skip(1))
                .all(|(node, next)| node.successor.as_ref() == Some(&next.name) && agrees(node));
        let pair = ring.deputy.clone().zip(ring.leader.clone());
        if whole && pair.is_some() && pair == watched {
            return ring;
        }
    }
}

/// Waits until the deputy has reported a heartbeat half a second later, so that the nodes' background
/// work is done.
fn at_rest(server: &Server) {
    let mut bus = server.subscribe(None);
    let deadline = Instant::now() + PATIENCE;
    let start = Instant::now();
    loop {
        if let BusFrame::Event { event } = bus.next_frame(deadline).expect("the deputy reports heartbeats")
            && matches!(event.kind, EventKind::Heartbeat { .. })
            && start.elapsed() > Duration::from_millis(500)
        {
            return;
        }
    }
}

/// The last deputy that opened its heartbeat link, and to which leader.
fn watches(events: &[Event]) -> Option<(NodeName, NodeName)> {
    events.iter().rev().find_map(|event| match &event.kind {
        EventKind::LinkUp { peer, link: LinkKind::Heartbeat, direction: LinkDirection::Outgoing, .. } => {
            Some((event.node.clone()?, peer.clone()))
        }
        _ => None,
    })
}

fn since(server: &Server, seq: u64) -> Vec<Event> {
    server.events().into_iter().filter(|event| event.seq.0 > seq).collect()
}

/// The times since the moment before the signal: to the first survivor's notice of a broken link, which is
/// the kernel's part after a kill, and to the last live member's report of the new leader.
fn after(blow: Blow, events: &[Event], struck: &NodeName, others: usize) -> Failover {
    let asked = events
        .iter()
        .find(|event| matches!(&event.kind, EventKind::Requested { action } if action.as_str() == blow.action()))
        .expect("it was asked for")
        .at_us;
    let broken = events.iter().find(|event| {
        event.at_us >= asked && matches!(&event.kind, EventKind::LinkDown { peer, .. } if peer == struck)
    });
    let mut first: BTreeMap<&NodeName, u64> = BTreeMap::new();
    for event in events {
        if let (EventKind::RoleChanged { leader: Some(leader), .. }, Some(node)) = (&event.kind, &event.node)
            && leader != struck
            && node != struck
        {
            first.entry(node).or_insert(event.at_us);
        }
    }
    assert_eq!(first.len(), others, "all survivors follow somebody else than {struck}");
    Failover { sight_us: broken.unwrap().at_us - asked, takeover_us: first.values().max().unwrap() - asked }
}
