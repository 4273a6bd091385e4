//! Links that stay silent, and links through others: which way each member's links take.

use std::time::Duration;

use ringleader_election::Input;
use ringleader_election::failure_detector::doubtful_after;
use ringleader_election::link_table::{Cause, DialPurpose, Link};
use ringleader_election::loss::JUDGED_BY;
use ringleader_election::paths::{Answer, PROVEN_AFTER};
use ringleader_shared::link::{LinkDirection, LinkEnd, LinkKind, PathFrame, PathRequest, close};
use ringleader_shared::{Incarnation, NodeId};

use super::{SimEvent, World};
use crate::network::{End, Fate, LinkId, NodeIndex};
use crate::rng::nanoseconds;

/// A crossing that takes at least so long is slow: a quarter of the time between two pings.
const SLOW: Duration = Duration::from_micros(12_500);

/// The time between two pings of a link.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(50);

impl SimEvent {
    /// The link on which it crosses from one member to another.
    fn crosses_on(&self) -> Option<LinkId> {
        match self {
            Self::Dialled { link }
            | Self::Accepts { link }
            | Self::Accepted { link }
            | Self::Refused { link }
            | Self::Arrives { link, .. }
            | Self::Closed { link, .. }
            | Self::InUse { link }
            | Self::Path { link, .. } => Some(*link),
            Self::DialDoubtful { .. }
            | Self::Unanswered { .. }
            | Self::Deserted { .. }
            | Self::Doubtful { .. }
            | Self::Silent { .. }
            | Self::Counted { .. }
            | Self::Measured { .. }
            | Self::Seeks { .. }
            | Self::Compared { .. }
            | Self::Configured { .. }
            | Self::TimerRunsOut { .. }
            | Self::Probes { .. } => None,
        }
    }
}

impl World {
    /// Whether something does not get from one member to the other on its link.
    pub(super) fn is_stopped(&self, from: NodeIndex, to: NodeIndex, event: &SimEvent) -> bool {
        let link = event.crosses_on().and_then(|link| self.network.get(link));
        if let (SimEvent::Dialled { .. }, Some(link)) = (event, link)
            && self.network.is_cut(link, to)
        {
            // A connection needs both directions.
            return true;
        }
        match link.filter(|link| !link.relays.is_empty()) {
            Some(link) => {
                let awake = |relay: &NodeIndex| self.machine(*relay).is_some_and(|it| it.paused.is_none());
                self.network.is_cut(link, from) || !link.relays.iter().all(awake)
            }
            None => self.network.cut_between(from, to).is_some(),
        }
    }

    /// Sends something again, as a network does until it arrives. A relay that is dead says so.
    pub(super) fn crosses_again(&mut self, from: NodeIndex, to: NodeIndex, event: SimEvent) {
        let Some(id) = event.crosses_on() else { return };
        let Some(link) = self.network.get(id).filter(|link| link.dialler_end == End::Dialling) else {
            if matches!(event, SimEvent::Dialled { .. }) {
                self.network.close(id, to);
            }
            return;
        };
        let (dialler, acceptor) = (link.dialler, link.acceptor);
        if !link.relays.iter().all(|relay| self.machine(*relay).is_some()) {
            self.plan(0, dialler, SimEvent::Refused { link: id });
            return self.network.close(id, acceptor);
        }
        let at = self.now.saturating_add(nanoseconds(self.setup.probe));
        self.plan_crossing(at, from, to, event);
    }

    // Silence.

    /// This member is going to hear nothing from that pause, cut or delay on, on links that it stops.
    pub(super) fn expect_silence(&mut self, listener: NodeIndex, since: u64) {
        let Some(clock) = self.machine(listener).map(|machine| machine.clock) else { return };
        let slowest = self.stopped_links(listener, since).into_iter().filter_map(|id| {
            let link = self.network.get(id)?;
            Some(self.network.slow_round_trip(link) + HEARTBEAT)
        });
        let patience = nanoseconds(slowest.fold(self.setup.silence(), Duration::max));
        let after = patience + self.rng.up_to(patience / 3);
        let doubtful_after = nanoseconds(doubtful_after(Duration::from_nanos(after)));
        self.plan(clock.takes(doubtful_after), listener, SimEvent::Doubtful { since });
        self.plan(clock.takes(after), listener, SimEvent::Silent { since });
    }

