//! The loss of a link, measured by its pings.

use std::collections::VecDeque;

use crate::Time;

/// The number of pings by which a link is judged, the newest ones.
pub const JUDGED_BY: u32 = u32::BITS;

/// A link that loses more than this many of [`JUDGED_BY`] pings or their answers does not work.
pub const MOST_LOST: u32 = 12;

/// The most pings whose answers are waited for.
const OUTSTANDING: usize = 4096;

/// The pings of one link and what became of them. A link keeps their order, so that an answer says of every
/// ping before that it, or its answer, was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Loss {
    /// The times at which the pings were sent that were not answered, oldest first.
    sent: VecDeque<Time>,
    /// One bit for each of the newest pings: set if it was lost.
    lost: u32,
    /// The number of pings that are judged, up to [`JUDGED_BY`].
    judged: u32,
}

impl Loss {
    /// Notes a ping.
    pub fn sent(&mut self, at: Time) {
        if self.sent.len() == OUTSTANDING {
            self.sent.pop_front();
        }
        self.sent.push_back(at);
    }

    /// Notes the answer to the ping that was sent then. One that was never sent, or answered before, counts
    /// for nothing.
    pub fn answered(&mut self, sent: Time) {
        let Ok(before) = self.sent.binary_search(&sent) else { return };
        for _ in 0..before {
            self.judge(true);
        }
        self.judge(false);
        self.sent.drain(..=before);
    }

    fn judge(&mut self, is_lost: bool) {
        self.lost = self.lost << 1 | u32::from(is_lost);
        self.judged = (self.judged + 1).min(JUDGED_BY);
    }

    /// Whether the link loses so much that it does not work. It is not said before enough pings have been
    /// sent, and said once of the same pings.
    pub fn is_bad(&mut self) -> bool {
        let is_bad = self.judged == JUDGED_BY && self.lost.count_ones() > MOST_LOST;
        if is_bad {
            (self.lost, self.judged) = (0, 0);
        }
        is_bad
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(n: u32) -> Time {
        Time(Duration::from_millis(u64::from(n)))
    }

    /// Whether a link is bad after so many pings, of which every `one_of` is lost.
    fn is_bad(pings: u32, one_of: u32) -> bool {
        let mut loss = Loss::default();
        for n in 0..pings {
            loss.sent(at(n));
            if n % one_of != 0 {
                loss.answered(at(n));
            }
        }
        loss.is_bad()
    }

    #[test]
    fn a_link_that_loses_half_is_bad_and_one_that_loses_a_third_is_not() {
        assert!(is_bad(200, 2));
        assert!(!is_bad(200, 3));
    }

    #[test]
    fn a_few_pings_are_no_verdict() {
        assert!(!is_bad(30, 2));
    }

    #[test]
    fn answers_that_are_late_are_not_lost() {
        let mut loss = Loss::default();
        for n in 0..1000 {
            loss.sent(at(n));
            if let Some(answered) = n.checked_sub(400) {
                loss.answered(at(answered));
            }
        }
        assert!(!loss.is_bad());
        assert_eq!(loss.sent.len(), 400);
    }

    #[test]
    fn what_was_never_sent_counts_for_nothing() {
        let mut loss = Loss::default();
        loss.sent(at(1));
        loss.answered(at(2));
        assert_eq!(loss.judged, 0);
    }
}
