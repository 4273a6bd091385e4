//! A quiet ring: members joined by links without latency, one queue for all that happens, timers that fire when the test
//! lets time pass. What a test does to it reads like a story.
#![allow(dead_code, reason = "each test file uses its own part of it")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use ringleader_election::{Algorithm, Core, DropReason, Effect, Explanation, Input, Time, Timer, Timing};
use ringleader_shared::event::ElectionCause;
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{
    AlgorithmName, Attribute, Contender, Mandate, NodeId, NodeName, PortKind, Promise, RingMessage,
    RingSettings, Role, Safety, Succession, Term,
};
use uuid::Uuid;

/// Patience of the members: far more than a quiet ring needs.
pub(crate) const TIMING: Timing = Timing {
    election: Duration::from_millis(1000),
    lap: Duration::from_millis(500),
    deputy: Duration::from_millis(700),
    lease: Duration::from_millis(600),
};

/// One message that was put on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) message: RingMessage,
}

/// What is still to happen.
#[derive(Debug, Clone)]
enum Next {
    Arrival(Sent),
    Noticed(NodeId, Input<RingMessage>),
}

/// Who dialled whom, and for what.
type Link = (NodeId, NodeId, LinkKind);

pub(crate) struct QuietRing {
    pub(crate) sent: Vec<Sent>,
    pub(crate) dropped: Vec<(String, RingMessage, DropReason)>,
    pub(crate) completed: Vec<(ElectionCause, Mandate, u32)>,
    said: Vec<(NodeId, Explanation)>,
    members: Vec<Contender>,
    nodes: BTreeMap<NodeId, Core>,
    links: BTreeSet<Link>,
    queue: VecDeque<Next>,
    timers: BTreeMap<(Duration, NodeId, Timer), ()>,
    now: Duration,
    duplicating: bool,
    settings: RingSettings,
    /// What survives a death.
    promises: BTreeMap<NodeId, Promise>,
    /// The highest term that a member has reported: each start is told of it.
    highest_term: Term,
}

pub(crate) fn id(name: &str) -> NodeId {
    let n = (0..512).find(|&n| NodeName::nth(n).as_str() == name).expect("a name like a sheet's column");
    NodeId(Uuid::from_u128(n as u128 + 1))
}

pub(crate) fn name(id: NodeId) -> String {
    NodeName::nth(usize::try_from(id.0.as_u128()).expect("an id made by this module") - 1).to_string()
}

pub(crate) fn contender(who: &str, attribute: u64) -> Contender {
    Contender::new(Attribute(attribute), id(who))
}

impl QuietRing {
    /// Members A, B, C, … with these attributes, in ring order, all running and linked.
    pub(crate) fn of(attributes: &[u64]) -> Self {
        Self::with(attributes, Safety::Available)
    }

    /// The same, where another election is held.
    pub(crate) fn holding(algorithm: AlgorithmName, attributes: &[u64], safety: Safety) -> Self {
        Self::new(attributes, RingSettings { safety, algorithm, ..RingSettings::default() })
    }

    /// The same with this safety.
    pub(crate) fn with(attributes: &[u64], safety: Safety) -> Self {
        Self::holding(AlgorithmName::MaxRing, attributes, safety)
    }

    /// The same with these settings.
    pub(crate) fn new(attributes: &[u64], settings: RingSettings) -> Self {
        let member = |(n, &attribute): (usize, &u64)| {
            Contender::new(Attribute(attribute), NodeId(Uuid::from_u128(n as u128 + 1)))
        };
        let members: Vec<Contender> = attributes.iter().enumerate().map(member).collect();
        let mut ring = Self {
            sent: Vec::new(),
            dropped: Vec::new(),
            completed: Vec::new(),
            said: Vec::new(),
            nodes: members.iter().map(|member| (member.id, Core::new(member.id))).collect(),
            members,
            links: BTreeSet::new(),
            queue: VecDeque::new(),
            timers: BTreeMap::new(),
            now: Duration::ZERO,
            duplicating: false,
            settings,
            promises: BTreeMap::new(),
            highest_term: Term::ZERO,
        };
        for member in ring.members.clone() {
            ring.give(member.id, ring.configuration(member.id));
        }
        ring.settle();
        ring
    }

    /// The sample's ring after its election: D leads, C is its deputy.
    pub(crate) fn led_by_d() -> Self {
        let mut ring = Self::of(&[90, 100, 110, 120]);
        ring.initiate("A").settle();
        ring.assert_led_by("D", Some("C"));
        ring.forget();
        ring
    }

