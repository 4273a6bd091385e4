//! The caller's part, as the first page of the crate describes it: inputs go in, effects are carried out.

use ringleader_election::link_table::{Cause, DialPurpose, Link, LinkLoss, LinkTable, Missing};
use ringleader_election::{Effect, Input, Time};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{Incarnation, NodeId, RingMessage};

use super::{LinkId, Next, QuietRing, Sent, name};

impl QuietRing {
    pub(super) fn give(&mut self, to: NodeId, input: Input<RingMessage>) {
        let Some(node) = self.nodes.get_mut(&to) else { return };
        let before = node.term();
        let mut effects = Vec::new();
        node.handle(Time(self.now), input, &mut effects);
        assert!(node.term() >= before, "the term of {} went back", name(to));
        for effect in effects {
            self.carry_out(to, effect);
        }
        self.make_links(to);
    }

    fn carry_out(&mut self, me: NodeId, effect: Effect<RingMessage>) {
        match effect {
            Effect::Send { to, message } => {
                let sent = Sent { from: me, to, message };
                if !message.is_upkeep() {
                    self.sent.push(sent);
                }
                if message.is_direct() {
                    self.dial_directly(me, to);
                } else if self.table(me).route(to).is_none() {
                    // What is sent to a new successor waits for the link with it.
                    self.make_links(me);
                }
                if self.nodes.contains_key(&to) {
                    self.queue.push_back(Next::Arrival(sent));
                    if self.duplicating {
                        self.queue.push_back(Next::Arrival(sent));
                    }
                }
            }
            Effect::StartTimer { timer, after } => {
                self.timers.retain(|(_, node, other), ()| (*node, *other) != (me, timer));
                self.timers.insert((self.now + after, me, timer), ());
            }
            Effect::CancelTimer(timer) => {
                self.timers.retain(|(_, node, other), ()| (*node, *other) != (me, timer));
            }
            Effect::Drop { message, reason, .. } => self.dropped.push((name(me), message, reason)),
            Effect::Completed { cause, mandate, members } => {
                self.completed.push((cause, mandate, members));
            }
            Effect::Promise(promise) => {
                let before = self.promises.insert(me, promise);
                assert!(
                    before.is_none_or(|before| {
                        before.term < promise.term
                            || before.lease_ms < promise.lease_ms
                                && (before.term, before.leader) == (promise.term, promise.leader)
                    }),
                    "{} promised twice",
                    name(me)
                );
            }
            Effect::Explain(why) => self.said.push((me, why)),
            Effect::Became { term, .. } => self.highest_term = self.highest_term.max(term),
            Effect::ProgressChanged(_) | Effect::SuccessorChanged(_) => {}
        }
    }

    /// The links of a member that runs.
    pub(super) fn table(&mut self, of: NodeId) -> &mut LinkTable<LinkId> {
        self.links.entry(of).or_default()
    }

    fn now(&self) -> Time {
        Time(self.now)
    }

    fn make_links(&mut self, me: NodeId) {
        let wanted = self.nodes[&me].wanted_links();
        while let Some(link) = self.table(me).take_surplus(wanted) {
            self.close(link);
        }
        while let Some(Missing::Dial { peer, kind }) = self.table(me).missing(wanted) {
            self.dial(me, peer, kind, DialPurpose::Wanted);
        }
    }

    /// There is something to send to a member with which there may be no link.
    fn dial_directly(&mut self, me: NodeId, to: NodeId) {
        let table = self.table(me);
        let both = [LinkDirection::Outgoing, LinkDirection::Incoming];
        if both.into_iter().all(|direction| table.find(to, LinkKind::Direct, direction).is_none()) {
            self.dial(me, to, LinkKind::Direct, DialPurpose::Wanted);
        }
    }

    /// Dials a member. One that runs answers at once.
    pub(super) fn dial(&mut self, me: NodeId, peer: NodeId, kind: LinkKind, purpose: DialPurpose) {
        let id = self.dialled;
        self.dialled += 1;
        self.table(me).dialled(id, peer, kind, purpose);
        if !self.nodes.contains_key(&peer) {
            self.queue.push_back(Next::Unanswered(me, id));
            return;
        }
        while self.table(peer).take_replaced(me, kind, id).is_some() {}
        self.table(peer).accepted(id, me, kind, purpose, Incarnation(1));
        for end in [me, peer] {
            let now = self.now();
            let link = self.table(end).up(id, now).expect("a link that was added just now");
            self.queue.push_back(Next::Noticed(end, link.up_input()));
        }
    }

    /// A member has closed this link of its own.
    fn close(&mut self, link: Link<LinkId>) {
        let now = self.now();
        if let Some((other, LinkLoss::Closed)) = self.table(link.peer).down(link.id, Cause::Closed, now) {
            self.queue.push_back(Next::Noticed(link.peer, other.closed_input()));
        }
    }

    /// A link of this member has failed.
    pub(super) fn fail(&mut self, at: NodeId, id: LinkId) -> Option<Input<RingMessage>> {
        let now = self.now();
        let (link, loss) = self.table(at).down(id, Cause::PeerLost, now)?;
        (loss == LinkLoss::Failed).then(|| link.down_input())
    }
}
