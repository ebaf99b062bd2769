//! What holds for whatever was read.

use bilik_scanner::framing::MAX_FRAME;
use bilik_scanner::mrz::{MrzChecks, MrzDate, MrzError, MrzFault, MrzFormat};
use bilik_scanner::profile::FieldName;
use bilik_scanner::scan::NUMBER_LENGTHS;
use bilik_scanner::{Content, Mrz, Scan, Unreadable};

/// A zone that was read has every part that a zone has.
pub fn zone(zone: &Mrz) {
    let (_, length) = zone.format.shape();
    let code = zone.document_code.as_bytes();
    assert!(matches!(code, [b'A'..=b'Z'] | [b'A'..=b'Z', b'A'..=b'Z' | b'0'..=b'9']), "code of a document");
    for state in [&zone.issuer, &zone.nationality] {
        assert!(
            (1..=3).contains(&state.len()) && state.bytes().all(|byte| byte.is_ascii_uppercase()),
            "code of a state"
        );
    }
    assert!(!zone.number.is_empty() && !zone.surname.is_empty(), "no number or no name");
    // The first field's nine characters and what TD1 can hold of the rest.
    assert!(zone.number.len() <= 9 + 13, "a number longer than its fields");
    assert!(zone.surname.len() + zone.given_names.len() <= length, "names longer than their line");
    for words in [&zone.number, &zone.surname, &zone.given_names, &zone.optional] {
        single_blanks(words);
        assert!(
            words.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '),
            "fillers"
        );
    }
    for names in [&zone.surname, &zone.given_names] {
        assert!(!names.bytes().any(|byte| byte.is_ascii_digit()), "digits in a name");
    }
    for MrzDate { year, month, day } in [zone.birth, zone.expiry] {
        assert!(year.is_none_or(|year| year <= 99), "year");
        assert!(month.is_none_or(|month| (1..=12).contains(&month)), "month");
        assert!(day.is_none_or(|day| (1..=31).contains(&day)), "day");
    }
    assert!(!(zone.is_visa() && zone.format == MrzFormat::Td1), "a visa is no card");
    assert_eq!(format!("{zone:?}"), format!("Mrz {{ format: {:?}, .. }}", zone.format));
}

/// A refusal says where or what.
pub fn refused_zone(error: MrzError) {
    match error {
        MrzError::Checks(checks) => wrong_checks(checks),
        MrzError::Malformed(MrzFault::Shape) => {}
        MrzError::Malformed(MrzFault::Character { line, column }) => {
            assert!((1..=3).contains(&line) && (1..=44).contains(&column), "a character outside of the zone");
        }
    }
}

/// A scan holds what was sent, and shows its kind only.
pub fn scan(scan: &Scan, payload: &[u8]) {
    let kind = match &scan.content {
        Content::Number(digits) => {
            number(digits, &NUMBER_LENGTHS, payload);
            format!("Number({} digits)", digits.len())
        }
        Content::Document(document) => {
            zone(document);
            format!("Document({:?})", document.format)
        }
        Content::Fields(fields) => {
            assert!(!fields.is_empty(), "no fields");
            for (index, (name, value)) in fields.iter().enumerate() {
                assert!(fields.iter().skip(index + 1).all(|(other, _)| other != name), "a field occurs twice");
                match name {
                    FieldName::Nik | FieldName::FamilyCard => number(value, &[16], payload),
                    FieldName::Kpj => number(value, &[11], payload),
                    FieldName::TaxNumber => number(value, &[15, 16], payload),
                    FieldName::Name => {
                        assert!(!value.is_empty(), "an empty name");
                        single_blanks(value);
                    }
                }
            }
            format!("{{{}}}", fields.iter().map(|(name, _)| format!("{name:?}")).collect::<Vec<_>>().join(", "))
        }
    };
    assert_eq!(format!("{scan:?}"), format!("Scan {{ content: {kind}, symbology: {:?} }}", scan.symbology));
}

/// A reason is one that the payload can give.
pub fn unreadable(reason: Unreadable, payload: &[u8]) {
    match reason {
        Unreadable::WrongLength(digits) => assert!((1..=payload.len()).contains(&digits), "more digits than bytes"),
        Unreadable::ZoneChecks(checks) => wrong_checks(checks),
        Unreadable::MalformedZone(fault) => refused_zone(MrzError::Malformed(fault)),
        Unreadable::TooLong => assert!(payload.len() > MAX_FRAME, "not too long"),
        Unreadable::BadCheck => unreachable!("a payload has no checksum"),
        Unreadable::Blank => unreachable!("a payload is not empty"),
        Unreadable::NotDigits | Unreadable::NoFields | Unreadable::Tracks | Unreadable::NoRead | Unreadable::Noise => {}
    }
}

/// The digits are among those of the payload, in their order and without a gap.
fn number(digits: &str, lengths: &[usize], payload: &[u8]) {
    assert!(lengths.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()), "no number");
    let sent: Vec<u8> = payload.iter().copied().filter(u8::is_ascii_digit).collect();
    assert!(sent.windows(digits.len()).any(|window| window == digits.as_bytes()), "digits that were not sent");
}

fn single_blanks(words: &str) {
    assert!(!words.starts_with(' ') && !words.ends_with(' ') && !words.contains("  "), "blanks");
}

fn wrong_checks(checks: MrzChecks) {
    assert!(checks != MrzChecks::default() && !checks.to_string().is_empty(), "refused for no check digit");
}
