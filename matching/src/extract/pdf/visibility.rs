//! Whether a reader of the page can see a text object.
//!
//! Cheap rules find the suspects (no paint, the colour of the ground, something painted over it); a suspect counts
//! as hidden only when the painted page shows nothing where it stands, so that text over pictures, gradients and
//! odd shapes is never lost.

use super::geometry::Geometry;
use super::pdfium::{ObjectId, ObjectKind, PdfPage, Raster, Rgba, TextObject};
use crate::document::{HiddenReason, Rect};

/// Resolution and size of the painted page that settles doubts.
const DOTS_PER_INCH: u32 = 108;
const MAX_PIXELS: u32 = 4_000_000;
/// Differences of brightness (0 to 255) under this cannot be seen.
const FAINT: u8 = 14;
/// Sums of channel differences under this make colours alike.
const ALIKE: u16 = 36;

/// What is painted on a page beside text.
pub(super) struct Scene<'a> {
    page: &'a PdfPage<'a>,
    shapes: Vec<Shape>,
    /// Text objects with their place in the painting order, sorted once the first one is looked up.
    texts: Vec<(ObjectId, usize)>,
    sorted: bool,
    raster: Option<Option<Raster>>,
}

struct Shape {
    order: usize,
    kind: ObjectKind,
    rect: Rect,
}

impl<'a> Scene<'a> {
    pub(super) fn new(page: &'a PdfPage<'a>, geometry: Geometry) -> Self {
        let mut shapes = Vec::new();
        let mut texts = Vec::new();
        for (index, object) in page.objects().into_iter().enumerate() {
            match object.kind {
                ObjectKind::Text => texts.push((object.id, index)),
                kind => shapes.push(Shape { order: index, kind, rect: geometry.rect(&object.bounds) }),
            }
        }
        Self { page, shapes, texts, sorted: false, raster: None }
    }

    pub(super) fn has_pictures(&self) -> bool {
        self.shapes.iter().any(|shape| shape.kind == ObjectKind::Image)
    }

    /// Why a text object cannot be seen; `rect` is its first character. `None` when it can.
    pub(super) fn hidden(&mut self, id: ObjectId, object: &TextObject, rect: &Rect) -> Option<HiddenReason> {
        let reason = self.suspicion(id, object, rect)?;
        (!self.shows_something(rect)).then_some(reason)
    }

    fn order_of(&mut self, id: ObjectId) -> usize {
        if !self.sorted {
            self.texts.sort_unstable_by_key(|(id, _)| *id);
            self.sorted = true;
        }
        let found = self.texts.binary_search_by_key(&id, |(id, _)| *id);
        found.ok().and_then(|index| self.texts.get(index)).map_or(usize::MAX, |(_, order)| *order)
    }

    fn suspicion(&mut self, id: ObjectId, object: &TextObject, rect: &Rect) -> Option<HiddenReason> {
        if object.render_mode == 3 || (object.fill.3 < 8 && matches!(object.render_mode, 0 | 4)) {
            return (!self.is_outlined(rect)).then_some(HiddenReason::Invisible);
        }
        if !matches!(object.render_mode, 0 | 4) {
            return None;
        }
        let (x, y) = ((rect.x0 + rect.x1) / 2.0, (rect.y0 + rect.y1) / 2.0);
        let mut ground_is_alike = alike(object.fill, Rgba(255, 255, 255, 255));
        if !self.shapes.iter().any(|shape| shape.contains(x, y)) {
            return ground_is_alike.then_some(HiddenReason::SameColour);
        }
        let text_order = self.order_of(id);
        for shape in self.shapes.iter().filter(|shape| shape.contains(x, y)) {
            match shape.kind {
                // Whatever its form and transparency: the painted page tells whether the text shows through.
                _ if shape.order > text_order => return Some(HiddenReason::Covered),
                ObjectKind::Fill { colour, plain } => {
                    let same = alike(object.fill, colour);
                    ground_is_alike = if plain { same } else { ground_is_alike || same };
                }
                // Of pictures only the painted page knows the colour.
                _ => ground_is_alike = true,
            }
        }
        ground_is_alike.then_some(HiddenReason::SameColour)
    }

    /// Whether transparent text lies over a drawing of its own letters. Browsers print so where they cannot embed a
    /// font: a path with the outlines of a line, as high as the line, and over it the text for the reader's mouse.
    fn is_outlined(&self, rect: &Rect) -> bool {
        let (x, y) = ((rect.x0 + rect.x1) / 2.0, (rect.y0 + rect.y1) / 2.0);
        let mut under = self.shapes.iter().rev().filter(|shape| shape.contains(x, y));
        let Some(Shape { kind: ObjectKind::Fill { colour, plain: false }, rect: drawn, .. }) = under.next()
        else {
            return false;
        };
        let ground = match under.next().map(|shape| shape.kind) {
            None => Rgba(255, 255, 255, 255),
            Some(ObjectKind::Fill { colour, plain: true }) => colour,
            Some(_) => return false,
        };
        drawn.height() < 2.0 * rect.height() && !alike(*colour, ground)
    }

    fn shows_something(&mut self, rect: &Rect) -> bool {
        let page = self.page;
        let raster = self.raster.get_or_insert_with(|| page.render(DOTS_PER_INCH, MAX_PIXELS));
        raster.as_ref().is_some_and(|raster| raster.contrast(rect) >= FAINT)
    }
}

impl Shape {
    fn contains(&self, x: f32, y: f32) -> bool {
        x >= self.rect.x0 && x <= self.rect.x1 && y >= self.rect.y0 && y <= self.rect.y1
    }
}

fn alike(a: Rgba, b: Rgba) -> bool {
    let apart = |x: u8, y: u8| u16::from(x.abs_diff(y));
    apart(a.0, b.0) + apart(a.1, b.1) + apart(a.2, b.2) < ALIKE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_white_is_like_white_and_grey_is_not() {
        let white = Rgba(255, 255, 255, 255);
        assert!(alike(Rgba(250, 250, 250, 255), white));
        assert!(!alike(Rgba(200, 200, 200, 255), white));
    }
}
