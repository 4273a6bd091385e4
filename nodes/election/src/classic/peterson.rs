//! Peterson (1982): Franklin's comparison on a ring with one direction. Labels move; members hold them.

use super::{
    Bound, Classic, Direction, Facts, Label, Notion, Parcel, Seat, Side, Standing, Why, World, Worst,
};

const FACTS: Facts = Facts {
    key: "peterson",
    name: "Peterson",
    year: 1982,
    variant: "the first of the paper's two algorithms, 2 n log₂ n; not the second, 1.44 n log₂ n",
    how: "Each active member holds a label, at first its own. In each phase it hears the labels of the two active members \
          before it. When the nearer one's is the highest of the three it takes that over and stays active, otherwise it only \
          relays from then on. The member whose own label comes home leads.",
    direction: Direction::Unidirectional,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: false,
    needs_order: true,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    among_processes: true,
    bound: Bound {
        words: "2n⌊log₂ n⌋ + 2n",
        messages: |ring| 2.0 * ring.n * ring.n.log2().floor() + 2.0 * ring.n,
        worst_case: true,
        at_worst: None,
    },
    worst: Worst::BitReversed,
    time: "O(n)",
    kinds: &["label"],
    numbers: &[],
    source: "G. L. Peterson, An O(n log n) unidirectional algorithm for the circular extrema problem, ACM TOPLAS 4(4), 1982, \
             pp. 758–762 (the first algorithm)",
};

/// One member. `tid`, `ntid` and `nntid` are the paper's names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peterson<L> {
    me: L,
    standing: Standing,
    phase: u8,
    /// The label that it holds.
    tid: L,
    /// The label of the active member before it, once heard in this phase.
    ntid: Option<L>,
}

impl<L: Label> Peterson<L> {
    fn begin_phase(&mut self, tid: L, world: &mut impl World<L, L>) {
        (self.tid, self.ntid) = (tid, None);
        world.send(Side::Successor, tid);
    }

    /// `receive(ntid)`, then `if tid > ntid then send(tid) else send(ntid)`.
    fn first_heard(&mut self, ntid: L, world: &mut impl World<L, L>) {
        self.ntid = Some(ntid);
        world.explain(Why::Holding(ntid));
        world.send(Side::Successor, self.tid.max(ntid));
    }

    /// `receive(nntid)`, then `if ntid ≥ max(tid, nntid) then tid := ntid else goto relay`.
    fn second_heard(&mut self, ntid: L, nntid: L, world: &mut impl World<L, L>) {
        let highest = self.tid.max(nntid);
        if ntid >= highest {
            self.phase = self.phase.saturating_add(1);
            world.explain(Why::Advanced { phase: u32::from(self.phase), label: ntid });
            self.begin_phase(ntid, world);
        } else {
            self.standing = Standing::Relay;
            world.explain(Why::BeatenBy(highest));
        }
    }

    /// `if nntid = initial value then announce elected`: it has gone all the way round, and left nothing active behind it.
    fn win(&mut self, world: &mut impl World<L, L>) {
        self.standing = Standing::Done;
        world.explain(Why::Found(self.me));
        world.elected(self.me);
    }
}

impl<L: Label> Classic<L> for Peterson<L> {
    type Message = L;
    const FACTS: &'static Facts = &FACTS;

    fn new(seat: &Seat<'_, L>) -> Self {
        let me = seat.label();
        Self { me, standing: Standing::Asleep, phase: 0, tid: me, ntid: None }
    }

    fn wake(&mut self, world: &mut impl World<L, L>) {
        if self.standing == Standing::Asleep {
            self.standing = Standing::Active;
            world.explain(Why::Joined(self.me));
            self.begin_phase(self.me, world);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Side, label: L, world: &mut impl World<L, L>) {
        self.wake(world);
        match (self.standing, self.ntid) {
            // It comes home twice, as the nearer and as the farther label of whoever is still active.
            (Standing::Done, _) => {}
            _ if label == self.me => self.win(world),
            (Standing::Relay, _) => {
                world.explain(Why::PassedOn(label));
                world.send(Side::Successor, label);
            }
            (_, None) => self.first_heard(label, world),
            (_, Some(ntid)) => self.second_heard(ntid, label, world),
        }
    }

    #[inline]
    fn notion(&self) -> Notion<L> {
        Notion { standing: self.standing, phase: Some(u32::from(self.phase)), holds: Some(self.tid) }
    }

    fn kind(_: &L) -> usize {
        0
    }

    fn pack(message: &L) -> Parcel<L> {
        Parcel::of(0, *message)
    }

    fn unpack(parcel: &Parcel<L>) -> Option<L> {
        parcel.label.filter(|_| parcel.kind == 0)
    }
}
