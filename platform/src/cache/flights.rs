//! Computations that are going on in this process: who asks for the same meanwhile waits for it.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OnceCell;

/// What a computation gave, as it is kept; none when there is no such thing.
pub(super) type Bytes = Option<Arc<[u8]>>;

/// The computations by key.
#[derive(Debug, Default)]
pub(super) struct Flights {
    cells: Mutex<HashMap<String, Weak<OnceCell<Bytes>>>>,
}

/// One's part in a computation. It is forgotten with the last part.
pub(super) struct Flight<'a> {
    flights: &'a Flights,
    key: String,
    cell: Arc<OnceCell<Bytes>>,
}

impl Flights {
    /// The computation of `key` that is going on, or a new one.
    pub(super) fn join(&self, key: String) -> Flight<'_> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let going_on = cells.get(&key).and_then(Weak::upgrade);
        let cell = going_on.unwrap_or_else(|| {
            let cell = Arc::default();
            cells.insert(key.clone(), Arc::downgrade(&cell));
            cell
        });
        Flight { flights: self, key, cell }
    }
}

impl Deref for Flight<'_> {
    type Target = OnceCell<Bytes>;

    fn deref(&self) -> &Self::Target {
        &self.cell
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut cells = self.flights.cells.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock nobody joins, so one left is ours.
        if Arc::strong_count(&self.cell) == 1 {
            cells.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computation_is_shared_and_then_forgotten() {
        let flights = Flights::default();
        let (first, second) = (flights.join("a".to_owned()), flights.join("a".to_owned()));
        assert!(Arc::ptr_eq(&first.cell, &second.cell));
        assert!(!Arc::ptr_eq(&first.cell, &flights.join("b".to_owned()).cell));
        drop(first);
        assert_eq!(flights.cells.lock().unwrap().len(), 1);
        drop(second);
        assert_eq!(flights.cells.lock().unwrap().len(), 0);
    }
}
