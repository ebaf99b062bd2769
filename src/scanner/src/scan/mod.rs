//! What a payload says: a number, a travel document, named fields, or why none could be read.
//!
//! Readers put things around what they read: a prefix and a suffix that were set up, an AIM symbology identifier, blanks. Those
//! are taken off, in this order; then it is seen whether the reader says that it saw nothing. What remains is read as the
//! profile's [`ContentFormat`] says:
//!
//! | Format | Content | Read in |
//! |---|---|---|
//! | plain | a number, or a machine-readable zone if it has the shape of one | `number`, [`mrz`](crate::mrz) |
//! | pairs, columns | fields with a name, or a place, each | `fields` |
//! | tracks | a number from a magnetic stripe | `tracks` |
//!
//! A payload is ASCII text, as all of these are by their standards: a byte that is not is a sign of disturbance, and a digit of
//! another script is not one to any card. People's names alone go beyond: where a payload may hold one (pairs, columns, tracks),
//! letters of any script are taken, in UTF-8. Whether a number can exist is for the claim to judge.

mod fields;
mod number;
mod tracks;

use crate::framing::{Fault, MAX_FRAME, Payload};
use crate::mrz::{Mrz, MrzChecks, MrzError, MrzFault, MrzFormat};
use crate::profile::{Aim, ContentFormat, FieldName, PayloadSettings};
use crate::symbology::Symbology;
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// What readers send when they saw no card, without regard to case: the usual messages of hand and fixed scanners. The first
/// is what ZKTeco's answer `25 25 4E 6F 52 65 61 64` spells.
const NO_READ: [&str; 5] = ["%%NoRead", "NoRead", "No Read", "NR", "?"];

/// Lengths of the numbers that people carry: KPJ, old NPWP, and NIK, KK or new NPWP. Which of them a number is, only the one
/// who asked for it can say.
pub const NUMBER_LENGTHS: [usize; 3] = [11, 15, 16];

/// What was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Scan {
    /// Its content. Personal data: not to be logged.
    pub content: Content,
    /// The kind of code it was read from, where the reader says so.
    pub symbology: Option<Symbology>,
}

/// The content of a scan. Text is overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// A number of one of the [`NUMBER_LENGTHS`]: ASCII digits, without the separators that it may be printed with.
    Number(Zeroizing<String>),
    /// The machine-readable zone of a passport or stay permit.
    Document(Box<Mrz>),
    /// Fields that the reader itself names, at least one, each at most once, in the order of the payload. Those that are
    /// numbers are ASCII digits and as long as such a number is; names have single blanks between words.
    Fields(Vec<(FieldName, Zeroizing<String>)>),
}

/// Why nothing could be read. Carries no content, so it may be shown and logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Unreadable {
    /// Text, but not a number.
    #[error("the code holds something other than digits")]
    NotDigits,
    /// A number of so many digits, which no card has.
    #[error("the code holds {0} digits; cards have 11, 15 or 16")]
    WrongLength(usize),
    /// None of the fields that the profile names.
    #[error("the code holds none of the fields that the profile names")]
    NoFields,
    /// The lines of a machine-readable zone are malformed.
    #[error("the machine-readable zone is malformed: {0}")]
    MalformedZone(MrzFault),
    /// Check digits of a machine-readable zone are wrong.
    #[error("check digits of the machine-readable zone are wrong: {0}")]
    ZoneChecks(MrzChecks),
    /// No track of a magnetic stripe could be read.
    #[error("no track of the magnetic stripe could be read")]
    Tracks,
    /// More bytes than any card has.
    #[error("the reader's answer does not end")]
    TooLong,
    /// The checksum of the reader's answer is missing or wrong.
    #[error("the checksum of the reader's answer is wrong")]
    BadCheck,
    /// The reader itself says that it saw no card.
    #[error("the reader saw no code")]
    NoRead,
    /// A whole answer without content: there was a card.
    #[error("the reader saw a card and could not read it")]
    Blank,
    /// Bytes that are not text: disturbance on the line, the wrong line settings or an incomplete answer.
    #[error("the line is disturbed or its settings do not fit the reader")]
    Noise,
}

impl Scan {
    /// Reads the payload of one frame.
    ///
    /// # Errors
    /// Says why the payload is none; a payload is never guessed at.
    pub fn read(payload: Payload<'_>, settings: &PayloadSettings) -> Result<Self, Unreadable> {
        if payload.bytes.len() > MAX_FRAME {
            return Err(Unreadable::TooLong);
        }
        // Before the text is looked at: what was set up to stand around it may be any bytes.
        let bytes = payload.bytes.strip_prefix(settings.prefix.as_slice()).unwrap_or(payload.bytes);
        let bytes = bytes.strip_suffix(settings.suffix.as_slice()).unwrap_or(bytes);
        let separators = Separators::of(&settings.content);
        let text = separators.trim(separators.text(bytes)?);
        let (symbology, content) = match settings.aim {
            Aim::Strip => Symbology::split_identifier(text),
            Aim::Keep => (None, text),
        };
        let content = separators.trim(content);
        // The prefix may be part of the answer that the profile names.
        if is_no_read(content.as_bytes(), settings) || is_no_read(payload.bytes, settings) {
            return Err(Unreadable::NoRead);
        }
        let content = match &settings.content {
            ContentFormat::Plain {} => plain(content)?,
            ContentFormat::Pairs(format) => Content::Fields(fields::pairs(content, format)?),
            ContentFormat::Columns(format) => Content::Fields(fields::columns(content, format)?),
            ContentFormat::Tracks {} => Content::Number(tracks::number(content)?),
        };
        Ok(Self { content, symbology: symbology.or(payload.symbology) })
    }
}

