//! Franklin (1982): who is higher than both active neighbours goes on.

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst,
};

const PROPERTIES: Properties = Properties {
    key: "franklin",
    name: "Franklin",
    year: 1982,
    variant: "as in the paper: each round compares with the next active members on both sides",
    how: "In each round every active member sends its label both ways to the next active ones. One that is higher than \
          both stays active, the others only relay from then on. At least half go each round. The one that receives its own \
          label leads.",
    ring_kind: RingKind::Bidirectional,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: false,
    needs_order: true,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    found_by_another: false,
    among_processes: true,
    bound: Bound {
        formula: "2n⌊log₂ n⌋ + 2n",
        messages: |ring| 2.0 * ring.n * ring.n.log2().floor() + 2.0 * ring.n,
        worst_case: true,
        at_worst: None,
    },
    worst: Worst::BitReversed,
    time: "O(n)",
    phases: "round",
    kinds: &["label"],
    numbers: &[],
    source: "W. R. Franklin, On an improved algorithm for decentralized extrema finding in circular configurations of \
             processors, CACM 25(5), 1982, pp. 336–337",
};

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Franklin<L> {
    me: L,
    status: Status,
    round: u8,
    /// The labels from the predecessor's and the successor's side that are not compared yet. A neighbour can
    /// be one round ahead, not two: it needs this member's label for that.
    heard: [[Option<L>; 2]; 2],
}

impl<L: Label> Franklin<L> {
    fn send_both(&mut self, context: &mut impl Context<L, L>) {
        context.send(Port::Predecessor, self.me);
        context.send(Port::Successor, self.me);
    }

    fn hear(&mut self, from: Port, label: L) {
        let heard = &mut self.heard[usize::from(from == Port::Successor)];
        if heard[0].is_none() { heard[0] = Some(label) } else { heard[1] = Some(label) }
    }

    /// "Compares the two with its own": done as often as both sides have spoken.
    fn compare(&mut self, context: &mut impl Context<L, L>) {
        while let [[Some(left), _], [Some(right), _]] = self.heard {
            for heard in &mut self.heard {
                *heard = [heard[1], None];
            }
            let higher = left.max(right);
            if higher > self.me {
                return self.retire(higher, context);
            }
            self.round = self.round.saturating_add(1);
            context.explain(Why::Advanced { phase: u32::from(self.round), label: self.me });
            self.send_both(context);
        }
    }

    /// "Becomes inactive": what neighbours that are ahead have sent already goes on its way.
    fn retire(&mut self, better: L, context: &mut impl Context<L, L>) {
        self.status = Status::Relay;
        context.explain(Why::BeatenBy(better));
        for (heard, onward) in [(0, Port::Successor), (1, Port::Predecessor)] {
            for label in std::mem::take(&mut self.heard[heard]).into_iter().flatten() {
                context.send(onward, label);
            }
        }
    }

    /// "Receives its own label": nobody else is active.
    fn win(&mut self, context: &mut impl Context<L, L>) {
        if self.status != Status::Done {
            self.status = Status::Done;
            self.heard = [[None; 2]; 2];
            context.explain(Why::Found(self.me));
            context.elected(self.me);
        }
    }
}

impl<L: Label> Classic<L> for Franklin<L> {
    type Message = L;
    const PROPERTIES: &'static Properties = &PROPERTIES;

    fn new(initial: &InitialKnowledge<'_, L>) -> Self {
        Self { me: initial.label(), status: Status::Asleep, round: 0, heard: [[None; 2]; 2] }
    }

    fn wake(&mut self, context: &mut impl Context<L, L>) {
        if self.status == Status::Asleep {
            self.status = Status::Active;
            context.explain(Why::Joined(self.me));
            self.send_both(context);
        }
    }

    #[inline]
    fn receive(&mut self, from: Port, label: L, context: &mut impl Context<L, L>) {
        self.wake(context);
        if label == self.me {
            self.win(context);
        } else if self.status == Status::Relay {
            context.explain(Why::PassedOn(label));
            context.send(from.opposite(), label);
        } else if self.status == Status::Active {
            self.hear(from, label);
            self.compare(context);
        }
    }

    #[inline]
    fn progress(&self) -> Progress<L> {
        Progress { status: self.status, phase: Some(u32::from(self.round)), holds: None }
    }

    fn pack(message: &L) -> Payload<L> {
        Payload::of(0, *message)
    }

    fn unpack(payload: &Payload<L>) -> Option<L> {
        payload.label.filter(|_| payload.kind == 0)
    }
}
