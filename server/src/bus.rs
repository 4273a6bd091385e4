//! The event bus: every event gets its sequence number, changes the view, is kept in the history for a
//! while, and goes to every subscriber.
//!
//! Nodes report over links of their own, so a message's receipt may arrive here before its sending.
//! Events of nodes therefore wait a moment and are put in the order in which they happened, by the clock
//! that the nodes share.

mod history;
mod pending;
mod subscription;
pub mod websocket;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use ringleader_node::refusals::Refusals;
use ringleader_shared::{Event, EventKind, Incarnation, NodeName, RingView, RunId, Seq};
use tokio::sync::{Notify, watch};

use self::history::History;
pub use self::history::{EventPosition, HISTORY, PublishedEvent};
pub use self::pending::PendingEvent;
use self::pending::WaitingEvents;
pub use self::subscription::{Next, Subscription};
use crate::clock::monotonic_ns;
use crate::metrics::{Elections, OutageTimes};
use crate::state_dir::Keeper;

/// The time that an event of a node waits for earlier ones of other nodes. Reports take a few
/// milliseconds at most, unless the machine is overloaded; a later one gets its place when it arrives.
const WAIT_FOR_EARLIER: Duration = Duration::from_millis(20);

/// The number of ended runs that are remembered: more than can end before the archive asks.
const REMEMBERED_ENDS: usize = 16;

/// The bus. Cheap to clone; all clones are the same bus.
#[derive(Debug, Clone)]
pub struct Bus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// The last event's sequence number, for tasks that wait for the next.
    newest: watch::Sender<Seq>,
    born_ns: u64,
    /// Notified when an event begins to wait.
    waiting: Notify,
    /// The number of subscriptions that are the server's own: see [`Bus::subscribe_archive`].
    own_subscriptions: AtomicUsize,
}

#[derive(Debug)]
struct State {
    view: RingView,
    history: History,
    counts: BTreeMap<&'static str, u64>,
    /// The number of refused connections.
    refused: u64,
    refusals: Refusals<PendingEvent>,
    outages: OutageTimes,
    elections: Elections,
    waiting: WaitingEvents,
    /// Events that were dropped because their members had left.
    too_late: u64,
    /// The storage of the highest term.
    keeper: Option<Keeper>,
    /// The runs that were ended last, the newest at the end, each with its last event before that.
    ended: VecDeque<(RunId, Seq)>,
}

