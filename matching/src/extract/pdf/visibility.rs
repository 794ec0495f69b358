//! Whether a reader of the page can see a text object.
//!
//! Cheap rules find the suspects (no paint, the colour of the ground, something painted over it); a suspect counts
//! as hidden only when the painted page shows nothing where it stands, so that text over pictures, gradients and
//! odd shapes is never lost.

use std::collections::HashMap;

use super::glyphs::Geometry;
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
    /// Painting order of text objects.
    order: HashMap<ObjectId, usize>,
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
        let mut order = HashMap::new();
        for (index, object) in page.objects().into_iter().enumerate() {
            match object.kind {
                ObjectKind::Text => {
                    order.insert(object.id, index);
                }
                kind => shapes.push(Shape { order: index, kind, rect: geometry.rect(&object.bounds) }),
            }
        }
        Self { page, shapes, order, raster: None }
    }

    pub(super) fn has_pictures(&self) -> bool {
        self.shapes.iter().any(|shape| shape.kind == ObjectKind::Image)
    }

    /// Why a text object cannot be seen; `rect` is its first character. `None` when it can.
    pub(super) fn hidden(&mut self, id: ObjectId, object: &TextObject, rect: &Rect) -> Option<HiddenReason> {
        let reason = self.suspicion(id, object, rect)?;
        (!self.shows_something(rect)).then_some(reason)
    }

    fn suspicion(&self, id: ObjectId, object: &TextObject, rect: &Rect) -> Option<HiddenReason> {
        if object.render_mode == 3 || (object.fill.3 < 8 && matches!(object.render_mode, 0 | 4)) {
            return Some(HiddenReason::Invisible);
        }
        if !matches!(object.render_mode, 0 | 4) {
            return None;
        }
        let text_order = self.order.get(&id).copied().unwrap_or(usize::MAX);
        let (x, y) = ((rect.x0 + rect.x1) / 2.0, (rect.y0 + rect.y1) / 2.0);
        let mut ground_is_alike = alike(object.fill, Rgba(255, 255, 255, 255));
        for shape in self.shapes.iter().filter(|shape| shape.contains(x, y)) {
            match shape.kind {
                ObjectKind::Fill { plain: true, .. } if shape.order > text_order => {
                    return Some(HiddenReason::Covered);
                }
                _ if shape.order > text_order => {}
                ObjectKind::Fill { colour, plain } => {
                    let same = alike(object.fill, colour);
                    ground_is_alike = if plain { same } else { ground_is_alike && same };
                }
                _ => ground_is_alike = false,
            }
        }
        ground_is_alike.then_some(HiddenReason::SameColour)
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
