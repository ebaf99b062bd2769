//! The sections of the service menu.

use super::faults::faults;
use super::network::network;
use super::update::update;
use super::view::{Around, Button, Line, Look, Panel, Say, View};
use crate::service::{Act, Section, Service};
use bilik_claim::text::Language;
use bilik_claim::wire::DeviceState;
use bilik_device::{Data, Mode, Request};
use bilik_ui::Tone;
use std::time::Instant;

pub fn title(section: Section, say: Say) -> &'static str {
    match section {
        Section::Overview => say.say("Ringkasan", "Overview"),
        Section::Touch => say.say("Layar sentuh", "Touch screen"),
        Section::Media => say.say("Kamera & suara", "Camera & sound"),
        Section::Reader => say.say("Pembaca kartu", "Card reader"),
        Section::Network => say.say("Jaringan", "Network"),
        Section::Update => say.say("Pembaruan", "Update"),
        Section::Stick => say.say("Stik", "Stick"),
        Section::Power => say.say("Daya", "Power"),
    }
}

pub fn menu(section: Section, service: &Service, around: &Around, now: Instant, say: Say) -> View {
    let mut view = match section {
        Section::Overview => overview(service, around, say),
        Section::Touch => touch(service, say),
        Section::Media => media(service, around, now, say),
        Section::Reader => reader(service, around, say),
        Section::Network => network(service, around, say),
        Section::Update => update(service, around, say),
        Section::Stick => stick(service, around, say),
        Section::Power => power(service, around, say),
    };
    view.title = title(section, say).into();
    view.work = say.bar(service, now);
    if let Some((request, end)) = service.ended() {
        let (text, good, detail) = say.end(request, end, service.status());
        let detail = if detail.is_empty() { detail } else { format!(" ({detail})") };
        view.message = Some((format!("{text}{detail}"), if good { Tone::Good } else { Tone::Bad }));
    }
    let busy = service.is_busy();
    for button in view.actions.iter_mut().filter(|button| matches!(button.act, Act::Request(_))) {
        button.enabled &= !busy;
    }
    view
}

fn overview(service: &Service, around: &Around, say: Say) -> View {
    let mut lines = faults(service, around, say);
    if lines.iter().all(|line| line.tone == Tone::Hint) {
        let all_well = say.say("Semuanya baik", "All well");
        lines.insert(0, Line::new(say.say("Keadaan", "State"), all_well).tone(Tone::Good));
    }
    lines.push(Line::new(say.say("Bilik", "Booth"), around.booth.clone()).note(around.booth_id.clone()));
    if let Some(status) = service.status() {
        let running = status.slots.iter().find(|slot| slot.running).map(|slot| format!(" · slot {}", slot.name));
        let keys = if status.development { say.say(" · kunci pengembangan", " · development keys") } else { "" };
        lines.push(Line::new(
            say.say("Versi", "Version"),
            format!("{}{}{keys}", status.version, running.unwrap_or_default()),
        ));
        let hash: String = status.root_hash.chars().take(16).collect();
        lines.push(Line::new(say.say("Sidik sistem", "Root hash"), format!("{hash}…")));
        lines.push(data(status.data, say));
    } else {
        lines.push(Line::new(say.say("Versi", "Version"), env!("CARGO_PKG_VERSION")));
    }
    let waiting = match (say.0, around.queued) {
        (Language::Id, 0) => "Kosong".into(),
        (Language::Id, queued) => format!("{queued} klaim menunggu dikirim"),
        (Language::En, 0) => "Empty".into(),
        (Language::En, queued) => format!("{queued} claims wait to be sent"),
    };
    lines.push(Line::new(say.say("Antrean", "Queue"), waiting));
    if let Some(free) = around.disk_free {
        lines.push(Line::new(
            say.say("Ruang disk", "Disk room"),
            match say.0 {
                Language::Id => format!("{} kosong", say.size(free)),
                Language::En => format!("{} free", say.size(free)),
            },
        ));
    }
    View { lines, qr: around.attestation.clone(), ..View::default() }
}

fn data(data: Data, say: Say) -> Line {
    let label = say.say("Partisi data", "Data partition");
    match data {
        Data::Memory => {
            Line::new(label, say.say("Hanya di memori: tidak ada yang disimpan", "In memory only: nothing is kept"))
        }
        Data::Tpm => Line::new(label, say.say("Terenkripsi, kunci di TPM", "Encrypted, key in the TPM")),
        Data::NoTpm => {
            Line::new(label, say.say("Terdegradasi: terenkripsi tanpa TPM", "Degraded: encrypted without a TPM"))
        }
        Data::Plain => Line::new(label, say.say("Disk milik kantor", "The office's own disk")),
    }
}

