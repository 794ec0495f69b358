//! `worker verify`: is everything there, and whole?

use std::io::Write as _;
use std::time::Duration;

use platform::config::{DatabaseConfig, Env, ObjectStorageConfig};
use platform::storage::Storage;

use crate::args::{Output, Verify};
use crate::exit::Failure;
use crate::verify::report::Report;
use crate::verify::{self, Options};

/// Damage was found.
pub(crate) const DAMAGE: u8 = 3;
/// Only notices were found.
pub(crate) const NOTICES: u8 = 4;

pub(crate) async fn run(env: &Env, what: Verify) -> Result<(), Failure> {
    let database = DatabaseConfig::from_env(env)?;
    let storage = Storage::open(ObjectStorageConfig::from_env(env)?)?;
    let options = Options {
        objects: what.objects,
        repair: what.repair,
        orphan_age: Duration::from_secs(what.orphan_age),
    };
    let mut report = verify::run(&database, &storage, options).await?;
    print(&mut report, what.output)?;
    verdict(&report)
}

/// Writes the report to standard output.
pub(crate) fn print(report: &mut Report, output: Output) -> Result<(), Failure> {
    let text = match output {
        Output::Text => report.to_string(),
        Output::Json => report.json().map_err(|error| Failure::retryable(&error))?,
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// The exit code that the findings ask for. What `--repair` put right is no finding any more.
fn verdict(report: &Report) -> Result<(), Failure> {
    match (report.damage, report.total() - report.quarantined) {
        (0, 0) => Ok(()),
        (0, notices) => Err(Failure::found(NOTICES, format!("{notices} notices; see standard output"))),
        (damage, _) => {
            Err(Failure::found(DAMAGE, format!("{damage} findings of damage; see standard output")))
        }
    }
}
