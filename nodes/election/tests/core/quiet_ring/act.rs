//! The actions of a test on the ring.

use std::time::Duration;

use ringleader_election::link_table::DialPurpose;
use ringleader_election::{Core, Input};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{AlgorithmName, Attribute, NodeId, RingMessage, Role, Safety, Succession, Term};

use super::{Next, QuietRing, Sent, contender, id, name};

impl QuietRing {
    /// All members initiate at the same instant.
    pub(crate) fn initiate_all(&mut self, term: u64) -> &mut Self {
        for member in self.members.clone() {
            self.give(member.id, Input::InitiateTogether { term: Term(term) });
        }
        self
    }

    pub(crate) fn initiate(&mut self, who: &str) -> &mut Self {
        self.give(id(who), Input::Initiate);
        self
    }

    /// It dies. What it had sent still arrives, what was on its way to it does not; its neighbours see their
    /// links close.
    pub(crate) fn kill(&mut self, who: &str) -> &mut Self {
        let dead = id(who);
        self.nodes.remove(&dead).unwrap_or_else(|| panic!("{who} is dead already"));
        self.queue.retain(|next| match next {
            Next::Arrival(sent) => sent.to != dead,
            Next::Noticed(node, _) | Next::Unanswered(node, _) => *node != dead,
        });
        self.timers.retain(|(_, node, _), ()| *node != dead);
        let former = self.links.remove(&dead).unwrap_or_default();
        for link in former.iter() {
            let failed = self.fail(link.peer, link.id);
            self.queue.extend(failed.map(|input| Next::Noticed(link.peer, input)));
        }
        self
    }

    /// It dies, and no link reports it: nobody has one with it, or all notices are late.
    pub(crate) fn kill_unnoticed(&mut self, who: &str) -> &mut Self {
        for link in self.links.remove(&id(who)).unwrap_or_default().iter() {
            self.table(link.peer).remove(link.id);
        }
        self.kill(who)
    }

    /// A link of this member with one that is dead fails.
    pub(crate) fn notice(
        &mut self,
        who: &str,
        dead: &str,
        link: LinkKind,
        direction: LinkDirection,
    ) -> &mut Self {
        self.give(id(who), Input::LinkDown { peer: id(dead), link, direction });
        self
    }

    /// A new start of it, without memory of anything but its promises.
    pub(crate) fn start(&mut self, who: &str) -> &mut Self {
        let node = Core::recovered(id(who), self.promises.get(&id(who)).copied());
        assert!(self.nodes.insert(id(who), node).is_none(), "{who} runs already");
        self.give(id(who), self.configuration(id(who)));
        self
    }

    /// Everyone dials the members again that it routes past.
    pub(crate) fn probe(&mut self) -> &mut Self {
        let probes: Vec<(NodeId, NodeId)> =
            self.nodes.values().flat_map(|node| node.skipped().map(|skipped| (node.id(), skipped))).collect();
        for (from, to) in probes {
            if self.nodes.contains_key(&to) && self.table(from).lacks_probe(to) {
                self.dial(from, to, LinkKind::Ring, DialPurpose::Probe);
            }
        }
        self
    }

    /// Its attribute is edited: every member is configured with it.
    pub(crate) fn edit(&mut self, who: &str, attribute: u64) -> &mut Self {
        for member in self.members.iter_mut().filter(|member| member.id == id(who)) {
            member.attribute = Attribute(attribute);
        }
        self.reconfigure()
    }

    /// Edits whether it may lead, and reconfigures every member.
    pub(crate) fn let_lead(&mut self, who: &str, eligible: bool) -> &mut Self {
        for member in self.members.iter_mut().filter(|member| member.id == id(who)) {
            member.eligible = eligible;
        }
        self.reconfigure()
    }

    /// Sets the succession at every member.
    pub(crate) fn succeed_by(&mut self, succession: Succession) -> &mut Self {
        self.settings.succession = succession;
        self.reconfigure()
    }

    /// It leaves the configuration, and dies.
    pub(crate) fn remove(&mut self, who: &str) -> &mut Self {
        self.members.retain(|member| member.id != id(who));
        self.kill(who).reconfigure()
    }

    fn reconfigure(&mut self) -> &mut Self {
        for node in self.nodes.keys().copied().collect::<Vec<_>>() {
            self.give(node, self.configuration(node));
        }
        self
    }

    /// A member joins at the end of the ring order, and starts.
    pub(crate) fn add(&mut self, who: &str, attribute: u64) -> &mut Self {
        self.members.push(contender(who, attribute));
        self.reconfigure().start(who)
    }

    /// A member that is gone reported this term.
    pub(crate) fn reached(&mut self, term: u64) -> &mut Self {
        self.highest_term = Term(term);
        self
    }

    /// The promises of the members are lost.
    pub(crate) fn forget_promises(&mut self) -> &mut Self {
        self.promises.clear();
        self
    }

    /// From now on every message arrives twice, or once again.
    pub(crate) fn duplicating(&mut self, on: bool) -> &mut Self {
        self.duplicating = on;
        self
    }

