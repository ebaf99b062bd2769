//! Payloads, read in every format.
//!
//! Six bytes choose format, separators, prefix and suffix, identifier; the rest is the payload.

#![no_main]

use arbitrary::{Result, Unstructured};
use bilik_scanner::framing::{Evidence, MAX_FRAME, Payload};
use bilik_scanner::profile::{
    Aim, Bytes, Column, ColumnsFormat, ContentFormat, FieldName, PairsFormat, PayloadSettings,
};
use bilik_scanner::symbology::Symbology;
use bilik_scanner::{Scan, Unreadable};
use bilik_scanner_fuzz::shape;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    let Ok((settings, symbology)) = settings(&mut u) else { return };
    let bytes = u.take_rest();
    let read = |bytes| Scan::read(Payload { bytes, symbology, evidence: Evidence::Structure }, &settings);
    let found = read(bytes);
    match &found {
        Ok(scan) => {
            shape::scan(scan, bytes);
            assert!(symbology.is_none() || scan.symbology.is_some(), "the framing's symbology is lost");
        }
        Err(reason) => shape::unreadable(*reason, bytes),
    }
    assert_eq!(bytes.len() > MAX_FRAME, found == Err(Unreadable::TooLong));
    if settings.content == (ContentFormat::Plain {}) && settings.suffix.is_empty() && bytes.len() + 2 <= MAX_FRAME {
        assert_eq!(read(&[bytes, b"\r\n"].concat()), found, "a line end changes what is read");
    }
});

fn settings(u: &mut Unstructured<'_>) -> Result<(PayloadSettings, Option<Symbology>)> {
    let separator = |u: &mut Unstructured<'_>| u.choose(&[';', '|', '\n', '\r', '\t', ' ', '\x1d', ',', '1']).copied();
    let format: u8 = u.arbitrary()?;
    let (between, assign) = (separator(u)?, *u.choose(&['=', ':', ' ', '\n', '1'])?);
    let fields = [
        ("NIK", FieldName::Nik, Column::Nik),
        ("KPJ", FieldName::Kpj, Column::Kpj),
        ("KK", FieldName::FamilyCard, Column::FamilyCard),
        ("NPWP", FieldName::TaxNumber, Column::TaxNumber),
        ("NAMA", FieldName::Name, Column::Name),
        ("NAME", FieldName::Name, Column::Skip),
    ];
    let around = |u: &mut Unstructured<'_>| {
        let hex = u.choose(&["", "41", "FF 31", "0D 0A", "31 37"])?;
        Bytes::from_hex(hex).map_err(|_| arbitrary::Error::IncorrectFormat)
    };
    let settings = PayloadSettings {
        prefix: around(u)?,
        suffix: around(u)?,
        aim: if format & 0x80 == 0 { Aim::Strip } else { Aim::Keep },
        no_read: if format & 0x40 == 0 { Vec::new() } else { vec!["FAIL".into(), " ".into()] },
        content: match format % 4 {
            0 => ContentFormat::Plain {},
            1 => ContentFormat::Pairs(PairsFormat {
                between,
                assign,
                keys: fields.iter().map(|(key, name, _)| ((*key).to_owned(), *name)).collect(),
            }),
            2 => ContentFormat::Columns(ColumnsFormat {
                between,
                columns: fields.iter().map(|(_, _, column)| *column).collect(),
            }),
            _ => ContentFormat::Tracks {},
        },
    };
    Ok((settings, *u.choose(&[None, Some(Symbology::QrCode)])?))
}
