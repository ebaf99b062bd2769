//! The headers of photographs: whatever is called good is within the bounds, and cannot be cut off or continued unnoticed.

#![no_main]

use bilik_claim::picture::{self, MAX_PIXELS, MAX_SCANS, MAX_SEGMENTS, PictureError};

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let read = picture::read(file);
    let markers = |code: fn(u8) -> bool| file.windows(2).filter(|pair| pair[0] == 0xff && code(pair[1])).count() as u32;
    match read {
        Ok(picture) => {
            assert!(u32::from(picture.width) * u32::from(picture.height) <= MAX_PIXELS);
            assert!(picture.width > 0 && picture.height > 0 && matches!(picture.components, 1 | 3));
            assert!(file.starts_with(&[0xff, 0xd8]) && file.ends_with(&[0xff, 0xd9]));
            assert!(markers(|code| code == 0xda) >= 1);
            assert!(markers(|code| code == if picture.progressive { 0xc2 } else { 0xc0 }) >= 1);
            // Its size stands in it as it was told.
            let [high, low] = picture.height.to_be_bytes();
            let [wide, narrow] = picture.width.to_be_bytes();
            let frame = [8, high, low, wide, narrow, picture.components];
            assert!(file.windows(6).any(|bytes| bytes == frame));
            // Seldom enough: each is another reading.
            for end in [file.len() - 1, file.len() / 2, file.len() / 3] {
                assert!(picture::read(&file[..end]).is_err());
            }
            let longer = [file, &[0]].concat();
            assert_eq!(picture::read(&longer), Err(PictureError::Trailing));
        }
        Err(PictureError::NotJpeg) => assert!(!file.starts_with(&[0xff, 0xd8])),
        Err(PictureError::Scans) => assert!(markers(|code| code == 0xda) > MAX_SCANS),
        Err(PictureError::Segments) => {
            let is_segment = |code| matches!(code, 0xc4 | 0xdb | 0xdd | 0xfe | 0xe0..=0xef);
            assert!(markers(is_segment) > MAX_SEGMENTS);
        }
        Err(PictureError::TooLarge { width, height }) => assert!(u32::from(width) * u32::from(height) > MAX_PIXELS),
        Err(
            PictureError::CutOff
            | PictureError::Trailing
            | PictureError::TooLong(_)
            | PictureError::Coding(_)
            | PictureError::Precision(_)
            | PictureError::Components(_)
            | PictureError::Broken(_),
        ) => {}
    }
});
