//! The C API of the PDFium library, made safe: the only module of this crate that calls C.
//!
//! PDFium keeps global state and is not safe for threads, so one lock per process guards every call: whoever holds
//! a [`Session`] is the only caller. Handles borrow from what they were made from and close themselves.

#![allow(unsafe_code, reason = "binds the C library PDFium; nothing else in this crate is unsafe")]

use std::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::ExtractError;

mod scene;

pub(super) use scene::{ObjectKind, Raster, Rgba};

type Handle = *mut c_void;

/// `FS_RECTF`: left, top, right, bottom, y upwards.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct CRect {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

/// `FS_MATRIX`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix {
    pub(super) a: f32,
    pub(super) b: f32,
    pub(super) c: f32,
    pub(super) d: f32,
    pub(super) e: f32,
    pub(super) f: f32,
}

macro_rules! functions {
    ($($field:ident = $symbol:literal : fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        struct Functions {
            $($field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            // Keeps the code mapped that the pointers above point to.
            _library: libloading::Library,
        }

        impl Functions {
            /// Looks up all functions.
            ///
            /// # Safety
            /// The library must be PDFium: the signatures are taken from its public headers.
            unsafe fn resolve(library: libloading::Library) -> Result<Self, libloading::Error> {
                Ok(Self {
                    // SAFETY: the caller promises that these symbols have PDFium's signatures.
                    $($field: unsafe { *library.get(concat!($symbol, "\0").as_bytes())? },)*
                    _library: library,
                })
            }
        }
    };
}

functions! {
    init = "FPDF_InitLibrary": fn();
    last_error = "FPDF_GetLastError": fn() -> c_ulong;
    load_document = "FPDF_LoadMemDocument64": fn(*const c_void, usize, *const c_char) -> Handle;
    close_document = "FPDF_CloseDocument": fn(Handle);
    page_count = "FPDF_GetPageCount": fn(Handle) -> c_int;
    load_page = "FPDF_LoadPage": fn(Handle, c_int) -> Handle;
    close_page = "FPDF_ClosePage": fn(Handle);
    page_bounds = "FPDF_GetPageBoundingBox": fn(Handle, *mut CRect) -> c_int;
    page_rotation = "FPDFPage_GetRotation": fn(Handle) -> c_int;
    page_object_count = "FPDFPage_CountObjects": fn(Handle) -> c_int;
    page_object = "FPDFPage_GetObject": fn(Handle, c_int) -> Handle;
    form_object_count = "FPDFFormObj_CountObjects": fn(Handle) -> c_int;
    form_object = "FPDFFormObj_GetObject": fn(Handle, c_ulong) -> Handle;
    object_type = "FPDFPageObj_GetType": fn(Handle) -> c_int;
    object_bounds = "FPDFPageObj_GetBounds": fn(Handle, *mut f32, *mut f32, *mut f32, *mut f32) -> c_int;
    object_matrix = "FPDFPageObj_GetMatrix": fn(Handle, *mut Matrix) -> c_int;
    object_fill = "FPDFPageObj_GetFillColor": fn(Handle, *mut c_uint, *mut c_uint, *mut c_uint, *mut c_uint) -> c_int;
    object_transparency = "FPDFPageObj_HasTransparency": fn(Handle) -> c_int;
    path_draw_mode = "FPDFPath_GetDrawMode": fn(Handle, *mut c_int, *mut c_int) -> c_int;
    path_segments = "FPDFPath_CountSegments": fn(Handle) -> c_int;
    text_load = "FPDFText_LoadPage": fn(Handle) -> Handle;
    text_close = "FPDFText_ClosePage": fn(Handle);
    text_count = "FPDFText_CountChars": fn(Handle) -> c_int;
    text_unicode = "FPDFText_GetUnicode": fn(Handle, c_int) -> c_uint;
    text_generated = "FPDFText_IsGenerated": fn(Handle, c_int) -> c_int;
    text_map_error = "FPDFText_HasUnicodeMapError": fn(Handle, c_int) -> c_int;
    text_loose_box = "FPDFText_GetLooseCharBox": fn(Handle, c_int, *mut CRect) -> c_int;
    text_origin = "FPDFText_GetCharOrigin": fn(Handle, c_int, *mut f64, *mut f64) -> c_int;
    text_matrix = "FPDFText_GetMatrix": fn(Handle, c_int, *mut Matrix) -> c_int;
    text_object = "FPDFText_GetTextObject": fn(Handle, c_int) -> Handle;
    object_font_size = "FPDFTextObj_GetFontSize": fn(Handle, *mut f32) -> c_int;
    object_font = "FPDFTextObj_GetFont": fn(Handle) -> Handle;
    object_render_mode = "FPDFTextObj_GetTextRenderMode": fn(Handle) -> c_int;
    font_name = "FPDFFont_GetBaseFontName": fn(Handle, *mut c_char, usize) -> usize;
    font_flags = "FPDFFont_GetFlags": fn(Handle) -> c_int;
    font_weight = "FPDFFont_GetWeight": fn(Handle) -> c_int;
    link_next = "FPDFLink_Enumerate": fn(Handle, *mut c_int, *mut Handle) -> c_int;
    link_rect = "FPDFLink_GetAnnotRect": fn(Handle, *mut CRect) -> c_int;
    link_action = "FPDFLink_GetAction": fn(Handle) -> Handle;
    action_uri = "FPDFAction_GetURIPath": fn(Handle, Handle, *mut c_void, c_ulong) -> c_ulong;
    annotation_count = "FPDFPage_GetAnnotCount": fn(Handle) -> c_int;
    annotation = "FPDFPage_GetAnnot": fn(Handle, c_int) -> Handle;
    annotation_close = "FPDFPage_CloseAnnot": fn(Handle);
    annotation_kind = "FPDFAnnot_GetSubtype": fn(Handle) -> c_int;
    annotation_flags = "FPDFAnnot_GetFlags": fn(Handle) -> c_int;
    annotation_rect = "FPDFAnnot_GetRect": fn(Handle, *mut CRect) -> c_int;
    annotation_string = "FPDFAnnot_GetStringValue": fn(Handle, *const c_char, *mut u16, c_ulong) -> c_ulong;
    bitmap_create = "FPDFBitmap_CreateEx": fn(c_int, c_int, c_int, *mut c_void, c_int) -> Handle;
    bitmap_fill = "FPDFBitmap_FillRect": fn(Handle, c_int, c_int, c_int, c_int, c_ulong) -> c_int;
    bitmap_destroy = "FPDFBitmap_Destroy": fn(Handle);
    render = "FPDF_RenderPageBitmap": fn(Handle, Handle, c_int, c_int, c_int, c_int, c_int, c_int);
}

// SAFETY: the pointers are to code, not to data of a thread; the lock in `LOADED` lets one thread in at a time.
unsafe impl Send for Functions {}

/// The library once it is loaded; PDFium cannot be unloaded and loaded again within a process.
static LOADED: Mutex<Option<Functions>> = Mutex::new(None);

/// The right to call PDFium.
pub(super) struct Session {
    functions: MutexGuard<'static, Option<Functions>>,
}

impl Session {
    /// Waits for the right to call, and loads the library if this is the first time.
    ///
    /// Error: [`ExtractError::PdfiumMissing`] with the places that were tried.
    pub(super) fn begin(path: Option<&Path>) -> Result<Self, ExtractError> {
        // A panic while the lock was held left no half-written state on our side: only C calls happen under it.
        let mut functions = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if functions.is_none() {
            *functions = Some(load(path)?);
        }
        Ok(Self { functions })
    }

    fn api(&self) -> Result<&Functions, ExtractError> {
        self.functions
            .as_ref()
            .ok_or_else(|| ExtractError::PdfiumMissing { detail: "it was not loaded".to_owned() })
    }

    /// Opens a document; the error is PDFium's error code (3 format, 4 password, 5 security).
    pub(super) fn open<'a>(&'a self, bytes: &'a [u8]) -> Result<Result<PdfDocument<'a>, u32>, ExtractError> {
        let api = self.api()?;
        // SAFETY: the bytes outlive the document by the lifetime in its type; no password is a null pointer.
        let handle = unsafe { (api.load_document)(bytes.as_ptr().cast(), bytes.len(), std::ptr::null()) };
        if handle.is_null() {
            // SAFETY: takes nothing, reads the code of the call before.
            return Ok(Err(unsafe { (api.last_error)() } as u32));
        }
        Ok(Ok(PdfDocument { api, handle, bytes: PhantomData }))
    }
}

fn load(path: Option<&Path>) -> Result<Functions, ExtractError> {
    let mut tried = Vec::new();
    for candidate in path.map(|path| vec![path.to_owned()]).unwrap_or_else(super::library::candidates) {
        match try_load(&candidate) {
            Ok(functions) => return Ok(functions),
            Err(error) => tried.push(format!("{}: {error}", candidate.display())),
        }
    }
    Err(ExtractError::PdfiumMissing { detail: tried.join("; ") })
}

fn try_load(path: &PathBuf) -> Result<Functions, String> {
    if !path.is_file() {
        return Err("no such file".to_owned());
    }
    // SAFETY: PDFium's initialisers have no preconditions. The path comes from the caller, the environment or
    // fixed places of an installation, never from a document.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| error.to_string())?;
    // SAFETY: a file of that name from those places is PDFium; a missing symbol is an error.
    let functions = unsafe { Functions::resolve(library) }.map_err(|error| error.to_string())?;
    // SAFETY: called once, before anything else, under the lock.
    unsafe { (functions.init)() };
    Ok(functions)
}

/// An open document.
pub(super) struct PdfDocument<'a> {
    api: &'a Functions,
    handle: Handle,
    bytes: PhantomData<&'a [u8]>,
}

impl PdfDocument<'_> {
    pub(super) fn page_count(&self) -> u32 {
        // SAFETY: the handle is open.
        unsafe { (self.api.page_count)(self.handle) }.max(0) as u32
    }

    /// A page by its number from 0; `None` when it cannot be loaded.
    pub(super) fn page(&self, index: u32) -> Option<PdfPage<'_>> {
        // SAFETY: the handle is open; PDFium checks the index.
        let handle = unsafe { (self.api.load_page)(self.handle, index as c_int) };
        if handle.is_null() {
            return None;
        }
        // SAFETY: the page is open.
        let text = unsafe { (self.api.text_load)(handle) };
        Some(PdfPage { document: self, handle, text })
    }
}

