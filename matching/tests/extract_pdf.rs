//! Layouts that resumes have, made here as PDF files and read back. They need PDFium (`cargo xtask model`).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

use std::fmt::Write as _;

use matching::document::{Document, HiddenReason};
use matching::{ExtractOptions, extract};

/// Content that shows text in Helvetica at a place.
fn at(x: f32, y: f32, size: f32, text: &str) -> String {
    format!("BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n")
}

/// Content that shows Unicode text at a place, each character as wide as it is high (U1) or half as wide (U2).
fn unicode_at(font: &str, x: f32, y: f32, size: f32, text: &str) -> String {
    let mut hex = String::new();
    text.encode_utf16().for_each(|unit| write!(hex, "{unit:04x}").unwrap());
    format!("BT /{font} {size} Tf {x} {y} Td <{hex}> Tj ET\n")
}

/// A file of one page (A4) with this content; `/Im` is a white picture, `/Im2` a dark one.
fn pdf(content: &str) -> Vec<u8> {
    let to_unicode = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def \
                      1 begincodespacerange <0000> <ffff> endcodespacerange \
                      1 beginbfchar <e001> <00660069> endbfchar \
                      1 beginbfrange <0020> <9fff> <0020> endbfrange \
                      endcmap end end";
    let composite = |width: u32| {
        format!(
            "<</Type/Font/Subtype/Type0/BaseFont/Made/Encoding/Identity-H/ToUnicode 5 0 R/DescendantFonts\
             [<</Type/Font/Subtype/CIDFontType2/BaseFont/Made/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)\
             /Supplement 0>>/DW {width}/FontDescriptor<</Type/FontDescriptor/FontName/Made/Flags 4\
             /FontBBox[0 -200 1000 800]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>>>]>>"
        )
    };
    let picture = |grey: &str| {
        format!(
            "<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8\
             /Filter/ASCIIHexDecode/Length 3>>stream\n{grey}>\nendstream"
        )
    };
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[4 0 R]/Count 1>>".to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 6 0 R/Resources<</Font<</F1 3 0 R/U1 7 0 R/U2 8 0 R>>\
         /XObject<</Im 9 0 R/Im2 10 0 R>>/ExtGState<</Clear<</ca 0>>>>>>>>"
            .to_owned(),
        format!("<</Length {}>>stream\n{to_unicode}\nendstream", to_unicode.len()),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        composite(1000),
        composite(500),
        picture("ff"),
        picture("20"),
    ];
    let mut file = String::from("%PDF-1.7\n");
    let mut table = String::new();
    for (index, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", file.len()).unwrap();
        write!(file, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let start = file.len();
    let size = objects.len() + 1;
    write!(
        file,
        "xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    )
    .unwrap();
    file.into_bytes()
}

fn read(content: &str) -> Document {
    extract(&pdf(content), None, &ExtractOptions::default()).unwrap()
}

/// The words in their order.
fn words(document: &Document) -> Vec<&str> {
    document.text.split_whitespace().collect()
}

#[test]
fn a_sidebar_is_read_whole() {
    let mut content = at(220.0, 780.0, 22.0, "Jane Doe");
    for row in 0..9_u8 {
        let y = 740.0 - 16.0 * f32::from(row);
        content += &at(220.0, y, 10.0, &format!("main{row} of the experience of this person"));
        content += &at(40.0, y - 4.0, 9.0, &format!("side{row}"));
    }
    let document = read(&content);
    let order: Vec<&str> = words(&document)
        .into_iter()
        .filter(|word| word.starts_with("side") || word.starts_with("main"))
        .collect();
    let numbered = |name: &str| (0..9).map(|row| format!("{name}{row}")).collect::<Vec<_>>();
    let (side, main) = (numbered("side"), numbered("main"));
    assert!(order == [side.clone(), main.clone()].concat() || order == [main, side].concat(), "{order:?}");
}

#[test]
fn columns_on_the_same_baselines_are_read_one_after_the_other_when_painted_so() {
    let mut content = at(50.0, 790.0, 20.0, "Jane Doe of Example Town in Example Land");
    for (x, side) in [(50.0, "left"), (310.0, "right")] {
        for row in 0..10_u8 {
            let y = 740.0 - 13.0 * f32::from(row);
            content += &at(x, y, 10.0, &format!("{side}{row} has words that fill its line"));
        }
    }
    let document = read(&content);
    let at = |word: &str| document.text.find(word).unwrap();
    assert!(at("Jane") < at("left0") && at("left0") < at("left9"), "{}", document.text);
    assert!(at("left9") < at("right0") && at("right0") < at("right9"), "{}", document.text);
}

#[test]
fn rows_of_a_table_stay_rows() {
    let mut content = String::new();
    for (row, cells) in
        [["Skill", "Years", "Level"], ["Rust", "5", "expert"], ["SQL", "12", "expert"]].iter().enumerate()
    {
        for (column, cell) in cells.iter().enumerate() {
            content += &at(50.0 + 150.0 * column as f32, 700.0 - 18.0 * row as f32, 10.0, cell);
        }
    }
    let document = read(&content);
    let lines: Vec<&str> = document.text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["Skill\tYears\tLevel", "Rust\t5\texpert", "SQL\t12\texpert"]);
}

#[test]
fn chinese_has_no_spaces_and_latin_within_it_keeps_its_words() {
    let content = unicode_at("U1", 50.0, 700.0, 12.0, "软件工程师")
        + &unicode_at("U1", 50.0, 680.0, 12.0, "精通")
        + &at(74.0, 680.0, 12.0, "Rust")
        + &unicode_at("U1", 99.0, 680.0, 12.0, "语言");
    assert_eq!(read(&content).text.replace("\n\n", "\n"), "软件工程师\n精通Rust语言");
}

#[test]
fn hebrew_painted_from_left_to_right_is_read_from_right_to_left() {
    // As PDF files have it: the letters in the order in which they stand on the page.
    let visual: String = "שלום עולם".chars().rev().collect();
    let document = read(&unicode_at("U2", 300.0, 700.0, 12.0, &visual));
    assert_eq!(document.text, "שלום עולם");
}

#[test]
fn ligatures_are_letters() {
    let content = unicode_at("U2", 50.0, 700.0, 12.0, "of\u{e001}ce pro\u{fb01}le");
    // The font maps one code to two letters, the other is a ligature character.
    assert_eq!(read(&content).text, "office profile");
}

#[test]
fn words_broken_at_line_ends_are_joined_and_compounds_keep_their_hyphen() {
    let content = at(50.0, 700.0, 10.0, "Responsible for the develop-")
        + &at(50.0, 688.0, 10.0, "ment of a customer-facing full-")
        + &at(50.0, 676.0, 10.0, "stack application");
    let document = read(&content);
    assert!(document.text.contains("development"), "{}", document.text);
    assert!(document.text.contains("full-stack"), "{}", document.text);
}

#[test]
fn words_placed_letter_by_letter_without_spaces_are_words() {
    // As wkhtmltopdf does: each letter is placed, nothing is written between words.
    let mut content = String::from("BT /U1 10 Tf ");
    let mut x = 50.0_f32;
    for word in "Led a team and shipped the product on time".split(' ') {
        for c in word.chars() {
            write!(content, "1 0 0 1 {x} 700 Tm <{:04x}> Tj ", u32::from(c)).unwrap();
            x += 10.0;
        }
        x += 1.8;
    }
    content += "ET";
    assert_eq!(read(&content).text, "Led a team and shipped the product on time");
}

#[test]
fn text_that_something_hides_is_kept_apart() {
    let seen = at(50.0, 780.0, 10.0, "plainly seen");
    for (what, content, reason) in [
        (
            "behind a picture",
            at(50.0, 700.0, 10.0, "stuffing") + "q 300 0 0 60 40 680 cm /Im Do Q\n",
            HiddenReason::Covered,
        ),
        (
            "behind a shape with round corners",
            at(50.0, 700.0, 10.0, "stuffing")
                + "0.2 0.3 0.4 rg 40 690 m 200 690 l 205 690 210 695 210 700 c 210 715 l 40 715 l 35 700 l f 0 g\n",
            HiddenReason::Covered,
        ),
        (
            "in the colour of a picture",
            "q 300 0 0 60 40 680 cm /Im Do Q 1 g ".to_owned() + &at(50.0, 700.0, 10.0, "stuffing") + "0 g\n",
            HiddenReason::SameColour,
        ),
        (
            "squeezed to a line",
            "BT 2 Tz ET ".to_owned() + &at(50.0, 700.0, 10.0, "stuffing") + "BT 100 Tz ET\n",
            HiddenReason::Tiny,
        ),
        (
            "fully transparent",
            "q /Clear gs ".to_owned() + &at(50.0, 700.0, 10.0, "stuffing") + "Q\n",
            HiddenReason::Invisible,
        ),
        ("beyond the right edge", at(900.0, 700.0, 10.0, "stuffing"), HiddenReason::OffPage),
        ("below the page", at(50.0, -40.0, 10.0, "stuffing"), HiddenReason::OffPage),
        (
            "tiny by its matrix",
            "q 0.1 0 0 0.1 50 700 cm ".to_owned() + &at(0.0, 0.0, 10.0, "stuffing") + "Q\n",
            HiddenReason::Tiny,
        ),
    ] {
        let document = read(&(seen.clone() + &content));
        assert_eq!(document.text, "plainly seen", "{what}");
        let hidden: Vec<_> =
            document.hidden.iter().map(|hidden| (hidden.text.as_str(), hidden.reason)).collect();
        assert_eq!(hidden, [("stuffing", reason)], "{what}");
    }
}

#[test]
fn text_that_shows_is_never_hidden() {
    for (what, content) in [
        (
            "light on a dark picture",
            "q 300 0 0 60 40 680 cm /Im2 Do Q 1 g ".to_owned() + &at(50.0, 700.0, 10.0, "words"),
        ),
        (
            "in a frame painted later",
            at(50.0, 700.0, 10.0, "words")
                + "0 g 30 670 m 300 670 l 300 730 l 30 730 l 30 670 l 32 672 m 32 728 l 298 728 l 298 672 l h f\n",
        ),
        ("grey on white", "0.6 g ".to_owned() + &at(50.0, 700.0, 10.0, "words")),
        ("stroked only", "BT 1 Tr ET ".to_owned() + &at(50.0, 700.0, 12.0, "words")),
    ] {
        let document = read(&content);
        assert_eq!((document.text.as_str(), document.hidden.len()), ("words", 0), "{what}");
    }
}
