//! Blocks of events: their texts, one a line, packed together.
//!
//! A run's newest events are in small plain blocks, so that each commit writes only what is new. As soon as
//! there are [`BLOCK`] of them they are replaced by one packed block.

use std::io::Read;
use std::io::Write;
use std::path::Path;

use axum::body::Bytes;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rusqlite::{Connection, params};

use super::error::Error;
use super::schema::{int, number};

/// The number of events in a packed block.
pub const BLOCK: usize = 1_000;

/// The most bytes that the texts of a block may have: a damaged block must not fill the memory.
const MOST_BYTES: u64 = 256 << 20;

/// Bytes as they are.
const PLAIN: i64 = 0;

/// Raw deflate (RFC 1951).
const DEFLATE: i64 = 1;

/// Some consecutive events of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// The number of events of the run before these.
    pub(super) position: u64,
    /// The number of these events.
    pub(super) events: u64,
    codec: i64,
    pub(super) data: Vec<u8>,
}

impl Block {
    /// The texts as they are.
    pub(super) fn plain(position: u64, texts: &[Bytes]) -> Self {
        Self { position, events: texts.len() as u64, codec: PLAIN, data: texts.join(&b'\n') }
    }

    /// The texts, compressed.
    pub(super) fn packed(position: u64, texts: &[Bytes]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(LEVEL));
        for (index, text) in texts.iter().enumerate() {
            let line_end: &[u8] = if index > 0 { b"\n" } else { b"" };
            // Writing to memory can't fail.
            let _ = encoder.write_all(line_end).and_then(|()| encoder.write_all(text));
        }
        let data = encoder.finish().unwrap_or_default();
        Self { position, events: texts.len() as u64, codec: DEFLATE, data }
    }

    /// Inserts it into the run of this number.
    pub(super) fn insert(&self, connection: &Connection, run: i64) -> rusqlite::Result<()> {
        connection
            .execute(
                "INSERT INTO blocks (run, position, events, codec, data) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![run, int(self.position), int(self.events), self.codec, self.data],
            )
            .map(drop)
    }

    /// Reads the block of a run that holds the event after `position`; `None` after the last one.
    pub(super) fn read(connection: &Connection, run: i64, position: u64) -> rusqlite::Result<Option<Self>> {
        let mut statement = connection.prepare(
            "SELECT position, events, codec, data FROM blocks WHERE run = ?1 AND position <= ?2
             ORDER BY position DESC LIMIT 1",
        )?;
        let mut rows = statement.query(params![run, int(position)])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let block = Self {
            position: number(row.get(0)?),
            events: number(row.get(1)?),
            codec: row.get(2)?,
            data: row.get(3)?,
        };
        Ok((position < block.position + block.events).then_some(block))
    }

    /// The texts of the events, in order.
    pub(super) fn texts(&self, path: &Path) -> Result<Vec<Bytes>, Error> {
        let damaged = |reason: &str| Error::damaged(path, format!("block at {}: {reason}", self.position));
        let text = match self.codec {
            PLAIN => Bytes::copy_from_slice(&self.data),
            DEFLATE => {
                let mut text = Vec::new();
                let mut decoder = DeflateDecoder::new(&self.data[..]).take(MOST_BYTES);
                decoder.read_to_end(&mut text).map_err(|error| damaged(&error.to_string()))?;
                Bytes::from(text)
            }
            other => return Err(damaged(&format!("unknown codec {other}"))),
        };
        let mut texts = Vec::with_capacity(usize::try_from(self.events).unwrap_or(0).min(BLOCK));
        let mut from = 0;
        for line in text.split(|byte| *byte == b'\n') {
            texts.push(text.slice(from..from + line.len()));
            from += line.len() + 1;
        }
        if texts.len() as u64 == self.events { Ok(texts) } else { Err(damaged("it lacks events")) }
    }
}

/// The level of compression: a higher one saves little more and costs the nodes their processor.
const LEVEL: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_the_texts_that_were_put_in() {
        let texts: Vec<Bytes> = (0..BLOCK).map(|n| Bytes::from(format!("{{\"seq\":{n}}}"))).collect();
        let (plain, packed) = (Block::plain(7, &texts), Block::packed(7, &texts));
        for block in [&plain, &packed] {
            assert_eq!(block.texts(Path::new("x")).expect("texts"), texts);
        }
        assert!(packed.data.len() * 3 < plain.data.len(), "{}", packed.data.len());
        let mut cut = packed.clone();
        cut.data.truncate(cut.data.len() / 2);
        let error = cut.texts(Path::new("runs.db")).expect_err("it is cut off").to_string();
        assert!(error.contains("runs.db is damaged") && error.contains("block at 7"), "{error}");
    }
}
