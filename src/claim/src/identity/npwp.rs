//! NPWP, the tax number: 15 digits with Luhn's check over the first nine, or 16 digits since PMK 112/2022: a NIK, or 0
//! and the old fifteen.

use super::{Fault, Nik, Parsed, digits};
use crate::personal::Personal;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxNumber(Personal);

impl TaxNumber {
    pub fn parse(text: &str) -> Result<Parsed<Self>, Fault> {
        let digits = digits(text)?;
        match digits.len() {
            n if n < 15 => return Err(Fault::TooShort { missing: 15 - n }),
            15 if !luhn(&digits[..9]) => return Err(Fault::CheckDigit),
            15 => {}
            16 if digits.starts_with('0') => {
                if !luhn(&digits[1..10]) {
                    return Err(Fault::CheckDigit);
                }
            }
            16 => {
                let doubts = Nik::parse(&digits)?.doubts;
                return Ok(Parsed { value: Self(Personal::new(digits)), doubts });
            }
            n => return Err(Fault::TooLong { excess: n - 16 }),
        }
        Ok(Parsed::plain(Self(Personal::new(digits))))
    }

    pub fn digits(&self) -> &str {
        self.0.reveal()
    }
}

/// Luhn's sum (ISO/IEC 7812-1, annex B) over digits of which the last is the check digit.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| {
            let digit = u32::from(byte - b'0');
            let doubled = if index % 2 == 1 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npwp_cases() {
        let check = |text: &str, expect: Result<(), Fault>| {
            assert_eq!(TaxNumber::parse(text).map(|_| ()), expect, "{text}");
        };
        check("12.345.678-2.901.000", Ok(()));
        check("0123456782901000", Ok(()));
        check("3171011708450001", Ok(()));
        check("12.345.678-3.901.000", Err(Fault::CheckDigit));
        check("0123456783901000", Err(Fault::CheckDigit));
        check("3171013208450001", Err(Fault::BirthDate));
        check("12345678290100", Err(Fault::TooShort { missing: 1 }));
        check("12345678290100012", Err(Fault::TooLong { excess: 1 }));
    }
}
