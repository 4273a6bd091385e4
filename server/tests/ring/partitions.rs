//! Links that fail between members that live and stay so, or are slow, or lose much: whatever still connects,
//! elects.

use std::time::Duration;

use ringleader_shared::{NodeState, Safety};
use ringleader_testing::server::Server;
use ringleader_testing::server::partitions::{Observation, ROWS, Row, observe};

/// The time after a fault within which each part has its leader for good.
const SOON: Duration = Duration::from_secs(2);

/// The same after an election was asked for, or a leader has died, where a message takes half a second round
/// the ring: the members wait for word of it, ask, and elect.
const SOON_ON_SLOW_LINKS: Duration = Duration::from_secs(4);

/// The time for which a ring is observed after a fault.
const OBSERVED: Duration = Duration::from_secs(6);

/// The most terms that a fault may cost.
const MOST_TERMS: u64 = 2;

fn row(nodes: usize, safety: Safety, faults: &str) -> &'static Row {
    let is_it = |row: &&Row| (row.nodes, row.safety, row.faults) == (nodes, safety, faults);
    ROWS.iter().find(is_it).expect("it is in the table")
}

/// Breaks the links of a ring that has elected, and demands a leader soon and for good.
fn elects(nodes: usize, safety: Safety, faults: &str) {
    let row = row(nodes, safety, faults);
    let server = row.start(&[]);
    settles(&row.observe(&server, OBSERVED), SOON, &server);
}

fn settles(seen: &Observation, within: Duration, server: &Server) {
    let trace = server.trace();
    assert!(seen.settled_after() <= within, "{seen:?}\n{trace}");
    assert!(seen.terms <= MOST_TERMS, "{seen:?}\n{trace}");
}

#[test]
fn a_leader_and_its_deputy_that_do_not_reach_each_other_stay_what_they_are() {
    elects(4, Safety::Available, "C-D");
    elects(4, Safety::Quorum, "C-D");
}

#[test]
fn in_a_ring_of_three_and_of_five_as_well() {
    elects(3, Safety::Quorum, "B-C");
    elects(5, Safety::Quorum, "D-E");
}

#[test]
fn followers_that_do_not_reach_each_other_disturb_no_leader() {
    elects(4, Safety::Quorum, "B-C");
}

#[test]
fn a_link_that_is_cut_in_one_direction_disturbs_no_leader() {
    elects(4, Safety::Quorum, "B>C");
    elects(4, Safety::Quorum, "C>B");
}

#[test]
fn a_majority_that_is_connected_has_a_leader_and_whoever_is_alone_has_none() {
    elects(5, Safety::Quorum, "E-A E-B E-D D-A D-B D-C");
}

#[test]
fn two_sides_that_two_more_members_see_have_one_leader() {
    elects(7, Safety::Quorum, "A-D A-E B-D B-E C-D C-E");
}

#[test]
fn a_link_that_loses_much_is_routed_around() {
    for faults in ["A>B 50%", "A>B 80%", "A>B 90%", "A>B 100%"] {
        elects(4, Safety::Available, faults);
    }
}

#[test]
fn slow_links_keep_their_leader() {
    elects(8, Safety::Available, "+60");
    elects(4, Safety::Available, "+100");
    elects(4, Safety::Quorum, "+100");
    elects(4, Safety::Available, "+400");
    elects(4, Safety::Quorum, "+400");
}

#[test]
fn on_slow_links_a_dead_leader_is_replaced_and_an_election_that_is_asked_for_ends() {
    let row = row(8, Safety::Available, "+60");
    let server = row.start(&["--hung-after", "300ms"]);
    settles(&row.observe(&server, OBSERVED), SOON, &server);
    let asked = observe(&server, OBSERVED, |server| server.initiate("A"));
    settles(&asked, SOON_ON_SLOW_LINKS, &server);
    let killed = observe(&server, OBSERVED, |server| {
        server.act("leader", "kill");
        server.wait_for_state("H", NodeState::Stopped);
    });
    settles(&killed, SOON_ON_SLOW_LINKS, &server);
}
