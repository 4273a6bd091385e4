//! The terms of the page and their meanings, for the help panel and for tooltips.

/// Each term and its meaning.
pub(crate) const TERMS: &[(&str, &str)] = &[
    ("leader", "The node that all others follow. It won the election: its attribute is the highest."),
    (
        "deputy",
        "The second best node. It watches the leader by heartbeats and takes over when the leader is lost.",
    ),
    ("candidate", "A node that takes part in an election and may still win."),
    ("follower", "A node that follows the leader."),
    ("attribute", "The priority of a node: the highest one wins an election."),
    ("term", "The number of an election. A newer term supersedes all older ones."),
    ("next", "The successor: the node to which this one sends its ring messages."),
    (
        "election",
        "The part of this node in an election of a classic algorithm: asleep, active (it may win), waiting, relay \
                  (it only passes messages on) or done; with the phase or round, where the algorithm counts them.",
    ),
    ("restarts", "How often the process of this node was started again."),
    ("pid", "The id of the process on this machine."),
    ("port", "The port on which this node accepts links from other nodes."),
    ("heartbeat", "Pings between leader and deputy, by which each notices that the other is gone."),
    (
        "quorum",
        "A majority of all nodes. With the quorum on, a leader needs one, so that there are never two leaders.",
    ),
    ("messages", "Messages that this election put on links, the announcement of its result included."),
    ("hops", "Messages that arrived: links crossed."),
    (
        "upkeep",
        "News between neighbours of who leads, sent when a link comes up or a message was lost. They are no \
                part of the election.",
    ),
    (
        "first message to settled",
        "From the first message of this election until the leader knows that every node follows it. How \
                                  long there was no leader is shown above the ring.",
    ),
    (
        "formula",
        "The messages of an undisturbed election with one initiator: links from the initiator to the winner, one lap \
                 home, one lap to announce.",
    ),
];

/// The meaning of a term; empty for a word that is not one.
pub(crate) fn meaning(term: &str) -> &'static str {
    TERMS.iter().find(|(word, _)| *word == term).map_or("", |(_, meaning)| meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_is_explained_once_in_full_sentences() {
        for (place, (term, meaning)) in TERMS.iter().enumerate() {
            assert!(meaning.ends_with('.') && meaning.len() > 20, "{term}");
            assert!(TERMS[..place].iter().all(|(other, _)| other != term), "{term} twice");
        }
    }
}
