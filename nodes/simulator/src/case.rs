//! A ring and what is done to it, as one line of text: what a failing test prints, and what plays it again.
//!
//! ```
//! use ringleader_simulator::Case;
//!
//! let text = "seed 7; ring 90 100 110 120; uniform 50us 3000us; \
//!             20000us initiate A; 0us kill D; 5000us cut A B";
//! let case: Case = text.parse().expect("a case");
//! assert_eq!(case.to_string(), text);
//! ```

use std::fmt;
use std::str::{FromStr, SplitWhitespace};
use std::time::Duration;

use ringleader_shared::{AlgorithmName, ChangeRing, NodeName, Safety, Succession, Term};

use crate::rng::PerMille;
use crate::schedule::{Action, Disturbance, Schedule};
use crate::setup::{Latency, Setup};

/// A ring and what is done to it. Only what [`Setup::of`], `seed`, `safety`, `succession`, `algorithm`,
/// `patient` and `latency` set is part of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The ring.
    pub setup: Setup,
    /// The actions on it.
    pub schedule: Schedule,
}

/// Reason for which a text is no [`Case`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` is not understood: {why}")]
pub struct NoCase {
    part: String,
    why: &'static str,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setup, schedule } = self;
        write!(f, "seed {}; ring", setup.seed)?;
        for member in &setup.members {
            write!(f, " {}", member.attribute)?;
        }
        let ineligible = || setup.members.iter().enumerate().filter(|(_, member)| !member.eligible);
        if ineligible().next().is_some() {
            f.write_str("; ineligible")?;
            ineligible().try_for_each(|(place, _)| write!(f, " {}", NodeName::nth(place)))?;
        }
        match setup.settings.safety {
            Safety::Available => {}
            Safety::Quorum => f.write_str("; quorum")?,
        }
        match setup.settings.succession {
            Succession::Deputy => {}
            Succession::Election => f.write_str("; no succession")?,
        }
        if setup.settings.algorithm != AlgorithmName::MaxRing {
            write!(f, "; {}", setup.settings.algorithm)?;
        }
        if setup.patient {
            f.write_str("; patient")?;
        }
        write!(f, "; {}", setup.latency)?;
        if !schedule.steps.is_empty() {
            write!(f, "; {schedule}")?;
        }
        Ok(())
    }
}

impl FromStr for Case {
    type Err = NoCase;

    fn from_str(text: &str) -> Result<Self, NoCase> {
        let mut case = Self { setup: Setup::of(&[]), schedule: Schedule::default() };
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            case.take(part).map_err(|why| NoCase { part: part.to_owned(), why })?;
        }
        if case.setup.members.is_empty() {
            return Err(NoCase { part: text.to_owned(), why: "it has no `ring 3 1 2`" });
        }
        Ok(case)
    }
}

impl Case {
    fn take(&mut self, part: &str) -> Result<(), &'static str> {
        let mut words = part.split_whitespace();
        let first = words.next().unwrap_or_default();
        match first {
            "seed" => self.setup.seed = number(&mut words)?,
            "ring" => {
                let attributes: Result<Vec<u64>, _> = words.by_ref().map(str::parse).collect();
                let attributes = attributes.map_err(|_| "an attribute is a number")?;
                self.setup.members = Setup::of(&attributes).members;
            }
            "ineligible" => {
                while words.clone().next().is_some() {
                    let member = self.setup.members.get_mut(place(&mut words)?);
                    member.ok_or("there is no such member in the `ring` before it")?.eligible = false;
                }
            }
            "patient" => self.setup.patient = true,
            "no" => match word(&mut words)? {
                "succession" => self.setup.settings.succession = Succession::Election,
                _ => return Err("there is only `no succession`"),
            },
            "quorum" => self.setup.settings.safety = Safety::Quorum,
            "constant" | "uniform" | "exponential" => self.setup.latency = latency(first, &mut words)?,
            name if name.parse::<AlgorithmName>().is_ok() => {
                self.setup.settings.algorithm = name.parse().map_err(|_| "no algorithm")?;
            }
            wait => {
                let wait = time(wait)?;
                let action = action(&mut words)?;
                self.schedule.steps.push((wait, action));
            }
        }
        if words.next().is_some() { Err("there is too much of it") } else { Ok(()) }
    }
}

fn word<'a>(words: &mut SplitWhitespace<'a>) -> Result<&'a str, &'static str> {
    words.next().ok_or("something is missing at its end")
}

