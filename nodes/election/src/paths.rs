//! Paths to members that cannot be reached directly: links over links.
//!
//! A link between two live members may fail while both still reach a third one. Then the wanted link is
//! opened through others, its *relays*, and the election knows nothing of it: it has a link. The search for a
//! path is that of dynamic source routing (Johnson and Maltz, 1996): a request floods the links that work,
//! each member that passes it on adds itself, and the target sends the path back. A ring in which every link
//! works sends no request.
//!
//! Pure, as the core: the caller owns the links and passes the time. It drives [`Paths`] so:
//! 1. when a link or a dial has been silent for too long to be sure of it, it calls [`Paths::doubt`]; a doubt
//!    ends by itself, or with [`Paths::heard`];
//! 2. on every heartbeat it sends each request of [`Paths::requests`] on [`Paths::links_for`] it, and dials a
//!    standby link to each of [`Paths::bridges`];
//! 3. it hands a path frame to [`Paths::received`], and sends on what that returns;
//! 4. when the link has been silent for so long that its peer counts as hung, or the dial is given up,
//!    [`Paths::known`] says whether the peer lives, and which way a new link must take;
//! 5. it reports with [`Paths::opened`] and [`Paths::failed`] what became of a direct link.

use std::collections::BTreeMap;
use std::time::Duration;

use ringleader_shared::link::{PathFrame, PathReply, PathRequest};
use ringleader_shared::{Incarnation, NodeId};

use crate::Time;
use crate::link_table::{DialPurpose, Link, LinkTable};

/// The most relays of one path.
pub const MOST_RELAYS: usize = 8;

/// The most standby links that a member keeps for the sake of searches.
pub const MOST_BRIDGES: usize = 8;

/// A member that only passes requests on keeps no more than one of those in a ring of more members than this.
const SMALL_RING: usize = 16;

/// The time for which one of those is kept when there are more members than may be kept.
const BRIDGED_FOR: Duration = Duration::from_secs(1);

/// The time for which a member that has passed a request on takes part in the search: longer than it takes to
/// the next request.
const TAKES_PART_FOR: Duration = Duration::from_millis(1500);

/// A direct link takes the place of one through others when it has worked for so long: longer than its loss
/// takes to be measured.
pub const PROVEN_AFTER: Duration = Duration::from_secs(2);

/// The longest time that a dial may take: a link with a delay of ten seconds needs forty.
pub const LONGEST_DIAL: Duration = Duration::from_secs(64);

/// The least time for which a direct link that failed soon is not trusted. It doubles with each failure.
const DISTRUST: Duration = Duration::from_secs(1);

/// The most doublings of that time: 64 seconds in all.
const MOST_DOUBLINGS: u32 = 6;

/// The longest time between two requests of one search.
pub const SLOWEST_REQUESTS: Duration = Duration::from_millis(500);

/// A search that has gone on for so long may be in vain without a direct link that is not trusted.
const IN_VAIN_AFTER: Duration = Duration::from_millis(750);

/// The relays between this member and another, the nearest first.
pub type Relays = Vec<NodeId>;

/// The knowledge of one member about the ways to the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Paths {
    me: NodeId,
    /// The number of the last request. It begins anew with each start, above those of the start before.
    number: u64,
    /// The last request of each origin that was passed on.
    passed_on: BTreeMap<NodeId, PassedOn>,
    peers: BTreeMap<NodeId, Peer>,
    /// The time since which this member has taken part in the searches of others without a pause, and until
    /// which it does.
    took_part_since: Time,
    takes_part_until: Time,
    /// The members to which there are standby links for the sake of searches, each with the time at which it
    /// was chosen; the newest last.
    bridges: Vec<(NodeId, Time)>,
}

