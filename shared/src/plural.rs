//! Numbers with their nouns.

/// A count with its noun: `1 message`, `2 messages`. The plural of the noun takes an *s*.
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_none_is_plural() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "hop")), ["0 hops", "1 hop", "2 hops"]);
    }
}
