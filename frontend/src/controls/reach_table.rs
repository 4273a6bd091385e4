//! The table of who reaches whom: a row for each sender, a column for each receiver.

use leptos::prelude::*;
use ringleader_shared::text::{list, through};
use ringleader_shared::view::Reach;
use ringleader_shared::{NodeName, RingView};

use crate::reactive;
use crate::state::Store;

/// The largest ring with a table.
const LARGEST: usize = 16;

/// A cell: its class, its text, and the sentence that it stands for.
type Cell = (&'static str, String, String);

/// The way from one member to another, as a cell.
fn cell(view: &RingView, from: &NodeName, to: &NodeName) -> Cell {
    let (class, text, words) = match view.reach(from, to) {
        _ if from == to => ("self", "", String::new()),
        Reach::Stopped => ("none", "off", "one of them is stopped".to_owned()),
        Reach::Direct => ("direct", "link", "they have a link".to_owned()),
        Reach::Through(relays) => {
            let text = format!("via {}", list(&relays.iter().collect::<Vec<_>>()));
            return ("relayed", text, format!("{from} → {to}: a link{}", through(relays)));
        }
        Reach::Cut { there: true, back: true } => ("cut", "cut", "cut in both directions".to_owned()),
        Reach::Cut { there: true, .. } => ("cut", "cut →", "cut in this direction".to_owned()),
        Reach::Cut { .. } => ("cut", "cut ←", "cut on the way back".to_owned()),
        Reach::Lost => ("lost", "lost", "there should be a link, and there is none".to_owned()),
        Reach::Unneeded => ("none", "–", "they need no link".to_owned()),
    };
    (class, text.to_owned(), format!("{from} → {to}: {words}"))
}

/// The rows of the table; none for a ring that is too large for one.
fn rows(view: &RingView) -> Vec<(NodeName, Vec<Cell>)> {
    if view.nodes.len() > LARGEST {
        return Vec::new();
    }
    let names = || view.nodes.iter().map(|node| &node.name);
    names().map(|from| (from.clone(), names().map(|to| cell(view, from, to)).collect())).collect()
}

/// The table.
#[component]
pub(crate) fn ReachTable() -> impl IntoView {
    let store = Store::here();
    let rows = reactive::memo(move || store.view.with(rows));
    reactive::fragment(move || {
        let rows = rows.get();
        if rows.is_empty() {
            let words = format!("With more than {LARGEST} nodes there is no table of who reaches whom");
            return view! { <p class="reach">{words}</p> }.into_any();
        }
        let names =
            rows.iter().map(|(name, _)| view! { <th scope="col">{name.to_string()}</th> }).collect_view();
        let cells = |(class, text, words): Cell| view! { <td class=class title=words>{text}</td> };
        let rows = rows.into_iter().map(|(name, row)| view! {
            <tr><th scope="row">{name.to_string()}</th>{row.into_iter().map(cells).collect_view()}</tr>
        }).collect_view();
        view! {
            // By keyboard it can be scrolled where it is wider than the screen.
            <div class="reach" tabindex="0" role="region" aria-label="Who reaches whom">
                <p>"Who reaches whom, from the row to the column; – needs no link"</p>
                <table data-testid="reach">
                    <thead><tr><td></td>{names}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};
    use ringleader_shared::link::{LinkDirection, LinkKind};
    use ringleader_shared::{EventKind, LinkFault};

    #[test]
    fn each_cell_says_in_words_how_the_row_reaches_the_column() {
        let mut ring = ring(4);
        ring.running();
        let (link, direction) = (LinkKind::Ring, LinkDirection::Outgoing);
        for (from, to, relays) in [("A", "B", vec![]), ("C", "D", vec![name("B"), name("A")])] {
            ring.then(from, EventKind::LinkUp { peer: name(to), link, direction, relays });
        }
        let fault = LinkFault::CUT;
        let view = ring.then("A", EventKind::LinkFaultChanged { from: name("A"), to: name("C"), fault });
        let texts = |view: &RingView| -> Vec<String> {
            let row = |(_, row): (NodeName, Vec<Cell>)| {
                row.into_iter().map(|(_, text, _)| text).collect::<Vec<_>>()
            };
            rows(view).into_iter().map(|cells| row(cells).join(" | ")).collect()
        };
        assert_eq!(
            texts(&view),
            [
                " | link | cut → | lost",
                "lost |  | lost | –",
                "cut ← | lost |  | via B and A",
                "lost | – | lost | ",
            ]
        );
        assert_eq!(cell(&view, &name("C"), &name("D")).2, "C → D: a link through B and A");
        assert!(texts(&ring.killed("B"))[1].starts_with("off"));
    }

    #[test]
    fn a_ring_of_many_has_no_table() {
        assert_eq!(rows(&ring(16).running()).len(), 16);
        assert!(rows(&ring(17).running()).is_empty());
    }
}
