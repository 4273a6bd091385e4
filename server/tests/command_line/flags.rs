//! The flags of `ringleader`, and its messages when a flag can't be accepted.

use ringleader_testing::server::Server;

use super::{assert_refused, refusal, ring_file, run_with};

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
fn spaces_localhost_and_windows_line_ends_are_accepted() {
    let path = ring_file("marked.toml", "\u{feff}[[node]]\r\nname = \"-a\"\r\nattribute = 7\r\n");
    let help = "[[node]]\nname = \"--help\"\nattribute = 7\n";
    let other = ring_file("help.toml", help);
    for (flags, attributes) in [
        (&["--attributes", "5, 3, 1"][..], vec![5, 3, 1]),
        (&["--attributes", " 5 ,3 "], vec![5, 3]),
        (&["--bind", "localhost", "--nodes", "1"], vec![90]),
        (&["--bind", "LocalHost", "--nodes", "1"], vec![90]),
        (&["--ring", &path], vec![7]),
        // A name that looks like a flag is not read as one by its node.
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