/// The knowledge about the way to one member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Peer {
    /// The search for a path to it, while it goes on.
    search: Option<Search>,
    /// The relays of the last path that was found.
    relays: Option<Relays>,
    /// The last dial found that nobody listens: its process is dead.
    is_dead: bool,
    /// The direct link came up at this time, and has not failed since.
    up_since: Option<Time>,
    /// The time at which it was heard again after its death.
    back_since: Option<Time>,
    /// Number of dials in a row that were not answered.
    unanswered: u32,
    /// Number of times in a row that a direct link failed soon after it came up.
    failures: u32,
    /// The time until which a direct link is not trusted.
    distrusted_until: Time,
}

impl Peer {
    fn is_sought_in_vain(&self, now: Time) -> bool {
        self.search.is_some_and(|search| now.since(search.since) >= IN_VAIN_AFTER)
    }
}

/// A request that was passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct PassedOn {
    number: u64,
    /// The member that it came from, to which replies go back. These members form a tree whose root is the
    /// origin: a reply never goes round in circles.
    from: NodeId,
}

/// A search that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Search {
    /// The time at which it began.
    since: Time,
    /// The time at which the next request is due.
    due: Time,
    /// The time between that one and the one after it.
    gap: Duration,
}

/// The caller's part in answering a path frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing.
    Nothing,
    /// Send it on each of [`Paths::links_for`] it.
    Flood(PathRequest),
    /// Send it on the [link that works](LinkTable::working_with) with this member.
    Return(PathReply, NodeId),
    /// A path to this member is known now.
    Found(NodeId),
}

impl Paths {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(me: NodeId, start: Incarnation) -> Self {
        Self {
            me,
            number: u64::from(start.0) << 32,
            passed_on: BTreeMap::new(),
            peers: BTreeMap::new(),
            took_part_since: Time::default(),
            takes_part_until: Time::default(),
            bridges: Vec::new(),
        }
    }

    /// Forgets members that have left the ring.
    pub fn retain(&mut self, is_member: impl Fn(NodeId) -> bool) {
        self.peers.retain(|id, _| is_member(*id));
        self.passed_on.retain(|id, _| is_member(*id));
    }

    /// Begins a search for a path to a member that a link or a dial has not heard of for long, or that is
    /// routed past and not known to be dead. The first request of a new one is due at once.
    pub fn doubt(&mut self, peer: NodeId, now: Time) {
        let it = self.peers.entry(peer).or_default();
        // Where nobody listens, a dial is refused and not silent.
        it.is_dead = false;
        if it.search.is_none() {
            it.search = Some(Search { since: now, due: now, gap: Duration::ZERO });
            it.relays = None;
        }
    }

    /// Begins a search for each of these members that are routed past, but for those known to be dead, and
    /// for those that came back a moment ago and with which a direct link works: they need only be dialled.
    pub fn seek<I: Copy + Eq>(
        &mut self,
        skipped: impl Iterator<Item = NodeId>,
        links: &LinkTable<I>,
        now: Time,
    ) {
        for peer in skipped {
            let back_since = self.peers.get(&peer).and_then(|it| it.back_since);
            let is_back = back_since.is_some_and(|since| now.since(since) < PROVEN_AFTER);
            let is_near = is_back && links.works_directly(peer) && self.is_trusted(peer, now);
            if !is_near && !self.is_dead(peer) {
                self.doubt(peer, now);
            }
        }
    }

    /// Ends the searches for members for which it says no.
    pub fn retain_searches(&mut self, goes_on: impl Fn(NodeId) -> bool) {
        for (peer, it) in &mut self.peers {
            if !goes_on(*peer) {
                it.search = None;
            }
        }
    }

    /// Ends the search: the member was heard on the link that was doubted.
    pub fn heard(&mut self, peer: NodeId) {
        if let Some(it) = self.peers.get_mut(&peer) {
            it.search = None;
        }
    }

    /// Whether a search for this member goes on.
    #[must_use]
    pub fn is_sought(&self, peer: NodeId) -> bool {
        self.peers.get(&peer).is_some_and(|it| it.search.is_some())
    }

