//! Compression of answers: which ones are compressed, in which form, and which ones are not sent again.

use std::io::Write;
use std::process::{Command, Stdio};

use ringleader_testing::server::Server;

/// An answer whose body need not be text.
struct Reply {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header is text"))
    }
}

fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Reply {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut request = agent.get(server.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.call().unwrap_or_else(|error| panic!("{path}: {error}"));
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.body_mut().read_to_vec().expect("the whole body comes"),
    }
}

/// The output of a program that is given these bytes.
fn through(program: &str, arguments: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut process = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut input = process.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writing = std::thread::spawn(move || input.write_all(&bytes).expect("it reads"));
    let output = process.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "{program} can't read it");
    output.stdout
}

fn unpacked(reply: &Reply) -> Vec<u8> {
    match reply.header("content-encoding") {
        None => reply.body.clone(),
        Some("gzip") => through("gzip", &["-dc"], &reply.body),
        Some("br") => {
            let script =
                "process.stdout.write(require('zlib').brotliDecompressSync(require('fs').readFileSync(0)))";
            through("node", &["-e", script], &reply.body)
        }
        Some(other) => panic!("nobody asked for {other}"),
    }
}

/// The names of the files that the page loads, the page itself first.
fn files(server: &Server) -> Vec<String> {
    let page = String::from_utf8(get(server, "/", &[]).body).unwrap();
    let quoted = page.split('"').filter(|text| text.starts_with("./"));
    let names = quoted.map(|name| name.trim_start_matches('.').to_owned());
    let mut files: Vec<String> = std::iter::once("/".to_owned()).chain(names).collect();
    files.dedup();
    assert!(
        files.iter().any(|name| name.ends_with(".wasm")),
        "the server was built without the dashboard: {files:?}"
    );
    files
}

#[test]
fn every_file_of_the_page_goes_out_in_the_form_that_the_browser_prefers() {
    let server = Server::spawn(&[]);
    let (mut raw, mut gzipped, mut brotli) = (0, 0, 0);
    for file in files(&server) {
        let plain = get(&server, &file, &[]);
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{file}");
        assert_eq!(plain.header("vary"), Some("accept-encoding"), "{file}");
        let refused = get(&server, &file, &[("accept-encoding", "br;q=0, gzip;q=0, zstd")]);
        assert_eq!((refused.header("content-encoding"), &refused.body), (None, &plain.body), "{file}");
        let mut tags = vec![plain.header("etag").expect("a tag").to_owned()];
        let (mut sizes, accepted) = (vec![plain.body.len()], ["gzip", "gzip;q=0.5, br"]);
        for accepted in accepted {
            let packed = get(&server, &file, &[("accept-encoding", accepted)]);
            assert_eq!(packed.header("vary"), Some("accept-encoding"), "{file}");
            for same in ["content-type", "cache-control", "content-security-policy", "x-content-type-options"]
            {
                assert_eq!(packed.header(same), plain.header(same), "{file} by {accepted}");
            }
            assert!(unpacked(&packed) == plain.body, "{file} by {accepted} is another file");
            let tag = packed.header("etag").expect("a tag").to_owned();
            if packed.header("content-encoding").is_some() {
                assert!(!tags.contains(&tag), "{file}: a strong tag is of one form");
                tags.push(tag);
            }
            sizes.push(packed.body.len());
        }
        (raw, gzipped, brotli) = (raw + sizes[0], gzipped + sizes[1], brotli + sizes[2]);
    }
    println!("the page: {raw} bytes, {gzipped} by gzip, {brotli} by brotli");
    if brotli == raw {
        println!(
            "SKIPPED: how small it is. The page was built for trying, or without Node.js, and is not compressed"
        );
        return;
    }
    assert!(brotli < gzipped && gzipped * 2 < raw && brotli * 5 < raw * 2, "{raw}, {gzipped}, {brotli}");
}

