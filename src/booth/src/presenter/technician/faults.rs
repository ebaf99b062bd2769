//! What is wrong right now, gravest first, each with its code, for reports, and what to do.

use super::view::{Around, Line, Say};
use crate::presenter::words::trouble;
use crate::service::{Machine, Service};
use bilik_claim::session::OutOfService;
use bilik_claim::text::Language;
use bilik_claim::wire::DeviceState;
use bilik_device::{Clock, Data, Mode, Outcome, Slot, SlotState, Status};
use bilik_journal::courier::Trouble;
use bilik_ui::Tone;

/// A certificate that ends so soon is a matter for a technician.
const CERTIFICATE_DAYS: i64 = 30;
/// The data partition did not open.
pub const DATA_FAULT: &str = "D-03";
/// Less than this and the next update or a busy week will not fit, in bytes.
const LITTLE_ROOM: u64 = 1 << 30;

pub fn faults(service: &Service, around: &Around, say: Say) -> Vec<Line> {
    let mut found = booth(service, around, say);
    match service.machine() {
        Machine::Known(status) => machine(status, say, &mut found),
        Machine::Absent => found.push(fault(
            "M-01",
            Tone::Attention,
            say.say("Layanan mesin tidak ada", "There is no machine service"),
            say.say(
                "Di PC biasa itu wajar. Di bilik: nyalakan ulang; bila tetap, pasang ulang dari stik.",
                "Normal on an ordinary PC. On a booth: restart; if it stays, install again from the stick.",
            ),
        )),
        Machine::Unknown => {}
    }
    // Bad before attention; within each the order of the rules.
    found.sort_by_key(|line| line.tone != Tone::Bad);
    found
}

fn fault(code: &'static str, tone: Tone, what: impl Into<String>, todo: impl Into<String>) -> Line {
    Line::new(code, what).note(todo).tone(tone)
}

fn booth(service: &Service, around: &Around, say: Say) -> Vec<Line> {
    // What stops the booth, in the words of the page that participants see then.
    let mut stops = Vec::new();
    if !service.is_enrolled() {
        stops.push(OutOfService::NotEnrolled);
    }
    if around.wrong_hub {
        stops.push(OutOfService::WrongHub);
    }
    match around.queue {
        Some(Err(Trouble::Failed)) => stops.push(OutOfService::QueueFailed),
        Some(Err(Trouble::Full)) => stops.push(OutOfService::DiskFull),
        Some(Ok(())) | None => {}
    }
    let stop = |why: OutOfService| {
        let (what, todo) = trouble(why);
        fault(why.code(), Tone::Bad, what.get(say.0), todo.get(say.0))
    };
    let mut found: Vec<Line> = stops.into_iter().map(stop).collect();
    let mut add = |code, tone, what: (&'static str, &'static str), todo: (&'static str, &'static str)| {
        found.push(fault(code, tone, say.say(what.0, what.1), say.say(todo.0, todo.1)));
    };
    if service.is_enrolled() && !around.hub_connected && !around.wrong_hub {
        add(
            "N-03",
            Tone::Attention,
            ("Hub tidak terhubung", "The hub is not connected"),
            (
                "Peserta tetap dilayani; klaim disimpan. Periksa jaringan kantor dan hub.",
                "People are still served; claims are kept. Check the office's network and the hub.",
            ),
        );
    }
    if around.touch == Some(false) {
        add(
            "L-01",
            Tone::Bad,
            ("Layar sentuh tidak tersambung", "The touch screen is not connected"),
            (
                "Periksa kabel USB layar. Bilik menemukannya lagi sendiri.",
                "Check the screen's USB cable. The booth finds it again by itself.",
            ),
        );
    }
    match (around.reader, around.reader_doubted) {
        (DeviceState::Missing, true) => add(
            "P-02",
            Tone::Bad,
            ("Kiriman pembaca kartu tidak dimengerti", "What the card reader sends is not understood"),
            (
                "Pilih profil yang cocok di bagian Pembaca kartu.",
                "Choose the profile that fits in the section Card reader.",
            ),
        ),
        (DeviceState::Missing, false) => add(
            "P-01",
            Tone::Bad,
            ("Pembaca kartu tidak tersambung", "The card reader is not connected"),
            ("Periksa kabel USB-nya.", "Check its USB cable."),
        ),
        (DeviceState::Ready | DeviceState::Absent, _) => {}
    }
    if around.camera == DeviceState::Missing {
        add(
            "K-01",
            Tone::Bad,
            ("Kamera peserta tidak tersambung", "The participant's camera is not connected"),
            ("Periksa kabelnya.", "Check its cable."),
        );
    }
    if around.document_camera == DeviceState::Missing {
        add(
            "K-02",
            Tone::Bad,
            ("Kamera dokumen tidak tersambung", "The document camera is not connected"),
            ("Periksa kabelnya.", "Check its cable."),
        );
    }
    if around.microphone == DeviceState::Missing {
        add(
            "S-01",
            Tone::Bad,
            ("Mikrofon tidak tersambung", "The microphone is not connected"),
            ("Periksa kabelnya.", "Check its cable."),
        );
    }
    if around.speaker == DeviceState::Missing {
        add(
            "S-02",
            Tone::Bad,
            ("Pengeras suara tidak tersambung", "The loudspeaker is not connected"),
            ("Periksa kabelnya.", "Check its cable."),
        );
    }
    let counted = |count: u32, id: &str, en: &str| match say.0 {
        Language::Id => format!("{count} {id}"),
        Language::En => format!("{count} {en}"),
    };
    if around.refused > 0 {
        found.push(fault(
            "Q-01",
            Tone::Bad,
            counted(around.refused, "klaim ditolak hub atau rusak", "claims refused by the hub or damaged"),
            say.say(
                "Ekspor antrean ke stik dan serahkan ke kantor.",
                "Export the queue to a stick and hand it to the office.",
            ),
        ));
    }
    if around.lost > 0 {
        found.push(fault(
            "Q-02",
            Tone::Bad,
            counted(around.lost, "klaim hilang oleh disk yang rusak", "claims lost by a failing disk"),
            say.say("Ambil diagnosa, laporkan, ganti disk.", "Take diagnostics, report it, replace the disk."),
        ));
    }
    if around.disk_free.is_some_and(|free| free < LITTLE_ROOM) {
        found.push(fault(
            "D-01",
            Tone::Attention,
            say.say("Ruang disk tinggal sedikit", "Little room is left on the disk"),
            say.say("Sambungkan ke hub supaya antrean terkirim.", "Connect to the hub so that the queue is sent."),
        ));
    }
    if let Some((until, days)) = around.certificate.as_ref().filter(|(_, days)| *days < CERTIFICATE_DAYS) {
        let (what, tone) = match (say.0, *days < 0) {
            (Language::Id, true) => (format!("Sertifikat bilik habis pada {until}"), Tone::Bad),
            (Language::Id, false) => (format!("Sertifikat bilik habis {days} hari lagi"), Tone::Attention),
            (Language::En, true) => (format!("The booth's certificate ended on {until}"), Tone::Bad),
            (Language::En, false) => (format!("The booth's certificate ends in {days} days"), Tone::Attention),
        };
        found.push(fault(
            "N-04",
            tone,
            what,
            say.say(
                "Periksa jam, lalu daftarkan bilik lagi dengan stik baru.",
                "Check the clock, then enrol the booth again with a new stick.",
            ),
        ));
    }
    found
}

