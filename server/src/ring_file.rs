//! Which nodes the ring has: from a file, a list of attributes, or a number.

use std::path::Path;

use anyhow::{Context, bail};
use ringleader_shared::ring::MAX_MEMBERS;
use ringleader_shared::{AlgorithmName, Attribute, NodeName, RingSettings, Safety};
use serde::Deserialize;
use toml::Spanned;

use crate::cli::{ServeOptions, default_attributes};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RingFile {
    #[serde(default)]
    safety: Safety,
    #[serde(default)]
    algorithm: AlgorithmName,
    #[serde(default)]
    node: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Spanned<String>,
    attribute: Spanned<u64>,
}

/// What the ring is made of.
#[derive(Debug)]
pub struct Ring {
    /// Names and attributes, in ring order.
    pub members: Vec<(NodeName, Attribute)>,
    /// The settings of the ring.
    pub settings: RingSettings,
}

/// The ring that the flags ask for. A flag counts more than what the file says.
///
/// # Errors
/// When the file can't be read or breaks a rule (with the line), or the number of nodes is out of bounds.
pub fn ring(options: &ServeOptions) -> anyhow::Result<Ring> {
    let flags = options.settings();
    let attributes: Vec<Attribute> = match (&options.ring, &options.attributes, options.nodes) {
        (Some(path), ..) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("reading the ring file {}", path.display()))?;
            let ring = parse(&text, path)?;
            return Ok(Ring { settings: ring.settings.with(&flags), ..ring });
        }
        (None, Some(attributes), _) => attributes.iter().copied().map(Attribute).collect(),
        (None, None, nodes) => default_attributes(nodes.unwrap_or(4)).collect(),
    };
    if attributes.is_empty() || attributes.len() > MAX_MEMBERS {
        bail!("a ring has 1 to {MAX_MEMBERS} nodes, not {}", attributes.len());
    }
    if let Some(attribute) = attributes.iter().find(|attribute| **attribute > Attribute::MAX) {
        bail!("the attribute {attribute} is too large: at most {}", Attribute::MAX);
    }
    let members = attributes.into_iter().enumerate();
    let members = members.map(|(n, attribute)| (NodeName::nth(n), attribute)).collect();
    Ok(Ring { members, settings: RingSettings::default().with(&flags) })
}

/// Reads a ring file; `path` is what it is called in errors.
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
            error.message()
        ),
    };
    let mut members: Vec<(NodeName, Attribute)> = Vec::new();
    for entry in &file.node {
        let place = at(entry.name.span().start);
        let name: NodeName = entry.name.get_ref().parse().with_context(|| place.clone())?;
        if members.iter().any(|(other, _)| *other == name) {
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
        members.push((name, attribute));
    }
    match members.len() {
        0 => bail!(
            "{}: no nodes. Write one [[node]] with a name and an attribute for each member, in ring order",
            path.display()
        ),
        n if n > MAX_MEMBERS => bail!("{}: {n} nodes; a ring has at most {MAX_MEMBERS}", path.display()),
        _ => {
            let RingFile { safety, algorithm, .. } = file;
            Ok(Ring { members, settings: RingSettings { safety, algorithm, ..RingSettings::default() } })
        }
    }
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
            ring.members.iter().map(|(name, attribute)| format!("{name}{attribute}")).collect();
        assert_eq!(names, ["b2", "a1"]);
    }

    #[test]
    fn a_ring_file_can_ask_for_a_quorum() {
        let text = "safety = \"quorum\"\n[[node]]\nname = \"a\"\nattribute = 1\n";
        assert_eq!(parse(text, Path::new("ring.toml")).expect("a good file").settings.safety, Safety::Quorum);
    }

    #[test]
    fn a_bad_ring_file_says_where_and_what() {
        for (text, says) in [
            ("", vec!["no nodes"]),
            ("[[node]]\nname = \"a\"\n", vec!["line 1", "attribute"]),
            ("[[node]]\nname = \"a\"\nattribute = \"x\"\n", vec!["line 3", "expected"]),
            ("[[node]]\nname = \"a\"\nattribute = -1\n", vec!["line 3"]),
            (
                "[[node]]\nname = \"a\"\nattribute = 1\n[[node]]\nname = \"a\"\nattribute = 2\n",
                vec!["line 5", "already"],
            ),
            ("[[node]]\nname = \"a b\"\nattribute = 1\n", vec!["line 2", "letters"]),
            ("[[node]]\nname = \"a\"\nattribute = 1\ncolour = 2\n", vec!["line 4", "colour"]),
            ("[[node]]\nname = \"a\"\nattribute = 9007199254740992\n", vec!["line 3", "too large"]),
            ("[[node]\n", vec!["line 1"]),
            ("safety = \"most\"\n", vec!["line 1", "available", "quorum"]),
            ("algorithm = \"raft\"\n", vec!["line 1", "raft", "max-ring", "chang-roberts"]),
        ] {
            let error = error(text);
            assert!(says.iter().all(|words| error.contains(words)), "{text:?}: {error}");
        }
    }
}