    /// The same for members that have a link through these two.
    pub(super) fn expect_silence_beyond(&mut self, from: NodeIndex, to: NodeIndex, since: u64) {
        let through = self.network.links().filter(|(_, link)| !link.relays.is_empty());
        let mut listeners: Vec<NodeIndex> = through
            .flat_map(|(_, link)| [link.dialler, link.acceptor].map(|from| (link, from)))
            .filter(|(link, sender)| link.hops(*sender).any(|hop| hop == (from, to)))
            .map(|(link, sender)| link.other(sender))
            .filter(|listener| *listener != to)
            .collect();
        listeners.sort_unstable();
        listeners.dedup();
        for listener in listeners {
            self.expect_silence(listener, since);
        }
    }

    /// A link that comes up across a pause or a cut stays silent.
    pub(super) fn listen(&mut self, me: NodeIndex, id: LinkId) {
        let Some(link) = self.network.get(id) else { return };
        let hops = || link.hops(link.other(me));
        let paused = hops().filter_map(|(from, _)| self.machine(from)?.paused);
        let cut = hops().filter_map(|(from, to)| self.network.cut_between(from, to));
        let stops: Vec<u64> = paused.chain(cut).collect();
        for since in stops {
            self.expect_silence(me, since);
        }
    }

    /// The links on which this member hears nothing because of that pause, cut or delay.
    fn stopped_links(&self, me: NodeIndex, since: u64) -> Vec<LinkId> {
        let Some(machine) = self.machine(me) else { return Vec::new() };
        let stops = |id: &LinkId| {
            let Some(link) = self.network.get(*id).filter(|link| link.end(me) == End::Open) else {
                return false;
            };
            link.hops(link.other(me)).any(|hop| {
                self.machine(hop.0).and_then(|machine| machine.paused) == Some(since)
                    || self.network.is_stopped_by(hop, since, self.now)
            })
        };
        machine.links.iter().map(|link| link.id).filter(stops).collect()
    }

    pub(super) fn doubtful(&mut self, me: NodeIndex, since: u64) {
        for id in self.stopped_links(me, since) {
            let now = self.time();
            let Some(machine) = self.machine_mut(me) else { return };
            if let Some(peer) = machine.links.set_doubted(id, true) {
                machine.paths.doubt(peer, now);
            }
        }
        self.look_after_ways(me);
    }

    pub(super) fn silent(&mut self, me: NodeIndex, since: u64) {
        for id in self.stopped_links(me, since) {
            let now = self.time();
            let failed_alive = self.failed_alive();
            let Some(machine) = self.machine_mut(me) else { return };
            // What was done about the first may have closed the second.
            let Some(link) = machine.links.get(id).copied() else { continue };
            if !link.relayed {
                machine.paths.failed(link.peer, now);
            }
            let lives = machine.paths.known(link.peer).is_some();
            let cause = if lives { failed_alive } else { Cause::PeerLost };
            let lost = self.lose(me, id, cause);
            self.close_end(id, me, Some(close::SILENT));
            self.link_lost(me, lost, self.silence());
        }
        self.unheard_again(me);
    }

    /// Links that are not silent any more are not doubted any more.
    fn unheard_again(&mut self, me: NodeIndex) {
        let Some(machine) = self.machine(me) else { return };
        let heard = |link: &&Link<LinkId>| link.doubted && !link.lossy && !self.is_silent(me, link.id);
        let heard: Vec<LinkId> = machine.links.iter().filter(heard).map(|link| link.id).collect();
        let Some(machine) = self.machine_mut(me) else { return };
        for id in heard {
            if let Some(peer) = machine.links.set_doubted(id, false) {
                machine.paths.heard(peer);
            }
        }
    }

    /// Whether nothing comes on a link to this end now.
    fn is_silent(&self, me: NodeIndex, id: LinkId) -> bool {
        self.network.get(id).is_some_and(|link| {
            let from = link.other(me);
            let asleep = |(from, _)| self.machine(from).is_none_or(|machine| machine.paused.is_some());
            self.network.is_cut(link, from) || link.hops(from).any(asleep)
        })
    }

    // Loss.