fn machine(status: &Status, say: Say, found: &mut Vec<Line>) {
    let mut add = |code, tone, what: (&'static str, &'static str), todo: (&'static str, &'static str)| {
        found.push(fault(code, tone, say.say(what.0, what.1), say.say(todo.0, todo.1)));
    };
    let network = &status.network;
    if network.interface.is_none() || !network.cable {
        add(
            "N-01",
            Tone::Bad,
            ("Kabel jaringan tidak terpasang", "The network cable is not plugged in"),
            ("Pasang kabel di belakang komputer.", "Plug in the cable at the back."),
        );
    } else if network.addresses.is_empty() {
        add(
            "N-02",
            Tone::Bad,
            ("Tidak ada alamat jaringan", "There is no network address"),
            (
                "Periksa DHCP kantor, atau ketik alamat di bagian Jaringan.",
                "Check the office's DHCP, or type an address in the section Network.",
            ),
        );
    }
    if status.clock == Clock::Unsynchronised {
        add(
            "J-01",
            Tone::Attention,
            ("Jam belum disetel", "The clock is not set"),
            (
                "Server waktu tidak terjangkau: periksa jaringan kantor. Bila salah terus: ganti baterai papan induk.",
                "No time server is reached: check the office's network. If it stays wrong: replace the mainboard's battery.",
            ),
        );
    }
    if status.data == Data::NoTpm {
        add(
            "D-02",
            Tone::Attention,
            ("Data: terdegradasi, tanpa TPM", "Data: degraded, no TPM"),
            (
                "Klaim tetap tersegel, tetapi kunci bilik dapat dibaca dari disk yang dicuri. Nyalakan TPM (fTPM, PTT) di BIOS lalu pasang ulang.",
                "Claims stay sealed, but a stolen disk shows the booth's keys. Switch on the TPM (fTPM, PTT) in the firmware and install again.",
            ),
        );
    }
    if status.mode == Mode::Booth && status.slots.iter().any(Slot::is_on_trial) {
        add(
            "U-01",
            Tone::Hint,
            ("Versi baru sedang diuji", "The new version is on trial"),
            (
                "Dipastikan sendiri setelah satu menit berjalan baik.",
                "It is kept by itself after a minute of running well.",
            ),
        );
    }
    if let Some(why) = status.data_fault {
        let (what, todo) = say.data_fault(why);
        found.push(fault(DATA_FAULT, Tone::Bad, what, todo));
    }
    for slot in status.slots.iter().filter(|slot| slot.state == SlotState::Bad) {
        let what = match say.0 {
            Language::Id => format!("Slot {} tidak dapat dipakai", slot.name),
            Language::En => format!("Slot {} cannot be used", slot.name),
        };
        found.push(fault(
            "U-02",
            Tone::Attention,
            what,
            say.say(
                "Bilik berjalan dari slot lain. Pasang pembaruan untuk memperbaikinya.",
                "The booth runs from the other slot. Install an update to mend it.",
            ),
        ));
    }
    match &status.last {
        Some(Outcome::RolledBack { failed, running, why }) => {
            let what = match say.0 {
                Language::Id => format!("Pembaruan ke {failed} gagal; {running} berjalan lagi"),
                Language::En => format!("The update to {failed} failed; {running} runs again"),
            };
            found.push(fault("U-03", Tone::Attention, what, say.rollback(*why)));
        }
        Some(Outcome::Failed { why, .. }) => {
            found.push(fault(
                "U-04",
                Tone::Attention,
                say.say("Pekerjaan terakhir gagal", "The last work failed"),
                say.failure(*why, Some(status)),
            ));
        }
        Some(Outcome::Updated { .. }) | None => {}
    }
}
