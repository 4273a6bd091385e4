//! max-ring on the same footing as the classic algorithms: the same settings, no failures, and so no timers.

use std::sync::Arc;
use std::time::Duration;

use ringleader_election::classic::Worst;
use ringleader_election::{Algorithm, Core, Effect, Input, Time, Timing};
use ringleader_shared::{Attribute, Contender, NodeId, RingMessage, RingSettings, Term};
use uuid::Uuid;

use super::wheel::Wheel;
use super::{Outcome, Settings, TICKS, units};
use crate::chance::Chance;

/// One election of max-ring, its deputy included.
#[derive(Debug)]
pub struct MaxRingContest {
    labels: Arc<[u32]>,
    members: Vec<Core>,
    initiators: Vec<u32>,
    settings: Settings,
    chance: Chance,
    wheel: Wheel<(u32, u32, RingMessage)>,
    arrivals: Vec<u64>,
    messages: u64,
    told: u64,
}

fn id(at: u32) -> NodeId {
    NodeId(Uuid::from_u128(u128::from(at) + 1))
}

impl MaxRingContest {
    /// Each member keeps the list of all of them, as a real one does.
    pub const MOST_MEMBERS: u32 = 2048;

    /// A ring whose links are up, before anybody starts.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let mut chance = Chance::new(settings.seed);
        let labels = settings.labels(Worst::Any, &mut chance);
        let initiators = settings.initiators(settings.size, &mut chance);
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
                let (ring, settings) = (ring.clone(), RingSettings::default());
                let configured = Input::Configured { ring, timing, settings, chance: 0 };
                core.handle(Time::default(), configured, &mut Vec::new());
                core
            })
            .collect();
        Self {
            arrivals: vec![0; labels.len()],
            labels,
            members,
            initiators,
            settings,
            chance,
            wheel: Wheel::new((0, 0, RingMessage::Standing { term: Term::ZERO, mandate: None })),
            messages: 0,
            told: 0,
        }
    }

    fn handle(&mut self, at: u32, input: Input<RingMessage>, effects: &mut Vec<Effect<RingMessage>>) {
        // The core's clock only counts for leases and timers, of which there are none here.
        let now = Time(Duration::from_nanos(self.wheel.now().saturating_mul(1_000_000_000 / TICKS)));
        self.members[at as usize].handle(now, input, effects);
        for effect in effects.drain(..) {
            let Effect::Send { to, message } = effect else { continue };
            match message {
                RingMessage::Elected { .. } => self.told += 1,
                RingMessage::Election { .. }
                | RingMessage::Contest { .. }
                | RingMessage::RollCall { .. }
                | RingMessage::Found { .. }
                | RingMessage::Vacant { .. }
                | RingMessage::DeputySearch { .. }
                | RingMessage::Lease { .. }
                | RingMessage::Standing { .. } => self.messages += 1,
            }
            let place = u32::try_from(to.0.as_u128() - 1).unwrap_or_default();
            let due =
                (self.wheel.now() + self.chance.ticks(self.settings.pace)).max(self.arrivals[at as usize]);
            self.arrivals[at as usize] = due;
            self.wheel.push(due, (at, place, message));
        }
    }

    /// Everybody who starts does so, and everything is delivered.
    #[must_use]
    pub fn run(mut self) -> Outcome {
        let mut effects = Vec::new();
        for at in std::mem::take(&mut self.initiators) {
            self.handle(at, Input::Initiate, &mut effects);
        }
        let mut decided = None;
        while let Some((from, at, message)) = self.wheel.pop() {
            self.handle(at, Input::Received { from: id(from), message }, &mut effects);
            if decided.is_none() && self.told > 0 {
                decided = Some(self.wheel.now());
            }
        }
        let mandate = self.members.first().and_then(|member| member.mandate().copied());
        let followers = self.members.iter().filter(|member| member.mandate().copied() == mandate).count();
        let leader = mandate.and_then(|mandate| u32::try_from(mandate.leader.id.0.as_u128() - 1).ok());
        Outcome {
            labels: self.labels,
            leader,
            informed: u32::try_from(followers).unwrap_or(u32::MAX),
            messages: self.messages,
            by_kind: [self.messages, 0, 0, 0],
            told: self.told,
            decided: units(decided.unwrap_or_default()),
            ended: units(self.wheel.now()),
            most_in_flight: self.wheel.most(),
        }
    }
}
