//! Properties of every state.

use ringleader_election::classic;
use ringleader_shared::{Contender, RingMessage, Role, Safety, Succession, Term};
use stateright::{Model, Property};

use crate::config::{CheckConfig, FaultBudget, Start};
use crate::part::Part;
use crate::ring::{Event, Ring, StepViolation};

/// A ring within bounds, as stateright sees it.
#[derive(Debug, Clone)]
pub struct RingModel {
    config: CheckConfig,
}

impl RingModel {
    /// The ring as it is.
    #[must_use]
    pub fn new(config: CheckConfig) -> Self {
        Self { config }
    }

    /// The ring and the bounds on what may happen to it.
    #[must_use]
    pub fn config(&self) -> &CheckConfig {
        &self.config
    }

    /// Nobody was taken for dead who is not: then even the `available` mode promises one leader per term.
    fn promises_one_leader(&self, ring: &Ring) -> bool {
        match self.config.settings.safety {
            Safety::Available => self.config.faults.breaks == 0 && !ring.was_parted(),
            Safety::Quorum => true,
        }
    }

    /// Nothing but initiations happened, so far.
    fn is_undisturbed(&self, ring: &Ring) -> bool {
        let (left, all) = (ring.left(), self.config.faults);
        FaultBudget { initiations: all.initiations, ..left } == all
    }

    /// The contenders that live and may lead, best first.
    fn ranking(&self, ring: &Ring) -> Vec<Contender> {
        let mut ranking = self.config.members();
        ranking.retain(|member| member.eligible && ring.live().any(|(_, core)| core.id() == member.id));
        ranking.sort_unstable_by(|a, b| b.cmp(a));
        ranking
    }
}

/// Never two leaders in one term.
pub const ONE_LEADER: &str = "never two leaders in one term";
/// A term never goes back.
pub const TERMS_GROW: &str = "a member's term never goes back while it runs";
/// Never two leaders at once.
pub const ONE_AT_ONCE: &str = "in quorum mode never two leaders at one instant";
/// A term is a fencing token.
pub const ONE_FOR_EVER: &str = "in quorum mode a term has one leader for ever";
/// A total loss is no way back.
pub const OUTLIVED: &str = "after the death of all members nobody leads a term that was reached before";
/// A leader is never its own deputy.
pub const NO_OWN_DEPUTY: &str = "a leader is never its own deputy";
/// A quiet ring agrees.
pub const AGREEMENT: &str =
    "in a quiet ring all live members follow one live leader, and one live deputy if two or more live";
/// A member that followed does not lead.
pub const FOLLOWED: &str = "nobody leads a term in which it followed another";
/// State updates make no leader.
pub const NO_HEARSAY: &str = "nobody leads by hearsay";
/// A winner was the candidate.
pub const FAIR: &str = "an election is won by the candidate to which its own message of that term comes back";
/// Elections end.
pub const ENDS: &str =
    "elections and searches end: no term, deputy epoch, hop count or queue grows without bound";
/// Quick ways out.
pub const NO_WAITING: &str =
    "an undisturbed election, and one death in a ring at peace, need no timer, and the death no election";
/// A return disturbs nobody.
pub const RETURNS: &str = "one death and a return in a ring at peace need no timer and no election";
/// A leader that works stays.
pub const NOT_UNSEATED: &str = "while the first leader leads, no other election begins that nobody asked for, unless a member is cut off";
/// The best wins: of all members, or of those that were asked where only those may win.
pub const BEST_WINS: &str =
    "undisturbed elections are won by the best member, and the second best is its deputy";
/// Searches find the best.
pub const BEST_DEPUTY: &str =
    "while nobody returns, the deputy of a quiet ring is the best member after the leader";
/// The checker reaches a ring that agrees.
pub const SOME_AGREE: &str = "some ring is quiet and agrees when all that may happen has happened";

/// More than any pair of members ever has under way in a ring that repairs itself.
const LONGEST_QUEUE: usize = 32;

impl Model for RingModel {
    type State = Ring;
    type Action = Event;

    fn init_states(&self) -> Vec<Ring> {
        vec![Ring::new(&self.config)]
    }

