//! Dolev, Klawe and Rodeh (1982): labels move, only local winners are confirmed, and a label that has gone
//! far enough waits where it is.
//!
//! This is their algorithm B, 1.5 n log₂ n + O(n) messages at worst. Their closing remark says that the same
//! ideas bring an algorithm of Peterson's down to 1.356 n log₂ n + O(n), without giving its rules; no ring is
//! known here, of all small ones and of those searched for, on which this one exceeds that either
//! (`docs/algorithms.md`).

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst,
};

const PROPERTIES: Properties = Properties {
    key: "dolev-klawe-rodeh",
    name: "Dolev–Klawe–Rodeh B",
    year: 1982,
    variant: "algorithm B of the paper, the improved one",
    how: "Each active member sends the label it holds on to the next active one. That takes over a higher one and waits, or, \
          being higher, retires and confirms to the next that it holds a local maximum: only confirmed ones go on. A label \
          that has gone 2ᵖ members far in phase p unbeaten waits there, so that the confirmation has no further to go.",
    ring_kind: RingKind::Unidirectional,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: false,
    needs_order: true,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    found_by_another: false,
    among_processes: true,
    bound: Bound {
        formula: "1.5 n log₂ n + 3n (1.356 n log₂ n for a variant)",
        messages: |ring| 1.5 * ring.n * ring.n.log2() + 3.0 * ring.n,
        worst_case: true,
        at_worst: None,
    },
    worst: Worst::BitReversed,
    time: "O(n)",
    phases: "phase",
    kinds: &["label", "confirmation"],
    numbers: &["phase", "left"],
    source: "D. Dolev, M. Klawe, M. Rodeh, An O(n log n) unidirectional distributed algorithm for extrema finding in a circle, \
             Journal of Algorithms 3(3), 1982, pp. 245–260 (algorithm B)",
};

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message<L> {
    /// M1: a label on its way to the next active member.
    Label {
        /// The label.
        label: L,
        /// Its phase.
        phase: u8,
        /// Members that it may still pass before it waits; 0 when it waits behind already, or was beaten.
        left: u32,
    },
    /// M2: what the member behind held, and lost nothing by.
    Confirmation(L),
}

/// One member. `max` is the paper's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DolevKlaweRodeh<L> {
    me: L,
    status: Status,
    phase: u8,
    /// The highest label that it has held or let pass.
    max: L,
}

impl<L: Label> DolevKlaweRodeh<L> {
    /// "An active process sends its label", 2^phase members far.
    fn begin_phase(&mut self, context: &mut impl Context<L, Message<L>>) {
        self.status = Status::Active;
        let left = 1_u32 << self.phase.min(31);
        context.send(Port::Successor, Message::Label { label: self.max, phase: self.phase, left });
    }

    /// An active process takes over a higher label and waits; "otherwise it becomes passive and sends M2".
    fn on_label_while_active(&mut self, label: L, context: &mut impl Context<L, Message<L>>) {
        if label > self.max {
            self.max = label;
            self.status = Status::Waiting;
            context.explain(Why::Holding(label));
        } else {
            self.status = Status::Relay;
            context.explain(Why::Swallowed(label));
            context.send(Port::Successor, Message::Confirmation(self.max));
        }
    }

    /// A passive process passes labels on; one that has come as far as it may, unbeaten, waits here as well.
    fn on_label_while_passive(
        &mut self,
        label: L,
        phase: u8,
        left: u32,
        context: &mut impl Context<L, Message<L>>,
    ) {
        let unbeaten = left > 0 && label >= self.max;
        let left = if unbeaten { left - 1 } else { 0 };
        if unbeaten {
            self.max = label;
            if left == 0 {
                (self.status, self.phase) = (Status::Waiting, phase);
            }
        }
        context.explain(Why::PassedOn(label));
        context.send(Port::Successor, Message::Label { label, phase, left });
    }

    fn on_label(&mut self, label: L, phase: u8, left: u32, context: &mut impl Context<L, Message<L>>) {
        match self.status {
            Status::Active => self.on_label_while_active(label, context),
            Status::Asleep | Status::Waiting | Status::Relay | Status::Done => {
                // A member that waited for a confirmation has been overtaken by the next phase.
                if self.status == Status::Waiting {
                    self.status = Status::Relay;
                    context.explain(Why::BeatenBy(label));
                }
                self.on_label_while_passive(label, phase, left, context);
            }
        }
    }

    /// "A waiting process that receives M2 becomes active in the next phase."
    fn on_confirmation(&mut self, label: L, context: &mut impl Context<L, Message<L>>) {
        match self.status {
            Status::Waiting => {
                self.phase = self.phase.saturating_add(1);
                context.explain(Why::Advanced { phase: u32::from(self.phase), label: self.max });
                self.begin_phase(context);
            }
            // One for a label that was beaten here in the meantime has nobody to go to.
            _ if label < self.max => {}
            _ => context.send(Port::Successor, Message::Confirmation(label)),
        }
    }
}

impl<L: Label> Classic<L> for DolevKlaweRodeh<L> {
    type Message = Message<L>;
    const PROPERTIES: &'static Properties = &PROPERTIES;

    fn new(initial: &InitialKnowledge<'_, L>) -> Self {
        let me = initial.label();
        Self { me, status: Status::Asleep, phase: 0, max: me }
    }

    fn wake(&mut self, context: &mut impl Context<L, Message<L>>) {
        if self.status == Status::Asleep {
            context.explain(Why::Joined(self.me));
            self.begin_phase(context);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Port, message: Message<L>, context: &mut impl Context<L, Message<L>>) {
        self.wake(context);
        match message {
            Message::Label { label, .. } if label == self.me => {
                // It has gone all the way round, and left nothing active behind it.
                self.status = Status::Done;
                context.explain(Why::Found(self.me));
                context.elected(self.me);
            }
            Message::Label { label, phase, left } => self.on_label(label, phase, left, context),
            Message::Confirmation(label) => self.on_confirmation(label, context),
        }
    }

    #[inline]
    fn progress(&self) -> Progress<L> {
        Progress { status: self.status, phase: Some(u32::from(self.phase)), holds: Some(self.max) }
    }

    fn pack(message: &Message<L>) -> Payload<L> {
        match *message {
            Message::Label { label, phase, left } => {
                Payload { numbers: [phase.into(), left, 0], ..Payload::of(0, label) }
            }
            Message::Confirmation(label) => Payload::of(1, label),
        }
    }

    fn unpack(payload: &Payload<L>) -> Option<Message<L>> {
        let (label, [phase, left, _]) = (payload.label?, payload.numbers);
        match payload.kind {
            0 => Some(Message::Label { label, phase: phase.try_into().ok()?, left }),
            1 => Some(Message::Confirmation(label)),
            _ => None,
        }
    }
}
