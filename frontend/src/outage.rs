//! The time without a leader: the last outage, or the one that runs, up to the present time.

use std::time::Duration;

use leptos::leptos_dom::helpers::IntervalHandle;
use leptos::prelude::*;
use ringleader_shared::view::{LossCause, Outage, Took};

use crate::backend::Backend;
use crate::reactive;
use crate::state::Store;
use crate::text::duration;

/// The time between two updates of an outage that runs.
const TICK: Duration = Duration::from_millis(100);

/// The history of an outage: the cause, and the next leader.
fn history(outage: &Outage) -> String {
    let lost = &outage.lost;
    let mut text = match outage.cause {
        LossCause::Killed => format!("{lost} was killed"),
        LossCause::Exited => format!("{lost} left"),
        LossCause::Hung => format!("{lost} hung"),
        LossCause::Removed => format!("{lost} was removed"),
        LossCause::CutOff => format!("{lost} was cut off"),
        LossCause::LinkLost => format!("the links to {lost} failed"),
        LossCause::Unseated => format!("an election unseated {lost}"),
        LossCause::LeaseLost => format!("the lease of {lost} ran out"),
    };
    match &outage.leader {
        Some(leader) if leader == lost => text.push_str(", and it led again"),
        Some(leader) => text.push_str(&format!(", then {leader} led")),
        None => {}
    }
    text
}

/// The total. Before the first frame the server's clock is unknown, and there is no number.
fn total(took: Option<Took>) -> String {
    took.map_or_else(|| "No leader".to_owned(), |took| format!("No leader for {}", duration(took.total_us)))
}

/// The parts of the total.
fn parts(took: &Took) -> String {
    let part = |us: u64| if us == 0 { "0".to_owned() } else { duration(us) };
    let Took { noticing_us, waiting_us, electing_us, .. } = *took;
    format!("noticing {} · waiting {} · electing {}", part(noticing_us), part(waiting_us), part(electing_us))
}

/// The line between the controls and the ring.
#[component]
pub(crate) fn OutageLine() -> impl IntoView {
    let store = Store::here();
    let outage = reactive::memo(move || store.view.with(|view| view.leaderless.latest().cloned()));
    let runs = reactive::memo(move || {
        outage.with(|outage| outage.as_ref().is_some_and(|outage| outage.ended_us.is_none()))
    });
    let now = RwSignal::new(None::<u64>);
    match Backend::here().sandbox() {
        Some(sandbox) => reactive::effect(move || {
            sandbox.moment.track();
            now.set(u64::try_from(sandbox.read(|player| player.now()).as_micros()).ok());
        }),
        None => tick(store, runs, now),
    }
    let took = reactive::memo(move || {
        outage.with(|outage| {
            let outage = outage.as_ref()?;
            // An outage that has ended has a fixed length, however late the page's clock is.
            outage.took.or_else(|| now.get().map(|now| outage.took_at(now)))
        })
    });
    view! {
        <p
            class="outage"
            class:running=reactive::flag(move || runs.get())
            data-testid="outage"
            title="From the last moment at which a leader served until all live members that can be reached followed the next one"
        >
            {reactive::fragment(move || match outage.get() {
                // Before the first snapshot nothing is known.
                None => view! {
                    <span class="none" hidden=reactive::flag(move || store.view.with(|view| view.nodes.is_empty()))>
                        "No leader has been lost yet"
                    </span>
                }.into_any(),
                Some(outage) => view! {
                    <strong data-testid="outage-total">{reactive::text(move || total(took.get()))}</strong>
                    <span data-testid="outage-parts">
                        {reactive::text(move || took.with(|took| took.as_ref().map(parts).unwrap_or_default()))}
                    </span>
                    <span class="history" data-testid="outage-history">{history(&outage)}</span>
                }.into_any(),
            })}
        </p>
    }
}

/// Keeps the time of a live outage up to date while it runs.
fn tick(store: Store, runs: Memo<bool>, now: RwSignal<Option<u64>>) {
    let ticking = StoredValue::new(None::<IntervalHandle>);
    let stop = move || {
        ticking.try_update_value(|ticking| {
            if let Some(interval) = ticking.take() {
                interval.clear();
            }
        });
    };
    let is_past = reactive::memo(move || store.playback.is_past());
    reactive::effect(move || {
        stop();
        if runs.get() && store.is_connected() && !is_past.get() {
            now.set(store.server_time_us());
            ticking.set_value(set_interval_with_handle(move || now.set(store.server_time_us()), TICK).ok());
        }
    });
    reactive::effect(move || {
        if let Some(shown) = store.playback.shown.get() {
            now.set(Some(shown.at_ns / 1000));
        }
    });
    on_cleanup(stop);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};
    use ringleader_shared::{EventKind, Role, Term};

    #[test]
    fn a_finished_outage_says_how_long_in_which_parts_and_why() {
        let mut ring = ring(3);
        ring.running();
        let began = ring.led_by("C", "B", 1).seq.0 * 1_000 + 1_000;
        ring.killed("C");
        let changed =
            |role| EventKind::RoleChanged { role, term: Term(2), leader: Some(name("B")), deputy: None };
        ring.then("B", changed(Role::Leader));
        let view = ring.then("A", changed(Role::Follower));
        let outage = view.leaderless.latest().expect("there was one");
        assert_eq!((outage.started_us, history(outage).as_str()), (began, "C was killed, then B led"));
        assert_eq!(total(outage.took), "No leader for 2.00 ms");
        let words = outage.took.as_ref().map(parts);
        assert_eq!(words.as_deref(), Some("noticing 1.00 ms · waiting 0 · electing 1.00 ms"));
    }

    #[test]
    fn one_that_runs_says_how_long_by_now() {
        let mut ring = ring(3);
        ring.running();
        ring.led_by("C", "B", 1);
        let view = ring.then("C", EventKind::Paused);
        let outage = view.leaderless.latest().expect("it runs");
        let took = outage.took_at(outage.started_us + 3_200_000);
        assert_eq!(
            (total(Some(took)).as_str(), history(outage).as_str()),
            ("No leader for 3.20 s", "C hung")
        );
        assert_eq!(parts(&took), "noticing 3.20 s · waiting 0 · electing 0");
        assert_eq!(total(None), "No leader");
    }
}
