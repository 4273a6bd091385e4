//! What the page knows: the ring, the nodes' logs, the connection and what went wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use leptos::prelude::*;
use ringleader_shared::view::NodeView;
use ringleader_shared::{Event, EventKind, NodeName, RingView, RunId, Seq};

use crate::api;
use crate::clock::ServerClock;
use crate::command::Command;
use crate::faults::Ends;
use crate::initiators::Initiators;
use crate::log::{Line, NodeLog, history};
use crate::notice::Notice;
use crate::reactive;
use crate::ring::animation::Animation;
use crate::sandbox::Sandbox;
use crate::sandbox::permalink::Permalink;
use crate::sandbox::player::Player;

/// Shortest time between two updates of the logs of the server's ring, in milliseconds. Rows cost more than
/// anything else on the page, and nobody reads four of them in a second.
const LOGS_EVERY_MS: f64 = 250.0;

/// Shortest time between two updates of all that follows the server's ring, in milliseconds: below what an eye
/// takes for a delay, and far above the time between two events of a busy ring.
const VIEW_EVERY_MS: f64 = 100.0;

/// Times of updates: the first at once, and those that follow soon after it together.
#[derive(Debug, Default)]
struct Pace {
    /// Earliest time of the next update.
    due_ms: f64,
    is_planned: bool,
}

impl Pace {
    /// Plans an update. Returns the wait until it is due, in milliseconds, or `None` when one is planned already.
    fn plan(&mut self, now_ms: f64) -> Option<f64> {
        let wait_ms = (!self.is_planned).then_some(self.due_ms - now_ms);
        self.is_planned = true;
        wait_ms
    }

    /// Notes that the planned update is made now. The next one may follow after `rest_ms`.
    fn done(&mut self, now_ms: f64, rest_ms: f64) {
        self.is_planned = false;
        self.due_ms = now_ms + rest_ms;
    }
}

/// How the page and the server stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Connection {
    /// The first picture has not come yet.
    Connecting,
    /// What is shown is what is.
    Connected,
    /// What is shown is the past.
    Lost {
        /// When it was lost, as people read a clock; `None` when there has never been a connection.
        since: Option<String>,
    },
}

/// The page's state. A handle: copies are the same state.
#[derive(Clone, Copy)]
pub(crate) struct Store {
    /// The ring.
    pub(crate) view: RwSignal<RingView>,
    /// The connection.
    pub(crate) connection: RwSignal<Connection>,
    /// Whether the reader may look, and not do anything: the server says so in the page itself.
    pub(crate) watching: bool,
    /// Whether the server does not know the page's token any more.
    pub(crate) stranger: RwSignal<bool>,
    /// What went wrong, oldest first.
    pub(crate) notices: RwSignal<Vec<Notice>>,
    /// The latest thing that was done for the reader, for screen readers.
    pub(crate) said: RwSignal<String>,
    /// Whether messages are on their way that are not drawn.
    pub(crate) crowded: RwSignal<bool>,
    /// Whether the panel of the links' faults is open.
    pub(crate) faults_open: RwSignal<bool>,
    /// The link that it is about, once one was chosen.
    pub(crate) link: RwSignal<Option<Ends>>,
    /// The animation layer.
    pub(crate) animation: StoredValue<Animation, LocalStorage>,
    /// The node that the reader has chosen, where not every node has a card.
    pub(crate) chosen: RwSignal<Option<NodeName>>,
    /// The nodes that are to initiate the next election.
    pub(crate) initiators: Initiators,
    /// The ring in the page, when it is one of those.
    pub(crate) sandbox: Option<Sandbox>,
    clock: StoredValue<ServerClock>,
    logs: StoredValue<BTreeMap<NodeName, ArcRwSignal<NodeLog>>>,
    /// The logs that have lines which are not shown yet.
    grown: StoredValue<BTreeSet<NodeName>>,
    log_pace: StoredValue<Pace>,
    view_pace: StoredValue<Pace>,
}

impl Store {
    /// What the page knows of the server's ring: nothing yet.
    pub(crate) fn of_server() -> Self {
        let watching = document().document_element().is_some_and(|page| page.has_attribute("data-watching"));
        Self::new(Connection::Connecting, watching, None)
    }

    /// What the page knows of a ring of its own.
    pub(crate) fn of_sandbox(permalink: &Permalink) -> Self {
        let sandbox = Sandbox::new(permalink);
        let store = Self::new(Connection::Connected, false, Some(sandbox));
        sandbox.show(store);
        store
    }

