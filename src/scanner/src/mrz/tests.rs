use super::*;
use proptest::prelude::*;

// The specimens of Doc 9303, parts 4 to 7, and, for long numbers, of part 11, appendix D.
const TD1: [&str; 3] =
    ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"];
const TD2: [&str; 2] = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"];
const TD3: [&str; 2] = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
const MRV_A: [&str; 2] =
    ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8988901C4UTO4009078F96121096ZE184226B<<<<<<"];
const MRV_B: [&str; 2] = ["V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4UTO4009078F9612109<<<<<<<<"];
const LONG_TD1: [&str; 3] =
    ["I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<"];
const LONG_TD2: [&str; 2] = ["I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<", "D23145890<UTO3407127M95071227349<<<8"];

/// All that is read, in one line.
fn told(mrz: &Mrz) -> String {
    let date = |date: MrzDate| {
        let part = |part: Option<u8>| part.map_or("??".to_owned(), |part| format!("{part:02}"));
        format!("{}-{}-{}", part(date.year), part(date.month), part(date.day))
    };
    let cut = if mrz.name_may_be_cut { "..." } else { "" };
    format!(
        "{:?} {} {}|{}|{}, {}{cut}|{} {} {:?} {}|{}",
        mrz.format,
        *mrz.document_code,
        *mrz.issuer,
        *mrz.number,
        *mrz.surname,
        *mrz.given_names,
        *mrz.nationality,
        date(mrz.birth),
        mrz.sex,
        date(mrz.expiry),
        *mrz.optional
    )
}

#[track_caller]
fn check(lines: &[impl AsRef<str>], expect: Result<&str, MrzError>) {
    let read = parse(lines).map(|mrz| told(&mrz));
    let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    assert_eq!(read.as_deref(), expect.as_ref().copied(), "{lines:?}");
}

fn parse(lines: &[impl AsRef<str>]) -> Result<Mrz, MrzError> {
    Mrz::parse(&lines.iter().map(AsRef::as_ref).collect::<Vec<_>>())
}

/// `lines` with what begins at a line and a character, both from 1, replaced.
fn with(lines: &[impl AsRef<str>], line: usize, column: usize, new: &str) -> Vec<String> {
    let mut lines: Vec<String> = lines.iter().map(|line| line.as_ref().to_owned()).collect();
    lines[line - 1].replace_range(column - 1..column - 1 + new.len(), new);
    lines
}

/// `lines` with the composite check digit made right.
fn sealed(mut lines: Vec<String>) -> Vec<String> {
    let (first, second) = (lines[0].clone(), lines[1].clone());
    let over = match second.len() {
        30 => [&first[5..30], &second[0..7], &second[8..15], &second[18..29]].concat(),
        length => [&second[0..10], &second[13..20], &second[21..length - 1]].concat(),
    };
    lines[1].replace_range(second.len() - 1.., &digit(&over));
    lines
}

/// The check digit, computed from the table of values as Doc 9303-3 prints it.
fn digit(field: &str) -> String {
    let value = |c: char| "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".find(c).unwrap_or(0);
    (field.chars().enumerate().map(|(at, c)| value(c) * [7, 3, 1][at % 3]).sum::<usize>() % 10).to_string()
}

fn wrong(names: &str) -> MrzError {
    let named = |name| names.split(", ").any(|one| one == name);
    MrzError::Checks(MrzChecks {
        number: named("number"),
        birth: named("birth"),
        expiry: named("expiry"),
        optional: named("optional data"),
        composite: named("composite"),
    })
}

fn malformed(line: u8, column: u8) -> MrzError {
    MrzError::Malformed(MrzFault::Character { line, column })
}

