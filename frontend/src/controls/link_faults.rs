//! The faults of links: cutting, slowing down and healing one, partitioning the ring; and who reaches whom
//! nevertheless.

use leptos::prelude::*;
use ringleader_shared::fault::{MAX_DELAY_MS, Share};
use ringleader_shared::view::NodeView;
use ringleader_shared::{LinkFault, NodeName, RingView};

use super::reach_table::ReachTable;
use crate::chunk::{MakeView, chunk};
use crate::command::Command;
use crate::components::button::ActionButton;
use crate::components::command_sender::CommandSender;
use crate::components::field::{Field, whole_number};
use crate::focus;
use crate::large_ring::LARGE_RING;
use crate::reactive;
use crate::state::{Ends, Store};
use crate::text;

/// The largest number of members of a side that are named.
const MOST_NAMED: usize = 12;

/// A change of the fault of the chosen link.
type Change = Box<dyn FnOnce(LinkFault) -> LinkFault>;

/// The text while there are no faults.
const NO_FAULTS: &str = "No link faults";

/// The chosen ends if both are in the ring; else those of the first link.
fn ends(view: &RingView, chosen: Option<&Ends>) -> Option<Ends> {
    let is_there = |(from, to): &&Ends| from != to && view.node(from).is_some() && view.node(to).is_some();
    chosen.filter(is_there).cloned().or_else(|| {
        let mut names = view.nodes.iter().map(|node| node.name.clone());
        names.next().zip(names.next())
    })
}

chunk! {
    faults,
    /// Loads the panel.
    pub(crate) fn load() -> MakeView { || view! { <FaultPanel/> }.into_any() }
}

/// The panel.
#[component]
fn FaultPanel() -> impl IntoView {
    if Store::here().watching {
        // Who may only watch breaks nothing.
        return view! { <ReachTable/> }.into_any();
    }
    view! { <Faults/> }.into_any()
}

#[component]
fn Faults() -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let ends = reactive::memo(move || {
        store.view.with(|view| store.chosen_link.with(|link| ends(view, link.as_ref())))
    });
    let fault = reactive::memo(move || {
        ends.get().map(|(from, to)| store.view.with(|view| view.own_fault(&from, &to))).unwrap_or_default()
    });
    let is_whole =
        reactive::memo(move || store.view.with(|view| view.faults.is_empty() && view.partition.is_empty()));
    let offline = move || (!store.is_connected()).then(|| "Not connected to the server".to_owned());
    let no_link = Signal::derive(move || {
        offline().or_else(|| ends.with(Option::is_none).then(|| "A link has two ends".to_owned()))
    });
    let no_fault = Signal::derive(move || offline().or_else(|| is_whole.get().then(|| NO_FAULTS.to_owned())));
    let change = move |change: Change| {
        if let Some((from, to)) = ends.get_untracked() {
            let fault = change(fault.get_untracked());
            commands.submit(Command::SetLink(from, to, fault));
        }
    };
    let delay = move |text: String| {
        let delay_ms = whole_number(&text, "A delay in milliseconds", 0..=MAX_DELAY_MS)?;
        change(Box::new(move |fault| LinkFault { delay_ms, ..fault }));
        Ok(())
    };
    let is_cut = reactive::memo(move || fault.get().cut);
    let cut_or_heal = move |cut: &'static str, heal: &'static str| {
        reactive::text(move || if is_cut.get() { heal } else { cut })
    };
    focus::move_to(focus::control("link-from"));
    // Each event changes the view, but only a change of this flag makes the form anew, which forgets the
    // choice there.
    let is_small = reactive::memo(move || store.view.with(|view| view.nodes.len() <= LARGE_RING));
    view! {
        <section
            class="inline-form faults"
            aria-label="Faults of links"
        >
            <End id="link-from" label="From" ends=ends is_from=true/>
            <End id="link-to" label="to" ends=ends is_from=false/>
            <ActionButton
                id=cut_or_heal("cut-link", "heal-link")
                class="small danger"
                effect=cut_or_heal(
                    "Nothing gets through in this direction, and neither end is notified",
                    "Everything gets through again",
                )
                refusal=no_link
                press=move |()| {
                    let cut = !is_cut.get_untracked();
                    change(Box::new(move |fault| LinkFault { cut, ..fault }));
                }
            >
                {cut_or_heal("Cut", "Heal")}
            </ActionButton>
            <Field
                id="link-delay"
                label="Delay, ms"
                now=reactive::text(move || fault.get().delay_ms.to_string())
                size=reactive::text(|| "5")
                set=delay
            />
            <Percent id="link-drop" label="Drop %" share=move || fault.get().drop
                set=move |drop| change(Box::new(move |fault| LinkFault { drop, ..fault }))/>
            <Percent id="link-duplicate" label="Duplicate %" share=move || fault.get().duplicate
                set=move |duplicate| change(Box::new(move |fault| LinkFault { duplicate, ..fault }))/>
            <Percent id="link-reorder" label="Reorder %" share=move || fault.get().reorder
                set=move |reorder| change(Box::new(move |fault| LinkFault { reorder, ..fault }))/>
            <ActionButton
                id="heal-all"
                class="small good"
                effect="Heals every link and ends the partition"
                refusal=no_fault
                press=move |()| commands.submit(Command::HealLinks)
            >
                "Heal all"
            </ActionButton>
            {reactive::fragment(move || is_small.get().then(|| view! { <Parting/> }))}
            <p class="faulty" data-testid="faulty" role="status">
                {reactive::text(move || store.view.with(summary))}
            </p>
            <ReachTable/>
        </section>
    }
}