#[test]
fn a_page_that_the_browser_has_is_not_sent_again() {
    let server = Server::spawn(&[]);
    for accepted in ["identity", "gzip", "br"] {
        let first = get(&server, "/", &[("accept-encoding", accepted)]);
        let tag = first.header("etag").expect("a tag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong one: {tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = get(&server, "/", &[("accept-encoding", accepted), ("if-none-match", &known)]);
            assert_eq!((again.status, again.body.len()), (304, 0), "{known}");
            for same in ["etag", "cache-control", "vary"] {
                assert_eq!(again.header(same), first.header(same), "{known}");
            }
        }
        let other = get(&server, "/", &[("accept-encoding", accepted), ("if-none-match", "\"x\"")]);
        assert_eq!((other.status, other.body), (200, first.body));
    }
}

#[test]
fn a_viewers_page_is_another_one_than_an_operators() {
    let token = "a-token-of-this-test";
    let tokens =
        [("RINGLEADER_VIEWER_TOKEN", token), ("RINGLEADER_OPERATOR_TOKEN", "another-token-of-this-test")];
    let server = Server::spawn_as(&["--port", "0", "--node-port", "0", "--ask-token"], &tokens);
    let page = |token: &str| {
        get(&server, "/", &[("authorization", &format!("Bearer {token}")), ("accept-encoding", "gzip")])
    };
    let (viewer, operator) = (page(token), page("another-token-of-this-test"));
    assert_ne!(viewer.header("etag"), operator.header("etag"));
    let text = |reply: &Reply| String::from_utf8(unpacked(reply)).unwrap();
    assert!(text(&viewer).contains("<html data-watching"));
    assert_eq!(text(&viewer).replacen(" data-watching", "", 1), text(&operator));
    let bearer = "Bearer another-token-of-this-test";
    for hidden in ["/viewer.html", "/index.html.gz", "/index.html.br"] {
        assert_eq!(get(&server, hidden, &[("authorization", bearer)]).status, 404, "{hidden}");
    }
}

#[test]
fn answers_of_the_api_are_compressed_when_that_is_worth_it() {
    let server = Server::spawn(&[]);
    for path in ["/api/v1/openapi.json", "/api/v1/ring"] {
        let plain = get(&server, path, &[]);
        let packed = get(&server, path, &[("accept-encoding", "gzip, deflate, br, zstd")]);
        assert_eq!(
            (plain.header("content-encoding"), packed.header("content-encoding")),
            (None, Some("gzip")),
            "{path}"
        );
        assert_eq!(packed.header("vary"), Some("accept-encoding"), "{path}");
        assert_eq!(packed.header("content-type"), plain.header("content-type"), "{path}");
        assert!(
            packed.body.len() * 2 < plain.body.len(),
            "{path}: {} of {}",
            packed.body.len(),
            plain.body.len()
        );
        let refused = get(&server, path, &[("accept-encoding", "gzip;q=0")]);
        assert_eq!(refused.header("content-encoding"), None, "{path}");
    }
    // A stream of events has no size beforehand.
    let events = |accepted| get(&server, "/api/v1/events?limit=3", &[("accept-encoding", accepted)]);
    let (plain, packed) = (events("identity"), events("gzip"));
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), (None, Some("gzip")));
    let first = |reply: &Reply| -> serde_json::Value {
        let page: serde_json::Value = serde_json::from_slice(&unpacked(reply)).expect("a whole page");
        page["events"].clone()
    };
    assert!(
        first(&plain) == first(&packed) && first(&plain).as_array().is_some_and(|events| events.len() == 3)
    );
    let document = get(&server, "/api/v1/openapi.json", &[("accept-encoding", "gzip")]);
    assert!(unpacked(&document) == include_bytes!("../../openapi.json"));
    for small in ["/api/v1/access", "/healthz"] {
        let reply = get(&server, small, &[("accept-encoding", "gzip")]);
        assert_eq!(reply.header("content-encoding"), None, "{small}");
    }
}