    fn configuration(&self, of: NodeId) -> Input<RingMessage> {
        let seed = u64::try_from(of.0.as_u128()).expect("a small id");
        let (ring, settings, highest_term) = (self.members.clone().into(), self.settings, self.highest_term);
        Input::Configured { ring, timing: TIMING, settings, seed, highest_term }
    }

    // What a test does.

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

    /// It dies. What it had sent still arrives, what was on its way to it does not; its neighbours see their links close.
    pub(crate) fn kill(&mut self, who: &str) -> &mut Self {
        let dead = id(who);
        self.nodes.remove(&dead).unwrap_or_else(|| panic!("{who} is dead already"));
        self.queue.retain(|next| match next {
            Next::Arrival(sent) => sent.to != dead,
            Next::Noticed(node, _) => *node != dead,
        });
        self.timers.retain(|(_, node, _), ()| *node != dead);
        let (cut, kept) = self.links.iter().copied().partition(|(a, b, _)| *a == dead || *b == dead);
        self.links = kept;
        let cut: BTreeSet<Link> = cut;
        for (a, b, link) in cut {
            let other = if a == dead { b } else { a };
            let direction = if a == dead { LinkDirection::Incoming } else { LinkDirection::Outgoing };
            self.queue.push_back(Next::Noticed(other, Input::LinkDown { peer: dead, link, direction }));
        }
        self
    }

