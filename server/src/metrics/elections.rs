//! Histograms of the elections that are complete.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use ringleader_shared::event::ElectionCause;
use ringleader_shared::{Event, RingView};

use super::Label;
use super::outages::seconds;

/// The upper bounds of the buckets of durations, in seconds: from an election at full speed to one that is
/// slowed down for people.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The upper bounds of the buckets of messages: rings of up to 64 members.
const MESSAGES: [f64; 8] = [4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0];

const CAUSES: [ElectionCause; 3] =
    [ElectionCause::Election, ElectionCause::Takeover, ElectionCause::NewDeputy];

type Histograms = Family<Label, Histogram, fn() -> Histogram>;

const fn name(cause: ElectionCause) -> &'static str {
    match cause {
        ElectionCause::Election => "election",
        ElectionCause::Takeover => "takeover",
        ElectionCause::NewDeputy => "new_deputy",
    }
}

/// The elections that are complete, since the server started. Clones share their histograms.
#[derive(Debug, Clone)]
pub struct Elections {
    took: Histograms,
    messages: Histograms,
}

impl Default for Elections {
    fn default() -> Self {
        let all = Self {
            took: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            messages: Family::new_with_constructor(|| Histogram::new(MESSAGES)),
        };
        // Each is there from the start, with a count of 0.
        for cause in CAUSES {
            drop(all.took.get_or_create(&label(cause)));
            drop(all.messages.get_or_create(&label(cause)));
        }
        all
    }
}

fn label(cause: ElectionCause) -> Label {
    [("cause", name(cause).to_owned())]
}

impl Elections {
    /// Counts an election that an event completes; the view is the one after that event.
    pub fn observe(&self, event: &Event, view: &RingView) {
        let Some(election) = view.completed(event) else { return };
        if let Some(took_us) = election.took_us {
            let label = label(election.cause);
            self.took.get_or_create(&label).observe(seconds(took_us));
            self.messages.get_or_create(&label).observe(f64::from(election.messages));
        }
    }

    /// Registers both families.
    pub fn register(self, registry: &mut Registry) {
        let help = "Time from the first message of an election, or of a takeover, until its result is back";
        registry.register("election_seconds", help, self.took);
        registry.register("election_messages", "Messages that an election took", self.messages);
    }
}
