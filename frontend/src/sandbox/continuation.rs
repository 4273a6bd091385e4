//! A recorded moment as a run of the sandbox: a ring, and the actions that bring it there.
//!
//! A simulated ring has no state that could be written down, so it is led there: an election in the term of
//! the moment among the leader and the deputy alone, then everything else at one instant. Messages in transit
//! can't be had that way; a moment that lives by them is refused.

use std::collections::BTreeSet;
use std::hash::Hasher;
use std::time::Duration;

use fnv::FnvHasher;
use ringleader_shared::fault::{FaultyLink, Share};
use ringleader_shared::view::NodeView;
use ringleader_shared::{
    AlgorithmName, Attribute, ChangeRing, LinkFault, NodeName, NodeState, RingSettings, RingView, Role,
    Safety, Seq, Term,
};
use ringleader_simulator::{Action, Schedule};

use super::actions::{MOST_PARTED, set_link};
use super::choice::{Arrangement, Start};
use super::permalink::{Continued, Moment, Permalink};
use super::settings::{MOST_NODES, Settings};
use super::speed::Speed;

/// The most members that have left between those that are there.
const MOST_GONE: usize = 100;

/// The most members of a ring that begins with those of the moment, which are changed for the election and
/// back. A larger ring begins with the members as they are for the election.
const MOST_CHANGED: usize = 64;

/// The time in which a paused member is noticed and its loss answered, and a dead one is routed past, in a
/// ring of no members; and the time more for each.
const NOTICED: Duration = Duration::from_millis(1_500);
const REPAIRED: Duration = Duration::from_millis(400);
const ELECTED: Duration = Duration::from_millis(30);
const EACH: Duration = Duration::from_millis(8);

/// The leader, the deputy and the term that a member knows.
type Knowledge<'a> = (Option<&'a NodeName>, Option<&'a NodeName>, Term);

fn knowledge(node: &NodeView) -> Knowledge<'_> {
    (node.leader.as_ref(), node.deputy.as_ref(), node.term)
}

/// A leader, a deputy and a term, by their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mandate {
    leader: usize,
    deputy: Option<usize>,
    term: Term,
}

/// The names of the members in the sandbox: their own, where these are A, B, C …, else by their places.
struct Places<'a> {
    /// The members, each at its place; `None` for one that has left.
    members: Vec<Option<&'a NodeView>>,
    /// The names of the members, where the sandbox calls them otherwise.
    renamed: Vec<NodeName>,
}

impl<'a> Places<'a> {
    fn of(view: &'a RingView) -> Self {
        let ordinals: Option<Vec<usize>> = view.nodes.iter().map(|node| node.name.ordinal()).collect();
        let keeps = |ordinals: &Vec<usize>| {
            let count = ordinals.last().map_or(0, |last| last + 1);
            ordinals.is_sorted_by(|one, next| one < next)
                && count <= MOST_NODES.min(ordinals.len() + MOST_GONE)
        };
        match ordinals.filter(keeps) {
            Some(ordinals) => {
                let mut members = vec![None; ordinals.last().map_or(0, |last| last + 1)];
                for (place, node) in ordinals.into_iter().zip(&view.nodes) {
                    if let Some(member) = members.get_mut(place) {
                        *member = Some(node);
                    }
                }
                Self { members, renamed: Vec::new() }
            }
            None => Self {
                members: view.nodes.iter().map(Some).collect(),
                renamed: view.nodes.iter().map(|node| node.name.clone()).collect(),
            },
        }
    }

    fn of_name(&self, name: &NodeName) -> Option<usize> {
        self.members.iter().position(|member| member.is_some_and(|node| node.name == *name))
    }

    fn with(&self, is_right: impl Fn(&NodeView) -> bool) -> Vec<usize> {
        let all = (0..).zip(&self.members);
        all.filter(|(_, member)| member.is_some_and(&is_right)).map(|(place, _)| place).collect()
    }

    /// The mandate that members know; `Ok(None)` when they know none.
    fn mandate(&self, (leader, deputy, term): Knowledge<'_>) -> Result<Option<Mandate>, String> {
        let place = |name: &NodeName| {
            self.of_name(name).ok_or_else(|| format!("{name} is followed, and has left the ring"))
        };
        let Some(leader) = leader else { return Ok(None) };
        let (leader, deputy) = (place(leader)?, deputy.map(place).transpose()?);
        Ok(Some(Mandate { leader, deputy: deputy.filter(|deputy| *deputy != leader), term }))
    }
}

