//! Tables of `docs/wire.md` that follow from the core: digests, the classic messages, and what a member does
//! with every input in every state.

use std::time::Duration;

use ringleader_election::{Core, Effect, Input, Time, Timer, Timing, classic, digest};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::message::{Ballot, DeputySearch, Elected, Election, Inquiry, Lease, StateUpdate};
use ringleader_shared::{
    AlgorithmName, Attribute, Contender, Mandate, NodeId, RingMessage, RingSettings, Role, Safety,
    Succession, Term,
};
use uuid::Uuid;

use ringleader_testing::document::{WIRE, check, head, row};

const A: Contender = contender(90, 0xaaaa_aaaa);
const B: Contender = contender(100, 0xbbbb_bbbb);
const C: Contender = contender(110, 0xcccc_cccc);

const fn contender(attribute: u64, first: u128) -> Contender {
    Contender::new(
        Attribute(attribute),
        NodeId(Uuid::from_u128(first << 96 | 0x0000_4000_8000_0000_0000_0000)),
    )
}

fn name(id: NodeId) -> &'static str {
    [(A, "A"), (B, "B"), (C, "C")]
        .into_iter()
        .find_map(|(it, name)| (it.id == id).then_some(name))
        .expect("a member")
}

const fn mandate(term: u64, leader: Contender, deputy_epoch: u32, deputy: Option<Contender>) -> Mandate {
    Mandate { term: Term(term), leader, deputy_epoch, deputy }
}

#[test]
fn the_digests_of_the_document_are_those_of_the_code() {
    let mut table = head(&["term", "leader", "deputy_epoch", "deputy", "digest"]);
    for (term, known) in [
        (0, None),
        (1, None),
        (1, Some(mandate(1, C, 0, Some(B)))),
        (2, Some(mandate(2, B, 0, None))),
        (2, Some(mandate(2, B, 3, Some(A)))),
    ] {
        let or_none = |it: Option<Contender>| it.map_or("–", |it| name(it.id)).to_owned();
        table += &row([
            term.to_string(),
            or_none(known.map(|mandate| mandate.leader)),
            known.map_or("–".to_owned(), |mandate| mandate.deputy_epoch.to_string()),
            or_none(known.and_then(|mandate| mandate.deputy)),
            format!("`{:016x}`", digest(Term(term), known)),
        ]);
    }
    check(WIRE, "digests", &table);
}

#[test]
fn the_kinds_and_numbers_of_the_classic_messages_are_those_of_the_code() {
    let mut table = head(&["algorithm", "`kind`", "`numbers`"]);
    for algorithm in AlgorithmName::ALL.into_iter().filter(|it| *it != AlgorithmName::MaxRing) {
        let properties = classic::properties(algorithm);
        let kinds = properties.kinds.iter().enumerate().map(|(kind, name)| format!("{kind} {name}"));
        let numbers =
            if properties.numbers.is_empty() { "–".to_owned() } else { properties.numbers.join(", ") };
        table += &row([format!("`{algorithm}`"), kinds.collect::<Vec<_>>().join(", "), numbers]);
    }
    check(WIRE, "classic kinds", &table);
}

/// Times that differ so much that no multiple of one is a multiple of another.
const TIMING: Timing = Timing {
    election: Duration::from_millis(1_000),
    lap: Duration::from_millis(10),
    deputy: Duration::from_millis(1),
    lease: Duration::from_millis(3_600_000),
};

fn ring() -> std::sync::Arc<[Contender]> {
    [A, B, C].into()
}

/// Quorum mode, and the other settings by default.
fn quorum() -> RingSettings {
    RingSettings { safety: Safety::Quorum, ..RingSettings::default() }
}

/// No deputies, and the other settings by default.
fn without_succession() -> RingSettings {
    RingSettings { succession: Succession::Election, ..RingSettings::default() }
}

fn configured(settings: RingSettings, highest_term: u64) -> Input<RingMessage> {
    let (ring, timing) = (ring(), TIMING);
    Input::Configured { ring, timing, settings, seed: 1, highest_term: Term(highest_term) }
}