/// Leaves the content out: it belongs to a person.
impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("content", &self.content).field("symbology", &self.symbology).finish()
    }
}

/// Tells the kind only.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(digits) => write!(f, "Number({} digits)", digits.len()),
            Self::Document(mrz) => write!(f, "Document({:?})", mrz.format),
            Self::Fields(fields) => f.debug_set().entries(fields.iter().map(|(name, _)| name)).finish(),
        }
    }
}

impl From<MrzError> for Unreadable {
    fn from(error: MrzError) -> Self {
        match error {
            MrzError::Malformed(fault) => Self::MalformedZone(fault),
            MrzError::Checks(checks) => Self::ZoneChecks(checks),
        }
    }
}

impl From<Fault> for Unreadable {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLong => Self::TooLong,
            Fault::BadCheck => Self::BadCheck,
            Fault::Empty => Self::Blank,
            Fault::Damaged | Fault::Cut | Fault::Stray => Self::Noise,
        }
    }
}

/// The characters that separate fields in a profile's format. They may be control characters, and white space that is no
/// mere margin: a column may be empty.
#[derive(Clone, Copy)]
struct Separators {
    between: Option<char>,
    assign: Option<char>,
    /// A name may stand between them.
    names: bool,
}

impl Separators {
    fn of(content: &ContentFormat) -> Self {
        match content {
            ContentFormat::Plain {} => Self { between: None, assign: None, names: false },
            ContentFormat::Tracks {} => Self { between: None, assign: None, names: true },
            ContentFormat::Pairs(format) => {
                Self { between: Some(format.between), assign: Some(format.assign), names: true }
            }
            ContentFormat::Columns(format) => Self { between: Some(format.between), assign: None, names: true },
        }
    }

    /// The bytes as text, if all of them can be. A character that arrived damaged comes as 0xFF, which cannot.
    fn text(self, bytes: &[u8]) -> Result<&str, Unreadable> {
        let sound = |c: char| {
            let separator = [self.between, self.assign].contains(&Some(c));
            c.is_ascii_graphic()
                || c.is_ascii_whitespace()
                || c.is_ascii() && separator
                || !c.is_ascii() && self.names && c.is_alphabetic()
        };
        std::str::from_utf8(bytes).ok().filter(|text| text.chars().all(sound)).ok_or(Unreadable::Noise)
    }

    fn trim(self, text: &str) -> &str {
        text.trim_matches(|c: char| {
            c.is_ascii_whitespace() && !self.between.is_some_and(|between| fields::separates(between, c))
        })
    }
}

/// Whether `answer` says, without regard to case, that there was no card to read.
fn is_no_read(answer: &[u8], settings: &PayloadSettings) -> bool {
    let answer = answer.trim_ascii();
    let usual = NO_READ.into_iter().chain(settings.no_read.iter().map(String::as_str));
    answer.is_empty() || usual.map(str::as_bytes).any(|no_read| answer.eq_ignore_ascii_case(no_read.trim_ascii()))
}

fn plain(content: &str) -> Result<Content, Unreadable> {
    match zone_lines(content) {
        Some(lines) => Ok(Content::Document(Box::new(Mrz::parse(&lines)?))),
        None => number::number(content, &NUMBER_LENGTHS).map(Content::Number),
    }
}

/// The lines of a machine-readable zone, if that is what `content` looks like: it has fillers, as every zone has, and either
/// the right lengths, so that a wrong character is found in it, or the right characters, so that a missing line is.
fn zone_lines(content: &str) -> Option<Vec<&str>> {
    if !content.contains('<') {
        return None;
    }
    let lines: Vec<&str> = content.split(['\r', '\n']).map(str::trim_ascii).filter(|line| !line.is_empty()).collect();
    let formats = MrzFormat::ALL.map(MrzFormat::shape);
    if let [run] = lines[..]
        && let Some((_, length)) = formats.into_iter().find(|(count, length)| run.len() == count * length)
    {
        let starts = (0..run.len()).step_by(length);
        return starts.map(|start| run.get(start..start + length)).collect();
    }
    let fits = formats
        .into_iter()
        .any(|(count, length)| lines.len() == count && lines.iter().all(|line| line.len() == length));
    let of_a_zone = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'<';
    (fits || lines.iter().all(|line| line.bytes().all(of_a_zone))).then_some(lines)
}

#[cfg(test)]
mod tests;
