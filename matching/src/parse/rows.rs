//! Rows: fragments side by side.

use super::layout::Frag;

/// A row: fragments side by side.
#[derive(Debug, Clone)]
pub(super) struct Row<'a, 'd> {
    pub(super) frags: Vec<&'a Frag<'d>>,
}

impl<'a, 'd> Row<'a, 'd> {
    /// The leftmost fragment.
    pub(super) fn first(&self) -> Option<&'a Frag<'d>> {
        self.frags.first().copied()
    }

    /// Upper edge.
    pub(super) fn top(&self) -> f32 {
        self.frags.iter().map(|frag| frag.rect.y0).fold(f32::MAX, f32::min)
    }
}

/// Groups fragments into rows from top to bottom, each from left to right.
pub(super) fn rows<'a, 'd>(frags: &[&'a Frag<'d>]) -> Vec<Row<'a, 'd>> {
    let mut sorted: Vec<&Frag<'_>> = frags.to_vec();
    sorted.sort_by(|a, b| {
        a.rect
            .y0
            .total_cmp(&b.rect.y0)
            .then(a.rect.x0.total_cmp(&b.rect.x0))
            .then(a.range.start.cmp(&b.range.start))
    });
    let mut rows: Vec<Row<'a, 'd>> = Vec::new();
    for frag in sorted {
        let fits = rows.last().and_then(Row::first).is_some_and(|first| {
            let shared = first.rect.y1.min(frag.rect.y1) - first.rect.y0.max(frag.rect.y0);
            shared >= 0.5 * first.rect.height().min(frag.rect.height()).max(1.0)
        });
        match rows.last_mut().filter(|_| fits) {
            Some(row) => row.frags.push(frag),
            None => rows.push(Row { frags: vec![frag] }),
        }
    }
    for row in &mut rows {
        row.frags.sort_by(|a, b| a.rect.x0.total_cmp(&b.rect.x0).then(a.range.start.cmp(&b.range.start)));
    }
    rows
}
