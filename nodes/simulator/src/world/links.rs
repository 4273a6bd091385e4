//! Events on links.

use std::sync::Arc;
use std::time::Duration;

use ringleader_election::Time;
use ringleader_election::link_table::{Cause, DialPurpose, Link, LinkLoss};
use ringleader_shared::NodeId;
use ringleader_shared::event::EventKind;
use ringleader_shared::fault::Injection;
use ringleader_shared::link::{LinkEnd, LinkKind, close};

use super::{SimEvent, World};
use crate::network::{Connection, End, Fate, LinkId, NodeIndex, Packet};
use crate::rng::nanoseconds;
use crate::schedule;

/// In nanoseconds.
const PING_EVERY: u64 = 50_000_000;

impl World {
    /// Something reaches a dead member: only who dials it learns of that.
    pub(super) fn meets_nobody(&mut self, dead: NodeIndex, event: SimEvent) {
        match event {
            SimEvent::Dialled { link } => {
                let Some(dialler) = self.network.get(link).map(|link| link.dialler) else { return };
                self.plan_arrival(link, dead, dialler, SimEvent::Refused { link });
                self.network.close(link, dead);
            }
            SimEvent::Arrives { link: _, packet } => self.lost(&packet, dead, None),
            SimEvent::Accepts { .. }
            | SimEvent::Accepted { .. }
            | SimEvent::Refused { .. }
            | SimEvent::Unanswered { .. }
            | SimEvent::Closed { .. }
            | SimEvent::Deserted { .. }
            | SimEvent::DialDoubtful { .. }
            | SimEvent::Doubtful { .. }
            | SimEvent::Silent { .. }
            | SimEvent::Counted { .. }
            | SimEvent::Measured { .. }
            | SimEvent::Path { .. }
            | SimEvent::InUse { .. }
            | SimEvent::Seeks { .. }
            | SimEvent::Compared { .. }
            | SimEvent::Configured { .. }
            | SimEvent::TimerRunsOut { .. }
            | SimEvent::Probes { .. } => {}
        }
    }

    /// Something meets a cut on its way.
    pub(super) fn vanishes(&mut self, from: NodeIndex, to: NodeIndex, event: SimEvent) {
        match event {
            SimEvent::Arrives { link: _, packet } => self.lost(&packet, to, Some(Injection::Cut)),
            // As a network does, it is sent again until the dialler's patience ends.
            SimEvent::Dialled { .. } | SimEvent::Accepted { .. } => self.crosses_again(from, to, event),
            // The end that is left hears nothing any more, and does not learn why.
            SimEvent::Closed { link, .. } => {
                if let Some(clock) = self.machine(to).map(|machine| machine.clock) {
                    let after = clock.takes(nanoseconds(self.setup.silence()));
                    self.plan(after, to, SimEvent::Deserted { link });
                } else {
                    self.network.close(link, to);
                }
            }
            // The dialler says it again with its next ping.
            SimEvent::Accepts { link } => {
                if self.network.get(link).is_some_and(|link| link.acceptor_end == End::Open) {
                    let at = self.now.saturating_add(PING_EVERY);
                    self.plan_crossing(at, from, to, SimEvent::Accepts { link });
                }
            }
            SimEvent::Refused { .. }
            | SimEvent::Unanswered { .. }
            | SimEvent::Deserted { .. }
            | SimEvent::DialDoubtful { .. }
            | SimEvent::Doubtful { .. }
            | SimEvent::Silent { .. }
            | SimEvent::Counted { .. }
            | SimEvent::Measured { .. }
            | SimEvent::Path { .. }
            | SimEvent::InUse { .. }
            | SimEvent::Seeks { .. }
            | SimEvent::Compared { .. }
            | SimEvent::Configured { .. }
            | SimEvent::TimerRunsOut { .. }
            | SimEvent::Probes { .. } => {}
        }
    }

