//! Faults of links, and partitions.

use ringleader_shared::FaultyLink;
use ringleader_shared::api::Links;
use ringleader_testing::server::Server;

#[test]
fn a_link_is_cut_in_one_direction_and_healed_by_an_empty_fault() {
    let server = Server::start();
    let answer = server.call_json("PUT", "/api/v1/links/A/B", r#"{"cut":true,"drop":0.5}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let link: FaultyLink = answer.json();
    assert_eq!((link.from.as_str(), link.to.as_str(), link.fault.cut), ("A", "B", true));
    let links: Links = server.get("/api/v1/links");
    assert_eq!(links.faulty, std::slice::from_ref(&link));
    assert_eq!(server.ring().faults, [link]);
    server.call_json("PUT", "/api/v1/links/A/B", "{}");
    assert!(server.ring().faults.is_empty());
}

#[test]
fn link_faults_that_make_no_sense_are_refused_with_a_reason() {
    let server = Server::spawn(&[]);
    for (path, body, status, says) in [
        ("/api/v1/links/A/Z", r#"{"cut":true}"#, 404, "no node \"Z\""),
        ("/api/v1/links/A/A", r#"{"cut":true}"#, 404, "no link from A to itself"),
        ("/api/v1/links/leader/A", r#"{"cut":true}"#, 409, "Initiate an election"),
        ("/api/v1/links/A/B", r#"{"delay_ms":10001}"#, 422, "10000 ms at most"),
        ("/api/v1/links/A/B", r#"{"drop":1.5}"#, 422, "0 to 1"),
        ("/api/v1/links/A/B", r#"{"drop":-0.1}"#, 422, "0 to 1"),
        ("/api/v1/links/A/B", r#"{"severed":true}"#, 422, "unknown field"),
    ] {
        let problem = server.call_json("PUT", path, body).problem(status);
        let answer = format!("{} {}", problem.title, problem.detail.unwrap_or_default());
        assert!(answer.contains(says), "{path} {body}: {answer}");
    }
}

#[test]
fn a_partition_cuts_both_ways_between_its_sides_and_leaves_faults_of_links_alone() {
    let server = Server::start();
    server.call_json("PUT", "/api/v1/links/A/B", r#"{"delay_ms":5}"#);
    let answer = server.call_json("POST", "/api/v1/partitions", r#"{"groups":[["A","B"]]}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let links: Links = answer.json();
    let cut: Vec<String> = links
        .faulty
        .iter()
        .filter(|link| link.fault.cut)
        .map(|link| format!("{}{}", link.from, link.to))
        .collect();
    assert_eq!(cut, ["AC", "AD", "BC", "BD", "CA", "CB", "DA", "DB"]);
    assert_eq!(server.call("DELETE", "/api/v1/partitions", None).status, 204);
    let links: Links = server.get("/api/v1/links");
    assert_eq!((links.faulty.len(), links.faulty[0].fault.delay_ms), (1, 5));
    server.heal();
    assert!(server.get::<Links>("/api/v1/links").faulty.is_empty());
}

#[test]
fn partitions_that_make_no_sense_are_refused_with_a_reason() {
    let server = Server::spawn(&[]);
    for (body, status, says) in [
        (r#"{"groups":[["A","Z"]]}"#, 404, "no node \"Z\""),
        (r#"{"groups":[["A"],["A","B"]]}"#, 422, "one group only"),
        (r#"{"groups":[["A"],[]]}"#, 422, "nobody in it"),
        (r#"{"groups":[["A","B","C","D"]]}"#, 409, "part nobody"),
        (r#"{"groups":[]}"#, 409, "part nobody"),
        (r#"{"sides":[["A"]]}"#, 422, "unknown field"),
    ] {
        let problem = server.call_json("POST", "/api/v1/partitions", body).problem(status);
        let answer = format!("{} {}", problem.title, problem.detail.unwrap_or_default());
        assert!(answer.contains(says), "{body}: {answer}");
    }
}

#[test]
fn a_removed_node_takes_the_faults_of_its_links_with_it() {
    let server = Server::start();
    server.call_json("PUT", "/api/v1/links/A/D", r#"{"cut":true}"#);
    server.part(&[&["D"]]);
    assert_eq!(server.call("DELETE", "/api/v1/nodes/D", None).status, 204);
    let links: Links = server.get("/api/v1/links");
    assert!(links.faulty.is_empty() && links.partition.is_empty(), "{links:?}");
}
