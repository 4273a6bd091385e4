//! The classic algorithms in a failure-free network: every order in which messages can arrive, every random
//! number.

use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;
use std::sync::Arc;

use ringleader_election::classic::{
    Announcement, Classic, Context, Ending, InitialKnowledge, Instance, Observed, Port, Status, Winner,
};
use stateright::{Model, Property};

/// A ring with these labels, and who starts.
#[derive(Debug, Clone)]
pub struct ClassicModel<A> {
    labels: Arc<[u32]>,
    initiators: Vec<usize>,
    /// The most messages that a run may take, where there is such a number.
    most: Option<f64>,
    /// The highest phase or round that is explored: random numbers may prolong an election without bound.
    rounds: u32,
    algorithm: PhantomData<fn() -> A>,
}

/// The whole ring at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClassicState<A, M> {
    members: Vec<A>,
    /// The messages in transit, by sender and its port.
    links: BTreeMap<(usize, Port), VecDeque<M>>,
    /// The members that have yet to start.
    to_wake: Vec<usize>,
    /// The leader that each member knows.
    elected: Vec<Option<u32>>,
    sent: u64,
    /// A member has changed its mind about who leads.
    wavered: bool,
    /// A bit for each member that started of its own accord, where only those may win.
    started: u32,
}

/// The next step, and the random numbers that it draws.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Move {
    /// An initiator starts.
    Wake(usize, Vec<u32>),
    /// The first message of a link arrives.
    Deliver((usize, Port), Vec<u32>),
}

/// The actions of one call of one member.
struct MemberContext<'a, M> {
    draws: &'a [u32],
    drawn: usize,
    /// The member asked for a random number that is not chosen yet, below this bound.
    missing: Option<u32>,
    sent: Vec<(Port, M)>,
    elected: Option<u32>,
}

impl<M> Context<u32, M> for MemberContext<'_, M> {
    fn send(&mut self, to: Port, message: M) {
        self.sent.push((to, message));
    }

    fn draw(&mut self, below: u32) -> u32 {
        let drawn = self.draws.get(self.drawn).copied();
        self.drawn += 1;
        drawn.unwrap_or_else(|| {
            self.missing = Some(self.missing.unwrap_or(below));
            0
        })
    }

    fn elected(&mut self, leader: u32) {
        self.elected = Some(leader);
    }
}

type State<A> = ClassicState<A, <A as Classic<u32>>::Message>;

impl<A: Classic<u32>> ClassicModel<A> {
    /// A run with these labels where those at these places start, whenever they like.
    #[must_use]
    pub fn new(labels: &[u32], initiators: Vec<usize>, rounds: u32) -> Self {
        let instance = Instance::all(labels.len() as f64).initiated_by(initiators.len() as f64);
        let most = A::PROPERTIES.bound.most(instance);
        Self { labels: labels.into(), initiators, most, rounds, algorithm: PhantomData }
    }

    /// Lets one member act; `Err` with the bound of a random number that is missing.
    fn act(&self, state: &State<A>, chosen: &Move) -> Result<State<A>, u32> {
        let mut state = state.clone();
        let (at, received, draws) = match chosen {
            Move::Wake(at, draws) => {
                state.to_wake.retain(|waiting| waiting != at);
                if A::PROPERTIES.winner == Winner::HighestInitiator
                    && state.members[*at].progress().status == Status::Asleep
                {
                    state.started |= 1 << at;
                }
                (*at, None, draws)
            }
            Move::Deliver(link, draws) => {
                let queue = state.links.get_mut(link);
                let message = queue.and_then(VecDeque::pop_front);
                state.links.retain(|_, queue| !queue.is_empty());
                let size = self.labels.len();
                let (at, from) = match *link {
                    (sender, Port::Successor) => ((sender + 1) % size, Port::Predecessor),
                    (sender, Port::Predecessor) => ((sender + size - 1) % size, Port::Successor),
                    (sender, Port::Peer(at)) => {
                        (at as usize, Port::Peer(u32::try_from(sender).unwrap_or(u32::MAX)))
                    }
                };
                (at, message.map(|message| (from, message)), draws)
            }
        };
        let mut context = MemberContext { draws, drawn: 0, missing: None, sent: Vec::new(), elected: None };
        match received {
            Some((from, message)) => state.members[at].receive(from, message, &mut context),
            None => state.members[at].wake(&mut context),
        }
        if let Some(below) = context.missing {
            return Err(below);
        }
        if let Some(leader) = context.elected {
            state.wavered |= state.elected[at].is_some_and(|known| known != leader);
            state.elected[at] = Some(leader);
        }
        for (port, message) in context.sent {
            state.sent += 1;
            state.links.entry((at, port)).or_default().push_back(message);
        }
        Ok(state)
    }

