//! The command line of `ringleader simulate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ringleader_simulator::classic::{self, Facts, MAX_RING};
use ringleader_simulator::contest::{Initiators, Labels, MaxRingContest, Pace, Settings};

/// What is shown after the flags.
pub const EXAMPLES: &str = "\
Examples:
  ringleader simulate --algorithm chang-roberts --nodes 1000000 --runs 20
  ringleader simulate --algorithm peterson --nodes 1024 --ids worst --latency exponential
  ringleader simulate --compare all --nodes 16..65536 --plot comparison.svg
  ringleader simulate --compare franklin,peterson --nodes 64..4096 --format csv > runs.csv";

/// An election with more messages than this is left out of a comparison, and that is said.
const MOST_MESSAGES: f64 = 3e8;

/// The most members that one ring may have.
const MOST_NODES: u32 = 20_000_000;

/// Flags of `ringleader simulate`.
#[derive(Debug, Clone, Args)]
pub struct SimulateOptions {
    /// The algorithm: max-ring, lelann, chang-roberts, hirschberg-sinclair, franklin, peterson, dolev-klawe-rodeh, bully,
    /// itai-rodeh or higham-przytycka
    #[arg(long, value_name = "NAME", default_value = "chang-roberts", value_parser = algorithms, conflicts_with = "compare")]
    pub algorithm: Algorithms,
    /// Several algorithms beside each other: names with commas between them, or `all`
    #[arg(long, value_name = "NAMES", value_parser = algorithms)]
    pub compare: Option<Algorithms>,
    /// How many members; `16..65536` for all powers of two between, the ends included
    #[arg(long, value_name = "N", default_value = "1000", value_parser = sizes)]
    pub nodes: Sizes,
    /// How the labels 1 to N are laid round the ring
    #[arg(long, value_name = "ORDER", value_enum, default_value = "random")]
    pub ids: Ids,
    /// Who starts of its own accord: `all`, `one`, or how many, chosen at random
    #[arg(long, value_name = "WHO", default_value = "all", value_parser = initiators)]
    pub initiators: Initiators,
    /// Where all chance comes from; each further run has the next number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// How many elections of each
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub runs: u32,
    /// How long a message takes: always one unit, up to two, or exponentially distributed about one
    #[arg(long, value_name = "TIME", value_enum, default_value = "unit")]
    pub latency: Latency,
    /// How to print the results
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
    /// Draw messages over members, with the theory's curves, to this SVG file
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

/// What `--algorithm` and `--compare` name.
#[derive(Debug, Clone)]
pub struct Algorithms(pub Vec<&'static Facts>);

/// What `--nodes` says.
#[derive(Debug, Clone)]
pub struct Sizes(pub Vec<u32>);

/// `--ids`.
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

/// `--latency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "as in `Pace`")]
pub enum Latency {
    Unit,
    Uniform,
    Exponential,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "their names")]
pub enum Format {
    Table,
    Json,
    Csv,
}

impl SimulateOptions {
    /// Which algorithm at which size; and what is left out, in words.
    #[must_use]
    pub fn series(&self) -> (Vec<(&'static Facts, u32)>, Vec<String>) {
        let (mut series, mut left_out) = (Vec::new(), Vec::new());
        let chosen = self.compare.as_ref().unwrap_or(&self.algorithm);
        for facts in &chosen.0 {
            let so_far = left_out.len();
            for &nodes in &self.nodes.0 {
                if left_out.len() > so_far {
                    // What was too much for a smaller ring is too much for this one.
                    break;
                }
                let messages = (facts.bound.messages)(f64::from(nodes));
                if facts.key == MAX_RING.key && nodes > MaxRingContest::MOST_MEMBERS {
                    left_out.push(format!(
                        "{} from {nodes} members on: each keeps a list of all of them, which is simulated up to {}",
                        facts.name,
                        MaxRingContest::MOST_MEMBERS
                    ));
                } else if self.compare.is_some() && messages > MOST_MESSAGES {
                    left_out.push(format!(
                        "{} from {nodes} members on: {:.1} billion messages",
                        facts.name,
                        messages / 1e9
                    ));
                } else {
                    series.push((*facts, nodes));
                }
            }
        }
        (series, left_out)
    }

    /// The elections at one size.
    pub fn settings(&self, nodes: u32) -> impl Iterator<Item = Settings> + use<> {
        let settings = Settings {
            size: nodes,
            labels: match self.ids {
                Ids::Random => Labels::Random,
                Ids::Increasing => Labels::Increasing,
                Ids::Decreasing => Labels::Decreasing,
                Ids::Worst => Labels::Worst,
                Ids::Alternating => Labels::Alternating,
            },
            initiators: self.initiators,
            pace: match self.latency {
                Latency::Unit => Pace::Unit,
                Latency::Uniform => Pace::Uniform,
                Latency::Exponential => Pace::Exponential,
            },
            seed: self.seed,
        };
        (0..u64::from(self.runs))
            .map(move |run| Settings { seed: settings.seed.wrapping_add(run), ..settings })
    }
}

/// Every algorithm that can be named.
fn known() -> impl Iterator<Item = &'static Facts> {
    std::iter::once(&MAX_RING).chain(classic::ALL.iter().copied())
}

fn algorithms(text: &str) -> Result<Algorithms, String> {
    if text == "all" {
        return Ok(Algorithms(known().collect()));
    }
    let named = text.split(',').map(|name| {
        let keys = || known().map(|facts| facts.key).collect::<Vec<_>>().join(", ");
        let found = known().find(|facts| facts.key == name.trim());
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

fn initiators(text: &str) -> Result<Initiators, String> {
    match text {
        "all" => Ok(Initiators::All),
        "one" => Ok(Initiators::Some(1)),
        _ => match text.parse() {
            Ok(count) if count > 0 => Ok(Initiators::Some(count)),
            _ => Err("write `all`, `one`, or how many, at least 1".to_owned()),
        },
    }
}
