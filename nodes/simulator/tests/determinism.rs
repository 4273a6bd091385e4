//! The same case tells the same on every platform, byte for byte. `cargo xtask test` asks the same of WASM and of a release
//! build, by the example.

#[path = "../examples/determinism.rs"]
#[allow(dead_code, reason = "its main is the example's")]
mod determinism;

use ringleader_simulator::Case;

#[test]
fn every_golden_case_tells_what_it_told_when_it_was_written_down() {
    let told = determinism::GOLDEN.map(|(text, golden)| {
        let case: Case = text.parse().expect("a case");
        (text, golden, case.fingerprint())
    });
    for (text, golden, now) in told {
        assert_eq!(
            format!("{golden:016x}"),
            format!("{now:016x}"),
            "`{text}` has another fingerprint. If the election or the simulator was changed on purpose, these are the new \
             ones, in order: {:#x?}",
            told.map(|(_, _, now)| now)
        );
    }
}

#[test]
fn the_classic_elections_count_what_they_counted_when_it_was_written_down() {
    let (golden, now) = (determinism::GOLDEN_ELECTIONS, determinism::elections());
    assert_eq!(
        format!("{golden:#018x}"),
        format!("{now:#018x}"),
        "if that is on purpose, this is the new one"
    );
}

#[test]
fn a_session_shows_what_it_showed_when_it_was_written_down_and_so_does_its_text() {
    let golden = format!("{:#018x}", determinism::GOLDEN_SESSION);
    for now in determinism::sessions() {
        assert_eq!(golden, format!("{now:#018x}"), "if that is on purpose, this is the new one");
    }
}

#[test]
fn golden_cases_are_fine() {
    for (text, _) in determinism::GOLDEN {
        let case: Case = text.parse().expect("a case");
        if let Some(failure) = case.failure() {
            panic!("{failure}");
        }
    }
}
