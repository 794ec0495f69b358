//! The characters of a page in the coordinates of the page as displayed, sorted by writing direction, those that
//! cannot be seen taken out.

use std::collections::HashMap;

use super::fonts::style_of;
use super::geometry::{Geometry, bounding_box};
use super::ligatures;
use super::pdfium::{FontId, ObjectId, PdfPage, RawChar, TextObject};
use super::visibility::Scene;
use crate::document::{HiddenReason, Rect, Style};
use crate::error::ExtractError;
use crate::extract::options::ExtractOptions;

/// Text under this size in points cannot be read.
const TINY: f32 = 2.0;
/// Writing directions that are told apart on one page; more are lumped with the last.
const MAX_DIRECTIONS: usize = 16;

/// A character with its place in the frame of its [`Direction`]: `x` along the line, `y` across it, downwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyph {
    pub(super) c: char,
    pub(super) x0: f32,
    pub(super) x1: f32,
    pub(super) top: f32,
    pub(super) bottom: f32,
    pub(super) base: f32,
    /// Index into [`PageText::styles`].
    pub(super) style: u16,
    /// Index of the link, from 1; 0 for none.
    pub(super) link: u16,
    /// Place in the page's content.
    pub(super) order: u32,
    /// The character shares its shape with the one before (`fi` drawn as one ligature).
    pub(super) piece: bool,
}

/// Font size and appearance of glyphs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GlyphStyle {
    /// In points as displayed.
    pub(super) size: f32,
    pub(super) style: Style,
}

/// All glyphs that are written in one direction.
pub(super) struct Direction {
    /// Clockwise from left-to-right, 0 to 359.
    pub(super) degrees: u16,
    pub(super) glyphs: Vec<Glyph>,
}

impl Direction {
    /// From the direction's frame back to the page as displayed.
    pub(super) fn to_page(&self, rect: &Rect) -> Rect {
        let corners = [(rect.x0, rect.y0), (rect.x1, rect.y0), (rect.x0, rect.y1), (rect.x1, rect.y1)];
        let (sin, cos) = f32::from(self.degrees).to_radians().sin_cos();
        let turned = corners.map(|(u, v)| (u * cos - v * sin, u * sin + v * cos));
        bounding_box(&turned)
    }
}

/// The glyphs of a page.
#[derive(Default)]
pub(super) struct PageText {
    pub(super) size: (f32, f32),
    pub(super) directions: Vec<Direction>,
    pub(super) styles: Vec<GlyphStyle>,
    pub(super) links: Vec<String>,
    /// Links that lie over no visible character.
    pub(super) bare_links: Vec<String>,
    pub(super) hidden: Vec<(String, HiddenReason)>,
    /// Characters without a Unicode value.
    pub(super) unmapped: usize,
    /// Whether some characters are placeholders of [`ligatures`].
    pub(super) has_placeholders: bool,
    /// Whether the page shows pictures.
    pub(super) has_pictures: bool,
}

/// What stays the same for all characters of a text object.
#[derive(Clone, Copy)]
struct ObjectView {
    id: ObjectId,
    style: u16,
    size: f32,
    degrees: u16,
    /// Sine and cosine of `degrees`.
    turn: (f32, f32),
    hidden: Option<HiddenReason>,
    font: Option<FontId>,
}

/// Reads the glyphs of a page. Errors: cancelled or over the object limit.
pub(super) fn collect(
    page: &PdfPage<'_>,
    options: &ExtractOptions<'_>,
    budget: &mut usize,
) -> Result<PageText, ExtractError> {
    let geometry = Geometry::of(page);
    let scene = Scene::new(page, geometry);
    let links: Vec<(Rect, String)> =
        page.links().into_iter().map(|(rect, uri)| (geometry.rect(&rect), uri)).collect();
    let count = page.char_count();
    *budget = budget
        .checked_sub(count)
        .ok_or(ExtractError::TooLarge { limit: options.limits.objects as u64, unit: "characters" })?;
    let mut collector = Collector {
        page,
        geometry,
        fonts: HashMap::new(),
        style_index: HashMap::new(),
        scene,
        used_links: vec![false; links.len()],
        links,
        text: PageText { size: geometry.size(), ..PageText::default() },
        hidden_text: Vec::new(),
        codes: Vec::new(),
        count,
    };
    let mut view: Option<ObjectView> = None;
    for index in 0..count {
        if index % 8192 == 8191 {
            options.check_cancel()?;
        }
        let Some(raw) = page.char_at(index) else { continue };
        let current = match view {
            Some(view) if Some(view.id) == raw.object => view,
            _ => match collector.look_at(&raw, index) {
                Some(view) => view,
                None => continue,
            },
        };
        if raw.unmapped || !is_space(raw.unicode) {
            view = Some(current);
        }
        collector.take(&raw, index, &current);
    }
    Ok(collector.finish())
}

