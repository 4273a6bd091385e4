//! The reasons of a member's decisions and of the messages that it drops, as data. [`crate::text`] makes
//! their sentences.
//!
//! The core names members by their ids, events by their names: [`Explanation::named`] leads from one to the
//! other.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::algorithm::AlgorithmName;
use crate::event::NamedContender;
use crate::id::{Attribute, NodeId, NodeName, Term};
use crate::json::{Fields, Part};
use crate::message;

/// Names the members of a ring.
pub trait Names {
    /// The name of a member.
    type Member;
    /// A member as it stands in an election, by its name.
    type Contender;

    /// The name of the member with this id.
    fn name_of(&self, id: NodeId) -> Self::Member;

    /// This contender by its name.
    fn contender_of(&self, contender: message::Contender) -> Self::Contender;
}

/// A part of an explanation; ids in it can be replaced by names.
trait Named<N: Names> {
    type Named;

    fn named(self, names: &N) -> Self::Named;
}

impl<N: Names> Named<N> for NodeId {
    type Named = N::Member;

    fn named(self, names: &N) -> N::Member {
        names.name_of(self)
    }
}

impl<N: Names> Named<N> for message::Contender {
    type Named = N::Contender;

    fn named(self, names: &N) -> N::Contender {
        names.contender_of(self)
    }
}

impl<N: Names, T: Named<N>> Named<N> for Option<T> {
    type Named = Option<T::Named>;

    fn named(self, names: &N) -> Self::Named {
        self.map(|part| part.named(names))
    }
}

impl<N: Names> Named<N> for Why<message::Contender> {
    type Named = Why<N::Contender>;

    fn named(self, names: &N) -> Self::Named {
        self.map(|label| names.contender_of(label))
    }
}

macro_rules! without_names {
    ($($type:ty),*) => {
        $(impl<N: Names> Named<N> for $type {
            type Named = Self;

            fn named(self, _: &N) -> Self {
                self
            }
        })*
    };
}

without_names!(Term, Attribute, AlgorithmName, u32);

