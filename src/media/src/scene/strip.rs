//! A number that survives the camera path: sixteen black and white blocks along the top edge of the test picture.
//!
//! Whoever receives the picture, in whatever size and codec, reads from it which frame it is. So a test can tell a moving picture
//! from a frozen one, this booth's picture from any other, and measure how long a frame took.
//!
//! ```text
//!   | c11 c10 c9 c8 c7 c6 c5 c4 c3 c2 c1 c0 | s3 s2 s1 s0 |      one block: 1/16 of the width, 1/18 of the height
//!     frame counter, 12 bits, white = 1       check sum: the three nibbles of the counter and 0b1010, exclusive or
//! ```

use crate::frame::VideoFrame;

/// Blocks in the strip.
pub const BLOCKS: usize = 16;

/// The strip's height is the picture's divided by this.
pub const HEIGHT_DIVISOR: usize = 18;

/// The counter runs from 0 to one below this, then again: 136 s at 30 frames/s, or 4 s if it counts milliseconds.
pub const COUNTER_LIMIT: u16 = 1 << 12;

/// Luma (0 to 255) below which a block is black, and above which it is white. Between is no block of ours.
const BLACK_MOST: u32 = 90;
const WHITE_LEAST: u32 = 165;

/// The sixteen bits that stand for a frame counter, first block in the highest bit.
pub fn encode(counter: u64) -> u16 {
    let count = (counter % u64::from(COUNTER_LIMIT)) as u16;
    count << 4 | check_sum(count)
}

/// Reads the counter from a picture that was not mirrored. `None` if the picture has no valid strip.
pub fn read(frame: &VideoFrame) -> Option<u16> {
    let (width, height) = (frame.width as usize, frame.height as usize);
    let (block, rows) = (width / BLOCKS, height / HEIGHT_DIVISOR);
    if block < 4 || rows < 4 || frame.rgb.len() != width * height * 3 {
        return None;
    }
    let mut bits = 0u16;
    for index in 0..BLOCKS {
        // The inner half of the block: its edges blur into the neighbours.
        let columns = index * block + block / 4..index * block + block - block / 4;
        let mut sum = 0u32;
        let mut count = 0u32;
        for row in rows / 4..rows - rows / 4 {
            let start = row * width * 3;
            for pixel in frame.rgb[start + columns.start * 3..start + columns.end * 3].chunks_exact(3) {
                sum += pixel.iter().map(|&value| u32::from(value)).sum::<u32>() / 3;
                count += 1;
            }
        }
        let mean = sum / count.max(1);
        if (BLACK_MOST..=WHITE_LEAST).contains(&mean) {
            return None;
        }
        bits = bits << 1 | u16::from(mean > WHITE_LEAST);
    }
    let count = bits >> 4;
    (bits & 0xf == check_sum(count)).then_some(count)
}

fn check_sum(count: u16) -> u16 {
    (count >> 8 ^ count >> 4 ^ count ^ 0b1010) & 0xf
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::canvas::Canvas;

    fn picture(bits: u16, width: usize, height: usize) -> VideoFrame {
        let mut canvas = Canvas::gradient(width, height, [50, 90, 80], [20, 50, 40]);
        for index in 0..BLOCKS {
            let colour = if bits >> (15 - index) & 1 == 1 { [235; 3] } else { [20; 3] };
            canvas.rectangle(index * width / BLOCKS, 0, width / BLOCKS, height / HEIGHT_DIVISOR, colour);
        }
        VideoFrame { width: width as u32, height: height as u32, rgb: canvas.to_rgb() }
    }

    #[test]
    fn counters_are_read_back_in_every_size() {
        for (width, height) in [(1280, 720), (640, 360), (320, 180)] {
            for counter in [0, 1, 2, 100, 2047, 4095, 4096, 70_000] {
                let expect = (counter % 4096) as u16;
                assert_eq!(
                    read(&picture(encode(counter), width, height)),
                    Some(expect),
                    "{counter} at {width}x{height}"
                );
            }
        }
    }

    #[test]
    fn pictures_without_the_strip_are_not_read() {
        let wrong_sum = encode(77) ^ 1;
        assert_eq!(read(&picture(wrong_sum, 640, 360)), None);
        let grey = VideoFrame { width: 320, height: 180, rgb: vec![128; 320 * 180 * 3] };
        assert_eq!(read(&grey), None);
        let black = VideoFrame { width: 320, height: 180, rgb: vec![0; 320 * 180 * 3] };
        assert_eq!(read(&black), None, "an all black picture must not pass as frame 0");
        assert_eq!(read(&VideoFrame { width: 320, height: 180, rgb: vec![] }), None);
        assert_eq!(read(&VideoFrame { width: 0, height: 0, rgb: vec![] }), None);
    }
}
