//! What a JPEG says of itself (ITU-T T.81, annex B), read without decoding it and without taking memory for it.
//!
//! A file of a few hundred bytes can claim four gigapixels, or a thousand scans that are each decoded over the whole
//! picture. So whoever decodes a photograph from elsewhere reads it here first. Booths make baseline files of one or three
//! components; progressive ones are read as well, and everything else is refused: most decoders of it are hardly ever tried.
//!
//! All markers up to the end are walked, not only those before the first scan, for what stands behind would be read by one
//! decoder and not by another. The entropy-coded data between them is passed over: whether they decode, only decoding tells.

use crate::filing::MAX_PART;
use thiserror::Error;

/// Width times height is at most this.
pub const MAX_PIXELS: u32 = 40_000_000;
/// Segments of one file, of tables, comments and applications: a camera writes about twenty.
pub const MAX_SEGMENTS: u32 = 500;
/// Scans of one file: the usual progressive one has ten.
pub const MAX_SCANS: u32 = 64;

const TEM: u8 = 0x01;
const SOF0: u8 = 0xc0;
const SOF2: u8 = 0xc2;
const DHT: u8 = 0xc4;
const RST0: u8 = 0xd0;
const RST7: u8 = 0xd7;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const DRI: u8 = 0xdd;
const APP0: u8 = 0xe0;
const APP15: u8 = 0xef;
const COM: u8 = 0xfe;

/// What the file's frame header says, within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Columns, 1 or more.
    pub width: u16,
    /// Rows, 1 or more.
    pub height: u16,
    /// 1 (grey) or 3 (colour).
    pub components: u8,
    pub progressive: bool,
}

/// Why a file is not taken for a photograph. Says nothing of what is on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PictureError {
    #[error("is no JPEG file")]
    NotJpeg,
    #[error("ends before the picture does")]
    CutOff,
    #[error("has bytes behind its end")]
    Trailing,
    #[error("has {0} bytes, at most {MAX_PART} are allowed")]
    TooLong(usize),
    #[error("is of {width} x {height} pixels, at most {MAX_PIXELS} are allowed")]
    TooLarge { width: u16, height: u16 },
    #[error("has more than {MAX_SEGMENTS} segments")]
    Segments,
    #[error("has more than {MAX_SCANS} scans")]
    Scans,
    #[error("is coded in a way that is not read here (marker {0:#04x}): only baseline and progressive JPEG are")]
    Coding(u8),
    #[error("has {0} bits per sample, only 8 are read")]
    Precision(u8),
    #[error("has {0} components, only 1 and 3 are read")]
    Components(u8),
    #[error("is broken at its marker {0:#04x}")]
    Broken(u8),
}

impl PictureError {
    /// Whether it breaks a bound of [`MAX_PIXELS`], [`MAX_SEGMENTS`], [`MAX_SCANS`] or [`MAX_PART`].
    pub fn is_size(self) -> bool {
        match self {
            PictureError::TooLong(_) | PictureError::TooLarge { .. } | PictureError::Segments | PictureError::Scans => {
                true
            }
            PictureError::NotJpeg
            | PictureError::CutOff
            | PictureError::Trailing
            | PictureError::Coding(_)
            | PictureError::Precision(_)
            | PictureError::Components(_)
            | PictureError::Broken(_) => false,
        }
    }
}

/// Reads a whole file.
pub fn read(file: &[u8]) -> Result<Picture, PictureError> {
    if file.len() > MAX_PART {
        return Err(PictureError::TooLong(file.len()));
    }
    let mut rest = file.strip_prefix(&[0xff, SOI]).ok_or(PictureError::NotJpeg)?;
    let (mut picture, mut segments, mut scans) = (None, 0, 0);
    loop {
        let marker = next_marker(&mut rest)?;
        match marker {
            EOI => break,
            SOF0 | SOF2 if picture.is_some() => return Err(PictureError::Broken(marker)),
            SOF0 | SOF2 => picture = Some(frame(marker, segment(marker, &mut rest)?)?),
            SOS => {
                scans += 1;
                let Picture { components, .. } = picture.ok_or(PictureError::Broken(SOS))?;
                let header = segment(SOS, &mut rest)?;
                let wanted = header.first().copied().filter(|count| (1..=components).contains(count));
                if wanted.is_none_or(|count| header.len() != 4 + 2 * usize::from(count)) {
                    return Err(PictureError::Broken(SOS));
                }
                rest = behind_scan(rest);
            }
            DHT | DQT | DRI | COM | APP0..=APP15 => {
                segments += 1;
                segment(marker, &mut rest)?;
            }
            0x00 | TEM | RST0..=SOI => return Err(PictureError::Broken(marker)),
            _ => return Err(PictureError::Coding(marker)),
        }
        if segments > MAX_SEGMENTS {
            return Err(PictureError::Segments);
        }
        if scans > MAX_SCANS {
            return Err(PictureError::Scans);
        }
    }
    let picture = picture.filter(|_| scans > 0).ok_or(PictureError::Broken(EOI))?;
    if rest.is_empty() { Ok(picture) } else { Err(PictureError::Trailing) }
}

