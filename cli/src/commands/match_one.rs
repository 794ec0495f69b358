//! `rmctl match`: how well one resume meets one job.

use std::path::Path;

use anyhow::{Result, bail};
use jiff::civil::Date;

use crate::args::Output;
use crate::settings::Settings;
use crate::{files, printer};

/// Prints the score, the requirements with their evidence, and advice.
pub(crate) fn run(settings: &Settings, resume: &Path, job: &Path, as_of: Date) -> Result<()> {
    if resume == Path::new("-") && job == Path::new("-") {
        bail!("only one of resume and job can come from standard input");
    }
    let document = files::read_document(settings, resume)?;
    let job = files::read_document(settings, job)?;
    let matcher = settings.matcher()?;
    let result = matcher.score(&matching::parse(&document), &document, &job.text, as_of)?;
    match settings.output {
        Output::Text => printer::match_result(&result),
        Output::Json => printer::json(&result),
    }
}