/// Parses a share of messages, or returns the reason for its refusal.
fn percent(text: &str) -> Result<Share, String> {
    let number = whole_number(text.trim_end_matches('%'), "A share in percent", 0..=100)?;
    Ok(Share::of_percent(u32::try_from(number).unwrap_or(0)))
}

/// The field for a share of messages.
#[component]
fn Percent(
    id: &'static str,
    label: &'static str,
    #[prop(into)] share: Signal<Share>,
    #[prop(into)] set: Callback<Share>,
) -> impl IntoView {
    let read = move |text: String| {
        set.run(percent(&text)?);
        Ok(())
    };
    view! {
        <Field
            id=id
            label=label
            now=reactive::text(move || share.get().percent().to_string())
            size=reactive::text(|| "4")
            set=read
        />
    }
}

/// The faults in one line: the sides of a partition, then the faults of single links.
fn summary(view: &RingView) -> String {
    let sides: Vec<String> = view.sides().iter().map(|side| members(side)).collect();
    let parted = (!sides.is_empty()).then(|| sides.join(" | "));
    let beside = view.faults_beside_sides();
    let links =
        beside.iter().map(|link| format!("{}→{} {}", link.from, link.to, text::link_fault(&link.fault)));
    let all: Vec<String> = parted.into_iter().chain(links).collect();
    if all.is_empty() { NO_FAULTS.to_owned() } else { all.join(" · ") }
}

/// The members of one side; of many only the first ones.
fn members(side: &[&NodeView]) -> String {
    let most = if side.len() > MOST_NAMED { MOST_NAMED - 1 } else { side.len() };
    let mut names: Vec<String> = side.iter().take(most).map(|node| node.name.to_string()).collect();
    if side.len() > most {
        names.push(format!("{} more", side.len() - most));
    }
    format!("{{{}}}", names.join(", "))
}

/// One end of the link.
#[component]
fn End(id: &'static str, label: &'static str, ends: Memo<Option<Ends>>, is_from: bool) -> impl IntoView {
    let store = Store::here();
    let names = store.names();
    let end = move || {
        let ends = ends.get();
        ends.map(|(from, to)| if is_from { from } else { to }.to_string()).unwrap_or_default()
    };
    let choose = move |event: web_sys::Event| {
        if let (Ok(name), Some((from, to))) = (event_target_value(&event).parse(), ends.get_untracked()) {
            // A link has two different ends: if they became the same, the other end takes the former value.
            let (old, other) = if is_from { (from, to) } else { (to, from) };
            let other = if other == name { old } else { other };
            store.chosen_link.set(Some(if is_from { (name, other) } else { (other, name) }));
        }
    };
    view! {
        <label>
            {label}
            <select data-testid=id prop:value=reactive::text(end) on:change=choose>
                {reactive::fragment(move || {
                    let chosen = end();
                    names.get().into_iter().map(|name| {
                        let name = name.to_string();
                        view! { <option value=name.clone() selected=name == chosen>{name.clone()}</option> }
                    }).collect_view()
                })}
            </select>
        </label>
    }
}

