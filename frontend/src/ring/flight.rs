//! The movement of a message in transit. It ends only when the message is reported received or lost.

/// The time in which a message that arrived early covers the rest of its way, in milliseconds.
const LANDING_MS: f64 = 90.0;

/// The time in which a lost message fades, in milliseconds.
const FADING_MS: f64 = 700.0;

/// The end of a flight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    /// The message was received.
    Received,
    /// The message was lost.
    Lost,
}

/// The phase of a flight, to be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Phase {
    /// In transit: the share of the way that is covered, from 0 to 1. At 1 the message waits to be reported
    /// received.
    Flying(f64),
    /// Lost: the message stays in its place and fades.
    Fading {
        /// The share of the way that it covered.
        at: f64,
        /// Its opacity, from 1 to 0.
        visible: f64,
    },
    /// Over: nothing is drawn any more.
    Over(End),
}

/// One message in transit. Times are in milliseconds of the page's clock.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flight {
    departed: f64,
    expected: f64,
    end: Option<(End, f64)>,
}

impl Flight {
    /// A flight that departed at that time and is expected to take so long.
    pub(crate) fn new(departed: f64, expected: f64) -> Self {
        Self { departed, expected: expected.max(1.0), end: None }
    }

    fn way(&self, now: f64) -> f64 {
        ((now - self.departed) / self.expected).clamp(0.0, 1.0)
    }

    /// Ends the flight. Only the first end counts.
    pub(crate) fn end(&mut self, end: End, now: f64) {
        self.end.get_or_insert((end, now));
    }

    /// Whether it has not ended.
    pub(crate) fn is_flying(&self) -> bool {
        self.end.is_none()
    }

    /// The phase at this time.
    pub(crate) fn phase(&self, now: f64) -> Phase {
        match self.end {
            None => Phase::Flying(self.way(now)),
            Some((End::Received, then)) => {
                let at = self.way(then);
                // The rest of the way takes its share of the time.
                let landing = LANDING_MS * (1.0 - at);
                if now >= then + landing {
                    Phase::Over(End::Received)
                } else {
                    Phase::Flying(at + (1.0 - at) * (now - then) / landing)
                }
            }
            Some((End::Lost, then)) if now >= then + FADING_MS => Phase::Over(End::Lost),
            Some((End::Lost, then)) => {
                Phase::Fading { at: self.way(then), visible: 1.0 - (now - then) / FADING_MS }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_in_the_time_that_the_hop_takes() {
        let flight = Flight::new(1000.0, 400.0);
        assert_eq!(flight.phase(1100.0), Phase::Flying(0.25));
    }

    #[test]
    fn it_waits_at_the_rim_until_it_is_received() {
        let mut flight = Flight::new(0.0, 400.0);
        assert_eq!(flight.phase(5000.0), Phase::Flying(1.0));
        flight.end(End::Received, 5000.0);
        assert_eq!(flight.phase(5000.0), Phase::Over(End::Received));
    }

    #[test]
    fn received_early_it_lands_at_once() {
        let mut flight = Flight::new(0.0, 400.0);
        flight.end(End::Received, 200.0);
        assert!(matches!(flight.phase(220.0), Phase::Flying(at) if at > 0.5 && at < 1.0));
        assert_eq!(flight.phase(200.0 + LANDING_MS), Phase::Over(End::Received));
    }

    #[test]
    fn lost_it_fades_where_it_is() {
        let mut flight = Flight::new(0.0, 400.0);
        flight.end(End::Lost, 100.0);
        flight.end(End::Received, 150.0);
        assert!(matches!(flight.phase(300.0), Phase::Fading { at, .. } if at == 0.25));
        assert_eq!(flight.phase(900.0), Phase::Over(End::Lost));
    }
}
