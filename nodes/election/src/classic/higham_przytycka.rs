//! Higham and Przytycka (1993): envelopes that are compared upwards and downwards in turn, and promoted
//! early.

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst,
};

const PROPERTIES: Properties = Properties {
    key: "higham-przytycka",
    name: "Higham–Przytycka",
    year: 1993,
    variant: "algorithm Elect of the paper, with one more lap that finds the highest label",
    how: "Every member sends an envelope with its label and a round. Each member remembers the last envelope that it sent. In odd \
          rounds an envelope dies at a member of the same round with a lower label, in even rounds with a higher one; else it \
          goes into the next round. It need not go so far: in even rounds a member that was just left behind can vouch for it, \
          in odd rounds a Fibonacci number of links is enough. The last envelope goes round once more for the highest label.",
    ring_kind: RingKind::Unidirectional,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: false,
    needs_order: true,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    found_by_another: true,
    among_processes: true,
    bound: Bound {
        formula: "1.271 n log₂ n + 4n",
        messages: |ring| 1.271 * ring.n * ring.n.log2() + 4.0 * ring.n,
        worst_case: true,
        at_worst: None,
    },
    worst: Worst::BitReversed,
    time: "O(n log n)",
    phases: "round",
    kinds: &["envelope", "maximum"],
    numbers: &["round", "left"],
    source: "L. Higham, T. Przytycka, A simple, efficient algorithm for maximum finding on rings, WDAG 1993; Information \
             Processing Letters 58(6), 1996, pp. 319–324 (algorithm Elect)",
};

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message<L> {
    /// A contender.
    Envelope {
        /// The label that it carries.
        label: L,
        /// Its round, from 1.
        round: u8,
        /// Links that it may still cross in this round before it is promoted by distance.
        left: u32,
    },
    /// After the election: the highest label so far.
    Maximum(L),
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HighamPrzytycka<L> {
    me: L,
    status: Status,
    /// The round and the label of the last envelope that it sent; round 0 while asleep.
    round: u8,
    label: L,
}

/// The n-th Fibonacci number, the first two of which are 1; the largest that fits from the 47th on.
fn fibonacci(n: u8) -> u32 {
    (0..n).fold((0_u32, 1_u32), |(a, b), _| (b, a.saturating_add(b))).0
}

impl<L: Label> HighamPrzytycka<L> {
    fn send(&mut self, label: L, round: u8, left: u32, context: &mut impl Context<L, Message<L>>) {
        (self.label, self.round) = (label, round);
        context.send(Port::Successor, Message::Envelope { label, round, left: left.saturating_sub(1) });
    }

    /// "Casualty": of the same round, and on the wrong side of the label here.
    fn is_casualty(&self, label: L, round: u8) -> bool {
        round == self.round && if round % 2 == 1 { label > self.label } else { label < self.label }
    }

    /// "Promotion": by the member of its own round; or, in odd rounds, by distance; or, in even rounds, by a
    /// witness, who was of the round before with a lower label, so that the next of this round can't have a
    /// higher one.
    fn is_promoted(&self, label: L, round: u8, left: u32) -> bool {
        if round % 2 == 1 {
            left == 0 || round == self.round
        } else {
            round == self.round || (self.round.saturating_add(1) == round && label > self.label)
        }
    }

    fn on_envelope(&mut self, label: L, round: u8, left: u32, context: &mut impl Context<L, Message<L>>) {
        if label == self.label && round == self.round {
            // It has gone round undisturbed: there is no other left. The highest label may have died on the
            // way.
            context.explain(Why::Advanced { phase: u32::from(round), label });
            self.status = Status::Active;
            return context.send(Port::Successor, Message::Maximum(self.me));
        }
        if self.is_casualty(label, round) {
            return context.explain(Why::Swallowed(label));
        }
        self.status = Status::Relay;
        if self.is_promoted(label, round, left) {
            let round = round.saturating_add(1);
            context.explain(Why::Advanced { phase: u32::from(round), label });
            self.send(label, round, fibonacci(round.saturating_add(2)), context);
        } else {
            context.explain(Why::PassedOn(label));
            self.send(label, round, left, context);
        }
    }

    fn on_maximum(&mut self, label: L, context: &mut impl Context<L, Message<L>>) {
        if self.status == Status::Active {
            self.status = Status::Done;
            context.explain(Why::Found(label));
            context.elected(label);
        } else {
            context.explain(Why::PassedOn(label.max(self.me)));
            context.send(Port::Successor, Message::Maximum(label.max(self.me)));
        }
    }
}

impl<L: Label> Classic<L> for HighamPrzytycka<L> {
    type Message = Message<L>;
    const PROPERTIES: &'static Properties = &PROPERTIES;

    fn new(initial: &InitialKnowledge<'_, L>) -> Self {
        let me = initial.label();
        Self { me, status: Status::Asleep, round: 0, label: me }
    }

    fn wake(&mut self, context: &mut impl Context<L, Message<L>>) {
        if self.status == Status::Asleep {
            self.status = Status::Waiting;
            context.explain(Why::Joined(self.me));
            self.send(self.me, 1, fibonacci(3), context);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Port, message: Message<L>, context: &mut impl Context<L, Message<L>>) {
        self.wake(context);
        match message {
            Message::Envelope { label, round, left } => self.on_envelope(label, round, left, context),
            Message::Maximum(label) => self.on_maximum(label, context),
        }
    }

    #[inline]
    fn progress(&self) -> Progress<L> {
        Progress { status: self.status, phase: Some(u32::from(self.round)), holds: Some(self.label) }
    }

    fn pack(message: &Message<L>) -> Payload<L> {
        match *message {
            Message::Envelope { label, round, left } => {
                Payload { numbers: [round.into(), left, 0], ..Payload::of(0, label) }
            }
            Message::Maximum(label) => Payload::of(1, label),
        }
    }

    fn unpack(payload: &Payload<L>) -> Option<Message<L>> {
        let (label, [round, left, _]) = (payload.label?, payload.numbers);
        match payload.kind {
            0 => Some(Message::Envelope { label, round: round.try_into().ok()?, left }),
            1 => Some(Message::Maximum(label)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fibonacci_numbers_are_theirs() {
        assert_eq!([1, 2, 3, 4, 5, 6, 7].map(fibonacci), [1, 1, 2, 3, 5, 8, 13]);
        assert_eq!(fibonacci(255), u32::MAX);
    }
}