    pub(super) fn dialled(&mut self, me: NodeIndex, id: LinkId) {
        let Some(link) = self.network.get_mut(id) else { return };
        let peer = link.dialler;
        if link.dialler_end == End::Closed {
            return self.network.close(id, me);
        }
        if link.acceptor_end == End::Open {
            // It was dialled before, and the answer was lost.
            return self.plan_arrival(id, me, peer, SimEvent::Accepted { link: id });
        }
        link.acceptor_end = End::Open;
        let (kind, incarnation) = (link.kind, link.incarnation);
        let purpose = if link.standby { DialPurpose::Standby } else { DialPurpose::Wanted };
        let relayed = !link.relays.is_empty();
        let dialler = self.id(peer);
        if let Some(machine) = self.machine_mut(me) {
            machine.links.accepted(id, dialler, kind, purpose, incarnation);
            machine.links.set_relayed(id, relayed);
        }
        // Its listener answers before the member itself gets to know: it may die in between.
        self.plan_arrival(id, me, peer, SimEvent::Accepted { link: id });
        self.plan_arrival(id, peer, me, SimEvent::Accepts { link: id });
        self.listen(me, id);
    }

    pub(super) fn accepts(&mut self, me: NodeIndex, id: LinkId) {
        let Some(link) = self.network.get_mut(id).filter(|link| link.acceptor_end == End::Open) else {
            return;
        };
        let (dialler, kind, incarnation) = (link.dialler, link.kind, link.incarnation);
        let peer = self.id(dialler);
        while let Some(former) = self.machine_mut(me).and_then(|it| it.links.take_former(peer, incarnation)) {
            self.network.close(former.id, me);
            if former.is_known() {
                self.link_down(me, &former, LinkEnd::Restarted);
            }
        }
        let standby = self.network.get(id).is_some_and(|link| link.standby);
        if !standby {
            self.close_replaced(me, peer, kind, id);
        }
        self.comes_up(me, id);
    }

    /// Closes the links that this peer dialled before that one.
    pub(super) fn close_replaced(&mut self, me: NodeIndex, peer: NodeId, kind: LinkKind, by: LinkId) {
        while let Some(old) = self.machine_mut(me).and_then(|it| it.links.take_replaced(peer, kind, by)) {
            self.close_end(old.id, me, Some(close::NOT_NEEDED));
        }
    }

    pub(super) fn accepted(&mut self, me: NodeIndex, id: LinkId) {
        let Some(link) = self.network.get_mut(id).filter(|link| link.dialler_end == End::Dialling) else {
            return;
        };
        link.dialler_end = End::Open;
        let peer = link.acceptor;
        for packet in std::mem::take(&mut link.queued) {
            self.post(id, me, peer, packet);
        }
        self.listen(me, id);
        self.comes_up(me, id);
    }

    fn comes_up(&mut self, me: NodeIndex, id: LinkId) {
        let now = self.time();
        let Some(machine) = self.machine_mut(me) else { return };
        let known = machine.links.up(id, now);
        self.opened(me, id);
        if let Some(link) = known {
            self.link_up(me, &link);
        }
    }

    /// The time of the links: by no member's clock.
    pub(super) fn time(&self) -> Time {
        Time(Duration::from_nanos(self.now))
    }

    pub(super) fn link_up(&mut self, me: NodeIndex, link: &Link<LinkId>) {
        let (kind, direction) = (link.kind, link.direction);
        if let Some(peer) = self.place(link.peer) {
            let peer = schedule::name(peer.index());
            let relays = self.network.get(link.id).into_iter().flat_map(|link| link.relays_from(me));
            let relays = relays.map(|relay| schedule::name(relay.index())).collect();
            self.report(me, |_| EventKind::LinkUp { peer, link: kind, direction, relays });
        }
        self.give(me, link.up_input());
    }

    pub(super) fn refused(&mut self, me: NodeIndex, id: LinkId) {
        let Some(link) = self.network.get(id) else { return };
        if self.machine(link.acceptor).is_some() {
            return self.path_failed(me, id);
        }
        let peer = self.id(link.acceptor);
        if let Some(machine) = self.machine_mut(me) {
            machine.paths.died(peer);
        }
        self.dial_failed(me, id, LinkEnd::NobodyListens { address: None });
    }

    pub(super) fn deserted(&mut self, me: NodeIndex, id: LinkId) {
        self.link_ends(me, id, self.silence(), Cause::PeerLost);
    }

