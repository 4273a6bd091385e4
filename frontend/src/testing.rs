//! Rings for tests, made by events.

use ringleader_shared::event::{EventKind, MessageInfo, MessageKind, NamedContender};
use ringleader_shared::{
    Attribute, Event, Incarnation, Member, MessageId, NodeId, NodeName, RingSettings, RingView, Role, RunId,
    Seq, Term,
};
use uuid::Uuid;

/// A ring that is being built.
pub(crate) struct Ring {
    view: RingView,
    names: Vec<NodeName>,
}

/// The node's name with this text, which must be valid.
pub(crate) fn name(text: &str) -> NodeName {
    text.parse().expect("a valid name")
}

/// An event with this number at `seq` milliseconds.
pub(crate) fn event(seq: u64, node: Option<&str>, kind: EventKind) -> Event {
    Event {
        seq: Seq(seq),
        at_us: seq * 1000,
        node: node.map(name),
        incarnation: Incarnation(1),
        lamport: seq,
        kind,
    }
}

/// An election message from `from`, with D as candidate and C as deputy.
pub(crate) fn message(from: &str, number: u64) -> MessageInfo {
    let claim =
        |who: &str, attribute| Some(NamedContender { name: name(who), attribute: Attribute(attribute) });
    MessageInfo {
        id: MessageId { from: name(from), incarnation: Incarnation(1), number },
        message: MessageKind::Election,
        term: Term(1),
        initiator: Some(name("A")),
        candidate: claim("D", 120),
        deputy: claim("C", 110),
        hops: u32::try_from(number).expect("small"),
        algorithm: None,
        port: None,
        says: None,
    }
}

/// A configured ring of `count` members with attributes 90, 100, …; nothing runs yet.
pub(crate) fn ring(count: usize) -> Ring {
    let names: Vec<NodeName> = (0..count).map(NodeName::nth).collect();
    let members = (0_u64..)
        .zip(&names)
        .map(|(n, name)| Member {
            id: NodeId(Uuid::from_u64_pair(0, n)),
            name: name.clone(),
            attribute: Attribute(90 + 10 * n),
            eligible: true,
            incarnation: Incarnation(0),
            address: None,
        })
        .collect();
    let mut ring = Ring { view: RingView::empty(), names };
    ring.apply(
        None,
        EventKind::RunStarted {
            run: RunId(Uuid::from_u64_pair(1, 1)),
            members,
            highest_term: Term::ZERO,
            settings: RingSettings { hop_delay_ms: 400, ..RingSettings::default() },
        },
    );
    ring
}

impl Ring {
    fn apply(&mut self, node: Option<&str>, kind: EventKind) {
        let event = event(self.view.seq.0 + 1, node, kind);
        self.view.apply(&event);
    }

    /// Spawns every process; none is ready.
    pub(crate) fn starting(&mut self) -> RingView {
        for name in self.names.clone() {
            self.apply(Some(name.as_str()), EventKind::Spawned { pid: 100 });
        }
        self.view.clone()
    }

    /// Makes every member run and send to the next.
    pub(crate) fn running(&mut self) -> RingView {
        self.starting();
        for (n, name) in self.names.clone().into_iter().enumerate() {
            let successor = self.names[(n + 1) % self.names.len()].clone();
            self.apply(Some(name.as_str()), EventKind::Ready { address: "127.0.0.1:8000".into() });
            self.apply(Some(name.as_str()), EventKind::SuccessorChanged { successor });
        }
        self.view.clone()
    }

    /// Kills a member, which no other has noticed yet.
    pub(crate) fn killed(&mut self, who: &str) -> RingView {
        self.apply(Some(who), EventKind::Exited { code: None, signal: Some(9) });
        self.view.clone()
    }

    /// Makes every member run except this one, with the ring repaired.
    pub(crate) fn running_without(&mut self, who: &str) -> RingView {
        self.running();
        self.killed(who);
        let place = self.names.iter().position(|other| other.as_str() == who).expect("a member");
        let count = self.names.len();
        let before = self.names[(place + count - 1) % count].clone();
        let successor = self.names[(place + 1) % count].clone();
        self.apply(Some(before.as_str()), EventKind::SuccessorChanged { successor });
        self.view.clone()
    }

    /// Makes every live member follow this leader and know this deputy.
    pub(crate) fn led_by(&mut self, leader: &str, deputy: &str, term: u64) -> RingView {
        for node in self.names.clone() {
            let role = match node.as_str() {
                who if who == leader => Role::Leader,
                who if who == deputy => Role::Deputy,
                _ => Role::Follower,
            };
            let changed = EventKind::RoleChanged {
                role,
                term: Term(term),
                leader: Some(name(leader)),
                deputy: Some(name(deputy)),
            };
            self.apply(Some(node.as_str()), changed);
        }
        self.view.clone()
    }

    /// The ring now.
    pub(crate) fn view(&self) -> RingView {
        self.view.clone()
    }

    /// Applies another event.
    pub(crate) fn then(&mut self, node: &str, kind: EventKind) -> RingView {
        self.apply(Some(node), kind);
        self.view.clone()
    }
}
