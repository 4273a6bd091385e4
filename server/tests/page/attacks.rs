//! Pages of other sites in real Chromium that try to use the server: none has an effect.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use ringleader_shared::{EventKind, Incarnation, NodeState};
use ringleader_testing::browser::{Page, on_the_page};
use serde_json::{Value, json};

/// The attempts of a hostile page, one after the other; it leaves the results in `window.seen`.
const ATTACK: &str = r#"<!doctype html><title>evil</title><body><script>
const target = 'TARGET';
const socket = url => new Promise(done => {
  const socket = new WebSocket(url);
  socket.onopen = () => done('open');
  socket.onerror = () => done('refused');
});
const ask = (path, init) => fetch(target + path, init).then(answer => answer.type, () => 'refused');
const framed = html => new Promise(done => {
  const frame = document.createElement('iframe');
  frame.sandbox = 'allow-scripts';
  frame.srcdoc = html;
  addEventListener('message', event => { if (event.source === frame.contentWindow) done(event.data); });
  document.body.append(frame);
});
const formed = () => new Promise(done => {
  const sink = document.createElement('iframe');
  sink.name = 'sink';
  document.body.append(sink);
  const form = document.createElement('form');
  Object.assign(form, { action: target + '/api/v1/nodes/A/kill', method: 'post', target: 'sink' });
  document.body.append(form);
  sink.onload = () => done('sent');
  form.submit();
});
(async () => {
  const seen = {};
  seen.socket = await socket(target.replace('http', 'ws') + '/ws');
  seen.read = await ask('/api/v1/ring');
  seen.simple = await ask('/api/v1/nodes/A/kill', { method: 'POST', mode: 'no-cors' });
  seen.text = await ask('/api/v1/elections', { method: 'POST', mode: 'no-cors', body: '{"initiator":"A"}' });
  seen.json = await ask('/api/v1/elections', {
    method: 'POST', body: '{"initiator":"A"}', headers: { 'content-type': 'application/json' } });
  seen.remove = await ask('/api/v1/nodes/A', { method: 'DELETE' });
  seen.form = await formed();
  seen.sandboxed = await framed(`<script>
    const socket = new WebSocket('${target.replace('http', 'ws')}/ws');
    socket.onopen = () => parent.postMessage('open', '*');
    socket.onerror = () => fetch('${target}/api/v1/nodes/A/kill', { method: 'POST', mode: 'no-cors' })
      .then(() => parent.postMessage('refused', '*'), () => parent.postMessage('refused', '*'));
  <\/script>`);
  window.seen = seen;
})();
</script>"#;

/// Another site: answers every request with the same page. Ends with the test's process.
fn site(page: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A browser opens connections in advance, and sends nothing on them.
            let page = page.clone();
            std::thread::spawn(move || answer(stream, &page));
        }
    });
    port
}

fn answer(mut stream: TcpStream, page: &str) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )
}

/// Checks that no action was requested, and that all nodes run as they were started.
fn assert_untouched(page: &Page) {
    let server = page.server();
    for node in &server.ring().nodes {
        assert_eq!((node.state, node.incarnation, node.term.0), (NodeState::Running, Incarnation(1), 0));
    }
    let requests: Vec<_> = server
        .events()
        .into_iter()
        .filter(|event| matches!(event.kind, EventKind::Requested { .. }))
        .collect();
    assert!(requests.is_empty(), "{requests:#?}");
}

fn wait_for_what_it_saw(page: &Page) -> Value {
    page.wait_for("body", "window.seen ?? null", |seen| !seen.is_null())
}

