//! The messages that are on links.

use std::time::Duration;

use super::{Planned, SimEvent, World};
use crate::network::End;
use crate::schedule;
use crate::session::InFlight;

impl World {
    /// The messages that are on links, in the order in which they arrive, without upkeep; none, unless the
    /// world is reporting.
    pub(crate) fn in_flight(&self) -> Vec<InFlight> {
        let Some(recorder) = &self.recorder else { return Vec::new() };
        let mut crossing: Vec<_> = self
            .queue
            .iter()
            .filter_map(|planned| match &planned.event {
                SimEvent::Arrives { link, packet } if !packet.message.is_upkeep() => {
                    Some((planned, *link, packet))
                }
                _ => None,
            })
            .collect();
        crossing.sort_unstable_by_key(|(planned, _, _)| (planned.at, planned.number));
        let seen = |&(planned, link, packet): &(&Planned, _, &std::sync::Arc<crate::network::Packet>)| {
            let to = planned.to;
            let is_open = self.network.get(link).is_some_and(|link| link.end(to) == End::Open);
            let is_cut = self.network.cut_between(packet.from, to).is_some();
            InFlight {
                from: schedule::name(packet.from.index()),
                to: schedule::name(to.index()),
                message: recorder.info(packet),
                sent: Duration::from_nanos(packet.sent),
                arrives: Duration::from_nanos(planned.at),
                doomed: is_cut || self.machine(to).is_none() || !is_open,
            }
        };
        crossing.iter().map(seen).collect()
    }
}