impl Drop for PdfDocument<'_> {
    fn drop(&mut self) {
        // SAFETY: open until here, and pages borrow from it, so none is left.
        unsafe { (self.api.close_document)(self.handle) }
    }
}

/// An open page with its characters.
pub(super) struct PdfPage<'a> {
    document: &'a PdfDocument<'a>,
    handle: Handle,
    text: Handle,
}

/// Names a page object while its page is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ObjectId(usize);

/// Names a font while its document is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FontId(usize);

/// A character as PDFium gives it, in user space.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawChar {
    /// The font's own code when `unmapped`.
    pub(super) unicode: u32,
    /// A control code that the font gives no Unicode value.
    pub(super) unmapped: bool,
    /// From the origin to the advance, and from descent to ascent.
    pub(super) bounds: CRect,
    pub(super) origin: (f32, f32),
    pub(super) object: Option<ObjectId>,
}

/// What a text object says about its characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextObject {
    /// As set in the text state; the matrix scales it.
    pub(super) font_size: f32,
    pub(super) matrix: Matrix,
    /// 0 fill … 3 invisible … 7 clip.
    pub(super) render_mode: i32,
    pub(super) fill: Rgba,
    pub(super) font: Option<FontId>,
}

/// A font's name, flags and weight.
#[derive(Debug, Clone, Default)]
pub(super) struct FontInfo {
    pub(super) name: String,
    pub(super) flags: i32,
    pub(super) weight: i32,
}

