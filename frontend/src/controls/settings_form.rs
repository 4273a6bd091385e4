//! The settings of the ring in the sandbox. Each change begins a fresh ring.

use leptos::prelude::*;
use ringleader_shared::NodeName;

use super::algorithm::{AlgorithmPicker, AlgorithmText};
use crate::backend::Backend;
use crate::backend::sandbox::Sandbox;
use crate::components::field::{Field, whole_number};
use crate::reactive;
use crate::sandbox::choice::{Arrangement, Links, Start};
use crate::sandbox::settings::{MOST_NODES, Settings};

/// Changes the settings by an entry, or gives the reason for its refusal.
type Change = fn(&mut Settings, &str) -> Result<(), String>;

/// The maker of the form, as the components of a sandbox find it: the form is in a chunk of the program.
#[derive(Clone, Copy)]
pub(crate) struct MakeSettingsForm(fn(Sandbox) -> AnyView);

impl MakeSettingsForm {
    /// Lets the components of the sandbox find it.
    pub(crate) fn provide() {
        provide_context(Self(|sandbox| view! { <SettingsForm sandbox=sandbox/> }.into_any()));
    }

    /// The form of the sandbox that the component belongs to, if it is one.
    pub(crate) fn view() -> Option<AnyView> {
        let (Self(make), sandbox) = (use_context()?, Backend::here().sandbox()?);
        Some(make(sandbox))
    }
}

/// The settings.
#[component]
fn SettingsForm(sandbox: Sandbox) -> impl IntoView {
    let settings = sandbox.settings;
    let change = move |change: Change, text: &str| {
        let mut wanted = settings.get_untracked();
        change(&mut wanted, text.trim())?;
        if wanted != settings.get_untracked() {
            sandbox.rebuild(&wanted);
        }
        Ok(())
    };
    let choose = move |set: Change, event: &web_sys::Event| {
        let chosen: Result<(), String> = change(set, &event_target_value(event));
        if chosen.is_err() {
            // The list shows the present value again.
            settings.notify();
        }
    };
    let list = move |id: &'static str,
                     label: &'static str,
                     all: &'static [(&'static str, &'static str)],
                     now: fn(&Settings) -> &'static str,
                     set: Change| {
        view! {
            <label>
                {label}
                <select data-testid=id on:change=move |event| choose(set, &event)>
                    {all.iter().map(|(name, label)| view! {
                        <option value=*name prop:selected=reactive::flag(move || settings.with(now) == *name)>{*label}</option>
                    }).collect_view()}
                </select>
            </label>
        }
    };
    let field = move |id: &'static str,
                      label: &'static str,
                      size: &'static str,
                      now: fn(&Settings) -> String,
                      set: Change| {
        let now = reactive::text(move || settings.with(now));
        let set = move |text: String| change(set, &text);
        view! { <Field id=id label=label now=now size=reactive::text(move || size) set=set/> }
    };
    let labels = move |id: &'static str,
                       label: &'static str,
                       about: &'static str,
                       now: fn(&Settings) -> &[u64],
                       set: Change| {
        let now = reactive::text(move || {
            settings.with(|settings| now(settings).iter().map(u64::to_string).collect::<Vec<_>>().join(","))
        });
        let set = move |text: String| change(set, &text);
        view! { <Field id=id label=label words=true title=about placeholder="3,7,2,9,4" now=now size=reactive::text(|| "9") set=set/> }
    };
    let dice = move |_| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below a million")]
        let seed = (js_sys::Math::random() * 1_000_000.0) as u32;
        sandbox.rebuild(&Settings { seed: seed.into(), ..settings.get_untracked() });
    };
    view! {
        <div class="inline-form settings" role="group" aria-label="The ring: each change begins a fresh one">
            <AlgorithmPicker
                now=Signal::derive(move || settings.with(|settings| settings.ring.algorithm))
                choose=move |algorithm| {
                    let mut wanted = settings.get_untracked();
                    wanted.ring.algorithm = algorithm;
                    sandbox.rebuild(&wanted);
                }
            />
            {field("nodes", "Nodes", "4", |settings| settings.nodes.to_string(), |settings, text| {
                let nodes = whole_number(text, "The number of nodes", 1..=MOST_NODES as u64)?;
                settings.resize(usize::try_from(nodes).unwrap_or(1));
                Ok(())
            })}
            {field("ineligible", "May not lead", "6", |settings| {
                let names: Vec<&str> = settings.ineligible.iter().map(NodeName::as_str).collect();
                names.join(" ")
            }, |settings, text| {
                let names = Settings::names(&text.to_ascii_uppercase());
                settings.ineligible = names.ok_or("Names of nodes, with spaces between them, as in B C")?;
                Ok(())
            })}
            {list("order", "Attributes", Arrangement::ALL, |settings| settings.arrangement.as_str(), |settings, word| {
                settings.lay(Arrangement::named(word).ok_or("There is no such choice")?, Vec::new());
                Ok(())
            })}
            {labels(
                "labels",
                "Labels",
                "The attributes in ring order, with commas between them",
                |settings| &settings.labels,
                Settings::give_labels,
            )}
            {list("start", "Initiates", Start::ALL, |settings| settings.start.as_str(), |settings, word| {
                settings.begin_with(Start::named(word).ok_or("There is no such choice")?);
                Ok(())
            })}
            {labels(
                "initiators",
                "Initiators",
                "The labels of those that start, with commas between them",
                |settings| &settings.initiators,
                Settings::give_initiators,
            )}
            {list("links", "Latency", Links::ALL, |settings| settings.links.as_str(), |settings, word| {
                settings.links = Links::named(word).ok_or("There is no such choice")?;
                Ok(())
            })}
            {field("seed", "Seed", "7", |settings| settings.seed.to_string(), |settings, text| {
                settings.seed = whole_number(text, "A seed", 0..=u64::MAX)?;
                Ok(())
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