fn touch(service: &Service, say: Say) -> View {
    let (hit, all) = (service.touch().count(), service.touch().cells().len());
    let message = match (hit == all, say.0) {
        (true, _) => (
            say.say("Semua kotak terkena: layar sentuh baik.", "Every box was hit: the touch screen is well.").into(),
            Tone::Good,
        ),
        (false, Language::Id) => (format!("Usap semua kotak dengan satu jari: {hit} dari {all}."), Tone::Hint),
        (false, Language::En) => (format!("Wipe over all boxes with one finger: {hit} of {all}."), Tone::Hint),
    };
    let clear = Button::new(say.say("Ulangi", "Start again"), Act::ClearTouch, Look::Plain);
    View { message: Some(message), panel: Panel::Touch, actions: vec![clear], ..View::default() }
}

fn device(label: &'static str, state: DeviceState, say: Say) -> Line {
    match state {
        DeviceState::Ready => Line::new(label, say.say("Siap", "Ready")).tone(Tone::Good),
        DeviceState::Missing => Line::new(label, say.say("Tidak tersambung", "Not connected"))
            .note(say.say(
                "Periksa kabelnya. Bilik mencarinya lagi sendiri.",
                "Check its cable. The booth looks for it again by itself.",
            ))
            .tone(Tone::Bad),
        DeviceState::Absent => Line::new(label, say.say("Tidak dipakai di bilik ini", "Not used by this booth")),
    }
}

fn media(service: &Service, around: &Around, now: Instant, say: Say) -> View {
    let mut microphone = device(say.say("Mikrofon", "Microphone"), around.microphone, say);
    let mut speaker = device(say.say("Pengeras suara", "Loudspeaker"), around.speaker, say);
    let mut meter = None;
    if around.microphone == DeviceState::Ready {
        let hearing = service.hearing();
        meter = Some(hearing.part());
        microphone = if hearing.is_silent(now) {
            Line::new(microphone.label, say.say("Tidak ada suara selama 3 detik", "No sound for 3 seconds"))
                .note(say.say(
                    "Bicaralah. Bila tetap: periksa tombol bisu dan kabelnya.",
                    "Speak. If it stays: check its mute switch and its cable.",
                ))
                .tone(Tone::Attention)
        } else {
            Line::new(microphone.label, say.say("Terdengar", "Hears")).tone(Tone::Good)
        };
    }
    if around.speaker == DeviceState::Ready {
        speaker = speaker
            .note(say.say("Nada lewat jalur suara petugas.", "A tone goes the way of the officer's voice."))
            .act(say.say("Bunyikan nada", "Play a tone"), Act::PlayTone);
    }
    View { lines: vec![microphone, speaker], panel: Panel::Pictures, meter, ..View::default() }
}

/// What stands under the pictures of both cameras.
pub fn cameras(around: &Around, say: Say) -> (String, String) {
    let told = |label: &'static str, state| {
        let line = device(label, state, say);
        format!("{} · {}", line.label, line.value)
    };
    let face = told(say.say("Kamera peserta", "Participant's camera"), around.camera);
    (face, told(say.say("Kamera dokumen", "Document camera"), around.document_camera))
}

fn reader(service: &Service, around: &Around, say: Say) -> View {
    let state = match (around.reader, around.reader_doubted) {
        (DeviceState::Missing, true) => Line::new(
            say.say("Keadaan", "State"),
            say.say("Kirimannya tidak dimengerti", "What it sends is not understood"),
        )
        .note(say.say("Pilih profil lain di bawah.", "Choose another profile below."))
        .tone(Tone::Bad),
        (state, _) => device(say.say("Keadaan", "State"), state, say),
    };
    let mut lines = vec![state];
    let can_set = service.status().is_some() && !service.is_busy();
    let choose = say.say("Pilih", "Choose");
    let set = around.reader_set.as_ref();
    for port in &around.ports {
        let chosen = set.is_some_and(|(own, _)| own == port);
        let line = Line::new(say.say("Sambungan", "Port"), port.clone());
        let profile = set.map_or_else(|| "line".into(), |(_, profile)| profile.clone());
        lines.push(pick(line, chosen, can_set, choose, Request::SetReader { port: port.clone(), profile }));
    }
    let port = set.map(|(port, _)| port.clone()).or_else(|| around.ports.first().cloned());
    for (name, title) in &around.profiles {
        let chosen = set.is_some_and(|(_, own)| own == name);
        let line = Line::new(say.say("Profil", "Profile"), title.clone());
        match &port {
            Some(port) => {
                let request = Request::SetReader { port: port.clone(), profile: name.clone() };
                lines.push(pick(line, chosen, can_set, choose, request));
            }
            None => lines.push(line),
        }
    }
    View { lines, panel: Panel::Raw, ..View::default() }
}

