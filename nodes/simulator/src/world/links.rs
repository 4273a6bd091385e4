//! What happens on links.

use std::sync::Arc;
use std::time::Duration;

use ringleader_election::Input;
use ringleader_shared::Incarnation;
use ringleader_shared::event::EventKind;
use ringleader_shared::fault::Injection;
use ringleader_shared::link::{LinkDirection, LinkKind};

use super::{Happening, World};
use crate::network::{End, Fate, Letter, Link, LinkId, Place};
use crate::rng::nanoseconds;
use crate::schedule;

/// Why a member is taken for dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Its process closed the connection by dying.
    Broke,
    /// Nobody was there to take a dial.
    Refused,
    /// Nobody answered a dial.
    Unanswered,
    /// A link said nothing any more.
    Silent,
    /// A link was closed as soon as it was there.
    TooShort,
}

impl Why {
    fn describe(self) -> &'static str {
        match self {
            Self::Broke => "the connection broke",
            Self::Refused => "nobody takes the dial",
            Self::Unanswered => "no answer to the dial",
            Self::Silent => "no answer",
            Self::TooShort => "closed as soon as it was there",
        }
    }

    /// Whether the member itself must have died, rather than not been heard.
    fn is_certain(self) -> bool {
        match self {
            Self::Broke | Self::Refused => true,
            Self::Unanswered | Self::Silent | Self::TooShort => false,
        }
    }
}

/// A ring link that the other end closes in good order this soon counts as failed, as it does between processes.
const TOO_SHORT: Duration = Duration::from_millis(10);

/// In nanoseconds.
const PING_EVERY: u64 = 50_000_000;

impl World {
    /// Something reaches a dead member: only who dials it learns of that.
    pub(super) fn meets_nobody(&mut self, dead: Place, happening: Happening) {
        match happening {
            Happening::Dialled { link } => {
                let Some(dialler) = self.network.get(link).map(|link| link.dialler) else { return };
                self.plan_arrival(link, dead, dialler, Happening::Refused { link });
                self.network.close(link, dead);
            }
            Happening::Arrives { link: _, letter } => self.lost(&letter, dead, None),
            Happening::Accepts { .. }
            | Happening::Accepted { .. }
            | Happening::Refused { .. }
            | Happening::Unanswered { .. }
            | Happening::Closed { .. }
            | Happening::Deserted { .. }
            | Happening::Silent { .. }
            | Happening::Compared { .. }
            | Happening::Configured { .. }
            | Happening::TimerRunsOut { .. }
            | Happening::Probes { .. } => {}
        }
    }

    /// Something meets a cut on its way.
    pub(super) fn vanishes(&mut self, from: Place, to: Place, happening: Happening) {
        match happening {
            Happening::Arrives { link: _, letter } => self.lost(&letter, to, Some(Injection::Cut)),
            // The acceptor never hears of it; the dialler's patience ends some time.
            Happening::Dialled { link } => self.network.close(link, to),
            // The end that is left hears nothing any more, and is not told why.
            Happening::Closed { link, .. } => {
                if let Some(clock) = self.machine(to).map(|machine| machine.clock) {
                    let after = clock.takes(nanoseconds(self.setup.silence()));
                    self.plan(after, to, Happening::Deserted { link });
                } else {
                    self.network.close(link, to);
                }
            }
            // The dialler says it again with its next ping.
            Happening::Accepts { link } => {
                if self.network.get(link).is_some_and(|link| link.acceptor_end == End::Open) {
                    let at = self.now.saturating_add(PING_EVERY);
                    self.plan_crossing(at, from, to, Happening::Accepts { link });
                }
            }
            Happening::Accepted { .. }
            | Happening::Refused { .. }
            | Happening::Unanswered { .. }
            | Happening::Deserted { .. }
            | Happening::Silent { .. }
            | Happening::Compared { .. }
            | Happening::Configured { .. }
            | Happening::TimerRunsOut { .. }
            | Happening::Probes { .. } => {}
        }
    }

