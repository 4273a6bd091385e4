//! A timing wheel: one slot a tick, so that nothing has to be sorted. What is due in the same tick comes out
//! in the order in which it went in.
//!
//! A slot is a chain of chunks from one pool: what lies together is read together, and a chunk that was read
//! is the next to be written. What is due beyond the wheel's turn waits in a map until the wheel gets there.

use std::collections::BTreeMap;
use std::ops::Range;

/// Ticks of one turn.
const SLOTS: usize = 64 * 64;
/// Entries of a chunk: few enough for slots that hold little, many enough to seldom follow the chain.
const CHUNK: u32 = 64;
const NONE: u32 = u32::MAX;

/// A chain of chunks, by places in the pool.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Its first entry.
    first: u32,
    /// Behind its last entry: 0 when it has none, and a chunk's end when the next entry needs another chunk.
    end: u32,
}

const EMPTY: Slot = Slot { first: 0, end: 0 };

#[derive(Debug)]
pub(super) struct TimingWheel<T> {
    now: u64,
    slots: Box<[Slot; SLOTS]>,
    /// A bit for each slot that holds something, and a bit for each word of those that has one.
    occupied: [u64; 64],
    words: u64,
    /// The pool.
    entries: Vec<T>,
    /// The value in the part of a chunk that is not filled yet.
    filler: T,
    /// The chunk that follows each chunk in its slot, or among the free ones.
    next: Vec<u32>,
    free: u32,
    /// The rest of the tick that is being read.
    reading: Slot,
    later: BTreeMap<u64, Vec<T>>,
    /// The first tick of those; the end of time when there is none.
    first_later: u64,
    len: usize,
    most: usize,
}

impl<T: Copy> TimingWheel<T> {
    /// Bytes that an entry takes, its share of the chain rounded up.
    pub(super) const BYTES_AN_ENTRY: usize = size_of::<T>() + size_of::<u32>().div_ceil(CHUNK as usize);

    /// An empty wheel; what the filler is makes no difference.
    pub(super) fn new(filler: T) -> Self {
        Self {
            now: 0,
            slots: Box::new([EMPTY; SLOTS]),
            occupied: [0; 64],
            words: 0,
            entries: Vec::new(),
            filler,
            next: Vec::new(),
            free: NONE,
            reading: EMPTY,
            later: BTreeMap::new(),
            first_later: u64::MAX,
            len: 0,
            most: 0,
        }
    }

    /// The tick of what came out last.
    pub(super) const fn now(&self) -> u64 {
        self.now
    }

    /// The most entries that it held between two ticks.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Puts something in that is due after now.
    #[inline]
    pub(super) fn push(&mut self, due: u64, entry: T) {
        debug_assert!(due > self.now, "due in the past");
        self.len += 1;
        // Nothing is called that takes the entry: it goes from the registers to its place, and nowhere
        // before.
        *if due - self.now < SLOTS as u64 { self.room(due) } else { self.room_later(due) } = entry;
    }

    /// Room for the next entry of a tick in this turn.
    #[inline]
    fn room(&mut self, due: u64) -> &mut T {
        let at = slot_of(due);
        let mut end = self.slots[at].end;
        if end.is_multiple_of(CHUNK) {
            end = self.lengthen(at);
        }
        self.slots[at].end = end + 1;
        &mut self.entries[end as usize]
    }

    #[cold]
    fn room_later(&mut self, due: u64) -> &mut T {
        self.first_later = self.first_later.min(due);
        let entries = self.later.entry(due).or_default();
        let at = entries.len();
        entries.push(self.filler);
        &mut entries[at]
    }

    /// Gives a slot another chunk. Returns where it begins.
    fn lengthen(&mut self, at: usize) -> u32 {
        let chunk = if self.free == NONE { self.enlarge() } else { self.free };
        self.free = self.next[chunk as usize];
        let slot = &mut self.slots[at];
        if slot.end == 0 {
            slot.first = chunk * CHUNK;
            self.occupied[at / 64] |= 1 << (at % 64);
            self.words |= 1 << (at / 64);
        } else {
            self.next[(slot.end / CHUNK - 1) as usize] = chunk;
        }
        chunk * CHUNK
    }

    /// Another chunk for the pool.
    #[cold]
    fn enlarge(&mut self) -> u32 {
        let chunk = self.next.len();
        self.entries.extend([self.filler; CHUNK as usize]);
        self.next.push(NONE);
        u32::try_from(self.entries.len()).expect("thousands of millions of messages fit no memory");
        chunk as u32
    }