/// The actions so far, and what they have made of the members.
struct Plan {
    steps: Vec<(Duration, Action)>,
    waits: Duration,
    /// The attributes of the members, and whether they may lead. Before the first step they are those that
    /// the ring begins with.
    now: Vec<(u64, bool)>,
    first: Vec<(u64, bool)>,
    begun: bool,
}

impl Plan {
    fn act(&mut self, action: Action) {
        self.steps.push((std::mem::take(&mut self.waits), action));
    }

    fn wait(&mut self, time: Duration) {
        let each = EACH * u32::try_from(self.now.len()).unwrap_or(u32::MAX);
        self.waits += time + each;
    }

    /// Gives members these attributes, and lets these lead.
    fn become_these(&mut self, wanted: Vec<(u64, bool)>) {
        if !self.begun {
            (self.first, self.now) = (wanted.clone(), wanted);
            return;
        }
        for (place, ((attribute, eligible), wanted)) in self.now.clone().into_iter().zip(&wanted).enumerate()
        {
            if attribute != wanted.0 {
                self.act(Action::Attribute { place, attribute: wanted.0 });
            }
            if eligible != wanted.1 {
                self.act(Action::Eligible { place, eligible: wanted.1 });
            }
        }
        self.now = wanted;
    }

    /// Lets this leader and this deputy alone be elected, whatever the others are.
    fn prefer(&mut self, Mandate { leader, deputy, .. }: Mandate, real: &[(u64, bool)]) {
        let attribute = |place: usize| real.get(place).map_or(0, |(attribute, _)| *attribute);
        let (mut best, mut second) = (attribute(leader), deputy.map_or(0, attribute));
        if deputy.is_some_and(|deputy| (best, leader) < (second, deputy)) {
            (best, second) = (Attribute::MAX.0, 0);
        }
        let wanted = real.iter().enumerate().map(|(place, (attribute, _))| match place {
            place if place == leader => (best, true),
            place if Some(place) == deputy => (second, true),
            _ => (*attribute, false),
        });
        self.become_these(wanted.collect());
    }

    fn elect(&mut self, mandate: Mandate) {
        self.act(Action::InitiateTogether { place: mandate.leader, term: mandate.term });
        self.wait(ELECTED);
    }
}

/// The run of the sandbox that begins with this moment.
///
/// # Errors
/// A sentence that says why the simulator can't be brought there.
pub(crate) fn continuation(view: &RingView) -> Result<Permalink, String> {
    let places = Places::of(view);
    if view.nodes.is_empty() || places.members.len() > MOST_NODES {
        return Err(format!("The sandbox has rings of 1 to {MOST_NODES} nodes"));
    }
    let faults = faults(view)?;
    let (mandate, stale) = situation(view, &places)?;
    let real: Vec<(u64, bool)> = places
        .members
        .iter()
        .map(|node| node.map_or((0, false), |node| (node.attribute.0, node.eligible)))
        .collect();
    let mut plan = Plan {
        steps: Vec::new(),
        waits: Duration::ZERO,
        now: real.clone(),
        first: real.clone(),
        begun: false,
    };
    let settings = Settings {
        ring: RingSettings { hop_delay_ms: Settings::default().ring.hop_delay_ms, ..view.settings },
        start: Start::Nobody,
        ..Settings::default()
    };
    // The first instant of the part that is shown.
    plan.waits = settings.opens();
    // Of a large ring the address would be too long with an action for each member.
    plan.begun = real.len() <= MOST_CHANGED;
    if let Some(first) = stale.as_ref().and_then(|stale| stale.mandate).or(mandate) {
        plan.prefer(first, &real);
    }
    plan.begun = true;
    if !plan.steps.is_empty() {
        plan.wait(ELECTED);
    }
    let gone: Vec<usize> =
        (0..places.members.len()).filter(|at| places.members.get(*at) == Some(&None)).collect();
    if !gone.is_empty() {
        gone.into_iter().for_each(|place| plan.act(Action::Remove(place)));
        plan.wait(REPAIRED);
    }
    // Other algorithms elect others, and some by chance.
    let algorithm =
        |algorithm| Action::Change(ChangeRing { algorithm: Some(algorithm), ..ChangeRing::default() });
    let is_classic = settings.ring.algorithm != AlgorithmName::MaxRing;
    if is_classic {
        plan.act(algorithm(AlgorithmName::MaxRing));
        plan.wait(ELECTED);
    }
    lead_there(&mut plan, mandate, stale.as_ref(), &real)?;

    let is_named = |place: &usize| mandate.is_some_and(|it| it.leader == *place || it.deputy == Some(*place));
    let stopped = places.with(|node| node.state == NodeState::Stopped);
    let (late, early): (Vec<usize>, Vec<usize>) = stopped.into_iter().partition(is_named);
    let others = view.nodes.len() - early.len() - stale.as_ref().map_or(0, |stale| stale.members.len());
    if !early.is_empty() && mandate.is_some() {
        early.iter().for_each(|place| plan.act(Action::Kill(*place)));
        // Without a majority nobody leads for long.
        if view.settings.safety == Safety::Available || others >= view.majority() {
            plan.wait(REPAIRED);
        }
    }
    // From here on no time passes.
    plan.become_these(real);
    if is_classic {
        plan.act(algorithm(settings.ring.algorithm));
    }
    for (from, to, fault) in &faults {
        let place = |name: &NodeName| places.of_name(name).unwrap_or_default();
        set_link((place(from), LinkFault::default()), (place(to), LinkFault::default()), fault)
            .into_iter()
            .for_each(|action| plan.act(action));
    }
    let hung = |place: &usize| stale.as_ref().is_none_or(|stale| !stale.members.contains(place));
    for place in places.with(|node| node.state == NodeState::Paused).iter().filter(|place| hung(place)) {
        plan.act(Action::Pause(*place));
    }
    let at_last = if mandate.is_some() { late } else { late.into_iter().chain(early).collect() };
    at_last.into_iter().for_each(|place| plan.act(Action::Kill(place)));
    Ok(permalink(plan, settings, view, places.renamed))
}