    fn new(connection: Connection, watching: bool, sandbox: Option<Sandbox>) -> Self {
        let crowded = RwSignal::new(false);
        Self {
            view: RwSignal::new(RingView::empty()),
            connection: RwSignal::new(connection),
            watching,
            stranger: RwSignal::new(false),
            notices: RwSignal::new(Vec::new()),
            said: RwSignal::new(String::new()),
            crowded,
            faults_open: RwSignal::new(false),
            link: RwSignal::new(None),
            animation: StoredValue::new_local(Animation::new(crowded)),
            chosen: RwSignal::new(None),
            initiators: Initiators::nobody(),
            sandbox,
            clock: StoredValue::new(ServerClock::default()),
            logs: StoredValue::new(BTreeMap::new()),
            grown: StoredValue::new(BTreeSet::new()),
            log_pace: StoredValue::new(Pace::default()),
            view_pace: StoredValue::new(Pace::default()),
        }
    }

    /// The page's state.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// Submits a command.
    pub(crate) fn command(self, command: Command) {
        match self.sandbox {
            Some(sandbox) => sandbox.submit(self, &command),
            None => api::submit(self, command),
        }
    }

    /// One member as it is.
    pub(crate) fn node(self, name: NodeName) -> Memo<Option<NodeView>> {
        reactive::memo(move || self.view.with(|view| view.node(&name).cloned()))
    }

    /// The members' names in ring order.
    pub(crate) fn names(self) -> Memo<Vec<NodeName>> {
        reactive::memo(move || {
            self.view.with(|view| view.nodes.iter().map(|node| node.name.clone()).collect())
        })
    }

    /// Whether the server hears what the page asks.
    pub(crate) fn is_connected(self) -> bool {
        self.connection.with(|connection| *connection == Connection::Connected)
    }

    /// The log of one node.
    pub(crate) fn log(self, name: &NodeName) -> ArcRwSignal<NodeLog> {
        if let Some(log) = self.logs.with_value(|logs| logs.get(name).cloned()) {
            return log;
        }
        let log = ArcRwSignal::new(NodeLog::default());
        self.logs.update_value(|logs| {
            logs.insert(name.clone(), log.clone());
        });
        if let Some(sandbox) = self.sandbox {
            sandbox.past(self, name);
        }
        log
    }

    /// Puts what is told of this node into its log, which is empty.
    pub(crate) fn fill_log(self, name: &NodeName, events: &[Event]) {
        if let Some(log) = self.logs.with_value(|logs| logs.get(name).cloned()) {
            let its = events.iter().filter(|event| event.node.as_ref() == Some(name));
            log.set(NodeLog::begun(events.first().is_some_and(|first| first.seq > Seq(1))));
            log.update(|log| its.filter_map(|event| Line::of(event, true)).for_each(|line| log.push(line)));
        }
    }

    /// Shows another moment of a ring in the page, and the events that led to it. When they follow those that were shown, they
    /// are added to the logs; else the logs are theirs alone.
    pub(crate) fn show(self, view: RingView, events: &[Event], follow: bool) {
        self.view.set(view);
        let mut lines: BTreeMap<&NodeName, Vec<Line>> = BTreeMap::new();
        self.logs.with_value(|logs| {
            // A log that nobody has opened is made when somebody does.
            for event in events {
                if let Some(name) = event.node.as_ref().filter(|name| logs.contains_key(name))
                    && let Some(line) = Line::of(event, true)
                {
                    lines.entry(name).or_default().push(line);
                }
            }
            for (name, log) in logs {
                let lines = lines.remove(name).unwrap_or_default();
                if !follow {
                    // The events begin with the run, or with the oldest that is kept.
                    log.set(NodeLog::begun(events.first().is_some_and(|first| first.seq > Seq(1))));
                }
                if !lines.is_empty() {
                    log.update(|log| lines.into_iter().for_each(|line| log.push(line)));
                }
            }
        });
    }

    /// Shows another ring. When it is another run, what was logged is void, and a reader who saw the former one is told so.
    pub(crate) fn replace(self, ring: RingView, void: bool) {
        self.animation.update_value(Animation::clear);
        if void {
            let former = self.view.with_untracked(|view| view.run);
            if former != RingView::empty().run && former != ring.run {
                self.notify(Notice {
                    title: "This is a new run".to_owned(),
                    detail: Some("The server was started again: elections and logs begin anew".to_owned()),
                });
            }
            self.clock.update_value(ServerClock::reset);
            self.clear_logs();
        }
        self.view.set(ring);
    }

    /// The server has said what its clock shows.
    pub(crate) fn hear_clock(self, at_us: u64) {
        self.clock.update_value(|clock| {
            clock.happened(at_us, now_ms());
        });
    }

