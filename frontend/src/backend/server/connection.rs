//! The connection to the event bus: sockets, timers and probes round the plain state machine of
//! [`Subscription`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::{Event, RunId, Seq};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{MessageEvent, Url, WebSocket};

use super::subscription::{Subscription, Verdict};
use super::{admits, events, frame, is_healthy};
use crate::state::{Connection, Store, now_ms};

/// The time in which events are collected while the page is hidden and has no frames.
const GATHER_HIDDEN: Duration = Duration::from_millis(250);

/// The largest number of events that wait for a frame. It bounds them also while a browser holds back the
/// timers of a hidden page for a minute.
const MOST_GATHERED: usize = 400;

/// The number of past events that the logs are filled from.
const HISTORY: u64 = 2_000;

/// The silence after which the server is probed, in milliseconds.
const SILENCE_MS: f64 = 10_000.0;

/// The time between two checks for silence.
const CHECK: Duration = Duration::from_secs(2);

/// Subscribes to the bus, and reconnects whenever the connection is lost, for as long as the page lives.
pub(crate) fn connect(store: Store) {
    let keeper = Keeper(Rc::new(Inner {
        store,
        subscription: RefCell::default(),
        socket: RefCell::default(),
        generation: Cell::new(0),
        heard_ms: Cell::new(0.0),
        probing: Cell::new(false),
        gathered: RefCell::default(),
        gathering: Cell::new(false),
    }));
    keeper.open();
    keeper.watch_silence();
    keeper.watch_visibility();
}

struct Inner {
    store: Store,
    subscription: RefCell<Subscription>,
    socket: RefCell<Option<Socket>>,
    /// The number of the present socket: messages of former ones are ignored.
    generation: Cell<u32>,
    /// The time of the last message, in milliseconds.
    heard_ms: Cell<f64>,
    probing: Cell<bool>,
    gathered: RefCell<Vec<Event>>,
    gathering: Cell<bool>,
}

/// A socket and its handlers, which live as long as it does.
struct Socket {
    socket: WebSocket,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _close: Closure<dyn FnMut()>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}

#[derive(Clone)]
struct Keeper(Rc<Inner>);

impl Keeper {
    fn open(&self) {
        let inner = &self.0;
        let generation = inner.generation.get() + 1;
        inner.generation.set(generation);
        inner.heard_ms.set(now_ms());
        let url = socket_url(&inner.subscription.borrow().path());
        let Some(socket) = url.and_then(|url| WebSocket::new(&url).ok()) else {
            return self.lost(generation);
        };
        let keeper = self.clone();
        let message = Closure::new(move |message: MessageEvent| {
            if let Some(text) = message.data().as_string() {
                keeper.heard(generation, &text);
            }
        });
        let keeper = self.clone();
        let close = Closure::new(move || keeper.lost(generation));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        inner.socket.replace(Some(Socket { socket, _message: message, _close: close }));
    }

    fn heard(&self, generation: u32, text: &str) {
        let inner = &self.0;
        if inner.generation.get() != generation {
            return;
        }
        inner.heard_ms.set(now_ms());
        let verdict = match frame::read(text) {
            Some(frame) => inner.subscription.borrow_mut().frame(frame),
            None => inner.subscription.borrow_mut().unreadable(),
        };
        match verdict {
            Verdict::Replace { ring, at_us, void } => {
                self.show_gathered();
                let (run, seq) = (ring.run, ring.seq);
                inner.store.replace(*ring, void);
                inner.store.set_clock(at_us);
                inner.store.connection.set(Connection::Connected);
                fill_logs(inner.store, run, seq);
            }
            Verdict::Continue => inner.store.connection.set(Connection::Connected),
            Verdict::Apply(event) => self.gather(*event),
            Verdict::Known => {}
            Verdict::Resubscribe { first, last } => {
                self.show_gathered();
                inner.store.note_gap(first, last);
                inner.generation.set(generation + 1);
                let wait = inner.subscription.borrow_mut().lost();
                let keeper = self.clone();
                set_timeout(move || keeper.open(), wait);
            }
        }
    }