/// The members that hang with another mandate than the others know.
struct Stale {
    mandate: Option<Mandate>,
    members: BTreeSet<usize>,
}

/// The mandate that all running members know, and the hung members that know another one.
fn situation(view: &RingView, places: &Places<'_>) -> Result<(Option<Mandate>, Option<Stale>), String> {
    if let Some(node) = view.nodes.iter().find(|node| node.state == NodeState::Starting) {
        return Err(format!("{} is starting: what it will hear first is on its way", node.name));
    }
    let runs = |node: &&NodeView| node.state != NodeState::Stopped;
    let hangs = |node: &&NodeView| node.state == NodeState::Paused;
    let electing = |node: &&NodeView| node.is_live() && node.role == Some(Role::Candidate);
    if view.nodes.iter().any(|node| electing(&node)) {
        return Err("An election is going on: its messages can't be taken along".to_owned());
    }
    let known = view.live().next().or_else(|| view.nodes.iter().find(runs)).map(knowledge);
    let Some(known) = known else { return Ok((None, None)) };
    if let Some(node) = view.live().find(|node| knowledge(node) != known) {
        return Err(format!(
            "{} and {} don't know the same leader: the messages that tell them are on their way",
            view.live().next().map_or_else(String::new, |first| first.name.to_string()),
            node.name
        ));
    }
    if known.0.is_none() && known.2 > Term::ZERO {
        return Err("Nobody leads, and the next election is due".to_owned());
    }
    let role = |(leader, deputy, _): Knowledge<'_>, name: &NodeName| match name {
        name if leader == Some(name) => Role::Leader,
        name if deputy == Some(name) => Role::Deputy,
        _ => Role::Follower,
    };
    for node in view.nodes.iter().filter(runs) {
        if node.role.is_some_and(|its| its != role(knowledge(node), &node.name)) {
            return Err(format!("{} is about to hear of its part", node.name));
        }
    }
    let mandate = places.mandate(known)?;
    let is_unfit =
        |place: usize| places.members.get(place).is_some_and(|it| it.is_some_and(|it| !it.eligible));
    if let Some(mandate) = mandate
        && (is_unfit(mandate.leader) || mandate.deputy.is_some_and(is_unfit))
    {
        return Err("Who may not lead any more is about to be replaced".to_owned());
    }
    let mut stale = view.nodes.iter().filter(hangs).filter(|node| knowledge(node) != known).peekable();
    let Some(first) = stale.peek().map(|node| knowledge(node)) else { return Ok((mandate, None)) };
    let members: Vec<&NodeView> = stale.collect();
    if members.iter().any(|node| knowledge(node) != first) || (first.0.is_none() && first.2 > Term::ZERO) {
        return Err("Nodes hang with what they knew at different times".to_owned());
    }
    let members = members.iter().filter_map(|node| places.of_name(&node.name)).collect();
    Ok((mandate, Some(Stale { mandate: places.mandate(first)?, members })))
}

