//! The links of one member: which it has, which it lacks, and what each that comes or goes means to the core.
//!
//! Pure, as the core: the caller owns the sockets and names its links by an id of its own. It drives the
//! table so:
//! 1. after each step of the core it closes every [`LinkTable::take_surplus`], then dials every
//!    [`LinkTable::missing`] link and adds it with [`LinkTable::dialled`];
//! 2. now and then it dials the members that the core skips, where [`LinkTable::lacks_probe`], and keeps
//!    standby links, as [`LinkTable::take_surplus_standby`] and [`LinkTable::lacks_standby`] say;
//! 3. it adds an accepted link with [`LinkTable::accepted`], and closes every [`LinkTable::take_former`] and
//!    [`LinkTable::take_replaced`] link before that one is up;
//! 4. it reports what happens to a link ([`LinkTable::up`], [`LinkTable::in_use`], [`LinkTable::hears`],
//!    [`LinkTable::down`]) and gives the core the input that follows;
//! 5. it sends a message on the link that [`LinkTable::route`] names;
//! 6. it gives the core the input of each [`LinkTable::overdue`] link, and replaces links through others by
//!    direct ones as [`LinkTable::upgrade`] says.

use std::collections::BTreeMap;
use std::time::Duration;

use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{Incarnation, NodeId};

use crate::{Input, Time, WantedLinks};

/// A ring link that is closed gracefully this soon after it came up counts as failed. Otherwise two members
/// that disagree about their neighbours would dial and close for ever.
pub const TOO_SHORT: Duration = Duration::from_millis(10);

/// The crossings of a link that a dial may take: four, and one more.
const CROSSINGS_OF_A_DIAL: u32 = 5;

/// The crossings that a search for a path may take, over a few members.
const CROSSINGS_OF_A_SEARCH: u32 = 12;

/// Reason for which a link is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DialPurpose {
    /// The core of its dialler wants it.
    Wanted,
    /// Its dialler looks whether a member that it skips answers again. A failure means nothing.
    Probe,
    /// Its dialler keeps it ready for the loss of its successor, or needs it to look for a path. Until it is
    /// in use it is no link of the ring: it carries no message, and the core does not know of it.
    Standby,
}

/// One link, as one of its two members knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link<I> {
    /// The caller's name of it.
    pub id: I,
    /// The member at the other end.
    pub peer: NodeId,
    /// Use of the link.
    pub kind: LinkKind,
    /// Whether this member dialled.
    pub direction: LinkDirection,
    /// Reason for which it is there.
    pub purpose: DialPurpose,
    /// Time at which the other end answered; `None` before.
    pub up_since: Option<Time>,
    /// The start of the peer that is at the other end: known at once where the peer dialled, with the first
    /// message where this member did.
    pub peer_start: Option<Incarnation>,
    /// Whether it goes through other members, its relays.
    pub relayed: bool,
    /// Whether it has been silent for so long that it may not work.
    pub doubted: bool,
    /// Whether it loses so much that another way is better, if there is one.
    pub lossy: bool,
    /// The time in which answers come on it, once that is measured.
    pub answers_within: Option<Duration>,
    /// Whether it takes, at this moment, the place of one that failed while its peer lived: the core does not
    /// know of that. The table itself does not note it.
    pub replaces: bool,
}

impl<I> Link<I> {
    /// A link that is not up yet, of which nothing is known but this.
    pub const fn new(
        id: I,
        peer: NodeId,
        kind: LinkKind,
        direction: LinkDirection,
        purpose: DialPurpose,
    ) -> Self {
        Self {
            id,
            peer,
            kind,
            direction,
            purpose,
            up_since: None,
            peer_start: None,
            relayed: false,
            doubted: false,
            lossy: false,
            answers_within: None,
            replaces: false,
        }
    }

    /// Whether messages can be sent and received at this end.
    pub const fn is_up(&self) -> bool {
        self.up_since.is_some()
    }

