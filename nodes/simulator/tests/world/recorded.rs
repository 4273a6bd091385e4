//! A run with the timeline of its events and their causes.

use std::sync::Arc;

use ringleader_shared::causality::Causality;
use ringleader_shared::timeline::Timeline;
use ringleader_shared::{Event, RingView};
use ringleader_simulator::Case;

/// A run, ready to be looked at.
pub(crate) struct Run {
    pub(crate) events: Vec<Event>,
    pub(crate) timeline: Timeline,
    pub(crate) causality: Causality,
}

impl Run {
    pub(crate) fn of(case: &Case) -> Self {
        let events = case.report().events().to_vec();
        let mut timeline = Timeline::new(RingView::empty(), usize::MAX / 2);
        events.iter().for_each(|event| timeline.push(Arc::new(event.clone())));
        let causality = Causality::of(&events);
        Self { events, timeline, causality }
    }
}
