//! From a camera's sample to a photograph: pixels, quality, JPEG.

use gstreamer as gst;
use gstreamer_video::{VideoConverter, VideoFormat, VideoFrame as GstFrame, VideoFrameRef, VideoInfo};
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::error::PhotoError;
use crate::event::Photo;
use crate::pipeline::rgb_rows;
use crate::quality;

/// JPEG quality, 1 to 100, from the wanted to the least: at 90 print stays clean. The next lower one is taken only if the file
/// would be larger than [`MOST_JPEG_BYTES`], as of a large and noisy picture.
const JPEG_QUALITIES: [u8; 3] = [90, 80, 65];

/// The online channel takes documents up to 6 MB; a file of the booth must fit everywhere.
const MOST_JPEG_BYTES: usize = 6_000_000;

/// Makes the photograph of a sample in any raw format. Takes tens of milliseconds; not for a streaming thread.
///
/// # Errors
///
/// [`PhotoError::Encode`] if the sample is no picture.
pub(crate) fn develop(sample: &gst::Sample) -> Result<Photo, PhotoError> {
    let encode = |problem: &str| PhotoError::Encode(problem.to_owned());
    let caps = sample.caps().ok_or_else(|| encode("the sample has no format"))?;
    let info = VideoInfo::from_caps(caps).map_err(|_| encode("the format is no raw picture"))?;
    let buffer = sample.buffer().ok_or_else(|| encode("the sample is empty"))?;
    let source =
        VideoFrameRef::from_buffer_ref_readable(buffer, &info).map_err(|_| encode("the picture is cut off"))?;

    let (width, height) = (info.width(), info.height());
    // The converter changes format and colours only: rate and interlacing must be said to be the same.
    let rgb_info = VideoInfo::builder(VideoFormat::Rgb, width, height).fps(info.fps());
    let rgb_info = rgb_info.interlace_mode(info.interlace_mode()).build().map_err(|_| encode("the size is odd"))?;
    let target = gst::Buffer::with_size(rgb_info.size()).map_err(|_| encode("no memory"))?;
    let mut target = GstFrame::from_buffer_writable(target, &rgb_info).map_err(|_| encode("no memory"))?;
    let converter = VideoConverter::new(&info, &rgb_info, None).map_err(|_| encode("no conversion to RGB"))?;
    converter.frame_ref(&source, &mut target.as_mut_video_frame_ref());
    let picture = rgb_rows(&target.as_video_frame_ref(), false, Vec::new()).ok_or_else(|| encode("no RGB picture"))?;

    let quality = quality::assess(&picture.rgb, width as usize);
    let mut jpeg = Vec::new();
    for level in JPEG_QUALITIES {
        jpeg.clear();
        JpegEncoder::new_with_quality(&mut jpeg, level)
            .encode(&picture.rgb, width, height, ExtendedColorType::Rgb8)
            .map_err(|error| PhotoError::Encode(error.to_string()))?;
        if jpeg.len() <= MOST_JPEG_BYTES {
            break;
        }
    }
    Ok(Photo { jpeg, width, height, quality })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TestScene;
    use crate::quality::Verdict;
    use crate::scene::document;

    #[test]
    fn a_sample_becomes_a_readable_file() {
        gst::init().unwrap();
        let buffer = gst::Buffer::from_slice(document::draw(TestScene::Document).to_i420());
        let info =
            VideoInfo::builder(VideoFormat::I420, document::WIDTH as u32, document::HEIGHT as u32).build().unwrap();
        let sample = gst::Sample::builder().buffer(&buffer).caps(&info.to_caps().unwrap()).build();
        let photo = develop(&sample).unwrap();
        assert_eq!((photo.width, photo.height, photo.quality.verdict), (1920, 1080, Verdict::Sharp));
        let decoded = image::load_from_memory(&photo.jpeg).unwrap().to_rgb8();
        assert_eq!(decoded.dimensions(), (1920, 1080));
        // A piece of paper and a piece of desk.
        let [paper, desk] = [decoded.get_pixel(900, 560).0, decoded.get_pixel(60, 60).0];
        assert!(paper[0] > 220 && desk[0].abs_diff(107) < 8, "{paper:?} {desk:?}");
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        gst::init().unwrap();
        let short = gst::Buffer::from_slice([0; 10]);
        let picture = "video/x-raw,format=I420,width=640,height=480,framerate=1/1".parse::<gst::Caps>().unwrap();
        let sound = "audio/x-raw".parse::<gst::Caps>().unwrap();
        for sample in [
            gst::Sample::builder().build(),
            gst::Sample::builder().buffer(&short).build(),
            gst::Sample::builder().buffer(&short).caps(&sound).build(),
            gst::Sample::builder().buffer(&short).caps(&picture).build(),
        ] {
            assert!(matches!(develop(&sample), Err(PhotoError::Encode(_))));
        }
    }
}
