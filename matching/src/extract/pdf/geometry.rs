//! From user space to the page as displayed.

use super::pdfium::{CRect, PdfPage};
use crate::document::Rect;

/// How user space lies on the page as displayed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    bounds: CRect,
    quarter_turns: u8,
}

impl Geometry {
    pub(super) fn of(page: &PdfPage<'_>) -> Self {
        Self { bounds: page.bounds(), quarter_turns: page.rotation() }
    }

    pub(super) fn size(&self) -> (f32, f32) {
        let (w, h) = (self.bounds.right - self.bounds.left, self.bounds.top - self.bounds.bottom);
        if self.quarter_turns % 2 == 1 { (h, w) } else { (w, h) }
    }

    /// A point of user space on the page as displayed.
    pub(super) fn point(&self, x: f32, y: f32) -> (f32, f32) {
        let CRect { left, top, right, bottom } = self.bounds;
        match self.quarter_turns {
            0 => (x - left, top - y),
            1 => (y - bottom, x - left),
            2 => (right - x, y - bottom),
            _ => (top - y, right - x),
        }
    }

    pub(super) fn rect(&self, rect: &CRect) -> Rect {
        bounding_box(&[self.point(rect.left, rect.top), self.point(rect.right, rect.bottom)])
    }

    /// Direction of the vector (a, b) in whole degrees clockwise from left to right.
    pub(super) fn degrees(&self, a: f32, b: f32) -> u16 {
        let turn = 90.0 * f32::from(self.quarter_turns);
        let degrees = turn - b.atan2(a).to_degrees();
        // Slight tilts are how scanners and designers leave horizontal text.
        let rounded = (degrees.rem_euclid(360.0)).round() as u16 % 360;
        [0, 90, 180, 270].into_iter().find(|quarter| turn_between(rounded, *quarter) <= 2).unwrap_or(rounded)
    }
}

fn turn_between(a: u16, b: u16) -> u16 {
    let apart = a.abs_diff(b) % 360;
    apart.min(360 - apart)
}

/// The smallest box around points.
pub(super) fn bounding_box(points: &[(f32, f32)]) -> Rect {
    let start = Rect { x0: f32::INFINITY, y0: f32::INFINITY, x1: f32::NEG_INFINITY, y1: f32::NEG_INFINITY };
    points.iter().fold(start, |r, (x, y)| Rect {
        x0: r.x0.min(*x),
        y0: r.y0.min(*y),
        x1: r.x1.max(*x),
        y1: r.y1.max(*y),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_coordinates_follow_the_page_rotation() {
        let bounds = CRect { left: 10.0, bottom: 20.0, right: 110.0, top: 220.0 };
        let at = |quarter_turns| Geometry { bounds, quarter_turns };
        assert_eq!(at(0).point(10.0, 220.0), (0.0, 0.0));
        assert_eq!(at(1).point(10.0, 20.0), (0.0, 0.0));
        assert_eq!(at(2).point(110.0, 20.0), (0.0, 0.0));
        assert_eq!(at(3).point(110.0, 220.0), (0.0, 0.0));
        assert_eq!(at(1).size(), (200.0, 100.0));
    }

    #[test]
    fn directions_are_clockwise_degrees_of_the_page_as_displayed() {
        let bounds = CRect { left: 0.0, bottom: 0.0, right: 100.0, top: 100.0 };
        let upright = Geometry { bounds, quarter_turns: 0 };
        assert_eq!(upright.degrees(1.0, 0.0), 0);
        assert_eq!(upright.degrees(0.0, 1.0), 270);
        assert_eq!(upright.degrees(0.0, -1.0), 90);
        assert_eq!(upright.degrees(1.0, 0.02), 0);
        let turned = Geometry { bounds, quarter_turns: 1 };
        assert_eq!(turned.degrees(0.0, 1.0), 0);
    }
}
