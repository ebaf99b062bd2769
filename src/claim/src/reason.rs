//! Why a participant claims, and what each reason needs.
//!
//! One table, because regulations change: Permenaker 4/2022 for the reasons, the documents and the waiting period, and
//! the fund's published lists for the documents of partial claims. Where no published list names a reason's further
//! documents (retirement age in company rules, end of a fixed-term contract), only the common ones are asked for and
//! the officer decides in the call.

use crate::document::DocumentKind;
use crate::text::Text;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Reason of a claim (*sebab klaim*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Resigned,
    LaidOff,
    RetirementAge,
    Partial10,
    Partial30Cash,
    Partial30Credit,
    Disability,
    ContractEnded,
    CompanyRetirement,
    IndependentStopped,
    LeftIndonesia,
    Death,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct ReasonRow {
    pub reason: Reason,
    pub title: Text,
    pub subtitle: Text,
    /// All of these are needed, beyond [`COMMON_DOCUMENTS`].
    pub documents: &'static [DocumentKind],
    /// Any one of these is enough.
    pub any_one_of: &'static [DocumentKind],
    /// The date on the letter starts the waiting period of [`WAITING_MONTHS`].
    pub asks_event_date: bool,
    /// On the first page of choices; the rest stands behind "another reason".
    pub frequent: bool,
}

/// Needed for every reason (DOMAIN: always). The face is photographed last, at the booth camera.
pub const COMMON_DOCUMENTS: &[DocumentKind] =
    &[DocumentKind::IdentityCard, DocumentKind::FamilyCard, DocumentKind::ParticipantCard, DocumentKind::BankBook];

/// Months between the letter of resignation or the lay-off and the payment (Permenaker 4/2022, articles 8 and 10).
pub const WAITING_MONTHS: u8 = 1;

/// Balance above which a tax number is needed, in rupiah.
pub const TAX_NUMBER_ABOVE: u64 = 50_000_000;

const fn row(reason: Reason, title: Text, subtitle: Text) -> ReasonRow {
    ReasonRow { reason, title, subtitle, documents: &[], any_one_of: &[], asks_event_date: false, frequent: false }
}

/// All reasons, in the order in which the booth offers them.
pub const REASONS: &[ReasonRow] = &[
    ReasonRow {
        documents: &[DocumentKind::EmployerLetter],
        asks_event_date: true,
        frequent: true,
        ..row(
            Reason::Resigned,
            Text::new("Mengundurkan diri", "I resigned"),
            Text::new("Berhenti atas kemauan sendiri", "Left the job of my own will"),
        )
    },
    ReasonRow {
        any_one_of: &[
            DocumentKind::LayoffNotice,
            DocumentKind::LayoffAgencyReceipt,
            DocumentKind::LayoffEmployerReport,
            DocumentKind::JointAgreement,
            DocumentKind::CourtRuling,
        ],
        asks_event_date: true,
        frequent: true,
        ..row(
            Reason::LaidOff,
            Text::new("Terkena PHK", "I was laid off"),
            Text::new("Hubungan kerja diputus perusahaan", "The employer ended the job"),
        )
    },
    ReasonRow {
        frequent: true,
        ..row(
            Reason::RetirementAge,
            Text::new("Usia pensiun", "Retirement age"),
            Text::new("56 tahun atau lebih", "56 years or older"),
        )
    },
    ReasonRow {
        documents: &[DocumentKind::EmploymentLetter],
        frequent: true,
        ..row(
            Reason::Partial10,
            Text::new("Sebagian 10 %", "Partial, 10 %"),
            Text::new("Masih bekerja, peserta 10 tahun", "Still working, member for 10 years"),
        )
    },
    ReasonRow {
        documents: &[DocumentKind::DoctorLetter],
        frequent: true,
        ..row(
            Reason::Disability,
            Text::new("Cacat total tetap", "Total permanent disability"),
            Text::new("Dengan surat dokter", "With a doctor's letter"),
        )
    },
    row(
        Reason::ContractEnded,
        Text::new("Kontrak kerja berakhir", "Contract ended"),
        Text::new("Kontrak waktu tertentu (PKWT) selesai", "A fixed-term contract (PKWT) is over"),
    ),
    ReasonRow {
        documents: &[DocumentKind::HousingSaleAgreement],
        ..row(
            Reason::Partial30Cash,
            Text::new("Rumah tunai 30 %", "House, cash, 30 %"),
            Text::new("Peserta 10 tahun, beli tunai", "Member for 10 years, paid in cash"),
        )
    },
    ReasonRow {
        documents: &[DocumentKind::HousingLoanAgreement, DocumentKind::StandingInstruction, DocumentKind::LoanAccount],
        ..row(
            Reason::Partial30Credit,
            Text::new("Rumah kredit 30 %", "House, credit, 30 %"),
            Text::new("Peserta 10 tahun, kredit bank", "Member for 10 years, bank loan"),
        )
    },
    row(
        Reason::CompanyRetirement,
        Text::new("Pensiun aturan perusahaan", "Company retirement"),
        Text::new("Sesuai peraturan perusahaan", "By the employer's rules"),
    ),
    row(
        Reason::IndependentStopped,
        Text::new("Berhenti usaha mandiri", "Stopped own business"),
        Text::new("Peserta bukan penerima upah (BPU)", "Independent participant (BPU)"),
    ),
    ReasonRow {
        documents: &[DocumentKind::Passport, DocumentKind::NoMoreWorkStatement],
        ..row(
            Reason::LeftIndonesia,
            Text::new("Pindah ke luar negeri", "Leaving Indonesia"),
            Text::new("Meninggalkan Indonesia selamanya", "For good"),
        )
    },
    ReasonRow {
        documents: &[DocumentKind::DeathCertificate, DocumentKind::HeirLetter, DocumentKind::HeirIdentityCard],
        ..row(
            Reason::Death,
            Text::new("Peserta meninggal", "Participant has died"),
            Text::new("Diajukan ahli waris", "Filed by an heir"),
        )
    },
];

impl Reason {
    pub fn row(self) -> &'static ReasonRow {
        // A test below keeps the table complete; the first row never stands in for another.
        REASONS.iter().find(|row| row.reason == self).unwrap_or(&REASONS[0])
    }
}

