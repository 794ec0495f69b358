//! How near the rows of a resume come in meaning to each of a job's wishes.

use super::super::PreparedJob;
use super::super::columns::{About, Columns};
use super::super::job::RequirementKind;
use super::super::likeness::{FIELD, TITLE_WORDS, WHOLE, mean_of_best};
use super::super::resume::is_heading;
use crate::embed::QuantisedEmbedding;
use crate::embed::compare::{Fold, LANES, Panel};

/// The vectors of a job's wishes, a lane each, and last that of the job as a whole.
pub(super) struct Nearness {
    panels: Vec<(Panel, Masks)>,
    /// The lane of the job as a whole.
    gist: Option<usize>,
}

/// 1 for some lanes of a panel, 0 for others.
type Mask = [f32; LANES];

/// What kind of wish the lanes of a panel are.
struct Masks {
    tasks: Mask,
    titles: Mask,
}

/// What was found of one resume.
#[derive(Default)]
pub(super) struct Scratch {
    products: Vec<[i32; LANES]>,
    /// The highest cosines, a panel each.
    folds: Vec<Highest>,
    /// Of each passage how near it is to the job as a whole, and to the task that it is nearest to.
    gist: Vec<f32>,
    tasks: Vec<f32>,
}

/// The highest cosines so far, lane by lane.
#[derive(Default)]
struct Highest {
    /// The [`FIELD`] highest of passages that tell of work, highest first.
    best: [[f32; LANES]; FIELD],
    /// The highest of those that are as short as a title.
    short: [f32; LANES],
    /// The highest of titles.
    titles: [f32; LANES],
}

/// One panel and one resume.
struct Reading<'a, A> {
    passages: usize,
    /// What rows are about, and how many words they have.
    abouts: A,
    highest: Highest,
    masks: &'a Masks,
    tasks: &'a mut [f32],
    /// The panel's lane of the job as a whole.
    whole: Option<usize>,
    gist: &'a mut Vec<f32>,
}

impl<A: Iterator<Item = (About, usize)>> Fold for Reading<'_, A> {
    #[inline(always)]
    fn add(&mut self, row: usize, cosines: &[f32; LANES]) {
        let about = self.abouts.next();
        if row >= self.passages {
            return raise(&mut self.highest.titles, cosines);
        }
        // A list of skills counts as 0, which every highest value is already.
        let Some((_, words)) = about.filter(|(about, _)| !about.listing) else { return };
        if words <= TITLE_WORDS {
            raise(&mut self.highest.short, cosines);
        }
        if is_heading(words) {
            self.highest.insert(&masked(cosines, &self.masks.titles));
        } else {
            self.highest.insert(cosines);
            if let Some(task) = self.tasks.get_mut(row) {
                *task = higher(*task, highest_of(&masked(cosines, &self.masks.tasks)));
            }
        }
        let whole = self.whole.and_then(|lane| cosines.get(lane));
        self.gist.extend(whole.map(|cosine| higher(*cosine, 0.0)));
    }
}

/// What was found for one lane.
pub(super) struct Near {
    pub(super) nearest: f32,
    pub(super) field: f32,
    /// The nearest title, or passage as short as one.
    pub(super) title: f32,
}

impl Nearness {
    pub(super) fn new(job: &PreparedJob, lanes: &[usize]) -> Self {
        let mut vectors: Vec<&QuantisedEmbedding> =
            lanes.iter().filter_map(|index| job.vector(*index)).collect();
        let gist = job.gist.as_ref().map(|_| vectors.len());
        vectors.extend(&job.gist);
        let mask = |kind: RequirementKind, first: usize| -> Mask {
            std::array::from_fn(|lane| {
                let requirement = lanes.get(first + lane).and_then(|index| job.requirements().get(*index));
                f32::from(u8::from(requirement.is_some_and(|requirement| requirement.kind == kind)))
            })
        };
        let masks = (0..).step_by(LANES).map(|first| Masks {
            tasks: mask(RequirementKind::Duty, first),
            titles: mask(RequirementKind::Title, first),
        });
        Self { panels: Panel::pack(&vectors).into_iter().zip(masks).collect(), gist }
    }

