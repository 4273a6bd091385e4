//! LeLann (1977): everybody's label goes all the way round.

use super::{
    Bound, Classic, Direction, Facts, Label, Notion, Parcel, Seat, Side, Standing, Why, World, Worst,
};

const FACTS: Facts = Facts {
    key: "lelann",
    name: "LeLann",
    year: 1977,
    variant: "every label returns home, and each member finds the highest by itself",
    how: "Every member sends its label all the way round. Links keep order, so when its own is back it has seen all the \
          others, and the highest of them leads.",
    direction: Direction::Unidirectional,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: false,
    needs_order: true,
    survives_failures: false,
    ending: super::Ending::EveryoneKnows,
    among_processes: true,
    bound: Bound { words: "n², always", messages: |ring| ring.n * ring.n, worst_case: true, at_worst: None },
    worst: Worst::Any,
    time: "n",
    kinds: &["label"],
    numbers: &[],
    source: "G. Le Lann, Distributed systems: towards a formal approach, IFIP Congress 1977, pp. 155–160",
};

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeLann<L> {
    me: L,
    /// The highest label seen, my own included; `None` while asleep.
    highest: Option<L>,
    done: bool,
}

impl<L: Label> LeLann<L> {
    /// "Every label goes round once": one that is not mine is noted and passed on.
    fn relay(&mut self, label: L, world: &mut impl World<L, L>) {
        self.highest = self.highest.max(Some(label));
        world.explain(Why::PassedOn(label));
        world.send(Side::Successor, label);
    }

    /// "My own is back": all the others have passed here before it.
    fn decide(&mut self, world: &mut impl World<L, L>) {
        self.done = true;
        let highest = self.highest.unwrap_or(self.me);
        world.explain(Why::Found(highest));
        world.elected(highest);
    }
}

impl<L: Label> Classic<L> for LeLann<L> {
    type Message = L;
    const FACTS: &'static Facts = &FACTS;

    fn new(seat: &Seat<'_, L>) -> Self {
        Self { me: seat.label(), highest: None, done: false }
    }

    fn wake(&mut self, world: &mut impl World<L, L>) {
        if self.highest.is_none() {
            self.highest = Some(self.me);
            world.explain(Why::Joined(self.me));
            world.send(Side::Successor, self.me);
        }
    }

    #[inline]
    fn receive(&mut self, _from: Side, label: L, world: &mut impl World<L, L>) {
        self.wake(world);
        if label == self.me { self.decide(world) } else { self.relay(label, world) }
    }

    #[inline]
    fn notion(&self) -> Notion<L> {
        let standing = match self.highest {
            None => Standing::Asleep,
            Some(_) if self.done => Standing::Done,
            Some(_) => Standing::Active,
        };
        Notion { standing, phase: None, holds: self.highest }
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