impl PdfPage<'_> {
    fn api(&self) -> &Functions {
        self.document.api
    }

    /// The visible box in user space.
    pub(super) fn bounds(&self) -> CRect {
        let mut rect = CRect::default();
        // SAFETY: the page is open, the pointer is to a local.
        unsafe { (self.api().page_bounds)(self.handle, &mut rect) };
        rect
    }

    /// Quarter turns clockwise at display.
    pub(super) fn rotation(&self) -> u8 {
        // SAFETY: the page is open.
        unsafe { (self.api().page_rotation)(self.handle) }.rem_euclid(4) as u8
    }

    /// Number of characters, generated ones too.
    pub(super) fn char_count(&self) -> usize {
        if self.text.is_null() {
            return 0;
        }
        // SAFETY: the text page is open and not null.
        unsafe { (self.api().text_count)(self.text) }.max(0) as usize
    }

    /// The character at an index; `None` for those that PDFium made up (spaces and line ends).
    pub(super) fn char_at(&self, index: usize) -> Option<RawChar> {
        let api = self.api();
        let index = c_int::try_from(index).ok().filter(|_| !self.text.is_null())?;
        let mut bounds = CRect::default();
        let (mut x, mut y) = (0.0, 0.0);
        // SAFETY: the text page is open, PDFium checks the index, the pointers are to locals.
        unsafe {
            if (api.text_generated)(self.text, index) == 1 {
                return None;
            }
            let unicode = (api.text_unicode)(self.text, index);
            let unmapped = unicode < 32 && (api.text_map_error)(self.text, index) == 1;
            (api.text_loose_box)(self.text, index, &mut bounds);
            (api.text_origin)(self.text, index, &mut x, &mut y);
            let object = (api.text_object)(self.text, index);
            let object = (!object.is_null()).then_some(ObjectId(object as usize));
            Some(RawChar { unicode, unmapped, bounds, origin: (x as f32, y as f32), object })
        }
    }

    /// What the text object of the character at an index says.
    pub(super) fn text_object(&self, id: ObjectId, index: usize) -> TextObject {
        let api = self.api();
        let object = id.0 as Handle;
        let mut matrix = Matrix { a: 1.0, b: 0.0, c: 0.0, d: 1.0, e: 0.0, f: 0.0 };
        let mut font_size = 0.0;
        // SAFETY: ids are made by this page only and live as long as it; the pointers are to locals.
        unsafe {
            (api.text_matrix)(self.text, index as c_int, &mut matrix);
            (api.object_font_size)(object, &mut font_size);
            let font = (api.object_font)(object);
            TextObject {
                font_size,
                matrix,
                render_mode: (api.object_render_mode)(object),
                fill: self.fill(object),
                font: (!font.is_null()).then_some(FontId(font as usize)),
            }
        }
    }

    fn fill(&self, object: Handle) -> Rgba {
        let (mut r, mut g, mut b, mut a) = (0, 0, 0, 255);
        // SAFETY: the object belongs to this open page, the pointers are to locals.
        unsafe { (self.api().object_fill)(object, &mut r, &mut g, &mut b, &mut a) };
        Rgba(r as u8, g as u8, b as u8, a as u8)
    }

    /// Name, flags and weight of a font.
    pub(super) fn font(&self, id: FontId) -> FontInfo {
        let api = self.api();
        let font = id.0 as Handle;
        let mut name = [0_u8; 256];
        // SAFETY: the font belongs to the open document; PDFium writes no more than the length given.
        let (written, flags, weight) = unsafe {
            let written = (api.font_name)(font, name.as_mut_ptr().cast(), name.len());
            (written, (api.font_flags)(font), (api.font_weight)(font))
        };
        let name = name.get(..written.saturating_sub(1).min(name.len())).unwrap_or_default();
        FontInfo { name: String::from_utf8_lossy(name).into_owned(), flags, weight }
    }
}

impl Drop for PdfPage<'_> {
    fn drop(&mut self) {
        let api = self.document.api;
        // SAFETY: both were opened by `page` and nothing borrows from them any more.
        unsafe {
            if !self.text.is_null() {
                (api.text_close)(self.text);
            }
            (api.close_page)(self.handle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_named_with_the_mend() {
        let error = load(Some(Path::new("/no/such/libpdfium.so"))).err().expect("there is no such file");
        assert_eq!(
            error.to_string(),
            "the PDFium library was not found or could not be loaded (/no/such/libpdfium.so: no such file): run \
             `cargo xtask model`, or name libpdfium.so in RM_PDFIUM"
        );
    }
}