    /// Whether any search goes on.
    #[must_use]
    pub fn is_searching(&self) -> bool {
        self.peers.values().any(|it| it.search.is_some())
    }

    /// Whether this member takes part in a search of its own or of others.
    #[must_use]
    pub fn takes_part(&self, now: Time) -> bool {
        self.is_searching() || now < self.takes_part_until
    }

    /// The links on which a request goes: those that work, but for those with its origin, with the member
    /// that it came from, and, at its origin, with its target. The relays of the links that it came on need
    /// not have seen it.
    pub fn links_for<I: Copy + Eq>(&self, request: &PathRequest, links: &LinkTable<I>) -> Vec<I> {
        let PathRequest { origin, target, .. } = *request;
        let from = self.passed_on.get(&origin).map(|last| last.from);
        let is_left_out = |peer| peer == origin || Some(peer) == from || origin == self.me && peer == target;
        links.working().filter(|link| !is_left_out(link.peer)).map(|link| link.id).collect()
    }

    /// The requests that are due, one for each member that is sought. The first is due at once, the next a
    /// heartbeat later, and each gap is twice the one before, up to [`SLOWEST_REQUESTS`].
    pub fn requests(&mut self, now: Time, heartbeat: Duration) -> Vec<PathRequest> {
        let mut due = Vec::new();
        for (&target, it) in &mut self.peers {
            let Some(search) = it.search.as_mut().filter(|search| search.due <= now) else { continue };
            search.gap = (search.gap * 2).max(heartbeat).min(SLOWEST_REQUESTS.max(heartbeat));
            search.due = Time(now.0 + search.gap);
            self.number += 1;
            due.push(PathRequest { origin: self.me, target, number: self.number, path: Vec::new() });
        }
        due
    }

    /// Has every search send its next request at once, as there are links now that it has not tried.
    fn hurry(&mut self, now: Time) {
        for search in self.peers.values_mut().filter_map(|it| it.search.as_mut()) {
            *search = Search { due: now, gap: Duration::ZERO, ..*search };
        }
    }

    /// Takes a frame in that came from `from`, on a link through `relays` (from `from` to this member).
    pub fn received(&mut self, from: NodeId, relays: &[NodeId], frame: PathFrame, now: Time) -> Answer {
        match frame {
            PathFrame::Request(request) => self.requested(from, relays, request, now),
            PathFrame::Reply(reply) => self.replied(reply),
        }
    }

    fn requested(&mut self, from: NodeId, relays: &[NodeId], mut request: PathRequest, now: Time) -> Answer {
        let PathRequest { origin, target, number, .. } = request;
        if origin == self.me {
            return Answer::Nothing;
        }
        if from != origin {
            request.path.push(from);
        }
        request.path.extend(relays);
        shorten(&mut request.path, origin, self.me);
        if target == self.me {
            let PathRequest { path, .. } = request;
            return Answer::Return(PathReply { origin, target, number, path }, from);
        }
        let is_old = self.passed_on.get(&origin).is_some_and(|last| number <= last.number);
        if is_old || request.path.len() >= MOST_RELAYS {
            return Answer::Nothing;
        }
        self.passed_on.insert(origin, PassedOn { number, from });
        if now >= self.takes_part_until {
            self.took_part_since = now;
        }
        self.takes_part_until = Time(now.0 + TAKES_PART_FOR);
        Answer::Flood(request)
    }

    fn replied(&mut self, reply: PathReply) -> Answer {
        let PathReply { origin, target, ref path, .. } = reply;
        if origin != self.me {
            // This member need not be on the path: it may have passed the request on through a link that goes
            // through a member that is.
            let back = self.passed_on.get(&origin).map(|last| last.from);
            return back.map_or(Answer::Nothing, |back| Answer::Return(reply, back));
        }
        if path.is_empty() || path.contains(&self.me) || path.contains(&target) {
            return Answer::Nothing;
        }
        let Some(it) = self.peers.get_mut(&target).filter(|it| it.search.is_some()) else {
            return Answer::Nothing;
        };
        if it.relays.as_ref().is_some_and(|known| known.len() <= path.len()) {
            return Answer::Nothing;
        }
        it.relays = Some(reply.path);
        it.is_dead = false;
        Answer::Found(target)
    }

