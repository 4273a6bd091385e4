//! The classic ring elections, each as its paper gives it: a failure-free asynchronous network whose links
//! keep order.
//!
//! One file an algorithm; their list is [`classic_algorithms`]. A machine asks nothing and
//! remembers everything, like [`crate::Core`]; what its paper takes for granted is data ([`Properties`]), and
//! it may look at nothing else of its [`InitialKnowledge`]. Labels are only compared, so they may be ranks in
//! a simulator and contenders in a process.
//!
//! But for the bully's, none of these papers tolerates a failure: a message lost is an election that never
//! ends. "Extrema finding" is taken literally: for any initiators the highest label wins, so a message wakes
//! whom it finds asleep. [`ChangRobertsInitiators`] is the exception ([`Winner::HighestInitiator`]).

mod bully;
mod chang_roberts;
mod chang_roberts_initiators;
mod dolev_klawe_rodeh;
mod dolev_klawe_rodeh_a;
mod franklin;
mod higham_przytycka;
mod hirschberg_sinclair;
mod itai_rodeh;
mod lelann;
mod peterson;
mod promise;
mod properties;

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

pub use bully::Bully;
pub use chang_roberts::ChangRoberts;
pub use chang_roberts_initiators::ChangRobertsInitiators;
pub use dolev_klawe_rodeh::DolevKlaweRodeh;
pub use dolev_klawe_rodeh_a::DolevKlaweRodehA;
pub use franklin::Franklin;
pub use higham_przytycka::HighamPrzytycka;
pub use hirschberg_sinclair::HirschbergSinclair;
pub use itai_rodeh::ItaiRodeh;
pub use lelann::LeLann;
pub use peterson::Peterson;
pub use promise::{Announcement, BrokenPromise, Ending, Formula, Instance, Observed, Winner};
pub use properties::{Bound, MAX_RING, Properties, RingKind, Worst};
pub use ringleader_shared::algorithm::{Payload, Status};
pub use ringleader_shared::explanation::Why;
use ringleader_shared::{AlgorithmName, Contender, classic_algorithms};
use serde::{Deserialize, Serialize};

/// The label of a member: unique and ordered. The highest wins.
pub trait Label: Copy + Ord + Hash + Debug + Send + Sync + 'static {}

impl<T: Copy + Ord + Hash + Debug + Send + Sync + 'static> Label for T {}

/// The port of a member by which a message arrives or leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Port {
    /// The neighbour that ring messages come from.
    Predecessor,
    /// The neighbour that ring messages go to.
    Successor,
    /// The member at this place of the ring order, in a complete graph.
    Peer(u32),
}

impl Port {
    /// The other direction of the ring.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Predecessor => Self::Successor,
            Self::Successor => Self::Predecessor,
            Self::Peer(at) => Self::Peer(at),
        }
    }
}

/// The knowledge of a member before an election. [`Properties`] says how much of it an algorithm may use; its
/// own label, always.
#[derive(Debug)]
pub struct InitialKnowledge<'a, L> {
    /// The place, from 0, in ring order.
    pub at: u32,
    /// Number of members.
    pub size: u32,
    /// The labels in ring order: of all members, or of those that the algorithm may name.
    pub everyone: &'a Arc<[L]>,
    /// Whether the member may win. Labels of members that may not are lower than all others; only an
    /// algorithm that looks at no labels has to ask.
    pub eligible: bool,
}

impl<L: Label> InitialKnowledge<'_, L> {
    /// The member's own label.
    ///
    /// # Panics
    /// If there is no such place.
    #[must_use]
    pub fn label(&self) -> L {
        self.everyone[self.at as usize]
    }
}

/// The actions of a machine, passed to it with each call.
pub trait Context<L, M> {
    /// Sends a message, in order with what was sent that way before.
    fn send(&mut self, to: Port, message: M);

    /// A random number from 0 to `below` - 1, each as likely.
    fn draw(&mut self, below: u32) -> u32;

    /// This member knows that the one with this label leads.
    fn elected(&mut self, leader: L);

    /// Reports the reason for what it did.
    fn explain(&mut self, why: Why<L>) {
        let _ = why;
    }
}

/// The progress of a member, for a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Progress<L> {
    /// Its status.
    pub status: Status,
    /// Its phase or round, where the algorithm counts them.
    pub phase: Option<u32>,
    /// The label that it stands for, where that can be another's.
    pub holds: Option<L>,
}

