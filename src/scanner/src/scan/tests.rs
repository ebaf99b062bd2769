use super::*;
use crate::framing::Evidence;
use crate::profile::{Bytes, Column, ColumnsFormat, PairsFormat};
use proptest::prelude::*;

const NIK: &str = "3171011708450001";
const NPWP: &str = "012345678901000";
const KPJ: &str = "00000000011";
const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\r7408122F1204159UTO<<<<<<<<<<<6\rERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\rD231458907UTO7408122F1204159<<<<<<<6";
const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\rL898902C36UTO7408122F1204159ZE184226B<<<<<10";

fn read(bytes: &[u8], settings: &PayloadSettings) -> Result<Scan, Unreadable> {
    Scan::read(Payload { bytes, symbology: None, evidence: Evidence::Terminator }, settings)
}

/// All that is read, in one line.
fn told(scan: &Scan) -> String {
    let content = match &scan.content {
        Content::Number(digits) => digits.to_string(),
        Content::Document(mrz) => format!("{:?} {} {}", mrz.format, *mrz.number, *mrz.surname),
        Content::Fields(fields) => {
            fields.iter().map(|(name, value)| format!("{name:?}={}", **value)).collect::<Vec<_>>().join(" ")
        }
    };
    scan.symbology.map_or(content.clone(), |symbology| format!("{symbology}: {content}"))
}

#[track_caller]
fn check_with(settings: &PayloadSettings, payload: impl AsRef<[u8]>, expect: Result<&str, Unreadable>) {
    let read = read(payload.as_ref(), settings).map(|scan| told(&scan));
    assert_eq!(read.as_deref(), expect.as_ref().copied(), "{:?}", payload.as_ref().escape_ascii().to_string());
}

#[track_caller]
fn check(payload: impl AsRef<[u8]>, expect: Result<&str, Unreadable>) {
    check_with(&PayloadSettings::default(), payload, expect);
}

fn of(content: ContentFormat) -> PayloadSettings {
    PayloadSettings { content, ..PayloadSettings::default() }
}

fn pairs(between: char, assign: char) -> PayloadSettings {
    let keys = [
        ("nik", FieldName::Nik),
        ("No KTP ", FieldName::Nik),
        ("KPJ", FieldName::Kpj),
        ("KK", FieldName::FamilyCard),
        ("NPWP", FieldName::TaxNumber),
        ("Nama", FieldName::Name),
    ];
    let keys = keys.map(|(key, name)| (key.to_owned(), name)).into();
    of(ContentFormat::Pairs(PairsFormat { between, assign, keys }))
}

fn columns(between: char, columns: &[Column]) -> PayloadSettings {
    of(ContentFormat::Columns(ColumnsFormat { between, columns: columns.to_vec() }))
}

#[test]
fn numbers() {
    check(NIK, Ok(NIK));
    check(NPWP, Ok(NPWP));
    check(KPJ, Ok(KPJ));
    check(format!("  {NIK}\t "), Ok(NIK));
    check(format!("\r\n{NIK}\r\n"), Ok(NIK));
    check("3171 0117 0845 0001", Ok(NIK));
    check("31.71.01.170845.0001", Ok(NIK));
    check("01.234.567.8-901.000", Ok(NPWP));
    check("00-000 000.011", Ok(KPJ));
}

#[test]
fn symbologies() {
    for (identifier, name) in [
        ("]A0", "Code 39"),
        ("]C0", "Code 128"),
        ("]C1", "Code 128"),
        ("]E0", "EAN"),
        ("]F0", "Codabar"),
        ("]G0", "Code 93"),
        ("]I1", "Interleaved 2 of 5"),
        ("]L0", "PDF417"),
        ("]Q1", "QR Code"),
        ("]d2", "Data Matrix"),
        ("]e0", "GS1 DataBar"),
        ("]z0", "Aztec"),
        ("]X0", "AIM ]X"),
    ] {
        check(format!("{identifier}{NIK}"), Ok(&format!("{name}: {NIK}")));
        check(format!(" {identifier} {KPJ}"), Ok(&format!("{name}: {KPJ}")));
    }
    // The identifier is nearer to the code than what the framing tells.
    let keep = PayloadSettings { aim: Aim::Keep, ..PayloadSettings::default() };
    for (payload, settings, expect) in [
        (NIK.to_owned(), PayloadSettings::default(), Ok(Some(Symbology::Pdf417))),
        (format!("]C0{NIK}"), PayloadSettings::default(), Ok(Some(Symbology::Code128))),
        (NIK.to_owned(), keep.clone(), Ok(Some(Symbology::Pdf417))),
        (format!("]C0{NIK}"), keep, Err(Unreadable::NotDigits)),
    ] {
        let framed =
            Payload { bytes: payload.as_bytes(), symbology: Some(Symbology::Pdf417), evidence: Evidence::Checksum };
        assert_eq!(Scan::read(framed, &settings).map(|scan| scan.symbology), expect, "{payload} {settings:?}");
    }
}

