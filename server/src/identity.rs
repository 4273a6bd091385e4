//! Ids of members for which none was chosen.
//!
//! They follow from the name. So a tie between equal attributes, which the higher id wins, ends the same
//! way each time that the same ring is started.

use ringleader_shared::{NodeId, NodeName};
use uuid::Uuid;

/// The namespace of the ids, drawn once for this project.
const NAMESPACE: Uuid = Uuid::from_u128(0x5d0f_6c1b_7a2e_4f4e_9b7d_3c1a_e0d4_82f6);

/// The id of the member that has this name: a UUID v5 (RFC 9562). `turn` counts the members of a run that had
/// the name before, from 0: a name that is removed and added again is another member.
#[must_use]
pub fn derived(name: &NodeName, turn: u32) -> NodeId {
    // No name contains a slash.
    let text = if turn == 0 { name.to_string() } else { format!("{name}/{turn}") };
    NodeId(Uuid::new_v5(&NAMESPACE, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_from_the_name_and_the_turn() {
        let ids: Vec<String> = [("A", 0), ("B", 0), ("A", 1), ("a", 0)]
            .map(|(name, turn)| derived(&name.parse().expect("a name"), turn).to_string())
            .to_vec();
        // As Python's uuid.uuid5 computes them.
        let expected = [
            "3b61b099-d16b-5977-9669-f91676c47bcf",
            "028c48dc-d2e1-5ac5-ba24-a106ba9dc278",
            "4a3798bb-c268-5048-81e9-ec33263f2477",
            "5ae66a9e-0178-5198-a38c-384d96382c1f",
        ];
        assert_eq!(ids, expected);
    }
}
