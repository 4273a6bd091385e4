//! The command line of `ringleader simulate`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use ringleader_simulator::algorithms::{Labels, MaxRingElection, Pace, Settings};
use ringleader_simulator::classic::{self, MAX_RING, Properties, Winner};

use super::ring::Ring;

/// The examples after the flags.
pub const EXAMPLES: &str = "\
Examples:
  ringleader simulate --algorithm chang-roberts --nodes 1000000 --runs 20
  ringleader simulate --algorithm peterson --nodes 1024 --ids worst --latency exponential
  ringleader simulate --compare all --nodes 16..65536 --plot comparison.svg
  ringleader simulate --compare franklin,peterson --nodes 64..4096 --format csv > runs.csv
  ringleader simulate --algorithm peterson --labels 3,7,2,9,4 --trace
  ringleader simulate --labels 3,7,2,9,4 --initiators 2,4 --only-initiators --trace markdown";

/// The largest number of messages for which an election is included in a comparison. Those left out are
/// reported.
const MOST_MESSAGES: f64 = 3e8;

/// The most members that one ring may have.
const MOST_NODES: u32 = 20_000_000;

/// Flags of `ringleader simulate`.
#[derive(Debug, Clone, Args)]
pub struct SimulateOptions {
    /// The algorithm.
    #[arg(long, help = format!("The algorithm: {}", keys()), value_name = "NAME", default_value = "chang-roberts", value_parser = algorithms, conflicts_with = "compare")]
    pub algorithm: Algorithms,
    /// Several algorithms beside each other: names with commas between them, or `all`
    #[arg(long, value_name = "NAMES", value_parser = algorithms)]
    pub compare: Option<Algorithms>,
    /// The number of members; `16..65536` for all powers of two between, the ends included
    #[arg(long, value_name = "N", default_value = "1000", value_parser = sizes)]
    pub nodes: Sizes,
    /// The labels in ring order, in the direction of the messages, with commas between them
    #[arg(long, value_name = "N,N,…", value_parser = labels, conflicts_with_all = ["nodes", "ids", "labels_file"])]
    pub labels: Option<LabelList>,
    /// A file with the labels in ring order, with commas, spaces or line ends between them; `#` begins a
    /// remark
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nodes", "ids"])]
    pub labels_file: Option<PathBuf>,
    /// The order of the labels 1 to N round the ring
    #[arg(long, value_name = "ORDER", value_enum, default_value = "random")]
    pub ids: Ids,
    /// The members that start of their own accord: `all`, `one`, a number of them, chosen at random, or
    /// labels with commas between them. Beside `--labels` a single number is a label too
    #[arg(long, value_name = "WHO", default_value = "all", value_parser = initiators)]
    pub initiators: Who,
    /// Only those that start may win, as textbooks teach Chang and Roberts's election:
    /// chang-roberts-initiators instead of chang-roberts
    #[arg(long)]
    pub only_initiators: bool,
    /// The seed of all random numbers; each further run has the next number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The number of elections of each
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub runs: u32,
    /// The time that a message takes: always one unit, up to two, or exponentially distributed about one
    #[arg(long, value_name = "TIME", value_enum, default_value = "unit")]
    pub latency: Latency,
    /// The form of the results
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
    /// Print every message and decision of one election as numbered steps; as text where no format is named
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        num_args = 0..=1,
        default_missing_value = "text",
        conflicts_with_all = ["compare", "runs", "format", "plot"]
    )]
    pub trace: Option<TraceFormat>,
    /// Draw messages over members, with the theory's curves, to this SVG file
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

/// The value of `--algorithm` and `--compare`.
#[derive(Debug, Clone)]
pub struct Algorithms(pub Vec<&'static Properties>);

/// The value of `--nodes`.
#[derive(Debug, Clone)]
pub struct Sizes(pub Vec<u32>);

/// The value of `--ids`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "as in `Labels`")]
pub enum Ids {
    /// In any order, each as likely
    Random,
    /// Upwards in the direction of the messages
    Increasing,
    /// Downwards
    Decreasing,
    /// As costs the algorithm the most, as far as known
    Worst,
    /// The lowest, the highest, the second lowest, …
    Alternating,
}

/// The value of `--latency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "as in `Pace`")]
pub enum Latency {
    Unit,
    Uniform,
    Exponential,
}

/// The value of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "their names")]
pub enum Format {
    Table,
    Json,
    Csv,
}

/// The value of `--trace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "their names")]
pub enum TraceFormat {
    Text,
    Markdown,
    Json,
}

/// The value of `--labels`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelList(pub Vec<u64>);

/// The value of `--initiators`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Every member.
    All,
    /// One, chosen at random.
    One,
    /// This many, or the one with this label where labels are given.
    Number(u64),
    /// The members with these labels.
    Labelled(Vec<u64>),
}

