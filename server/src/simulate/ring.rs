//! The simulated ring: its labels, where they are given, and its initiators.
//!
//! Algorithms only compare labels. So the engine gets the labels' ranks, 1 to n, and people see the
//! labels.

use std::fmt::Write;

use anyhow::{Context, bail, ensure};
use ringleader_simulator::algorithms::{Initiators, Labels};
use ringleader_simulator::classic::{MAX_RING, Properties};

use super::options::{LabelList, SimulateOptions, Who, labels_between};

/// The number of labels that an error message lists.
const MOST_LISTED: usize = 20;

/// A ring before it runs.
#[derive(Debug)]
pub(super) struct Ring {
    given: Option<Given>,
    starts: Starts,
}

/// Labels that were given, in ring order.
#[derive(Debug)]
struct Given {
    labels: Vec<u64>,
    /// Their ranks from 1; the later of two equal ones is the higher, as with max-ring's ids.
    ranks: Vec<u32>,
    /// The labels by rank.
    sorted: Vec<u64>,
}

/// The initiators, by rank.
#[derive(Debug)]
enum Starts {
    All,
    Some(u32),
    Ranked(Vec<u32>),
}

impl Given {
    fn new(labels: Vec<u64>) -> Self {
        let mut places: Vec<usize> = (0..labels.len()).collect();
        places.sort_by_key(|&at| labels[at]);
        let mut ranks = vec![0; labels.len()];
        for (rank, &at) in (1..).zip(&places) {
            ranks[at] = rank;
        }
        let sorted = places.iter().map(|&at| labels[at]).collect();
        Self { labels, ranks, sorted }
    }

    /// Returns a label that more than one member has.
    fn repeated(&self) -> Option<u64> {
        self.sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }

    /// The ranks of the members with this label.
    fn ranked(&self, label: u64) -> anyhow::Result<impl Iterator<Item = u32> + use<>> {
        let from = self.sorted.partition_point(|&other| other < label);
        let to = self.sorted.partition_point(|&other| other <= label);
        if from == to {
            let mut known = self.sorted.clone();
            known.dedup();
            let says = if known.len() <= MOST_LISTED { "there are" } else { "the nearest are" };
            if known.len() > MOST_LISTED {
                known.sort_by_key(|&other| other.abs_diff(label));
                known.truncate(2);
                known.sort_unstable();
            }
            let known: Vec<String> = known.iter().map(u64::to_string).collect();
            bail!("--initiators: no member has the label {label}; {says}: {}", known.join(", "));
        }
        Ok((from..to).map(|rank| u32::try_from(rank + 1).unwrap_or(u32::MAX)))
    }
}

