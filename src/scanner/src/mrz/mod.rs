//! The machine-readable zone of passports, stay permits and visas, ICAO Doc 9303.
//!
//! | Document | Lines | Doc 9303 | Check digits |
//! |---|---|---|---|
//! | TD1, cards | 3 of 30 | part 5 | number, birth, expiry, composite |
//! | TD2, larger cards | 2 of 36 | part 6 | number, birth, expiry, composite |
//! | TD3, passports | 2 of 44 | part 4 | number, birth, expiry, optional data, composite |
//! | MRV-B, visas of the size of TD2 | 2 of 36 | part 7 | number, birth, expiry |
//! | MRV-A, visas of the size of TD3 | 2 of 44 | part 7 | number, birth, expiry |
//!
//! A check digit is the sum of the characters' values, weighted 7, 3, 1 in turn, modulo 10; a digit counts as itself, `A` to
//! `Z` as 10 to 35, the filler `<` as 0 (part 3). No check digit covers the names, the sex and the codes of states, nor the
//! optional data of a visa.
//!
//! A zone is taken as it is printed or refused with the reason. Nothing is repaired, no `O` becomes a `0`, and no century is
//! guessed: of a year of two digits only the one who knows today's date and the use can tell it. This is why the parser is
//! written here: the libraries looked at repair misread characters, know no visas, or split a name without a second part,
//! which many Indonesians have, at its first blank.
//!
//! # Numbers of more than nine characters
//!
//! In TD1 and TD2 such a number has a filler for its check digit. The rest of it stands at the start of the (first) optional
//! data, followed by the check digit of the whole number and a filler. A passport and a visa have no such rule.

mod layout;

use layout::{FILLER, Span, Zone, two_digits};
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// The format of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MrzFormat {
    /// Cards: three lines of 30.
    Td1,
    /// Larger cards, and visas of their size: two lines of 36.
    Td2,
    /// Passports, and visas of their size: two lines of 44.
    Td3,
}

impl MrzFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Td1, Self::Td2, Self::Td3];

    /// How many lines, and of how many characters.
    pub const fn shape(self) -> (usize, usize) {
        match self {
            Self::Td1 => (3, 30),
            Self::Td2 => (2, 36),
            Self::Td3 => (2, 44),
        }
    }
}

/// What a zone says; its check digits are right. All text is personal data and is overwritten when dropped. Blanks and special
/// characters are printed as fillers: a run of them inside a text becomes one blank, and none is left at its ends.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    /// Its format.
    pub format: MrzFormat,
    /// `P`, `ID`, `C1` ..: a letter, and perhaps a letter or digit of the issuer's choice.
    pub document_code: Zeroizing<String>,
    /// Issuing state or organisation: one to three letters.
    pub issuer: Zeroizing<String>,
    /// The whole number of the document, of more than nine characters too.
    pub number: Zeroizing<String>,
    /// Primary identifier. Never empty: a name without parts stands here whole.
    pub surname: Zeroizing<String>,
    /// Secondary identifier; empty if there is none.
    pub given_names: Zeroizing<String>,
    /// The name fills its field to the last character, so it may have been cut.
    pub name_may_be_cut: bool,
    /// One to three letters.
    pub nationality: Zeroizing<String>,
    /// Date of birth; parts may be unknown.
    pub birth: MrzDate,
    /// As printed.
    pub sex: Sex,
    /// Date of expiry.
    pub expiry: MrzDate,
    /// Optional data, without what belongs to the number; in TD1 the first and the second field, apart by a blank.
    pub optional: Zeroizing<String>,
}

/// A date of two-digit parts, of no known century. A part is `None` if a digit of it is a filler in the zone: unknown. Whether
/// the day exists in its month is checked where the century is known.
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

/// Why a zone is refused. Carries no content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum MrzError {
    /// It is none, or a damaged one. Its check digits are not looked at.
    #[error("the machine-readable zone is malformed: {0}")]
    Malformed(#[from] MrzFault),
    /// It has the form of one, but these check digits are wrong.
    #[error("check digits of the machine-readable zone are wrong: {0}")]
    Checks(MrzChecks),
}

/// Why lines are no zone. Positions are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum MrzFault {
    /// Neither 3 lines of 30, nor 2 of 36, nor 2 of 44.
    #[error("its lines have no known lengths")]
    Shape,
    /// The first character that may not stand where it stands.
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

