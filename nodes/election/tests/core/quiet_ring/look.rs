//! The ring as a test sees it.

use ringleader_election::classic::{Announcement, Observed, properties};
use ringleader_election::{Core, Timer};
use ringleader_shared::event::NamedContender;
use ringleader_shared::explanation::Names;
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::message::{
    Classic, DeputySearch, Elected, Election, Found, Inquiry, Lease, RollCall, StateUpdate, Vacant,
};
use ringleader_shared::{AlgorithmName, Contender, NodeId, NodeName, RingMessage, Role, text};

use super::{QuietRing, Sent, id, name};

/// The names of this module's ids.
struct Letters;

impl Names for Letters {
    type Member = NodeName;
    type Contender = NamedContender;

    fn name_of(&self, id: NodeId) -> NodeName {
        name(id).parse().expect("a name")
    }

    fn contender_of(&self, contender: Contender) -> NamedContender {
        NamedContender { name: self.name_of(contender.id), attribute: contender.attribute }
    }
}

impl QuietRing {
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
        let table = self.links.get(&id(from));
        table.is_some_and(|table| table.find(id(to), link, LinkDirection::Outgoing).is_some())
    }

    /// The lines of a member's log card, oldest first.
    pub(crate) fn log(&self, who: &str) -> Vec<String> {
        let said = self.said.iter().filter(|(node, _)| *node == id(who));
        said.map(|(_, why)| text::explanation(&why.named(&Letters))).collect()
    }

    /// The messages of elections, searches and results that were sent, in words.
    pub(crate) fn described(&self) -> Vec<String> {
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

    /// Messages of the election itself, without what Ringleader lays around it.
    pub(crate) fn election_messages(&self) -> u64 {
        let is_its_own = |message: &RingMessage| match self.settings.algorithm {
            AlgorithmName::MaxRing => matches!(message, RingMessage::Election(_)),
            _ => matches!(message, RingMessage::Classic(_)),
        };
        self.sent.iter().filter(|sent| is_its_own(&sent.message)).count() as u64
    }

    /// Every live member follows one leader, the one that must win when these members initiate, at the cost
    /// that the algorithm promises; and the best of the others is its deputy.
    #[track_caller]
    pub(crate) fn assert_promises_kept(&self, initiators: &[&str]) {
        let algorithm = self.settings.algorithm;
        let places = initiators.iter().map(|who| self.members.iter().position(|member| member.id == id(who)));
        let leaders: Vec<NodeId> =
            self.nodes.values().filter(|node| node.role() == Role::Leader).map(Core::id).collect();
        let leader = self.members.iter().find(|member| leaders == [member.id]).copied();
        let follows =
            |node: &&Core| node.mandate().map(|mandate| mandate.leader.id) == leader.map(|leader| leader.id);
        let observed = Observed {
            labels: &self.members,
            initiators: &places.map(|place| place.expect("a member")).collect::<Vec<_>>(),
            leader,
            informed: self.nodes.values().filter(follows).count(),
            messages: self.election_messages(),
            announcement: Announcement::Uncounted,
        };
        if let Err(broken) = properties(algorithm).check(&observed) {
            panic!("{algorithm}, initiated by {initiators:?}: {broken}");
        }
        let others = self.members.iter().filter(|member| Some(member.id) != leader.map(|leader| leader.id));
        let deputy = others.max().map(|deputy| name(deputy.id));
        self.assert_led_by(&name(leaders[0]), deputy.as_deref());
    }
}

pub(crate) fn is_state_update(message: &RingMessage) -> bool {
    matches!(message, RingMessage::StateUpdate(_))
}

/// One message in words: `A>B election 1: D, C`.
fn in_words(Sent { from, to, message }: Sent) -> String {
    let or_none = |member: Option<Contender>| member.map_or("-".to_owned(), |member| name(member.id));
    let what = match message {
        RingMessage::Election(Election { term, candidate, deputy, hops, .. }) => {
            format!("election {term}: {} {}, hop {hops}", name(candidate.id), or_none(deputy))
        }
        RingMessage::Classic(Classic { term, port, payload, .. }) => {
            format!("classic {term}: {port:?} {} {:?}", or_none(payload.label), payload.numbers)
        }
        RingMessage::Vacant(Vacant { term, hops, .. }) => format!("vacant {term}: hop {hops}"),
        RingMessage::Inquiry(Inquiry { term, supporters, leader, hops, .. }) => {
            let leader = or_none(leader.map(|mandate| mandate.leader));
            format!("inquiry {term}: {supporters} supporters, {leader} leads, hop {hops}")
        }
        RingMessage::RollCall(RollCall { term, hops, .. }) => format!("roll call {term}: hop {hops}"),
        RingMessage::Found(Found { term, leader, hops }) => {
            format!("found {term}: {}, hop {hops}", name(leader.id))
        }
        RingMessage::DeputySearch(DeputySearch { mandate, deputy, hops, .. }) => {
            format!("search {}: {} {}, hop {hops}", mandate.term, name(mandate.leader.id), or_none(deputy))
        }
        RingMessage::Elected(Elected { mandate, hops, .. }) => {
            let deputy = or_none(mandate.deputy);
            format!("elected {}: {} {deputy}, hop {hops}", mandate.term, name(mandate.leader.id))
        }
        RingMessage::Lease(Lease { mandate, ballot, .. }) => {
            format!("lease {}: {} votes", mandate.term, ballot.votes)
        }
        RingMessage::StateUpdate(StateUpdate { term, mandate }) => match mandate {
            Some(mandate) => {
                format!("update {term}: {} {}", name(mandate.leader.id), or_none(mandate.deputy))
            }
            None => format!("update {term}: nobody"),
        },
    };
    format!("{}>{} {what}", name(from), name(to))
}
