//! Chang and Roberts's election as textbooks teach it: only those that start may win, all others pass on.
//!
//! Tel's algorithm 7.3, Fokkink's section on rings, and `ChangRoberts.tla` of the TLA+ examples. A member
//! that a message finds asleep is passive from then on, whatever its label: the highest *initiator* wins.

use super::{
    Bound, Classic, Direction, Facts, Label, Notion, Parcel, Seat, Side, Standing, Why, World, Worst, facts,
};

const FACTS: Facts = Facts {
    key: "chang-roberts-initiators",
    name: "Chang–Roberts, initiators only",
    year: 1979,
    variant: "as Tel, Fokkink and the TLA+ examples teach it: members that don't start are passive, and the highest \
              initiator wins",
    how: "Every member that starts sends its label round. One that does not start passes everything on. One that did \
          passes on what is higher than its own label, and is passive from then on, and swallows what is lower. Only the \
          highest initiator's label comes home.",
    direction: Direction::Unidirectional,
    labels: true,
    winner: super::Winner::HighestInitiator,
    knows_size: false,
    needs_order: false,
    survives_failures: false,
    ending: super::Ending::WinnerAnnounces,
    among_processes: true,
    bound: Bound {
        words: "n·Hₖ on average for k initiators, n·Hₙ when everybody starts, n(n+1)/2 at worst",
        messages: |ring| ring.n * facts::harmonic(ring.initiators),
        worst_case: false,
        at_worst: Some(|ring| ring.initiators * (2.0 * ring.n - ring.initiators + 1.0) / 2.0),
    },
    worst: Worst::Decreasing,
    time: "n when everybody starts, 2n − 1 otherwise",
    kinds: &["label"],
    numbers: &[],
    source: "E. Chang, R. Roberts, CACM 22(5), 1979, pp. 281–283; rules as in G. Tel, Introduction to Distributed Algorithms, \
             2nd ed., 2000, section 7.2.1, and W. Fokkink, Distributed Algorithms, 2nd ed., 2018, section 9.1",
};

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChangRobertsInitiators<L> {
    me: L,
    standing: Standing,
}

impl<L: Label> ChangRobertsInitiators<L> {
    /// "A passive process passes on"; an active one becomes passive when the label is higher than its own.
    #[inline]
    fn pass_on(&mut self, label: L, world: &mut impl World<L, L>) {
        if self.standing != Standing::Relay {
            if self.standing == Standing::Active {
                world.explain(Why::BeatenBy(label));
            }
            self.standing = Standing::Relay;
        }
        world.explain(Why::PassedOn(label));
        world.send(Side::Successor, label);
    }
}

impl<L: Label> Classic<L> for ChangRobertsInitiators<L> {
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
        if self.standing != Standing::Active || label > self.me {
            self.pass_on(label, world);
        } else if label < self.me {
            world.explain(Why::Swallowed(label));
        } else {
            self.standing = Standing::Done;
            world.explain(Why::Found(self.me));
            world.elected(self.me);
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