/// One of several: the chosen one has a sign, the others a button.
fn pick(line: Line, chosen: bool, can_set: bool, label: &'static str, request: Request) -> Line {
    match (chosen, can_set) {
        (true, _) => line.tone(Tone::Good),
        (false, true) => line.act(label, Act::Request(request)),
        (false, false) => line,
    }
}

pub(super) fn no_machine(say: Say) -> View {
    let text = say.say(
        "Layanan mesin tidak ada, jadi bagian ini kosong.",
        "There is no machine service, so this section is empty.",
    );
    View { message: Some((text.into(), Tone::Hint)), ..View::default() }
}

fn stick(service: &Service, around: &Around, say: Say) -> View {
    let Some(status) = service.status() else { return no_machine(say) };
    let mut lines = Vec::new();
    for stick in &status.sticks {
        let mut holds = Vec::new();
        holds.extend(stick.provisioning.then(|| "bilik.toml".to_owned()));
        holds.extend(stick.update.version().map(|version| match say.0 {
            Language::Id => format!("pembaruan {version}"),
            Language::En => format!("update {version}"),
        }));
        let holds = if holds.is_empty() {
            say.say("Siap ditulisi", "Ready to be written").to_owned()
        } else {
            holds.join(", ")
        };
        lines.push(Line::new(say.say("Stik", "Stick"), stick.name.clone()).note(holds).tone(Tone::Good));
    }
    if lines.is_empty() {
        let hint = say.say("Masukkan stik dengan nama BILIK (FAT).", "Insert a stick named BILIK (FAT).");
        lines.push(Line::new(say.say("Stik", "Stick"), say.say("Tidak ada", "None")).note(hint).tone(Tone::Attention));
    }
    lines.push(
        Line::new(
            say.say("Diagnosa", "Diagnostics"),
            say.say("Catatan dan keadaan mesin", "Logs and the machine's state"),
        )
        .note(say.say(
            "Tanpa data pribadi. Tersegel untuk hub; bilik yang belum terdaftar menulis lebih sedikit, tanpa segel.",
            "No personal data. Sealed to the hub; a booth that is not enrolled writes less, unsealed.",
        )),
    );
    let queue = match say.0 {
        Language::Id => format!("{} klaim menunggu", around.queued),
        Language::En => format!("{} claims wait", around.queued),
    };
    lines.push(Line::new(say.say("Salinan antrean", "Copy of the queue"), queue).note(
        say.say("Tetap tersegel. Kantor memasukkannya di hub.", "Stays sealed. The office takes it in at the hub."),
    ));
    let (some, has_file) = (!status.sticks.is_empty(), status.sticks.iter().any(|stick| stick.provisioning));
    let mut actions = vec![
        Button::new(say.say("Simpan diagnosa", "Save diagnostics"), Act::Request(Request::Diagnostics), Look::Plain)
            .enabled(some),
        Button::new(say.say("Ekspor antrean", "Export the queue"), Act::Request(Request::ExportQueue), Look::Plain)
            .enabled(some && around.queued > 0),
    ];
    if has_file {
        actions.push(Button::new(
            say.say("Pakai bilik.toml", "Use bilik.toml"),
            Act::Request(Request::Provision),
            Look::Plain,
        ));
    }
    View { lines, actions, ..View::default() }
}

fn power(service: &Service, around: &Around, say: Say) -> View {
    let Some(status) = service.status() else { return no_machine(say) };
    let act = |request| Act::Request(request);
    let mut lines = vec![
        Line::new(say.say("Nyalakan ulang", "Restart"), say.say("Perlu kira-kira satu menit", "Takes about a minute"))
            .act(say.say("Nyalakan ulang", "Restart"), act(Request::Restart)),
        Line::new(
            say.say("Matikan", "Power off"),
            say.say("Menyala lagi dengan tombol dayanya", "Starts again by its power button"),
        )
        .act(say.say("Matikan", "Power off"), act(Request::PowerOff)),
    ];
    if status.mode == Mode::Booth {
        let reset = Line::new(
            say.say("Kosongkan bilik", "Factory reset"),
            say.say("Hapus pendaftaran, pengaturan dan antrean", "Erase enrolment, settings and queue"),
        );
        // The machine refuses it all the same; here it is said before anybody tries.
        let wait = match (say.0, around.queued) {
            (_, 0) => String::new(),
            (Language::Id, queued) => format!("{queued} klaim belum terkirim: ekspor antrean ke stik dulu."),
            (Language::En, queued) => format!("{queued} claims are not sent yet: export the queue to a stick first."),
        };
        let tone = if wait.is_empty() { Tone::None } else { Tone::Attention };
        lines.push(reset.note(wait).tone(tone).act(say.say("Kosongkan", "Reset"), act(Request::FactoryReset)));
    }
    if service.is_busy() {
        lines.iter_mut().for_each(|line| line.act = None);
    }
    View { lines, ..View::default() }
}
