//! Franklin (1982): who is higher than both active neighbours goes on.

use super::{
    Bound, Classic, Direction, Facts, Label, Notion, Parcel, Seat, Side, Standing, Why, World, Worst,
};

const FACTS: Facts = Facts {
    key: "franklin",
    name: "Franklin",
    year: 1982,
    variant: "as in the paper: each round compares with the next active members on both sides",
    how: "In each round every active member sends its label both ways to the next active ones. One that is higher than \
          both stays active, the others only relay from then on. At least half go each round. The one that receives its own \
          label leads.",
    direction: Direction::Bidirectional,
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
    source: "W. R. Franklin, On an improved algorithm for decentralized extrema finding in circular configurations of \
             processors, CACM 25(5), 1982, pp. 336–337",
};

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Franklin<L> {
    me: L,
    standing: Standing,
    round: u8,
    /// What came from the predecessor's and the successor's side and is not compared yet. A neighbour can be one round ahead,
    /// not two: it needs my label for that.
    heard: [[Option<L>; 2]; 2],
}

impl<L: Label> Franklin<L> {
    fn send_both(&mut self, world: &mut impl World<L, L>) {
        world.send(Side::Predecessor, self.me);
        world.send(Side::Successor, self.me);
    }

    fn hear(&mut self, from: Side, label: L) {
        let heard = &mut self.heard[usize::from(from == Side::Successor)];
        if heard[0].is_none() { heard[0] = Some(label) } else { heard[1] = Some(label) }
    }

    /// "Compares the two with its own": done as often as both sides have spoken.
    fn compare(&mut self, world: &mut impl World<L, L>) {
        while let [[Some(left), _], [Some(right), _]] = self.heard {
            for heard in &mut self.heard {
                *heard = [heard[1], None];
            }
            let higher = left.max(right);
            if higher > self.me {
                return self.retire(higher, world);
            }
            self.round = self.round.saturating_add(1);
            world.explain(Why::Advanced { phase: u32::from(self.round), label: self.me });
            self.send_both(world);
        }
    }

    /// "Becomes inactive": what neighbours that are ahead have sent already goes on its way.
    fn retire(&mut self, better: L, world: &mut impl World<L, L>) {
        self.standing = Standing::Relay;
        world.explain(Why::BeatenBy(better));
        for (heard, onward) in [(0, Side::Successor), (1, Side::Predecessor)] {
            for label in std::mem::take(&mut self.heard[heard]).into_iter().flatten() {
                world.send(onward, label);
            }
        }
    }

    /// "Receives its own label": nobody else is active.
    fn win(&mut self, world: &mut impl World<L, L>) {
        if self.standing != Standing::Done {
            self.standing = Standing::Done;
            self.heard = [[None; 2]; 2];
            world.explain(Why::Found(self.me));
            world.elected(self.me);
        }
    }
}

impl<L: Label> Classic<L> for Franklin<L> {
    type Message = L;
    const FACTS: &'static Facts = &FACTS;

    fn new(seat: &Seat<'_, L>) -> Self {
        Self { me: seat.label(), standing: Standing::Asleep, round: 0, heard: [[None; 2]; 2] }
    }

    fn wake(&mut self, world: &mut impl World<L, L>) {
        if self.standing == Standing::Asleep {
            self.standing = Standing::Active;
            world.explain(Why::Joined(self.me));
            self.send_both(world);
        }
    }

    #[inline]
    fn receive(&mut self, from: Side, label: L, world: &mut impl World<L, L>) {
        self.wake(world);
        if label == self.me {
            self.win(world);
        } else if self.standing == Standing::Relay {
            world.explain(Why::PassedOn(label));
            world.send(from.opposite(), label);
        } else if self.standing == Standing::Active {
            self.hear(from, label);
            self.compare(world);
        }
    }

    #[inline]
    fn notion(&self) -> Notion<L> {
        Notion { standing: self.standing, phase: Some(u32::from(self.round)), holds: None }
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
