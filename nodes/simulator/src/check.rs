//! Properties of every run: of its steps, and of a ring that is left in peace.

use std::fmt;
use std::time::Duration;

use ringleader_election::Time;
use ringleader_shared::view::quiet_cost;
use ringleader_shared::{AlgorithmName, Incarnation, Role, Term};

use crate::case::Case;
use crate::schedule::{Action, Schedule};
use crate::setup::{Latency, Setup};
use crate::trace;
use crate::world::{Part, StepViolation, World};

/// A ring that is left in peace agrees within this much virtual time: about thirty election timeouts.
pub const AGREES_WITHIN: Duration = Duration::from_secs(10);

/// A ring that agrees and has sent no ring message for this long stays quiet: longer than any timer of the
/// members.
pub const QUIET_FOR: Duration = Duration::from_secs(2);

/// A property that is asked of every run. The names are stable: `docs/correctness.md` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// Asked of the available mode until a live member is taken for dead, and of quorum mode always.
    OneLeaderATerm,
    /// Asked of quorum mode, of members that are not paused.
    OneLeaderAtOnce,
    /// Asked of every start of every member.
    TermsOnlyGrow,
    /// Asked of every leader: a total loss is no way back.
    TermsOutliveMembers,
    /// Asked of what every member believes.
    DeputyIsAnother,
    /// Asked of every member's state: its leader and its deputy were eligible when they were chosen.
    OnlyTheEligible,
    /// Asked of every message of an election, a search or a result.
    DropsAreReported,
    /// Asked of quorum mode, once all faults are over and the last lease is too.
    NoLeaderOfAMinority,
    /// Asked once all faults are over, where no live member may lead.
    NobodyMayLead,
    /// Asked all the time: a message that is answered by two is soon the end of any ring.
    DoesNotSwell,
    /// Asked while the faults of links last that a schedule leaves: of members that can reach one another by
    /// links that work, directly or through others.
    ConnectedElect,
    /// Asked once all faults are over.
    AgreesInTime,
    /// Asked once it agrees.
    StaysQuiet,
    /// Asked of a ring to which nothing is done but that one member initiates.
    CostsTheFormula,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::OneLeaderATerm,
        Self::OneLeaderAtOnce,
        Self::TermsOnlyGrow,
        Self::TermsOutliveMembers,
        Self::DeputyIsAnother,
        Self::OnlyTheEligible,
        Self::DropsAreReported,
        Self::NoLeaderOfAMinority,
        Self::NobodyMayLead,
        Self::DoesNotSwell,
        Self::ConnectedElect,
        Self::AgreesInTime,
        Self::StaysQuiet,
        Self::CostsTheFormula,
    ];

    /// It, as a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneLeaderATerm => "never two leaders in one term",
            Self::OneLeaderAtOnce => "in quorum mode never two leaders at one instant",
            Self::TermsOnlyGrow => "a term never goes back while its member runs",
            Self::TermsOutliveMembers => {
                "after the death of all members nobody leads a term that was reached before"
            }
            Self::DeputyIsAnother => "a leader is never its own deputy",
            Self::OnlyTheEligible => "nobody leads or is deputy that might not when it was chosen",
            Self::DropsAreReported => "every message is acted on, or its drop is told with a true reason",
            Self::NoLeaderOfAMinority => "in quorum mode nobody leads a minority",
            Self::NobodyMayLead => "where no live member may lead, the ring becomes quiet",
            Self::DoesNotSwell => "what happens in a run stays within bounds",
            Self::ConnectedElect => {
                "while links stay broken, members that can reach one another have one leader in time and keep it"
            }
            Self::AgreesInTime => {
                "after the last fault all live members agree in time on one live leader and, if two live, one live deputy"
            }
            Self::StaysQuiet => "a ring that agrees stays quiet",
            Self::CostsTheFormula => "an undisturbed election costs as many messages as the formula says",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A violated property.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{invariant}: {what}")]
pub struct Violation {
    /// The property that does not hold.
    pub invariant: Invariant,
    /// Description of what showed it.
    pub what: String,
}

impl Violation {
    fn of(invariant: Invariant, what: String) -> Self {
        Self { invariant, what }
    }
}

/// Looks at a world after each thing that happens, and remembers what it needs to.
#[derive(Debug, Default)]
pub struct StateChecker {
    /// The last term of the last start of each member.
    terms: Vec<(Incarnation, Term)>,
}

