//! What must never happen in a ring, and what must happen once it is left in peace.

use std::collections::BTreeMap;
use std::time::Duration;

use ringleader_election::Time;
use ringleader_shared::{Incarnation, NodeName, Role, Term};

use crate::schedule::{Action, Schedule};
use crate::setup::Setup;
use crate::world::World;

/// A ring that is left in peace agrees within this much virtual time.
pub const AGREES_WITHIN: Duration = Duration::from_secs(10);

/// A ring that agrees and has sent no ring message for this long stays quiet: longer than any timer of the members.
pub const QUIET_FOR: Duration = Duration::from_secs(2);

/// What should not have happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each variant is the sentence of its error")]
pub enum Violation {
    #[error("a term never goes back while a member runs, but that of {name} went from {from} to {to}")]
    TermWentBack { name: NodeName, from: Term, to: Term },
    #[error("a leader is never its own deputy, but {name} believes that of a leader in term {term}")]
    OwnDeputy { name: NodeName, term: Term },
    #[error("without pauses never two leaders in one term, but {one} and {other} both lead term {term}")]
    TwoLeaders { one: NodeName, other: NodeName, term: Term },
    #[error("in quorum mode nobody leads a minority, but {name} does")]
    LeadsWithoutQuorum { name: NodeName },
    #[error("in quorum mode never two leaders at one instant, but {one} and {other} both lead")]
    TwoAtOnce { one: NodeName, other: NodeName },
    #[error("live members agree on one live leader and deputy within {AGREES_WITHIN:?} of the last fault")]
    NoAgreement,
    #[error(
        "a ring that agrees stays quiet, but this one still sent messages {AGREES_WITHIN:?} after the last fault"
    )]
    NotQuiet,
}

/// Looks at a world after each thing that happens, and remembers what it needs to.
#[derive(Debug, Default)]
pub struct Invariants {
    terms: BTreeMap<(NodeName, Incarnation), Term>,
    /// Whether members are paused in this run: the others take a hung leader for a dead one.
    with_pauses: bool,
}

impl Invariants {
    /// For a run of this schedule.
    #[must_use]
    pub fn of(schedule: &Schedule) -> Self {
        let with_pauses = schedule.steps.iter().any(|(_, action)| matches!(action, Action::Pause(_)));
        Self { terms: BTreeMap::new(), with_pauses }
    }

    /// What must hold at every moment.
    ///
    /// # Errors
    /// What does not.
    pub fn look(&mut self, world: &World) -> Result<(), Violation> {
        let mut leaders: BTreeMap<Term, NodeName> = BTreeMap::new();
        let mut leading: Option<NodeName> = None;
        let running =
            if world.quorum() { world.live().collect::<Vec<_>>() } else { world.running().collect() };
        for (node, incarnation) in running {
            let name = world.name(node.id());
            let before = self.terms.insert((name.clone(), incarnation), node.term()).unwrap_or(Term::ZERO);
            if node.term() < before {
                return Err(Violation::TermWentBack { name, from: before, to: node.term() });
            }
            if let Some(mandate) = node.mandate()
                && mandate.deputy.is_some_and(|deputy| deputy.id == mandate.leader.id)
            {
                return Err(Violation::OwnDeputy { name, term: mandate.term });
            }
            if node.role() == Role::Leader && world.quorum() {
                if let Some(one) = leading.replace(name.clone()) {
                    return Err(Violation::TwoAtOnce { one, other: name });
                }
            } else if node.role() == Role::Leader
                && !self.with_pauses
                && let Some(one) = leaders.insert(node.term(), name.clone())
            {
                return Err(Violation::TwoLeaders { one, other: name, term: node.term() });
            }
        }
        Ok(())
    }

    /// What must come once nothing is done to the ring any more: agreement, then quiet.
    ///
    /// Nothing is asked of a ring whose live members have never heard of an election: all that did are dead.
    ///
    /// # Errors
    /// What did not come, or what happened on the way that must not.
    pub fn wait_for_agreement(&mut self, world: &mut World) -> Result<(), Violation> {
        let start = world.now();
        let deadline = Time(start.0 + AGREES_WITHIN);
        loop {
            if world.live().all(|(node, _)| node.term() == Term::ZERO) && self.nothing_under_way(world, start)
            {
                return Ok(());
            }
            if !world.has_quorum() {
                return self.nobody_leads(world);
            }
            let quiet_since = world.last_ring_message().unwrap_or_default().max(start);
            let quiet_until = Time(quiet_since.0 + QUIET_FOR);
            if world.now() >= deadline {
                let agreed = world.agreed().is_some();
                return Err(if agreed { Violation::NotQuiet } else { Violation::NoAgreement });
            }
            if world.now() >= quiet_until && world.agreed().is_some() {
                return Ok(());
            }
            let then = if world.now() < quiet_until { quiet_until.min(deadline) } else { deadline };
            if world.step_until(then) {
                self.look(world)?;
            }
        }
    }

    /// Without a quorum nobody leads, once the last lease is over.
    fn nobody_leads(&mut self, world: &mut World) -> Result<(), Violation> {
        let until = Time(world.now().0 + AGREES_WITHIN / 4);
        while world.step_until(until) {
            self.look(world)?;
        }
        match world.live().find(|(node, _)| node.role() == Role::Leader) {
            Some((node, _)) => Err(Violation::LeadsWithoutQuorum { name: world.name(node.id()) }),
            None => Ok(()),
        }
    }

    /// A second is more than any message or dial takes.
    fn nothing_under_way(&self, world: &World, start: Time) -> bool {
        world.now().0 >= start.0 + Duration::from_secs(1)
    }
}

/// Plays a schedule on a fresh ring, then leaves the ring in peace, and checks everything.
///
/// # Errors
/// The violation, with the world as it was then.
pub fn run(setup: Setup, schedule: &Schedule) -> Result<World, (Violation, Box<World>)> {
    let mut world = World::new(setup);
    let mut invariants = Invariants::of(schedule);
    let played = world.play(schedule, |world| invariants.look(world));
    match played.and_then(|()| invariants.wait_for_agreement(&mut world)) {
        Ok(()) => Ok(world),
        Err(violation) => Err((violation, Box::new(world))),
    }
}
