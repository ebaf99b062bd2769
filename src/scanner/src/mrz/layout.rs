//! Where the fields of a zone stand, and which characters may stand there. Positions are written as Doc 9303 prints them:
//! line and characters from 1, both ends included.

use super::{MrzFault, MrzFormat};

/// A stretch of one line.
#[derive(Clone, Copy)]
pub(super) struct Span {
    line: u8,
    first: u8,
    last: u8,
}

/// Where the fields stand.
pub(super) struct Layout {
    pub code: Span,
    pub issuer: Span,
    pub number: Span,
    pub number_check: Span,
    /// Whether a number of more than nine characters goes on in the optional data.
    pub overflows: bool,
    pub nationality: Span,
    pub birth: Span,
    pub birth_check: Span,
    pub sex: Span,
    pub expiry: Span,
    pub expiry_check: Span,
    /// The first takes what the number field cannot hold.
    pub optional: &'static [Span],
    pub optional_check: Option<Span>,
    pub names: Span,
    pub composite: Option<Composite>,
}

/// The composite check digit.
pub(super) struct Composite {
    pub check: Span,
    /// What it covers, in this order.
    pub over: &'static [Span],
}

/// What may stand in a field.
#[derive(Clone, Copy)]
enum Class {
    /// A letter, then a letter, digit or filler: the second character is at the issuer's discretion.
    Code,
    /// Letters, then fillers.
    Letters,
    /// Letters and fillers, a letter first.
    Names,
    /// Letters, digits and fillers, no filler first.
    Number,
    /// Letters, digits and fillers.
    Text,
    /// Two digits of the year, of the month, of the day; fillers where unknown.
    Date,
    Sex,
    Digit,
    DigitOrFiller,
}

pub(super) const FILLER: u8 = b'<';

const fn span(line: u8, first: u8, last: u8) -> Span {
    Span { line, first, last }
}

/// Doc 9303-5, 4.2.
const TD1: Layout = Layout {
    code: span(1, 1, 2),
    issuer: span(1, 3, 5),
    number: span(1, 6, 14),
    number_check: span(1, 15, 15),
    overflows: true,
    nationality: span(2, 16, 18),
    birth: span(2, 1, 6),
    birth_check: span(2, 7, 7),
    sex: span(2, 8, 8),
    expiry: span(2, 9, 14),
    expiry_check: span(2, 15, 15),
    optional: &[span(1, 16, 30), span(2, 19, 29)],
    optional_check: None,
    names: span(3, 1, 30),
    composite: Some(Composite {
        check: span(2, 30, 30),
        over: &[span(1, 6, 30), span(2, 1, 7), span(2, 9, 15), span(2, 19, 29)],
    }),
};

/// Doc 9303-6, 4.2.
const TD2: Layout = Layout {
    code: span(1, 1, 2),
    issuer: span(1, 3, 5),
    number: span(2, 1, 9),
    number_check: span(2, 10, 10),
    overflows: true,
    nationality: span(2, 11, 13),
    birth: span(2, 14, 19),
    birth_check: span(2, 20, 20),
    sex: span(2, 21, 21),
    expiry: span(2, 22, 27),
    expiry_check: span(2, 28, 28),
    optional: &[span(2, 29, 35)],
    optional_check: None,
    names: span(1, 6, 36),
    composite: Some(Composite { check: span(2, 36, 36), over: &[span(2, 1, 10), span(2, 14, 20), span(2, 22, 35)] }),
};

/// Doc 9303-4, 4.2.
const TD3: Layout = Layout {
    overflows: false,
    optional: &[span(2, 29, 42)],
    optional_check: Some(span(2, 43, 43)),
    names: span(1, 6, 44),
    composite: Some(Composite { check: span(2, 44, 44), over: &[span(2, 1, 10), span(2, 14, 20), span(2, 22, 43)] }),
    ..TD2
};

/// Visas of the size of TD3: Doc 9303-7, format A.
const MRV_A: Layout =
    Layout { overflows: false, optional: &[span(2, 29, 44)], names: span(1, 6, 44), composite: None, ..TD2 };

/// Visas of the size of TD2: Doc 9303-7, format B.
const MRV_B: Layout = Layout { overflows: false, optional: &[span(2, 29, 36)], composite: None, ..TD2 };

/// The lines of a zone, of the lengths that its format demands.
pub(super) struct Zone<'a> {
    pub format: MrzFormat,
    pub layout: &'static Layout,
    lines: &'a [&'a str],
}