/// Has the mandate of the hung members be elected, then the one that the others know.
fn lead_there(
    plan: &mut Plan,
    mandate: Option<Mandate>,
    stale: Option<&Stale>,
    real: &[(u64, bool)],
) -> Result<(), String> {
    let Some(Stale { mandate: former, members }) = stale else {
        if let Some(mandate) = mandate {
            plan.elect(mandate);
        }
        return Ok(());
    };
    let too_long_ago = || "A node hangs with what it knew before more than the sandbox can repeat".to_owned();
    // One that is left alone goes its own way through the terms.
    let mandate = mandate.filter(|_| plan.now.len() >= members.len() + 2).ok_or_else(too_long_ago)?;
    if let Some(former) = former {
        plan.elect(*former);
    }
    members.iter().for_each(|place| plan.act(Action::Pause(*place)));
    plan.prefer(mandate, real);
    plan.wait(NOTICED);
    let lost = former.filter(|former| members.contains(&former.leader));
    let heir = lost.and_then(|former| former.deputy).filter(|deputy| !members.contains(deputy));
    // The deputy takes over; where there is none, somebody holds an election, or two of them do.
    let reached = match (lost, former) {
        (Some(former), _) if heir.is_some() => former.term.next(),
        (Some(former), _) => former.term.next().next(),
        (None, former) => former.map_or(Term::ZERO, |former| former.term),
    };
    if (heir, reached) == (Some(mandate.leader), mandate.term) {
        return Ok(());
    }
    if mandate.term <= reached {
        return Err(too_long_ago());
    }
    plan.elect(mandate);
    // Among members that hang it may have to be held again.
    plan.wait(NOTICED);
    Ok(())
}

/// The links with a fault.
fn faults(view: &RingView) -> Result<Vec<(NodeName, NodeName, LinkFault)>, String> {
    let faulty = view.faulty();
    if faulty.len() > 2 * MOST_PARTED {
        return Err(format!(
            "{} links have faults: an address with all of them would be too long",
            faulty.len()
        ));
    }
    let is_whole = |share: Share| Share::of_percent(share.percent()) == share;
    for FaultyLink { from, to, fault } in &faulty {
        if ![fault.drop, fault.duplicate, fault.reorder].into_iter().all(is_whole) {
            return Err(format!(
                "The link from {from} to {to} loses a share of its messages that is no whole percent"
            ));
        }
    }
    Ok(faulty.into_iter().map(|FaultyLink { from, to, fault }| (from, to, fault)).collect())
}

fn permalink(plan: Plan, mut settings: Settings, view: &RingView, renamed: Vec<NodeName>) -> Permalink {
    settings.lay(Arrangement::Given, plan.first.iter().map(|(attribute, _)| *attribute).collect());
    let unfit = plan.first.iter().enumerate().filter(|(_, (_, eligible))| !eligible);
    settings.ineligible = unfit.map(|(place, _)| NodeName::nth(place)).collect();
    let hop = view.settings.hop_delay_ms.clamp(1, u64::from(Speed::SLOWEST));
    let at = plan.steps.iter().map(|(wait, _)| *wait).sum::<Duration>() + plan.waits;
    Permalink {
        script: Some(Schedule { steps: plan.steps }),
        // All events until then.
        moment: Some(Moment { at, seq: Seq(u64::MAX) }),
        continued: Some(Continued { digest: digest(view), renamed }),
        ..Permalink::new(settings, Speed::numbered(&hop.to_string()).unwrap_or_default())
    }
}

