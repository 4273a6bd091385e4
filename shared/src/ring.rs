//! The members of the ring and their order.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::event::NamedContender;
use crate::explanation::Names;
use crate::id::{Attribute, Incarnation, NodeId, NodeName};
use crate::json;
use crate::message::Contender;

/// The largest ring that the server runs as processes.
pub const MAX_MEMBERS: usize = 64;

/// One configured member.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Member {
    /// The member's id, the same across restarts.
    pub id: NodeId,
    /// The member's name; unique in the ring.
    pub name: NodeName,
    /// Its priority.
    pub attribute: Attribute,
    /// Whether it may lead and be deputy.
    pub eligible: bool,
    /// The start of it that is running, or ran last.
    pub incarnation: Incarnation,
    /// The address at which it accepts node links; `None` until it has reported one.
    pub address: Option<SocketAddr>,
}

json::read_by_name! { Member { id, name, attribute, incarnation, address } or true { eligible } }

/// The members in ring order: each one's successor is the next, the last one's is the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RingSpec {
    /// The members in ring order.
    pub members: Vec<Member>,
}

impl RingSpec {
    /// The member with this id.
    #[must_use]
    pub fn member(&self, id: NodeId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    /// The member with this name.
    #[must_use]
    pub fn named(&self, name: &NodeName) -> Option<&Member> {
        self.members.iter().find(|member| &member.name == name)
    }

    /// The name of a member; the beginning of its id when it is not (or no longer) in the ring.
    #[must_use]
    pub fn name(&self, id: NodeId) -> NodeName {
        if let Some(member) = self.member(id) {
            return member.name.clone();
        }
        let short: String = id.to_string().chars().take(8).collect();
        short.parse().unwrap_or_else(|_| NodeName::nth(0))
    }

    /// This contender by its name.
    #[must_use]
    pub fn contender(&self, contender: Contender) -> NamedContender {
        NamedContender { name: self.name(contender.id), attribute: contender.attribute }
    }

    /// Adds the members of `ring`. Members that have left are kept, so that their names can still be
    /// resolved.
    pub fn remember(&mut self, ring: &Self) {
        self.members.retain(|member| ring.member(member.id).is_none());
        self.members.extend_from_slice(&ring.members);
    }

    /// The members after `id` in ring order, once round, without `id` itself. Empty when `id` is not a
    /// member.
    pub fn after(&self, id: NodeId) -> impl Iterator<Item = &Member> {
        let position = self.members.iter().position(|member| member.id == id);
        let (before, from) = match position {
            Some(position) => self.members.split_at(position),
            None => (&self.members[..0], &self.members[..0]),
        };
        from.iter().skip(1).chain(before)
    }
}

impl Names for RingSpec {
    type Member = NodeName;
    type Contender = NamedContender;

    fn name_of(&self, id: NodeId) -> NodeName {
        self.name(id)
    }

    fn contender_of(&self, contender: Contender) -> NamedContender {
        self.contender(contender)
    }
}
