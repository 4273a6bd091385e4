//! Events, reasons and times as sentences: the same words on the page, in a trace and in a replay.

use std::fmt::{self, Display, Write};

use crate::algorithm::Progress;
use crate::event::{EventKind, MessageInfo, NamedContender};
use crate::explanation::{DropReason, Explanation, NamedDropReason, Why};
use crate::fault::{Injection, LinkFault, Share};
use crate::id::{Attribute, NodeName};
use crate::link::{LinkDirection, LinkKind};
use crate::plural::counted;
use crate::role::Role;

/// A time span with three significant digits and its unit.
#[must_use]
pub fn duration(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10),
        10_000..100_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        100_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..60_000_000 => format!("{}.{:02} s", us / 1_000_000, us % 1_000_000 / 10_000),
        _ => format!("{} min {:02} s", us / 60_000_000, us / 1_000_000 % 60),
    }
}

/// The signals that end a node in practice, by name.
fn signal(number: i32) -> String {
    let name = match number {
        2 => "SIGINT",
        6 => "SIGABRT",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ => return format!("signal {number}"),
    };
    format!("signal {number} ({name})")
}

/// A ring message in short: its kind, the candidate, the deputy and the term.
#[must_use]
pub fn message(info: &MessageInfo) -> String {
    let mut text = match &info.says {
        Some(says) => says.clone(),
        None => info.message.as_str().to_owned(),
    };
    if let Some(candidate) = &info.candidate {
        text.push_str(&format!(" {} {}", candidate.name, candidate.attribute));
    }
    if let Some(deputy) = &info.deputy {
        text.push_str(&format!(", deputy {} {}", deputy.name, deputy.attribute));
    }
    text.push_str(&format!(", term {}", info.term));
    text
}

/// Leader and deputy as text.
#[must_use]
pub fn led(leader: &NodeName, deputy: Option<&NodeName>, members: u32) -> String {
    match deputy {
        Some(deputy) => format!("{leader} leads, deputy {deputy}"),
        None if members < 2 => format!("{leader} leads alone"),
        None => format!("{leader} leads, without a deputy"),
    }
}

fn link(peer: &NodeName, kind: LinkKind, direction: LinkDirection) -> String {
    let side = match direction {
        LinkDirection::Outgoing => "to",
        LinkDirection::Incoming => "from",
    };
    match kind {
        LinkKind::Ring => format!("link {side} {peer}"),
        LinkKind::Heartbeat => format!("heartbeat link {side} {peer}"),
        LinkKind::Direct => format!("direct link {side} {peer}"),
    }
}

/// Members as a list in a sentence.
#[must_use]
pub fn list(names: &[&NodeName]) -> String {
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    match names.as_slice() {
        [] => "nobody".to_owned(),
        [name] => (*name).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// The relays of a link, as the end of its sentence.
#[must_use]
pub fn through(relays: &[NodeName]) -> String {
    if relays.is_empty() {
        return String::new();
    }
    format!(" through {}", list(&relays.iter().collect::<Vec<_>>()))
}

/// A fault of a link.
#[must_use]
pub fn link_fault(fault: &LinkFault) -> String {
    if fault.cut {
        return "cut".to_owned();
    }
    let mut parts = Vec::new();
    if fault.delay_ms > 0 {
        parts.push(format!("{} ms slower", fault.delay_ms));
    }
    for (share, verb) in [(fault.drop, "drops"), (fault.duplicate, "duplicates"), (fault.reorder, "reorders")]
    {
        if share > Share::NONE {
            parts.push(format!("{verb} {share}"));
        }
    }
    parts.join(", ")
}

/// A contender as sentences name it: in full by `Display`.
pub trait ContenderText: Display {
    /// Its name alone.
    fn name(&self) -> &str;

    /// Its attribute.
    fn attribute(&self) -> Attribute;
}

impl Display for NamedContender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.attribute)
    }
}

impl ContenderText for NamedContender {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn attribute(&self) -> Attribute {
        self.attribute
    }
}

