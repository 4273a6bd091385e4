//! The reason of a member's decision, as data. [`Explanation::describe`] makes the sentence that the log card
//! shows.

use std::fmt::Write;

use ringleader_shared::{Attribute, Contender, NodeId, Term};
use serde::{Deserialize, Serialize};

use crate::classic::Why;

/// One decision and its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each variant is the sentence that `describe` makes of it")]
pub enum Explanation {
    Initiating { term: Term, me: Contender },
    InitiatingIneligible { term: Term },
    NobodyMayLead { term: Term },
    PassingOnIneligible { candidate: Contender },
    ReplacingIneligible { candidate: Contender, me: Contender },
    LeaderLostIneligible { leader: NodeId },
    DeputyMayNotLead { deputy: NodeId },
    NoDeputyFound,
    Replacing { candidate: Contender, me: Contender },
    PassingOn { candidate: Contender, me: Contender },
    PassingOnResult { leader: NodeId, deputy: Option<NodeId> },
    Won { term: Term, me: Contender, deputy: Option<Contender> },
    AloneAndLeading { term: Term, me: Contender },
    Following { term: Term, leader: NodeId, deputy: Option<NodeId> },
    DeputyNow { term: Term, leader: NodeId },
    AttributeDiffers { leader: Contender, here: Attribute },
    TakingOver { term: Term, lost: NodeId },
    LookingForDeputy { lost: Option<NodeId> },
    OfferingMyself { me: Contender },
    DeputyFound { deputy: Contender },
    SteppingDown { term: Term, leader: Option<NodeId> },
    LeaderLost { leader: NodeId },
    LeaderLostUnconfirmed { leader: NodeId },
    LeaderLostElecting { leader: NodeId },
    LeaderLostWaiting { leader: NodeId },
    NoDeputyFromNowOn,
    CandidateLost { candidate: Contender },
    ElectionTimeout { term: Term },
    LapTimeout,
    DeputySilent { deputy: NodeId },
    RoutingPast { lost: NodeId, successor: NodeId },
    Alone,
    Readmitting { member: NodeId },
    NewSuccessor { successor: NodeId },
    SendingAgain { to: NodeId },
    OldMandate { term: Term },
    WaitingForLeader { term: Term },
    OldMandateWithoutDeputy { term: Term },
    Claiming { term: Term, me: Contender, needed: u32 },
    Promising { term: Term, leader: NodeId },
    NotPromising { term: Term, leader: NodeId },
    QuorumFound { votes: u32, needed: u32 },
    NoQuorum { votes: u32, needed: u32 },
    WaitingForLease { of: NodeId },
    LeaseOver { term: Term },
    NewerTermSeen { term: Term },
    RenewingForQuorum,
    Classic(Why<Contender>),
    CallingTheRoll,
    RollCalled { members: u32 },
    WonClassic { term: Term },
    WonWithoutDeputy { term: Term },
    Confirming { term: Term },
    ElectionVoid { term: Term },
    TakingPartAlready { term: Term },
}

