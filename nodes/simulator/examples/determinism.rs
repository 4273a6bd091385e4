//! Cases whose runs are the same everywhere, byte for byte: natively and in WASM, with every optimisation.
//! Ends with 0 when they are, with the number of the first that is not otherwise, 254 for the session, 255
//! for the classic elections.
//!
//! Its tests check them too, one by one, and say what a new fingerprint is.

use std::hash::Hasher;
use std::process::ExitCode;
use std::time::Duration;

use fnv::FnvHasher;
use ringleader_simulator::algorithms::{Election, Pace, Settings, TICKS};
use ringleader_simulator::classic::{self, Classic, Visitor};
use ringleader_simulator::{Action, Case, Session, Setup, trace};

/// Each case with the fingerprint of everything that it reports.
const GOLDEN: [(&str, u64); 8] = [
    (
        "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D; 500000us start D",
        0x55d8_8719_bc84_9b23,
    ),
    (
        "seed 2; ring 3 1 2 1 3; exponential 1000us; 20000us initiate B; 0us initiate D; 9000us pause A; \
         400000us resume A; 0us kill E; 0us start E",
        0xd012_9078_646b_02cd,
    ),
    (
        "seed 3; ring 2 2 2 2; constant 500us; 20000us initiate A; 0us disturb A B exponential 4000us drop 200 \
         duplicate 200 reorder 300; 0us disturb C D uniform 0us 20000us drop 100 duplicate 500 reorder 500; \
         300000us initiate C; 100000us initiate B; 800000us mend A B",
        0x26e9_7cda_5a0a_d0ad,
    ),
    (
        "seed 4; ring 1 2 3; quorum; uniform 50us 3000us; 20000us initiate A; 0us drift B 50; 0us drift C -50; \
         900000us kill C; 1500000us start C; 300000us cut A B; 500000us mend A B",
        0xa296_6704_8918_466e,
    ),
    (
        "seed 5; ring 1 2; exponential 300us; 20000us initiate A; 5000us add 7; 100000us add 0; 50000us remove B; \
         100000us attribute A 9; 0us initiate A; 400000us remove C",
        0x1c3f_dbb7_6a09_0e65,
    ),
    (
        "seed 6; ring 5 4 3 2 1 0; uniform 0us 100us; 20000us initiate F; 200000us sever A B; 0us sever A F; \
         0us cut C D; 700000us mend A B; 0us drift E 200; 0us drift F -200; 0us initiate E",
        0x8e6c_8c29_d301_b34c,
    ),
    (
        "seed 7; ring 3 5 1 4 2; franklin; uniform 50us 3000us; 20000us initiate A; 2000us kill B; 300000us start B; \
         200000us algorithm bully; 9000us initiate C; 300000us kill B",
        0x52f7_aaa6_b288_cd40,
    ),
    (
        "seed 8; ring 1 1 1 1; itai-rodeh; exponential 700us; 20000us initiate A; 0us initiate C; 400000us kill D",
        0x2b5d_edbc_061f_4bbd,
    ),
];

/// The fingerprint of a session in which somebody goes forward and back and does this and that.
const GOLDEN_SESSION: u64 = 0xf4e9_42fd_794a_f208;

/// The fingerprints of that session now, and of its text when it is played.
fn sessions() -> [u64; 2] {
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

/// FNV-1a of the words, the lowest byte of each first.
fn fnv(words: impl IntoIterator<Item = u64>) -> u64 {
    let mut hasher = FnvHasher::default();
    words.into_iter().for_each(|word| hasher.write(&word.to_le_bytes()));
    hasher.finish()
}

/// The fingerprint of what each classic algorithm counts, at every pace.
const GOLDEN_ELECTIONS: &[(&str, u64)] = &[
    ("lelann", 0x9127_4878_2ad3_9f5f),
    ("chang-roberts", 0xc045_64d8_bc7d_c1e1),
    ("chang-roberts-initiators", 0xc045_64d8_bc7d_c1e1),
    ("hirschberg-sinclair", 0xbc6e_93f5_dcdd_86d0),
    ("franklin", 0xabfd_33a8_4e2f_1146),
    ("peterson", 0xf385_5cda_879e_4291),
    ("dolev-klawe-rodeh-a", 0xa036_83b5_804a_69c4),
    ("dolev-klawe-rodeh", 0x0514_fc41_f365_f7ce),
    ("bully", 0x667d_9bf1_82f1_e632),
    ("itai-rodeh", 0x6ad3_2dcd_a645_5c90),
    ("higham-przytycka", 0xbc8a_1db1_9ec2_08c2),
];

/// The counts of an algorithm now; `None` when there is no such one.
fn election(key: &str) -> Option<u64> {
    struct Counted;
    impl Visitor for Counted {
        type Output = u64;

        fn visit<A: Classic<u32>>(self) -> u64 {
            fnv([Pace::Unit, Pace::Uniform, Pace::Exponential].into_iter().flat_map(|pace| {
                let outcome = Election::<A>::new(Settings { pace, seed: 9, ..Settings::new(64) }).run();
                // Whole ticks, which are powers of two: exact.
                let ticks = (outcome.ended * TICKS as f64) as u64;
                let leader = outcome.leader.map_or(u64::MAX, u64::from);
                [outcome.messages, outcome.announced, ticks, leader]
            }))
        }
    }
    classic::visit(key, Counted)
}

fn main() -> ExitCode {
    if GOLDEN_ELECTIONS.iter().any(|(key, golden)| election(key) != Some(*golden)) {
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

#[cfg(test)]
mod tests {
    use ringleader_shared::AlgorithmName;
    use ringleader_testing::each_classic;

    use super::*;

    #[test]
    fn every_golden_case_reports_what_it_reported_when_it_was_written_down() {
        let cases = GOLDEN.map(|(text, golden)| {
            let case: Case = text.parse().expect("a case");
            (text, golden, case.fingerprint())
        });
        for (text, golden, now) in cases {
            assert_eq!(
                format!("{golden:016x}"),
                format!("{now:016x}"),
                "`{text}` has another fingerprint. If the election or the simulator was changed on purpose, these are the new \
             ones, in order: {:#x?}",
                cases.map(|(_, _, now)| now)
            );
        }
    }

    fn counts_what_it_counted(algorithm: AlgorithmName) {
        let golden =
            GOLDEN_ELECTIONS.iter().find(|(key, _)| *key == algorithm.key()).map(|(_, golden)| *golden);
        let now = election(algorithm.key()).expect("a classic algorithm");
        let [a, b, c, d] = [48, 32, 16, 0].map(|bits| now >> bits & 0xffff);
        assert_eq!(
            golden,
            Some(now),
            "if that is on purpose: (\"{algorithm}\", 0x{a:04x}_{b:04x}_{c:04x}_{d:04x})"
        );
    }

    each_classic!(counts_what_it_counted);

    #[test]
    fn a_session_shows_what_it_showed_when_it_was_written_down_and_so_does_its_text() {
        let golden = format!("{:#018x}", GOLDEN_SESSION);
        for now in sessions() {
            assert_eq!(golden, format!("{now:#018x}"), "if that is on purpose, this is the new one");
        }
    }

    #[test]
    fn golden_cases_are_fine() {
        for (text, _) in GOLDEN {
            let case: Case = text.parse().expect("a case");
            if let Some(failure) = case.failure() {
                panic!("{failure}");
            }
        }
    }
}
