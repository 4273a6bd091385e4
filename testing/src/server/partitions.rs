//! Rings in which links fail between members that live and stay so: a table of them, and what becomes of
//! each.

use std::time::{Duration, Instant};

use ringleader_shared::bus::BusFrame;
use ringleader_shared::fault::Share;
use ringleader_shared::{EventKind, LinkFault, Safety};

use super::Server;
use super::connectivity::{Part, agreement_of_all, faults, parts};

/// One kind of ring and what fails in it.
pub struct Row {
    pub nodes: usize,
    pub safety: Safety,
    /// The name of what fails, as in the tables of the documents.
    pub what: &'static str,
    /// The faults, in words: `C-D` is cut in both directions, `B>C` in one, `A>B 50%` loses so many of a
    /// hundred messages, `+60` delays everything by so many milliseconds.
    pub faults: &'static str,
}

const fn row(nodes: usize, safety: Safety, what: &'static str, faults: &'static str) -> Row {
    Row { nodes, safety, what, faults }
}

/// The partial partitions, slow and lossy links by which the election is judged. Each leaves a part that must
/// have a leader.
pub const ROWS: [Row; 18] = [
    row(4, Safety::Available, "the leader and its deputy", "C-D"),
    row(4, Safety::Quorum, "the leader and its deputy", "C-D"),
    row(4, Safety::Quorum, "two followers", "B-C"),
    row(4, Safety::Quorum, "a follower to the next", "B>C"),
    row(4, Safety::Quorum, "a follower to the one before", "C>B"),
    row(3, Safety::Quorum, "the leader and its deputy", "B-C"),
    row(5, Safety::Quorum, "the leader and its deputy", "D-E"),
    row(5, Safety::Quorum, "the leader reaches one, another nobody", "E-A E-B E-D D-A D-B D-C"),
    row(7, Safety::Quorum, "two sides that two more see", "A-D A-E B-D B-E C-D C-E"),
    row(8, Safety::Available, "slow links everywhere", "+60"),
    row(4, Safety::Available, "slow links everywhere", "+100"),
    row(4, Safety::Quorum, "slow links everywhere", "+100"),
    row(4, Safety::Available, "slow links everywhere", "+400"),
    row(4, Safety::Quorum, "slow links everywhere", "+400"),
    row(4, Safety::Available, "a link that loses", "A>B 50%"),
    row(4, Safety::Available, "a link that loses", "A>B 80%"),
    row(4, Safety::Available, "a link that loses", "A>B 90%"),
    row(4, Safety::Available, "a link that loses", "A>B 100%"),
];

/// The outcome for the parts of a ring after a fault.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The times at which some part had not agreed, counted from the fault.
    pub gaps: Vec<(Duration, Duration)>,
    /// Growth of the highest term.
    pub terms: u64,
    /// Time for which the ring was observed.
    pub observed: Duration,
    /// The parts and the faults in words.
    pub ring: String,
}

impl Observation {
    /// The time from the fault to the moment from which all parts agreed.
    pub fn settled_after(&self) -> Duration {
        self.gaps.last().map_or(Duration::ZERO, |(_, until)| *until)
    }

    /// The longest time in a row without an agreement.
    pub fn longest_gap(&self) -> Duration {
        self.gaps.iter().map(|(from, until)| until.saturating_sub(*from)).max().unwrap_or_default()
    }

    /// The time without an agreement.
    pub fn without(&self) -> Duration {
        self.gaps.iter().map(|(from, until)| until.saturating_sub(*from)).sum()
    }
}

impl Row {
    /// A ring of this kind that has elected.
    pub fn start(&self, flags: &[&str]) -> Server {
        let (nodes, safety) = (self.nodes.to_string(), self.safety.to_string());
        let server = Server::start_with(&[&["--nodes", &nodes, "--safety", &safety], flags].concat());
        server.initiate("A");
        server.wait_for("all follow one leader, with a deputy", |ring| {
            ring.leader.is_some() && ring.deputy.is_some() && agreement_of_all(&parts(ring), ring).is_some()
        });
        server
    }

    /// The faults between the members.
    pub fn faults(&self) -> Vec<(String, String, LinkFault)> {
        let names: Vec<String> = ('A'..).take(self.nodes).map(String::from).collect();
        let mut all = Vec::new();
        let mut words = self.faults.split_whitespace().peekable();
        while let Some(word) = words.next() {
            if let Some(delay) = word.strip_prefix('+') {
                let slow = LinkFault { delay_ms: delay.parse().expect("a delay"), ..LinkFault::default() };
                let pairs = names.iter().flat_map(|from| names.iter().map(move |to| (from, to)));
                let between = pairs.filter(|(from, to)| from != to);
                all.extend(between.map(|(from, to)| (from.clone(), to.clone(), slow)));
                continue;
            }
            let percent = words.next_if(|next| next.ends_with('%'));
            let fault = percent.map_or(LinkFault::CUT, |percent| {
                let drop = Share::of_percent(percent.trim_end_matches('%').parse().expect("a share"));
                LinkFault { drop, ..LinkFault::default() }
            });
            let (from, to) = word.split_once(['-', '>']).expect("two members");
            all.push((from.to_owned(), to.to_owned(), fault));
            if word.contains('-') {
                all.push((to.to_owned(), from.to_owned(), fault));
            }
        }
        all
    }

    /// Breaks the links, and observes what becomes of the parts.
    pub fn observe(&self, server: &Server, within: Duration) -> Observation {
        observe(server, within, |server| {
            for (from, to, fault) in self.faults() {
                server.set_link(&from, &to, &fault);
            }
        })
    }
}

/// Does something to a ring whose parts have agreed, and observes what becomes of its parts.
pub fn observe(server: &Server, within: Duration, act: impl FnOnce(&Server)) -> Observation {
    let mut ring = server.ring();
    let before = ring.term;
    let mut bus = server.subscribe(Some(ring.seq));
    act(server);
    let after = server.ring();
    let parts = parts(&after);
    let end = Instant::now() + within;
    let mut acted_us = None;
    let mut gaps: Vec<(Duration, Duration)> = Vec::new();
    let mut gap_since = None;
    while let Some(frame) = bus.next_frame(end) {
        let BusFrame::Event { event } = frame else { continue };
        ring.apply(&event);
        let is_act = matches!(event.kind, EventKind::LinkFaultChanged { .. } | EventKind::Requested { .. });
        if acted_us.is_none() || is_act && event.seq <= after.seq {
            acted_us = Some(event.at_us);
        }
        let at = Duration::from_micros(event.at_us.saturating_sub(acted_us.unwrap_or_default()));
        match (agreement_of_all(&parts, &ring), gap_since) {
            (None, None) => gap_since = Some(at),
            (Some(_), Some(since)) => {
                gaps.push((since, at));
                gap_since = None;
            }
            (None, Some(_)) | (Some(_), None) => {}
        }
    }
    gaps.extend(gap_since.map(|since| (since, within)));
    let terms =
        ring.nodes.iter().map(|node| node.term).max().map_or(0, |term| term.0.saturating_sub(before.0));
    let names = parts.iter().map(Part::to_string).collect::<Vec<_>>().join(", ");
    Observation {
        gaps,
        terms,
        observed: within,
        ring: format!("{} parts: {names}; {}", parts.len(), faults(&after)),
    }
}
