//! api-server
fn main() {}
