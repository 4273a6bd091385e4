//! Cases whose runs are the same everywhere, byte for byte: natively and in WASM, with every optimisation. Ends with 0 when
//! they are, with the number of the first that is not otherwise.
//!
//! `tests/same_everywhere.rs` checks them too, and says what a new fingerprint is.

use std::process::ExitCode;

use ringleader_simulator::Case;

/// Each case with the fingerprint of everything that it tells.
pub(crate) const GOLDEN: [(&str, u64); 6] = [
    (
        "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D; 500000us start D",
        0xbcd2_cdf9_0811_62ec,
    ),
    (
        "seed 2; ring 3 1 2 1 3; exponential 1000us; 20000us initiate B; 0us initiate D; 9000us pause A; \
         400000us resume A; 0us kill E; 0us start E",
        0x8ba0_f1fb_9563_2c03,
    ),
    (
        "seed 3; ring 2 2 2 2; constant 500us; 20000us initiate A; 0us disturb A B exponential 4000us drop 200 \
         duplicate 200 reorder 300; 0us disturb C D uniform 0us 20000us drop 100 duplicate 500 reorder 500; \
         300000us initiate C; 100000us initiate B; 800000us mend A B",
        0x4db2_574b_b013_f35a,
    ),
    (
        "seed 4; ring 1 2 3; quorum; uniform 50us 3000us; 20000us initiate A; 0us drift B 50; 0us drift C -50; \
         900000us kill C; 1500000us start C; 300000us cut A B; 500000us mend A B",
        0xf175_f9fe_fd83_c9ce,
    ),
    (
        "seed 5; ring 1 2; exponential 300us; 20000us initiate A; 5000us add 7; 100000us add 0; 50000us remove B; \
         100000us attribute A 9; 0us initiate A; 400000us remove C",
        0x9fee_0850_6a10_8833,
    ),
    (
        "seed 6; ring 5 4 3 2 1 0; uniform 0us 100us; 20000us initiate F; 200000us sever A B; 0us sever A F; \
         0us cut C D; 700000us mend A B; 0us drift E 200; 0us drift F -200; 0us initiate E",
        0xdacb_4cd9_d5ce_d633,
    ),
];

fn main() -> ExitCode {
    for (number, (case, golden)) in (1..).zip(GOLDEN) {
        let same = case.parse::<Case>().is_ok_and(|case| case.fingerprint() == golden);
        if !same {
            return ExitCode::from(number);
        }
    }
    ExitCode::SUCCESS
}
