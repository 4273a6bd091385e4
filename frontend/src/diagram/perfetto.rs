//! The trace in Perfetto's own page, by the protocol that it documents: it is asked with `PING` until it
//! answers `PONG`, then it gets the trace.
//!
//! <https://perfetto.dev/docs/visualization/deep-linking-to-perfetto-ui>

use std::time::Duration;

use leptos::html;
use leptos::leptos_dom::helpers::IntervalHandle;
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Url, Window};

use crate::notice::Notice;
use crate::state::Store;

/// Perfetto's page.
const ADDRESS: &str = "https://ui.perfetto.dev";

/// The time between two questions, and the number of them before it is given up: the page loads from the
/// internet.
const ASKED_EVERY: Duration = Duration::from_millis(100);
const MOST_ASKED: u32 = 600;

/// The button. The address of the page is in `data-address`.
#[component]
pub(super) fn PerfettoButton(
    /// Makes the trace.
    trace: Callback<(), Vec<u8>>,
    /// Called when the page is asked for.
    opened: Callback<()>,
) -> impl IntoView {
    let store = Store::here();
    let button = NodeRef::<html::Button>::new();
    let press = move |_| {
        let address = button.get_untracked().and_then(|button| button.get_attribute("data-address"));
        let address = address.unwrap_or_else(|| ADDRESS.to_owned());
        // At once: browsers open a window only while they handle the press.
        let page = window().open_with_url_and_target(&address, "_blank").ok().flatten();
        let origin = Url::new(&address).map(|url| url.origin());
        match (page, origin) {
            (Some(page), Ok(origin)) => {
                send(store, page, origin, &trace.run(()));
                opened.run(());
            }
            _ => store.notify(Notice {
                title: "The browser did not let the page open Perfetto".to_owned(),
                detail: Some(format!("Save the Perfetto trace, and open the file on {ADDRESS}")),
            }),
        }
    };
    view! {
        <button
            class="bare"
            type="button"
            node_ref=button
            data-testid="open-perfetto"
            data-address=ADDRESS
            title="Needs the internet: ui.perfetto.dev is loaded from there, the trace goes from this page to that one and nowhere else. The file above works without."
            on:click=press
        >
            "Open in Perfetto (needs the internet)"
        </button>
    }
}

/// The message that Perfetto's page takes a trace from.
fn message(trace: &[u8]) -> Result<JsValue, JsValue> {
    let content = js_sys::Object::new();
    js_sys::Reflect::set(&content, &"buffer".into(), &js_sys::Uint8Array::from(trace).buffer())?;
    js_sys::Reflect::set(&content, &"title".into(), &"Ringleader".into())?;
    js_sys::Reflect::set(&content, &"fileName".into(), &"ringleader.pftrace".into())?;
    let message = js_sys::Object::new();
    js_sys::Reflect::set(&message, &"perfetto".into(), &content)?;
    Ok(message.into())
}

/// Asks the page until it answers, and sends it the trace then.
fn send(store: Store, page: Window, origin: String, trace: &[u8]) {
    let Ok(trace) = message(trace) else { return };
    let asking = StoredValue::new_local(None::<IntervalHandle>);
    let stop = move || {
        if let Some(interval) = asking.try_update_value(Option::take).flatten() {
            interval.clear();
        }
    };
    let answered = Closure::<dyn FnMut(MessageEvent)>::new({
        let (page, origin) = (page.clone(), origin.clone());
        let of: JsValue = page.clone().into();
        move |event: MessageEvent| {
            let is_its = event.origin() == origin && event.source().is_some_and(|source| *source == of);
            let is_first = asking.try_with_value(Option::is_some) == Some(true);
            if is_its && is_first && event.data().as_string().as_deref() == Some("PONG") {
                stop();
                if page.post_message(&trace, &origin).is_ok() {
                    store.announce("Perfetto has the trace".to_owned());
                }
            }
        }
    });
    let listener = answered.as_ref().unchecked_ref::<js_sys::Function>().clone();
    if window().add_event_listener_with_callback("message", &listener).is_err() {
        return;
    }
    let listens = StoredValue::new_local(Some(answered));
    let asked = StoredValue::new(0);
    let ask = move || {
        let number = asked.get_value();
        asked.set_value(number + 1);
        let is_over = page.closed().unwrap_or(true);
        if is_over || number >= MOST_ASKED {
            stop();
            if !is_over {
                store.notify(Notice {
                    title: "Perfetto does not answer".to_owned(),
                    detail: Some(
                        "It needs the internet. The Perfetto trace can be saved as a file, too".to_owned(),
                    ),
                });
            }
        } else {
            let _ = page.post_message(&"PING".into(), &origin);
        }
    };
    let interval = set_interval_with_handle(ask, ASKED_EVERY).ok();
    asking.set_value(interval);
    on_cleanup(move || {
        stop();
        let _ = window().remove_event_listener_with_callback("message", &listener);
        listens.try_update_value(Option::take);
    });
}