impl<'a> Zone<'a> {
    /// Tells the format by the lengths, and the visas by their first letter.
    ///
    /// # Errors
    /// If no format has such lines.
    pub fn new(lines: &'a [&'a str]) -> Result<Self, MrzFault> {
        let has = |format: &MrzFormat| {
            let (count, length) = format.shape();
            lines.len() == count && lines.iter().all(|line| line.len() == length)
        };
        let format = MrzFormat::ALL.into_iter().find(has).ok_or(MrzFault::Shape)?;
        let visa = lines.first().is_some_and(|line| line.starts_with('V'));
        let layout = match (format, visa) {
            (MrzFormat::Td1, _) => &TD1,
            (MrzFormat::Td2, false) => &TD2,
            (MrzFormat::Td3, false) => &TD3,
            (MrzFormat::Td2, true) => &MRV_B,
            (MrzFormat::Td3, true) => &MRV_A,
        };
        Ok(Self { format, layout, lines })
    }

    /// The characters of a field.
    pub fn at(&self, span: Span) -> &'a [u8] {
        let line = self.lines.get(usize::from(span.line).saturating_sub(1)).copied().unwrap_or_default();
        line.as_bytes().get(usize::from(span.first).saturating_sub(1)..usize::from(span.last)).unwrap_or_default()
    }

    /// The single character of a check digit.
    pub fn character(&self, span: Span) -> u8 {
        self.at(span).first().copied().unwrap_or(FILLER)
    }

    /// Checks every character.
    ///
    /// # Errors
    /// Names the first that may not stand where it stands.
    pub fn well_formed(&self) -> Result<(), MrzFault> {
        let layout = self.layout;
        let fields = [
            (layout.code, Class::Code),
            (layout.issuer, Class::Letters),
            (layout.number, Class::Number),
            (layout.number_check, if layout.overflows { Class::DigitOrFiller } else { Class::Digit }),
            (layout.nationality, Class::Letters),
            (layout.birth, Class::Date),
            (layout.birth_check, Class::Digit),
            (layout.sex, Class::Sex),
            (layout.expiry, Class::Date),
            (layout.expiry_check, Class::Digit),
            (layout.names, Class::Names),
        ];
        let optional = layout.optional.iter().map(|span| (*span, Class::Text));
        let optional_check = layout.optional_check.map(|span| (span, Class::DigitOrFiller));
        let composite = layout.composite.as_ref().map(|composite| (composite.check, Class::Digit));
        let first = fields
            .into_iter()
            .chain(optional)
            .chain(optional_check)
            .chain(composite)
            .filter_map(|(span, class)| Some((span.line, span.first.saturating_add(class.fault(self.at(span))?))))
            .min();
        first.map_or(Ok(()), |(line, column)| Err(MrzFault::Character { line, column }))
    }
}

impl Class {
    /// Offset of the first character that may not stand in a field of this class.
    fn fault(self, field: &[u8]) -> Option<u8> {
        let mut before = None;
        let wrong = |(offset, byte): (usize, &u8)| {
            let (letter, digit, filler) = (byte.is_ascii_uppercase(), byte.is_ascii_digit(), *byte == FILLER);
            let first = before.is_none();
            let fits = match self {
                Self::Code => letter || !first && (digit || filler),
                Self::Letters => letter && before != Some(FILLER) || filler && !first,
                Self::Names => letter || filler && !first,
                Self::Number => letter || digit || filler && !first,
                Self::Text => letter || digit || filler,
                Self::Date => (digit || filler) && real_date_part(field, offset),
                Self::Sex => filler || matches!(byte, b'F' | b'M' | b'X'),
                Self::Digit => digit,
                Self::DigitOrFiller => digit || filler,
            };
            before = Some(*byte);
            !fits
        };
        field.iter().enumerate().position(wrong).and_then(|offset| u8::try_from(offset).ok())
    }
}

/// False at the first character of a month or a day that no calendar has.
fn real_date_part(field: &[u8], offset: usize) -> bool {
    let bounds = match offset {
        2 => 1..=12,
        4 => 1..=31,
        _ => return true,
    };
    two_digits(field, offset).is_none_or(|part| bounds.contains(&part))
}

/// The number of two digits; `None` if one of them is none.
pub(super) fn two_digits(field: &[u8], offset: usize) -> Option<u8> {
    match field.get(offset..)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => Some((tens - b'0') * 10 + (ones - b'0')),
        _ => None,
    }
}