/// One list for the variants, their JSON, and the way from ids to names.
///
/// Read by hand, as [`crate::EventKind`] is: the page reads them.
macro_rules! reasons {
    (
        $(#[$about:meta])+
        $name:ident tagged by $tag:literal {
            $($(#[$meaning:meta])* $word:literal => $variant:ident $({ $($field:ident: $type:ty),* })?,)*
        }
    ) => {
        $(#[$about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        #[serde(tag = $tag)]
        #[allow(missing_docs, reason = "each variant is the sentence that `text` makes of it")]
        pub enum $name<Member = NodeId, Contender = message::Contender> {
            $($(#[$meaning])* #[serde(rename = $word)] $variant $({ $($field: $type),* })?,)*
        }

        impl<Member, Contender> $name<Member, Contender> {
            /// The value of the tag in JSON, for each variant.
            pub const NAMES: &[&str] = &[$($word),*];
        }

        impl $name {
            /// The same with names in place of ids.
            pub fn named<N: Names>(self, names: &N) -> $name<N::Member, N::Contender> {
                match self {
                    $(Self::$variant $({ $($field),* })? => $name::$variant $({
                        $($field: Named::named($field, names)),*
                    })?,)*
                }
            }
        }

        impl<Member: Part, Contender: Part> $name<Member, Contender> {
            fn read(fields: Map<String, Value>) -> Result<Self, String> {
                let mut fields = Fields::of(fields);
                let tag: String = fields.take($tag);
                let read = match tag.as_str() {
                    $($word => Self::$variant $({ $($field: fields.take(stringify!($field))),* })?,)*
                    other => return Err(format!("there is no {} {other:?}", $tag)),
                };
                fields.whole(read)
            }
        }

        impl<'de, M: Part, C: Part> Deserialize<'de> for $name<M, C> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::read(Map::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

impl<Member, Contender> Explanation<Member, Contender> {
    /// Whether a member that has no leader says by it why it raises no term.
    #[must_use]
    pub const fn is_of_outside(&self) -> bool {
        matches!(self, Self::InquiryMetLeader { .. } | Self::InquiryOfFew { .. } | Self::InquiryUnanswered)
    }
}

reasons! {
    /// One decision and its reason. Tagged by `decision` in JSON.
    Explanation tagged by "decision" {
        "initiating" => Initiating { term: Term, me: Contender },
        "initiating_ineligible" => InitiatingIneligible { term: Term },
        "nobody_may_lead" => NobodyMayLead { term: Term },
        "passing_on_ineligible" => PassingOnIneligible { candidate: Contender },
        "replacing_ineligible" => ReplacingIneligible { candidate: Contender, me: Contender },
        "leader_lost_ineligible" => LeaderLostIneligible { leader: Member },
        "deputy_may_not_lead" => DeputyMayNotLead { deputy: Member },
        "no_deputy_found" => NoDeputyFound,
        "replacing" => Replacing { candidate: Contender, me: Contender },
        "passing_on" => PassingOn { candidate: Contender, me: Contender },
        "passing_on_result" => PassingOnResult { leader: Member, deputy: Option<Member> },
        "won" => Won { term: Term, me: Contender, deputy: Option<Contender> },
        "alone_and_leading" => AloneAndLeading { term: Term, me: Contender },
        "following" => Following { term: Term, leader: Member, deputy: Option<Member> },
        "deputy_now" => DeputyNow { term: Term, leader: Member },
        "attribute_differs" => AttributeDiffers { leader: Contender, here: Attribute },
        "taking_over" => TakingOver { term: Term, lost: Member },
        "looking_for_deputy" => LookingForDeputy { lost: Option<Member> },
        "offering_myself" => OfferingMyself { me: Contender },
        "deputy_found" => DeputyFound { deputy: Contender },
        "stepping_down" => SteppingDown { term: Term, leader: Option<Member> },
        "leader_lost" => LeaderLost { leader: Member },
        "leader_lost_unconfirmed" => LeaderLostUnconfirmed { leader: Member },
        "leader_lost_electing" => LeaderLostElecting { leader: Member },
        "leader_lost_waiting" => LeaderLostWaiting { leader: Member },
        "no_deputy_from_now_on" => NoDeputyFromNowOn,
        "candidate_lost" => CandidateLost { candidate: Contender },
        "election_timeout" => ElectionTimeout { term: Term },
        "lap_timeout" => LapTimeout,
        "deputy_silent" => DeputySilent { deputy: Member },
        "routing_past" => RoutingPast { lost: Member, successor: Member },
        "alone" => Alone,
        "readmitting" => Readmitting { member: Member },
        "new_successor" => NewSuccessor { successor: Member },
        "sending_again" => SendingAgain { to: Member },
        "old_mandate" => OldMandate { term: Term },
        "waiting_for_leader" => WaitingForLeader { term: Term },
        "old_mandate_without_deputy" => OldMandateWithoutDeputy { term: Term },
        "claiming" => Claiming { term: Term, me: Contender, needed: u32 },
        "promising" => Promising { term: Term, leader: Member },
        "not_promising" => NotPromising { term: Term, leader: Member },
        "quorum_found" => QuorumFound { votes: u32, needed: u32 },
        "no_quorum" => NoQuorum { votes: u32, needed: u32 },
        "waiting_for_lease" => WaitingForLease { of: Member },
        "lease_over" => LeaseOver { term: Term },
        "lease_came_late" => LeaseCameLate { term: Term },
        "inquiring" => Inquiring { term: Term },
        "inquiry_met_leader" => InquiryMetLeader { leader: Member },
        "inquiry_of_few" => InquiryOfFew { supporters: u32, needed: u32 },
        "inquiry_unanswered" => InquiryUnanswered,
        "newer_term_seen" => NewerTermSeen { term: Term },
        "renewing_for_quorum" => RenewingForQuorum,
        "classic" => Classic { why: Why<Contender> },
        "calling_the_roll" => CallingTheRoll,
        "roll_called" => RollCalled { members: u32 },
        "won_classic" => WonClassic { term: Term },
        "won_without_deputy" => WonWithoutDeputy { term: Term },
        "confirming" => Confirming { term: Term },
        "election_void" => ElectionVoid { term: Term },
        "taking_part_already" => TakingPartAlready { term: Term },
    }
}

/// An explanation as events carry it.
pub type NamedExplanation = Explanation<NodeName, NamedContender>;

impl<M: Part, C: Part> Part for Explanation<M, C> {
    const ANY: Self = Self::CallingTheRoll;
}

reasons! {
    /// The reason for which a member does not act on a message that it received. Tagged by `kind` in JSON.
    DropReason tagged by "kind" {
        /// It is about an older term than this member's.
        "older_term" => OlderTerm { mine: Term },
        /// Its term already has a leader.
        "already_decided" => AlreadyDecided { term: Term },
        /// This member has passed on a better candidate, or this one, in this term.
        "better_passed_on" => BetterPassedOn { best: Contender },
        /// This member knows that already.
        "known" => Known,
        /// It has crossed more links than a message may cross in this ring: its originator must be gone.
        "hop_budget" => HopBudget { budget: u32 },
        /// Another algorithm decides this term here.
        "other_algorithm" => OtherAlgorithm { mine: AlgorithmName },
        /// Its sender sees another ring than this member, which expects ring messages of its predecessor.
        "another_ring" => AnotherRing { predecessor: Option<Member> },
        /// One that its sender sent before it has not arrived.
        "one_is_missing" => OneIsMissing,
        /// No member would say this.
        "makes_no_sense" => MakesNoSense,
        /// By the rules of its algorithm it goes no further.
        "ends_here" => EndsHere,
    }
}

impl<Member, Contender> DropReason<Member, Contender> {
    /// Whether the drop is a sign that something went wrong: a message was lost, or members see different
    /// rings. Otherwise the drop is a rule of the algorithm at work, such as a candidate that has met a
    /// better one.
    #[must_use]
    pub const fn is_trouble(&self) -> bool {
        match self {
            Self::OlderTerm { .. }
            | Self::AlreadyDecided { .. }
            | Self::BetterPassedOn { .. }
            | Self::Known
            | Self::EndsHere => false,
            Self::HopBudget { .. }
            | Self::OtherAlgorithm { .. }
            | Self::AnotherRing { .. }
            | Self::OneIsMissing
            | Self::MakesNoSense => true,
        }
    }
}

/// A reason as events carry it.
pub type NamedDropReason = DropReason<NodeName, NamedContender>;

impl<M: Part, C: Part> Part for DropReason<M, C> {
    const ANY: Self = Self::Known;
}

/// One decision of a classic algorithm and its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why<L> {
    /// It takes part from now on, with its own label.
    Joined(L),
    /// It may not win, and only passes messages on.
    Passive(L),
    /// It passes this on, higher than its own.
    PassedOn(L),
    /// It does not pass this on, lower than its own.
    Swallowed(L),
    /// It sends this back to its member: it has gone as far as its phase allows.
    SentBack(L),
    /// It keeps this until the other label arrives that it must be compared with.
    Holding(L),
    /// It only relays from now on: this one is better.
    BeatenBy(L),
    /// It goes into this phase or round, on behalf of this label.
    Advanced {
        /// The phase or round.
        phase: u32,
        /// The label.
        label: L,
    },
    /// It knows that this is the highest.
    Found(L),
    /// Anonymous rings: it drew this number for this round.
    Drew {
        /// The number.
        number: u32,
        /// The round, from 1.
        round: u32,
    },
    /// Anonymous rings: another member drew the same highest number.
    Tied {
        /// The number.
        number: u32,
    },
}

impl<L: Part> Part for Why<L> {
    const ANY: Self = Self::Tied { number: 0 };
}

impl<'de, L: Part> Deserialize<'de> for Why<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |fields: Map<String, Value>| {
            let (word, value) = fields.into_iter().next().ok_or("there is no reason")?;
            Self::read(&word, value)
        };
        read(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Makes a reason of the label that it is about.
type About<L> = fn(L) -> Why<L>;

impl<L: Part> Why<L> {
    /// The reasons that are about a label and nothing else.
    const ABOUT_A_LABEL: [(&str, About<L>); 8] = [
        ("joined", Self::Joined),
        ("passive", Self::Passive),
        ("passed_on", Self::PassedOn),
        ("swallowed", Self::Swallowed),
        ("sent_back", Self::SentBack),
        ("holding", Self::Holding),
        ("beaten_by", Self::BeatenBy),
        ("found", Self::Found),
    ];

    fn read(word: &str, value: Value) -> Result<Self, String> {
        if let Some((_, why)) = Self::ABOUT_A_LABEL.iter().find(|(name, _)| *name == word) {
            return serde_json::from_value(value).map(why).map_err(|error| format!("{word}: {error}"));
        }
        let Value::Object(fields) = value else { return Err(format!("{word}: no object")) };
        let mut fields = Fields::of(fields);
        let why = match word {
            "advanced" => Self::Advanced { phase: fields.take("phase"), label: fields.take("label") },
            "drew" => Self::Drew { number: fields.take("number"), round: fields.take("round") },
            "tied" => Self::Tied { number: fields.take("number") },
            _ => return Err(format!("there is no reason {word:?}")),
        };
        fields.whole(why)
    }
}

impl<L> Why<L> {
    /// The same about another label.
    pub fn map<T>(self, other: impl FnOnce(L) -> T) -> Why<T> {
        match self {
            Self::Joined(label) => Why::Joined(other(label)),
            Self::Passive(label) => Why::Passive(other(label)),
            Self::PassedOn(label) => Why::PassedOn(other(label)),
            Self::Swallowed(label) => Why::Swallowed(other(label)),
            Self::SentBack(label) => Why::SentBack(other(label)),
            Self::Holding(label) => Why::Holding(other(label)),
            Self::BeatenBy(label) => Why::BeatenBy(other(label)),
            Self::Advanced { phase, label } => Why::Advanced { phase, label: other(label) },
            Self::Found(label) => Why::Found(other(label)),
            Self::Drew { number, round } => Why::Drew { number, round },
            Self::Tied { number } => Why::Tied { number },
        }
    }
}
