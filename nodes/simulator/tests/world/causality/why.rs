//! Answers to *why*: their chains are made of events that really precede, and end where they must.

use std::cell::Cell;
use std::sync::Arc;

use ringleader_shared::causality::Causality;
use ringleader_shared::event::EventKind;
use ringleader_shared::timeline::{Moment, Position, Timeline};
use ringleader_shared::why::{Answer, Chain, Ending, Obstacle, Subject, why};
use ringleader_shared::{Event, NodeName, RingView, Role, Safety};
use ringleader_simulator::Case;
use ringleader_testing::cases::{EVERYTHING, QUORUM, SETTINGS, all_hold};

use super::CLASSIC;
use super::clocks::Clocks;
use crate::recorded::Run;

impl Run {
    fn last_moment(&self) -> Moment {
        self.timeline.at(self.timeline.end())
    }

    fn why(&self, moment: &Moment, subject: &Subject) -> Option<Answer<'_>> {
        why(&self.timeline, &self.causality, moment, subject)
    }
}

/// The things to ask about at a moment.
fn subjects(moment: &Moment, events: &[Event]) -> Vec<Subject> {
    let nodes = moment.view().nodes.iter().map(|node| node.name.clone());
    let about = |name: NodeName| {
        [Subject::Role(name.clone()), Subject::NotLeading(name.clone()), Subject::Death(name)]
    };
    let before = &events[..moment.position().0 as usize];
    let messages = before.iter().rev().step_by(29).filter_map(|event| match &event.kind {
        EventKind::Sent { message, .. } => Some(Subject::Message(message.id.clone())),
        _ => None,
    });
    nodes.flat_map(about).chain([Subject::Leader]).chain(messages.take(5)).collect()
}

/// The kind of event that a chain ends with.
fn ending(chain: &Chain<'_>) -> Option<Ending> {
    let last = chain.steps().last()?;
    Some(match &last.event().kind {
        EventKind::RunStarted { .. } => Ending::Beginning,
        EventKind::LinkFaultChanged { fault, .. } if !fault.is_none() => Ending::Fault,
        EventKind::Exited { .. } | EventKind::Paused | EventKind::LinkDown { failure: true, .. } => {
            Ending::Fault
        }
        EventKind::Requested { .. }
        | EventKind::SettingsChanged { .. }
        | EventKind::AttributeChanged { .. }
        | EventKind::EligibilityChanged { .. }
        | EventKind::LinkFaultChanged { .. }
        | EventKind::MemberAdded { .. }
        | EventKind::MemberRemoved => Ending::Action,
        _ => return None,
    })
}

fn check(chain: &Chain<'_>, clocks: &Clocks<'_>, subject: &Subject) -> Result<(), String> {
    let sentences = || chain.steps().iter().map(|step| format!("\n  {step}")).collect::<String>();
    for pair in chain.steps().windows(2) {
        if !clocks.precedes(pair[1].position(), pair[0].position()) {
            return Err(format!("{subject:?}: “{}” does not precede “{}”{}", pair[1], pair[0], sentences()));
        }
        // Members that pass it on are left out, and nothing else.
        if let EventKind::Received { message: received, .. } = &pair[0].event().kind {
            let is_it = matches!(&pair[1].event().kind, EventKind::Sent { message, .. }
                if (message.message, message.term) == (received.message, received.term));
            if !is_it {
                return Err(format!("{subject:?}: “{}” is not the origin of “{}”", pair[1], pair[0]));
            }
        }
    }
    if ending(chain) != Some(chain.ending()) {
        return Err(format!("{subject:?} ends with {:?}{}", chain.ending(), sentences()));
    }
    Ok(())
}

/// Whether the obstacle of a *why not* is one, by the state of the ring at that moment.
fn is_true(obstacle: Obstacle, moment: &Moment, node: &NodeName) -> bool {
    let Some(node) = moment.view().node(node) else { return false };
    match obstacle {
        Obstacle::Dead => node.role.is_none(),
        Obstacle::Hung => node.role.is_some() && !node.is_live(),
        Obstacle::Ineligible => !node.eligible,
        Obstacle::SawBetter => node.is_live() && node.role != Some(Role::Leader),
        Obstacle::Follows => node.leader.as_ref().is_some_and(|leader| *leader != node.name),
        Obstacle::Outside | Obstacle::Waits => node.leader.as_ref().is_none_or(|leader| *leader == node.name),
    }
}

