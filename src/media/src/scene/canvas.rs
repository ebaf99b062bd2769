//! A small drawing surface for the test scenes: filled shapes with soft edges in RGB, and the way from there to the I420 layout
//! that encoders eat. Drawn once per scene, so it may be simple rather than fast.

use super::glyphs;

/// Red, green, blue; sRGB.
pub type Colour = [u8; 3];

/// A picture of three bytes a pixel.
#[derive(Clone)]
pub struct Canvas {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Canvas {
    /// A canvas whose colour runs from `top` to `bottom`. Both sides must be even for [`Canvas::to_i420`].
    pub(crate) fn gradient(width: usize, height: usize, top: Colour, bottom: Colour) -> Self {
        let mut rgb = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            let row = mix(top, bottom, y as f32 / height as f32);
            rgb.extend((0..width).flat_map(|_| row));
        }
        Self { width, height, rgb }
    }

    /// Pixels in a row.
    #[cfg(test)]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The pixels, row by row.
    #[cfg(test)]
    pub fn to_rgb(&self) -> Vec<u8> {
        self.rgb.clone()
    }

    /// Changes every pixel: `change` gets its place and colour.
    pub(crate) fn map(&mut self, change: impl Fn(usize, usize, Colour) -> Colour) {
        for (y, row) in self.rgb.chunks_exact_mut(self.width * 3).enumerate() {
            for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                *pixel = change(x, y, *pixel);
            }
        }
    }

    /// Fills an axis-parallel ellipse, of which only the rows from `rows.start` up to `rows.end` are drawn.
    pub(crate) fn ellipse(
        &mut self,
        centre: (f32, f32),
        radii: (f32, f32),
        rows: std::ops::Range<usize>,
        colour: Colour,
    ) {
        for y in rows.start..rows.end.min(self.height) {
            let dy = (y as f32 - centre.1) / radii.1;
            let half = radii.0 * (1.0 - dy * dy).max(0.0).sqrt();
            if half <= 0.0 {
                continue;
            }
            let (left, right) = (centre.0 - half, centre.0 + half);
            let columns = (left - 1.0).max(0.0) as usize..((right + 2.0).max(0.0) as usize).min(self.width);
            for x in columns {
                let inside = (x as f32 + 0.5 - left).min(right - x as f32 + 0.5).clamp(0.0, 1.0);
                self.blend(x, y, colour, inside);
            }
        }
    }

    /// Fills a rectangle.
    pub(crate) fn rectangle(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Colour) {
        for row in y..(y + height).min(self.height) {
            for column in x..(x + width).min(self.width) {
                self.blend(column, row, colour, 1.0);
            }
        }
    }

    /// Writes `text`, every dot of a letter `dot` pixels wide and high. What does not fit is cut off.
    pub(crate) fn text(&mut self, x: usize, y: usize, dot: usize, text: &str, colour: Colour) {
        let advance = (glyphs::WIDTH + 1) * dot;
        for (index, character) in text.chars().take(self.width / advance.max(1)).enumerate() {
            let Some(rows) = glyphs::glyph(character) else { continue };
            for (row, bits) in rows.iter().enumerate() {
                for column in (0..glyphs::WIDTH).filter(|column| bits >> (glyphs::WIDTH - 1 - column) & 1 == 1) {
                    self.rectangle(x + index * advance + column * dot, y + row * dot, dot, dot, colour);
                }
            }
        }
    }

    /// Averages over a square of `2 * radius + 1` pixels, twice, which is close to what a lens out of focus does.
    pub(crate) fn blur(&mut self, radius: usize) {
        for _ in 0..2 {
            let (width, height) = (self.width, self.height);
            blur_lines(&mut self.rgb, radius, (height, width * 3), (width, 3));
            blur_lines(&mut self.rgb, radius, (width, 3), (height, width * 3));
        }
    }

    /// The picture as planes Y, U, V (ITU-R BT.709, 16 to 235), the colour planes at half the width and height.
    pub(crate) fn to_i420(&self) -> Vec<u8> {
        let (width, height) = (self.width, self.height);
        let mut planes = vec![0; width * height * 3 / 2];
        let (luma, chroma) = planes.split_at_mut(width * height);
        let (u_plane, v_plane) = chroma.split_at_mut(width * height / 4);
        for (y, pixel) in luma.iter_mut().zip(self.rgb.chunks_exact(3)) {
            *y = to_yuv([pixel[0], pixel[1], pixel[2]])[0];
        }
        for row in 0..height / 2 {
            for column in 0..width / 2 {
                let corner = (row * 2 * width + column * 2) * 3;
                let [_, u, v] = to_yuv([self.rgb[corner], self.rgb[corner + 1], self.rgb[corner + 2]]);
                u_plane[row * width / 2 + column] = u;
                v_plane[row * width / 2 + column] = v;
            }
        }
        planes
    }

    fn blend(&mut self, x: usize, y: usize, colour: Colour, share: f32) {
        let at = (y * self.width + x) * 3;
        let pixel = &mut self.rgb[at..at + 3];
        let new = mix([pixel[0], pixel[1], pixel[2]], colour, share);
        pixel.copy_from_slice(&new);
    }
}

