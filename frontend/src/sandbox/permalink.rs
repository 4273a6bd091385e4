//! A run as the part of an address behind `#`. Everyone who opens it sees the same ring at the same time.
//!
//! A ring with given labels has `&labels=3.7.2.9.4`, in ring order, and `&initiators=2.9` when these nodes
//! start.
//!
//! ```text
//! sandbox?algorithm=max-ring&nodes=4&order=increasing&links=constant&seed=1&start=one&safety=available
//!        &succession=deputy&hop=500&do=5000us.initiate.A&at=6500000.31
//! ```

use std::time::Duration;

use ringleader_shared::{ChangeRing, NodeName, RingSettings, Seq};
use ringleader_simulator::{Case, Schedule};

use super::choice::{Arrangement, Links, Start};
use super::settings::{MOST_NODES, Settings, numbers};
use super::speed::Speed;

/// The first word of a fragment that leads to the sandbox.
pub(crate) const WORD: &str = "sandbox";

/// The names of the parts that are not settings of the ring.
const NAMES: [&str; 12] = [
    "nodes",
    "ineligible",
    "order",
    "links",
    "labels",
    "initiators",
    "seed",
    "start",
    "hop",
    "do",
    "at",
    "continued",
];

/// The names of the ring's settings in a permalink. The pace of a simulated ring is its speed, `hop`.
fn ring_settings() -> impl Iterator<Item = &'static str> {
    ChangeRing::NAMES.iter().copied().filter(|name| *name != "hop_delay_ms")
}

/// A part of a permalink that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The part, as it stands in the address.
    pub(crate) part: String,
    /// The values that are allowed there.
    pub(crate) allowed: String,
}

/// The content of a permalink.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Permalink {
    /// The ring.
    pub(crate) settings: Settings,
    /// The speed at which it is played.
    pub(crate) speed: Speed,
    /// The actions on it and their times; `None` for those that follow from its settings.
    pub(crate) script: Option<Schedule>,
    /// The moment that is shown; `None` for the beginning.
    pub(crate) moment: Option<Moment>,
    /// The recorded moment that this run continues, if it does.
    pub(crate) continued: Option<Continued>,
}

/// A recorded moment that a run continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Continued {
    /// The digest of its state.
    pub(crate) digest: u64,
    /// The names of its members in ring order, where the sandbox calls them otherwise.
    pub(crate) renamed: Vec<NodeName>,
}

/// A moment of a run: a virtual time and the last event before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The virtual time.
    pub(crate) at: Duration,
    /// The last event.
    pub(crate) seq: Seq,
}

impl Permalink {
    /// A run at its beginning.
    pub(crate) fn new(settings: Settings, speed: Speed) -> Self {
        Self { settings, speed, script: None, moment: None, continued: None }
    }

    /// Whether a fragment, without its `#`, leads to the sandbox.
    pub(crate) fn is_meant(fragment: &str) -> bool {
        fragment.split('?').next() == Some(WORD)
    }