    /// Has all links measured that cross here, and their pings counted when so many are lost that those links
    /// do not work.
    pub(super) fn measure_links(&mut self, from: NodeIndex, to: NodeIndex) {
        let crosses =
            |sender| move |link: &crate::network::Connection| link.hops(sender).any(|hop| hop == (from, to));
        let counted: Vec<(LinkId, NodeIndex, NodeIndex)> = self
            .network
            .links()
            .filter(|(_, link)| crosses(link.dialler)(link) || crosses(link.acceptor)(link))
            .map(|(id, link)| (id, link.dialler, link.acceptor))
            .collect();
        for (id, dialler, acceptor) in counted {
            for end in [dialler, acceptor] {
                self.count_pings_of(end, id);
                self.measure(end, id);
            }
        }
    }

    fn count_pings_of(&mut self, me: NodeIndex, id: LinkId) {
        if self.is_lossy(id) && self.network.get(id).is_some_and(|link| link.end(me) == End::Open) {
            self.plan(nanoseconds(HEARTBEAT * JUDGED_BY), me, SimEvent::Counted { link: id });
        }
    }

    fn is_lossy(&self, id: LinkId) -> bool {
        self.network.get(id).is_some_and(|link| {
            let both = link.hops(link.dialler).chain(link.hops(link.acceptor));
            both.into_iter().any(|(from, to)| self.network.is_lossy(from, to))
        })
    }

    pub(super) fn counted(&mut self, me: NodeIndex, id: LinkId) {
        if !self.is_lossy(id) {
            return;
        }
        let now = self.time();
        let Some(machine) = self.machine_mut(me) else { return };
        let Some(link) = machine.links.set_lossy(id) else { return };
        if !link.relayed {
            machine.paths.failed(link.peer, now);
        }
        if link.purpose == DialPurpose::Standby {
            return self.close_end(id, me, Some(close::NOT_NEEDED));
        }
        machine.paths.doubt(link.peer, now);
        self.look_after_ways(me);
        self.count_pings_of(me, id);
    }

    // Ways.

    /// Dials a link, through others where a path is known.
    pub(super) fn dial(&mut self, me: NodeIndex, peer: NodeIndex, kind: LinkKind, purpose: DialPurpose) {
        let to = self.id(peer);
        let relays = match purpose {
            DialPurpose::Standby => Vec::new(),
            DialPurpose::Wanted | DialPurpose::Probe => self.relays_to(me, to),
        };
        let relayed = !relays.is_empty();
        let (standby, now) = (purpose == DialPurpose::Standby, self.time());
        let link = self.network.dial((me, self.incarnation(me)), peer, kind, relays, standby);
        let Some(machine) = self.machine_mut(me) else { return };
        machine.links.dialled(link, to, kind, purpose);
        machine.links.set_relayed(link, relayed);
        let is_doubtful = !(standby || relayed) && machine.paths.was_unanswered(to);
        if is_doubtful {
            machine.paths.doubt(to, now);
        }
        self.attempt(me, peer, link);
        if is_doubtful {
            self.look_after_ways(me);
        }
    }

    /// The relays of the path to that member that is known.
    fn relays_to(&self, me: NodeIndex, peer: NodeId) -> Vec<NodeIndex> {
        let known = self.machine(me).and_then(|machine| machine.paths.known(peer));
        known.into_iter().flatten().filter_map(|relay| self.place(*relay)).collect()
    }

    fn attempt(&mut self, me: NodeIndex, peer: NodeIndex, id: LinkId) {
        self.plan_arrival(id, me, peer, SimEvent::Dialled { link: id });
        self.expect_answer(me, id);
    }

    /// Waits for the answer to a dial, and for no longer from now on than the purpose of its link allows.
    pub(super) fn expect_answer(&mut self, me: NodeIndex, id: LinkId) {
        let Some((within, clock)) = self.dial_within(me, id).zip(self.machine(me).map(|it| it.clock)) else {
            return;
        };
        let doubtful_after = nanoseconds(doubtful_after(within));
        self.plan(clock.takes(doubtful_after), me, SimEvent::DialDoubtful { link: id });
        self.plan(clock.takes(nanoseconds(within)), me, SimEvent::Unanswered { link: id });
    }

    /// The time that this dial may take: each hop takes as long as a direct dial.
    fn dial_within(&self, me: NodeIndex, id: LinkId) -> Option<Duration> {
        let (connection, machine) = (self.network.get(id)?, self.machine(me)?);
        let Link { peer, purpose, .. } = *machine.links.get(id)?;
        let first = machine.links.dial_within(self.setup.silence(), machine.paths.is_sought(peer));
        let hops = u32::try_from(connection.relays.len() + 1).unwrap_or(u32::MAX);
        Some(machine.paths.dial_within(peer, purpose, hops, first))
    }

