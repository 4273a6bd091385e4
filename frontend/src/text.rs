//! Events and times as text.

use ringleader_shared::event::{EventKind, MessageInfo};
use ringleader_shared::fault::{Injection, Share};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{AlgorithmName, Event, LinkFault, NodeName, Role};

/// A time span with three significant digits and its unit.
pub(crate) fn duration(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10),
        10_000..100_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        100_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..60_000_000 => format!("{}.{:02} s", us / 1_000_000, us % 1_000_000 / 10_000),
        _ => format!("{} min {:02} s", us / 60_000_000, us / 1_000_000 % 60),
    }
}

/// A time since the server started, in minutes, seconds and microseconds: a takeover takes less than a
/// millisecond.
pub(crate) fn stamp(at_us: u64) -> String {
    let (seconds, millionths) = (at_us / 1_000_000, at_us % 1_000_000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let hours = if hours > 0 { format!("{hours}:") } else { String::new() };
    format!("{hours}{minutes:02}:{:02}.{millionths:06}", seconds % 60)
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
pub(crate) fn message(info: &MessageInfo) -> String {
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

/// The name that an algorithm has for the stages of its election.
pub(crate) const fn phase_name(algorithm: AlgorithmName) -> &'static str {
    match algorithm {
        AlgorithmName::Franklin | AlgorithmName::ItaiRodeh | AlgorithmName::HighamPrzytycka => "round",
        AlgorithmName::MaxRing
        | AlgorithmName::LeLann
        | AlgorithmName::ChangRoberts
        | AlgorithmName::ChangRobertsInitiators
        | AlgorithmName::HirschbergSinclair
        | AlgorithmName::Peterson
        | AlgorithmName::DolevKlaweRodehA
        | AlgorithmName::DolevKlaweRodeh
        | AlgorithmName::Bully => "phase",
    }
}

/// Leader and deputy as text.
pub(crate) fn led(leader: &NodeName, deputy: Option<&NodeName>, members: u32) -> String {
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

/// A fault of a link.
pub(crate) fn link_fault(fault: &LinkFault) -> String {
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

/// The subject of a log line, on which its colour and the filters depend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A decision of the node.
    Decision,
    /// A change of its role.
    Standing,
    /// A link.
    Link,
    /// One message sent or received.
    Message,
    /// A loss, a refusal or another failure.
    Trouble,
    /// The process of the node.
    Process,
    /// The page's own note.
    Page,
}

impl Subject {
    /// Its CSS class.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Decision => "line decision",
            Self::Standing => "line standing",
            Self::Link => "line link",
            Self::Message => "line message",
            Self::Trouble => "line trouble",
            Self::Process => "line process",
            Self::Page => "line page",
        }
    }
}

/// The log line of an event; `None` for an event that is shown elsewhere. A simulated node has no process.
pub(crate) fn line(event: &Event, simulated: bool) -> Option<(Subject, String)> {
    let line = match &event.kind {
        EventKind::RunStarted { .. }
        | EventKind::SettingsChanged { .. }
        | EventKind::ProgressChanged { .. }
        | EventKind::LinkFaultChanged { .. }
        | EventKind::PartitionChanged { .. }
        | EventKind::Heartbeat { .. } => return None,
        EventKind::MemberAdded { member } => {
            (Subject::Process, format!("joined the ring with attribute {}", member.attribute))
        }
        EventKind::MemberRemoved => (Subject::Process, "left the ring".to_owned()),
        EventKind::AttributeChanged { attribute } => {
            (Subject::Process, format!("attribute is {attribute} from the next election on"))
        }
        EventKind::EligibilityChanged { eligible: true } => {
            (Subject::Process, "may lead from the next election on".to_owned())
        }
        EventKind::EligibilityChanged { eligible: false } => {
            (Subject::Process, "may not lead from the next election on".to_owned())
        }
        EventKind::Requested { action } => (Subject::Process, format!("request: {action}")),
        EventKind::Spawned { pid } => {
            let restarts = match event.incarnation.0.saturating_sub(1) {
                0 => String::new(),
                restarts => format!(", restart {restarts}"),
            };
            // A simulated node has no process: its number means nothing.
            let what = if simulated { "started".to_owned() } else { format!("process {pid} started") };
            (Subject::Process, what + &restarts)
        }
        EventKind::StartFailed { reason } => (Subject::Trouble, format!("could not start: {reason}")),
        EventKind::RestartPlanned { after_ms } => (Subject::Process, format!("restarts in {after_ms} ms")),
        EventKind::GivenUp { reason } => (Subject::Trouble, format!("given up: {reason}")),
        EventKind::Exited { .. } if simulated => (Subject::Trouble, "killed".to_owned()),
        EventKind::Exited { code: _, signal: Some(number) } => {
            (Subject::Trouble, format!("process ended by {}", signal(*number)))
        }
        EventKind::Exited { code: Some(0), signal: None } => {
            (Subject::Process, "process exited gracefully".to_owned())
        }
        EventKind::Exited { code: Some(code), signal: None } => {
            (Subject::Trouble, format!("process exited with code {code}"))
        }
        EventKind::Exited { code: None, signal: None } => (Subject::Trouble, "process ended".to_owned()),
        EventKind::ExitOverdue { after_ms } => {
            (Subject::Trouble, format!("did not leave within {after_ms} ms and was killed"))
        }
        EventKind::Stderr { text } => (Subject::Trouble, text.clone()),
        EventKind::RecordingEnded { reason } => (Subject::Trouble, format!("records no longer: {reason}")),
        EventKind::Paused => (Subject::Trouble, "paused: it hangs".to_owned()),
        EventKind::Resumed => (Subject::Process, "resumed".to_owned()),
        EventKind::Ready { address } => (Subject::Process, format!("ready on {address}")),
        EventKind::RoleChanged { role, term, leader, deputy } => {
            let text = match (role, leader, deputy) {
                (Role::Leader, _, Some(deputy)) => format!("leader of term {term}, deputy {deputy}"),
                (Role::Leader, _, None) => format!("leader of term {term}, without a deputy"),
                (Role::Deputy, Some(leader), _) => format!("deputy of {leader} in term {term}"),
                (Role::Follower, Some(leader), Some(deputy)) => {
                    format!("follows {leader} in term {term}, deputy {deputy}")
                }
                (Role::Follower, Some(leader), None) => format!("follows {leader} in term {term}"),
                (Role::Candidate, _, _) => format!("candidate in term {term}"),
                (Role::Deputy | Role::Follower, None, _) => format!("{role} without a leader, term {term}"),
            };
            (Subject::Standing, text)
        }
        EventKind::SuccessorChanged { successor } if Some(successor) == event.node.as_ref() => {
            (Subject::Link, "alone: its own successor".to_owned())
        }
        EventKind::SuccessorChanged { successor } => (Subject::Link, format!("successor is {successor}")),
        EventKind::Sent { message: info, to, .. } => (Subject::Message, format!("→ {to}  {}", message(info))),
        EventKind::Received { message: info, from, travel_us } => {
            (Subject::Message, format!("← {from}  {} ({})", message(info), duration(*travel_us)))
        }
        EventKind::Dropped { message: info, from, reason, trouble: true } => {
            (Subject::Trouble, format!("dropped {} from {from}: {reason}", message(info)))
        }
        EventKind::Dropped { message: info, from, reason, trouble: false } => {
            (Subject::Message, format!("{} from {from} ends here: {reason}", message(info)))
        }
        EventKind::Lost { message: info, to } => {
            (Subject::Trouble, format!("lost on the way to {to}: {}", message(info)))
        }
        EventKind::Injected { message: info, to, fault, .. } => {
            let what = match fault {
                Injection::Cut => "vanished in the cut",
                Injection::Drop => "dropped by the link",
                Injection::Duplicate => "duplicated",
                Injection::Reorder => "reordered",
            };
            (Subject::Trouble, format!("{what} on the way to {to}: {}", message(info)))
        }
        EventKind::LinkUp { peer, link: kind, direction } => {
            (Subject::Link, format!("{} is up", link(peer, *kind, *direction)))
        }
        EventKind::LinkDown { peer, link: kind, direction, cause, failure } => {
            let subject = if *failure { Subject::Trouble } else { Subject::Link };
            (subject, format!("{} is down: {cause}", link(peer, *kind, *direction)))
        }
        EventKind::Log { text } => (Subject::Decision, text.clone()),
        EventKind::Completed { term, leader, deputy, members, .. } => {
            (Subject::Standing, format!("term {term} is settled: {}", led(leader, deputy.as_ref(), *members)))
        }
        EventKind::Refused { remote, reason, count } => {
            let more = if *count > 1 {
                format!(" ({count} connections since the last report)")
            } else {
                String::new()
            };
            (Subject::Trouble, format!("refused {remote}: {reason}{more}"))
        }
        EventKind::Overflow { lost } => {
            (Subject::Trouble, format!("{lost} events were lost: more than the control link could take"))
        }
    };
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, message as info, name};
    use ringleader_shared::Term;

    #[test]
    fn times_are_said_with_three_digits() {
        let said: Vec<String> =
            [0, 312, 4_321, 43_210, 432_100, 4_321_000, 83_000_000].into_iter().map(duration).collect();
        assert_eq!(said, ["0 µs", "312 µs", "4.32 ms", "43.2 ms", "432 ms", "4.32 s", "1 min 23 s"]);
    }

    #[test]
    fn a_stamp_grows_by_hours_only_when_it_must() {
        assert_eq!(stamp(62_003_999), "01:02.003999");
        assert_eq!(stamp(3_723_004_000), "1:02:03.004000");
    }

    #[test]
    fn a_killed_process_names_its_signal() {
        let killed = event(1, Some("D"), EventKind::Exited { code: None, signal: Some(9) });
        assert_eq!(
            line(&killed, false),
            Some((Subject::Trouble, "process ended by signal 9 (SIGKILL)".to_owned()))
        );
    }

    #[test]
    fn messages_are_lines_of_their_own_subject() {
        let received = EventKind::Received { message: info("C", 3), from: name("C"), travel_us: 401_000 };
        let (subject, text) = line(&event(1, Some("D"), received), false).expect("a line");
        assert_eq!(subject, Subject::Message);
        assert_eq!(text, "← C  election D 120, deputy C 110, term 1 (401 ms)");
    }

    #[test]
    fn only_a_drop_that_is_trouble_is_painted_as_trouble() {
        let subject = |trouble| {
            let (message, from, reason) = (info("C", 3), name("C"), "a reason".to_owned());
            let dropped = EventKind::Dropped { message, from, reason, trouble };
            line(&event(1, Some("D"), dropped), false).map(|(subject, _)| subject)
        };
        assert_eq!((subject(true), subject(false)), (Some(Subject::Trouble), Some(Subject::Message)));
    }

    #[test]
    fn a_simulated_node_has_no_process() {
        let said = |kind, simulated| line(&event(1, Some("D"), kind), simulated).expect("a line").1;
        assert_eq!(said(EventKind::Spawned { pid: 1001 }, true), "started");
        assert_eq!(said(EventKind::Spawned { pid: 1001 }, false), "process 1001 started");
        assert_eq!(said(EventKind::Exited { code: None, signal: Some(9) }, true), "killed");
    }

    #[test]
    fn heartbeats_are_pulses_not_lines() {
        assert_eq!(
            line(&event(1, Some("D"), EventKind::Heartbeat { peer: name("C"), rtt_us: 90 }), false),
            None
        );
    }

    #[test]
    fn a_follower_says_whom_it_follows() {
        let standing = EventKind::RoleChanged {
            role: Role::Follower,
            term: Term(3),
            leader: Some(name("D")),
            deputy: Some(name("C")),
        };
        let (_, text) = line(&event(1, Some("A"), standing), false).expect("a line");
        assert_eq!(text, "follows D in term 3, deputy C");
    }
}