#[test]
fn a_page_of_another_site_reads_nothing_and_changes_nothing() {
    on_the_page(&[], |page| {
        page.server().wait_for("all run", |ring| ring.live().count() == 4);
        page.expect("");
        let target = format!("http://{}", page.server().authority);
        let port = site(ATTACK.replace("TARGET", &target));
        for host in ["127.0.0.1", "localhost", "evil.example"] {
            page.visit(&format!("http://{host}:{port}/"));
            let seen = wait_for_what_it_saw(page);
            for (what, expected) in [
                ("socket", "refused"),
                ("read", "refused"),
                // These reach the server, which answers 403 and forbids other sites even the empty
                // answer.
                ("simple", "refused"),
                ("text", "refused"),
                ("json", "refused"),
                ("remove", "refused"),
                ("form", "sent"),
                ("sandboxed", "refused"),
            ] {
                assert_eq!(seen[what], json!(expected), "{what} from {host}: {seen}");
            }
            assert_untouched(page);
        }
    });
}

#[test]
fn a_name_that_was_made_to_point_here_is_turned_away() {
    on_the_page(&[], |page| {
        page.server().wait_for("all run", |ring| ring.live().count() == 4);
        page.expect("");
        let port = page.server().authority.rsplit(':').next().unwrap().to_owned();
        page.visit(&format!("http://evil.example:{port}/"));
        page.wait_for("body", "it.textContent", |text| {
            text.as_str().is_some_and(|text| text.contains("this request is not meant for this server"))
        });
        let script = "window.seen = null; (async () => { \
             const status = async (path, method) => (await fetch(path, { method })).status; \
             const socket = await new Promise(done => { const socket = new WebSocket('ws://' + location.host + '/ws'); \
               socket.onopen = () => done('open'); socket.onerror = () => done('refused'); }); \
             window.seen = [await status('/api/v1/ring', 'GET'), await status('/api/v1/nodes/A/kill', 'POST'), socket]; })();";
        page.script(script, Vec::new());
        assert_eq!(wait_for_what_it_saw(page), json!([421, 421, "refused"]));
        assert_untouched(page);
    });
}

#[test]
fn a_script_that_was_slipped_into_the_page_does_not_run_and_the_page_can_not_be_framed() {
    on_the_page(&[], |page| {
        page.expect("Content Security Policy");
        page.expect("Refused to");
        let script = "for (const text of ['window.slipped = 1']) { const element = document.createElement('script'); \
             element.textContent = text; document.head.append(element); } \
             document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"window.slipped = 1\">'); \
             return window.slipped ?? null;";
        assert_eq!(page.script(script, Vec::new()), Value::Null);
        let authority = page.server().authority.clone();
        let framing = format!(
            "<!doctype html><iframe src=\"http://{authority}/\" onload=\"window.seen = frames.length && 'loaded'\"></iframe>"
        );
        let port = site(framing);
        page.expect("");
        page.visit(&format!("http://127.0.0.1:{port}/"));
        wait_for_what_it_saw(page);
        // The frame of a refused page shows the browser's own error page, which has another origin and no
        // ring.
        let inside = "try { return frames[0].document.title } catch (error) { return error.name }";
        assert_eq!(page.script(inside, Vec::new()), json!("SecurityError"));
    });
}

#[test]
fn a_viewers_page_has_no_controls_and_a_strangers_says_which_link_to_open() {
    on_the_page(&["--ask-token"], |page| {
        page.expect("401");
        let operator =
            page.script("return getComputedStyle(document.querySelector('.controls')).display", Vec::new());
        assert_ne!(operator, json!("none"));
        let viewer = page.server().viewer_link().expect("a link for viewers");
        page.visit(&viewer);
        page.wait_for_attribute("connection", "data-status", "connected");
        assert_eq!(
            page.script("return location.search", Vec::new()),
            json!(""),
            "the token is gone from the address"
        );
        assert_eq!(page.script("return document.cookie", Vec::new()), json!(""), "scripts can't read it");
        for hidden in [".controls", ".actions", ".roster button"] {
            let script = format!("return getComputedStyle(document.querySelector('{hidden}')).display");
            assert_eq!(page.script(&script, Vec::new()), json!("none"), "{hidden}");
        }
        page.wait_for_text("watching", "Watching");
        page.visit(&page.server().url("/?token=wrong"));
        page.wait_for("h1", "it.textContent", |text| *text == json!("This ring asks for a token"));
    });
}
