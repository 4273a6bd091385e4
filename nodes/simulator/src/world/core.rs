//! The caller's part, as the first page of the election core says it: inputs in, effects carried out, links
//! made as wanted.

use std::sync::Arc;

use ringleader_election::link_table::{DialPurpose, Missing};
use ringleader_election::{Core, DropReason, Effect, Input, Timer, digest_of_sender};
use ringleader_shared::event::EventKind;
use ringleader_shared::fault::Injection;
use ringleader_shared::link::{LinkKind, close};
use ringleader_shared::message::{Classic, Election, RollCall};
use ringleader_shared::{AlgorithmName, Incarnation, NodeId, RingMessage};

use super::member::Machine;
use super::{SimEvent, StepViolation, World};
use crate::network::{End, LinkId, NodeIndex, Packet};
use crate::rng::nanoseconds;
use crate::trace::Recorder;

impl World {
    pub(super) fn give(&mut self, me: NodeIndex, input: Input<RingMessage>) {
        let now = self.now;
        let mut effects = std::mem::take(&mut self.effects);
        let Some(machine) = self.machine_mut(me) else { return };
        let given = match &input {
            Input::Received { message, .. } => Some(*message),
            Input::Configured { .. }
            | Input::Initiate
            | Input::InitiateTogether { .. }
            | Input::TimerFired(_)
            | Input::LinkUp { .. }
            | Input::LinkReplaced { .. }
            | Input::LinksMeasured { .. }
            | Input::LinkDown { .. }
            | Input::LinkClosed { .. } => None,
        };
        let is_link_up = matches!(input, Input::LinkUp { .. } | Input::LinkReplaced { .. });
        machine.core.handle(machine.clock.time(now), input, &mut effects);
        if let Some(step_violation) =
            given.and_then(|message| step_violation(&machine.core, message, &effects))
        {
            self.step_violation.get_or_insert((me, step_violation));
        }
        let Some(machine) = self.machine_mut(me) else { return };
        let former = std::mem::replace(&mut machine.state_digest, machine.core.state_digest());
        let news = is_link_up || former != machine.state_digest;
        self.touched.push(me);
        for effect in effects.drain(..) {
            self.carry_out(me, effect);
        }
        self.effects = effects;
        self.make_wanted_links(me);
        self.look_for_skipped(me);
        if news {
            self.compare(me);
        }
    }

    fn carry_out(&mut self, me: NodeIndex, effect: Effect<RingMessage>) {
        match effect {
            Effect::Send { to, message } => self.send(me, to, message),
            Effect::StartTimer { timer, after } => {
                let after = nanoseconds(after);
                let jitter = if timer.has_jitter() { self.rng.up_to(after / 2) } else { 0 };
                let started = self.number();
                let Some(machine) = self.machine_mut(me) else { return };
                *machine.timers.slot(timer) = started;
                let after = machine.clock.takes(after.saturating_add(jitter));
                self.plan(after, me, SimEvent::TimerRunsOut { timer, started });
            }
            Effect::CancelTimer(timer) => {
                if let Some(machine) = self.machine_mut(me) {
                    *machine.timers.slot(timer) = 0;
                }
            }
            Effect::Promise(promise) => {
                if let Some(member) = self.members.get_mut(me.index()) {
                    member.promise = Some(promise);
                }
            }
            Effect::Became { term, .. } => {
                self.highest_term = self.highest_term.max(term);
                self.report_effect(me, &effect);
            }
            Effect::ProgressChanged(_)
            | Effect::SuccessorChanged(_)
            | Effect::Drop { .. }
            | Effect::Completed { .. }
            | Effect::Explain(_) => self.report_effect(me, &effect),
        }
    }

    pub(super) fn timer_runs_out(&mut self, me: NodeIndex, timer: Timer, started: u64) {
        let Some(machine) = self.machine_mut(me) else { return };
        let running = machine.timers.slot(timer);
        if *running == started {
            *running = 0;
            self.cost.timers += 1;
            self.give(me, Input::TimerFired(timer));
        }
    }

