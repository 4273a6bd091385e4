//! Itai and Rodeh (1981, 1990): nobody has a label, so chance breaks the symmetry; everybody knows how many they are.

use super::{
    Bound, Classic, Direction, Facts, Label, Notion, Parcel, Seat, Side, Standing, Why, World, Worst, facts,
};

const FACTS: Facts = Facts {
    key: "itai-rodeh",
    name: "Itai–Rodeh",
    year: 1990,
    variant: "with round numbers, as Fokkink and Pang give it; members know n",
    how: "Members have no labels but know how many they are, n. Each draws a number from 1 to n and sends it round with a hop \
          counter and a mark. A higher number of the same or a later round beats a lower one; meeting an equal one takes the mark \
          away. A number that comes home after n hops with its mark wins; without it, its owner and those it tied with draw again.",
    direction: Direction::Unidirectional,
    labels: false,
    winner: super::Winner::Anyone,
    knows_size: true,
    needs_order: true,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    among_processes: true,
    bound: Bound {
        words: "n·Hₙ + 3n on average; e·n/(n − 1) rounds on average",
        messages: |ring| ring.n * facts::harmonic(ring.n) + 3.0 * ring.n,
        worst_case: false,
        at_worst: None,
    },
    worst: Worst::Any,
    time: "n per round",
    kinds: &["number", "tied number"],
    numbers: &["round", "number", "links"],
    source: "A. Itai, M. Rodeh, Symmetry breaking in distributed networks, Information and Computation 88(1), 1990, pp. 60–87 \
             (FOCS 1981); rules as in W. Fokkink, J. Pang, Variations on Itai–Rodeh leader election for anonymous rings, JUCS \
             12(8), 2006",
};

/// What travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Message {
    round: u16,
    number: u32,
    /// Links crossed when it arrives, this one included.
    hops: u32,
    /// Whether nobody else has drawn the same in this round, as far as it knows.
    unique: bool,
}

/// One member. What it never looks at is its label, save to say who won.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItaiRodeh<L> {
    name: L,
    size: u32,
    standing: Standing,
    round: u16,
    number: u32,
    /// Whether it draws numbers.
    eligible: bool,
}

/// The number of a member that may not win: lower than all that are drawn.
const NO_NUMBER: u32 = 0;

impl<L: Label> ItaiRodeh<L> {
    /// A member that may not win is passive from the beginning.
    fn stay_passive(&mut self, world: &mut impl World<L, Message>) {
        self.standing = Standing::Relay;
        world.explain(Why::Passive(self.name));
    }

    /// A message without a number only wakes those that it passes, and ends at the first that may win. If it
    /// comes home, none may.
    fn on_no_number(&mut self, message: Message, world: &mut impl World<L, Message>) {
        if self.eligible {
            return;
        }
        if message.hops < self.size {
            Self::pass_on(message, world);
        } else if self.standing != Standing::Done {
            self.standing = Standing::Done;
            world.elected(self.name);
        }
    }

    /// "At the start of an election round each active process selects a random identity and sends it."
    fn begin_round(&mut self, world: &mut impl World<L, Message>) {
        self.round = self.round.saturating_add(1);
        self.number = world.draw(self.size).saturating_add(1);
        world.explain(Why::Drew { number: self.number, round: u32::from(self.round) });
        let (round, number) = (self.round, self.number);
        world.send(Side::Successor, Message { round, number, hops: 1, unique: true });
    }

    /// "A process that receives its own message": it wins when the number was unique, and goes on to the next round when not.
    fn on_own(&mut self, unique: bool, world: &mut impl World<L, Message>) {
        if unique {
            self.standing = Standing::Done;
            world.explain(Why::Found(self.name));
            world.elected(self.name);
        } else {
            self.begin_round(world);
        }
    }

    fn pass_on(message: Message, world: &mut impl World<L, Message>) {
        world.send(Side::Successor, Message { hops: message.hops.saturating_add(1), ..message });
    }

    fn on_other(&mut self, message: Message, world: &mut impl World<L, Message>) {
        match (message.round, message.number).cmp(&(self.round, self.number)) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => {
                world.explain(Why::Tied { number: self.number });
                Self::pass_on(Message { unique: false, ..message }, world);
            }
            std::cmp::Ordering::Greater => {
                self.standing = Standing::Relay;
                Self::pass_on(message, world);
            }
        }
    }
}

impl<L: Label> Classic<L> for ItaiRodeh<L> {
    type Message = Message;
    const FACTS: &'static Facts = &FACTS;

    fn new(seat: &Seat<'_, L>) -> Self {
        let (name, size) = (seat.label(), seat.size);
        Self { name, size, standing: Standing::Asleep, round: 0, number: 0, eligible: seat.eligible }
    }

    fn wake(&mut self, world: &mut impl World<L, Message>) {
        if self.standing == Standing::Asleep && self.eligible {
            self.standing = Standing::Active;
            self.begin_round(world);
        } else if self.standing == Standing::Asleep {
            self.stay_passive(world);
            let message = Message { round: 1, number: NO_NUMBER, hops: 1, unique: true };
            world.send(Side::Successor, message);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Side, message: Message, world: &mut impl World<L, Message>) {
        if self.standing == Standing::Asleep && !self.eligible {
            self.stay_passive(world);
        }
        self.wake(world);
        if message.number == NO_NUMBER {
            return self.on_no_number(message, world);
        }
        match self.standing {
            Standing::Active if message.hops == self.size => self.on_own(message.unique, world),
            Standing::Active => self.on_other(message, world),
            // "A passive process passes on", n hops at most: a message ends at its owner.
            Standing::Relay if message.hops < self.size => Self::pass_on(message, world),
            Standing::Asleep | Standing::Waiting | Standing::Relay | Standing::Done => {}
        }
    }

    #[inline]
    fn notion(&self) -> Notion<L> {
        Notion { standing: self.standing, phase: Some(u32::from(self.round)), holds: None }
    }

    fn kind(message: &Message) -> usize {
        usize::from(!message.unique)
    }

    fn pack(message: &Message) -> Parcel<L> {
        let Message { round, number, hops, unique } = *message;
        Parcel { kind: (!unique).into(), label: None, numbers: [round.into(), number, hops] }
    }

    fn unpack(parcel: &Parcel<L>) -> Option<Message> {
        let [round, number, hops] = parcel.numbers;
        let unique = parcel.kind == 0;
        (parcel.kind < 2).then_some(Message { round: round.try_into().ok()?, number, hops, unique })
    }
}
