//! The node's loop: one input into the core, its effects out into the world.

mod links;
mod ways;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use ringleader_election::paths::Paths;
use ringleader_election::recording::{Beginning, Step};
use ringleader_election::{Core, Effect, Input, Timer, events};
use ringleader_shared::control::{Configuration, NodeCommand, NodeEvent};
use ringleader_shared::event::{EventKind, MessageInfo};
use ringleader_shared::link::{LinkFrame, close};
use ringleader_shared::{Contender, MessageId, NodeId, NodeName, RingMessage, RingSpec};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use crate::Options;
use crate::clock::{Lamport, monotonic_ns, now};
use crate::control::Control;
use crate::faults::LinkFaults;
use crate::handshake::{KnownMember, Members};
use crate::link_settings::{LinkSettings, timing};
use crate::links::{LinkEvent, LinkEventKind, LinkId, Links};
use crate::port::Port;
use crate::promise_store::PromiseStore;
use crate::recorder::Recorder;
use crate::refusals::Refusals;
use crate::secret::Secret;

/// The interval at which skipped members are dialled again and the standby link is checked, in
/// heartbeats.
pub(crate) const PROBE_EVERY_HEARTBEATS: u32 = 5;

/// The least time between two heartbeat events.
pub(crate) const HEARTBEAT_REPORT_EVERY: Duration = Duration::from_secs(1);

/// The time that the last frames may take when the node leaves gracefully.
pub(crate) const LEAVE_WITHIN: Duration = Duration::from_millis(60);

/// One member of the ring, with everything it needs to take part.
pub(crate) struct Node {
    options: Options,
    secret: Secret,
    control: Control,
    address: SocketAddr,
    core: Core,
    promises: PromiseStore,
    recorder: Recorder,
    /// The reason why the node must end. It must send nothing more.
    broken: Option<anyhow::Error>,
    ring: RingSpec,
    /// The ring and the members that have left it, so that their names can be resolved.
    known: RingSpec,
    /// The members and their present starts, for handshakes.
    members: Members,
    settings: watch::Sender<LinkSettings>,
    links: Links,
    link_events: mpsc::Receiver<LinkEvent>,
    /// Inputs that wait for the core, in order.
    inputs: VecDeque<Given>,
    timers: Timers,
    lamport: Lamport,
    sent: u64,
    effects: Vec<Effect<RingMessage>>,
    /// The message that the core is handling, and its sender.
    receiving: Option<(MessageInfo, NodeName)>,
    last_heartbeat_report: Option<Instant>,
    refusals: Refusals<(String, String)>,
    /// Ticks when members that are skipped, the standby links and the ways of links are to be looked after.
    probe: Interval,
    /// The ways to the other members.
    paths: Paths,
    /// The time for the next requests for paths, while there are searches.
    seek_at: Option<Instant>,
}

/// One input of the core.
struct Given {
    input: Input<RingMessage>,
    /// The message in this input, as it is reported, and its sender.
    message: Option<(MessageInfo, NodeName)>,
}

/// Reason for the end of a node.
enum End {
    /// The server asks for it.
    Asked,
    /// The server is gone, and so is the receiver of every report.
    ServerGone,
    /// It can't follow a command that it can't read.
    Unreadable(serde_json::Error),
    /// It can't keep a promise.
    NoPromise(anyhow::Error),
}

/// The core's timers: when each fires, if it runs.
#[derive(Default)]
struct Timers([Option<Instant>; Timer::ALL.len()]);

impl Timers {
    fn slot(&mut self, timer: Timer) -> &mut Option<Instant> {
        let [election, lap, deputy, lease, renewal] = &mut self.0;
        match timer {
            Timer::Election => election,
            Timer::Lap => lap,
            Timer::Deputy => deputy,
            Timer::Lease => lease,
            Timer::Renewal => renewal,
        }
    }