    fn send(&mut self, me: NodeIndex, to: NodeId, message: RingMessage) {
        self.cost.messages += 1;
        if message.is_paced() {
            self.cost.ring_messages += 1;
            self.last_ring_message = Some(self.now);
        }
        let now = self.now;
        let Some(member) = self.members.get_mut(me.index()) else { return };
        let incarnation = member.incarnation.0;
        let Some(machine) = &mut member.machine else { return };
        machine.sent += 1;
        machine.lamport += 1;
        let (number, lamport) = (machine.sent, machine.lamport);
        let packet = Arc::new(Packet { message, from: me, number, incarnation, lamport, sent: now });
        let Some(to) = self.place(to) else { return };
        if let Some(recorder) = &mut self.recorder {
            recorder.sent(now, &packet, to);
        }
        // A link to a new successor is made on the way, so that what is sent to it waits for the link.
        if self.link_to(me, to).is_none() {
            if message.is_direct() {
                self.dial(me, to, LinkKind::Direct, DialPurpose::Wanted);
            } else {
                self.make_wanted_links(me);
            }
        }
        let Some(id) = self.link_to(me, to) else { return self.lost(&packet, to, None) };
        match self.network.get_mut(id) {
            Some(link) if link.end(me) == End::Dialling => link.queued.push(packet),
            _ => self.post(id, me, to, packet),
        }
    }

    fn link_to(&self, from: NodeIndex, to: NodeIndex) -> Option<LinkId> {
        self.machine(from)?.links.route(self.id(to))
    }

    pub(super) fn received(&mut self, me: NodeIndex, from: NodeIndex, packet: &Packet) {
        let now = self.now;
        let Some(machine) = self.members.get_mut(me.index()).and_then(|member| member.machine.as_mut())
        else {
            return;
        };
        machine.lamport = machine.lamport.max(packet.lamport) + 1;
        let lamport = machine.lamport;
        for link in machine.links.iter() {
            if let Some(link) = self.network.get_mut(link.id).filter(|link| link.dialler == from) {
                link.dialler_digest = digest_of_sender(&packet.message);
            }
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.received(
                now,
                packet,
                me,
                lamport,
                self.members.get(me.index()).map(|it| it.incarnation),
            );
        }
        let from = self.id(from);
        self.give(me, Input::Received { from, message: packet.message });
        if let Some(recorder) = &mut self.recorder {
            recorder.handled();
        }
    }

    /// A packet that never arrives: a fault took it, or its link is gone.
    pub(super) fn lost(&mut self, packet: &Packet, to: NodeIndex, fault: Option<Injection>) {
        match fault {
            Some(fault) => self.report_injected(packet, packet.from, to, fault),
            None => self.report(packet.from, |recorder| recorder.lost(packet, to)),
        }
    }

    pub(super) fn report_injected(
        &mut self,
        packet: &Packet,
        from: NodeIndex,
        to: NodeIndex,
        fault: Injection,
    ) {
        if !packet.message.is_upkeep() {
            self.report(from, |recorder| recorder.injected(packet, from, to, fault));
        }
    }

    pub(super) fn make_wanted_links(&mut self, me: NodeIndex) {
        let surplus = |machine: &mut Machine| machine.links.take_surplus(machine.core.wanted_links());
        while let Some(surplus) = self.machine_mut(me).and_then(surplus) {
            self.close_end(surplus.id, me, Some(close::NOT_NEEDED));
        }
        let missing = |machine: &mut Machine| machine.links.missing(machine.core.wanted_links());
        while let Some(missing) = self.machine_mut(me).and_then(missing) {
            match missing {
                Missing::Dial { peer, kind } => {
                    let Some(peer) = self.place(peer) else { return };
                    self.dial(me, peer, kind, DialPurpose::Wanted);
                }
                Missing::Hurry(link) => self.expect_answer(me, link.id),
                Missing::InUse(link) => {
                    self.put_in_use(me, link.id);
                    self.link_up(me, &link);
                }
            }
        }
    }

    /// Has a member that routes past others dial them again, at a time of its own.
    pub(super) fn look_for_skipped(&mut self, me: NodeIndex) {
        let every = nanoseconds(self.setup.probe);
        let needs_upkeep = self.needs_upkeep(me);
        let Some(machine) = self.machine_mut(me) else { return };
        if machine.probes || !needs_upkeep {
            return;
        }
        machine.probes = true;
        let clock = machine.clock;
        let first = self.rng.up_to(every);
        let incarnation = self.incarnation(me);
        self.plan(clock.takes(first), me, SimEvent::Probes { incarnation });
    }

    pub(super) fn probes(&mut self, me: NodeIndex, incarnation: Incarnation) {
        if self.incarnation(me) != incarnation {
            return;
        }
        let every = nanoseconds(self.setup.probe);
        self.dial_skipped(me);
        self.upkeep(me);
        let needs_upkeep = self.needs_upkeep(me);
        let Some(machine) = self.machine_mut(me) else { return };
        machine.probes = needs_upkeep;
        if needs_upkeep {
            let after = machine.clock.takes(every);
            self.plan(after, me, SimEvent::Probes { incarnation });
        }
    }

