//! Files for other tools, read by other programs than those that wrote them.

use std::io::Cursor;

use ringleader_testing::browser::files::Files;
use ringleader_testing::browser::{Key, Page, on_the_page};
use serde_json::{Value, json};

use crate::election::open_panel;
use crate::sources::{SOURCES, in_the_past_of};

/// Presses a button of the menu of files.
pub(crate) fn save(page: &Page, id: &str) {
    page.click("save-as");
    page.click(id);
}

#[test]
fn the_diagram_is_saved_as_a_picture_twice_as_large_in_the_colours_of_the_page() {
    for source in SOURCES {
        in_the_past_of(source, |page| {
            open_panel(page, "show-diagram");
            let canvas = "[data-testid='diagram'] canvas";
            page.wait_for(canvas, "it.width > 0", |it| *it == json!(true));
            page.catch_files();
            save(page, "save-png");
            let bytes = page.saved("ringleader.png");
            let mut reader = png::Decoder::new(Cursor::new(&bytes)).read_info().expect("a PNG");
            let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
            let info = reader.next_frame(&mut pixels).expect("pixels");
            let size = page.script(
                "const it = document.querySelector(arguments[0]); return [it.clientWidth * 2, it.clientHeight * 2]",
                vec![json!(canvas)],
            );
            assert_eq!(json!([info.width, info.height]), size, "{source:?}");
            let leader = page.script(
                "const it = document.createElement('i'); it.style.color = 'var(--leader)'; document.body.append(it);
                const colour = getComputedStyle(it).color; it.remove(); return colour.match(/\\d+/g).map(Number)",
                Vec::new(),
            );
            let leader: Vec<u64> = leader.as_array().unwrap().iter().filter_map(Value::as_u64).collect();
            let is_leader =
                |pixel: &[u8]| pixel.iter().zip(&leader).all(|(one, other)| u64::from(*one) == *other);
            let step = info.color_type.samples();
            assert!(pixels.chunks(step).any(is_leader), "{source:?}: no pixel has the leader's colour");
            assert!(
                pixels.chunks(step).all(|pixel| pixel.get(3).is_none_or(|opacity| *opacity == 255)),
                "{source:?}"
            );
        });
    }
}

/// A film as a decoder sees it: its size, and the delays of its frames in hundredths of a second.
pub(crate) fn film(bytes: &[u8]) -> ((u16, u16), Vec<u16>) {
    let mut decoder = gif::DecodeOptions::new().read_info(bytes).expect("a GIF");
    let mut delays = Vec::new();
    while let Some(frame) = decoder.read_next_frame().expect("a frame") {
        delays.push(frame.delay);
    }
    ((decoder.width(), decoder.height()), delays)
}

#[test]
fn a_film_has_the_times_of_the_moments_and_not_those_of_the_screen() {
    for source in SOURCES {
        in_the_past_of(source, |page| {
            open_panel(page, "show-diagram");
            page.press(Key::Home);
            page.script("document.activeElement?.blur()", Vec::new());
            page.catch_files();
            save(page, "save-gif");
            let bytes = page.saved("ringleader.gif");
            let (size, delays) = film(&bytes);
            assert_eq!(size, (560, 599), "{source:?}");
            let (last, others) = delays.split_last().expect("frames");
            assert!(others.len() > 3, "{source:?}: {delays:?}");
            assert!(
                others.iter().all(|delay| *delay > 0 && delay.is_multiple_of(5)),
                "{source:?}: {delays:?}"
            );
            assert!((155..=2_155).contains(last), "{source:?}: {delays:?}");
            let whole: u32 = delays.iter().map(|delay| u32::from(*delay)).sum();
            assert!((160..=2_155).contains(&whole) && whole.is_multiple_of(5), "{source:?}: {whole}");
        });
    }
}

#[test]
fn a_film_of_the_present_is_refused_with_the_reason() {
    on_the_page(&[], |page| {
        open_panel(page, "show-diagram");
        page.click("save-as");
        page.wait_for_attribute("save-gif", "aria-disabled", "true");
        page.wait_for("[data-testid='save-gif']", "it.title", |title| {
            title.as_str().is_some_and(|title| title.contains("First go to the moment"))
        });
    });
}

/// A page that answers like Perfetto's, and says to the one that opened it what it got.
const STAND_IN: &str = "<!doctype html><title>stand-in</title><script>
    addEventListener('message', (event) => {
        if (event.data === 'PING') {
            event.source.postMessage('PONG', event.origin);
        } else if (event.data?.perfetto) {
            const { buffer, title, fileName } = event.data.perfetto;
            const [...bytes] = new Uint8Array(buffer);
            event.source.postMessage({ got: [title, fileName, buffer.byteLength, bytes.slice(0, 1)] }, event.origin);
        }
    });
</script>";

#[test]
fn a_trace_is_handed_to_perfettos_page_by_its_own_protocol() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("index.html"), STAND_IN).expect("a file");
    let host = Files::serve(folder.path(), "/ui");
    for source in SOURCES {
        in_the_past_of(source, |page| {
            page.expect("favicon.ico");
            open_panel(page, "show-diagram");
            page.catch_files();
            save(page, "save-perfetto");
            let trace = page.saved("ringleader.pftrace");
            page.script(
                "addEventListener('message', (event) => { if (event.data.got) window.got = event.data.got });
                document.querySelector('[data-testid=open-perfetto]').dataset.address = arguments[0]",
                vec![json!(host.url)],
            );
            save(page, "open-perfetto");
            let expected = json!(["Ringleader", "ringleader.pftrace", trace.len(), [trace[0]]]);
            page.wait_for("html", "window.got", |got| *got == expected);
        });
    }
}
