//! `rmctl rank`: the resumes of a folder or of an index, best first.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow, bail};
use jiff::civil::Date;
use matching::Matcher;
use matching::rank::{PoolIndex, Ranked};
use matching::score::PreparedResume;
use serde::Serialize;

use crate::args::{Output, Pool};
use crate::settings::Settings;
use crate::{files, printer};

/// One line of the list.
#[derive(Debug, Serialize)]
pub(crate) struct Entry<'a> {
    /// Name of the file, relative to the folder.
    pub(crate) file: &'a str,
    /// 0 to 100.
    pub(crate) score: f64,
}

/// Prints the list.
pub(crate) fn run(settings: &Settings, job: &Path, pool: &Pool, as_of: Date) -> Result<()> {
    let advertisement = files::read_document(settings, job)?;
    let matcher = settings.matcher()?;
    let job = matcher.prepare_job(None, &advertisement.text)?;
    match (&pool.folder, &pool.index) {
        (_, Some(path)) => {
            let unusable = || format!("{} cannot be used", path.display());
            let index = PoolIndex::open(path, &matcher).with_context(unusable)?;
            print(settings, &index.rank(&matcher, &job, as_of).with_context(unusable)?)
        }
        (Some(folder), None) => {
            let files = list(folder)?;
            let pool = prepare(settings, &matcher, &files)?;
            if pool.is_empty() {
                bail!("none of the {} files in {} can be read", files.len(), folder.display());
            }
            print(settings, &matching::rank(&matcher, &job, &pool, as_of))
        }
        (None, None) => bail!("name the folder of the resumes, or an index by --index"),
    }
}

/// The files of a folder; that there are none is an error.
pub(crate) fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let files = files::list_folder(folder)?;
    if files.is_empty() {
        bail!("there are no files in {}", folder.display());
    }
    Ok(files)
}

fn print(settings: &Settings, ranked: &[Ranked<'_>]) -> Result<()> {
    let entries: Vec<Entry<'_>> =
        ranked.iter().map(|ranked| Entry { file: ranked.name, score: ranked.score }).collect();
    match settings.output {
        Output::Text => printer::ranking(&entries),
        Output::Json => printer::json(&entries),
    }
}

/// Reads and prepares the files on all cores; the order stays that of the files. Files that cannot be read are told on
/// standard error and left out.
pub(crate) fn prepare(
    settings: &Settings,
    matcher: &Matcher,
    files: &[(String, PathBuf)],
) -> Result<Vec<(String, PreparedResume)>> {
    let next = AtomicUsize::new(0);
    let pool = Mutex::new(Vec::with_capacity(files.len()));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(files.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((name, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let prepared = prepare_one(settings, matcher, path);
                    if let Ok(mut pool) = pool.lock() {
                        pool.push((name.clone(), prepared));
                    }
                }
            });
        }
    });
    let mut pool = pool.into_inner().map_err(|_| anyhow!("a thread that read resumes was broken off"))?;
    pool.sort_by(|a, b| a.0.cmp(&b.0));
    let mut prepared = Vec::with_capacity(pool.len());
    for (name, result) in pool {
        match result {
            Ok(resume) => prepared.push((name, resume)),
            Err(error) => printer::error(&error),
        }
    }
    Ok(prepared)
}

fn prepare_one(settings: &Settings, matcher: &Matcher, path: &Path) -> Result<PreparedResume> {
    let document = files::read_document(settings, path)?;
    Ok(matcher.prepare_resume(&matching::parse(&document), &document)?)
}
