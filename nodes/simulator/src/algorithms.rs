//! A failure-free ring of any size for the classic algorithms: one engine from two members to millions.
//!
//! Virtual time goes in ticks, [`TICKS`] to the mean time that a message takes; a [`timing_wheel`] of ticks
//! delivers what is due in the order in which it was sent. Same settings, same run, everywhere.
//!
//! ```
//! use ringleader_election::classic::ChangRoberts;
//! use ringleader_simulator::algorithms::{Election, Settings};
//!
//! let outcome = Election::<ChangRoberts<u32>>::new(Settings::new(8)).run();
//! assert_eq!(outcome.leader.map(|at| outcome.labels[at as usize]), Some(8));
//! ```

mod max_ring;
mod network;
mod settings;
mod timing_wheel;
pub mod watch;

use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;

use ringleader_election::classic::{
    Announcement, BrokenPromise, Classic, Context, Ending, InitialKnowledge, Observed, Port, Progress,
    Properties, RingKind, Why,
};

pub use max_ring::MaxRingElection;
pub use settings::{Initiators, Labels, Pace, Settings};

use crate::rng::Rng;
use network::{Network, Packet};
use timing_wheel::TimingWheel;
use watch::{Decision, Message, Recorder, State, Step, TooLong, Unwatched, Watch};

/// Ticks of virtual time in one unit: the mean time that a message takes.
pub const TICKS: u64 = 256;

/// Bytes of members from which on it pays to look at them ahead. Below, they come as fast as they are asked
/// for.
const FAR: usize = 8 << 20;

/// The cost and the winner of an election.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The labels in ring order.
    pub labels: Arc<[u32]>,
    /// The places of those that started of their own accord, in ring order; `None` for everybody.
    pub initiators: Option<Arc<[u32]>>,
    /// The place of the one leader; `None` when nobody leads, or more than one does.
    pub leader: Option<u32>,
    /// Number of members that know that leader to lead.
    pub informed: u32,
    /// Messages of the election: links crossed before the result was announced.
    pub messages: u64,
    /// Messages of the election by their kind.
    pub by_kind: [u64; 4],
    /// Messages that announced the result.
    pub announced: u64,
    /// Time at which the winner was known, in units of the mean time that a message takes.
    pub decided: f64,
    /// Time at which the last message arrived, in the same units.
    pub ended: f64,
    /// The most messages that were on their way at one time.
    pub most_in_flight: usize,
}

impl Outcome {
    /// The places of those that started of their own accord.
    pub fn starters(&self) -> impl Iterator<Item = usize> {
        let some = self.initiators.iter().flat_map(|places| places.iter().map(|&at| at as usize));
        let all = 0..if self.initiators.is_none() { self.labels.len() } else { 0 };
        some.chain(all)
    }

    /// Checks what the algorithm promises of its end.
    ///
    /// # Errors
    /// The first promise that is not kept.
    pub fn check(&self, properties: &Properties) -> Result<(), BrokenPromise<u32>> {
        properties.check(&Observed {
            labels: &self.labels,
            initiators: &self.starters().collect::<Vec<_>>(),
            leader: self.leader.map(|at| self.labels[at as usize]),
            informed: self.informed as usize,
            messages: self.messages,
            announcement: Announcement::Counted(self.announced),
        })
    }

    /// Links crossed in all.
    #[must_use]
    pub const fn hops(&self) -> u64 {
        self.messages + self.announced
    }
}

/// The network as one member sees it.
struct RunContext<'a, A: Classic<u32>, W> {
    at: u32,
    network: &'a mut Network<A::Message>,
    watch: &'a mut W,
}

