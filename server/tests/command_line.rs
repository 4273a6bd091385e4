//! What can be written after `ringleader`, and what it says when that can't be.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::process::{Command, Output};

use ringleader_testing::server::Server;

/// Runs the program to its end. It must be one that ends by itself.
fn run_with(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ringleader"))
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .expect("the program starts")
}

/// What it says when it will not start.
fn refusal(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run_with(arguments, environment);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code().is_some_and(|code| code != 0), "{arguments:?}: {}: {said}", output.status);
    assert!(output.stdout.is_empty(), "{arguments:?}: errors go to stderr");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn assert_refused(arguments: &[&str], says: &[&str]) {
    let said = refusal(arguments, &[]);
    for words in says {
        assert!(said.contains(words), "{arguments:?} should say {words:?}, says: {said}");
    }
}

/// A file of this test's own.
fn ring_file(name: &str, text: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn help_teaches_by_examples_with_and_without_the_word_serve() {
    for arguments in [&["--help"][..], &["serve", "--help"], &["-h"]] {
        let output = run_with(arguments, &[]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}");
        for words in ["Examples:", "--nodes", "--hop-delay", "RINGLEADER_PORT", "[[node]]", "Ctrl-C"] {
            assert!(text.contains(words), "{arguments:?} lacks {words}:\n{text}");
        }
        assert!(!text.contains("--incarnation"), "how nodes are started is nobody's business");
    }
    let version = run_with(&["--version"], &[]);
    assert_eq!(
        String::from_utf8(version.stdout).unwrap().trim(),
        concat!("ringleader ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_taken_port_is_named_with_its_holder_and_the_flag_to_use() {
    let server = Server::spawn(&[]);
    let port = server.authority.rsplit(':').next().unwrap();
    let holder = format!("ringleader (process {})", server.pid());
    for arguments in [&["serve", "--port", port][..], &["--port", port]] {
        assert_refused(
            arguments,
            &[&format!("port {port} is taken by {holder}"), "choose another port: --port"],
        );
    }
}

#[test]
fn flags_that_can_not_be_are_refused_with_what_can_be() {
    let too_many = ["1"; 65].join(",");
    for (arguments, says) in [
        (&["--bogus"][..], &["--bogus", "--help"][..]),
        (&["serve", "--bogus"], &["--bogus", "--help"]),
        (&["dance"], &["dance"]),
        (&["--nodes", "0"], &["1 to 64 nodes, not 0"]),
        (&["--nodes", "65"], &["1 to 64 nodes, not 65"]),
        (&["--nodes", "-1"], &["-1"]),
        (&["--nodes", "many"], &["many", "--nodes"]),
        (&["--attributes", &too_many], &["1 to 64 nodes, not 65"]),
        (&["--attributes", "1,x"], &["x", "--attributes"]),
        (&["--nodes", "1000000000000"], &["1 to 64 nodes, not 1000000000000"]),
        (&["--attributes", "9007199254740992"], &["no whole number from 0 to 9007199254740991"]),
        (&["--attributes", "1,-5"], &["\"-5\" is no whole number from 0", "like 5,3,1"]),
        (&["--attributes", "1;2"], &["\"1;2\" is no whole number", "like 5,3,1"]),
        (&["--attributes", "5,3,"], &["missing beside a comma", "like 5,3,1"]),
        (&["--attributes", ""], &["--attributes"]),
        (&["--nodes", "2", "--attributes", "1,2"], &["--nodes", "cannot be used with", "--attributes"]),
        // An address for documentation, which no machine has.
        (&["--bind", "192.0.2.1"], &["can't open 192.0.2.1", "--bind"]),
        (&["--allow-host", "http://ring.example/"], &["ring.example:8443", "--allow-host"]),
        (&["--allow-host", "me@ring.example"], &["ring.example:8443", "--allow-host"]),
        (&["--bind", "127.0.0.1:9000"], &["--bind 127.0.0.1 --port 9000"]),
        (&["--bind", "ring.example"], &["an address of this machine", "localhost"]),
        (&["--bind", "*"], &["0.0.0.0 for all"]),
        (&["--port", "65536"], &["65536", "--port"]),
        (&["--hop-delay", "400"], &["--hop-delay", "write it like 400ms"]),
        (&["--hop-delay", "11s"], &["at most 10s"]),
        (&["--heartbeat", "1ms"], &["at least 5ms"]),
        (&["--heartbeat", "2min"], &["at most 1min"]),
        (&["--heartbeat", "50ms", "--hung-after", "50ms"], &["--hung-after must be longer than --heartbeat"]),
        (&["--heartbeat", "5ms", "--hung-after", "5001us"], &["whole milliseconds", "--hung-after"]),
        (&["--hop-delay", "1500us"], &["whole milliseconds", "--hop-delay"]),
        (&["--log", "ringleader=shout"], &["--log", "ringleader=debug,warn"]),
        (&["--log-format", "xml"], &["human", "json"]),
        (&["--port", "0", "serve"], &["serve", "--port"]),
    ] {
        assert_refused(arguments, says);
    }
}

#[test]
fn a_conflict_with_a_setting_from_the_environment_names_it() {
    let says = refusal(&["--attributes", "1,2"], &[("RINGLEADER_NODES", "3")]);
    for part in ["--nodes", "cannot be used with", "--attributes", "from the environment", "RINGLEADER_NODES"]
    {
        assert!(says.contains(part), "{part}: {says}");
    }
}

#[test]
fn a_bad_ring_file_is_refused_with_its_line() {
    for (name, text, says) in [
        ("syntax.toml", "[[node]]\nname = \n", "line 2"),
        ("field.toml", "[[node]]\nname = \"a\"\nattribute = 1\ncolour = 2\n", "line 4"),
        (
            "twice.toml",
            "[[node]]\nname = \"a\"\nattribute = 1\n[[node]]\nname = \"a\"\nattribute = 2\n",
            "line 5",
        ),
        ("role.toml", "[[node]]\nname = \"leader\"\nattribute = 1\n", "line 2"),
        ("empty.toml", "", "[[node]]"),
    ] {
        let path = ring_file(name, text);
        assert_refused(&["--ring", &path], &[name, says]);
    }
    assert_refused(&["--ring", "no/such/ring.toml"], &["no/such/ring.toml", "No such file"]);
    assert_refused(&["--ring", "/dev/zero"], &["/dev/zero", "so it is no ring file"]);
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("utf-16.toml");
    let text = "\u{feff}[[node]]\r\nname = \"a\"\r\nattribute = 1\r\n";
    std::fs::write(&path, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    assert_refused(
        &["--ring", path.to_str().unwrap()],
        &["utf-16.toml", "UTF-16", "save it as UTF-8", "iconv"],
    );
}

#[test]
fn what_people_write_is_understood() {
    let path = ring_file("marked.toml", "\u{feff}[[node]]\r\nname = \"-a\"\r\nattribute = 7\r\n");
    let help = "[[node]]\nname = \"--help\"\nattribute = 7\n";
    let other = ring_file("help.toml", help);
    for (flags, attributes) in [
        (&["--attributes", "5, 3, 1"][..], vec![5, 3, 1]),
        (&["--attributes", " 5 ,3 "], vec![5, 3]),
        (&["--bind", "localhost", "--nodes", "1"], vec![90]),
        (&["--bind", "LocalHost", "--nodes", "1"], vec![90]),
        (&["--ring", &path], vec![7]),
        // A name is no flag of the node that has it.
        (&["--ring", &other], vec![7]),
    ] {
        let server = Server::start_with(flags);
        assert!(server.authority.starts_with("127.0.0.1:"), "{flags:?}: {}", server.authority);
        let ring = server.ring();
        let found: Vec<u64> = ring.nodes.iter().map(|node| node.attribute.0).collect();
        assert_eq!(found, attributes, "{flags:?}");
    }
}

#[test]
fn a_good_ring_file_gives_names_and_order() {
    let path = ring_file(
        "good.toml",
        "[[node]]\nname = \"amber\"\nattribute = 90\n\n[[node]]\nname = \"blue\"\nattribute = 7\n",
    );
    let server = Server::start_with(&["--ring", &path]);
    let ring = server.ring();
    let nodes: Vec<_> = ring.nodes.iter().map(|node| (node.name.as_str(), node.attribute.0)).collect();
    assert_eq!(nodes, [("amber", 90), ("blue", 7)]);
}

#[test]
fn every_flag_can_come_from_the_environment_with_and_without_the_word_serve() {
    let environment = [
        ("RINGLEADER_PORT", "0"),
        ("RINGLEADER_BIND", "127.0.0.2"),
        ("RINGLEADER_ATTRIBUTES", "5,6,7"),
        ("RINGLEADER_HOP_DELAY", "7ms"),
        ("RINGLEADER_HEARTBEAT", "40ms"),
        ("RINGLEADER_HUNG_AFTER", "1s"),
        ("RINGLEADER_NODE_PORT", "0"),
        ("RINGLEADER_LOG", "error"),
        ("RINGLEADER_LOG_FORMAT", "json"),
    ];
    for arguments in [&[][..], &["serve"]] {
        let server = Server::spawn_as(arguments, &environment);
        let ring = server.wait_for("all three run", |ring| ring.live().count() == 3);
        let attributes: Vec<u64> = ring.nodes.iter().map(|node| node.attribute.0).collect();
        assert_eq!((attributes, ring.settings.hop_delay_ms), (vec![5, 6, 7], 7), "{arguments:?}");
        assert!(server.authority.starts_with("127.0.0.2:"), "{arguments:?}: {}", server.authority);
    }
    for arguments in [&["--nodes", "2"][..], &["serve", "--nodes", "2"]] {
        let environment =
            [("RINGLEADER_NODES", "3"), ("RINGLEADER_PORT", "0"), ("RINGLEADER_NODE_PORT", "0")];
        let server = Server::spawn_as(arguments, &environment);
        let ring = server.wait_for("it runs", |ring| ring.live().count() > 1);
        assert_eq!(ring.nodes.len(), 2, "{arguments:?}: a flag beats the environment");
    }
    let said = refusal(&[], &[("RINGLEADER_PORT", "abc")]);
    assert!(said.contains("abc") && said.contains("--port"), "{said}");
}

#[test]
fn ipv6_loopback_is_served_like_the_other() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        println!("this machine has no IPv6 loopback: nothing to test");
        return;
    }
    let server = Server::spawn(&["--bind", "::1"]);
    assert!(server.authority.starts_with("[::1]:"), "{}", server.authority);
    assert_eq!(server.call("GET", "/healthz", None).status, 200);
}

#[test]
fn a_program_started_as_a_node_by_hand_says_that_this_is_not_how() {
    let id = "0c786e2b-eee9-4804-a9a2-abcdde66206c";
    let node = ["node", "--name", "A", "--id", id, "--incarnation", "1", "--listen", "127.0.0.1:0"];
    assert!(refusal(&node, &[]).contains("error"));
}

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
    assert_eq!(csv("7").len(), 1 + 12 * 3 * 5, "twelve algorithms, three sizes, five runs, and the head");
}

/// What the program prints when all is well.
fn printed(arguments: &[&str]) -> String {
    let output = run_with(arguments, &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_textbooks_ring_is_simulated_by_its_labels_from_the_command_line_or_a_file() {
    // 3 goes one link, 7 two, 2 one, 9 all five, 4 two.
    let said = printed(&["simulate", "--labels", "3, 7,2,9,4"]);
    assert!(said.contains("leader: 9") && said.contains("5 members"), "{said}");
    assert!(said.contains("messages                              11              11"), "{said}");
    let path = ring_file("labels.txt", "3 7 # the first two\n2,9\r\n\t4\n");
    let from_file = printed(&["simulate", "--labels-file", &path, "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&from_file).unwrap();
    let run = &told["results"][0]["runs"][0];
    assert_eq!((&run["messages"], &run["hops"], &run["leader"]), (&11.into(), &16.into(), &9.into()));
}

#[test]
fn who_starts_is_said_by_label_and_only_they_may_win_where_that_is_asked() {
    let leader = |more: &[&str]| {
        let arguments = [&["simulate", "--labels", "3,7,2,9,4", "--format", "json"], more].concat();
        let told: serde_json::Value = serde_json::from_str(&printed(&arguments)).unwrap();
        let result = &told["results"][0];
        (result["algorithm"].as_str().unwrap().to_owned(), result["runs"][0]["leader"].as_u64().unwrap())
    };
    assert_eq!(leader(&["--initiators", "2,4"]), ("chang-roberts".to_owned(), 9));
    let initiators = ("chang-roberts-initiators".to_owned(), 4);
    assert_eq!(leader(&["--initiators", "2,4", "--only-initiators"]), initiators);
    assert_eq!(leader(&["--initiators", "4", "--only-initiators"]), initiators, "beside labels 4 is a label");
    // Without labels a single number is how many start.
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
        " 1. t = 0   3 starts: takes part with its own label, 3; sends #1, label 3, to 7 [active]",
        " 6. t = 1   7 receives #1, label 3, from 3: swallows 3: it can't win",
        "leader         9",
        "messages       11 of the election (11 label) + 5 that announce the result = 16",
        "time           decided at 5, the last message arrives at 10",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
    }
    let steps = text.lines().filter(|line| line.contains(". t = ")).count();
    assert_eq!(steps, 5 + 16, "five start, and each message arrives");
    let markdown = trace("markdown");
    let row = "| 6 | 1 | 7 receives #1, label 3, from 3 | swallows 3: it can't win |  |  |";
    assert!(markdown.lines().any(|line| line == row), "{markdown}");
    assert_eq!(markdown.lines().filter(|line| line.starts_with("| ")).count(), 2 + steps);
}

#[test]
fn every_algorithm_is_traced_and_a_trace_counts_what_the_run_counts() {
    for name in ringleader_shared::AlgorithmName::ALL {
        let ring = ["simulate", "--labels", "30,7,2,99,4,50", "--algorithm", name.key(), "--seed", "3"];
        let ring = [&ring[..], &["--latency", "exponential"]].concat();
        let told = |more: &[&str]| -> serde_json::Value {
            serde_json::from_str(&printed(&[&ring, more].concat())).unwrap()
        };
        let (traced, counted) = (told(&["--trace", "json"]), told(&["--runs", "1", "--format", "json"]));
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
    let told = |name: &str| -> serde_json::Value {
        let ring = ["simulate", "--labels", "5,1,5", "--algorithm", name, "--trace", "json"];
        serde_json::from_str(&printed(&ring)).unwrap()
    };
    assert_eq!((&told("max-ring")["leader"], &told("max-ring")["leader_place"]), (&5.into(), &2.into()));
    assert_eq!(told("itai-rodeh")["ring"], serde_json::json!([5, 1, 5]));
    let text = printed(&["simulate", "--labels", "5,1,5", "--algorithm", "max-ring", "--trace"]);
    assert!(text.contains("leader         5#3"), "{text}");
    assert_refused(
        &["simulate", "--labels", "5,1,5", "--algorithm", "peterson"],
        &["the label 5 is given twice", "peterson", "itai-rodeh", "max-ring"],
    );
}

#[test]
fn a_simulation_is_drawn_and_told_in_json() {
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
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["results"].as_array().unwrap().len(), 6);
    assert_eq!(told["results"][0]["algorithm"], "peterson");
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
    let help = String::from_utf8(run_with(&["simulate", "--help"], &[]).stdout).unwrap();
    let unbroken = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let all = refusal(&["simulate", "--algorithm", "raft"], &[]);
    let all = all.split_once("there are: ").unwrap().1.split_once(", and `all`").unwrap().0;
    assert!(all.split(", ").all(|name| unbroken.contains(name)), "help names {all}: {help}");
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