    pub(super) fn dial_skipped(&mut self, me: NodeIndex) {
        let Some(machine) = self.machine(me) else { return };
        let now = self.time();
        let lacking = machine
            .core
            .skipped()
            .filter(|peer| machine.links.lacks_probe(*peer) && machine.paths.has_way(*peer, now));
        let lacking: Vec<NodeIndex> = lacking.filter_map(|peer| self.place(peer)).collect();
        for peer in lacking {
            self.dial(me, peer, LinkKind::Ring, DialPurpose::Probe);
        }
    }

    pub(super) fn incarnation(&self, place: NodeIndex) -> Incarnation {
        self.members.get(place.index()).map(|member| member.incarnation).unwrap_or_default()
    }

    // Reports.

    fn report_effect(&mut self, me: NodeIndex, effect: &Effect<RingMessage>) {
        let Some(recorder) = &self.recorder else { return };
        if let Some(event) = recorder.event(effect) {
            self.report(me, |_| event);
        }
    }

    /// Reports something that a running member sees itself.
    pub(super) fn report(&mut self, me: NodeIndex, what: impl FnOnce(&Recorder) -> EventKind) {
        let Some(recorder) = &mut self.recorder else { return };
        let Some(member) = self.members.get_mut(me.index()) else { return };
        let Some(machine) = &mut member.machine else { return };
        machine.lamport += 1;
        let kind = what(recorder);
        recorder.report(self.now, Some((me, member.incarnation, machine.lamport)), kind);
    }

    /// Reports something that is done to a member's process.
    pub(super) fn report_of(&mut self, place: NodeIndex, what: impl FnOnce() -> EventKind) {
        let incarnation = self.incarnation(place);
        if let Some(recorder) = &mut self.recorder {
            recorder.report(self.now, Some((place, incarnation, 0)), what());
        }
    }

    /// Reports something that is done to the ring.
    pub(super) fn report_ring(&mut self, place: Option<NodeIndex>, what: impl FnOnce() -> EventKind) {
        let node = place.map(|place| (place, self.incarnation(place), 0));
        if let Some(recorder) = &mut self.recorder {
            recorder.report(self.now, node, what());
        }
    }
}

/// The violation in a member's handling of a message. It must have acted on it or explained why not,
/// and that must be true. What is said again and again, or only between neighbours, may be no news.
fn step_violation(
    core: &Core,
    message: RingMessage,
    effects: &[Effect<RingMessage>],
) -> Option<StepViolation> {
    if matches!(message, RingMessage::Lease(_) | RingMessage::StateUpdate(_)) {
        return None;
    }
    if effects.is_empty() {
        return Some(StepViolation::Swallowed(message));
    }
    let reason = effects.iter().find_map(|effect| match effect {
        Effect::Drop { reason, .. } => Some(*reason),
        _ => None,
    })?;
    let is_true = match (reason, message) {
        (DropReason::OlderTerm { mine }, _) => mine == core.term() && message.term() < mine,
        (DropReason::AlreadyDecided { term }, _) => message.term() == term && term <= core.term(),
        (DropReason::BetterPassedOn { best }, RingMessage::Election(Election { candidate, .. })) => {
            best >= candidate
        }
        (DropReason::BetterPassedOn { .. }, _) => false,
        (DropReason::Known, RingMessage::Election(_)) => false,
        (DropReason::Known, _) => true,
        (DropReason::HopBudget { budget }, _) => message.hops().is_some_and(|hops| hops > budget),
        (
            DropReason::OtherAlgorithm { mine },
            RingMessage::Classic(Classic { algorithm, .. })
            | RingMessage::RollCall(RollCall { algorithm, .. }),
        ) => mine != algorithm,
        (DropReason::OtherAlgorithm { mine }, _) => mine != AlgorithmName::MaxRing,
        // Nobody sends nonsense.
        (DropReason::MakesNoSense, _) => false,
        (DropReason::AnotherRing { .. } | DropReason::OneIsMissing | DropReason::EndsHere, message) => {
            matches!(message, RingMessage::Classic(_) | RingMessage::Inquiry(_))
        }
    };
    (!is_true).then_some(StepViolation::FalseReason(message))
}