impl<A: Classic<u32>, W: Watch> Context<u32, A::Message> for RunContext<'_, A, W> {
    #[inline]
    fn send(&mut self, to: Port, message: A::Message) {
        if W::LISTENS {
            self.watch.sends(self.network.place(self.at, to), Message::Classic(A::pack(&message)));
        }
        self.network.by_kind[A::kind(&message) & 3] += 1;
        self.network.post(self.at, to, message);
    }

    fn draw(&mut self, below: u32) -> u32 {
        self.network.rng.below(below)
    }

    fn elected(&mut self, leader: u32) {
        self.network.learn(leader);
        self.watch.learns(leader);
        if A::PROPERTIES.ending == Ending::WinnerAnnounces {
            self.network.tally.finder = Some(self.at);
            announce(self.network, self.at, leader, self.watch);
        }
    }

    #[inline]
    fn explain(&mut self, why: Why<u32>) {
        self.watch.decides(Decision::Classic(why));
    }
}

/// Sends the result on to the next member.
fn announce<M: Copy>(network: &mut Network<M>, at: u32, leader: u32, watch: &mut impl Watch) {
    watch.sends(network.place(at, Port::Successor), Message::Result { leader });
    network.announce(at, leader);
}

/// One election of one algorithm.
#[derive(Debug)]
pub struct Election<A: Classic<u32>> {
    labels: Arc<[u32]>,
    initiators: Option<Arc<[u32]>>,
    members: Vec<A>,
    network: Network<A::Message>,
}

impl<A: Classic<u32>> Election<A> {
    /// Bytes that a member takes, its label and the care for order included.
    pub const BYTES_A_MEMBER: usize = size_of::<A>()
        + size_of::<u32>()
        + size_of::<u64>() * if matches!(A::PROPERTIES.ring_kind, RingKind::Bidirectional) { 2 } else { 1 };

    /// Bytes that a message takes on its way.
    pub const BYTES_A_MESSAGE: usize = TimingWheel::<Packet<A::Message>>::BYTES_AN_ENTRY;

    /// A ring whose initiators have just woken, at time 0.
    #[must_use]
    pub fn new(settings: Settings<'_>) -> Self {
        Self::begin(settings, &mut Unwatched)
    }

    /// A ring with these different labels, instead of those of the settings.
    #[must_use]
    pub fn of(labels: &[u32], settings: Settings<'_>) -> Self {
        Self::new(Settings { labels: Labels::Given(labels), ..settings })
    }

    /// Runs an election and writes every step down: the same run as that of [`Election::run`].
    ///
    /// # Errors
    /// When it takes more than so many messages, the announcement of the result included.
    pub fn traced(settings: Settings<'_>, most: u64) -> Result<(Outcome, Vec<Step>), TooLong> {
        let mut recorder = Recorder::default();
        let mut election = Self::begin(settings, &mut recorder);
        recorder.check(most)?;
        while let Some(packet) = election.network.wheel.pop() {
            election.deliver(packet, &mut recorder);
            recorder.check(most)?;
        }
        Ok((election.outcome(), recorder.finish()))
    }

    fn begin(settings: Settings<'_>, watch: &mut impl Watch) -> Self {
        let mut rng = Rng::new(settings.seed);
        let labels = settings.labels(A::PROPERTIES.worst, &mut rng);
        let size = u32::try_from(labels.len()).unwrap_or(u32::MAX);
        let members = (0..size)
            .map(|at| A::new(&InitialKnowledge { at, size, everyone: &labels, eligible: true }))
            .collect();
        let links = match (settings.pace, A::PROPERTIES.ring_kind) {
            // What always takes the same time keeps order by itself.
            (Pace::Unit, _) | (_, RingKind::Complete) => 0,
            (_, RingKind::Unidirectional) => labels.len(),
            (_, RingKind::Bidirectional) => labels.len() * 2,
        };
        let initiators = settings.initiators(&labels, &mut rng);
        let network = Network::new(size, links, settings.pace, rng);
        let mut election = Self { labels, initiators, members, network };
        match election.initiators.clone() {
            Some(places) => places.iter().for_each(|&at| election.wake(at, watch)),
            None => (0..size).for_each(|at| election.wake(at, watch)),
        }
        election
    }

