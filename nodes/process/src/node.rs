//! The node's loop: one input into the core, its effects out into the world.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use ringleader_election::recording::{Beginning, Step};
use ringleader_election::{Algorithm, Core, Effect, Input, Time, Timer, digest_of_sender, telling};
use ringleader_shared::control::{Configuration, NodeCommand, NodeEvent};
use ringleader_shared::event::{EventKind, MessageInfo, MessageKind};
use ringleader_shared::fault::Injection;
use ringleader_shared::link::{Direction, LinkFrame, LinkKind};
use ringleader_shared::{
    Contender, Incarnation, MessageId, NodeId, NodeName, RingMessage, RingSpec, Towards,
};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, sleep_until};

use crate::Options;
use crate::clock::{Lamport, monotonic_ns};
use crate::control::Control;
use crate::handshake::Members;
use crate::links::{Guest, Link, LinkId, Links, News, Purpose, What, accept_loop, close};
use crate::promises::Promises;
use crate::recorder::Recorder;
use crate::refusals::Refusals;
use crate::settings::{Faults, LinkSettings, Secret, timing};

/// How often a skipped member is dialled again, and the standby link is looked after, in heartbeats.
pub(crate) const PROBE_EVERY_HEARTBEATS: u32 = 5;

/// At most one heartbeat event in this time.
pub(crate) const HEARTBEAT_REPORT_EVERY: Duration = Duration::from_secs(1);

/// How long the last frames may take when the node leaves in good order.
pub(crate) const LEAVE_WITHIN: Duration = Duration::from_millis(60);

