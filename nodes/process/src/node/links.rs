//! The links of the node: it makes those that the core wants, and gives the core the events of all of
//! them.

use std::time::Duration;

use ringleader_election::link_table::{DialPurpose, Link, LinkLoss, Missing, OutOfTurn};
use ringleader_election::{Input, digest_of_sender, events};
use ringleader_shared::NodeId;
use ringleader_shared::event::{EventKind, MessageInfo, MessageKind};
use ringleader_shared::fault::Injection;
use ringleader_shared::link::{LinkDirection, LinkEnd, LinkFrame, LinkKind, close};
use tokio::time::Instant;

use super::{Given, HEARTBEAT_REPORT_EVERY, Node};
use crate::clock::{monotonic_ns, now};
use crate::handshake::former_start;
use crate::links::{LinkEvent, LinkEventKind, LinkId};
use crate::port::Incoming;

impl Node {
    /// Returns the link on which a message to this member goes. One to a new successor waits for the
    /// link. For a message that must go directly, a direct link is dialled when there is none.
    pub(super) fn route_to(&mut self, to: NodeId, directly: bool) -> Option<LinkId> {
        if self.links.table().route(to).is_none() {
            self.dial_missing();
        }
        if directly && self.links.table().route(to).is_none() {
            self.dial(to, LinkKind::Direct, DialPurpose::Wanted);
        }
        self.links.table().route(to)
    }

    /// Closes the links that the core does not want and dials those that it lacks.
    pub(super) fn keep_links(&mut self) {
        let wanted = self.core.wanted_links();
        while let Some(link) = self.links.table_mut().take_surplus(wanted) {
            self.links.hang_up(link.id, close::NOT_NEEDED, "not needed any more");
            if link.is_up() {
                self.report_down(&link, LinkEnd::NotNeeded, false);
            }
        }
        self.dial_missing();
    }

    fn dial_missing(&mut self) {
        let wanted = self.core.wanted_links();
        while let Some(missing) = self.links.table_mut().missing(wanted) {
            match missing {
                Missing::Dial { peer, kind } => self.dial(peer, kind, DialPurpose::Wanted),
                Missing::Hurry(link) => self.redial(&link),
                Missing::InUse(link) => {
                    self.links.announce_use(link.id);
                    self.link_up(&link);
                }
            }
        }
    }

    pub(super) fn probe_skipped(&mut self) {
        let now = now();
        let skipped: Vec<NodeId> = self.core.skipped().collect();
        for peer in skipped {
            let has_way = self.paths.has_way(peer, now);
            if has_way && self.is_reachable(peer) && self.links.table().lacks_probe(peer) {
                self.dial(peer, LinkKind::Ring, DialPurpose::Probe);
            }
        }
    }

    /// Keeps a connection to the successor's successor ready, so that a repair does not wait for a handshake,
    /// and those that searches for paths and links through others need.
    pub(super) fn keep_standby(&mut self) {
        let now = now();
        let mut wanted: Vec<NodeId> = self.core.after_successor().into_iter().collect();
        let own = self.options.id;
        let others: Vec<NodeId> = self.ring.members.iter().map(|member| member.id).collect();
        let others: Vec<NodeId> =
            others.into_iter().filter(|id| *id != own && self.is_reachable(*id)).collect();
        let table = self.links.table();
        wanted.extend(self.paths.bridges(&others, |peer| table.has_known(peer), now));
        wanted.extend(table.relayed().filter(|peer| self.paths.is_trusted(*peer, now)));
        while let Some(link) = self.links.table_mut().take_surplus_standby(&wanted) {
            self.links.hang_up(link.id, close::NOT_NEEDED, "not needed any more");
        }
        for peer in wanted {
            if self.is_reachable(peer) && self.links.table().lacks_standby(peer) {
                self.dial(peer, LinkKind::Ring, DialPurpose::Standby);
            }
        }
    }

    /// Whether a member has announced its address.
    fn is_reachable(&self, peer: NodeId) -> bool {
        self.ring.member(peer).is_some_and(|member| member.address.is_some())
    }

