//! The nodes of the ring: from a file, a list of attributes, or a number.

mod text;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use ringleader_shared::ring::MAX_MEMBERS;
use ringleader_shared::{AlgorithmName, Attribute, NodeId, NodeName, RingSettings, Safety, Succession};
use serde::Deserialize;
use toml::Spanned;
use uuid::Uuid;

use crate::cli::{ServeOptions, default_attributes};
use crate::identity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RingFile {
    #[serde(default)]
    safety: Safety,
    #[serde(default)]
    succession: Succession,
    #[serde(default)]
    algorithm: AlgorithmName,
    start: Option<Start>,
    #[serde(default)]
    node: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    initiators: Spanned<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Spanned<String>,
    attribute: Spanned<u64>,
    #[serde(default = "may_lead")]
    eligible: bool,
    id: Option<Spanned<String>>,
}

const fn may_lead() -> bool {
    true
}

/// A member of a ring that is not formed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberConfig {
    /// Its name.
    pub name: NodeName,
    /// Its priority.
    pub attribute: Attribute,
    /// Whether it may lead and be deputy.
    pub eligible: bool,
    /// Its id: the chosen one, else the one that follows from its name.
    pub id: NodeId,
}

impl MemberConfig {
    fn named(name: NodeName, attribute: Attribute) -> Self {
        Self { id: identity::derived(&name, 0), name, attribute, eligible: true }
    }
}

/// The configuration of a ring.
#[derive(Debug)]
pub struct Ring {
    /// The members in ring order.
    pub members: Vec<MemberConfig>,
    /// The settings of the ring.
    pub settings: RingSettings,
    /// The members that initiate an election as soon as all are ready. Empty when none does.
    pub start: Vec<NodeName>,
}

/// Returns the ring that the flags ask for. A flag takes precedence over the file.
///
/// # Errors
/// When the file can't be read or breaks a rule (with the line), or the number of nodes is out of bounds.
pub fn ring(options: &ServeOptions) -> anyhow::Result<Ring> {
    let flags = options.settings();
    if let Some(path) = &options.ring {
        let ring = parse(&text::read(path)?, path)?;
        let members = not_eligible(ring.members, &options.ineligible)?;
        return Ok(Ring { members, settings: ring.settings.with(&flags), start: ring.start });
    }
    let count = options.attributes.as_ref().map_or(options.nodes.unwrap_or(4), Vec::len);
    // Checked before a list of this length is made.
    if !(1..=MAX_MEMBERS).contains(&count) {
        bail!("a ring has 1 to {MAX_MEMBERS} nodes, not {count}");
    }
    let attributes = options.attributes.clone().unwrap_or_else(|| default_attributes(count).collect());
    let members = attributes.into_iter().enumerate();
    let members = members.map(|(n, attribute)| MemberConfig::named(NodeName::nth(n), attribute));
    let members = not_eligible(members.collect(), &options.ineligible)?;
    Ok(Ring { members, settings: RingSettings::default().with(&flags), start: Vec::new() })
}

/// Restores the former id of each member whose id follows from its name, unless another member has that
/// id.
pub fn keep_ids(members: &mut [MemberConfig], id_of: impl Fn(&NodeName) -> Option<NodeId>) {
    for place in 0..members.len() {
        let Some(member) =
            members.get(place).filter(|member| member.id == identity::derived(&member.name, 0))
        else {
            continue;
        };
        let former = id_of(&member.name).filter(|id| members.iter().all(|other| other.id != *id));
        if let (Some(id), Some(member)) = (former, members.get_mut(place)) {
            member.id = id;
        }
    }
}

/// Marks the members with these names as not eligible.
fn not_eligible(mut members: Vec<MemberConfig>, names: &[NodeName]) -> anyhow::Result<Vec<MemberConfig>> {
    for name in names {
        let Some(member) = members.iter_mut().find(|member| member.name == *name) else {
            let all: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            bail!("--ineligible {name}: there is no such node; there are: {}", all.join(", "));
        };
        member.eligible = false;
    }
    Ok(members)
}

