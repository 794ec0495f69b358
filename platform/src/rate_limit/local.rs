//! The counts of this process, for the time that Redis is away.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::window::{Window, width};
use super::{Decision, Quota, Source};

/// Most clients that are remembered; who makes up addresses must not fill the memory.
const MOST_CLIENTS: usize = 50_000;

#[derive(Debug, Clone, Copy)]
struct Entry {
    index: u64,
    window: Window,
}

/// Windows by client.
#[derive(Debug, Default)]
pub(super) struct LocalWindows {
    clients: Mutex<HashMap<String, Entry>>,
}

impl LocalWindows {
    /// Counts one request of `client` at `now` (milliseconds since any fixed moment).
    pub(super) fn admit(&self, client: &str, quota: Quota, now: u64) -> Decision {
        let (index, elapsed) = (now / width(quota), now % width(quota));
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MOST_CLIENTS && !clients.contains_key(client) {
            clients.retain(|_, entry| entry.index.saturating_add(1) >= index);
            if clients.len() >= MOST_CLIENTS {
                clients.clear();
            }
        }
        let entry = clients.entry(client.to_owned()).or_insert(Entry { index, window: Window::default() });
        if entry.index != index {
            let previous = if entry.index.saturating_add(1) == index { entry.window.current } else { 0 };
            *entry = Entry { index, window: Window { previous, current: 0 } };
        }
        let admitted = entry.window.has_room(elapsed, quota);
        if admitted {
            entry.window.current += 1;
        }
        entry.window.decision(admitted, elapsed, quota, Source::Local)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const QUOTA: Quota = Quota { requests: 3, window: Duration::from_secs(60) };

    #[test]
    fn each_client_has_its_own_count() {
        let windows = LocalWindows::default();
        let admitted = |client: &str, now| windows.admit(client, QUOTA, now).admitted;
        assert_eq!([0, 1, 2, 3].map(|now| admitted("a", now)), [true, true, true, false]);
        assert!(admitted("b", 3));
        // A third of the window before is gone, and with it one of three requests.
        assert!(!admitted("a", 79_000));
        assert!(admitted("a", 80_000));
        assert!(!admitted("a", 80_001));
        assert!(admitted("a", 200_000));
    }

    #[test]
    fn memory_is_bounded() {
        let windows = LocalWindows::default();
        for n in 0..MOST_CLIENTS + 10 {
            windows.admit(&n.to_string(), QUOTA, 0);
        }
        assert!(windows.clients.lock().unwrap().len() <= MOST_CLIENTS);
    }
}