fn every_chain_holds(case: &Case, asked: &Cell<u64>) -> Result<(), String> {
    let run = Run::of(case);
    let clocks = Clocks::of(&run.events);
    let end = run.timeline.end();
    let marks: Vec<Position> = run.timeline.marks().map(|mark| mark.position).collect();
    for position in [Position(end.0 / 3), Position(end.0 * 2 / 3), end] {
        let moment = run.timeline.at(position);
        let at_marks = marks.iter().filter(|mark| **mark <= position).map(|mark| Subject::Event(*mark));
        let mut subjects = subjects(&moment, &run.events);
        subjects.extend(at_marks.take(if position == end { usize::MAX } else { 0 }));
        for subject in subjects {
            let answer = run.why(&moment, &subject);
            if let Subject::NotLeading(node) = &subject {
                let leads = moment
                    .view()
                    .node(node)
                    .is_some_and(|node| node.role == Some(Role::Leader) && node.is_live());
                let obstacle = answer.as_ref().and_then(Answer::obstacle);
                if obstacle.is_some_and(|obstacle| !is_true(obstacle, &moment, node)) {
                    return Err(format!("{obstacle:?} does not keep {node} from leading at {position:?}"));
                }
                if obstacle.is_none() != leads {
                    return Err(format!("{obstacle:?} for {node} at {position:?}"));
                }
            }
            if let (Subject::Role(node), None) = (&subject, &answer)
                && moment.view().node(node).is_some_and(|node| node.role.is_some())
            {
                return Err(format!("no answer for the role of {node} at {position:?}"));
            }
            for chain in answer.iter().flat_map(Answer::chains) {
                asked.set(asked.get() + 1);
                check(chain, &clocks, &subject)?;
            }
        }
    }
    Ok(())
}

#[test]
fn every_chain_is_made_of_events_that_precede_and_ends_in_an_action_a_fault_or_the_beginning() {
    let asked = Cell::new(0);
    let holds = |case: &Case| every_chain_holds(case, &asked);
    all_hold(6_000, EVERYTHING, Safety::Available, holds);
    all_hold(2_000, QUORUM, Safety::Quorum, holds);
    all_hold(1_000, SETTINGS, Safety::Available, holds);
    all_hold(1_000, CLASSIC, Safety::Available, holds);
    assert!(asked.get() > 100_000, "only {} chains", asked.get());
}

fn run(text: &str) -> Run {
    Run::of(&text.parse().expect("a case"))
}

fn sentences(answer: &Answer<'_>) -> Vec<Vec<String>> {
    let of = |chain: &Chain<'_>| chain.steps().iter().map(ToString::to_string).collect();
    answer.chains().iter().map(of).collect()
}

fn name(text: &str) -> NodeName {
    text.parse().expect("a name")
}

#[test]
fn a_takeover_leads_back_to_the_kill_and_to_the_election_of_the_deputy() {
    let run = run("seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D");
    let answer = run.why(&run.last_moment(), &Subject::Leader).expect("C leads");
    let [first, second] = &sentences(&answer)[..] else { panic!("{:?}", sentences(&answer)) };
    assert_eq!(
        first[..],
        [
            "C is leader of term 2, without a deputy",
            "C: “D is lost: as its deputy I take over and lead term 2”",
            "C's heartbeat link to D is down: the connection broke, 1.66 ms later",
            "D's process ended by signal 9 (SIGKILL)",
            "the user asked to kill D",
        ]
    );
    assert_eq!(second[0], "C is deputy of D in term 1");
    assert_eq!(
        second[2..4],
        [
            "C received from B, after 3 hops: elected D 120, deputy C 110, term 1, 4.15 ms later",
            "D sent A: elected D 120, deputy C 110, term 1",
        ]
    );
    let replaced = "D: “replacing C (110) with me (120): mine is higher”";
    assert!(second.iter().any(|step| step == replaced), "{second:?}");
    assert_eq!(second.last().map(String::as_str), Some("the user asked A for an election"));
}

