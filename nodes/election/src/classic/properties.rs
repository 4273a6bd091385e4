//! The assumptions and promises of a paper, as data.

use super::promise::{Ending, Formula, Instance, Winner};

/// Directions in which messages may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RingKind {
    /// Messages go to the successor only.
    Unidirectional,
    /// Messages go to both neighbours.
    Bidirectional,
    /// Messages go to every member.
    Complete,
}

impl RingKind {
    /// The direction of messages, for people.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Unidirectional => "one way round the ring",
            Self::Bidirectional => "both ways round the ring",
            Self::Complete => "from everyone to everyone",
        }
    }
}

/// The arrangement of labels that costs an algorithm the most, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Worst {
    /// It makes no difference.
    Any,
    /// From the highest label down, in the direction of the messages.
    Decreasing,
    /// By the place's number with its binary digits reversed: each round half of those that are left survive.
    BitReversed,
}

/// Number of messages that an election takes, at most or on average.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// The formula, as people write it.
    pub formula: &'static str,
    /// The formula.
    pub messages: Formula,
    /// Whether no run exceeds it; otherwise it is an average over random rings or random numbers.
    pub worst_case: bool,
    /// The number that no run exceeds, where the formula is an average. `None` where random numbers can
    /// prolong it for ever.
    pub at_worst: Option<Formula>,
}

impl Bound {
    /// The formula with what it bounds. The formula of a mean says that it is one.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.worst_case { format!("at most {}", self.formula) } else { self.formula.to_owned() }
    }

    /// The formula for a ring of `n` members, all of which start.
    #[must_use]
    pub fn when_all_start(&self, n: f64) -> f64 {
        (self.messages)(Instance::all(n))
    }

    /// The most messages of any run; `None` where there is no such number.
    #[must_use]
    pub fn most(&self, instance: Instance) -> Option<f64> {
        let most = if self.worst_case { Some(self.messages) } else { self.at_worst };
        most.map(|most| most(instance))
    }
}

/// An algorithm's identity card.
#[derive(Debug, Clone, Copy)]
pub struct Properties {
    /// The name on a command line.
    pub key: &'static str,
    /// The name in a text.
    pub name: &'static str,
    /// Year of the publication.
    pub year: u16,
    /// Description of the variant: papers and textbooks give others under the same name.
    pub variant: &'static str,
    /// Description in two or three sentences.
    pub how: &'static str,
    /// Directions in which messages may go.
    pub ring_kind: RingKind,
    /// Whether members have unique labels; an anonymous ring has none.
    pub labels: bool,
    /// The member that must win.
    pub winner: Winner,
    /// Whether members know how many they are.
    pub knows_size: bool,
    /// Whether links must keep order.
    pub needs_order: bool,
    /// Whether it goes on when members or messages are lost.
    pub survives_failures: bool,
    /// End of an election.
    pub ending: Ending,
    /// Whether a member that holds the label of another may find that this other one has won.
    pub found_by_another: bool,
    /// Whether real processes can hold it, with terms, ring repair and succession around it.
    pub among_processes: bool,
    /// Messages of the election when everybody starts it.
    pub bound: Bound,
    /// The labels that make it the most expensive.
    pub worst: Worst,
    /// Time in units of the slowest message, when everybody starts at once, the announcing lap left out.
    pub time: &'static str,
    /// The name of the stages that [`super::Progress::phase`] counts.
    pub phases: &'static str,
    /// The kinds of messages.
    pub kinds: &'static [&'static str],
    /// The names of the numbers in its messages, in the order in which a [`super::Payload`] has them.
    pub numbers: &'static [&'static str],
    /// The publication.
    pub source: &'static str,
}

impl Properties {
    /// The fewest messages that any algorithm under the same assumptions can take on average over all
    /// arrangements, and who proved that. `None` where no such bound is known to this program.
    #[must_use]
    pub fn lower_bound(&self, nodes: u32) -> Option<(f64, &'static str)> {
        let (constant, source) = match self.ring_kind {
            RingKind::Unidirectional => (
                0.693,
                "0.693 n log₂ n on average, one direction, size unknown: Pachl, Korach, Rotem, JACM 31(4), 1984",
            ),
            RingKind::Bidirectional => {
                (0.347, "0.347 n log₂ n (½·n·Hₙ) on average, both directions, size unknown: Bodlaender, 1988")
            }
            RingKind::Complete => return None,
        };
        let n = f64::from(nodes);
        (nodes > 1 && self.labels && !self.knows_size).then(|| (constant * n * n.log2(), source))
    }
}

/// The n-th harmonic number: 1 + 1/2 + … + 1/n.
pub(crate) fn harmonic(n: f64) -> f64 {
    // Euler and Maclaurin; the error is below 1/(252 n^6).
    if n < 8.0 {
        let mut sum = 0.0;
        let mut k = 1.0;
        while k <= n {
            sum += 1.0 / k;
            k += 1.0;
        }
        return sum;
    }
    n.ln() + 0.577_215_664_901_532_9 + 1.0 / (2.0 * n) - 1.0 / (12.0 * n * n) + 1.0 / (120.0 * n.powi(4))
}

/// The default algorithm beside the classic ones. It is [`crate::Core`].
pub const MAX_RING: Properties = Properties {
    key: "max-ring",
    name: "max-ring",
    year: 2026,
    variant: "this project's own: after Chang and Roberts, with a deputy",
    how: "One message goes round and collects the best and the second best member: leader and deputy. When it is back at the \
          best, that one leads and one more lap announces it. Terms, ring repair and succession are part of it.",
    ring_kind: RingKind::Unidirectional,
    labels: true,
    winner: Winner::Highest,
    knows_size: false,
    needs_order: true,
    survives_failures: true,
    ending: Ending::WinnerAnnounces,
    found_by_another: false,
    among_processes: true,
    bound: Bound {
        formula: "n·Hₙ on average when all initiate, at most 2n − 1 with one initiator",
        messages: |ring| ring.n * harmonic(ring.n),
        worst_case: false,
        at_worst: None,
    },
    worst: Worst::Any,
    time: "2n − 1",
    phases: "phase",
    kinds: &["election"],
    numbers: &[],
    source: "docs/protocol.md; after Chang and Roberts (1979)",
};
