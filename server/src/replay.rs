//! `ringleader replay`: shows the recordings of `--record` in words, and whether the core does the same
//! again.

use std::collections::BTreeSet;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use ringleader_node::recordings::{self, Recording, describe};
use ringleader_shared::ring::RingSpec;
use ringleader_shared::{NodeName, RunId};
use serde_json::{Value, json};

/// The number of steps before a difference that are shown with it.
const CONTEXT: usize = 3;

/// Examples for the help text.
pub const EXAMPLES: &str = "\
Examples:
  ringleader --record recordings              runs a ring and records it; stop it with Ctrl-C
  ringleader replay recordings                every step of every node, in the order in which they happened
  ringleader replay recordings --node B       those of one node
  ringleader replay recordings --json         one JSON object a line: \"type\" is \"step\", or \"verdict\" at the end

Each start of a node is replayed in a fresh election core. The exit code is 0 when all did the same again, else 1.";

/// Flags of `ringleader replay`.
#[derive(Debug, Clone, Args)]
pub struct ReplayOptions {
    /// The directory that --record named
    #[arg(value_name = "DIRECTORY")]
    pub directory: PathBuf,
    /// Only this node
    #[arg(long, value_name = "NAME")]
    pub node: Option<NodeName>,
    /// One JSON object a line, for programs
    #[arg(long)]
    pub json: bool,
}

/// Prints the steps and replays them. Returns whether every core did the same again.
///
/// # Errors
/// When there are no recordings, one can't be read, or the chosen node has none.
pub fn run(options: &ReplayOptions) -> anyhow::Result<bool> {
    let all = recordings::read(&options.directory)?;
    let is_wanted = |recording: &Recording| options.node.as_ref().is_none_or(|name| recording.name == *name);
    if let Some(name) = options.node.as_ref().filter(|_| !all.iter().any(is_wanted)) {
        let there: BTreeSet<&str> = all.iter().map(|recording| recording.name.as_str()).collect();
        let there: Vec<&str> = there.into_iter().collect();
        bail!("{}: no recording of {name}; there are: {}", options.directory.display(), there.join(", "));
    }
    let mut output = BufWriter::new(std::io::stdout().lock());
    let mut is_same = true;
    for run in runs(&all) {
        let chosen: Vec<&Recording> =
            all.iter().filter(|recording| recording.run == run && is_wanted(recording)).collect();
        if chosen.is_empty() {
            continue;
        }
        let replay = Replay { ring: recordings::members(&all, run), run, chosen, json: options.json };
        match replay.print(&mut output) {
            Ok(same) => is_same &= same,
            // The reader has closed the output: it has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(is_same),
            Err(error) => return Err(error.into()),
        }
    }
    match output.flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(is_same),
    }
}

/// The runs of a directory, the earliest first.
fn runs(all: &[Recording]) -> Vec<RunId> {
    let mut runs: Vec<(Option<Duration>, RunId)> = Vec::new();
    for recording in all {
        let begun = recording.steps.first().map(|step| step.now.0);
        match runs.iter_mut().find(|(_, run)| *run == recording.run) {
            Some((earliest, _)) => *earliest = begun.into_iter().chain(*earliest).min(),
            None => runs.push((begun, recording.run)),
        }
    }
    runs.sort_by_key(|(begun, _)| *begun);
    runs.into_iter().map(|(_, run)| run).collect()
}

/// One run, as far as the flags ask for it.
struct Replay<'a> {
    ring: RingSpec,
    run: RunId,
    chosen: Vec<&'a Recording>,
    json: bool,
}