    /// The move with every choice of the random numbers that it draws.
    fn with_draws(&self, state: &State<A>, chosen: Move, moves: &mut Vec<Move>) {
        match self.act(state, &chosen) {
            Ok(_) => moves.push(chosen),
            Err(below) => {
                for drawn in 0..below {
                    let mut longer = chosen.clone();
                    match &mut longer {
                        Move::Wake(_, draws) | Move::Deliver(_, draws) => draws.push(drawn),
                    }
                    self.with_draws(state, longer, moves);
                }
            }
        }
    }

    fn is_over(state: &State<A>) -> bool {
        state.links.is_empty() && state.to_wake.is_empty()
    }

    /// The places of those that have started of their own accord, where that matters; otherwise of all that
    /// are to start.
    fn started(&self, state: &State<A>) -> Vec<usize> {
        if A::PROPERTIES.winner == Winner::HighestInitiator {
            (0..self.labels.len()).filter(|at| state.started >> at & 1 == 1).collect()
        } else {
            self.initiators.clone()
        }
    }

    fn keeps_its_promises(&self, state: &State<A>) -> bool {
        let mut leaders = state.elected.iter().flatten().copied();
        let first = leaders.next();
        let observed = Observed {
            labels: &self.labels,
            initiators: &self.started(state),
            leader: first.filter(|first| leaders.all(|leader| leader == *first)),
            informed: state.elected.iter().flatten().count(),
            messages: state.sent,
            announcement: Announcement::Absent,
        };
        A::PROPERTIES.check(&observed).is_ok()
    }
}

impl<A: Classic<u32>> Model for ClassicModel<A> {
    type State = State<A>;
    type Action = Move;

    fn init_states(&self) -> Vec<Self::State> {
        let size = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
        let places = 0..size;
        vec![ClassicState {
            members: places
                .map(|at| A::new(&InitialKnowledge { at, size, everyone: &self.labels, eligible: true }))
                .collect(),
            links: BTreeMap::new(),
            to_wake: self.initiators.clone(),
            elected: vec![None; self.labels.len()],
            sent: 0,
            wavered: false,
            started: 0,
        }]
    }

    fn actions(&self, state: &Self::State, moves: &mut Vec<Move>) {
        for &at in &state.to_wake {
            self.with_draws(state, Move::Wake(at, Vec::new()), moves);
        }
        for &link in state.links.keys() {
            self.with_draws(state, Move::Deliver(link, Vec::new()), moves);
        }
    }

    fn next_state(&self, state: &Self::State, chosen: Move) -> Option<Self::State> {
        self.act(state, &chosen).ok()
    }

    fn within_boundary(&self, state: &Self::State) -> bool {
        A::PROPERTIES.labels
            || state.members.iter().all(|member| member.progress().phase.unwrap_or(0) <= self.rounds)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nobody is told of two leaders", |_, state: &State<A>| {
                let mut elected = state.elected.iter().flatten();
                let first = elected.next();
                let agree = !state.wavered && elected.all(|leader| Some(leader) == first);
                agree || A::PROPERTIES.ending == Ending::Stabilises
            }),
            Property::always(
                "the highest label leads where there are labels, or the highest initiator where only those may",
                |model: &Self, state: &State<A>| {
                    let started = model.started(state);
                    let may_lead =
                        |&leader| A::PROPERTIES.may_lead(leader, &model.labels, started.iter().copied());
                    A::PROPERTIES.ending == Ending::Stabilises || state.elected.iter().flatten().all(may_lead)
                },
            ),
            Property::always(
                "when nothing is under way the election has kept its promises",
                |model: &Self, state: &State<A>| !Self::is_over(state) || model.keeps_its_promises(state),
            ),
            Property::always("never more messages than the bound", |model: &Self, state: &State<A>| {
                model.most.is_none_or(|most| state.sent as f64 <= most)
            }),
            Property::sometimes("it ends", |_, state: &State<A>| Self::is_over(state)),
        ]
    }
}
