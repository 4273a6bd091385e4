//! `--trace`: every message and decision of one election as numbered steps, as a textbook prints a solution.
//!
//! The steps are those of the engine's own run. [`sentences`] describes them.

mod sentences;

use std::io::Write;

use anyhow::{Context, ensure};
use ringleader_simulator::algorithms::watch::{Cause, Step, TooLong};
use ringleader_simulator::algorithms::{Election, MaxRingElection, Outcome, Settings, TICKS};
use ringleader_simulator::classic::{self, Classic, Properties, Visitor};
use serde_json::{Map, Value, json};

use self::sentences::Sentences;
use super::options::{Latency, SimulateOptions, TraceFormat};
use super::ring::Ring;

/// The most messages of a trace.
const MOST_MESSAGES: u64 = 5_000;

struct Traced<'a>(Settings<'a>);

impl Visitor for Traced<'_> {
    type Output = Result<(Outcome, Vec<Step>), TooLong>;

    fn visit<A: Classic<u32>>(self) -> Self::Output {
        Election::<A>::traced(self.0, MOST_MESSAGES)
    }
}

/// One election and its steps.
struct Trace<'a> {
    properties: &'static Properties,
    ring: &'a Ring,
    latency: Latency,
    seed: u64,
    outcome: Outcome,
    steps: Vec<Step>,
    /// The leader's label, as the engine numbers it.
    leader: u32,
}

/// Runs one election and prints its steps.
///
/// # Errors
/// When more than one size is asked for, the election takes too many messages, or the output is closed.
pub(super) fn print(
    options: &SimulateOptions,
    ring: &Ring,
    format: TraceFormat,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let (algorithms, sizes) = (options.algorithms()?, ring.sizes(options));
    let (&[properties], &[nodes]) = (&algorithms[..], &sizes[..]) else {
        anyhow::bail!("--trace follows one election: give one algorithm and one number of members");
    };
    let settings = options.settings(ring, nodes);
    let most = MaxRingElection::MOST_MEMBERS;
    let too_long = || {
        format!(
            "--trace prints up to {MOST_MESSAGES} messages: choose a smaller ring, as with --nodes 16, or leave --trace out \
             to have them counted"
        )
    };
    let traced = match classic::visit(properties.key, Traced(settings)) {
        Some(traced) => traced,
        None => {
            ensure!(
                nodes <= most,
                "{} is simulated with up to {most} members; {}",
                properties.name,
                too_long()
            );
            MaxRingElection::traced(settings, MOST_MESSAGES)
        }
    };
    let (outcome, steps) = traced.with_context(too_long)?;
    let leader = super::leader(properties, &outcome)?;
    let (latency, seed) = (options.latency, options.seed);
    let trace = Trace { properties, ring, latency, seed, outcome, steps, leader };
    match format {
        TraceFormat::Text => trace.text(out)?,
        TraceFormat::Markdown => trace.markdown(out)?,
        TraceFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &trace.json())?;
            writeln!(out)?;
        }
    }
    Ok(())
}

