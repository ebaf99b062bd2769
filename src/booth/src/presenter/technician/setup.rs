//! The pages before a booth serves: onto the disk, and enrolment.

use super::faults::DATA_FAULT;
use super::view::{Button, Disk, Line, Look, Say, View};
use crate::device::End;
use crate::service::{Act, Service};
use bilik_claim::text::Language;
use bilik_device::{Clock, DataFault, Failure, Outcome, Provisioning, Request, Status};
use bilik_ui::Tone;
use std::time::Instant;

/// The stick has started.
pub fn installer(service: &Service, now: Instant, say: Say) -> View {
    let Some(status) = service.status() else { return View::default() };
    if let Some(work) = say.bar(service, now) {
        let lead = say
            .say("Jangan cabut stik dan jangan matikan komputer.", "Do not pull out the stick and do not switch off.");
        return View {
            title: say.say("Memasang Bilik…", "Installing Bilik…").into(),
            lead: lead.into(),
            work: Some(work),
            ..View::default()
        };
    }
    match service.ended() {
        Some((Request::Install { .. }, End::Done)) => installed(say),
        Some((request, end @ (End::Failed { .. } | End::Lost { .. }))) => {
            let (text, _, detail) = say.end(request, end, Some(status));
            failed(text, detail, say)
        }
        Some((_, End::Done)) | None => choose(service, status, say),
    }
}

fn choose(service: &Service, status: &Status, say: Say) -> View {
    let chosen = service.disk();
    let disk = |disk: &bilik_device::Disk| {
        let size = say.size(disk.bytes);
        let note = match (&disk.holds, say.0) {
            (Some(holds), Language::Id) => format!("{size} · berisi {holds}, akan hilang"),
            (Some(holds), Language::En) => format!("{size} · holds {holds}, will be lost"),
            (None, Language::Id) => format!("{size} · kosong"),
            (None, Language::En) => format!("{size} · blank"),
        };
        Disk { name: disk.name.clone(), note, chosen: chosen == Some(disk) }
    };
    let disks: Vec<_> = status.disks.iter().map(disk).collect();
    let lead = match disks.len() {
        0 => say.say("Tidak ada disk yang dapat dipakai.", "There is no disk that could be used."),
        1 => say.say("Seluruh isi disk ini dihapus.", "Everything on this disk is erased."),
        _ => say.say("Pilih disk. Seluruh isinya dihapus.", "Choose a disk. Everything on it is erased."),
    };
    let message = if disks.is_empty() {
        let todo = say.say(
            "Periksa apakah disk terpasang di dalam komputer dan terlihat di pengaturan BIOS (mode AHCI). Halaman ini memperbarui diri.",
            "Check that a disk is built in and seen in the firmware's settings (AHCI mode). This page follows by itself.",
        );
        (todo.to_owned(), Tone::Bad)
    } else if status.sticks.iter().any(|stick| stick.provisioning) {
        let text = say.say(
            "Berkas bilik.toml ada di stik: setelah dipasang, bilik mendaftar sendiri.",
            "The stick carries bilik.toml: once installed, the booth enrols by itself.",
        );
        (text.to_owned(), Tone::Good)
    } else {
        let text = say.say(
            "Tidak ada berkas bilik.toml di stik. Bilik dapat dipasang sekarang dan didaftarkan nanti.",
            "There is no bilik.toml on the stick. You can install now and enrol the booth later.",
        );
        (text.to_owned(), Tone::Attention)
    };
    let install = chosen.map(|disk| Act::Request(Request::Install { disk: disk.id.clone() }));
    let label = say.say("Hapus dan pasang", "Erase and install");
    let mut actions = vec![Button::new(say.say("Matikan", "Power off"), Act::Request(Request::PowerOff), Look::Plain)];
    let enabled = install.is_some();
    actions.push(Button::new(label, install.unwrap_or(Act::Cancel), Look::Primary).enabled(enabled));
    let last = status.last.as_ref().and_then(|last| match last {
        Outcome::Failed { why, detail } => Some(
            Line::new(
                say.say("Pemasangan terakhir gagal", "The last installation failed"),
                say.failure(*why, Some(status)),
            )
            .note(detail.clone())
            .tone(Tone::Bad),
        ),
        Outcome::Updated { .. } | Outcome::RolledBack { .. } => None,
    });
    View {
        title: say.say("Pasang Bilik di komputer ini", "Install Bilik on this computer").into(),
        lead: lead.into(),
        disks,
        lines: last.into_iter().collect(),
        message: Some(message),
        actions,
        ..View::default()
    }
}