#[test]
fn no_numbers() {
    check("0", Err(Unreadable::WrongLength(1)));
    check(&NIK[1..12], Ok(&NIK[1..12]));
    check(&NIK[2..], Err(Unreadable::WrongLength(14)));
    check(format!("{NIK}0"), Err(Unreadable::WrongLength(17)));
    check(&KPJ[1..], Err(Unreadable::WrongLength(10)));
    check(format!("{NIK}{NIK}"), Err(Unreadable::WrongLength(32)));
    check("1".repeat(90), Err(Unreadable::WrongLength(90)));
    check(format!("-{NIK}"), Err(Unreadable::NotDigits));
    check(format!("{NIK}."), Err(Unreadable::NotDigits));
    check(format!("{NIK},"), Err(Unreadable::NotDigits));
    check(format!("{NIK}\n{KPJ}"), Err(Unreadable::NotDigits));
    check("317101170845000O", Err(Unreadable::NotDigits));
    check("-", Err(Unreadable::NotDigits));
    check("]", Err(Unreadable::NotDigits));
    check("<b>junk</b>", Err(Unreadable::NotDigits));
    check(format!("]{NIK}"), Err(Unreadable::NotDigits));
    check(format!("]C1]C1{NIK}"), Err(Unreadable::NotDigits));
    check("https://example.invalid/1", Err(Unreadable::NotDigits));
    check(b"317101170845\x000001", Err(Unreadable::Noise));
    check(b"\x023171011708450001", Err(Unreadable::Noise));
    // Arabic-Indic digits and the full-width one are digits to Unicode, not to a card.
    check("٣١٧١٠١١٧٠٨٤٥٠٠٠١", Err(Unreadable::Noise));
    check("３171011708450001", Err(Unreadable::Noise));
    check([0xff; 16], Err(Unreadable::Noise));
    check([b'1'; MAX_FRAME], Err(Unreadable::WrongLength(MAX_FRAME)));
    check([b'1'; MAX_FRAME + 1], Err(Unreadable::TooLong));
}

#[test]
fn answers_that_mean_no_card() {
    let settings = PayloadSettings {
        no_read: vec!["FAIL".into(), " no card ".into(), String::new()],
        prefix: Bytes::from_hex("46 02").unwrap(),
        ..PayloadSettings::default()
    };
    for answer in ["", "  \t", "%%NoRead", "NOREAD", "]C1no read", "nr", "?", "]C1", "\r\n"] {
        check(answer, Err(Unreadable::NoRead));
        check_with(&settings, answer, Err(Unreadable::NoRead));
    }
    for answer in ["FAIL", "fail\r", "No Card", "]C1FAIL", "F\u{2}fail", "F\u{2}"] {
        check_with(&settings, answer, Err(Unreadable::NoRead));
    }
    check("FAIL", Err(Unreadable::NotDigits));
    check_with(&settings, "FAILED", Err(Unreadable::NotDigits));
    // The prefix belongs to the answer that the profile names.
    let prefix =
        PayloadSettings { no_read: vec!["XXFAIL".into()], prefix: Bytes::from_hex("58 58").unwrap(), ..settings };
    check_with(&prefix, "XXFAIL", Err(Unreadable::NoRead));
    check_with(&prefix, "FAIL", Err(Unreadable::NotDigits));
}

#[test]
fn prefix_and_suffix() {
    let bytes = |hex| Bytes::from_hex(hex).unwrap();
    let around = PayloadSettings { prefix: bytes("FF 31"), suffix: bytes("00"), ..PayloadSettings::default() };
    check_with(&around, b"\xff13171011708450001\x00", Ok(NIK));
    check_with(&around, b"\xff1]Q13171011708450001\x00", Ok("QR Code: 3171011708450001"));
    check_with(&around, NIK, Ok(NIK));
    check_with(&around, b"\xff1\xff13171011708450001", Err(Unreadable::Noise));
    check_with(&around, b"\xff", Err(Unreadable::Noise));
    let overlapping = PayloadSettings { prefix: bytes("41 41"), suffix: bytes("41 41"), ..PayloadSettings::default() };
    check_with(&overlapping, "AAA", Err(Unreadable::NotDigits));
}

