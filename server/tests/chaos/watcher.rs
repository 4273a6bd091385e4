//! Reads the event stream on a thread of its own, and keeps the ring and the invariants up to date.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ringleader_shared::bus::BusFrame;
use ringleader_shared::invariants::EventChecker;
use ringleader_shared::{Event, EventKind, NodeName, RingView, Seq};

use ringleader_testing::server::Server;

/// The time for which the bus may be silent: leader and deputy report a heartbeat a second, but a ring
/// may be all dead.
const LONGEST_SILENCE: Duration = Duration::from_secs(120);

struct State {
    ring: RingView,
    invariants: EventChecker,
    /// The events of the round before, and those since this one began.
    before: Vec<Event>,
    round: Vec<Event>,
    split_brain: bool,
    events: u64,
    broken: Option<String>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// An observer of every event.
pub struct Watcher {
    shared: Arc<Shared>,
}

impl Watcher {
    /// Watches from now on.
    pub fn of(server: &Server) -> Self {
        let mut bus = server.subscribe(None);
        let state = State {
            ring: RingView::empty(),
            invariants: EventChecker::default(),
            before: Vec::new(),
            round: Vec::new(),
            split_brain: false,
            events: 0,
            broken: None,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let watching = Arc::clone(&shared);
        // Ends with the server, which closes the bus.
        std::thread::spawn(move || {
            while let Some(frame) = bus.next_frame(Instant::now() + LONGEST_SILENCE) {
                watching.lock().take(frame);
                watching.changed.notify_all();
            }
        });
        Self { shared }
    }

    /// Assigns later events to the next round.
    pub fn begin_round(&self) {
        let mut state = self.shared.lock();
        state.before = std::mem::take(&mut state.round);
        state.split_brain = false;
        state.invariants.begin_round();
    }

    /// Checks the conditions at the end of a round.
    pub fn end_round(&self) -> Result<(), String> {
        self.check()?;
        let state = self.shared.lock();
        state.invariants.end_round(&state.ring)
    }

    /// The first invariant that was broken.
    pub fn check(&self) -> Result<(), String> {
        let state = self.shared.lock();
        state.broken.clone().map_or(Ok(()), Err)
    }

    pub fn saw_split_brain(&self) -> bool {
        self.shared.lock().split_brain
    }

    pub fn events(&self) -> u64 {
        self.shared.lock().events
    }

    /// Waits until the ring satisfies the condition; fails after `within`.
    pub fn wait(&self, within: Duration, is_so: impl Fn(&RingView) -> bool) -> Result<RingView, String> {
        let deadline = Instant::now() + within;
        let mut state = self.shared.lock();
        loop {
            if let Some(broken) = &state.broken {
                return Err(broken.clone());
            }
            if is_so(&state.ring) {
                return Ok(state.ring.clone());
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return Err(format!(
                    "the ring did not come to agree within {} ms:\n{:#?}",
                    within.as_millis(),
                    state.ring.nodes
                ));
            };
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for an event after this one.
    pub fn wait_for_news(&self, after: Seq, within: Duration) -> Result<(), String> {
        self.wait(within, |ring| ring.seq > after).map(|_| ())
    }

    /// Waits until the ring has something and keeps it as it is. Returns when that began, counted from now.
    pub fn wait_until_it_stays<T: PartialEq>(
        &self,
        within: Duration,
        stays: Duration,
        what: impl Fn(&RingView) -> Option<T>,
    ) -> Result<Duration, String> {
        let began = Instant::now();
        loop {
            let left = within.saturating_sub(began.elapsed());
            let ring = self.wait(left, |ring| what(ring).is_some())?;
            let (kept, since) = (what(&ring), began.elapsed());
            let mut state = self.shared.lock();
            loop {
                let Some(left) = (since + stays).checked_sub(began.elapsed()) else { return Ok(since) };
                let waited = self.shared.changed.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                if what(&state.ring) != kept {
                    break;
                }
            }
        }
    }

    /// The events of the round in words, after those of the round before: the cause of a failure may lie
    /// there.
    pub fn trace(&self) -> String {
        let state = self.shared.lock();
        let lines = state
            .before
            .iter()
            .chain(&state.round)
            .filter(|event| !matches!(event.kind, EventKind::Heartbeat { .. }));
        let lines = lines.map(|event| {
            let node = event.node.as_ref().map_or("-", NodeName::as_str);
            let kind = serde_json::to_string(&event.kind).unwrap_or_default();
            format!("{:>6} {:>10} µs {node}/{} {kind}", event.seq, event.at_us, event.incarnation)
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, frame: BusFrame) {
        match frame {
            BusFrame::Snapshot { ring, .. } => self.ring = *ring,
            BusFrame::Resumed { .. } => {}
            BusFrame::Missed { first, last } => {
                self.broken = Some(format!("the watcher fell behind: events {first} to {last} are missing"));
            }
            BusFrame::Event { event } => {
                self.ring.apply(&event);
                self.split_brain |= self.ring.split_brain;
                self.events += 1;
                if let Err(broken) = self.invariants.see(&event, &self.ring) {
                    self.broken.get_or_insert(format!("{broken} (event {})", event.seq));
                }
                self.round.push(*event);
            }
        }
    }
}
