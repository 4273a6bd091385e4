//! The caller's part, as the first page of the crate describes it: inputs go in, effects are carried out.

use ringleader_election::{Effect, Input, Time};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{NodeId, RingMessage};

use super::{Link, Next, QuietRing, Sent, name};

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
                } else if !self.links.iter().any(|(a, b, _)| (*a, *b) == (me, to) || (*a, *b) == (to, me)) {
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
                    before.is_none_or(|before| before.term < promise.term),
                    "{} promised twice",
                    name(me)
                );
            }
            Effect::Explain(why) => self.said.push((me, why)),
            Effect::Became { term, .. } => self.highest_term = self.highest_term.max(term),
            Effect::ProgressChanged(_) | Effect::SuccessorChanged(_) => {}
        }
    }

    fn make_links(&mut self, me: NodeId) {
        let wanted = self.nodes[&me].wanted_links();
        let wanted: Vec<Link> = [(wanted.successor, LinkKind::Ring), (wanted.leader, LinkKind::Heartbeat)]
            .into_iter()
            .filter_map(|(peer, link)| peer.map(|peer| (me, peer, link)))
            .collect();
        let direct = self.nodes[&me].wanted_links().direct;
        let kept = |link: &Link| link.2 == LinkKind::Direct && direct;
        let surplus = |link: &&Link| link.0 == me && !wanted.contains(link) && !kept(link);
        let surplus: Vec<Link> = self.links.iter().filter(surplus).copied().collect();
        for (from, peer, link) in surplus {
            self.links.remove(&(from, peer, link));
            let direction = LinkDirection::Incoming;
            self.queue.push_back(Next::Noticed(peer, Input::LinkClosed { peer: from, link, direction }));
        }
        for link in wanted {
            if self.links.contains(&link) {
                continue;
            }
            if self.nodes.contains_key(&link.1) {
                self.link_up(link);
            } else {
                let direction = LinkDirection::Outgoing;
                let failed = Input::LinkDown { peer: link.1, link: link.2, direction };
                self.queue.push_back(Next::Noticed(me, failed));
            }
        }
    }

    /// There is something to send to a member with which there may be no link.
    fn dial_directly(&mut self, me: NodeId, to: NodeId) {
        let kind = LinkKind::Direct;
        if self.links.contains(&(me, to, kind)) || self.links.contains(&(to, me, kind)) {
            return;
        }
        if self.nodes.contains_key(&to) {
            self.link_up((me, to, kind));
        } else {
            let failed = Input::LinkDown { peer: to, link: kind, direction: LinkDirection::Outgoing };
            self.queue.push_back(Next::Noticed(me, failed));
        }
    }

    pub(super) fn link_up(&mut self, link: Link) {
        let (from, to, kind) = link;
        self.links.insert(link);
        for (at, peer, direction) in
            [(from, to, LinkDirection::Outgoing), (to, from, LinkDirection::Incoming)]
        {
            self.queue.push_back(Next::Noticed(at, Input::LinkUp { peer, link: kind, direction }));
        }
    }
}
