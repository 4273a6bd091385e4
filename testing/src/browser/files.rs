//! A plain web server for the files of one folder, under a path, without any knowledge of Ringleader.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

/// The web server. It ends with the process.
pub struct Files {
    /// The address of the folder, with a slash at the end.
    pub url: String,
    /// The requested files that do not exist.
    missed: Receiver<String>,
}

impl Files {
    /// Serves this folder under this path, which begins with a slash.
    pub fn serve(folder: &Path, path: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}{path}/", listener.local_addr().expect("it is bound"));
        let (misses, missed) = channel();
        let folder = folder.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, misses) = (folder.clone(), misses.clone());
                std::thread::spawn(move || answer(stream, &folder, path, &misses));
            }
        });
        Self { url, missed }
    }

    /// The paths of the files that were requested since the last call and do not exist.
    pub fn missed(&self) -> Vec<String> {
        self.missed.try_iter().collect()
    }
}

/// Answers one request, then closes.
fn answer(mut stream: TcpStream, folder: &Path, path: &str, misses: &Sender<String>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a socket has two ends")).lines();
    let Some(Ok(first)) = lines.next() else { return };
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let asked = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let name = asked.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
    let file = name.map(|name| folder.join(if name.is_empty() { "index.html" } else { name }));
    // A browser that has gone gets no answer.
    let _ = match file.and_then(|file| std::fs::read(&file).ok().map(|bytes| (kind(&file), bytes))) {
        Some((kind, bytes)) => {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                bytes.len()
            );
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes))
        }
        None => {
            let _ = misses.send(asked);
            stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        }
    };
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}
