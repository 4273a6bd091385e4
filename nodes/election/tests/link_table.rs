//! The link table: which links are dialled and closed, and what each that comes or goes means.

use std::time::Duration;

use ringleader_election::link_table::{
    Cause, DialPurpose, Link, LinkLoss, LinkTable, Missing, OutOfTurn, TOO_SHORT,
};
use ringleader_election::{Time, WantedLinks};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{Incarnation, NodeId};

const NOW: Time = Time(Duration::from_secs(100));
const LATER: Time = Time(Duration::from_secs(200));

fn peer(n: u128) -> NodeId {
    NodeId(uuid::Uuid::from_u128(n))
}

fn wants(successor: Option<u128>, leader: Option<u128>) -> WantedLinks {
    WantedLinks { successor: successor.map(peer), leader: leader.map(peer), direct: false }
}

/// A ring link that the member dialled to this peer, up.
fn ring_link(id: u32, to: u128, purpose: DialPurpose) -> Link<u32> {
    let link = Link::new(id, peer(to), LinkKind::Ring, LinkDirection::Outgoing, purpose);
    Link { up_since: Some(NOW), ..link }
}

/// A ring link that this peer dialled, up.
fn from_peer(id: u32, from: u128, start: u32) -> Link<u32> {
    let dialled = ring_link(id, from, DialPurpose::Wanted);
    Link { direction: LinkDirection::Incoming, peer_start: Some(Incarnation(start)), ..dialled }
}

fn table(links: &[Link<u32>]) -> LinkTable<u32> {
    LinkTable::new(links.iter().copied(), [], Time::default())
}

#[test]
fn what_is_wanted_and_not_there_is_dialled_once() {
    let mut table = LinkTable::default();
    let wanted = wants(Some(2), Some(3));
    let successor = Missing::Dial { peer: peer(2), kind: LinkKind::Ring };
    assert_eq!(table.missing(wanted), Some(successor));
    table.dialled(1, peer(2), LinkKind::Ring, DialPurpose::Wanted);
    let leader = Missing::Dial { peer: peer(3), kind: LinkKind::Heartbeat };
    assert_eq!(table.missing(wanted), Some(leader));
    table.dialled(2, peer(3), LinkKind::Heartbeat, DialPurpose::Wanted);
    assert_eq!(table.missing(wanted), None);
    assert_eq!(table.take_surplus(wanted), None);
}

#[test]
fn what_the_member_dialled_and_does_not_want_is_closed_but_not_what_the_peer_dialled() {
    let mut table = table(&[ring_link(1, 2, DialPurpose::Wanted), from_peer(2, 3, 1)]);
    assert_eq!(table.take_surplus(wants(Some(4), None)).map(|link| link.id), Some(1));
    assert_eq!(table.take_surplus(wants(Some(4), None)), None);
}

#[test]
fn a_probe_stays_until_it_is_answered_and_becomes_the_link_that_is_wanted() {
    let mut table = LinkTable::default();
    assert!(table.lacks_probe(peer(2)));
    table.dialled(1, peer(2), LinkKind::Ring, DialPurpose::Probe);
    assert!(!table.lacks_probe(peer(2)));
    assert_eq!(table.take_surplus(wants(Some(3), None)), None);
    assert_eq!(table.route(peer(2)), None, "a message would be lost on it unnoticed");
    let hurry = table.missing(wants(Some(2), None));
    assert!(matches!(hurry, Some(Missing::Hurry(link)) if link.id == 1), "{hurry:?}");
    assert_eq!(table.missing(wants(Some(2), None)), None);
    assert_eq!(table.route(peer(2)), Some(1));
    let (_, loss) = table.down(1, Cause::PeerLost, LATER).expect("it is there");
    assert_eq!(loss, LinkLoss::Failed, "it was no probe any more");
}

#[test]
fn an_unanswered_probe_means_nothing_and_one_that_nobody_wants_is_closed_when_it_is_up() {
    let mut table = LinkTable::default();
    table.dialled(1, peer(2), LinkKind::Ring, DialPurpose::Probe);
    assert_eq!(table.down(1, Cause::PeerLost, NOW).map(|(_, loss)| loss), Some(LinkLoss::Unseen));
    table.dialled(2, peer(2), LinkKind::Ring, DialPurpose::Probe);
    assert!(table.up(2, NOW).is_some());
    assert_eq!(table.take_surplus(wants(Some(3), None)).map(|link| link.id), Some(2));
}

#[test]
fn a_standby_link_that_is_up_takes_the_place_of_a_dial() {
    let mut table = table(&[ring_link(1, 2, DialPurpose::Wanted)]);
    assert!(table.lacks_standby(peer(3)));
    table.dialled(2, peer(3), LinkKind::Ring, DialPurpose::Standby);
    assert!(!table.lacks_standby(peer(3)));
    let dial = Missing::Dial { peer: peer(3), kind: LinkKind::Ring };
    assert_eq!(table.missing(wants(Some(3), None)), Some(dial), "it is not up yet");
    assert_eq!(table.up(2, NOW), None, "nobody has to know of it");
    assert_eq!(table.route(peer(3)), None);
    let in_use = table.missing(wants(Some(3), None));
    assert!(matches!(in_use, Some(Missing::InUse(link)) if link.id == 2 && link.is_known()));
    assert_eq!(table.route(peer(3)), Some(2));
    assert!(table.lacks_standby(peer(3)));
}

