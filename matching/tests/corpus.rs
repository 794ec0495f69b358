//! The seeds of the fuzz targets (`matching/fuzz/corpus`) and mutations of them, through every reader.
//!
//! `RM_FUZZ_ROUNDS` sets how many mutations of each seed are tried; the sequence is the same each time. The PDF seeds
//! need PDFium (`cargo xtask model`).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use matching::{ExtractOptions, extract};

/// Mutations of each seed.
const ROUNDS: u32 = 150;
/// The longest that any file may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);

fn seeds() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let folders = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let mut seeds: Vec<PathBuf> = folders
        .flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        .collect();
    seeds.sort();
    assert!(seeds.len() >= 18, "the corpus has a seed for every format");
    seeds
}

/// Marsaglia's xorshift: equal on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() % limit.max(1)
    }
}

/// Values at which readers go wrong: limits of integers, ends of strings, starts of structures.
const ODD: [&[u8]; 12] = [
    b"\x00",
    b"\xff\xff\xff\xff",
    b"-1",
    b"99999999999",
    b"<<",
    b">>",
    b"(",
    b"{",
    b"</",
    b"&#x10ffff;",
    b"\\u-1",
    b"PK\x03\x04",
];

/// One to eight of: bytes changed, cut out, doubled, or replaced by something odd.
fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len());
        let length = random.below(bytes.len() - at.min(bytes.len())).min(1 << random.below(12));
        match random.below(5) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 => drop(bytes.drain(at..at + length)),
            2 => {
                let piece = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            3 => {
                let odd = ODD[random.below(ODD.len())];
                let end = (at + odd.len()).min(bytes.len());
                bytes.splice(at.min(end)..end, odd.iter().copied());
            }
            _ => bytes.iter_mut().skip(at).take(length.min(8)).for_each(|byte| *byte = random.next() as u8),
        }
    }
    bytes
}

/// Reads bytes and checks what must hold of every outcome.
fn check(bytes: &[u8], name: &str) -> Option<matching::Document> {
    let start = Instant::now();
    let result = extract(bytes, Some(name), &ExtractOptions::default());
    let took = start.elapsed();
    assert!(took < TIME_LIMIT, "{name} took {took:?}");
    match result {
        Ok(document) => {
            assert!(document.text.chars().any(char::is_alphanumeric), "{name}: a document has text");
            for span in document.spans() {
                assert!(document.text.get(span.range.clone()).is_some(), "{name}: ranges are of the text");
            }
            Some(document)
        }
        Err(error) => {
            assert!(error.to_string().len() > 10 && error.is_about_the_file(), "{name}: {error}");
            None
        }
    }
}

#[test]
fn every_seed_is_read() {
    for seed in seeds() {
        let bytes = std::fs::read(&seed).unwrap();
        let name = seed.file_name().unwrap().to_string_lossy().into_owned();
        let document = check(&bytes, &name);
        assert!(document.is_some(), "{} cannot be read", seed.display());
    }
}

#[test]
fn every_mutation_ends_with_text_or_a_clear_error() {
    let rounds = std::env::var("RM_FUZZ_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    for seed in seeds() {
        let bytes = std::fs::read(&seed).unwrap();
        let name = seed.file_name().unwrap().to_string_lossy().into_owned();
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..rounds {
            check(&mutate(&bytes, &mut random), &name);
        }
    }
}