fn installed(say: Say) -> View {
    View {
        title: say.say("Bilik sudah terpasang", "The booth is installed").into(),
        lead: say
            .say(
                "Cabut stik, lalu sentuh Nyalakan ulang. Bilik menyala dari disknya sendiri.",
                "Pull out the stick, then touch Restart. The booth starts from its own disk.",
            )
            .into(),
        ended: Some(true),
        actions: vec![Button::new(say.say("Nyalakan ulang", "Restart"), Act::Request(Request::Restart), Look::Primary)],
        ..View::default()
    }
}

fn failed(text: &str, detail: String, say: Say) -> View {
    View {
        title: say.say("Pemasangan gagal", "The installation failed").into(),
        lead: text.into(),
        ended: Some(false),
        detail,
        actions: vec![
            Button::new(say.say("Matikan", "Power off"), Act::Request(Request::PowerOff), Look::Plain),
            Button::new(say.say("Coba lagi", "Try again"), Act::TryAgain, Look::Primary),
        ],
        ..View::default()
    }
}

/// A booth that no hub knows yet.
pub fn enrol(service: &Service, now: Instant, say: Say) -> View {
    let Some(status) = service.status() else { return View::default() };
    if let Provisioning::Done { hub, booth, branch } = &status.provisioning {
        return ready(hub, booth, branch, say);
    }
    if let Some(why) = status.data_fault {
        return shut(why, say);
    }
    let underway = status.provisioning == Provisioning::Underway || service.is_busy();
    let has_file = status.sticks.iter().any(|stick| stick.provisioning);
    let take_in =
        Button::new(say.say("Pakai bilik.toml", "Use bilik.toml"), Act::Request(Request::Provision), Look::Primary);
    View {
        title: say.say("Bilik belum terdaftar", "This booth is not enrolled").into(),
        lead: say
            .say(
                "Masukkan stik dengan berkas bilik.toml, atau ketik kode dari hub.",
                "Insert the stick with the file bilik.toml, or type the hub's code.",
            )
            .into(),
        lines: checklist(service, status, underway, say),
        work: say.bar(service, now),
        detail: detail(service, status),
        actions: vec![
            Button::new(say.say("Menu servis", "Service menu"), Act::OpenMenu, Look::Plain),
            Button::new(say.say("Ketik kode", "Type the code"), Act::TypeCode, Look::Plain).enabled(!underway),
            take_in.enabled(has_file && !underway),
        ],
        ..View::default()
    }
}

/// Its data do not open. Whether it is enrolled stands in them: who would enrol it again here could keep nothing of it.
fn shut(why: DataFault, say: Say) -> View {
    let (what, todo) = say.data_fault(why);
    View {
        title: what.into(),
        lead: todo.into(),
        ended: Some(false),
        detail: DATA_FAULT.into(),
        actions: vec![
            Button::new(say.say("Menu servis", "Service menu"), Act::OpenMenu, Look::Plain),
            Button::new(say.say("Nyalakan ulang", "Restart"), Act::Request(Request::Restart), Look::Primary),
        ],
        ..View::default()
    }
}

fn ready(hub: &str, booth: &str, branch: &str, say: Say) -> View {
    View {
        title: say.say("Bilik siap", "The booth is ready").into(),
        lead: match say.0 {
            Language::Id => {
                format!("Terdaftar sebagai {booth}, {branch}, di {hub}. Cabut stik; halaman pembuka segera tampil.")
            }
            Language::En => format!(
                "Enrolled as {booth}, {branch}, at {hub}. Pull out the stick; the first page is about to appear."
            ),
        },
        ended: Some(true),
        actions: vec![Button::new(say.say("Mulai melayani", "Start serving"), Act::Serve, Look::Primary)],
        ..View::default()
    }
}