impl StateChecker {
    /// Checks the properties that hold at every moment: looks at the members that were given something since
    /// the last look.
    ///
    /// # Errors
    /// What does not.
    pub fn look(&mut self, world: &mut World) -> Result<(), Violation> {
        if world.cost().steps > MOST_STEPS {
            let what = format!("more than {MOST_STEPS} things have happened");
            return Err(Violation::of(Invariant::DoesNotSwell, what));
        }
        if let Some((name, step_violation)) = world.take_step_violation() {
            let what = match step_violation {
                StepViolation::Swallowed(message) => {
                    format!("{name} did nothing with {message:?} and said nothing")
                }
                StepViolation::FalseReason(message) => {
                    format!("{name} dropped {message:?} for a reason that is not so")
                }
            };
            return Err(Violation::of(Invariant::DropsAreReported, what));
        }
        while let Some((place, node, incarnation, awake)) = world.next_touched() {
            if self.terms.len() <= place {
                self.terms.resize(place + 1, <_>::default());
            }
            let (term, role, id) = (node.term(), node.role(), node.id());
            let own_deputy =
                node.mandate().filter(|mandate| mandate.names_deputy(mandate.leader.id)).copied();
            let unfit = node.mandate().and_then(|mandate| {
                let chosen = [Some(mandate.leader), mandate.deputy].into_iter().flatten();
                chosen.filter(|member| !member.eligible).map(|member| member.id).next()
            });
            if let Some(last) = self.terms.get_mut(place) {
                let before = std::mem::replace(last, (incarnation, term));
                if before.0 == incarnation && term < before.1 {
                    let what = format!("that of {} went from {} to {term}", world.name(id), before.1);
                    return Err(Violation::of(Invariant::TermsOnlyGrow, what));
                }
            }
            if let Some(unfit) = unfit {
                let what = format!("{} takes {} for one, in term {term}", world.name(id), world.name(unfit));
                return Err(Violation::of(Invariant::OnlyTheEligible, what));
            }
            if let Some(mandate) = own_deputy {
                let what = format!("{} believes that in term {}", world.name(id), mandate.term);
                return Err(Violation::of(Invariant::DeputyIsAnother, what));
            }
            if role == Role::Leader && term <= world.outlived_term() {
                let (who, outlived) = (world.name(id), world.outlived_term());
                let what = format!("{who} leads term {term}, and all members died after term {outlived}");
                return Err(Violation::of(Invariant::TermsOutliveMembers, what));
            }
            if role == Role::Leader {
                another_leader(world, id, term, awake)?;
            }
        }
        Ok(())
    }

    /// Checks what must come while the faults of links last: each part whose members can reach one another
    /// has one leader in time, or none where it may have none, and that stays so for [`STAYS_FOR`]; its terms
    /// stop growing.
    ///
    /// # Errors
    /// The property that did not come to hold, or that was violated on the way.
    pub fn wait_for_parts(&mut self, world: &mut World) -> Result<(), Violation> {
        let start = world.now();
        let deadline = Time(start.0 + ELECTS_WITHIN);
        while world.step_until(Time(start.0 + UNDER_WAY)) {
            self.look(world)?;
        }
        let is_asked = |part: &Part| part.must_lead || part.must_not_lead;
        let parts: Vec<Part> = world.parts().into_iter().filter(is_asked).collect();
        let agree = |world: &World| parts.iter().map(|part| world.agreement_of(part)).collect::<Vec<_>>();
        let (mut before, mut since) = (agree(world), world.now());
        loop {
            let is_settled = before.iter().all(Option::is_some);
            let then = if is_settled { Time(since.0 + STAYS_FOR).min(deadline) } else { deadline };
            if world.now() >= then && (is_settled || world.now() >= deadline) {
                break;
            }
            if world.step_until(then) {
                self.look(world)?;
                let now = agree(world);
                if now != before {
                    (before, since) = (now, world.now());
                }
            }
        }
        let failed = parts.iter().zip(&before).find(|(_, agreement)| agreement.is_none());
        let stays = world.now().since(since) >= STAYS_FOR;
        let names =
            |part: &Part| part.members.iter().map(|id| world.name(*id).to_string()).collect::<String>();
        match failed {
            Some((part, _)) => {
                let what = if part.must_lead { "no leader" } else { "a leader without a majority" };
                Err(format!("{} have {what} {ELECTS_WITHIN:?} after the last fault", names(part)))
            }
            None if !stays => Err(format!("it changes still {ELECTS_WITHIN:?} after the last fault")),
            None => Ok(()),
        }
        .map_err(|what| Violation::of(Invariant::ConnectedElect, what))
    }

