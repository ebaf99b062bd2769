//! What is wrong with an entry, or doubtful, in the participant's words.

use crate::text::Language;
use thiserror::Error;

/// Why an entry cannot be taken. The `Display` form is for logs: it never quotes the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("nothing entered")]
    Empty,
    #[error("a character that is not a digit")]
    NotDigits,
    #[error("{missing} digits too few")]
    TooShort { missing: usize },
    #[error("{excess} digits too many")]
    TooLong { excess: usize },
    #[error("province code does not exist")]
    Province,
    #[error("date of birth in the number cannot exist")]
    BirthDate,
    #[error("serial number 0000")]
    Serial,
    #[error("check digit does not match")]
    CheckDigit,
    #[error("no such date")]
    Date,
    #[error("date lies in the future")]
    FutureDate,
    #[error("not the beginning of a phone number")]
    PhonePrefix,
    #[error("a character that does not belong in a name")]
    NameCharacter,
    #[error("fewer than two letters")]
    NameTooShort,
    #[error("not one of the choices")]
    Choice,
}

impl Fault {
    /// More typing can still mend it: shown as a hint, not as an error.
    pub fn is_incomplete(self) -> bool {
        matches!(self, Fault::Empty | Fault::TooShort { .. } | Fault::NameTooShort)
    }

    /// What is wrong and what to do.
    pub fn explain(self, language: Language) -> String {
        let (id, en) = match self {
            Fault::Empty => ("Belum diisi".into(), "Not filled in yet".into()),
            Fault::NotDigits => ("Hanya angka 0 sampai 9".into(), "Digits 0 to 9 only".into()),
            Fault::TooShort { missing } => {
                (format!("Kurang {missing} angka lagi"), format!("{missing} more digit{} needed", plural(missing)))
            }
            Fault::TooLong { excess } => (
                format!("Kelebihan {excess} angka. Hapus yang berlebih."),
                format!("{excess} digit{} too many. Delete the rest.", plural(excess)),
            ),
            Fault::Province => (
                "Dua angka pertama bukan kode provinsi. Periksa lagi angkanya.".into(),
                "The first two digits are no province code. Please check the number.".into(),
            ),
            Fault::BirthDate => (
                "Tanggal lahir di angka ke-7 sampai ke-12 tidak mungkin. Periksa lagi angkanya.".into(),
                "The date of birth in digits 7 to 12 cannot exist. Please check the number.".into(),
            ),
            Fault::Serial => (
                "Empat angka terakhir tidak boleh 0000. Periksa lagi angkanya.".into(),
                "The last four digits cannot be 0000. Please check the number.".into(),
            ),
            Fault::CheckDigit => (
                "Ada angka yang keliru. Bandingkan dengan kartu, satu per satu.".into(),
                "One digit is wrong. Compare it with the card, one by one.".into(),
            ),
            Fault::Date => (
                "Tanggal ini tidak ada. Tulis hari, bulan, tahun, misalnya 03 10 2026.".into(),
                "This date does not exist. Write day, month, year, for example 03 10 2026.".into(),
            ),
            Fault::FutureDate => (
                "Tanggal ini belum tiba. Periksa lagi tanggal pada surat.".into(),
                "This date is still to come. Please check the date on the letter.".into(),
            ),
            Fault::PhonePrefix => (
                "Nomor dimulai dengan 0, misalnya 0812 3456 7890.".into(),
                "The number starts with 0, for example 0812 3456 7890.".into(),
            ),
            Fault::NameCharacter => (
                "Hanya huruf, spasi, titik, koma, ' dan -. Tulis seperti di KTP.".into(),
                "Letters, spaces, dots, commas, ' and - only. Write it as on your card.".into(),
            ),
            Fault::NameTooShort => {
                ("Tulis nama lengkap seperti di KTP".into(), "Write your full name as on your card".into())
            }
            Fault::Choice => ("Pilih salah satu".into(), "Choose one".into()),
        };
        pick(language, id, en)
    }
}

/// What an officer should look at, and the participant may want to correct. Never stops anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// District or regency 00 does not exist, but codes change.
    Region,
    /// By the NIK the person is younger than this reason asks for.
    Age { years: u8 },
    /// Not the length that this bank's numbers usually have.
    AccountLength { usual: u8 },
    /// The account seems to belong to somebody else.
    HolderDiffers,
    /// A landline cannot receive messages.
    NotMobile,
    /// The waiting period is not over.
    WaitingPeriod { until: jiff::civil::Date },
    /// The photograph may be hard to read.
    Photo(PhotoDoubt),
    /// No photograph: the camera is missing.
    NoPhoto,
}

/// What may be wrong with a photograph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoDoubt {
    Blurred,
    Glare,
    Dark,
}

impl Doubt {
    pub fn explain(self, language: Language) -> String {
        let (id, en) = match self {
            Doubt::Region => ("Kode wilayah tidak lazim.".into(), "Unusual region code.".into()),
            Doubt::Age { years } => (
                format!("Menurut NIK usia {years} tahun, belum 56."),
                format!("By the NIK the age is {years}, not yet 56."),
            ),
            Doubt::AccountLength { usual } => (
                format!("Nomor rekening bank ini biasanya {usual} angka. Periksa sekali lagi."),
                format!("Account numbers of this bank usually have {usual} digits. Please check once more."),
            ),
            Doubt::HolderDiffers => (
                "Rekening harus atas nama sendiri; nama ini berbeda dari nama peserta.".into(),
                "The account must be in your own name; this name differs from yours.".into(),
            ),
            Doubt::NotMobile => (
                "Ini tampaknya nomor telepon rumah; petugas tidak dapat mengirim pesan.".into(),
                "This looks like a landline; officers cannot send messages to it.".into(),
            ),
            Doubt::WaitingPeriod { until } => (
                format!("Klaim dibayar setelah masa tunggu satu bulan, mulai {}.", long_date(until, Language::Id)),
                format!(
                    "The claim is paid after a waiting period of one month, from {}.",
                    long_date(until, Language::En)
                ),
            ),
            Doubt::Photo(PhotoDoubt::Blurred) => ("Foto kurang tajam.".into(), "The photo is blurred.".into()),
            Doubt::Photo(PhotoDoubt::Glare) => ("Foto silau.".into(), "The photo has glare.".into()),
            Doubt::Photo(PhotoDoubt::Dark) => ("Foto terlalu gelap.".into(), "The photo is too dark.".into()),
            Doubt::NoPhoto => ("Tidak difoto: kamera tidak tersedia.".into(), "Not photographed: no camera.".into()),
        };
        pick(language, id, en)
    }
}

/// `3 Oktober 2026`.
pub fn long_date(date: jiff::civil::Date, language: Language) -> String {
    const MONTHS: [(&str, &str); 12] = [
        ("Januari", "January"),
        ("Februari", "February"),
        ("Maret", "March"),
        ("April", "April"),
        ("Mei", "May"),
        ("Juni", "June"),
        ("Juli", "July"),
        ("Agustus", "August"),
        ("September", "September"),
        ("Oktober", "October"),
        ("November", "November"),
        ("Desember", "December"),
    ];
    // A civil month is 1 to 12 by its type.
    let (id, en) = MONTHS[(date.month().clamp(1, 12) - 1) as usize];
    let month = match language {
        Language::Id => id,
        Language::En => en,
    };
    format!("{} {month} {}", date.day(), date.year())
}

fn pick(language: Language, id: String, en: String) -> String {
    match language {
        Language::Id => id,
        Language::En => en,
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
