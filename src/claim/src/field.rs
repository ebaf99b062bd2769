//! The questions of the form: how each is typed, shown, judged and stored. One place for all pages and for the
//! checklist, so what the participant reads, what the officer checks and what is sealed cannot drift apart.

use crate::identity::{
    self, AccountNumber, BANKS, Doubt, Fault, Kpj, Name, Nik, Parsed, PhoneNumber, TaxNumber, grouped,
};
use crate::money::Rupiah;
use crate::personal::Personal;
use crate::reason::{Reason, WAITING_MONTHS};
use crate::session::item::Field;
use crate::text::{Language, Text};
use jiff::Span;
use jiff::civil::Date;

/// How a field is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Number pad; at most so many digits.
    Digits { most: usize },
    /// Letters; at most so many characters.
    Letters { most: usize },
    /// A list of cards.
    Choice,
}

/// What the judgement of one field depends on beyond its own text.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub today: Date,
    pub reason: Option<Reason>,
    /// The participant's name, once known.
    pub name: Option<&'a str>,
    /// The bank's code, once chosen.
    pub bank: Option<&'a str>,
}

/// An entry that can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// As it is sealed: digits only, a date as `YYYY-MM-DD`, the bank's code.
    pub stored: Personal,
    pub doubts: Vec<Doubt>,
}

impl Field {
    pub fn input(self) -> Input {
        match self {
            Field::Nik => Input::Digits { most: Nik::LENGTH },
            Field::Kpj => Input::Digits { most: Kpj::LENGTH },
            Field::Phone => Input::Digits { most: PhoneNumber::LONGEST },
            Field::AccountNumber => Input::Digits { most: AccountNumber::LONGEST },
            Field::EventDate => Input::Digits { most: 8 },
            // A balance of 999 billion rupiah is beyond any old-age account.
            Field::Balance => Input::Digits { most: 12 },
            Field::TaxNumber => Input::Digits { most: 16 },
            Field::Name | Field::AccountHolder => Input::Letters { most: Name::LONGEST },
            Field::Bank | Field::Reason => Input::Choice,
        }
    }

    /// May be left out.
    pub fn is_optional(self) -> bool {
        self == Field::Balance
    }

    /// Judges what was typed.
    pub fn judge(self, typed: &str, context: &Context<'_>) -> Result<Answer, Fault> {
        match self {
            Field::Nik => Nik::parse(typed).map(|nik| {
                let mut answer = answer(&nik, Nik::digits);
                if context.reason == Some(Reason::RetirementAge) {
                    let age = nik.value.age(context.today).filter(|age| *age < 56);
                    answer.doubts.extend(age.map(|years| Doubt::Age { years }));
                }
                answer
            }),
            Field::Kpj => Kpj::parse(typed).map(|parsed| answer(&parsed, Kpj::digits)),
            Field::Name => Name::parse(typed).map(|parsed| answer(&parsed, Name::text)),
            Field::AccountHolder => Name::parse(typed).map(|parsed| {
                let mut answer = answer(&parsed, Name::text);
                if context.name.is_some_and(|name| !Name::same(name, typed)) {
                    answer.doubts.push(Doubt::HolderDiffers);
                }
                answer
            }),
            Field::Phone => PhoneNumber::parse(typed).map(|parsed| answer(&parsed, PhoneNumber::digits)),
            Field::AccountNumber => AccountNumber::parse(typed, context.bank.and_then(identity::bank))
                .map(|parsed| answer(&parsed, AccountNumber::digits)),
            Field::TaxNumber => TaxNumber::parse(typed).map(|parsed| answer(&parsed, TaxNumber::digits)),
            Field::Bank => identity::bank(typed).map(|bank| plain(bank.code)).ok_or(Fault::Choice),
            Field::Reason => Err(Fault::Choice),
            Field::EventDate => event_date(typed, context),
            Field::Balance => match typed.trim_start_matches('0').parse::<u64>() {
                Ok(amount) => Ok(plain(&amount.to_string())),
                Err(_) => Err(Fault::Empty),
            },
        }
    }

    /// What was typed so far, as people write it.
    pub fn shown(self, typed: &str) -> Personal {
        match self {
            Field::Nik | Field::Kpj | Field::Phone | Field::AccountNumber | Field::TaxNumber => grouped(typed, 4),
            Field::EventDate => date_shown(typed),
            Field::Balance if typed.is_empty() => Personal::default(),
            Field::Balance => Personal::new(Rupiah(typed.parse().unwrap_or(0)).to_string()),
            Field::Bank => Personal::new(identity::bank(typed).map_or("", |bank| bank.name)),
            Field::Name | Field::AccountHolder | Field::Reason => Personal::new(typed),
        }
    }

