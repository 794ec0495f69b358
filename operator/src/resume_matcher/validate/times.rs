//! Times that a spec names.

use std::time::Duration;

use super::Invalid;
use crate::crd::ReleaseSpec;
use crate::release::Settings;
use crate::resume_matcher::defaults::Defaults;

/// How releases are made.
pub(super) fn settings(spec: &ReleaseSpec, defaults: &Defaults) -> Result<Settings, Invalid> {
    let time = |given: &Option<String>, field: &str, default: u64| match given {
        None => Ok(Duration::from_secs(default)),
        Some(text) => duration(text).ok_or_else(|| {
            Invalid::Spec(format!("spec.release.{field}: {text:?} is no time; write it as 90s, 10m or 1h30m"))
        }),
    };
    Ok(Settings {
        strategy: spec.strategy.unwrap_or(defaults.strategy),
        promotion: spec.promotion,
        bake: time(&spec.bake_time, "bakeTime", defaults.bake)?,
        scale_down_delay: time(&spec.scale_down_delay, "scaleDownDelay", 30)?,
        rollback_window: time(&spec.rollback_window, "rollbackWindow", defaults.rollback_window)?,
        progress_deadline: time(&spec.progress_deadline, "progressDeadline", 600)?,
    })
}

/// Reads a time such as `90s`, `10m` or `1h30m`.
fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(end);
        let mut chars = after.chars();
        let unit = match chars.next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return None,
        };
        total = total.checked_add(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(unit)?))?;
        rest = chars.as_str();
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_nonsense_refused() {
        let seconds = |text: &str| duration(text).map(|time| time.as_secs());
        assert_eq!([seconds("90s"), seconds("10m"), seconds("1h30m")], [Some(90), Some(600), Some(5400)]);
        assert_eq!([seconds("5"), seconds("m"), seconds("1d"), seconds("99999999999999999999s")], [None; 4]);
    }
}
