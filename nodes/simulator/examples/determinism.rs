//! Cases whose runs are the same everywhere, byte for byte: natively and in WASM, with every optimisation. Ends with 0 when
//! they are, with the number of the first that is not otherwise, 254
//! for the session, 255 for the classic elections.
//!
//! `tests/determinism.rs` checks them too, and says what a new fingerprint is.

use std::process::ExitCode;
use std::time::Duration;

use ringleader_simulator::algorithms::{Election, Pace, Settings, TICKS};
use ringleader_simulator::classic::{self, Classic, Visitor};
use ringleader_simulator::{Action, Case, Session, Setup, trace};

/// Each case with the fingerprint of everything that it tells.
pub(crate) const GOLDEN: [(&str, u64); 8] = [
    (
        "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D; 500000us start D",
        0x029d_ddab_9129_25f1,
    ),
    (
        "seed 2; ring 3 1 2 1 3; exponential 1000us; 20000us initiate B; 0us initiate D; 9000us pause A; \
         400000us resume A; 0us kill E; 0us start E",
        0x7572_e5ca_4854_2af8,
    ),
    (
        "seed 3; ring 2 2 2 2; constant 500us; 20000us initiate A; 0us disturb A B exponential 4000us drop 200 \
         duplicate 200 reorder 300; 0us disturb C D uniform 0us 20000us drop 100 duplicate 500 reorder 500; \
         300000us initiate C; 100000us initiate B; 800000us mend A B",
        0x3247_7007_e76e_5bbe,
    ),
    (
        "seed 4; ring 1 2 3; quorum; uniform 50us 3000us; 20000us initiate A; 0us drift B 50; 0us drift C -50; \
         900000us kill C; 1500000us start C; 300000us cut A B; 500000us mend A B",
        0x187a_c2fc_192c_d312,
    ),
    (
        "seed 5; ring 1 2; exponential 300us; 20000us initiate A; 5000us add 7; 100000us add 0; 50000us remove B; \
         100000us attribute A 9; 0us initiate A; 400000us remove C",
        0xb834_9531_26fe_7a53,
    ),
    (
        "seed 6; ring 5 4 3 2 1 0; uniform 0us 100us; 20000us initiate F; 200000us sever A B; 0us sever A F; \
         0us cut C D; 700000us mend A B; 0us drift E 200; 0us drift F -200; 0us initiate E",
        0x97ef_4a39_ded2_9bad,
    ),
    (
        "seed 7; ring 3 5 1 4 2; franklin; uniform 50us 3000us; 20000us initiate A; 2000us kill B; 300000us start B; \
         200000us algorithm bully; 9000us initiate C; 300000us kill B",
        0xd695_a251_00ef_0841,
    ),
    (
        "seed 8; ring 1 1 1 1; itai-rodeh; exponential 700us; 20000us initiate A; 0us initiate C; 400000us kill D",
        0xa76d_10f4_7d5e_912d,
    ),
];

/// The fingerprint of a session in which somebody goes forward and back and does this and that.
pub(crate) const GOLDEN_SESSION: u64 = 0xfcc6_fdef_0180_1542;

/// What that session shows now, and what it shows when its text is played.
pub(crate) fn sessions() -> [u64; 2] {
    let ms = Duration::from_millis;
    let mut session = Session::new(Setup::of(&[5, 3, 8, 1, 9, 2, 7, 4]).seed(11));
    session.play_until(ms(20), usize::MAX);
    session.act(Action::InitiateAll);
    while !session.play_until(ms(900), 7) {}
    session.act(Action::Kill(4));
    session.play_until(ms(2_000), usize::MAX);
    session.seek(ms(23));
    for _ in 0..9 {
        session.step();
        session.step();
        session.step_back();
    }
    session.act(Action::Pause(2));
    session.act(Action::Cut { from: 5, to: 6 });
    session.play_until(ms(1_500), usize::MAX);
    session.act(Action::Initiate(0));
    session.seek(ms(300));
    session.seek(session.end());
    let mut again = Session::of(&session.case());
    again.play_until(session.end(), usize::MAX);
    [session, again].map(|session| {
        let flights = session.in_flight().into_iter().map(|flight| {
            let (sent, arrives) = (flight.sent.as_nanos(), flight.arrives.as_nanos());
            format!("{} {} {sent} {arrives} {};", flight.from, flight.to, flight.doomed)
        });
        let text = flights.collect::<String>() + &session.case().to_string();
        let words = text.bytes().map(u64::from).chain([trace::fingerprint(session.events())]);
        fnv(words)
    })
}

/// FNV-1a, 64 bits.
fn fnv(words: impl Iterator<Item = u64>) -> u64 {
    words.fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The fingerprint of what the classic algorithms count, all of them, at every pace.
pub(crate) const GOLDEN_ELECTIONS: u64 = 0x0a16_2e0c_1bda_bf31;

/// What they count now.
pub(crate) fn elections() -> u64 {
    struct Counted;
    impl Visitor for Counted {
        type Output = [u64; 12];

        fn visit<A: Classic<u32>>(self) -> [u64; 12] {
            let mut counted = [0; 12];
            for (at, pace) in [Pace::Unit, Pace::Uniform, Pace::Exponential].into_iter().enumerate() {
                let outcome = Election::<A>::new(Settings { pace, seed: 9, ..Settings::new(64) }).run();
                // Whole ticks, which are powers of two: exact.
                let ticks = (outcome.ended * TICKS as f64) as u64;
                let leader = outcome.leader.map_or(u64::MAX, u64::from);
                counted[at * 4..at * 4 + 4].copy_from_slice(&[outcome.messages, outcome.told, ticks, leader]);
            }
            counted
        }
    }
    fnv(classic::ALL.iter().filter_map(|properties| classic::visit(properties.key, Counted)).flatten())
}

fn main() -> ExitCode {
    if elections() != GOLDEN_ELECTIONS {
        return ExitCode::from(u8::MAX);
    }
    if sessions() != [GOLDEN_SESSION; 2] {
        return ExitCode::from(u8::MAX - 1);
    }
    for (number, (case, golden)) in (1..).zip(GOLDEN) {
        let same = case.parse::<Case>().is_ok_and(|case| case.fingerprint() == golden);
        if !same {
            return ExitCode::from(number);
        }
    }
    ExitCode::SUCCESS
}
