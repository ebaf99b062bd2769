//! Machine-readable zones: any lines, and lines whose check digits are right.
//!
//! The first byte chooses: 0 takes the rest as lines, as they are. Any other makes a zone of the rest: each byte becomes a
//! character that may stand in its place, so that most inputs reach the fields; then the check digits are set, by a sum of
//! this file's own.

#![no_main]

use bilik_scanner::Mrz;
use bilik_scanner::mrz::{MrzError, MrzFormat};
use bilik_scanner_fuzz::shape;
use std::ops::Range;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    if choice == 0 {
        let Ok(text) = std::str::from_utf8(rest) else { return };
        let lines: Vec<&str> = text.lines().collect();
        return check(&lines, &Mrz::parse(&lines));
    }
    let format = MrzFormat::ALL[usize::from(choice) % 3];
    let (count, length) = format.shape();
    let mut zone: Vec<u8> =
        rest.iter().copied().chain(std::iter::repeat(b'<')).take(count * length).map(of_a_zone).collect();
    let visa = format != MrzFormat::Td1 && zone[0] == b'V';
    let places = Places::of(format, visa);
    places.repair(&mut zone, choice & 0x80 != 0);
    let text = String::from_utf8(zone.clone()).expect("ASCII");
    let lines: Vec<&str> = (0..count).map(|line| &text[line * length..(line + 1) * length]).collect();
    let read = Mrz::parse(&lines);
    check(&lines, &read);
    assert!(!matches!(read, Err(MrzError::Checks(_))), "right check digits are taken for wrong: {lines:?}");
    if let Ok(mrz) = read {
        assert_eq!(mrz.is_visa(), visa);
        // Any other digit in place of a right one is noticed.
        for at in [places.birth.end, places.expiry.end] {
            let mut wrong = zone.clone();
            wrong[at] = if wrong[at] == b'9' { b'0' } else { wrong[at] + 1 };
            let wrong = String::from_utf8(wrong).expect("ASCII");
            let lines: Vec<&str> = (0..count).map(|line| &wrong[line * length..(line + 1) * length]).collect();
            assert!(matches!(Mrz::parse(&lines), Err(MrzError::Checks(_))), "a wrong check digit is not noticed");
        }
    }
});

fn check(lines: &[&str], read: &Result<Mrz, MrzError>) {
    match read {
        Ok(mrz) => {
            assert_eq!((lines.len(), lines[0].len()), mrz.format.shape());
            shape::zone(mrz);
        }
        Err(error) => shape::refused_zone(*error),
    }
}

/// A letter, digit or filler; those stay as they are.
fn of_a_zone(byte: u8) -> u8 {
    const ALL: &[u8; 37] = b"<ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    if ALL.contains(&byte) { byte } else { ALL[usize::from(byte) % ALL.len()] }
}

/// Where things stand in the lines put end to end; each check digit follows its field.
struct Places {
    letters: [Range<usize>; 3],
    number: Range<usize>,
    birth: Range<usize>,
    expiry: Range<usize>,
    sex: usize,
    /// Of the (first) optional data.
    optional: Range<usize>,
    /// Whether a check digit follows the optional data.
    optional_check: bool,
    overflows: bool,
    composite: Option<(usize, Vec<Range<usize>>)>,
}

impl Places {
    fn of(format: MrzFormat, visa: bool) -> Self {
        if format == MrzFormat::Td1 {
            return Self {
                letters: [2..5, 45..48, 60..90],
                number: 5..14,
                birth: 30..36,
                expiry: 38..44,
                sex: 37,
                optional: 15..30,
                optional_check: false,
                overflows: true,
                composite: Some((59, vec![5..30, 30..37, 38..45, 48..59])),
            };
        }
        let passport = format == MrzFormat::Td3;
        let second = format.shape().1;
        let at = |range: Range<usize>| second + range.start..second + range.end;
        Self {
            letters: [2..5, at(10..13), 5..second],
            number: at(0..9),
            birth: at(13..19),
            expiry: at(21..27),
            sex: second + 20,
            optional: at(28..if passport { 42 } else { 35 }),
            optional_check: passport && !visa,
            overflows: !passport && !visa,
            composite: (!visa).then(|| (2 * second - 1, vec![at(0..10), at(13..20), at(21..second - 1)])),
        }
    }

    /// Puts letters, dates and check digits where they belong; `long`: the number goes on in the optional data.
    fn repair(&self, zone: &mut [u8], long: bool) {
        for at in self.letters.clone().into_iter().flatten().chain([0]) {
            zone[at] = if zone[at].is_ascii_digit() { zone[at] - b'0' + b'A' } else { zone[at] };
        }
        for date in [&self.birth, &self.expiry] {
            for at in date.clone() {
                zone[at] = if zone[at].is_ascii_uppercase() { b'0' + zone[at] % 10 } else { zone[at] };
            }
            seal(zone, std::slice::from_ref(date), date.end);
        }
        zone[self.sex] = b"MFX<"[usize::from(zone[self.sex]) % 4];
        seal(zone, std::slice::from_ref(&self.number), self.number.end);
        if long && self.overflows {
            let rest = self.optional.start..self.optional.start + 3;
            for at in rest.clone().chain([self.number.end - 1]) {
                zone[at] = if zone[at] == b'<' { b'0' } else { zone[at] };
            }
            seal(zone, &[self.number.clone(), rest.clone()], rest.end);
            zone[rest.end + 1] = b'<';
            zone[self.number.end] = b'<';
        }
        if self.optional_check {
            seal(zone, std::slice::from_ref(&self.optional), self.optional.end);
        }
        if let Some((at, over)) = &self.composite {
            seal(zone, over, *at);
        }
    }
}

fn seal(zone: &mut [u8], over: &[Range<usize>], at: usize) {
    let value = |byte: u8| char::from(byte).to_digit(36).unwrap_or(0);
    let covered = over.iter().cloned().flatten().enumerate();
    let sum: u32 = covered.map(|(place, index)| value(zone[index]) * [7, 3, 1][place % 3]).sum();
    zone[at] = b'0' + (sum % 10) as u8;
}