fn number<N: FromStr>(words: &mut SplitWhitespace<'_>) -> Result<N, &'static str> {
    word(words)?.parse().map_err(|_| "a number is needed, and not too large a one")
}

fn named<N: FromStr>(name: &str, words: &mut SplitWhitespace<'_>) -> Result<N, &'static str> {
    if word(words)? == name { number(words) } else { Err("`drop N duplicate N reorder N` is needed") }
}

fn time(word: &str) -> Result<Duration, &'static str> {
    let number = |unit: &str| word.strip_suffix(unit).and_then(|number| number.parse().ok());
    let time = number("us").map(Duration::from_micros).or_else(|| number("ns").map(Duration::from_nanos));
    time.ok_or("a time is needed, as in 1500us")
}

/// Whether this word comes next; if so, it is taken.
fn flag(name: &str, words: &mut SplitWhitespace<'_>) -> bool {
    let is_there = words.clone().next() == Some(name);
    if is_there {
        words.next();
    }
    is_there
}

fn place(words: &mut SplitWhitespace<'_>) -> Result<usize, &'static str> {
    let name: Option<NodeName> = word(words)?.parse().ok();
    name.and_then(|name| name.ordinal()).ok_or("a member is needed: A, B, C …")
}

fn latency(kind: &str, words: &mut SplitWhitespace<'_>) -> Result<Latency, &'static str> {
    let first = time(word(words)?)?;
    match kind {
        "constant" => Ok(Latency::Constant(first)),
        "uniform" => Ok(Latency::Uniform { min: first, max: time(word(words)?)? }),
        "exponential" => Ok(Latency::Exponential { mean: first }),
        _ => Err("a latency is needed: constant, uniform or exponential"),
    }
}

fn action(words: &mut SplitWhitespace<'_>) -> Result<Action, &'static str> {
    Ok(match word(words)? {
        "initiate" if words.clone().next() == Some("all") => {
            words.next();
            Action::InitiateAll
        }
        "initiate" => {
            let place = place(words)?;
            if words.clone().next() == Some("term") {
                Action::InitiateTogether { place, term: Term(named("term", words)?) }
            } else {
                Action::Initiate(place)
            }
        }
        "kill" => Action::Kill(place(words)?),
        "start" => Action::Start(place(words)?),
        "pause" => Action::Pause(place(words)?),
        "resume" => Action::Resume(place(words)?),
        "cut" => Action::Cut { from: place(words)?, to: place(words)? },
        "sever" => Action::Sever { one: place(words)?, other: place(words)? },
        "mend" => Action::Mend { one: place(words)?, other: place(words)? },
        "disturb" => Action::Disturb {
            from: place(words)?,
            to: place(words)?,
            disturbance: Disturbance {
                latency: latency(word(words)?, words)?,
                drop: PerMille::new(named("drop", words)?),
                duplicate: PerMille::new(named("duplicate", words)?),
                reorder: PerMille::new(named("reorder", words)?),
            },
        },
        "drift" => Action::Drift { place: place(words)?, per_mille: number(words)? },
        "add" => Action::Add { attribute: number(words)?, eligible: !flag("ineligible", words) },
        "eligible" => Action::Eligible { place: place(words)?, eligible: true },
        "ineligible" => Action::Eligible { place: place(words)?, eligible: false },
        "remove" => Action::Remove(place(words)?),
        "attribute" => Action::Attribute { place: place(words)?, attribute: number(words)? },
        name if ChangeRing::NAMES.contains(&name) => Action::Change(change(name, words)?),
        _ => return Err("there is no such action"),
    })
}

/// Settings by name and value, as many as the action has.
fn change(first: &str, words: &mut SplitWhitespace<'_>) -> Result<ChangeRing, &'static str> {
    let mut change = ChangeRing::default();
    let mut name = Some(first);
    while let Some(setting) = name {
        change.set(setting, word(words)?).map_err(|_| "there is no such setting, or no such value of it")?;
        name = words.next();
    }
    Ok(change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_read_as_it_is_written() {
        let text = "seed 18446744073709551615; ring 3 1; ineligible B; quorum; no succession; franklin; patient; exponential 500us; 0us initiate A; \
                    1us kill B; 2us start B; 3us pause A; 4us resume A; 5us cut A B; 6us sever A B; 7us mend A B; \
                    8us disturb A B constant 9us drop 10 duplicate 20 reorder 30; 9us drift A -50; 10us add 7; \
                    11us remove C; 12us attribute A 9; 13us initiate AB; 13us initiate B term 7; 14us initiate all; \
                    1500ns kill A; 15us algorithm bully; 16us safety quorum; 17us safety available; \
                    18us safety quorum algorithm franklin; 19us succession election; 20us add 5 ineligible; \
                    21us ineligible A; 22us eligible A";
        assert_eq!(text.parse::<Case>().expect("a case").to_string(), text);
    }

    #[test]
    fn a_text_that_is_no_case_says_where_and_why() {
        for (text, says) in [
            ("seed 1", "no `ring"),
            ("ring 1 x", "an attribute is a number"),
            ("ring 1; kill A", "a time is needed"),
            ("ring 1; 5us smash A", "no such action"),
            ("ring 1; 5us kill", "missing"),
            ("ring 1; 5us kill A B", "too much"),
            ("ring 1; 5us kill a", "a member is needed"),
            ("ring 1; 5us algorithm raft", "no such value"),
            ("ring 1; raft", "a time is needed"),
            ("ring 1; ineligible B", "no such member"),
        ] {
            let error = text.parse::<Case>().expect_err(text).to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
