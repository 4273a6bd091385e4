//! The button that starts an election at the chosen nodes: its command, its texts, and the reason when it is
//! disabled.

use ringleader_shared::api::Initiators;
use ringleader_shared::{NodeName, RingView};

use crate::command::Command;

/// The largest number of names on the button; of more nodes it gives the number.
const MOST_NAMED: usize = 4;

/// The command that starts an election at these nodes.
pub(super) fn command(mut names: Vec<NodeName>) -> Command {
    Command::Elect(match names.len() {
        0 => Initiators::First,
        1 => names.pop().map_or(Initiators::First, Initiators::One),
        _ => Initiators::Together(names),
    })
}

/// The effect of the button, in a sentence.
pub(super) fn description(names: &[NodeName]) -> &'static str {
    match names.len() {
        0 => "The first running node starts an election; tick nodes, and they start it together",
        1 => "The node that is ticked starts an election",
        _ => "The nodes that are ticked start an election together",
    }
}

/// The label of the button.
pub(super) fn label(names: &[NodeName]) -> String {
    match names {
        [] => "Initiate election".to_owned(),
        some if some.len() <= MOST_NAMED => {
            let names: Vec<&str> = some.iter().map(NodeName::as_str).collect();
            format!("Initiate: {}", names.join(", "))
        }
        many => format!("Initiate: {} nodes", many.len()),
    }
}

/// The reason why these nodes can't start an election.
pub(super) fn refusal(view: &RingView, names: &[NodeName]) -> Option<String> {
    if view.live().next().is_none() {
        return Some("No node is running: start one first".to_owned());
    }
    let is_live = |name: &NodeName| view.node(name).is_some_and(ringleader_shared::view::NodeView::is_live);
    let idle: Vec<&str> = names.iter().filter(|name| !is_live(name)).map(NodeName::as_str).collect();
    match idle.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is not running: start or resume it, or untick it")),
        several => {
            Some(format!("{} are not running: start or resume them, or untick them", several.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};

    #[test]
    fn the_button_names_the_initiators_while_they_are_few() {
        let names: Vec<NodeName> = (0..5).map(NodeName::nth).collect();
        let labels: Vec<String> = [0, 1, 4, 5].map(|n| label(&names[..n])).to_vec();
        assert_eq!(labels, ["Initiate election", "Initiate: A", "Initiate: A, B, C, D", "Initiate: 5 nodes"]);
    }

    #[test]
    fn an_initiator_that_does_not_run_is_named() {
        let mut ring = ring(4);
        assert!(refusal(&ring.starting(), &[]).is_some_and(|why| why.contains("No node is running")));
        ring.running();
        let view = ring.killed("B");
        let names = ["A", "B"].map(name);
        assert_eq!(refusal(&view, &names[..1]), None);
        assert!(refusal(&view, &names).is_some_and(|why| why.starts_with("B is not running")));
        let view = ring.killed("A");
        assert!(refusal(&view, &names).is_some_and(|why| why.starts_with("A, B are not running")));
    }
}