/// A decision and its reason, in the words of the member.
#[must_use]
pub fn explanation<M: Display, C: ContenderText>(explanation: &Explanation<M, C>) -> String {
    let mut text = String::new();
    // Writing to a String can't fail.
    let _ = match explanation {
        Explanation::Initiating { term, me } => {
            write!(text, "initiating the election of term {term} with my attribute ({})", me.attribute())
        }
        Explanation::InitiatingIneligible { term } => {
            write!(text, "initiating the election of term {term}; I may not lead myself")
        }
        Explanation::NobodyMayLead { term } => {
            write!(text, "no live member may lead: term {term} stays without a leader")
        }
        Explanation::PassingOnIneligible { candidate } => {
            write!(text, "passing on {candidate}: I may not lead")
        }
        Explanation::ReplacingIneligible { candidate, me } => {
            write!(text, "replacing {candidate}, which may not lead, with me ({})", me.attribute())
        }
        Explanation::LeaderLostIneligible { leader } => write!(
            text,
            "the leader {leader} is lost, and as its deputy I may not lead any more: starting an election"
        ),
        Explanation::DeputyMayNotLead { deputy } => {
            write!(text, "my deputy {deputy} may not lead any more: looking for the next one")
        }
        Explanation::NoDeputyFound => write!(text, "no other live member may be deputy"),
        Explanation::Replacing { candidate, me } if candidate.attribute() == me.attribute() => {
            write!(text, "replacing {candidate} with me: same as mine, my id is higher")
        }
        Explanation::Replacing { candidate, me } => {
            write!(text, "replacing {candidate} with me ({}): mine is higher", me.attribute())
        }
        Explanation::PassingOn { candidate, me } if candidate.name() == me.name() => {
            write!(text, "passing on my own value ({}): it has not gone all the way round", me.attribute())
        }
        Explanation::PassingOn { candidate, me } if candidate.attribute() == me.attribute() => {
            write!(text, "passing on {candidate}: same as mine, its id is higher")
        }
        Explanation::PassingOn { candidate, me } => {
            write!(text, "passing on {candidate}: higher than mine ({})", me.attribute())
        }
        Explanation::PassingOnResult { leader, deputy: Some(deputy) } => {
            write!(text, "passing on the result: {leader} leads, {deputy} is its deputy")
        }
        Explanation::PassingOnResult { leader, deputy: None } => {
            write!(text, "passing on the result: {leader} leads")
        }
        Explanation::Won { term, me, deputy: Some(deputy) } => write!(
            text,
            "my own value ({}) came back: nobody is higher, I am the leader of term {term}; {deputy} is my deputy",
            me.attribute()
        ),
        Explanation::Won { term, me, deputy: None } => {
            write!(
                text,
                "my own value ({}) came back: nobody is higher, I am the leader of term {term}",
                me.attribute()
            )
        }
        Explanation::AloneAndLeading { term, .. } => {
            write!(text, "nobody else is left in the ring: I lead term {term} alone")
        }
        Explanation::Following { term, leader, deputy: Some(deputy) } => {
            write!(text, "following {leader}, the leader of term {term}; {deputy} is its deputy")
        }
        Explanation::Following { term, leader, deputy: None } => {
            write!(text, "following {leader}, the leader of term {term}; its deputy is not known yet")
        }
        Explanation::AttributeDiffers { leader, here } => write!(
            text,
            "the mandate gives {} the attribute {}, and here it is {here}: it was changed since, or the mandate is false",
            leader.name(),
            leader.attribute()
        ),
        Explanation::DeputyNow { term, leader } => {
            write!(text, "I am the deputy of {leader} in term {term}: watching it")
        }
        Explanation::TakingOver { term, lost } => {
            write!(text, "{lost} is lost: as its deputy I take over and lead term {term}")
        }
        Explanation::LookingForDeputy { lost: Some(lost) } => {
            write!(text, "my deputy {lost} is lost: looking for the next one")
        }
        Explanation::LookingForDeputy { lost: None } => write!(text, "looking for a deputy"),
        Explanation::OfferingMyself { me } => {
            write!(text, "offering myself ({}) as deputy: the best so far", me.attribute())
        }
        Explanation::DeputyFound { deputy } => write!(text, "my deputy is {deputy}"),
        Explanation::SteppingDown { term, leader: Some(leader) } => {
            write!(text, "stepping down: {leader} leads the newer term {term}")
        }
        Explanation::SteppingDown { term, leader: None } => {
            write!(text, "stepping down: an election of the newer term {term} is under way")
        }
        Explanation::LeaderLost { leader } => {
            write!(text, "the leader {leader} is lost: waiting for its deputy to take over")
        }
        Explanation::LeaderLostUnconfirmed { leader } => write!(
            text,
            "{leader} is lost before it confirmed that I am its deputy: starting an election instead"
        ),
        Explanation::LeaderLostElecting { leader } => {
            write!(text, "the leader {leader} is lost, and nobody is its deputy: starting an election")
        }
        Explanation::LeaderLostWaiting { leader } => write!(
            text,
            "the leader {leader} is lost, and nobody is its deputy: waiting for the member before it to start an election"
        ),
        Explanation::NoDeputyFromNowOn => {
            write!(text, "nobody is to be deputy from now on: telling everyone")
        }
        Explanation::CandidateLost { candidate } => {
            write!(text, "{candidate} was about to win and is lost: starting again")
        }
        Explanation::ElectionTimeout { term } => write!(text, "no leader came out of term {term} in time"),
        Explanation::LapTimeout => write!(text, "my lap did not come back in time: sending another"),
        Explanation::DeputySilent { deputy } => {
            write!(text, "my deputy {deputy} does not answer")
        }
        Explanation::RoutingPast { lost, successor } => {
            write!(text, "{lost} does not answer: my successor is now {successor}")
        }
        Explanation::Alone => write!(text, "no other member answers: I am alone in the ring"),
        Explanation::Readmitting { member } => {
            write!(text, "{member} answers again: it is my successor")
        }
        Explanation::NewSuccessor { successor } => write!(text, "my successor is {successor}"),
        Explanation::SendingAgain { to } => {
            write!(text, "my last message may be lost: sending it again, to {to}")
        }
        Explanation::OldMandate { term } => {
            write!(
                text,
                "I was the leader of term {term} before I was restarted: waiting for my deputy to lead"
            )
        }
        Explanation::WaitingForLeader { term } => write!(
            text,
            "term {term} has been reached before this start: waiting for a neighbour that knows the leader"
        ),
        Explanation::OldMandateWithoutDeputy { term } => {
            write!(
                text,
                "I was the leader of term {term} before I was restarted, and had no deputy: waiting for another's election"
            )
        }
        Explanation::Claiming { term, me, needed } => write!(
            text,
            "my own value ({}) came back: nobody is higher; to lead term {term} I need the promises of {needed} members",
            me.attribute()
        ),
        Explanation::Promising { term, leader } => {
            write!(text, "promising to follow {leader} in term {term}, and passing it on")
        }
        Explanation::NotPromising { term, leader } => write!(
            text,
            "not promising to follow {leader} in term {term}: I have promised or granted otherwise; passing it on"
        ),
        Explanation::QuorumFound { votes, needed } => {
            write!(text, "{votes} members promise to follow me and grant me a lease, {needed} are needed")
        }
        Explanation::NoQuorum { votes, needed } => write!(
            text,
            "no quorum: {votes} of the {needed} members that are needed stand behind me; trying again later"
        ),
        Explanation::WaitingForLease { of } => {
            write!(text, "waiting until the lease of {of} is over everywhere")
        }
        Explanation::LeaseOver { term } => {
            write!(text, "stepping down from term {term}: no majority has renewed my lease in time")
        }
        Explanation::LeaseCameLate { term } => {
            write!(text, "a majority had renewed my lease all the same: I lead term {term} again")
        }
        Explanation::Inquiring { term } => {
            write!(text, "asking round the ring before I raise term {term}")
        }
        Explanation::InquiryMetLeader { leader } => {
            write!(text, "{leader} leads and is in my ring: I wait")
        }
        Explanation::InquiryOfFew { supporters, needed } => {
            write!(
                text,
                "my messages come home, but only {supporters} of the {needed} that are needed have no leader: I wait"
            )
        }
        Explanation::InquiryUnanswered => {
            write!(text, "what I asked has not come home: I am outside of the ring, and raise no term")
        }
        Explanation::NewerTermSeen { term } => {
            write!(text, "a member has seen term {term}: only a newer election brings us together")
        }
        Explanation::RenewingForQuorum => {
            write!(text, "a leader needs a quorum from now on: starting an election that asks for it")
        }
        Explanation::Classic { why } => write!(text, "{}", classic(why)),
        Explanation::CallingTheRoll => {
            write!(text, "calling the roll first: everyone must know how many we are")
        }
        Explanation::RollCalled { members } => write!(text, "the roll is back: we are {members}"),
        Explanation::WonClassic { term } => {
            write!(text, "I am the leader of term {term}: announcing it, and looking for a deputy on the way")
        }
        Explanation::WonWithoutDeputy { term } => {
            write!(text, "I am the leader of term {term}: telling everyone")
        }
        Explanation::Confirming { term } => {
            write!(text, "nobody higher has answered: asking round the ring whether I may lead term {term}")
        }
        Explanation::ElectionVoid { term } => write!(
            text,
            "the ring has changed in the middle of term {term}, and this algorithm tolerates no failures: starting again"
        ),
        Explanation::TakingPartAlready { term } => {
            write!(text, "I take part in the election of term {term} already")
        }
    };
    text
}

