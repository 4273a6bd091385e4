//! Storage of the node's promise in quorum mode, kept on disk across restarts: one small file, replaced
//! as a whole.
//!
//! A torn or damaged file is refused: a node that guesses its promise may promise twice.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ringleader_shared::Promise;

/// The first line of the file.
const HEADER: &str = "ringleader promise 1";

/// An upper bound on the length of the file, in bytes.
const LARGEST: u64 = 1024;

/// The file of one node.
#[derive(Debug, Clone)]
pub(crate) struct PromiseStore {
    path: PathBuf,
}

impl PromiseStore {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Loads the promise; `None` when nothing was ever promised.
    ///
    /// # Errors
    /// When the file can't be read, or is not one that [`PromiseStore::keep`] wrote.
    pub(crate) fn load(&self) -> anyhow::Result<Option<Promise>> {
        let shown = self.path.display();
        match std::fs::metadata(&self.path) {
            Ok(metadata) if metadata.len() > LARGEST => {
                bail!("{shown} is too large for a promise ({} bytes): {ADVICE}", metadata.len())
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("reading {shown}")),
        }
        let bytes = std::fs::read(&self.path).with_context(|| format!("reading {shown}"))?;
        let promise = parse(&bytes).with_context(|| format!("{shown} is damaged: {ADVICE}"))?;
        Ok(Some(promise))
    }

    /// Stores a promise. When this returns, it is on the disk.
    ///
    /// # Errors
    /// When it can't be written. Then the promise must not be given.
    pub(crate) fn keep(&self, promise: &Promise) -> anyhow::Result<()> {
        let shown = self.path.display();
        let text = compose(promise)?;
        let fresh = self.path.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&fresh)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&fresh, &self.path)?;
            // The new name is on the disk only when its directory is.
            File::open(self.path.parent().unwrap_or_else(|| Path::new(".")))?.sync_all()
        };
        write().with_context(|| format!("keeping a promise in {shown}"))
    }
}

/// Advice for an operator whose file can't be used.
const ADVICE: &str =
    "this node can't know what it promised. Reset the ring, or remove the node and add a new one";

/// The text of the file that holds this promise.
///
/// # Errors
/// When the promise can't be written as JSON.
pub fn compose(promise: &Promise) -> anyhow::Result<String> {
    let json = serde_json::to_string(promise)?;
    Ok(format!("{HEADER}\n{json}\n{:08x}\n", crc32fast::hash(json.as_bytes())))
}

/// Reads the text that `compose` writes, to the letter.
///
/// # Errors
/// The defect of the file.
pub fn parse(bytes: &[u8]) -> anyhow::Result<Promise> {
    let text = std::str::from_utf8(bytes).context("it is not text")?;
    let mut lines = text.split('\n');
    let (header, json, sum) = (lines.next(), lines.next(), lines.next());
    if header != Some(HEADER) {
        bail!("its first line is not {HEADER:?}");
    }
    let (Some(json), Some(sum), Some(""), None) = (json, sum, lines.next(), lines.next()) else {
        bail!("it is not three lines");
    };
    if sum != format!("{:08x}", crc32fast::hash(json.as_bytes())) {
        bail!("its checksum does not fit");
    }
    serde_json::from_str(json).context("its second line is no promise")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::{NodeId, Term};

    fn promise(term: u64) -> Promise {
        Promise { term: Term(term), leader: NodeId(uuid::Uuid::from_u128(7)), lease_ms: 600 }
    }

    #[test]
    fn what_is_kept_is_loaded_again_and_the_last_one_counts() {
        let directory = tempfile::tempdir().expect("a directory");
        let promises = PromiseStore::at(directory.path().join("a.promise"));
        assert_eq!(promises.load().expect("no file is no promise"), None);
        for term in 1..5 {
            promises.keep(&promise(term)).expect("it is kept");
            assert_eq!(promises.load().expect("it is there"), Some(promise(term)));
        }
    }

    #[test]
    fn a_file_that_is_torn_anywhere_or_has_any_bit_flipped_is_refused() {
        let whole = compose(&promise(3)).expect("a promise can be written").into_bytes();
        assert_eq!(parse(&whole).expect("it is whole"), promise(3));
        for end in 0..whole.len() {
            assert!(parse(&whole[..end]).is_err(), "torn after {end} bytes");
        }
        for place in 0..whole.len() {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[place] ^= 1 << bit;
                assert!(parse(&flipped).is_err(), "bit {bit} of byte {place}");
            }
        }
    }

    #[test]
    fn a_damaged_file_says_what_to_do() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.promise");
        for damaged in [&b""[..], b"ringleader promise 1\n", &[0xff; 40], &[b'x'; 5000]] {
            std::fs::write(&path, damaged).expect("it can be written");
            let error = format!("{:#}", PromiseStore::at(path.clone()).load().expect_err("it is damaged"));
            assert!(error.contains("a.promise") && error.contains("Reset the ring"), "{error}");
        }
    }

    #[test]
    fn a_promise_that_can_not_be_kept_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let promises = PromiseStore::at(directory.path().join("gone").join("a.promise"));
        assert!(promises.keep(&promise(1)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }
    }
}
