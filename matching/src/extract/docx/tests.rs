//! DOCX files made here and read back.

use std::io::Write;

use crate::document::{BlockKind, Document, HiddenReason, WarningKind};
use crate::error::ExtractError;
use crate::extract::{ExtractOptions, extract};

const NS: &str = r#"xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships""#;

fn package(parts: &[(&str, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, data) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(data.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn docx(body: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut relations = String::new();
    let mut parts =
        vec![("word/document.xml", format!("<w:document {NS}><w:body>{body}</w:body></w:document>"))];
    for (name, xml) in more {
        let kind =
            name.trim_start_matches("word/").trim_end_matches(".xml").trim_end_matches(char::is_numeric);
        relations.push_str(&format!(
            r#"<Relationship Id="{kind}" Type="http://x/{kind}" Target="{}"/>"#,
            name.trim_start_matches("word/")
        ));
        parts.push((name, (*xml).replace("NS", NS)));
    }
    relations.push_str(r#"<Relationship Id="link" Type="http://x/hyperlink" Target="https://jane.example" TargetMode="External"/>"#);
    parts.push(("word/_rels/document.xml.rels", format!("<Relationships>{relations}</Relationships>")));
    package(&parts)
}

fn read(body: &str, more: &[(&str, &str)]) -> Document {
    extract(&docx(body, more), None, &ExtractOptions::default()).unwrap()
}

fn p(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

#[test]
fn paragraphs_tabs_and_breaks_are_kept() {
    let body =
        "<w:p><w:r><w:t>Acme</w:t><w:tab/><w:t>2019</w:t><w:br/><w:t>Engineer &amp; lead</w:t></w:r></w:p>";
    assert_eq!(read(&format!("{body}{}", p("next")), &[]).text, "Acme\t2019\nEngineer & lead\n\nnext");
}

#[test]
fn tracked_changes_are_taken_as_accepted() {
    let body = "<w:p><w:r><w:t>I </w:t></w:r><w:ins><w:r><w:t>led</w:t></w:r></w:ins>\
        <w:del><w:r><w:delText>did</w:delText></w:r></w:del><w:moveFrom><w:r><w:t>gone</w:t></w:r></w:moveFrom></w:p>\
        <w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>first half </w:t></w:r></w:p>";
    assert_eq!(read(&format!("{body}{}", p("second half")), &[]).text, "I led\n\nfirst half second half");
}

#[test]
fn tables_and_nested_tables_are_read_in_order() {
    let nested = format!("<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>", p("a"), p("b"));
    let body = format!(
        "<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr><w:tr><w:tc>{}</w:tc><w:tc>{}{nested}</w:tc></w:tr></w:tbl>",
        p("Skill"),
        p("Years"),
        p("left"),
        p("right")
    );
    let document = read(&body, &[]);
    assert_eq!(document.text, "Skill\tYears\n\nleft\n\nright\n\na\tb");
    assert_eq!(document.pages[0].blocks[0].kind, BlockKind::TableRow);
}

#[test]
fn text_boxes_are_read_once() {
    let content = format!("<w:txbxContent>{}</w:txbxContent>", p("boxed"));
    let body = format!(
        "<w:p><w:r><w:t>host</w:t></w:r><w:r><mc:AlternateContent><mc:Choice><w:drawing>{content}</w:drawing></mc:Choice>\
         <mc:Fallback><w:pict>{content}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    );
    let document = read(&body, &[]);
    assert_eq!(document.text, "host\n\nboxed");
    assert_eq!(document.pages[0].blocks[1].kind, BlockKind::TextBox);
}

#[test]
fn lists_have_their_markers() {
    let numbering = r#"<w:numbering NS><w:abstractNum w:abstractNumId="7">
        <w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
        <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl></w:abstractNum>
        <w:abstractNum w:abstractNumId="8"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val=""/></w:lvl></w:abstractNum>
        <w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num></w:numbering>"#;
    let item = |list: u8, level: u8, text: &str| {
        format!(
            r#"<w:p><w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list}"/></w:numPr></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#
        )
    };
    let body = [
        item(1, 0, "a"),
        item(1, 1, "b"),
        item(1, 1, "c"),
        item(1, 0, "d"),
        item(1, 1, "e"),
        item(2, 0, "f"),
    ]
    .concat();
    let document = read(&body, &[("word/numbering.xml", numbering)]);
    assert_eq!(document.text, "3. a\n\n3.a) b\n\n3.b) c\n\n4. d\n\n4.a) e\n\n- f");
    assert_eq!(document.pages[0].blocks[1].kind, BlockKind::ListItem { depth: 1 });
}

#[test]
fn styles_give_headings_sizes_and_weight() {
    let styles = r#"<w:styles NS><w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="22"/></w:rPr></w:rPrDefault></w:docDefaults>
        <w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 2"/><w:basedOn w:val="B"/></w:style>
        <w:style w:type="paragraph" w:styleId="B"><w:name w:val="Base"/><w:rPr><w:b/><w:sz w:val="32"/></w:rPr></w:style></w:styles>"#;
    let body =
        format!(r#"<w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>Work</w:t></w:r></w:p>{}"#, p("text"));
    let document = read(&body, &[("word/styles.xml", styles)]);
    assert_eq!(document.pages[0].blocks[0].kind, BlockKind::Heading { level: 2 });
    let spans: Vec<_> = document.spans().map(|span| (span.font_size, span.style.bold)).collect();
    assert_eq!(spans, [(Some(16.0), true), (Some(11.0), false)]);
}

#[test]
fn headers_come_first_footers_last_and_notes_before_them() {
    let more = [
        ("word/header1.xml", "<w:hdr NS><w:p><w:r><w:t>Jane Doe</w:t></w:r></w:p></w:hdr>"),
        ("word/footer1.xml", "<w:ftr NS><w:p><w:r><w:t>page</w:t></w:r></w:p></w:ftr>"),
        (
            "word/footnotes.xml",
            "<w:footnotes NS><w:footnote><w:p><w:r><w:t>noted</w:t></w:r></w:p></w:footnote></w:footnotes>",
        ),
    ];
    let document = read(&p("body"), &more);
    assert_eq!(document.text, "Jane Doe\n\nbody\n\nnoted\n\npage");
    let kinds: Vec<_> = document.pages[0].blocks.iter().map(|block| block.kind).collect();
    assert_eq!(kinds, [BlockKind::Header, BlockKind::Paragraph, BlockKind::Note, BlockKind::Footer]);
}

#[test]
fn links_keep_their_targets_in_both_notations() {
    let body = r#"<w:p><w:hyperlink r:id="link"><w:r><w:t>site</w:t></w:r></w:hyperlink><w:r><w:t> and </w:t></w:r>
        <w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "mailto:j@x.org" </w:instrText></w:r>
        <w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>mail</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>"#;
    let document = read(body, &[]);
    assert_eq!(document.text, "site and mail");
    let links: Vec<_> = document
        .links
        .iter()
        .map(|link| (document.slice(link.range.as_ref().unwrap()), link.target.as_str()))
        .collect();
    assert_eq!(links, [("site", "https://jane.example"), ("mail", "mailto:j@x.org")]);
}

#[test]
fn hidden_and_white_and_tiny_text_is_kept_apart() {
    let run = |properties: &str, text: &str| {
        format!("<w:p><w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r></w:p>")
    };
    let body = [
        p("seen"),
        run("<w:vanish/>", "one"),
        run(r#"<w:color w:val="FFFFFF"/>"#, "two"),
        run(r#"<w:sz w:val="2"/>"#, "three"),
        run(r#"<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="203040"/>"#, "on dark"),
    ]
    .concat();
    let document = read(&body, &[]);
    assert_eq!(document.text, "seen\n\non dark");
    let hidden: Vec<_> = document.hidden.iter().map(|hidden| (hidden.text.as_str(), hidden.reason)).collect();
    assert_eq!(
        hidden,
        [("one", HiddenReason::Marked), ("two", HiddenReason::SameColour), ("three", HiddenReason::Tiny)]
    );
    assert_eq!(document.warnings[0].kind, WarningKind::HiddenText);
}

#[test]
fn a_file_cut_short_gives_what_is_there_or_says_damaged() {
    let text: String = (0..4000).map(|n| p(&format!("line {n}"))).collect();
    let bytes = docx(&text, &[]);
    let document = extract(&bytes[..bytes.len() / 2], None, &ExtractOptions::default()).unwrap();
    assert!(document.text.starts_with("line 0\n\nline 1"));
    assert_eq!(document.warnings[0].kind, WarningKind::Damaged);
    let error = extract(&bytes[..60], None, &ExtractOptions::default()).unwrap_err();
    assert_eq!(error.class(), "damaged");
}

#[test]
fn an_empty_document_has_no_text() {
    let error = extract(&docx("<w:p/>", &[]), None, &ExtractOptions::default()).unwrap_err();
    assert_eq!(error, ExtractError::NoText { pages: 1 });
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn mutated_files_never_panic(position in 0.0..1.0_f64, bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..12)) {
        let mut file = docx(&format!("{}<w:tbl><w:tr><w:tc>{}</w:tc></w:tr></w:tbl>", p("some text"), p("cell")), &[]);
        let start = (position * file.len() as f64) as usize;
        for (slot, byte) in file.iter_mut().skip(start).zip(bytes) {
            *slot = byte;
        }
        match extract(&file, Some("resume.docx"), &ExtractOptions::default()) {
            Ok(document) => proptest::prop_assert!(!document.text.is_empty()),
            Err(error) => proptest::prop_assert!(!error.to_string().is_empty()),
        }
    }
}
