//! Chunks of one line become its text: words and tabs by the gaps, right-to-left text turned, runs by appearance.

use std::borrow::Cow;

use super::super::glyphs::{Direction, Glyph, GlyphStyle, PageText};
use super::bidi;
use super::chunks::{Chunk, size_of};
use super::order::Leaf;
use super::spacing::{Spacing, gap};
use crate::document::Rect;
use crate::extract::builder::Run;

/// A gap over this many ems is a tab.
const TAB_GAP: f32 = 2.0;

/// A line with its place in the frame of its direction.
#[derive(Debug, Clone)]
pub(super) struct LaidLine {
    pub(super) runs: Vec<Run>,
    /// In the frame of the direction.
    pub(super) rect: Rect,
    pub(super) base: f32,
    /// Font size of most of its characters.
    pub(super) size: f32,
    /// All of it is bold.
    pub(super) bold: bool,
    pub(super) column: u16,
    pub(super) region: u32,
    /// It began with a bullet, which `runs` no longer has.
    pub(super) bullet: bool,
}

impl LaidLine {
    /// The text of all runs.
    pub(super) fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }
}

/// What lines are made with.
pub(super) struct Context<'a> {
    pub(super) page: &'a PageText,
    pub(super) direction: &'a Direction,
    pub(super) spacing: &'a Spacing,
}

/// A glyph, or the space between two.
#[derive(Clone, Copy)]
enum Item<'a> {
    Glyphs(&'a [Glyph]),
    Space,
    Tab,
}

impl Item<'_> {
    fn class_char(&self) -> char {
        match self {
            Self::Glyphs(glyphs) => glyphs.first().map_or(' ', |glyph| glyph.c),
            Self::Space => ' ',
            // A tab separates fields: it stands between runs of any direction.
            Self::Tab => '\t',
        }
    }
}

/// Makes the line of a leaf; `None` when nothing is left of it.
pub(super) fn build(leaf: &Leaf, chunks: &[Chunk], context: &Context<'_>) -> Option<LaidLine> {
    let styles = &context.page.styles;
    let glyphs = glyphs_of(leaf, chunks);
    let glyphs = glyphs.as_ref();
    let clusters = cluster(glyphs);
    let (bullet, clusters) = match clusters.split_first() {
        Some((first, rest)) if is_bullet(first, rest, styles) => (true, rest),
        _ => (false, clusters.as_slice()),
    };
    let size = dominant_size(glyphs, styles);
    let mut items = itemise(clusters, size, context);
    bidi::to_logical(&mut items, Item::class_char);
    let runs = runs(&items, context);
    if runs.is_empty() && !bullet {
        return None;
    }
    let rect = glyphs.iter().filter(|glyph| glyph.c != ' ').map(rect_of).reduce(|a, b| a.union(&b))?;
    let largest =
        leaf.chunks.iter().filter_map(|index| chunks.get(*index)).max_by(|a, b| a.size.total_cmp(&b.size))?;
    let bold = !runs.is_empty() && runs.iter().all(|run| run.style.bold || run.text.trim().is_empty());
    Some(LaidLine {
        runs,
        rect,
        base: largest.base,
        size,
        bold,
        column: leaf.column,
        region: leaf.region,
        bullet,
    })
}

fn rect_of(glyph: &Glyph) -> Rect {
    Rect { x0: glyph.x0, y0: glyph.top, x1: glyph.x1, y1: glyph.bottom }
}

/// Glyphs from left to right. Left-to-right chunks keep their content order, which is right even where accents
/// and kerning make boxes overlap.
fn glyphs_of<'a>(leaf: &Leaf, chunks: &'a [Chunk]) -> Cow<'a, [Glyph]> {
    if let [only] = leaf.chunks.as_slice()
        && let Some(chunk) = chunks.get(*only)
        && !chunk.glyphs.iter().any(|glyph| bidi::is_rtl(glyph.c))
    {
        return Cow::Borrowed(&chunk.glyphs);
    }
    let mut glyphs = Vec::new();
    for chunk in leaf.chunks.iter().filter_map(|index| chunks.get(*index)) {
        let start = glyphs.len();
        glyphs.extend_from_slice(&chunk.glyphs);
        if chunk.glyphs.iter().any(|glyph| bidi::is_rtl(glyph.c))
            && let Some(added) = glyphs.get_mut(start..)
        {
            added.sort_by(|a, b| a.x0.total_cmp(&b.x0));
        }
    }
    Cow::Owned(glyphs)
}

