//! Has the crate compiled again when a migration is added: `sqlx::migrate!` alone notices changes of the files that it knows.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
