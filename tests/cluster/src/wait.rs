//! Waiting for conditions, and the ends of logs.

use std::path::Path;
use std::time::{Duration, Instant};

/// Asks again and again until there is an answer or the deadline passes; None when it passed.
pub(crate) fn until<T>(limit: Duration, pause: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(pause);
    }
}

/// The last `count` lines of a text.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
}

/// The last `count` lines of a file; what keeps it from being read, when it cannot be.
pub(crate) fn last_lines_of(path: &Path, count: usize) -> String {
    match std::fs::read(path) {
        Ok(bytes) => last_lines(&String::from_utf8_lossy(&bytes), count),
        Err(error) => format!("({}: {error})", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_asks_at_least_once() {
        assert_eq!(until(Duration::ZERO, Duration::ZERO, || Some(1)), Some(1));
        assert_eq!(until::<()>(Duration::ZERO, Duration::ZERO, || None), None);
    }

    #[test]
    fn last_lines_are_the_last() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a", 2), "a");
    }
}