/// The code of the marker that has to stand here; it may begin with any number of 0xff.
fn next_marker(rest: &mut &[u8]) -> Result<u8, PictureError> {
    let Some((0xff, _)) = rest.split_first() else {
        return Err(rest.first().map_or(PictureError::CutOff, |_| PictureError::Broken(0)));
    };
    let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
    let (marker, behind) = rest.get(fill..).and_then(<[u8]>::split_first).ok_or(PictureError::CutOff)?;
    *rest = behind;
    Ok(*marker)
}

/// The content of the segment that begins here with its length.
fn segment<'a>(marker: u8, rest: &mut &'a [u8]) -> Result<&'a [u8], PictureError> {
    let length = rest.first_chunk().ok_or(PictureError::CutOff)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length < 2 {
        return Err(PictureError::Broken(marker));
    }
    let (whole, behind) = rest.split_at_checked(length).ok_or(PictureError::CutOff)?;
    *rest = behind;
    Ok(&whole[2..])
}

fn frame(marker: u8, header: &[u8]) -> Result<Picture, PictureError> {
    let ([precision, high, low, wide, narrow, components], each) =
        header.split_first_chunk().ok_or(PictureError::Broken(marker))?;
    let (height, width) = (u16::from_be_bytes([*high, *low]), u16::from_be_bytes([*wide, *narrow]));
    if *precision != 8 {
        return Err(PictureError::Precision(*precision));
    }
    // A height of 0 is told later (DNL), after it would have been needed.
    if width == 0 || height == 0 {
        return Err(PictureError::Broken(marker));
    }
    if u32::from(width) * u32::from(height) > MAX_PIXELS {
        return Err(PictureError::TooLarge { width, height });
    }
    if !matches!(components, 1 | 3) {
        return Err(PictureError::Components(*components));
    }
    // Each: its name, how often it is sampled in both directions, its table.
    let sampled = |component: &[u8]| (1..=4).contains(&(component[1] >> 4)) && (1..=4).contains(&(component[1] & 15));
    if each.len() != 3 * usize::from(*components) || !each.chunks_exact(3).all(sampled) {
        return Err(PictureError::Broken(marker));
    }
    Ok(Picture { width, height, components: *components, progressive: marker == SOF2 })
}

