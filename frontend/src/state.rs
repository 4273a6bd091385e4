//! The state of the page: the ring, the logs of its nodes, the connection, the notices, and the choices of
//! the reader.
//!
//! Signals, and the functions that apply events to them. It knows no backend, which feeds it, and nothing of
//! how it is drawn.

mod clock;
mod figures;
mod initiators;
mod kept;
mod log;
mod pace;
mod panels;
mod past;
mod playback;
mod question;

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use ringleader_shared::view::NodeView;
use ringleader_shared::{Event, EventKind, NodeName, RingView, RunId, Seq};

use self::clock::ServerClock;
pub(crate) use self::clock::{microseconds, now_ms, since_last_frame};
pub(crate) use self::figures::{Figure, Quantity};
use self::initiators::Initiators;
pub(crate) use self::kept::Reading;
use self::log::history;
pub(crate) use self::log::{Filter as LineFilter, Kinds, Line, LogChoice, NodeLog};
use self::pace::{Pace, after};
pub(crate) use self::panels::{Panel, Panels};
pub(crate) use self::past::load_past;
use self::playback::Playback;
pub(crate) use self::playback::{Rate, Shown};
pub(crate) use self::question::{Question, about_leader, about_node};
use crate::notice::Notice;
use crate::reactive;

/// The shortest time between two updates of the logs of a live ring, in milliseconds. Rows cost more than
/// anything else on the page, and nobody reads more of them in that time.
const LOGS_EVERY_MS: f64 = 300.0;

/// The shortest time between two updates of the views of a live ring, in milliseconds: too short to be seen
/// as a delay, and far longer than the time between two events of a busy ring.
const VIEW_EVERY_MS: f64 = 150.0;

/// The state of the connection to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Connection {
    /// The first snapshot has not arrived yet.
    Connecting,
    /// The page is up to date.
    Connected,
    /// The page shows the past.
    Lost {
        /// The time of day of the loss; `None` when there has never been a connection.
        since: Option<String>,
    },
}

/// The ends of a link: its sender and its receiver.
pub(crate) type Ends = (NodeName, NodeName);

/// A change of the ring, for an observer that animates it.
pub(crate) enum Change<'a> {
    /// An event, and the page's time at which it happened, in milliseconds.
    Event(&'a Event, f64),
    /// The ring that is shown from now on does not follow from the one before.
    Gap,
}

/// A function that is called with each change.
pub(crate) type Observer = Box<dyn Fn(Change<'_>)>;

/// A run of which a moment was asked for, and which is not the live one any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    /// The run.
    pub(crate) run: RunId,
    /// The address of that moment of the kept run.
    pub(crate) fragment: String,
}

/// The page's state. A handle: copies are the same state.
#[derive(Clone, Copy)]
pub(crate) struct Store {
    /// The ring.
    pub(crate) view: RwSignal<RingView>,
    /// The connection.
    pub(crate) connection: RwSignal<Connection>,
    /// Whether the ring is simulated in the page.
    pub(crate) simulated: bool,
    /// Whether it is a kept run: it has no present.
    kept: bool,
    /// Whether the reader may watch only, without controls.
    pub(crate) watching: bool,
    /// Whether the server refuses the page's token.
    pub(crate) unauthorized: RwSignal<bool>,
    /// The notices that are shown, oldest first.
    pub(crate) notices: RwSignal<Vec<Notice>>,
    /// The latest announcement to screen readers.
    pub(crate) announcement: RwSignal<String>,
    /// The panels beside the ring.
    pub(crate) panels: Panels,
    /// The link that was chosen for that panel.
    pub(crate) chosen_link: RwSignal<Option<Ends>>,
    /// The node that the reader has chosen, where not every node has a card.
    pub(crate) chosen_node: RwSignal<Option<NodeName>>,
    /// The event that the reader has chosen in the diagram.
    pub(crate) chosen_event: RwSignal<Option<Seq>>,
    /// The reader's choice of lines in the log of all nodes.
    pub(crate) log_choice: RwSignal<LogChoice>,
    /// The run in which the moment of the address is.
    pub(crate) elsewhere: RwSignal<Option<Elsewhere>>,
    /// A remark on the run of the sandbox that continues a recorded moment.
    pub(crate) remark: RwSignal<Option<String>>,
    /// Whether the events before the snapshot of the live ring were asked for and have come, as far as the
    /// server has them.
    pub(crate) history_is_filled: RwSignal<bool>,
    /// The nodes that are to initiate the next election.
    pub(crate) initiators: Initiators,
    /// The past, and what is shown of it.
    pub(crate) playback: Playback,
    /// The last thing that the reader asked about, with the state of the moment that was shown then.
    pub(crate) question: RwSignal<Option<Question>>,
    clock: StoredValue<ServerClock>,
    logs: StoredValue<BTreeMap<NodeName, ArcRwSignal<NodeLog>>>,
    /// The logs with lines that are not shown yet.
    grown: StoredValue<BTreeSet<NodeName>>,
    /// The logs of the present while a moment of the past is shown.
    present_logs: StoredValue<Option<BTreeMap<NodeName, NodeLog>>>,
    past_pace: StoredValue<Pace>,
    log_pace: StoredValue<Pace>,
    view_pace: StoredValue<Pace>,
    observer: StoredValue<Option<Observer>, LocalStorage>,
}