    /// Applies events that follow what is shown. All that follows the ring is updated at once, or together a moment
    /// later when the ring is busy.
    pub(crate) fn apply(self, events: &[Event]) {
        let mut grown: BTreeSet<&NodeName> = BTreeSet::new();
        {
            let mut view = self.view.write_untracked();
            for event in events {
                view.apply(event);
                if let EventKind::RunStarted { .. } = event.kind {
                    grown.clear();
                    self.clear_logs();
                }
                if let (Some(node), Some(line)) = (&event.node, Line::of(event, false)) {
                    self.log(node).write_untracked().push(line);
                    grown.insert(node);
                }
            }
        }
        after(self.view_pace, move || self.show_view());
        if !grown.is_empty() {
            self.grown.update_value(|logs| logs.extend(grown.into_iter().cloned()));
            after(self.log_pace, move || self.show_grown());
        }
    }

    fn show_view(self) {
        // A page that shows another ring by now has no use for it.
        if self.view_pace.try_update_value(|pace| pace.done(now_ms(), VIEW_EVERY_MS)).is_some() {
            self.view.notify();
        }
    }

    fn show_grown(self) {
        self.log_pace.try_update_value(|pace| pace.done(now_ms(), LOGS_EVERY_MS));
        for name in self.grown.try_update_value(std::mem::take).unwrap_or_default() {
            if let Some(log) = self.logs.with_value(|logs| logs.get(&name).cloned()) {
                log.notify();
            }
        }
    }

    /// Animates events that have just arrived.
    pub(crate) fn animate(self, events: &[Event]) {
        let mut start = false;
        for event in events {
            let now = now_ms();
            let happened =
                self.clock.try_update_value(|clock| clock.happened(event.at_us, now)).unwrap_or(now);
            start |= self
                .animation
                .try_update_value(|animation| animation.animate(event, happened))
                .unwrap_or(false);
        }
        if start {
            request_animation_frame(move || self.next_frame());
        }
    }

    /// The time of the ring's events now, in microseconds: the server's, or the virtual one. `None` before
    /// the server's is known.
    pub(crate) fn event_time_us(self) -> Option<u64> {
        match self.sandbox {
            Some(sandbox) => u64::try_from(sandbox.look(Player::now).as_micros()).ok(),
            None => self.clock.try_with_value(|clock| clock.server_us(now_ms())).flatten(),
        }
    }

    fn next_frame(self) {
        if self.animation.try_update_value(Animation::frame).unwrap_or(false) {
            request_animation_frame(move || self.next_frame());
        }
    }

    /// Puts the past into the logs.
    pub(crate) fn fill_logs(self, events: &[Event], run: RunId, snapshot: Seq) {
        let (all, complete) = history(events, run, snapshot);
        for (node, lines) in all {
            self.log(&node).update(|log| log.fill(lines, complete));
        }
    }

    /// Notes in every log that events are missing.
    pub(crate) fn note_gap(self, first: Seq, last: Seq) {
        for name in self
            .view
            .with_untracked(|view| view.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>())
        {
            self.log(&name).update(|log| log.push(Line::gap(first, last)));
        }
    }

    fn clear_logs(self) {
        self.logs.with_value(|logs| {
            for log in logs.values() {
                log.set(NodeLog::default());
            }
        });
    }

    /// Announces to a screen reader what was done.
    pub(crate) fn say(self, text: String) {
        // The same text again would not be a change, and not be read.
        self.said.set(String::new());
        request_animation_frame(move || self.said.set(text));
    }

    /// Shows a notice. One with the same text is not shown twice; the newest three are kept.
    pub(crate) fn notify(self, notice: Notice) {
        self.notices.update(|notices| {
            notices.retain(|other| *other != notice);
            notices.push(notice);
            let surplus = notices.len().saturating_sub(3);
            notices.drain(..surplus);
        });
    }
}

/// Makes an update when this pace allows it: now, later, or with the one that is planned already.
fn after(pace: StoredValue<Pace>, update: impl FnOnce() + 'static) {
    match pace.try_update_value(|pace| pace.plan(now_ms())).flatten() {
        Some(wait_ms) if wait_ms <= 0.0 => update(),
        Some(wait_ms) => set_timeout(update, Duration::from_secs_f64(wait_ms / 1000.0)),
        None => {}
    }
}

/// The page's clock, in milliseconds since it was opened.
pub(crate) fn now_ms() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_update_is_made_at_once_and_those_that_follow_soon_are_made_together() {
        let mut pace = Pace::default();
        assert!(pace.plan(1_000.0).is_some_and(|wait| wait <= 0.0));
        pace.done(1_000.0, 250.0);
        assert_eq!(pace.plan(1_050.0), Some(200.0));
        assert_eq!(pace.plan(1_100.0), None);
        pace.done(1_250.0, 250.0);
        assert_eq!(pace.plan(1_300.0), Some(200.0));
    }
}
