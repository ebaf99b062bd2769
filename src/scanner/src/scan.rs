//! What a payload says: a number, a travel document, named fields, or why none could be read.
//!
//! Placeholder: to be completed.

use crate::framing::{Fault, Payload};
use crate::mrz::{Mrz, MrzChecks, MrzFault};
use crate::profile::{FieldName, PayloadSettings};
use crate::symbology::Symbology;
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

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
    /// Fields that the reader itself names, at least one, each at most once, in the order of the payload.
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
        let _ = settings;
        let digits = std::str::from_utf8(payload.bytes).map_err(|_| Unreadable::Noise)?;
        Ok(Self { content: Content::Number(Zeroizing::new(digits.to_owned())), symbology: payload.symbology })
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

impl From<Fault> for Unreadable {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLong => Self::TooLong,
            Fault::BadCheck => Self::BadCheck,
            Fault::Empty => Self::NoRead,
            Fault::Cut | Fault::Stray => Self::Noise,
        }
    }
}
