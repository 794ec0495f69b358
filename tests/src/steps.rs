//! Follows the steps of releases as they are written into the status, with the times at which they were written.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::installation::Installation;

/// When a step began to be seen.
#[derive(Clone, Debug)]
struct Seen {
    step: String,
    at: Duration,
}

/// The steps that were seen since the following began, by a watch: none is missed, however short.
pub struct Steps {
    began: Instant,
    seen: Arc<Mutex<Vec<Seen>>>,
    watch: Child,
}

impl Drop for Steps {
    fn drop(&mut self) {
        // It has nothing to lose, and ends with this process at the latest.
        let _ = self.watch.kill();
        let _ = self.watch.wait();
    }
}

impl Steps {
    /// Begins to follow.
    ///
    /// # Errors
    /// When kubectl cannot be started.
    pub fn follow(installation: &Installation) -> anyhow::Result<Self> {
        let path = "{.status.release.step}{\"\\n\"}";
        let mut command: Command = installation.kubectl_command(&[
            "get",
            "resumematchers.resumematcher.io",
            &installation.name,
            "--watch",
            &format!("--output=jsonpath={path}"),
        ]);
        let mut watch =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("start kubectl")?;
        let lines = BufReader::new(watch.stdout.take().context("read what kubectl prints")?).lines();
        let (began, seen) = (Instant::now(), Arc::new(Mutex::new(Vec::<Seen>::new())));
        let written = seen.clone();
        std::thread::spawn(move || {
            for step in lines.map_while(Result::ok) {
                let mut seen = written.lock().unwrap_or_else(PoisonError::into_inner);
                if seen.last().is_none_or(|last| last.step != step) {
                    seen.push(Seen { step, at: began.elapsed() });
                }
            }
        });
        Ok(Self { began, seen, watch })
    }

    /// The time since the following began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Seconds that each step of this name took.
    #[must_use]
    pub fn times_of(&self, step: &str) -> Vec<f64> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs = seen.iter().zip(seen.iter().skip(1));
        pairs
            .filter(|(this, _)| this.step == step)
            .map(|(this, next)| next.at.saturating_sub(this.at).as_secs_f64())
            .collect()
    }

    /// Seconds from `since` until this step was first seen after it.
    #[must_use]
    pub fn first_after(&self, step: &str, since: Duration) -> Option<f64> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let found = seen.iter().find(|seen| seen.step == step && seen.at > since)?;
        Some(found.at.saturating_sub(since).as_secs_f64())
    }
}
