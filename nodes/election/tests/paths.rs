//! The search for paths: which way requests and replies go, and which links a search may use.

use std::time::Duration;

use ringleader_election::Time;
use ringleader_election::link_table::{DialPurpose, Link, LinkTable};
use ringleader_election::paths::{Answer, Paths};
use ringleader_shared::link::{LinkDirection, LinkKind, PathFrame, PathReply, PathRequest};
use ringleader_shared::{Incarnation, NodeId};

const HEARTBEAT: Duration = ms(50);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn at(ms: u64) -> Time {
    Time(Duration::from_millis(ms))
}

fn peer(n: u128) -> NodeId {
    NodeId(uuid::Uuid::from_u128(n))
}

fn paths(me: u128) -> Paths {
    Paths::new(peer(me), Incarnation(1))
}

/// A link that works with each of these peers; its id is the number of the peer.
fn linked(peers: &[u32]) -> LinkTable<u32> {
    let link = |id: &u32| {
        let ring =
            Link::new(*id, peer((*id).into()), LinkKind::Ring, LinkDirection::Outgoing, DialPurpose::Wanted);
        Link { up_since: Some(at(0)), ..ring }
    };
    LinkTable::new(peers.iter().map(link), [], Time::default())
}

fn request(origin: u128, target: u128, number: u64, path: &[u128]) -> PathFrame {
    let path = path.iter().copied().map(peer).collect();
    PathFrame::Request(PathRequest { origin: peer(origin), target: peer(target), number, path })
}

fn reply(origin: u128, target: u128, number: u64, path: &[u128]) -> PathReply {
    let path = path.iter().copied().map(peer).collect();
    PathReply { origin: peer(origin), target: peer(target), number, path }
}

/// A direct link with this peer comes up and fails again, so many times.
fn flaps(paths: &mut Paths, with: u128, times: u64) {
    let link = Link::new(0, peer(with), LinkKind::Ring, LinkDirection::Outgoing, DialPurpose::Standby);
    for _ in 0..times {
        paths.opened(&link, at(0));
        paths.failed(peer(with), at(100));
    }
}

#[test]
fn a_reply_goes_back_by_the_way_of_its_request_though_the_path_is_shorter() {
    // E (5) and A (1) both have a link to B (2) through D (4), and none to D itself.
    let (mut a, mut b, mut e) = (paths(1), paths(2), paths(5));
    e.doubt(peer(1), at(0));
    let asked = e.requests(at(0), HEARTBEAT).remove(0);
    let number = asked.number;
    let passed_on = b.received(peer(5), &[peer(4)], PathFrame::Request(asked), at(1));
    let Answer::Flood(asked) = passed_on else { panic!("{passed_on:?}") };
    assert_eq!(asked.path, [peer(4)]);
    assert_eq!(b.links_for(&asked, &linked(&[1, 5])), [1]);
    let found = reply(5, 1, number, &[4]);
    let answer = a.received(peer(2), &[peer(4)], PathFrame::Request(asked), at(2));
    assert_eq!(answer, Answer::Return(found.clone(), peer(2)), "there is no link with D or E");
    let back = b.received(peer(1), &[peer(4)], PathFrame::Reply(found.clone()), at(3));
    assert_eq!(back, Answer::Return(found.clone(), peer(5)), "though B is not on the path");
    let answer = e.received(peer(2), &[peer(4)], PathFrame::Reply(found), at(4));
    assert_eq!(answer, Answer::Found(peer(1)));
    assert_eq!(e.known(peer(1)), Some(&vec![peer(4)]));
}

#[test]
fn a_relay_that_has_not_seen_a_request_is_asked_too() {
    // A link of E (5) with A (1) goes through F (6), which is the only one with a link to G (7).
    let (mut a, mut f) = (paths(1), paths(6));
    let passed_on = a.received(peer(5), &[peer(6)], request(5, 7, 1, &[]), at(0));
    let Answer::Flood(asked) = passed_on else { panic!("{passed_on:?}") };
    assert_eq!(a.links_for(&asked, &linked(&[5, 6])), [6]);
    let passed_on = f.received(peer(1), &[], PathFrame::Request(asked), at(1));
    let Answer::Flood(asked) = passed_on else { panic!("{passed_on:?}") };
    assert_eq!(asked.path, [], "F is next to E");
    assert_eq!(f.links_for(&asked, &linked(&[1, 7])), [7]);
}