    /// The question on the page.
    pub fn question(self) -> Text {
        match self {
            Field::Nik => Text::new("Nomor NIK Anda", "Your NIK"),
            Field::Kpj => Text::new("Nomor peserta (KPJ)", "Participant number (KPJ)"),
            Field::Name => Text::new("Nama lengkap", "Full name"),
            Field::Reason => Text::new("Mengapa Anda mengajukan klaim?", "Why do you claim?"),
            Field::EventDate => Text::new("Tanggal pada surat", "Date on the letter"),
            Field::Phone => Text::new("Nomor telepon aktif", "Your phone number"),
            Field::Bank => Text::new("Bank Anda", "Your bank"),
            Field::AccountNumber => Text::new("Nomor rekening", "Account number"),
            Field::AccountHolder => Text::new("Nama pemilik rekening", "Name of the account holder"),
            Field::Balance => Text::new("Perkiraan saldo JHT", "Estimated JHT balance"),
            Field::TaxNumber => Text::new("Nomor NPWP", "Tax number (NPWP)"),
        }
    }

    /// Why it is asked, or where to find it.
    pub fn lead(self) -> Text {
        match self {
            Field::Nik => Text::new("16 angka di bagian atas KTP.", "16 digits at the top of your identity card."),
            Field::Kpj => Text::new(
                "11 angka pada kartu peserta. Kartu juga dapat ditempelkan pada pembaca.",
                "11 digits on your participant card. You can also hold the card to the reader.",
            ),
            Field::Name => Text::new("Tulis seperti pada KTP.", "Write it as on your identity card."),
            Field::Reason => Text::new(
                "Pilih satu. Dokumen yang diperlukan menyesuaikan.",
                "Choose one. The documents depend on it.",
            ),
            Field::EventDate => Text::new(
                "Hari, bulan, tahun pada surat pengunduran diri atau PHK.",
                "Day, month, year on the letter of resignation or lay-off.",
            ),
            Field::Phone => Text::new(
                "Petugas menghubungi nomor ini bila ada yang kurang.",
                "An officer calls this number if something is missing.",
            ),
            Field::Bank => {
                Text::new("Uang klaim dikirim ke rekening Anda sendiri.", "The money goes to your own account.")
            }
            Field::AccountNumber => {
                Text::new("Lihat di halaman depan buku tabungan.", "See the front page of your bank book.")
            }
            Field::AccountHolder => Text::new(
                "Harus atas nama sendiri, seperti pada buku tabungan.",
                "It must be your own, as in your bank book.",
            ),
            Field::Balance => Text::new(
                "Bila tahu, tulis saldonya agar pajaknya dapat diperkirakan. Boleh dilewati.",
                "If you know it, the tax can be estimated. You may skip this.",
            ),
            Field::TaxNumber => Text::new(
                "Diperlukan karena saldo di atas Rp 50 juta. 15 atau 16 angka.",
                "Needed because the balance is above Rp 50 million. 15 or 16 digits.",
            ),
        }
    }

    /// An example, shown grey while nothing is typed. Visibly a specimen.
    pub fn placeholder(self) -> &'static str {
        match self {
            Field::Nik => "3171 0117 0845 0001",
            Field::Kpj => "1234 5678 901",
            Field::Name | Field::AccountHolder => "Budi Specimen",
            Field::EventDate => "03 10 2026",
            Field::Phone => "0812 3456 7890",
            Field::AccountNumber => "0123 4567 8901 234",
            Field::Balance => "Rp 60.000.000",
            Field::TaxNumber => "1234 5678 2901 000",
            Field::Bank | Field::Reason => "",
        }
    }

    /// A stored value back in the form in which it was typed.
    pub fn typed_from(self, stored: &str) -> String {
        match self {
            Field::EventDate => stored.parse::<Date>().map_or_else(
                |_| String::new(),
                |date| format!("{:02}{:02}{:04}", date.day(), date.month(), date.year()),
            ),
            Field::Nik
            | Field::Kpj
            | Field::Name
            | Field::Reason
            | Field::Phone
            | Field::Bank
            | Field::AccountNumber
            | Field::AccountHolder
            | Field::Balance
            | Field::TaxNumber => stored.to_owned(),
        }
    }
}

/// Names of the banks, in the order of the page.
pub fn bank_choices(language: Language) -> Vec<(&'static str, &'static str)> {
    let other = Text::new("Bank lain", "Another bank");
    BANKS.iter().map(|bank| (bank.code, if bank.code == "OTHER" { other.get(language) } else { bank.name })).collect()
}

