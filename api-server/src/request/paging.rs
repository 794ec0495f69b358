//! Cursor paging: newest first, stable while rows are added and removed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::{FieldError, Problem};

/// Rows of a page when the request does not say.
const DEFAULT_LIMIT: u32 = 20;
/// Most rows of a page.
const MAX_LIMIT: u32 = 100;

/// Which page of a list to give.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Most rows to give: 1 to 100, 20 when absent.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
}

/// A checked [`PageQuery`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Most rows to give.
    pub limit: u32,
    /// Give rows older than this one. Ids are UUIDs of version 7, so their order is the order of creation.
    pub before: Option<Uuid>,
}

/// One page of a list, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Give this as `cursor` to get the next page; null on the last page.
    pub next_cursor: Option<String>,
}

impl PageQuery {
    /// Checks limit and cursor.
    pub fn check(&self) -> Result<PageRequest, Problem> {
        let mut errors = Vec::new();
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            errors.push(FieldError::in_field(
                "limit",
                format!("limit must be from 1 to {MAX_LIMIT}, not {limit}."),
            ));
        }
        let before = match self.cursor.as_deref().map(decode) {
            Some(None) => {
                let detail = "cursor is not one that this service gave; leave it out to start again.";
                errors.push(FieldError::in_field("cursor", detail));
                None
            }
            Some(some) => some,
            None => None,
        };
        if errors.is_empty() { Ok(PageRequest { limit, before }) } else { Err(Problem::validation(errors)) }
    }
}

impl PageRequest {
    /// How many rows to ask the database for: one more than wanted tells whether there is another page.
    pub fn rows_to_fetch(self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page made of `rows` (fetched with [`Self::rows_to_fetch`]), whose ids `id` reads.
    pub fn page<T>(self, mut rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor =
            rows.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(id(last).as_bytes()));
        Page { items: rows, next_cursor }
    }
}

impl<T> Page<T> {
    /// The same page with each row turned into what the client sees.
    pub fn map<U>(self, into: impl Fn(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(into).collect(), next_cursor: self.next_cursor }
    }
}

fn decode(cursor: &str) -> Option<Uuid> {
    Uuid::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(limit: Option<u32>, cursor: Option<String>) -> PageQuery {
        PageQuery { limit, cursor }
    }

    #[test]
    fn the_cursor_leads_to_the_row_after_the_last_one() {
        let ids: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
        let request = query(Some(2), None).check().unwrap();
        let page = request.page(ids.clone(), |id| *id);
        assert_eq!(page.items, ids[..2]);
        let next = query(Some(2), page.next_cursor).check().unwrap();
        assert_eq!(next.before, Some(ids[1]));
        assert_eq!(next.page(vec![ids[2]], |id| *id).next_cursor, None);
    }

    #[test]
    fn each_wrong_value_is_named() {
        let problem = query(Some(0), Some("!".into())).check().unwrap_err();
        let fields: Vec<_> = problem.errors.iter().map(|error| error.field.as_deref().unwrap()).collect();
        assert_eq!(fields, ["limit", "cursor"]);
        assert!(query(Some(101), None).check().is_err());
    }
}
