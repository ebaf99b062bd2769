//! Whether a photographed document can be read. Pure arithmetic over one picture.
//!
//! The picture is reduced to a luma plane of a fixed width, so that the figures mean the same for every camera. A glance at a
//! document asks three things, in this order: is there light, is a lamp mirrored in it, is it sharp. Sharpness is the variance
//! of the Laplacian: a sharp edge answers with large values of both signs, a soft one does not.

/// Width, in pixels, of the luma plane that the figures are computed on. Lines of print at a desk camera are still several
/// pixels high, sensor noise is mostly averaged away.
pub const ANALYSIS_WIDTH: usize = 960;

/// Variance of the Laplacian below which print is not readable. The test sheet measures about 1,300 when sharp and about 2
/// when defocused by 8 pixels at 1920x1080. An almost empty sheet has few edges: the value is deliberately low.
pub const SHARPNESS_LEAST: f32 = 100.0;

/// Luma, 0 to 255, from which a pixel counts as blown out. Paper under good light reaches 235 to 245.
pub const GLARE_LUMA: u8 = 252;

/// Share of blown-out pixels above which text is likely to be lost. A phone-sized mirror image of a lamp covers 3 to 10 %.
pub const GLARE_MOST: f32 = 0.02;

/// Mean luma below which the picture is too dark to be read.
pub const LUMA_LEAST: f32 = 50.0;

/// What an officer would say about the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Readable.
    Sharp,
    /// Out of focus or moved.
    Blurred,
    /// A light is mirrored in it.
    Glare,
    /// Too little light.
    Dark,
}

/// Measures of one photograph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhotoQuality {
    /// Variance of the Laplacian of the luma, in squared luma steps. Larger is sharper.
    pub sharpness: f32,
    /// Share of blown-out pixels, 0 to 1.
    pub glare_share: f32,
    /// Mean luma, 0 to 255.
    pub mean_luma: f32,
    /// The three figures against the constants of this module.
    pub verdict: Verdict,
}

/// Measures a picture of `width` pixels a row, three bytes red, green, blue each, without padding. An incomplete last row is
/// ignored; a picture without pixels is dark.
pub fn assess(rgb: &[u8], width: usize) -> PhotoQuality {
    let (luma, width) = reduced_luma(rgb, width);
    if luma.is_empty() {
        return judge(0.0, 0.0, 0.0);
    }
    let pixels = luma.len() as f64;
    let mean = luma.iter().map(|&y| f64::from(y)).sum::<f64>() / pixels;
    let glare = luma.iter().filter(|&&y| y >= GLARE_LUMA).count() as f64 / pixels;
    judge(laplacian_variance(&luma, width) as f32, glare as f32, mean as f32)
}

fn judge(sharpness: f32, glare_share: f32, mean_luma: f32) -> PhotoQuality {
    let verdict = if mean_luma < LUMA_LEAST {
        Verdict::Dark
    } else if glare_share > GLARE_MOST {
        Verdict::Glare
    } else if sharpness < SHARPNESS_LEAST {
        Verdict::Blurred
    } else {
        Verdict::Sharp
    };
    PhotoQuality { sharpness, glare_share, mean_luma, verdict }
}

/// The luma plane (ITU-R BT.601 weights) at [`ANALYSIS_WIDTH`] or less, by averaging whole blocks of pixels. Returns the plane
/// and its width.
fn reduced_luma(rgb: &[u8], width: usize) -> (Vec<u8>, usize) {
    if width == 0 {
        return (Vec::new(), 0);
    }
    let step = width.div_ceil(ANALYSIS_WIDTH);
    let height = rgb.len() / 3 / width;
    let (reduced_width, reduced_height) = (width / step, height / step);
    let mut plane = Vec::with_capacity(reduced_width * reduced_height);
    let mut sums = vec![0u64; reduced_width];
    let weight = (step * step * 256) as u64;
    for rows in rgb.chunks_exact(width * 3 * step) {
        sums.fill(0);
        for row in rows.chunks_exact(width * 3) {
            for (sum, block) in sums.iter_mut().zip(row.chunks_exact(step * 3)) {
                for pixel in block.chunks_exact(3) {
                    *sum += 77 * u64::from(pixel[0]) + 150 * u64::from(pixel[1]) + 29 * u64::from(pixel[2]);
                }
            }
        }
        plane.extend(sums.iter().map(|sum| (sum / weight) as u8));
    }
    (plane, reduced_width)
}

/// Variance of the four-neighbour Laplacian over the inner pixels of a plane. 0 if it has none.
fn laplacian_variance(luma: &[u8], width: usize) -> f64 {
    let height = luma.len().checked_div(width).unwrap_or(0);
    if width < 3 || height < 3 {
        return 0.0;
    }
    let (mut sum, mut squares) = (0i64, 0i64);
    let rows = luma.chunks_exact(width);
    for ((above, here), below) in rows.clone().zip(rows.clone().skip(1)).zip(rows.skip(2)) {
        for x in 1..width - 1 {
            let around = i64::from(above[x]) + i64::from(below[x]) + i64::from(here[x - 1]) + i64::from(here[x + 1]);
            let value = around - 4 * i64::from(here[x]);
            sum += value;
            squares += value * value;
        }
    }
    let count = ((width - 2) * (height - 2)) as f64;
    let mean = sum as f64 / count;
    squares as f64 / count - mean * mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TestScene;
    use crate::scene::document;

    fn check(scene: TestScene, expect: Verdict) -> PhotoQuality {
        let canvas = document::draw(scene);
        let quality = assess(&canvas.to_rgb(), canvas.width());
        assert_eq!(quality.verdict, expect, "{scene:?}: {quality:?}");
        quality
    }

    #[test]
    fn the_test_sheets_are_told_apart() {
        let sharp = check(TestScene::Document, Verdict::Sharp);
        let blurred = check(TestScene::Blurred, Verdict::Blurred);
        let glare = check(TestScene::Glare, Verdict::Glare);
        let dark = check(TestScene::Dark, Verdict::Dark);
        assert!(sharp.sharpness > 5.0 * SHARPNESS_LEAST, "margin: {sharp:?}");
        assert!(blurred.sharpness < 0.6 * SHARPNESS_LEAST, "margin: {blurred:?}");
        assert!(
            glare.glare_share > 2.0 * GLARE_MOST && sharp.glare_share < 0.2 * GLARE_MOST,
            "margin: {glare:?} {sharp:?}"
        );
        assert!(dark.mean_luma < 0.8 * LUMA_LEAST, "margin: {dark:?}");
    }

    #[test]
    fn degenerate_pictures_are_measured_without_a_panic() {
        for (rgb, width) in [(vec![], 0), (vec![], 640), (vec![9; 3], 1), (vec![200; 30], 5), (vec![200; 31], 0)] {
            assert_ne!(assess(&rgb, width).verdict, Verdict::Sharp, "{} bytes, width {width}", rgb.len());
        }
    }

    #[test]
    fn a_flat_grey_picture_is_blurred_not_dark() {
        assert_eq!(assess(&vec![120; 1920 * 1080 * 3], 1920).verdict, Verdict::Blurred);
    }
}