/// One member of the ring, with everything it needs to take part.
pub(crate) struct Node {
    options: Options,
    secret: Secret,
    control: Control,
    address: SocketAddr,
    core: Core,
    promises: Promises,
    recorder: Recorder,
    /// Why it can't go on: it must say nothing more.
    broken: Option<anyhow::Error>,
    ring: RingSpec,
    /// The ring, and the members that have left it, for their names.
    known: RingSpec,
    /// The newest start of each other node that this one has heard of: older ones have nothing to say any more.
    newest: BTreeMap<NodeId, Incarnation>,
    /// The same of the members, for handshakes.
    members: Members,
    settings: watch::Sender<LinkSettings>,
    links: Links,
    /// A standby link that has become the ring link while the core's effects were being carried out.
    in_use: Option<LinkId>,
    news: mpsc::Receiver<News>,
    timers: Timers,
    lamport: Lamport,
    sent: u64,
    effects: Vec<Effect<RingMessage>>,
    /// The message that the core is being given, and its sender.
    receiving: Option<(MessageInfo, NodeName)>,
    last_heartbeat_report: Option<Instant>,
    refusals: Refusals<(String, String)>,
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
        promises: Promises,
        recorder: Recorder,
    ) -> Self {
        let nothing_yet = LinkSettings {
            hop_delay: Duration::ZERO,
            heartbeat: Duration::from_millis(50),
            hung_after: Duration::from_millis(150),
        };
        let (settings, watched) = watch::channel(nothing_yet);
        let (news_in, news) = mpsc::channel(256);
        let links = Links::new(options.id, options.incarnation, secret.clone(), watched, news_in);
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
            newest: BTreeMap::new(),
            members: Members::default(),
            settings,
            links,
            in_use: None,
            news,
            timers: Timers::default(),
            lamport: Lamport::default(),
            sent: 0,
            effects: Vec::new(),
            receiving: None,
            last_heartbeat_report: None,
            refusals: Refusals::default(),
        }
    }

    /// Takes part until told to exit, or until the control link is lost, which means that the server is gone.
    pub(crate) async fn run(mut self, listener: TcpListener, moved: Option<String>) -> anyhow::Result<()> {
        // The ring comes first: until then nothing can be understood, and guests wait in the listener's backlog.
        loop {
            match self.control.commands.recv().await {
                Some(Ok(NodeCommand::Configure(configuration))) => {
                    self.configure(&configuration);
                    break;
                }
                Some(Ok(NodeCommand::Initiate | NodeCommand::InitiateTogether { .. })) => {}
                Some(Ok(NodeCommand::Exit)) => {
                    self.control.close().await;
                    return Ok(());
                }
                Some(Err(error)) => return self.end_for_want_of(error).await,
                None => return Ok(()),
            }
        }
        if let Some(words) = moved {
            self.tell(EventKind::Log { text: words });
        }
        let (guests_in, mut guests) = mpsc::channel(16);
        let (id, secret) = (self.options.id, self.secret.clone());
        tokio::spawn(accept_loop(listener, id, secret, self.members.clone(), guests_in));
        let mut probe = self.probe_interval();
        loop {
            if let Some(error) = self.broken.take() {
                self.tell(EventKind::Log { text: format!("can't keep a promise, so I end: {error:#}") });
                self.control.close().await;
                return Err(error);
            }
            let next_timer = self.timers.next();
            let timer_at = next_timer.map_or_else(Instant::now, |(at, _)| at);
            tokio::select! {
                // News first: a link that broke matters more than anything else.
                biased;
                Some(news) = self.news.recv() => self.link_news(news),
                Some(guest) = guests.recv() => self.welcome(guest),
                command = self.control.commands.recv() => match command {
                    Some(Ok(NodeCommand::Configure(configuration))) => {
                        self.configure(&configuration);
                        self.probe_skipped();
                        probe = self.probe_interval();
                    }
                    Some(Ok(NodeCommand::Initiate)) => self.step(Input::Initiate),
                    Some(Ok(NodeCommand::InitiateTogether { term })) => {
                        self.step(Input::InitiateTogether { term });
                    }
                    Some(Err(error)) => return self.end_for_want_of(error).await,
                    Some(Ok(NodeCommand::Exit)) => {
                        self.leave().await;
                        return Ok(());
                    }
                    // The server is gone, and nobody is left to be told.
                    None => return Ok(()),
                },
                () = sleep_until(timer_at), if next_timer.is_some() => {
                    if let Some((_, timer)) = next_timer {
                        *self.timers.slot(timer) = None;
                        self.step(Input::TimerFired(timer));
                    }
                }
                _ = probe.tick() => {
                    self.probe_skipped();
                    self.keep_standby();
                    let due = self.refusals.due(Duration::from_nanos(monotonic_ns()));
                    self.report_refusals(due);
                }
            }
        }
    }

    /// Ends: whoever does not understand what is wanted of it can't take part as is wanted.
    async fn end_for_want_of(self, error: serde_json::Error) -> anyhow::Result<()> {
        self.control.close().await;
        Err(error).context("a command of the server can't be read, so I end. Are both of the same version?")
    }

    fn probe_interval(&self) -> tokio::time::Interval {
        let every = self.settings.borrow().heartbeat * PROBE_EVERY_HEARTBEATS;
        let mut interval = tokio::time::interval_at(Instant::now() + every, every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    }

    fn configure(&mut self, configuration: &Configuration) {
        let first = self.ring.members.is_empty();
        self.known.remember(&configuration.ring);
        self.ring = configuration.ring.clone();
        let settings = LinkSettings::from(configuration);
        for member in &configuration.ring.members {
            // The server knows best, but for a start that is faster than its word.
            let links = self.links.iter().filter(|link| link.peer == member.id);
            let present = links.filter_map(Link::other_end).max();
            self.newest.insert(member.id, member.incarnation.max(present.unwrap_or_default()));
        }
        self.members.set(configuration.ring.members.iter().map(|member| {
            let present = self.newest.get(&member.id).copied().unwrap_or_default();
            (member.id, member.name.clone(), present)
        }));
        self.links.set_faults(Faults::of(self.options.id, configuration));
        self.settings.send_if_modified(|old| std::mem::replace(old, settings) != settings);
        let ring: Arc<[Contender]> = self
            .ring
            .members
            .iter()
            .map(|member| Contender { eligible: member.eligible, attribute: member.attribute, id: member.id })
            .collect();
        let timing = timing(&settings, ring.len());
        if first {
            self.tell(EventKind::Ready { address: self.address.to_string() });
        }
        let Configuration { settings, highest_term, .. } = *configuration;
        self.step(Input::Configured { ring, timing, settings, chance: fastrand::u64(..), highest_term });
    }

    /// Gives the core one input, carries its effects out, and makes the links as it wants them.
    fn step(&mut self, input: Input<RingMessage>) {
        // The clock that all nodes of a machine share: their recordings can be put in order.
        let now = Time(Duration::from_nanos(monotonic_ns()));
        let mut effects = std::mem::take(&mut self.effects);
        let recorded = self.recorder.is_recording().then(|| input.clone());
        self.core.handle(now, input, &mut effects);
        if let Some(input) = recorded {
            let step = Step { now, input, effects };
            self.recorder.step(&step);
            effects = step.effects;
        }
        if let Some(error) = self.recorder.take_failure() {
            self.tell(EventKind::RecordingEnded { reason: error.to_string() });
        }
        for effect in effects.drain(..) {
            if self.broken.is_none() {
                self.carry_out(effect);
            }
        }
        self.effects = effects;
        self.links.set_knowledge(self.core.knowledge());
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
            | Effect::PartChanged(_)
            | Effect::SuccessorChanged(_)
            | Effect::Drop { .. }
            | Effect::Completed { .. }
            | Effect::Explain(_) => {
                let receiving = self.receiving.as_ref().map(|(message, from)| (message, from));
                if let Some(event) = telling::event(&self.known, &effect, receiving) {
                    self.tell(event);
                }
            }
        }
    }

    fn send(&mut self, to: NodeId, message: RingMessage) {
        let link = self.route_to(to, matches!(message, RingMessage::Contest { towards: Towards::Peer, .. }));
        let paced = !matches!(message, RingMessage::Standing { .. } | RingMessage::Lease { .. });
        self.sent += 1;
        let id = MessageId {
            from: self.options.name.clone(),
            incarnation: self.options.incarnation,
            number: self.sent,
        };
        let info = telling::message_info(&self.known, id.clone(), &message);
        let hold = if paced { self.settings.borrow().hop_delay } else { Duration::ZERO };
        let lamport = self.lamport.tick();
        let sent_ns = monotonic_ns();
        let frame = LinkFrame { id, lamport, sent_ns, message };
        let taken = link.is_some_and(|link| self.links.send(link, &frame, info.clone(), paced));
        let hold = hold + Duration::from_millis(self.links.faults_with(to).to_peer.delay_ms);
        let to = self.name(to);
        if message.is_upkeep() {
            return;
        }
        let hold_us = u64::try_from(hold.as_micros()).unwrap_or(u64::MAX);
        self.tell_at(lamport, sent_ns, EventKind::Sent { message: info.clone(), to: to.clone(), hold_us });
        if !taken {
            self.tell(EventKind::Lost { message: info, to });
        }
    }

    /// The link on which a message to this neighbour goes: the one that I dialled, dialling it now if it is my successor,
    /// else the one that it dialled. To others there are direct links, made when there is something to say.
    fn route_to(&mut self, to: NodeId, directly: bool) -> Option<LinkId> {
        if self.core.wanted_links().successor == Some(to)
            && self.links.find(to, LinkKind::Ring, Direction::Outgoing).is_none()
        {
            self.dial(to, LinkKind::Ring, Purpose::Wanted);
        }
        if directly && self.link_with(to, directly).is_none() {
            self.dial(to, LinkKind::Direct, Purpose::Wanted);
        }
        self.link_with(to, directly)
    }

    /// What waits for a probe that finds nobody is lost, and the core does not hear of it: nothing is said directly on one.
    fn link_with(&self, to: NodeId, directly: bool) -> Option<LinkId> {
        let will_do = |link: &&Link| !directly || link.purpose != Purpose::Probe || link.up.is_some();
        [
            (LinkKind::Ring, Direction::Outgoing),
            (LinkKind::Ring, Direction::Incoming),
            (LinkKind::Heartbeat, Direction::Outgoing),
            (LinkKind::Heartbeat, Direction::Incoming),
            (LinkKind::Direct, Direction::Outgoing),
            (LinkKind::Direct, Direction::Incoming),
        ]
        .into_iter()
        .find_map(|(kind, direction)| self.links.find(to, kind, direction).filter(will_do))
        .map(|link| link.id)
    }

    fn dial(&mut self, peer: NodeId, kind: LinkKind, purpose: Purpose) {
        if (kind, purpose) == (LinkKind::Ring, Purpose::Wanted)
            && let Some(ready) = self.links.use_standby(peer)
        {
            self.in_use = Some(ready);
            return;
        }
        let address = self.ring.member(peer).and_then(|member| member.address);
        // A member that never said where it listens is dialled where nobody does, so that the failure takes its usual way.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        self.links.dial(peer, address.unwrap_or(nowhere), kind, purpose);
    }

    /// Dials what the core wants and lacks; closes what I dialled and the core does not want.
    fn keep_links(&mut self) {
        let wanted = self.core.wanted_links();
        let is_wanted = |peer: NodeId, kind: LinkKind| match kind {
            LinkKind::Ring => wanted.successor == Some(peer),
            LinkKind::Heartbeat => wanted.leader == Some(peer),
            LinkKind::Direct => wanted.direct,
        };
        let unwanted: Vec<_> = self
            .links
            .iter()
            .filter(|link| link.direction == Direction::Outgoing && !is_wanted(link.peer, link.kind))
            .filter(|link| match link.purpose {
                Purpose::Wanted => true,
                Purpose::Probe => link.up.is_some(),
                Purpose::Standby => false,
            })
            .map(|link| (link.id, link.peer, link.kind, link.up.is_some()))
            .collect();
        for (id, peer, kind, up) in unwanted {
            self.links.close(id, close::NOT_NEEDED, "not needed any more");
            if up {
                let (peer, reason) = (self.name(peer), "not needed any more".to_owned());
                let direction = Direction::Outgoing;
                self.tell(EventKind::LinkDown { peer, link: kind, direction, reason, failure: false });
            }
        }
        for (peer, kind) in [(wanted.successor, LinkKind::Ring), (wanted.leader, LinkKind::Heartbeat)] {
            if let Some(peer) = peer
                && self.links.find(peer, kind, Direction::Outgoing).is_none()
            {
                self.dial(peer, kind, Purpose::Wanted);
            }
        }
        if let Some(link) = self.in_use.take() {
            let peer = self.links.get(link).map(|link| link.peer);
            if let Some(peer) = peer {
                self.link_news(News { link, peer, what: What::Up });
            }
        }
    }

    fn probe_skipped(&mut self) {
        let skipped: Vec<NodeId> = self.core.skipped().collect();
        for peer in skipped {
            if self.ring.member(peer).is_some_and(|member| member.address.is_some())
                && self.links.find(peer, LinkKind::Ring, Direction::Outgoing).is_none()
            {
                self.dial(peer, LinkKind::Ring, Purpose::Probe);
            }
        }
    }

    /// Holds a connection to my successor's successor ready, so that a repair does not wait for a handshake.
    fn keep_standby(&mut self) {
        let next = self.standby_peer();
        let unwanted: Vec<LinkId> =
            self.links.on_standby().filter(|link| Some(link.peer) != next).map(|link| link.id).collect();
        for id in unwanted {
            self.links.close(id, close::NOT_NEEDED, "not needed any more");
        }
        if let Some(peer) = next
            && self.links.on_standby().next().is_none()
            && self.ring.member(peer).is_some_and(|member| member.address.is_some())
        {
            self.dial(peer, LinkKind::Ring, Purpose::Standby);
        }
    }

    /// The first member after my successor, in ring order, that is neither skipped nor myself.
    fn standby_peer(&self) -> Option<NodeId> {
        let successor = self.core.wanted_links().successor?;
        let place = self.ring.members.iter().position(|member| member.id == successor)?;
        let skipped: Vec<NodeId> = self.core.skipped().collect();
        let (before, after) = self.ring.members.split_at(place);
        let mut following = after.iter().skip(1).chain(before).map(|member| member.id);
        following.find(|id| !skipped.contains(id)).filter(|id| *id != self.options.id)
    }

    fn welcome(&mut self, guest: Guest) {
        match guest {
            Guest::Member(socket, introduction) if self.ring.member(introduction.from).is_some() => {
                if let Err(reason) = self.witness(introduction.from, introduction.incarnation) {
                    let remote = self.name(introduction.from).to_string();
                    self.refuse(remote, reason);
                    return;
                }
                self.end_former(introduction.from, introduction.incarnation);
                self.links.adopt(*socket, introduction);
            }
            Guest::Member(_, introduction) => {
                let remote = introduction.from.to_string();
                self.refuse(remote, "not a member of the ring".to_owned());
            }
            Guest::Refused { remote, reason } => {
                self.refuse(remote.to_string(), reason);
            }
        }
    }

    /// A new start of a node has introduced itself: the links that its former ones dialled are over, whenever the news of
    /// that comes.
    fn end_former(&mut self, peer: NodeId, incarnation: Incarnation) {
        let is_former = |link: &&Link| {
            link.peer == peer && link.dialled_by.is_some_and(|dialled_by| dialled_by < incarnation)
        };
        let former = self.links.iter().filter(is_former);
        let former: Vec<_> = former
            .map(|link| (link.id, link.kind, link.up.is_some() && link.purpose != Purpose::Standby))
            .collect();
        for (id, link, told) in former {
            self.links.close(id, close::NOT_NEEDED, "its process is over");
            if told {
                let reason = "the node was restarted".to_owned();
                let (name, direction) = (self.name(peer), Direction::Incoming);
                self.tell(EventKind::LinkDown { peer: name, link, direction, reason, failure: true });
                self.step(Input::LinkDown { peer, link, direction: Direction::Incoming });
            }
        }
    }

    /// Checks which start of a node speaks on a link: the one that dialled it, or that answered first.
    fn check_start(&mut self, link: LinkId, peer: NodeId, says: Incarnation) -> Result<(), String> {
        let Some(other_end) = self.links.get(link).map(Link::other_end) else { return Ok(()) };
        match other_end {
            Some(other_end) if other_end != says => {
                let name = telling::name(&self.known, peer);
                Err(format!("start {other_end} of {name} sent a message in the name of start {says}"))
            }
            Some(_) => self.witness(peer, says),
            None => {
                self.witness(peer, says)?;
                if let Some(link) = self.links.get_mut(link) {
                    link.answered_by = Some(says);
                }
                Ok(())
            }
        }
    }

    /// Takes note of which start of a node speaks; refuses one that is over.
    fn witness(&mut self, peer: NodeId, incarnation: Incarnation) -> Result<(), String> {
        let newest = self.newest.entry(peer).or_default();
        if incarnation < *newest {
            let name = telling::name(&self.known, peer);
            return Err(format!("start {incarnation} of {name} is over: start {newest} is the present one"));
        }
        *newest = incarnation;
        self.members.newer(peer, incarnation);
        Ok(())
    }

    fn link_news(&mut self, News { link: id, peer, what }: News) {
        let what = match what {
            // Upkeep is told as little when it is lost as when it arrives.
            What::Injected(message, _) if message.message == MessageKind::Lease => return,
            What::Intercepted(frame) if frame.message.is_upkeep() => return,
            What::Injected(message, fault) => {
                let (from, to) = (self.options.name.clone(), self.name(peer));
                self.tell(EventKind::Injected { message, from, to, fault });
                return;
            }
            What::Intercepted(frame) => {
                let message = telling::message_info(&self.known, frame.id, &frame.message);
                let (from, to) = (self.name(peer), self.options.name.clone());
                self.tell(EventKind::Injected { message, from, to, fault: Injection::Cut });
                return;
            }
            other => other,
        };
        let Some(link) = self.links.get_mut(id) else {
            // Closed by this node while the news was on its way; what it still held is lost all the same.
            if let What::Down { unsent, .. } = what {
                self.tell_lost(unsent, peer);
            }
            return;
        };
        let (kind, direction, purpose) = (link.kind, link.direction, link.purpose);
        match what {
            What::Injected(..) | What::Intercepted(_) => {}
            What::Up if purpose == Purpose::Standby => link.up = Some(std::time::Instant::now()),
            What::InUse if (purpose, direction) == (Purpose::Standby, Direction::Incoming) => {
                self.links.used(id);
                self.link_news(News { link: id, peer, what: What::Up });
            }
            What::InUse => self.malformed(id, "said that a link is in use that is no standby link"),
            What::Frame(_) if purpose == Purpose::Standby => {
                self.malformed(id, "sent a message on a link that is not in use");
            }
            What::Up => {
                link.up = Some(std::time::Instant::now());
                link.purpose = Purpose::Wanted;
                let name = self.name(peer);
                self.tell(EventKind::LinkUp { peer: name, link: kind, direction });
                self.step(Input::LinkUp { peer, link: kind, direction });
            }
            What::Frame(frame) => self.received(id, peer, frame),
            // A message to my successor was lost: it is told again what I know. News go round, so what it
            // knows and I don't comes to me from the other side. Ends of a standby link are no neighbours.
            What::Differs
                if (kind, direction) == (LinkKind::Ring, Direction::Outgoing)
                    && purpose != Purpose::Standby
                    && link.up.is_some() =>
            {
                self.step(Input::LinkUp { peer, link: kind, direction });
            }
            What::Differs => {}
            What::RoundTrip(took) => {
                let due =
                    self.last_heartbeat_report.is_none_or(|last| last.elapsed() >= HEARTBEAT_REPORT_EVERY);
                if kind == LinkKind::Heartbeat && direction == Direction::Outgoing && due {
                    self.last_heartbeat_report = Some(Instant::now());
                    let rtt_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                    let peer = self.name(peer);
                    self.tell(EventKind::Heartbeat { peer, rtt_us });
                }
            }
            What::Misbehaved(reason) => {
                let remote = self.name(peer).to_string();
                self.refuse(remote, reason);
            }
            What::Down { reason, failure, unsent } => self.link_down(id, reason, failure, unsent),
        }
    }

    fn link_down(&mut self, id: LinkId, reason: String, failure: bool, unsent: Vec<MessageInfo>) {
        let Some(link) = self.links.remove(id) else { return };
        let peer = self.name(link.peer);
        let failure = failure || link.was_too_short();
        let silent = link.purpose == Purpose::Standby
            || link.up.is_none() && (link.purpose == Purpose::Probe || link.direction == Direction::Incoming);
        self.tell_lost(unsent, link.peer);
        if silent {
            // It may have taken the place of one that was up.
            let (peer, link, direction, purpose) = (link.peer, link.kind, link.direction, link.purpose);
            let is_last = purpose != Purpose::Standby && self.links.find(peer, link, direction).is_none();
            if direction == Direction::Incoming && is_last {
                self.step(Input::LinkClosed { peer, link, direction });
            }
            return;
        }
        self.tell(EventKind::LinkDown { peer, link: link.kind, direction: link.direction, reason, failure });
        if failure {
            self.step(Input::LinkDown { peer: link.peer, link: link.kind, direction: link.direction });
        } else if self.links.find(link.peer, link.kind, link.direction).is_some() {
            // The peer dialled anew before it let go of the old link.
            self.keep_links();
        } else {
            self.step(Input::LinkClosed { peer: link.peer, link: link.kind, direction: link.direction });
        }
    }

    fn tell_lost(&mut self, unsent: Vec<MessageInfo>, peer: NodeId) {
        let to = self.name(peer);
        for message in unsent.into_iter().filter(|message| message.message != MessageKind::Lease) {
            self.tell(EventKind::Lost { message, to: to.clone() });
        }
    }

    fn received(&mut self, link: LinkId, from: NodeId, frame: LinkFrame) {
        let sender = self.name(from);
        if frame.id.from != sender {
            self.malformed(link, &format!("sent a message in the name of {}", frame.id.from));
            return;
        }
        if let Err(reason) = self.check_start(link, from, frame.id.incarnation) {
            self.malformed(link, &reason);
            return;
        }
        let now = monotonic_ns();
        self.lamport.witness(frame.lamport);
        self.links.set_told(from, digest_of_sender(&frame.message));
        let info = telling::message_info(&self.known, frame.id, &frame.message);
        let travel_us = now.saturating_sub(frame.sent_ns) / 1_000;
        if frame.message.is_upkeep() {
            return self.step(Input::Received { from, message: frame.message });
        }
        let lamport = self.lamport.tick();
        let event = EventKind::Received { message: info.clone(), from: sender.clone(), travel_us };
        self.tell_at(lamport, now, event);
        self.receiving = Some((info, sender));
        self.step(Input::Received { from, message: frame.message });
        self.receiving = None;
    }

    /// Reports a refused connection, or holds the report back when there were many.
    fn refuse(&mut self, remote: String, reason: String) {
        let due = self.refusals.note(Duration::from_nanos(monotonic_ns()), (remote, reason), 1);
        self.report_refusals(due);
    }

    fn report_refusals(&mut self, due: Option<((String, String), u64)>) {
        if let Some(((remote, reason), count)) = due {
            self.tell(EventKind::Refused { remote, reason, count });
        }
    }

    /// Ends a link whose other end speaks out of turn.
    fn malformed(&mut self, id: LinkId, reason: &str) {
        let Some(link) = self.links.get(id) else { return };
        let (peer, kind, purpose, direction) = (link.peer, link.kind, link.purpose, link.direction);
        let remote = self.name(peer).to_string();
        self.refuse(remote, reason.to_owned());
        self.links.close(id, close::MALFORMED, "out of turn");
        if purpose != Purpose::Standby {
            self.step(Input::LinkDown { peer, link: kind, direction });
        }
    }

    /// Says goodbye to every neighbour, lets the last events out, and ends.
    async fn leave(mut self) {
        self.tell(EventKind::Log { text: "asked to exit: leaving the ring gracefully".to_owned() });
        let all: Vec<LinkId> = self.links.iter().map(|link| link.id).collect();
        let last = all.len();
        for id in all {
            self.links.close(id, close::LEAVING, "leaving");
        }
        let goodbyes = async {
            for _ in 0..last {
                while let Some(news) = self.news.recv().await {
                    if matches!(news.what, What::Down { .. }) {
                        break;
                    }
                }
            }
        };
        let _ = tokio::time::timeout(LEAVE_WITHIN, goodbyes).await;
        self.control.close().await;
    }

    fn name(&self, id: NodeId) -> NodeName {
        telling::name(&self.known, id)
    }

    fn tell(&mut self, kind: EventKind) {
        let lamport = self.lamport.tick();
        self.tell_at(lamport, monotonic_ns(), kind);
    }

    fn tell_at(&mut self, lamport: u64, at_ns: u64, kind: EventKind) {
        self.control.events.send(NodeEvent { lamport, at_ns, kind });
    }
}
