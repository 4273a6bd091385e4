//! Moments to go back to: the beginning, and one every so many things that happened.

use super::moment::Moment;

#[derive(Debug, Clone)]
pub(super) struct Snapshots {
    /// In order; the first is the beginning.
    moments: Vec<Moment>,
    /// One after each time that so many things have happened.
    every: u64,
    /// How many there may be.
    most: usize,
}

impl Snapshots {
    pub(super) fn new(first: Moment) -> Self {
        let members = first.view().nodes.len();
        // One costs about as much as it takes that every member is given something.
        let every = 256 + 4 * members as u64;
        Self { moments: vec![first], every, most: most(members) }
    }

    /// Keeps this moment, if it is time to. When there are too many, every second one goes.
    pub(super) fn offer(&mut self, moment: &Moment) {
        let happened = moment.position().happened;
        let known = self.moments.last().map_or(0, |last| last.position().happened);
        if happened <= known || !happened.is_multiple_of(self.every) {
            return;
        }
        self.moments.push(moment.clone());
        if self.moments.len() > self.most {
            self.every = self.every.saturating_mul(2);
            let every = self.every;
            self.moments.retain(|moment| moment.position().happened.is_multiple_of(every));
        }
    }

    /// The last for which this holds; it must hold for all those before, too. The beginning, if it holds for none.
    pub(super) fn last_where(&self, holds: impl Fn(&Moment) -> bool) -> Option<&Moment> {
        let count = self.moments.partition_point(holds);
        self.moments.get(count.saturating_sub(1))
    }

    /// Forgets those after so many things.
    pub(super) fn forget_after(&mut self, happened: u64) {
        self.moments.retain(|moment| moment.position().happened <= happened);
    }
}

/// How many snapshots of a ring of this size are kept: the fewer, the larger each is.
fn most(members: usize) -> usize {
    /// A member, its links, timers and messages, and what is shown of it.
    const A_MEMBER: usize = 2 << 10;
    const ROOM: usize = 64 << 20;
    (ROOM / members.saturating_mul(A_MEMBER).max(1)).clamp(16, 64)
}