/// A number with at most two decimals.
fn short(figure: f64) -> String {
    format!("{figure:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Ticks as units of the mean time that a message takes.
fn units(ticks: u64) -> String {
    short(ticks as f64 / TICKS as f64)
}

impl Trace<'_> {
    fn sentences(&self) -> Sentences<'_> {
        Sentences::new(self.properties, self.ring, &self.outcome)
    }

    /// The members' names in ring order.
    fn members(&self) -> Vec<String> {
        self.outcome.labels.iter().map(|&rank| self.ring.name(rank)).collect()
    }

    fn initiators(&self) -> Vec<String> {
        let members = self.members();
        self.outcome.starters().map(|at| members[at].clone()).collect()
    }

    /// The input of the election, as lines of a name and a text.
    fn given(&self) -> Vec<(&'static str, String)> {
        let members = self.members();
        let first = members.first().cloned().unwrap_or_default();
        let starts = match self.outcome.initiators {
            None => "all".to_owned(),
            Some(_) => self.initiators().join(", "),
        };
        let latency = match self.latency {
            Latency::Unit => "one unit of time each".to_owned(),
            Latency::Uniform => format!("up to two units of time, drawn from seed {}", self.seed),
            Latency::Exponential => {
                format!("exponentially distributed about one unit of time, drawn from seed {}", self.seed)
            }
        };
        vec![
            ("algorithm", format!("{} ({})", self.properties.name, self.properties.year)),
            ("variant", self.properties.variant.to_owned()),
            ("ring", format!("{} → {first}", members.join(" → "))),
            ("start", starts),
            ("messages take", latency),
        ]
    }

    /// The result of the election, as lines of a name and a text.
    fn result(&self) -> Vec<(&'static str, String)> {
        let Outcome { messages, announced: announcing, decided, ended, .. } = self.outcome;
        let kinds = self.properties.kinds.iter().zip(self.outcome.by_kind);
        let kinds: Vec<String> = kinds.map(|(kind, count)| format!("{count} {kind}")).collect();
        let bound = self.properties.bound;
        let how = if bound.worst_case { "at most" } else { "on average" };
        let figure = bound.when_all_start(self.outcome.labels.len() as f64);
        let announced = if announcing > 0 {
            format!(
                "{messages} of the election ({}) + {announcing} that announce the result",
                kinds.join(" + ")
            )
        } else {
            format!("{messages} ({})", kinds.join(" + "))
        };
        let sum = if announcing > 0 { format!(" = {}", self.outcome.hops()) } else { String::new() };
        vec![
            ("leader", self.ring.name(self.leader)),
            ("messages", format!("{announced}{sum}")),
            ("the paper", format!("{} ({how} {} when everybody starts)", bound.formula, short(figure))),
            ("time", format!("decided at {}, the last message arrives at {}", short(decided), short(ended))),
        ]
    }

    fn text(&self, out: &mut impl Write) -> std::io::Result<()> {
        let sentences = self.sentences();
        for (name, text) in self.given() {
            writeln!(out, "{name:<15}{text}")?;
        }
        writeln!(out)?;
        let width = self.steps.len().to_string().len();
        let times: Vec<String> = self.steps.iter().map(|step| units(step.at)).collect();
        let time_width = times.iter().map(String::len).max().unwrap_or_default();
        for ((number, step), time) in (1..).zip(&self.steps).zip(times) {
            write!(out, "{number:>width$}. t = {time:<time_width$}  {}", sentences.cause(step))?;
            let done = [sentences.decisions(step), sentences.sends(step)].concat();
            write!(
                out,
                "{}",
                if done.is_empty() { String::new() } else { format!(": {}", done.join("; ")) }
            )?;
            match sentences.state(step) {
                Some(state) => writeln!(out, " [{state}]")?,
                None => writeln!(out)?,
            }
        }
        writeln!(out)?;
        for (name, text) in self.result() {
            writeln!(out, "{name:<15}{text}")?;
        }
        Ok(())
    }

    fn markdown(&self, out: &mut impl Write) -> std::io::Result<()> {
        let sentences = self.sentences();
        writeln!(out, "# {} on {}\n", self.properties.name, self.members().join(", "))?;
        for (name, text) in self.given() {
            writeln!(out, "- **{name}:** {text}")?;
        }
        writeln!(out, "\n| step | time | what happens | decisions | messages sent | state |")?;
        writeln!(out, "| ---: | ---: | --- | --- | --- | --- |")?;
        for (number, step) in (1..).zip(&self.steps) {
            let cells = [
                sentences.cause(step),
                sentences.decisions(step).join("; "),
                sentences.sends(step).join("; "),
                sentences.state(step).unwrap_or_default(),
            ];
            let cells = cells.map(|cell| cell.replace('|', "\\|"));
            writeln!(out, "| {number} | {} | {} |", units(step.at), cells.join(" | "))?;
        }
        writeln!(out)?;
        for (name, text) in self.result() {
            writeln!(out, "- **{name}:** {text}")?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let sentences = self.sentences();
        let label = |at: u32| self.ring.label(self.outcome.labels[at as usize]);
        let steps = (1..).zip(&self.steps).map(|(number, step): (u64, _)| {
            let mut object = Map::new();
            let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
            put("step", number.into());
            put("time", json!(step.at as f64 / TICKS as f64));
            put("member", label(step.member).into());
            put("place", step.member.into());
            match step.cause {
                Cause::Starts => put("starts", true.into()),
                Cause::Receives { number, from, message } => put(
                    "receives",
                    json!({ "number": number, "from": label(from), "message": sentences.fields(message) }),
                ),
            };
            put("decisions", sentences.decisions(step).into());
            let sends = step.sent.iter().map(|sent| {
                json!({ "number": sent.number, "to": label(sent.to), "message": sentences.fields(sent.message) })
            });
            put("sends", sends.collect());
            if let Some(rank) = step.learnt {
                put("learns", self.ring.label(rank).into());
            }
            if let Some(state) = sentences.state(step) {
                put("state", state.into());
            }
            Value::Object(object)
        });
        let kinds = self.properties.kinds.iter().zip(self.outcome.by_kind);
        json!({
            "algorithm": self.properties.key,
            "name": self.properties.name,
            "variant": self.properties.variant,
            "ring": self.outcome.labels.iter().map(|&rank| self.ring.label(rank)).collect::<Vec<_>>(),
            "initiators": self.outcome.starters().collect::<Vec<_>>(),
            "latency": format!("{:?}", self.latency).to_lowercase(),
            "seed": self.seed,
            "steps": steps.collect::<Vec<_>>(),
            "leader": self.ring.label(self.leader),
            "leader_place": self.outcome.leader,
            "messages": self.outcome.messages,
            "by_kind": kinds.map(|(kind, count)| ((*kind).to_owned(), count.into())).collect::<Map<_, _>>(),
            "announcing": self.outcome.announced,
            "hops": self.outcome.hops(),
            "decided": self.outcome.decided,
            "ended": self.outcome.ended,
        })
    }
}