    pub(super) fn dialled(&mut self, me: Place, id: LinkId) {
        let Some(link) = self.network.get_mut(id) else { return };
        let peer = link.dialler;
        if link.dialler_end == End::Closed {
            return self.network.close(id, me);
        }
        link.acceptor_end = End::Open;
        if let Some(machine) = self.machine_mut(me) {
            machine.links.push(id);
        }
        // Its listener answers before the member itself gets to know: it may die in between.
        self.plan_arrival(id, me, peer, Happening::Accepted { link: id });
        self.plan_arrival(id, peer, me, Happening::Accepts { link: id });
        self.listen(me, peer);
    }

    /// A link that comes up across a pause or a cut stays silent.
    fn listen(&mut self, me: Place, peer: Place) {
        let paused = self.machine(peer).and_then(|machine| machine.paused);
        for since in [paused, self.network.cut_between(peer, me)].into_iter().flatten() {
            self.expect_silence(me, peer, since);
        }
    }

    pub(super) fn accepts(&mut self, me: Place, id: LinkId) {
        let Some(link) = self.network.get_mut(id).filter(|link| link.acceptor_end == End::Open) else {
            return;
        };
        link.heard = true;
        let (peer, kind, incarnation) = (link.dialler, link.kind, link.incarnation);
        self.end_former(me, peer, incarnation);
        self.link_up(me, peer, kind, LinkDirection::Incoming);
    }

    /// A new start of a member has introduced itself: what its former ones dialled is over, whenever the news of that comes.
    fn end_former(&mut self, me: Place, peer: Place, incarnation: Incarnation) {
        let Some(machine) = self.machine(me) else { return };
        let is_former = |id: &LinkId| {
            let link = self.network.get(*id).filter(|link| link.dialler == peer);
            link.is_some_and(|link| link.incarnation < incarnation)
        };
        let former: Vec<LinkId> = machine.links.iter().copied().filter(is_former).collect();
        for id in former {
            self.link_ends(me, id, Some(Why::Broke));
        }
    }

    pub(super) fn accepted(&mut self, me: Place, id: LinkId) {
        let now = self.now;
        let Some(link) = self.network.get_mut(id).filter(|link| link.dialler_end == End::Dialling) else {
            return;
        };
        link.dialler_end = End::Open;
        link.up_since = now;
        link.probe = false;
        let (peer, kind) = (link.acceptor, link.kind);
        for letter in std::mem::take(&mut link.queued) {
            self.post(id, me, peer, letter);
        }
        self.listen(me, peer);
        self.link_up(me, peer, kind, LinkDirection::Outgoing);
    }

    fn link_up(&mut self, me: Place, peer: Place, link: LinkKind, direction: LinkDirection) {
        self.tell(me, |_| EventKind::LinkUp { peer: schedule::name(peer.index()), link, direction });
        let peer = self.id(peer);
        self.give(me, Input::LinkUp { peer, link, direction });
    }

    pub(super) fn refused(&mut self, me: Place, id: LinkId) {
        self.dial_failed(me, id, Why::Refused);
    }

    pub(super) fn unanswered(&mut self, me: Place, id: LinkId) {
        self.dial_failed(me, id, Why::Unanswered);
    }

    pub(super) fn deserted(&mut self, me: Place, id: LinkId) {
        self.link_ends(me, id, Some(Why::Silent));
    }

    pub(super) fn closed(&mut self, me: Place, id: LinkId, failed: bool) {
        self.link_ends(me, id, failed.then_some(Why::Broke));
    }

    fn dial_failed(&mut self, me: Place, id: LinkId, why: Why) {
        let Some(link) = self.network.get_mut(id).filter(|link| link.dialler_end == End::Dialling) else {
            return;
        };
        let (peer, kind, probe) = (link.acceptor, link.kind, link.probe);
        let queued = std::mem::take(&mut link.queued);
        self.close_end(id, me, false);
        for letter in queued {
            self.lost(&letter, peer, None);
        }
        if !probe {
            self.link_down(me, peer, kind, LinkDirection::Outgoing, why);
        }
    }