/// One member of a classic election. A value: everything it knows is in it.
pub trait Classic<L: Label>: Clone + Eq + Hash + Debug + Send + Sync + 'static {
    /// The messages.
    type Message: Copy + Eq + Hash + Debug + Send + Sync + 'static;

    /// The assumptions and promises of its paper.
    const PROPERTIES: &'static Properties;

    /// A member that has not heard of an election.
    fn new(initial: &InitialKnowledge<'_, L>) -> Self;

    /// It starts of its own accord. A member that takes part already does nothing.
    fn wake(&mut self, context: &mut impl Context<L, Self::Message>);

    /// A message arrives.
    fn receive(&mut self, from: Port, message: Self::Message, context: &mut impl Context<L, Self::Message>);

    /// A member that takes part does not answer. False where the paper knows no failures: the election is
    /// void.
    fn unanswered(&mut self, peer: Port, context: &mut impl Context<L, Self::Message>) -> bool {
        let _ = (peer, context);
        false
    }

    /// Its progress.
    fn progress(&self) -> Progress<L>;

    /// Index of a message's kind in [`Properties::kinds`].
    #[inline]
    fn kind(message: &Self::Message) -> usize {
        Self::pack(message).kind.into()
    }

    /// A message in the form that travels between processes.
    fn pack(message: &Self::Message) -> Payload<L>;

    /// The message again; `None` when it is none of this algorithm's.
    fn unpack(payload: &Payload<L>) -> Option<Self::Message>;
}

/// Packs what a machine sends.
struct Packing<'a, A, W> {
    context: &'a mut W,
    algorithm: PhantomData<A>,
}

impl<A: Classic<Contender>, W: Context<Contender, Payload>> Context<Contender, A::Message>
    for Packing<'_, A, W>
{
    fn send(&mut self, to: Port, message: A::Message) {
        self.context.send(to, A::pack(&message));
    }

    fn draw(&mut self, below: u32) -> u32 {
        self.context.draw(below)
    }

    fn elected(&mut self, leader: Contender) {
        self.context.elected(leader);
    }

    fn explain(&mut self, why: Why<Contender>) {
        self.context.explain(why);
    }
}

/// Does something for an algorithm whose name is only known when the program runs.
pub trait Visitor {
    /// The result.
    type Output;

    /// Does it for `A`.
    fn visit<A: Classic<u32>>(self) -> Self::Output;
}

macro_rules! registry {
    ($($algorithm:ident $module:ident $key:literal)+) => {
        /// The properties of each classic algorithm, in the order of their years.
        pub const ALL: &[&Properties] = &[$(<$algorithm<u32> as Classic<u32>>::PROPERTIES),+];

        /// Has the visitor visit the algorithm of this key; `None` when there is no such one.
        pub fn visit<V: Visitor>(key: &str, visitor: V) -> Option<V::Output> {
            match key {
                $($key => Some(visitor.visit::<$algorithm<u32>>()),)+
                _ => None,
            }
        }

        /// A member of a classic election among contenders, whichever it is.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the algorithms' own names")]
        pub enum AnyClassic {
            $($algorithm($algorithm<Contender>)),+
        }

        impl AnyClassic {
            /// A member that has not heard of an election; `None` for max-ring, which is no classic one.
            #[must_use]
            pub fn new(name: AlgorithmName, initial: &InitialKnowledge<'_, Contender>) -> Option<Self> {
                match name {
                    AlgorithmName::MaxRing => None,
                    $(AlgorithmName::$algorithm => Some(Self::$algorithm(Classic::new(initial))),)+
                }
            }

            /// It starts of its own accord.
            pub fn wake(&mut self, context: &mut impl Context<Contender, Payload>) {
                match self {
                    $(Self::$algorithm(machine) => machine.wake(&mut Packing {
                        context,
                        algorithm: PhantomData::<$algorithm<Contender>>,
                    }),)+
                }
            }

            /// A message arrives. False, and nothing done, when it is none of this algorithm's.
            pub fn receive(
                &mut self,
                from: Port,
                payload: &Payload,
                context: &mut impl Context<Contender, Payload>,
            ) -> bool {
                match self {
                    $(Self::$algorithm(machine) => {
                        let Some(message) = $algorithm::<Contender>::unpack(payload) else { return false };
                        let algorithm = PhantomData::<$algorithm<Contender>>;
                        machine.receive(from, message, &mut Packing { context, algorithm });
                    })+
                }
                true
            }

            /// A member that takes part does not answer. False when the election is void by that.
            pub fn unanswered(&mut self, peer: Port, context: &mut impl Context<Contender, Payload>) -> bool {
                match self {
                    $(Self::$algorithm(machine) => machine.unanswered(peer, &mut Packing {
                        context,
                        algorithm: PhantomData::<$algorithm<Contender>>,
                    }),)+
                }
            }

            /// Its progress.
            #[must_use]
            pub fn progress(&self) -> Progress<Contender> {
                match self {
                    $(Self::$algorithm(machine) => machine.progress(),)+
                }
            }
        }

        /// The properties of an algorithm.
        #[must_use]
        pub const fn properties(name: AlgorithmName) -> &'static Properties {
            match name {
                AlgorithmName::MaxRing => &MAX_RING,
                $(AlgorithmName::$algorithm => <$algorithm<Contender> as Classic<Contender>>::PROPERTIES,)+
            }
        }
    };
}

classic_algorithms!([registry] {});
