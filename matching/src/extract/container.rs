//! ZIP containers, read with limits. A damaged or missing directory is made good by scanning for the headers that
//! stand before each entry.

use std::io::Read;

use super::options::ExtractOptions;
use crate::document::Format;
use crate::error::{ExtractError, FormatName};

/// Entries that are looked at.
const MAX_ENTRIES: usize = 10_000;
/// Parts smaller than this may expand by any ratio.
const RATIO_FREE: usize = 1 << 20;

/// An opened container.
pub(crate) struct Container<'a> {
    bytes: &'a [u8],
    options: &'a ExtractOptions<'a>,
    format: FormatName,
    entries: Vec<Entry>,
    expanded: usize,
    /// Something was wrong and what could be read was read.
    pub(crate) damaged: bool,
}

struct Entry {
    name: String,
    method: u16,
    encrypted: bool,
    /// Offset of the local header.
    offset: usize,
    /// Compressed size; `None` when only the data tells where it ends.
    size: Option<usize>,
}

impl<'a> Container<'a> {
    /// Reads the directory, or finds the entries without it. Error: damaged when there is none.
    pub(crate) fn open(
        bytes: &'a [u8],
        format: Format,
        options: &'a ExtractOptions<'a>,
    ) -> Result<Self, ExtractError> {
        let format = FormatName(format);
        let directory = directory(bytes).filter(|entries| !entries.is_empty());
        let damaged = directory.is_none();
        let entries = directory.unwrap_or_else(|| scan(bytes));
        if entries.is_empty() {
            return Err(ExtractError::Damaged { format, detail: "its archive has no entries".to_owned() });
        }
        Ok(Self { bytes, options, format, entries, expanded: 0, damaged })
    }

    /// Names of all entries.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The bytes of an entry by its name, in any case; `None` when it is absent.
    ///
    /// A part whose compressed data breaks off gives what came before and sets [`Self::damaged`].
    /// Errors: encrypted, cancelled, over a limit of expansion.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, ExtractError> {
        let name = name.trim_start_matches('/');
        let Some(entry) = self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)) else {
            return Ok(None);
        };
        if entry.encrypted {
            return Err(ExtractError::Encrypted { format: self.format });
        }
        let Some(data) = entry.data(self.bytes) else {
            self.damaged = true;
            return Ok(None);
        };
        match entry.method {
            0 => {
                let data = data.to_vec();
                self.count(data.len())?;
                Ok(Some(data))
            }
            8 => self.inflate(data).map(Some),
            other => Err(ExtractError::Damaged {
                format: self.format,
                detail: format!("the part {name} is compressed by the unknown method {other}"),
            }),
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), ExtractError> {
        self.expanded += bytes;
        let limit = self.options.limits.expanded_bytes;
        if self.expanded > limit {
            return Err(ExtractError::TooLarge { limit: limit as u64, unit: "bytes after decompression" });
        }
        self.options.check_cancel()
    }

    fn inflate(&mut self, data: &[u8]) -> Result<Vec<u8>, ExtractError> {
        let mut decoder = flate2::bufread::DeflateDecoder::new(data);
        let mut output = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = match decoder.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(_) => {
                    self.damaged = true;
                    break;
                }
            };
            self.count(read)?;
            output.extend_from_slice(buffer.get(..read).unwrap_or_default());
            let consumed = usize::try_from(decoder.total_in()).unwrap_or(usize::MAX).max(1);
            let ratio = self.options.limits.expansion_ratio;
            if output.len() > RATIO_FREE && output.len() / consumed > ratio {
                return Err(ExtractError::TooLarge {
                    limit: ratio as u64,
                    unit: "times its compressed size",
                });
            }
        }
        Ok(output)
    }
}

impl Entry {
    fn data<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let header = bytes.get(self.offset..)?;
        if !header.starts_with(b"PK\x03\x04") {
            return None;
        }
        let start = 30 + usize::from(u16_at(header, 26)?) + usize::from(u16_at(header, 28)?);
        let rest = header.get(start..)?;
        // A file that is cut short still gives what is there.
        Some(self.size.and_then(|size| rest.get(..size)).unwrap_or(rest))
    }
}

