//! Hirschberg and Sinclair (1980): probes both ways, twice as far in each phase.

use super::{
    Bound, Classic, Direction, Facts, Label, Notion, Parcel, Seat, Side, Standing, Why, World, Worst,
};

const FACTS: Facts = Facts {
    key: "hirschberg-sinclair",
    name: "Hirschberg–Sinclair",
    year: 1980,
    variant: "without the paper's “no” reply: a probe that meets a higher label ends there",
    how: "In phase k a candidate sends its label 2ᵏ members far, both ways. A higher member swallows it; the last member on the \
          way sends it back. A candidate that has both back goes into the next phase; one that meets its own probe has gone all \
          the way round and leads.",
    direction: Direction::Bidirectional,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: false,
    needs_order: false,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    among_processes: true,
    bound: Bound {
        words: "8n(1 + ⌈log₂ n⌉)",
        messages: |ring| 8.0 * ring.n * (1.0 + ring.n.log2().ceil()),
        worst_case: true,
        at_worst: None,
    },
    worst: Worst::BitReversed,
    time: "O(n): the phases' paths double",
    kinds: &["probe", "reply"],
    numbers: &["left"],
    source: "D. S. Hirschberg, J. B. Sinclair, Decentralized extrema-finding in circular configurations of processors, CACM \
             23(11), 1980, pp. 627–628",
};

/// What travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message<L> {
    /// Outward.
    Probe {
        /// Whose.
        label: L,
        /// How many members further it may go after the one that it reaches.
        left: u32,
    },
    /// Homeward.
    Reply {
        /// Whose.
        label: L,
    },
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HirschbergSinclair<L> {
    me: L,
    standing: Standing,
    phase: u8,
    /// Replies of this phase so far.
    replies: u8,
}

impl<L: Label> HirschbergSinclair<L> {
    /// "A processor becomes a candidate", or stays one: a probe each way, 2^phase far.
    fn send_both(&mut self, world: &mut impl World<L, Message<L>>) {
        self.replies = 0;
        let left = (1_u32 << self.phase.min(31)) - 1;
        for side in [Side::Predecessor, Side::Successor] {
            world.send(side, Message::Probe { label: self.me, left });
        }
    }

    fn on_probe(&mut self, from: Side, label: L, left: u32, world: &mut impl World<L, Message<L>>) {
        if label == self.me {
            if self.standing != Standing::Done {
                self.standing = Standing::Done;
                world.explain(Why::Found(self.me));
                world.elected(self.me);
            }
        } else if label < self.me {
            world.explain(Why::Swallowed(label));
            self.wake(world);
        } else {
            if matches!(self.standing, Standing::Asleep | Standing::Active) {
                self.standing = Standing::Relay;
                world.explain(Why::BeatenBy(label));
            }
            match left.checked_sub(1) {
                Some(left) => {
                    world.explain(Why::PassedOn(label));
                    world.send(from.opposite(), Message::Probe { label, left });
                }
                None => {
                    world.explain(Why::SentBack(label));
                    world.send(from, Message::Reply { label });
                }
            }
        }
    }

    fn on_reply(&mut self, from: Side, label: L, world: &mut impl World<L, Message<L>>) {
        if label != self.me {
            world.explain(Why::PassedOn(label));
            return world.send(from.opposite(), Message::Reply { label });
        }
        self.replies = self.replies.saturating_add(1);
        if self.replies == 2 && self.standing == Standing::Active {
            self.phase = self.phase.saturating_add(1);
            world.explain(Why::Advanced { phase: u32::from(self.phase), label });
            self.send_both(world);
        }
    }
}

impl<L: Label> Classic<L> for HirschbergSinclair<L> {
    type Message = Message<L>;
    const FACTS: &'static Facts = &FACTS;

    fn new(seat: &Seat<'_, L>) -> Self {
        Self { me: seat.label(), standing: Standing::Asleep, phase: 0, replies: 0 }
    }

    fn wake(&mut self, world: &mut impl World<L, Message<L>>) {
        if self.standing == Standing::Asleep {
            self.standing = Standing::Active;
            world.explain(Why::Joined(self.me));
            self.send_both(world);
        }
    }

    #[inline]
    fn receive(&mut self, from: Side, message: Message<L>, world: &mut impl World<L, Message<L>>) {
        match message {
            Message::Probe { label, left } => self.on_probe(from, label, left, world),
            Message::Reply { label } => self.on_reply(from, label, world),
        }
    }

    #[inline]
    fn notion(&self) -> Notion<L> {
        Notion { standing: self.standing, phase: Some(u32::from(self.phase)), holds: None }
    }

    fn kind(message: &Message<L>) -> usize {
        match message {
            Message::Probe { .. } => 0,
            Message::Reply { .. } => 1,
        }
    }

    fn pack(message: &Message<L>) -> Parcel<L> {
        match *message {
            Message::Probe { label, left } => Parcel { numbers: [left, 0, 0], ..Parcel::of(0, label) },
            Message::Reply { label } => Parcel::of(1, label),
        }
    }

    fn unpack(parcel: &Parcel<L>) -> Option<Message<L>> {
        let (label, [left, ..]) = (parcel.label?, parcel.numbers);
        match parcel.kind {
            0 => Some(Message::Probe { label, left }),
            1 => Some(Message::Reply { label }),
            _ => None,
        }
    }
}
