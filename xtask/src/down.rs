//! `cargo xtask down`: ends what `up` started.

use crate::run::root;

/// Ends the cluster of this checkout and removes all that it made. Caches stay.
///
/// # Errors
/// When something cannot be ended or removed; the message names it.
pub(crate) fn run() -> anyhow::Result<()> {
    let there =
        test_cluster::Cluster::down(&test_cluster::identity_of(&root()), &|line| eprintln!("{line}"))?;
    println!("{}", if there { "down" } else { "nothing was up" });
    Ok(())
}
