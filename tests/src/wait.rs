//! Waits for a condition, never for a time.

use std::time::{Duration, Instant};

/// Asks again and again, until the answer is there or the patience over.
///
/// # Errors
/// When the patience is over: with `what` was waited for and what the last try said.
pub async fn until<T>(
    what: &str,
    patience: Duration,
    mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let start = Instant::now();
    loop {
        let last = match ask().await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => "not yet".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        if start.elapsed() > patience {
            anyhow::bail!("{what}: not after {} s; last: {last}", patience.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_failure_is_told() {
        let error = until::<()>("rain", Duration::ZERO, async || anyhow::bail!("dry")).await.unwrap_err();
        assert!(error.to_string().contains("rain") && error.to_string().contains("dry"), "{error}");
    }

    #[tokio::test]
    async fn an_answer_ends_the_waiting() {
        let mut tries = 0;
        let answer = until("third try", Duration::from_secs(10), async || {
            tries += 1;
            Ok((tries == 3).then_some(tries))
        });
        assert_eq!(answer.await.unwrap(), 3);
    }
}