    /// Puts a letter on a link that is up.
    pub(super) fn post(&mut self, id: LinkId, me: Place, to: Place, letter: Arc<Letter>) {
        if self.network.cut_between(me, to).is_some() {
            return self.lost(&letter, to, Some(Injection::Cut));
        }
        match self.network.fate(id, me, self.now, &mut self.rng) {
            Fate::Lost => self.lost(&letter, to, Some(Injection::Drop)),
            Fate::Arrives { at, overtaken } => {
                if overtaken {
                    self.tell_injected(&letter, me, to, Injection::Reorder);
                }
                self.plan_crossing(at, me, to, Happening::Arrives { link: id, letter });
            }
            Fate::ArrivesTwice(first, second) => {
                self.tell_injected(&letter, me, to, Injection::Duplicate);
                let copy = Arc::clone(&letter);
                self.plan_crossing(first, me, to, Happening::Arrives { link: id, letter });
                self.plan_crossing(second, me, to, Happening::Arrives { link: id, letter: copy });
            }
        }
    }

    pub(super) fn arrives(&mut self, me: Place, id: LinkId, letter: &Letter) {
        let Some(link) = self.network.get(id).filter(|link| link.end(me) == End::Open) else {
            return self.lost(letter, me, None);
        };
        let from = link.other(me);
        self.received(me, from, letter);
    }

    /// The other end of a link is gone: dead, or closed in good order.
    fn link_ends(&mut self, me: Place, id: LinkId, failure: Option<Why>) {
        let Some(link) = self.network.get(id).filter(|link| link.end(me) != End::Closed) else { return };
        let (peer, kind) = (link.other(me), link.kind);
        let outgoing = link.dialler == me;
        let direction = if outgoing { LinkDirection::Outgoing } else { LinkDirection::Incoming };
        let was_up = if outgoing { link.dialler_end == End::Open } else { link.heard };
        let too_short = (outgoing && kind == LinkKind::Ring)
            && (!was_up || self.now.saturating_sub(link.up_since) < nanoseconds(TOO_SHORT));
        let never_there = !was_up && (!outgoing || link.probe);
        self.end(me, id);
        if never_there {
            return;
        }
        if let Some(why) = failure.or(too_short.then_some(Why::TooShort)) {
            return self.link_down(me, peer, kind, direction, why);
        }
        self.tell(me, |_| EventKind::LinkDown {
            peer: schedule::name(peer.index()),
            link: kind,
            direction,
            reason: "closed by the other end".to_owned(),
            failure: false,
        });
        let another = self.machine(me).is_some_and(|machine| {
            machine.links.iter().filter_map(|id| self.network.get(*id)).any(|link| {
                (link.other(me), link.kind, link.end(me), link.dialler == me)
                    == (peer, kind, End::Open, outgoing)
            })
        });
        if another {
            self.make_wanted_links(me);
        } else {
            let peer = self.id(peer);
            self.give(me, Input::LinkClosed { peer, link: kind, direction });
        }
    }

    pub(super) fn silent(&mut self, me: Place, peer: Place, since: u64) {
        let still = self.machine(peer).and_then(|machine| machine.paused) == Some(since)
            || self.network.cut_between(peer, me) == Some(since);
        let Some(machine) = self.machine(me).filter(|_| still) else { return };
        let open = |id: &LinkId| {
            self.network.get(*id).is_some_and(|link| link.other(me) == peer && link.end(me) == End::Open)
        };
        let silent: Vec<LinkId> = machine.links.iter().copied().filter(open).collect();
        for id in silent {
            // What was done about the first may have closed the second.
            let Some(link) = self.network.get(id).filter(|link| link.end(me) == End::Open) else { continue };
            let (kind, heard) = (link.kind, link.heard);
            let direction =
                if link.dialler == me { LinkDirection::Outgoing } else { LinkDirection::Incoming };
            self.close_end(id, me, false);
            if direction == LinkDirection::Outgoing || heard {
                self.link_down(me, peer, kind, direction, Why::Silent);
            }
        }
    }

