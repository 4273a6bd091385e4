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
            let link = self.network.get(link).filter(|link| link.end(to) == End::Open);
            let passes = link.is_some_and(|link| !self.network.is_cut(link, packet.from));
            InFlight {
                from: schedule::name(packet.from.index()),
                to: schedule::name(to.index()),
                message: recorder.info(packet),
                sent: Duration::from_nanos(packet.sent),
                arrives: Duration::from_nanos(planned.at),
                doomed: !passes || self.machine(to).is_none(),
            }
        };
        crossing.iter().map(seen).collect()
    }
}
