//! A signature drawn with a finger.

use super::Session;
use super::navigation::Page;
use std::fmt::Write as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// One movement on the pad. Both coordinates are shares of its width, so that a signature keeps its shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stroke {
    Start { x: f32, y: f32 },
    Move { x: f32, y: f32 },
}

/// Thousandths of the pad's width.
const WIDTH: f32 = 1000.0;
/// No pad is taller than it is wide.
const HEIGHT: f32 = 1000.0;
/// The picture is at least so high, however flat the signature.
const LEAST_HEIGHT: f32 = 400.0;
/// More points than a minute of drawing makes; what comes after is not drawn.
const MOST_POINTS: usize = 6_000;

/// What has been drawn so far, as SVG path commands.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Signature {
    commands: String,
    points: usize,
    lines: usize,
    lowest: f32,
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature({} points)", self.points)
    }
}

impl Signature {
    /// A dot is no signature: at least one line.
    pub fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// `M x y L x y …` in thousandths of the pad's width.
    pub fn commands(&self) -> &str {
        &self.commands
    }

    pub fn svg(&self) -> String {
        let height = (self.lowest + 20.0).clamp(LEAST_HEIGHT, HEIGHT);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\"><path d=\"{}\" fill=\"none\" stroke=\"#10231f\" stroke-width=\"5\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>",
            self.commands.trim_end()
        )
    }

    fn add(&mut self, stroke: Stroke) {
        let (command, x, y) = match stroke {
            Stroke::Start { x, y } => ('M', x, y),
            Stroke::Move { x, y } => ('L', x, y),
        };
        if self.points >= MOST_POINTS || !x.is_finite() || !y.is_finite() || (command == 'L' && self.points == 0) {
            return;
        }
        let (x, y) = (x.clamp(0.0, 1.0) * WIDTH, y.clamp(0.0, 1.0) * HEIGHT);
        // Writing to a string cannot fail.
        let _ = write!(self.commands, "{command}{x:.0} {y:.0} ");
        self.points += 1;
        self.lowest = self.lowest.max(y);
        self.lines += usize::from(command == 'L');
    }
}

impl Session {
    pub(super) fn stroke(&mut self, stroke: Stroke) {
        if let (Page::Sign, Some(visit)) = (self.page, &mut self.visit) {
            visit.signature.add(stroke);
        }
    }

    pub(super) fn clear_signature(&mut self) {
        if let (Page::Sign, Some(visit)) = (self.page, &mut self.visit) {
            visit.signature = Signature::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_a_path() {
        let mut signature = Signature::default();
        signature.add(Stroke::Move { x: 0.5, y: 0.5 });
        assert!(signature.is_empty());
        signature.add(Stroke::Start { x: 0.1, y: 0.5 });
        assert!(signature.is_empty());
        signature.add(Stroke::Move { x: 2.0, y: f32::NAN });
        signature.add(Stroke::Move { x: 2.0, y: 0.25 });
        assert_eq!(signature.commands(), "M100 500 L1000 250 ");
        assert!(!signature.is_empty());
        assert!(signature.svg().contains("viewBox=\"0 0 1000 520\""), "{}", signature.svg());
        assert!(signature.svg().contains("d=\"M100 500 L1000 250\""));
        for _ in 0..MOST_POINTS * 2 {
            signature.add(Stroke::Move { x: 0.0, y: 0.0 });
        }
        assert_eq!(signature.points, MOST_POINTS);
    }
}