    /// The other end of a link is gone: dead, or closed gracefully. A link through others may also have lost
    /// one of those.
    pub(super) fn closed(&mut self, me: NodeIndex, id: LinkId, code: Option<u16>) {
        let Some(link) = self.network.get(id) else { return };
        let relay_lost = code.is_none()
            && !link.relays.is_empty()
            && link.end(link.other(me)) != End::Closed
            && self.machine(link.other(me)).is_some();
        let unheard = code == Some(close::SILENT) && link.dialler == me;
        let reason = if code == Some(close::NOT_NEEDED) { "not needed any more" } else { "" };
        let end = match code {
            Some(code) => LinkEnd::Closed { code, reason: reason.to_owned() },
            None if relay_lost => LinkEnd::RelayLost,
            None => LinkEnd::Broken,
        };
        let cause = match code {
            // The peer lives, and does not hear this member on that link.
            Some(_) if unheard => self.failed_alive(),
            Some(_) => Cause::Closed,
            None if relay_lost => self.failed_alive(),
            None => Cause::PeerLost,
        };
        if matches!(cause, Cause::LinkLost { .. }) {
            self.way_failed(me, id);
        }
        self.link_ends(me, id, end, cause);
    }

    pub(super) fn silence(&self) -> LinkEnd {
        LinkEnd::Silent { silent_for_ms: self.patience_ms() }
    }

    fn patience_ms(&self) -> u64 {
        nanoseconds(self.setup.silence()) / 1_000_000
    }

    pub(super) fn dial_failed(&mut self, me: NodeIndex, id: LinkId, cause: LinkEnd) {
        let Some(link) = self.network.get_mut(id).filter(|link| link.dialler_end == End::Dialling) else {
            return;
        };
        let peer = link.acceptor;
        let queued = std::mem::take(&mut link.queued);
        let lost = self.lose(me, id, Cause::PeerLost);
        self.close_end(id, me, Some(close::NOT_NEEDED));
        for packet in queued {
            self.lost(&packet, peer, None);
        }
        self.link_lost(me, lost, cause);
    }

    /// The end of a link whose peer lives, and makes another one.
    pub(super) fn failed_alive(&self) -> Cause {
        Cause::LinkLost { replaced_within: self.setup.silence() * 2 }
    }

    /// Removes a link that ended at this member, and says what that means to it.
    pub(super) fn lose(
        &mut self,
        me: NodeIndex,
        id: LinkId,
        cause: Cause,
    ) -> Option<(Link<LinkId>, LinkLoss)> {
        let now = self.time();
        self.machine_mut(me)?.links.down(id, cause, now)
    }

    pub(super) fn link_lost(
        &mut self,
        me: NodeIndex,
        lost: Option<(Link<LinkId>, LinkLoss)>,
        cause: LinkEnd,
    ) {
        let Some((link, loss)) = lost else { return };
        match loss {
            LinkLoss::Failed => self.link_down(me, &link, cause),
            LinkLoss::Closed => {
                self.report_down(me, &link, cause, false);
                self.give(me, link.closed_input());
            }
            LinkLoss::Replaced => {
                self.report_down(me, &link, cause, false);
                self.make_wanted_links(me);
            }
            LinkLoss::Replaceable => {
                self.report_down(me, &link, cause, false);
                self.make_wanted_links(me);
                self.look_after_ways(me);
            }
            LinkLoss::ClosedUnseen => self.give(me, link.closed_input()),
            LinkLoss::Unseen => {}
        }
    }

    /// Puts a packet on a link that is up.
    pub(super) fn post(&mut self, id: LinkId, me: NodeIndex, to: NodeIndex, packet: Arc<Packet>) {
        if self.network.get(id).is_some_and(|link| self.network.is_cut(link, me)) {
            return self.lost(&packet, to, Some(Injection::Cut));
        }
        match self.network.fate(id, me, self.now, &mut self.rng) {
            Fate::Lost => self.lost(&packet, to, Some(Injection::Drop)),
            Fate::Arrives { at, overtaken } => {
                if overtaken {
                    self.report_injected(&packet, me, to, Injection::Reorder);
                }
                self.plan_crossing(at, me, to, SimEvent::Arrives { link: id, packet });
            }
            Fate::ArrivesTwice(first, second) => {
                self.report_injected(&packet, me, to, Injection::Duplicate);
                let copy = Arc::clone(&packet);
                self.plan_crossing(first, me, to, SimEvent::Arrives { link: id, packet });
                self.plan_crossing(second, me, to, SimEvent::Arrives { link: id, packet: copy });
            }
        }
    }

    pub(super) fn arrives(&mut self, me: NodeIndex, id: LinkId, packet: &Packet) {
        let Some(link) = self.network.get(id).filter(|link| link.end(me) == End::Open) else {
            return self.lost(packet, me, None);
        };
        let from = link.other(me);
        // The word that a standby link is in use may have been lost; a message on it says the same.
        self.in_use(me, id);
        self.received(me, from, packet);
    }

