//! The machine-readable zone of passports and stay permits, ICAO Doc 9303.
//!
//! Placeholder: to be completed.

use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// The format of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MrzFormat {
    /// Cards: three lines of 30.
    Td1,
    /// Larger cards and visas of their size: two lines of 36.
    Td2,
    /// Passports and visas of their size: two lines of 44.
    Td3,
}

/// What a zone says. All text is personal data and is overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    /// Its format.
    pub format: MrzFormat,
    /// `P`, `ID`, `V` ..: one or two letters.
    pub document_code: String,
    /// Issuing state or organisation: up to three letters.
    pub issuer: String,
    /// Number of the document, without fillers.
    pub number: Zeroizing<String>,
    /// Primary identifier, words apart by single blanks.
    pub surname: Zeroizing<String>,
    /// Secondary identifier; empty if there is none.
    pub given_names: Zeroizing<String>,
    /// The name fills its field, so it may go on.
    pub name_may_be_cut: bool,
    /// Up to three letters.
    pub nationality: String,
    /// Date of birth; parts may be unknown.
    pub birth: MrzDate,
    /// As printed.
    pub sex: Sex,
    /// Date of expiry.
    pub expiry: MrzDate,
    /// Optional data without fillers; in TD1 the first and the second field together.
    pub optional: Zeroizing<String>,
}

/// A date of two-digit parts. Unknown parts are fillers in the zone. Whether it exists is checked where it is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MrzDate {
    /// 0 to 99.
    pub year: Option<u8>,
    /// 1 to 12.
    pub month: Option<u8>,
    /// 1 to 31.
    pub day: Option<u8>,
}

/// Sex as printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    /// `F`
    Female,
    /// `M`
    Male,
    /// `<` or `X`
    Unspecified,
}

/// Why lines are no zone. Positions are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum MrzFault {
    /// Neither 3 lines of 30, nor 2 of 36, nor 2 of 44.
    #[error("its lines have no known lengths")]
    Shape,
    /// A character that may not stand there.
    #[error("line {line}, character {column} may not stand there")]
    Character {
        /// Line.
        line: u8,
        /// Character in the line.
        column: u8,
    },
}

/// The check digits that are wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MrzChecks {
    /// Of the number.
    pub number: bool,
    /// Of the date of birth.
    pub birth: bool,
    /// Of the date of expiry.
    pub expiry: bool,
    /// Of the optional data (TD3).
    pub optional: bool,
    /// Over all.
    pub composite: bool,
}

impl fmt::Display for MrzChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.number, "number"),
            (self.birth, "birth"),
            (self.expiry, "expiry"),
            (self.optional, "optional data"),
            (self.composite, "composite"),
        ];
        let mut separator = "";
        for (_, name) in all.into_iter().filter(|(wrong, _)| *wrong) {
            write!(f, "{separator}{name}")?;
            separator = ", ";
        }
        Ok(())
    }
}
