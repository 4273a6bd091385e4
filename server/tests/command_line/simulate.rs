//! `ringleader simulate`: its output, traces, plots and refusals.

use ringleader_shared::AlgorithmName;

use super::{assert_refused, printed, ring_file, run_with};

#[test]
fn a_simulation_says_what_it_counted_and_the_same_again_for_the_same_seed() {
    let arguments =
        ["simulate", "--algorithm", "chang-roberts", "--nodes", "1000", "--ids", "worst", "--runs", "3"];
    let output = run_with(&arguments, &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("500,500"), "n(n+1)/2 messages: {said}");
    assert!(output.stderr.is_empty(), "no progress where nobody watches");

    let csv = |seed: &str| {
        let arguments =
            ["simulate", "--compare", "all", "--nodes", "16..64", "--seed", seed, "--format", "csv"];
        let text = String::from_utf8(run_with(&arguments, &[]).stdout).unwrap();
        text.lines().map(|line| line.split(',').take(6).collect::<Vec<_>>().join(",")).collect::<Vec<_>>()
    };
    assert_eq!(csv("7"), csv("7"));
    assert_ne!(csv("7"), csv("8"));
    assert_eq!(csv("7").len(), 1 + AlgorithmName::ALL.len() * 3 * 5, "three sizes, five runs, and the head");
}

#[test]
fn a_textbooks_ring_is_simulated_by_its_labels_from_the_command_line_or_a_file() {
    // 3 goes one link, 7 two, 2 one, 9 all five, 4 two.
    let said = printed(&["simulate", "--labels", "3, 7,2,9,4"]);
    assert!(said.contains("leader: 9") && said.contains("5 members"), "{said}");
    assert!(said.contains("messages                              11              11"), "{said}");
    let path = ring_file("labels.txt", "3 7 # the first two\n2,9\r\n\t4\n");
    let from_file = printed(&["simulate", "--labels-file", &path, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&from_file).unwrap();
    let run = &json["results"][0]["runs"][0];
    assert_eq!((&run["messages"], &run["hops"], &run["leader"]), (&11.into(), &16.into(), &9.into()));
}

#[test]
fn who_starts_is_said_by_label_and_only_they_may_win_where_that_is_asked() {
    let leader = |more: &[&str]| {
        let arguments = [&["simulate", "--labels", "3,7,2,9,4", "--format", "json"], more].concat();
        let json: serde_json::Value = serde_json::from_str(&printed(&arguments)).unwrap();
        let result = &json["results"][0];
        (result["algorithm"].as_str().unwrap().to_owned(), result["runs"][0]["leader"].as_u64().unwrap())
    };
    assert_eq!(leader(&["--initiators", "2,4"]), ("chang-roberts".to_owned(), 9));
    let initiators = ("chang-roberts-initiators".to_owned(), 4);
    assert_eq!(leader(&["--initiators", "2,4", "--only-initiators"]), initiators);
    assert_eq!(leader(&["--initiators", "4", "--only-initiators"]), initiators, "beside labels 4 is a label");
    // Without labels a single number is the count of initiators.
    let said = printed(&["simulate", "--nodes", "9", "--initiators", "9", "--ids", "increasing", "--trace"]);
    assert!(said.contains("17 of the election"), "2n − 1: {said}");
}

#[test]
fn a_trace_is_a_numbered_solution_in_three_forms() {
    let trace = |form: &str| printed(&["simulate", "--labels", "3,7,2,9,4", "--trace", form]);
    let text = printed(&["simulate", "--labels", "3,7,2,9,4", "--trace"]);
    assert_eq!(text, trace("text"));
    for line in [
        "algorithm      Chang–Roberts (1979)",
        "ring           3 → 7 → 2 → 9 → 4 → 3",
        " 1. t = 0   3 starts: “taking part with my own label, 3”; sends #1, label 3, to 7 [active]",
        " 6. t = 1   7 receives #1, label 3, from 3: “3 goes no further here: it can't win any more”",
        "leader         9",
        "messages       11 of the election (11 label) + 5 that announce the result = 16",
        "time           decided at 5, the last message arrives at 10",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
    }
    let steps = text.lines().filter(|line| line.contains(". t = ")).count();
    assert_eq!(steps, 5 + 16, "five start, and each message arrives");
    let markdown = trace("markdown");
    let row =
        "| 6 | 1 | 7 receives #1, label 3, from 3 | “3 goes no further here: it can't win any more” |  |  |";
    assert!(markdown.lines().any(|line| line == row), "{markdown}");
    assert_eq!(markdown.lines().filter(|line| line.starts_with("| ")).count(), 2 + steps);
}

#[test]
fn every_algorithm_is_traced_and_a_trace_counts_what_the_run_counts() {
    for name in AlgorithmName::ALL {
        let ring = ["simulate", "--labels", "30,7,2,99,4,50", "--algorithm", name.key(), "--seed", "3"];
        let ring = [&ring[..], &["--latency", "exponential"]].concat();
        let json = |more: &[&str]| -> serde_json::Value {
            serde_json::from_str(&printed(&[&ring, more].concat())).unwrap()
        };
        let (traced, counted) = (json(&["--trace", "json"]), json(&["--runs", "1", "--format", "json"]));
        let run = &counted["results"][0]["runs"][0];
        for figure in ["messages", "hops", "leader", "seed"] {
            assert_eq!(traced[figure], run[figure], "{name}: {figure}");
        }
        assert_eq!(traced["ended"], run["virtual_time"], "{name}");
        let steps = traced["steps"].as_array().unwrap();
        let sends: usize = steps.iter().map(|step| step["sends"].as_array().unwrap().len()).sum();
        assert_eq!(traced["hops"], sends, "{name}: every message is shown");
        let learns = steps.iter().filter(|step| step["learns"] == traced["leader"]).count();
        assert_eq!(learns, 6, "{name}: everybody learns it");
        let text = printed(&[&ring[..], &["--trace"]].concat());
        assert!(text.contains("variant  ") && text.lines().count() > steps.len(), "{name}: {text}");
    }
}

#[test]
fn equal_labels_are_for_algorithms_that_do_not_need_them_to_differ() {
    let json = |name: &str| -> serde_json::Value {
        let ring = ["simulate", "--labels", "5,1,5", "--algorithm", name, "--trace", "json"];
        serde_json::from_str(&printed(&ring)).unwrap()
    };
    assert_eq!((&json("max-ring")["leader"], &json("max-ring")["leader_place"]), (&5.into(), &2.into()));
    assert_eq!(json("itai-rodeh")["ring"], serde_json::json!([5, 1, 5]));
    let text = printed(&["simulate", "--labels", "5,1,5", "--algorithm", "max-ring", "--trace"]);
    assert!(text.contains("leader         5#3"), "{text}");
    assert_refused(
        &["simulate", "--labels", "5,1,5", "--algorithm", "peterson"],
        &["the label 5 is given twice", "peterson", "itai-rodeh", "max-ring"],
    );
}

#[test]
fn a_simulation_is_drawn_and_reported_in_json() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("comparison.svg");
    let path = file.to_str().unwrap();
    let arguments = [
        "simulate",
        "--compare",
        "peterson,franklin",
        "--nodes",
        "8..32",
        "--format",
        "json",
        "--plot",
        path,
    ];
    let output = run_with(&arguments, &[]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["results"].as_array().unwrap().len(), 6);
    assert_eq!(json["results"][0]["algorithm"], "peterson");
    let drawn = std::fs::read_to_string(&file).unwrap();
    assert!(
        drawn.starts_with("<svg") && drawn.contains("Franklin") && drawn.ends_with("</svg>\n"),
        "{drawn}"
    );
}

