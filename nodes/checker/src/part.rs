//! Members that reach each other, and what they agree on.

use ringleader_election::Core;
use ringleader_shared::{Role, Succession, Term};

/// Live members that reach each other, directly or through others.
#[derive(Debug)]
pub struct Part<'a> {
    members: Vec<&'a Core>,
    succession: Succession,
}

impl<'a> Part<'a> {
    pub(crate) fn new(members: impl Iterator<Item = &'a Core>, succession: Succession) -> Self {
        Self { members: members.collect(), succession }
    }

    /// Whether a leader of these members is to have a deputy.
    #[must_use]
    pub fn wants_deputy(&self) -> bool {
        let may = |core: &&Core| core.may_lead() && core.role() != Role::Leader;
        self.succession == Succession::Deputy && self.members.iter().any(may)
    }

    /// Whether one of them has heard of an election.
    #[must_use]
    pub fn has_elected(&self) -> bool {
        self.members.iter().any(|core| core.known_term() > Term::ZERO)
    }

    /// Whether all follow one leader among them, which knows it, and one deputy if one is to be, which does.
    /// Where nobody may lead: whether nobody leads, and nobody waits for a leader.
    #[must_use]
    pub fn agrees(&self) -> bool {
        if self.members.iter().any(|core| core.may_lead()) { self.follow_one() } else { self.is_vacant() }
    }

    fn is_vacant(&self) -> bool {
        self.members.iter().all(|core| core.mandate().is_none() && core.role() == Role::Follower)
    }

    fn follow_one(&self) -> bool {
        let Some(mandate) = self.members.iter().find_map(|core| core.mandate()) else { return false };
        let same = |core: &&Core| core.mandate() == Some(mandate) && core.term() == mandate.term;
        let with_role = |role: Role| -> Vec<_> {
            self.members.iter().filter(|core| core.role() == role).map(|core| core.id()).collect()
        };
        let deputy: Vec<_> = mandate.deputy.map(|deputy| deputy.id).into_iter().collect();
        self.members.iter().all(same)
            && with_role(Role::Leader) == [mandate.leader.id]
            && with_role(Role::Deputy) == deputy
            && deputy.is_empty() != self.wants_deputy()
    }
}
