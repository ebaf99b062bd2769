//! Participant number, name and phone.

use super::{Doubt, Fault, Parsed, digits, exactly};
use crate::personal::Personal;

/// Number on the participant card (*Kartu Peserta Jamsostek*): 11 digits, no published inner structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kpj(Personal);

impl Kpj {
    pub const LENGTH: usize = 11;

    pub fn parse(text: &str) -> Result<Parsed<Self>, Fault> {
        Ok(Parsed::plain(Self(Personal::new(exactly(text, Self::LENGTH)?))))
    }

    pub fn digits(&self) -> &str {
        self.0.reveal()
    }
}

/// Full name as on the identity card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(Personal);

impl Name {
    /// In characters; the civil registry allows 60 (Permendagri 73/2022, article 4), heirs' deeds may be longer.
    pub const LONGEST: usize = 80;

    pub fn parse(text: &str) -> Result<Parsed<Self>, Fault> {
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return Err(Fault::Empty);
        }
        if !name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | ',' | '\'' | '-' | '/')) {
            return Err(Fault::NameCharacter);
        }
        if name.chars().filter(|c| c.is_alphabetic()).count() < 2 {
            return Err(Fault::NameTooShort);
        }
        match name.chars().count() {
            n if n > Self::LONGEST => Err(Fault::TooLong { excess: n - Self::LONGEST }),
            _ => Ok(Parsed::plain(Self(Personal::new(name)))),
        }
    }

    pub fn text(&self) -> &str {
        self.0.reveal()
    }

    /// Whether two spellings are the same person's: case, dots and spaces do not count.
    pub fn same(a: &str, b: &str) -> bool {
        let key =
            |text: &str| text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_uppercase).collect::<String>();
        key(a) == key(b)
    }
}

/// Phone number in national form (ITU-T E.164 numbers of +62 are at most 13 digits with the leading zero).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber(Personal);

impl PhoneNumber {
    pub const SHORTEST: usize = 9;
    pub const LONGEST: usize = 13;

    pub fn parse(text: &str) -> Result<Parsed<Self>, Fault> {
        let digits = digits(text.trim_start().trim_start_matches('+'))?;
        let digits = digits.strip_prefix("62").map(|rest| format!("0{rest}")).unwrap_or(digits);
        if !digits.starts_with('0') || digits.starts_with("00") {
            return Err(Fault::PhonePrefix);
        }
        let mobile = digits.starts_with("08");
        // Mobile numbers have ten digits or more; the shortest landline has nine.
        let shortest = if mobile { Self::SHORTEST + 2 } else { Self::SHORTEST };
        match digits.len() {
            n if n < shortest => Err(Fault::TooShort { missing: shortest - n }),
            n if n > Self::LONGEST => Err(Fault::TooLong { excess: n - Self::LONGEST }),
            _ => {
                let doubts = if mobile { Vec::new() } else { vec![Doubt::NotMobile] };
                Ok(Parsed { value: Self(Personal::new(digits)), doubts })
            }
        }
    }

    pub fn digits(&self) -> &str {
        self.0.reveal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_cases() {
        let check = |text: &str, expect: Result<(&str, &[Doubt]), Fault>| {
            let parsed = PhoneNumber::parse(text);
            let found = parsed.as_ref().map(|p| (p.value.digits(), p.doubts.as_slice())).map_err(|f| *f);
            assert_eq!(found, expect, "{text}");
        };
        check("0812 3456 789", Ok(("08123456789", &[])));
        check("+62 812-3456-7890", Ok(("081234567890", &[])));
        check("021 555 0123", Ok(("0215550123", &[Doubt::NotMobile])));
        check("0812 3456 7", Err(Fault::TooShort { missing: 2 }));
        check("8123456789", Err(Fault::PhonePrefix));
        check("0", Err(Fault::TooShort { missing: 8 }));
        check("08123456789012", Err(Fault::TooLong { excess: 1 }));
        check("", Err(Fault::Empty));
    }

    #[test]
    fn name_cases() {
        let check = |text: &str, expect: Result<&str, Fault>| {
            let parsed = Name::parse(text);
            assert_eq!(parsed.as_ref().map(|p| p.value.text()).map_err(|f| *f), expect, "{text}");
        };
        check("  Budi   Specimen ", Ok("Budi Specimen"));
        check("Ni Luh D'Specimen, S.H.", Ok("Ni Luh D'Specimen, S.H."));
        check("B", Err(Fault::NameTooShort));
        check("Budi 2", Err(Fault::NameCharacter));
        check(" ", Err(Fault::Empty));
        assert!(Name::same("BUDI  SPECIMEN", "Budi Specimen."));
        assert!(!Name::same("Budi Specimen", "Sari Specimen"));
    }

    #[test]
    fn kpj_cases() {
        assert!(Kpj::parse("1234 5678 901").is_ok());
        assert_eq!(Kpj::parse("1234567890").unwrap_err(), Fault::TooShort { missing: 1 });
    }
}
