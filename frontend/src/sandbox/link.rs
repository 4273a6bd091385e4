//! A run as the part of an address behind `#`: whoever opens it sees the same ring at the same time.
//!
//! `sandbox?algorithm=max-ring&nodes=4&order=increasing&links=constant&seed=1&start=one&safety=available&succession=deputy&hop=500&do=5000us.initiate.A&at=6500000.31`

use std::time::Duration;

use ringleader_shared::{ChangeRing, NodeName, RingSettings, Seq};
use ringleader_simulator::{Case, Schedule};

use super::choice::{Arrangement, Links, Start};
use super::settings::{MOST_NODES, Settings};
use super::speed::Speed;

/// The word that the fragment of the sandbox begins with.
pub(crate) const WORD: &str = "sandbox";

/// What a link says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Link {
    /// The ring.
    pub(crate) settings: Settings,
    /// How fast it is played.
    pub(crate) speed: Speed,
    /// What is done to it, and when; `None` for no more than its settings say.
    pub(crate) script: Option<Schedule>,
    /// What is shown; `None` for its beginning.
    pub(crate) place: Option<Place>,
}

/// A moment of a run: its time and the last event that has happened by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The virtual time.
    pub(crate) at: Duration,
    /// The last event.
    pub(crate) seq: Seq,
}

impl Link {
    /// A run at its beginning.
    pub(crate) fn new(settings: Settings, speed: Speed) -> Self {
        Self { settings, speed, script: None, place: None }
    }

    /// Whether a fragment, without its `#`, is about the sandbox.
    pub(crate) fn is_meant(fragment: &str) -> bool {
        fragment.split('?').next() == Some(WORD)
    }

    /// What a fragment says, or which part of it makes no sense.
    pub(crate) fn read(fragment: &str) -> Result<Self, String> {
        let mut link = Self::new(Settings::default(), Speed::default());
        let (_, parts) = fragment.split_once('?').unwrap_or_default();
        for part in parts.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            link.take(name, value).ok_or_else(|| format!("{part:.60}"))?;
        }
        Ok(link)
    }

    fn take(&mut self, name: &str, value: &str) -> Option<()> {
        let settings = &mut self.settings;
        match name {
            "nodes" => {
                settings.nodes = value.parse().ok().filter(|nodes| (1..=MOST_NODES).contains(nodes))?
            }
            "ineligible" => settings.ineligible = Settings::names(value)?,
            "order" => settings.arrangement = Arrangement::named(value)?,
            "links" => settings.links = Links::named(value)?,
            "seed" => settings.seed = value.parse().ok()?,
            "start" => settings.start = Start::named(value)?,
            "hop" => self.speed = Speed::numbered(value)?,
            "do" => self.script = Some(script(value)?),
            "at" => {
                let (at, seq) = value.split_once('.')?;
                let (at, seq) = (Duration::from_nanos(at.parse().ok()?), Seq(seq.parse().ok()?));
                self.place = Some(Place { at, seq });
            }
            // The pace of a simulated ring is its speed, `hop`.
            name if name != "hop_delay_ms" && ChangeRing::NAMES.contains(&name) => {
                let mut change = ChangeRing::default();
                change.set(name, value).ok()?;
                settings.ring = settings.ring.with(&change);
            }
            // What a later version adds is not a reason to show nothing.
            _ => {}
        }
        Some(())
    }

    /// The fragment, without its `#`.
    pub(crate) fn text(&self) -> String {
        let Settings { ring, nodes, ineligible, arrangement, links, seed, start } = &self.settings;
        let RingSettings { hop_delay_ms: _, safety, succession, algorithm } = ring;
        let mut text = format!(
            "{WORD}?algorithm={algorithm}&nodes={nodes}&order={}&links={}&seed={seed}&start={}&safety={safety}&succession={succession}&hop={}",
            arrangement.word(),
            links.word(),
            start.word(),
            self.speed.number()
        );
        if !ineligible.is_empty() {
            let names: Vec<&str> = ineligible.iter().map(NodeName::as_str).collect();
            text.push_str(&format!("&ineligible={}", names.join(".")));
        }
        if let Some(script) = &self.script {
            // Points and commas instead of what would have to be escaped.
            text.push_str("&do=");
            text.push_str(&script.to_string().replace("; ", ",").replace(' ', "."));
        }
        if let Some(Place { at, seq }) = self.place {
            text.push_str(&format!("&at={}.{seq}", at.as_nanos()));
        }
        text
    }
}

/// What is done, as a [`Case`] says it; the ring in front of it is only there to make it one.
fn script(text: &str) -> Option<Schedule> {
    let text = text.replace(',', "; ").replace('.', " ");
    format!("ring 1; {text}").parse::<Case>().ok().map(|case| case.schedule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::{AlgorithmName, Safety, Succession};
    use ringleader_simulator::Action;

    fn full() -> Link {
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
        };
        let us = Duration::from_micros;
        let steps = vec![
            (us(20_000), Action::InitiateAll),
            (us(300), Action::Kill(3)),
            (us(0), Action::Cut { from: 0, to: 1 }),
        ];
        Link {
            script: Some(Schedule { steps }),
            place: Some(Place { at: Duration::from_nanos(20_300_001), seq: Seq(7_001) }),
            ..Link::new(settings, Speed::default())
        }
    }

    #[test]
    fn a_link_is_read_as_it_was_written() {
        let bare = Link::new(Settings::default(), Speed::default());
        for link in [full(), bare] {
            assert_eq!(Link::read(&link.text()), Ok(link));
        }
    }

    #[test]
    fn a_link_needs_no_escapes() {
        let text = full().text();
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "?&=.,_-".contains(c)), "{text}");
    }

    #[test]
    fn what_makes_no_sense_is_named_and_what_is_missing_is_as_usual() {
        assert_eq!(Link::read("sandbox?nodes=1001"), Err("nodes=1001".to_owned()));
        assert_eq!(Link::read("sandbox?do=5us.smash.A"), Err("do=5us.smash.A".to_owned()));
        assert_eq!(Link::read("sandbox?ineligible=b"), Err("ineligible=b".to_owned()));
        assert_eq!(Link::read("sandbox?at=5"), Err("at=5".to_owned()));
        assert_eq!(Link::read("sandbox"), Ok(Link::new(Settings::default(), Speed::default())));
        assert!(Link::is_meant("sandbox?seed=1") && !Link::is_meant("ring"));
    }
}