    /// Takes out what is due first.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        let ready = self.ready()?;
        let entry = self.entries[ready.start];
        self.take(ready.start..ready.start + 1);
        Some(entry)
    }

    /// Indices of some of what is due first, all of it at the same tick: see [`Self::at`]. `None` when
    /// nothing is left.
    #[inline]
    pub(super) fn ready(&mut self) -> Option<Range<usize>> {
        if self.reading.end == 0 {
            self.turn()?;
        }
        let Slot { first, end } = self.reading;
        let chunk = first / CHUNK;
        Some(first as usize..if (end - 1) / CHUNK == chunk { end } else { (chunk + 1) * CHUNK } as usize)
    }

    /// An entry that is ready.
    #[inline]
    pub(super) fn at(&self, place: usize) -> T {
        self.entries[place]
    }

    /// Takes out what was ready, or its beginning.
    #[inline]
    pub(super) fn take(&mut self, ready: Range<usize>) {
        self.len -= ready.len();
        let end = ready.end as u32;
        let over = end == self.reading.end;
        if over || end.is_multiple_of(CHUNK) {
            let chunk = (end - 1) / CHUNK;
            let next = std::mem::replace(&mut self.next[chunk as usize], self.free);
            self.free = chunk;
            self.reading = if over { EMPTY } else { Slot { first: next * CHUNK, ..self.reading } };
        } else {
            self.reading.first = end;
        }
    }

    /// Goes on to the next tick that has something.
    #[inline]
    fn turn(&mut self) -> Option<()> {
        if self.len == 0 {
            return None;
        }
        self.most = self.most.max(self.len);
        self.now = self.next_occupied().map_or(self.first_later, |due| due.min(self.first_later));
        if self.first_later - self.now < SLOTS as u64 {
            self.fetch_later();
        }
        let at = slot_of(self.now);
        self.occupied[at / 64] &= !(1 << (at % 64));
        if self.occupied[at / 64] == 0 {
            self.words &= !(1 << (at / 64));
        }
        self.reading = std::mem::replace(&mut self.slots[at], EMPTY);
        Some(())
    }

    /// Before anything can be sent to a tick that has just come into reach: what was sent earlier comes
    /// first.
    #[cold]
    fn fetch_later(&mut self) {
        while let Some(later) =
            self.later.first_entry().filter(|later| *later.key() - self.now < SLOTS as u64)
        {
            let (due, entries) = later.remove_entry();
            for entry in entries {
                *self.room(due) = entry;
            }
        }
        self.first_later = self.later.keys().next().copied().unwrap_or(u64::MAX);
    }

    /// The first tick after now in this turn whose slot holds something.
    #[inline]
    fn next_occupied(&self) -> Option<u64> {
        let from = slot_of(self.now + 1);
        let here = self.occupied[from / 64] & (u64::MAX << (from % 64));
        let at = if here != 0 {
            from / 64 * 64 + here.trailing_zeros() as usize
        } else {
            // The words behind this one first, then round to those before it, and to itself.
            let turned = self.words.rotate_right((from / 64) as u32 + 1);
            if turned == 0 {
                return None;
            }
            let word = (from / 64 + 1 + turned.trailing_zeros() as usize) % 64;
            word * 64 + self.occupied[word].trailing_zeros() as usize
        };
        Some(self.now + 1 + ((at + SLOTS - from) % SLOTS) as u64)
    }
}

#[inline]
#[allow(clippy::cast_possible_truncation, reason = "below SLOTS")]
const fn slot_of(tick: u64) -> usize {
    (tick % SLOTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The same as a queue that is sorted, however far ahead things are due and however many chunks they
        /// fill.
        #[test]
        fn what_is_due_first_comes_first_and_what_was_sent_first_before_its_equals(
            steps in vec((prop_oneof![1_u64..4, 1_u64..10_000], 1_usize..150, 0_usize..150, any::<bool>()), 1..100),
        ) {
            let mut wheel = TimingWheel::new(0);
            let mut model: BTreeMap<(u64, usize), usize> = BTreeMap::new();
            let mut numbers = 1..;
            for (ahead, pushes, pops, all_ready) in steps {
                let due = wheel.now() + ahead;
                for number in numbers.by_ref().take(pushes) {
                    wheel.push(due, number);
                    model.insert((due, number), number);
                }
                for _ in 0..pops {
                    prop_assert_eq!(wheel.pop(), model.pop_first().map(|(_, number)| number));
                }
                if all_ready {
                    let ready = wheel.ready();
                    prop_assert_eq!(ready.is_none(), model.is_empty());
                    for place in ready.clone().unwrap_or_default() {
                        prop_assert_eq!(Some(wheel.at(place)), model.pop_first().map(|(_, number)| number));
                    }
                    ready.into_iter().for_each(|ready| wheel.take(ready));
                }
            }
            while let Some((_, number)) = model.pop_first() {
                prop_assert_eq!(wheel.pop(), Some(number));
            }
            prop_assert_eq!(wheel.pop(), None);
        }
    }
}