    /// Reads a fragment. Parts that make no sense are left out and returned; the others apply.
    pub(crate) fn read(fragment: &str) -> (Self, Vec<Refused>) {
        let mut permalink = Self::new(Settings::default(), Speed::default());
        let mut refused = Vec::new();
        let (_, parts) = fragment.split_once('?').unwrap_or_default();
        for part in parts.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if let Err(allowed) = permalink.take(name, value) {
                refused.push(Refused { part: format!("{part:.60}"), allowed });
            }
        }
        permalink.settle_labels(&mut refused);
        (permalink, refused)
    }

    /// Applies the given labels and initiators, in whichever order the parts came.
    fn settle_labels(&mut self, refused: &mut Vec<Refused>) {
        let settings = &mut self.settings;
        let (labels, initiators) =
            (std::mem::take(&mut settings.labels), std::mem::take(&mut settings.initiators));
        let mut refuse = |part: String, allowed: &str| {
            refused.push(Refused { part, allowed: allowed.to_owned() });
        };
        if !labels.is_empty() {
            settings.lay(Arrangement::Given, labels);
        } else if settings.arrangement == Arrangement::Given {
            settings.arrangement = Settings::default().arrangement;
            refuse("order=given".to_owned(), "the labels beside it, as in labels=3.7.2");
        }
        if !initiators.is_empty() {
            let initiators = numbers_as_text(&initiators);
            if settings.give_initiators(&initiators).is_err() {
                settings.start = Settings::default().start;
                refuse(format!("initiators={initiators}"), "labels of nodes, as in initiators=2.9");
            }
        } else if settings.start == Start::Given {
            settings.start = Settings::default().start;
            refuse("start=given".to_owned(), "the labels of those nodes beside it, as in initiators=2.9");
        }
    }

    /// Applies one part, or returns the values that are allowed there.
    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let settings = &mut self.settings;
        let one_of = |all: &[(&str, &str)]| list(all.iter().map(|(word, _)| *word));
        match name {
            "nodes" => {
                let nodes = value.parse().ok().filter(|nodes| (1..=MOST_NODES).contains(nodes));
                settings.nodes = nodes.ok_or_else(|| format!("a whole number from 1 to {MOST_NODES}"))?;
            }
            "order" => {
                settings.arrangement = Arrangement::named(value).ok_or_else(|| one_of(Arrangement::ALL))?;
            }
            "links" => settings.links = Links::named(value).ok_or_else(|| one_of(Links::ALL))?,
            "seed" => {
                settings.seed =
                    value.parse().map_err(|_| format!("a whole number from 0 to {}", u64::MAX))?;
            }
            "start" => settings.start = Start::named(value).ok_or_else(|| one_of(Start::ALL))?,
            "hop" => {
                let allowed = || format!("a hop in milliseconds, from 0 to {}", Speed::SLOWEST);
                self.speed = Speed::numbered(value).ok_or_else(allowed)?;
            }
            "labels" => settings.labels = numbers(value)?,
            "initiators" => settings.initiators = numbers(value)?,
            "ineligible" => {
                let allowed = || "names of nodes that may not lead, as in ineligible=B.C".to_owned();
                settings.ineligible = Settings::names(value).ok_or_else(allowed)?;
            }
            "do" => self.script = Some(script(value)?),
            "at" => {
                let allowed =
                    || "nanoseconds, a point and the number of an event, as in 6500000.31".to_owned();
                self.moment = Some(moment(value).ok_or_else(allowed)?);
            }
            "continued" => {
                let mut words = value.split('.');
                let digest = words.next().and_then(|digest| u64::from_str_radix(digest, 16).ok());
                let renamed = words.map(|name| name.parse().ok()).collect::<Option<_>>();
                let continued = digest.zip(renamed).map(|(digest, renamed)| Continued { digest, renamed });
                let allowed = || "the digest of a moment, then names of nodes, as in 1f3a.amber".to_owned();
                self.continued = Some(continued.ok_or_else(allowed)?);
            }
            name if ring_settings().any(|setting| setting == name) => {
                let mut change = ChangeRing::default();
                // It names the setting, which stands in the part already.
                let allowed = |error: String| error.trim_start_matches(&format!("{name}: ")).to_owned();
                change.set(name, value).map_err(allowed)?;
                settings.ring = settings.ring.with(&change);
            }
            _ => return Err(list(ring_settings().chain(NAMES))),
        }
        Ok(())
    }

    /// The fragment, without its `#`.
    pub(crate) fn text(&self) -> String {
        let Settings { ring, nodes, ineligible, arrangement, links, seed, start, labels, initiators } =
            &self.settings;
        let RingSettings { hop_delay_ms: _, safety, succession, algorithm } = ring;
        let mut text = format!(
            "{WORD}?algorithm={algorithm}&nodes={nodes}&order={}&links={}&seed={seed}&start={}&safety={safety}&succession={succession}&hop={}",
            arrangement.as_str(),
            links.as_str(),
            start.as_str(),
            self.speed.number()
        );
        for (name, numbers) in [("labels", labels), ("initiators", initiators)] {
            if !numbers.is_empty() {
                text.push_str(&format!("&{name}={}", numbers_as_text(numbers)));
            }
        }
        if !ineligible.is_empty() {
            let names: Vec<&str> = ineligible.iter().map(NodeName::as_str).collect();
            text.push_str(&format!("&ineligible={}", names.join(".")));
        }
        if let Some(script) = &self.script {
            // Points and commas instead of what would have to be escaped.
            text.push_str("&do=");
            text.push_str(&script.to_string().replace("; ", ",").replace(' ', "."));
        }
        if let Some(Moment { at, seq }) = self.moment {
            text.push_str(&format!("&at={}.{seq}", at.as_nanos()));
        }
        if let Some(Continued { digest, renamed }) = &self.continued {
            text.push_str(&format!("&continued={digest:x}"));
            renamed.iter().for_each(|name| text.push_str(&format!(".{name}")));
        }
        text
    }
}

