//! Chang and Roberts's election as textbooks teach it: only those that start may win, all others pass on.
//!
//! Tel's algorithm 7.3, Fokkink's section on rings, and `ChangRoberts.tla` of the TLA+ examples. A member
//! that a message finds asleep is passive from then on, whatever its label: the highest *initiator* wins.

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst, properties,
};

const PROPERTIES: Properties = Properties {
    key: "chang-roberts-initiators",
    name: "Chang–Roberts, initiators only",
    year: 1979,
    variant: "as Tel, Fokkink and the TLA+ examples teach it: members that don't start are passive, and the highest \
              initiator wins",
    how: "Every member that starts sends its label round. One that does not start passes everything on. One that did \
          passes on what is higher than its own label, and is passive from then on, and swallows what is lower. Only the \
          highest initiator's label comes home.",
    ring_kind: RingKind::Unidirectional,
    labels: true,
    winner: super::Winner::HighestInitiator,
    knows_size: false,
    needs_order: false,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    found_by_another: false,
    among_processes: true,
    bound: Bound {
        formula: "n·Hₖ on average for k initiators, n·Hₙ when everybody starts, n(n+1)/2 at worst",
        messages: |ring| ring.n * properties::harmonic(ring.initiators),
        worst_case: false,
        at_worst: Some(|ring| ring.initiators * (2.0 * ring.n - ring.initiators + 1.0) / 2.0),
    },
    worst: Worst::Decreasing,
    time: "n when everybody starts, 2n − 1 otherwise",
    phases: "phase",
    kinds: &["label"],
    numbers: &[],
    source: "E. Chang, R. Roberts, CACM 22(5), 1979, pp. 281–283; rules as in G. Tel, Introduction to Distributed Algorithms, \
             2nd ed., 2000, section 7.2.1, and W. Fokkink, Distributed Algorithms, 2nd ed., 2018, section 9.1",
};

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChangRobertsInitiators<L> {
    me: L,
    status: Status,
}

impl<L: Label> ChangRobertsInitiators<L> {
    /// "A passive process passes on"; an active one becomes passive when the label is higher than its own.
    #[inline]
    fn pass_on(&mut self, label: L, context: &mut impl Context<L, L>) {
        if self.status != Status::Relay {
            if self.status == Status::Active {
                context.explain(Why::BeatenBy(label));
            }
            self.status = Status::Relay;
        }
        context.explain(Why::PassedOn(label));
        context.send(Port::Successor, label);
    }
}

impl<L: Label> Classic<L> for ChangRobertsInitiators<L> {
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
        if self.status != Status::Active || label > self.me {
            self.pass_on(label, context);
        } else if label < self.me {
            context.explain(Why::Swallowed(label));
        } else {
            self.status = Status::Done;
            context.explain(Why::Found(self.me));
            context.elected(self.me);
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
