//! A limit on bytes per second: each sender waits until those before it have had their time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Shared by all uploads of a process.
#[derive(Debug)]
pub(super) struct Throttle {
    bytes_per_second: Option<u64>,
    free_from: Mutex<Instant>,
}

impl Throttle {
    pub(super) fn new(bytes_per_second: Option<u64>) -> Self {
        Self { bytes_per_second, free_from: Mutex::new(Instant::now()) }
    }

    /// Waits until `bytes` may be sent.
    pub(super) async fn take(&self, bytes: u64) {
        let Some(rate) = self.bytes_per_second else { return };
        let turn = {
            let mut free_from = self.free_from.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*free_from).max(Instant::now());
            *free_from = turn + Duration::from_micros(bytes.saturating_mul(1_000_000) / rate.max(1));
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_rate_is_kept_over_many_pieces() {
        let throttle = Throttle::new(Some(1_000_000));
        let started = Instant::now();
        for _ in 0..11 {
            throttle.take(10_000).await;
        }
        assert!(started.elapsed() >= Duration::from_millis(100), "ten pieces of 10 ms come before the last");
    }
}