    /// It dies, and no link tells anybody: nobody has one with it, or all notices are late.
    pub(crate) fn kill_unnoticed(&mut self, who: &str) -> &mut Self {
        self.links.retain(|(a, b, _)| *a != id(who) && *b != id(who));
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
            if self.nodes.contains_key(&to) {
                self.link_up((from, to, LinkKind::Ring));
            }
        }
        self
    }

    /// Its attribute is edited: every member is told.
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

    /// What members promised is lost.
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
    pub(crate) fn deliver(&mut self, from: &str, to: &str, message: RingMessage) -> &mut Self {
        self.give(id(to), Input::Received { from: id(from), message });
        self
    }

    /// What a member sends, there and then, on a message that arrives.
    pub(crate) fn answer(&mut self, from: &str, to: &str, message: RingMessage) -> Vec<RingMessage> {
        let before = self.queue.len();
        self.deliver(from, to, message);
        let sent = self.queue.iter().skip(before).filter_map(|next| match next {
            Next::Arrival(sent) if sent.from == id(to) => Some(sent.message),
            _ => None,
        });
        sent.collect()
    }

    /// A timer of that member runs out now.
    pub(crate) fn fire(&mut self, who: &str, timer: Timer) -> &mut Self {
        assert!(self.runs(who, timer), "{who} has no {timer:?} timer");
        self.timers.retain(|(_, node, other), ()| (*node, *other) != (id(who), timer));
        self.give(id(who), Input::TimerFired(timer));
        self
    }

    /// One thing happens. False when nothing is left to happen.
    pub(crate) fn step(&mut self) -> bool {
        match self.queue.pop_front() {
            Some(Next::Arrival(Sent { from, to, message })) => {
                self.give(to, Input::Received { from, message })
            }
            Some(Next::Noticed(node, input)) => self.give(node, input),
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

    /// One member is told that another election is held.
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

    /// Every member is told that this is what an election is worth from now on.
    pub(crate) fn make(&mut self, safety: Safety) -> &mut Self {
        self.settings.safety = safety;
        self.reconfigure()
    }

    /// Those that run.
    pub(crate) fn live(&self) -> Vec<String> {
        self.nodes.keys().map(|node| name(*node)).collect()
    }

    /// How many lead.
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

    // What a test sees.

    pub(crate) fn node(&self, who: &str) -> &Core {
        self.nodes.get(&id(who)).unwrap_or_else(|| panic!("{who} is dead"))
    }

    pub(crate) fn role(&self, who: &str) -> Role {
        self.node(who).role()
    }

    pub(crate) fn term(&self, who: &str) -> u64 {
        self.node(who).term().0
    }

    pub(crate) fn successor(&self, who: &str) -> String {
        name(self.node(who).successor())
    }

    pub(crate) fn follows(&self, who: &str) -> Option<String> {
        self.node(who).mandate().map(|mandate| name(mandate.leader.id))
    }

    pub(crate) fn runs(&self, who: &str, timer: Timer) -> bool {
        self.timers.keys().any(|(_, node, other)| (*node, *other) == (id(who), timer))
    }

    pub(crate) fn has_link(&self, from: &str, to: &str, link: LinkKind) -> bool {
        self.links.contains(&(id(from), id(to), link))
    }

    /// What a member's log card shows, oldest first.
    pub(crate) fn log(&self, who: &str) -> Vec<String> {
        let said = self.said.iter().filter(|(node, _)| *node == id(who));
        said.map(|(_, why)| why.describe(name)).collect()
    }

    /// The messages of elections, searches and results that were sent, in words.
    pub(crate) fn told(&self) -> Vec<String> {
        self.sent.iter().filter(|sent| !is_state_update(&sent.message)).map(|sent| in_words(*sent)).collect()
    }

    /// The state updates that this member sent to its neighbours, in words.
    pub(crate) fn state_updates(&self, from: &str) -> Vec<String> {
        let state_updates =
            self.sent.iter().filter(|sent| sent.from == id(from) && is_state_update(&sent.message));
        state_updates.map(|sent| in_words(*sent)).collect()
    }

    /// Messages of elections, searches and results; state updates are not counted.
    pub(crate) fn messages(&self) -> u32 {
        let counted = self.sent.iter().filter(|sent| !is_state_update(&sent.message));
        u32::try_from(counted.count()).expect("few messages")
    }

    /// Every live member follows this leader and knows this deputy, and those two know it of themselves.
    #[track_caller]
    pub(crate) fn assert_led_by(&self, leader: &str, deputy: Option<&str>) {
        assert_eq!(self.role(leader), Role::Leader, "the role of {leader}");
        if let Some(deputy) = deputy {
            assert_eq!(self.role(deputy), Role::Deputy, "the role of {deputy}");
            assert!(self.has_link(deputy, leader, LinkKind::Heartbeat), "{deputy} watches {leader}");
        }
        let leading = self.nodes.values().filter(|node| node.role() == Role::Leader).count();
        assert_eq!(leading, 1, "leaders");
        for node in self.nodes.values() {
            let mandate = node.mandate().unwrap_or_else(|| panic!("{} follows nobody", name(node.id())));
            assert_eq!(name(mandate.leader.id), leader, "whom {} follows", name(node.id()));
            assert_eq!(mandate.deputy.map(|deputy| name(deputy.id)).as_deref(), deputy);
            assert_eq!(node.term(), mandate.term, "the term of {}", name(node.id()));
        }
    }

    // The caller's part, as the crate's first page says it.

    fn give(&mut self, to: NodeId, input: Input<RingMessage>) {
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
                if matches!(message, RingMessage::Classic { port: PortKind::Peer, .. }) {
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

    fn link_up(&mut self, link: Link) {
        let (from, to, kind) = link;
        self.links.insert(link);
        for (at, peer, direction) in
            [(from, to, LinkDirection::Outgoing), (to, from, LinkDirection::Incoming)]
        {
            self.queue.push_back(Next::Noticed(at, Input::LinkUp { peer, link: kind, direction }));
        }
    }
}

pub(crate) fn is_state_update(message: &RingMessage) -> bool {
    matches!(message, RingMessage::StateUpdate { .. })
}

/// One message in words: `A>B election 1: D, C`.
fn in_words(Sent { from, to, message }: Sent) -> String {
    let or_none = |member: Option<Contender>| member.map_or("-".to_owned(), |member| name(member.id));
    let what = match message {
        RingMessage::Election { term, candidate, deputy, hops, .. } => {
            format!("election {term}: {} {}, hop {hops}", name(candidate.id), or_none(deputy))
        }
        RingMessage::Classic { term, port, payload, .. } => {
            format!("classic {term}: {port:?} {} {:?}", or_none(payload.label), payload.numbers)
        }
        RingMessage::Vacant { term, hops, .. } => format!("vacant {term}: hop {hops}"),
        RingMessage::RollCall { term, hops, .. } => format!("roll call {term}: hop {hops}"),
        RingMessage::Found { term, leader, hops } => format!("found {term}: {}, hop {hops}", name(leader.id)),
        RingMessage::DeputySearch { mandate, deputy, hops, .. } => {
            format!("search {}: {} {}, hop {hops}", mandate.term, name(mandate.leader.id), or_none(deputy))
        }
        RingMessage::Elected { mandate, hops, .. } => {
            let deputy = or_none(mandate.deputy);
            format!("elected {}: {} {deputy}, hop {hops}", mandate.term, name(mandate.leader.id))
        }
        RingMessage::Lease { mandate, votes, .. } => format!("lease {}: {votes} votes", mandate.term),
        RingMessage::StateUpdate { term, mandate } => match mandate {
            Some(mandate) => {
                format!("update {term}: {} {}", name(mandate.leader.id), or_none(mandate.deputy))
            }
            None => format!("update {term}: nobody"),
        },
    };
    format!("{}>{} {what}", name(from), name(to))
}