/// All that is the same in a recorded moment and in the run that continues it, by the places of the members.
fn state(view: &RingView) -> String {
    let place = |name: &NodeName| {
        let place = view.nodes.iter().position(|node| node.name == *name);
        place.map_or_else(|| "?".to_owned(), |place| place.to_string())
    };
    let known = |name: &Option<NodeName>| name.as_ref().map_or_else(|| "-".to_owned(), place);
    let mut text = format!("{} {}", known(&view.leader), known(&view.deputy));
    for node in &view.nodes {
        text.push_str(&format!("\n{} {} {}", node.state, node.attribute, node.eligible));
        if node.state != NodeState::Stopped {
            let role = node.role.map_or_else(|| "-".to_owned(), |role| role.to_string());
            text.push_str(&format!(" {role} {} {} {}", known(&node.leader), known(&node.deputy), node.term));
        }
    }
    for FaultyLink { from, to, fault } in view.faulty() {
        text.push_str(&format!("\n{} {} {}", place(&from), place(&to), fault.to_json()));
    }
    let RingSettings { hop_delay_ms: _, safety, succession, algorithm } = view.settings;
    text.push_str(&format!("\n{safety} {succession} {algorithm}"));
    text
}

/// A number that two rings in the same state have in common: the link of a continued run has that of the
/// recorded moment. FNV-1a.
pub(crate) fn digest(view: &RingView) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(state(view).as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::player::Player;
    use crate::sandbox::run::Run;
    use ringleader_shared::Succession;
    use ringleader_simulator::Disturbance;

    /// The moment that a permalink shows, read from its text as the page does.
    fn shown(permalink: &Permalink) -> RingView {
        let (read, refused) = Permalink::read(&permalink.text());
        assert_eq!((&read, refused), (permalink, Vec::new()));
        Player::open(&read).view().clone()
    }

    fn assert_continues(view: &RingView, case: &str) {
        match continuation(view) {
            Ok(permalink) => {
                assert_eq!(state(&shown(&permalink)), state(view), "{case}\n{}", permalink.text())
            }
            Err(why) => panic!("{case}: {why}"),
        }
    }

    /// The sandbox after these actions.
    fn after(script: &str, at_ms: u64) -> RingView {
        let (mut permalink, refused) = Permalink::read(&format!("sandbox?{script}"));
        assert_eq!(refused, []);
        permalink.moment = Some(Moment { at: Duration::from_millis(at_ms), seq: Seq(u64::MAX) });
        Player::open(&permalink).view().clone()
    }

    #[test]
    fn moments_with_a_leader_are_gone_on_from() {
        for (script, at_ms) in [
            ("nodes=4&start=nobody", 100),
            ("nodes=4", 300),
            ("nodes=1", 300),
            ("nodes=4&do=5000us.initiate.A,300000us.kill.D", 306_000),
            ("nodes=4&do=5000us.initiate.A,300000us.kill.D", 305),
            ("nodes=4&do=5000us.initiate.A,300000us.kill.D,300000us.start.D", 1_200),
            ("nodes=4&do=5000us.initiate.A,300000us.pause.D", 320),
            ("nodes=4&do=5000us.initiate.A,300000us.pause.D", 3_000),
            ("nodes=4&do=5000us.initiate.A,300000us.pause.B", 3_000),
            ("nodes=4&do=5000us.initiate.A,300000us.pause.B,500000us.initiate.A", 3_000),
            ("nodes=4&do=5000us.initiate.A,300000us.sever.C.D,0us.cut.A.B", 3_000),
            ("nodes=6&algorithm=franklin&start=all&order=random", 3_000),
            ("nodes=5&safety=quorum&do=5000us.initiate.A,300000us.kill.A,0us.kill.B", 3_000),
            ("nodes=5&succession=election&do=5000us.initiate.A,300000us.kill.E,900000us.initiate.A", 3_000),
            ("nodes=5&do=5000us.initiate.A,300000us.remove.B,300000us.add.500", 3_000),
            ("nodes=4&do=5000us.initiate.A,300000us.attribute.A.900,10us.ineligible.B", 900),
            (
                "nodes=4&do=5000us.initiate.A,300000us.disturb.A.B.constant.40999us.drop.100.duplicate.20.reorder.0",
                900,
            ),
            ("nodes=4&do=0us.kill.A,0us.kill.B,0us.kill.C,0us.kill.D", 900),
            ("nodes=64&order=random", 900),
            ("nodes=70&order=random&do=5000us.initiate.A,900000us.kill.B", 3_000),
        ] {
            assert_continues(&after(script, at_ms), script);
        }
    }

    #[test]
    fn a_moment_that_lives_by_its_messages_is_refused_with_the_reason() {
        for (script, at_ms, why) in [
            ("nodes=4", 7, "An election is going on"),
            ("nodes=4&do=5000us.initiate.A,300000us.kill.D", 306, "don't know the same leader"),
            (
                "nodes=4&do=5000us.initiate.A,300000us.sever.A.C,0us.sever.A.D,0us.sever.B.C,0us.sever.B.D",
                3_000,
                "don't know the same leader",
            ),
        ] {
            let refused = continuation(&after(script, at_ms)).expect_err(script);
            assert!(refused.contains(why), "{script}: {refused}");
        }
    }

    #[test]
    fn a_ring_with_names_of_its_own_is_called_by_places_and_the_link_says_so() {
        let text = "nodes=4&do=5000us.initiate.A";
        let mut view = after(text, 300);
        let named = |name: &NodeName| format!("node-{name}").parse::<NodeName>().expect("a name");
        for node in &mut view.nodes {
            node.name = named(&node.name);
            node.leader = node.leader.as_ref().map(named);
            node.deputy = node.deputy.as_ref().map(named);
        }
        (view.leader, view.deputy) = (view.leader.as_ref().map(named), view.deputy.as_ref().map(named));
        assert_continues(&view, "names");
        let permalink = continuation(&view).expect("it can be gone on from");
        assert_eq!(permalink.continued.as_ref().map(|it| it.renamed.len()), Some(4));
        assert!(permalink.text().ends_with(".node-A.node-B.node-C.node-D"), "{}", permalink.text());
    }

    /// A random thing that is done to a ring of so many members.
    fn any_action(chance: &mut fastrand::Rng, nodes: usize) -> Action {
        let mut place = || chance.usize(0..nodes);
        let (one, other) = (place(), place());
        match chance.u8(0..12) {
            0 | 1 => Action::Initiate(one),
            2 | 3 => Action::Kill(one),
            4 => Action::Start(one),
            5 => Action::Pause(one),
            6 => Action::Resume(one),
            7 if one != other => Action::Sever { one, other },
            8 if one != other => Action::Mend { one, other },
            9 => Action::Eligible { place: one, eligible: chance.bool() },
            10 => Action::Attribute { place: one, attribute: chance.u64(1..500) },
            11 if one != other => {
                let latency = ringleader_simulator::Latency::Constant(Duration::from_micros(20_999));
                let drop = ringleader_simulator::PerMille::new(100);
                Action::Disturb {
                    from: one,
                    to: other,
                    disturbance: Disturbance { latency, drop, ..Disturbance::default() },
                }
            }
            _ => Action::InitiateAll,
        }
    }

    #[test]
    fn any_moment_of_any_run_is_shown_as_it_was_or_refused() {
        let (mut shown_again, mut refused) = (0, std::collections::BTreeMap::<String, u32>::new());
        for seed in 0..1_000 {
            let mut chance = fastrand::Rng::with_seed(seed);
            let nodes = chance.usize(1..8);
            let mut settings =
                Settings { nodes, seed, arrangement: Arrangement::Random, ..Settings::default() };
            if chance.bool() {
                settings.ring.safety = Safety::Quorum;
            }
            if chance.u8(0..4) == 0 {
                settings.ring.succession = Succession::Election;
            }
            if chance.u8(0..3) == 0 {
                settings.ring.algorithm = AlgorithmName::ChangRoberts;
            }
            let mut at = settings.opens();
            let mut steps = settings.opening().steps;
            for _ in 0..chance.usize(0..6) {
                let wait = Duration::from_micros(chance.u64(0..2_000_000));
                at += wait;
                steps.push((wait, any_action(&mut chance, nodes)));
            }
            let at = at + Duration::from_micros(chance.u64(0..3_000_000));
            let permalink = Permalink {
                script: Some(Schedule { steps }),
                moment: Some(Moment { at, seq: Seq(u64::MAX) }),
                ..Permalink::new(settings, Speed::default())
            };
            let view = Player::open(&permalink).view().clone();
            match continuation(&view) {
                Ok(again) => {
                    shown_again += 1;
                    assert_eq!(state(&shown(&again)), state(&view), "{}\n{}", permalink.text(), again.text());
                }
                Err(why) => {
                    *refused.entry(why.split(' ').skip(1).collect::<Vec<_>>().join(" ")).or_default() += 1
                }
            }
        }
        assert!(shown_again > 800, "{shown_again} were shown again; refused: {refused:#?}");
    }
}
