//! The state that a member shares with its neighbours, leader and term, and the digest by which they
//! compare it.

use std::hash::Hasher;

use fnv::FnvHasher;
use ringleader_shared::message::StateUpdate;
use ringleader_shared::{Mandate, NodeId, RingMessage, Term};

use super::{Core, Out};
use crate::Effect;

/// The digest of a term and the mandate in it: equal knowledge has equal digests. FNV-1a, 64 bits.
#[must_use]
pub fn digest(term: Term, mandate: Option<Mandate>) -> u64 {
    let deputy = mandate.and_then(|mandate| mandate.deputy);
    let words = [
        term.0,
        mandate.map_or(0, |mandate| u64::from(mandate.deputy_epoch) + 1),
        mandate.map_or(0, |mandate| mandate.leader.attribute.0),
        deputy.map_or(0, |deputy| deputy.attribute.0),
    ];
    let leader = mandate.map_or([0; 16], |mandate| *mandate.leader.id.0.as_bytes());
    let deputy = deputy.map_or([0; 16], |deputy| *deputy.id.0.as_bytes());
    let mut hasher = FnvHasher::default();
    words.into_iter().for_each(|word| hasher.write(&word.to_be_bytes()));
    [leader, deputy].iter().for_each(|id| hasher.write(id));
    hasher.finish()
}

/// The digest of what the sender of this message knew when it sent it.
#[must_use]
pub fn digest_of_sender(message: &RingMessage) -> u64 {
    digest(message.term(), message.mandate().copied())
}

impl Core {
    /// The digest of the state that this member would send to a neighbour.
    #[must_use]
    pub fn state_digest(&self) -> u64 {
        digest(self.term, self.shared_mandate())
    }

    /// The mandate to share with neighbours. A restarted leader must not announce its former term, so its own
    /// mandate is shared only while it leads.
    fn shared_mandate(&self) -> Option<Mandate> {
        self.mandate().copied().filter(|mandate| self.is_leader() || mandate.leader.id != self.me)
    }

    pub(super) fn send_state_update(&self, to: NodeId, out: &mut Out) {
        if self.term > Term::ZERO && to != self.me {
            let mandate = self.shared_mandate();
            out.push(Effect::Send { to, message: StateUpdate { term: self.term, mandate }.into() });
        }
    }
}
