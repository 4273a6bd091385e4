//! The settings of a ring in the sandbox.

use std::time::Duration;

use ringleader_shared::{Attribute, NodeName, RingSettings};
use ringleader_simulator::{Action, Latency, Schedule, Setup, random};

use super::choice::{Arrangement, Links, Start};

/// The largest ring.
pub(crate) const MOST_NODES: usize = 1_000;

/// The mean duration of a hop.
pub(crate) const HOP: Duration = Duration::from_millis(1);

/// The lowest attribute, and the step to the next one: a ring of four is the one that the server starts.
const ATTRIBUTES: (u64, u64) = (90, 10);

/// Everything that a run depends on, except the actions of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The settings of the ring; its pace is the player's speed.
    pub(crate) ring: RingSettings,
    /// The number of nodes.
    pub(crate) nodes: usize,
    /// The names of the nodes that may not lead; names that are not in the ring are ignored.
    pub(crate) ineligible: Vec<NodeName>,
    /// The arrangement of their attributes.
    pub(crate) arrangement: Arrangement,
    /// The latency of their links.
    pub(crate) links: Links,
    /// The seed of all random numbers.
    pub(crate) seed: u64,
    /// The nodes that start.
    pub(crate) start: Start,
    /// The attributes in ring order, one for each node, when they are given; else empty.
    pub(crate) labels: Vec<u64>,
    /// The attributes of the nodes that start, when these are given; else empty.
    pub(crate) initiators: Vec<u64>,
}

impl Default for Settings {
    /// The ring that the server starts.
    fn default() -> Self {
        Self {
            ring: RingSettings::default(),
            nodes: 4,
            ineligible: Vec::new(),
            arrangement: Arrangement::Increasing,
            links: Links::Constant,
            seed: 1,
            start: Start::One,
            labels: Vec::new(),
            initiators: Vec::new(),
        }
    }
}

impl Settings {
    /// The ring.
    pub(crate) fn setup(&self) -> Setup {
        Setup { settings: self.ring, ..Setup::of(&self.attributes()) }
            .ineligible(&self.ineligible.iter().filter_map(NodeName::ordinal).collect::<Vec<_>>())
            .seed(self.seed)
            .latency(self.latency())
            .patient()
    }

    /// The actions at the beginning.
    pub(crate) fn opening(&self) -> Schedule {
        let steps = match self.start {
            Start::One => vec![(self.opens(), Action::Initiate(0))],
            Start::All => vec![(self.opens(), Action::InitiateAll)],
            Start::Nobody => Vec::new(),
            Start::Given => {
                let attributes = self.attributes();
                let places = (0..attributes.len()).filter(|&at| self.initiators.contains(&attributes[at]));
                let waits = std::iter::once(self.opens()).chain(std::iter::repeat(Duration::ZERO));
                waits.zip(places.map(Action::Initiate)).collect()
            }
        };
        Schedule { steps }
    }

    /// The time of the first election: right after the moment that is shown first.
    pub(crate) fn opens(&self) -> Duration {
        self.begin() + Duration::from_micros(1)
    }

    /// The time at which the nodes have found each other. The part of the run that is shown begins here.
    pub(crate) fn begin(&self) -> Duration {
        match self.links {
            Links::Constant | Links::Uniform => 5 * HOP,
            Links::Exponential => 20 * HOP,
        }
    }

    /// Gives the nodes these labels in ring order. An empty list restores the increasing order.
    ///
    /// # Errors
    /// A sentence that describes labels, when the text has none.
    pub(crate) fn give_labels(&mut self, text: &str) -> Result<(), String> {
        let labels = numbers(text)?;
        self.lay(if labels.is_empty() { Arrangement::Increasing } else { Arrangement::Given }, labels);
        Ok(())
    }

    /// Changes the arrangement. [`Arrangement::Given`] without labels keeps the present ones, to be changed.
    pub(crate) fn lay(&mut self, arrangement: Arrangement, labels: Vec<u64>) {
        let labels = match arrangement {
            Arrangement::Given if labels.is_empty() => self.attributes(),
            _ => labels,
        };
        if !labels.is_empty() {
            self.nodes = labels.len();
        }
        (self.arrangement, self.labels) = (arrangement, labels);
        self.forget_initiators_that_left();
    }

    /// Changes the number of nodes. Given labels are dropped.
    pub(crate) fn resize(&mut self, nodes: usize) {
        self.nodes = nodes.clamp(1, MOST_NODES);
        if self.arrangement == Arrangement::Given {
            self.arrangement = Arrangement::Increasing;
        }
        self.labels.clear();
        self.forget_initiators_that_left();
    }

    /// Chooses the nodes with these labels to start; with an empty list, the first node.
    ///
    /// # Errors
    /// A sentence that lists the labels of the ring, when there are others in the text.
    pub(crate) fn give_initiators(&mut self, text: &str) -> Result<(), String> {
        let (initiators, attributes) = (numbers(text)?, self.attributes());
        if let Some(unknown) = initiators.iter().find(|label| !attributes.contains(label)) {
            const MOST: usize = 12;
            let mut known: Vec<String> = attributes.iter().take(MOST).map(u64::to_string).collect();
            if attributes.len() > MOST {
                known.push("…".to_owned());
            }
            return Err(format!("No node has the label {unknown}: there are {}", known.join(", ")));
        }
        self.start = if initiators.is_empty() { Start::One } else { Start::Given };
        self.initiators = initiators;
        Ok(())
    }

    /// Changes the choice of the nodes that start. [`Start::Given`] begins with the first node.
    pub(crate) fn begin_with(&mut self, start: Start) {
        let first = self.attributes().first().copied();
        self.initiators = first.filter(|_| start == Start::Given).into_iter().collect();
        self.start = start;
    }