#[test]
fn specimens() {
    check(&TD1, Ok("Td1 I UTO|D23145890|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female 12-04-15|"));
    check(&TD2, Ok("Td2 I UTO|D23145890|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female 12-04-15|"));
    check(&TD3, Ok("Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female 12-04-15|ZE184226B"));
    check(&MRV_A, Ok("Td3 V UTO|L8988901C|ERIKSSON, ANNA MARIA|UTO 40-09-07 Female 96-12-10|6ZE184226B"));
    check(&MRV_B, Ok("Td2 V UTO|L8988901C|ERIKSSON, ANNA MARIA|UTO 40-09-07 Female 96-12-10|"));
    check(&LONG_TD1, Ok("Td1 I UTO|D23145890734|STEVENSON, PETER JOHN|UTO 34-07-12 Male 95-07-12|"));
    check(&LONG_TD2, Ok("Td2 I UTO|D23145890734|STEVENSON, PETER JOHN|UTO 34-07-12 Male 95-07-12|"));
    for (lines, visa) in [(&TD2, false), (&TD3, false), (&MRV_A, true), (&MRV_B, true)] {
        assert_eq!(Mrz::parse(lines).unwrap().is_visa(), visa, "{lines:?}");
    }
    // No visa has three lines: there V is a letter like any other.
    assert!(!Mrz::parse(&["V<UTOD231458907<<<<<<<<<<<<<<<", TD1[1], TD1[2]]).unwrap().is_visa());
}

#[test]
fn names() {
    let table = [
        ("SUHARTO<<<<<<<<<<<<<<<<<<<<<<<", "SUHARTO, "),
        ("ABDUL<RAHMAN<<<<<<<<<<<<<<<<<<", "ABDUL RAHMAN, "),
        ("VAN<DER<BERG<<ANNA<MARIA<<<<<<", "VAN DER BERG, ANNA MARIA"),
        ("ERIKSSON<<<ANNA<<MARIA<<<<<<<<", "ERIKSSON, ANNA MARIA"),
        ("ERIKSSON<<ANNA<MARIA<CHRISTIN<", "ERIKSSON, ANNA MARIA CHRISTIN"),
        ("ERIKSSON<<ANNA<MARIA<CHRISTINA", "ERIKSSON, ANNA MARIA CHRISTINA..."),
        ("ERIKSSONERIKSSONERIKSSONERIKSS", "ERIKSSONERIKSSONERIKSSONERIKSS, ..."),
        ("ERIKSSONERIKSSONERIKSSONERIK<<", "ERIKSSONERIKSSONERIKSSONERIK, "),
    ];
    for (field, name) in table {
        let expected = format!("Td1 I UTO|D23145890|{name}|UTO 74-08-12 Female 12-04-15|");
        check(&[TD1[0], TD1[1], field], Ok(&expected));
    }
}

#[test]
fn fields_as_printed() {
    let td3 = |line, column, new: &str, told: &str| check(&sealed(with(&TD3, line, column, new)), Ok(told));
    td3(1, 2, "D", "Td3 PD UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female 12-04-15|ZE184226B");
    td3(1, 1, "C1D<<", "Td3 C1 D|L898902C3|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female 12-04-15|ZE184226B");
    td3(2, 11, "D<<", "Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|D 74-08-12 Female 12-04-15|ZE184226B");
    td3(2, 21, "<", "Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO 74-08-12 Unspecified 12-04-15|ZE184226B");
    td3(2, 21, "X", "Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO 74-08-12 Unspecified 12-04-15|ZE184226B");
    td3(2, 1, "L898902C<3", "Td3 P UTO|L898902C|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female 12-04-15|ZE184226B");
    td3(2, 1, "L8<902<<<6", "Td3 P UTO|L8 902|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female 12-04-15|ZE184226B");
    td3(2, 29, "<<<<<<<<<<<<<<0", "Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female 12-04-15|");
    td3(2, 29, "<<<<<<<<<<<<<<<", "Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female 12-04-15|");
    td3(2, 14, "<<<<<<0", "Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO ??-??-?? Female 12-04-15|ZE184226B");
    td3(2, 14, "74<<<<1", "Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO 74-??-?? Female 12-04-15|ZE184226B");
    td3(2, 14, "7408<<7", "Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO 74-08-?? Female 12-04-15|ZE184226B");
    td3(2, 14, "7<08<<5", "Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO ??-08-?? Female 12-04-15|ZE184226B");
    td3(2, 22, "<<<<<<0", "Td3 P UTO|L898902C3|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female ??-??-??|ZE184226B");
    check(
        &sealed(with(&with(&TD1, 1, 16, "A<B"), 2, 19, "C")),
        Ok("Td1 I UTO|D23145890|ERIKSSON, ANNA MARIA|UTO 74-08-12 Female 12-04-15|A B C"),
    );
    check(
        &sealed(with(&with(&LONG_TD1, 1, 20, "<A"), 2, 29, "B")),
        Ok("Td1 I UTO|D23145890734|STEVENSON, PETER JOHN|UTO 34-07-12 Male 95-07-12|A B"),
    );
}

