//! The safety of a ring is changed while it runs.

use std::time::Duration;

use ringleader_shared::{ChangeRing, RingView, Role, Safety};
use ringleader_simulator::{Action, Session, Setup};

fn leaders(view: &RingView) -> Vec<&str> {
    let leads = view.live().filter(|node| node.role == Some(Role::Leader));
    leads.map(|node| node.name.as_str()).collect()
}

fn to(safety: Safety) -> Action {
    Action::Change(ChangeRing { safety: Some(safety), ..ChangeRing::default() })
}

/// A ring of four that has elected D, with this safety from then on, and then C and D on one side of a cut.
fn parted(safety: Safety) -> Session {
    let mut session = Session::new(Setup::of(&[90, 100, 110, 120]).seed(7));
    let second = Duration::from_secs(1);
    session.play_until(second, usize::MAX);
    session.act(Action::Initiate(0));
    session.play_until(2 * second, usize::MAX);
    session.act(to(safety));
    session.play_until(4 * second, usize::MAX);
    assert_eq!((leaders(session.view()), session.view().settings.safety), (vec!["D"], safety));
    for (one, other) in [(0, 2), (0, 3), (1, 2), (1, 3)] {
        session.act(Action::Sever { one, other });
    }
    session.play_until(20 * second, usize::MAX);
    session
}

#[test]
fn a_ring_that_is_configured_to_ask_for_a_quorum_has_no_leader_in_half_of_it() {
    assert_eq!(leaders(parted(Safety::Available).view()), ["B", "D"]);
    assert_eq!(leaders(parted(Safety::Quorum).view()), Vec::<&str>::new());
}

#[test]
fn and_when_it_no_longer_asks_each_half_has_one() {
    let mut session = parted(Safety::Quorum);
    session.act(to(Safety::Available));
    session.play_until(session.now() + Duration::from_secs(20), usize::MAX);
    assert_eq!(leaders(session.view()), ["B", "D"]);
}