impl Explanation {
    /// The sentence, with `name` giving the name of a member.
    pub fn describe(&self, name: impl Fn(NodeId) -> String) -> String {
        let who = |c: &Contender| format!("{} ({})", name(c.id), c.attribute);
        let mut text = String::new();
        // Writing to a String can't fail.
        let _ = match self {
            Self::Initiating { term, me } => {
                write!(text, "initiating the election of term {term} with my attribute ({})", me.attribute)
            }
            Self::InitiatingIneligible { term } => {
                write!(text, "initiating the election of term {term}; I may not lead myself")
            }
            Self::NobodyMayLead { term } => {
                write!(text, "no live member may lead: term {term} stays without a leader")
            }
            Self::PassingOnIneligible { candidate } => {
                write!(text, "passing on {}: I may not lead", who(candidate))
            }
            Self::ReplacingIneligible { candidate, me } => {
                write!(text, "replacing {}, which may not lead, with me ({})", who(candidate), me.attribute)
            }
            Self::LeaderLostIneligible { leader } => write!(
                text,
                "the leader {} is lost, and as its deputy I may not lead any more: starting an election",
                name(*leader)
            ),
            Self::DeputyMayNotLead { deputy } => {
                write!(text, "my deputy {} may not lead any more: looking for the next one", name(*deputy))
            }
            Self::NoDeputyFound => write!(text, "no other live member may be deputy"),
            Self::Replacing { candidate, me } if candidate.attribute == me.attribute => {
                write!(text, "replacing {} with me: same as mine, my id is higher", who(candidate))
            }
            Self::Replacing { candidate, me } => {
                write!(text, "replacing {} with me ({}): mine is higher", who(candidate), me.attribute)
            }
            Self::PassingOn { candidate, me } if candidate.id == me.id => {
                write!(text, "passing on my own value ({}): it has not gone all the way round", me.attribute)
            }
            Self::PassingOn { candidate, me } if candidate.attribute == me.attribute => {
                write!(text, "passing on {}: same as mine, its id is higher", who(candidate))
            }
            Self::PassingOn { candidate, me } => {
                write!(text, "passing on {}: higher than mine ({})", who(candidate), me.attribute)
            }
            Self::PassingOnResult { leader, deputy: Some(deputy) } => {
                write!(
                    text,
                    "passing on the result: {} leads, {} is its deputy",
                    name(*leader),
                    name(*deputy)
                )
            }
            Self::PassingOnResult { leader, deputy: None } => {
                write!(text, "passing on the result: {} leads", name(*leader))
            }
            Self::Won { term, me, deputy: Some(deputy) } => write!(
                text,
                "my own value ({}) came back: nobody is higher, I am the leader of term {term}; {} is my deputy",
                me.attribute,
                who(deputy)
            ),
            Self::Won { term, me, deputy: None } => {
                write!(
                    text,
                    "my own value ({}) came back: nobody is higher, I am the leader of term {term}",
                    me.attribute
                )
            }
            Self::AloneAndLeading { term, .. } => {
                write!(text, "nobody else is left in the ring: I lead term {term} alone")
            }
            Self::Following { term, leader, deputy: Some(deputy) } => {
                write!(
                    text,
                    "following {}, the leader of term {term}; {} is its deputy",
                    name(*leader),
                    name(*deputy)
                )
            }
            Self::Following { term, leader, deputy: None } => {
                write!(
                    text,
                    "following {}, the leader of term {term}; its deputy is not known yet",
                    name(*leader)
                )
            }
            Self::AttributeDiffers { leader, here } => write!(
                text,
                "the mandate gives {} the attribute {}, and here it is {here}: it was changed since, or the mandate is false",
                name(leader.id),
                leader.attribute
            ),
            Self::DeputyNow { term, leader } => {
                write!(text, "I am the deputy of {} in term {term}: watching it", name(*leader))
            }
            Self::TakingOver { term, lost } => {
                write!(text, "{} is lost: as its deputy I take over and lead term {term}", name(*lost))
            }
            Self::LookingForDeputy { lost: Some(lost) } => {
                write!(text, "my deputy {} is lost: looking for the next one", name(*lost))
            }
            Self::LookingForDeputy { lost: None } => write!(text, "looking for a deputy"),
            Self::OfferingMyself { me } => {
                write!(text, "offering myself ({}) as deputy: the best so far", me.attribute)
            }
            Self::DeputyFound { deputy } => write!(text, "my deputy is {}", who(deputy)),
            Self::SteppingDown { term, leader: Some(leader) } => {
                write!(text, "stepping down: {} leads the newer term {term}", name(*leader))
            }
            Self::SteppingDown { term, leader: None } => {
                write!(text, "stepping down: an election of the newer term {term} is under way")
            }
            Self::LeaderLost { leader } => {
                write!(text, "the leader {} is lost: waiting for its deputy to take over", name(*leader))
            }
            Self::LeaderLostUnconfirmed { leader } => write!(
                text,
                "{} is lost before it confirmed that I am its deputy: starting an election instead",
                name(*leader)
            ),
            Self::LeaderLostElecting { leader } => {
                write!(
                    text,
                    "the leader {} is lost, and nobody is its deputy: starting an election",
                    name(*leader)
                )
            }
            Self::LeaderLostWaiting { leader } => write!(
                text,
                "the leader {} is lost, and nobody is its deputy: waiting for the member before it to start an election",
                name(*leader)
            ),
            Self::NoDeputyFromNowOn => {
                write!(text, "nobody is to be deputy from now on: telling everyone")
            }
            Self::CandidateLost { candidate } => {
                write!(text, "{} was about to win and is lost: starting again", who(candidate))
            }
            Self::ElectionTimeout { term } => write!(text, "no leader came out of term {term} in time"),
            Self::LapTimeout => write!(text, "my lap did not come back in time: sending another"),
            Self::DeputySilent { deputy } => {
                write!(text, "my deputy {} does not answer", name(*deputy))
            }
            Self::RoutingPast { lost, successor } => {
                write!(text, "{} does not answer: my successor is now {}", name(*lost), name(*successor))
            }
            Self::Alone => write!(text, "no other member answers: I am alone in the ring"),
            Self::Readmitting { member } => {
                write!(text, "{} answers again: it is my successor", name(*member))
            }
            Self::NewSuccessor { successor } => write!(text, "my successor is {}", name(*successor)),
            Self::SendingAgain { to } => {
                write!(text, "my last message may be lost: sending it again, to {}", name(*to))
            }
            Self::OldMandate { term } => {
                write!(
                    text,
                    "I was the leader of term {term} before I was restarted: waiting for my deputy to lead"
                )
            }
            Self::WaitingForLeader { term } => write!(
                text,
                "term {term} has been reached before this start: waiting for a neighbour that knows the leader"
            ),
            Self::OldMandateWithoutDeputy { term } => {
                write!(
                    text,
                    "I was the leader of term {term} before I was restarted, and had no deputy: waiting for another's election"
                )
            }
            Self::Claiming { term, me, needed } => write!(
                text,
                "my own value ({}) came back: nobody is higher; to lead term {term} I need the promises of {needed} members",
                me.attribute
            ),
            Self::Promising { term, leader } => {
                write!(text, "promising to follow {} in term {term}, and passing it on", name(*leader))
            }
            Self::NotPromising { term, leader } => write!(
                text,
                "not promising to follow {} in term {term}: I have promised or granted otherwise; passing it on",
                name(*leader)
            ),
            Self::QuorumFound { votes, needed } => {
                write!(text, "{votes} members promise to follow me, {needed} are needed: now for my lease")
            }
            Self::NoQuorum { votes, needed } => write!(
                text,
                "no quorum: {votes} of the {needed} members that are needed stand behind me; trying again later"
            ),
            Self::WaitingForLease { of } => {
                write!(text, "waiting until the lease of {} is over everywhere", name(*of))
            }
            Self::LeaseOver { term } => {
                write!(text, "stepping down from term {term}: no majority has renewed my lease in time")
            }
            Self::NewerTermSeen { term } => {
                write!(text, "a member has seen term {term}: only a newer election brings us together")
            }
            Self::RenewingForQuorum => {
                write!(text, "a leader needs a quorum from now on: starting an election that asks for it")
            }
            Self::Classic(why) => write!(text, "{}", classic_sentence(why, who)),
            Self::CallingTheRoll => {
                write!(text, "calling the roll first: everyone must know how many we are")
            }
            Self::RollCalled { members } => write!(text, "the roll is back: we are {members}"),
            Self::WonClassic { term } => {
                write!(
                    text,
                    "I am the leader of term {term}: announcing it, and looking for a deputy on the way"
                )
            }
            Self::WonWithoutDeputy { term } => {
                write!(text, "I am the leader of term {term}: telling everyone")
            }
            Self::Confirming { term } => {
                write!(
                    text,
                    "nobody higher has answered: asking round the ring whether I may lead term {term}"
                )
            }
            Self::ElectionVoid { term } => write!(
                text,
                "the ring has changed in the middle of term {term}, and this algorithm tolerates no failures: starting again"
            ),
            Self::TakingPartAlready { term } => {
                write!(text, "I take part in the election of term {term} already")
            }
        };
        text
    }
}

/// A decision of a classic algorithm.
fn classic_sentence(why: &Why<Contender>, who: impl Fn(&Contender) -> String) -> String {
    match why {
        Why::Joined(me) => format!("taking part with my own label, {}", who(me)),
        Why::Passive(_) => "I may not lead: I only pass messages on".to_owned(),
        Why::PassedOn(label) => format!("passing on {}", who(label)),
        Why::Swallowed(label) => format!("{} goes no further here: it can't win any more", who(label)),
        Why::SentBack(label) => {
            format!("{} has come as far as it may in its phase: sending it home", who(label))
        }
        Why::Holding(label) => format!("holding {} until I have heard the next one", who(label)),
        Why::BeatenBy(label) => format!("{} is better: I only pass messages on from now on", who(label)),
        Why::Advanced { phase, label } => format!("phase {phase} on behalf of {}", who(label)),
        Why::Found(label) => format!("{} has won: nobody else is left", who(label)),
        Why::Drew { number, round } => format!("I have drawn {number} for round {round}"),
        Why::Tied { number } => {
            format!("somebody else has drawn {number} as well: neither can win this round")
        }
    }
}