/// B after these inputs, and the effects of the last one.
fn after(inputs: &[Input<RingMessage>]) -> (Core, Vec<Effect<RingMessage>>) {
    let mut core = Core::new(B.id);
    let mut effects = Vec::new();
    for input in inputs {
        effects.clear();
        core.handle(Time::default(), input.clone(), &mut effects);
    }
    (core, effects)
}

fn received(from: Contender, message: impl Into<RingMessage>) -> Input<RingMessage> {
    Input::Received { from: from.id, message: message.into() }
}

const fn election(term: u64, candidate: Contender, deputy: Option<Contender>) -> Election {
    Election { term: Term(term), initiator: A.id, candidate, deputy, hops: 1 }
}

const fn elected(mandate: Mandate) -> Elected {
    Elected { mandate, hops: 1, ballot: None }
}

fn up(peer: Contender, link: LinkKind, direction: LinkDirection) -> Input<RingMessage> {
    Input::LinkUp { peer: peer.id, link, direction }
}

fn down(peer: Contender, link: LinkKind, direction: LinkDirection) -> Input<RingMessage> {
    Input::LinkDown { peer: peer.id, link, direction }
}

fn closed(peer: Contender, link: LinkKind, direction: LinkDirection) -> Input<RingMessage> {
    Input::LinkClosed { peer: peer.id, link, direction }
}

