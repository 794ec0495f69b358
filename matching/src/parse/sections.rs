//! Which fragments belong to which section: finds the columns of each page and fills them from top to bottom.

use super::headings::{Heading, find_headings};
use super::layout::{Frag, Layout};
use super::lexicon::SectionKind;

/// A section with its fragments.
#[derive(Debug)]
pub(super) struct Section<'a, 'd> {
    pub(super) kind: SectionKind,
    /// The heading; none for what stands before the first one.
    pub(super) heading: Option<&'a Frag<'d>>,
    /// Everything under it, in reading order of its column.
    pub(super) frags: Vec<&'a Frag<'d>>,
}

/// A horizontal band of a page, and the gutter that cuts it in two, if any.
#[derive(Debug, Clone, Copy)]
struct Band {
    top: f32,
    bottom: f32,
    gutter: Option<f32>,
}

/// The sections of a document; the first one has no heading.
pub(super) fn split<'a, 'd>(layout: &'a Layout<'d>) -> Vec<Section<'a, 'd>> {
    let headings = find_headings(layout);
    let mut splitter = Splitter {
        layout,
        sections: vec![Section { kind: SectionKind::Contact, heading: None, frags: Vec::new() }],
        open: [0; 2],
        main: 0,
        gutter: None,
    };
    let pages = layout.doc.pages.len();
    for page in 0..pages {
        let frags: Vec<(usize, &Frag<'d>)> =
            layout.frags.iter().enumerate().filter(|(_, frag)| frag.page == page).collect();
        if layout.positioned {
            splitter.positioned_page(&frags, &headings);
        } else {
            splitter.fill(&frags, &headings, 0);
            splitter.join_columns(0);
        }
    }
    splitter.sections
}

struct Splitter<'a, 'd> {
    layout: &'a Layout<'d>,
    sections: Vec<Section<'a, 'd>>,
    /// The section that each column is in.
    open: [usize; 2],
    /// The column that full-width text goes on with.
    main: usize,
    /// The gutter of the page before.
    gutter: Option<f32>,
}

impl<'a, 'd> Splitter<'a, 'd> {
    fn positioned_page(&mut self, frags: &[(usize, &'a Frag<'d>)], headings: &[Heading]) {
        let is_heading = |index: usize| headings.iter().any(|heading| heading.frag == index);
        let heads: Vec<&Frag<'_>> =
            frags.iter().filter(|(index, _)| is_heading(*index)).map(|(_, frag)| *frag).collect();
        for band in self.bands(frags, &heads) {
            let inside: Vec<(usize, &'a Frag<'d>)> = frags
                .iter()
                .filter(|(_, frag)| frag.rect.y0 >= band.top && frag.rect.y0 < band.bottom)
                .copied()
                .collect();
            let Some(gutter) = band.gutter else {
                self.fill(&inside, headings, self.main);
                self.join_columns(self.main);
                continue;
            };
            let (left, right): (Vec<_>, Vec<_>) =
                inside.into_iter().partition(|(_, frag)| frag.rect.x0 < gutter);
            self.main = usize::from(area(&right) > area(&left));
            self.fill(&left, headings, 0);
            self.fill(&right, headings, 1);
            self.gutter = Some(gutter);
        }
    }

    /// After full-width text both columns are in its section.
    fn join_columns(&mut self, column: usize) {
        let open = self.open.get(column).copied().unwrap_or(0);
        self.open = [open; 2];
    }

    /// Sorts fragments of one column under its headings.
    fn fill(&mut self, frags: &[(usize, &'a Frag<'d>)], headings: &[Heading], column: usize) {
        let mut sorted = frags.to_vec();
        if self.layout.positioned {
            // A heading comes before what stands beside it.
            let key = |(index, frag): &(usize, &Frag<'_>)| {
                let lift =
                    if headings.iter().any(|heading| heading.frag == *index) { 0.6 * frag.size } else { 0.0 };
                frag.rect.y0 - lift
            };
            sorted.sort_by(|a, b| {
                key(a).total_cmp(&key(b)).then(a.1.rect.x0.total_cmp(&b.1.rect.x0)).then(a.0.cmp(&b.0))
            });
        }
        for (index, frag) in sorted {
            if let Some(heading) = headings.iter().find(|heading| heading.frag == index) {
                self.sections.push(Section { kind: heading.kind, heading: Some(frag), frags: Vec::new() });
                if let Some(open) = self.open.get_mut(column) {
                    *open = self.sections.len() - 1;
                }
                continue;
            }
            let open = self.open.get(column).copied().unwrap_or(0);
            if let Some(section) = self.sections.get_mut(open) {
                section.frags.push(frag);
            }
        }
    }

    /// Cuts a page into bands of one or two columns.
    fn bands(&self, frags: &[(usize, &Frag<'_>)], heads: &[&Frag<'_>]) -> Vec<Band> {
        let top = f32::MIN;
        let bottom = f32::MAX;
        let whole = vec![Band { top, bottom, gutter: None }];
        let Some(gutter) = self.page_gutter(frags, heads) else { return whole };
        let mut crossing: Vec<&Frag<'_>> = frags
            .iter()
            .map(|(_, frag)| *frag)
            .filter(|frag| frag.rect.x0 < gutter && frag.rect.x1 > gutter + 1.0)
            .collect();
        crossing.sort_by(|a, b| a.rect.y0.total_cmp(&b.rect.y0));
        let mut bands = Vec::new();
        let mut at = top;
        for frag in crossing {
            if frag.rect.y0 > at {
                bands.push(Band { top: at, bottom: frag.rect.y0 - 0.01, gutter: Some(gutter) });
            }
            bands.push(Band { top: frag.rect.y0 - 0.01, bottom: frag.rect.y1, gutter: None });
            at = frag.rect.y1.max(at);
        }
        bands.push(Band { top: at, bottom, gutter: Some(gutter) });
        for band in &mut bands {
            if band.gutter.is_some()
                && !two_columns(frags, heads, band, gutter)
                && !self.continues(heads, gutter)
            {
                band.gutter = None;
            }
        }
        merge(bands)
    }

    /// On a later page text goes on in the columns of the page before.
    fn continues(&self, heads: &[&Frag<'_>], gutter: f32) -> bool {
        self.gutter.is_some_and(|known| (known - gutter).abs() < 12.0)
            && !(heads.iter().any(|head| head.rect.x0 < gutter)
                && heads.iter().any(|head| head.rect.x1 > gutter))
    }

    /// The best place for a gutter: headings on both sides, few fragments across.
    fn page_gutter(&self, frags: &[(usize, &Frag<'_>)], heads: &[&Frag<'_>]) -> Option<f32> {
        let mut best: Option<(usize, f32, f32)> = None;
        let mut edges: Vec<f32> = frags.iter().map(|(_, frag)| frag.rect.x0 - 1.0).collect();
        edges.sort_by(f32::total_cmp);
        edges.dedup_by(|a, b| (*a - *b).abs() < 1.0);
        for gutter in edges {
            let left: Vec<_> = heads.iter().filter(|head| head.rect.x1 < gutter).collect();
            let right: Vec<_> = heads.iter().filter(|head| head.rect.x0 > gutter).collect();
            if left.is_empty() || right.is_empty() || left.len() + right.len() < 3 {
                continue;
            }
            let first = left.iter().chain(&right).map(|head| head.rect.y0).fold(f32::MAX, f32::min);
            let below: Vec<&Frag<'_>> =
                frags.iter().map(|(_, frag)| *frag).filter(|frag| frag.rect.y0 >= first - 2.0).collect();
            let across =
                below.iter().filter(|frag| frag.rect.x0 < gutter && frag.rect.x1 > gutter + 1.0).count();
            let beside_left = below.iter().filter(|frag| frag.rect.x1 <= gutter).count();
            let beside_right = below.len() - across - beside_left;
            if across * 4 > below.len() || beside_left < 3 || beside_right < 3 {
                continue;
            }
            let score = left.len().min(right.len()) * 100 + (below.len() - across) * 100 / below.len().max(1);
            let nearest = below
                .iter()
                .map(|frag| frag.rect.x1)
                .filter(|x1| *x1 <= gutter + 1.0)
                .fold(f32::MIN, f32::max);
            let width = gutter - nearest;
            if best.is_none_or(|(known, known_width, _)| {
                score > known || (score == known && width > known_width)
            }) {
                best = Some((score, width, gutter));
            }
        }
        best.map(|(_, _, gutter)| gutter).or(self.gutter)
    }
}

/// Whether both sides of a band hold text, and headings stand on both sides somewhere near.
fn two_columns(frags: &[(usize, &Frag<'_>)], heads: &[&Frag<'_>], band: &Band, gutter: f32) -> bool {
    let inside = |frag: &Frag<'_>| frag.rect.y0 >= band.top && frag.rect.y0 < band.bottom;
    let left = heads.iter().any(|head| inside(head) && head.rect.x1 < gutter);
    let right = heads.iter().any(|head| inside(head) && head.rect.x0 > gutter);
    let text = |side: fn(&Frag<'_>, f32) -> bool| {
        frags.iter().filter(|(_, frag)| inside(frag) && side(frag, gutter)).count()
    };
    left && right && text(|frag, x| frag.rect.x1 <= x) > 1 && text(|frag, x| frag.rect.x0 >= x) > 1
}

/// Joins bands of one column that follow each other.
fn merge(bands: Vec<Band>) -> Vec<Band> {
    let mut merged: Vec<Band> = Vec::new();
    for band in bands {
        match merged.last_mut() {
            Some(last) if last.gutter.is_none() && band.gutter.is_none() => last.bottom = band.bottom,
            _ => merged.push(band),
        }
    }
    merged
}

fn area(frags: &[(usize, &Frag<'_>)]) -> f32 {
    frags.iter().map(|(_, frag)| frag.rect.width() * frag.rect.height()).sum()
}
