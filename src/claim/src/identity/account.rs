//! Bank accounts. Benefits go by transfer to the participant's own account only.

use super::{Doubt, Fault, Parsed, digits};
use crate::personal::Personal;

/// A bank that the booth offers by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bank {
    /// Stored in the claim.
    pub code: &'static str,
    pub name: &'static str,
    /// How long this bank's account numbers usually are, in digits. Published lists disagree, so another length is a
    /// doubt and never a fault.
    pub usual_length: Option<u8>,
}

/// The banks with the most participants first, then the one entry for all others: the officer notes its name.
pub const BANKS: &[Bank] = &[
    Bank { code: "BRI", name: "BRI", usual_length: Some(15) },
    Bank { code: "MANDIRI", name: "Mandiri", usual_length: Some(13) },
    Bank { code: "BNI", name: "BNI", usual_length: Some(10) },
    Bank { code: "BCA", name: "BCA", usual_length: Some(10) },
    Bank { code: "BTN", name: "BTN", usual_length: Some(16) },
    Bank { code: "BSI", name: "BSI", usual_length: Some(10) },
    Bank { code: "CIMB", name: "CIMB Niaga", usual_length: None },
    Bank { code: "OTHER", name: "Bank lain", usual_length: None },
];

/// The bank of that code.
pub fn bank(code: &str) -> Option<&'static Bank> {
    BANKS.iter().find(|bank| bank.code == code)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountNumber(Personal);

impl AccountNumber {
    /// No bank in the country is known to use fewer.
    pub const SHORTEST: usize = 8;
    pub const LONGEST: usize = 20;

    pub fn parse(text: &str, bank: Option<&Bank>) -> Result<Parsed<Self>, Fault> {
        let digits = digits(text)?;
        let length = digits.len();
        if length < Self::SHORTEST {
            return Err(Fault::TooShort { missing: Self::SHORTEST - length });
        }
        if length > Self::LONGEST {
            return Err(Fault::TooLong { excess: length - Self::LONGEST });
        }
        let usual = bank.and_then(|bank| bank.usual_length).filter(|usual| usize::from(*usual) != length);
        let doubts = usual.map(|usual| Doubt::AccountLength { usual }).into_iter().collect();
        Ok(Parsed { value: Self(Personal::new(digits)), doubts })
    }

    pub fn digits(&self) -> &str {
        self.0.reveal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_cases() {
        let check = |text: &str, code: &str, expect: Result<&[Doubt], Fault>| {
            let parsed = AccountNumber::parse(text, bank(code));
            assert_eq!(parsed.as_ref().map(|p| p.doubts.as_slice()).map_err(|f| *f), expect, "{text} {code}");
        };
        check("0123 4567 8901 234", "BRI", Ok(&[]));
        check("0123456789012", "BRI", Ok(&[Doubt::AccountLength { usual: 15 }]));
        check("0123456789012", "CIMB", Ok(&[]));
        check("0123456", "BRI", Err(Fault::TooShort { missing: 1 }));
        check("012345678901234567890", "BRI", Err(Fault::TooLong { excess: 1 }));
        check("12a", "BRI", Err(Fault::NotDigits));
    }
}
