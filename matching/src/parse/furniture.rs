//! What belongs to the page and not to the person: page numbers, running heads, notes such as "Last updated in March".

use super::dates::find_dates;
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::text::tokens;

impl Layout<'_> {
    /// Drops page numbers, running heads and notes such as "Last updated in March".
    pub(super) fn drop_page_furniture(&mut self) {
        let pages = self.doc.pages.len();
        let place = |frag: &Frag<'_>| {
            (frag.rect.x0, frag.rect.y0 - self.offsets.get(frag.page).copied().unwrap_or(0.0))
        };
        let tops: Vec<f32> = (0..pages).map(|page| self.edge(page, f32::min)).collect();
        let bottoms: Vec<f32> = (0..pages).map(|page| self.edge(page, f32::max)).collect();
        let keep: Vec<bool> = self
            .frags
            .iter()
            .map(|frag| {
                if is_noise(frag.text) {
                    return false;
                }
                let top = tops.get(frag.page).is_some_and(|top| frag.rect.y0 - top < 30.0);
                let bottom = bottoms.get(frag.page).is_some_and(|bottom| bottom - frag.rect.y0 < 20.0);
                if !self.positioned || pages < 2 || !(bottom || (top && frag.page > 0)) {
                    return true;
                }
                let key = furniture_key(frag.text);
                let (x, y) = place(frag);
                let repeated = self.frags.iter().any(|other| {
                    let (other_x, other_y) = place(other);
                    other.page != frag.page
                        && (other_x - x).abs() < 12.0
                        && (other_y - y).abs() < 3.0
                        && furniture_key(other.text) == key
                });
                !repeated || !find_dates(frag.text).is_empty()
            })
            .collect();
        let mut kept = keep.into_iter();
        self.frags.retain(|_| kept.next().unwrap_or(true));
    }

    fn edge(&self, page: usize, pick: fn(f32, f32) -> f32) -> f32 {
        self.frags
            .iter()
            .filter(|frag| frag.page == page)
            .map(|frag| frag.rect.y0)
            .reduce(pick)
            .unwrap_or(0.0)
    }
}

/// The text with numbers made equal.
fn furniture_key(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect::<String>().replace("##", "#")
}

/// Whether a line belongs to the page and not to the person.
fn is_noise(text: &str) -> bool {
    let letters = text.chars().any(char::is_alphabetic);
    if !letters {
        let digits: Vec<&str> = text.split(['/', ' ', '|']).filter(|part| !part.is_empty()).collect();
        return digits.len() <= 3
            && text.contains('/')
            && digits.iter().all(|part| part.len() <= 3 && part.chars().all(|c| c.is_ascii_digit()));
    }
    let lexicon = lexicon();
    let Some(found) = lexicon.set("noise").starts(text) else { return false };
    let rest = text.get(found.end..).unwrap_or_default();
    tokens(rest).iter().all(|token| {
        token.folded.chars().all(|c| c.is_ascii_digit())
            || lexicon.months.contains_key(&token.folded)
            || matches!(
                token.folded.as_str(),
                "of" | "upon"
                    | "request"
                    | "in"
                    | "von"
                    | "de"
                    | "sur"
                    | "on"
                    | "the"
                    | "le"
                    | "am"
                    | "vitae"
            )
    })
}