/// A state of B by its name, and the inputs that lead there.
type State = (&'static str, Vec<Input<RingMessage>>);

/// Every state of a member of a ring that holds max-ring in available mode with succession.
fn states() -> Vec<State> {
    let then = |before: &[Input<RingMessage>], more: &[Input<RingMessage>]| [before, more].concat();
    let idle = vec![configured(RingSettings::default(), 0)];
    let electing = then(&idle, &[received(A, election(1, A, None))]);
    let passing = then(&idle, &[received(A, election(1, C, None))]);
    let leading_lap = then(&electing, &[received(A, election(1, B, Some(A)))]);
    let won = elected(mandate(1, B, 0, Some(A)));
    let leading =
        then(&leading_lap, &[received(A, won), up(A, LinkKind::Heartbeat, LinkDirection::Incoming)]);
    let searching = then(&leading, &[down(A, LinkKind::Heartbeat, LinkDirection::Incoming)]);
    let lone =
        [down(C, LinkKind::Ring, LinkDirection::Outgoing), down(A, LinkKind::Ring, LinkDirection::Outgoing)];
    let alone = then(&leading, &lone);
    let following = then(&passing, &[received(A, elected(mandate(1, C, 0, Some(A))))]);
    let unconfirmed = then(&passing, &[received(A, elected(mandate(1, C, 0, Some(B))))]);
    let confirmed = then(
        &unconfirmed,
        &[received(C, StateUpdate { term: Term(1), mandate: Some(mandate(1, C, 0, Some(B))) })],
    );
    let lost = then(&following, &[down(C, LinkKind::Ring, LinkDirection::Outgoing)]);
    vec![
        ("idle", idle.clone()),
        ("restarted", vec![configured(RingSettings::default(), 1)]),
        ("electing, best is B", electing),
        ("electing, best is C", passing),
        ("leading, lap under way", leading_lap),
        ("leading", leading),
        ("leading, searching", searching),
        ("leading alone", alone),
        ("following C", following),
        ("following C, leader lost", lost),
        ("deputy of C by hearsay", unconfirmed),
        ("deputy of C, confirmed", confirmed),
    ]
}

/// An input by a letter and a description.
type Given = (&'static str, &'static str, Input<RingMessage>);

/// Every input of a member in available mode.
fn inputs(settings: RingSettings) -> Vec<Given> {
    use LinkDirection::{Incoming, Outgoing};
    use LinkKind::{Heartbeat, Ring};
    let state_update = |term: u64, mandate: Option<Mandate>| StateUpdate { term: Term(term), mandate };
    let of_c = |deputy_epoch, deputy| mandate(1, C, deputy_epoch, deputy);
    let ballot = (settings.safety == Safety::Quorum).then_some(ballot(0, 1));
    let elected = |mandate| Elected { mandate, hops: 1, ballot };
    let search = |mandate| DeputySearch { mandate, deputy: Some(A), hops: 3, ballot };
    vec![
        ("a", "*Initiate*", Input::Initiate),
        ("b", "the same configuration, highest term 1", configured(settings, 1)),
        ("c", "from A: `election` of term 1, candidate A", received(A, election(1, A, None))),
        ("d", "from A: `election` of term 1, candidate B, deputy A", received(A, election(1, B, Some(A)))),
        ("e", "from A: `election` of term 1, candidate C", received(A, election(1, C, Some(A)))),
        ("f", "from A: `election` of term 2, candidate A", received(A, election(2, A, None))),
        (
            "g",
            "from A: `elected` of term 1: C leads, B is its deputy",
            received(A, elected(of_c(0, Some(B)))),
        ),
        (
            "h",
            "from A: `elected` of term 1: C leads, A is its deputy, deputy_epoch 1",
            received(A, elected(of_c(1, Some(A)))),
        ),
        (
            "i",
            "from A: `elected` of term 1: B leads, A is its deputy",
            received(A, elected(mandate(1, B, 0, Some(A)))),
        ),
        (
            "j",
            "from A: `deputy_search` of term 2: C leads, A is the best so far",
            received(A, search(mandate(2, C, 0, None))),
        ),
        (
            "k",
            "from A: `deputy_search` of term 1, deputy_epoch 1: B leads, A is the best so far",
            received(A, search(mandate(1, B, 1, None))),
        ),
        ("l", "from A: a state update of term 2 without a mandate", received(A, state_update(2, None))),
        (
            "m",
            "from A: a state update of term 1: C leads, A is its deputy",
            received(A, state_update(1, Some(of_c(0, Some(A))))),
        ),
        (
            "n",
            "from C itself: a state update of term 1: C leads, B is its deputy",
            received(C, state_update(1, Some(of_c(0, Some(B))))),
        ),
        (
            "o",
            "from A: a state update of term 1: B leads, A is its deputy",
            received(A, state_update(1, Some(mandate(1, B, 0, Some(A))))),
        ),
        ("p", "link up: ring, B dialled C", up(C, Ring, Outgoing)),
        ("q", "link up: heartbeat, A dialled B", up(A, Heartbeat, Incoming)),
        ("r", "link lost: ring, B dialled C", down(C, Ring, Outgoing)),
        ("s", "link lost: ring, A dialled B", down(A, Ring, Incoming)),
        ("t", "link lost: heartbeat, B dialled C", down(C, Heartbeat, Outgoing)),
        ("u", "link lost: heartbeat, A dialled B", down(A, Heartbeat, Incoming)),
        ("v", "link closed, peer alive: heartbeat, A dialled B", closed(A, Heartbeat, Incoming)),
        ("w", "the election timer fires", Input::TimerFired(Timer::Election)),
        ("x", "the lap timer fires", Input::TimerFired(Timer::Lap)),
        ("y", "the deputy timer fires", Input::TimerFired(Timer::Deputy)),
    ]
}

/// The states of a member without succession that differ from those with it.
fn states_without_succession() -> Vec<State> {
    let passing = [configured(without_succession(), 0), received(A, election(1, C, None))];
    let following = [&passing[..], &[received(A, elected(mandate(1, C, 0, None)))]].concat();
    vec![("electing, best is C", passing.to_vec()), ("following C", following)]
}

/// Every state of a member in quorum mode that is none in available mode. No time passes.
fn states_in_quorum_mode() -> Vec<State> {
    let then = |before: &[Input<RingMessage>], more: Input<RingMessage>| [before, &[more]].concat();
    let idle = [configured(quorum(), 0)];
    let electing = then(&idle, received(A, election(1, A, None)));
    let claiming = then(&electing, received(A, election(1, B, Some(A))));
    let over = Ballot { lease_ms: 0, ..ballot(0, 2) };
    let won = then(&claiming, received(A, Elected { ballot: Some(over), ..own_claim(2) }));
    let leading = then(&claiming, received(A, own_claim(2)));
    let granted = then(&idle, received(A, claim(mandate(1, C, 0, Some(A)), 1)));
    let following = then(&granted, received(A, lease_of_c(Some(A))));
    let deputy = then(&idle, received(C, lease_of_c(Some(B))));
    let waiting = then(&deputy, down(C, LinkKind::Ring, LinkDirection::Outgoing));
    vec![
        ("restarted", vec![configured(quorum(), 1)]),
        ("claiming", claiming),
        ("claim won, but its lease is over", won),
        ("leading", leading),
        ("granted to C, which claims", granted),
        ("following C", following),
        ("deputy of C, confirmed", deputy),
        ("deputy of C, leader lost, its own grant to C runs", waiting),
    ]
}

/// The ballot of a lap that asks for a lease of an hour, begun so many nanoseconds after the beginning.
const fn ballot(begun_ns: u64, votes: u32) -> Ballot {
    Ballot { begun_ns, lease_ms: 3_600_000, votes }
}

/// A claim that has come so far.
const fn claim(mandate: Mandate, votes: u32) -> Elected {
    Elected { mandate, hops: 3, ballot: Some(ballot(0, votes)) }
}

/// A lease lap, begun after the claim, that has come so far.
const fn lease(mandate: Mandate, votes: u32) -> Lease {
    Lease { mandate, ballot: ballot(1, votes), highest: Term(1), hops: 3 }
}

const fn own_claim(votes: u32) -> Elected {
    claim(mandate(1, B, 0, Some(A)), votes)
}

const fn own_lease(votes: u32) -> Lease {
    lease(mandate(1, B, 0, Some(A)), votes)
}

const fn lease_of_c(deputy: Option<Contender>) -> Lease {
    lease(mandate(1, C, 0, deputy), 1)
}

/// The inputs that there are in quorum mode only.
fn inputs_of_quorum_mode() -> Vec<Given> {
    vec![
        ("1", "B's own claim of term 1 is back, two votes", received(A, own_claim(2))),
        ("2", "B's own claim of term 1 is back, one vote", received(A, own_claim(1))),
        ("3", "B's own lease lap of term 1 is back, two votes", received(A, own_lease(2))),
        ("4", "from A: lease lap of C, term 1, A is its deputy", received(A, lease_of_c(Some(A)))),
        ("5", "from C itself: lease lap of C, term 1, B is its deputy", received(C, lease_of_c(Some(B)))),
        ("6", "the lease timer fires", Input::TimerFired(Timer::Lease)),
        ("7", "the renewal timer fires", Input::TimerFired(Timer::Renewal)),
    ]
}

/// The state as its table shows it: role, term, mandate, successor.
fn shown(core: &Core) -> String {
    let role = match core.role() {
        Role::Leader => "leader",
        Role::Deputy => "deputy",
        Role::Candidate => "candidate",
        Role::Follower => "follower",
    };
    let follows = core.mandate().map_or(String::new(), |mandate| {
        let deputy = mandate.deputy.map_or("–", |deputy| name(deputy.id));
        let deputy_epoch =
            if mandate.deputy_epoch == 0 { String::new() } else { format!(" #{}", mandate.deputy_epoch) };
        format!(" ({}, {deputy}{deputy_epoch})", name(mandate.leader.id))
    });
    format!("{role} {}{follows} →{}", core.term(), name(core.successor()))
}

/// The duration as a sum of the core's times.
fn shown_time(after: Duration) -> String {
    let fraction = |ms: u128, of: Duration, name: &str| {
        (1..=10).find(|denominator| (ms * denominator).is_multiple_of(of.as_millis())).map(|denominator| {
            match (ms * denominator / of.as_millis(), denominator) {
                (0, _) => None,
                (1, 1) => Some(name.to_owned()),
                (numerator, 1) => Some(format!("{numerator} {name}")),
                (numerator, denominator) => Some(format!("{numerator}/{denominator} {name}")),
            }
        })
    };
    let (ms, step) = (after.as_millis(), TIMING.lease.as_millis() / 360);
    // Shares of a lease are longer than all other times together.
    let (leases, rest) = (ms / step * step, ms % step);
    let (elections, rest) = (rest / 1_000 * 1_000, rest % 1_000);
    let (laps, deputies) = (rest / 10 * 10, rest % 10);
    let parts = [
        fraction(leases, TIMING.lease, "lease"),
        fraction(elections, TIMING.election, "election"),
        fraction(laps, TIMING.lap, "lap"),
        fraction(deputies, TIMING.deputy, "deputy"),
    ];
    let parts: Option<Vec<_>> = parts.into_iter().collect();
    let parts: Vec<String> = parts.unwrap_or_else(|| panic!("{after:?}")).into_iter().flatten().collect();
    parts.join(" + ")
}

fn shown_message(message: &RingMessage) -> String {
    let or_none = |it: Option<Contender>| it.map_or("–", |it| name(it.id));
    let of = |mandate: &Mandate| {
        let number =
            if mandate.deputy_epoch == 0 { String::new() } else { format!(" #{}", mandate.deputy_epoch) };
        format!("{} {}, {}{number}", mandate.term, name(mandate.leader.id), or_none(mandate.deputy))
    };
    let with = |ballot: &Ballot| format!(", votes {}", ballot.votes);
    let with_any = |ballot: &Option<Ballot>| ballot.as_ref().map(with).unwrap_or_default();
    match message {
        RingMessage::Election(Election { term, candidate, deputy, .. }) => {
            format!("election {term} {}, {}", name(candidate.id), or_none(*deputy))
        }
        RingMessage::Elected(Elected { mandate, ballot, .. }) => {
            format!("elected {}{}", of(mandate), with_any(ballot))
        }
        RingMessage::Lease(Lease { mandate, ballot, .. }) => format!("lease {}{}", of(mandate), with(ballot)),
        RingMessage::DeputySearch(DeputySearch { mandate, deputy, ballot, .. }) => {
            format!("search {}, best {}{}", of(mandate), or_none(*deputy), with_any(ballot))
        }
        RingMessage::StateUpdate(StateUpdate { mandate: Some(mandate), .. }) => {
            format!("state {}", of(mandate))
        }
        RingMessage::StateUpdate(StateUpdate { term, mandate: None }) => format!("state {term} –"),
        RingMessage::Inquiry(Inquiry { term, supporters, .. }) => {
            format!("inquiry {term}, supporters {supporters}")
        }
        other => panic!("{other:?} is no message of max-ring among members that may lead"),
    }
}

/// The new state, the messages and the timers.
fn cell(before: &[Input<RingMessage>], input: &Input<RingMessage>) -> String {
    let (old, _) = after(before);
    let (new, effects) = after(&[before, std::slice::from_ref(input)].concat());
    let mut parts = Vec::new();
    if shown(&old) != shown(&new) {
        parts.push(format!("**{}**", shown(&new)));
    }
    let mut dropped = false;
    for effect in &effects {
        match effect {
            Effect::Send { to, message } => {
                parts.push(format!("{} to {}", shown_message(message), name(*to)))
            }
            Effect::StartTimer { timer, after } => {
                let timer = format!("{timer:?}").to_lowercase();
                let time = shown_time(*after);
                parts.push(if timer == time {
                    format!("⏱ {timer}")
                } else {
                    format!("⏱ {timer}: {time}")
                });
            }
            Effect::Drop { .. } => dropped = true,
            Effect::Promise(promise) => {
                parts.push(format!("promise {} {}", promise.term, name(promise.leader)));
            }
            Effect::CancelTimer(_)
            | Effect::Became { .. }
            | Effect::ProgressChanged(_)
            | Effect::SuccessorChanged(_)
            | Effect::Completed { .. }
            | Effect::Explain(_) => {}
        }
    }
    if dropped {
        parts.push("dropped".to_owned());
    }
    match parts.is_empty() {
        true if old == new => "nothing".to_owned(),
        true => "noted".to_owned(),
        false => parts.join("; "),
    }
}

/// A table for each state: what happens on each input.
fn tables(states: Vec<State>, inputs: &[Given]) -> String {
    let mut tables = String::new();
    for (state, before) in states {
        let (core, _) = after(&before);
        tables += &format!("**{state}**: {}\n\n", shown(&core));
        tables += &head(&["", "what happens"]);
        // Inputs with the same consequence share a row.
        let mut rows: Vec<(String, String)> = Vec::new();
        for (letter, _, input) in inputs {
            let cell = cell(&before, input);
            match rows.iter_mut().find(|(_, other)| *other == cell) {
                Some((letters, _)) => *letters += &format!(" {letter}"),
                None => rows.push(((*letter).to_owned(), cell)),
            }
        }
        tables += &rows.into_iter().map(|(letters, cell)| row([letters, cell])).collect::<String>();
        tables.push('\n');
    }
    tables
}

fn descriptions(inputs: &[Given]) -> String {
    let rows = inputs.iter().map(|(letter, description, _)| row([letter, description]));
    head(&["", "input"]) + &rows.collect::<String>()
}

#[test]
fn the_states_of_the_document_are_those_of_the_core() {
    let in_available_mode = inputs(RingSettings::default());
    check(WIRE, "inputs", &descriptions(&in_available_mode));
    check(WIRE, "states", &tables(states(), &in_available_mode));
    let without = inputs(without_succession());
    check(WIRE, "states without succession", &tables(states_without_succession(), &without));
}

#[test]
fn the_states_of_quorum_mode_in_the_document_are_those_of_the_core() {
    let further = inputs_of_quorum_mode();
    check(WIRE, "inputs of quorum mode", &descriptions(&further));
    let all = [inputs(quorum()), further].concat();
    check(WIRE, "states of quorum mode", &tables(states_in_quorum_mode(), &all));
}

#[test]
fn the_states_of_the_document_differ() {
    for states in [states(), states_without_succession(), states_in_quorum_mode()] {
        let states: Vec<Core> = states.into_iter().map(|(_, inputs)| after(&inputs).0).collect();
        for (n, one) in states.iter().enumerate() {
            assert!(!states[n + 1..].contains(one), "state {n} stands in the table twice");
        }
    }
}

/// The waits of B in quorum mode, with their times: the timers that the last of these inputs starts.
fn waits(inputs: &[Input<RingMessage>]) -> Vec<(Timer, Duration)> {
    let timers = after(inputs).1.into_iter().filter_map(|effect| match effect {
        Effect::StartTimer { timer, after } => Some((timer, after)),
        _ => None,
    });
    timers.collect()
}

#[test]
fn the_waits_of_quorum_mode_are_those_of_the_core() {
    let configured = |highest_term: u64| configured(quorum(), highest_term);
    let mine = mandate(1, B, 0, Some(A));
    let claiming =
        vec![configured(0), received(A, election(1, A, None)), received(A, election(1, B, Some(A)))];
    let then = |before: &[Input<RingMessage>], more: Input<RingMessage>| [before, &[more]].concat();
    let claimed = then(&claiming, received(A, claim(mine, 2)));
    let granted = vec![configured(0), received(A, claim(mandate(1, C, 0, Some(A)), 1))];
    let bound =
        [&granted[..], &[received(A, election(2, A, None)), received(A, election(2, B, Some(A)))]].concat();
    let mut table = head(&["what B has done", "timer", "time"]);
    for (situation, inputs) in [
        ("started in a run that has held elections", vec![configured(1)]),
        ("claimed with its own vote", claiming.clone()),
        ("claimed while its grant to another runs", bound),
        ("received its claim back with two votes of three", claimed.clone()),
        ("received its claim back with one vote of three", then(&claiming, received(A, claim(mine, 1)))),
        ("received its lease lap back with two votes", then(&claimed, received(A, lease(mine, 2)))),
        (
            "granted the lease of C on a lease lap",
            then(&granted, received(A, lease(mandate(1, C, 0, Some(A)), 1))),
        ),
    ] {
        let mut waits = waits(&inputs);
        waits.dedup();
        assert!(!waits.is_empty(), "{situation}: nothing is waited for");
        for (timer, after) in waits {
            table += &row([situation.to_owned(), format!("{timer:?}").to_lowercase(), shown_time(after)]);
        }
    }
    check(WIRE, "quorum times", &table);
}
