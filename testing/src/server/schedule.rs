//! The actions of a round, drawn from the seed and the round's number.

use std::time::Duration;

use ringleader_shared::fault::Share;
use ringleader_shared::{AlgorithmName, LinkFault, Safety, Succession};
use ringleader_simulator::random::derived;
use serde_json::{Value, json};

use crate::algorithms;

/// Everybody who may be in the ring; it begins with the first five.
const NAMES: [&str; 7] = ["A", "B", "C", "D", "E", "F", "G"];

/// One thing that is done, and the time until the next.
pub struct Step {
    pub act: Act,
    pub then: Duration,
}

/// An action on a ring.
#[derive(Debug)]
pub enum Act {
    Node { node: String, action: &'static str },
    Initiate { initiator: Option<String> },
    Link { from: String, to: String, fault: LinkFault },
    Part { side: Vec<&'static str> },
    HealPartition,
    Add { node: &'static str, attribute: u64 },
    Remove { node: &'static str },
    Attribute { node: &'static str, attribute: u64 },
    Algorithm(AlgorithmName),
    Succession(Succession),
    InitiateTogether,
    Eligible { node: &'static str, eligible: bool },
}

impl Act {
    /// How the API is asked for it.
    pub fn request(&self) -> (&'static str, String, Option<Value>) {
        match self {
            Self::Node { node, action } => ("POST", format!("/api/v1/nodes/{node}/{action}"), None),
            Self::Initiate { initiator } => {
                let body = initiator.as_ref().map_or_else(|| json!({}), |name| json!({ "initiator": name }));
                ("POST", "/api/v1/elections".to_owned(), Some(body))
            }
            Self::Link { from, to, fault } => {
                ("PUT", format!("/api/v1/links/{from}/{to}"), serde_json::to_value(fault).ok())
            }
            Self::Part { side } => {
                ("POST", "/api/v1/partitions".to_owned(), Some(json!({ "groups": [side] })))
            }
            Self::HealPartition => ("DELETE", "/api/v1/partitions".to_owned(), None),
            Self::Add { node, attribute } => {
                let body = json!({ "name": node, "attribute": attribute });
                ("POST", "/api/v1/nodes".to_owned(), Some(body))
            }
            Self::Algorithm(algorithm) => {
                ("PATCH", "/api/v1/ring".to_owned(), Some(json!({ "algorithm": algorithm })))
            }
            Self::Succession(succession) => {
                ("PATCH", "/api/v1/ring".to_owned(), Some(json!({ "succession": succession })))
            }
            Self::InitiateTogether => {
                ("POST", "/api/v1/elections".to_owned(), Some(json!({ "everyone": true })))
            }
            Self::Eligible { node, eligible } => {
                ("PATCH", format!("/api/v1/nodes/{node}"), Some(json!({ "eligible": eligible })))
            }
            Self::Remove { node } => ("DELETE", format!("/api/v1/nodes/{node}"), None),
            Self::Attribute { node, attribute } => {
                ("PATCH", format!("/api/v1/nodes/{node}"), Some(json!({ "attribute": attribute })))
            }
        }
    }
}

/// The random numbers of a round, each from a sequence of its own.
#[derive(Clone, Copy)]
enum Drawn {
    Steps,
    Starts,
    Cuts,
}

fn random(seed: u64, round: u64, what: Drawn) -> fastrand::Rng {
    fastrand::Rng::with_seed(derived(derived(seed, round), what as u64))
}

/// The steps of a round. A quorum is counted in a fixed set of members: with one nobody joins or leaves.
pub fn round(seed: u64, round: u64, safety: Safety) -> Vec<Step> {
    let mut random = random(seed, round, Drawn::Steps);
    let count = random.usize(2..9);
    let steps = (0..count).map(|_| {
        let act = act(&mut random);
        // Often at once, so that faults meet; else long enough for a silence to be noticed.
        let then = if random.bool() { random.u64(0..8) } else { random.u64(20..300) };
        Step { act, then: Duration::from_millis(then) }
    });
    let may = |step: &Step| {
        safety == Safety::Available || !matches!(step.act, Act::Add { .. } | Act::Remove { .. })
    };
    steps.filter(may).collect()
}

/// Whether all the dead are started when the round is over.
pub fn starts_everybody(seed: u64, round: u64) -> bool {
    random(seed, round, Drawn::Starts).bool()
}

/// The links of a ring of the first `nodes` members that are cut in a round, each in one direction: few or
/// many, half of the pairs in both.
pub fn cuts(seed: u64, round: u64, nodes: usize) -> Vec<(&'static str, &'static str)> {
    let mut random = random(seed, round, Drawn::Cuts);
    let share = random.f64();
    let members = &NAMES[..nodes];
    let pairs =
        members.iter().enumerate().flat_map(|(at, one)| members[at + 1..].iter().map(|other| (*one, *other)));
    let mut cuts = Vec::new();
    for (one, other) in pairs {
        if random.f64() < share {
            let is_both = random.bool();
            let way = if random.bool() { (one, other) } else { (other, one) };
            cuts.push(way);
            cuts.extend(is_both.then_some((way.1, way.0)));
        }
    }
    cuts
}

fn act(random: &mut fastrand::Rng) -> Act {
    let name = |random: &mut fastrand::Rng| NAMES[random.usize(..NAMES.len())];
    let anybody = |random: &mut fastrand::Rng| match random.u8(0..10) {
        0..2 => "leader".to_owned(),
        2 => "deputy".to_owned(),
        _ => name(random).to_owned(),
    };
    let attribute = |random: &mut fastrand::Rng| 90 + 10 * random.u64(0..6);
    match random.u8(0..25) {
        0..3 => Act::Node { node: anybody(random), action: "kill" },
        3 => Act::Node { node: anybody(random), action: "exit" },
        4..7 => Act::Node { node: name(random).to_owned(), action: "start" },
        7..9 => Act::Node { node: anybody(random), action: "pause" },
        9 => Act::Node { node: name(random).to_owned(), action: "resume" },
        10..12 => Act::Initiate { initiator: random.bool().then(|| name(random).to_owned()) },
        12..16 => Act::Link { from: anybody(random), to: anybody(random), fault: fault(random) },
        16 => {
            let side = NAMES.into_iter().filter(|_| random.bool()).take(4).collect();
            Act::Part { side }
        }
        17 => Act::HealPartition,
        18 if random.bool() => Act::Add { node: name(random), attribute: attribute(random) },
        18 => Act::Remove { node: name(random) },
        19..21 => Act::Algorithm(algorithms::drawn(random.u64(..))),
        21 => Act::InitiateTogether,
        23 => Act::Eligible { node: name(random), eligible: random.bool() },
        22 => Act::Succession(Succession::ALL[random.usize(..2)]),
        _ => Act::Attribute { node: name(random), attribute: attribute(random) },
    }
}

fn fault(random: &mut fastrand::Rng) -> LinkFault {
    let share =
        |random: &mut fastrand::Rng| Share::try_from([0.1, 0.5, 0.9][random.usize(..3)]).expect("a share");
    let none = LinkFault::default();
    match random.u8(0..7) {
        0..3 => LinkFault::CUT,
        3 => LinkFault { delay_ms: random.u64(1..120), ..none },
        4 => LinkFault { drop: share(random), ..none },
        5 => LinkFault { duplicate: share(random), reorder: share(random), ..none },
        _ => none,
    }
}