/// Groups glyphs that belong together: pieces of a ligature, marks on their base. Spaces are their own groups.
fn cluster(glyphs: &[Glyph]) -> Vec<&[Glyph]> {
    glyphs.chunk_by(|a, b| a.c != ' ' && b.c != ' ' && (b.piece || is_mark(b.c))).collect()
}

fn is_mark(c: char) -> bool {
    c > '\u{2ff}' && unicode_normalization::char::is_combining_mark(c)
}

fn dominant_size(glyphs: &[Glyph], styles: &[GlyphStyle]) -> f32 {
    let mut counts: Vec<(u16, usize)> = Vec::new();
    for glyph in glyphs.iter().filter(|glyph| glyph.c != ' ') {
        match counts.iter_mut().find(|(style, _)| *style == glyph.style) {
            Some((_, count)) => *count += 1,
            None => counts.push((glyph.style, 1)),
        }
    }
    let dominant = counts.iter().max_by_key(|(_, count)| *count).map(|(style, _)| *style);
    dominant.and_then(|style| styles.get(usize::from(style))).map_or(10.0, |style| style.size)
}

/// Sets spaces and tabs between the clusters of a line.
fn itemise<'a>(clusters: &[&'a [Glyph]], size: f32, context: &Context<'_>) -> Vec<Item<'a>> {
    let styles = &context.page.styles;
    let tracked = tracked_gap(clusters, styles);
    let tracking = line_tracking(clusters, styles);
    let mut items = Vec::with_capacity(clusters.len() + clusters.len() / 4);
    let mut previous: Option<&Glyph> = None;
    let mut space = false;
    for cluster in clusters {
        let Some(first) = cluster.first() else { continue };
        if first.c == ' ' {
            space = true;
            continue;
        }
        if let Some(left) = previous {
            let distance = gap(left, first);
            let split = match tracked {
                Some(limit) => distance > limit * size_of(first, styles),
                None => space || context.spacing.splits(left, first, styles, tracking),
            };
            if distance > TAB_GAP * size && !(items.len() <= 3 && is_number_marker(&items)) {
                items.push(Item::Tab);
            } else if split {
                items.push(Item::Space);
            }
        }
        items.push(Item::Glyphs(cluster));
        previous = cluster.last();
        space = false;
    }
    items
}

/// How many ems wider than normal the letters of a line without space characters are set, by their median gap.
fn line_tracking(clusters: &[&[Glyph]], styles: &[GlyphStyle]) -> f32 {
    let is_space = |cluster: &&[Glyph]| cluster.first().is_none_or(|glyph| glyph.c == ' ');
    if clusters.len() < 6 || clusters.iter().any(is_space) {
        return 0.0;
    }
    let letters: Vec<&Glyph> = clusters.iter().filter_map(|cluster| cluster.first()).collect();
    let plain = letters.iter().filter(|glyph| glyph.c.is_alphanumeric()).count();
    if plain * 5 < letters.len() * 4 {
        return 0.0;
    }
    let median = median_gap(&letters, styles).unwrap_or_default();
    if median > 0.08 { median } else { 0.0 }
}