    /// Dials a link anew that is not up yet, by the path that is known now. What waits for it stays.
    fn redial(&mut self, me: NodeIndex, id: LinkId) {
        let Some(link) = self.network.get_mut(id).filter(|link| link.dialler_end == End::Dialling) else {
            return;
        };
        let (peer, kind, standby) = (link.acceptor, link.kind, link.standby);
        let queued = std::mem::take(&mut link.queued);
        let relays = self.relays_to(me, self.id(peer));
        let relayed = !relays.is_empty();
        let new = self.network.dial((me, self.incarnation(me)), peer, kind, relays, standby);
        if let Some(link) = self.network.get_mut(new) {
            link.queued = queued;
        }
        if let Some(machine) = self.machine_mut(me) {
            machine.links.rename(id, new);
            machine.links.set_relayed(new, relayed);
        }
        self.close_end(id, me, Some(close::NOT_NEEDED));
        self.attempt(me, peer, new);
    }

    pub(super) fn dial_doubtful(&mut self, me: NodeIndex, id: LinkId) {
        let now = self.time();
        let is_dialling = self.network.get(id).is_some_and(|link| link.dialler_end == End::Dialling);
        let Some(machine) = self.machine_mut(me).filter(|_| is_dialling) else { return };
        let Some(link) = machine.links.get(id).copied() else { return };
        if link.purpose != DialPurpose::Standby {
            machine.paths.doubt(link.peer, now);
            self.look_after_ways(me);
        }
    }

    pub(super) fn unanswered(&mut self, me: NodeIndex, id: LinkId) {
        let Some(link) = self.network.get(id).filter(|link| link.dialler_end == End::Dialling) else {
            return;
        };
        if !link.relays.is_empty() {
            return self.path_failed(me, id);
        }
        let (peer, waited) = (self.id(link.acceptor), self.dial_within(me, id).unwrap_or_default());
        let Some(machine) = self.machine_mut(me) else { return };
        machine.paths.unanswered(peer);
        if let Some(crossing) = machine.links.unanswered(SLOW) {
            self.give(me, Input::LinksMeasured { crossing });
        }
        let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        self.dial_failed(me, id, LinkEnd::Unanswered { address: None, waited_ms });
    }

    /// A dial through others that found no way: the path is old. The peer is dialled directly, while another
    /// path is looked for.
    pub(super) fn path_failed(&mut self, me: NodeIndex, id: LinkId) {
        let now = self.time();
        let Some(peer) = self.network.get(id).map(|link| self.id(link.acceptor)) else { return };
        let Some(machine) = self.machine_mut(me) else { return };
        machine.paths.forget(peer);
        machine.paths.doubt(peer, now);
        self.redial(me, id);
        self.look_after_ways(me);
    }

    /// A link that failed although its peer lives: another way must be found.
    pub(super) fn way_failed(&mut self, me: NodeIndex, id: LinkId) {
        let now = self.time();
        let Some(machine) = self.machine_mut(me) else { return };
        let Some(link) = machine.links.get(id).copied() else { return };
        if link.relayed {
            machine.paths.forget(link.peer);
        } else {
            machine.paths.failed(link.peer, now);
        }
        machine.paths.doubt(link.peer, now);
        self.look_after_ways(me);
    }

    /// A link is up: its peer needs no other way, and searches may.
    pub(super) fn opened(&mut self, me: NodeIndex, id: LinkId) {
        let now = self.time();
        let Some(machine) = self.machine_mut(me) else { return };
        let Some(link) = machine.links.get(id).copied() else { return };
        machine.paths.opened(&link, now);
        self.count_pings_of(me, id);
        self.measure(me, id);
        self.look_after_ways(me);
    }

    /// Has a slow link measured: its first ping takes a round trip.
    fn measure(&mut self, me: NodeIndex, id: LinkId) {
        let Some(link) = self.network.get(id) else { return };
        let takes = self.network.slow_round_trip(link);
        let known = self.machine(me).and_then(|machine| machine.links.get(id)?.answers_within);
        if takes >= SLOW || known.is_some() {
            self.plan(nanoseconds(takes), me, SimEvent::Measured { link: id });
        }
    }

