//! What an officer says to a participant again and again: why something is asked for once more, why a claim goes back.
//!
//! Each sentence has a name, so that a record can tell what was said without holding anybody's words: of an officer's own
//! words only [`Code::Other`] is recorded, for they may name a person. A better wording, or a new regulation, is one line.

use crate::document::DocumentKind;
use crate::session::item::{Field, Item};
use crate::text::Text;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! sentences {
    ($($name:ident, $code:literal, $id:literal, $en:literal;)*) => {
        /// The name of a ready sentence, or that of all others.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $($name,)*
            /// The officer's own words.
            Other,
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$name,)* Code::Other];

            /// Stable name, used in records.
            pub fn code(self) -> &'static str {
                match self { $(Code::$name => $code,)* Code::Other => "other" }
            }

            /// As the participant reads it.
            pub fn text(self) -> Text {
                match self {
                    $(Code::$name => Text::new($id, $en),)*
                    Code::Other => Text::new("Alasan lain", "Another reason"),
                }
            }
        }
    };
}

sentences! {
    // What is wrong with a paper, as a participant can mend it at the booth.
    Blurred, "blurred", "Foto buram. Mohon foto ulang.", "The photo is blurred. Please take it again.";
    Glare, "glare", "Ada pantulan cahaya. Mohon miringkan sedikit kertasnya.", "There is glare. Please tilt the paper a little.";
    CutOff, "cut_off", "Sebagian terpotong. Mohon seluruh lembar terlihat.", "A part is cut off. Please show the whole sheet.";
    WrongPaper, "wrong_paper", "Ini bukan dokumen yang diminta.", "This is not the document that was asked for.";
    NameUnreadable, "name_unreadable", "Nama tidak terbaca.", "The name cannot be read.";
    FaceUnclear, "face_unclear", "Wajah kurang jelas. Mohon foto ulang.", "The face is not clear. Please take the photo again.";
    FaceCovered, "face_covered", "Mohon lepas masker, topi, atau kacamata gelap.", "Please take off mask, hat or dark glasses.";
    FaceAside, "face_aside", "Mohon menghadap lurus ke kamera.", "Please look straight into the camera.";
    WrongPage, "wrong_page", "Mohon foto halaman yang memuat nama dan nomor rekening.", "Please photograph the page with name and number.";
    // What is wrong with an answer.
    OwnAccount, "own_account", "Rekening harus atas nama Anda sendiri.", "The account must be in your own name.";
    NikNotIdentityCard, "nik_not_identity_card", "NIK tidak sama dengan KTP.", "The NIK differs from the identity card.";
    NikNotFamilyCard, "nik_not_family_card", "NIK tidak sama dengan kartu keluarga.", "The NIK differs from the family card.";
    KpjNotCard, "kpj_not_card", "Nomor tidak sama dengan kartu peserta.", "The number differs from the participant card.";
    NameNotIdentityCard, "name_not_identity_card", "Nama tidak sama dengan KTP.", "The name differs from the identity card.";
    NameIncomplete, "name_incomplete", "Nama belum lengkap.", "The name is not complete.";
    ReasonNotLetter, "reason_not_letter", "Alasan tidak cocok dengan surat.", "The reason does not match the letter.";
    DateNotLetter, "date_not_letter", "Tanggal tidak sama dengan surat.", "The date differs from the letter.";
    PhoneUnreachable, "phone_unreachable", "Nomor tidak dapat dihubungi.", "The number cannot be reached.";
    NumberIncomplete, "number_incomplete", "Nomor belum lengkap.", "The number is not complete.";
    BankNotBook, "bank_not_book", "Bank tidak sama dengan buku tabungan.", "The bank differs from the bank book.";
    NumberNotBook, "number_not_book", "Nomor tidak sama dengan buku tabungan.", "The number differs from the bank book.";
    HolderNotBook, "holder_not_book", "Nama pemilik tidak sama dengan buku tabungan.", "The holder's name differs from the bank book.";
    BalanceMissing, "balance_missing", "Mohon isi perkiraan saldo.", "Please enter the estimated balance.";
    TaxNotCard, "tax_not_card", "NPWP tidak sama dengan kartu.", "The tax number differs from the card.";
    OnceMore, "once_more", "Mohon isi sekali lagi.", "Please enter it once more.";
    // Why a claim goes back as a whole: from the published reasons for rejection.
    WaitingPeriod, "waiting_period", "Masa tunggu satu bulan belum lewat.", "The waiting period of one month is not over.";
    StillMember, "still_member", "Kepesertaan masih aktif di perusahaan.", "The membership is still active at the employer.";
    DataDiffer, "data_differ", "Nama, tanggal lahir, atau NIK berbeda antardokumen.", "Name, birth date or NIK differ between the documents.";
    DocumentMissing, "document_missing", "Dokumen yang diperlukan belum lengkap.", "A necessary document is missing.";
    DocumentUnreadable, "document_unreadable", "Dokumen tidak terbaca.", "A document cannot be read.";
    OthersAccount, "others_account", "Rekening bukan atas nama peserta.", "The account is not in the participant's name.";
    DormantAccount, "dormant_account", "Rekening tidak aktif.", "The account is dormant.";
    AtTheCounter, "at_the_counter", "Klaim ini diurus di loket kantor cabang.", "This claim is handled at the counter of the branch.";
}

