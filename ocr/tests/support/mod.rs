//! Scans made here: a page is painted by PDFium through the recogniser's own door, and its picture becomes a PDF file.

use matching::extract::{ExtractOptions, Ocr, OcrLine, Picture};

/// A PDF file of pages (A4) with these contents, this picture as `/Im` and this drawing as the pattern `/P`.
fn pdf(contents: &[&str], picture: &Picture, drawing: &str) -> Vec<u8> {
    // Every second pixel, in grey: scanners give no more.
    let (width, height) = (picture.width.div_ceil(2), picture.height.div_ceil(2));
    let rows = picture.rgb.chunks_exact(picture.width as usize * 3).step_by(2);
    let hex: String = rows
        .flat_map(|row| row.chunks_exact(3).step_by(2))
        .map(|pixel| format!("{:02x}", pixel[1]))
        .collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        String::new(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
        format!(
            "<</Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/DeviceGray/BitsPerComponent 8\
             /Filter/ASCIIHexDecode/Length {}>>stream\n{hex}>\nendstream",
            width,
            height,
            hex.len() + 1
        ),
        format!(
            "<</Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 595 842]/XStep 595/YStep 842\
             /Resources<</Font<</F1 3 0 R>>>>/Length {}>>stream\n{drawing}\nendstream",
            drawing.len()
        ),
    ];
    let mut kids = String::new();
    for content in contents {
        objects.push(format!("<</Length {}>>stream\n{content}\nendstream", content.len()));
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {} 0 R\
             /Resources<</XObject<</Im 4 0 R>>/Pattern<</P 5 0 R>>>>>>",
            objects.len()
        ));
        kids.push_str(&format!("{} 0 R ", objects.len()));
    }
    objects[1] = format!("<</Type/Pages/Kids[{kids}]/Count {}>>", contents.len());
    let mut file = String::from("%PDF-1.7\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let table = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for offset in offsets {
        file.push_str(&format!("{offset:010} 00000 n \n"));
    }
    file.push_str(&format!("trailer<</Size {}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1));
    file.into_bytes()
}

/// Catches the picture of a page instead of reading it.
struct Camera(std::cell::RefCell<Option<Picture>>);

impl Ocr for Camera {
    fn recognise(&self, picture: &Picture) -> Result<Vec<OcrLine>, String> {
        *self.0.borrow_mut() = Some(picture.clone());
        Ok(Vec::new())
    }
}

/// What a page with this drawing looks like. Letters in a pattern are painted, and are no text of the page.
fn photograph(drawing: &str) -> Picture {
    let blank = Picture { width: 1, height: 1, dots_per_inch: 72, rgb: vec![255; 3] };
    let camera = Camera(std::cell::RefCell::new(None));
    let options = ExtractOptions { ocr: Some(&camera), ..ExtractOptions::default() };
    let page = "/Im Do /Pattern cs /P scn 0 0 595 842 re f";
    let error = matching::extract(&pdf(&[page], &blank, drawing), None, &options).unwrap_err();
    assert_eq!(error.class(), "no_text");
    camera.0.into_inner().expect("the page was painted")
}

/// A PDF file of so many pages, each one picture that shows three lines, as a scanner makes it.
pub(crate) fn scanned(pages: usize) -> Vec<u8> {
    pdf(&vec!["q 595 0 0 842 0 0 cm /Im Do Q"; pages], &scan(), "")
}

fn scan() -> Picture {
    let line = |y: u32, size: u32, text: &str| format!("BT /F1 {size} Tf 60 {y} Td ({text}) Tj ET\n");
    photograph(
        &[
            line(740, 26, "Ada Lovelace"),
            line(690, 16, "Programmer of the Analytical Engine"),
            line(600, 16, "Mathematics and French"),
        ]
        .concat(),
    )
}
