//! Who is asking: passwords, access tokens, sessions, and the extractors that handlers take.

pub mod admin;
pub mod challenge;
pub mod email;
pub mod identity;
pub mod jwt_provider;
pub mod outside;
pub mod password;
pub mod session_token;
pub mod token;
pub mod totp;
pub mod viewer;