impl Ring {
    /// The ring that the flags describe.
    ///
    /// # Errors
    /// When the file of the labels can't be read or contains no labels, an algorithm needs labels that
    /// differ, or no member has an initiator's label.
    pub(super) fn of(options: &SimulateOptions) -> anyhow::Result<Self> {
        let from_file = options.labels_file.as_ref().map(|file| {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("can't read the labels in {}", file.display()))?;
            let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
            let text = lines.collect::<Vec<_>>().join("\n");
            labels_between(&text, &[',', ' ', '\t', '\n', '\r'])
                .map_err(|why| anyhow::anyhow!("{}: {why}", file.display()))
        });
        let given = from_file.transpose()?.or_else(|| options.labels.clone());
        let given = given.map(|LabelList(labels)| Given::new(labels));
        if let Some(label) = given.as_ref().and_then(Given::repeated) {
            for properties in options.algorithms()? {
                ensure!(
                    allows_equal_labels(properties),
                    "the label {label} is given twice, and {} distinguishes members by their labels; equal labels are \
                     for itai-rodeh, whose members draw numbers instead, and for max-ring, where the later of two equal \
                     ones is the higher",
                    properties.key
                );
            }
        }
        let starts = match (&options.initiators, &given) {
            (Who::All, _) => Starts::All,
            (Who::One, _) => Starts::Some(1),
            (Who::Number(label), Some(given)) => Starts::Ranked(given.ranked(*label)?.collect()),
            (Who::Number(count), None) => match u32::try_from(*count) {
                Ok(count) if count > 0 => Starts::Some(count),
                _ => bail!(
                    "--initiators: write `all`, `one`, or how many, at least 1 and at most {}",
                    u32::MAX
                ),
            },
            (Who::Labelled(labels), Some(given)) => {
                let ranks: Vec<Vec<u32>> = labels
                    .iter()
                    .map(|&label| Ok(given.ranked(label)?.collect()))
                    .collect::<anyhow::Result<_>>()?;
                Starts::Ranked(ranks.concat())
            }
            (Who::Labelled(labels), None) => {
                let smallest = options.nodes.0.iter().copied().min().unwrap_or(1);
                let rank = |&label: &u64| {
                    let rank = u32::try_from(label).ok().filter(|rank| (1..=smallest).contains(rank));
                    rank.with_context(|| {
                        format!(
                            "--initiators: no member has the label {label}; the labels are 1 to {smallest}"
                        )
                    })
                };
                Starts::Ranked(labels.iter().map(rank).collect::<anyhow::Result<_>>()?)
            }
        };
        Ok(Self { given, starts })
    }

    /// The sizes to simulate.
    pub(super) fn sizes(&self, options: &SimulateOptions) -> Vec<u32> {
        match &self.given {
            Some(given) => vec![u32::try_from(given.labels.len()).unwrap_or(u32::MAX)],
            None => options.nodes.0.clone(),
        }
    }

    /// The labels for the engine, where they are given.
    pub(super) fn labels(&self) -> Option<Labels<'_>> {
        self.given.as_ref().map(|given| Labels::Given(&given.ranks))
    }

    /// The initiators, for the engine.
    pub(super) fn initiators(&self) -> Initiators<'_> {
        match &self.starts {
            Starts::All => Initiators::All,
            Starts::Some(count) => Initiators::Some(*count),
            Starts::Ranked(ranks) => Initiators::Labelled(ranks),
        }
    }

    /// The label of this rank.
    pub(super) fn label(&self, rank: u32) -> u64 {
        let given = self.given.as_ref().and_then(|given| given.sorted.get(rank.checked_sub(1)? as usize));
        given.copied().unwrap_or_else(|| rank.into())
    }

    /// The member of this rank as people read it: by its label, and with its position, counted from 1,
    /// where others have that label too.
    pub(super) fn name(&self, rank: u32) -> String {
        let label = self.label(rank);
        let mut name = label.to_string();
        if let Some(given) = &self.given
            && given.labels.iter().filter(|&&other| other == label).count() > 1
        {
            let place = given.ranks.iter().position(|&other| other == rank).map_or(0, |at| at + 1);
            // Writing to a String can't fail.
            let _ = write!(name, "#{place}");
        }
        name
    }
}

fn allows_equal_labels(properties: &Properties) -> bool {
    !properties.labels || properties.key == MAX_RING.key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(labels: &[u64], starts: Starts) -> Ring {
        Ring { given: Some(Given::new(labels.to_vec())), starts }
    }

    #[test]
    fn labels_are_ranked_and_called_as_they_were_given() {
        let ring = ring(&[30, 7, 2, 99, 4], Starts::All);
        assert_eq!(ring.labels(), Some(Labels::Given(&[4, 3, 1, 5, 2])));
        assert_eq!([1, 2, 3, 4, 5].map(|rank| ring.label(rank)), [2, 4, 7, 30, 99]);
        assert_eq!(ring.name(5), "99");
    }

    #[test]
    fn of_equal_labels_the_later_is_the_higher_and_both_are_called_by_their_places() {
        let ring = ring(&[5, 1, 5], Starts::All);
        assert_eq!(ring.labels(), Some(Labels::Given(&[2, 1, 3])));
        assert_eq!([1, 2, 3].map(|rank| ring.name(rank)), ["1", "5#1", "5#3"]);
        let given = ring.given.expect("labels");
        assert_eq!(
            (given.repeated(), given.ranked(5).expect("two of them").collect::<Vec<_>>()),
            (Some(5), vec![2, 3])
        );
    }

    #[test]
    fn an_initiator_that_is_no_member_is_refused_with_those_that_are_or_the_nearest() {
        let few = Given::new(vec![3, 7, 2, 9, 4]);
        let error = few.ranked(8).err().expect("nobody's").to_string();
        assert_eq!(error, "--initiators: no member has the label 8; there are: 2, 3, 4, 7, 9");
        let many = Given::new((0..100).map(|n| 10 * n).collect());
        let error = many.ranked(54).err().expect("nobody's").to_string();
        assert!(error.ends_with("the nearest are: 50, 60"), "{error}");
    }
}
