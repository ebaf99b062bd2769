//! What a payload says: which number stands on the card, or why none could be read.
//!
//! A payload is text. Readers may put an AIM symbology identifier before it and print numbers in groups, so the identifier and
//! the separators are taken off first. What remains is told by its length alone: 16 digits have the shape of an identity number
//! (NIK), 11 digits that of a participant card (KPJ). Whether such a number can exist is for the claim to judge.

use crate::framing::Fault;
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// Digits of a NIK, the identity number on an e-KTP.
pub const NIK_DIGITS: usize = 16;
/// Digits of a KPJ, the number of a participant card.
pub const KPJ_DIGITS: usize = 11;

/// Separators that may stand between the digits, as some cards print them in groups.
const SEPARATORS: [u8; 3] = [b' ', b'.', b'-'];

/// What readers send instead of a number when they saw no card, without regard to case. The first is what ZKTeco's answer
/// `25 25 4E 6F 52 65 61 64` spells; the others are the usual "no read" messages of hand and fixed scanners.
const NO_READ: [&[u8]; 5] = [b"%%NoRead", b"NoRead", b"No Read", b"NR", b"?"];

/// A card that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    /// Which number it carries, told by its length.
    pub kind: CardKind,
    /// The number, ASCII digits only, overwritten when dropped. Personal data: not to be logged.
    pub digits: Zeroizing<String>,
    /// The kind of code it was read from, where the reader says so.
    pub symbology: Option<Symbology>,
}

/// Which number a card carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardKind {
    /// Identity number: 16 digits.
    Nik,
    /// Participant number: 11 digits.
    Kpj,
}

/// The code letter of an AIM symbology identifier (ISO/IEC 15424). Its modifier carries options only and is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbology {
    /// `]A`
    Code39,
    /// `]C`, GS1-128 among them
    Code128,
    /// `]E`, UPC among them
    Ean,
    /// `]F`
    Codabar,
    /// `]G`
    Code93,
    /// `]I`
    Interleaved2Of5,
    /// `]L`
    Pdf417,
    /// `]Q`
    QrCode,
    /// `]d`
    DataMatrix,
    /// `]e`
    Gs1DataBar,
    /// `]z`
    Aztec,
    /// Any other code letter.
    Other(char),
}

/// Why nothing could be read. Carries no content, so it may be shown and logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Unreadable {
    /// Text, but not a number.
    #[error("the code holds something other than digits")]
    NotDigits,
    /// A number of so many digits, which is neither a NIK nor a KPJ.
    #[error("the code holds {0} digits, neither {NIK_DIGITS} nor {KPJ_DIGITS}")]
    WrongLength(usize),
    /// More bytes than any card has.
    #[error("the reader's answer does not end")]
    TooLong,
    /// The checksum of the reader's answer is missing or wrong.
    #[error("the checksum of the reader's answer is wrong")]
    BadCheck,
    /// The reader itself says that it saw no card.
    #[error("the reader saw no code")]
    NoRead,
    /// Bytes that are not text: disturbance on the line, the wrong line settings or an incomplete answer. A byte with a parity
    /// error arrives as NUL and ends here too.
    #[error("the line is disturbed or its settings do not fit the reader")]
    Noise,
}

impl Card {
    /// Reads the payload of one frame.
    ///
    /// # Errors
    /// Says why the payload is no card; a payload is never guessed at.
    pub fn read(payload: &[u8]) -> Result<Self, Unreadable> {
        if !payload.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
            return Err(Unreadable::Noise);
        }
        let (symbology, content) = split_symbology(payload.trim_ascii());
        let content = content.trim_ascii();
        if content.is_empty() || NO_READ.iter().any(|answer| content.eq_ignore_ascii_case(answer)) {
            return Err(Unreadable::NoRead);
        }
        let digits = digits(content)?;
        let kind = match digits.len() {
            NIK_DIGITS => CardKind::Nik,
            KPJ_DIGITS => CardKind::Kpj,
            other => return Err(Unreadable::WrongLength(other)),
        };
        Ok(Self { kind, digits, symbology })
    }
}

/// Leaves the number out: it belongs to a person.
impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card").field("kind", &self.kind).field("symbology", &self.symbology).finish_non_exhaustive()
    }
}

impl From<Fault> for Unreadable {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLong => Self::TooLong,
            Fault::BadCheck => Self::BadCheck,
            Fault::Cut | Fault::Stray => Self::Noise,
        }
    }
}

impl Symbology {
    fn from_code_letter(letter: u8) -> Self {
        match letter {
            b'A' => Self::Code39,
            b'C' => Self::Code128,
            b'E' => Self::Ean,
            b'F' => Self::Codabar,
            b'G' => Self::Code93,
            b'I' => Self::Interleaved2Of5,
            b'L' => Self::Pdf417,
            b'Q' => Self::QrCode,
            b'd' => Self::DataMatrix,
            b'e' => Self::Gs1DataBar,
            b'z' => Self::Aztec,
            other => Self::Other(char::from(other)),
        }
    }
}

/// Takes off an AIM identifier: `]`, a code letter, a modifier.
fn split_symbology(payload: &[u8]) -> (Option<Symbology>, &[u8]) {
    match payload {
        [b']', letter, modifier, content @ ..] if letter.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() => {
            (Some(Symbology::from_code_letter(*letter)), content)
        }
        _ => (None, payload),
    }
}