#[test]
fn travel_documents() {
    for (lines, expect) in
        [(TD1, "Td1 D23145890 ERIKSSON"), (TD2, "Td2 D23145890 ERIKSSON"), (TD3, "Td3 L898902C3 ERIKSSON")]
    {
        for between in ["\r", "\n", "\r\n", "\r\r", " \r\n", ""] {
            check(lines.replace('\r', between), Ok(expect));
            check(format!("{}{between}", lines.replace('\r', between)), Ok(expect));
        }
        check(format!("]L0{lines}"), Ok(&format!("PDF417: {expect}")));
    }
    let shape = Unreadable::MalformedZone(MrzFault::Shape);
    check(&TD3[..44], Err(shape));
    check(&TD3[45..], Err(shape));
    check(TD3.replace('\r', "\r\r").replace("<10", "<1"), Err(shape));
    check(TD1.replace("\r7408122F1204159UTO<<<<<<<<<<<6", "\r"), Err(shape));
    check(format!("{TD1}\r{TD1}"), Err(shape));
    check("P<UTO", Err(shape));
    for zone in [TD3.to_owned(), TD3.replace('\r', "")] {
        let damaged = |line, column| Err(Unreadable::MalformedZone(MrzFault::Character { line, column }));
        check(zone.replace("L8", "l8"), damaged(2, 1));
        check(zone.replace("ERIKSSON", "ERIK?SON"), damaged(1, 10));
        let checks = MrzChecks { birth: true, composite: true, ..MrzChecks::default() };
        check(zone.replace("740812", "740813"), Err(Unreadable::ZoneChecks(checks)));
    }
    // Fields and tracks hold no zone.
    check_with(&of(ContentFormat::Tracks {}), TD3, Err(Unreadable::Tracks));
}

#[test]
fn pairs_of_key_and_value() {
    let semicolon = |payload: &str, expect| check_with(&pairs(';', '='), payload, expect);
    semicolon("NIK=3171011708450001;NAMA=BUDI", Ok("Nik=3171011708450001 Name=BUDI"));
    semicolon("nama= BUDI  CONTOH ; Nik = 3171.0117-0845 0001 ;", Ok("Name=BUDI CONTOH Nik=3171011708450001"));
    semicolon("]Q1no ktp=3171011708450001", Ok("QR Code: Nik=3171011708450001"));
    semicolon("KPJ=00000000011;KK=3171011708450001", Ok("Kpj=00000000011 FamilyCard=3171011708450001"));
    semicolon("NPWP=01.234.567.8-901.000", Ok("TaxNumber=012345678901000"));
    semicolon("NPWP=0012345678901000", Ok("TaxNumber=0012345678901000"));
    semicolon("x;=;RT=1;;NIK;NAMA=A=B", Ok("Name=A=B"));
    semicolon("NIK=3171011708450001\r\n", Ok("Nik=3171011708450001"));
    // A field counts once, and an empty one does not count.
    semicolon("NAMA=BUDI;NAMA=ANI", Ok("Name=BUDI"));
    semicolon("NAMA=BUDI;nama= BUDI;NO KTP=3171011708450001", Ok("Name=BUDI Nik=3171011708450001"));
    semicolon("NAMA=BUDI;NAMA=;NO KTP=3171011708450001", Ok("Name=BUDI Nik=3171011708450001"));
    // Two answers joined: the second is another person's.
    semicolon("NAMA=BUDI;NAMA=ANI;NIK=3171011708450001", Ok("Name=BUDI"));
    semicolon("NIK=3171011708450001;NIK=3171011708450002;NAMA=ANI", Ok("Nik=3171011708450001"));
    semicolon("NIK=3171011708450001;NO KTP=junk", Ok("Nik=3171011708450001"));
    semicolon("NIK=;NO KTP=3171011708450001", Ok("Nik=3171011708450001"));
    semicolon("NIK=-;KPJ= ;NAMA=BUDI", Ok("Name=BUDI"));
    semicolon("NAMA=BUDI;NIK=31710117084500O1", Err(Unreadable::NotDigits));
    semicolon("NAMA=BUDI;NIK=317101170845001", Err(Unreadable::WrongLength(15)));
    semicolon("NAMA=BUDI;KPJ=3171011708450001", Err(Unreadable::WrongLength(16)));
    semicolon("NAMA=BUDI;NPWP=00000000011", Err(Unreadable::WrongLength(11)));
    semicolon("NIK=", Err(Unreadable::NoFields));
    semicolon("ALAMAT=JALAN", Err(Unreadable::NoFields));
    semicolon(NIK, Err(Unreadable::NoFields));
    semicolon("%%NoRead", Err(Unreadable::NoRead));
    semicolon("NAMA=BUDI\u{1d}", Err(Unreadable::Noise));
    // A name may have letters of any script, and nothing else may.
    semicolon("NAMA=BÜDI  ŒUVRE;NIK=3171011708450001", Ok("Name=BÜDI ŒUVRE Nik=3171011708450001"));
    semicolon("NAMA=BUDI\u{2028}", Err(Unreadable::Noise));
    semicolon("NAMA=BUDI\u{a0}ANI", Err(Unreadable::Noise));
    semicolon("NAMA=BUDI;NIK=317101170845000É", Err(Unreadable::NotDigits));
    semicolon("NIK=٣١٧١٠١١٧٠٨٤٥٠٠٠١", Err(Unreadable::Noise));
    check_with(&pairs(';', '='), b"NAMA=B\xdcDI", Err(Unreadable::Noise));
    check_with(&pairs(';', '='), b"NAMA=B\xffDI", Err(Unreadable::Noise));
    let both = Ok("Nik=3171011708450001 Name=BUDI");
    for between in ['\r', '\n'] {
        for end in ["\r", "\n", "\r\n", "\n\n"] {
            check_with(&pairs(between, ':'), format!("NIK: 3171011708450001{end}NAMA: BUDI{end}"), both);
        }
    }
    check_with(&pairs('\u{1d}', '='), "NIK=3171011708450001\u{1d}NAMA=BUDI", both);
    check_with(&pairs('\t', '\u{1}'), "NIK\u{1}3171011708450001\tNAMA\u{1}BUDI", both);
    // Not ASCII, which a profile's check refuses: no text is split there.
    check_with(&pairs('§', '='), "NIK=3171011708450001§NAMA=BUDI", Err(Unreadable::Noise));
    check_with(&pairs('§', '='), b"NIK=3171011708450001\xa7NAMA=BUDI", Err(Unreadable::Noise));
    check_with(&pairs('Â', '§'), b"NIK\xc2\xa73171011708450001", Err(Unreadable::Noise));
}

