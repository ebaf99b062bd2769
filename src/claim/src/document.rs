//! The papers that a claim can need.

use crate::text::Text;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! documents {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $id:literal, $en:literal;)*) => {
        /// One kind of paper (or the face), photographed at the booth.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        pub enum DocumentKind { $($(#[$doc])* $name,)* }

        impl DocumentKind {
            pub const ALL: &[DocumentKind] = &[$(DocumentKind::$name,)*];

            /// Stable name, used for parts and on the wire.
            pub fn code(self) -> &'static str {
                match self { $(DocumentKind::$name => $code,)* }
            }

            pub fn title(self) -> Text {
                match self { $(DocumentKind::$name => Text::new($id, $en),)* }
            }
        }
    };
}

documents! {
    /// e-KTP.
    IdentityCard, "identity_card", "KTP", "Identity card (KTP)";
    /// KK.
    FamilyCard, "family_card", "Kartu keluarga", "Family card (KK)";
    /// KPJ card.
    ParticipantCard, "participant_card", "Kartu peserta", "Participant card (KPJ)";
    /// Front page of the bank book, in the participant's own name.
    BankBook, "bank_book", "Buku tabungan", "Bank book";
    TaxCard, "tax_card", "NPWP", "Tax card (NPWP)";
    /// Frontal photograph.
    Face, "face", "Foto wajah", "Photo of your face";
    /// *Paklaring* or letter of resignation.
    EmployerLetter, "employer_letter", "Surat keterangan kerja (paklaring)", "Employer's letter (paklaring)";
    LayoffAgencyReceipt, "layoff_agency_receipt", "Tanda terima laporan PHK dari dinas", "Labour agency's receipt of the lay-off report";
    LayoffEmployerReport, "layoff_employer_report", "Surat laporan PHK dari perusahaan", "Employer's lay-off report";
    LayoffNotice, "layoff_notice", "Surat PHK dan pernyataan tidak menolak", "Lay-off notice with your statement of no objection";
    JointAgreement, "joint_agreement", "Perjanjian bersama", "Signed joint agreement";
    CourtRuling, "court_ruling", "Putusan pengadilan (PHI)", "Court ruling (PHI)";
    Passport, "passport", "Paspor", "Passport";
    NoMoreWorkStatement, "no_more_work_statement", "Pernyataan tidak bekerja lagi di Indonesia", "Statement of no longer working in Indonesia";
    DoctorLetter, "doctor_letter", "Surat keterangan dokter", "Doctor's letter";
    DeathCertificate, "death_certificate", "Akta kematian", "Death certificate";
    HeirLetter, "heir_letter", "Surat keterangan ahli waris", "Heir letter or court order";
    HeirIdentityCard, "heir_identity_card", "KTP ahli waris", "Heir's identity card";
    EmploymentLetter, "employment_letter", "Surat keterangan masih bekerja", "Letter of employment";
    HousingSaleAgreement, "housing_sale_agreement", "Perjanjian jual beli rumah", "House sale agreement";
    HousingLoanAgreement, "housing_loan_agreement", "Perjanjian kredit rumah", "Housing loan agreement";
    StandingInstruction, "standing_instruction", "Surat standing instruction bank", "Bank's standing instruction";
    LoanAccount, "loan_account", "Rekening pinjaman rumah", "Housing loan account";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_the_wire_name() {
        for kind in DocumentKind::ALL {
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{}\"", kind.code()));
        }
    }
}
