//! The arithmetic of a sliding window made of two counters. No clock, no I/O.

use std::time::Duration;

use super::{Decision, Quota, Source};

/// What a client has asked for in the present window and in the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) previous: u64,
    pub(super) current: u64,
}

/// The window's length in milliseconds, at least 1.
pub(super) fn width(quota: Quota) -> u64 {
    u64::try_from(quota.window.as_millis()).unwrap_or(u64::MAX).max(1)
}

impl Window {
    /// Whether one more request fits, `elapsed` milliseconds after the present window began.
    pub(super) fn has_room(self, elapsed: u64, quota: Quota) -> bool {
        self.weighted(elapsed, quota).saturating_add(width(quota)) <= full(quota)
    }

    /// What a client is told, after the request was counted or refused.
    pub(super) fn decision(self, admitted: bool, elapsed: u64, quota: Quota, source: Source) -> Decision {
        let left = full(quota).saturating_sub(self.weighted(elapsed, quota)) / width(quota);
        let wait = if admitted { width(quota).saturating_sub(elapsed) } else { self.wait(elapsed, quota) };
        Decision {
            admitted,
            remaining: if admitted { u32::try_from(left).unwrap_or(u32::MAX) } else { 0 },
            wait: Duration::from_millis(wait.max(1)),
            source,
        }
    }

    /// Milliseconds until one more request fits.
    fn wait(self, elapsed: u64, quota: Quota) -> u64 {
        let width = width(quota);
        let quota = u64::from(quota.requests);
        let to_next = width.saturating_sub(elapsed);
        if self.current < quota {
            // Fits once the window before weighs no more than what is left: previous * (width - then) <= left * width.
            let left = quota - 1 - self.current;
            let weight = left.saturating_mul(width).checked_div(self.previous).unwrap_or(width);
            to_next.saturating_sub(weight)
        } else {
            // The present window must first become the one before, and then lose the weight of one request.
            to_next.saturating_add(width.div_ceil(self.current.max(1)))
        }
    }

    /// Requests in the last `window`, times its length, so that all stays in whole numbers.
    fn weighted(self, elapsed: u64, quota: Quota) -> u64 {
        let width = width(quota);
        let before = self.previous.saturating_mul(width.saturating_sub(elapsed));
        before.saturating_add(self.current.saturating_mul(width))
    }
}

fn full(quota: Quota) -> u64 {
    u64::from(quota.requests).saturating_mul(width(quota))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota { requests: 10, window: Duration::from_secs(60) };

    #[test]
    fn the_window_before_counts_in_proportion() {
        let window = Window { previous: 10, current: 0 };
        assert!(!window.has_room(0, QUOTA));
        assert!(!window.has_room(5_999, QUOTA));
        assert!(window.has_room(6_000, QUOTA));
        assert!(Window { previous: 10, current: 4 }.has_room(30_000, QUOTA));
        assert!(!Window { previous: 10, current: 5 }.has_room(30_000, QUOTA));
    }

    #[test]
    fn whoever_waits_as_told_is_admitted_and_not_a_moment_earlier() {
        for previous in 0..=10 {
            for current in 0..=10 {
                for elapsed in (0..60_000).step_by(777) {
                    let window = Window { previous, current };
                    if window.has_room(elapsed, QUOTA) {
                        continue;
                    }
                    let told =
                        u64::try_from(window.decision(false, elapsed, QUOTA, Source::Local).wait.as_millis());
                    let told = told.unwrap();
                    let fits = |wait: u64| match (elapsed + wait).checked_sub(60_000) {
                        None => window.has_room(elapsed + wait, QUOTA),
                        Some(later) => Window { previous: current, current: 0 }.has_room(later, QUOTA),
                    };
                    assert!(fits(told), "{window:?} at {elapsed}: told {told}");
                    assert!(!fits(told - 1), "{window:?} at {elapsed}: told {told}, less would do");
                }
            }
        }
    }

    #[test]
    fn what_remains_is_told() {
        let told = Window { previous: 4, current: 3 }.decision(true, 30_000, QUOTA, Source::Redis);
        assert_eq!((told.remaining, told.wait), (5, Duration::from_secs(30)));
    }
}
