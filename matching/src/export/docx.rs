//! DOCX: Office Open XML with paragraph styles, as a word processor would write it (ECMA-376, part 1).

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::parse::json_resume::Resume;

use super::ExportError;
use super::content::lines;
use super::lines::{Kind, Line};

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/numbering.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"/></Types>"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
const NUMBERING: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="360" w:hanging="240"/></w:pPr></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>"#;
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial"/><w:sz w:val="20"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="20"/></w:pPr></w:pPrDefault></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style><w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:rPr><w:b/><w:sz w:val="40"/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:pPr><w:keepNext/><w:spacing w:before="240" w:after="60"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/><w:sz w:val="26"/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/><w:pPr><w:keepNext/><w:spacing w:before="120" w:after="20"/><w:outlineLvl w:val="1"/></w:pPr><w:rPr><w:b/><w:sz w:val="22"/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="ListBullet"><w:name w:val="List Bullet"/><w:basedOn w:val="Normal"/></w:style></w:styles>"#;

/// A resume as a DOCX file: A4, one column, built-in styles, bullets as real lists, dates behind a right tab stop.
///
/// The same resume gives the same bytes (the archive states no time).
pub fn to_docx(resume: &Resume) -> Result<Vec<u8>, ExportError> {
    let mut body = String::new();
    let mut links: Vec<String> = Vec::new();
    for line in &lines(resume) {
        paragraph(&mut body, line, &mut links);
    }
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:document \
         xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
         xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><w:body>{body}<w:sectPr>\
         <w:pgSz w:w=\"11906\" w:h=\"16838\"/><w:pgMar w:top=\"1020\" w:right=\"1020\" w:bottom=\"1020\" \
         w:left=\"1020\" w:header=\"0\" w:footer=\"0\" w:gutter=\"0\"/></w:sectPr></w:body></w:document>"
    );
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::DEFAULT);
    for (name, part) in [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELATIONS),
        ("word/document.xml", &document),
        ("word/styles.xml", STYLES),
        ("word/numbering.xml", NUMBERING),
        ("word/_rels/document.xml.rels", &relations(&links)),
    ] {
        archive.start_file(name, options)?;
        archive.write_all(part.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

fn paragraph(body: &mut String, line: &Line, links: &mut Vec<String>) {
    // The text is 9866 twentieths of a point wide.
    let tab = "<w:tabs><w:tab w:val=\"right\" w:pos=\"9866\"/></w:tabs>";
    let style = match line.kind {
        Kind::Name => "<w:pStyle w:val=\"Title\"/>",
        Kind::Heading => "<w:pStyle w:val=\"Heading1\"/>",
        Kind::Entry => "<w:pStyle w:val=\"Heading2\"/>",
        Kind::Bullet => {
            "<w:pStyle w:val=\"ListBullet\"/><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr>"
        }
        Kind::Contact | Kind::Detail | Kind::Paragraph => "",
    };
    body.push_str("<w:p><w:pPr>");
    body.push_str(style);
    if !line.aside.is_empty() {
        body.push_str(tab);
    }
    body.push_str("</w:pPr>");
    let titled = matches!(line.kind, Kind::Name | Kind::Heading | Kind::Entry);
    for run in &line.runs {
        let text = text(&run.text, run.bold && !titled);
        match &run.link {
            Some(link) => {
                links.push(link.clone());
                // Writing to a String cannot fail.
                let _ = write!(body, "<w:hyperlink r:id=\"rId{}\">{text}</w:hyperlink>", links.len() + 2);
            }
            None => body.push_str(&text),
        }
    }
    if !line.aside.is_empty() {
        body.push_str("<w:r><w:rPr><w:b w:val=\"0\"/><w:sz w:val=\"20\"/></w:rPr><w:tab/></w:r>");
        let aside = escaped(&line.aside);
        let _ = write!(
            body,
            "<w:r><w:rPr><w:b w:val=\"0\"/><w:sz w:val=\"20\"/></w:rPr><w:t xml:space=\"preserve\">{aside}</w:t></w:r>"
        );
    }
    body.push_str("</w:p>");
}

fn text(text: &str, bold: bool) -> String {
    let weight = if bold { "<w:rPr><w:b/></w:rPr>" } else { "" };
    format!("<w:r>{weight}<w:t xml:space=\"preserve\">{}</w:t></w:r>", escaped(text))
}

/// Text for XML 1.0: markup escaped, characters that XML does not allow left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{FFFE}' | '\u{FFFF}' => {}
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {}
            c => out.push(c),
        }
    }
    out
}

/// The targets of the links, after styles and numbering.
fn relations(links: &[String]) -> String {
    const BASE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships \
         xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
         Type=\"{BASE}/styles\" Target=\"styles.xml\"/><Relationship Id=\"rId2\" Type=\"{BASE}/numbering\" \
         Target=\"numbering.xml\"/>"
    );
    for (index, link) in links.iter().enumerate() {
        let _ = write!(
            out,
            "<Relationship Id=\"rId{}\" Type=\"{BASE}/hyperlink\" Target=\"{}\" TargetMode=\"External\"/>",
            index + 3,
            escaped(link)
        );
    }
    out.push_str("</Relationships>");
    out
}