#[test]
fn a_standby_link_is_closed_when_another_one_is_to_be_ready_and_its_loss_means_nothing() {
    let mut table = table(&[ring_link(1, 3, DialPurpose::Standby), ring_link(2, 3, DialPurpose::Standby)]);
    assert_eq!(table.down(2, Cause::PeerLost, NOW).map(|(_, loss)| loss), Some(LinkLoss::Unseen));
    assert_eq!(table.take_surplus_standby(&[peer(3)]), None);
    assert_eq!(table.take_surplus_standby(&[peer(4)]).map(|link| link.id), Some(1));
}

#[test]
fn only_the_dialler_of_a_standby_link_puts_it_in_use() {
    let mut table = table(&[from_peer(1, 2, 1), ring_link(2, 3, DialPurpose::Standby)]);
    table.accepted(3, peer(2), LinkKind::Ring, DialPurpose::Standby, Incarnation(1));
    for id in [1, 2, 9] {
        assert_eq!(table.in_use(id, NOW), Err(OutOfTurn::NoStandby));
    }
    assert_eq!(table.hears(3, Incarnation(1)), Err(OutOfTurn::NotInUse));
    assert_eq!(table.take_replaced(peer(2), LinkKind::Ring, 3).map(|old| old.id), Some(1));
    assert!(table.in_use(3, NOW).is_ok_and(|link| link.is_known()));
    assert_eq!(table.hears(3, Incarnation(1)), Ok(()));
}

#[test]
fn a_ring_link_that_was_closed_at_once_counts_as_failed() {
    let at = |after: Duration, link: Link<u32>| {
        table(&[link]).down(1, Cause::Closed, Time(NOW.0 + after)).map(|(_, loss)| loss)
    };
    let dialled = ring_link(1, 2, DialPurpose::Wanted);
    assert_eq!(at(TOO_SHORT / 2, dialled), Some(LinkLoss::Failed));
    assert_eq!(at(TOO_SHORT, dialled), Some(LinkLoss::Closed));
    assert_eq!(at(TOO_SHORT / 2, from_peer(1, 2, 1)), Some(LinkLoss::Closed));
    let heartbeat = Link { kind: LinkKind::Heartbeat, ..dialled };
    assert_eq!(at(TOO_SHORT / 2, heartbeat), Some(LinkLoss::Closed));
}

#[test]
fn a_close_after_the_peer_dialled_anew_closes_nothing() {
    let mut links = table(&[from_peer(1, 2, 1), from_peer(2, 2, 1)]);
    assert_eq!(links.down(1, Cause::Closed, LATER).map(|(_, loss)| loss), Some(LinkLoss::Replaced));
    assert_eq!(links.down(2, Cause::Closed, LATER).map(|(_, loss)| loss), Some(LinkLoss::Closed));
}

#[test]
fn an_accepted_link_on_which_nothing_was_heard_may_have_been_the_last() {
    let unheard = Link { up_since: None, ..from_peer(1, 2, 1) };
    let mut alone = table(&[unheard]);
    assert_eq!(alone.down(1, Cause::PeerLost, LATER).map(|(_, loss)| loss), Some(LinkLoss::ClosedUnseen));
    let mut beside_another = table(&[unheard, from_peer(2, 2, 1)]);
    assert_eq!(beside_another.down(1, Cause::PeerLost, LATER).map(|(_, loss)| loss), Some(LinkLoss::Unseen));
}

#[test]
fn the_links_of_former_starts_are_over_when_a_new_one_dials() {
    let mut links = table(&[from_peer(1, 2, 1), from_peer(2, 2, 2), from_peer(3, 3, 1)]);
    assert_eq!(links.take_former(peer(2), Incarnation(2)).map(|link| link.id), Some(1));
    assert_eq!(links.take_former(peer(2), Incarnation(2)), None);
}

#[test]
fn a_message_must_be_of_the_start_that_is_at_the_other_end_and_not_over() {
    let mut links = table(&[from_peer(1, 2, 2), ring_link(2, 3, DialPurpose::Wanted)]);
    let other = OutOfTurn::OtherStart { start: Incarnation(9), other_end: Incarnation(2) };
    assert_eq!(links.hears(1, Incarnation(9)), Err(other));
    assert_eq!(links.hears(1, Incarnation(2)), Ok(()), "the false one did not count");
    assert_eq!(links.hears(2, Incarnation(4)), Ok(()));
    let other = OutOfTurn::OtherStart { start: Incarnation(5), other_end: Incarnation(4) };
    assert_eq!(links.hears(2, Incarnation(5)), Err(other));
    links.configure_start(peer(3), Incarnation(5));
    let former = OutOfTurn::FormerStart { start: Incarnation(4), present: Incarnation(5) };
    assert_eq!(links.hears(2, Incarnation(4)), Err(former));
    assert_eq!(links.observe(peer(3), Incarnation(4)), Err(former));
}