/// Cable, address, clock, stick, hub: what is there and what is missing.
fn checklist(service: &Service, status: &Status, underway: bool, say: Say) -> Vec<Line> {
    let network = &status.network;
    let cable = match (&network.interface, network.cable) {
        (None, _) => {
            Line::new(say.say("Kabel", "Cable"), say.say("Tidak ada kartu jaringan", "There is no network adapter"))
                .note(say.say("Pasang adaptor jaringan.", "Fit a network adapter."))
                .tone(Tone::Bad)
        }
        (Some(_), false) => Line::new(say.say("Kabel", "Cable"), say.say("Tidak terpasang", "Not plugged in"))
            .note(say.say("Pasang kabel jaringan di belakang komputer.", "Plug in the network cable at the back."))
            .tone(Tone::Bad),
        (Some(_), true) => Line::new(say.say("Kabel", "Cable"), say.say("Terpasang", "Plugged in")).tone(Tone::Good),
    };
    let address = match network.addresses.first() {
        Some(own) => {
            Line::new(say.say("Alamat", "Address"), format!("{}/{}", own.address, own.prefix)).tone(Tone::Good)
        }
        None => Line::new(say.say("Alamat", "Address"), say.say("Belum ada", "None yet"))
            .note(say.say(
                "Tunggu DHCP, atau ketik alamat di menu servis.",
                "Wait for DHCP, or type an address in the service menu.",
            ))
            .tone(if network.cable { Tone::Attention } else { Tone::Hint }),
    };
    let clock = match status.clock {
        Clock::Synchronised => Line::new(say.say("Jam", "Clock"), say.say("Sudah disetel", "Set")).tone(Tone::Good),
        Clock::Unsynchronised => Line::new(say.say("Jam", "Clock"), say.say("Belum disetel", "Not set yet"))
            .note(say.say(
                "Belum ada server waktu. Bilik tetap dapat mendaftar.",
                "No time server yet. The booth can enrol all the same.",
            ))
            .tone(Tone::Hint),
    };
    vec![cable, address, clock, stick(status, underway, say), hub(service, status, underway, say)]
}

fn stick(status: &Status, underway: bool, say: Say) -> Line {
    let label = say.say("Berkas bilik.toml", "File bilik.toml");
    let has_file = status.sticks.iter().any(|stick| stick.provisioning);
    match (status.sticks.first(), has_file || underway) {
        (_, true) => Line::new(label, say.say("Ditemukan", "Found")).tone(Tone::Good),
        (Some(stick), false) => Line::new(label, say.say("Tidak ada di stik", "Not on the stick"))
            .note(match say.0 {
                Language::Id => format!("Salin ke {} dari PC teknisi.", stick.name),
                Language::En => format!("Copy it to {} on a technician's PC.", stick.name),
            })
            .tone(Tone::Attention),
        (None, false) => Line::new(label, say.say("Masukkan stik", "Insert the stick"))
            .note(say.say("Berkasnya dibuat di hub.", "The file is made at the hub."))
            .tone(Tone::Attention),
    }
}

fn hub(service: &Service, status: &Status, underway: bool, say: Say) -> Line {
    let label = say.say("Pendaftaran", "Enrolment");
    let failure = service.ended().and_then(|(_, end)| match end {
        End::Failed { why, .. } => Some(*why),
        End::Done | End::Lost { .. } => None,
    });
    let told: Option<Failure> = match &status.provisioning {
        Provisioning::Failed { why, .. } => Some(*why),
        Provisioning::Missing | Provisioning::Underway | Provisioning::Done { .. } => failure,
    };
    if underway {
        Line::new(label, say.say("Sedang mendaftar ke hub…", "Enrolling at the hub…")).tone(Tone::Hint)
    } else if let Some(why) = told {
        Line::new(label, say.failure(why, Some(status))).tone(Tone::Bad)
    } else {
        Line::new(label, say.say("Menunggu berkas atau kode", "Waiting for file or code")).tone(Tone::Hint)
    }
}

fn detail(service: &Service, status: &Status) -> String {
    let asked = service.ended().and_then(|(_, end)| match end {
        End::Failed { detail, .. } | End::Lost { detail } => Some(detail.clone()),
        End::Done => None,
    });
    match &status.provisioning {
        Provisioning::Failed { detail, .. } => detail.clone(),
        Provisioning::Missing | Provisioning::Underway | Provisioning::Done { .. } => asked.unwrap_or_default(),
    }
}