    fn next(&self) -> Option<(Instant, Timer)> {
        self.0.into_iter().zip(Timer::ALL).filter_map(|(at, timer)| at.map(|at| (at, timer))).min()
    }
}

impl Node {
    pub(crate) fn new(
        options: Options,
        secret: Secret,
        control: Control,
        address: SocketAddr,
        beginning: Beginning,
        promises: PromiseStore,
        recorder: Recorder,
    ) -> Self {
        let nothing_yet = LinkSettings {
            hop_delay: Duration::ZERO,
            heartbeat: Duration::from_millis(50),
            hung_after: Duration::from_millis(150),
        };
        let (settings, watched) = watch::channel(nothing_yet);
        let (events_in, link_events) = mpsc::channel(256);
        let paths = Paths::new(options.id, options.incarnation);
        let links = Links::new(options.id, options.incarnation, secret.clone(), watched, events_in);
        Self {
            core: Core::recovered(beginning.id, beginning.promise),
            promises,
            recorder,
            broken: None,
            options,
            secret,
            control,
            address,
            ring: RingSpec::default(),
            known: RingSpec::default(),
            members: Members::default(),
            settings,
            links,
            link_events,
            inputs: VecDeque::new(),
            timers: Timers::default(),
            lamport: Lamport::default(),
            sent: 0,
            effects: Vec::new(),
            receiving: None,
            last_heartbeat_report: None,
            refusals: Refusals::default(),
            probe: probe_interval(nothing_yet),
            paths,
            seek_at: None,
        }
    }

    /// Takes part until the command to exit, or until the control link is lost, which means that the
    /// server is gone.
    pub(crate) async fn run(
        mut self,
        listener: TcpListener,
        port_taken: Option<EventKind>,
    ) -> anyhow::Result<()> {
        let Err(end) = self.take_part(listener, port_taken).await;
        match end {
            End::Asked => self.leave().await,
            End::ServerGone => {}
            End::Unreadable(error) => {
                self.control.close().await;
                let words = "a command of the server can't be read, so I end. Are both of the same version?";
                return Err(error).context(words);
            }
            End::NoPromise(error) => {
                self.report(EventKind::PromiseFailed { reason: format!("{error:#}") });
                self.control.close().await;
                return Err(error);
            }
        }
        Ok(())
    }

    async fn take_part(
        &mut self,
        listener: TcpListener,
        port_taken: Option<EventKind>,
    ) -> Result<Infallible, End> {
        // The ring comes first: before it nothing can be interpreted. Connections wait in the listener's
        // backlog.
        while self.ring.members.is_empty() {
            match self.control.commands.recv().await {
                Some(Ok(NodeCommand::Initiate | NodeCommand::InitiateTogether { .. })) => {}
                command => self.on_command(command)?,
            }
        }
        if let Some(event) = port_taken {
            self.report(event);
        }
        let (guests_in, mut incoming_links) = mpsc::channel(16);
        let port = Port::new(
            self.options.id,
            self.secret.clone(),
            self.members.clone(),
            self.settings.subscribe(),
            self.links.faults(),
            guests_in,
        );
        tokio::spawn(port.accept_loop(listener));
        loop {
            if let Some(error) = self.broken.take() {
                return Err(End::NoPromise(error));
            }
            let next_timer = self.timers.next();
            tokio::select! {
                // Link events first: a link that broke matters more than anything else.
                biased;
                Some(event) = self.link_events.recv() => self.on_link_event(event),
                Some(incoming) = incoming_links.recv() => self.accept(incoming),
                command = self.control.commands.recv() => self.on_command(command)?,
                timer = fired(next_timer) => self.on_timer(timer),
                _ = self.probe.tick() => self.on_probe(),
                () = reached(self.seek_at) => self.on_seek(),
            }
            self.work();
        }
    }

