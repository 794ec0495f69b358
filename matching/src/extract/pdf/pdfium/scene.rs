//! What else a page shows: painted shapes, pictures, links, form fields, and the page as pixels.

use std::ffi::{c_int, c_ulong};
use std::ptr::null_mut;

use super::{CRect, Handle, Matrix, ObjectId, PdfPage};
use crate::extract::options::Picture;

/// Page objects that are looked at; a page with more is a drawing.
const MAX_OBJECTS: usize = 100_000;
/// Form objects inside form objects that are followed.
const MAX_DEPTH: u8 = 8;
/// Links or fields of a page that are looked at.
const MAX_ANNOTATIONS: i32 = 5_000;

/// A colour with opacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Rgba(
    pub(in super::super) u8,
    pub(in super::super) u8,
    pub(in super::super) u8,
    pub(in super::super) u8,
);

/// What kind of page object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ObjectKind {
    /// Text.
    Text,
    /// A filled path. `plain` when it is a rectangle without transparency, which hides what is under it.
    Fill { colour: Rgba, plain: bool },
    /// A picture, a shading or something else of unknown look.
    Image,
}

/// A page object in painting order, in user space.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct PageObject {
    pub(in super::super) id: ObjectId,
    pub(in super::super) kind: ObjectKind,
    pub(in super::super) bounds: CRect,
}

/// A form field or note with its text.
#[derive(Debug, Clone)]
pub(in super::super) struct Field {
    pub(in super::super) text: String,
    pub(in super::super) bounds: CRect,
}

impl Matrix {
    const IDENTITY: Self = Self { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };

    /// This transformation, then `outer`.
    fn then(&self, outer: &Self) -> Self {
        Self {
            a: self.a * outer.a + self.b * outer.c,
            b: self.a * outer.b + self.b * outer.d,
            c: self.c * outer.a + self.d * outer.c,
            d: self.c * outer.b + self.d * outer.d,
            e: self.e * outer.a + self.f * outer.c + outer.e,
            f: self.e * outer.b + self.f * outer.d + outer.f,
        }
    }

    fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        (self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f)
    }

    /// The box around a transformed box.
    fn apply_rect(&self, rect: CRect) -> CRect {
        let corners = [
            self.apply(rect.left, rect.top),
            self.apply(rect.right, rect.top),
            self.apply(rect.left, rect.bottom),
            self.apply(rect.right, rect.bottom),
        ];
        let fold = |pick: fn(f32, f32) -> f32, start, of: fn(&(f32, f32)) -> f32| {
            corners.iter().map(of).fold(start, pick)
        };
        CRect {
            left: fold(f32::min, f32::INFINITY, |c| c.0),
            right: fold(f32::max, f32::NEG_INFINITY, |c| c.0),
            bottom: fold(f32::min, f32::INFINITY, |c| c.1),
            top: fold(f32::max, f32::NEG_INFINITY, |c| c.1),
        }
    }
}