impl Store {
    /// The state of a live ring before the first snapshot. `watching` is whether the reader may watch only.
    pub(crate) fn live(watching: bool) -> Self {
        Self::new(Connection::Connecting, watching, false)
    }

    /// The state of a kept run before its first event. Nothing can be done on it.
    pub(crate) fn kept() -> Self {
        Self { kept: true, ..Self::new(Connection::Connected, true, false) }
    }

    /// The state of a ring that is simulated in the page.
    pub(crate) fn simulated() -> Self {
        Self::new(Connection::Connected, false, true)
    }

    fn new(connection: Connection, watching: bool, simulated: bool) -> Self {
        Self {
            view: RwSignal::new(RingView::empty()),
            connection: RwSignal::new(connection),
            simulated,
            kept: false,
            watching,
            unauthorized: RwSignal::new(false),
            notices: RwSignal::new(Vec::new()),
            announcement: RwSignal::new(String::new()),
            panels: Panels::new(),
            chosen_link: RwSignal::new(None),
            chosen_node: RwSignal::new(None),
            chosen_event: RwSignal::new(None),
            log_choice: RwSignal::new(LogChoice::default()),
            elsewhere: RwSignal::new(None),
            remark: RwSignal::new(None),
            history_is_filled: RwSignal::new(false),
            initiators: Initiators::none(),
            playback: Playback::new(),
            question: RwSignal::new(None),
            clock: StoredValue::new(ServerClock::default()),
            logs: StoredValue::new(BTreeMap::new()),
            grown: StoredValue::new(BTreeSet::new()),
            present_logs: StoredValue::new(None),
            past_pace: StoredValue::new(Pace::default()),
            log_pace: StoredValue::new(Pace::default()),
            view_pace: StoredValue::new(Pace::default()),
            observer: StoredValue::new_local(None),
        }
    }

    /// Whether this is a kept run.
    pub(crate) const fn is_kept(self) -> bool {
        self.kept
    }

    /// Whether this is the ring of the server, whose time goes on by itself.
    pub(crate) const fn is_live(self) -> bool {
        !self.simulated && !self.is_kept()
    }

    /// The state of the ring that the component belongs to.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// Calls `observer` with each change from now on, until the component that asked is gone.
    pub(crate) fn observe(self, observer: Observer) {
        self.observer.set_value(Some(observer));
        on_cleanup(move || {
            self.observer.try_set_value(None);
        });
    }

    fn changed(self, change: Change<'_>) {
        self.observer.with_value(|observer| {
            if let Some(observer) = observer {
                observer(change);
            }
        });
    }

    /// The present view of one member.
    pub(crate) fn node(self, name: NodeName) -> Memo<Option<NodeView>> {
        reactive::memo(move || self.view.with(|view| view.node(&name).cloned()))
    }

    /// The members' names in ring order.
    pub(crate) fn names(self) -> Memo<Vec<NodeName>> {
        reactive::memo(move || {
            self.view.with(|view| view.nodes.iter().map(|node| node.name.clone()).collect())
        })
    }

    /// Whether commands can be submitted.
    pub(crate) fn is_connected(self) -> bool {
        self.connection.with(|connection| *connection == Connection::Connected)
    }

    /// The log of one node.
    pub(crate) fn log(self, name: &NodeName) -> ArcRwSignal<NodeLog> {
        if let Some(log) = self.known_log(name) {
            return log;
        }
        let log = ArcRwSignal::new(NodeLog::default());
        self.logs.update_value(|logs| {
            logs.insert(name.clone(), log.clone());
        });
        log
    }

    /// The log of one node, if it was asked for before.
    pub(crate) fn known_log(self, name: &NodeName) -> Option<ArcRwSignal<NodeLog>> {
        self.logs.with_value(|logs| logs.get(name).cloned())
    }

    /// Fills the log of one node, which is empty, from these events.
    pub(crate) fn fill_log(self, name: &NodeName, events: &[Event]) {
        if let Some(log) = self.known_log(name) {
            let its = events.iter().filter(|event| event.node.as_ref() == Some(name));
            log.set(NodeLog::since(events.first().is_some_and(|first| first.seq > Seq(1))));
            log.update(|log| its.filter_map(|event| Line::of(event, true)).for_each(|line| log.push(line)));
        }
    }