    /// Whether people and core know of the link: it is up and in use.
    pub fn is_known(&self) -> bool {
        self.is_up() && self.purpose != DialPurpose::Standby
    }

    /// The input by which the core learns that this link is up.
    pub const fn up_input<M>(&self) -> Input<M> {
        let (peer, link, direction) = (self.peer, self.kind, self.direction);
        if self.replaces {
            Input::LinkReplaced { peer, link, direction }
        } else {
            Input::LinkUp { peer, link, direction }
        }
    }

    /// The input by which the core learns that this link failed.
    pub const fn down_input<M>(&self) -> Input<M> {
        Input::LinkDown { peer: self.peer, link: self.kind, direction: self.direction }
    }

    /// The input by which the core learns that this link was closed, and was the last of its kind.
    pub const fn closed_input<M>(&self) -> Input<M> {
        Input::LinkClosed { peer: self.peer, link: self.kind, direction: self.direction }
    }

    /// Whether its end means nothing to people and core.
    fn is_unseen(&self) -> bool {
        self.purpose == DialPurpose::Standby
            || !self.is_up()
                && (self.purpose == DialPurpose::Probe || self.direction == LinkDirection::Incoming)
    }

    fn was_too_short(&self, now: Time) -> bool {
        (self.kind, self.direction) == (LinkKind::Ring, LinkDirection::Outgoing)
            && self.up_since.is_none_or(|up| now.since(up) < TOO_SHORT)
    }
}

/// A link that the core wants and that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Missing<I> {
    /// It has to be dialled.
    Dial {
        /// The member to dial.
        peer: NodeId,
        /// Use of the link.
        kind: LinkKind,
    },
    /// This probe, which is not answered yet, has become it. It may take no longer than any first dial from
    /// now on: the member has others to turn to.
    Hurry(Link<I>),
    /// This standby link has become it. Its other end must hear of that, and the core that it is up.
    InUse(Link<I>),
}

/// Meaning of the end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkLoss {
    /// It was known to be up, or was wanted: its peer is taken for dead or hung.
    Failed,
    /// The peer closed it, and no other link of this kind and direction is left.
    Closed,
    /// The peer closed it after it had made another one.
    Replaced,
    /// Nobody knew of it, but the core may have to know that no link of this kind is left.
    ClosedUnseen,
    /// Nobody knew of it.
    Unseen,
    /// It failed, and its peer lives: another link with it is made or expected, and the core need not know.
    Replaceable,
}

/// The cause of the end of a link, as far as its meaning depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The peer is dead, or hung as far as can be known.
    PeerLost,
    /// The link failed, but its peer lives. One in its place must be up within this time, where the peer
    /// dials.
    LinkLost {
        /// This time.
        replaced_within: Duration,
    },
    /// The peer closed it gracefully.
    Closed,
}

/// Reason for which a link must not carry what arrived on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutOfTurn {
    /// The sender's start is over.
    FormerStart {
        /// The start that the message names.
        start: Incarnation,
        /// The newest start that is known.
        present: Incarnation,
    },
    /// Another start of the peer is at the other end.
    OtherStart {
        /// The start that the message names.
        start: Incarnation,
        /// The start at the other end.
        other_end: Incarnation,
    },
    /// A standby link that is not in use carries no messages.
    NotInUse,
    /// Only a standby link is put in use, by its dialler.
    NoStandby,
}

/// All links of one member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinkTable<I> {
    links: Vec<Link<I>>,
    /// The newest start of each peer that is known.
    starts: BTreeMap<NodeId, Incarnation>,
    /// The links that failed while their peers lived. Another must be up in the place of one that the peer
    /// dialled until this time; one that this member dialled is dialled again, and that dial has an end.
    replaceable: Vec<(Link<I>, Option<Time>)>,
    /// The time for one crossing of the slowest link, as the core learned of it last.
    crossing: Duration,
}

impl<I> Default for LinkTable<I> {
    fn default() -> Self {
        Self { links: Vec::new(), starts: BTreeMap::new(), replaceable: Vec::new(), crossing: Duration::ZERO }
    }
}