fn median_gap(letters: &[&Glyph], styles: &[GlyphStyle]) -> Option<f32> {
    let mut gaps: Vec<f32> = letters
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] => Some(gap(a, b) / size_of(b, styles)),
            _ => None,
        })
        .collect();
    let middle = gaps.len() / 2;
    (middle < gaps.len()).then(|| *gaps.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// In a line set letter by letter (`E X P E R I E N C E`) the gap in ems over which a new word begins.
fn tracked_gap(clusters: &[&[Glyph]], styles: &[GlyphStyle]) -> Option<f32> {
    let words = clusters
        .split(|cluster| cluster.first().is_none_or(|glyph| glyph.c == ' '))
        .filter(|word| !word.is_empty());
    let (single, all) =
        words.clone().fold((0, 0), |(single, all), word| (single + usize::from(word.len() == 1), all + 1));
    if single < 4 || single * 10 < all * 9 {
        return None;
    }
    let letters: Vec<&Glyph> = words.flatten().filter_map(|cluster| cluster.first()).collect();
    if !letters.iter().all(|glyph| glyph.c.is_alphanumeric() || "&/-.@:_+,()".contains(glyph.c)) {
        return None;
    }
    let median = median_gap(&letters, styles)?;
    Some(median * 1.5 + 0.05)
}

/// Whether the items so far are a number like `1.` or `a)`, after which a wide gap is no tab.
fn is_number_marker(items: &[Item<'_>]) -> bool {
    let text: String = items.iter().map(Item::class_char).collect();
    (text.ends_with('.') || text.ends_with(')'))
        && text.chars().all(|c| c.is_alphanumeric() || ".)".contains(c))
}

/// Whether the first cluster of a line is a bullet and the rest its item.
fn is_bullet(first: &[Glyph], rest: &[&[Glyph]], styles: &[GlyphStyle]) -> bool {
    let [glyph] = first else { return false };
    let stands_apart = || {
        let next = rest.iter().find_map(|cluster| cluster.first().filter(|glyph| glyph.c != ' '));
        let spaced = rest.first().and_then(|cluster| cluster.first()).is_some_and(|glyph| glyph.c == ' ');
        next.is_some_and(|next| spaced || gap(glyph, next) > 0.2 * size_of(next, styles))
    };
    match glyph.c {
        bullet if crate::extract::builder::is_bullet(bullet) => true,
        '-' | '–' | '—' | '*' | '·' | '»' | '›' | '>' | '+' | '~' | '−' => stands_apart(),
        // The hollow bullet of word processors is the letter o of a typewriter font.
        'o' => {
            let style =
                |glyph: &Glyph| styles.get(usize::from(glyph.style)).map(|style| style.style.monospace);
            let next = rest.iter().find_map(|cluster| cluster.first().filter(|glyph| glyph.c != ' '));
            style(glyph) == Some(true)
                && next.is_some_and(|next| style(next) == Some(false))
                && stands_apart()
        }
        _ => false,
    }
}

/// Items in reading order become runs of equal appearance and link.
fn runs(items: &[Item<'_>], context: &Context<'_>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut key = None;
    // Boxes are gathered in the frame of the direction and turned to the page at the end.
    let to_page = |run: &mut Run| run.bbox = run.bbox.map(|rect| context.direction.to_page(&rect));
    for item in items {
        let glyphs = match item {
            Item::Glyphs(glyphs) => *glyphs,
            Item::Space | Item::Tab => {
                let c = if matches!(item, Item::Tab) { '\t' } else { ' ' };
                if let Some(run) = runs.last_mut() {
                    run.text.push(c);
                }
                continue;
            }
        };
        let Some(first) = glyphs.first() else { continue };
        let bbox = glyphs.iter().map(rect_of).reduce(|a, b| a.union(&b));
        if key != Some((first.style, first.link)) {
            key = Some((first.style, first.link));
            let style = context.page.styles.get(usize::from(first.style));
            runs.push(Run {
                text: String::with_capacity(items.len()),
                style: style.map(|style| style.style).unwrap_or_default(),
                font_size: style.map(|style| style.size),
                bbox,
                link: context.page.links.get(usize::from(first.link).wrapping_sub(1)).cloned(),
            });
        }
        if let Some(run) = runs.last_mut() {
            run.text.extend(glyphs.iter().map(|glyph| glyph.c));
            run.bbox = match (run.bbox, bbox) {
                (Some(a), Some(b)) => Some(a.union(&b)),
                (a, b) => a.or(b),
            };
        }
    }
    runs.iter_mut().for_each(to_page);
    runs
}
