//! Reads requests: JSON bodies, uploads, ids and cursors, each with errors that name the place.

pub mod json;
pub mod media_type;
pub mod multipart;
pub mod paging;
pub mod path;
pub mod version;
