//! What happened in a run, kept as data and told in lines.

use std::fmt;

use ringleader_election::{DropReason, Explanation, Time, Timer};
use ringleader_shared::event::Outcome;
use ringleader_shared::link::LinkKind;
use ringleader_shared::{Contender, Mandate, NodeId, RingMessage, Role, Term};

use crate::schedule::Action;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in virtual time.
    pub at: Time,
    /// To whom.
    pub node: NodeId,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Something was done to it.
    Done(Action),
    /// It sent a message.
    Sent {
        /// To whom.
        to: NodeId,
        /// The message.
        message: RingMessage,
    },
    /// A message reached it.
    Received {
        /// From whom.
        from: NodeId,
        /// The message.
        message: RingMessage,
    },
    /// A message of its own found no link, or was lost with one.
    Lost {
        /// To whom it was to go.
        to: NodeId,
        /// The message.
        message: RingMessage,
    },
    /// It did not act on the message that it just received.
    Dropped {
        /// Why.
        reason: DropReason,
    },
    /// It learned that a link works.
    LinkUp {
        /// The other end.
        peer: NodeId,
        /// What it is for.
        link: LinkKind,
    },
    /// It learned that a link failed, or could not be made.
    LinkDown {
        /// The other end.
        peer: NodeId,
        /// What it was for.
        link: LinkKind,
    },
    /// One of its timers ran out.
    TimerFired(Timer),
    /// Its standing changed.
    Became {
        /// Its role.
        role: Role,
        /// Its term.
        term: Term,
        /// Whom it follows.
        mandate: Option<Mandate>,
    },
    /// Its lap came back.
    Completed {
        /// What this was.
        outcome: Outcome,
        /// Links that the lap crossed.
        members: u32,
    },
    /// It said why.
    Said(Explanation),
}

/// Everything that happened in a run, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    entries: Vec<Entry>,
}

impl Trace {
    pub(crate) fn add(&mut self, at: Time, node: NodeId, what: What) {
        self.entries.push(Entry { at, node, what });
    }

    /// What happened, as data.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What happened, a line each, with `name` telling what people call a member.
    pub fn lines(&self, name: impl Fn(NodeId) -> String) -> impl Iterator<Item = String> {
        self.entries.iter().map(move |entry| {
            let ms = entry.at.0.as_secs_f64() * 1000.0;
            format!("{ms:12.3} ms  {:<3} {}", name(entry.node), InWords(&entry.what, &name))
        })
    }
}

struct InWords<'a, N>(&'a What, &'a N);

impl<N: Fn(NodeId) -> String> InWords<'_, N> {
    fn maybe(&self, member: Option<Contender>) -> String {
        member.map_or_else(|| "nobody".to_owned(), |member| self.1(member.id))
    }

    fn mandate(&self, mandate: &Mandate) -> String {
        let Mandate { term, leader, appointment, deputy } = mandate;
        format!("term {term}.{appointment}: {} leads, deputy {}", self.1(leader.id), self.maybe(*deputy))
    }

    fn message(&self, message: &RingMessage) -> String {
        match message {
            RingMessage::Election { term, initiator, candidate, deputy, hops } => format!(
                "Election term {term} by {}: {} {}, hop {hops}",
                self.1(*initiator),
                self.1(candidate.id),
                self.maybe(*deputy)
            ),
            RingMessage::DeputySearch { mandate, deputy, hops, .. } => {
                format!("DeputySearch {}, best {}, hop {hops}", self.mandate(mandate), self.maybe(*deputy))
            }
            RingMessage::Elected { mandate, hops, .. } => {
                format!("Elected {}, hop {hops}", self.mandate(mandate))
            }
            RingMessage::Lease { mandate, votes, highest, .. } => {
                format!("Lease {}, {votes} votes, highest term {highest}", self.mandate(mandate))
            }
            RingMessage::Standing { term, mandate: Some(mandate) } => {
                format!("Standing term {term}, {}", self.mandate(mandate))
            }
            RingMessage::Standing { term, mandate: None } => format!("Standing term {term}, no leader"),
        }
    }
}

impl<N: Fn(NodeId) -> String> fmt::Display for InWords<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            What::Done(action) => write!(f, "*** {action}"),
            What::Sent { to, message } => write!(f, "-> {}  {}", self.1(*to), self.message(message)),
            What::Received { from, message } => write!(f, "<- {}  {}", self.1(*from), self.message(message)),
            What::Lost { to, message } => write!(f, "-x {}  {}", self.1(*to), self.message(message)),
            What::Dropped { reason } => write!(f, "   dropped: {reason:?}"),
            What::LinkUp { peer, link } => write!(f, "   {link} link with {} is up", self.1(*peer)),
            What::LinkDown { peer, link } => write!(f, "   {link} link with {} is down", self.1(*peer)),
            What::TimerFired(timer) => write!(f, "   {timer:?} timer ran out"),
            What::Became { role, term, mandate } => {
                let following = mandate
                    .as_ref()
                    .map_or_else(|| format!("term {term}, no leader"), |mandate| self.mandate(mandate));
                write!(f, "   is {role} ({following})")
            }
            What::Completed { outcome, members } => {
                write!(f, "   lap is back from {members} members: {outcome:?}")
            }
            What::Said(why) => write!(f, "   \"{}\"", why.words(self.1)),
        }
    }
}