/// The reason for dropping a message, in the words of the member.
#[must_use]
pub fn drop_reason(reason: &NamedDropReason) -> String {
    match reason {
        DropReason::OlderTerm { mine } => format!("it is of an older term than mine ({mine})"),
        DropReason::AlreadyDecided { term } => format!("term {term} already has its leader"),
        DropReason::BetterPassedOn { best } => {
            format!("in this term I have already passed on {best}, which is no worse")
        }
        DropReason::OtherAlgorithm { mine } => format!("here {mine} decides this term"),
        DropReason::AnotherRing { predecessor } => {
            let expected = predecessor.as_ref().map_or("nobody", NodeName::as_str);
            format!("its sender sees another ring than I do: the member before me is {expected}")
        }
        DropReason::OneIsMissing => {
            "one that was sent before it was lost or is late, and the algorithm can't do without".to_owned()
        }
        DropReason::MakesNoSense => "no member of this ring would say this".to_owned(),
        DropReason::EndsHere => "by the rules of its algorithm it goes no further".to_owned(),
        DropReason::Known => "I know that already".to_owned(),
        DropReason::HopBudget { budget } => {
            format!("it has crossed more than {budget} links: its sender must be gone")
        }
    }
}

/// A decision of a classic algorithm and its reason, in the words of the member.
#[must_use]
pub fn classic<L: Display>(why: &Why<L>) -> String {
    match why {
        Why::Joined(me) => format!("taking part with my own label, {me}"),
        Why::Passive(_) => "I may not lead: I only pass messages on".to_owned(),
        Why::PassedOn(label) => format!("passing on {label}"),
        Why::Swallowed(label) => format!("{label} goes no further here: it can't win any more"),
        Why::SentBack(label) => {
            format!("{label} has come as far as it may in its phase: sending it home")
        }
        Why::Holding(label) => format!("holding {label} until I have heard the next one"),
        Why::BeatenBy(label) => format!("{label} is better: I only pass messages on from now on"),
        Why::Advanced { phase, label } => format!("phase {phase} on behalf of {label}"),
        Why::Found(label) => format!("{label} has won: nobody else is left"),
        Why::Drew { number, round } => format!("I have drawn {number} for round {round}"),
        Why::Tied { number } => {
            format!("somebody else has drawn {number} as well: neither can win this round")
        }
    }
}

