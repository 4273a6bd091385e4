//! The ring as it runs: one queue of what is to happen, members that handle it, and time that jumps from one to the next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use ringleader_election::{Algorithm, Effect, Input, MaxRing, Time, Timer};
use ringleader_shared::link::LinkKind;
use ringleader_shared::{Incarnation, NodeId, NodeName, Promise, RingMessage, Role, Safety};

use crate::network::{End, Link, LinkId, Network};
use crate::schedule::{Action, Schedule};
use crate::setup::Setup;
use crate::trace::{Trace, What};

/// What is still to happen to a member.
#[derive(Debug, Clone)]
enum Happening {
    /// It is dialled.
    Dialled { link: LinkId },
    /// It learns of a link that it has accepted.
    Accepts { link: LinkId },
    /// Its dial was accepted.
    Accepted { link: LinkId },
    /// Its dial found nobody.
    Refused { link: LinkId },
    /// It has waited long enough for an answer to its dial.
    Unanswered { link: LinkId },
    /// A message arrives.
    Arrives { link: LinkId, message: RingMessage },
    /// The other end closed a link, or died.
    Closed { link: LinkId, failed: bool },
    /// That member has not answered for long.
    Hung { peer: NodeId, pause: u64 },
    /// A timer runs out, unless it was started anew or stopped.
    TimerRunsOut { timer: Timer, started: u64 },
    /// Time to dial those again that it routes past.
    Probes { incarnation: Incarnation },
}

/// A running member.
#[derive(Debug)]
struct Machine {
    node: MaxRing,
    incarnation: Incarnation,
    /// Which pause of the run it is in.
    paused: Option<u64>,
    /// What piled up while it is paused.
    inbox: VecDeque<Happening>,
    /// The number of the start that counts, for each timer that runs.
    timers: BTreeMap<Timer, u64>,
}

/// What the live members agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The leader, live.
    pub leader: NodeId,
    /// The deputy, live; `None` when the leader is alone.
    pub deputy: Option<NodeId>,
}

/// A running ring.
#[derive(Debug)]
pub struct World {
    setup: Setup,
    now: Time,
    rng: fastrand::Rng,
    network: Network,
    machines: BTreeMap<NodeId, Machine>,
    incarnations: BTreeMap<NodeId, Incarnation>,
    /// What each member's disk holds.
    promises: BTreeMap<NodeId, Promise>,
    queue: BTreeMap<(Time, u64), (NodeId, Happening)>,
    count: u64,
    trace: Trace,
    last_ring_message: Option<Time>,
}

