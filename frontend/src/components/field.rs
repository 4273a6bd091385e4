//! A text field that holds only accepted values: a refused entry is replaced by the former value, with the
//! reason below.

use std::ops::RangeInclusive;

use leptos::html;
use leptos::prelude::*;
use ringleader_shared::Attribute;

use crate::reactive;

/// Parses a whole number, or returns the reason for its refusal.
pub(crate) fn whole_number(text: &str, what: &str, allowed: RangeInclusive<u64>) -> Result<u64, String> {
    text.trim().parse().ok().filter(|number| allowed.contains(number)).ok_or_else(|| {
        format!("{what} is a whole number from {} to {}, not {text:?}", allowed.start(), allowed.end())
    })
}

/// Parses a node's attribute, or returns the reason for its refusal.
pub(crate) fn attribute(text: &str) -> Result<Attribute, String> {
    whole_number(text, "An attribute", 0..=Attribute::MAX.0).map(Attribute)
}

/// The field: Enter or leaving it commits the entry, Escape takes it back.
#[component]
pub(crate) fn Field(
    /// The stable name for tests.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: String,
    /// Whether the label is for screen readers alone.
    #[prop(optional)]
    bare: bool,
    /// Whether it takes text; otherwise it takes a number.
    #[prop(optional)]
    words: bool,
    /// The tooltip.
    #[prop(optional, into)]
    title: String,
    /// An example, shown while it is empty.
    #[prop(optional, into)]
    placeholder: String,
    /// The present value.
    #[prop(into)]
    now: Signal<String>,
    /// The width, in characters.
    #[prop(into)]
    size: Signal<String>,
    /// Whether it can't be used now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Submits an entry, or returns the reason for its refusal.
    #[prop(into)]
    set: Callback<String, Result<(), String>>,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let refused = RwSignal::new(None::<String>);
    // The field shows the present value: an accepted entry comes back once it has been carried out.
    let show_real = move || {
        if let Some(field) = field.get_untracked() {
            field.set_value(&now.get_untracked());
        }
    };
    let commit = move |text: String| {
        let text = text.trim();
        let is_new = text != now.with_untracked(|now| now.trim().to_owned());
        refused.set(if is_new { set.run(text.to_owned()).err() } else { None });
        show_real();
    };
    let reason = format!("{id}-refused");
    let described_by = reason.clone();
    view! {
        <div class="field" title=title>
            <label>
            <span class:visually-hidden=bare>{label}</span>
            <input
                node_ref=field
                data-testid=id
                type="text"
                inputmode=if words { "text" } else { "numeric" }
                autocomplete="off"
                placeholder=placeholder
                size=size
                prop:value=now
                disabled=disabled
                aria-describedby=described_by
                on:change=move |event| commit(event_target_value(&event))
                on:input=move |_| refused.set(None)
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        refused.set(None);
                        show_real();
                    }
                }
            />
            </label>
            <span class="complaint" role="alert" id=reason>{reactive::text(move || refused.get().unwrap_or_default())}</span>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_range_is_refused_with_the_range() {
        assert_eq!(whole_number(" 40 ", "A delay", 0..=10_000), Ok(40));
        for text in ["abc", "-5", "10001", "4.5", ""] {
            let why = whole_number(text, "A delay", 0..=10_000).expect_err(text);
            assert!(why.contains("from 0 to 10000") && why.contains(text), "{why}");
        }
    }
}
