//! A ring reported event by event, for tests of the reducer.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::expect_used)]

use ringleader_shared::event::{MessageInfo, MessageKind, NamedContender};
use ringleader_shared::{
    Attribute, Event, EventKind, Incarnation, Member, MessageId, NodeId, NodeName, RingSettings, RingView,
    Role, RunId, Seq, Term,
};
use uuid::Uuid;

pub struct Story {
    pub view: RingView,
    pub seq: u64,
}

pub fn name(text: &str) -> NodeName {
    text.parse().expect("a good name")
}

impl Story {
    /// A ring of these members, all of them running.
    pub fn of(names: &[&str]) -> Self {
        let mut story = Self { view: RingView::empty(), seq: 0 };
        let members = names
            .iter()
            .zip(1..)
            .map(|(text, n)| Member {
                id: NodeId(Uuid::from_u128(n)),
                name: name(text),
                attribute: Attribute(90),
                eligible: true,
                incarnation: Incarnation(0),
                address: None,
            })
            .collect();
        let run = RunId(Uuid::from_u128(7));
        story.emit(
            "",
            0,
            EventKind::RunStarted {
                run,
                members,
                highest_term: Term::ZERO,
                settings: RingSettings::default(),
            },
        );
        for text in names {
            story.starts(text, 1);
        }
        story
    }

    pub fn emit(&mut self, node: &str, incarnation: u32, kind: EventKind) {
        self.emit_at((self.seq + 1) * 10, node, incarnation, kind);
    }

    /// An event that happened then, whenever it is reported.
    pub fn emit_at(&mut self, at_us: u64, node: &str, incarnation: u32, kind: EventKind) {
        self.seq += 1;
        let node = (!node.is_empty()).then(|| name(node));
        let event = Event {
            seq: Seq(self.seq),
            at_us,
            node,
            incarnation: Incarnation(incarnation),
            lamport: 0,
            kind,
        };
        let json = serde_json::to_string(&event).expect("events can be written");
        let read: Event = serde_json::from_str(&json).expect("events can be read");
        assert_eq!(read, event, "an event survives the wire");
        assert!(json.contains(&format!("\"kind\":\"{}\"", event.kind.as_str())), "{json}");
        self.view.apply(&read);
    }

    pub fn starts(&mut self, node: &str, incarnation: u32) {
        self.emit(node, incarnation, EventKind::Spawned { pid: 100 });
        self.emit(node, incarnation, EventKind::Ready { address: "127.0.0.1:8000".into() });
    }

    pub fn follows(&mut self, node: &str, role: Role, term: u64, leader: &str, deputy: &str) {
        let (leader, deputy) = (Some(name(leader)), Some(name(deputy)));
        self.emit(node, 1, EventKind::RoleChanged { role, term: Term(term), leader, deputy });
    }

    pub fn sends(&mut self, from: &str, to: &str, kind: MessageKind, term: u64, initiator: &str, hops: u32) {
        self.sends_at((self.seq + 1) * 10, from, to, kind, term, initiator, hops);
    }

    #[allow(clippy::too_many_arguments, reason = "a message in one line")]
    pub fn sends_at(
        &mut self,
        at_us: u64,
        from: &str,
        to: &str,
        kind: MessageKind,
        term: u64,
        initiator: &str,
        hops: u32,
    ) {
        let message = MessageInfo {
            id: MessageId { from: name(from), incarnation: Incarnation(1), number: self.seq },
            message: kind,
            term: Term(term),
            initiator: Some(name(initiator)),
            candidate: Some(NamedContender { name: name(initiator), attribute: Attribute(90) }),
            deputy: None,
            hops,
            algorithm: None,
            port: None,
            says: None,
        };
        self.emit_at(at_us, from, 1, EventKind::Sent { message: message.clone(), to: name(to), hold_us: 0 });
        self.emit_at(at_us + 10, to, 1, EventKind::Received { message, from: name(from), travel_us: 35 });
    }
}