/// A member's right to report. It ends when the member leaves the ring, or the run ends.
#[derive(Debug, Clone, Default)]
pub struct Membership {
    ended: Arc<AtomicBool>,
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus {
    /// A bus without events.
    #[must_use]
    pub fn new() -> Self {
        Self::made(None)
    }

    /// The same, with storage for the highest term: a term is stored for the next start of the server
    /// before it is published.
    #[must_use]
    pub fn keeping(keeper: Keeper) -> Self {
        Self::made(Some(keeper))
    }

    fn made(keeper: Option<Keeper>) -> Self {
        let state = State {
            view: RingView::empty(),
            history: History::default(),
            counts: BTreeMap::new(),
            refused: 0,
            refusals: Refusals::default(),
            outages: OutageTimes::default(),
            elections: Elections::default(),
            waiting: WaitingEvents::default(),
            too_late: 0,
            keeper,
            ended: VecDeque::new(),
        };
        let (newest, _) = watch::channel(Seq(0));
        let inner = Inner {
            state: Mutex::new(state),
            newest,
            born_ns: monotonic_ns(),
            waiting: Notify::new(),
            own_subscriptions: AtomicUsize::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic may have left the state half-changed. The server goes on with it.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes an event of the server itself, after everything that happened before and was reported.
    fn publish(&self, event: PendingEvent) {
        let mut state = self.state();
        state.place_until(event.at_ns, self.inner.born_ns);
        state.assign_seq(event, self.inner.born_ns);
        let newest = state.view.seq;
        drop(state);
        self.inner.newest.send_replace(newest);
    }

    /// Queues events of a member, to be put in the order in which they happened by
    /// [`Bus::keep_in_order`]. Events of a member that has left are dropped and counted: its name may be
    /// another's by now. Of connections that it refused, one event a second counts all.
    pub fn report(&self, membership: &Membership, events: impl IntoIterator<Item = PendingEvent>) {
        let (refused, events): (Vec<PendingEvent>, Vec<PendingEvent>) =
            events.into_iter().partition(|event| matches!(event.kind, EventKind::Refused { .. }));
        let mut state = self.state();
        if membership.ended.load(Ordering::Relaxed) {
            state.too_late += (refused.len() + events.len()) as u64;
            return;
        }
        events.into_iter().for_each(|event| state.waiting.push(event));
        drop(state);
        self.inner.waiting.notify_one();
        refused.into_iter().for_each(|refused| self.refuse(refused));
    }

    /// Publishes that a connection was refused. Of many, one event a second counts all.
    pub fn refuse(&self, event: PendingEvent) {
        let EventKind::Refused { count, .. } = event.kind else { return };
        let now = Duration::from_nanos(monotonic_ns());
        self.publish_refusal(|state| {
            state.refused = state.refused.saturating_add(count);
            state.refusals.note(now, event, count)
        });
    }

    /// Publishes the held-back reports of refused connections when they are due. Runs as long as the
    /// server.
    pub async fn count_refusals(self) {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.publish_refusal(|state| state.refusals.due(Duration::from_nanos(monotonic_ns())));
        }
    }

    fn publish_refusal(&self, due: impl FnOnce(&mut State) -> Option<(PendingEvent, u64)>) {
        let mut state = self.state();
        let before = state.view.seq;
        let due = due(&mut state);
        state.assign_seq_to_refusal(due, self.inner.born_ns);
        let newest = state.view.seq;
        drop(state);
        if newest > before {
            self.inner.newest.send_replace(newest);
        }
    }

    /// The number of connections that the server's control port and the nodes refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.state().refused
    }

    /// Ends the right of a member that leaves to report. Its reports so far still count.
    pub fn dismiss(&self, membership: &Membership) {
        // Under the lock of `report`: events that were accepted before this get their place before the
        // caller's next event.
        let _state = self.state();
        membership.ended.store(true, Ordering::Relaxed);
    }

    /// The number of events that were dropped because their members had left.
    #[must_use]
    pub fn too_late(&self) -> u64 {
        self.state().too_late
    }

    /// Puts reported events in order when they have waited long enough. Runs as long as the server.
    pub async fn keep_in_order(self) {
        let wait_ns = u64::try_from(WAIT_FOR_EARLIER.as_nanos()).unwrap_or(u64::MAX);
        loop {
            let now = monotonic_ns();
            match self.place_due(now.saturating_sub(wait_ns)) {
                Some(at_ns) => {
                    let due = Duration::from_nanos(at_ns.saturating_add(wait_ns).saturating_sub(now));
                    // At least a millisecond: timers are no finer, and events come in bursts.
                    tokio::time::sleep(due.max(Duration::from_millis(1))).await;
                }
                None => self.inner.waiting.notified().await,
            }
        }
    }

    /// Publishes the events that happened until `at_ns`. Returns the time of the earliest one that still
    /// waits.
    fn place_due(&self, at_ns: u64) -> Option<u64> {
        let mut state = self.state();
        let before = state.view.seq;
        state.place_until(at_ns, self.inner.born_ns);
        let (newest, next) = (state.view.seq, state.waiting.next_ns());
        drop(state);
        if newest > before {
            self.inner.newest.send_replace(newest);
        }
        next
    }

    /// Publishes an event of the server itself, which happens now.
    pub fn announce(&self, node: Option<&NodeName>, incarnation: Incarnation, kind: EventKind) {
        self.announce_at(monotonic_ns(), node, incarnation, kind);
    }

    /// Publishes an event of the server itself, which happened at `at_ns`.
    pub fn announce_at(
        &self,
        at_ns: u64,
        node: Option<&NodeName>,
        incarnation: Incarnation,
        kind: EventKind,
    ) {
        self.publish(PendingEvent { node: node.cloned(), incarnation, lamport: 0, at_ns, kind });
    }

    /// The present ring.
    #[must_use]
    pub fn view(&self) -> RingView {
        self.state().view.clone()
    }

    /// Reads the ring without copying it.
    pub fn with_view<T>(&self, look: impl FnOnce(&RingView) -> T) -> T {
        look(&self.state().view)
    }

    /// The number of events of each kind.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        self.state().counts.iter().map(|(kind, count)| (*kind, *count)).collect()
    }

