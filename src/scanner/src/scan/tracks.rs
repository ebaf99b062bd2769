//! Magnetic stripes: `%track 1?;track 2?+track 3?` (the sentinels of ISO/IEC 7811), each track optional.
//!
//! The number is looked for in track 2 first, which holds digits only, then in 1 and 3: the first field of a length that a
//! number of a card has. Fields are apart by `^` in track 1 and by `=` in the others. A track that the reader could not read
//! comes as the letter `E`.

use super::{NUMBER_LENGTHS, Unreadable, number};
use zeroize::Zeroizing;

/// What begins tracks 1, 2 and 3.
const BEGIN: [char; 3] = ['%', ';', '+'];
/// What ends a track.
const END: char = '?';
/// In place of a track that could not be read.
const FAILED: &str = "E";

/// The number of a card.
///
/// # Errors
/// [`Unreadable::Tracks`] if `content` is not made of tracks, each with its end, or if none of them could be read; otherwise,
/// if no field is a number of a card, [`Unreadable::WrongLength`] of the first that is a number at all.
pub(super) fn number(content: &str) -> Result<Zeroizing<String>, Unreadable> {
    let [first, second, third] = split(content).ok_or(Unreadable::Tracks)?;
    if [first, second, third] == [None; 3] {
        return Err(Unreadable::Tracks);
    }
    let fields = fields(second, '=').chain(fields(first.map(without_format_code), '^')).chain(fields(third, '='));
    let mut against = Unreadable::NotDigits;
    for field in fields {
        match number::number(field.trim_ascii(), &NUMBER_LENGTHS) {
            Ok(number) => return Ok(number),
            Err(reason) if against == Unreadable::NotDigits => against = reason,
            Err(_) => {}
        }
    }
    Err(against)
}

/// The tracks that could be read; `None` if `content` is not made of tracks, in their order.
fn split(content: &str) -> Option<[Option<&str>; 3]> {
    let mut tracks = [None; 3];
    let mut rest = content;
    for (track, begin) in tracks.iter_mut().zip(BEGIN) {
        if let Some(begun) = rest.trim_ascii_start().strip_prefix(begin) {
            let (text, after) = begun.split_once(END)?;
            *track = (text != FAILED && !text.is_empty()).then_some(text);
            rest = after;
        }
    }
    rest.trim_ascii().is_empty().then_some(tracks)
}

fn fields(track: Option<&str>, between: char) -> impl Iterator<Item = &str> {
    track.into_iter().flat_map(move |track| track.split(between))
}

/// Track 1 begins with a letter that tells its format (`B` in ISO/IEC 7813).
fn without_format_code(track: &str) -> &str {
    track.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(track)
}