impl<I: Copy + Eq> LinkTable<I> {
    /// A member's links: those that are there, and those that failed while their peers lived. In the place of
    /// one of these that its peer dialled another must be up until this time.
    pub fn new(
        links: impl IntoIterator<Item = Link<I>>,
        replaceable: impl IntoIterator<Item = Link<I>>,
        until: Time,
    ) -> Self {
        let waits = |link: &Link<I>| (link.direction == LinkDirection::Incoming).then_some(until);
        let replaceable = replaceable.into_iter().map(|link| (link, waits(&link))).collect();
        Self { links: links.into_iter().collect(), replaceable, ..Self::default() }
    }

    /// All links, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Link<I>> {
        self.links.iter()
    }

    /// One link.
    pub fn get(&self, id: I) -> Option<&Link<I>> {
        self.links.iter().find(|link| link.id == id)
    }

    fn get_mut(&mut self, id: I) -> Option<&mut Link<I>> {
        self.links.iter_mut().find(|link| link.id == id)
    }

    /// Removes a link, whatever it is; the caller closes it.
    pub fn remove(&mut self, id: I) -> Option<Link<I>> {
        self.take(|link| link.id == id)
    }

    fn take(&mut self, is_it: impl Fn(&Link<I>) -> bool) -> Option<Link<I>> {
        let at = self.links.iter().position(is_it)?;
        Some(self.links.remove(at))
    }

    /// The link with this peer, up or being dialled; never a standby link.
    pub fn find(&self, peer: NodeId, kind: LinkKind, direction: LinkDirection) -> Option<&Link<I>> {
        self.links.iter().find(|link| {
            (link.peer, link.kind, link.direction) == (peer, kind, direction)
                && link.purpose != DialPurpose::Standby
        })
    }

    /// Removes a link that this member dialled and that is not wanted. A probe may still find out whether its
    /// peer answers, and a standby link stays.
    #[must_use]
    pub fn take_surplus(&mut self, wanted: WantedLinks) -> Option<Link<I>> {
        self.replaceable.retain(|(old, until)| until.is_some() || is_wanted(wanted, old));
        self.take(|link| {
            link.direction == LinkDirection::Outgoing
                && !is_wanted(wanted, link)
                && match link.purpose {
                    DialPurpose::Wanted => true,
                    DialPurpose::Probe => link.is_up(),
                    DialPurpose::Standby => false,
                }
        })
    }

    /// A link that is wanted and not there. A probe of the same peer becomes it, and so does a standby link
    /// that is up.
    #[must_use]
    pub fn missing(&mut self, wanted: WantedLinks) -> Option<Missing<I>> {
        let both = [(wanted.successor, LinkKind::Ring), (wanted.leader, LinkKind::Heartbeat)];
        both.into_iter().find_map(|(peer, kind)| {
            let peer = peer?;
            let mut with_peer = self.links.iter_mut().filter(|link| {
                (link.peer, link.kind, link.direction) == (peer, kind, LinkDirection::Outgoing)
            });
            let mut standby = None;
            let there = with_peer.find_map(|link| match link.purpose {
                DialPurpose::Wanted => Some(None),
                DialPurpose::Probe => {
                    link.purpose = DialPurpose::Wanted;
                    Some((!link.is_up()).then_some(*link))
                }
                DialPurpose::Standby => {
                    standby = link.is_up().then_some(link.id);
                    None
                }
            });
            match (there, standby) {
                (Some(probe), _) => probe.map(Missing::Hurry),
                (None, Some(id)) => {
                    let link = self.get_mut(id)?;
                    link.purpose = DialPurpose::Wanted;
                    let up = *link;
                    Some(Missing::InUse(self.replacing(up)))
                }
                (None, None) => Some(Missing::Dial { peer, kind }),
            }
        })
    }

    /// Whether a member that the core skips is to be dialled, to see whether it answers again.
    #[must_use]
    pub fn lacks_probe(&self, peer: NodeId) -> bool {
        self.find(peer, LinkKind::Ring, LinkDirection::Outgoing).is_none()
    }

    /// Removes a standby link that this member dialled to a peer to which none is wanted.
    #[must_use]
    pub fn take_surplus_standby(&mut self, wanted: &[NodeId]) -> Option<Link<I>> {
        self.take(|link| is_own_standby(link) && !wanted.contains(&link.peer))
    }

    /// Whether there is no standby link that this member dialled to this peer.
    #[must_use]
    pub fn lacks_standby(&self, peer: NodeId) -> bool {
        !self.links.iter().any(|link| is_own_standby(link) && link.peer == peer)
    }

    /// Adds a link that this member dials.
    pub fn dialled(&mut self, id: I, peer: NodeId, kind: LinkKind, purpose: DialPurpose) {
        self.links.push(Link::new(id, peer, kind, LinkDirection::Outgoing, purpose));
    }

    /// Gives a link that is dialled anew another id.
    pub fn rename(&mut self, id: I, new: I) {
        if let Some(link) = self.get_mut(id) {
            link.id = new;
        }
    }

    /// Notes whether a link goes through others.
    pub fn set_relayed(&mut self, id: I, relayed: bool) {
        if let Some(link) = self.get_mut(id) {
            link.relayed = relayed;
        }
    }

    /// Notes whether a link has been silent for so long that it may not work. Returns its peer when that is
    /// news: of doubts, about a link that is known; otherwise, that no link with the peer is doubted any
    /// more.
    pub fn set_doubted(&mut self, id: I, doubted: bool) -> Option<NodeId> {
        let link = self.get_mut(id).filter(|link| link.doubted != doubted)?;
        link.doubted = doubted;
        let (peer, is_known) = (link.peer, link.is_known());
        let is_news = if doubted { is_known } else { !self.is_doubted(peer) };
        is_news.then_some(peer)
    }

    /// Notes that a link loses so much that it does not work, and that its peer is to be found by another
    /// way. Returns the link.
    pub fn set_lossy(&mut self, id: I) -> Option<Link<I>> {
        let link = self.get_mut(id)?;
        (link.lossy, link.doubted) = (true, true);
        Some(*link)
    }

    /// Notes the time in which answers come on a link. Returns the time for one crossing of the slowest link
    /// when the core must learn of it: it is much longer or shorter than the time that it learned of last.
    /// Times shorter than `slow` count as zero.
    #[must_use]
    pub fn measured(&mut self, id: I, answers_within: Duration, slow: Duration) -> Option<Duration> {
        self.get_mut(id)?.answers_within = Some(answers_within);
        let crossing = self.slowest().map(|round_trip| round_trip / 2).filter(|crossing| *crossing >= slow);
        let crossing = crossing.unwrap_or_default();
        let is_news = crossing > self.crossing * 5 / 4 || crossing * 2 < self.crossing;
        if !is_news {
            return None;
        }
        self.crossing = crossing;
        Some(crossing)
    }

    /// The time in which answers come on the slowest link that is known and measured.
    fn slowest(&self) -> Option<Duration> {
        self.links.iter().filter(|link| link.is_known()).filter_map(|link| link.answers_within).max()
    }

    /// Notes that a dial was not answered in time. While there is no measured link, the time for one crossing
    /// is a memory that may be far too long, and each such dial halves it. Returns the new time, of which the
    /// core must learn; times shorter than `slow` count as zero.
    #[must_use]
    pub fn unanswered(&mut self, slow: Duration) -> Option<Duration> {
        if self.crossing.is_zero() || self.slowest().is_some() {
            return None;
        }
        self.crossing = Some(self.crossing / 2).filter(|half| *half >= slow).unwrap_or_default();
        Some(self.crossing)
    }

    /// The time that a dial may take at first, when `configured` is enough where links are fast: a connection
    /// and a handshake take a round trip each. While a path to its peer is sought, there must be time for the
    /// answer.
    #[must_use]
    pub fn dial_within(&self, configured: Duration, is_sought: bool) -> Duration {
        let crossings = if is_sought { CROSSINGS_OF_A_SEARCH } else { CROSSINGS_OF_A_DIAL };
        configured.max(self.crossing.saturating_mul(crossings))
    }

    /// A link to this peer that another way can replace, now that one is known: one that this member dialled
    /// and that is lossy, or dials directly and is not up yet.
    pub fn worse_than_a_path(&self, peer: NodeId) -> Option<&Link<I>> {
        self.links.iter().find(|link| {
            link.peer == peer
                && link.direction == LinkDirection::Outgoing
                && link.purpose != DialPurpose::Standby
                && (link.lossy || !link.is_up() && !link.relayed)
        })
    }

    /// Whether a link with this peer may not work: one that is known is doubted, or one is being dialled.
    #[must_use]
    pub fn is_doubted(&self, peer: NodeId) -> bool {
        self.links.iter().any(|link| link.peer == peer && (link.doubted && link.is_known() || !link.is_up()))
    }

    /// Whether a link with this peer is known and not doubted.
    #[must_use]
    pub fn has_known(&self, peer: NodeId) -> bool {
        self.links.iter().any(|link| link.peer == peer && link.is_known() && !link.doubted)
    }

    /// Whether a direct link with this peer works, be it on standby.
    #[must_use]
    pub fn works_directly(&self, peer: NodeId) -> bool {
        self.links.iter().any(|link| link.peer == peer && link.is_up() && !(link.doubted || link.relayed))
    }

    /// The links that work, one for each peer: direct ones rather than others.
    pub fn working(&self) -> impl Iterator<Item = &Link<I>> {
        let mut best: BTreeMap<NodeId, &Link<I>> = BTreeMap::new();
        for link in self.links.iter().filter(|link| link.is_up() && !link.doubted) {
            let known = best.entry(link.peer).or_insert(link);
            if known.relayed && !link.relayed {
                *known = link;
            }
        }
        best.into_values()
    }

    /// The link that works with this member.
    pub fn working_with(&self, member: NodeId) -> Option<I> {
        self.working().find(|link| link.peer == member).map(|link| link.id)
    }

    /// The peers of the links that this member dialled through others: a direct link with them would be
    /// better.
    pub fn relayed(&self) -> impl Iterator<Item = NodeId> {
        let outgoing = self.links.iter().filter(|link| link.direction == LinkDirection::Outgoing);
        outgoing.filter(|link| link.relayed && link.is_up()).map(|link| link.peer)
    }

    /// Removes a link through others when a direct standby link with its peer has worked for `proven_after`.
    /// A ring link is replaced by the standby link, which is the second one that is returned; one of another
    /// kind is missing then, and is dialled directly.
    #[must_use]
    pub fn upgrade(&mut self, now: Time, proven_after: Duration) -> Option<(Link<I>, Option<Link<I>>)> {
        let proven = |link: &Link<I>| {
            is_own_standby(link)
                && !(link.relayed || link.doubted)
                && link.up_since.is_some_and(|up| now.since(up) >= proven_after)
        };
        let peers: Vec<(NodeId, I)> =
            self.links.iter().filter(|link| proven(link)).map(|link| (link.peer, link.id)).collect();
        peers.into_iter().find_map(|(peer, standby)| {
            let relayed = self.take(|link| {
                link.peer == peer && link.direction == LinkDirection::Outgoing && link.relayed && link.is_up()
            })?;
            if relayed.kind != LinkKind::Ring {
                return Some((relayed, None));
            }
            let direct = self.get_mut(standby)?;
            direct.purpose = DialPurpose::Wanted;
            let direct = Link { replaces: true, ..*direct };
            Some((relayed, Some(direct)))
        })
    }

    /// Removes a link that a former start of this peer dialled, when `start` dials: it is over, whenever the
    /// news of that comes.
    #[must_use]
    pub fn take_former(&mut self, peer: NodeId, start: Incarnation) -> Option<Link<I>> {
        self.take(|link| {
            (link.peer, link.direction) == (peer, LinkDirection::Incoming)
                && link.peer_start.is_some_and(|former| former < start)
        })
    }

    /// Removes the link that the peer dialled before `by`, which it has dialled or put in use since.
    #[must_use]
    pub fn take_replaced(&mut self, peer: NodeId, kind: LinkKind, by: I) -> Option<Link<I>> {
        self.take(|link| {
            (link.peer, link.kind, link.direction) == (peer, kind, LinkDirection::Incoming)
                && link.purpose != DialPurpose::Standby
                && link.id != by
        })
    }

    /// Adds a link that this start of the peer dialled.
    pub fn accepted(
        &mut self,
        id: I,
        peer: NodeId,
        kind: LinkKind,
        purpose: DialPurpose,
        start: Incarnation,
    ) {
        let link = Link::new(id, peer, kind, LinkDirection::Incoming, purpose);
        self.links.push(Link { peer_start: Some(start), ..link });
    }

    /// Notes that the other end answered. Returns the link when people and core have to know.
    pub fn up(&mut self, id: I, now: Time) -> Option<Link<I>> {
        let link = self.get_mut(id)?;
        link.up_since = Some(now);
        if link.purpose == DialPurpose::Standby {
            return None;
        }
        link.purpose = DialPurpose::Wanted;
        let up = *link;
        Some(self.replacing(up))
    }

    /// A link that is up, and is no standby link, with the note whether it takes the place of one that failed
    /// while its peer lived.
    fn replacing(&mut self, up: Link<I>) -> Link<I> {
        Link { replaces: self.is_replaced(&up), ..up }
    }

    /// Forgets that another link must take the place of those like this one. Says whether there was one.
    fn is_replaced(&mut self, link: &Link<I>) -> bool {
        let before = self.replaceable.len();
        self.replaceable
            .retain(|(old, _)| (old.peer, old.kind, old.direction) != (link.peer, link.kind, link.direction));
        self.replaceable.len() < before
    }

    /// The links that failed while their peers lived, and in whose place no other one is up.
    pub fn replaceable(&self) -> impl Iterator<Item = &Link<I>> {
        self.replaceable.iter().map(|(link, _)| link)
    }

    /// Removes a link that failed while its peer lived, when none has taken its place in time, and says what
    /// that means. The peer is lost, unless there is another link that would fail with it: then the peer
    /// wants this one no more, and its word of that did not come through.
    #[must_use]
    pub fn overdue(&mut self, now: Time) -> Option<(Link<I>, LinkLoss)> {
        let at = self.replaceable.iter().position(|(_, until)| until.is_some_and(|until| until <= now))?;
        let link = self.replaceable.remove(at).0;
        let is_held = self.links.iter().any(|other| other.peer == link.peer && !other.is_unseen());
        Some((link, if is_held { LinkLoss::ClosedUnseen } else { LinkLoss::Failed }))
    }

    /// The time at which the next link is [`LinkTable::overdue`].
    pub fn next_overdue(&self) -> Option<Time> {
        self.replaceable.iter().filter_map(|(_, until)| *until).min()
    }

    /// Notes that the peer has put its standby link in use. [`LinkTable::take_replaced`] comes first.
    ///
    /// # Errors
    ///
    /// When this is no standby link that the peer dialled.
    pub fn in_use(&mut self, id: I, now: Time) -> Result<Link<I>, OutOfTurn> {
        let is_standby = |link: &&mut Link<I>| {
            (link.purpose, link.direction) == (DialPurpose::Standby, LinkDirection::Incoming)
        };
        let link = self.get_mut(id).filter(is_standby).ok_or(OutOfTurn::NoStandby)?;
        link.purpose = DialPurpose::Wanted;
        link.up_since.get_or_insert(now);
        let up = *link;
        Ok(self.replacing(up))
    }

    /// Notes the newest start of a peer, as a trusted source names it.
    pub fn configure_start(&mut self, peer: NodeId, start: Incarnation) {
        // A start that is faster than the word of it has introduced itself already.
        let links = self.links.iter().filter(|link| link.peer == peer);
        let present = links.filter_map(|link| link.peer_start).max().unwrap_or_default();
        self.starts.insert(peer, start.max(present));
    }

    /// The newest start of a peer that is known; 0 of a stranger.
    #[must_use]
    pub fn present_start(&self, peer: NodeId) -> Incarnation {
        self.starts.get(&peer).copied().unwrap_or_default()
    }

    /// Notes that this start of a peer speaks.
    ///
    /// # Errors
    ///
    /// When a later start is known.
    pub fn observe(&mut self, peer: NodeId, start: Incarnation) -> Result<(), OutOfTurn> {
        let present = self.starts.entry(peer).or_default();
        if start < *present {
            return Err(OutOfTurn::FormerStart { start, present: *present });
        }
        *present = start;
        Ok(())
    }

    /// Checks a message that arrived on a link and names this start of its sender.
    ///
    /// # Errors
    ///
    /// When the link is not in use, when another start is at its other end, or when a later start is known.
    pub fn hears(&mut self, id: I, start: Incarnation) -> Result<(), OutOfTurn> {
        let Some(link) = self.get(id).copied() else { return Ok(()) };
        if link.purpose == DialPurpose::Standby {
            return Err(OutOfTurn::NotInUse);
        }
        if let Some(other_end) = link.peer_start.filter(|other_end| *other_end != start) {
            return Err(OutOfTurn::OtherStart { start, other_end });
        }
        self.observe(link.peer, start)?;
        if let Some(link) = self.get_mut(id) {
            link.peer_start = Some(start);
        }
        Ok(())
    }

    /// Removes a link that ended, and says what that means.
    pub fn down(&mut self, id: I, cause: Cause, now: Time) -> Option<(Link<I>, LinkLoss)> {
        let link = self.remove(id)?;
        let is_last = self.find(link.peer, link.kind, link.direction).is_none();
        let loss = if link.is_unseen() {
            // It may have taken the place of one that was up.
            let is_incoming =
                link.purpose != DialPurpose::Standby && link.direction == LinkDirection::Incoming;
            if is_incoming && is_last { LinkLoss::ClosedUnseen } else { LinkLoss::Unseen }
        } else if let Cause::LinkLost { replaced_within } = cause
            && link.is_up()
        {
            if is_last {
                let until = Time(now.0.saturating_add(replaced_within));
                let is_incoming = link.direction == LinkDirection::Incoming;
                self.replaceable.push((link, is_incoming.then_some(until)));
            }
            LinkLoss::Replaceable
        } else if cause != Cause::Closed || link.was_too_short(now) {
            self.is_replaced(&link);
            LinkLoss::Failed
        } else if is_last {
            LinkLoss::Closed
        } else {
            LinkLoss::Replaced
        };
        Some((link, loss))
    }

    /// The link on which a message to this peer goes: of the ring rather than for heartbeats rather than
    /// direct, and dialled by this member rather than by the peer. A probe that is not up carries nothing:
    /// its failure means nothing, so that a message that waits on it would be lost unnoticed.
    pub fn route(&self, to: NodeId) -> Option<I> {
        let usable = self.links.iter().filter(|link| {
            link.peer == to
                && match link.purpose {
                    DialPurpose::Wanted => true,
                    DialPurpose::Probe => link.is_up(),
                    DialPurpose::Standby => false,
                }
        });
        // Of several that are equal the oldest.
        usable.min_by_key(|link| (link.kind, link.direction)).map(|link| link.id)
    }
}

fn is_wanted<I>(wanted: WantedLinks, link: &Link<I>) -> bool {
    match link.kind {
        LinkKind::Ring => wanted.successor == Some(link.peer),
        LinkKind::Heartbeat => wanted.leader == Some(link.peer),
        LinkKind::Direct => wanted.direct,
    }
}

fn is_own_standby<I>(link: &Link<I>) -> bool {
    (link.purpose, link.direction) == (DialPurpose::Standby, LinkDirection::Outgoing)
}