#[test]
fn wrong_check_digits() {
    let table: [(&[&str], usize, usize, &str, &str); 25] = [
        (&TD1, 1, 15, "8", "number, composite"),
        (&TD1, 2, 7, "3", "birth, composite"),
        (&TD1, 2, 15, "0", "expiry, composite"),
        (&TD1, 2, 30, "7", "composite"),
        (&TD1, 1, 30, "1", "composite"),
        (&TD1, 2, 19, "1", "composite"),
        (&TD1, 1, 15, "<", "number, composite"),
        (&TD2, 2, 10, "8", "number, composite"),
        (&TD2, 2, 20, "3", "birth, composite"),
        (&TD2, 2, 28, "0", "expiry, composite"),
        (&TD2, 2, 36, "7", "composite"),
        (&TD2, 2, 29, "1", "composite"),
        (&TD3, 2, 10, "7", "number, composite"),
        (&TD3, 2, 20, "3", "birth, composite"),
        (&TD3, 2, 28, "0", "expiry, composite"),
        (&TD3, 2, 43, "2", "optional data, composite"),
        (&TD3, 2, 43, "<", "optional data, composite"),
        (&TD3, 2, 44, "1", "composite"),
        (&MRV_A, 2, 10, "5", "number"),
        (&MRV_A, 2, 20, "9", "birth"),
        (&MRV_B, 2, 28, "0", "expiry"),
        (&LONG_TD1, 1, 19, "8", "number, composite"),
        (&LONG_TD1, 1, 16, "8", "number, composite"),
        (&LONG_TD2, 2, 32, "8", "number, composite"),
        (&LONG_TD2, 2, 1, "E", "number, composite"),
    ];
    for (lines, line, column, new, names) in table {
        check(&with(lines, line, column, new), Err(wrong(names)));
        assert_eq!(wrong(names).to_string(), format!("check digits of the machine-readable zone are wrong: {names}"),);
    }
    // One alone, the composite being right.
    for (column, name) in [(10, "number"), (20, "birth"), (28, "expiry"), (43, "optional data")] {
        check(&sealed(with(&TD3, 2, column, "8")), Err(wrong(name)));
    }
    let all = with(&with(&with(&with(&TD3, 2, 1, "M"), 2, 14, "8"), 2, 22, "2"), 2, 29, "A");
    check(&all, Err(wrong("number, birth, expiry, optional data, composite")));
    // A passport's number that is told by its optional data: no such rule.
    let swapped = [TD3[0], "L898902C3<UTO7408122F1204159ZE184226B<<<<<10"];
    check(&swapped, Err(malformed(2, 10)));
}