    /// The relays of a path that was found since the doubt began: the member lives, though a link with it
    /// does not work.
    #[must_use]
    pub fn known(&self, peer: NodeId) -> Option<&Relays> {
        self.peers.get(&peer).and_then(|it| it.relays.as_ref())
    }

    /// Forgets the path: a link on it could not be opened, or failed.
    pub fn forget(&mut self, peer: NodeId) {
        if let Some(it) = self.peers.get_mut(&peer) {
            it.relays = None;
        }
    }

    /// Notes that a link came up. Its peer lives, needs no other way unless the link is on standby, and is
    /// one more that searches can ask.
    pub fn opened<I>(&mut self, link: &Link<I>, now: Time) {
        let it = self.peers.entry(link.peer).or_default();
        if std::mem::take(&mut it.is_dead) {
            it.back_since = Some(now);
        }
        if !link.relayed {
            it.up_since = Some(now);
            it.unanswered = 0;
        }
        if link.purpose != DialPurpose::Standby {
            it.search = None;
            if !link.relayed {
                it.relays = None;
            }
        }
        self.hurry(now);
    }

    /// Notes that a dial was not answered in time. The next probe is given more time: a slow link needs two
    /// round trips for it. A member that was dead may have been started again behind a link that fails.
    pub fn unanswered(&mut self, peer: NodeId) {
        let it = self.peers.entry(peer).or_default();
        it.is_dead = false;
        it.unanswered = it.unanswered.saturating_add(1);
    }

    /// Whether the last direct dial was not answered: another way is looked for as soon as the next one
    /// begins.
    #[must_use]
    pub fn was_unanswered(&self, peer: NodeId) -> bool {
        self.peers.get(&peer).is_some_and(|it| it.unanswered > 0)
    }

    /// The time that the next dial over so many hops may take, when the first one over one hop may take so
    /// long. A link that the core wants is given no more than the first: the member has others to turn to.
    /// Nor is one through others: its path was found a moment ago, and the next one may be better.
    #[must_use]
    pub fn dial_within(&self, peer: NodeId, purpose: DialPurpose, hops: u32, first: Duration) -> Duration {
        let doublings = match purpose {
            DialPurpose::Probe | DialPurpose::Standby if hops == 1 => {
                self.peers.get(&peer).map_or(0, |it| it.unanswered).min(16)
            }
            DialPurpose::Wanted | DialPurpose::Probe | DialPurpose::Standby => 0,
        };
        first.saturating_mul(1 << doublings).min(LONGEST_DIAL.max(first)).saturating_mul(hops)
    }

    /// Notes that a direct link with this member failed, by silence or by loss, though the member may live.
    pub fn failed(&mut self, peer: NodeId, now: Time) {
        let it = self.peers.entry(peer).or_default();
        let Some(up) = it.up_since.take() else { return };
        if now.since(up) >= PROVEN_AFTER * 2 {
            it.failures = 0;
        } else {
            let doublings = it.failures.min(MOST_DOUBLINGS);
            it.distrusted_until = Time(now.0 + DISTRUST * (1 << doublings));
            it.failures = it.failures.saturating_add(1);
        }
    }

    /// Notes that nobody listens where this member did: its process is dead, and no path leads to it.
    pub fn died(&mut self, peer: NodeId) {
        let it = self.peers.entry(peer).or_default();
        (it.search, it.relays, it.is_dead) = (None, None, true);
    }

