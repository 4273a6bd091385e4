//! max-ring on the same footing as the classic algorithms: the same settings, no failures, and so no timers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use ringleader_election::classic::Worst;
use ringleader_election::{Core, Effect, Input, Time, Timing};
use ringleader_shared::message::StateUpdate;
use ringleader_shared::{Attribute, Contender, NodeId, RingMessage, RingSettings, Term};
use uuid::Uuid;

use super::timing_wheel::TimingWheel;
use super::watch::{Decision, Message, Recorder, State, Step, TooLong, Unwatched, Watch};
use super::{Outcome, Pace, Settings, TICKS, units};
use crate::rng::Rng;

/// One election of max-ring, its deputy included.
#[derive(Debug)]
pub struct MaxRingElection {
    labels: Arc<[u32]>,
    members: Vec<Core>,
    initiators: Option<Arc<[u32]>>,
    pace: Pace,
    rng: Rng,
    wheel: TimingWheel<(u32, u32, RingMessage)>,
    arrivals: Vec<u64>,
    messages: u64,
    announced: u64,
}

fn id(at: u32) -> NodeId {
    NodeId(Uuid::from_u128(u128::from(at) + 1))
}

impl MaxRingElection {
    /// Each member keeps the list of all of them, as a real one does.
    pub const MOST_MEMBERS: u32 = 2048;

    /// A ring whose links are up, before anybody starts.
    #[must_use]
    pub fn new(settings: Settings<'_>) -> Self {
        let mut rng = Rng::new(settings.seed);
        let labels = settings.labels(Worst::Any, &mut rng);
        let initiators = settings.initiators(&labels, &mut rng);
        let ring: Arc<[Contender]> = (0..)
            .zip(labels.iter())
            .map(|(at, &label)| Contender::new(Attribute(label.into()), id(at)))
            .collect();
        let patient = Duration::from_secs(1 << 30);
        let timing = Timing { election: patient, lap: patient, deputy: patient, lease: patient };
        let members = ring
            .iter()
            .map(|member| {
                let mut core = Core::new(member.id);
                let (ring, settings, highest_term) = (ring.clone(), RingSettings::default(), Term::ZERO);
                let configured = Input::Configured { ring, timing, settings, seed: 0, highest_term };
                core.handle(Time::default(), configured, &mut Vec::new());
                core
            })
            .collect();
        Self {
            arrivals: vec![0; labels.len()],
            labels,
            members,
            initiators,
            pace: settings.pace,
            rng,
            wheel: TimingWheel::new((0, 0, StateUpdate { term: Term::ZERO, mandate: None }.into())),
            messages: 0,
            announced: 0,
        }
    }

    /// The place of the member with this id.
    #[must_use]
    pub fn place(id: NodeId) -> u32 {
        u32::try_from(id.0.as_u128().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    fn handle<W: Watch>(
        &mut self,
        at: u32,
        input: Input<RingMessage>,
        effects: &mut Vec<Effect<RingMessage>>,
        watch: &mut W,
    ) {
        // The core's clock only counts for leases and timers, of which there are none here.
        let now = Time(Duration::from_nanos(self.wheel.now().saturating_mul(1_000_000_000 / TICKS)));
        watch.acts(self.wheel.now(), at);
        if let Input::Received { from, message } = input {
            watch.receives(Self::place(from), Message::MaxRing(message));
        }
        self.members[at as usize].handle(now, input, effects);
        for effect in effects.drain(..) {
            if let Effect::Explain(why) = effect {
                watch.decides(Decision::MaxRing(why));
            }
            if let Effect::Drop { reason, .. } = effect {
                watch.decides(Decision::Dropped(reason));
            }
            if let Effect::Became { role, mandate, .. } = effect {
                watch.becomes(State::MaxRing(role));
                if let Some(at) = mandate.map(|mandate| Self::place(mandate.leader.id)) {
                    watch.learns(self.labels[at as usize]);
                }
            }
            let Effect::Send { to, message } = effect else { continue };
            match message {
                RingMessage::Elected(_) => self.announced += 1,
                RingMessage::Election(_)
                | RingMessage::Classic(_)
                | RingMessage::RollCall(_)
                | RingMessage::Found(_)
                | RingMessage::Vacant(_)
                | RingMessage::Inquiry(_)
                | RingMessage::DeputySearch(_)
                | RingMessage::Lease(_)
                | RingMessage::StateUpdate(_) => self.messages += 1,
            }
            let to = Self::place(to);
            watch.sends(to, Message::MaxRing(message));
            let due = (self.wheel.now() + self.rng.ticks(self.pace)).max(self.arrivals[at as usize]);
            self.arrivals[at as usize] = due;
            self.wheel.push(due, (at, to, message));
        }
    }

    /// Everybody who starts does so, and everything is delivered.
    #[must_use]
    pub fn run(self) -> Outcome {
        let Ok(outcome) = self.deliver(&mut Unwatched, |_| Ok::<_, Infallible>(()));
        outcome
    }

    /// Runs an election and writes every step down: the same run as that of [`MaxRingElection::run`].
    ///
    /// # Errors
    /// When it takes more than so many messages, the announcement of the result included.
    pub fn traced(settings: Settings<'_>, most: u64) -> Result<(Outcome, Vec<Step>), TooLong> {
        let mut recorder = Recorder::default();
        let outcome = Self::new(settings).deliver(&mut recorder, |recorder| recorder.check(most))?;
        Ok((outcome, recorder.finish()))
    }

    fn deliver<W: Watch, E>(
        mut self,
        watch: &mut W,
        may_go_on: impl Fn(&W) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let mut effects = Vec::new();
        let everybody = 0..u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
        let initiators = self.initiators.clone().unwrap_or_else(|| everybody.collect());
        for &at in initiators.iter() {
            self.handle(at, Input::Initiate, &mut effects, watch);
            may_go_on(watch)?;
        }
        let mut decided = None;
        while let Some((from, at, message)) = self.wheel.pop() {
            self.handle(at, Input::Received { from: id(from), message }, &mut effects, watch);
            may_go_on(watch)?;
            if decided.is_none() && self.announced > 0 {
                decided = Some(self.wheel.now());
            }
        }
        let mandate = self.members.first().and_then(|member| member.mandate().copied());
        let followers = self.members.iter().filter(|member| member.mandate().copied() == mandate).count();
        let leader = mandate.map(|mandate| Self::place(mandate.leader.id));
        Ok(Outcome {
            labels: self.labels,
            initiators: self.initiators,
            leader,
            informed: u32::try_from(followers).unwrap_or(u32::MAX),
            messages: self.messages,
            by_kind: [self.messages, 0, 0, 0],
            announced: self.announced,
            decided: units(decided.unwrap_or_default()),
            ended: units(self.wheel.now()),
            most_in_flight: self.wheel.most(),
        })
    }
}