    fn gather(&self, event: Event) {
        let inner = &self.0;
        inner.gathered.borrow_mut().push(event);
        if inner.gathered.borrow().len() >= MOST_GATHERED {
            self.show_gathered();
        } else if !inner.gathering.replace(true) {
            let keeper = self.clone();
            if document().hidden() {
                set_timeout(move || keeper.show_gathered(), GATHER_HIDDEN);
            } else {
                request_animation_frame(move || keeper.show_gathered());
            }
        }
    }

    /// Applies the collected events when the page is hidden or shown: a hidden page has no frames.
    fn watch_visibility(&self) {
        let keeper = self.clone();
        let changed = Closure::<dyn FnMut()>::new(move || keeper.show_gathered());
        let listener = changed.as_ref().unchecked_ref();
        if document().add_event_listener_with_callback("visibilitychange", listener).is_ok() {
            // As long as the page lives.
            changed.forget();
        }
    }

    fn show_gathered(&self) {
        let inner = &self.0;
        inner.gathering.set(false);
        let events = inner.gathered.take();
        if !events.is_empty() {
            inner.store.apply(&events);
        }
    }

    fn lost(&self, generation: u32) {
        let inner = &self.0;
        if inner.generation.get() != generation {
            return;
        }
        inner.generation.set(generation + 1);
        self.show_gathered();
        let known = inner.subscription.borrow().resumable().is_some();
        inner.store.lose_connection(known.then(clock_time));
        let wait = inner.subscription.borrow_mut().lost();
        let keeper = self.clone();
        set_timeout(move || spawn_local(async move { keeper.reconnect(generation + 1).await }), wait);
    }

    /// Reconnects. A socket that fails gives no reason, so the server is asked first whether it admits this
    /// page.
    async fn reconnect(&self, generation: u32) {
        let inner = &self.0;
        let due = inner.subscription.borrow().resumable().is_some();
        if due && let Err(problem) = admits().await {
            inner.store.unauthorized.set(problem.status == 401);
            return self.lost(generation);
        }
        if inner.generation.get() == generation {
            self.open();
        }
    }

    /// Probes the server after a silence: a server that hangs does not close its sockets.
    fn watch_silence(&self) {
        let keeper = self.clone();
        let look = move || {
            let inner = &keeper.0;
            let silent = now_ms() - inner.heard_ms.get() > SILENCE_MS;
            let connected = inner
                .store
                .connection
                .with_untracked(|connection| !matches!(connection, Connection::Lost { .. }));
            if silent && connected && !inner.probing.replace(true) {
                let keeper = keeper.clone();
                let generation = inner.generation.get();
                spawn_local(async move {
                    if is_healthy().await {
                        keeper.0.heard_ms.set(now_ms());
                    } else {
                        keeper.lost(generation);
                    }
                    keeper.0.probing.set(false);
                });
            }
        };
        set_interval(look, CHECK);
    }
}

fn fill_logs(store: Store, run: RunId, snapshot: Seq) {
    spawn_local(async move {
        let after = Seq(snapshot.0.saturating_sub(HISTORY));
        match events(after, HISTORY).await {
            Ok(page) => store.fill_logs(&page.events, run, snapshot),
            Err(problem) => {
                store.history_is_filled.set(true);
                store.notify(problem.into());
            }
        }
    });
}

/// The address of the bus beside the page's own, wherever a proxy serves it; `None` when the page has none.
fn socket_url(path: &str) -> Option<String> {
    let base = document().base_uri().ok()??;
    let url = Url::new_with_base(path, &base).ok()?;
    url.set_protocol(if url.protocol() == "https:" { "wss:" } else { "ws:" });
    Some(url.href())
}

/// The time of day, `hh:mm:ss`.
fn clock_time() -> String {
    let now = js_sys::Date::new_0();
    format!("{:02}:{:02}:{:02}", now.get_hours(), now.get_minutes(), now.get_seconds())
}