/// The digits without their separators, which may stand between digits only.
fn digits(content: &[u8]) -> Result<Zeroizing<String>, Unreadable> {
    let framed =
        matches!(content, [first, .., last] | [first @ last] if first.is_ascii_digit() && last.is_ascii_digit());
    if !framed || !content.iter().all(|byte| byte.is_ascii_digit() || SEPARATORS.contains(byte)) {
        return Err(Unreadable::NotDigits);
    }
    // Reserved up front: a string that grows would leave copies of its beginning in freed memory.
    let mut digits = Zeroizing::new(String::with_capacity(content.len()));
    digits.extend(content.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)));
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NIK: &str = "3171011708450001";
    const KPJ: &str = "00000000011";

    #[track_caller]
    fn check(payload: impl AsRef<[u8]>, expect: Result<(CardKind, &str, Option<Symbology>), Unreadable>) {
        let read = Card::read(payload.as_ref());
        let read = read.as_ref().map(|card| (card.kind, card.digits.as_str(), card.symbology));
        assert_eq!(read, expect.as_ref().copied(), "{:?}", payload.as_ref().escape_ascii().to_string());
    }

    #[test]
    fn cards() {
        check(NIK, Ok((CardKind::Nik, NIK, None)));
        check(KPJ, Ok((CardKind::Kpj, KPJ, None)));
        check(format!("  {NIK}\t "), Ok((CardKind::Nik, NIK, None)));
        check("3171 0117 0845 0001", Ok((CardKind::Nik, NIK, None)));
        check("31.71.01.170845.0001", Ok((CardKind::Nik, NIK, None)));
        check("00-000 000.011", Ok((CardKind::Kpj, KPJ, None)));
        for (identifier, symbology) in [
            ("]A0", Symbology::Code39),
            ("]C0", Symbology::Code128),
            ("]C1", Symbology::Code128),
            ("]E0", Symbology::Ean),
            ("]F0", Symbology::Codabar),
            ("]G0", Symbology::Code93),
            ("]I1", Symbology::Interleaved2Of5),
            ("]L0", Symbology::Pdf417),
            ("]Q1", Symbology::QrCode),
            ("]d2", Symbology::DataMatrix),
            ("]e0", Symbology::Gs1DataBar),
            ("]z0", Symbology::Aztec),
            ("]X0", Symbology::Other('X')),
        ] {
            check(format!("{identifier}{NIK}"), Ok((CardKind::Nik, NIK, Some(symbology))));
            check(format!(" {identifier} {KPJ}"), Ok((CardKind::Kpj, KPJ, Some(symbology))));
        }
    }

    #[test]
    fn no_cards() {
        check("", Err(Unreadable::NoRead));
        check("  \t", Err(Unreadable::NoRead));
        check("%%NoRead", Err(Unreadable::NoRead));
        check("NOREAD", Err(Unreadable::NoRead));
        check("]C1no read", Err(Unreadable::NoRead));
        check("?", Err(Unreadable::NoRead));
        check("0", Err(Unreadable::WrongLength(1)));
        check(&NIK[1..], Err(Unreadable::WrongLength(15)));
        check(format!("{NIK}0"), Err(Unreadable::WrongLength(17)));
        check(&KPJ[1..], Err(Unreadable::WrongLength(10)));
        check(format!("{NIK}{NIK}"), Err(Unreadable::WrongLength(32)));
        check(format!("-{NIK}"), Err(Unreadable::NotDigits));
        check(format!("{NIK}."), Err(Unreadable::NotDigits));
        check(format!("{NIK},"), Err(Unreadable::NotDigits));
        check("317101170845000O", Err(Unreadable::NotDigits));
        check("-", Err(Unreadable::NotDigits));
        check("]", Err(Unreadable::NotDigits));
        check("]C1", Err(Unreadable::NoRead));
        check(format!("]{NIK}"), Err(Unreadable::NotDigits));
        check(format!("]C1]C1{NIK}"), Err(Unreadable::NotDigits));
        check("https://example.invalid/1", Err(Unreadable::NotDigits));
        check(b"317101170845\x000001", Err(Unreadable::Noise));
        check(b"\x023171011708450001", Err(Unreadable::Noise));
        // Arabic-Indic digits and the full-width one are digits to Unicode, not to a card.
        check("٣١٧١٠١١٧٠٨٤٥٠٠٠١", Err(Unreadable::Noise));
        check("３171011708450001", Err(Unreadable::Noise));
        check([0xff; 16], Err(Unreadable::Noise));
    }

    #[test]
    fn debug_and_reasons_show_no_digits() {
        let card = Card::read(b"]C13171011708450001").unwrap();
        assert_eq!(format!("{card:?}"), "Card { kind: Nik, symbology: Some(Code128), .. }");
        assert_eq!(
            Unreadable::WrongLength(15).to_string(),
            "the code holds 15 digits, neither 16 nor 11",
            "the length may be told, the number may not"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_read_has_a_known_shape(payload: Vec<u8>) {
            if let Ok(card) = Card::read(&payload) {
                let expected = match card.kind { CardKind::Nik => NIK_DIGITS, CardKind::Kpj => KPJ_DIGITS };
                prop_assert_eq!(card.digits.len(), expected);
                prop_assert!(card.digits.bytes().all(|byte| byte.is_ascii_digit()));
            }
        }

        #[test]
        fn digits_survive_any_grouping(digits in "[0-9]{16}", marks in prop::collection::vec("[ .-]{0,2}", 15)) {
            let marks = marks.iter().map(String::as_str).chain([""]);
            let text: String = digits.chars().zip(marks).flat_map(|(digit, mark)| format!("{digit}{mark}").into_bytes())
                .map(char::from).collect();
            prop_assert_eq!(Card::read(text.as_bytes()).map(|card| card.digits.to_string()), Ok(digits));
        }
    }
}
