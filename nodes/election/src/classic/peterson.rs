//! Peterson (1982): Franklin's comparison on a ring with one direction. Labels move; members hold them.

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst,
};

const PROPERTIES: Properties = Properties {
    key: "peterson",
    name: "Peterson",
    year: 1982,
    variant: "the first of the paper's two algorithms, 2 n log₂ n; not the second, 1.44 n log₂ n",
    how: "Each active member holds a label, at first its own. In each phase it hears the labels of the two active members \
          before it. When the nearer one's is the highest of the three it takes that over and stays active, otherwise it only \
          relays from then on. The member whose own label comes home leads.",
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
        formula: "2n⌊log₂ n⌋ + 2n",
        messages: |ring| 2.0 * ring.n * ring.n.log2().floor() + 2.0 * ring.n,
        worst_case: true,
        at_worst: None,
    },
    worst: Worst::BitReversed,
    time: "O(n)",
    phases: "phase",
    kinds: &["label"],
    numbers: &[],
    source: "G. L. Peterson, An O(n log n) unidirectional algorithm for the circular extrema problem, ACM TOPLAS 4(4), 1982, \
             pp. 758–762 (the first algorithm)",
};

/// One member. `tid`, `ntid` and `nntid` are the paper's names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peterson<L> {
    me: L,
    status: Status,
    phase: u8,
    /// The label that it holds.
    tid: L,
    /// The label of the active member before it, once heard in this phase.
    ntid: Option<L>,
}

impl<L: Label> Peterson<L> {
    fn begin_phase(&mut self, tid: L, context: &mut impl Context<L, L>) {
        (self.tid, self.ntid) = (tid, None);
        context.send(Port::Successor, tid);
    }

    /// `receive(ntid)`, then `if tid > ntid then send(tid) else send(ntid)`.
    fn first_heard(&mut self, ntid: L, context: &mut impl Context<L, L>) {
        self.ntid = Some(ntid);
        context.explain(Why::Holding(ntid));
        context.send(Port::Successor, self.tid.max(ntid));
    }

    /// `receive(nntid)`, then `if ntid ≥ max(tid, nntid) then tid := ntid else goto relay`.
    fn second_heard(&mut self, ntid: L, nntid: L, context: &mut impl Context<L, L>) {
        let highest = self.tid.max(nntid);
        if ntid >= highest {
            self.phase = self.phase.saturating_add(1);
            context.explain(Why::Advanced { phase: u32::from(self.phase), label: ntid });
            self.begin_phase(ntid, context);
        } else {
            self.status = Status::Relay;
            context.explain(Why::BeatenBy(highest));
        }
    }

    /// `if nntid = initial value then announce elected`: it has gone all the way round, and left nothing
    /// active behind it.
    fn win(&mut self, context: &mut impl Context<L, L>) {
        self.status = Status::Done;
        context.explain(Why::Found(self.me));
        context.elected(self.me);
    }
}

impl<L: Label> Classic<L> for Peterson<L> {
    type Message = L;
    const PROPERTIES: &'static Properties = &PROPERTIES;

    fn new(initial: &InitialKnowledge<'_, L>) -> Self {
        let me = initial.label();
        Self { me, status: Status::Asleep, phase: 0, tid: me, ntid: None }
    }

    fn wake(&mut self, context: &mut impl Context<L, L>) {
        if self.status == Status::Asleep {
            self.status = Status::Active;
            context.explain(Why::Joined(self.me));
            self.begin_phase(self.me, context);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Port, label: L, context: &mut impl Context<L, L>) {
        self.wake(context);
        match (self.status, self.ntid) {
            // It comes home twice, as the nearer and as the farther label of the member that is still active.
            (Status::Done, _) => {}
            _ if label == self.me => self.win(context),
            (Status::Relay, _) => {
                context.explain(Why::PassedOn(label));
                context.send(Port::Successor, label);
            }
            (_, None) => self.first_heard(label, context),
            (_, Some(ntid)) => self.second_heard(ntid, label, context),
        }
    }

    #[inline]
    fn progress(&self) -> Progress<L> {
        Progress { status: self.status, phase: Some(u32::from(self.phase)), holds: Some(self.tid) }
    }

    fn pack(message: &L) -> Payload<L> {
        Payload::of(0, *message)
    }

    fn unpack(payload: &Payload<L>) -> Option<L> {
        payload.label.filter(|_| payload.kind == 0)
    }
}
