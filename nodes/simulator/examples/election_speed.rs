//! Speed of the engine of the classic algorithms: 2,000 rings of 1,000 members, Chang–Roberts, random
//! latencies. `cargo xtask bench wasm` runs it natively, where it prints the seconds that it took, and in
//! Chromium, whose page measures them.

use std::hint::black_box;

use ringleader_simulator::algorithms::{Election, Pace, Settings};
use ringleader_simulator::classic::ChangRoberts;

fn main() {
    #[cfg(not(target_family = "wasm"))]
    let begun = std::time::Instant::now();
    for seed in 0..2_000 {
        let settings = Settings { pace: Pace::Uniform, seed, ..Settings::new(1_000) };
        black_box(Election::<ChangRoberts<u32>>::new(settings).run().messages);
    }
    #[cfg(not(target_family = "wasm"))]
    println!("{}", begun.elapsed().as_secs_f64());
}