/// The form for a partition: the nodes of one side.
#[component]
fn Parting() -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let names = store.names();
    let side = RwSignal::new(Vec::<NodeName>::new());
    let refusal = Signal::derive(move || {
        let all = names.with(Vec::len);
        let chosen =
            side.with(|side| names.with(|names| side.iter().filter(|name| names.contains(name)).count()));
        if !store.is_connected() {
            Some("Not connected to the server".to_owned())
        } else if chosen == 0 || chosen == all {
            Some("Choose the nodes of one side".to_owned())
        } else {
            None
        }
    });
    let part = move |()| {
        let names = names.get_untracked();
        let side = side.get_untracked().into_iter().filter(|name| names.contains(name)).collect();
        commands.submit(Command::Partition(side));
    };
    view! {
        <fieldset class="sides">
            <legend>"Partition: the nodes on one side"</legend>
            {reactive::fragment(move || names.get().into_iter().map(|name| {
                let (label, id) = (name.to_string(), format!("side-{name}"));
                let is_chosen = side.with_untracked(|side| side.contains(&name));
                let toggle = move |_: web_sys::Event| side.update(|side| {
                    match side.iter().position(|other| *other == name) {
                        Some(place) => drop(side.remove(place)),
                        None => side.push(name.clone()),
                    }
                });
                view! {
                    <label class="check">
                        <input type="checkbox" data-testid=id prop:checked=is_chosen on:change=toggle/>
                        {label}
                    </label>
                }
            }).collect_view())}
            <ActionButton
                id="part"
                class="small danger"
                effect="Nothing gets through between this side and the rest"
                refusal=refusal
                press=part
            >
                "Partition"
            </ActionButton>
        </fieldset>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};
    use ringleader_shared::EventKind;

    #[test]
    fn a_link_with_a_missing_end_gives_way_to_the_first_one() {
        let view = ring(3).running();
        let chosen = (name("B"), name("C"));
        assert_eq!(ends(&view, Some(&chosen)), Some(chosen));
        assert_eq!(ends(&view, Some(&(name("B"), name("Z")))), Some((name("A"), name("B"))));
        assert_eq!(ends(&ring(1).running(), None), None);
    }

    #[test]
    fn more_than_all_messages_are_refused() {
        assert_eq!(percent("25 %"), Ok(Share::of_percent(25)));
        for text in ["150", "-1", "abc", "12.5"] {
            assert!(percent(text).expect_err(text).contains("from 0 to 100"), "{text}");
        }
    }

    #[test]
    fn faults_are_summarised_in_one_line() {
        let drop = Share::try_from(0.25).expect("a share");
        let slow = LinkFault { delay_ms: 80, drop, ..LinkFault::default() };
        let mut ring = ring(4);
        assert_eq!(summary(&ring.running()), NO_FAULTS);
        for (from, to, fault) in [("A", "B", LinkFault::CUT), ("B", "C", slow)] {
            ring.then("A", EventKind::LinkFaultChanged { from: name(from), to: name(to), fault });
        }
        let sides = vec![vec![name("A"), name("B")]];
        let one = ring.then("A", EventKind::PartitionChanged { sides: Vec::new() });
        assert_eq!(summary(&one), "A→B cut · B→C 80 ms slower, drops 25 %");
        let parted = ring.then("A", EventKind::PartitionChanged { sides });
        assert_eq!(summary(&parted), "{A, B} | {C, D} · A→B cut · B→C 80 ms slower, drops 25 %");
    }

    #[test]
    fn of_a_side_of_many_the_first_are_named() {
        let mut ring = ring(64);
        ring.running();
        let view = ring.then("A", EventKind::PartitionChanged { sides: vec![vec![name("A"), name("C")]] });
        assert_eq!(summary(&view), "{A, C} | {B, D, E, F, G, H, I, J, K, L, M, 51 more}");
    }
}
