//! The touch test: a grid of cells to be touched once each, and what the finger draws. Pure.

use std::fmt::Write as _;

pub const COLUMNS: usize = 8;
pub const ROWS: usize = 5;
/// Beyond that many points the oldest drawing is given up: somebody plays.
const MOST_POINTS: usize = 2_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchTest {
    hit: [bool; COLUMNS * ROWS],
    /// As commands of a path in a box that is 1000 wide.
    drawn: String,
    points: usize,
}

impl Default for TouchTest {
    fn default() -> Self {
        Self { hit: [false; COLUMNS * ROWS], drawn: String::new(), points: 0 }
    }
}

impl TouchTest {
    /// A finger at a point, in parts of a thousand of a field that is `aspect` as high as wide; `down` when it has just come.
    pub fn touched(&mut self, x: f32, y: f32, aspect: f32, down: bool) {
        if !(0.0..1000.0).contains(&x) || !(0.0..1000.0).contains(&y) {
            return;
        }
        let (column, row) = ((x / 1000.0 * COLUMNS as f32) as usize, (y / 1000.0 * ROWS as f32) as usize);
        if let Some(cell) = self.hit.get_mut(row * COLUMNS + column) {
            *cell = true;
        }
        if self.points >= MOST_POINTS {
            self.drawn.clear();
            self.points = 0;
        }
        let letter = if down || self.drawn.is_empty() { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(self.drawn, "{letter}{x:.0} {:.0} ", y * aspect);
        self.points += 1;
    }

    pub fn cells(&self) -> &[bool] {
        &self.hit
    }

    pub fn drawn(&self) -> &str {
        &self.drawn
    }

    pub fn count(&self) -> usize {
        self.hit.iter().filter(|hit| **hit).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_marks_its_cell() {
        let check = |points: &[(f32, f32)], wanted: &[usize]| {
            let mut test = TouchTest::default();
            points.iter().for_each(|(x, y)| test.touched(*x, *y, 1.0, false));
            let hit: Vec<usize> = (0..).zip(test.cells()).filter(|(_, hit)| **hit).map(|(index, _)| index).collect();
            assert_eq!(hit, wanted, "{points:?}");
            assert_eq!(test.count(), wanted.len());
        };
        check(&[(0.0, 0.0), (10.0, 10.0)], &[0]);
        check(&[(999.9, 0.0), (0.0, 999.9), (999.9, 999.9)], &[7, 32, 39]);
        check(&[(1000.0, 1.0), (-0.1, 1.0), (f32::NAN, 1.0), (f32::INFINITY, f32::INFINITY)], &[]);
    }

    #[test]
    fn a_drawing_has_an_end() {
        let mut test = TouchTest::default();
        test.touched(1.0, 2.0, 0.5, true);
        test.touched(3.0, 4.0, 0.5, false);
        assert_eq!(test.drawn(), "M1 1 L3 2 ");
        for _ in 0..100_000 {
            test.touched(500.0, 500.0, 0.6, false);
        }
        assert!(test.drawn().len() < 30_000);
    }
}
