//! The instructive moments of `docs/moments.md`: links to them, and the headline that each shows.

use std::time::Duration;

use ringleader_testing::document;

use crate::headline::Headline;
use crate::sandbox::permalink::{Moment, Permalink};
use crate::sandbox::player::Player;
use crate::sandbox::run::Run;

/// The document.
const MOMENTS: &str = "docs/moments.md";

/// The address of the site that the links lead to: the page of one's own server.
const PAGE: &str = "http://127.0.0.1:8005/";

/// A ring that elects D, with C as its deputy, and is quiet then.
const ELECTED: &str = "sandbox?nodes=4&hop=500&do=5000us.initiate.A";

/// Moments, each with its title, what to look for, the run, and the virtual time in milliseconds.
const ALL: [(&str, &str, &str, u64); 12] = [
    (
        "A takeover, one message after the death",
        "D is dead; C, its deputy, leads already, and nobody else knows it. Step on with →.",
        "+,300000us.kill.D",
        306,
    ),
    (
        "Leader and deputy die together",
        "Nobody is left who would take over. B waits for a leader, asks round the ring, and then initiates.",
        "+,300000us.kill.D,0us.kill.C",
        340,
    ),
    (
        "A hung leader wakes",
        "D was paused and replaced. It goes on, believes that it leads, and learns within a message that it does not.",
        "+,300000us.pause.D,900000us.resume.D",
        1_206,
    ),
    (
        "Split brain without a quorum",
        "Two halves, two leaders: each half does what it can. Heal the links and watch who gives way.",
        "+,300000us.sever.A.C,0us.sever.A.D,0us.sever.B.C,0us.sever.B.D",
        3_000,
    ),
    (
        "The same with a quorum",
        "Neither half has three of four: the old leader steps down when its lease is over, and nobody leads.",
        "safety=quorum+,300000us.sever.A.C,0us.sever.A.D,0us.sever.B.C,0us.sever.B.D",
        9_000,
    ),
    (
        "Two members that can't hear each other",
        "The link between the leader and its deputy is cut, and both live: their messages go through another node.",
        "+,300000us.sever.C.D",
        3_000,
    ),
    (
        "The deputy dies",
        "The leader looks for another deputy: one lap that collects the best of the others, one that announces it.",
        "+,300000us.kill.C",
        308,
    ),
    (
        "A newcomer with the highest attribute",
        "E joins with 500 and follows: who leads stays, until an election is asked for.",
        "+,300000us.add.500",
        900,
    ),
    (
        "Everybody initiates at once",
        "Four candidates in one term. Each node passes on only what is better than all that it has passed on.",
        "sandbox?nodes=4&hop=500&start=all&do=5000us.initiate.all",
        7,
    ),
    (
        "The worst ring of Chang and Roberts",
        "Attributes decrease along the ring: 8 + 7 + … + 1 candidates and 8 announcements.",
        "sandbox?algorithm=chang-roberts&nodes=8&order=decreasing&start=all&hop=200&do=5000us.initiate.all",
        60,
    ),
    (
        "Their best ring",
        "The same members the other way round: each candidate but the best is stopped by its neighbour.",
        "sandbox?algorithm=chang-roberts&nodes=8&order=increasing&start=all&hop=200&do=5000us.initiate.all",
        60,
    ),
    (
        "The textbook's bully",
        "The leader dies, and who notices it asks everybody that is higher.",
        "sandbox?algorithm=bully&nodes=5&hop=500&do=5000us.initiate.A,400000us.kill.E,0us.initiate.B",
        412,
    ),
];

/// The run of a moment. A `+` stands for the ring that has elected.
fn link(run: &str, at_ms: u64) -> Permalink {
    let fragment = match run.split_once('+') {
        Some((settings, more)) => {
            let (ring, actions) = ELECTED.split_once("&do=").expect("actions");
            let settings = if settings.is_empty() { String::new() } else { format!("&{settings}") };
            format!("{ring}{settings}&do={actions}{more}")
        }
        None => run.to_owned(),
    };
    let (permalink, refused) = Permalink::read(&fragment);
    assert_eq!(refused, [], "{fragment}");
    let at = Duration::from_millis(at_ms);
    let last = Moment { at, seq: ringleader_shared::Seq(u64::MAX) };
    let player = Player::open(&Permalink { moment: Some(last), ..permalink.clone() });
    Permalink { moment: Some(Moment { at, seq: player.view().seq }), ..permalink }
}

#[test]
fn each_moment_of_the_document_shows_what_the_document_says() {
    let mut table = document::head(&["moment", "what to look for", "the page says"]);
    for (title, look, run, at_ms) in ALL {
        let link = link(run, at_ms);
        let view = Player::open(&link).view().clone();
        let headline = Headline::of(&view).text(&view);
        table += &document::row([&format!("[{title}]({PAGE}#{})", link.text()), look, &headline]);
    }
    document::check(MOMENTS, "moments", &table);
}