    fn actions(&self, ring: &Ring, events: &mut Vec<Event>) {
        // The states after a violation show nothing new, and with a broken core it may never end.
        if ring.step_violation().is_none() && stays_within(self, ring) {
            ring.events(events);
        }
    }

    fn next_state(&self, ring: &Ring, event: Event) -> Option<Ring> {
        let mut next = ring.clone();
        next.dispatch(event, &self.config);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONE_LEADER, |model: &Self, ring| {
                !model.promises_one_leader(ring) || has_one_leader(ring)
            }),
            Property::always(ONE_AT_ONCE, |model, ring| {
                model.config.settings.safety == Safety::Available || leaders(ring) < 2
            }),
            Property::always(ONE_FOR_EVER, |_, ring: &Ring| {
                ring.step_violation() != Some(StepViolation::LeadsATermAgain)
            }),
            Property::always(TERMS_GROW, |_, ring: &Ring| {
                ring.step_violation() != Some(StepViolation::TermWentBack)
            }),
            Property::always(FOLLOWED, |_, ring: &Ring| {
                ring.step_violation() != Some(StepViolation::LeadsWhatItFollowed)
            }),
            Property::always(NO_HEARSAY, |_, ring: &Ring| {
                ring.step_violation() != Some(StepViolation::LeadsByHearsay)
            }),
            Property::always(OUTLIVED, |_, ring: &Ring| {
                ring.step_violation() != Some(StepViolation::LeadsAnOutlivedTerm)
            }),
            Property::always(FAIR, |_, ring: &Ring| {
                ring.step_violation() != Some(StepViolation::WinsUnfairly)
            }),
            Property::always(NO_OWN_DEPUTY, |_, ring| has_no_own_deputy(ring)),
            Property::always(AGREEMENT, |_, ring| agrees_when_quiet(ring)),
            Property::always(ENDS, stays_within),
            Property::always(BEST_WINS, best_wins),
            Property::always(BEST_DEPUTY, best_deputy),
            Property::always(NO_WAITING, needs_no_timer),
            Property::always(RETURNS, returns_in_peace),
            Property::always(NOT_UNSEATED, unseats_nobody),
            Property::sometimes(SOME_AGREE, |model: &Self, ring: &Ring| {
                // In quorum mode somebody always waits for something.
                let at_peace = ring.is_quiet() || model.config.settings.safety == Safety::Quorum;
                ring.left().is_undisturbed() && at_peace && {
                    let parts = ring.parts();
                    !parts.is_empty() && parts.iter().all(Part::agrees)
                }
            }),
        ]
    }

    fn format_action(&self, event: &Event) -> String {
        event.to_string()
    }
}

fn has_one_leader(ring: &Ring) -> bool {
    let mut terms: Vec<_> =
        ring.live().filter(|(_, core)| core.role() == Role::Leader).map(|(_, core)| core.term()).collect();
    let leaders = terms.len();
    terms.sort_unstable();
    terms.dedup();
    terms.len() == leaders
}

fn leaders(ring: &Ring) -> usize {
    ring.live().filter(|(_, core)| core.role() == Role::Leader).count()
}

fn has_no_own_deputy(ring: &Ring) -> bool {
    let mandates = ring.live().filter_map(|(_, core)| core.mandate());
    mandates.into_iter().all(|mandate| mandate.deputy.is_none_or(|deputy| deputy.id != mandate.leader.id))
}

/// Nothing is asked of members that have heard of no election.
fn agrees_when_quiet(ring: &Ring) -> bool {
    !ring.is_quiet() || ring.parts().iter().all(|part| !part.has_elected() || part.agrees())
}

fn stays_within(model: &RingModel, ring: &Ring) -> bool {
    let members = model.config.attributes.len();
    // Each disturbance costs a search at most for each member that notices it.
    let searches = u32::try_from(model.config.highest_term()).unwrap_or(u32::MAX);
    let budget = u32::try_from(members * 4 + 1).unwrap_or(u32::MAX);
    let within = |message: &RingMessage| message.hops().is_none_or(|hops| hops <= budget);
    ring.live().all(|(_, core)| {
        core.term().0 <= model.config.highest_term()
            && core.mandate().is_none_or(|mandate| mandate.deputy_epoch <= searches)
    }) && ring.messages().all(within)
        && ring.longest_queue() <= LONGEST_QUEUE
}