/// Parses a ring file. Errors name it by `path`.
///
/// # Errors
/// When it breaks a rule, with the line.
pub fn parse(text: &str, path: &Path) -> anyhow::Result<Ring> {
    let line = |offset: usize| text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
    let at = |offset: usize| format!("{}, line {}", path.display(), line(offset));
    let file: RingFile = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => bail!(
            "{}: {}",
            error.span().map_or_else(|| path.display().to_string(), |span| at(span.start)),
            plain(error.message())
        ),
    };
    let mut members: Vec<MemberConfig> = Vec::new();
    let mut ids: BTreeMap<NodeId, NodeName> = BTreeMap::new();
    for entry in &file.node {
        let place = at(entry.name.span().start);
        let name: NodeName = entry.name.get_ref().parse().with_context(|| place.clone())?;
        if members.iter().any(|other| other.name == name) {
            bail!("{place}: there is a node {name} already; names must differ");
        }
        let attribute = Attribute(*entry.attribute.get_ref());
        if attribute > Attribute::MAX {
            bail!(
                "{}: the attribute is too large: at most {}",
                at(entry.attribute.span().start),
                Attribute::MAX
            );
        }
        let mut member = MemberConfig { eligible: entry.eligible, ..MemberConfig::named(name, attribute) };
        let mut place = place;
        if let Some(id) = &entry.id {
            place = at(id.span().start);
            member.id = chosen_id(id.get_ref()).with_context(|| place.clone())?;
        }
        if let Some(other) = ids.insert(member.id, member.name.clone()) {
            bail!("{place}: {} has the id of {other}; ids must differ", member.name);
        }
        members.push(member);
    }
    match members.len() {
        0 => bail!(
            "{}: no nodes. Write one [[node]] with a name and an attribute for each member, in ring order",
            path.display()
        ),
        n if n > MAX_MEMBERS => bail!("{}: {n} nodes; a ring has at most {MAX_MEMBERS}", path.display()),
        _ => {}
    }
    let mut start: Vec<NodeName> = Vec::new();
    if let Some(Start { initiators }) = &file.start {
        for initiator in initiators.get_ref() {
            let place = at(initiator.span().start);
            let name = initiator.get_ref();
            match members.iter().find(|member| member.name.as_str() == name) {
                None => bail!("{place}: there is no node {name:?} in this file to initiate an election"),
                Some(member) if start.contains(&member.name) => {
                    bail!("{place}: {name} is named twice; it initiates once")
                }
                Some(member) => start.push(member.name.clone()),
            }
        }
        if start.is_empty() {
            let place = at(initiators.span().start);
            bail!("{place}: initiators names nobody; name a node, or leave [start] out");
        }
    }
    let RingFile { safety, succession, algorithm, .. } = file;
    let settings = RingSettings { safety, succession, algorithm, ..RingSettings::default() };
    Ok(Ring { members, settings, start })
}

/// Parses an id that a person wrote.
fn chosen_id(text: &str) -> anyhow::Result<NodeId> {
    match text.parse::<Uuid>() {
        Ok(id) if id.is_nil() => {
            bail!("the nil UUID is no node's id; leave the id out, and it follows from the name")
        }
        Ok(id) => Ok(NodeId(id)),
        Err(_) => bail!(
            "{text:?} is no id; write a UUID like \"6ba7b810-9dad-41d1-80b4-00c04fd430c8\", or leave the id out, and it follows from \
             the name"
        ),
    }
}