impl World {
    /// A ring with all its members running.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let mut world = Self {
            now: Time::default(),
            rng: fastrand::Rng::with_seed(setup.seed),
            network: Network::new(setup.latency),
            machines: BTreeMap::new(),
            incarnations: BTreeMap::new(),
            promises: BTreeMap::new(),
            queue: BTreeMap::new(),
            count: 0,
            trace: Trace::default(),
            last_ring_message: None,
            setup,
        };
        let members: Vec<NodeId> = world.setup.members.iter().map(|member| member.id).collect();
        for &id in &members {
            world.insert_machine(id);
        }
        for id in members {
            world.give(id, world.configuration());
        }
        world
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// What happened so far.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What happened so far, as text.
    #[must_use]
    pub fn told(&self) -> String {
        self.trace.lines(|id| self.name(id).to_string()).fold(String::new(), |text, line| text + &line + "\n")
    }

    /// What people call a member.
    #[must_use]
    pub fn name(&self, id: NodeId) -> NodeName {
        let place = self.setup.members.iter().position(|member| member.id == id);
        NodeName::nth(place.unwrap_or(self.setup.members.len()))
    }

    /// The members that run and are not paused.
    pub fn live(&self) -> impl Iterator<Item = (&MaxRing, Incarnation)> {
        let running = self.machines.values().filter(|machine| machine.paused.is_none());
        running.map(|machine| (&machine.node, machine.incarnation))
    }

    /// The members that run, paused ones too.
    pub fn running(&self) -> impl Iterator<Item = (&MaxRing, Incarnation)> {
        self.machines.values().map(|machine| (&machine.node, machine.incarnation))
    }

    /// Whether leading takes a majority.
    #[must_use]
    pub fn quorum(&self) -> bool {
        self.setup.safety == Safety::Quorum
    }

    /// Whether enough members live to have a leader.
    #[must_use]
    pub fn has_quorum(&self) -> bool {
        !self.quorum() || self.live().count() > self.setup.members.len() / 2
    }

    /// When a message of an election, a search or a result was last sent.
    #[must_use]
    pub fn last_ring_message(&self) -> Option<Time> {
        self.last_ring_message
    }

    /// Whom all live members follow, and who is its deputy: both live, both knowing it. `None` while they don't agree.
    #[must_use]
    pub fn agreed(&self) -> Option<Agreement> {
        let (first, _) = self.live().next()?;
        let mandate = *first.mandate()?;
        let same = |(node, _): (&MaxRing, Incarnation)| {
            node.mandate() == Some(&mandate) && node.term() == mandate.term
        };
        let holds =
            |id: NodeId, role: Role| self.live().any(|(node, _)| node.id() == id && node.role() == role);
        let leading = self.live().filter(|(node, _)| node.role() == Role::Leader).count();
        let deputy = mandate.deputy.map(|deputy| deputy.id);
        let deputy_fits = match deputy {
            Some(deputy) => holds(deputy, Role::Deputy),
            None => self.live().count() == 1,
        };
        (self.live().all(same) && leading == 1 && holds(mandate.leader.id, Role::Leader) && deputy_fits)
            .then_some(Agreement { leader: mandate.leader.id, deputy })
    }

    /// Does this now.
    pub fn act(&mut self, action: Action) {
        let Some(id) = self.setup.members.get(action.place()).map(|member| member.id) else { return };
        let running = self.machines.contains_key(&id);
        let paused = self.machines.get(&id).is_some_and(|machine| machine.paused.is_some());
        match action {
            Action::Initiate(_) if running && !paused => {
                self.note(id, What::Done(action));
                self.give(id, Input::Initiate);
            }
            Action::Kill(_) if running => {
                self.note(id, What::Done(action));
                self.kill(id);
            }
            Action::Start(_) if !running => {
                self.note(id, What::Done(action));
                self.insert_machine(id);
                self.give(id, self.configuration());
            }
            Action::Pause(_) if running && !paused => {
                self.note(id, What::Done(action));
                self.pause(id);
            }
            Action::Resume(_) if paused => {
                self.note(id, What::Done(action));
                self.resume(id);
            }
            Action::Initiate(_)
            | Action::Kill(_)
            | Action::Start(_)
            | Action::Pause(_)
            | Action::Resume(_) => {}
        }
    }

    /// Lets the next thing happen, if it happens until then. Says whether it did; if not, it is then.
    pub fn step_until(&mut self, then: Time) -> bool {
        match self.queue.first_entry() {
            Some(next) if next.key().0 <= then => {
                let ((at, _), (id, happening)) = next.remove_entry();
                self.now = at;
                self.happen(id, happening);
                true
            }
            _ => {
                self.now = self.now.max(then);
                false
            }
        }
    }

    /// Lets this much time pass.
    pub fn run_for(&mut self, time: Duration) {
        let then = Time(self.now.0 + time);
        while self.step_until(then) {}
    }

    /// Does what the schedule says, and hands the world to `look` after each thing that happens.
    ///
    /// # Errors
    /// The first error of `look`.
    pub fn play<E>(
        &mut self,
        schedule: &Schedule,
        mut look: impl FnMut(&Self) -> Result<(), E>,
    ) -> Result<(), E> {
        for (wait, action) in &schedule.steps {
            let then = Time(self.now.0 + *wait);
            while self.step_until(then) {
                look(self)?;
            }
            self.act(*action);
            look(self)?;
        }
        Ok(())
    }

    // What is done to a member.

    fn insert_machine(&mut self, id: NodeId) {
        let incarnation = self.incarnations.entry(id).or_default();
        incarnation.0 += 1;
        let incarnation = *incarnation;
        let node = MaxRing::recovered(id, self.promises.get(&id).copied());
        let machine =
            Machine { node, incarnation, paused: None, inbox: VecDeque::new(), timers: BTreeMap::new() };
        self.machines.insert(id, machine);
        let first_probe = self.setup.probe.mul_f64(self.rng.f64());
        self.plan(Time(self.now.0 + first_probe), id, Happening::Probes { incarnation });
    }

    fn configuration(&self) -> Input<RingMessage> {
        Input::Configured {
            ring: self.setup.members.clone(),
            timing: self.setup.timing,
            safety: self.setup.safety,
        }
    }

    fn kill(&mut self, dead: NodeId) {
        let Some(machine) = self.machines.remove(&dead) else { return };
        for waiting in machine.inbox {
            self.meets_nobody(dead, waiting);
        }
        for (id, link) in self.network.of(dead) {
            match link.end(dead) {
                End::Open => self.close(id, dead, true),
                // Its own dial has nobody to go on with it; a dial to it finds out when it arrives.
                End::Dialling if link.dialler == dead => self.close(id, dead, true),
                End::Dialling | End::Closed => {}
            }
        }
    }

    fn pause(&mut self, id: NodeId) {
        self.count += 1;
        let pause = self.count;
        if let Some(machine) = self.machines.get_mut(&id) {
            machine.paused = Some(pause);
        }
        let others: Vec<NodeId> =
            self.setup.members.iter().map(|member| member.id).filter(|&other| other != id).collect();
        for other in others {
            let noticed = self.setup.hung_after.mul_f64(1.0 + self.rng.f64() / 3.0);
            self.plan(Time(self.now.0 + noticed), other, Happening::Hung { peer: id, pause });
        }
    }

    fn resume(&mut self, id: NodeId) {
        let Some(machine) = self.machines.get_mut(&id) else { return };
        machine.paused = None;
        for waiting in std::mem::take(&mut machine.inbox) {
            self.happen(id, waiting);
        }
    }

    // What happens.

    fn plan(&mut self, at: Time, id: NodeId, happening: Happening) {
        self.count += 1;
        self.queue.insert((at, self.count), (id, happening));
    }

    /// Plans what reaches `to` from `from`, in the order of their pair.
    fn plan_arrival(&mut self, from: NodeId, to: NodeId, happening: Happening) {
        let at = self.network.arrival(self.now, from, to, &mut self.rng);
        self.plan(at, to, happening);
    }

    fn happen(&mut self, id: NodeId, happening: Happening) {
        let Some(machine) = self.machines.get_mut(&id) else { return self.meets_nobody(id, happening) };
        if machine.paused.is_some() {
            return machine.inbox.push_back(happening);
        }
        match happening {
            Happening::Dialled { link } => self.dialled(id, link),
            Happening::Accepts { link } => self.accepts(id, link),
            Happening::Accepted { link } => self.accepted(id, link),
            Happening::Refused { link } | Happening::Unanswered { link } => self.dial_failed(id, link),
            Happening::Arrives { link, message } => self.arrives(id, link, message),
            Happening::Closed { link, failed } => self.closed(id, link, failed),
            Happening::Hung { peer, pause } => self.hung(id, peer, pause),
            Happening::TimerRunsOut { timer, started } => {
                if machine.timers.get(&timer) == Some(&started) {
                    machine.timers.remove(&timer);
                    self.note(id, What::TimerFired(timer));
                    self.give(id, Input::TimerFired(timer));
                }
            }
            Happening::Probes { incarnation } => {
                if machine.incarnation == incarnation {
                    self.probe(id);
                    self.plan(Time(self.now.0 + self.setup.probe), id, Happening::Probes { incarnation });
                }
            }
        }
    }

    /// Something reaches a dead member: only who dials it learns of that.
    fn meets_nobody(&mut self, dead: NodeId, happening: Happening) {
        match happening {
            Happening::Dialled { link } => {
                if let Some(dialler) = self.network.get(link).map(|link| link.dialler) {
                    self.plan_arrival(dead, dialler, Happening::Refused { link });
                }
            }
            Happening::Arrives { link, message } => self.lost(dead, link, message),
            Happening::Accepts { .. }
            | Happening::Accepted { .. }
            | Happening::Refused { .. }
            | Happening::Unanswered { .. }
            | Happening::Closed { .. }
            | Happening::Hung { .. }
            | Happening::TimerRunsOut { .. }
            | Happening::Probes { .. } => {}
        }
    }

    fn dialled(&mut self, me: NodeId, id: LinkId) {
        let Some(link) = self.network.get(id) else { return };
        if link.dialler_end == End::Closed {
            self.network.forget(id);
            return;
        }
        link.acceptor_end = End::Open;
        let peer = link.dialler;
        // Its listener answers before the member itself gets to know: it may die in between.
        self.plan_arrival(me, peer, Happening::Accepted { link: id });
        self.plan_arrival(peer, me, Happening::Accepts { link: id });
    }

    fn accepts(&mut self, me: NodeId, id: LinkId) {
        let Some(link) = self.network.get(id).filter(|link| link.acceptor_end == End::Open) else { return };
        let (peer, kind) = (link.dialler, link.kind);
        self.link_up(me, peer, kind);
    }

    fn accepted(&mut self, me: NodeId, id: LinkId) {
        let Some(link) = self.network.get(id).filter(|link| link.dialler_end == End::Dialling) else {
            return;
        };
        link.dialler_end = End::Open;
        let (peer, kind) = (link.acceptor, link.kind);
        for message in std::mem::take(&mut link.queued) {
            self.plan_arrival(me, peer, Happening::Arrives { link: id, message });
        }
        self.link_up(me, peer, kind);
    }

    fn link_up(&mut self, me: NodeId, peer: NodeId, link: LinkKind) {
        self.note(me, What::LinkUp { peer, link });
        self.give(me, Input::LinkUp { peer, link });
    }

    fn dial_failed(&mut self, me: NodeId, id: LinkId) {
        if self.network.get(id).is_none_or(|link| link.dialler_end != End::Dialling) {
            return;
        }
        self.close(id, me, false);
        let Some(link) = self.network.get(id) else { return };
        let (peer, kind, probe) = (link.acceptor, link.kind, link.probe);
        for message in std::mem::take(&mut link.queued) {
            self.note(me, What::Lost { to: peer, message });
        }
        if !probe {
            self.link_down(me, peer, kind);
        }
    }

    fn arrives(&mut self, me: NodeId, id: LinkId, message: RingMessage) {
        let Some(link) = self.network.get(id).filter(|link| link.end(me) == End::Open) else {
            return self.lost(me, id, message);
        };
        let from = link.other(me);
        self.note(me, What::Received { from, message });
        self.give(me, Input::Received { from, message });
    }

    fn lost(&mut self, receiver: NodeId, id: LinkId, message: RingMessage) {
        if let Some(from) = self.network.get(id).map(|link| link.other(receiver)) {
            self.note(from, What::Lost { to: receiver, message });
        }
    }

    fn closed(&mut self, me: NodeId, id: LinkId, failed: bool) {
        let Some(link) = self.network.get(id).filter(|link| link.end(me) != End::Closed) else { return };
        link.close(me);
        let (peer, kind) = (link.other(me), link.kind);
        let another =
            |(_, link): &(LinkId, Link)| (link.other(me), link.kind, link.end(me)) == (peer, kind, End::Open);
        if failed {
            self.link_down(me, peer, kind);
        } else if !self.network.of(me).iter().any(another) {
            self.give(me, Input::LinkClosed { peer, link: kind });
        }
    }

    fn hung(&mut self, me: NodeId, peer: NodeId, pause: u64) {
        if self.machines.get(&peer).and_then(|machine| machine.paused) != Some(pause) {
            return;
        }
        for (id, link) in self.network.of(me) {
            if link.other(me) == peer && link.end(me) == End::Open {
                self.close(id, me, true);
                self.link_down(me, peer, link.kind);
            }
        }
    }

    fn link_down(&mut self, me: NodeId, peer: NodeId, link: LinkKind) {
        self.note(me, What::LinkDown { peer, link });
        self.give(me, Input::LinkDown { peer, link });
    }

    // The caller's part, as the first page of the election core says it.

    fn give(&mut self, id: NodeId, input: Input<RingMessage>) {
        let Some(machine) = self.machines.get_mut(&id) else { return };
        let mut effects = Vec::new();
        machine.node.handle(self.now, input, &mut effects);
        for effect in effects {
            self.carry_out(id, effect);
        }
        self.make_wanted_links(id);
        self.network.sweep();
    }

    fn carry_out(&mut self, me: NodeId, effect: Effect<RingMessage>) {
        match effect {
            Effect::Send { to, message } => self.send(me, to, message),
            Effect::StartTimer { timer, after } => {
                let jitter =
                    if timer.has_jitter() { after.mul_f64(self.rng.f64() / 2.0) } else { Duration::ZERO };
                let at = Time(self.now.0 + after + jitter);
                self.count += 1;
                let started = self.count;
                if let Some(machine) = self.machines.get_mut(&me) {
                    machine.timers.insert(timer, started);
                }
                self.plan(at, me, Happening::TimerRunsOut { timer, started });
            }
            Effect::CancelTimer(timer) => {
                if let Some(machine) = self.machines.get_mut(&me) {
                    machine.timers.remove(&timer);
                }
            }
            Effect::Became { role, term, mandate } => self.note(me, What::Became { role, term, mandate }),
            Effect::Drop { reason, .. } => self.note(me, What::Dropped { reason }),
            Effect::Completed { outcome, members, .. } => self.note(me, What::Completed { outcome, members }),
            Effect::Promise(promise) => drop(self.promises.insert(me, promise)),
            Effect::Explain(why) => self.note(me, What::Said(why)),
            Effect::SuccessorChanged(_) => {}
        }
    }

    fn send(&mut self, me: NodeId, to: NodeId, message: RingMessage) {
        if !matches!(message, RingMessage::Standing { .. } | RingMessage::Lease { .. }) {
            self.last_ring_message = Some(self.now);
        }
        // A link to a new successor is made on the way, so that what is sent to it waits for the link.
        if self.network.link_to(me, to).is_none() {
            self.make_wanted_links(me);
        }
        let Some(id) = self.network.link_to(me, to) else {
            return self.note(me, What::Lost { to, message });
        };
        self.note(me, What::Sent { to, message });
        match self.network.get(id) {
            Some(link) if link.end(me) == End::Dialling => link.queued.push(message),
            _ => self.plan_arrival(me, to, Happening::Arrives { link: id, message }),
        }
    }

    fn make_wanted_links(&mut self, me: NodeId) {
        let Some(machine) = self.machines.get(&me) else { return };
        let wanted = machine.node.wanted_links();
        let wanted: Vec<(NodeId, LinkKind)> =
            [(wanted.successor, LinkKind::Ring), (wanted.leader, LinkKind::Heartbeat)]
                .into_iter()
                .filter_map(|(peer, kind)| peer.map(|peer| (peer, kind)))
                .collect();
        let mut have = BTreeSet::new();
        let mut surplus = Vec::new();
        for (id, link) in self.network.dialled_by(me) {
            let key = (link.acceptor, link.kind);
            let probing = link.probe && link.dialler_end == End::Dialling;
            if wanted.contains(&key) && have.insert(key) {
                continue;
            }
            if !probing {
                surplus.push(id);
            }
        }
        for id in surplus {
            self.close(id, me, false);
        }
        for (peer, kind) in wanted {
            let probes =
                self.network.dialled_by(me).find(|(_, link)| (link.acceptor, link.kind) == (peer, kind));
            match probes.map(|(id, _)| id) {
                Some(id) => {
                    if let Some(link) = self.network.get(id) {
                        link.probe = false;
                    }
                }
                None => self.dial(me, peer, kind, false),
            }
        }
    }

    fn probe(&mut self, me: NodeId) {
        let Some(machine) = self.machines.get(&me) else { return };
        let skipped: Vec<NodeId> = machine.node.skipped().collect();
        for peer in skipped {
            let dialling = self.network.dialled_by(me).any(|(_, link)| link.acceptor == peer);
            if !dialling {
                self.dial(me, peer, LinkKind::Ring, true);
            }
        }
    }

    fn dial(&mut self, me: NodeId, peer: NodeId, kind: LinkKind, probe: bool) {
        let link = self.network.dial(me, peer, kind, probe);
        self.plan_arrival(me, peer, Happening::Dialled { link });
        self.plan(Time(self.now.0 + self.setup.hung_after), me, Happening::Unanswered { link });
    }

    /// Closes this member's end; the other end learns of it, as a failure or as an orderly close.
    fn close(&mut self, id: LinkId, me: NodeId, failed: bool) {
        let Some(link) = self.network.get(id) else { return };
        link.close(me);
        let (peer, peer_end) = (link.other(me), link.end(link.other(me)));
        if peer_end != End::Closed {
            self.plan_arrival(me, peer, Happening::Closed { link: id, failed });
        }
    }

    fn note(&mut self, id: NodeId, what: What) {
        self.trace.add(self.now, id, what);
    }
}
