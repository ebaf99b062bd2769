//! Moving pictures on their way to the glass.

use bilik_media::VideoFrame;
use slint::{Image, Rgb8Pixel, SharedPixelBuffer};

/// Those of the participant's pages.
#[derive(Default)]
pub(super) struct Pictures {
    pub officer: Turns,
    pub own: Turns,
    pub preview: Turns,
}

/// Two buffers that take turns: while one is on the glass, the next picture is written into the other. A new one for each
/// picture would have to be asked of the system and cleared 25 times a second.
#[derive(Default)]
pub(super) struct Turns([Option<SharedPixelBuffer<Rgb8Pixel>>; 2]);

impl Turns {
    pub fn turn(&mut self, frame: &VideoFrame) -> Image {
        let [shown, next] = &mut self.0;
        std::mem::swap(shown, next);
        let of_size = |buffer: &SharedPixelBuffer<_>| (buffer.width(), buffer.height()) == (frame.width, frame.height);
        let buffer = match shown.take().filter(of_size) {
            // If the glass has not let go of it yet, this makes a copy of its own.
            Some(mut buffer) => {
                buffer.make_mut_bytes().copy_from_slice(&frame.rgb);
                buffer
            }
            None => SharedPixelBuffer::clone_from_slice(&frame.rgb, frame.width, frame.height),
        };
        Image::from_rgb8(shown.insert(buffer).clone())
    }
}

/// A picture that is followed by few others.
pub(super) fn picture(frame: &VideoFrame) -> Image {
    Turns::default().turn(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(width: u32, grey: u8) -> VideoFrame {
        VideoFrame { width, height: 2, rgb: vec![grey; width as usize * 6] }
    }

    fn shown(image: &Image) -> (u32, Vec<u8>, usize) {
        let buffer = image.to_rgb8().unwrap();
        (buffer.width(), buffer.as_bytes().to_vec(), buffer.as_bytes().as_ptr().addr())
    }

    #[test]
    fn two_buffers_take_turns_and_what_is_shown_stays() {
        let mut turns = Turns::default();
        let first = turns.turn(&frame(4, 1));
        let second = turns.turn(&frame(4, 2));
        let place = shown(&first).2;
        assert_eq!((shown(&first).1, shown(&second).1), (vec![1; 24], vec![2; 24]));
        drop(first);
        // Would get that memory, had it been given back.
        let _other = picture(&frame(4, 9));
        let third = turns.turn(&frame(4, 3));
        assert_eq!((shown(&third).1, shown(&third).2), (vec![3; 24], place), "the first one's memory");
        // The glass still has the second one.
        let fourth = turns.turn(&frame(4, 4));
        assert_eq!((shown(&second).1, shown(&fourth).1), (vec![2; 24], vec![4; 24]));
        let wider = turns.turn(&frame(6, 5));
        assert_eq!((shown(&wider).0, shown(&wider).1), (6, vec![5; 36]));
    }
}
