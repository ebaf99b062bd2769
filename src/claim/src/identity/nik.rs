//! NIK and family card number: `PPRRSS DDMMYY NNNN`.
//!
//! Province, regency, district; a date (of birth in a NIK, of issue in a family card number); a serial from 0001. In a
//! NIK the day of a woman is raised by 40. There is no check digit (Permendagri 73/2022 and the civil registry's
//! published examples). Region codes change while a number does not, so only the province is taken for certain.

use super::{Doubt, Fault, Parsed, exactly, grouped};
use crate::personal::Personal;
use jiff::civil::Date;

/// Population number of a resident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nik(Personal);

impl Nik {
    pub const LENGTH: usize = 16;

    pub fn parse(text: &str) -> Result<Parsed<Self>, Fault> {
        let digits = exactly(text, Self::LENGTH)?;
        let doubts = region(&digits)?;
        let day = number(&digits[6..8]);
        let day = if day > 40 { day - 40 } else { day };
        if !date_can_exist(&digits, day) {
            return Err(Fault::BirthDate);
        }
        serial(&digits)?;
        Ok(Parsed { value: Self(Personal::new(digits)), doubts })
    }

    pub fn digits(&self) -> &str {
        self.0.reveal()
    }

    /// In groups of four, as on the pages.
    pub fn shown(&self) -> Personal {
        grouped(self.digits(), 4)
    }

    /// The date of birth that the number tells. Two digits of a year: the latest one that is not in the future, since
    /// nobody has a NIK before birth. It can contradict the true one, which stays valid.
    pub fn birth_date(&self, today: Date) -> Option<Date> {
        let digits = self.digits();
        let day = number(&digits[6..8]);
        let day = if day > 40 { day - 40 } else { day };
        let century = today.year() / 100 * 100;
        let year = i16::from(number(&digits[10..12]));
        let date = |year| Date::new(year, number(&digits[8..10]), day).ok();
        date(century + year).filter(|date| *date <= today).or_else(|| date(century - 100 + year))
    }

    /// Full years on that day, by the number.
    pub fn age(&self, today: Date) -> Option<u8> {
        let birth = self.birth_date(today)?;
        let had_birthday = (today.month(), today.day()) >= (birth.month(), birth.day());
        u8::try_from(today.year() - birth.year() - i16::from(!had_birthday)).ok()
    }
}

/// Number of a family card (KK).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyCardNumber(Personal);

impl FamilyCardNumber {
    pub fn parse(text: &str) -> Result<Parsed<Self>, Fault> {
        let digits = exactly(text, Nik::LENGTH)?;
        let doubts = region(&digits)?;
        if !date_can_exist(&digits, number(&digits[6..8])) {
            return Err(Fault::Date);
        }
        serial(&digits)?;
        Ok(Parsed { value: Self(Personal::new(digits)), doubts })
    }

    pub fn digits(&self) -> &str {
        self.0.reveal()
    }
}

/// Province codes of the Ministry of Home Affairs that numbers in use begin with.
fn province_exists(code: i8) -> bool {
    matches!(code, 11..=19 | 21 | 31..=36 | 51..=53 | 61..=65 | 71..=76 | 81..=82 | 91..=96)
}

fn region(digits: &str) -> Result<Vec<Doubt>, Fault> {
    if !province_exists(number(&digits[0..2])) {
        return Err(Fault::Province);
    }
    let unusual = number(&digits[2..4]) == 0 || number(&digits[4..6]) == 0;
    Ok(if unusual { vec![Doubt::Region] } else { Vec::new() })
}

/// In some century: 29 February is judged by a leap year only if the two digits of the year allow one.
fn date_can_exist(digits: &str, day: i8) -> bool {
    let (month, year) = (number(&digits[8..10]), i16::from(number(&digits[10..12])));
    Date::new(1900 + year, month, day).is_ok() || Date::new(2000 + year, month, day).is_ok()
}

fn serial(digits: &str) -> Result<(), Fault> {
    if &digits[12..16] == "0000" { Err(Fault::Serial) } else { Ok(()) }
}

/// Two digits; the caller has made sure that they are.
fn number(two: &str) -> i8 {
    two.bytes().fold(0, |value, byte| value * 10 + (byte - b'0') as i8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn nik_cases() {
        let check = |text: &str, expect: Result<&[Doubt], Fault>| {
            let parsed = Nik::parse(text);
            assert_eq!(parsed.as_ref().map(|p| p.doubts.as_slice()).map_err(|f| *f), expect, "{text}");
        };
        check("3171011708450001", Ok(&[]));
        check("3171 0117 0845 0001", Ok(&[]));
        check("3171015708450001", Ok(&[])); // a woman: 17 + 40
        check("3171002902000001", Ok(&[Doubt::Region])); // 29 February 2000
        check("", Err(Fault::Empty));
        check("31710117084500", Err(Fault::TooShort { missing: 2 }));
        check("317101170845000123", Err(Fault::TooLong { excess: 2 }));
        check("317101170845000A", Err(Fault::NotDigits));
        check("0171011708450001", Err(Fault::Province));
        check("2071011708450001", Err(Fault::Province));
        check("3171013208450001", Err(Fault::BirthDate)); // day 32
        check("3171014008450001", Err(Fault::BirthDate)); // day 40: between men and women
        check("3171017208450001", Err(Fault::BirthDate)); // day 72
        check("3171011713450001", Err(Fault::BirthDate)); // month 13
        check("3171012902010001", Err(Fault::BirthDate)); // 29 February 2001 or 1901
        check("3171011708450000", Err(Fault::Serial));
    }

    #[test]
    fn birth_date_is_the_latest_possible() {
        let check = |text: &str, expect| {
            let nik = Nik::parse(text).unwrap().value;
            assert_eq!(nik.birth_date(date(2026, 11, 22)), Some(expect), "{text}");
        };
        check("3171011708450001", date(1945, 8, 17));
        check("3171015708450001", date(1945, 8, 17));
        check("3171010101200001", date(2020, 1, 1));
        check("3171012311260001", date(1926, 11, 23));
        let nik = Nik::parse("3171012211700001").unwrap().value;
        assert_eq!(nik.age(date(2026, 11, 21)), Some(55));
        assert_eq!(nik.age(date(2026, 11, 22)), Some(56));
    }

    #[test]
    fn family_card_has_no_raised_day() {
        assert!(FamilyCardNumber::parse("3171011708100001").is_ok());
        assert_eq!(FamilyCardNumber::parse("3171015708100001").unwrap_err(), Fault::Date);
    }

    #[test]
    fn debug_hides_the_number() {
        let nik = Nik::parse("3171011708450001").unwrap();
        assert!(!format!("{nik:?}").contains("3171"));
    }
}