#[test]
fn delimited_columns() {
    let three = [Column::Nik, Column::Skip, Column::Name];
    let bar = |payload: &str, expect| check_with(&columns('|', &three), payload, expect);
    let both = Ok("Nik=3171011708450001 Name=BUDI");
    bar("3171011708450001|x|BUDI", both);
    bar(" 3171 0117 0845 0001 || BUDI |extra|\r\n", both);
    bar("3171011708450001", Ok("Nik=3171011708450001"));
    bar("||BUDI", Ok("Name=BUDI"));
    bar("-|x|BUDI", Ok("Name=BUDI"));
    bar("]A0||BUDI", Ok("Code 39: Name=BUDI"));
    bar("|x|", Err(Unreadable::NoFields));
    bar("x|y|BUDI", Err(Unreadable::NotDigits));
    bar("1|y|BUDI", Err(Unreadable::WrongLength(1)));
    bar("3171011708450001|é|BÜDI", Ok("Nik=3171011708450001 Name=BÜDI"));
    let twice = columns('|', &[Column::Name, Column::Name, Column::Kpj, Column::TaxNumber, Column::FamilyCard]);
    check_with(&twice, "BUDI|ANI", Ok("Name=BUDI"));
    check_with(&twice, "|ANI", Ok("Name=ANI"));
    check_with(&twice, format!("BUDI|ANI|{KPJ}"), Ok(&format!("Name=BUDI Kpj={KPJ}")));
    check_with(&twice, format!("||{KPJ}|{NPWP}|{NIK}"), Ok(&format!("Kpj={KPJ} TaxNumber={NPWP} FamilyCard={NIK}")));
    // White space that separates is no margin: the first column is empty.
    check_with(&columns('\t', &three), "\t\tBUDI ", Ok("Name=BUDI"));
    check_with(&columns('\t', &three), "3171011708450001\t\tBUDI\r", both);
    check_with(&columns('\t', &three), "\t\t", Err(Unreadable::NoRead));
    for between in ['\r', '\n'] {
        for end in ["\r", "\n", "\r\n"] {
            check_with(&columns(between, &three), format!("{NIK}{end}{end}BUDI{end}"), both);
        }
        check_with(&columns(between, &three), "x\r\n\r\nBUDI", Err(Unreadable::NotDigits));
    }
}

