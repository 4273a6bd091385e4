//! Chang and Roberts (1979): a label goes on until it meets a higher one.

use super::{
    Bound, Classic, Direction, Facts, Label, Notion, Parcel, Seat, Side, Standing, Why, World, Worst, facts,
};

const FACTS: Facts = Facts {
    key: "chang-roberts",
    name: "Chang–Roberts",
    year: 1979,
    variant: "as in the 1979 paper: a message wakes whom it finds asleep, so that the highest label of all wins, \
              whoever starts",
    how: "Every member sends its label round. A member passes on what is higher than its own and swallows what is lower. Only \
          the highest comes home: its owner leads.",
    direction: Direction::Unidirectional,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: false,
    needs_order: false,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    among_processes: true,
    bound: Bound {
        words: "n·Hₙ ≈ 0.693 n log₂ n on average, n(n+1)/2 at worst",
        messages: |ring| ring.n * facts::harmonic(ring.n),
        worst_case: false,
        at_worst: Some(|ring| ring.n * (ring.n + 1.0) / 2.0),
    },
    worst: Worst::Decreasing,
    time: "n",
    kinds: &["label"],
    numbers: &[],
    source: "E. Chang, R. Roberts, An improved algorithm for decentralized extrema-finding in circular configurations of \
             processes, CACM 22(5), 1979, pp. 281–283",
};

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChangRoberts<L> {
    me: L,
    standing: Standing,
}

impl<L: Label> ChangRoberts<L> {
    /// "Greater: it is passed on." Whoever passes on a greater one can't win, and need not start any more.
    #[inline]
    fn pass_on(&mut self, label: L, world: &mut impl World<L, L>) {
        if self.standing != Standing::Relay {
            self.standing = Standing::Relay;
            world.explain(Why::BeatenBy(label));
        }
        world.explain(Why::PassedOn(label));
        world.send(Side::Successor, label);
    }

    /// "Less: it is discarded"; whoever had not started does so now.
    fn discard(&mut self, label: L, world: &mut impl World<L, L>) {
        world.explain(Why::Swallowed(label));
        self.wake(world);
    }

    /// "Equal: it is the highest."
    fn win(&mut self, world: &mut impl World<L, L>) {
        self.standing = Standing::Done;
        world.explain(Why::Found(self.me));
        world.elected(self.me);
    }
}

impl<L: Label> Classic<L> for ChangRoberts<L> {
    type Message = L;
    const FACTS: &'static Facts = &FACTS;

    fn new(seat: &Seat<'_, L>) -> Self {
        Self { me: seat.label(), standing: Standing::Asleep }
    }

    fn wake(&mut self, world: &mut impl World<L, L>) {
        if self.standing == Standing::Asleep {
            self.standing = Standing::Active;
            world.explain(Why::Joined(self.me));
            world.send(Side::Successor, self.me);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Side, label: L, world: &mut impl World<L, L>) {
        if label > self.me {
            self.pass_on(label, world);
        } else if label < self.me {
            self.discard(label, world);
        } else {
            self.win(world);
        }
    }

    #[inline]
    fn notion(&self) -> Notion<L> {
        Notion { standing: self.standing, phase: None, holds: None }
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
