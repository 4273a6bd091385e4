//! Commands as actions of the simulator.

use std::time::Duration;

use ringleader_shared::api::Initiators;
use ringleader_shared::fault::Share;
use ringleader_shared::view::NodeView;
use ringleader_shared::{ChangeRing, LinkFault, NodeAction, NodeName, RingView};
use ringleader_simulator::{Action, Disturbance, Latency, PerMille};

use super::settings::HOP;
use crate::command::{Command, NodeTarget};

/// The largest number of pairs that a partition severs one by one: with more, the permalink would be too long
/// to send.
pub(super) const MOST_PARTED: usize = 300;

/// The actions that carry a command out, all at one time; or the reason why it can't be carried out.
pub(crate) fn actions(command: &Command, view: &RingView) -> Result<Vec<Action>, String> {
    let place = |name: &NodeName| name.ordinal().ok_or_else(|| format!("There is no node {name}"));
    let one = |action: Action| Ok(vec![action]);
    match command {
        Command::Elect(Initiators::One(name)) => one(Action::Initiate(place(name)?)),
        Command::Elect(Initiators::First) => match view.live().next() {
            Some(first) => one(Action::Initiate(place(&first.name)?)),
            None => Err("No node is running: start one first".to_owned()),
        },
        Command::Elect(Initiators::Together(names)) => {
            let idle = |name: &&NodeName| !view.node(name).is_some_and(NodeView::is_live);
            if let Some(name) = names.iter().find(idle) {
                return Err(format!("{name} is not running: start or resume it first"));
            }
            let term = view.term.next();
            names.iter().map(|name| Ok(Action::InitiateTogether { place: place(name)?, term })).collect()
        }
        Command::Elect(Initiators::All) => one(Action::InitiateAll),
        Command::Control(target, action) => {
            let place = match target {
                NodeTarget::Node(name) => place(name)?,
                NodeTarget::Leader => place(&view.leading().ok_or("There is no leader")?.name)?,
            };
            one(match action {
                // A simulated node has no process: leaving gracefully is no different from dying.
                NodeAction::Kill | NodeAction::Exit => Action::Kill(place),
                NodeAction::Pause => Action::Pause(place),
                NodeAction::Resume => Action::Resume(place),
                NodeAction::Start => Action::Start(place),
            })
        }
        Command::ChangeAttribute(name, attribute) => {
            one(Action::Attribute { place: place(name)?, attribute: attribute.0 })
        }
        Command::ChangeEligibility(name, eligible) => {
            one(Action::Eligible { place: place(name)?, eligible: *eligible })
        }
        Command::Add(node) => one(Action::Add { attribute: node.attribute.0, eligible: node.eligible }),
        Command::Remove(name) => one(Action::Remove(place(name)?)),
        Command::ChangeSettings(change) => {
            // The pace of the sandbox is its speed, which is not part of the run.
            let change = ChangeRing { hop_delay_ms: None, ..*change };
            Ok(if change == ChangeRing::default() { Vec::new() } else { vec![Action::Change(change)] })
        }
        Command::SetLink(from, to, fault) => Ok(set_link(
            (place(from)?, view.own_fault(from, to)),
            (place(to)?, view.own_fault(to, from)),
            fault,
        )),
        Command::HealLinks => {
            let mut pairs = Vec::new();
            for link in &view.faults {
                let (one, other) = (place(&link.from)?, place(&link.to)?);
                let pair = (one.min(other), one.max(other));
                if !pairs.contains(&pair) {
                    pairs.push(pair);
                }
            }
            Ok(pairs.into_iter().map(|(one, other)| Action::Mend { one, other }).collect())
        }
        Command::Partition(side) => {
            let rest = view.nodes.iter().map(|node| &node.name).filter(|name| !side.contains(name));
            let pairs: Vec<_> = rest.flat_map(|there| side.iter().map(move |here| (here, there))).collect();
            if pairs.len() > MOST_PARTED {
                return Err(format!("That would cut {} links: partition a smaller ring", 2 * pairs.len()));
            }
            let sever = |(here, there): (&NodeName, &NodeName)| {
                Ok(Action::Sever { one: place(here)?, other: place(there)? })
            };
            pairs.into_iter().map(sever).collect()
        }
        // The sandbox starts another run for it.
        Command::Reset => Ok(Vec::new()),
    }
}

/// The actions that give one direction of a link this fault. The simulator mends both directions at once, so
/// the fault of the other direction is set again afterwards.
pub(super) fn set_link(
    (from, was): (usize, LinkFault),
    (to, back): (usize, LinkFault),
    fault: &LinkFault,
) -> Vec<Action> {
    let undisturbed = |fault: &LinkFault| LinkFault { cut: false, ..*fault }.is_none();
    let mut actions = Vec::new();
    let mut make = |from: usize, to: usize, was: &LinkFault, fault: &LinkFault| {
        let cuts = fault.cut && !was.cut;
        if cuts {
            actions.push(Action::Cut { from, to });
        }
        // A cut is reported without what else the link has.
        if !undisturbed(fault) && (cuts || (LinkFault { cut: fault.cut, ..*was }) != *fault) {
            actions.push(Action::Disturb { from, to, disturbance: disturbance(fault) });
        }
    };
    if (was.cut && !fault.cut) || (!undisturbed(&was) && undisturbed(fault)) {
        make(to, from, &LinkFault::default(), &back);
        make(from, to, &LinkFault::default(), fault);
        actions.insert(0, Action::Mend { one: from, other: to });
    } else {
        make(from, to, &was, fault);
    }
    actions
}