impl PdfPage<'_> {
    /// All text, filled paths and pictures in painting order, those inside form objects too.
    pub(in super::super) fn objects(&self) -> Vec<PageObject> {
        // SAFETY: the page is open.
        let count = unsafe { (self.api().page_object_count)(self.handle) };
        let mut objects = Vec::new();
        for index in 0..count {
            // SAFETY: the page is open and the index within its count.
            let object = unsafe { (self.api().page_object)(self.handle, index) };
            self.collect(object, &Matrix::IDENTITY, 0, &mut objects);
            if objects.len() > MAX_OBJECTS {
                break;
            }
        }
        objects
    }

    fn collect(&self, object: Handle, outer: &Matrix, depth: u8, objects: &mut Vec<PageObject>) {
        let api = self.api();
        if object.is_null() || objects.len() > MAX_OBJECTS {
            return;
        }
        // SAFETY: the object belongs to this open page.
        let kind = unsafe { (api.object_type)(object) };
        let kind = match kind {
            1 => ObjectKind::Text,
            2 => match self.fill_kind(object) {
                Some(kind) => kind,
                None => return,
            },
            5 if depth < MAX_DEPTH => {
                let mut matrix = Matrix::IDENTITY;
                // SAFETY: the object is a form of this open page, the pointer is to a local.
                let count = unsafe {
                    (api.object_matrix)(object, &mut matrix);
                    (api.form_object_count)(object)
                };
                let matrix = matrix.then(outer);
                for index in 0..count {
                    // SAFETY: the object is a form and the index within its count.
                    let inner = unsafe { (api.form_object)(object, index as c_ulong) };
                    self.collect(inner, &matrix, depth + 1, objects);
                }
                return;
            }
            _ => ObjectKind::Image,
        };
        let mut bounds = CRect::default();
        if kind != ObjectKind::Text {
            // SAFETY: the object belongs to this open page, the pointers are to locals.
            unsafe {
                (api.object_bounds)(
                    object,
                    &mut bounds.left,
                    &mut bounds.bottom,
                    &mut bounds.right,
                    &mut bounds.top,
                );
            }
            bounds = outer.apply_rect(bounds);
        }
        objects.push(PageObject { id: ObjectId(object as usize), kind, bounds });
    }

    fn fill_kind(&self, path: Handle) -> Option<ObjectKind> {
        let api = self.api();
        let (mut mode, mut stroke) = (0, 0);
        // SAFETY: the object is a path of this open page, the pointers are to locals.
        let (segments, transparent) = unsafe {
            (api.path_draw_mode)(path, &mut mode, &mut stroke);
            ((api.path_segments)(path), (api.object_transparency)(path) != 0)
        };
        if mode == 0 {
            return None;
        }
        let colour = self.fill(path);
        (colour.3 > 0)
            .then_some(ObjectKind::Fill { colour, plain: segments <= 5 && !transparent && colour.3 == 255 })
    }

    /// Links to the outside: where they are laid and where they lead.
    pub(in super::super) fn links(&self) -> Vec<(CRect, String)> {
        let api = self.api();
        let (mut position, mut link) = (0, null_mut());
        let mut links = Vec::new();
        for _ in 0..MAX_ANNOTATIONS {
            // SAFETY: the page is open, the pointers are to locals; PDFium advances the position.
            if unsafe { (api.link_next)(self.handle, &mut position, &mut link) } == 0 {
                break;
            }
            let mut rect = CRect::default();
            // SAFETY: the link was just given for this open page.
            let action = unsafe {
                (api.link_rect)(link, &mut rect);
                (api.link_action)(link)
            };
            if let Some(uri) = self.uri(action) {
                links.push((rect, uri));
            }
        }
        links
    }

    fn uri(&self, action: Handle) -> Option<String> {
        if action.is_null() {
            return None;
        }
        let api = self.api();
        let document = self.document.handle;
        // SAFETY: the action belongs to the open document; asked for its length first, then filled no further.
        let bytes = unsafe {
            let length = (api.action_uri)(document, action, null_mut(), 0);
            if !(2..=8192).contains(&length) {
                return None;
            }
            let mut bytes = vec![0_u8; length as usize];
            (api.action_uri)(document, action, bytes.as_mut_ptr().cast(), length);
            bytes
        };
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        Some(String::from_utf8_lossy(text).trim().to_owned()).filter(|uri| !uri.is_empty())
    }

    /// Filled-in form fields and free-text notes, which are painted beside the page's own text.
    pub(in super::super) fn fields(&self) -> Vec<Field> {
        const FREE_TEXT: c_int = 3;
        const WIDGET: c_int = 20;
        let api = self.api();
        // SAFETY: the page is open.
        let count = unsafe { (api.annotation_count)(self.handle) }.min(MAX_ANNOTATIONS);
        let mut fields = Vec::new();
        for index in 0..count {
            // SAFETY: the page is open and the index within its count; closed below before the next one.
            let annotation = unsafe { (api.annotation)(self.handle, index) };
            if annotation.is_null() {
                continue;
            }
            let mut bounds = CRect::default();
            // SAFETY: the annotation is open, the pointer is to a local.
            let (kind, flags) = unsafe {
                (api.annotation_rect)(annotation, &mut bounds);
                ((api.annotation_kind)(annotation), (api.annotation_flags)(annotation))
            };
            // Flag bits 2 and 6 hide an annotation on the screen.
            let text = match kind {
                WIDGET if flags & 0x22 == 0 => self.annotation_text(annotation, c"V"),
                FREE_TEXT if flags & 0x22 == 0 => self.annotation_text(annotation, c"Contents"),
                _ => None,
            };
            // SAFETY: opened above, not used after.
            unsafe { (api.annotation_close)(annotation) };
            fields.extend(text.map(|text| Field { text, bounds }));
        }
        fields
    }

    fn annotation_text(&self, annotation: Handle, key: &std::ffi::CStr) -> Option<String> {
        let api = self.api();
        // SAFETY: the annotation is open, the key is a C string; asked for its length (in bytes) first.
        let units = unsafe {
            let length = (api.annotation_string)(annotation, key.as_ptr(), null_mut(), 0);
            if !(4..=65_536).contains(&length) {
                return None;
            }
            let mut units = vec![0_u16; length as usize / 2];
            (api.annotation_string)(annotation, key.as_ptr(), units.as_mut_ptr(), length);
            units
        };
        let text = String::from_utf16_lossy(units.split(|unit| *unit == 0).next().unwrap_or_default());
        Some(text).filter(|text| !text.trim().is_empty())
    }

    /// The page as pixels; `None` when it has no area or PDFium refuses.
    pub(in super::super) fn render(&self, dots_per_inch: u32, max_pixels: u32) -> Option<Raster> {
        let bounds = self.bounds();
        let (mut width, mut height) = (bounds.right - bounds.left, bounds.top - bounds.bottom);
        if self.rotation() % 2 == 1 {
            std::mem::swap(&mut width, &mut height);
        }
        let mut scale = dots_per_inch as f32 / 72.0;
        let pixels = width * height * scale * scale;
        if !pixels.is_finite() || pixels < 1.0 {
            return None;
        }
        scale *= (max_pixels as f32 / pixels).sqrt().min(1.0);
        let (columns, rows) = ((width * scale) as usize, (height * scale) as usize);
        if columns == 0 || rows == 0 || columns > 20_000 || rows > 20_000 {
            return None;
        }
        let mut bgrx = vec![255_u8; columns * rows * 4];
        let api = self.api();
        let (w, h) = (columns as c_int, rows as c_int);
        // SAFETY: the buffer has rows * stride bytes and outlives the bitmap, which is destroyed here. Format 3 is
        // BGRx; flag 1 paints annotations too.
        unsafe {
            let bitmap = (api.bitmap_create)(w, h, 3, bgrx.as_mut_ptr().cast(), w * 4);
            if bitmap.is_null() {
                return None;
            }
            (api.bitmap_fill)(bitmap, 0, 0, w, h, 0xffff_ffff);
            (api.render)(bitmap, self.handle, 0, 0, w, h, 0, 1);
            (api.bitmap_destroy)(bitmap);
        }
        Some(Raster { columns, rows, scale, bgrx })
    }
}

