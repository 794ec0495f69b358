//! The objects of the file: pages, fonts with what their glyphs mean, links.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{
    ActionType, AnnotationType, CidFontType, FontFlags, SystemInfo, TextRenderingMode, UnicodeCmap,
};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::fonts::{BOX_WIDTH, Embedded, Fonts, Glyph};
use super::metrics;
use super::page::{PAGE, Page};
use crate::export::ExportError;

const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Hands out object numbers.
struct Numbers(i32);

impl Numbers {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }
}

/// The whole file.
pub(super) fn file(pages: &[Page], fonts: &Fonts<'_>, title: &str) -> Result<Vec<u8>, ExportError> {
    let mut pdf = Pdf::new();
    let mut numbers = Numbers(0);
    let (catalog, tree, info) = (numbers.next(), numbers.next(), numbers.next());
    let mut resources: Vec<(String, Ref)> = Vec::new();
    for (name, bold) in [("F0", false), ("F1", true)] {
        let font = numbers.next();
        latin(&mut pdf, font, bold);
        resources.push((name.to_owned(), font));
    }
    for (index, font) in fonts.embedded.iter().enumerate().filter(|(_, font)| !font.used.is_empty()) {
        let id = embedded(&mut pdf, &mut numbers, index, font)?;
        resources.push((format!("E{index}"), id));
    }
    for (index, characters) in fonts.box_fonts().enumerate() {
        let id = boxes(&mut pdf, &mut numbers, characters)?;
        resources.push((format!("B{index}"), id));
    }
    let kids: Vec<Ref> = pages.iter().map(|_| numbers.next()).collect();
    for (page, id) in pages.iter().zip(&kids) {
        write_page(&mut pdf, &mut numbers, page, *id, tree, &resources)?;
    }
    pdf.pages(tree).count(i32::try_from(kids.len()).unwrap_or(i32::MAX)).kids(kids);
    pdf.document_info(info).title(TextStr(title));
    pdf.catalog(catalog).pages(tree);
    Ok(pdf.finish())
}

fn write_page(
    pdf: &mut Pdf,
    numbers: &mut Numbers,
    page: &Page,
    id: Ref,
    tree: Ref,
    fonts: &[(String, Ref)],
) -> Result<(), ExportError> {
    let content = numbers.next();
    let links: Vec<Ref> = page.links.iter().map(|_| numbers.next()).collect();
    let mut writer = pdf.page(id);
    writer.parent(tree).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(content);
    if !links.is_empty() {
        writer.annotations(links.iter().copied());
    }
    let mut resources = writer.resources();
    let mut dictionary = resources.fonts();
    for (name, font) in fonts {
        dictionary.pair(Name(name.as_bytes()), font);
    }
    dictionary.finish();
    resources.finish();
    writer.finish();
    for (link, id) in page.links.iter().zip(links) {
        let [x0, y0, x1, y1] = link.area;
        let mut annotation = pdf.annotation(id);
        annotation.subtype(AnnotationType::Link).rect(Rect::new(x0, y0, x1, y1)).border(0.0, 0.0, 0.0, None);
        annotation.action().action_type(ActionType::Uri).uri(Str(link.target.as_bytes()));
    }
    let data = squeeze(&drawn(page))?;
    pdf.stream(content, &data).filter(Filter::FlateDecode);
    Ok(())
}

fn drawn(page: &Page) -> Vec<u8> {
    let mut content = Content::new();
    for piece in &page.pieces {
        let Some(first) = piece.glyphs.first() else { continue };
        let font = match first {
            Glyph::Latin(_) => format!("F{}", u8::from(piece.bold)),
            Glyph::Embedded(index, _) => format!("E{index}"),
            Glyph::Box(index, _) => format!("B{index}"),
        };
        let codes: Vec<u8> = piece
            .glyphs
            .iter()
            .flat_map(|glyph| match glyph {
                Glyph::Latin(code) | Glyph::Box(_, code) => vec![*code],
                Glyph::Embedded(_, glyph) => glyph.to_be_bytes().to_vec(),
            })
            .collect();
        content.begin_text();
        content.set_font(Name(font.as_bytes()), piece.size);
        if piece.bold && matches!(first, Glyph::Embedded(..)) {
            // The fonts of the caller have one weight: a thin outline makes it heavier.
            content.set_line_width(piece.size * 0.03).set_text_rendering_mode(TextRenderingMode::FillStroke);
        } else {
            content.set_text_rendering_mode(TextRenderingMode::Fill);
        }
        content.next_line(piece.x, piece.y);
        content.show(Str(&codes));
        content.end_text();
    }
    content.finish().to_vec()
}

/// One of the standard fonts, with the widths that lines were broken by.
fn latin(pdf: &mut Pdf, id: Ref, bold: bool) {
    let mut font = pdf.type1_font(id);
    font.base_font(Name(if bold { b"Helvetica-Bold" } else { b"Helvetica" }));
    font.encoding_predefined(Name(b"WinAnsiEncoding"));
    font.first_char(32).last_char(255);
    font.widths((32..=255_u8).map(|code| f32::from(metrics::width(code, bold))));
}

