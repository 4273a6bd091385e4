//! A timing wheel: one slot a tick, so that nothing has to be sorted. What is due in the same tick comes out in the order in
//! which it went in.
//!
//! A slot is a chain of chunks from one pool: what lies together is read together, and a chunk that was read is the next to be
//! written. What is due beyond the wheel's turn waits in a map until the wheel gets there.

use std::collections::BTreeMap;

/// Ticks of one turn.
const SLOTS: usize = 64 * 64;
/// Entries of a chunk: few enough for slots that hold little, many enough to seldom follow the chain.
const CHUNK: usize = 64;
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Slot {
    first: u32,
    last: u32,
    /// Entries in the last chunk.
    filled: u32,
}

const EMPTY: Slot = Slot { first: NONE, last: NONE, filled: 0 };

#[derive(Debug)]
pub(super) struct Wheel<T> {
    now: u64,
    slots: Vec<Slot>,
    /// A bit for each slot that holds something, and a bit for each word of those that has one.
    occupied: [u64; 64],
    words: u64,
    entries: Vec<T>,
    /// What stands in the part of a chunk that is not filled yet.
    filler: T,
    /// The chunk that follows each chunk in its slot.
    next: Vec<u32>,
    free: Vec<u32>,
    /// What is left of the tick that is being read: the slot, and how many of its first chunk are gone.
    reading: Slot,
    read: usize,
    later: BTreeMap<u64, Vec<T>>,
    /// The first tick of those; the end of time when there is none.
    first_later: u64,
    len: usize,
    most: usize,
}

impl<T: Copy> Wheel<T> {
    /// Bytes that an entry takes, its share of the chain rounded up.
    pub(super) const BYTES_AN_ENTRY: usize = size_of::<T>() + (size_of::<u32>() * 2).div_ceil(CHUNK);

    /// An empty wheel; what the filler is makes no difference.
    pub(super) fn new(filler: T) -> Self {
        Self {
            now: 0,
            slots: vec![EMPTY; SLOTS],
            occupied: [0; 64],
            words: 0,
            entries: Vec::new(),
            filler,
            next: Vec::new(),
            free: Vec::new(),
            reading: EMPTY,
            read: 0,
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

    /// The most entries that it held at one time.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Puts something in that is due after now.
    #[inline]
    pub(super) fn push(&mut self, due: u64, entry: T) {
        debug_assert!(due > self.now, "due in the past");
        self.len += 1;
        self.most = self.most.max(self.len);
        if due - self.now < SLOTS as u64 {
            self.put(due, entry);
        } else {
            self.later.entry(due).or_default().push(entry);
            self.first_later = self.first_later.min(due);
        }
    }

    #[inline]
    fn put(&mut self, due: u64, entry: T) {
        // The entry is written last, and nothing is called that takes it: it then never leaves the registers.
        let room = self.room(slot_of(due));
        self.entries[room] = entry;
    }

    /// Where the next entry of a slot goes.
    #[inline]
    fn room(&mut self, at: usize) -> usize {
        let slot = &mut self.slots[at];
        if slot.last == NONE || slot.filled as usize == CHUNK {
            self.lengthen(at);
        }
        let slot = &mut self.slots[at];
        let room = slot.last as usize * CHUNK + slot.filled as usize;
        slot.filled += 1;
        room
    }

    /// Gives a slot another chunk.
    fn lengthen(&mut self, at: usize) {
        let chunk = self.free.pop().unwrap_or_else(|| {
            self.entries.extend([self.filler; CHUNK]);
            self.next.push(NONE);
            u32::try_from(self.next.len() - 1).unwrap_or(NONE)
        });
        self.next[chunk as usize] = NONE;
        let last = self.slots[at].last;
        if last == NONE {
            self.slots[at].first = chunk;
            self.occupied[at / 64] |= 1 << (at % 64);
            self.words |= 1 << (at / 64);
        } else {
            self.next[last as usize] = chunk;
        }
        self.slots[at].last = chunk;
        self.slots[at].filled = 0;
    }

    /// Takes out what is due first.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        let (chunk, end) = self.first_chunk()?;
        let entry = self.entries[chunk * CHUNK + self.read];
        self.read += 1;
        self.len -= 1;
        if self.read == end {
            self.leave_chunk();
        }
        Some(entry)
    }

    /// Takes out some of what is due first, all at the same tick, into an empty list. Nothing when nothing is left.
    #[inline]
    pub(super) fn pop_some(&mut self, out: &mut Vec<T>) {
        out.clear();
        let Some((chunk, end)) = self.first_chunk() else { return };
        out.extend_from_slice(&self.entries[chunk * CHUNK + self.read..chunk * CHUNK + end]);
        self.len -= end - self.read;
        self.leave_chunk();
    }

    /// The chunk that is read next, and how many entries it has.
    #[inline]
    fn first_chunk(&mut self) -> Option<(usize, usize)> {
        if self.reading.first == NONE {
            self.turn()?;
        }
        let Slot { first, last, filled } = self.reading;
        Some((first as usize, if first == last { filled as usize } else { CHUNK }))
    }

    #[inline]
    fn leave_chunk(&mut self) {
        let first = self.reading.first;
        self.free.push(first);
        self.reading.first = self.next[first as usize];
        self.read = 0;
    }

    /// Goes on to the next tick that has something.
    #[inline]
    fn turn(&mut self) -> Option<()> {
        if self.len == 0 {
            return None;
        }
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

    /// Before anything can be sent to a tick that has just come into reach: what was sent earlier comes first.
    fn fetch_later(&mut self) {
        while let Some(later) =
            self.later.first_entry().filter(|later| *later.key() - self.now < SLOTS as u64)
        {
            let (due, entries) = later.remove_entry();
            for entry in entries {
                self.put(due, entry);
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The same as a queue that is sorted, however far ahead things are due.
        #[test]
        fn what_is_due_first_comes_first_and_what_was_sent_first_before_its_equals(
            steps in proptest::collection::vec((1_u64..10_000, 0_usize..3), 1..400),
        ) {
            let (mut wheel, mut some) = (Wheel::new(0), Vec::new());
            let mut model: BTreeMap<(u64, usize), usize> = BTreeMap::new();
            for (number, (ahead, pops)) in steps.into_iter().enumerate() {
                let due = wheel.now() + ahead;
                wheel.push(due, number);
                model.insert((due, number), number);
                for _ in 0..pops {
                    prop_assert_eq!(wheel.pop(), model.pop_first().map(|(_, number)| number));
                }
                if number % 7 == 0 {
                    wheel.pop_some(&mut some);
                    for &popped in &some {
                        prop_assert_eq!(Some(popped), model.pop_first().map(|(_, number)| number));
                    }
                    prop_assert_eq!(some.is_empty() && model.is_empty(), wheel.len == 0 && some.is_empty());
                }
            }
            while let Some((_, number)) = model.pop_first() {
                prop_assert_eq!(wheel.pop(), Some(number));
            }
            prop_assert_eq!(wheel.pop(), None);
        }
    }
}