impl ReasonRow {
    /// The documents to photograph, in order: the common ones, the reason's own, the chosen alternative, the tax card
    /// if needed, the face last.
    pub fn required(&self, alternative: Option<DocumentKind>, tax_card: bool) -> Vec<DocumentKind> {
        let mut list: Vec<DocumentKind> = COMMON_DOCUMENTS.to_vec();
        list.extend(self.documents);
        if let Some(first) = self.any_one_of.first() {
            list.push(alternative.filter(|kind| self.any_one_of.contains(kind)).unwrap_or(*first));
        }
        if tax_card {
            list.push(DocumentKind::TaxCard);
        }
        list.push(DocumentKind::Face);
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_one_row() {
        use Reason::*;
        let all = [
            Resigned,
            LaidOff,
            RetirementAge,
            Partial10,
            Partial30Cash,
            Partial30Credit,
            Disability,
            ContractEnded,
            CompanyRetirement,
            IndependentStopped,
            LeftIndonesia,
            Death,
        ];
        for reason in all {
            assert_eq!(REASONS.iter().filter(|row| row.reason == reason).count(), 1, "{reason:?}");
            assert_eq!(reason.row().reason, reason);
        }
        assert_eq!(REASONS.len(), all.len());
    }

    #[test]
    fn required_documents() {
        use DocumentKind::*;
        let check = |reason: Reason, alternative, tax_card, own: &[DocumentKind]| {
            let mut expect = COMMON_DOCUMENTS.to_vec();
            expect.extend(own);
            expect.push(Face);
            assert_eq!(reason.row().required(alternative, tax_card), expect, "{reason:?}");
        };
        check(Reason::RetirementAge, None, false, &[]);
        check(Reason::RetirementAge, None, true, &[TaxCard]);
        check(Reason::Resigned, None, false, &[EmployerLetter]);
        check(Reason::LaidOff, None, false, &[LayoffNotice]);
        check(Reason::LaidOff, Some(CourtRuling), true, &[CourtRuling, TaxCard]);
        check(Reason::LaidOff, Some(Passport), false, &[LayoffNotice]);
        check(Reason::Death, None, false, &[DeathCertificate, HeirLetter, HeirIdentityCard]);
    }
}