/// The entries of the central directory; `None` when it is missing or makes no sense.
fn directory(bytes: &[u8]) -> Option<Vec<Entry>> {
    let tail_start = bytes.len().saturating_sub(66_000);
    let end = tail_start + memchr::memmem::rfind(bytes.get(tail_start..)?, b"PK\x05\x06")?;
    let record = bytes.get(end..)?;
    let size = u32_at(record, 12)? as usize;
    let stated = u32_at(record, 16)? as usize;
    // Bytes put before the archive shift all offsets.
    let start = end.checked_sub(size)?;
    let shift = start.checked_sub(stated)?;
    let mut entries = Vec::new();
    let mut at = start;
    while at < end && entries.len() < MAX_ENTRIES {
        let header = bytes.get(at..end)?;
        if !header.starts_with(b"PK\x01\x02") {
            return None;
        }
        let (name, extra, comment) = (u16_at(header, 28)?, u16_at(header, 30)?, u16_at(header, 32)?);
        let name = header.get(46..46 + usize::from(name))?;
        let size = u32_at(header, 20)?;
        let offset = u32_at(header, 42)? as usize + shift;
        if !bytes.get(offset..)?.starts_with(b"PK\x03\x04") {
            return None;
        }
        entries.push(Entry {
            name: clean_name(name),
            method: u16_at(header, 10)?,
            encrypted: u16_at(header, 8)? & 1 != 0,
            offset,
            size: (size != u32::MAX).then_some(size as usize),
        });
        at += 46 + name.len() + usize::from(extra) + usize::from(comment);
    }
    Some(entries)
}

/// The entries that local headers tell of.
fn scan(bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for offset in memchr::memmem::find_iter(bytes, b"PK\x03\x04") {
        if entries.len() >= MAX_ENTRIES {
            break;
        }
        if let Some(entry) = bytes.get(offset..).and_then(|header| local_entry(header, offset)) {
            entries.push(entry);
        }
    }
    entries
}

fn local_entry(header: &[u8], offset: usize) -> Option<Entry> {
    let flags = u16_at(header, 6)?;
    let name = header.get(30..30 + usize::from(u16_at(header, 26)?))?;
    let size = u32_at(header, 18)? as usize;
    // Bit 3: the sizes stand after the data. Compressed data ends by itself.
    let known = flags & 8 == 0 && size > 0;
    Some(Entry {
        name: clean_name(name),
        method: u16_at(header, 8)?,
        encrypted: flags & 1 != 0,
        offset,
        size: known.then_some(size),
    })
}

fn clean_name(name: &[u8]) -> String {
    String::from_utf8_lossy(name).replace('\\', "/").trim_start_matches('/').to_owned()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::extract::options::Limits;

    fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, data) in parts {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(data).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn parts_are_found_by_name_in_any_case() {
        let bytes = archive(&[("word/document.xml", b"<x/>")]);
        let options = ExtractOptions::default();
        let mut container = Container::open(&bytes, Format::Docx, &options).unwrap();
        assert_eq!(container.read("/Word/Document.xml").unwrap().as_deref(), Some(&b"<x/>"[..]));
        assert_eq!(container.read("absent").unwrap(), None);
        assert!(!container.damaged);
    }

    #[test]
    fn a_lost_directory_is_made_good_by_scanning() {
        let text = b"hello ".repeat(500);
        let mut bytes = archive(&[("a.txt", &text), ("b.txt", b"second")]);
        let directory = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        bytes.truncate(directory);
        let options = ExtractOptions::default();
        let mut container = Container::open(&bytes, Format::Docx, &options).unwrap();
        assert!(container.damaged);
        assert_eq!(container.read("a.txt").unwrap().unwrap(), text);
        assert_eq!(container.read("b.txt").unwrap().unwrap(), b"second");
    }

    #[test]
    fn bombs_are_refused_by_ratio_and_by_size() {
        let bytes = archive(&[("bomb", &vec![b'a'; 8 << 20])]);
        let options = ExtractOptions::default();
        let error = Container::open(&bytes, Format::Docx, &options).unwrap().read("bomb").unwrap_err();
        assert_eq!(error.to_string(), "the file is over the limit of 200 times its compressed size");
        let limits = Limits { expansion_ratio: usize::MAX, expanded_bytes: 1 << 20, ..Limits::default() };
        let options = ExtractOptions { limits, ..ExtractOptions::default() };
        let error = Container::open(&bytes, Format::Docx, &options).unwrap().read("bomb").unwrap_err();
        assert_eq!(error.to_string(), "the file is over the limit of 1048576 bytes after decompression");
    }

    #[test]
    fn a_part_that_breaks_off_gives_what_came_before() {
        let text: Vec<u8> = (0..40_000_u32).flat_map(|n| n.to_string().into_bytes()).collect();
        let mut bytes = archive(&[("a.txt", &text)]);
        bytes.truncate(bytes.len() / 2);
        let options = ExtractOptions::default();
        let mut container = Container::open(&bytes, Format::Docx, &options).unwrap();
        let read = container.read("a.txt").unwrap().unwrap();
        assert!(!read.is_empty() && text.starts_with(&read));
        assert!(container.damaged);
    }
}