impl Mrz {
    /// Reads the lines of a zone, from top to bottom.
    ///
    /// # Errors
    /// Names the first character that may not stand where it stands, or else all check digits that are wrong.
    pub fn parse(lines: &[&str]) -> Result<Self, MrzError> {
        let zone = Zone::new(lines)?;
        zone.well_formed()?;
        let layout = zone.layout;
        let number = Number::of(&zone);
        let wrong = MrzChecks {
            number: !number.right,
            birth: !is_right(&zone, layout.birth, layout.birth_check),
            expiry: !is_right(&zone, layout.expiry, layout.expiry_check),
            optional: layout.optional_check.is_some_and(|check| !optional_is_right(&zone, check)),
            composite: layout.composite.as_ref().is_some_and(|composite| {
                let over = composite.over.iter().flat_map(|span| zone.at(*span));
                check_digit(over) != zone.character(composite.check)
            }),
        };
        if wrong.any() {
            return Err(MrzError::Checks(wrong));
        }
        let names = zone.at(layout.names);
        let (surname, given_names) = split_names(names);
        let second_optional = layout.optional.get(1).map_or(&[][..], |span| zone.at(*span));
        Ok(Self {
            format: zone.format,
            document_code: text(&[zone.at(layout.code)]),
            issuer: text(&[zone.at(layout.issuer)]),
            number: text(&[number.head, number.rest]),
            surname: text(&[surname]),
            given_names: text(&[given_names]),
            name_may_be_cut: names.last() != Some(&FILLER),
            nationality: text(&[zone.at(layout.nationality)]),
            birth: MrzDate::of(zone.at(layout.birth)),
            sex: match zone.character(layout.sex) {
                b'F' => Sex::Female,
                b'M' => Sex::Male,
                _ => Sex::Unspecified,
            },
            expiry: MrzDate::of(zone.at(layout.expiry)),
            optional: text(&[number.optional, &[FILLER], second_optional]),
        })
    }

    /// Whether it is a visa's.
    pub fn is_visa(&self) -> bool {
        match self.format {
            MrzFormat::Td1 => false,
            MrzFormat::Td2 | MrzFormat::Td3 => self.document_code.starts_with('V'),
        }
    }
}

/// Tells the format only: the rest belongs to a person.
impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mrz").field("format", &self.format).finish_non_exhaustive()
    }
}

impl MrzDate {
    fn of(field: &[u8]) -> Self {
        Self { year: two_digits(field, 0), month: two_digits(field, 2), day: two_digits(field, 4) }
    }
}

/// Shows nothing: the date may be a person's.
impl fmt::Debug for MrzDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MrzDate").finish_non_exhaustive()
    }
}

impl MrzChecks {
    /// Whether any is wrong.
    pub fn any(self) -> bool {
        self != Self::default()
    }
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

/// The number of the document, and what it leaves of the (first) optional data.
struct Number<'a> {
    head: &'a [u8],
    rest: &'a [u8],
    optional: &'a [u8],
    right: bool,
}

impl<'a> Number<'a> {
    fn of(zone: &Zone<'a>) -> Self {
        let layout = zone.layout;
        let head = zone.at(layout.number);
        let optional = layout.optional.first().map_or(&[][..], |span| zone.at(*span));
        if !layout.overflows || zone.character(layout.number_check) != FILLER {
            return Self { head, rest: &[], optional, right: is_right(zone, layout.number, layout.number_check) };
        }
        let end = optional.iter().position(|byte| *byte == FILLER);
        match end.and_then(|end| optional.split_at_checked(end)) {
            Some(([rest @ .., check], optional)) if !rest.is_empty() && head.last() != Some(&FILLER) => {
                Self { head, rest, optional, right: check_digit(head.iter().chain(rest)) == *check }
            }
            // The filler in place of the check digit announces a rest, and there is none.
            _ => Self { head, rest: &[], optional, right: false },
        }
    }
}

fn is_right(zone: &Zone<'_>, field: Span, check: Span) -> bool {
    check_digit(zone.at(field)) == zone.character(check)
}

/// The check digit of optional data of which there is none may be a filler instead of 0 (Doc 9303-4, 4.2.2).
fn optional_is_right(zone: &Zone<'_>, check: Span) -> bool {
    let mut fields = zone.layout.optional.iter().flat_map(|span| zone.at(*span));
    let digit = check_digit(fields.clone());
    let found = zone.character(check);
    found == digit || found == FILLER && fields.all(|byte| *byte == FILLER)
}

/// The check digit, as a character.
fn check_digit<'a>(characters: impl IntoIterator<Item = &'a u8>) -> u8 {
    let value = |byte: &u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    };
    let sum: u32 = characters.into_iter().zip([7, 3, 1].into_iter().cycle()).map(|(byte, by)| value(byte) * by).sum();
    // A remainder of 10 fits.
    b'0' + (sum % 10) as u8
}

/// Primary and secondary identifier, apart by two fillers.
fn split_names(field: &[u8]) -> (&[u8], &[u8]) {
    let gap = field.windows(2).position(|pair| pair == [FILLER; 2]).unwrap_or(field.len());
    field.split_at_checked(gap).unwrap_or((field, &[]))
}

/// The characters of `parts`, one after the other; runs of fillers are one blank between words.
fn text(parts: &[&[u8]]) -> Zeroizing<String> {
    // Reserved up front: a string that grows would leave copies of its beginning in freed memory.
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    let mut gap = false;
    for &byte in parts.iter().copied().flatten() {
        if byte == FILLER {
            gap = !text.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            text.push(' ');
        }
        text.push(char::from(byte));
    }
    text
}

#[cfg(test)]
mod tests;