#[test]
fn magnetic_stripes() {
    let tracks = |payload: &str, expect| check_with(&of(ContentFormat::Tracks {}), payload, expect);
    tracks("%B0000000001^BUDI^?;3171011708450001=99?+00000000011?", Ok(NIK));
    tracks("%3171011708450001?;E?+E?", Ok(NIK));
    tracks("%B3171011708450001^BUDI/CONTOH^9912?", Ok(NIK));
    tracks("%BUDI^3171 0117 0845 0001?;E?", Ok(NIK));
    tracks("%BUDI?;1=3171011708450001=2?", Ok(NIK));
    tracks("%BUDI?;12?+1=00000000011?", Ok(KPJ));
    tracks("%00000000011?;3171011708450001?", Ok(NIK));
    tracks("%00000000011?+3171011708450001?", Ok(KPJ));
    tracks(";3171011708450001?\r\n", Ok(NIK));
    tracks("+00000000011?", Ok(KPJ));
    tracks("%BÜDI^?;3171011708450001?", Ok(NIK));
    tracks("%BÜDI^317101170845000É?", Err(Unreadable::NotDigits));
    tracks("%E?\r;3171011708450001?\r+E?", Ok(NIK));
    // The marks of the other tracks may stand in track 1.
    tracks("%A;B+C^00000000011?", Ok(KPJ));
    tracks("%E?;E?+E?", Err(Unreadable::Tracks));
    tracks(";E?", Err(Unreadable::Tracks));
    tracks("%?;?+?", Err(Unreadable::Tracks));
    tracks("%?;3171011708450001", Err(Unreadable::Tracks));
    tracks(";3171011708450001?;3171011708450001?", Err(Unreadable::Tracks));
    tracks("+00000000011?;3171011708450001?", Err(Unreadable::Tracks));
    tracks("x;3171011708450001?", Err(Unreadable::Tracks));
    tracks(";3171011708450001?x", Err(Unreadable::Tracks));
    tracks(NIK, Err(Unreadable::Tracks));
    tracks("%BUDI^?;E?", Err(Unreadable::NotDigits));
    tracks("%BB3171011708450001?", Err(Unreadable::NotDigits));
    tracks("%BUDI?;12345=67?+1?", Err(Unreadable::WrongLength(5)));
    tracks("%%NoRead", Err(Unreadable::NoRead));
    tracks("", Err(Unreadable::NoRead));
}

#[test]
fn debug_and_reasons_show_no_content() {
    let plain = PayloadSettings::default();
    for (payload, settings, expect) in [
        (format!("]C1{NIK}"), &plain, "Scan { content: Number(16 digits), symbology: Some(Code128) }"),
        (TD3.to_owned(), &plain, "Scan { content: Document(Td3), symbology: None }"),
        (format!("NAMA=BUDI;NIK={NIK}"), &pairs(';', '='), "Scan { content: {Name, Nik}, symbology: None }"),
    ] {
        assert_eq!(format!("{:?}", read(payload.as_bytes(), settings).unwrap()), expect);
    }
    assert_eq!(Unreadable::WrongLength(14).to_string(), "the code holds 14 digits; cards have 11, 15 or 16");
}

#[test]
fn what_faults_mean() {
    for (fault, expect) in [
        (Fault::TooLong, Unreadable::TooLong),
        (Fault::BadCheck, Unreadable::BadCheck),
        (Fault::Damaged, Unreadable::Noise),
        (Fault::Cut, Unreadable::Noise),
        (Fault::Stray, Unreadable::Noise),
        // There was a card, so "no card" would be wrong.
        (Fault::Empty, Unreadable::Blank),
    ] {
        assert_eq!(Unreadable::from(fault), expect, "{fault:?}");
    }
    assert_eq!(Unreadable::Blank.to_string(), "the reader saw a card and could not read it");
}

