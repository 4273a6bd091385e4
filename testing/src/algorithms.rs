//! Algorithms for tests: a test of each by its name, and random choices that a new algorithm does not change.

use std::hash::Hasher;

use fnv::FnvHasher;
#[doc(hidden)]
pub use ringleader_shared::{AlgorithmName, classic_algorithms};

/// Makes one test for each classic algorithm out of a function that takes its name: of `decides`, the tests
/// `decides::peterson`, `decides::franklin` and so on, so that `cargo test -- peterson` runs Peterson's.
///
/// ```ignore
/// fn decides(algorithm: AlgorithmName) { … }
/// fn survives(algorithm: AlgorithmName) { … }
/// each_classic!(decides);
/// each_classic!(if |name| properties(name).among_processes => survives);
/// ```
#[macro_export]
macro_rules! each_classic {
    ($($check:ident),+ $(,)?) => { $crate::each_classic!(if |_| true => $($check),+); };
    (if $applies:expr => $($check:ident),+ $(,)?) => {
        $($crate::algorithms::classic_algorithms! { [$crate::each_classic] { @of $check ($applies) } })+
    };
    (@of $check:ident ($applies:expr) $($algorithm:ident $test:ident $key:literal)+) => {
        mod $check {
            #[allow(unused_imports, reason = "the condition may need them")]
            use super::*;
            use $crate::algorithms::AlgorithmName;

            $(#[test]
            fn $test() {
                let applies: fn(AlgorithmName) -> bool = $applies;
                if applies(AlgorithmName::$algorithm) {
                    super::$check(AlgorithmName::$algorithm);
                }
            })+
        }
    };
}

/// An algorithm for a number that was drawn, each as likely. The choice depends on the names alone: an
/// algorithm that is added takes its share of all numbers, and every other number keeps the one that it had.
#[must_use]
pub fn drawn(number: u64) -> AlgorithmName {
    let weight = |name: &AlgorithmName| mixed(number ^ seed(*name));
    AlgorithmName::ALL.into_iter().max_by_key(weight).unwrap_or_default()
}

/// A seed for the tests of one algorithm, which follows from its name and not from its place in a list.
#[must_use]
pub fn seed(name: AlgorithmName) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(name.key().as_bytes());
    mixed(hasher.finish())
}

/// The finisher of SplitMix64: each bit of the result depends on each bit of the state.
const fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_drawn_about_as_often() {
        let count = |name| (0..12_000).filter(|number| drawn(*number) == name).count();
        for name in AlgorithmName::ALL {
            assert!(count(name).abs_diff(12_000 / AlgorithmName::ALL.len()) < 150, "{name}: {}", count(name));
        }
    }
}
