//! The fonts of a file: Helvetica, fonts of the caller, and boxes for what none of them has.

use std::collections::{BTreeMap, BTreeSet};

use subsetter::GlyphRemapper;
use ttf_parser::Face;

use super::metrics;
use crate::export::ExportError;

/// A font file of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Font {
    /// The file: TrueType, OpenType, or a collection of them.
    pub data: Vec<u8>,
    /// Number of the font in a collection, from 0; 0 for a single font.
    pub index: u32,
}

impl Font {
    /// Whether the font has a glyph for a character. False for files that are no fonts.
    pub fn has(&self, c: char) -> bool {
        Face::parse(&self.data, self.index).is_ok_and(|face| face.glyph_index(c).is_some())
    }
}

/// How a character is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glyph {
    /// By a code of Helvetica.
    Latin(u8),
    /// By a glyph of an embedded font: number of the font, number of the glyph in its subset.
    Embedded(usize, u16),
    /// As a box: number of the box font, code in it.
    Box(usize, u8),
}

/// A font that is embedded as far as it is used.
pub(super) struct Embedded<'a> {
    pub(super) font: &'a Font,
    pub(super) face: Face<'a>,
    pub(super) remapper: GlyphRemapper,
    /// Number in the subset -> its character and its width in thousandths.
    pub(super) used: BTreeMap<u16, (char, u16)>,
}

/// Width of the box, in thousandths of the font size.
pub(super) const BOX_WIDTH: u16 = 600;
/// Codes of a box font.
const CODES: usize = 255;

/// All fonts of a file.
pub(super) struct Fonts<'a> {
    pub(super) embedded: Vec<Embedded<'a>>,
    /// Characters drawn as boxes, in order of first use.
    pub(super) boxes: Vec<char>,
}

impl<'a> Fonts<'a> {
    /// Reads the fonts of the caller.
    pub(super) fn open(others: &'a [Font]) -> Result<Self, ExportError> {
        let embedded = others.iter().enumerate().map(|(index, font)| {
            let face = Face::parse(&font.data, font.index)
                .map_err(|error| ExportError::Font { number: index + 1, detail: error.to_string() })?;
            Ok(Embedded { font, face, remapper: GlyphRemapper::new(), used: BTreeMap::new() })
        });
        Ok(Self { embedded: embedded.collect::<Result<_, ExportError>>()?, boxes: Vec::new() })
    }

    /// How a character is drawn; notes that it is used.
    pub(super) fn glyph(&mut self, c: char) -> Glyph {
        if let Some(code) = metrics::code(c) {
            return Glyph::Latin(code);
        }
        for (number, font) in self.embedded.iter_mut().enumerate() {
            let Some(glyph) = font.face.glyph_index(c).filter(|glyph| glyph.0 != 0) else { continue };
            let in_subset = font.remapper.remap(glyph.0);
            let units = f32::from(font.face.units_per_em());
            let advance = f32::from(font.face.glyph_hor_advance(glyph).unwrap_or(0));
            // Two characters may share a glyph; the text of the first is stated, so the second goes elsewhere.
            let known = font.used.entry(in_subset).or_insert((c, (advance * 1000.0 / units).round() as u16));
            if known.0 == c {
                return Glyph::Embedded(number, in_subset);
            }
        }
        let at = self.boxes.iter().position(|known| *known == c).unwrap_or_else(|| {
            self.boxes.push(c);
            self.boxes.len() - 1
        });
        Glyph::Box(at / CODES, u8::try_from(at % CODES + 1).unwrap_or(u8::MAX))
    }

    /// Width in thousandths of the font size.
    pub(super) fn width(&self, glyph: Glyph, bold: bool) -> u16 {
        match glyph {
            Glyph::Latin(code) => metrics::width(code, bold),
            Glyph::Embedded(font, glyph) => self
                .embedded
                .get(font)
                .and_then(|font| font.used.get(&glyph))
                .map_or(BOX_WIDTH, |(_, width)| *width),
            Glyph::Box(..) => BOX_WIDTH,
        }
    }

    /// Width of a text in points.
    pub(super) fn measure(&mut self, text: &str, bold: bool, size: f32) -> f32 {
        let sum: f32 = text
            .chars()
            .map(|c| {
                let glyph = self.glyph(c);
                f32::from(self.width(glyph, bold))
            })
            .sum();
        sum * size / 1000.0
    }

    /// The characters of the box fonts, a slice a font.
    pub(super) fn box_fonts(&self) -> impl Iterator<Item = &[char]> {
        self.boxes.chunks(CODES)
    }

    /// Characters that no font had.
    pub(super) fn missing(&self) -> Vec<char> {
        let without_space = self.boxes.iter().copied().filter(|c| !c.is_whitespace());
        without_space.collect::<BTreeSet<char>>().into_iter().collect()
    }
}