    fn link_ends(&mut self, me: NodeIndex, id: LinkId, end: LinkEnd, cause: Cause) {
        if self.network.get(id).is_none_or(|link| link.end(me) == End::Closed) {
            return;
        }
        let lost = self.lose(me, id, cause);
        self.network.close(id, me);
        self.link_lost(me, lost, end);
    }

    pub(super) fn report_down(&mut self, me: NodeIndex, link: &Link<LinkId>, cause: LinkEnd, failure: bool) {
        let Some(peer) = self.place(link.peer) else { return };
        self.report(me, |_| EventKind::LinkDown {
            peer: schedule::name(peer.index()),
            link: link.kind,
            direction: link.direction,
            cause,
            failure,
        });
    }

    /// Has the diallers of this member's ring links compare what their ends know, where that is different
    /// now. Both ends say it in each ping, and what they received last; an acceptor that is behind, and was
    /// sent nothing for longer than pings may fail to come, has missed a message.
    pub(super) fn compare(&mut self, me: NodeIndex) {
        let Some(machine) = self.machine(me) else { return };
        let missed =
            |id: &LinkId| self.network.get(*id).is_some_and(|link| !link.compares && self.has_missed(link));
        let different: Vec<LinkId> = machine.links.iter().map(|link| link.id).filter(missed).collect();
        for id in different {
            let slow =
                self.network.get(id).map_or(Duration::ZERO, |link| self.network.slow_round_trip(link) * 2);
            let patience = nanoseconds(self.setup.silence().max(slow));
            if let Some(link) = self.network.get_mut(id) {
                link.compares = true;
                self.plan(patience, me, SimEvent::Compared { link: id });
            }
        }
    }

    /// Whether the acceptor of a ring link that is up knows something else than the dialler, and was not sent
    /// what that one knows.
    fn has_missed(&self, link: &Connection) -> bool {
        let is_up =
            (link.kind, link.dialler_end, link.acceptor_end) == (LinkKind::Ring, End::Open, End::Open);
        let digest = |place| self.machine(place).map(|machine| machine.state_digest);
        let (ours, theirs) = (digest(link.dialler), digest(link.acceptor));
        is_up && ours != theirs && ours.is_some_and(|ours| ours != link.dialler_digest)
    }

    pub(super) fn compared(&mut self, me: NodeIndex, id: LinkId) {
        let Some(link) = self.network.get_mut(id).filter(|link| link.end(me) == End::Open) else { return };
        link.compares = false;
        let (dialler, acceptor) = (link.dialler, link.acceptor);
        let awake = |place| self.machine(place).is_some_and(|machine| machine.paused.is_none());
        let answers = self.network.get(id).is_some_and(|link| !self.network.is_cut(link, acceptor));
        let heard = awake(dialler) && awake(acceptor) && answers;
        if heard && self.network.get(id).is_some_and(|link| self.has_missed(link)) {
            let link = self.machine(dialler).and_then(|machine| machine.links.get(id)).copied();
            if let Some(link) = link.filter(Link::is_known) {
                self.give(dialler, link.up_input());
            }
        }
        self.compare(me);
    }

    pub(super) fn link_down(&mut self, me: NodeIndex, link: &Link<LinkId>, cause: LinkEnd) {
        let peer_lives = self.place(link.peer).is_some_and(|peer| self.machine(peer).is_some());
        // A connection through others breaks with any of them.
        let may_live = link.relayed || cause.is_silence() || matches!(cause, LinkEnd::Closed { .. });
        self.false_suspicion |= may_live && peer_lives;
        self.report_down(me, link, cause, true);
        self.give(me, link.down_input());
    }

    /// Closes this member's end with this code, or by its death; the other end learns of it.
    pub(super) fn close_end(&mut self, id: LinkId, me: NodeIndex, code: Option<u16>) {
        let Some(link) = self.network.get_mut(id) else { return };
        let (peer, peer_end) = (link.other(me), link.end(link.other(me)));
        let unsent = std::mem::take(&mut link.queued);
        for packet in unsent {
            self.lost(&packet, peer, None);
        }
        if peer_end != End::Closed {
            self.plan_arrival(id, me, peer, SimEvent::Closed { link: id, code });
        }
        self.end(me, id);
    }

    fn end(&mut self, me: NodeIndex, id: LinkId) {
        self.network.close(id, me);
        if let Some(machine) = self.machine_mut(me) {
            machine.links.remove(id);
        }
    }
}