    /// The times and messages of the elections that are complete.
    #[must_use]
    pub fn election_times(&self) -> Elections {
        self.state().elections.clone()
    }

    /// The time without a leader of the outages that are over.
    #[must_use]
    pub fn outage_times(&self) -> OutageTimes {
        let now_us = self.now_us();
        let mut state = self.state();
        let State { view, outages, .. } = &mut *state;
        outages.observe(view, now_us);
        outages.clone()
    }

    /// The time now, in microseconds since the server started.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        monotonic_ns().saturating_sub(self.inner.born_ns) / 1_000
    }

    /// The number of subscribers, without the server's own.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        let own = self.inner.own_subscriptions.load(Ordering::Relaxed);
        self.inner.newest.receiver_count().saturating_sub(own)
    }

    /// Notes that the run ends after the events that were published so far: the ends of its processes that
    /// follow are the server's doing.
    pub fn end_run(&self) {
        let mut state = self.state();
        let ended = (state.view.run, state.view.seq);
        state.ended.push_back(ended);
        if state.ended.len() > REMEMBERED_ENDS {
            state.ended.pop_front();
        }
    }

    /// The runs that were ended last, by a reset or the server's stop, each with its last event before that.
    #[must_use]
    pub fn ended_runs(&self) -> Vec<(RunId, Seq)> {
        self.state().ended.iter().copied().collect()
    }

    /// The events after `after` as JSON, at most `limit`.
    #[must_use]
    pub fn texts(&self, after: Seq, limit: usize) -> Vec<Bytes> {
        self.state().history.texts(after, limit).collect()
    }

    /// The oldest and the newest sequence number in the history.
    #[must_use]
    pub fn bounds(&self) -> (Seq, Seq) {
        self.state().history.bounds()
    }

    /// The events after `after`, at most `limit`, with the oldest and the newest sequence number in the
    /// history.
    #[must_use]
    pub fn page(&self, after: Seq, limit: usize) -> (Vec<Event>, Seq, Seq) {
        let state = self.state();
        let (oldest, newest) = state.history.bounds();
        (state.history.events(after, limit).cloned().collect(), oldest, newest)
    }

    /// Whether this may be an event of this server: its number was assigned, and in that run, as far as
    /// the history goes back.
    #[must_use]
    pub fn has(&self, position: EventPosition) -> bool {
        self.state().has(position)
    }
}

impl State {
    /// Publishes the waiting events that happened until `at_ns`, in order.
    fn place_until(&mut self, at_ns: u64, born_ns: u64) {
        while let Some(event) = self.waiting.pop_until(at_ns) {
            self.assign_seq(event, born_ns);
        }
    }

    fn assign_seq(&mut self, event: PendingEvent, born_ns: u64) {
        let event = Event {
            seq: self.view.seq.next(),
            at_us: event.at_ns.saturating_sub(born_ns) / 1_000,
            node: event.node,
            incarnation: event.incarnation,
            lamport: event.lamport,
            kind: event.kind,
        };
        // A run that ends takes its outages with it.
        let is_new_run = matches!(event.kind, EventKind::RunStarted { .. });
        self.outages.observe(&self.view, if is_new_run { u64::MAX } else { event.at_us });
        let known = self.view.term;
        self.view.apply(&event);
        self.elections.observe(&event, &self.view);
        if self.view.term > known
            && let Some(keeper) = &self.keeper
        {
            keeper.note_term(self.view.term);
        }
        *self.counts.entry(event.kind.as_str()).or_default() += 1;
        self.history.push(event, is_new_run.then_some(self.view.run));
    }

    fn assign_seq_to_refusal(&mut self, due: Option<(PendingEvent, u64)>, born_ns: u64) {
        if let Some((mut event, stands_for)) = due {
            if let EventKind::Refused { count, .. } = &mut event.kind {
                *count = stands_for;
            }
            self.place_until(event.at_ns, born_ns);
            self.assign_seq(event, born_ns);
        }
    }

