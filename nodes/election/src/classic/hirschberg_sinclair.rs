//! Hirschberg and Sinclair (1980): probes both ways, twice as far in each phase.

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst,
};

const PROPERTIES: Properties = Properties {
    key: "hirschberg-sinclair",
    name: "Hirschberg–Sinclair",
    year: 1980,
    variant: "without the paper's “no” reply: a probe that meets a higher label ends there",
    how: "In phase k a candidate sends its label 2ᵏ members far, both ways. A higher member swallows it; the last member on the \
          way sends it back. A candidate that has both back goes into the next phase; one that meets its own probe has gone all \
          the way round and leads.",
    ring_kind: RingKind::Bidirectional,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: false,
    needs_order: false,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    found_by_another: false,
    among_processes: true,
    bound: Bound {
        formula: "8n(1 + ⌈log₂ n⌉)",
        messages: |ring| 8.0 * ring.n * (1.0 + ring.n.log2().ceil()),
        worst_case: true,
        at_worst: None,
    },
    worst: Worst::BitReversed,
    time: "O(n): the phases' paths double",
    phases: "phase",
    kinds: &["probe", "reply"],
    numbers: &["left"],
    source: "D. S. Hirschberg, J. B. Sinclair, Decentralized extrema-finding in circular configurations of processors, CACM \
             23(11), 1980, pp. 627–628",
};

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message<L> {
    /// Outward.
    Probe {
        /// The label of its candidate.
        label: L,
        /// Number of members that it may still pass after the one that it reaches.
        left: u32,
    },
    /// Homeward.
    Reply {
        /// The label of its candidate.
        label: L,
    },
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HirschbergSinclair<L> {
    me: L,
    status: Status,
    phase: u8,
    /// Replies of this phase so far.
    replies: u8,
}

impl<L: Label> HirschbergSinclair<L> {
    /// "A processor becomes a candidate", or stays one: a probe each way, 2^phase far.
    fn send_both(&mut self, context: &mut impl Context<L, Message<L>>) {
        self.replies = 0;
        let left = (1_u32 << self.phase.min(31)) - 1;
        for side in [Port::Predecessor, Port::Successor] {
            context.send(side, Message::Probe { label: self.me, left });
        }
    }

    fn on_probe(&mut self, from: Port, label: L, left: u32, context: &mut impl Context<L, Message<L>>) {
        if label == self.me {
            if self.status != Status::Done {
                self.status = Status::Done;
                context.explain(Why::Found(self.me));
                context.elected(self.me);
            }
        } else if label < self.me {
            context.explain(Why::Swallowed(label));
            self.wake(context);
        } else {
            if matches!(self.status, Status::Asleep | Status::Active) {
                self.status = Status::Relay;
                context.explain(Why::BeatenBy(label));
            }
            match left.checked_sub(1) {
                Some(left) => {
                    context.explain(Why::PassedOn(label));
                    context.send(from.opposite(), Message::Probe { label, left });
                }
                None => {
                    context.explain(Why::SentBack(label));
                    context.send(from, Message::Reply { label });
                }
            }
        }
    }

    fn on_reply(&mut self, from: Port, label: L, context: &mut impl Context<L, Message<L>>) {
        if label != self.me {
            context.explain(Why::PassedOn(label));
            return context.send(from.opposite(), Message::Reply { label });
        }
        self.replies = self.replies.saturating_add(1);
        if self.replies == 2 && self.status == Status::Active {
            self.phase = self.phase.saturating_add(1);
            context.explain(Why::Advanced { phase: u32::from(self.phase), label });
            self.send_both(context);
        }
    }
}

impl<L: Label> Classic<L> for HirschbergSinclair<L> {
    type Message = Message<L>;
    const PROPERTIES: &'static Properties = &PROPERTIES;

    fn new(initial: &InitialKnowledge<'_, L>) -> Self {
        Self { me: initial.label(), status: Status::Asleep, phase: 0, replies: 0 }
    }

    fn wake(&mut self, context: &mut impl Context<L, Message<L>>) {
        if self.status == Status::Asleep {
            self.status = Status::Active;
            context.explain(Why::Joined(self.me));
            self.send_both(context);
        }
    }

    #[inline]
    fn receive(&mut self, from: Port, message: Message<L>, context: &mut impl Context<L, Message<L>>) {
        match message {
            Message::Probe { label, left } => self.on_probe(from, label, left, context),
            Message::Reply { label } => self.on_reply(from, label, context),
        }
    }

    #[inline]
    fn progress(&self) -> Progress<L> {
        Progress { status: self.status, phase: Some(u32::from(self.phase)), holds: None }
    }

    fn pack(message: &Message<L>) -> Payload<L> {
        match *message {
            Message::Probe { label, left } => Payload { numbers: [left, 0, 0], ..Payload::of(0, label) },
            Message::Reply { label } => Payload::of(1, label),
        }
    }

    fn unpack(payload: &Payload<L>) -> Option<Message<L>> {
        let (label, [left, ..]) = (payload.label?, payload.numbers);
        match payload.kind {
            0 => Some(Message::Probe { label, left }),
            1 => Some(Message::Reply { label }),
            _ => None,
        }
    }
}
