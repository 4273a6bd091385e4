//! The ways of the node's links: which are doubted, which go through others, and the search for paths.

use std::time::Duration;

use ringleader_election::Input;
use ringleader_election::link_table::{Cause, DialPurpose, Link, LinkLoss};
use ringleader_election::paths::{Answer, PROVEN_AFTER};
use ringleader_shared::NodeId;
use ringleader_shared::link::{LinkDirection, LinkEnd, LinkKind, PathFrame, PathRequest, close};
use tokio::time::Instant;

use super::Node;
use crate::clock::now;
use crate::links::{Hop, LinkId, Way};

impl Node {
    /// Dials a link, through others where a path is known.
    pub(super) fn dial(&mut self, peer: NodeId, kind: LinkKind, purpose: DialPurpose) {
        let way = self.way_to(peer, purpose != DialPurpose::Standby);
        let is_direct = way.relays.is_empty() && purpose != DialPurpose::Standby;
        let is_doubtful = is_direct && self.paths.was_unanswered(peer);
        if is_doubtful {
            self.paths.doubt(peer, now());
        }
        let within = self.within(&way, purpose);
        self.links.dial(way, kind, purpose, within);
        if is_doubtful {
            self.look_after_ways();
        }
    }

    fn way_to(&self, peer: NodeId, through_others: bool) -> Way {
        let hop = |id| Hop { id, address: self.members.address(id) };
        let known = self.paths.known(peer).filter(|_| through_others);
        Way { relays: known.into_iter().flatten().map(|relay| hop(*relay)).collect(), peer: hop(peer) }
    }

    /// The time that a dial may take: each hop takes as long as a direct dial.
    fn within(&self, way: &Way, purpose: DialPurpose) -> Duration {
        let hops = u32::try_from(way.relays.len() + 1).unwrap_or(u32::MAX);
        let is_sought = self.paths.is_sought(way.peer.id);
        let first = self.links.table().dial_within(self.settings.borrow().hung_after, is_sought);
        self.paths.dial_within(way.peer.id, purpose, hops, first)
    }

    /// Dials a link anew that is not up yet, by the path that is known now. What waits for it stays.
    pub(super) fn redial(&mut self, link: &Link<LinkId>) {
        let way = self.way_to(link.peer, link.purpose != DialPurpose::Standby);
        let within = self.within(&way, link.purpose);
        self.links.redial(link.id, way, within);
    }

    /// An attempt to dial has failed.
    pub(super) fn dial_failed(&mut self, link: &Link<LinkId>, cause: LinkEnd) {
        let peer = link.peer;
        if matches!(cause, LinkEnd::NobodyListens { .. }) {
            self.paths.died(peer);
        } else if !self.links.relays(link.id).is_empty() {
            // The path is old. The peer is dialled directly, while another one is looked for.
            self.paths.forget(peer);
            self.paths.doubt(peer, now());
            self.redial(link);
            return self.look_after_ways();
        } else {
            if cause.is_silence() {
                self.paths.unanswered(peer);
                let slow = self.slow();
                let crossing = self.links.table_mut().unanswered(slow);
                self.learn_crossing(crossing);
            }
            if link.purpose != DialPurpose::Standby && self.paths.known(peer).is_some() {
                return self.redial(link);
            }
        }
        self.links.give_up(link.id, cause);
    }

    /// A link, or the attempt to dial it, has been silent for long: others may know another way.
    pub(super) fn doubtful(&mut self, link: &Link<LinkId>) {
        let doubted = if link.is_up() {
            self.links.table_mut().set_doubted(link.id, true)
        } else {
            (link.purpose != DialPurpose::Standby).then_some(link.peer)
        };
        if let Some(peer) = doubted {
            self.paths.doubt(peer, now());
            self.keep_standby();
            self.look_after_ways();
        }
    }

    pub(super) fn heard_again(&mut self, id: LinkId) {
        if let Some(peer) = self.links.table_mut().set_doubted(id, false) {
            self.paths.heard(peer);
        }
    }

    /// A link loses so much that another way is better, if there is one.
    pub(super) fn lossy(&mut self, id: LinkId) {
        let Some(link) = self.links.table_mut().set_lossy(id) else { return };
        if !link.relayed {
            self.paths.failed(link.peer, now());
        }
        if link.purpose == DialPurpose::Standby {
            self.links.close(id, close::NOT_NEEDED, "it loses too much");
            return;
        }
        self.paths.doubt(link.peer, now());
        self.keep_standby();
        self.look_after_ways();
    }

