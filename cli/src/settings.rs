//! From the command line to what the commands need.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use matching::skills::Taxonomy;
use matching::{Embedder, ExtractOptions, Matcher};

use crate::args::{Options, Output};

/// Where the images hold the model.
const SYSTEM_MODEL: &str = "/usr/share/resume-matcher/model";

/// What the commands need.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) output: Output,
    model: PathBuf,
    pdfium: Option<PathBuf>,
}

impl Settings {
    /// Fills in the defaults.
    pub(crate) fn from_options(options: Options) -> Self {
        Self {
            output: options.output,
            model: options.model.unwrap_or_else(default_model),
            pdfium: options.pdfium,
        }
    }

    /// Options for reading files.
    pub(crate) fn extract_options(&self) -> ExtractOptions<'static> {
        ExtractOptions { pdfium: self.pdfium.clone(), ..ExtractOptions::default() }
    }

    /// Opens the model.
    pub(crate) fn matcher(&self) -> Result<Matcher> {
        let embedder = Embedder::open(&self.model).context("the embedding model cannot be used")?;
        let matcher = Matcher::new(embedder, Taxonomy::builtin());
        Ok(match this_month() {
            Some((year, month)) => matcher.as_of(year, month),
            None => matcher,
        })
    }
}

fn default_model() -> PathBuf {
    let system = Path::new(SYSTEM_MODEL);
    if system.is_dir() {
        return system.to_owned();
    }
    let data = std::env::var_os("XDG_DATA_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    data.or_else(home).unwrap_or_default().join("resume-matcher/model")
}

/// Year and month in UTC; `None` when the clock stands before 1970.
fn this_month() -> Option<(i32, u32)> {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs() / 86_400;
    Some(year_and_month(i64::try_from(days).ok()?))
}

/// The month of a day counted from 1970-01-01, after Howard Hinnant's `civil_from_days`.
fn year_and_month(days: i64) -> (i32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (i32::try_from(year).unwrap_or(i32::MAX), u32::try_from(month).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_months() {
        for (days, expected) in [
            (0, (1970, 1)),
            (58, (1970, 2)),
            (59, (1970, 3)),
            (19_782, (2024, 2)),
            (19_783, (2024, 3)),
            (20_454, (2026, 1)),
        ] {
            assert_eq!(year_and_month(days), expected, "{days}");
        }
    }
}