fn disturbance(fault: &LinkFault) -> Disturbance {
    let per_mille = |share: Share| PerMille::new(u16::try_from(share.percent() * 10).unwrap_or(u16::MAX));
    Disturbance {
        // The ring reports the mean latency in whole milliseconds as the delay: a hop less one microsecond on
        // top of the delay rounds down to it.
        latency: Latency::Constant(Duration::from_millis(fault.delay_ms) + HOP - Duration::from_micros(1)),
        drop: per_mille(fault.drop),
        duplicate: per_mille(fault.duplicate),
        reorder: per_mille(fault.reorder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};
    use ringleader_shared::{EventKind, Role, Term};

    const SLOW: LinkFault = LinkFault { cut: false, delay_ms: 40, ..LinkFault::CUT };

    fn performed(command: &Command, view: &RingView) -> String {
        let actions = actions(command, view).expect("it can be done");
        actions.iter().map(|action| format!("{action}; ")).collect()
    }

    fn link(from: &str, to: &str, fault: LinkFault) -> Command {
        Command::SetLink(name(from), name(to), fault)
    }

    #[test]
    fn the_leader_is_whoever_leads_now() {
        let mut ring = ring(4);
        let view = ring.running();
        assert!(actions(&Command::Control(NodeTarget::Leader, NodeAction::Kill), &view).is_err());
        let view = ring.led_by("D", "C", 1);
        assert_eq!(performed(&Command::Control(NodeTarget::Leader, NodeAction::Kill), &view), "kill D; ");
    }

    #[test]
    fn several_that_initiate_do_so_in_one_term_and_all_of_them_must_run() {
        let mut ring = ring(4);
        ring.running();
        let view = ring.led_by("D", "C", 4);
        let command = Command::Elect(Initiators::Together(vec![name("A"), name("C")]));
        assert_eq!(performed(&command, &view), "initiate A term 5; initiate C term 5; ");
        assert!(actions(&command, &ring.killed("C")).is_err_and(|why| why.starts_with("C is not running")));
    }

    #[test]
    fn of_a_hung_leader_and_one_of_a_newer_term_the_newer_one_is_meant() {
        let mut ring = ring(4);
        ring.running();
        ring.led_by("A", "B", 1);
        let view = ring.then("A", EventKind::Paused);
        assert_eq!(performed(&Command::Control(NodeTarget::Leader, NodeAction::Kill), &view), "kill A; ");
        let (role, term, leader) = (Role::Leader, Term(2), Some(name("B")));
        let view = ring.then("B", EventKind::RoleChanged { role, term, leader, deputy: None });
        assert_eq!(performed(&Command::Control(NodeTarget::Leader, NodeAction::Kill), &view), "kill B; ");
    }

    #[test]
    fn a_cut_keeps_the_delay_of_a_link_and_a_delay_keeps_its_cut() {
        let mut ring = ring(3);
        let view = ring.running();
        assert_eq!(performed(&link("A", "B", LinkFault::CUT), &view), "cut A B; ");
        let slow = "disturb A B constant 40999us drop 0 duplicate 0 reorder 0; ";
        assert_eq!(performed(&link("A", "B", SLOW), &view), slow);
        let (from, to) = (name("A"), name("B"));
        let view = ring.then("A", EventKind::LinkFaultChanged { from, to, fault: SLOW });
        let cut_too = format!("cut A B; {slow}");
        assert_eq!(performed(&link("A", "B", LinkFault { cut: true, ..SLOW }), &view), cut_too);
    }

    #[test]
    fn mending_one_direction_leaves_the_other_as_it_is() {
        let mut ring = ring(3);
        ring.running();
        let (from, to) = (name("B"), name("A"));
        ring.then("A", EventKind::LinkFaultChanged { from, to, fault: LinkFault::CUT });
        let (from, to) = (name("A"), name("B"));
        let view = ring.then("A", EventKind::LinkFaultChanged { from, to, fault: LinkFault::CUT });
        assert_eq!(performed(&link("A", "B", LinkFault::default()), &view), "mend A B; cut B A; ");
        assert_eq!(performed(&Command::HealLinks, &view), "mend A B; ");
    }

    #[test]
    fn a_partition_severs_every_pair_across_it_unless_those_are_too_many() {
        let view = ring(4).running();
        let side = Command::Partition(vec![name("A"), name("B")]);
        assert_eq!(performed(&side, &view), "sever A C; sever B C; sever A D; sever B D; ");
        let view = ring(64).running();
        let half = view.nodes.iter().take(32).map(|node| node.name.clone()).collect();
        assert!(actions(&Command::Partition(half), &view).is_err());
    }
}