fn answer<T>(parsed: &Parsed<T>, text: impl Fn(&T) -> &str) -> Answer {
    Answer { stored: Personal::new(text(&parsed.value)), doubts: parsed.doubts.clone() }
}

fn plain(text: &str) -> Answer {
    Answer { stored: Personal::new(text), doubts: Vec::new() }
}

/// `DDMMYYYY`, not in the future; within the waiting period it is taken with a doubt.
fn event_date(typed: &str, context: &Context<'_>) -> Result<Answer, Fault> {
    if typed.len() < 8 {
        return Err(if typed.is_empty() { Fault::Empty } else { Fault::TooShort { missing: 8 - typed.len() } });
    }
    let number = |range: std::ops::Range<usize>| typed.get(range).and_then(|digits| digits.parse::<i16>().ok());
    let (Some(day), Some(month), Some(year)) = (number(0..2), number(2..4), number(4..8)) else {
        return Err(Fault::Date);
    };
    let date = i8::try_from(month)
        .ok()
        .zip(i8::try_from(day).ok())
        .filter(|_| typed.len() == 8 && year >= 1950)
        .and_then(|(month, day)| Date::new(year, month, day).ok())
        .ok_or(Fault::Date)?;
    if date > context.today {
        return Err(Fault::FutureDate);
    }
    // A date of this century plus a month stays within the calendar; if it did not, there would be nothing to wait for.
    let until = date.checked_add(Span::new().months(i64::from(WAITING_MONTHS))).ok();
    let doubts = until.filter(|until| *until > context.today).map(|until| Doubt::WaitingPeriod { until });
    Ok(Answer { stored: Personal::new(date.to_string()), doubts: doubts.into_iter().collect() })
}

fn date_shown(typed: &str) -> Personal {
    let mut shown = String::new();
    for (index, digit) in typed.chars().enumerate() {
        if index == 2 || index == 4 {
            shown.push(' ');
        }
        shown.push(digit);
    }
    Personal::new(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 11, 22);

    fn context() -> Context<'static> {
        Context { today: TODAY, reason: Some(Reason::RetirementAge), name: Some("Budi Specimen"), bank: Some("BRI") }
    }

    #[test]
    fn judgement() {
        let check = |field: Field, typed: &str, expect: Result<(&str, &[Doubt]), Fault>| {
            let found = field.judge(typed, &context());
            let found = found.as_ref().map(|a| (a.stored.reveal(), a.doubts.as_slice())).map_err(|f| *f);
            assert_eq!(found, expect, "{field:?} {typed}");
        };
        check(Field::Nik, "3171011708450001", Ok(("3171011708450001", &[])));
        check(Field::Nik, "3171011708900001", Ok(("3171011708900001", &[Doubt::Age { years: 36 }])));
        check(Field::AccountHolder, "BUDI SPECIMEN", Ok(("BUDI SPECIMEN", &[])));
        check(Field::AccountHolder, "Sari Specimen", Ok(("Sari Specimen", &[Doubt::HolderDiffers])));
        check(Field::AccountNumber, "0123456789", Ok(("0123456789", &[Doubt::AccountLength { usual: 15 }])));
        check(Field::Bank, "BRI", Ok(("BRI", &[])));
        check(Field::Bank, "XYZ", Err(Fault::Choice));
        check(Field::EventDate, "03102026", Ok(("2026-10-03", &[])));
        check(Field::EventDate, "01112026", Ok(("2026-11-01", &[Doubt::WaitingPeriod { until: date(2026, 12, 1) }])));
        check(Field::EventDate, "31092026", Err(Fault::Date));
        check(Field::EventDate, "23112026", Err(Fault::FutureDate));
        check(Field::EventDate, "0310", Err(Fault::TooShort { missing: 4 }));
        check(Field::Balance, "60000000", Ok(("60000000", &[])));
        check(Field::Balance, "000", Err(Fault::Empty));
    }

    #[test]
    fn shown_as_people_write() {
        let check = |field: Field, typed: &str, expect: &str| assert_eq!(field.shown(typed).reveal(), expect);
        check(Field::Nik, "3171011708450001", "3171 0117 0845 0001");
        check(Field::EventDate, "03102026", "03 10 2026");
        check(Field::EventDate, "031", "03 1");
        check(Field::Balance, "60000000", "Rp 60.000.000");
        check(Field::Bank, "CIMB", "CIMB Niaga");
    }

    #[test]
    fn a_stored_date_can_be_typed_again() {
        let stored = Field::EventDate.judge("03102026", &context()).unwrap().stored;
        assert_eq!(Field::EventDate.typed_from(stored.reveal()), "03102026");
    }
}
