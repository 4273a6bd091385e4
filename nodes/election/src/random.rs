//! Seeds from seeds: what a run, a member, a schedule or a round uses when all of them follow from one seed.
//!
//! A generator with 64 bits of state gives related numbers from related states. So a number that was counted,
//! or that a person typed, is mixed before it becomes a state.

/// The step from one state of SplitMix64 to the next: 2^64 divided by the golden ratio, made odd.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The first number that SplitMix64 gives from this state. Each bit of the result depends on each bit of the
/// seed, and no two seeds have the same result.
///
/// Steele, Lea, Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014, with the constants of
/// Stafford's variant 13.
#[must_use]
pub const fn mixed(seed: u64) -> u64 {
    let state = seed.wrapping_add(STEP);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// The seed of the one with this number, from 0, of several that share a seed: as many numbers on in the
/// sequence that SplitMix64 gives from the mixed seed.
#[must_use]
pub const fn derived(seed: u64, number: u64) -> u64 {
    mixed(mixed(seed).wrapping_add(number.wrapping_mul(STEP)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_reference_implementation() {
        // splitmix64.c by Vigna, started at 1234567.
        let sequence = (0..5_u64).map(|n| mixed(1_234_567_u64.wrapping_add(n.wrapping_mul(STEP))));
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert!(sequence.eq(expected));
    }

    #[test]
    fn each_bit_of_a_seed_and_of_a_number_changes_half_of_the_bits_on_average() {
        let flipped = |from: fn(u64) -> u64| {
            let changes = (0..64_u64).flat_map(|seed| (0..64).map(move |bit| (seed, seed ^ 1 << bit)));
            changes.map(|(one, other)| (from(one) ^ from(other)).count_ones()).sum::<u32>()
        };
        // 64 · 64 changes of 64 bits: a standard deviation is 4 · 64 of 131,072.
        for from in [mixed, |seed| derived(seed, 7), |number| derived(7, number)] {
            let flipped = flipped(from);
            assert!(flipped.abs_diff(131_072) < 4 * 4 * 64, "{flipped}");
        }
    }
}
