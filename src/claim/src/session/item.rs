//! What an officer checks: each field and each document of a claim.

use crate::document::DocumentKind;
use crate::text::Text;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A question of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Nik,
    Kpj,
    Name,
    Reason,
    /// Date on the letter of resignation or the lay-off.
    EventDate,
    Phone,
    Bank,
    AccountNumber,
    AccountHolder,
    /// The participant's own idea of the balance; optional.
    Balance,
    TaxNumber,
}

impl Field {
    pub const ALL: &[Field] = &[
        Field::Nik,
        Field::Kpj,
        Field::Name,
        Field::Reason,
        Field::EventDate,
        Field::Phone,
        Field::Bank,
        Field::AccountNumber,
        Field::AccountHolder,
        Field::Balance,
        Field::TaxNumber,
    ];

    /// Short name, as in a list.
    pub fn title(self) -> Text {
        match self {
            Field::Nik => Text::new("NIK", "NIK"),
            Field::Kpj => Text::new("Nomor peserta (KPJ)", "Participant number (KPJ)"),
            Field::Name => Text::new("Nama", "Name"),
            Field::Reason => Text::new("Alasan klaim", "Reason"),
            Field::EventDate => Text::new("Tanggal surat", "Date of the letter"),
            Field::Phone => Text::new("Nomor telepon", "Phone number"),
            Field::Bank => Text::new("Bank", "Bank"),
            Field::AccountNumber => Text::new("Nomor rekening", "Account number"),
            Field::AccountHolder => Text::new("Pemilik rekening", "Account holder"),
            Field::Balance => Text::new("Perkiraan saldo", "Estimated balance"),
            Field::TaxNumber => Text::new("NPWP", "Tax number (NPWP)"),
        }
    }

    /// Whether an officer has to look at it. The balance is the participant's own guess.
    pub fn is_checked(self) -> bool {
        self != Field::Balance
    }
}

/// One row of the checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    Field(Field),
    Document(DocumentKind),
}

impl Item {
    pub fn title(self) -> Text {
        match self {
            Item::Field(field) => field.title(),
            Item::Document(kind) => kind.title(),
        }
    }
}

/// How far the check of one item has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    #[default]
    Pending,
    Correct,
    /// The officer wants it again, for this reason.
    AskedAgain {
        reason: String,
    },
    /// The participant has given it again; the officer looks once more.
    Corrected,
}
