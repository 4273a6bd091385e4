//! The connections that a listener has open: their number is bounded, and one is closed when there are too
//! many.
//!
//! A connection is a stranger's until it has made an authorized request. Strangers share a part of the
//! slots. Within it the newest is admitted and the oldest is closed: an honest client needs a millisecond
//! for its request, so idle connections keep nobody out, however many they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The longest wait for the slot of a connection that is being closed.
const LEAVES_WITHIN: Duration = Duration::from_secs(1);

/// The slots of a listener. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ConnectionSlots {
    free: Arc<Semaphore>,
    most: u32,
    strangers: Strangers,
}

/// The strangers among the connections, by the order in which they came.
#[derive(Debug, Clone)]
struct Strangers {
    most: usize,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    came: u64,
    by_age: BTreeMap<u64, Arc<Notify>>,
    leaving: BTreeSet<u64>,
}

/// One connection's slot, free again when this value is dropped.
#[derive(Debug)]
pub struct ConnectionSlot {
    visitor: Visitor,
    dismissed: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

/// The other end of a connection, as the handlers of its requests see it.
#[derive(Debug, Clone)]
pub struct Visitor {
    number: u64,
    strangers: Strangers,
}

impl ConnectionSlots {
    /// Makes this many slots, and the limit on how many of them strangers may hold.
    #[must_use]
    pub fn new(most: usize, strangers: usize) -> Self {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let strangers = Strangers { most: strangers.max(1), waiting: Arc::default() };
        Self { free: Arc::new(Semaphore::new(most as usize)), most, strangers }
    }

    /// Admits another connection; the oldest stranger is closed when there are too many of them. `None`
    /// when all slots are taken by connections that have made an authorized request.
    pub async fn enter(&self) -> Option<ConnectionSlot> {
        let free = Arc::clone(&self.free).try_acquire_owned();
        let is_one_leaving = self.strangers.make_room(free.is_err());
        let permit = match free {
            Ok(permit) => permit,
            Err(_) if is_one_leaving => {
                let next = Arc::clone(&self.free).acquire_owned();
                tokio::time::timeout(LEAVES_WITHIN, next).await.ok()?.ok()?
            }
            Err(_) => return None,
        };
        let dismissed = Arc::new(Notify::new());
        let number = self.strangers.add(Arc::clone(&dismissed));
        let visitor = Visitor { number, strangers: self.strangers.clone() };
        Some(ConnectionSlot { visitor, dismissed, _permit: permit })
    }

    /// Waits until every slot is free.
    pub async fn emptied(&self) {
        let _ = self.free.acquire_many(self.most).await;
    }

    /// The number of slots that are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        (self.most as usize).saturating_sub(self.free.available_permits())
    }
}

impl Strangers {
    /// Closes the oldest stranger where no slot is free, or where there are as many strangers as there
    /// may be. True if one is about to be closed.
    fn make_room(&self, is_full: bool) -> bool {
        let mut waiting = self.lock();
        let is_crowded = is_full || waiting.by_age.len() >= self.most;
        if is_crowded && let Some((number, oldest)) = waiting.by_age.pop_first() {
            waiting.leaving.insert(number);
            oldest.notify_one();
        }
        !waiting.leaving.is_empty()
    }

    /// Adds the newest stranger; returns its number.
    fn add(&self, dismissed: Arc<Notify>) -> u64 {
        let mut waiting = self.lock();
        waiting.came += 1;
        let number = waiting.came;
        waiting.by_age.insert(number, dismissed);
        number
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionSlot {
    /// The connection, for the handlers of its requests.
    #[must_use]
    pub fn visitor(&self) -> Visitor {
        self.visitor.clone()
    }

    /// A signal that comes when the connection has to leave.
    #[must_use]
    pub fn dismissed(&self) -> Arc<Notify> {
        Arc::clone(&self.dismissed)
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut waiting = self.visitor.strangers.lock();
        waiting.by_age.remove(&self.visitor.number);
        waiting.leaving.remove(&self.visitor.number);
    }
}

impl Visitor {
    /// Notes that the request was authorized: the connection is no longer a stranger's.
    pub fn is_known(&self) {
        self.strangers.lock().by_age.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn has_to_leave(slot: &ConnectionSlot) -> bool {
        slot.dismissed().notified().now_or_never().is_some()
    }

    #[tokio::test]
    async fn the_oldest_stranger_leaves_for_the_newest_and_who_is_known_stays() {
        let slots = ConnectionSlots::new(4, 2);
        let known = slots.enter().await.expect("a free slot");
        known.visitor().is_known();
        let old = slots.enter().await.expect("a free slot");
        let young = slots.enter().await.expect("a free slot");
        let newest = slots.enter().await.expect("a free slot");
        assert!(has_to_leave(&old));
        assert!([&known, &young, &newest].iter().all(|slot| !has_to_leave(slot)));
    }

    #[tokio::test]
    async fn when_all_places_are_taken_a_stranger_leaves_and_its_place_is_the_next_ones() {
        let slots = ConnectionSlots::new(2, 2);
        let known = slots.enter().await.expect("a free slot");
        known.visitor().is_known();
        let stranger = slots.enter().await.expect("a free slot");
        let mut next = std::pin::pin!(slots.enter());
        assert!(next.as_mut().now_or_never().is_none(), "nobody has left yet");
        assert!(has_to_leave(&stranger));
        drop(stranger);
        let next = next.await.expect("the stranger's slot");
        next.visitor().is_known();
        assert!(slots.enter().await.is_none(), "both are known");
        drop((known, next));
        assert!(slots.emptied().now_or_never().is_some());
    }
}
