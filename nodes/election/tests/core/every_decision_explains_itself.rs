//! The sentence of every explanation, as a card's log shows it.

use ringleader_election::Explanation as Why;
use ringleader_shared::Term;

use crate::quiet_ring::{contender, id, name};

#[track_caller]
fn assert_words(why: Why, words: &str) {
    assert_eq!(why.describe(name), words);
}

#[test]
fn of_the_election() {
    let (a, b, d) = (contender("A", 90), contender("B", 100), contender("D", 120));
    let term = Term(3);
    assert_words(Why::Initiating { term, me: a }, "initiating the election of term 3 with my attribute (90)");
    assert_words(Why::Replacing { candidate: a, me: b }, "replacing A (90) with me (100): mine is higher");
    let twin = contender("B", 90);
    assert_words(
        Why::Replacing { candidate: a, me: twin },
        "replacing A (90) with me: same as mine, my id is higher",
    );
    assert_words(Why::PassingOn { candidate: d, me: a }, "passing on D (120): higher than mine (90)");
    assert_words(
        Why::PassingOn { candidate: twin, me: a },
        "passing on B (90): same as mine, its id is higher",
    );
    assert_words(
        Why::PassingOn { candidate: a, me: a },
        "passing on my own value (90): it has not gone all the way round",
    );
    assert_words(
        Why::Won { term, me: d, deputy: Some(b) },
        "my own value (120) came back: nobody is higher, I am the leader of term 3; B (100) is my deputy",
    );
    assert_words(
        Why::Won { term, me: d, deputy: None },
        "my own value (120) came back: nobody is higher, I am the leader of term 3",
    );
    assert_words(
        Why::AloneAndLeading { term, me: a },
        "nobody else is left in the ring: I lead term 3 alone",
    );
    assert_words(Why::CandidateLost { candidate: d }, "D (120) was about to win and is lost: starting again");
    assert_words(Why::ElectionTimeout { term }, "no leader came out of term 3 in time");
}

#[test]
fn of_the_result() {
    let term = Term(3);
    let (leader, c) = (id("D"), id("C"));
    assert_words(
        Why::PassingOnResult { leader, deputy: Some(c) },
        "passing on the result: D leads, C is its deputy",
    );
    assert_words(Why::PassingOnResult { leader, deputy: None }, "passing on the result: D leads");
    assert_words(
        Why::Following { term, leader, deputy: Some(c) },
        "following D, the leader of term 3; C is its deputy",
    );
    assert_words(
        Why::Following { term, leader, deputy: None },
        "following D, the leader of term 3; its deputy is not known yet",
    );
    assert_words(Why::DeputyNow { term, leader }, "I am the deputy of D in term 3: watching it");
}

#[test]
fn of_leader_and_deputy() {
    let term = Term(3);
    let (leader, lost) = (id("D"), id("C"));
    assert_words(
        Why::TakingOver { term, lost: leader },
        "D is lost: as its deputy I take over and lead term 3",
    );
    assert_words(Why::LookingForDeputy { lost: Some(lost) }, "my deputy C is lost: looking for the next one");
    assert_words(Why::LookingForDeputy { lost: None }, "looking for a deputy");
    let a = contender("A", 90);
    assert_words(Why::OfferingMyself { me: a }, "offering myself (90) as deputy: the best so far");
    assert_words(Why::DeputyFound { deputy: a }, "my deputy is A (90)");
    assert_words(Why::DeputySilent { deputy: lost }, "my deputy C does not answer");
    assert_words(Why::SteppingDown { term, leader: Some(leader) }, "stepping down: D leads the newer term 3");
    assert_words(
        Why::SteppingDown { term, leader: None },
        "stepping down: an election of the newer term 3 is under way",
    );
    assert_words(Why::LeaderLost { leader }, "the leader D is lost: waiting for its deputy to take over");
    assert_words(
        Why::LeaderLostUnconfirmed { leader },
        "D is lost before it confirmed that I am its deputy: starting an election instead",
    );
    assert_words(Why::LapTimeout, "my lap did not come back in time: sending another");
    assert_words(
        Why::OldMandate { term },
        "I was the leader of term 3 before I was restarted: waiting for my deputy to lead",
    );
}

#[test]
fn of_ring_repair() {
    let (lost, successor) = (id("B"), id("C"));
    assert_words(Why::RoutingPast { lost, successor }, "B does not answer: my successor is now C");
    assert_words(Why::Alone, "no other member answers: I am alone in the ring");
    assert_words(Why::Readmitting { member: lost }, "B answers again: it is my successor");
    assert_words(Why::NewSuccessor { successor }, "my successor is C");
    assert_words(Why::SendingAgain { to: successor }, "my last message may be lost: sending it again, to C");
}
