//! Dolev, Klawe and Rodeh (1982), algorithm A: the comparison of three labels on a ring with one direction,
//! in two messages a phase. Their algorithm B improves it, in `dolev_klawe_rodeh.rs`; Peterson found it
//! independently.

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst,
};

const PROPERTIES: Properties = Properties {
    key: "dolev-klawe-rodeh-a",
    name: "Dolev–Klawe–Rodeh A",
    year: 1982,
    variant: "algorithm A of the paper, 2 n log₂ n; algorithm B is the improved one",
    how: "Each active member holds a label, at first its own, and sends it to the next active one, which sends it on to the \
          one after it. So each hears of the two before it. When the nearer one's is the highest of the three it takes that \
          over and goes on, otherwise it only relays. Who receives the label that it holds has found the highest.",
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
        formula: "2n⌊log₂ n⌋ + n",
        messages: |ring| 2.0 * ring.n * ring.n.log2().floor() + ring.n,
        worst_case: true,
        at_worst: None,
    },
    worst: Worst::BitReversed,
    time: "O(n)",
    phases: "phase",
    kinds: &["first", "second"],
    numbers: &[],
    source: "D. Dolev, M. Klawe, M. Rodeh, An O(n log n) unidirectional distributed algorithm for extrema finding in a circle, \
             Journal of Algorithms 3(3), 1982, pp. 245–260 (algorithm A)",
};

/// A message: the paper's ⟨1, i⟩ and ⟨2, i⟩.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message<L> {
    /// M1: the label that the active member before holds.
    First(L),
    /// M2: the label that the active member before that one holds.
    Second(L),
}

/// One member. `max` and `left` are the paper's names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DolevKlaweRodehA<L> {
    me: L,
    status: Status,
    phase: u8,
    /// The label that it holds.
    max: L,
    /// The label of the active member before it, once heard in this phase.
    left: Option<L>,
}

impl<L: Label> DolevKlaweRodehA<L> {
    /// Step A0: "send M1 ⟨1, max(v)⟩".
    fn begin_phase(&mut self, max: L, context: &mut impl Context<L, Message<L>>) {
        (self.max, self.left) = (max, None);
        context.send(Port::Successor, Message::First(max));
    }

    /// Step A1: "if i ≠ max(v) then send ⟨2, i⟩ and assign i to left(v), otherwise halt: max(v) is the global
    /// maximum".
    fn on_first(&mut self, label: L, context: &mut impl Context<L, Message<L>>) {
        if label == self.max {
            self.status = Status::Done;
            context.explain(Why::Found(label));
            context.elected(label);
        } else {
            self.left = Some(label);
            context.explain(Why::Holding(label));
            context.send(Port::Successor, Message::Second(label));
        }
    }

    /// Step A2: "if left(v) is greater than both j and max(v) then assign left(v) to max(v) and send ⟨1,
    /// max(v)⟩, otherwise become passive".
    fn on_second(&mut self, label: L, context: &mut impl Context<L, Message<L>>) {
        let highest = self.max.max(label);
        match self.left {
            Some(left) if left > highest => {
                self.phase = self.phase.saturating_add(1);
                context.explain(Why::Advanced { phase: u32::from(self.phase), label: left });
                self.begin_phase(left, context);
            }
            Some(_) => {
                self.status = Status::Relay;
                context.explain(Why::BeatenBy(highest));
            }
            // Links keep order, and a first one is sent before each second one.
            None => {}
        }
    }
}

impl<L: Label> Classic<L> for DolevKlaweRodehA<L> {
    type Message = Message<L>;
    const PROPERTIES: &'static Properties = &PROPERTIES;

    fn new(initial: &InitialKnowledge<'_, L>) -> Self {
        let me = initial.label();
        Self { me, status: Status::Asleep, phase: 0, max: me, left: None }
    }

    fn wake(&mut self, context: &mut impl Context<L, Message<L>>) {
        if self.status == Status::Asleep {
            self.status = Status::Active;
            context.explain(Why::Joined(self.me));
            self.begin_phase(self.me, context);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Port, message: Message<L>, context: &mut impl Context<L, Message<L>>) {
        self.wake(context);
        match (self.status, message) {
            (Status::Active, Message::First(label)) => self.on_first(label, context),
            (Status::Active, Message::Second(label)) => self.on_second(label, context),
            (Status::Relay, Message::First(label) | Message::Second(label)) => {
                context.explain(Why::PassedOn(label));
                context.send(Port::Successor, message);
            }
            (Status::Asleep | Status::Waiting | Status::Done, _) => {}
        }
    }

    #[inline]
    fn progress(&self) -> Progress<L> {
        Progress { status: self.status, phase: Some(u32::from(self.phase)), holds: Some(self.max) }
    }

    fn pack(message: &Message<L>) -> Payload<L> {
        match *message {
            Message::First(label) => Payload::of(0, label),
            Message::Second(label) => Payload::of(1, label),
        }
    }

    fn unpack(payload: &Payload<L>) -> Option<Message<L>> {
        let label = payload.label?;
        match payload.kind {
            0 => Some(Message::First(label)),
            1 => Some(Message::Second(label)),
            _ => None,
        }
    }
}