#[test]
fn long_numbers() {
    // What stands in the number field, its check digit, and the optional data, of TD2.
    let table = [
        ("D23145890<", "7349<<<", Ok("D23145890734|")),
        ("D23145890<", "7349<AB", Ok("D23145890734|AB")),
        ("D23145890<", "12345", Err(wrong("number"))),
        ("D23145890<", "<<<<<<<", Err(wrong("number"))),
        ("D23145890<", "7<<<<<<", Err(wrong("number"))),
        ("D23145890<", "734A<<<", Err(wrong("number"))),
        ("D2314589<<", "7349<<<", Err(wrong("number"))),
    ];
    for (number, optional, expect) in table {
        let lines = sealed(with(&with(&LONG_TD2, 2, 1, number), 2, 29, optional));
        let expect = expect.map(|told: &str| {
            let (number, optional) = told.split_once('|').unwrap();
            format!("Td2 I UTO|{number}|STEVENSON, PETER JOHN|UTO 34-07-12 Male 95-07-12|{optional}")
        });
        check(&lines, expect.as_deref().map_err(|error| *error));
    }
    // As long as can be: five more characters in TD2, thirteen in TD1; one more leaves no filler behind the check digit.
    for (lines, line, column, room) in [(&LONG_TD2[..], 2, 29, 7), (&LONG_TD1[..], 1, 16, 15)] {
        for (rest, fits) in [(room - 2, true), (room - 1, false)] {
            let rest = &"1234567890123456"[..rest];
            let overflow = format!("{rest}{}{}", digit(&format!("D23145890{rest}")), if fits { "<" } else { "" });
            let lines = sealed(with(lines, line, column, &overflow));
            match parse(&lines) {
                Ok(mrz) => assert!(fits && *mrz.number == format!("D23145890{rest}"), "{lines:?}"),
                Err(error) => assert!(!fits && error == wrong("number"), "{lines:?}: {error}"),
            }
        }
    }
}

#[test]
fn malformed_zones() {
    let shape = || Err(MrzError::Malformed(MrzFault::Shape));
    check(&[""; 0], shape());
    check(&["", ""], shape());
    check(&TD1[..2], shape());
    check(&TD3[..1], shape());
    check(&[TD2[0], TD3[1]], shape());
    check(&[TD3[0], TD3[1], ""], shape());
    check(&[TD3[0], &TD3[1][1..]], shape());
    check(&[TD1[0], TD1[1], TD1[2], TD1[2]], shape());
    let table: [(&[&str], usize, usize, &str); 37] = [
        (&TD3, 1, 1, "<"),
        (&TD3, 1, 1, "1"),
        (&TD3, 1, 1, "p"),
        (&TD3, 1, 2, " "),
        (&TD3, 1, 3, "<"),
        (&TD3, 1, 4, "0"),
        (&TD3, 1, 6, "<"),
        (&TD3, 1, 7, "0"),
        (&TD3, 1, 44, "k"),
        (&TD3, 2, 1, "<"),
        (&TD3, 2, 2, "-"),
        (&TD3, 2, 10, "O"),
        (&TD3, 2, 10, "<"),
        (&TD3, 2, 11, "<"),
        (&TD3, 2, 14, "O"),
        (&TD3, 2, 16, "00"),
        (&TD3, 2, 16, "13"),
        (&TD3, 2, 18, "00"),
        (&TD3, 2, 18, "32"),
        (&TD3, 2, 20, "<"),
        (&TD3, 2, 21, "W"),
        (&TD3, 2, 22, "I"),
        (&TD3, 2, 24, "19"),
        (&TD3, 2, 26, "99"),
        (&TD3, 2, 28, "<"),
        (&TD3, 2, 29, "."),
        (&TD3, 2, 43, "A"),
        (&TD3, 2, 44, "<"),
        (&TD1, 1, 15, "A"),
        (&TD1, 2, 8, "0"),
        (&TD1, 2, 30, "<"),
        (&TD1, 3, 1, "<"),
        (&TD1, 3, 30, "0"),
        (&TD2, 2, 36, "<"),
        (&MRV_A, 2, 44, "a"),
        (&MRV_A, 2, 10, "<"),
        (&MRV_B, 2, 36, ">"),
    ];
    for (lines, line, column, new) in table {
        check(&with(lines, line, column, new), Err(malformed(line as u8, column as u8)));
    }
    // The first of several, in the order of reading, whatever the order of the fields.
    check(&with(&with(&TD3, 2, 1, "-"), 1, 44, "0"), Err(malformed(1, 44)));
    check(&with(&with(&TD3, 2, 11, "0"), 2, 29, "."), Err(malformed(2, 11)));
    // A gap between letters: the letter behind it is out of place.
    check(&with(&TD3, 1, 4, "<"), Err(malformed(1, 5)));
    // As many bytes as a line has, but not as many characters.
    check(&["P<UTOERIKSSÖN<<ANNA<MARIA<<<<<<<<<<<<<<<<<<", TD3[1]], Err(malformed(1, 12)));
}

