//! Character recognition by the program `tesseract`, for the command line and the worker alike.
//!
//! `matching` paints a page and asks an [`Ocr`] to read it; this crate answers by starting tesseract, without a shell,
//! with bounds on memory, processor time, wall clock and the length of its answer. Pictures go in and words come out
//! through pipes: nothing is written to disk.

mod languages;
mod process;
mod tsv;

/// Cargo compiles this crate again when it is built from another checkout than last time, for all of them share one
/// folder of intermediate artefacts (docs/decisions/0004).
const _: Option<&str> = option_env!("RESUME_MATCHER_CHECKOUT");

use std::path::{Path, PathBuf};
use std::time::Duration;

use matching::extract::{Ocr, OcrLine, Picture};

pub use languages::{LanguageError, Languages};

/// What a person does to have scans read.
pub const HOW_TO_INSTALL: &str =
    "install tesseract to have scans read (Debian: apt-get install tesseract-ocr)";

/// Bounds on the recognition of one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Wall clock; also the bound on processor time, rounded up to seconds.
    pub time: Duration,
    /// Address space in bytes.
    pub memory: u64,
    /// Bytes of the answer.
    pub answer: u64,
}

impl Default for Bounds {
    /// A minute, 1 GiB and 8 MiB: a page of small print takes some seconds, 300 MiB and 200 KiB.
    fn default() -> Self {
        Self { time: Duration::from_secs(60), memory: 1 << 30, answer: 8 << 20 }
    }
}

/// The program tesseract, version 4 or later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tesseract {
    program: PathBuf,
    languages: Languages,
    bounds: Bounds,
}

impl Tesseract {
    /// The program in one of the folders of `path` (a list as in `PATH`); `None` when it is not installed.
    pub fn find(path: &std::ffi::OsStr, languages: Languages) -> Option<Self> {
        let program = std::env::split_paths(path)
            // A relative folder would run whatever lies in the current one.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join("tesseract"))
            .find(|program| program.is_file())?;
        Some(Self::at(&program, languages, Bounds::default()))
    }

    /// The program at a path.
    pub fn at(program: &Path, languages: Languages, bounds: Bounds) -> Self {
        Self { program: program.to_owned(), languages, bounds }
    }

    /// Where the program is.
    pub fn program(&self) -> &Path {
        &self.program
    }
}

impl Ocr for Tesseract {
    fn recognise(&self, picture: &Picture) -> Result<Vec<OcrLine>, String> {
        let arguments = [
            "stdin".to_owned(),
            "stdout".to_owned(),
            "-l".to_owned(),
            self.languages.to_string(),
            "--dpi".to_owned(),
            picture.dots_per_inch.to_string(),
            "tsv".to_owned(),
        ];
        let answer = process::run(&self.program, &arguments, pnm(picture), &self.bounds)
            .map_err(|error| error.to_string())?;
        Ok(tsv::lines(&answer))
    }
}

/// The picture in the simplest format that tesseract reads: grey, since it drops colours itself.
fn pnm(picture: &Picture) -> Vec<u8> {
    let mut bytes = format!("P5\n{} {}\n255\n", picture.width, picture.height).into_bytes();
    bytes.reserve(picture.rgb.len() / 3);
    bytes.extend(picture.rgb.chunks_exact(3).map(|pixel| match *pixel {
        // Weights of ITU-R BT.601.
        [r, g, b] => ((u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1000) as u8,
        _ => 255,
    }));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_becomes_a_grey_map() {
        let rgb = vec![255, 255, 255, 0, 0, 0];
        let picture = Picture { width: 2, height: 1, dots_per_inch: 300, rgb };
        assert_eq!(pnm(&picture), b"P5\n2 1\n255\n\xff\x00");
    }

    #[test]
    fn relative_folders_are_not_searched() {
        assert_eq!(Tesseract::find(std::ffi::OsStr::new(".:bin:/nowhere"), Languages::default()), None);
    }
}
