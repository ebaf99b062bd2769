//! The test pictures of the document camera: one sheet of paper with greeked text, and the three ways a photograph of it fails.

use super::canvas::{Canvas, Colour, mix};
use crate::config::TestScene;

/// Size of the picture, in pixels.
pub const WIDTH: usize = 1920;
/// Size of the picture, in pixels.
pub const HEIGHT: usize = 1080;
/// Frames a second. The sheet lies still.
pub const FRAMES_PER_SECOND: u32 = 10;

const DESK: Colour = [107, 104, 96];
const PAPER: Colour = [238, 237, 232];
const HEADING: Colour = [44, 44, 44];
const PRINT: Colour = [92, 92, 94];
const INK: Colour = [38, 66, 140];

/// Half of the sheet's sides in pixels, and how far it is turned, in radians.
const SHEET: (f32, f32) = (640.0, 470.0);
const TURN: f32 = -0.03;

/// Lines of print: distance from the sheet's top, and length, in pixels.
const LINES: [(f32, f32); 9] = [
    (215.0, 1040.0),
    (275.0, 980.0),
    (335.0, 1010.0),
    (395.0, 820.0),
    (500.0, 1040.0),
    (560.0, 960.0),
    (620.0, 1000.0),
    (680.0, 700.0),
    (740.0, 930.0),
];
const LINE_HEIGHT: f32 = 24.0;
const MARGIN: f32 = 110.0;

/// Draws the sheet. The main camera's scenes show the sharp one.
pub(crate) fn draw(scene: TestScene) -> Canvas {
    let mut canvas = Canvas::gradient(WIDTH, HEIGHT, DESK, DESK);
    let (sin, cos) = TURN.sin_cos();
    canvas.map(|x, y, desk| {
        let (dx, dy) = (x as f32 - WIDTH as f32 / 2.0, y as f32 - HEIGHT as f32 / 2.0);
        let (across, down) = (dx * cos + dy * sin + SHEET.0, dy * cos - dx * sin + SHEET.1);
        if (0.0..2.0 * SHEET.0).contains(&across) && (0.0..2.0 * SHEET.1).contains(&down) {
            sheet(across, down)
        } else {
            desk
        }
    });
    match scene {
        TestScene::Usual | TestScene::Person | TestScene::Clock | TestScene::Document => {}
        TestScene::Blurred => canvas.blur(8),
        TestScene::Glare => canvas.map(|x, y, below| {
            let (dx, dy) = ((x as f32 - 1150.0) / 330.0, (y as f32 - 420.0) / 210.0);
            mix(below, [255; 3], (2.4 - 2.0 * (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0))
        }),
        TestScene::Dark => canvas.map(|_, _, lit| lit.map(|value| value / 8)),
    }
    canvas
}

/// The colour of the sheet at a place measured from its own top left corner.
fn sheet(across: f32, down: f32) -> Colour {
    if (90.0..140.0).contains(&down) && (MARGIN..MARGIN + 640.0).contains(&across) {
        return HEADING;
    }
    let line = LINES.iter().enumerate().find(|(_, (top, _))| (*top..top + LINE_HEIGHT).contains(&down));
    if let Some((number, (top, length))) = line
        && (MARGIN..MARGIN + length).contains(&across)
    {
        return if printed(number, across - MARGIN, down - top) { PRINT } else { PAPER };
    }
    let signed = (850.0..1130.0).contains(&across) && (810.0..870.0).contains(&down);
    if signed && (down - 840.0 - 22.0 * (across / 26.0).sin()).abs() < 4.0 { INK } else { PAPER }
}

/// Greeked print: cells of twelve pixels with one stroke each, in a pattern that looks like words.
fn printed(line: usize, across: f32, down: f32) -> bool {
    let cell = (across / 12.0) as usize;
    let noise = (cell.wrapping_mul(2_654_435_761) ^ line.wrapping_mul(40_503)) >> 7;
    let gap = noise.is_multiple_of(6);
    let upright = across % 12.0 < 4.0;
    let bar = match noise % 3 {
        0 => down < 5.0,
        1 => (10.0..15.0).contains(&down),
        _ => down > LINE_HEIGHT - 5.0,
    };
    !gap && (upright || bar) && across % 12.0 < 9.0
}