    /// Checks what must come once the ring is left in peace: agreement, then quiet. Says how long that
    /// took.
    ///
    /// Nothing is asked of a ring in which no election has ever been started, or that nobody lives in.
    ///
    /// # Errors
    /// The property that did not come to hold, or that was violated on the way.
    pub fn wait_for_agreement(&mut self, world: &mut World) -> Result<Duration, Violation> {
        let start = world.now();
        let deadline = Time(start.0 + AGREES_WITHIN);
        loop {
            let nothing_to_agree_on = world.highest_term() == Term::ZERO || world.live().next().is_none();
            if world.now().0 >= start.0 + UNDER_WAY && nothing_to_agree_on {
                return Ok(Duration::ZERO);
            }
            if !world.has_quorum() {
                return self.nobody_leads(world);
            }
            if !world.somebody_may_lead() {
                return self.nobody_may_lead(world);
            }
            let quiet_since = world.last_ring_message().unwrap_or_default().max(start);
            let quiet_until = Time(quiet_since.0 + QUIET_FOR);
            if world.now() >= deadline {
                let what = format!("not so {AGREES_WITHIN:?} after the last fault");
                let agreed = world.agreed().is_some();
                let invariant = if agreed { Invariant::StaysQuiet } else { Invariant::AgreesInTime };
                return Err(Violation::of(invariant, what));
            }
            if world.now() >= quiet_until && world.agreed().is_some() {
                return Ok(quiet_since.0.saturating_sub(start.0));
            }
            let then = if world.now() < quiet_until { quiet_until.min(deadline) } else { deadline };
            if world.step_until(then) {
                self.look(world)?;
            }
        }
    }

    /// Without a quorum nobody leads, once the last lease is over.
    fn nobody_leads(&mut self, world: &mut World) -> Result<Duration, Violation> {
        let until = Time(world.now().0 + QUIET_FOR);
        while world.step_until(until) {
            self.look(world)?;
        }
        match world.live().find(|(node, _)| node.role() == Role::Leader) {
            Some((node, _)) => {
                let what = format!("{} does", world.name(node.id()));
                Err(Violation::of(Invariant::NoLeaderOfAMinority, what))
            }
            None => Ok(Duration::ZERO),
        }
    }
}

impl StateChecker {
    /// The ring becomes quiet. A leader stays that might lead when its election began.
    fn nobody_may_lead(&mut self, world: &mut World) -> Result<Duration, Violation> {
        let start = world.now();
        let deadline = Time(start.0 + AGREES_WITHIN);
        loop {
            let quiet_since = world.last_ring_message().unwrap_or_default().max(start);
            let quiet_until = Time(quiet_since.0 + QUIET_FOR);
            if world.now() >= quiet_until {
                return Ok(quiet_since.0.saturating_sub(start.0));
            }
            // With a quorum a minority tries again and again.
            if world.now() >= deadline && !world.quorum() {
                let what = format!("it is not quiet {AGREES_WITHIN:?} after the last fault");
                return Err(Violation::of(Invariant::NobodyMayLead, what));
            }
            if world.now() >= deadline {
                return Ok(AGREES_WITHIN);
            }
            if world.step_until(quiet_until.min(deadline)) {
                self.look(world)?;
            }
        }
    }
}

/// The time within which members that can reach one another have a leader, whatever is broken.
pub const ELECTS_WITHIN: Duration = Duration::from_secs(10);

/// The time for which they must keep it.
pub const STAYS_FOR: Duration = Duration::from_secs(2);

/// Hundreds of times what happens in a ring of ten to which twenty things are done.
const MOST_STEPS: u64 = 300_000;

/// More than any message or dial takes.
const UNDER_WAY: Duration = Duration::from_secs(1);

fn another_leader(
    world: &World,
    id: ringleader_shared::NodeId,
    term: Term,
    awake: bool,
) -> Result<(), Violation> {
    let others = |node: &&ringleader_election::Core| node.id() != id && node.role() == Role::Leader;
    let in_term = || world.running().map(|(node, _)| node).filter(others).find(|node| node.term() == term);
    let at_once = || world.live().map(|(node, _)| node).find(others);
    if (world.quorum() || !world.false_suspicion())
        && let Some(other) = in_term()
    {
        let what = format!("{} and {} both lead term {term}", world.name(other.id()), world.name(id));
        return Err(Violation::of(Invariant::OneLeaderATerm, what));
    }
    if world.quorum()
        && awake
        && let Some(other) = at_once()
    {
        let what = format!("{} and {} both lead", world.name(other.id()), world.name(id));
        return Err(Violation::of(Invariant::OneLeaderAtOnce, what));
    }
    Ok(())
}