fn best_wins(model: &RingModel, ring: &Ring) -> bool {
    if !model.is_undisturbed(ring) || !ring.is_quiet() {
        return true;
    }
    let (members, ranking) = (model.config.members(), model.ranking(ring));
    let properties = classic::properties(model.config.settings.algorithm);
    let mut of_an_election = ring.live().filter_map(|(_, core)| core.mandate());
    of_an_election.all(|mandate| {
        let initiators = ring.initiators(mandate.term).map(usize::from);
        let deputy =
            ranking.iter().find(|member| **member != mandate.leader).filter(|_| ring.all().wants_deputy());
        properties.may_lead(mandate.leader, &members, initiators)
            && deputy == mandate.deputy.as_ref()
            && mandate.deputy_epoch == 0
    })
}

fn best_deputy(model: &RingModel, ring: &Ring) -> bool {
    let faults = model.config.faults;
    let was_parted = faults.breaks > 0 || ring.was_parted();
    if ring.left().restarts < faults.restarts || was_parted || !ring.is_quiet() {
        return true;
    }
    let ranking = model.ranking(ring);
    let mut mandates = ring.live().filter_map(|(_, core)| core.mandate());
    mandates.all(|mandate| {
        let best = ranking.iter().find(|member| **member != mandate.leader);
        best.filter(|_| ring.all().wants_deputy()) == mandate.deputy.as_ref()
    })
}

fn needs_no_timer(model: &RingModel, ring: &Ring) -> bool {
    let one_death = FaultBudget { crashes: 1, ..FaultBudget::default() };
    if model.config.start == Start::Elected && model.config.faults == one_death {
        // Without a deputy the death is answered by an election.
        let elects = model.config.settings.succession == Succession::Election;
        return has_no_timer(ring) && (elects || has_no_election(ring));
    }
    // A pair that still reaches each other is none.
    let severed =
        FaultBudget { initiations: model.config.faults.initiations, severs: 1, ..FaultBudget::default() };
    let is_disturbed = !model.is_undisturbed(ring) && (model.config.faults != severed || ring.was_parted());
    model.config.settings.safety == Safety::Quorum || is_disturbed || has_no_timer(ring)
}

fn returns_in_peace(model: &RingModel, ring: &Ring) -> bool {
    let death_and_return = FaultBudget { crashes: 1, restarts: 1, ..FaultBudget::default() };
    let is_asked = model.config.start == Start::Elected
        && model.config.faults == death_and_return
        // Without a deputy the death is answered by an election, and the return may disturb that.
        && model.config.settings.succession == Succession::Deputy
        && model.config.attributes.len() > model.config.ineligible.len() + 1;
    // A search may have gone past the one that returns; where some may not be deputy, the leader waits before
    // it looks once more.
    let may_wait = !model.config.ineligible.is_empty();
    !is_asked || (may_wait || has_no_timer(ring)) && has_no_election(ring)
}

fn unseats_nobody(model: &RingModel, ring: &Ring) -> bool {
    const FIRST: Term = Term(1);
    let FaultBudget { initiations, breaks, losses, duplicates, .. } = model.config.faults;
    let is_asked = model.config.start == Start::Elected
        && model.config.settings.safety == Safety::Available
        && (initiations, breaks, losses, duplicates) == (0, 0, 0, 0)
        && !ring.was_parted();
    let leads = || ring.live().any(|(_, core)| core.role() == Role::Leader && core.term() == FIRST);
    !is_asked || has_no_election(ring) || !leads()
}

fn has_no_timer(ring: &Ring) -> bool {
    !ring.is_at_rest() || ring.is_quiet()
}

fn has_no_election(ring: &Ring) -> bool {
    let is_election =
        |message: &RingMessage| matches!(message, RingMessage::Election(_) | RingMessage::Classic(_));
    !ring.messages().any(is_election)
}