    /// The run of an event.
    fn run_at(&self, seq: Seq) -> RunId {
        self.history.run_at(seq).unwrap_or(self.view.run)
    }

    fn has(&self, position: EventPosition) -> bool {
        position.seq <= self.view.seq && position.run.is_none_or(|run| run == self.run_at(position.seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn bus_with(events: usize) -> Bus {
        let bus = Bus::new();
        for n in 0..events {
            bus.announce(None, Incarnation(0), EventKind::Stderr { text: n.to_string() });
        }
        bus
    }

    #[tokio::test]
    async fn what_nodes_report_is_placed_in_the_order_in_which_it_happened() {
        let bus = Bus::new();
        let now = monotonic_ns();
        let report = |at_ns: u64| PendingEvent {
            node: None,
            incarnation: Incarnation(0),
            lamport: at_ns - now,
            at_ns,
            kind: EventKind::Paused,
        };
        let member = Membership::default();
        bus.report(&member, [report(now + 2), report(now + 4)]);
        bus.report(&member, [report(now + 1), report(now + 3)]);
        let (_, mut subscription) = bus.subscribe(None);
        tokio::spawn(bus.clone().keep_in_order());
        let Next::Events(_) = subscription.next().await else { panic!("nothing was missed") };
        let order: Vec<u64> = bus.page(Seq(0), 10).0.iter().map(|event| event.lamport).collect();
        assert_eq!(order, [1, 2, 3, 4]);
    }

    #[test]
    fn what_a_member_reports_counts_until_it_leaves_and_is_dropped_and_counted_after_that() {
        let bus = Bus::new();
        let (left, present) = (Membership::default(), Membership::default());
        let report = |lamport: u64| PendingEvent {
            node: None,
            incarnation: Incarnation(1),
            lamport,
            at_ns: monotonic_ns(),
            kind: EventKind::Paused,
        };
        bus.report(&left, [report(1)]);
        bus.dismiss(&left);
        bus.announce(None, Incarnation(0), EventKind::MemberRemoved);
        bus.report(&left.clone(), [report(2), report(3)]);
        bus.report(&present, [report(4)]);
        bus.announce(None, Incarnation(0), EventKind::Resumed);
        let order: Vec<u64> = bus.page(Seq(0), 10).0.iter().map(|event| event.lamport).collect();
        assert_eq!((order, bus.too_late()), (vec![1, 0, 4, 0], 2));
    }

    #[test]
    fn the_text_of_an_event_is_its_json() {
        let bus = bus_with(3);
        let texts: Vec<Event> =
            bus.texts(Seq(1), 9).iter().map(|text| serde_json::from_slice(text).expect("an event")).collect();
        assert_eq!(texts, bus.page(Seq(1), 9).0);
    }

    #[test]
    fn refused_connections_push_no_event_of_the_ring_out() {
        let bus = bus_with(HISTORY);
        for _ in 0..HISTORY + 5 {
            let kind = EventKind::Refused { remote: "x".to_owned(), reason: "y".to_owned(), count: 1 };
            let at_ns = monotonic_ns();
            bus.refuse(PendingEvent { node: None, incarnation: Incarnation(0), lamport: 0, at_ns, kind });
        }
        let (events, oldest, newest) = bus.page(Seq(0), 2 * HISTORY);
        let lines = events.iter().filter(|event| matches!(event.kind, EventKind::Stderr { .. })).count();
        assert_eq!((lines, oldest), (HISTORY, Seq(1)));
        assert!(newest.0 < HISTORY as u64 + 100, "{newest}");
        assert_eq!(bus.refused(), HISTORY as u64 + 5);
    }

    #[test]
    fn a_page_begins_after_its_position_and_has_the_bounds_of_the_history() {
        let bus = bus_with(5);
        let (events, oldest, newest) = bus.page(Seq(2), 2);
        assert_eq!(events.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [3, 4]);
        assert_eq!((oldest, newest), (Seq(1), Seq(5)));
        assert!(bus.page(Seq(99), 2).0.is_empty());
    }
}