    pub(super) fn measured(&mut self, me: NodeIndex, id: LinkId) {
        let Some(link) = self.network.get(id).filter(|link| link.end(me) == End::Open) else { return };
        let takes = self.network.slow_round_trip(link);
        let Some(machine) = self.machine_mut(me) else { return };
        if let Some(crossing) = machine.links.measured(id, takes, SLOW) {
            self.give(me, Input::LinksMeasured { crossing });
        }
    }

    /// Links through a member that is dead are gone at both ends.
    pub(super) fn relays_end(&mut self, dead: NodeIndex) {
        let through: Vec<LinkId> =
            self.network.links().filter(|(_, link)| link.relays.contains(&dead)).map(|(id, _)| id).collect();
        for id in through {
            let Some(link) = self.network.get(id) else { continue };
            let ends = [(link.dialler, link.dialler_end), (link.acceptor, link.acceptor_end)];
            for (end, _) in ends.into_iter().filter(|(_, state)| *state == End::Open) {
                let after = self.rng.up_to(nanoseconds(Duration::from_millis(1)));
                self.plan(after, end, SimEvent::Closed { link: id, code: None });
            }
        }
    }

    // Searches.

    /// Has the searches of a member send what is due, now and on each heartbeat while there is one.
    pub(super) fn look_after_ways(&mut self, me: NodeIndex) {
        let now = self.time();
        let Some(machine) = self.machine_mut(me) else { return };
        for request in machine.paths.requests(now, HEARTBEAT) {
            self.flood(me, request);
        }
        let incarnation = self.incarnation(me);
        let Some(machine) = self.machine_mut(me) else { return };
        if machine.paths.is_searching() && !machine.seeks {
            machine.seeks = true;
            let clock = machine.clock;
            self.make_bridges(me);
            self.plan(clock.takes(nanoseconds(HEARTBEAT)), me, SimEvent::Seeks { incarnation });
        }
        self.look_for_skipped(me);
    }

    pub(super) fn seeks(&mut self, me: NodeIndex, incarnation: Incarnation) {
        if self.incarnation(me) != incarnation {
            return;
        }
        self.unheard_again(me);
        let Some(machine) = self.machine_mut(me) else { return };
        machine.seeks = false;
        let skipped: Vec<NodeId> = machine.core.skipped().collect();
        let links = &machine.links;
        machine.paths.retain_searches(|peer| skipped.contains(&peer) || links.is_doubted(peer));
        self.look_after_ways(me);
    }

    fn flood(&mut self, me: NodeIndex, request: PathRequest) {
        let Some(machine) = self.machine(me) else { return };
        for id in machine.paths.links_for(&request, &machine.links) {
            self.send_path(me, id, PathFrame::Request(request.clone()));
        }
    }

    fn send_path(&mut self, me: NodeIndex, id: LinkId, frame: PathFrame) {
        let Some(to) = self.network.get(id).filter(|link| link.end(me) == End::Open).map(|it| it.other(me))
        else {
            return;
        };
        match self.network.fate(id, me, self.now, &mut self.rng) {
            Fate::Lost => {}
            Fate::Arrives { at, .. } | Fate::ArrivesTwice(at, _) => {
                self.cost.path_frames += 1;
                self.plan_crossing(at, me, to, SimEvent::Path { link: id, frame: Box::new(frame) });
            }
        }
    }

    pub(super) fn path_frame(&mut self, me: NodeIndex, id: LinkId, frame: PathFrame) {
        let Some(link) = self.network.get(id).filter(|link| link.end(me) == End::Open) else { return };
        let from = link.other(me);
        let relays: Vec<NodeId> = link.relays_from(from).map(|relay| self.id(relay)).collect();
        let from = self.id(from);
        let now = self.time();
        let Some(machine) = self.machine_mut(me) else { return };
        match machine.paths.received(from, &relays, frame, now) {
            Answer::Nothing => {}
            Answer::Flood(request) => {
                self.look_for_skipped(me);
                self.flood(me, request);
            }
            Answer::Return(reply, back) => {
                if let Some(link) = machine.links.working_with(back) {
                    self.send_path(me, link, PathFrame::Reply(reply));
                }
            }
            Answer::Found(peer) => self.found(me, peer),
        }
    }

