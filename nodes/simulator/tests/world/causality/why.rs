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

/// A run, ready to be asked about.
struct Run {
    events: Vec<Event>,
    timeline: Timeline,
    causality: Causality,
}

impl Run {
    fn of(case: &Case) -> Self {
        let events = case.report().events().to_vec();
        let mut timeline = Timeline::new(RingView::empty(), usize::MAX / 2);
        events.iter().for_each(|event| timeline.push(Arc::new(event.clone())));
        let causality = Causality::of(&events);
        Self { events, timeline, causality }
    }

    fn end(&self) -> Moment {
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