#[test]
fn a_start_that_has_introduced_itself_is_not_forgotten_for_an_older_word_of_it() {
    let mut links = table(&[from_peer(1, 2, 3)]);
    links.configure_start(peer(2), Incarnation(2));
    let former = OutOfTurn::FormerStart { start: Incarnation(2), present: Incarnation(3) };
    assert_eq!(links.observe(peer(2), Incarnation(2)), Err(former));
}

#[test]
fn messages_go_on_the_ring_first_and_on_what_the_member_dialled_first() {
    let of = |id, kind, direction| Link { kind, direction, ..ring_link(id, 2, DialPurpose::Wanted) };
    let all = [
        of(6, LinkKind::Direct, LinkDirection::Incoming),
        of(5, LinkKind::Direct, LinkDirection::Outgoing),
        of(4, LinkKind::Heartbeat, LinkDirection::Incoming),
        of(3, LinkKind::Heartbeat, LinkDirection::Outgoing),
        of(2, LinkKind::Ring, LinkDirection::Incoming),
        of(1, LinkKind::Ring, LinkDirection::Outgoing),
    ];
    for best in 1..=6_u32 {
        let rest: Vec<_> = all.iter().copied().filter(|link| link.id >= best).collect();
        assert_eq!(table(&rest).route(peer(2)), Some(best));
    }
    assert_eq!(table(&all).route(peer(3)), None);
}

#[test]
fn a_link_that_nothing_replaces_in_time_is_its_peers_loss_unless_another_would_fail_with_it() {
    let lost = Link { kind: LinkKind::Heartbeat, ..from_peer(1, 2, 1) };
    let cause = Cause::LinkLost { replaced_within: Duration::from_millis(300) };
    let overdue = |others: &[Link<u32>]| {
        let mut table = table(&[&[lost], others].concat());
        assert_eq!(table.down(1, cause, Time::default()), Some((lost, LinkLoss::Replaceable)));
        assert_eq!(table.overdue(Time(Duration::from_millis(299))), None);
        table.overdue(Time(Duration::from_millis(300))).map(|(_, loss)| loss)
    };
    assert_eq!(overdue(&[]), Some(LinkLoss::Failed));
    assert_eq!(overdue(&[ring_link(2, 2, DialPurpose::Standby)]), Some(LinkLoss::Failed));
    assert_eq!(overdue(&[ring_link(2, 2, DialPurpose::Wanted)]), Some(LinkLoss::ClosedUnseen));
}

#[test]
fn a_standby_link_in_the_place_of_one_whose_peer_lives_replaces_it() {
    let mut table = table(&[ring_link(1, 2, DialPurpose::Wanted), ring_link(2, 2, DialPurpose::Standby)]);
    let cause = Cause::LinkLost { replaced_within: Duration::from_millis(300) };
    assert_eq!(table.down(1, cause, LATER).map(|(_, loss)| loss), Some(LinkLoss::Replaceable));
    let Some(Missing::InUse(link)) = table.missing(wants(Some(2), None)) else { panic!("no standby link") };
    assert_eq!((link.id, link.replaces), (2, true), "the core still counts on the former link");
    assert_eq!(table.replaceable().count(), 0);
}

#[test]
fn a_direct_link_takes_the_place_of_one_through_others_once() {
    let relayed = Link { relayed: true, ..ring_link(1, 2, DialPurpose::Wanted) };
    let mut table = table(&[relayed, ring_link(2, 2, DialPurpose::Standby)]);
    let proven = LATER.since(NOW);
    assert_eq!(table.upgrade(Time(LATER.0 - Duration::from_nanos(1)), proven), None);
    let Some((old, Some(new))) = table.upgrade(LATER, proven) else { panic!("it is proven") };
    assert_eq!((old.id, new.id, new.replaces), (1, 2, true));
    assert!(table.get(2).is_some_and(|link| !link.replaces), "later its peer may lack what it was sent");
}

#[test]
fn without_measured_links_the_memory_of_slow_ones_fades_with_each_dial_that_is_not_answered() {
    let ms = Duration::from_millis;
    let (configured, slow) = (ms(150), ms(12));
    let mut table = table(&[ring_link(1, 2, DialPurpose::Wanted), ring_link(2, 3, DialPurpose::Wanted)]);
    assert_eq!(table.measured(1, ms(800), slow), Some(ms(400)));
    assert_eq!(table.unanswered(slow), None, "a link still says how slow links are");
    assert_eq!(table.dial_within(configured, false), ms(2_000));
    table.remove(1);
    let fading: Vec<Option<Duration>> = (0..7).map(|_| table.unanswered(slow)).collect();
    assert_eq!(
        fading,
        [
            Some(ms(200)),
            Some(ms(100)),
            Some(ms(50)),
            Some(ms(25)),
            Some(ms(12) + ms(1) / 2),
            Some(ms(0)),
            None
        ]
    );
    assert_eq!(table.dial_within(configured, false), configured);
    assert_eq!(table.measured(2, ms(800), slow), Some(ms(400)), "what is measured again counts again");
}
