//! Real processes hold the classic elections, survive deaths in them, and change from one to another.

use ringleader_shared::algorithm::Status;
use ringleader_shared::event::MessageKind;
use ringleader_shared::view::ElectionView;
use ringleader_shared::{AlgorithmName, EventKind, NodeName, PortKind, RingView, Role, Term};
use ringleader_simulator::classic::{Announcement, Observed, properties};
use ringleader_testing::each_classic;
use ringleader_testing::server::Server;
use serde_json::json;

/// B is the best, D the second best.
const ATTRIBUTES: [u64; 5] = [90, 140, 110, 120, 100];

/// A ring in no particular order.
fn ring_of(algorithm: AlgorithmName, flags: &[&str]) -> Server {
    let flags = [&["--attributes", "90,140,110,120,100", "--algorithm", algorithm.key()], flags].concat();
    Server::start_with(&flags)
}

/// The last election, over and known to all.
fn wait_until_elected(server: &Server) -> (RingView, ElectionView) {
    let ring = server.wait_for("a leader and a deputy, and the lap is back", |ring| {
        ring.deputy.is_some() && ring.elections.front().is_some_and(|last| last.took_us.is_some())
    });
    let last = ring.elections[0].clone();
    (ring, last)
}

/// Checks the last election, initiated by the members at these places, against the algorithm's
/// properties. Its deputy is the best of the others.
#[track_caller]
fn assert_promises_kept(server: &Server, ring: &RingView, initiators: &[usize]) {
    let (election, algorithm) = (&ring.elections[0], ring.settings.algorithm);
    let place =
        |name: &Option<NodeName>| ring.nodes.iter().position(|node| Some(&node.name) == name.as_ref());
    let leader = place(&ring.leader);
    let observed = Observed {
        labels: &ATTRIBUTES,
        initiators,
        leader: leader.map(|at| ATTRIBUTES[at]),
        // The ring has a leader when every live member follows it.
        informed: ring.live().count(),
        messages: election.election_messages.into(),
        announcement: Announcement::Uncounted,
    };
    if let Err(broken) = properties(algorithm).check(&observed) {
        panic!("{algorithm}: {broken}\n{}", server.trace());
    }
    let others = (0..ATTRIBUTES.len()).filter(|at| Some(*at) != leader);
    assert_eq!(
        place(&ring.deputy),
        others.max_by_key(|at| ATTRIBUTES[*at]),
        "{algorithm}\n{}",
        server.trace()
    );
    assert_eq!((election.algorithm, ring.term), (algorithm, Term(1)), "{}", server.trace());
    assert!(
        election.election_messages > 0 && election.election_messages < election.messages,
        "{algorithm}: {election:?}"
    );
}

fn elects_among_processes_and_the_deputy_takes_over_from_the_leader(algorithm: AlgorithmName) {
    let server = ring_of(algorithm, &[]);
    server.initiate("A");
    let (ring, _) = wait_until_elected(&server);
    assert_promises_kept(&server, &ring, &[0]);
    server.act("leader", "kill");
    server.wait_for("its deputy leads", |after| {
        after.leader == ring.deputy && after.deputy.is_some() && after.term == Term(2)
    });
}