/// Algorithms, each at a number of nodes.
pub type Series = Vec<(&'static Properties, u32)>;

impl SimulateOptions {
    /// The algorithms to run.
    ///
    /// # Errors
    /// When `--only-initiators` is given with an algorithm that has no such form.
    pub fn algorithms(&self) -> anyhow::Result<Vec<&'static Properties>> {
        let chosen = &self.compare.as_ref().unwrap_or(&self.algorithm).0;
        if !self.only_initiators {
            return Ok(chosen.clone());
        }
        let only_initiators = |properties: &&'static Properties| {
            let form = known()
                .find(|form| form.winner == Winner::HighestInitiator && form.key.starts_with(properties.key));
            form.with_context(|| {
                let forms = known().filter(|form| form.winner == Winner::HighestInitiator).map(|form| form.key);
                format!(
                    "--only-initiators: of {} no form is known in which only initiators may win; there are: {}",
                    properties.key,
                    forms.collect::<Vec<_>>().join(", ")
                )
            })
        };
        chosen.iter().map(only_initiators).collect()
    }

    /// The algorithms, each with the sizes to run, and a sentence for each series that is left out.
    ///
    /// # Errors
    /// As [`SimulateOptions::algorithms`].
    pub fn series(&self, sizes: &[u32]) -> anyhow::Result<(Series, Vec<String>)> {
        let (mut series, mut left_out) = (Vec::new(), Vec::new());
        for properties in self.algorithms()? {
            let so_far = left_out.len();
            for &nodes in sizes {
                if left_out.len() > so_far {
                    // An algorithm that sends too many messages at this size does so at every larger
                    // size.
                    break;
                }
                let messages = properties.bound.when_all_start(f64::from(nodes));
                if properties.key == MAX_RING.key && nodes > MaxRingElection::MOST_MEMBERS {
                    left_out.push(format!(
                        "{} from {nodes} members on: each keeps a list of all of them, which is simulated up to {}",
                        properties.name,
                        MaxRingElection::MOST_MEMBERS
                    ));
                } else if self.compare.is_some() && messages > MOST_MESSAGES {
                    left_out.push(format!(
                        "{} from {nodes} members on: {:.1} billion messages",
                        properties.name,
                        messages / 1e9
                    ));
                } else {
                    series.push((properties, nodes));
                }
            }
        }
        Ok((series, left_out))
    }

    /// The first election at one size, on this ring. Each further one has the next seed.
    pub(super) fn settings<'a>(&self, ring: &'a Ring, nodes: u32) -> Settings<'a> {
        Settings {
            size: nodes,
            labels: ring.labels().unwrap_or(match self.ids {
                Ids::Random => Labels::Random,
                Ids::Increasing => Labels::Increasing,
                Ids::Decreasing => Labels::Decreasing,
                Ids::Worst => Labels::Worst,
                Ids::Alternating => Labels::Alternating,
            }),
            initiators: ring.initiators(),
            pace: match self.latency {
                Latency::Unit => Pace::Unit,
                Latency::Uniform => Pace::Uniform,
                Latency::Exponential => Pace::Exponential,
            },
            seed: self.seed,
        }
    }
}

/// Every algorithm that can be named.
fn known() -> impl Iterator<Item = &'static Properties> {
    std::iter::once(&MAX_RING).chain(classic::ALL.iter().copied())
}

fn keys() -> String {
    known().map(|properties| properties.key).collect::<Vec<_>>().join(", ")
}

fn algorithms(text: &str) -> Result<Algorithms, String> {
    if text == "all" {
        return Ok(Algorithms(known().collect()));
    }
    let named = text.split(',').map(|name| {
        let found = known().find(|properties| properties.key == name.trim());
        found.ok_or_else(|| format!("there is no algorithm `{name}`; there are: {}, and `all`", keys()))
    });
    named.collect::<Result<_, _>>().map(Algorithms)
}

fn sizes(text: &str) -> Result<Sizes, String> {
    let size = |text: &str| match text.trim().replace('_', "").parse() {
        Ok(nodes) if (1..=MOST_NODES).contains(&nodes) => Ok(nodes),
        _ => Err(format!("`{text}` is no number from 1 to {MOST_NODES}; write it like 1000, or 16..65536")),
    };
    let Some((from, to)) = text.split_once("..") else { return Ok(Sizes(vec![size(text)?])) };
    let (from, to) = (size(from)?, size(to.trim_start_matches('='))?);
    let powers: Vec<u32> = (0..32).map(|k| 1 << k).filter(|nodes| (from..=to).contains(nodes)).collect();
    if powers.is_empty() {
        return Err(format!("there is no power of two from {from} to {to}"));
    }
    Ok(Sizes(powers))
}

/// Parses labels in ring order, separated by characters of `between`.
pub(super) fn labels_between(text: &str, between: &[char]) -> Result<LabelList, String> {
    let words = text.split(between).map(str::trim).filter(|word| !word.is_empty());
    let label = |word: &str| {
        word.parse().map_err(|_| {
            format!("`{word}` is no label: labels are whole numbers from 0 to {}, as in 3,7,2,9,4", u64::MAX)
        })
    };
    let labels: Vec<u64> = words.map(label).collect::<Result<_, _>>()?;
    match labels.len() {
        0 => Err("there is no label; write them like 3,7,2,9,4".to_owned()),
        n if n > MOST_NODES as usize => {
            Err(format!("{n} labels are too many: a ring has at most {MOST_NODES}"))
        }
        _ => Ok(LabelList(labels)),
    }
}

fn labels(text: &str) -> Result<LabelList, String> {
    labels_between(text, &[','])
}

fn initiators(text: &str) -> Result<Who, String> {
    match text {
        "all" => return Ok(Who::All),
        "one" => return Ok(Who::One),
        _ => {}
    }
    let wrong = |_| "write `all`, `one`, how many, at least 1, or labels with commas between them".to_owned();
    match text.split_once(',') {
        Some(_) => labels(text).map(|labels| Who::Labelled(labels.0)).map_err(wrong),
        None => text.trim().parse().map(Who::Number).map_err(|_| wrong(String::new())),
    }
}