    /// Shows another moment of a simulated ring. `events` led to it: when they `follow` those that were shown
    /// they are added to the logs, else they replace what is in the logs.
    pub(crate) fn show(self, view: RingView, events: &[Event], follow: bool) {
        self.view.set(view);
        let mut lines: BTreeMap<&NodeName, Vec<Line>> = BTreeMap::new();
        self.logs.with_value(|logs| {
            // A log that was not asked for yet is filled when it is.
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
                    log.set(NodeLog::since(events.first().is_some_and(|first| first.seq > Seq(1))));
                }
                if !lines.is_empty() {
                    log.update(|log| lines.into_iter().for_each(|line| log.push(line)));
                }
            }
        });
    }

    /// Shows a snapshot. When it is of another run (`void`), the logs are cleared, with a notice if the
    /// former run was shown.
    pub(crate) fn replace(self, ring: RingView, void: bool) {
        self.history_is_filled.set(false);
        // What the page has of the past does not lead to this ring.
        self.return_to_present();
        self.playback.begin(ring.clone(), true);
        self.changed(Change::Gap);
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

    /// Takes a reading of the server's clock, which has just arrived.
    pub(crate) fn set_clock(self, at_us: u64) {
        self.clock.update_value(|clock| {
            clock.happened(at_us, now_ms());
        });
    }

    /// Applies events that follow what is shown. The views of the ring are updated at once, or together a
    /// moment later when the ring is busy.
    pub(crate) fn apply(self, events: &[Event]) {
        self.remember(events);
        let is_past = self.playback.is_past_now();
        let mut grown: BTreeSet<&NodeName> = BTreeSet::new();
        for event in events {
            if !is_past {
                self.view.write_untracked().apply(event);
            }
            if let EventKind::RunStarted { .. } = event.kind {
                grown.clear();
                self.clear_logs();
            }
            if let (Some(node), Some(line)) = (&event.node, Line::of(event, false)) {
                self.change_present_log(node, |log| log.push(line));
                grown.insert(node);
            }
        }
        if is_past {
            // The clock is kept all the same.
            events.iter().for_each(|event| self.set_clock(event.at_us));
            return;
        }
        after(self.view_pace, move || self.show_view());
        if !grown.is_empty() {
            self.grown.update_value(|logs| logs.extend(grown.into_iter().cloned()));
            after(self.log_pace, move || self.show_grown());
        }
        for event in events {
            let now = now_ms();
            let happened =
                self.clock.try_update_value(|clock| clock.happened(event.at_us, now)).unwrap_or(now);
            self.changed(Change::Event(event, happened));
        }
    }

    fn show_view(self) {
        // The state may be disposed of by now.
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

    /// The server's time now, in microseconds; `None` before it is known.
    pub(crate) fn server_time_us(self) -> Option<u64> {
        self.clock.try_with_value(|clock| clock.server_us(now_ms())).flatten()
    }

    /// Notes that the connection is lost. `since` is the time of day; `None` when there has never been a
    /// connection. Further losses do not change the time of the first one.
    pub(crate) fn lose_connection(self, since: Option<String>) {
        self.changed(Change::Gap);
        self.connection.update(|connection| {
            if !matches!(connection, Connection::Lost { since: Some(_) }) {
                *connection = Connection::Lost { since };
            }
        });
    }

    /// Fills the logs from the history of this run, up to its snapshot.
    pub(crate) fn fill_logs(self, events: &[Event], run: RunId, snapshot: Seq) {
        let (all, complete) = history(events, run, snapshot);
        let shown = !self.playback.is_past_now();
        for (node, lines) in all {
            self.change_present_log(&node, |log| log.fill(lines, complete));
            if shown {
                self.log(&node).notify();
            }
        }
        self.remember_from_the_beginning(events, run, snapshot);
        self.history_is_filled.set(true);
    }

    /// Notes in every log that events are missing.
    pub(crate) fn note_gap(self, first: Seq, last: Seq) {
        for name in self
            .view
            .with_untracked(|view| view.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>())
        {
            self.change_present_log(&name, |log| log.push(Line::gap(first, last)));
            self.log(&name).notify();
        }
    }

    fn clear_logs(self) {
        if self.present_logs.with_value(Option::is_some) {
            return self.present_logs.set_value(Some(BTreeMap::new()));
        }
        self.logs.with_value(|logs| {
            for log in logs.values() {
                log.set(NodeLog::default());
            }
        });
    }

    /// Announces a text to screen readers.
    pub(crate) fn announce(self, text: String) {
        // Without a change the same text would not be read again.
        self.announcement.set(String::new());
        request_animation_frame(move || self.announcement.set(text));
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
