//! Writes the index of a pool, resume by resume, so that a large pool never stands in memory.
//!
//! The file: a [`Preamble`] of 64 bytes; one record a resume (`score::columns`); last a table of names, places, checksums and
//! what the numbers in the records stand for (in the postcard format), whose place is in the preamble.

use std::io::{Seek, SeekFrom, Write};

use serde::{Deserialize, Serialize};

use super::IndexError;
use crate::score::columns::{Dictionary, Registry, record};
use crate::score::{Matcher, PreparedResume, Versions};

/// First bytes of the file. The line end in them shows a transfer that changed line ends.
const MAGIC: [u8; 8] = *b"RMPOOL\r\n";
/// Number of the form of the file; change it with the form.
pub(super) const FORMAT: u32 = 2;
/// Bytes of the preamble; records begin behind it at multiples of their alignment.
pub(super) const PREAMBLE: usize = crate::score::columns::ALIGNMENT;

/// Where the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Preamble {
    pub(super) table_start: u64,
    pub(super) table_length: u64,
    pub(super) table_checksum: u32,
}

impl Preamble {
    /// Magic number, format, place, length and checksum of the table, each little-endian; the rest is zero.
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PREAMBLE);
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(self.table_checksum.to_le_bytes());
        bytes.extend(self.table_start.to_le_bytes());
        bytes.extend(self.table_length.to_le_bytes());
        bytes.resize(PREAMBLE, 0);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// When it is of no index, or of one in another format.
    pub(super) fn read(file: &[u8]) -> Result<Self, IndexError> {
        let rest = file.strip_prefix(&MAGIC).ok_or(IndexError::NoIndex)?;
        let (format, rest) = rest.split_first_chunk().ok_or(IndexError::NoIndex)?;
        let found = u32::from_le_bytes(*format);
        if found != FORMAT {
            return Err(IndexError::OtherFormat { found, expected: FORMAT });
        }
        let damaged = || IndexError::Damaged { part: "its beginning".to_owned() };
        let (checksum, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (start, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (length, _) = rest.split_first_chunk().ok_or_else(damaged)?;
        Ok(Self {
            table_start: u64::from_le_bytes(*start),
            table_length: u64::from_le_bytes(*length),
            table_checksum: u32::from_le_bytes(*checksum),
        })
    }
}

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) versions: Versions,
    pub(super) entries: Vec<Entry>,
    pub(super) dictionary: Dictionary,
}

/// Where a resume is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) start: u64,
    pub(super) length: u64,
    pub(super) checksum: u32,
}

/// Writes an index.
pub struct PoolWriter<W> {
    out: W,
    position: u64,
    versions: Versions,
    entries: Vec<Entry>,
    registry: Registry,
}

impl<W: std::fmt::Debug> std::fmt::Debug for PoolWriter<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PoolWriter").field("out", &self.out).finish_non_exhaustive()
    }
}

impl<W: Write + Seek> PoolWriter<W> {
    /// Begins an index of resumes that `matcher` prepared; `out` is empty and stands at its beginning.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn new(mut out: W, matcher: &Matcher) -> Result<Self, IndexError> {
        // Zeros until the end, so that a file that was never finished is taken for no index.
        out.write_all(&[0; PREAMBLE])?;
        let (versions, entries) = (matcher.versions(), Vec::new());
        Ok(Self { out, position: PREAMBLE as u64, versions, entries, registry: Registry::default() })
    }

    /// Adds a resume under a name, such as its file's.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn add(&mut self, name: &str, resume: &PreparedResume) -> Result<(), IndexError> {
        let record = record(resume, &mut self.registry).map_err(|error| refused(name, &error))?;
        self.out.write_all(&record)?;
        self.entries.push(Entry {
            name: name.to_owned(),
            start: self.position,
            length: record.len() as u64,
            checksum: crc32fast::hash(&record),
        });
        self.position += record.len() as u64;
        Ok(())
    }

    /// How many resumes were added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes the table; only now the file is an index. Gives `out` back, flushed.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn finish(self) -> Result<W, IndexError> {
        let Self { mut out, position, versions, entries, registry } = self;
        let table = Table { versions, entries, dictionary: registry.into_dictionary() };
        let table = postcard::to_stdvec(&table).map_err(|error| refused("the table", &error))?;
        out.write_all(&table)?;
        let preamble = Preamble {
            table_start: position,
            table_length: table.len() as u64,
            table_checksum: crc32fast::hash(&table),
        };
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&preamble.to_bytes())?;
        out.flush()?;
        Ok(out)
    }
}

fn refused(name: &str, error: &postcard::Error) -> IndexError {
    IndexError::Encode { name: name.to_owned(), message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preamble_is_read_as_it_was_written() {
        let preamble = Preamble { table_start: 1 << 40, table_length: 77, table_checksum: 0xdead_beef };
        let bytes = preamble.to_bytes();
        assert_eq!(bytes.len(), PREAMBLE);
        assert_eq!(Preamble::read(&bytes).unwrap(), preamble);
    }

    #[test]
    fn other_files_and_formats_are_told_apart() {
        let mut bytes = Preamble { table_start: 64, table_length: 0, table_checksum: 0 }.to_bytes();
        assert!(matches!(Preamble::read(b"%PDF-1.7"), Err(IndexError::NoIndex)));
        assert!(matches!(Preamble::read(&[0; PREAMBLE]), Err(IndexError::NoIndex)));
        assert!(matches!(Preamble::read(&bytes[..20]), Err(IndexError::Damaged { .. })));
        bytes[8] = 9;
        let error = Preamble::read(&bytes).unwrap_err();
        assert!(matches!(error, IndexError::OtherFormat { found: 9, expected: FORMAT }), "{error}");
        assert!(error.to_string().contains("make it again"), "{error}");
    }
}
