//! What a scan means: to the session, which asked for a number, and to a technician, who wants to see all of it.

use bilik_claim::identity::{Doubt, FamilyCardNumber, Fault, Kpj, Nik, Parsed, TaxNumber};
use bilik_claim::personal::Personal;
use bilik_claim::session::item::Field;
use bilik_claim::session::{CardEntry, CardReading};
use bilik_claim::text::Language;
use bilik_scanner::profile::FieldName;
use bilik_scanner::{Content, Mrz, Scan};

/// What the session may take from a scan.
pub fn reading(scan: &Scan) -> CardReading {
    let entry = |field, text: &str| CardEntry { field, text: Personal::new(text) };
    let entries = match &scan.content {
        Content::Number(digits) => vec![entry(None, digits)],
        // A name that fills its line may go on beyond it.
        Content::Document(zone) if zone.name_may_be_cut => Vec::new(),
        Content::Document(zone) => vec![entry(Some(Field::Name), &full_name(zone))],
        Content::Fields(fields) => {
            fields.iter().filter_map(|(name, text)| field(*name).map(|field| entry(Some(field), text))).collect()
        }
    };
    CardReading { entries }
}

/// Which number a scan is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum NumberKind {
    /// Population number.
    Nik,
    /// Participant number.
    Kpj,
    /// Family card.
    Kk,
    /// Tax number.
    Npwp,
}

/// A number taken for one kind, with what is wrong and what is doubtful about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    pub kind: NumberKind,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
}

/// Takes a number for what was asked for; or else for the first kind that it can be, in the order of how often they are
/// scanned. Sixteen digits can be all of three kinds, so the others are named as a warning.
pub fn judge(digits: &str, asked: Option<NumberKind>) -> Judged {
    if let Some(kind) = asked {
        return judged(digits, kind);
    }
    let kinds: &[NumberKind] = match digits.len() {
        Kpj::LENGTH => &[NumberKind::Kpj],
        15 => &[NumberKind::Npwp],
        _ => &[NumberKind::Nik, NumberKind::Kk, NumberKind::Npwp],
    };
    let mut possible: Vec<Judged> = kinds.iter().map(|kind| judged(digits, *kind)).collect();
    let first = possible.iter().position(|judged| judged.errors.is_empty()).unwrap_or(0);
    let mut taken = possible.swap_remove(first);
    let others: Vec<_> = possible.iter().filter(|other| other.errors.is_empty()).map(|other| other.kind).collect();
    taken.warnings.extend(others.into_iter().map(|kind| format!("it could be a {} too", kind.name())));
    taken
}

impl NumberKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nik => "NIK",
            Self::Kpj => "KPJ",
            Self::Kk => "KK",
            Self::Npwp => "NPWP",
        }
    }
}

fn judged(digits: &str, kind: NumberKind) -> Judged {
    fn outcome<T>(parsed: Result<Parsed<T>, Fault>) -> Result<Vec<Doubt>, Fault> {
        parsed.map(|parsed| parsed.doubts)
    }
    let outcome = match kind {
        NumberKind::Nik => outcome(Nik::parse(digits)),
        NumberKind::Kpj => outcome(Kpj::parse(digits)),
        NumberKind::Kk => outcome(FamilyCardNumber::parse(digits)),
        NumberKind::Npwp => outcome(TaxNumber::parse(digits)),
    };
    let (errors, warnings) = match outcome {
        Ok(doubts) => (Vec::new(), doubts.iter().map(|doubt| doubt.explain(Language::En)).collect()),
        Err(fault) => (vec![fault.explain(Language::En)], Vec::new()),
    };
    Judged { kind, errors, warnings }
}

fn field(name: FieldName) -> Option<Field> {
    match name {
        FieldName::Nik => Some(Field::Nik),
        FieldName::Kpj => Some(Field::Kpj),
        FieldName::TaxNumber => Some(Field::TaxNumber),
        FieldName::Name => Some(Field::Name),
        // The claim asks for a picture of the family card, not for its number.
        FieldName::FamilyCard => None,
    }
}

fn full_name(zone: &Mrz) -> zeroize::Zeroizing<String> {
    let mut name = zeroize::Zeroizing::new(String::with_capacity(zone.given_names.len() + zone.surname.len() + 1));
    name.push_str(&zone.given_names);
    if !zone.given_names.is_empty() && !zone.surname.is_empty() {
        name.push(' ');
    }
    name.push_str(&zone.surname);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_digits_are_what_was_asked_for() {
        use NumberKind::{Kk, Kpj, Nik, Npwp};
        let check = |digits: &str, asked, kind, errors: usize, warnings: usize| {
            let judged = judge(digits, asked);
            assert_eq!(
                (judged.kind, judged.errors.len(), judged.warnings.len()),
                (kind, errors, warnings),
                "{judged:?}"
            );
        };
        check("3171011708450001", None, Nik, 0, 2);
        check("3171011708450001", Some(Kk), Kk, 0, 0);
        check("3171011708450001", Some(Npwp), Npwp, 0, 0);
        // The raised day of a woman is a NIK's alone.
        check("3171015708450001", None, Nik, 0, 1);
        check("3171015708450001", Some(Kk), Kk, 1, 0);
        check("0123456782901000", None, Npwp, 0, 0);
        check("12345678901", None, Kpj, 0, 0);
        check("123456782901000", None, Npwp, 0, 0);
        check("123456783901000", None, Npwp, 1, 0);
        check("0071011708450001", None, Nik, 1, 0);
        check("12345678901", Some(Nik), Nik, 1, 0);
    }
}
