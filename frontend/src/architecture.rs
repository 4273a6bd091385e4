//! A test of the dependencies between the top-level modules: they must not form a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Modules, each with the modules that it uses.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// The Rust files in a folder and below.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("the entry can be read").path());
    paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The top-level module of a file: its own name, or that of the folder in which it is.
fn module(file: &Path) -> String {
    let first = file.components().next().expect("a relative path");
    Path::new(&first).file_stem().expect("a name").to_string_lossy().into_owned()
}

/// The names that follow `crate::` in the code, alone or in braces.
fn used(source: &str) -> BTreeSet<String> {
    let code: Vec<&str> = source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    let mut names = BTreeSet::new();
    for path in code.split("crate::").skip(1) {
        match path.strip_prefix('{') {
            Some(group) => names.extend(first_names(group)),
            None => names.extend(name(path)),
        }
    }
    names
}

/// The first name of each path in a group, which follows its opening brace.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut is_start) = (0, Vec::new(), true);
    for (at, character) in group.char_indices() {
        match character {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => is_start = true,
            _ if is_start && !character.is_whitespace() => {
                names.extend(name(&group[at..]));
                is_start = false;
            }
            _ => {}
        }
    }
    names
}

/// The name at the beginning of a path.
fn name(path: &str) -> Option<String> {
    let name: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The dependencies in this folder of sources.
fn graph(sources: &Path) -> Graph {
    let mut graph = Graph::new();
    for file in files(sources) {
        let module = module(file.strip_prefix(sources).expect("it is in there"));
        let source = std::fs::read_to_string(&file).expect("the file can be read");
        let uses = used(&source).into_iter().filter(|used| *used != module);
        graph.entry(module.clone()).or_default().extend(uses);
    }
    graph
}

/// A circle of modules, each of which uses the next one; the first is repeated at the end.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    fn search(graph: &Graph, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        let last = path.last()?.clone();
        for next in graph.get(&last).into_iter().flatten() {
            if let Some(at) = path.iter().position(|module| module == next) {
                let mut circle = path[at..].to_vec();
                circle.push(next.clone());
                return Some(circle);
            }
            if !done.contains(next) {
                path.push(next.clone());
                let found = search(graph, path, done);
                path.pop();
                if found.is_some() {
                    return found;
                }
            }
        }
        done.insert(last);
        None
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|module| search(graph, &mut vec![module.clone()], &mut done))
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn no_two_top_level_modules_know_each_other_in_a_circle() {
    let circle = circle(&graph(&sources()));
    assert!(circle.is_none(), "a circle of modules: {}", circle.unwrap_or_default().join(" → "));
}

#[test]
fn the_state_knows_no_backend_and_no_drawing_and_commands_are_data() {
    let graph = graph(&sources());
    let uses = |module: &str| graph[module].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(uses("command"), Vec::<&str>::new());
    assert_eq!(uses("state"), ["chunk", "notice", "reactive", "testing", "text"]);
    assert_eq!(uses("sandbox"), ["command", "testing"]);
    assert_eq!(
        uses("backend"),
        ["address", "chunk", "command", "notice", "reactive", "sandbox", "state", "testing"]
    );
}

#[test]
fn paths_are_found_in_uses_groups_and_code_but_not_in_comments() {
    let source = "use crate::{app, ring::{a, b}};\n// crate::sandbox\nlet x = crate::text::duration(1);\npub(crate) fn f() {}";
    assert_eq!(used(source), ["app", "ring", "text"].map(str::to_owned).into());
}

#[test]
fn a_circle_is_named() {
    let graph: Graph = [("a", vec!["b"]), ("b", vec!["c", "d"]), ("c", vec![]), ("d", vec!["b"])]
        .into_iter()
        .map(|(module, uses)| (module.to_owned(), uses.into_iter().map(str::to_owned).collect()))
        .collect();
    assert_eq!(circle(&graph).map(|circle| circle.join(" → ")), Some("b → d → b".to_owned()));
}
