//! `GET /metrics`, in Prometheus' text format.

mod elections;
mod outages;

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use ringleader_shared::NodeState;

use crate::bus::Bus;
pub use crate::metrics::elections::Elections;
pub use crate::metrics::outages::OutageTimes;

/// The one label of a sample.
type Label = [(&'static str, String); 1];

/// The metrics as text. The library ends each help with a full stop and each counter's name with `_total`.
#[must_use]
pub fn render(bus: &Bus, connections: usize) -> String {
    let view = bus.view();
    let mut registry = Registry::with_prefix("ringleader");
    let events = Family::<Label, Counter>::default();
    for (kind, count) in bus.counts() {
        events.get_or_create(&[("kind", kind.to_owned())]).inc_by(count);
    }
    registry.register("events", "Events on the bus, by kind", events);
    let nodes = Family::<Label, Gauge>::default();
    for state in [NodeState::Starting, NodeState::Running, NodeState::Paused, NodeState::Stopped] {
        let count = view.nodes.iter().filter(|node| node.state == state).count();
        nodes.get_or_create(&[("state", state.to_string())]).set(count as i64);
    }
    registry.register("nodes", "Configured nodes, by the state of their process", nodes);
    let help = "The highest term that a node has reported in this run";
    registry.register("term", help, ConstGauge::new(view.term.0));
    let help = "Messages of upkeep (`state_update`) sent in this run";
    registry.register("upkeep_messages", help, ConstCounter::new(view.upkeep));
    let agreed = u64::from(view.leader.is_some());
    let help = "1 when all live members follow the same live leader";
    registry.register("leader_agreed", help, ConstGauge::new(agreed));
    let help = "Connections refused by the control port and by nodes";
    registry.register("refused", help, ConstCounter::new(bus.refused()));
    let dropped = ConstCounter::new(crate::log::dropped());
    registry.register("log_lines_dropped", "Log lines that nobody read in time", dropped);
    registry.register("connections", "Open connections to the public port", ConstGauge::new(connections));
    let help = "Events of members that had left the ring when they came, which were not published";
    registry.register("late_events", help, ConstCounter::new(bus.too_late()));
    registry.register("subscribers", "Open subscriptions of the bus", ConstGauge::new(bus.subscribers()));
    let running = view.leaderless.now.as_ref().map_or(0, |outage| outage.took_at(bus.now_us()).total_us);
    let help = "For how long there has been no leader; 0 while there is one";
    registry.register("leaderless_now_seconds", help, ConstGauge::new(outages::seconds(running)));
    bus.outage_times().register(&mut registry);
    bus.election_times().register(&mut registry);
    let mut text = String::new();
    // Writing to a String can't fail.
    let _ = encode(&mut text, &registry);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The words of a text that are names of metrics.
    fn names(text: &str) -> BTreeSet<String> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        words.filter(|word| word.starts_with("ringleader_")).map(str::to_owned).collect()
    }

    #[test]
    fn the_dashboard_asks_for_metrics_that_exist() {
        let board: serde_json::Value =
            serde_json::from_str(include_str!("../../docs/grafana.json")).expect("JSON");
        let asked: BTreeSet<String> = board["panels"]
            .as_array()
            .expect("panels")
            .iter()
            .flat_map(|panel| panel["targets"].as_array().expect("targets"))
            .flat_map(|target| names(target["expr"].as_str().expect("a query")))
            .collect();
        let bus = Bus::new();
        bus.announce(
            None,
            ringleader_shared::Incarnation(0),
            ringleader_shared::EventKind::Stderr { text: String::new() },
        );
        let text = render(&bus, 0);
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let exist: BTreeSet<String> = samples.flat_map(names).collect();
        let missing: Vec<&String> = asked.difference(&exist).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{exist:?}");
        assert!(asked.len() >= 8, "{asked:?}");
    }
}