fn any_settings() -> impl Strategy<Value = PayloadSettings> {
    let all = [Column::Nik, Column::Skip, Column::Kpj, Column::Name, Column::FamilyCard, Column::TaxNumber];
    let between = prop::sample::select(&[';', '|', '\t', '\r', '\n', ' ', '\0', '§', '-'][..]);
    let content = prop_oneof![
        Just(of(ContentFormat::Plain {})),
        Just(of(ContentFormat::Tracks {})),
        between.clone().prop_map(|between| pairs(between, '=')),
        between.prop_map(move |between| columns(between, &all)),
    ];
    let affix = || prop::sample::select(&["", "02", "5D 43", "31"][..]);
    (content, affix(), affix(), any::<bool>()).prop_map(|(settings, prefix, suffix, keep)| PayloadSettings {
        prefix: Bytes::from_hex(prefix).unwrap(),
        suffix: Bytes::from_hex(suffix).unwrap(),
        aim: if keep { Aim::Keep } else { Aim::Strip },
        ..settings
    })
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..600),
        "(]C1)?[0-9 .-]{0,24}".prop_map(String::into_bytes),
        "((NIK|KPJ|NAMA|KK)?=?[0-9A-ZÉßŁ<]{0,17}[;|\t\r\n]){0,6}".prop_map(String::into_bytes),
        "[%;+]?[A-Z0-9^=]{0,20}[?]?[;+]?[0-9=E]{0,20}[?]?".prop_map(String::into_bytes),
        "([A-Z0-9<]{30}\r){3}|([A-Z0-9<]{36}\r){2}|[A-Z0-9<]{88}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn whatever_is_read_has_a_known_shape(payload in any_payload(), settings in any_settings()) {
        let of_digits = |text: &str, lengths: &[usize]| {
            lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        match read(&payload, &settings).map(|scan| scan.content) {
            Ok(Content::Number(digits)) => prop_assert!(of_digits(&digits, &NUMBER_LENGTHS)),
            Ok(Content::Document(mrz)) => prop_assert!(!mrz.number.is_empty() && !mrz.surname.is_empty()),
            Ok(Content::Fields(fields)) => {
                prop_assert!(!fields.is_empty());
                for (index, (name, value)) in fields.iter().enumerate() {
                    prop_assert!(fields.iter().skip(index + 1).all(|(other, _)| other != name));
                    let sound = match name {
                        FieldName::Nik | FieldName::FamilyCard => of_digits(value, &[16]),
                        FieldName::Kpj => of_digits(value, &[11]),
                        FieldName::TaxNumber => of_digits(value, &[15, 16]),
                        FieldName::Name => {
                            !value.is_empty()
                                && !value.contains("  ")
                                && value.chars().all(|c| c.is_ascii() || c.is_alphabetic())
                        }
                    };
                    prop_assert!(sound, "{:?}", name);
                }
            }
            Err(_) => {}
        }
    }

    #[test]
    fn digits_survive_any_grouping(
        digits in "[0-9]{11}|[0-9]{15}|[0-9]{16}",
        marks in prop::collection::vec("[ .-]{0,2}", 15),
    ) {
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            text.extend(index.checked_sub(1).and_then(|gap| marks.get(gap)).map(String::as_str));
            text.push(digit);
        }
        check(&text, Ok(&digits));
        check_with(&of(ContentFormat::Tracks {}), format!("%{text}?"), Ok(&digits));
    }

    #[test]
    fn pairs_and_columns_round_trip(
        nik in "[0-9]{16}", kpj in "[0-9]{11}", tax in "[0-9]{15,16}", name in "[A-Z']{1,9}( [A-Z.]{1,9}){0,3}",
        order in Just(["NIK", "KPJ", "NPWP", "NAMA"]).prop_shuffle(), between in "[;|,\t\r\n\u{1d}]", crlf: bool,
    ) {
        prop_assume!(name.bytes().any(|byte| byte.is_ascii_alphabetic()));
        let known = [
            ("NIK", Column::Nik, &nik),
            ("KPJ", Column::Kpj, &kpj),
            ("NPWP", Column::TaxNumber, &tax),
            ("NAMA", Column::Name, &name),
        ];
        let fields = order.map(|key| *known.iter().find(|(known, ..)| *known == key).unwrap());
        let expected: Vec<String> =
            fields.iter().map(|(_, column, value)| format!("{:?}={value}", column.field().unwrap())).collect();
        let separator = between.chars().next().unwrap();
        let between = if crlf && between.trim().is_empty() && between != "\t" { "\r\n" } else { between.as_str() };
        let payload = fields.map(|(key, _, value)| format!("{key}={value}")).join(between);
        check_with(&pairs(separator, '='), payload, Ok(&expected.join(" ")));
        let payload = fields.map(|(_, _, value)| value.as_str()).join(between);
        check_with(&columns(separator, &fields.map(|(_, column, _)| column)), payload, Ok(&expected.join(" ")));
    }
}
