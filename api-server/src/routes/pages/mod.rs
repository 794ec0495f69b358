//! The web pages, for people with a browser. They work without scripts: forms answer with a redirect or the form again.

pub mod account;
pub mod applications;
pub mod billing;
pub mod dashboard;
pub mod job;
pub mod landing;
pub mod mailed;
pub mod result;
pub mod resume;
pub mod resume_form;