#[test]
fn debug_shows_no_content() {
    let mrz = Mrz::parse(&TD3).unwrap();
    assert_eq!(format!("{mrz:?} {:?}", mrz.birth), "Mrz { format: Td3, .. } MrzDate { .. }");
    assert_eq!(
        malformed(2, 10).to_string(),
        "the machine-readable zone is malformed: line 2, character 10 may not stand there"
    );
}

/// What a generated zone says.
#[derive(Clone, Debug)]
struct Says {
    kind: Kind,
    number: String,
    surname: String,
    given_names: String,
    birth: (u8, u8, u8),
    expiry: (u8, u8, u8),
    sex: char,
    optional: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Td1,
    Td2,
    Td3,
    MrvA,
    MrvB,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Td1, Self::Td2, Self::Td3, Self::MrvA, Self::MrvB];

    /// Characters of the (first) optional data.
    fn optional(self) -> usize {
        match self {
            Self::Td1 => 15,
            Self::Td2 => 7,
            Self::Td3 => 14,
            Self::MrvA => 16,
            Self::MrvB => 8,
        }
    }

    /// Characters of the longest number.
    fn number(self) -> usize {
        match self {
            Self::Td1 | Self::Td2 => 9 + self.optional() - 2,
            Self::Td3 | Self::MrvA | Self::MrvB => 9,
        }
    }

    /// Characters that a check digit covers, or that are one: line and characters, from 0.
    fn checked(self) -> Vec<(usize, usize)> {
        let line = |line: usize, columns: std::ops::Range<usize>| columns.map(move |column| (line, column));
        match self {
            Self::Td1 => line(0, 5..30).chain(line(1, 0..7)).chain(line(1, 8..15)).chain(line(1, 18..30)).collect(),
            Self::Td2 => line(1, 0..10).chain(line(1, 13..20)).chain(line(1, 21..36)).collect(),
            Self::Td3 => line(1, 0..10).chain(line(1, 13..20)).chain(line(1, 21..44)).collect(),
            Self::MrvA | Self::MrvB => line(1, 0..10).chain(line(1, 13..20)).chain(line(1, 21..28)).collect(),
        }
    }
}

impl Says {
    fn zone(&self) -> Vec<String> {
        let room = self.kind.optional();
        let filled = |text: &str, width: usize| format!("{:<<width$}", text.replace(' ', "<"));
        let checked = |text: String| format!("{text}{}", digit(&text));
        let date = |(year, month, day): (u8, u8, u8)| checked(format!("{year:02}{month:02}{day:02}"));
        let (number, optional) = match self.number.split_at_checked(9) {
            Some((head, rest)) if !rest.is_empty() => {
                (format!("{head}<"), format!("{rest}{}<{}", digit(&self.number), self.optional))
            }
            _ => (checked(filled(&self.number, 9)), self.optional.clone()),
        };
        let optional = filled(&optional, room);
        let names = format!("{}<<{}", self.surname, self.given_names);
        let (birth, expiry, sex) = (date(self.birth), date(self.expiry), self.sex);
        let two = |code: &str, names_room, tail: &str| {
            vec![format!("{code}<UTO{}", filled(&names, names_room)), format!("{number}UTO{birth}{sex}{expiry}{tail}")]
        };
        match self.kind {
            Kind::Td1 => sealed(vec![
                format!("I<UTO{number}{optional}"),
                format!("{birth}{sex}{expiry}UTO<<<<<<<<<<<0"),
                filled(&names, 30),
            ]),
            Kind::Td2 => sealed(two("I", 31, &format!("{optional}0"))),
            Kind::Td3 => sealed(two("P", 39, &format!("{}0", checked(optional)))),
            Kind::MrvA => two("V", 39, &optional),
            Kind::MrvB => two("V", 31, &optional),
        }
    }