struct Collector<'a> {
    page: &'a PdfPage<'a>,
    geometry: Geometry,
    fonts: HashMap<FontId, Style>,
    style_index: HashMap<(u32, Style), u16>,
    scene: Scene<'a>,
    links: Vec<(Rect, String)>,
    used_links: Vec<bool>,
    text: PageText,
    hidden_text: Vec<(String, HiddenReason, f32)>,
    /// Fonts and codes without Unicode values, in the order of their placeholders.
    codes: Vec<(FontId, u32)>,
    /// Characters on the page.
    count: usize,
}

impl Collector<'_> {
    fn look_at(&mut self, raw: &RawChar, index: usize) -> Option<ObjectView> {
        let id = raw.object?;
        let object = self.page.text_object(id, index);
        let m = object.matrix;
        let sign = if object.font_size < 0.0 { -1.0 } else { 1.0 };
        let degrees = self.geometry.degrees(m.a * sign, m.b * sign);
        let stated = (object.font_size * m.c.hypot(m.d)).abs();
        let rect = self.geometry.rect(&raw.bounds);
        let extent = if degrees % 180 == 90 { rect.width() } else { rect.height() };
        // Bitmap fonts scale inside the font, so their stated size says nothing.
        let size = if stated < 3.0 && extent > stated * 2.5 { extent * 0.85 } else { stated };
        let style = self.style(&object, size, degrees);
        // Letters may also be squeezed until nothing is left of their width.
        let across = (object.font_size * m.a.hypot(m.b)).abs();
        let squeezed = stated >= 3.0 && across < 0.05 * stated;
        let hidden = if size < TINY || squeezed {
            Some(HiddenReason::Tiny)
        } else if is_space(raw.unicode) && !raw.unmapped {
            // A space shows nothing anywhere: the next character decides.
            None
        } else {
            self.scene.hidden(id, &object, &rect)
        };
        let turn = f32::from(degrees).to_radians().sin_cos();
        Some(ObjectView { id, style, size, degrees, turn, hidden, font: object.font })
    }

    fn style(&mut self, object: &TextObject, size: f32, degrees: u16) -> u16 {
        let mut style = match object.font {
            Some(font) => *self.fonts.entry(font).or_insert_with(|| style_of(&self.page.font(font))),
            None => Style::default(),
        };
        style.bold |= object.render_mode == 2;
        style.rotated = degrees != 0;
        let size = (size * 20.0).round().clamp(0.0, 100_000.0);
        let styles = &mut self.text.styles;
        *self.style_index.entry((size as u32, style)).or_insert_with(|| {
            styles.push(GlyphStyle { size: size / 20.0, style });
            // More styles than that share the last one.
            u16::try_from(styles.len() - 1).unwrap_or(u16::MAX)
        })
    }

    fn take(&mut self, raw: &RawChar, index: usize, view: &ObjectView) {
        let Some(c) = self.character(raw, view) else {
            self.text.unmapped += 1;
            return;
        };
        let rect = self.geometry.rect(&raw.bounds);
        let (cx, cy) = ((rect.x0 + rect.x1) / 2.0, (rect.y0 + rect.y1) / 2.0);
        let (width, height) = self.text.size;
        let outside =
            cx < -1.0 || cy < -1.0 || cx > width + 1.0 || cy > height + 1.0 || !(cx + cy).is_finite();
        let hidden = if outside { Some(HiddenReason::OffPage) } else { view.hidden };
        if let Some(reason) = hidden {
            self.hide(c, reason, raw.origin.1);
            return;
        }
        let link = if c == ' ' { 0 } else { self.link_at(cx, cy) };
        let glyph = self.place(raw, &rect, view, c, link, index as u32);
        let directions = &mut self.text.directions;
        let direction = match directions.iter().position(|direction| direction.degrees == view.degrees) {
            Some(found) => found,
            None if directions.len() >= MAX_DIRECTIONS => directions.len() - 1,
            None => {
                // The first direction of a page is nearly always that of all its text.
                let room = if directions.is_empty() { self.count } else { 0 };
                directions.push(Direction { degrees: view.degrees, glyphs: Vec::with_capacity(room) });
                directions.len() - 1
            }
        };
        if let Some(direction) = directions.get_mut(direction) {
            direction.glyphs.push(glyph);
        }
    }

    /// The character, or a placeholder for a font's code without a Unicode value; `None` for what has no meaning.
    fn character(&mut self, raw: &RawChar, view: &ObjectView) -> Option<char> {
        match raw.unicode {
            code if raw.unmapped => {
                let key = (view.font?, code);
                let known = self.codes.iter().position(|known| *known == key);
                ligatures::placeholder(known.unwrap_or_else(|| {
                    self.codes.push(key);
                    self.codes.len() - 1
                }))
            }
            // PDFium's mark for a hyphen at a line end.
            2 => Some('-'),
            space if is_space(space) => Some(' '),
            other => {
                char::from_u32(other).filter(|c| !c.is_control() && *c != '\u{fffd}' && *c != '\u{fffe}')
            }
        }
    }

    /// Puts a character into the frame of its direction.
    fn place(&self, raw: &RawChar, rect: &Rect, view: &ObjectView, c: char, link: u16, order: u32) -> Glyph {
        let (sin, cos) = view.turn;
        let turn = |x: f32, y: f32| (x * cos + y * sin, y * cos - x * sin);
        let origin = self.geometry.point(raw.origin.0, raw.origin.1);
        let (ox, base) = turn(origin.0, origin.1);
        let framed = match view.degrees {
            0 => *rect,
            _ => bounding_box(&[turn(rect.x0, rect.y0), turn(rect.x1, rect.y1)]),
        };
        let (x0, x1, mut top, mut bottom) = if view.degrees.is_multiple_of(90) {
            (framed.x0, framed.x1, framed.y0, framed.y1)
        } else {
            // The box around a slanted character says little: solve for the advance, with the height as given
            // by the size.
            let height = view.size;
            let solved = (rect.width() - height * sin.abs()) / cos.abs().max(0.2);
            (
                ox,
                ox + solved.clamp(0.2 * view.size, 1.1 * view.size),
                base - height * 0.8,
                base + height * 0.2,
            )
        };
        if bottom - top < 0.2 * view.size || bottom - top > 4.0 * view.size {
            (top, bottom) = (base - view.size * 0.8, base + view.size * 0.2);
        }
        let piece = self
            .text
            .directions
            .iter()
            .find(|direction| direction.degrees == view.degrees)
            .and_then(|direction| direction.glyphs.last())
            .is_some_and(|last| {
                last.order + 1 == order && last.x0 == x0 && last.base == base && last.x1 == x1 && c != ' '
            });
        Glyph { c, x0, x1, top, bottom, base, style: view.style, link, order, piece }
    }

    fn hide(&mut self, c: char, reason: HiddenReason, y: f32) {
        match self.hidden_text.last_mut() {
            Some((text, last, line)) if *last == reason => {
                if (*line - y).abs() > 1.0 && !text.ends_with(' ') {
                    text.push(' ');
                }
                *line = y;
                text.push(c);
            }
            _ => self.hidden_text.push((c.to_string(), reason, y)),
        }
    }

    fn link_at(&mut self, x: f32, y: f32) -> u16 {
        for (index, (rect, _)) in self.links.iter().enumerate() {
            if x >= rect.x0 && x <= rect.x1 && y >= rect.y0 && y <= rect.y1 {
                if let Some(used) = self.used_links.get_mut(index) {
                    *used = true;
                }
                return u16::try_from(index + 1).unwrap_or(0);
            }
        }
        0
    }

    fn finish(mut self) -> PageText {
        self.text.has_pictures = self.scene.has_pictures();
        self.text.has_placeholders = !self.codes.is_empty();
        self.text.hidden = self.hidden_text.into_iter().map(|(text, reason, _)| (text, reason)).collect();
        for ((_, uri), used) in self.links.iter().zip(&self.used_links) {
            if !used {
                self.text.bare_links.push(uri.clone());
            }
        }
        self.text.links = self.links.into_iter().map(|(_, uri)| uri).collect();
        self.text
    }
}

fn is_space(unicode: u32) -> bool {
    matches!(unicode, 0x9 | 0xa | 0xd | 0x20 | 0xa0)
}