/// A page as pixels.
pub(in super::super) struct Raster {
    columns: usize,
    rows: usize,
    /// Pixels in a point.
    scale: f32,
    bgrx: Vec<u8>,
}

impl Raster {
    /// The strongest difference of brightness (0 to 255) between pixels in a box of the page as displayed.
    pub(in super::super) fn contrast(&self, rect: &crate::document::Rect) -> u8 {
        let clamp = |value: f32, max: usize| (value * self.scale).max(0.0).min(max as f32) as usize;
        let (x0, x1) = (clamp(rect.x0, self.columns), clamp(rect.x1, self.columns));
        let (y0, y1) = (clamp(rect.y0, self.rows), clamp(rect.y1, self.rows));
        let (mut low, mut high) = (255_u8, 0_u8);
        for y in y0..y1 {
            let row =
                self.bgrx.get((y * self.columns + x0) * 4..(y * self.columns + x1) * 4).unwrap_or_default();
            for pixel in row.chunks_exact(4) {
                if let [b, g, r, _] = *pixel {
                    let luma = ((u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1000) as u8;
                    low = low.min(luma);
                    high = high.max(luma);
                }
            }
        }
        high.saturating_sub(low)
    }

    /// The picture for a recogniser of characters.
    pub(in super::super) fn into_picture(self) -> Picture {
        let rgb = self.bgrx.chunks_exact(4).flat_map(|pixel| pixel.iter().take(3).rev().copied()).collect();
        Picture {
            width: self.columns as u32,
            height: self.rows as u32,
            dots_per_inch: (self.scale * 72.0).round() as u32,
            rgb,
        }
    }
}
