//! `rmctl index`: the resumes of a folder, prepared for ranking.

use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result, bail};
use matching::rank::PoolWriter;

use super::rank::{list, prepare};
use crate::printer;
use crate::settings::Settings;

/// Files that are prepared before any of them is written: enough for all cores, little enough for any memory.
const AT_A_TIME: usize = 64;

/// Writes the index beside its place and puts it there when it is whole. Files that cannot be read are told on standard
/// error and left out; when none can be read, that is an error.
pub(crate) fn run(settings: &Settings, folder: &Path, file: &Path) -> Result<()> {
    let files = list(folder)?;
    let matcher = settings.matcher()?;
    let unwritten = || format!("{} cannot be written", file.display());
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fresh =
        tempfile::Builder::new().prefix(".rmctl-index-").tempfile_in(parent).with_context(unwritten)?;
    let mut writer = PoolWriter::new(BufWriter::new(fresh), &matcher).with_context(unwritten)?;
    for part in files.chunks(AT_A_TIME) {
        for (name, resume) in prepare(settings, &matcher, part)? {
            writer.add(&name, &resume).with_context(unwritten)?;
        }
    }
    let count = writer.len();
    if count == 0 {
        bail!("none of the {} files in {} can be read", files.len(), folder.display());
    }
    let fresh = writer.finish().with_context(unwritten)?.into_inner().with_context(unwritten)?;
    fresh.as_file().sync_all().with_context(unwritten)?;
    fresh.persist(file).with_context(unwritten)?;
    printer::line(&format!("{count} resumes in {}", file.display()))
}