#[test]
fn a_leader_that_hung_and_goes_on_follows_because_it_goes_on() {
    let run =
        run("seed 1; ring 90 100 110 120 80; uniform 50us 3000us; 20000us initiate A; 500000us pause D; \
                   500000us resume D");
    let answer = run.why(&run.last_moment(), &Subject::NotLeading(name("D"))).expect("D does not lead");
    assert_eq!(answer.obstacle(), Some(Obstacle::SawBetter));
    let found = sentences(&answer);
    assert!(
        found.iter().any(|chain| chain[0] == "D: “stepping down: C leads the newer term 2”"),
        "{found:?}"
    );
    let first = found.iter().find(|chain| chain[0].starts_with("D: “stepping")).expect("there it is");
    assert_eq!(first.last().map(String::as_str), Some("the user asked to resume D"));
    // A standby link that is put in use in the course of the takeover is not its cause.
    let leader = run.why(&run.last_moment(), &Subject::Leader).expect("C leads");
    let leader = sentences(&leader);
    assert_eq!(leader[0][1], "C: “D is lost: as its deputy I take over and lead term 2”");
    assert_eq!(leader[0].last().map(String::as_str), Some("the user asked to pause D"));
    // Its neighbour knew it from the takeover, which followed from the pause.
    let other = found.iter().find(|chain| !chain[0].starts_with("D: “stepping")).expect("two chains");
    assert!(other.iter().any(|step| step.contains("as its deputy I take over")), "{other:?}");
}

#[test]
fn why_not_says_what_stands_in_the_way_of_each() {
    let ring = "seed 1; ring 90 100 110 120; ineligible B; uniform 50us 3000us; 20000us initiate A";
    for (more, node, obstacle, ends) in [
        ("", "A", Obstacle::SawBetter, "the user asked A for an election"),
        ("", "B", Obstacle::Ineligible, "a run of 4 nodes begins"),
        ("; 500000us kill A", "A", Obstacle::Dead, "the user asked to kill A"),
        ("; 500000us pause A", "A", Obstacle::Hung, "the user asked to pause A"),
        ("; 500000us ineligible C", "C", Obstacle::Ineligible, "C may not lead from the next election on"),
        ("; 500000us add 70", "E", Obstacle::Follows, "E joined the ring with attribute 70"),
    ] {
        let run = run(&format!("{ring}{more}"));
        let answer = run.why(&run.last_moment(), &Subject::NotLeading(name(node))).expect("it does not lead");
        assert_eq!(answer.obstacle(), Some(obstacle), "{more} {node}: {:?}", sentences(&answer));
        let found = sentences(&answer);
        assert!(found.iter().any(|chain| chain.last().is_some_and(|last| last == ends)), "{more}: {found:?}");
    }
    let run = run(ring);
    assert!(run.why(&run.last_moment(), &Subject::NotLeading(name("D"))).is_none(), "it leads");
}

#[test]
fn a_timeline_that_begins_in_the_middle_says_where_it_knows_no_more() {
    let run = run("seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D");
    let half =
        run.events.iter().position(|event| matches!(event.kind, EventKind::Completed { .. })).expect("one");
    let mut view = RingView::empty();
    run.events[..half].iter().for_each(|event| view.apply(event));
    let mut timeline = Timeline::new(view, usize::MAX / 2);
    run.events[half..].iter().for_each(|event| timeline.push(Arc::new(event.clone())));
    let mut causality = Causality::beginning_at(timeline.begin());
    run.events[half..].iter().for_each(|event| causality.push(event));
    let first = Subject::Event(Position(timeline.begin().0 + 1));
    let answer = why(&timeline, &causality, &timeline.at(timeline.end()), &first).expect("an event");
    assert_eq!(answer.chains()[0].ending(), Ending::Forgotten);
    let answer = why(&timeline, &causality, &timeline.at(timeline.end()), &Subject::Leader).expect("C");
    assert_eq!(answer.chains()[0].ending(), Ending::Action, "the kill is on it");
}