    pub(super) fn accept(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Member(socket, hello) if self.ring.member(hello.dialler.id).is_some() => {
                let (peer, start) = (hello.dialler.id, hello.dialler.incarnation);
                if let Err(why) = self.links.table_mut().observe(peer, start) {
                    let remote = self.name(peer).to_string();
                    self.refuse(remote, self.out_of_turn(peer, why));
                    return;
                }
                self.members.newer(peer, start);
                while let Some(former) = self.links.table_mut().take_former(peer, start) {
                    self.links.hang_up(former.id, close::NOT_NEEDED, "its process is over");
                    if former.is_known() {
                        self.report_down(&former, LinkEnd::Restarted, true);
                        self.give(former.down_input());
                    }
                }
                self.links.adopt(*socket, hello);
            }
            Incoming::Member(_, hello) => {
                let remote = hello.dialler.id.to_string();
                self.refuse(remote, "not a member of the ring".to_owned());
            }
            Incoming::Refused { remote, reason } => {
                self.refuse(remote.to_string(), reason);
            }
            // The loss of an upkeep message is reported as little as its arrival.
            Incoming::Injected { message, .. } if message.message.is_upkeep() => {}
            Incoming::Injected { message, from, to, fault } => {
                let message = events::message_info(&self.known, message.id, &message.message);
                let (from, to) = (self.name(from), self.name(to));
                self.report(EventKind::Injected { message, from, to, fault });
            }
        }
    }

    pub(super) fn on_link_event(&mut self, LinkEvent { link: id, peer, kind }: LinkEvent) {
        let link = self.links.table().get(id).copied();
        match (kind, link) {
            // The loss of an upkeep message is reported as little as its arrival.
            (LinkEventKind::Injected(message, _), _) if message.message == MessageKind::Lease => {}
            (LinkEventKind::Intercepted(frame), _) if frame.message.is_upkeep() => {}
            (LinkEventKind::Injected(message, fault), _) => {
                let (from, to) = (self.options.name.clone(), self.name(peer));
                self.report(EventKind::Injected { message, from, to, fault });
            }
            (LinkEventKind::Intercepted(frame), _) => {
                let message = events::message_info(&self.known, frame.id, &frame.message);
                let (from, to) = (self.name(peer), self.options.name.clone());
                self.report(EventKind::Injected { message, from, to, fault: Injection::Cut });
            }
            // This node closed the link before this event arrived. The messages that the link still held
            // are lost all the same.
            (LinkEventKind::Down { unsent, .. }, None) => self.report_lost(unsent, peer),
            (_, None) => {}
            (LinkEventKind::Path(frame), Some(link)) => self.on_path_frame(&link, frame),
            (LinkEventKind::Up, Some(_)) => {
                let known = self.links.table_mut().up(id, now());
                self.opened(id);
                if let Some(link) = known {
                    self.link_up(&link);
                }
            }
            (LinkEventKind::DialFailed { cause, number }, Some(link)) => {
                if self.links.is_present(id, number) {
                    self.dial_failed(&link, cause);
                }
            }
            (LinkEventKind::Doubtful, Some(link)) => self.doubtful(&link),
            (LinkEventKind::HeardAgain, Some(_)) => self.heard_again(id),
            (LinkEventKind::Lossy, Some(_)) => self.lossy(id),
            (LinkEventKind::InUse, Some(link)) => self.on_in_use(&link),
            (LinkEventKind::Frame(frame), Some(link)) => self.received(&link, frame),
            (LinkEventKind::Differs, Some(link)) => self.on_difference(&link),
            (LinkEventKind::RoundTrip { took, answers_within }, Some(link)) => {
                self.measured(id, answers_within);
                self.on_round_trip(&link, took);
            }
            (LinkEventKind::Misbehaved(reason), Some(_)) => {
                let remote = self.name(peer).to_string();
                self.refuse(remote, reason);
            }
            (LinkEventKind::Down { cause, failure, unsent }, Some(_)) => {
                self.link_down(id, cause, failure, unsent);
            }
        }
    }

    fn on_in_use(&mut self, link: &Link<LinkId>) {
        if (link.purpose, link.direction) == (DialPurpose::Standby, LinkDirection::Incoming) {
            self.links.close_replaced(link.peer, LinkKind::Ring, link.id);
        }
        match self.links.table_mut().in_use(link.id, now()) {
            Ok(link) => self.link_up(&link),
            Err(why) => self.malformed(link, why),
        }
    }

    /// A message to the successor was lost: this member's state is sent to it again. State updates go round,
    /// so the peer's state comes from the other side. The ends of a standby link are no neighbours.
    fn on_difference(&mut self, link: &Link<LinkId>) {
        if (link.kind, link.direction) == (LinkKind::Ring, LinkDirection::Outgoing) && link.is_known() {
            self.give(link.up_input());
        }
    }

    fn on_round_trip(&mut self, link: &Link<LinkId>, took: Duration) {
        let due = self.last_heartbeat_report.is_none_or(|last| last.elapsed() >= HEARTBEAT_REPORT_EVERY);
        if (link.kind, link.direction) == (LinkKind::Heartbeat, LinkDirection::Outgoing) && due {
            self.last_heartbeat_report = Some(Instant::now());
            let rtt_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            let peer = self.name(link.peer);
            self.report(EventKind::Heartbeat { peer, rtt_us });
        }
    }

    pub(super) fn link_up(&mut self, link: &Link<LinkId>) {
        let peer = self.name(link.peer);
        let relays = self.links.relays(link.id).iter().map(|relay| self.name(*relay)).collect();
        self.report(EventKind::LinkUp { peer, link: link.kind, direction: link.direction, relays });
        self.give(link.up_input());
    }

    fn link_down(&mut self, id: LinkId, cause: LinkEnd, failure: bool, unsent: Vec<MessageInfo>) {
        let meaning = self.meaning_of_end(id, &cause, failure);
        let Some((link, loss)) = self.links.ended(id, meaning) else { return };
        self.report_lost(unsent, link.peer);
        self.link_lost(&link, loss, cause);
    }

    /// Reports the end of a link, and gives the core the input that follows.
    pub(super) fn link_lost(&mut self, link: &Link<LinkId>, loss: LinkLoss, cause: LinkEnd) {
        match loss {
            LinkLoss::Failed => {
                self.report_down(link, cause, true);
                self.give(link.down_input());
            }
            LinkLoss::Closed => {
                self.report_down(link, cause, false);
                self.give(link.closed_input());
            }
            LinkLoss::Replaced => {
                self.report_down(link, cause, false);
                self.keep_links();
            }
            LinkLoss::Replaceable => {
                self.report_down(link, cause, false);
                self.keep_links();
                self.look_after_ways();
            }
            LinkLoss::ClosedUnseen => self.give(link.closed_input()),
            LinkLoss::Unseen => {}
        }
    }

    pub(super) fn report_down(&mut self, link: &Link<LinkId>, cause: LinkEnd, failure: bool) {
        let peer = self.name(link.peer);
        self.report(EventKind::LinkDown { peer, link: link.kind, direction: link.direction, cause, failure });
    }

    fn report_lost(&mut self, unsent: Vec<MessageInfo>, peer: NodeId) {
        let to = self.name(peer);
        for message in unsent.into_iter().filter(|message| message.message != MessageKind::Lease) {
            self.report(EventKind::Lost { message, to: to.clone() });
        }
    }

    fn received(&mut self, link: &Link<LinkId>, frame: LinkFrame) {
        let from = link.peer;
        let sender = self.name(from);
        if frame.id.from != sender {
            let reason = format!("sent a message in the name of {}", frame.id.from);
            return self.cut_off(link, reason);
        }
        if (link.purpose, link.direction) == (DialPurpose::Standby, LinkDirection::Incoming) {
            // The word that the link is in use may have been lost; a message on it says the same.
            self.on_in_use(link);
        }
        if let Err(why) = self.links.table_mut().hears(link.id, frame.id.incarnation) {
            return self.malformed(link, why);
        }
        self.members.newer(from, frame.id.incarnation);
        let now = monotonic_ns();
        self.lamport.observe(frame.lamport);
        self.links.set_peer_digest(from, digest_of_sender(&frame.message));
        let info = events::message_info(&self.known, frame.id, &frame.message);
        let travel_us = now.saturating_sub(frame.sent_ns) / 1_000;
        if frame.message.is_upkeep() {
            return self.give(Input::Received { from, message: frame.message });
        }
        let lamport = self.lamport.tick();
        let event = EventKind::Received { message: info.clone(), from: sender.clone(), travel_us };
        self.report_at(lamport, now, event);
        let input = Input::Received { from, message: frame.message };
        self.inputs.push_back(Given { input, message: Some((info, sender)) });
    }

    fn out_of_turn(&self, peer: NodeId, why: OutOfTurn) -> String {
        let name = self.name(peer);
        match why {
            OutOfTurn::FormerStart { start, present } => former_start(&name, start, present),
            OutOfTurn::OtherStart { start, other_end } => {
                format!("start {other_end} of {name} sent a message in the name of start {start}")
            }
            OutOfTurn::NotInUse => "sent a message on a link that is not in use".to_owned(),
            OutOfTurn::NoStandby => "said that a link is in use that is no standby link".to_owned(),
        }
    }

    /// Reports a refused connection, or holds the report back when there were many.
    fn refuse(&mut self, remote: String, reason: String) {
        let due = self.refusals.note(Duration::from_nanos(monotonic_ns()), (remote, reason), 1);
        self.report_refusals(due);
    }

    pub(super) fn report_refusals(&mut self, due: Option<((String, String), u64)>) {
        if let Some(((remote, reason), count)) = due {
            self.report(EventKind::Refused { remote, reason, count });
        }
    }

    fn malformed(&mut self, link: &Link<LinkId>, why: OutOfTurn) {
        let reason = self.out_of_turn(link.peer, why);
        self.cut_off(link, reason);
    }

    /// Ends a link whose other end breaks the rules.
    fn cut_off(&mut self, link: &Link<LinkId>, reason: String) {
        let remote = self.name(link.peer).to_string();
        self.refuse(remote, reason);
        self.links.close(link.id, close::MALFORMED, "out of turn");
        if link.purpose != DialPurpose::Standby {
            self.give(link.down_input());
        }
    }
}
