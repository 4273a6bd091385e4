//! Chang and Roberts (1979): a label goes on until it meets a higher one.

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst, properties,
};

const PROPERTIES: Properties = Properties {
    key: "chang-roberts",
    name: "Chang–Roberts",
    year: 1979,
    variant: "as in the 1979 paper: a message wakes whom it finds asleep, so that the highest label of all wins, \
              whoever starts",
    how: "Every member sends its label round. A member passes on what is higher than its own and swallows what is lower. Only \
          the highest comes home: its owner leads.",
    ring_kind: RingKind::Unidirectional,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: false,
    needs_order: false,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    found_by_another: false,
    among_processes: true,
    bound: Bound {
        formula: "n·Hₙ ≈ 0.693 n log₂ n on average, n(n+1)/2 at worst",
        messages: |ring| ring.n * properties::harmonic(ring.n),
        worst_case: false,
        at_worst: Some(|ring| ring.n * (ring.n + 1.0) / 2.0),
    },
    worst: Worst::Decreasing,
    time: "n",
    phases: "phase",
    kinds: &["label"],
    numbers: &[],
    source: "E. Chang, R. Roberts, An improved algorithm for decentralized extrema-finding in circular configurations of \
             processes, CACM 22(5), 1979, pp. 281–283",
};

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChangRoberts<L> {
    me: L,
    status: Status,
}

impl<L: Label> ChangRoberts<L> {
    /// "Greater: it is passed on." A member that passes on a greater one can't win, and need not start any
    /// more.
    #[inline]
    fn pass_on(&mut self, label: L, context: &mut impl Context<L, L>) {
        if self.status != Status::Relay {
            self.status = Status::Relay;
            context.explain(Why::BeatenBy(label));
        }
        context.explain(Why::PassedOn(label));
        context.send(Port::Successor, label);
    }

    /// "Less: it is discarded"; a member that has not started does so now.
    fn discard(&mut self, label: L, context: &mut impl Context<L, L>) {
        context.explain(Why::Swallowed(label));
        self.wake(context);
    }

    /// "Equal: it is the highest."
    fn win(&mut self, context: &mut impl Context<L, L>) {
        self.status = Status::Done;
        context.explain(Why::Found(self.me));
        context.elected(self.me);
    }
}

impl<L: Label> Classic<L> for ChangRoberts<L> {
    type Message = L;
    const PROPERTIES: &'static Properties = &PROPERTIES;

    fn new(initial: &InitialKnowledge<'_, L>) -> Self {
        Self { me: initial.label(), status: Status::Asleep }
    }

    fn wake(&mut self, context: &mut impl Context<L, L>) {
        if self.status == Status::Asleep {
            self.status = Status::Active;
            context.explain(Why::Joined(self.me));
            context.send(Port::Successor, self.me);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Port, label: L, context: &mut impl Context<L, L>) {
        if label > self.me {
            self.pass_on(label, context);
        } else if label < self.me {
            self.discard(label, context);
        } else {
            self.win(context);
        }
    }

    #[inline]
    fn progress(&self) -> Progress<L> {
        Progress { status: self.status, phase: None, holds: None }
    }

    fn pack(message: &L) -> Payload<L> {
        Payload::of(0, *message)
    }

    fn unpack(payload: &Payload<L>) -> Option<L> {
        payload.label.filter(|_| payload.kind == 0)
    }
}