#[test]
fn a_simulation_that_makes_no_sense_is_refused_with_a_reason() {
    let refused = |flags: &[&str], says: &[&str]| assert_refused(&[&["simulate"], flags].concat(), says);
    refused(&["--algorithm", "raft"], &["there is no algorithm `raft`", "chang-roberts", "max-ring"]);
    refused(&["--nodes", "0"], &["no number from 1 to 20000000"]);
    refused(&["--nodes", "5..7"], &["no power of two from 5 to 7"]);
    refused(&["--initiators", "none"], &["write `all`, `one`, how many, at least 1, or labels"]);
    refused(&["--initiators", "0"], &["at least 1"]);
    refused(&["--labels", "3,x"], &["`x` is no label", "3,7,2,9,4"]);
    refused(&["--labels", ","], &["there is no label", "3,7,2,9,4"]);
    refused(&["--labels", "3,7", "--nodes", "2"], &["cannot be used with"]);
    refused(&["--labels-file", "no/such/labels.txt"], &["can't read the labels in no/such/labels.txt"]);
    let path = ring_file("bad-labels.txt", "3 7\nnine\n");
    refused(&["--labels-file", &path], &["bad-labels.txt", "`nine` is no label"]);
    refused(
        &["--labels", "3,7,2", "--initiators", "8"],
        &["no member has the label 8", "there are: 2, 3, 7"],
    );
    refused(&["--nodes", "4", "--initiators", "1,8"], &["no member has the label 8", "1 to 4"]);
    refused(&["--algorithm", "franklin", "--only-initiators"], &["franklin", "chang-roberts-initiators"]);
    refused(&["--trace", "html"], &["text", "markdown", "json"]);
    refused(&["--trace", "--runs", "3"], &["cannot be used with"]);
    refused(&["--trace", "--nodes", "8..16"], &["one algorithm and one number of members"]);
    refused(&["--trace"], &["more than 5000 messages", "--nodes 16"]);
    refused(&["--algorithm", "peterson", "--compare", "all"], &["cannot be used with"]);
    refused(&["--nodes", "8", "--plot", "/nowhere/at/all.svg"], &["can't write /nowhere/at/all.svg"]);
}