impl Replay<'_> {
    fn print(&self, output: &mut impl Write) -> std::io::Result<bool> {
        let steps = recordings::in_order(self.chosen.iter().copied());
        let begun = steps.first().map_or(Duration::ZERO, |(_, _, step)| step.now.0);
        if !self.json {
            let names: BTreeSet<&str> = self.chosen.iter().map(|recording| recording.name.as_str()).collect();
            let names: Vec<&str> = names.into_iter().collect();
            let (starts, count) = (counted(self.chosen.len(), "start"), counted(steps.len(), "step"));
            writeln!(output, "Run {}, of {}: {starts}, {count}", self.run, names.join(", "))?;
        }
        for (recording, number, _) in steps {
            if self.json {
                writeln!(output, "{}", self.step_as_json(recording, number, begun))?;
            } else {
                self.print_step(output, recording, number, begun)?;
            }
        }
        let mut different = 0;
        for recording in &self.chosen {
            let is_same = self.print_verdict(output, recording, begun)?;
            different += usize::from(!is_same);
        }
        if !self.json {
            let all = counted(self.chosen.len(), "start");
            match different {
                0 => writeln!(output, "The core does the same again: {all} replayed.\n")?,
                some => writeln!(output, "The core does something else in {some} of {all}.\n")?,
            }
        }
        Ok(different == 0)
    }

    fn print_step(
        &self,
        output: &mut impl Write,
        recording: &Recording,
        number: usize,
        begun: Duration,
    ) -> std::io::Result<()> {
        let Some(step) = recording.steps.get(number) else { return Ok(()) };
        let at = describe::seconds(step.now.0.saturating_sub(begun));
        let given = describe::input(&self.ring, &step.input);
        writeln!(output, "{at:>14}  {}  {given}", who(recording))?;
        for effect in &step.effects {
            writeln!(output, "{:>16}    {}", "", describe::effect(&self.ring, effect))?;
        }
        Ok(())
    }

    fn step_as_json(&self, recording: &Recording, number: usize, begun: Duration) -> Value {
        let Some(step) = recording.steps.get(number) else { return Value::Null };
        let did: Vec<String> =
            step.effects.iter().map(|effect| describe::effect(&self.ring, effect)).collect();
        json!({
            "type": "step",
            "run": self.run,
            "node": recording.name,
            "incarnation": recording.incarnation,
            "step": number,
            "at_ns": nanoseconds(step.now.0.saturating_sub(begun)),
            "given": describe::input(&self.ring, &step.input),
            "did": did,
            "input": step.input,
            "effects": step.effects,
        })
    }

    /// Replays one recording and prints the result. Returns whether the core did the same again.
    fn print_verdict(
        &self,
        output: &mut impl Write,
        recording: &Recording,
        begun: Duration,
    ) -> std::io::Result<bool> {
        let verdict = recording.replay();
        if self.json {
            let difference = verdict.as_ref().err().map(|difference| {
                json!({
                    "step": difference.place,
                    "input": difference.recorded.input,
                    "recorded": difference.recorded.effects,
                    "replayed": difference.replayed,
                })
            });
            let verdict = json!({
                "type": "verdict",
                "run": self.run,
                "node": recording.name,
                "incarnation": recording.incarnation,
                "file": recording.path,
                "steps": recording.steps.len(),
                "same": difference.is_none(),
                "difference": difference,
            });
            writeln!(output, "{verdict}")?;
            return Ok(verdict["same"] == true);
        }
        let Err(difference) = verdict else { return Ok(true) };
        writeln!(
            output,
            "\n{} does something else at step {} of {}, counted from 0 ({}). Before it:",
            who(recording),
            difference.place,
            recording.steps.len(),
            recording.path.display()
        )?;
        for number in difference.place.saturating_sub(CONTEXT)..difference.place {
            self.print_step(output, recording, number, begun)?;
        }
        let at = describe::seconds(difference.recorded.now.0.saturating_sub(begun));
        writeln!(
            output,
            "{at:>14}  {}  {}",
            who(recording),
            describe::input(&self.ring, &difference.recorded.input)
        )?;
        let sentences =
            |effects: &[_]| effects.iter().map(|effect| describe::effect(&self.ring, effect)).collect();
        let (recorded, replayed): (Vec<String>, Vec<String>) =
            (sentences(&difference.recorded.effects), sentences(&difference.replayed));
        let same = recorded.iter().zip(&replayed).take_while(|(then, now)| then == now).count();
        for sentence in recorded.iter().take(same) {
            writeln!(output, "{:>16}    {sentence}", "")?;
        }
        for sentence in recorded.iter().skip(same) {
            writeln!(output, "{:>16}  - {sentence}   (recorded)", "")?;
        }
        for sentence in replayed.iter().skip(same) {
            writeln!(output, "{:>16}  + {sentence}   (now)", "")?;
        }
        if recorded == replayed {
            writeln!(output, "{:>16}  ! the same in words, not in data: see --json", "")?;
        }
        Ok(false)
    }
}

/// A node and its start.
fn who(recording: &Recording) -> String {
    format!("{}/{}", recording.name, recording.incarnation)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
