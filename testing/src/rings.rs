//! Every ring of a few members.

/// Every arrangement of the labels 1 to `n` up to rotation: the highest stays first, the others are permuted.
#[must_use]
pub fn arrangements(n: u32) -> Vec<Vec<u32>> {
    fn permute(rest: &mut Vec<u32>, fixed: usize, out: &mut Vec<Vec<u32>>) {
        if fixed >= rest.len() {
            return out.push(rest.clone());
        }
        for at in fixed..rest.len() {
            rest.swap(fixed, at);
            permute(rest, fixed + 1, out);
            rest.swap(fixed, at);
        }
    }
    let mut out = Vec::new();
    permute(&mut (1..=n).rev().collect(), 1, &mut out);
    out
}

/// Every set of at least one index in a ring of `n`: the possible sets of initiators.
pub fn initiators(n: u32) -> impl Iterator<Item = Vec<usize>> {
    (1..1_u32 << n).map(move |set| (0..n).filter(|at| set >> at & 1 == 1).map(|at| at as usize).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_as_many_arrangements_as_permutations_of_all_but_one() {
        for (n, count) in [(1, 1), (2, 1), (3, 2), (4, 6), (5, 24)] {
            let rings = arrangements(n);
            assert!(rings.iter().all(|ring| ring[0] == n && ring.len() == n as usize));
            assert_eq!((rings.len(), BTreeSet::from_iter(rings).len()), (count, count), "n = {n}");
            assert_eq!(initiators(n).count(), (1 << n) - 1);
        }
    }
}