    /// Notes that a process of this member runs: it was started again, or has answered on some link.
    pub fn lives(&mut self, peer: NodeId) {
        if let Some(it) = self.peers.get_mut(&peer) {
            it.is_dead = false;
        }
    }

    /// Whether this member's process is known to be dead.
    #[must_use]
    pub fn is_dead(&self, peer: NodeId) -> bool {
        self.peers.get(&peer).is_some_and(|it| it.is_dead)
    }

    /// Whether a direct link with this member may be tried: none has failed soon after it came up lately.
    #[must_use]
    pub fn is_trusted(&self, peer: NodeId, now: Time) -> bool {
        self.peers.get(&peer).is_none_or(|it| now >= it.distrusted_until)
    }

    /// Whether a member that is routed past is to be dialled: a path to it is known, a direct link may be
    /// tried, or nobody has found another way for so long that the direct one may be the only one.
    #[must_use]
    pub fn has_way(&self, peer: NodeId, now: Time) -> bool {
        let is_sought_in_vain = self.peers.get(&peer).is_some_and(|it| it.is_sought_in_vain(now));
        self.known(peer).is_some() || self.is_trusted(peer, now) || is_sought_in_vain
    }

    /// The members to which standby links are wanted while this member or another one searches, so that
    /// requests find ways that no link of the ring takes: others that this member has no other link with. In
    /// a large ring these are others each time. A direct link that is not trusted is among them when a search
    /// is in vain without it, for as long as there is no other link with its peer: it may be the only one
    /// between two parts.
    pub fn bridges(
        &mut self,
        others: &[NodeId],
        has_link: impl Fn(NodeId) -> bool,
        now: Time,
    ) -> Vec<NodeId> {
        let passes_on = now < self.takes_part_until;
        let most = if self.is_searching() || passes_on && others.len() < SMALL_RING {
            MOST_BRIDGES
        } else {
            usize::from(passes_on)
        };
        let mut bridges = std::mem::take(&mut self.bridges);
        let in_vain = self.peers.values().any(|it| it.is_sought_in_vain(now))
            || passes_on && now.since(self.took_part_since) >= IN_VAIN_AFTER;
        let may_be_the_only_one = |peer: NodeId| in_vain && !has_link(peer);
        // A direct link with a member that is sought is doubted, or dialled anyway.
        let is_of_use = |peer: NodeId| {
            !self.is_dead(peer)
                && !self.is_sought(peer)
                && (self.is_trusted(peer, now) || may_be_the_only_one(peer))
        };
        bridges.retain(|(peer, _)| others.contains(peer) && is_of_use(*peer));
        let is_new = |peer: &&NodeId| {
            !has_link(**peer) && is_of_use(**peer) && !bridges.iter().any(|(bridge, _)| bridge == *peer)
        };
        // From the one after the last that was chosen.
        let last = bridges.last().and_then(|(last, _)| others.iter().position(|other| other == last));
        let (before, after) = others.split_at(last.map_or(0, |last| last + 1).min(others.len()));
        let new: Vec<NodeId> = after.iter().chain(before).filter(is_new).copied().take(most).collect();
        for peer in new {
            if bridges.len() >= most {
                let Some(old) = bridges.iter().position(|(_, since)| now.since(*since) >= BRIDGED_FOR) else {
                    break;
                };
                bridges.remove(old);
            }
            bridges.push((peer, now));
        }
        bridges.truncate(most);
        self.bridges = bridges;
        self.bridges.iter().map(|(peer, _)| *peer).collect()
    }
}

/// Takes the loops out of a path between these ends.
fn shorten(path: &mut Relays, origin: NodeId, end: NodeId) {
    let mut short: Relays = Vec::with_capacity(path.len());
    for &relay in path.iter() {
        if relay == origin {
            short.clear();
        } else if relay == end {
            break;
        } else if let Some(at) = short.iter().position(|before| *before == relay) {
            short.truncate(at + 1);
        } else {
            short.push(relay);
        }
    }
    *path = short;
}