    fn wake<W: Watch>(&mut self, at: u32, watch: &mut W) {
        watch.acts(self.network.wheel.now(), at);
        let member = &mut self.members[at as usize];
        member.wake(&mut RunContext::<A, W> { at, network: &mut self.network, watch });
        if W::LISTENS {
            watch.becomes(State::Classic(self.members[at as usize].progress()));
        }
    }

    /// Delivers the next message; false when there is none, and the election is over.
    pub fn step(&mut self) -> bool {
        let Some(packet) = self.network.wheel.pop() else { return false };
        self.deliver(packet, &mut Unwatched);
        true
    }

    #[inline]
    fn deliver<W: Watch>(&mut self, packet: Packet<A::Message>, watch: &mut W) {
        let network = &mut self.network;
        match packet {
            Packet::Election { to, from, message } => {
                if W::LISTENS {
                    watch.acts(network.wheel.now(), to);
                    watch.receives(network.place(to, from.port()), Message::Classic(A::pack(&message)));
                }
                let mut context = RunContext::<A, W> { at: to, network, watch };
                self.members[to as usize].receive(from.port(), message, &mut context);
                if W::LISTENS {
                    watch.becomes(State::Classic(self.members[to as usize].progress()));
                }
            }
            Packet::Result { to, leader } => {
                if W::LISTENS {
                    watch.acts(network.wheel.now(), to);
                    watch.receives(network.place(to, Port::Predecessor), Message::Result { leader });
                }
                // Back at the finder the lap is over.
                if network.tally.finder != Some(to) {
                    network.learn(leader);
                    watch.learns(leader);
                    announce(network, to, leader, watch);
                }
            }
        }
    }

    /// Delivers everything: the same as steps to the end, several times faster on large rings.
    pub fn run(mut self) -> Outcome {
        let bytes = size_of_val(&self.members[..]) + size_of_val(&self.network.arrivals[..]);
        while let Some(ready) = self.network.wheel.ready() {
            if bytes > FAR {
                self.touch(ready.clone());
            }
            for place in ready.clone() {
                let packet = self.network.wheel.at(place);
                self.deliver(packet, &mut Unwatched);
            }
            self.network.wheel.take(ready);
        }
        self.outcome()
    }

    /// A ring that is larger than the caches waits for its memory. Looking at all members that are about to
    /// act before any does has their memory, and the care for order, come at the same time instead of one
    /// after the other.
    #[inline]
    fn touch(&self, ready: Range<usize>) {
        for place in ready {
            let (Packet::Election { to, .. } | Packet::Result { to, .. }) = self.network.wheel.at(place);
            black_box(self.members[to as usize].progress().status);
            black_box(self.network.arrivals.get(to as usize).copied());
        }
    }

    /// Number of messages that have been sent so far.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.network.messages() + self.network.announced
    }

    /// The state of a member.
    ///
    /// # Panics
    /// If there is no member at this place.
    #[must_use]
    pub fn progress(&self, at: u32) -> Progress<u32> {
        self.members[at as usize].progress()
    }

    /// The result so far.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let Network { wheel, announced, by_kind, tally, .. } = &self.network;
        let leader = tally.winner.filter(|_| tally.disputed == 0);
        let place = leader.and_then(|winner| self.labels.iter().position(|&label| label == winner));
        Outcome {
            labels: Arc::clone(&self.labels),
            initiators: self.initiators.clone(),
            leader: place.and_then(|at| u32::try_from(at).ok()),
            informed: tally.informed,
            messages: self.network.messages(),
            by_kind: *by_kind,
            announced: *announced,
            decided: units(tally.decided),
            ended: units(wheel.now()),
            most_in_flight: wheel.most(),
        }
    }
}

fn units(ticks: u64) -> f64 {
    ticks as f64 / TICKS as f64
}
