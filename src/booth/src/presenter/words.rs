//! The sentences of the booth that depend on what happens. Those that never change stand on the pages themselves.
//!
//! Short, plain, polite; first what is so, then what to do.

use bilik_claim::identity::Doubt;
use bilik_claim::money::TaxEstimate;
use bilik_claim::session::item::Item;
use bilik_claim::session::{OutOfService, Page, Standby, Surroundings};
use bilik_claim::text::{Language, Text};
use bilik_claim::wire::Closing;
use bilik_ui::Tone;
use std::time::Duration;

macro_rules! words {
    ($($name:ident: $id:literal, $en:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Word { $($name,)* }

        pub fn words(word: Word) -> Text {
            match word { $(Word::$name => Text::new($id, $en),)* }
        }
    };
}

words! {
    Nothing: "", "";
    Next: "Lanjut", "Next";
    Save: "Simpan", "Save";
    ToOfficer: "Ke petugas", "To the officer";
    SignAndSend: "Kirim klaim", "Send the claim";
    OtherReason: "Alasan lain", "Another reason";
    OtherReasons: "Kontrak habis, rumah, pindah negara, ahli waris", "Contract ended, house, leaving Indonesia, heirs";
    CardUnreadable: "Kartu tidak terbaca. Tempelkan sekali lagi, atau ketik nomornya.", "The card could not be read. Try once more, or type the number.";
    OtherCard: "Ini bukan kartu yang diminta. Tempelkan kartu lain, atau ketik nomornya.", "This is not the card that is asked for. Place another one, or type the number.";
    CardLeftBehind: "Sudah ada kartu di pembaca. Bila itu kartu Anda, angkat lalu tempelkan lagi.", "There is a card on the reader already. If it is yours, lift it and place it again.";
    CardRead: "Kartu terbaca, tetapi ada yang keliru pada", "The card was read, but something is wrong with";
    PhotoTaken: "Sudah difoto", "Photographed";
    NoPhoto: "Belum difoto", "Not photographed";
    FaceInstruction: "Lihat lurus ke kamera, tanpa masker dan kacamata hitam.", "Look straight at the camera, without mask or sunglasses.";
    FlatInstruction: "Letakkan datar di bawah kamera.", "Lay it flat under the camera.";
    HoldInstruction: "Pegang tegak di depan kamera, seluruhnya terlihat.", "Hold it upright before the camera, all of it visible.";
    NoCamera: "Kamera tidak tersambung. Lanjutkan saja, petugas akan membantu.", "No camera is connected. Please go on, an officer will help.";
    Sharp: "Tajam dan terbaca", "Sharp and readable";
    PhotoFailed: "Foto gagal. Coba sekali lagi.", "No photo was taken. Please try again.";
    AlreadyTaken: "Sudah difoto. Boleh difoto ulang.", "Photographed. You may take it again.";
    OfficerWithYou: "Bersama Anda sekarang", "With you now";
    OfficerElsewhere: "Membantu peserta lain", "Helping somebody else";
    OfficerSeesYou: "Terhubung, siap membantu", "Connected, ready to help";
    OfficerConnecting: "Sedang menyambung…", "Connecting…";
    HandedOver: "Petugas lain melanjutkan bersama Anda. Isian Anda aman.", "Another officer goes on with you. Your answers are safe.";
    Watched: "Seorang penyelia ikut melihat isian dan dokumen Anda.", "A supervisor sees your answers and documents too.";
    TouchMissing: "Layar tidak dapat disentuh. Mohon beri tahu petugas kantor.", "This screen cannot be touched. Please tell the office's staff.";
    HubLost: "Sambungan ke kantor terputus. Isian Anda aman, silakan lanjutkan.", "The line to the office is down. Your answers are safe, please go on.";
    CameraMissing: "Kamera tidak tersambung: petugas tidak melihat Anda, tetapi mendengar.", "No camera: the officer hears you but cannot see you.";
    MicrophoneMissing: "Mikrofon tidak tersambung: petugas tidak mendengar Anda, tetapi melihat.", "No microphone: the officer sees you but cannot hear you.";
    OutOfService: "Bilik ini sedang disiapkan teknisi.", "A technician is looking after this booth.";
    ClosedByOffice: "Bilik ini sedang ditutup oleh kantor.", "The office has closed this booth for now.";
    Statement: "Saya menyatakan data dan dokumen ini benar, dan saya mengajukan klaim JHT.", "I declare that these data and documents are true, and I file this JHT claim.";
    SavingHeading: "Menyimpan klaim Anda…", "Keeping your claim…";
    SavingText: "Mohon tunggu sebentar.", "One moment, please.";
    FailedHeading: "Klaim belum tersimpan", "Your claim is not kept yet";
    FailedText: "Bilik ini tidak dapat menyimpan klaim. Coba sekali lagi, atau panggil petugas di loket. Data Anda masih di layar ini.", "This booth cannot keep the claim. Try once more, or call an officer at the counter. Your data are still here.";
    KeptHeading: "Klaim Anda tersimpan", "Your claim is kept";
    ConfirmedHeading: "Klaim Anda sudah diterima", "Your claim is received";
    QrCaption: "Foto kode ini dengan ponsel Anda", "Take a photo of this code with your phone";
    ReturnedHeading: "Klaim belum dapat diproses", "Your claim cannot go on yet";
    OfficerSays: "Petugas", "Officer";
}

/// What somebody else does is news; what does not work has to be minded.
pub fn notice_tone(notice: Word) -> Tone {
    if matches!(notice, Word::HandedOver | Word::Watched) { Tone::Hint } else { Tone::Attention }
}

/// Why the booth serves nobody, for technicians: what is so, and what to do.
pub fn trouble(why: OutOfService) -> (Text, Text) {
    let (what, todo) = match why {
        OutOfService::NotEnrolled => (
            Text::new("Bilik belum terdaftar", "Not enrolled"),
            Text::new(
                "Masukkan stik dengan berkas bilik.toml; di Debian milik kantor, jalankan bilik-booth enrol.",
                "Insert the stick with the file bilik.toml; on an office's own Debian, run bilik-booth enrol.",
            ),
        ),
        OutOfService::WrongHub => (
            Text::new("Sertifikat hub bukan yang didaftarkan", "The hub's certificate is not the enrolled one"),
            Text::new(
                "Tanyakan kantor apakah hub diganti. Bila ya, daftarkan bilik lagi; bila tidak, ada yang menyamar di jaringan.",
                "Ask the office whether the hub was replaced. If so, enrol again; if not, somebody poses as the hub.",
            ),
        ),
        OutOfService::QueueFailed => (
            Text::new("Antrean klaim rusak", "The queue of claims has failed"),
            Text::new(
                "Ekspor antrean ke stik, ambil diagnosa, lalu ganti disk.",
                "Export the queue to a stick, take diagnostics, then replace the disk.",
            ),
        ),
        OutOfService::DiskFull => (
            Text::new("Disk penuh", "The disk is full"),
            Text::new(
                "Sambungkan ke hub supaya antrean terkirim, atau ekspor ke stik.",
                "Connect to the hub so that the queue is sent, or export it to a stick.",
            ),
        ),
        OutOfService::Starting => (
            Text::new("Bilik sedang bersiap", "The booth is getting ready"),
            Text::new(
                "Tunggu setengah menit. Bila tetap, nyalakan ulang bilik.",
                "Wait half a minute. If it stays, restart the booth.",
            ),
        ),
        OutOfService::OnTrial => (
            Text::new("Versi baru sedang diuji", "A new version is on trial"),
            Text::new(
                "Tunggu semenit, paling lama lima: lalu versi ini dipastikan, atau versi lama kembali.",
                "Wait a minute, five at most: then this version is kept, or the old one is back.",
            ),
        ),
        OutOfService::Closed(why) => (
            match why {
                Closing::Cleaning => Text::new("Ditutup kantor: dibersihkan", "Closed by the office for cleaning"),
                Closing::Repair => Text::new("Ditutup kantor: diperbaiki", "Closed by the office for repair"),
                Closing::Unattended => {
                    Text::new("Ditutup kantor: tidak dijaga", "Closed by the office: nobody looks after it")
                }
                Closing::Other => Text::new("Ditutup kantor", "Closed by the office"),
            },
            Text::new("Penyelia membukanya lagi dari konsol.", "A supervisor opens it again at the console."),
        ),
    };
    (what, todo)
}

/// The same in one line, with its code.
pub fn out_of_service(why: OutOfService, language: Language) -> String {
    let (what, todo) = trouble(why);
    format!("{} · {}. {}", why.code(), what.get(language), todo.get(language))
}

/// Title and text of the help sheet.
pub fn help(page: Page) -> (Text, Text) {
    let (title, text) = match page {
        Page::OutOfService | Page::Welcome | Page::Consent => (
            Text::new("Persetujuan", "Consent"),
            Text::new(
                "Bacalah dengan tenang. Bila setuju, sentuh Saya setuju. Bila tidak, klaim dapat diajukan di loket.",
                "Read it in peace. If you agree, touch I agree. If not, you can file your claim at the counter.",
            ),
        ),
        Page::Identify => (
            Text::new("Menempelkan kartu", "Reading your card"),
            Text::new(
                "Tempelkan KTP atau kartu peserta pada pembaca di sebelah layar. Bila tidak terbaca, ketik nomornya.",
                "Hold your identity or participant card to the reader beside the screen. If that fails, type the number.",
            ),
        ),
        Page::TypeIdentity => (
            Text::new("Mengetik nomor", "Typing the number"),
            Text::new(
                "NIK adalah 16 angka di bagian atas KTP. Nomor peserta (KPJ) adalah 11 angka pada kartu peserta.",
                "The NIK is the 16 digits at the top of your identity card. The participant number (KPJ) has 11 digits.",
            ),
        ),
        Page::Reason => (
            Text::new("Alasan klaim", "Reason"),
            Text::new(
                "Pilih yang paling sesuai. Bila ragu, pilih saja: petugas memeriksanya bersama Anda.",
                "Choose what fits best. If in doubt, choose anyway: the officer goes through it with you.",
            ),
        ),
        Page::Detail(_) => (
            Text::new("Mengisi rincian", "Your details"),
            Text::new(
                "Sentuh tombol huruf atau angka. Salah ketik dapat dihapus. Petugas memeriksa semuanya bersama Anda.",
                "Touch the letters or digits. Mistakes can be deleted. The officer checks everything with you.",
            ),
        ),
        Page::Documents => (
            Text::new("Memotret dokumen", "Photographing documents"),
            Text::new(
                "Letakkan dokumen, tunggu gambar tenang, lalu sentuh Ambil foto. Bila buram atau silau, foto ulang.",
                "Lay down the document, wait until the picture is still, then take the photo. If it is blurred, take it again.",
            ),
        ),
        Page::Review => (
            Text::new("Memeriksa data", "Checking your data"),
            Text::new(
                "Periksa setiap baris. Sentuh Ubah untuk membetulkan. Lalu teruskan kepada petugas.",
                "Look at each line. Touch Change to correct it. Then hand it to the officer.",
            ),
        ),
        Page::Verification => (
            Text::new("Bersama petugas", "With the officer"),
            Text::new(
                "Petugas memeriksa data bersama Anda lewat video. Bila diminta membetulkan, sentuh Perbaiki di baris itu.",
                "The officer checks your data with you by video. If something has to be corrected, touch that line.",
            ),
        ),
        Page::Sign => (
            Text::new("Tanda tangan", "Signature"),
            Text::new(
                "Tanda tangani dengan jari di dalam kotak. Bila kurang pas, hapus dan ulangi.",
                "Sign inside the box with your finger. If it does not look right, clear it and sign again.",
            ),
        ),
        Page::Finished | Page::Returned => (
            Text::new("Selesai", "Done"),
            Text::new(
                "Catat atau foto kode klaim. Jangan lupa kartu dan dokumen Anda.",
                "Write down or photograph the claim code. Please take your cards and documents with you.",
            ),
        ),
    };
    (title, text)
}

/// Who is there, on the welcome page.
pub fn officers(around: &Surroundings, language: Language) -> (String, Tone) {
    let ready = around.officers_ready;
    if !around.hub_connected || ready == 0 {
        let text = Text::new(
            "Belum ada petugas. Klaim tetap dapat diajukan.",
            "No officer at the moment. You can still file your claim.",
        );
        return (text.get(language).to_owned(), Tone::Attention);
    }
    let wait = around.expected_wait.as_secs().div_ceil(60);
    let text = match (language, wait) {
        (Language::Id, 0) => format!("{ready} petugas siap · tanpa antre"),
        (Language::Id, wait) => format!("{ready} petugas siap · tunggu ± {wait} menit"),
        (Language::En, 0) => format!("{ready} officer{} ready · no wait", plural(ready.into())),
        (Language::En, wait) => format!("{ready} officer{} ready · wait about {wait} min", plural(ready.into())),
    };
    (text, Tone::Good)
}

/// Heading and sentence while the officer is not with the participant.
pub fn standby(
    standby: Standby,
    officer: &str,
    camera_off: bool,
    around: &Surroundings,
    language: Language,
) -> (String, String) {
    let (id, en) = match standby {
        Standby::Waiting => (
            ("Menunggu petugas".to_owned(), "Petugas berikutnya menyapa Anda lewat layar ini. Isian Anda sudah aman."),
            (
                "Waiting for an officer".to_owned(),
                "The next officer will greet you on this screen. Your answers are safe.",
            ),
        ),
        Standby::Hold if camera_off => (
            (
                format!("{officer} segera kembali kepada Anda"),
                "Ia sedang membantu peserta lain. Gambar dan suara Anda tidak dikirim sampai ia kembali.",
            ),
            (
                format!("{officer} will be with you soon"),
                "The officer is helping somebody else. Your picture and voice are not sent until then.",
            ),
        ),
        Standby::Hold => (
            (
                format!("{officer} segera menyapa Anda"),
                "Ia sedang membantu peserta lain dan melihat gambar kecil Anda, tanpa suara.",
            ),
            (
                format!("{officer} will be with you soon"),
                "The officer is helping somebody else, and sees a small picture of you without sound.",
            ),
        ),
        Standby::Focus => ((String::new(), ""), (String::new(), "")),
        Standby::Nobody if !around.hub_connected => (
            (
                "Kantor sedang tidak terhubung".to_owned(),
                "Klaim Anda tetap dapat dikirim. Bilik ini menyimpannya; petugas akan menelepon Anda.",
            ),
            (
                "The office is not connected".to_owned(),
                "You can still send your claim. This booth keeps it; an officer will call you.",
            ),
        ),
        Standby::Nobody => (
            (
                "Belum ada petugas".to_owned(),
                "Klaim Anda tetap dapat dikirim. Petugas memeriksanya nanti dan menelepon Anda.",
            ),
            (
                "No officer at the moment".to_owned(),
                "You can still send your claim. An officer will check it later and call you.",
            ),
        ),
    };
    let (heading, text) = match language {
        Language::Id => id,
        Language::En => en,
    };
    (heading, text.to_owned())
}

pub fn checklist(correct: usize, all: usize, language: Language) -> String {
    match language {
        Language::Id => format!("Diperiksa bersama · {correct} dari {all}"),
        Language::En => format!("Checked together · {correct} of {all}"),
    }
}

pub fn place(place: u16, language: Language) -> String {
    match language {
        Language::Id => format!("ke-{place}"),
        Language::En => format!("no. {place}"),
    }
}

pub fn minutes(wait: Duration, language: Language) -> String {
    let minutes = wait.as_secs().div_ceil(60).max(1);
    match language {
        Language::Id => format!("{minutes} menit"),
        Language::En => format!("{minutes} min"),
    }
}

/// What to do with an item that the officer wants again.
pub fn again(item: Item, language: Language) -> String {
    let title = item.title().get(language);
    match (item, language) {
        (Item::Document(_), Language::Id) => format!("Foto ulang {}", lower(title)),
        (Item::Document(_), Language::En) => format!("Photograph again: {}", lower(title)),
        (Item::Field(_), Language::Id) => format!("Perbaiki {}", lower(title)),
        (Item::Field(_), Language::En) => format!("Correct: {}", lower(title)),
    }
}

pub fn retake(doubt: Doubt, language: Language) -> String {
    let what = doubt.explain(language);
    match language {
        Language::Id => format!("{what} Sebaiknya foto ulang."),
        Language::En => format!("{what} Better take it again."),
    }
}

pub fn tax(estimate: TaxEstimate, language: Language) -> String {
    let TaxEstimate { gross, tax, net } = estimate;
    match language {
        Language::Id => {
            format!("Perkiraan dari saldo {gross}: pajak {tax}, diterima {net}. Angka pasti dihitung kantor.")
        }
        Language::En => format!(
            "Estimate for a balance of {gross}: tax {tax}, you receive {net}. The office computes the exact sum."
        ),
    }
}

pub fn kept(verified: bool, language: Language) -> String {
    let text = if verified {
        Text::new(
            "Tersimpan aman di bilik ini dan akan dikirim ke kantor begitu tersambung. Anda boleh pulang.",
            "Safely kept in this booth; it will be sent as soon as the line is back. You may go home.",
        )
    } else {
        Text::new(
            "Tersimpan aman di bilik ini dan akan dikirim. Petugas memeriksanya lalu menelepon Anda. Anda boleh pulang.",
            "Safely kept in this booth and will be sent. An officer checks it and calls you. You may go home.",
        )
    };
    text.get(language).to_owned()
}

pub fn confirmed(at: &str, bank: &str, verified: bool, language: Language) -> String {
    match (language, verified) {
        (Language::Id, true) => {
            format!("Diterima kantor cabang pukul {at}. Pembayaran paling lama 5 hari kerja ke rekening {bank} Anda.")
        }
        (Language::Id, false) => {
            format!("Diterima kantor cabang pukul {at}. Petugas memeriksanya lalu menelepon Anda.")
        }
        (Language::En, true) => {
            format!("Received by the branch at {at}. Paid to your {bank} account within 5 working days.")
        }
        (Language::En, false) => format!("Received by the branch at {at}. An officer will check it and call you."),
    }
}

fn lower(title: &str) -> String {
    // Abbreviations such as KTP stay as they are.
    let mut letters = title.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(title.chars().skip(1)).collect()
        }
        _ => title.to_owned(),
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bilik_claim::session::item::Field;

    #[test]
    fn a_resting_booth_says_why_and_what_to_do() {
        let mut seen = Vec::new();
        for why in OutOfService::ALL {
            let (what, todo) = trouble(why);
            assert!(!todo.id.is_empty() && !todo.en.is_empty(), "{why}: what is to be done?");
            for text in [what.id, what.en] {
                assert!(!text.is_empty() && !seen.contains(&text), "{why}: {text:?} is said of something else too");
                seen.push(text);
            }
            assert!(why.to_string().starts_with(&format!("{}: ", why.code())), "{why}");
        }
        assert_eq!(
            out_of_service(OutOfService::QueueFailed, Language::Id),
            "B-03 · Antrean klaim rusak. Ekspor antrean ke stik, ambil diagnosa, lalu ganti disk."
        );
    }

    #[test]
    fn sentences() {
        let account = Item::Field(Field::AccountNumber);
        assert_eq!(again(account, Language::Id), "Perbaiki nomor rekening");
        let card = Item::Document(bilik_claim::document::DocumentKind::IdentityCard);
        assert_eq!(again(card, Language::Id), "Foto ulang KTP");
        let around = Surroundings {
            hub_connected: true,
            officers_ready: 1,
            expected_wait: Duration::from_secs(61),
            ..Surroundings::default()
        };
        assert_eq!(officers(&around, Language::Id).0, "1 petugas siap · tunggu ± 2 menit");
        assert_eq!(officers(&around, Language::En).0, "1 officer ready · wait about 2 min");
        assert_eq!(officers(&Surroundings::default(), Language::Id).1, Tone::Attention);
    }
}