    pub(super) fn measure(&self, resume: &Columns<'_>, scratch: &mut Scratch) {
        let Scratch { products, folds, gist, tasks } = scratch;
        folds.clear();
        gist.clear();
        tasks.clear();
        tasks.resize(resume.passages, 0.0);
        for (number, (panel, masks)) in self.panels.iter().enumerate() {
            let whole = self.gist.filter(|lane| lane / LANES == number).map(|lane| lane % LANES);
            let mut reading = Reading {
                passages: resume.passages,
                abouts: resume.abouts().zip(resume.word_counts()),
                highest: Highest::default(),
                masks,
                tasks: tasks.as_mut_slice(),
                whole,
                gist: &mut *gist,
            };
            panel.compare(resume.codes, resume.rows(), products, &mut reading);
            folds.push(reading.highest);
        }
    }
}

impl Scratch {
    pub(super) fn lane(&self, lane: usize) -> Near {
        let fold = self.folds.get(lane / LANES);
        let value = |values: &[f32; LANES]| values.get(lane % LANES).copied().unwrap_or_default();
        let best = fold.map(|fold| fold.best.each_ref().map(value)).unwrap_or_default();
        let [nearest, ..] = best;
        Near {
            nearest,
            field: best.iter().sum::<f32>() / FIELD as f32,
            title: fold.map_or(0.0, |fold| value(&fold.short).max(value(&fold.titles))),
        }
    }
}

impl Scratch {
    /// How near the resume's work comes to the job as a whole.
    pub(super) fn gist(&self) -> f32 {
        mean_of_best::<WHOLE>(&self.gist)
    }

    /// How much of the resume's work is like any of the job's tasks.
    pub(super) fn work(&self) -> f32 {
        mean_of_best::<WHOLE>(&self.tasks)
    }
}

impl Highest {
    #[inline(always)]
    fn insert(&mut self, cosines: &[f32; LANES]) {
        let [first, second, third] = &mut self.best;
        for (((first, second), third), cosine) in first.iter_mut().zip(second).zip(third).zip(cosines) {
            let rest = lower(*first, *cosine);
            *first = higher(*first, *cosine);
            *third = higher(*third, lower(*second, rest));
            *second = higher(*second, rest);
        }
    }
}

#[inline(always)]
fn raise(highest: &mut [f32; LANES], cosines: &[f32; LANES]) {
    for (highest, cosine) in highest.iter_mut().zip(cosines) {
        *highest = higher(*highest, *cosine);
    }
}

/// Zero where the mask is.
#[inline(always)]
fn masked(cosines: &[f32; LANES], mask: &Mask) -> [f32; LANES] {
    let mut kept = *cosines;
    kept.iter_mut().zip(mask).for_each(|(cosine, mask)| *cosine *= mask);
    kept
}

/// The highest cosine of all lanes, at least 0.
#[inline(always)]
fn highest_of(cosines: &[f32; LANES]) -> f32 {
    let mut highest = [0.0; 4];
    for cosines in cosines.as_chunks::<4>().0 {
        for (highest, cosine) in highest.iter_mut().zip(cosines) {
            *highest = higher(*highest, *cosine);
        }
    }
    highest.into_iter().fold(0.0, higher)
}

/// The higher of two numbers; one instruction, since neither is "not a number".
#[inline(always)]
fn higher(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
fn lower(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_lanes_do_not_count() {
        let mut cosines = [-0.5; LANES];
        (cosines[3], cosines[9]) = (0.8, 0.6);
        let mut mask = [1.0; LANES];
        assert_eq!(highest_of(&masked(&cosines, &mask)), 0.8);
        mask[3] = 0.0;
        assert_eq!(highest_of(&masked(&cosines, &mask)), 0.6);
        assert_eq!(highest_of(&masked(&cosines, &[0.0; LANES])), 0.0);
    }

    #[test]
    fn the_three_highest_are_kept_in_order() {
        let mut fold = Highest::default();
        for value in [0.2, -0.4, 0.9, 0.2, 0.5, 0.1] {
            fold.insert(&[value; LANES]);
        }
        assert_eq!(fold.best, [[0.9; LANES], [0.5; LANES], [0.2; LANES]]);
        let scratch = Scratch { folds: vec![fold], ..Scratch::default() };
        assert_eq!(scratch.lane(5).nearest, 0.9);
        assert!((scratch.lane(5).field - 1.6 / 3.0).abs() < 1e-6);
        assert_eq!(scratch.lane(LANES).nearest, 0.0);
    }
}
