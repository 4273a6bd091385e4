//! `GET /metrics`, in Prometheus' text format.

mod outages;

use std::fmt::Write;

use ringleader_shared::NodeState;

use crate::bus::Bus;
pub use crate::metrics::outages::OutageTimes;

/// The metrics as text.
#[must_use]
pub fn render(bus: &Bus, connections: usize) -> String {
    let mut text = String::new();
    let view = bus.view();
    let mut family = |name: &str, kind: &str, help: &str, samples: Vec<(String, u64)>| {
        // Writing to a String can't fail.
        let _ = writeln!(text, "# HELP ringleader_{name} {help}\n# TYPE ringleader_{name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(text, "ringleader_{name}{labels} {value}");
        }
    };
    let plain = |value: u64| vec![(String::new(), value)];
    let counts = bus.counts();
    let events = counts.iter().map(|(kind, count)| (format!("{{kind=\"{kind}\"}}"), *count)).collect();
    family("events_total", "counter", "Events on the bus, by kind.", events);
    let states = [NodeState::Starting, NodeState::Running, NodeState::Paused, NodeState::Stopped]
        .map(|state| (state, view.nodes.iter().filter(|node| node.state == state).count() as u64));
    let states = states.iter().map(|(state, count)| (format!("{{state=\"{state}\"}}"), *count)).collect();
    family("nodes", "gauge", "Configured nodes, by the state of their process.", states);
    family("term", "gauge", "The highest term that a node has reported in this run.", plain(view.term.0));
    let upkeep = "Messages of upkeep (`state_update`) sent in this run.";
    family("upkeep_messages_total", "counter", upkeep, plain(view.upkeep));
    let agreed = u64::from(view.leader.is_some());
    family("leader_agreed", "gauge", "1 when all live members follow the same live leader.", plain(agreed));
    family(
        "refused_total",
        "counter",
        "Connections refused by the control port and by nodes.",
        plain(bus.refused()),
    );
    let dropped = crate::log::dropped();
    family("log_lines_dropped_total", "counter", "Log lines that nobody read in time.", plain(dropped));
    family("connections", "gauge", "Open connections to the public port.", plain(connections as u64));
    let subscribers = bus.subscribers() as u64;
    let help = "Events of members that had left the ring when they came, which were not published.";
    family("late_events_total", "counter", help, plain(bus.too_late()));
    family("subscribers", "gauge", "Open subscriptions of the bus.", plain(subscribers));
    let now_us = bus.now_us();
    let running = view.leaderless.now.as_ref().map_or(0, |outage| outage.took_at(now_us).total_us);
    let running = outages::seconds(running);
    let _ = writeln!(
        text,
        "# HELP ringleader_leaderless_now_seconds For how long there has been no leader; 0 while there is one.\n\
         # TYPE ringleader_leaderless_now_seconds gauge\n\
         ringleader_leaderless_now_seconds {running}"
    );
    bus.outage_times().write(&mut text);
    text
}