/// Why a claim goes back as a whole; at most nine, one for each digit.
pub const RETURN_REASONS: &[Code] = &[
    Code::WaitingPeriod,
    Code::StillMember,
    Code::DataDiffer,
    Code::DocumentMissing,
    Code::DocumentUnreadable,
    Code::OthersAccount,
    Code::DormantAccount,
    Code::AtTheCounter,
];

impl Code {
    /// What was said, in either language.
    pub fn of(words: &str) -> Self {
        let said = |code: &&Code| **code != Code::Other && [code.text().id, code.text().en].contains(&words.trim());
        Code::ALL.iter().find(said).copied().unwrap_or(Code::Other)
    }
}

/// Why an item is asked for again; at most nine, one for each digit.
pub fn ask_again(item: Item) -> &'static [Code] {
    match item {
        Item::Field(Field::Nik) => &[Code::NikNotIdentityCard, Code::NikNotFamilyCard, Code::OnceMore],
        Item::Field(Field::Kpj) => &[Code::KpjNotCard, Code::OnceMore],
        Item::Field(Field::Name) => &[Code::NameNotIdentityCard, Code::NameIncomplete, Code::OnceMore],
        Item::Field(Field::Reason) => &[Code::ReasonNotLetter, Code::OnceMore],
        Item::Field(Field::EventDate) => &[Code::DateNotLetter, Code::OnceMore],
        Item::Field(Field::Phone) => &[Code::PhoneUnreachable, Code::NumberIncomplete, Code::OnceMore],
        Item::Field(Field::Bank) => &[Code::BankNotBook, Code::OnceMore],
        Item::Field(Field::AccountNumber) => &[Code::NumberNotBook, Code::OnceMore],
        Item::Field(Field::AccountHolder) => &[Code::HolderNotBook, Code::OwnAccount, Code::OnceMore],
        Item::Field(Field::Balance) => &[Code::BalanceMissing, Code::OnceMore],
        Item::Field(Field::TaxNumber) => &[Code::TaxNotCard, Code::OnceMore],
        Item::Document(DocumentKind::Face) => &[Code::FaceUnclear, Code::FaceCovered, Code::FaceAside],
        Item::Document(DocumentKind::BankBook) => &[
            Code::WrongPage,
            Code::OwnAccount,
            Code::Blurred,
            Code::Glare,
            Code::CutOff,
            Code::WrongPaper,
            Code::NameUnreadable,
        ],
        Item::Document(_) => &[Code::Blurred, Code::Glare, Code::CutOff, Code::WrongPaper, Code::NameUnreadable],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_sentence_is_known_by_its_words() {
        let check = |words: &str, expect| assert_eq!(Code::of(words), expect, "{words}");
        for code in Code::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{}\"", code.code()));
            check(code.text().id, *code);
            check(code.text().en, *code);
        }
        check(" Foto buram. Mohon foto ulang. ", Code::Blurred);
        check("Foto buram, Pak Budi.", Code::Other);
        check("", Code::Other);
    }

    #[test]
    fn no_two_sentences_say_the_same() {
        let words: BTreeSet<&str> = Code::ALL.iter().flat_map(|code| [code.text().id, code.text().en]).collect();
        assert_eq!(words.len(), 2 * Code::ALL.len());
        let items = Field::ALL.iter().map(|field| Item::Field(*field));
        let items = items.chain(DocumentKind::ALL.iter().map(|kind| Item::Document(*kind)));
        for list in items.map(ask_again).chain([RETURN_REASONS]) {
            assert!(list.len() <= 9 && list.iter().collect::<BTreeSet<_>>().len() == list.len(), "{list:?}");
        }
    }
}
