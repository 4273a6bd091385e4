//! Itai and Rodeh (1981, 1990): nobody has a label, so random numbers break the symmetry; everybody knows how
//! many they are.

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst, properties,
};

const PROPERTIES: Properties = Properties {
    key: "itai-rodeh",
    name: "Itai–Rodeh",
    year: 1990,
    variant: "with round numbers, as Fokkink and Pang give it; members know n",
    how: "Members have no labels but know how many they are, n. Each draws a number from 1 to n and sends it round with a hop \
          counter and a mark. A higher number of the same or a later round beats a lower one; meeting an equal one takes the mark \
          away. A number that comes home after n hops with its mark wins; without it, its owner and those it tied with draw again.",
    ring_kind: RingKind::Unidirectional,
    labels: false,
    winner: super::Winner::Anyone,
    knows_size: true,
    needs_order: true,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    found_by_another: false,
    among_processes: true,
    bound: Bound {
        formula: "n·Hₙ + 3n on average; e·n/(n − 1) rounds on average",
        messages: |ring| ring.n * properties::harmonic(ring.n) + 3.0 * ring.n,
        worst_case: false,
        at_worst: None,
    },
    worst: Worst::Any,
    time: "n per round",
    phases: "round",
    kinds: &["number", "tied number"],
    numbers: &["round", "number", "links"],
    source: "A. Itai, M. Rodeh, Symmetry breaking in distributed networks, Information and Computation 88(1), 1990, pp. 60–87 \
             (FOCS 1981); rules as in W. Fokkink, J. Pang, Variations on Itai–Rodeh leader election for anonymous rings, JUCS \
             12(8), 2006",
};

/// A message.
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
    status: Status,
    round: u16,
    number: u32,
    /// Whether it draws numbers.
    eligible: bool,
}

/// The number of a member that may not win: lower than all that are drawn.
const NO_NUMBER: u32 = 0;

impl<L: Label> ItaiRodeh<L> {
    /// A member that may not win is passive from the beginning.
    fn stay_passive(&mut self, context: &mut impl Context<L, Message>) {
        self.status = Status::Relay;
        context.explain(Why::Passive(self.name));
    }

    /// A message without a number only wakes those that it passes, and ends at the first that may win. If it
    /// comes home, none may.
    fn on_no_number(&mut self, message: Message, context: &mut impl Context<L, Message>) {
        if self.eligible {
            return;
        }
        if message.hops < self.size {
            Self::pass_on(message, context);
        } else if self.status != Status::Done {
            self.status = Status::Done;
            context.elected(self.name);
        }
    }

    /// "At the start of an election round each active process selects a random identity and sends it."
    fn begin_round(&mut self, context: &mut impl Context<L, Message>) {
        self.round = self.round.saturating_add(1);
        self.number = context.draw(self.size).saturating_add(1);
        context.explain(Why::Drew { number: self.number, round: u32::from(self.round) });
        let (round, number) = (self.round, self.number);
        context.send(Port::Successor, Message { round, number, hops: 1, unique: true });
    }

    /// "A process that receives its own message": it wins when the number was unique, and goes on to the next
    /// round when not.
    fn on_own(&mut self, unique: bool, context: &mut impl Context<L, Message>) {
        if unique {
            self.status = Status::Done;
            context.explain(Why::Found(self.name));
            context.elected(self.name);
        } else {
            self.begin_round(context);
        }
    }

    fn pass_on(message: Message, context: &mut impl Context<L, Message>) {
        context.send(Port::Successor, Message { hops: message.hops.saturating_add(1), ..message });
    }

    fn on_other(&mut self, message: Message, context: &mut impl Context<L, Message>) {
        match (message.round, message.number).cmp(&(self.round, self.number)) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => {
                context.explain(Why::Tied { number: self.number });
                Self::pass_on(Message { unique: false, ..message }, context);
            }
            std::cmp::Ordering::Greater => {
                self.status = Status::Relay;
                Self::pass_on(message, context);
            }
        }
    }
}

impl<L: Label> Classic<L> for ItaiRodeh<L> {
    type Message = Message;
    const PROPERTIES: &'static Properties = &PROPERTIES;

    fn new(initial: &InitialKnowledge<'_, L>) -> Self {
        let (name, size) = (initial.label(), initial.size);
        Self { name, size, status: Status::Asleep, round: 0, number: 0, eligible: initial.eligible }
    }

    fn wake(&mut self, context: &mut impl Context<L, Message>) {
        if self.status == Status::Asleep && self.eligible {
            self.status = Status::Active;
            self.begin_round(context);
        } else if self.status == Status::Asleep {
            self.stay_passive(context);
            let message = Message { round: 1, number: NO_NUMBER, hops: 1, unique: true };
            context.send(Port::Successor, message);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Port, message: Message, context: &mut impl Context<L, Message>) {
        if self.status == Status::Asleep && !self.eligible {
            self.stay_passive(context);
        }
        self.wake(context);
        if message.number == NO_NUMBER {
            return self.on_no_number(message, context);
        }
        match self.status {
            Status::Active if message.hops == self.size => self.on_own(message.unique, context),
            Status::Active => self.on_other(message, context),
            // "A passive process passes on", n hops at most: a message ends at its owner.
            Status::Relay if message.hops < self.size => Self::pass_on(message, context),
            Status::Asleep | Status::Waiting | Status::Relay | Status::Done => {}
        }
    }

    #[inline]
    fn progress(&self) -> Progress<L> {
        Progress { status: self.status, phase: Some(u32::from(self.round)), holds: None }
    }

    fn pack(message: &Message) -> Payload<L> {
        let Message { round, number, hops, unique } = *message;
        Payload { kind: (!unique).into(), label: None, numbers: [round.into(), number, hops] }
    }

    fn unpack(payload: &Payload<L>) -> Option<Message> {
        let [round, number, hops] = payload.numbers;
        let unique = payload.kind == 0;
        (payload.kind < 2).then_some(Message { round: round.try_into().ok()?, number, hops, unique })
    }
}
