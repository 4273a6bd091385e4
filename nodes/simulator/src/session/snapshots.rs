//! Moments to go back to: the beginning, and one every so many things that happened.

use super::moment::Moment;

#[derive(Debug, Clone)]
pub(super) struct Snapshots {
    /// In order; the first is the beginning.
    moments: Vec<Moment>,
    /// One after each time that so many things have happened.
    every: u64,
    /// The most snapshots.
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

    /// The last for which this holds; it must hold for all those before, too. The beginning, if it holds for
    /// none.
    pub(super) fn last_where(&self, holds: impl Fn(&Moment) -> bool) -> Option<&Moment> {
        let count = self.moments.partition_point(holds);
        self.moments.get(count.saturating_sub(1))
    }

    /// Forgets those after so many things.
    pub(super) fn forget_after(&mut self, happened: u64) {
        self.moments.retain(|moment| moment.position().happened <= happened);
    }
}

/// The most snapshots of a ring of this size: the fewer, the larger each is.
fn most(members: usize) -> usize {
    /// A member, its links, timers and messages, and what is shown of it.
    const A_MEMBER: usize = 2 << 10;
    const ROOM: usize = 64 << 20;
    (ROOM / members.saturating_mul(A_MEMBER).max(1)).clamp(16, 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Setup;

    #[test]
    fn snapshots_stay_few_evenly_spread_and_each_the_only_one_of_its_moment() {
        let (first, _) = Moment::first(Setup::of(&[1, 2, 3, 4, 5, 6, 7, 8]));
        let mut snapshots = Snapshots::new(first.clone());
        (snapshots.every, snapshots.most) = (1, 4);
        for _ in 0..2 {
            let mut moment = first.clone();
            while moment.position().happened < 15 && moment.go_on(&[], u64::MAX, &mut Vec::new()) {
                snapshots.offer(&moment);
            }
            let kept: Vec<u64> = snapshots.moments.iter().map(|moment| moment.position().happened).collect();
            assert_eq!(kept, [0, 4, 8, 12]);
        }
        snapshots.forget_after(8);
        assert_eq!(snapshots.last_where(|_| true).map(|moment| moment.position().happened), Some(8));
    }

    #[test]
    fn of_large_rings_fewer_are_kept() {
        assert_eq!([5, 1000, 100_000].map(most), [64, 32, 16]);
    }
}