    /// The meaning of the end of a link, which decides whether another one takes its place.
    pub(super) fn meaning_of_end(&mut self, id: LinkId, cause: &LinkEnd, failure: bool) -> Cause {
        let Some(link) = self.links.table().get(id).copied().filter(Link::is_up) else {
            return if failure { Cause::PeerLost } else { Cause::Closed };
        };
        let (peer, now) = (link.peer, now());
        let is_outgoing = link.direction == LinkDirection::Outgoing;
        let is_unheard = is_outgoing && matches!(cause, LinkEnd::Closed { code: close::SILENT, .. });
        let lives = match cause {
            LinkEnd::RelayLost => {
                self.paths.forget(peer);
                true
            }
            _ if is_unheard || (failure && cause.is_silence()) => {
                if !link.relayed {
                    self.paths.failed(peer, now);
                }
                is_unheard || self.paths.known(peer).is_some()
            }
            _ => false,
        };
        if lives {
            self.paths.doubt(peer, now);
            return Cause::LinkLost { replaced_within: self.settings.borrow().hung_after * 2 };
        }
        if let LinkEnd::Silent { silent_for_ms } = *cause
            && failure
        {
            self.links.suspect(peer, Duration::from_millis(silent_for_ms));
        }
        if failure { Cause::PeerLost } else { Cause::Closed }
    }

    /// The pings of a link have measured it. The core learns of slow links.
    pub(super) fn measured(&mut self, id: LinkId, answers_within: Duration) {
        let slow = self.slow();
        let crossing = self.links.table_mut().measured(id, answers_within, slow);
        self.learn_crossing(crossing);
    }

    /// The time from which on a crossing of a link counts as slow.
    fn slow(&self) -> Duration {
        self.settings.borrow().heartbeat / 4
    }

    fn learn_crossing(&mut self, crossing: Option<Duration>) {
        if let Some(crossing) = crossing {
            self.give(Input::LinksMeasured { crossing });
        }
    }

    /// A link is up: its peer needs no other way, and searches have more ways.
    pub(super) fn opened(&mut self, id: LinkId) {
        let Some(link) = self.links.table().get(id).copied() else { return };
        self.paths.opened(&link, now());
        if !link.relayed {
            self.links.answers(link.peer);
        }
        self.look_after_ways();
    }

    /// Sends the requests that are due, and has the next ones sent in time.
    pub(super) fn look_after_ways(&mut self) {
        let heartbeat = self.settings.borrow().heartbeat;
        for request in self.paths.requests(now(), heartbeat) {
            self.flood(request);
        }
        let next = self.paths.is_searching().then(|| Instant::now() + heartbeat);
        self.seek_at = self.seek_at.filter(|at| next.is_some_and(|next| *at <= next)).or(next);
    }

    pub(super) fn on_seek(&mut self) {
        self.seek_at = None;
        let skipped: Vec<NodeId> = self.core.skipped().collect();
        let table = self.links.table();
        self.paths.retain_searches(|peer| skipped.contains(&peer) || table.is_doubted(peer));
        self.look_after_ways();
    }

    fn flood(&self, request: PathRequest) {
        let links = self.paths.links_for(&request, self.links.table());
        let frame = PathFrame::Request(request);
        for link in links {
            self.links.send_path(link, &frame);
        }
    }

    pub(super) fn on_path_frame(&mut self, link: &Link<LinkId>, frame: PathFrame) {
        let relays: Vec<NodeId> = self.links.relays(link.id).iter().rev().copied().collect();
        match self.paths.received(link.peer, &relays, frame, now()) {
            Answer::Nothing => {}
            Answer::Flood(request) => {
                self.flood(request);
                self.keep_standby();
            }
            Answer::Return(reply, back) => {
                if let Some(id) = self.links.table().working_with(back) {
                    self.links.send_path(id, &PathFrame::Reply(reply));
                }
            }
            Answer::Found(peer) => self.found(peer),
        }
    }

    /// A path is known to a member that is doubted or skipped.
    fn found(&mut self, peer: NodeId) {
        let is_skipped = self.core.skipped().any(|skipped| skipped == peer);
        match self.links.table().worse_than_a_path(peer).copied() {
            Some(link) if link.is_up() => {
                let replaced_within = self.settings.borrow().hung_after * 2;
                self.links.hang_up(link.id, close::NOT_NEEDED, "a link through others takes its place");
                let lost = self.links.ended(link.id, Cause::LinkLost { replaced_within });
                if let Some((link, loss)) = lost {
                    self.link_lost(&link, loss, LinkEnd::NotNeeded);
                }
            }
            Some(link) => self.redial(&link),
            None if is_skipped && self.links.table().lacks_probe(peer) => {
                self.dial(peer, LinkKind::Ring, DialPurpose::Probe);
            }
            None => {}
        }
    }

    /// Looks after the ways now and then: searches for members that are skipped, direct links in place of
    /// those through others, and links that nothing has taken the place of.
    pub(super) fn keep_ways(&mut self) {
        let now = now();
        while let Some((link, loss)) = self.links.table_mut().overdue(now) {
            self.give(if loss == LinkLoss::Failed { link.down_input() } else { link.closed_input() });
        }
        self.paths.seek(self.core.skipped(), self.links.table(), now);
        while let Some((old, new)) = self.links.table_mut().upgrade(now, PROVEN_AFTER) {
            self.paths.forget(old.peer);
            self.links.hang_up(old.id, close::NOT_NEEDED, "a direct link takes its place");
            self.report_down(&old, LinkEnd::NotNeeded, false);
            match new {
                Some(new) => {
                    self.links.announce_use(new.id);
                    self.link_up(&new);
                }
                None => self.keep_links(),
            }
        }
        self.keep_standby();
        self.look_after_ways();
    }
}