    /// A message arrives that no member sent just now: a duplicate, or one that was long under way.
    pub(crate) fn deliver(&mut self, from: &str, to: &str, message: impl Into<RingMessage>) -> &mut Self {
        self.give(id(to), Input::Received { from: id(from), message: message.into() });
        self
    }

    /// The messages that a member sends at once on a message that arrives.
    pub(crate) fn answer(
        &mut self,
        from: &str,
        to: &str,
        message: impl Into<RingMessage>,
    ) -> Vec<RingMessage> {
        let before = self.queue.len();
        self.deliver(from, to, message);
        let sent = self.queue.iter().skip(before).filter_map(|next| match next {
            Next::Arrival(sent) if sent.from == id(to) => Some(sent.message),
            _ => None,
        });
        sent.collect()
    }

    /// One thing happens. False when nothing is left to happen.
    pub(crate) fn step(&mut self) -> bool {
        match self.queue.pop_front() {
            Some(Next::Arrival(Sent { from, to, message })) => {
                self.give(to, Input::Received { from, message })
            }
            Some(Next::Noticed(node, input)) => self.give(node, input),
            Some(Next::Unanswered(node, link)) => {
                if let Some(input) = self.fail(node, link) {
                    self.give(node, input);
                }
            }
            None => return false,
        }
        true
    }

    /// So many things happen, or fewer if fewer are left to.
    pub(crate) fn arrive(&mut self, many: usize) -> &mut Self {
        for _ in 0..many {
            self.step();
        }
        self
    }

    /// One member is configured with another election.
    pub(crate) fn change_algorithm(&mut self, who: &str, algorithm: AlgorithmName) -> &mut Self {
        let before = std::mem::replace(&mut self.settings.algorithm, algorithm);
        self.give(id(who), self.configuration(id(who)));
        self.settings.algorithm = before;
        self
    }

    /// Sets the succession at one member only.
    pub(crate) fn change_succession(&mut self, who: &str, succession: Succession) -> &mut Self {
        let before = std::mem::replace(&mut self.settings.succession, succession);
        self.give(id(who), self.configuration(id(who)));
        self.settings.succession = before;
        self
    }

    /// Things happen until the next one is the arrival of such a message.
    pub(crate) fn until_on_its_way(
        &mut self,
        from: &str,
        to: &str,
        wanted: impl Fn(&RingMessage) -> bool,
    ) -> &mut Self {
        let is_next = |next: Option<&Next>| {
            matches!(next, Some(Next::Arrival(sent))
                if sent.from == id(from) && sent.to == id(to) && wanted(&sent.message))
        };
        while !is_next(self.queue.front()) {
            assert!(self.step(), "no such message from {from} to {to}");
        }
        self
    }

    /// The message that would arrive next is lost on its way.
    pub(crate) fn lose_next(&mut self) -> &mut Self {
        assert!(matches!(self.queue.pop_front(), Some(Next::Arrival(_))), "no message is about to arrive");
        self
    }

    /// Everything happens but timers.
    pub(crate) fn settle(&mut self) -> &mut Self {
        for _ in 0..100_000 {
            if !self.step() {
                return self;
            }
        }
        panic!("the ring does not settle");
    }

    /// So much time passes, with every timer that runs out in it.
    pub(crate) fn run_for(&mut self, time: Duration) -> &mut Self {
        let until = self.now + time;
        loop {
            self.settle();
            match self.timers.keys().next().copied() {
                Some((at, node, timer)) if at <= until => {
                    self.timers.remove(&(at, node, timer));
                    self.now = at;
                    self.give(node, Input::TimerFired(timer));
                }
                _ => break,
            }
        }
        self.now = until;
        self
    }

    /// Every member is configured with this safety from now on.
    pub(crate) fn make(&mut self, safety: Safety) -> &mut Self {
        self.settings.safety = safety;
        self.reconfigure()
    }

    /// Those that run.
    pub(crate) fn live(&self) -> Vec<String> {
        self.nodes.keys().map(|node| name(*node)).collect()
    }

    /// Members that lead.
    pub(crate) fn leaders(&self) -> Vec<String> {
        let leading = self.nodes.values().filter(|node| node.role() == Role::Leader);
        leading.map(|node| name(node.id())).collect()
    }

    /// Time passes until no timer runs and nothing is left to happen.
    pub(crate) fn let_time_pass(&mut self) -> &mut Self {
        for _ in 0..1000 {
            self.settle();
            let Some((at, node, timer)) = self.timers.keys().next().copied() else { return self };
            self.timers.remove(&(at, node, timer));
            self.now = at;
            self.give(node, Input::TimerFired(timer));
        }
        panic!("timers never stop");
    }

    /// Forgets what was sent, said, dropped and completed so far.
    pub(crate) fn forget(&mut self) -> &mut Self {
        self.sent.clear();
        self.said.clear();
        self.dropped.clear();
        self.completed.clear();
        self
    }
}