    /// A path is known to a member that is doubted or skipped.
    fn found(&mut self, me: NodeIndex, peer: NodeId) {
        let Some(machine) = self.machine(me) else { return };
        let is_skipped = machine.core.skipped().any(|skipped| skipped == peer);
        match machine.links.worse_than_a_path(peer).copied() {
            Some(link) if link.is_up() => {
                let lost = self.lose(me, link.id, self.failed_alive());
                self.close_end(link.id, me, Some(close::NOT_NEEDED));
                self.link_lost(me, lost, LinkEnd::NotNeeded);
            }
            Some(link) => self.redial(me, link.id),
            None if is_skipped && machine.links.lacks_probe(peer) => {
                if let Some(place) = self.place(peer) {
                    self.dial(me, place, LinkKind::Ring, DialPurpose::Probe);
                }
            }
            None => {}
        }
    }

    // Upkeep, with the probes.

    /// Dials the standby links that searches and links through others need, and closes the others.
    fn make_bridges(&mut self, me: NodeIndex) {
        let now = self.time();
        let ring = std::sync::Arc::clone(&self.ring);
        let Some(machine) = self.machine_mut(me) else { return };
        let (links, own) = (&machine.links, machine.core.id());
        let others: Vec<NodeId> = ring.iter().map(|member| member.id).filter(|id| *id != own).collect();
        let mut wanted = machine.paths.bridges(&others, |peer| links.has_known(peer), now);
        wanted.extend(machine.links.relayed().filter(|peer| machine.paths.is_trusted(*peer, now)));
        while let Some(link) =
            self.machine_mut(me).and_then(|machine| machine.links.take_surplus_standby(&wanted))
        {
            self.close_end(link.id, me, Some(close::NOT_NEEDED));
        }
        for peer in wanted {
            let lacks = self.machine(me).is_some_and(|machine| machine.links.lacks_standby(peer));
            if let Some(place) = self.place(peer).filter(|_| lacks) {
                self.dial(me, place, LinkKind::Ring, DialPurpose::Standby);
            }
        }
    }

    /// Whether there is something to look after now and then.
    pub(super) fn needs_upkeep(&self, me: NodeIndex) -> bool {
        self.machine(me).is_some_and(|machine| {
            machine.paths.takes_part(self.time())
                || machine.core.skipped().next().is_some()
                || machine.links.relayed().next().is_some()
                || machine.links.next_overdue().is_some()
                || machine.links.iter().any(|link| {
                    (link.purpose, link.direction) == (DialPurpose::Standby, LinkDirection::Outgoing)
                })
        })
    }

    /// Looks after all that: searches for members that are skipped, direct links in place of those through
    /// others, and links that nothing has taken the place of.
    pub(super) fn upkeep(&mut self, me: NodeIndex) {
        let now = self.time();
        while let Some(lost) = self.machine_mut(me).and_then(|machine| machine.links.overdue(now)) {
            self.link_lost(me, Some(lost), self.silence());
        }
        let Some(machine) = self.machine_mut(me) else { return };
        machine.paths.seek(machine.core.skipped(), &machine.links, now);
        while let Some((old, new)) =
            self.machine_mut(me).and_then(|machine| machine.links.upgrade(now, PROVEN_AFTER))
        {
            if let Some(machine) = self.machine_mut(me) {
                machine.paths.forget(old.peer);
            }
            self.close_end(old.id, me, Some(close::NOT_NEEDED));
            self.report_down(me, &old, LinkEnd::NotNeeded, false);
            match new {
                Some(new) => {
                    self.put_in_use(me, new.id);
                    self.link_up(me, &new);
                }
                None => self.make_wanted_links(me),
            }
        }
        self.make_bridges(me);
        self.look_after_ways(me);
    }

    /// Says to the other end of a standby link that it is in use.
    pub(super) fn put_in_use(&mut self, me: NodeIndex, id: LinkId) {
        if let Some(link) = self.network.get_mut(id) {
            link.standby = false;
            let to = link.acceptor;
            self.plan_arrival(id, me, to, SimEvent::InUse { link: id });
        }
    }

    pub(super) fn in_use(&mut self, me: NodeIndex, id: LinkId) {
        let now = self.time();
        let Some(machine) = self.machine_mut(me) else { return };
        let Some(link) = machine.links.get(id).copied() else { return };
        if (link.purpose, link.direction) != (DialPurpose::Standby, LinkDirection::Incoming) {
            return;
        }
        self.close_replaced(me, link.peer, LinkKind::Ring, id);
        let Some(machine) = self.machine_mut(me) else { return };
        if let Ok(link) = machine.links.in_use(id, now) {
            self.link_up(me, &link);
        }
    }
}