fn all_initiate_at_once_in_one_term_and_keep_the_promises(algorithm: AlgorithmName) {
    let server = ring_of(algorithm, &["--hop-delay", "20ms"]);
    let (status, body) = server.ask("POST", "/api/v1/elections", Some(json!({"everyone": true})));
    assert_eq!(status, 202, "{body}");
    assert!(body.contains(r#""initiators":["A","B","C","D","E"]"#), "{body}");
    let (ring, _) = wait_until_elected(&server);
    assert_promises_kept(&server, &ring, &[0, 1, 2, 3, 4]);
}

#[test]
fn who_initiates_must_be_clear() {
    let server = Server::start();
    let both = json!({"initiator": "A", "everyone": true});
    let (status, body) = server.ask("POST", "/api/v1/elections", Some(both));
    assert_eq!(status, 422, "{body}");
    assert!(body.contains("give one of initiator, initiators and everyone"), "{body}");
}

fn a_member_that_dies_in_the_midst_of_an_election_voids_it_and_the_others_elect_without_it(
    algorithm: AlgorithmName,
) {
    let server = ring_of(algorithm, &["--hop-delay", "60ms"]);
    server.initiate("A");
    server.wait_for_event("a message of the election at C", |event| {
        let at_c = event.node.as_ref().is_some_and(|node| node.as_str() == "C");
        at_c && matches!(&event.kind, EventKind::Received { message, .. }
            if matches!(message.message, MessageKind::Classic | MessageKind::RollCall))
    });
    server.act("C", "kill");
    let ring = server.wait_for("the others agree", |ring| {
        ring.leader.is_some() && ring.deputy.is_some() && ring.live().count() == 4
    });
    // The member that notices the death first starts the next one. Where only initiators may win it may
    // win.
    if properties(algorithm).best_wins() {
        assert_eq!(ring.leader.unwrap().as_str(), "B", "{algorithm}\n{}", server.trace());
    }
}

#[test]
fn another_algorithm_is_chosen_live_and_counts_from_the_next_election() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let (status, body) = server.ask("PATCH", "/api/v1/ring", Some(json!({"algorithm": "franklin"})));
    assert_eq!(status, 200, "{body}");
    assert!(body.contains(r#""algorithm":"franklin""#), "{body}");
    server.initiate("B");
    let ring = server.wait_for("franklin's election", |ring| {
        ring.elections[0].algorithm == AlgorithmName::Franklin && ring.elections[0].took_us.is_some()
    });
    assert_eq!(ring.leader.unwrap().as_str(), "D");
    let parts = server
        .wait_for("everybody knows its part", |ring| ring.nodes.iter().all(|node| node.progress.is_some()));
    assert_eq!(parts.node(&"D".parse().unwrap()).unwrap().progress.as_ref().unwrap().status, Status::Done);
    let (status, body) = server.ask("PATCH", "/api/v1/ring", Some(json!({"algorithm": "raft"})));
    assert_eq!(status, 422, "{body}");
    assert!(body.contains("raft") && body.contains("chang-roberts"), "{body}");
}

#[test]
fn both_ways_go_round_the_ring_and_the_bully_talks_to_everyone() {
    for (algorithm, way) in
        [(AlgorithmName::HirschbergSinclair, PortKind::Predecessor), (AlgorithmName::Bully, PortKind::Peer)]
    {
        let server = ring_of(algorithm, &[]);
        server.initiate("A");
        wait_until_elected(&server);
        let went = |event: &ringleader_shared::Event| matches!(&event.kind, EventKind::Received { message, .. } if message.port == Some(way));
        assert!(server.events().iter().any(went), "{}", server.trace());
    }
}

#[test]
fn a_quorum_stands_behind_whoever_a_classic_election_finds() {
    for algorithm in [AlgorithmName::ChangRoberts, AlgorithmName::Franklin, AlgorithmName::Bully] {
        let server = ring_of(algorithm, &["--safety", "quorum"]);
        server.initiate("A");
        server.wait_for_leader("B", Some("D"));
        server.part(&[&["A", "B"], &["C", "D", "E"]]);
        server.wait_for("the majority's leader, and nobody else's", |ring| {
            let leads = |name: &str| ring.node(&name.parse().unwrap()).and_then(|node| node.role);
            leads("B") != Some(Role::Leader)
                && ["C", "D", "E"].iter().any(|name| leads(name) == Some(Role::Leader))
        });
        server.heal();
        server.wait_for("all follow one", |ring| ring.leader.is_some() && ring.live().count() == 5);
    }
}

#[test]
fn the_ring_file_says_which_election_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.toml");
    let text = "algorithm = \"peterson\"\n[[node]]\nname = \"x\"\nattribute = 1\n[[node]]\nname = \"y\"\nattribute = 2\n";
    std::fs::write(&path, text).unwrap();
    let server = Server::start_with(&["--ring", path.to_str().unwrap()]);
    assert_eq!(server.ring().settings.algorithm, AlgorithmName::Peterson);
    server.initiate("x");
    server.wait_for_leader("y", Some("x"));
}

each_classic!(if |name| properties(name).among_processes =>
    elects_among_processes_and_the_deputy_takes_over_from_the_leader,
    all_initiate_at_once_in_one_term_and_keep_the_promises,
    a_member_that_dies_in_the_midst_of_an_election_voids_it_and_the_others_elect_without_it,
);
