//! The test picture of the main camera: a calm drawn figure before a dark green ground, as the booth's designs show it.
//!
//! Everything that stands still is drawn once; a frame costs one copy of the planes plus a few small rectangles.

use super::canvas::{Canvas, Colour, to_yuv};
use super::strip;

/// Size of the picture, in pixels.
pub const WIDTH: usize = 1280;
/// Size of the picture, in pixels.
pub const HEIGHT: usize = 720;
/// Frames a second.
pub const FRAMES_PER_SECOND: u32 = 30;

/// A block of this colour stands at the right edge, directly below the strip, one strip block wide and twice as high as the
/// strip, so that a test can tell that colours arrive as they were sent.
pub const MARK_COLOUR: Colour = [230, 60, 160];

const SKIN: Colour = [217, 182, 155];
const HAIR: Colour = [43, 33, 29];
const SHIRT: Colour = [232, 239, 232];
const HAND: Colour = [255, 216, 77];

/// The hand circles this point once in two seconds.
const DIAL: (usize, usize) = (1150, 600);
const DIAL_RADIUS: f32 = 60.0;
const HAND_RADIUS: usize = 18;
const FRAMES_PER_TURN: u64 = 60;

/// The picture with everything that does not move, as I420 planes.
pub(crate) struct Person {
    still: Vec<u8>,
}

impl Person {
    /// Draws the figure for the booth of the given name.
    pub fn new(label: &str) -> Self {
        let mut canvas = Canvas::gradient(WIDTH, HEIGHT, [51, 89, 77], [18, 42, 38]);
        canvas.ellipse((640.0, 760.0), (290.0, 270.0), 480..HEIGHT, SHIRT);
        canvas.rectangle(590, 430, 100, 80, [196, 160, 132]);
        canvas.ellipse((640.0, 260.0), (152.0, 160.0), 90..330, HAIR);
        canvas.ellipse((640.0, 320.0), (140.0, 165.0), 215..490, SKIN);
        canvas.ellipse((590.0, 320.0), (11.0, 13.0), 0..HEIGHT, HAIR);
        canvas.ellipse((690.0, 320.0), (11.0, 13.0), 0..HEIGHT, HAIR);
        canvas.ellipse((640.0, 400.0), (46.0, 18.0), 402..420, [160, 92, 84]);
        let (block, rows) = (WIDTH / strip::BLOCKS, HEIGHT / strip::HEIGHT_DIVISOR);
        canvas.rectangle(WIDTH - block, rows, block, rows * 2, MARK_COLOUR);
        canvas.text(40, HEIGHT - 80, 6, label, SHIRT);
        Self { still: canvas.to_i420() }
    }

    /// Bytes of a frame.
    pub fn len(&self) -> usize {
        self.still.len()
    }

    /// Draws frame number `counter` into `planes`, which is [`Person::len`] bytes long; a shorter one is left as it is. The strip
    /// shows `code`.
    pub fn draw(&self, counter: u64, code: u64, planes: &mut [u8]) {
        let Some(planes) = planes.get_mut(..self.still.len()) else { return };
        planes.copy_from_slice(&self.still);
        let bits = strip::encode(code);
        let (block, rows) = (WIDTH / strip::BLOCKS, HEIGHT / strip::HEIGHT_DIVISOR);
        for index in 0..strip::BLOCKS {
            let white = bits >> (strip::BLOCKS - 1 - index) & 1 == 1;
            fill(planes, (index * block, 0), (block, rows), if white { [255; 3] } else { [0; 3] });
        }
        let angle = (counter % FRAMES_PER_TURN) as f32 / FRAMES_PER_TURN as f32 * std::f32::consts::TAU;
        let at = |centre: usize, offset: f32| (centre as f32 + offset * DIAL_RADIUS) as usize - HAND_RADIUS;
        let corner = (at(DIAL.0, angle.sin()), at(DIAL.1, -angle.cos()));
        fill(planes, corner, (HAND_RADIUS * 2, HAND_RADIUS * 2), HAND);
    }
}

/// Fills a rectangle of the planes. Odd edges are rounded to the colour planes' even grid.
fn fill(planes: &mut [u8], corner: (usize, usize), size: (usize, usize), colour: Colour) {
    let [y, u, v] = to_yuv(colour);
    let mut plane = |offset: usize, width: usize, shift: usize, value: u8| {
        let (left, top) = (corner.0 >> shift, corner.1 >> shift);
        for row in top..top + (size.1 >> shift) {
            let start = offset + row * width + left;
            if let Some(pixels) = planes.get_mut(start..start + (size.0 >> shift)) {
                pixels.fill(value);
            }
        }
    };
    let pixels = WIDTH * HEIGHT;
    plane(0, WIDTH, 0, y);
    plane(pixels, WIDTH / 2, 1, u);
    plane(pixels + pixels / 4, WIDTH / 2, 1, v);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::VideoFrame;

    #[test]
    fn frames_differ_only_where_they_move_and_carry_their_number() {
        let person = Person::new("Bilik 3");
        let mut planes = vec![0; person.len()];
        let mut last = Vec::new();
        for counter in [0, 1, 29, 59, 60, 4095] {
            person.draw(counter, counter, &mut planes);
            assert_ne!(planes, last, "frame {counter} moved");
            last.clone_from(&planes);
            // A grey picture of the luma plane is enough to read the strip.
            let rgb = planes[..WIDTH * HEIGHT].iter().flat_map(|&y| [y; 3]).collect();
            let frame = VideoFrame { width: WIDTH as u32, height: HEIGHT as u32, rgb };
            assert_eq!(strip::read(&frame), Some(counter as u16));
        }
        person.draw(0, 0, &mut [0; 10]);
    }
}