    fn on_command(&mut self, command: Option<Result<NodeCommand, serde_json::Error>>) -> Result<(), End> {
        match command {
            Some(Ok(NodeCommand::Configure(configuration))) => {
                self.configure(&configuration);
                self.work();
                self.probe_skipped();
                self.probe = probe_interval(*self.settings.borrow());
            }
            Some(Ok(NodeCommand::Initiate)) => self.give(Input::Initiate),
            Some(Ok(NodeCommand::InitiateTogether { term })) => self.give(Input::InitiateTogether { term }),
            Some(Ok(NodeCommand::Exit)) => return Err(End::Asked),
            Some(Err(error)) => return Err(End::Unreadable(error)),
            None => return Err(End::ServerGone),
        }
        Ok(())
    }

    fn on_timer(&mut self, timer: Timer) {
        *self.timers.slot(timer) = None;
        self.give(Input::TimerFired(timer));
    }

    fn on_probe(&mut self) {
        self.probe_skipped();
        self.keep_ways();
        let due = self.refusals.due(Duration::from_nanos(monotonic_ns()));
        self.report_refusals(due);
    }

    fn configure(&mut self, configuration: &Configuration) {
        let first = self.ring.members.is_empty();
        self.known.remember(&configuration.ring);
        self.ring = configuration.ring.clone();
        let settings = LinkSettings::from(configuration);
        self.paths.retain(|id| configuration.ring.members.iter().any(|member| member.id == id));
        for member in &configuration.ring.members {
            if self.links.table().present_start(member.id) < member.incarnation {
                self.paths.lives(member.id);
            }
            self.links.table_mut().configure_start(member.id, member.incarnation);
        }
        self.members.set(configuration.ring.members.iter().map(|member| {
            let present = self.links.table().present_start(member.id);
            (member.id, KnownMember { name: member.name.clone(), present, address: member.address })
        }));
        self.links.set_faults(LinkFaults::of(self.options.id, configuration));
        self.settings.send_if_modified(|old| std::mem::replace(old, settings) != settings);
        let ring: Arc<[Contender]> = self
            .ring
            .members
            .iter()
            .map(|member| Contender { eligible: member.eligible, attribute: member.attribute, id: member.id })
            .collect();
        let timing = timing(&settings, ring.len());
        if first {
            self.report(EventKind::Ready { address: self.address.to_string() });
        }
        let Configuration { settings, highest_term, .. } = *configuration;
        self.give(Input::Configured { ring, timing, settings, seed: fastrand::u64(..), highest_term });
    }

    /// Queues this input for the core, after those that came before it.
    fn give(&mut self, input: Input<RingMessage>) {
        self.inputs.push_back(Given { input, message: None });
    }

    /// Gives the core every input that waits, and those that follow from its effects.
    fn work(&mut self) {
        while self.broken.is_none()
            && let Some(Given { input, message }) = self.inputs.pop_front()
        {
            self.receiving = message;
            self.step(input);
            self.receiving = None;
        }
    }

    /// Gives the core one input, carries its effects out, and makes the links that it wants.
    fn step(&mut self, input: Input<RingMessage>) {
        // The clock that all nodes of a machine share, so that their recordings can be put in order.
        let now = now();
        let mut effects = std::mem::take(&mut self.effects);
        let recorded = self.recorder.is_recording().then(|| input.clone());
        self.core.handle(now, input, &mut effects);
        if let Some(input) = recorded {
            let step = Step { now, input, effects };
            self.recorder.step(&step);
            effects = step.effects;
        }
        if let Some(error) = self.recorder.take_failure() {
            self.report(EventKind::RecordingEnded { reason: error.to_string() });
        }
        for effect in effects.drain(..) {
            if self.broken.is_none() {
                self.carry_out(effect);
            }
        }
        self.effects = effects;
        self.links.set_state_digest(self.core.state_digest());
        self.keep_links();
    }

