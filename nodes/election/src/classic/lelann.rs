//! LeLann (1977): everybody's label goes all the way round.

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst,
};

const PROPERTIES: Properties = Properties {
    key: "lelann",
    name: "LeLann",
    year: 1977,
    variant: "every label returns home, and each member finds the highest by itself",
    how: "Every member sends its label all the way round. Links keep order, so when its own is back it has seen all the \
          others, and the highest of them leads.",
    ring_kind: RingKind::Unidirectional,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: false,
    needs_order: true,
    survives_failures: false,
    ending: super::Ending::EveryoneKnows,
    found_by_another: false,
    among_processes: true,
    bound: Bound {
        formula: "n², always",
        messages: |ring| ring.n * ring.n,
        worst_case: true,
        at_worst: None,
    },
    worst: Worst::Any,
    time: "n",
    phases: "phase",
    kinds: &["label"],
    numbers: &[],
    source: "G. Le Lann, Distributed systems: towards a formal approach, IFIP Congress 1977, pp. 155–160",
};

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeLann<L> {
    me: L,
    /// The highest label seen, the member's own included; `None` while asleep.
    highest: Option<L>,
    done: bool,
}

impl<L: Label> LeLann<L> {
    /// "Every label goes round once": one that is not mine is noted and passed on.
    fn relay(&mut self, label: L, context: &mut impl Context<L, L>) {
        self.highest = self.highest.max(Some(label));
        context.explain(Why::PassedOn(label));
        context.send(Port::Successor, label);
    }

    /// "My own is back": all the others have passed here before it.
    fn decide(&mut self, context: &mut impl Context<L, L>) {
        self.done = true;
        let highest = self.highest.unwrap_or(self.me);
        context.explain(Why::Found(highest));
        context.elected(highest);
    }
}

impl<L: Label> Classic<L> for LeLann<L> {
    type Message = L;
    const PROPERTIES: &'static Properties = &PROPERTIES;

    fn new(initial: &InitialKnowledge<'_, L>) -> Self {
        Self { me: initial.label(), highest: None, done: false }
    }

    fn wake(&mut self, context: &mut impl Context<L, L>) {
        if self.highest.is_none() {
            self.highest = Some(self.me);
            context.explain(Why::Joined(self.me));
            context.send(Port::Successor, self.me);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Port, label: L, context: &mut impl Context<L, L>) {
        self.wake(context);
        if label == self.me { self.decide(context) } else { self.relay(label, context) }
    }

    #[inline]
    fn progress(&self) -> Progress<L> {
        let status = match self.highest {
            None => Status::Asleep,
            Some(_) if self.done => Status::Done,
            Some(_) => Status::Active,
        };
        Progress { status, phase: None, holds: self.highest }
    }

    fn pack(message: &L) -> Payload<L> {
        Payload::of(0, *message)
    }

    fn unpack(payload: &Payload<L>) -> Option<L> {
        payload.label.filter(|_| payload.kind == 0)
    }
}