/// An error of the TOML reader, without Rust's names of types.
fn plain(message: &str) -> String {
    message.trim().replace("expected u64", "expected a whole number from 0 up")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_text_makes_the_reader_panic(spoils in prop::collection::vec((0_usize..90, any::<char>(), 0_usize..9), 0..6)) {
            let mut text = "safety = \"quorum\"\n[[node]]\nname = \"a\"\nattribute = 90\n[[node]]\nname = \"b\"\nattribute = 1\n".to_owned();
            for (place, letter, takes) in spoils {
                let place = (0..=place.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                let rest: String = text[place..].chars().skip(takes).collect();
                text.truncate(place);
                text.push(letter);
                text.push_str(&rest);
            }
            if let Ok(ring) = parse(&text, Path::new("ring.toml")) {
                prop_assert!((1..=MAX_MEMBERS).contains(&ring.members.len()));
            }
        }
    }

    fn error(text: &str) -> String {
        format!("{:#}", parse(text, Path::new("ring.toml")).expect_err(text))
    }

    #[test]
    fn a_ring_file_gives_names_and_attributes_in_ring_order() {
        let text = "[[node]]\nname = \"b\"\nattribute = 2\n\n[[node]]\nname = \"a\"\nattribute = 1\n";
        let ring = parse(text, Path::new("ring.toml")).expect("a good file");
        assert_eq!(ring.settings, RingSettings::default());
        let names: Vec<String> =
            ring.members.iter().map(|member| format!("{}{}", member.name, member.attribute)).collect();
        assert_eq!(names, ["b2", "a1"]);
    }

    #[test]
    fn a_ring_file_can_ask_for_a_quorum() {
        let text = "safety = \"quorum\"\n[[node]]\nname = \"a\"\nattribute = 1\n";
        assert_eq!(parse(text, Path::new("ring.toml")).expect("a good file").settings.safety, Safety::Quorum);
    }

    #[test]
    fn an_id_is_the_one_that_was_given_or_follows_from_the_name() {
        let text = "[[node]]\nname = \"a\"\nattribute = 1\n\n[[node]]\nname = \"b\"\nattribute = 1\n\
                    id = \"6ba7b810-9dad-41d1-80b4-00c04fd430c8\"\n";
        let [a, b]: [MemberConfig; 2] = parse(text, Path::new("ring.toml"))
            .expect("a good file")
            .members
            .try_into()
            .expect("two members");
        assert_eq!(a.id, identity::derived(&a.name, 0));
        assert_eq!(b.id.to_string(), "6ba7b810-9dad-41d1-80b4-00c04fd430c8");
    }

    #[test]
    fn a_ring_file_can_ask_for_an_election_at_the_start() {
        let text = "[start]\ninitiators = [\"b\"]\n[[node]]\nname = \"a\"\nattribute = 1\n[[node]]\nname = \"b\"\nattribute = 2\n";
        let start = parse(text, Path::new("ring.toml")).expect("a good file").start;
        assert_eq!(start.iter().map(NodeName::as_str).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn a_ring_file_can_do_without_a_deputy() {
        let text = "succession = \"election\"\n[[node]]\nname = \"a\"\nattribute = 1\n";
        let ring = parse(text, Path::new("ring.toml")).expect("a good file");
        assert_eq!(ring.settings.succession, Succession::Election);
    }

    #[test]
    fn a_ring_file_says_who_may_not_lead() {
        let text = "[[node]]\nname = \"a\"\nattribute = 1\neligible = false\n[[node]]\nname = \"b\"\nattribute = 2\n";
        let ring = parse(text, Path::new("ring.toml")).expect("a good file");
        assert_eq!(ring.members.iter().map(|node| node.eligible).collect::<Vec<_>>(), [false, true]);
        let both = ["a", "b"].map(|name| name.parse().expect("a name"));
        let members = not_eligible(ring.members, &both).expect("both are there");
        assert!(members.iter().all(|node| !node.eligible));
        let error =
            not_eligible(members, &["c".parse().expect("a name")]).expect_err("no such node").to_string();
        assert!(error.contains("--ineligible c") && error.contains("a, b"), "{error}");
    }

    #[test]
    fn a_bad_ring_file_says_where_and_what() {
        for (text, says) in [
            ("", vec!["no nodes"]),
            ("[[node]]\nname = \"a\"\n", vec!["line 1", "attribute"]),
            ("[[node]]\nname = \"a\"\nattribute = \"x\"\n", vec!["line 3", "expected"]),
            ("[[node]]\nname = \"a\"\nattribute = -1\n", vec!["line 3", "a whole number from 0 up"]),
            (
                "[[node]]\nname = \"a\"\nattribute = 1\n[[node]]\nname = \"a\"\nattribute = 2\n",
                vec!["line 5", "already"],
            ),
            ("[[node]]\nname = \"a b\"\nattribute = 1\n", vec!["line 2", "letters"]),
            ("[[node]]\nname = \"a\"\nattribute = 1\ncolour = 2\n", vec!["line 4", "colour"]),
            ("[[node]]\nname = \"a\"\nattribute = 9007199254740992\n", vec!["line 3", "too large"]),
            ("[[node]\n", vec!["line 1"]),
            ("[[node]]\nname = \"M\u{fc}ller\"\nattribute = 1\n", vec!["line 2", "A to Z", "\u{fc}"]),
            (
                "[[node]]\nname = \"a\"\nattribute = 1\nid = \"7\"\n",
                vec!["line 4", "\"7\" is no id", "leave the id out"],
            ),
            (
                "[[node]]\nname = \"a\"\nattribute = 1\nid = \"00000000-0000-0000-0000-000000000000\"\n",
                vec!["line 4", "nil UUID"],
            ),
            (
                "[[node]]\nname = \"a\"\nattribute = 1\nid = \"6ba7b810-9dad-41d1-80b4-00c04fd430c8\"\n\
                 [[node]]\nname = \"b\"\nattribute = 1\nid = \"6BA7B8109DAD41D180B400C04FD430C8\"\n",
                vec!["line 8", "b has the id of a"],
            ),
            (
                "[[node]]\nname = \"a\"\nattribute = 1\n[start]\ninitiators = []\n",
                vec!["line 5", "names nobody"],
            ),
            (
                "[[node]]\nname = \"a\"\nattribute = 1\n[start]\ninitiators = [\n\"a\",\n\"b\"]\n",
                vec!["line 7", "no node \"b\""],
            ),
            (
                "[[node]]\nname = \"a\"\nattribute = 1\n[start]\ninitiators = [\"a\", \"a\"]\n",
                vec!["line 5", "twice"],
            ),
            ("[[nodes]]\nname = \"a\"\n", vec!["line 1", "nodes", "node"]),
            ("safety = \"most\"\n", vec!["line 1", "available", "quorum"]),
            ("succession = \"heir\"\n", vec!["line 1", "deputy", "election"]),
            ("algorithm = \"raft\"\n", vec!["line 1", "raft", "max-ring", "chang-roberts"]),
        ] {
            let error = error(text);
            assert!(says.iter().all(|words| error.contains(words)), "{text:?}: {error}");
        }
    }
}