    fn told(&self) -> String {
        let date = |(year, month, day): (u8, u8, u8)| format!("{year:02}-{month:02}-{day:02}");
        let (format, code) = match self.kind {
            Kind::Td1 => ("Td1", "I"),
            Kind::Td2 => ("Td2", "I"),
            Kind::Td3 => ("Td3", "P"),
            Kind::MrvA => ("Td3", "V"),
            Kind::MrvB => ("Td2", "V"),
        };
        let sex = match self.sex {
            'F' => "Female",
            'M' => "Male",
            _ => "Unspecified",
        };
        format!(
            "{format} {code} UTO|{}|{}, {}|UTO {} {sex} {}|{}",
            self.number,
            self.surname,
            self.given_names,
            date(self.birth),
            date(self.expiry),
            self.optional
        )
    }
}

fn says() -> impl Strategy<Value = Says> {
    let date = || (0..=99_u8, 1..=12_u8, 1..=31_u8);
    let names = ("[A-Z]{1,8}( [A-Z]{1,4})?", "([A-Z]{1,5}( [A-Z]{1,6})?)?");
    prop::sample::select(&Kind::ALL[..]).prop_flat_map(move |kind| {
        let long = format!("[A-Z0-9]{{9,{}}}", kind.number());
        let number = prop_oneof![
            "[A-Z0-9]{1,9}".boxed(),
            "[A-Z0-9]( ?[A-Z0-9]){0,4}".boxed(),
            prop::string::string_regex(&long).unwrap().boxed(),
        ];
        let says = (number, names, date(), date(), prop::sample::select(&['F', 'M', '<'][..]), "[A-Z0-9]{0,16}");
        says.prop_map(move |(number, (surname, given_names), birth, expiry, sex, mut optional)| {
            let overflow = number.len().saturating_sub(9);
            let taken = if overflow > 0 { overflow + 2 } else { 0 };
            optional.truncate(kind.optional() - taken);
            Says { kind, number, surname, given_names, birth, expiry, sex, optional }
        })
    })
}

proptest! {
    #[test]
    fn generated_zones_round_trip(says in says()) {
        check(&says.zone(), Ok(&says.told()));
    }

    #[test]
    fn a_wrong_character_is_noticed(says in says(), at: prop::sample::Index, new: prop::sample::Index) {
        let mut zone = says.zone();
        let checked = says.kind.checked();
        let (line, column) = *at.get(&checked);
        let old = zone[line][column..=column].to_owned();
        // The weights are coprime to 10, so only a change by a multiple of 10 goes unseen.
        let all = ('0'..='9').chain('A'..='Z').chain(['<']);
        let seen: Vec<char> = all.filter(|c| digit(&c.to_string()) != digit(&old)).collect();
        let new = new.get(&seen).to_string();
        zone[line].replace_range(column..=column, &new);
        prop_assert!(parse(&zone).is_err(), "{:?}: {} at {}, {}", zone, old, line, column);
    }

    #[test]
    fn no_lines_panic(lines in prop::collection::vec(".{0,50}|[A-Z0-9<]{30}|[A-Z0-9<]{36}|[A-Z0-9<]{44}", 0..5)) {
        let _ = parse(&lines);
    }

    #[test]
    fn no_damaged_zone_panics(says in says(), line: prop::sample::Index, at: prop::sample::Index, new: char) {
        let mut zone = says.zone();
        let line = line.index(zone.len());
        let column = at.index(zone[line].len());
        zone[line].replace_range(column..=column, new.encode_utf8(&mut [0; 4]));
        if let Ok(mrz) = parse(&zone) {
            prop_assert!(new.is_ascii() && !mrz.number.is_empty() && !mrz.surname.is_empty());
        }
    }
}