    /// Has the diallers of this member's ring links compare what their ends know, where that is different
    /// now. Both ends say it in each ping, and what they were last told; an acceptor that is behind, and was
    /// not told for longer than pings may fail to come, has missed a message.
    pub(super) fn compare(&mut self, me: Place) {
        let patience = nanoseconds(self.setup.silence());
        let Some(machine) = self.machine(me) else { return };
        let missed =
            |id: &&LinkId| self.network.get(**id).is_some_and(|link| !link.compares && self.has_missed(link));
        let different: Vec<LinkId> = machine.links.iter().filter(missed).copied().collect();
        for id in different {
            if let Some(link) = self.network.get_mut(id) {
                link.compares = true;
                self.plan(patience, me, Happening::Compared { link: id });
            }
        }
    }

    /// Whether the acceptor of a ring link that is up knows something else than the dialler, and was not told
    /// what that one knows.
    fn has_missed(&self, link: &Link) -> bool {
        let is_up =
            (link.kind, link.dialler_end, link.acceptor_end) == (LinkKind::Ring, End::Open, End::Open);
        let knowledge = |place| self.machine(place).map(|machine| machine.knowledge);
        let (ours, theirs) = (knowledge(link.dialler), knowledge(link.acceptor));
        is_up && ours != theirs && ours.is_some_and(|ours| ours != link.told)
    }

    pub(super) fn compared(&mut self, me: Place, id: LinkId) {
        let Some(link) = self.network.get_mut(id).filter(|link| link.end(me) == End::Open) else { return };
        link.compares = false;
        let (dialler, acceptor) = (link.dialler, link.acceptor);
        let awake = |place| self.machine(place).is_some_and(|machine| machine.paused.is_none());
        let heard =
            awake(dialler) && awake(acceptor) && self.network.cut_between(acceptor, dialler).is_none();
        if heard && self.network.get(id).is_some_and(|link| self.has_missed(link)) {
            let (peer, direction) = (self.id(acceptor), LinkDirection::Outgoing);
            self.give(dialler, Input::LinkUp { peer, link: LinkKind::Ring, direction });
        }
        self.compare(me);
    }

    fn link_down(&mut self, me: Place, peer: Place, link: LinkKind, direction: LinkDirection, why: Why) {
        self.tell(me, |_| EventKind::LinkDown {
            peer: schedule::name(peer.index()),
            link,
            direction,
            reason: why.describe().to_owned(),
            failure: true,
        });
        self.misjudged |= !why.is_certain() && self.machine(peer).is_some();
        // A peer that has dialled anew meanwhile still sends: its older link is not the last. Real nodes have let go of it.
        let sends = |id: &LinkId| {
            self.network.get(*id).is_some_and(|other| {
                (other.dialler, other.kind, other.acceptor_end) == (peer, link, End::Open) && other.heard
            })
        };
        let still_sends = self.machine(me).is_some_and(|machine| machine.links.iter().any(sends));
        let direction = if still_sends { LinkDirection::Outgoing } else { direction };
        let peer = self.id(peer);
        self.give(me, Input::LinkDown { peer, link, direction });
    }

    pub(super) fn dial(&mut self, me: Place, peer: Place, kind: LinkKind, probe: bool) {
        let link = self.network.dial((me, self.incarnation(me)), peer, kind, probe);
        let Some(machine) = self.machine_mut(me) else { return };
        machine.links.push(link);
        let clock = machine.clock;
        self.plan_arrival(link, me, peer, Happening::Dialled { link });
        self.plan(clock.takes(nanoseconds(self.setup.silence())), me, Happening::Unanswered { link });
    }

    /// Closes this member's end; the other end learns of it, as a failure or as an orderly close.
    pub(super) fn close_end(&mut self, id: LinkId, me: Place, failed: bool) {
        let Some(link) = self.network.get_mut(id) else { return };
        let (peer, peer_end) = (link.other(me), link.end(link.other(me)));
        let unsent = std::mem::take(&mut link.queued);
        for letter in unsent {
            self.lost(&letter, peer, None);
        }
        if peer_end != End::Closed {
            self.plan_arrival(id, me, peer, Happening::Closed { link: id, failed });
        }
        self.end(me, id);
    }

    fn end(&mut self, me: Place, id: LinkId) {
        self.network.close(id, me);
        if let Some(machine) = self.machine_mut(me) {
            machine.links.retain(|other| *other != id);
        }
    }
}
