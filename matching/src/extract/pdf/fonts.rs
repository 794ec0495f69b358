//! What a font's name, flags and weight tell about its look.

use super::pdfium::FontInfo;
use crate::document::Style;

/// Appearance as the font's name, flags and weight tell it.
pub(super) fn style_of(font: &FontInfo) -> Style {
    const FIXED_PITCH: i32 = 1;
    const ITALIC: i32 = 1 << 6;
    const FORCE_BOLD: i32 = 1 << 18;
    let name = font.name.split_once('+').map_or(font.name.as_str(), |(_, name)| name).to_ascii_lowercase();
    let has = |marks: &[&str]| marks.iter().any(|mark| name.contains(mark));
    let light = has(&["regular", "light", "book", "medium", "roman", "thin"]) && !has(&["bold"]);
    let bold_name = has(&["bold", "black", "heavy", "demi", "cmbx", "sfbx", "ecbx", "-bd", "xbold"]);
    Style {
        bold: bold_name || font.flags & FORCE_BOLD != 0 || (font.weight >= 620 && !light),
        italic: font.flags & ITALIC != 0 || has(&["italic", "oblique", "slanted", "cmti", "cmsl", "sfti"]),
        underline: false,
        monospace: font.flags & FIXED_PITCH != 0 || has(&["mono", "courier", "consol", "cmtt"]),
        rotated: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(name: &str, weight: i32) -> Style {
        style_of(&FontInfo { name: name.to_owned(), flags: 0, weight })
    }

    #[test]
    fn names_and_weights_tell_bold_and_italic() {
        assert!(style("ABCDEF+Lato-Bold", 0).bold);
        assert!(style("CMBX10", 570).bold);
        assert!(style("Unnamed", 700).bold);
        assert!(!style("Lato-Regular", 700).bold);
        assert!(style("Times-BoldItalic", 0).italic);
        assert!(style("CourierNew", 0).monospace);
    }
}
