//! `/api/v1/accounts` and `/api/v1/account`.

pub mod create;
pub mod email;
pub mod get;
pub mod password;
pub mod personal;
pub mod reset;
pub mod totp;
