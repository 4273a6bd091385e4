//! The text of a ring file, however an editor has written it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};

/// The largest ring file, in bytes; one of 64 nodes has about 5 kB.
const MAX_LEN: u64 = 1024 * 1024;

/// Reads the file.
///
/// # Errors
/// When it can't be read, is too large, or is not written in UTF-8.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let reading = || format!("reading the ring file {}", path.display());
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_LEN + 1).read_to_end(&mut bytes)).with_context(reading)?;
    if bytes.len() as u64 > MAX_LEN {
        bail!("{}: larger than {MAX_LEN} bytes, so it is no ring file", path.display());
    }
    decode(bytes, path)
}

fn decode(bytes: Vec<u8>, path: &Path) -> anyhow::Result<String> {
    const WHAT_TO_DO: &str = "save it as UTF-8 in your editor, or convert it";
    let path = path.display();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        bail!("{path}: this is UTF-16; {WHAT_TO_DO}: iconv -f UTF-16 -t UTF-8 {path}");
    }
    if bytes.contains(&0) {
        bail!("{path}: this is no text, or UTF-16; a ring file is TOML in UTF-8");
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            bail!("{path}, line {line}: not UTF-8; {WHAT_TO_DO}: iconv -f ISO-8859-1 -t UTF-8 {path}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> String {
        decode(bytes.to_vec(), Path::new("ring.toml")).unwrap_or_else(|error| format!("error: {error}"))
    }

    #[test]
    fn a_file_that_is_not_utf_8_says_what_it_is_and_what_to_do() {
        let utf_16 = |text: &str, mark: &[u8]| -> Vec<u8> {
            mark.iter().copied().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        };
        for (bytes, says) in [
            (utf_16("[[node]]", &[0xff, 0xfe]), "UTF-16; save it as UTF-8"),
            (utf_16("[[node]]", &[]), "no text, or UTF-16"),
            (b"[[node]]\nname = \"M\xfcller\"\n".to_vec(), "ring.toml, line 2: not UTF-8"),
            (vec![0; 16], "no text"),
        ] {
            let said = decoded(&bytes);
            assert!(said.starts_with("error: ") && said.contains(says), "{says}: {said}");
        }
        assert_eq!(
            decoded("\u{feff}[[node]]".as_bytes()),
            "[[node]]",
            "a byte order mark of UTF-8 does no harm"
        );
    }
}