    fn carry_out(&mut self, effect: Effect<RingMessage>) {
        match effect {
            Effect::Send { to, message } => self.send(to, message),
            Effect::StartTimer { timer, after } => {
                let jitter =
                    if timer.has_jitter() { after.mul_f64(fastrand::f64() / 2.0) } else { Duration::ZERO };
                *self.timers.slot(timer) = Some(Instant::now() + after + jitter);
            }
            Effect::Promise(promise) => self.broken = self.promises.keep(&promise).err(),
            Effect::CancelTimer(timer) => *self.timers.slot(timer) = None,
            Effect::Became { .. }
            | Effect::ProgressChanged(_)
            | Effect::SuccessorChanged(_)
            | Effect::Drop { .. }
            | Effect::Completed { .. }
            | Effect::Explain(_) => {
                let receiving = self.receiving.as_ref().map(|(message, from)| (message, from));
                if let Some(event) = events::event(&self.known, &effect, receiving) {
                    self.report(event);
                }
            }
        }
    }

    fn send(&mut self, to: NodeId, message: RingMessage) {
        let directly = message.is_direct();
        let link = self.route_to(to, directly);
        let paced = message.is_paced();
        self.sent += 1;
        let id = MessageId {
            from: self.options.name.clone(),
            incarnation: self.options.incarnation,
            number: self.sent,
        };
        let info = events::message_info(&self.known, id.clone(), &message);
        let hold = if paced { self.settings.borrow().hop_delay } else { Duration::ZERO };
        let lamport = self.lamport.tick();
        let sent_ns = monotonic_ns();
        let frame = LinkFrame { id, lamport, sent_ns, message };
        let taken = link.is_some_and(|link| self.links.send(link, &frame, info.clone(), paced));
        let relays = link.map_or(&[][..], |link| self.links.relays(link));
        let neighbour = relays.first().copied().unwrap_or(to);
        let hold = hold + Duration::from_millis(self.links.faults_with(neighbour).to_peer.delay_ms);
        let to = self.name(to);
        if message.is_upkeep() {
            return;
        }
        let hold_us = u64::try_from(hold.as_micros()).unwrap_or(u64::MAX);
        self.report_at(lamport, sent_ns, EventKind::Sent { message: info.clone(), to: to.clone(), hold_us });
        if !taken {
            self.report(EventKind::Lost { message: info, to });
        }
    }

    /// Closes every link, sends the last events, and ends.
    async fn leave(mut self) {
        self.report(EventKind::Leaving);
        let all: Vec<LinkId> = self.links.table().iter().map(|link| link.id).collect();
        let last = all.len();
        for id in all {
            self.links.close(id, close::LEAVING, "leaving");
        }
        let goodbyes = async {
            for _ in 0..last {
                while let Some(event) = self.link_events.recv().await {
                    if matches!(event.kind, LinkEventKind::Down { .. }) {
                        break;
                    }
                }
            }
        };
        let _ = tokio::time::timeout(LEAVE_WITHIN, goodbyes).await;
        self.control.close().await;
    }

    fn name(&self, id: NodeId) -> NodeName {
        self.known.name(id)
    }

    fn report(&mut self, kind: EventKind) {
        let lamport = self.lamport.tick();
        self.report_at(lamport, monotonic_ns(), kind);
    }

    fn report_at(&mut self, lamport: u64, at_ns: u64, kind: EventKind) {
        self.control.events.send(NodeEvent { lamport, at_ns, kind });
    }
}

/// Waits until this time; for ever when there is none.
async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Waits until this timer fires; for ever when there is none.
async fn fired(timer: Option<(Instant, Timer)>) -> Timer {
    match timer {
        Some((at, timer)) => {
            sleep_until(at).await;
            timer
        }
        None => std::future::pending().await,
    }
}

fn probe_interval(settings: LinkSettings) -> Interval {
    let every = settings.heartbeat * PROBE_EVERY_HEARTBEATS;
    let mut interval = interval_at(Instant::now() + every, every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