#[test]
fn a_request_is_passed_on_once() {
    let mut a = paths(1);
    assert!(matches!(a.received(peer(5), &[], request(5, 7, 1, &[]), at(0)), Answer::Flood(_)));
    assert_eq!(a.received(peer(3), &[], request(5, 7, 1, &[4]), at(1)), Answer::Nothing);
    assert!(matches!(a.received(peer(3), &[], request(5, 7, 2, &[4]), at(2)), Answer::Flood(_)));
    let found = reply(5, 7, 1, &[1]);
    let back = a.received(peer(7), &[], PathFrame::Reply(found.clone()), at(3));
    assert_eq!(back, Answer::Return(found, peer(3)), "to the member that the last request came from");
}

#[test]
fn a_search_that_is_in_vain_takes_links_that_are_not_trusted() {
    let mut paths = paths(1);
    flaps(&mut paths, 3, 7);
    paths.doubt(peer(2), at(200));
    let others = [peer(2), peer(3)];
    assert_eq!(paths.bridges(&others, |_| false, at(900)), []);
    assert_eq!(paths.bridges(&others, |_| false, at(950)), [peer(3)]);
    // A link that comes up has requests sent at once, and changes nothing in this.
    let standby = Link::new(0, peer(3), LinkKind::Ring, LinkDirection::Outgoing, DialPurpose::Standby);
    paths.opened(&standby, at(960));
    assert_eq!(paths.bridges(&others, |_| false, at(970)), [peer(3)]);
}

#[test]
fn a_member_that_only_passes_requests_on_does_so_too() {
    let mut paths = paths(1);
    flaps(&mut paths, 3, 7);
    let mut bridges = |number: u64, now: u64| {
        let _ = paths.received(peer(5), &[], request(5, 2, number, &[]), at(now));
        paths.bridges(&[peer(3)], |_| false, at(now))
    };
    assert_eq!(bridges(1, 200), []);
    assert_eq!(bridges(2, 700), []);
    assert_eq!(bridges(3, 1200), [peer(3)]);
    assert_eq!(bridges(4, 9_000), [], "another search");
}

#[test]
fn a_member_that_is_sought_in_vain_is_dialled_directly_though_links_with_it_failed() {
    let mut paths = paths(1);
    flaps(&mut paths, 2, 7);
    paths.doubt(peer(2), at(200));
    assert!(!paths.has_way(peer(2), at(900)));
    assert!(paths.has_way(peer(2), at(950)));
}

#[test]
fn a_dial_through_others_does_not_wait_for_as_long_as_direct_ones_did_in_vain() {
    let mut paths = paths(1);
    for _ in 0..5 {
        paths.unanswered(peer(2));
    }
    let within = |purpose, hops| paths.dial_within(peer(2), purpose, hops, ms(150));
    assert_eq!(within(DialPurpose::Probe, 1), ms(150) * 32);
    assert_eq!(within(DialPurpose::Probe, 3), ms(150) * 3);
    assert_eq!(within(DialPurpose::Wanted, 1), ms(150));
}

#[test]
fn a_path_on_which_a_link_failed_is_forgotten_and_the_next_one_counts() {
    let mut paths = paths(1);
    paths.doubt(peer(2), at(0));
    let found = |paths: &mut Paths, path: &[u128]| {
        paths.received(peer(3), &[], PathFrame::Reply(reply(1, 2, 1, path)), at(1))
    };
    assert_eq!(found(&mut paths, &[3]), Answer::Found(peer(2)));
    assert_eq!(found(&mut paths, &[4]), Answer::Nothing, "it is no shorter");
    paths.forget(peer(2));
    assert_eq!(paths.known(peer(2)), None);
    assert_eq!(found(&mut paths, &[4]), Answer::Found(peer(2)));
    assert_eq!(paths.known(peer(2)), Some(&vec![peer(4)]));
}

#[test]
fn a_doubted_link_carries_no_request() {
    let (mut a, mut links) = (paths(1), linked(&[3, 4]));
    let passed_on = a.received(peer(5), &[], request(5, 7, 1, &[]), at(0));
    let Answer::Flood(asked) = passed_on else { panic!("{passed_on:?}") };
    let _ = links.set_doubted(3, true);
    assert_eq!(a.links_for(&asked, &links), [4]);
}
