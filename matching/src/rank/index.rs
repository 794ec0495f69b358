//! Ranks the pool of an index without reading, parsing or embedding any resume again.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;
use memmap2::Mmap;

use super::writer::{Entry, Preamble, Table};
use super::{IndexError, Ranked, sort};
use crate::score::columns::Columns;
use crate::score::scan::{Scan, Scratch};
use crate::score::{Matcher, PreparedJob, Versions};

/// An index, mapped into memory. It can be shared between threads.
#[derive(Debug)]
pub struct PoolIndex {
    map: Mmap,
    table: Table,
    /// Whether every record's checksum was right; nobody writes to the file of an index.
    checked: AtomicBool,
}

impl PoolIndex {
    /// Opens an index for ranking by `matcher`. Its table is checked here, its resumes when they are ranked first.
    ///
    /// # Errors
    /// When the file cannot be read, is no index, is damaged, or was made in another format or with another algorithm,
    /// taxonomy or model than `matcher` has.
    pub fn open(path: &Path, matcher: &Matcher) -> Result<Self, IndexError> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Err(IndexError::NoIndex);
        }
        let map = crate::mapped::map(&file)?;
        let Preamble { table_start, table_length, table_checksum } = Preamble::read(&map)?;
        let damaged = || IndexError::Damaged { part: "its table".to_owned() };
        let bytes = slice(&map, table_start, table_length).ok_or_else(damaged)?;
        if crc32fast::hash(bytes) != table_checksum {
            return Err(damaged());
        }
        // The versions stand first, so that an index of a program whose table was otherwise says so.
        let (versions, _) = postcard::take_from_bytes::<Versions>(bytes).map_err(|_| damaged())?;
        same_versions(versions, matcher.versions())?;
        let table: Table = postcard::from_bytes(bytes).map_err(|_| damaged())?;
        Ok(Self { map, table, checked: AtomicBool::new(false) })
    }

    /// How many resumes it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.entries.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.entries.is_empty()
    }

    /// The order that [`super::rank`] gives to the same resumes.
    ///
    /// # Errors
    /// When a resume's record is damaged.
    pub fn rank(
        &self,
        matcher: &Matcher,
        job: &PreparedJob,
        as_of: Date,
    ) -> Result<Vec<Ranked<'_>>, IndexError> {
        let checked = self.checked.load(Ordering::Acquire);
        let scan = Scan::new(matcher, job, as_of, &self.table.dictionary);
        let mut scratch = Scratch::default();
        let mut ranked = Vec::with_capacity(self.len());
        for entry in &self.table.entries {
            let damaged = || IndexError::Damaged { part: entry.name.clone() };
            let record = self.record(entry).ok_or_else(damaged)?;
            if !checked && crc32fast::hash(record) != entry.checksum {
                return Err(damaged());
            }
            let resume = Columns::read(record).ok_or_else(damaged)?;
            ranked.push(Ranked { name: &entry.name, score: scan.number(&resume, &mut scratch) });
        }
        self.checked.store(true, Ordering::Release);
        sort(&mut ranked);
        Ok(ranked)
    }

    fn record(&self, entry: &Entry) -> Option<&[u8]> {
        slice(&self.map, entry.start, entry.length)
    }
}

fn slice(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

fn same_versions(found: Versions, expected: Versions) -> Result<(), IndexError> {
    for (what, found, expected) in [
        ("algorithm", found.algorithm, expected.algorithm),
        ("taxonomy", found.taxonomy, expected.taxonomy),
        ("model", found.model, expected.model),
    ] {
        if found != expected {
            return Err(IndexError::OtherVersion { what, found, expected });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_of_another_version_says_which() {
        let versions = || Versions { algorithm: "1".into(), taxonomy: "aa".into(), model: "bb".into() };
        same_versions(versions(), versions()).unwrap();
        let error = same_versions(versions(), Versions { taxonomy: "ac".into(), ..versions() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the index was made with taxonomy aa, this program has ac; make it again by `rmctl index`"
        );
    }

    #[test]
    fn a_place_beyond_the_file_is_none() {
        assert_eq!(slice(&[1, 2, 3], 1, 2), Some(&[2, 3][..]));
        assert_eq!(slice(&[1, 2, 3], 2, 2), None);
        assert_eq!(slice(&[1, 2, 3], u64::MAX, u64::MAX), None);
    }
}