/// What follows the entropy-coded data that begin here: a marker, or nothing. In them, 0xff is followed by 0, and every so
/// often there is a restart marker.
fn behind_scan(data: &[u8]) -> &[u8] {
    let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | RST0..=RST7 | 0xff);
    let end = data.windows(2).position(is_marker).unwrap_or(data.len());
    &data[end..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment_of(marker: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], content].concat()
    }

    /// A frame header: precision, size, and how each component is sampled.
    fn frame_of(marker: u8, precision: u8, (width, height): (u16, u16), sampled: &[u8]) -> Vec<u8> {
        let mut content = vec![precision];
        content.extend(height.to_be_bytes());
        content.extend(width.to_be_bytes());
        content.push(u8::try_from(sampled.len()).unwrap());
        content.extend(sampled.iter().zip(1..).flat_map(|(sampled, name)| [name, *sampled, 0]));
        segment_of(marker, &content)
    }

    fn scan() -> Vec<u8> {
        [segment_of(SOS, &[1, 1, 0, 0, 63, 0]), vec![0x12, 0xff, 0, 0xff, RST0, 0x34, 0xff, 0xff, RST7, 0x56]].concat()
    }

    fn file(parts: &[Vec<u8>]) -> Vec<u8> {
        [&[0xff, SOI], parts.concat().as_slice(), &[0xff, EOI]].concat()
    }

    fn good() -> Vec<u8> {
        file(&[segment_of(APP0, b"JFIF\0"), frame_of(SOF0, 8, (4000, 3000), &[0x22, 0x11, 0x11]), scan()])
    }

    #[test]
    fn each_file_is_told_what_it_is() {
        let check = |file: &[u8], expect: Result<(u16, u16, u8, bool), PictureError>| {
            let read = read(file).map(|p| (p.width, p.height, p.components, p.progressive));
            assert_eq!(read, expect, "{:02x?}", &file[..file.len().min(40)]);
        };
        let of = |parts: &[Vec<u8>]| file(parts);
        let grey = |size| frame_of(SOF0, 8, size, &[0x11]);
        let sized = |width, height| of(&[grey((width, height)), scan()]);
        let too_large = |width, height| Err(PictureError::TooLarge { width, height });
        let broken = |marker| Err(PictureError::Broken(marker));

        check(&good(), Ok((4000, 3000, 3, false)));
        check(&of(&[frame_of(SOF2, 8, (8, 9), &[0x11; 3]), scan(), scan()]), Ok((8, 9, 3, true)));
        check(&of(&[grey((1, 1)), vec![0xff, 0xff], scan(), vec![0xff]]), Ok((1, 1, 1, false)));
        check(&sized(8000, 5000), Ok((8000, 5000, 1, false)));
        check(&sized(8001, 5000), too_large(8001, 5000));
        check(&sized(65_500, 65_500), too_large(65_500, 65_500));
        check(&sized(0, 5), broken(SOF0));
        check(&sized(5, 0), broken(SOF0));

        check(b"", Err(PictureError::NotJpeg));
        check(b"GIF89a", Err(PictureError::NotJpeg));
        check(&[0xff, SOI], Err(PictureError::CutOff));
        check(&[&good()[..], b"\n"].concat(), Err(PictureError::Trailing));
        check(&[good(), good()].concat(), Err(PictureError::Trailing));
        check(&vec![0; MAX_PART + 1], Err(PictureError::TooLong(MAX_PART + 1)));

        for marker in [0xc1, 0xc3, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xdc, 0xde, 0xf7] {
            check(&of(&[frame_of(marker, 8, (8, 8), &[0x11]), scan()]), Err(PictureError::Coding(marker)));
        }
        check(&of(&[frame_of(SOF2, 12, (8, 8), &[0x11]), scan()]), Err(PictureError::Precision(12)));
        check(&of(&[frame_of(SOF0, 8, (8, 8), &[0x11; 4]), scan()]), Err(PictureError::Components(4)));
        check(&of(&[frame_of(SOF0, 8, (8, 8), &[]), scan()]), Err(PictureError::Components(0)));
        check(&of(&[frame_of(SOF0, 8, (8, 8), &[0x15]), scan()]), broken(SOF0));
        check(&of(&[frame_of(SOF0, 8, (8, 8), &[0x01]), scan()]), broken(SOF0));
        check(&of(&[grey((8, 8)), grey((8, 8)), scan()]), broken(SOF0));
        check(&of(&[segment_of(SOF0, &[8, 0, 8, 0, 8, 3, 1, 0x11, 0]), scan()]), broken(SOF0));
        check(&of(&[segment_of(SOF0, &[8]), scan()]), broken(SOF0));
        check(&of(&[scan(), grey((8, 8))]), broken(SOS));
        check(&of(&[grey((8, 8)), segment_of(SOS, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0])]), broken(SOS));
        check(&of(&[grey((8, 8)), segment_of(SOS, &[])]), broken(SOS));
        check(&of(&[grey((8, 8))]), broken(EOI));
        check(&of(&[]), broken(EOI));
        check(&of(&[grey((8, 8)), vec![0xff, SOI], scan()]), broken(SOI));
        check(&of(&[vec![0xff, RST0], grey((8, 8)), scan()]), broken(RST0));
        check(&of(&[vec![0xff, COM, 0, 1], grey((8, 8)), scan()]), broken(COM));
        check(&of(&[vec![b'x'], grey((8, 8)), scan()]), broken(0));

        let notes = |count: u32| of(&[segment_of(COM, b"").repeat(count as usize), grey((8, 8)), scan()]);
        check(&notes(MAX_SEGMENTS), Ok((8, 8, 1, false)));
        check(&notes(MAX_SEGMENTS + 1), Err(PictureError::Segments));
        let scans = |count: u32| of(&[frame_of(SOF2, 8, (8, 8), &[0x11]), scan().repeat(count as usize)]);
        check(&scans(MAX_SCANS), Ok((8, 8, 1, true)));
        check(&scans(MAX_SCANS + 1), Err(PictureError::Scans));
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_told_so() {
        let good = good();
        for length in 2..good.len() {
            assert_eq!(read(&good[..length]), Err(PictureError::CutOff), "{length} of {}", good.len());
        }
    }
}