/// A run without a violation.
#[derive(Debug)]
pub struct Played {
    /// The ring at its end.
    pub world: World,
    /// Time from the last fault until the last ring message was sent.
    pub settled_after: Duration,
}

/// Plays a schedule on a fresh ring, mends all links, leaves the ring in peace, and checks everything.
///
/// # Errors
/// The violation, with the world as it was then.
pub fn run(setup: Setup, schedule: &Schedule) -> Result<Played, (Violation, Box<World>)> {
    let expected = expected_cost(&setup, schedule);
    play(World::new(setup), schedule, expected)
}

fn play(
    mut world: World,
    schedule: &Schedule,
    expected: Option<u64>,
) -> Result<Played, (Violation, Box<World>)> {
    let settled = play_on(&mut world, schedule).and_then(|settled_after| {
        let cost = world.cost().ring_messages;
        match expected {
            Some(expected) if expected != cost => {
                let what = format!("{cost} instead of {expected}");
                Err(Violation::of(Invariant::CostsTheFormula, what))
            }
            _ => Ok(settled_after),
        }
    });
    match settled {
        Ok(settled_after) => Ok(Played { world, settled_after }),
        Err(violation) => Err((violation, Box::new(world))),
    }
}

/// The cost of an election when nothing else happens, and nobody loses patience.
fn expected_cost(setup: &Setup, schedule: &Schedule) -> Option<u64> {
    let [(_, Action::Initiate(initiator))] = schedule.steps.as_slice() else { return None };
    if setup.settings.algorithm != AlgorithmName::MaxRing {
        return None;
    }
    let slowest = match setup.latency {
        Latency::Constant(time) => time,
        Latency::Uniform { max, .. } => max,
        Latency::Exponential { .. } => return None,
    };
    let n = setup.members.len();
    let count = u32::try_from(n).ok()?;
    let timing = setup.timing_of(n);
    let patience = timing.lap.min(timing.election).min(timing.deputy);
    let slow =
        slowest.saturating_mul(3) >= setup.silence() || slowest.saturating_mul(3 * count + 3) >= patience;
    if *initiator >= n || slow {
        return None;
    }
    let winner = (0..n).max_by_key(|&place| setup.members.get(place))?;
    // Where nobody may lead, the initiator's own value comes back to it.
    let winner = if setup.members.get(winner)?.eligible { winner } else { *initiator };
    let distance = u32::try_from((winner + n - initiator) % n).ok()?;
    Some(u64::from(quiet_cost(count, distance)))
}

impl Case {
    /// Plays it and checks everything.
    ///
    /// # Errors
    /// The violation.
    pub fn check(&self) -> Result<Played, Violation> {
        run(self.setup.clone(), &self.schedule).map_err(|(violation, _)| violation)
    }

    /// Plays it again with reports: the violation, how to replay it, and a drawing of the run up to it.
    /// `None` when all is well.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        /// Lines that are kept of the beginning of a long drawing; it shows what was done to the ring. `END`
        /// lines are kept of its end.
        const BEGINNING: usize = 300;
        const END: usize = 300;
        let expected = expected_cost(&self.setup, &self.schedule);
        let (violation, world) =
            play(World::reporting(self.setup.clone()), &self.schedule, expected).err()?;
        let drawn = trace::draw(world.events());
        let lines: Vec<&str> = drawn.lines().collect();
        let drawn = match (lines.get(..BEGINNING), lines.len().checked_sub(END)) {
            (Some(beginning), Some(end)) if end > BEGINNING => {
                let left_out = format!("          … {} lines …", end - BEGINNING);
                let end = lines.get(end..).unwrap_or_default();
                [beginning, &[left_out.as_str()], end].concat().join("\n")
            }
            _ => drawn,
        };
        Some(format!("{violation}\nreplay: cargo xtask soak --replay '{self}'\n{drawn}"))
    }

    /// Plays it with reports, and what comes after it, to its end or to the first violation.
    #[must_use]
    pub fn report(&self) -> World {
        let mut world = World::reporting(self.setup.clone());
        let _ = play_on(&mut world, &self.schedule);
        world
    }

    /// The number that all runs of it share, on every platform.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        trace::fingerprint(self.report().events())
    }
}

/// Plays a schedule and what comes after it, whatever happens.
fn play_on(world: &mut World, schedule: &Schedule) -> Result<Duration, Violation> {
    let mut invariants = StateChecker::default();
    world.play(schedule, |world| invariants.look(world))?;
    if world.stands_its_faults() {
        invariants.wait_for_parts(world)?;
    }
    world.mend_all();
    invariants.wait_for_agreement(world)
}