/// The colour `share` (0 to 1) of the way from one to the other.
pub(crate) fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    let part = |from: u8, to: u8| (f32::from(from) + (f32::from(to) - f32::from(from)) * share + 0.5) as u8;
    [part(from[0], to[0]), part(from[1], to[1]), part(from[2], to[2])]
}

/// ITU-R BT.709, limited range, in 1/65536.
pub(crate) fn to_yuv([r, g, b]: Colour) -> [u8; 3] {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    let scaled = |sum: i32, offset: i32| (((sum + 32_768) >> 16) + offset).clamp(0, 255) as u8;
    [
        scaled(11_966 * r + 40_254 * g + 4_064 * b, 16),
        scaled(-6_596 * r - 22_189 * g + 28_785 * b, 128),
        scaled(28_784 * r - 26_145 * g - 2_639 * b, 128),
    ]
}

/// A running mean along lines. `lines` and `samples` are each (count, distance in bytes); three channels side by side.
fn blur_lines(rgb: &mut [u8], radius: usize, lines: (usize, usize), samples: (usize, usize)) {
    let (count, distance) = samples;
    let span = 2 * radius + 1;
    // The line with its ends repeated, so that every mean has its full number of samples.
    let mut line = vec![0u32; count + 2 * radius];
    for start in (0..lines.0).flat_map(|index| (0..3).map(move |channel| index * lines.1 + channel)) {
        for (index, sample) in line.iter_mut().enumerate() {
            *sample = u32::from(rgb[start + index.saturating_sub(radius).min(count - 1) * distance]);
        }
        let mut sum: u32 = line[..span - 1].iter().sum();
        for index in 0..count {
            sum += line[index + span - 1];
            rgb[start + index * distance] = (sum / span as u32) as u8;
            sum -= line[index];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours_become_known_planes() {
        let cases = [
            ([0, 0, 0], [16, 128, 128]),
            ([255, 255, 255], [235, 128, 128]),
            ([255, 0, 0], [63, 102, 240]),
            ([0, 255, 0], [173, 42, 26]),
            ([0, 0, 255], [32, 240, 118]),
        ];
        for (colour, expect) in cases {
            assert_eq!(to_yuv(colour), expect, "{colour:?}");
            let canvas = Canvas::gradient(4, 2, colour, colour);
            let planes = canvas.to_i420();
            assert_eq!((planes.len(), planes[0], planes[8], planes[11]), (12, expect[0], expect[1], expect[2]));
        }
    }

    #[test]
    fn shapes_stay_inside_the_canvas() {
        let mut canvas = Canvas::gradient(20, 10, [0; 3], [0; 3]);
        canvas.ellipse((0.0, 0.0), (100.0, 100.0), 0..50, [9; 3]);
        canvas.ellipse((-40.0, 5.0), (5.0, 5.0), 0..10, [200; 3]);
        canvas.rectangle(15, 8, 100, 100, [7; 3]);
        canvas.text(18, 2, 3, "Bilik 3 and a label that does not fit", [5; 3]);
        assert!(canvas.to_rgb().iter().all(|value| *value < 10));
    }

    #[test]
    fn blur_keeps_a_flat_picture_and_softens_an_edge() {
        let mut flat = Canvas::gradient(16, 8, [90; 3], [90; 3]);
        flat.blur(3);
        assert!(flat.to_rgb().iter().all(|value| *value == 90));

        let mut edge = Canvas::gradient(16, 8, [0; 3], [0; 3]);
        edge.rectangle(8, 0, 8, 8, [255; 3]);
        edge.blur(2);
        let row: Vec<u8> = edge.to_rgb().chunks_exact(3).take(16).map(|pixel| pixel[0]).collect();
        assert!(row.is_sorted() && row[0] < 5 && row[15] > 250 && (100..156).contains(&row[8]), "{row:?}");
    }
}