fn moment(text: &str) -> Option<Moment> {
    let (at, seq) = text.split_once('.')?;
    Some(Moment { at: Duration::from_nanos(at.parse().ok()?), seq: Seq(seq.parse().ok()?) })
}

/// Reads the actions in the notation of a [`Case`]; the ring in front of them is only there to make it one.
/// Each step changes what the next ones do, so a script with a bad step is refused as a whole.
fn script(text: &str) -> Result<Schedule, String> {
    let mut steps = Vec::new();
    for step in text.split(',').filter(|step| !step.is_empty()) {
        let case = format!("ring 1; {}", step.replace('.', " ")).parse::<Case>();
        match case.map(|case| case.schedule.steps) {
            Ok(one) if one.len() == 1 => steps.extend(one),
            _ => {
                return Err(format!(
                    "after a wait, something to do, as in 300us.kill.D, which `{step:.40}` is not"
                ));
            }
        }
    }
    Ok(Schedule { steps })
}

/// The choices as a list.
fn list<T: AsRef<str>>(all: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for one in all {
        text.push_str(if text.is_empty() { "one of " } else { ", " });
        text.push_str(one.as_ref());
    }
    text
}

/// Labels with points between them, which need no escapes.
fn numbers_as_text(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::{AlgorithmName, Safety, Succession};
    use ringleader_simulator::Action;

    fn full() -> Permalink {
        let settings = Settings {
            ring: RingSettings {
                safety: Safety::Quorum,
                succession: Succession::Election,
                algorithm: AlgorithmName::Franklin,
                ..RingSettings::default()
            },
            nodes: 1000,
            ineligible: Settings::names("B.AB").expect("names"),
            arrangement: Arrangement::Alternating,
            links: Links::Exponential,
            seed: 77,
            start: Start::All,
            labels: Vec::new(),
            initiators: Vec::new(),
        };
        let us = Duration::from_micros;
        let steps = vec![
            (us(20_000), Action::InitiateAll),
            (us(300), Action::Kill(3)),
            (us(0), Action::Cut { from: 0, to: 1 }),
        ];
        Permalink {
            script: Some(Schedule { steps }),
            moment: Some(Moment { at: Duration::from_nanos(20_300_001), seq: Seq(7_001) }),
            continued: Some(Continued { digest: 0x1f3a, renamed: Vec::new() }),
            ..Permalink::new(settings, Speed::default())
        }
    }

    #[test]
    fn a_link_is_read_as_it_was_written() {
        let bare = Permalink::new(Settings::default(), Speed::default());
        let mut labelled = bare.clone();
        labelled.settings.give_labels("3,7,2,9,4").expect("labels");
        labelled.settings.give_initiators("2,9").expect("two of them");
        assert!(labelled.text().contains("&labels=3.7.2.9.4&initiators=2.9"), "{}", labelled.text());
        for permalink in [full(), bare, labelled] {
            assert_eq!(Permalink::read(&permalink.text()), (permalink, Vec::new()));
        }
    }

    #[test]
    fn a_link_by_hand_needs_no_more_than_labels_and_initiators() {
        let settings = Permalink::read("sandbox?initiators=2.9&labels=3.7.2.9.4").0.settings;
        assert_eq!(
            (settings.nodes, settings.arrangement, settings.start),
            (5, Arrangement::Given, Start::Given)
        );
    }

    #[test]
    fn a_link_needs_no_escapes() {
        let text = full().text();
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "?&=.,_-".contains(c)), "{text}");
    }

    #[test]
    fn the_names_of_a_links_parts_are_those_that_it_has() {
        let mut permalink = full();
        (permalink.settings.labels, permalink.settings.initiators) = (vec![3, 7], vec![7]);
        permalink.settings.ineligible = vec!["B".parse().expect("a name")];
        let text = permalink.text();
        let (_, parts) = text.split_once('?').expect("parts");
        let mut written: Vec<&str> =
            parts.split('&').filter_map(|part| Some(part.split_once('=')?.0)).collect();
        let mut named: Vec<&str> = ring_settings().chain(NAMES).collect();
        written.sort_unstable();
        named.sort_unstable();
        assert_eq!(written, named);
    }

    #[test]
    fn a_part_that_is_missing_has_its_default() {
        assert_eq!(
            Permalink::read("sandbox"),
            (Permalink::new(Settings::default(), Speed::default()), Vec::new())
        );
        assert!(Permalink::is_meant("sandbox?seed=1") && !Permalink::is_meant("ring"));
    }

    #[test]
    fn a_bad_part_is_named_with_what_is_allowed_and_the_others_hold() {
        for (bad, allowed) in [
            ("nodes=1001", "a whole number from 1 to 1000"),
            ("nodes=0", "a whole number from 1 to 1000"),
            ("order=up", "one of random, increasing, decreasing, alternating, given"),
            ("start=", "one of one, all, nobody, given"),
            ("seed=-1", "a whole number from 0 to 18446744073709551615"),
            ("hop=fast", "a hop in milliseconds, from 0 to 60000"),
            ("order=given", "the labels beside it, as in labels=3.7.2"),
            ("start=given", "the labels of those nodes beside it, as in initiators=2.9"),
            ("initiators=999", "labels of nodes, as in initiators=2.9"),
            ("ineligible=b", "names of nodes that may not lead, as in ineligible=B.C"),
            ("at=5", "nanoseconds, a point and the number of an event, as in 6500000.31"),
            (
                "do=5us.kill.A,5us.smash.A",
                "after a wait, something to do, as in 300us.kill.D, which `5us.smash.A` is not",
            ),
            ("do=seed.5", "after a wait, something to do, as in 300us.kill.D, which `seed.5` is not"),
            (
                "node=4",
                "one of safety, succession, algorithm, nodes, ineligible, order, links, labels, initiators, seed, start, hop, do, at, continued",
            ),
        ] {
            let (permalink, refused) =
                Permalink::read(&format!("sandbox?links=uniform&{bad}&algorithm=franklin"));
            let ring = RingSettings { algorithm: AlgorithmName::Franklin, ..RingSettings::default() };
            let settings = Settings { ring, links: Links::Uniform, ..Settings::default() };
            assert_eq!(permalink, Permalink::new(settings, Speed::default()), "{bad}");
            assert_eq!(refused, [Refused { part: bad.to_owned(), allowed: allowed.to_owned() }]);
        }
        // The settings of the ring have sentences of their own.
        let (_, refused) = Permalink::read("sandbox?algorithm=paxos&safety=no&nodes=x");
        let allowed: Vec<&str> = refused.iter().map(|refused| refused.allowed.as_str()).collect();
        assert!(
            allowed[0].starts_with("there is no algorithm `paxos`; there are: max-ring, "),
            "{allowed:?}"
        );
        assert!(allowed[1].contains("available") && allowed[1].contains("quorum"), "{allowed:?}");
        assert_eq!(allowed.len(), 3);
    }
}