    fn forget_initiators_that_left(&mut self) {
        let attributes = self.attributes();
        self.initiators.retain(|label| attributes.contains(label));
        if self.start == Start::Given && self.initiators.is_empty() {
            self.start = Start::One;
        }
    }

    /// Parses names, separated by commas, points or spaces.
    pub(crate) fn names(text: &str) -> Option<Vec<NodeName>> {
        let names = text.split([',', '.', ' ']).filter(|name| !name.is_empty());
        names.map(|name| name.parse().ok().filter(|name: &NodeName| name.ordinal().is_some())).collect()
    }

    fn latency(&self) -> Latency {
        match self.links {
            Links::Constant => Latency::Constant(HOP),
            Links::Uniform => Latency::Uniform { min: HOP / 20, max: 2 * HOP - HOP / 20 },
            Links::Exponential => Latency::Exponential { mean: HOP },
        }
    }

    fn attributes(&self) -> Vec<u64> {
        let (lowest, step) = ATTRIBUTES;
        let mut ranks: Vec<u64> = (0..).take(self.nodes).collect();
        match self.arrangement {
            Arrangement::Given if !self.labels.is_empty() => return self.labels.clone(),
            Arrangement::Increasing | Arrangement::Given => {}
            Arrangement::Decreasing => ranks.reverse(),
            Arrangement::Random => {
                // A sequence of its own, not the one that the run draws from.
                let mut chance = fastrand::Rng::with_seed(random::derived(self.seed, 1));
                for last in (1..ranks.len()).rev() {
                    // Not `shuffle`, which draws numbers whose width depends on the platform.
                    let other = chance.u32(0..=u32::try_from(last).unwrap_or(u32::MAX));
                    ranks.swap(last, other as usize);
                }
            }
            Arrangement::Alternating => {
                let sorted = std::mem::take(&mut ranks);
                let (low, high) = sorted.split_at(sorted.len().div_ceil(2));
                let mut high = high.iter().rev();
                ranks = low.iter().flat_map(|low| [Some(low), high.next()]).flatten().copied().collect();
            }
        }
        ranks.into_iter().map(|rank| lowest + step * rank).collect()
    }
}

/// Parses labels, separated by commas, points or spaces.
pub(crate) fn numbers(text: &str) -> Result<Vec<u64>, String> {
    let words = text.split([',', '.', ' ', '\t']).filter(|word| !word.is_empty());
    let label = |word: &str| {
        let label = word.parse().ok().filter(|label| *label <= Attribute::MAX.0);
        label.ok_or_else(|| {
            format!(
                "{word:.20} is no label: labels are whole numbers up to {}, as in 3,7,2,9,4",
                Attribute::MAX
            )
        })
    };
    let labels: Vec<u64> = words.map(label).collect::<Result<_, _>>()?;
    if labels.len() > MOST_NODES {
        return Err(format!("A ring has at most {MOST_NODES} nodes; these are {} labels", labels.len()));
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_textbooks_ring_is_given_by_its_labels_and_who_starts_by_theirs() {
        let mut settings = Settings::default();
        settings.give_labels("3, 7,2.9 4").expect("labels");
        settings.give_initiators("2,9").expect("two of them");
        assert_eq!((settings.attributes(), settings.nodes), (vec![3, 7, 2, 9, 4], 5));
        let text = settings.opening().to_string();
        assert_eq!(text, "5001us initiate C; 0us initiate D");
        // A node that has left does not start.
        settings.give_labels("9 1").expect("labels");
        assert_eq!((&settings.initiators[..], settings.start), (&[9][..], Start::Given));
        settings.resize(3);
        assert_eq!((settings.attributes(), settings.start), (vec![90, 100, 110], Start::One));
    }

    #[test]
    fn what_is_no_label_or_no_nodes_is_refused_with_what_is_allowed() {
        let mut settings = Settings::default();
        let no_label = settings.give_labels("3,x").expect_err("no number");
        assert!(no_label.contains("x is no label") && no_label.contains("3,7,2,9,4"), "{no_label}");
        let too_many = settings.give_labels(&"1,".repeat(MOST_NODES + 1)).expect_err("too many");
        assert!(too_many.contains("at most 1000"), "{too_many}");
        let nobody = settings.give_initiators("90,91").expect_err("nobody's");
        assert_eq!(nobody, "No node has the label 91: there are 90, 100, 110, 120");
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn as_given_without_labels_takes_those_that_there_are() {
        let mut settings = Settings { arrangement: Arrangement::Alternating, ..Settings::default() };
        let before = settings.attributes();
        settings.lay(Arrangement::Given, Vec::new());
        assert_eq!((&settings.labels, settings.attributes()), (&before, before.clone()));
        settings.begin_with(Start::Given);
        assert_eq!(settings.initiators, [90]);
    }

    fn laid(arrangement: Arrangement, nodes: usize) -> Vec<u64> {
        Settings { nodes, arrangement, ..Settings::default() }.attributes()
    }

    #[test]
    fn attributes_are_in_the_order_of_their_arrangement() {
        assert_eq!(laid(Arrangement::Increasing, 4), [90, 100, 110, 120]);
        assert_eq!(laid(Arrangement::Decreasing, 4), [120, 110, 100, 90]);
        assert_eq!(laid(Arrangement::Alternating, 5), [90, 130, 100, 120, 110]);
        assert_eq!(laid(Arrangement::Alternating, 1), [90]);
        let mut random = laid(Arrangement::Random, 100);
        assert_ne!(random, laid(Arrangement::Increasing, 100));
        random.sort_unstable();
        assert_eq!(random, laid(Arrangement::Increasing, 100));
    }
}
