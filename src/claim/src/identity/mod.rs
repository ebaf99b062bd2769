//! Numbers that people carry, and what can be said of them without asking anybody.
//!
//! A number that cannot exist is a [`Fault`]; one that is merely unusual is a [`Doubt`] for the officer's eyes. The
//! line between them matters: registers change, a card does not, and nobody is sent home because a table is old.

mod account;
mod finding;
mod nik;
mod npwp;
mod person;

pub use account::{AccountNumber, BANKS, Bank, bank};
pub use finding::{Doubt, Fault, PhotoDoubt, long_date};
pub use nik::{FamilyCardNumber, Nik};
pub use npwp::TaxNumber;
pub use person::{Kpj, Name, PhoneNumber};

use crate::personal::Personal;

/// A value that parsed, with what is doubtful about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<T> {
    pub value: T,
    pub doubts: Vec<Doubt>,
}

impl<T> Parsed<T> {
    fn plain(value: T) -> Self {
        Self { value, doubts: Vec::new() }
    }
}

/// The digits of an entry; blanks, dots and dashes between them are how people write and do not count.
fn digits(text: &str) -> Result<String, Fault> {
    let mut digits = String::with_capacity(text.len().min(64));
    for character in text.chars() {
        match character {
            '0'..='9' if digits.len() < 64 => digits.push(character),
            '0'..='9' => return Err(Fault::TooLong { excess: 1 }),
            ' ' | '.' | '-' => {}
            _ => return Err(Fault::NotDigits),
        }
    }
    if digits.is_empty() { Err(Fault::Empty) } else { Ok(digits) }
}

/// Exactly so many digits.
fn exactly(text: &str, length: usize) -> Result<String, Fault> {
    let digits = digits(text)?;
    match digits.len() {
        n if n < length => Err(Fault::TooShort { missing: length - n }),
        n if n > length => Err(Fault::TooLong { excess: n - length }),
        _ => Ok(digits),
    }
}

/// `3171 0117 0845 0001`: groups of so many digits, the last one takes what is left over.
pub(crate) fn grouped(digits: &str, group: usize) -> Personal {
    let mut text = String::with_capacity(digits.len() * 5 / 4 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index % group == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    Personal::new(text)
}
