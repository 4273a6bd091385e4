//! What the ring of the sandbox is made of, to be changed: each change begins a fresh ring.

use leptos::prelude::*;
use ringleader_shared::NodeName;
use ringleader_shared::api::Problem;

use super::Sandbox;
use super::choice::{Arrangement, Links, Start};
use super::settings::Settings;
use crate::algorithm::{AlgorithmPicker, AlgorithmText};
use crate::live;
use crate::store::Store;

/// What a change makes of the settings; `None` when what was typed makes no sense.
type Change = fn(&mut Settings, &str) -> Option<()>;

/// The settings.
#[component]
pub(crate) fn Form(sandbox: Sandbox) -> impl IntoView {
    let store = Store::here();
    let settings = sandbox.settings;
    let change = move |change: Change, text: &str| {
        let mut wanted = settings.get_untracked();
        if change(&mut wanted, text.trim()).is_some() && wanted != settings.get_untracked() {
            sandbox.rebuild(store, &wanted);
        } else {
            // What is shown in the field is what is.
            settings.notify();
        }
    };
    let list = move |id: &'static str,
                     says: &'static str,
                     all: &'static [(&'static str, &'static str)],
                     now: fn(&Settings) -> &'static str,
                     set: Change| {
        view! {
            <label>
                {says}
                <select data-testid=id on:change=move |event| change(set, &event_target_value(&event))>
                    {all.iter().map(|(word, says)| view! {
                        <option value=*word prop:selected=live::whether(move || settings.with(now) == *word)>{*says}</option>
                    }).collect_view()}
                </select>
            </label>
        }
    };
    let field =
        move |id: &'static str, says: &'static str, size: u32, now: fn(&Settings) -> String, set: Change| {
            view! {
                <label>
                    {says}
                    <input
                        type="text"
                        inputmode="numeric"
                        autocomplete="off"
                        data-testid=id
                        size=size
                        prop:value=live::words(move || settings.with(now))
                        on:change=move |event| change(set, &event_target_value(&event))
                    />
                </label>
            }
        };
    let labels = move |id: &'static str,
                       says: &'static str,
                       about: &'static str,
                       now: fn(&Settings) -> &[u64],
                       set: fn(&mut Settings, &str) -> Result<(), String>| {
        let given = move |event: web_sys::Event| {
            let mut wanted = settings.get_untracked();
            match set(&mut wanted, &event_target_value(&event)) {
                Ok(()) if wanted != settings.get_untracked() => return sandbox.rebuild(store, &wanted),
                Ok(()) => {}
                Err(why) => {
                    let kind = "about:blank".to_owned();
                    store.notify(Problem { kind, title: why, status: 0, detail: None });
                }
            }
            settings.notify();
        };
        let text =
            move |settings: &Settings| now(settings).iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        view! {
            <label title=about>
                {says}
                <input
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    data-testid=id
                    placeholder="3,7,2,9,4"
                    prop:value=live::words(move || settings.with(text))
                    on:change=given
                />
            </label>
        }
    };
    let dice = move |_| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below a million")]
        let seed = (js_sys::Math::random() * 1_000_000.0) as u32;
        change(|settings, text| text.parse().ok().map(|seed| settings.seed = seed), &seed.to_string());
    };
    view! {
        <div class="inline-form settings" role="group" aria-label="The ring: each change begins a fresh one">
            <AlgorithmPicker
                now=Signal::derive(move || settings.with(|settings| settings.ring.algorithm))
                choose=move |algorithm| {
                    let mut wanted = settings.get_untracked();
                    wanted.ring.algorithm = algorithm;
                    sandbox.rebuild(store, &wanted);
                }
            />
            {field("nodes", "Nodes", 4, |settings| settings.nodes.to_string(), |settings, text| {
                settings.resize(text.parse().ok()?);
                Some(())
            })}
            {field("ineligible", "May not lead", 6, |settings| {
                let names: Vec<&str> = settings.ineligible.iter().map(NodeName::as_str).collect();
                names.join(" ")
            }, |settings, text| {
                settings.ineligible = Settings::names(&text.to_ascii_uppercase())?;
                Some(())
            })}
            {list("order", "Attributes", Arrangement::ALL, |settings| settings.arrangement.word(), |settings, word| {
                settings.lay(Arrangement::named(word)?, Vec::new());
                Some(())
            })}
            {labels(
                "labels",
                "Labels",
                "The attributes in ring order, with commas between them",
                |settings| &settings.labels,
                Settings::give_labels,
            )}
            {list("start", "Initiates", Start::ALL, |settings| settings.start.word(), |settings, word| {
                settings.begin_with(Start::named(word)?);
                Some(())
            })}
            {labels(
                "initiators",
                "Initiators",
                "The labels of those that start, with commas between them",
                |settings| &settings.initiators,
                Settings::give_initiators,
            )}
            {list("links", "Hops take", Links::ALL, |settings| settings.links.word(), |settings, word| {
                settings.links = Links::named(word)?;
                Some(())
            })}
            {field("seed", "Seed", 7, |settings| settings.seed.to_string(), |settings, text| {
                settings.seed = text.parse().ok()?;
                Some(())
            })}
            <button class="quiet" type="button" data-testid="dice" title="Another seed" aria-label="Another seed" on:click=dice>
                <svg class="icon" viewBox="-12 -12 24 24" aria-hidden="true">
                    <path fill-rule="evenodd" d="M-8 -10 H8 A2 2 0 0 1 10 -8 V8 A2 2 0 0 1 8 10 H-8 A2 2 0 0 1 -10 8 V-8 A2 2 0 0 1 -8 -10 Z M-5 -7.2 A2.2 2.2 0 1 0 -5 -2.8 A2.2 2.2 0 1 0 -5 -7.2 Z M5 -7.2 A2.2 2.2 0 1 0 5 -2.8 A2.2 2.2 0 1 0 5 -7.2 Z M0 -2.2 A2.2 2.2 0 1 0 0 2.2 A2.2 2.2 0 1 0 0 -2.2 Z M-5 2.8 A2.2 2.2 0 1 0 -5 7.2 A2.2 2.2 0 1 0 -5 2.8 Z M5 2.8 A2.2 2.2 0 1 0 5 7.2 A2.2 2.2 0 1 0 5 2.8 Z"></path>
                </svg>
            </button>
            <AlgorithmText now=Signal::derive(move || settings.with(|settings| settings.ring.algorithm))/>
        </div>
    }
}
