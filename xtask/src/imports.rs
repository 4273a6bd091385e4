//! Short names between the page's program and its script. wasm-bindgen's are long, end in hashes, and stand
//! in both: a fiftieth of what is sent.

use anyhow::{Context, bail};

/// The module by which wasm-bindgen's script is imported.
const SCRIPT: &[u8] = b"./ringleader_bg.js";

/// The section of imports.
const IMPORTS: u8 = 2;

/// The kind of an import that is a function.
const FUNCTION: u8 = 0;

/// A part of a WASM file that is read from its beginning.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> anyhow::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).context("the WASM ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> anyhow::Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// A number in LEB128, unsigned.
    fn number(&mut self) -> anyhow::Result<usize> {
        let mut number = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        bail!("a number in the WASM has no end")
    }

    fn bytes(&mut self) -> anyhow::Result<&'a [u8]> {
        let length = self.number()?;
        self.take(length)
    }
}

fn write_number(to: &mut Vec<u8>, mut number: usize) {
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            return to.push(byte);
        }
        to.push(byte | 0x80);
    }
}

fn write_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    write_number(to, bytes.len());
    to.extend(bytes);
}

/// Gives the imports from the script short names, in both.
pub(crate) fn shorten(wasm: &[u8], script: &str) -> anyhow::Result<(Vec<u8>, String)> {
    let (mut rest, mut script) = (Reader(wasm), script.to_owned());
    let mut short = rest.take(8)?.to_vec();
    while !rest.0.is_empty() {
        let (id, section) = (rest.byte()?, rest.bytes()?);
        short.push(id);
        if id == IMPORTS {
            write_bytes(&mut short, &shorten_section(section, &mut script)?);
        } else {
            write_bytes(&mut short, section);
        }
    }
    Ok((short, script))
}

fn shorten_section(section: &[u8], script: &mut String) -> anyhow::Result<Vec<u8>> {
    let mut rest = Reader(section);
    let mut short = Vec::new();
    let count = rest.number()?;
    write_number(&mut short, count);
    for number in 0..count {
        let (module, name, kind) = (rest.bytes()?, rest.bytes()?, rest.byte()?);
        if kind != FUNCTION {
            bail!("the WASM imports something else than functions: its kind is {kind}");
        }
        let signature = rest.number()?;
        write_bytes(&mut short, module);
        if module == SCRIPT {
            let name = std::str::from_utf8(name).context("the name of an import")?;
            let (long, brief) = (format!(" {name}:"), format!(" i{number}:"));
            if script.matches(&long).count() != 1 {
                bail!("the script does not have the import {name} once, as wasm-bindgen used to write it");
            }
            *script = script.replacen(&long, &brief, 1);
            write_bytes(&mut short, brief.trim_matches([' ', ':']).as_bytes());
        } else {
            write_bytes(&mut short, name);
        }
        short.push(kind);
        write_number(&mut short, signature);
    }
    Ok(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with a section of another kind, and imports of functions by these names.
    fn wasm(imports: &[(&[u8], &str)]) -> Vec<u8> {
        let mut section = Vec::new();
        write_number(&mut section, imports.len());
        for (module, name) in imports {
            write_bytes(&mut section, module);
            write_bytes(&mut section, name.as_bytes());
            section.extend([FUNCTION, 200, 1]);
        }
        let mut wasm = b"\0asm\x01\0\0\0\x01\x02ab\x02".to_vec();
        write_bytes(&mut wasm, &section);
        wasm
    }

    #[test]
    fn imports_from_the_script_have_short_names_in_both() {
        let before = wasm(&[(SCRIPT, "__wbg_now_12"), (b"./other.js", "load"), (SCRIPT, "__wbg_now_123")]);
        let script = "{\n        __wbg_now_12: function() {},\n        __wbg_now_123: __wbg_x,\n}";
        let (after, script) = shorten(&before, script).expect("a program");
        assert_eq!(after, wasm(&[(SCRIPT, "i0"), (b"./other.js", "load"), (SCRIPT, "i2")]));
        assert_eq!(script, "{\n        i0: function() {},\n        i2: __wbg_x,\n}");
    }

    #[test]
    fn a_script_without_the_import_and_a_torn_file_are_refused() {
        let before = wasm(&[(SCRIPT, "__wbg_now_12")]);
        assert!(shorten(&before, "{}").is_err_and(|error| error.to_string().contains("__wbg_now_12")));
        assert!(shorten(&before[..before.len() - 1], " __wbg_now_12: 1").is_err());
    }
}
