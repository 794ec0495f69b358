//! `/api/v1/admin`: for the people who run the installation.

pub mod dead_letters;