/// An event as a line without its subject, which is the ring, or the node of the event.
#[must_use]
pub fn describe(kind: &EventKind) -> String {
    match kind {
        EventKind::RunStarted { members, .. } => {
            format!("a run of {} begins", counted(members.len() as u64, "node"))
        }
        EventKind::MemberAdded { member } => format!("joined the ring with attribute {}", member.attribute),
        EventKind::MemberRemoved => "left the ring".to_owned(),
        EventKind::AttributeChanged { attribute } => {
            format!("attribute is {attribute} from the next election on")
        }
        EventKind::EligibilityChanged { eligible: true } => "may lead from the next election on".to_owned(),
        EventKind::EligibilityChanged { eligible: false } => {
            "may not lead from the next election on".to_owned()
        }
        EventKind::SettingsChanged { settings } => format!("{settings} from now on"),
        EventKind::LinkFaultChanged { from, to, fault } if fault.is_none() => {
            format!("from {from} to {to}: no fault")
        }
        EventKind::LinkFaultChanged { from, to, fault } => {
            format!("from {from} to {to}: {}", link_fault(fault))
        }
        EventKind::PartitionChanged { sides } if sides.is_empty() => "the ring is whole".to_owned(),
        EventKind::PartitionChanged { sides } => {
            format!("the ring is parted, {} named", counted(sides.len() as u64, "side"))
        }
        EventKind::Requested { action } => format!("request: {}", action.as_str()),
        EventKind::Spawned { pid } => format!("process {pid} started"),
        EventKind::StartFailed { reason } => format!("could not start: {reason}"),
        EventKind::RestartPlanned { after_ms } => format!("restarts in {after_ms} ms"),
        EventKind::GivenUp { reason } => format!("given up: {reason}"),
        EventKind::Exited { code: _, signal: Some(number) } => {
            format!("process ended by {}", signal(*number))
        }
        EventKind::Exited { code: Some(0), signal: None } => "process exited gracefully".to_owned(),
        EventKind::Exited { code: Some(code), signal: None } => format!("process exited with code {code}"),
        EventKind::Exited { code: None, signal: None } => "process ended".to_owned(),
        EventKind::ExitOverdue { after_ms } => format!("did not leave within {after_ms} ms and was killed"),
        EventKind::Stderr { text } => text.clone(),
        EventKind::Paused => "paused: it hangs".to_owned(),
        EventKind::Resumed => "resumed".to_owned(),
        EventKind::Ready { address } => format!("ready on {address}"),
        EventKind::PortTaken { port, reason } => {
            format!("port {port} is not free ({reason}): using another one")
        }
        EventKind::RoleChanged { role, term, leader, deputy } => match (role, leader, deputy) {
            (Role::Leader, _, Some(deputy)) => format!("leader of term {term}, deputy {deputy}"),
            (Role::Leader, _, None) => format!("leader of term {term}, without a deputy"),
            (Role::Deputy, Some(leader), _) => format!("deputy of {leader} in term {term}"),
            (Role::Follower, Some(leader), Some(deputy)) => {
                format!("follows {leader} in term {term}, deputy {deputy}")
            }
            (Role::Follower, Some(leader), None) => format!("follows {leader} in term {term}"),
            (Role::Candidate, _, _) => format!("candidate in term {term}"),
            (Role::Deputy | Role::Follower, None, _) => format!("{role} without a leader, term {term}"),
        },
        EventKind::ProgressChanged { progress: None } => "takes part in no election any more".to_owned(),
        EventKind::ProgressChanged { progress: Some(Progress { algorithm, status, phase, holds }) } => {
            let phase = phase.map_or_else(String::new, |phase| format!(", phase {phase}"));
            let holds = holds.as_ref().map_or_else(String::new, |held| format!(", for {held}"));
            format!("its progress in {algorithm}: {}{phase}{holds}", status.as_str())
        }
        EventKind::SuccessorChanged { successor } => format!("successor is {successor}"),
        EventKind::Sent { message: info, to, .. } => format!("→ {to}  {}", message(info)),
        EventKind::Received { message: info, from, travel_us } => {
            format!("← {from}  {} ({})", message(info), duration(*travel_us))
        }
        EventKind::Dropped { message: info, from, reason, trouble: true } => {
            format!("dropped {} from {from}: {}", message(info), drop_reason(reason))
        }
        EventKind::Dropped { message: info, from, reason, trouble: false } => {
            format!("{} from {from} ends here: {}", message(info), drop_reason(reason))
        }
        EventKind::Lost { message: info, to } => format!("lost on the way to {to}: {}", message(info)),
        EventKind::Injected { message: info, to, fault, .. } => {
            let what = match fault {
                Injection::Cut => "vanished in the cut",
                Injection::Drop => "dropped by the link",
                Injection::Duplicate => "duplicated",
                Injection::Reorder => "reordered",
            };
            format!("{what} on the way to {to}: {}", message(info))
        }
        EventKind::LinkUp { peer, link: kind, direction, relays } => {
            format!("{} is up{}", link(peer, *kind, *direction), through(relays))
        }
        EventKind::LinkDown { peer, link: kind, direction, cause, .. } => {
            format!("{} is down: {cause}", link(peer, *kind, *direction))
        }
        EventKind::Heartbeat { peer, rtt_us } => format!("heartbeat with {peer} ({})", duration(*rtt_us)),
        EventKind::Explained { explanation: reason } => explanation(reason),
        EventKind::PromiseFailed { reason } => format!("can't keep a promise, so I end: {reason}"),
        EventKind::Leaving => "asked to exit: leaving the ring gracefully".to_owned(),
        EventKind::RecordingEnded { reason } => format!("records no longer: {reason}"),
        EventKind::Completed { term, leader, deputy, members, .. } => {
            format!("term {term} is settled: {}", led(leader, deputy.as_ref(), *members))
        }
        EventKind::Refused { remote, reason, count } => {
            let more = if *count > 1 {
                format!(" ({count} connections since the last report)")
            } else {
                String::new()
            };
            format!("refused {remote}: {reason}{more}")
        }
        EventKind::Overflow { lost } => {
            format!("{lost} events were lost: more than the control link could take")
        }
    }
}