/// A subset of a font of the caller.
fn embedded(
    pdf: &mut Pdf,
    numbers: &mut Numbers,
    index: usize,
    font: &Embedded<'_>,
) -> Result<Ref, ExportError> {
    let (id, cid, descriptor, file, map) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next(), numbers.next());
    let subset = subsetter::subset(&font.font.data, font.font.index, &font.remapper)
        .map_err(|error| ExportError::Font { number: index + 1, detail: error.to_string() })?;
    let name = format!("RMFONT+Embedded{index}");
    let name = Name(name.as_bytes());
    // Compact outlines are embedded as an OpenType file, others as TrueType.
    let compact = font.face.tables().cff.is_some();
    pdf.type0_font(id)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(map);
    let mut writer = pdf.cid_font(cid);
    writer
        .subtype(if compact { CidFontType::Type0 } else { CidFontType::Type2 })
        .base_font(name)
        .system_info(IDENTITY)
        .font_descriptor(descriptor)
        .default_width(0.0);
    if !compact {
        writer.cid_to_gid_map_predefined(Name(b"Identity"));
    }
    let mut widths = writer.widths();
    for (glyph, (_, width)) in &font.used {
        widths.consecutive(*glyph, [f32::from(*width)]);
    }
    widths.finish();
    writer.finish();
    describe(pdf, descriptor, name, font, file);
    let data = squeeze(&subset)?;
    let mut stream = pdf.stream(file, &data);
    stream.filter(Filter::FlateDecode);
    if compact {
        stream.pair(Name(b"Subtype"), Name(b"OpenType"));
    }
    stream.finish();
    let mut unicode = UnicodeCmap::<u16>::new(Name(b"Custom"), IDENTITY);
    for (glyph, (c, _)) in &font.used {
        unicode.pair(*glyph, *c);
    }
    pdf.cmap(map, &unicode.finish());
    Ok(id)
}

/// What a reader needs to know of an embedded font besides its glyphs.
fn describe(pdf: &mut Pdf, descriptor: Ref, name: Name<'_>, font: &Embedded<'_>, file: Ref) {
    let scale = 1000.0 / f32::from(font.face.units_per_em());
    let scaled = |value: i16| f32::from(value) * scale;
    let bbox = font.face.global_bounding_box();
    let mut writer = pdf.font_descriptor(descriptor);
    writer
        .name(name)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(scaled(bbox.x_min), scaled(bbox.y_min), scaled(bbox.x_max), scaled(bbox.y_max)))
        .italic_angle(0.0)
        .ascent(scaled(font.face.ascender()))
        .descent(scaled(font.face.descender()))
        .cap_height(scaled(font.face.capital_height().unwrap_or_else(|| font.face.ascender())))
        .stem_v(80.0);
    if font.face.tables().cff.is_some() {
        writer.font_file3(file);
    } else {
        writer.font_file2(file);
    }
    writer.finish();
}

/// A font whose glyphs are all the same empty box and mean the given characters.
fn boxes(pdf: &mut Pdf, numbers: &mut Numbers, characters: &[char]) -> Result<Ref, ExportError> {
    let (id, outline, blank, map) = (numbers.next(), numbers.next(), numbers.next(), numbers.next());
    let last = u8::try_from(characters.len()).unwrap_or(u8::MAX);
    let names: Vec<String> = characters.iter().map(|c| format!("u{:04X}", u32::from(*c))).collect();
    let mut font = pdf.type3_font(id);
    font.bbox(Rect::new(0.0, 0.0, f32::from(BOX_WIDTH), 700.0));
    font.matrix([0.001, 0.0, 0.0, 0.001, 0.0, 0.0]);
    let mut procedures = font.char_procs();
    for (name, c) in names.iter().zip(characters) {
        procedures.pair(Name(name.as_bytes()), if c.is_whitespace() { blank } else { outline });
    }
    procedures.finish();
    font.encoding_custom().differences().consecutive(1, names.iter().map(|name| Name(name.as_bytes())));
    font.first_char(1).last_char(last).widths(characters.iter().map(|_| f32::from(BOX_WIDTH)));
    font.to_unicode(map);
    font.finish();
    for (id, seen) in [(outline, true), (blank, false)] {
        let mut content = Content::new();
        content.start_color_glyph(f32::from(BOX_WIDTH));
        if seen {
            content.set_line_width(40.0).rect(60.0, 0.0, 480.0, 680.0).stroke();
        }
        pdf.stream(id, &content.finish());
    }
    let mut unicode = UnicodeCmap::<u8>::new(Name(b"Custom"), IDENTITY);
    for (code, c) in (1_u8..).zip(characters) {
        unicode.pair(code, *c);
    }
    pdf.cmap(map, &unicode.finish());
    Ok(id)
}

fn squeeze(data: &[u8]) -> Result<Vec<u8>, ExportError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data)?;
    Ok(encoder.finish()?)
}
