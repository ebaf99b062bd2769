//! The section of updates: what lies in the slots, how the last one ended, what a stick or the hub has.

use super::menu::no_machine;
use super::view::{Around, Button, Line, Look, Say, View};
use crate::service::{Act, Service};
use bilik_claim::machine::{Hindrance, Progress};
use bilik_claim::text::Language;
use bilik_device::{Failure, Mode, OnStick, Request, SlotState, Status, UpdateFrom};
use bilik_ui::Tone;

pub fn update(service: &Service, around: &Around, say: Say) -> View {
    let Some(status) = service.status() else { return no_machine(say) };
    if status.mode != Mode::Booth {
        let text = say.say(
            "Bilik ini diperbarui oleh sistem operasi kantor.",
            "This booth is updated by the office's own system.",
        );
        return View {
            message: Some((text.into(), Tone::Hint)),
            lines: vec![Line::new(say.say("Versi", "Version"), status.version.clone())],
            ..View::default()
        };
    }
    let mut lines: Vec<Line> = status
        .slots
        .iter()
        .map(|slot| {
            let version = slot.version.clone().unwrap_or_else(|| say.say("kosong", "empty").into());
            let runs = if slot.running { say.say(" · berjalan", " · running") } else { "" };
            let (word, tone) = match slot.state {
                SlotState::Empty => (say.say("Belum pernah diisi", "Never filled"), Tone::None),
                SlotState::Trial if slot.running => (
                    say.say(
                        "Sedang diuji: dipastikan setelah satu menit berjalan baik",
                        "On trial: kept after a minute of running well",
                    ),
                    Tone::Hint,
                ),
                SlotState::Trial => {
                    (say.say("Akan dicoba pada penyalaan berikutnya", "Will be tried at the next start"), Tone::Hint)
                }
                SlotState::Good => (say.say("Baik", "Good"), Tone::Good),
                SlotState::Bad => {
                    (say.say("Gagal diuji atau rusak", "Failed its trial, or is damaged"), Tone::Attention)
                }
            };
            Line::new(format!("Slot {}", slot.name), format!("{version}{runs}")).note(word).tone(tone)
        })
        .collect();
    lines.extend(last(status, say));
    let offered = hub(&around.update, say);
    let found = status.sticks.iter().find_map(|stick| stick.update.version());
    lines.push(on_stick(status, found, say));
    lines.push(offered);
    let label = match (found, say.0) {
        (Some(version), Language::Id) => format!("Pasang {version} dari stik"),
        (Some(version), Language::En) => format!("Install {version} from the stick"),
        (None, Language::Id) => "Pasang dari stik".into(),
        (None, Language::En) => "Install from the stick".into(),
    };
    // Nobody's claim is put at risk by a new system. No session can be on: then there is no menu.
    let message = (around.queued > 0).then(|| (unsent(around, say), Tone::Attention));
    let may = found.is_some() && around.queued == 0;
    let request = Act::Request(Request::Update { from: UpdateFrom::Stick });
    let install = Button::new(label, request, Look::Primary).enabled(may);
    let restart = Button::new(say.say("Nyalakan ulang", "Restart"), Act::Request(Request::Restart), Look::Primary);
    // One thing to do next: what lies ready is tried before something else is put there.
    let waits = status.slots.iter().any(|slot| !slot.running && slot.state == SlotState::Trial);
    View { message, lines, actions: vec![if waits { restart } else { install }], ..View::default() }
}

fn on_stick(status: &Status, found: Option<&str>, say: Say) -> Line {
    let label = say.say("Di stik", "On the stick");
    if let Some(version) = found {
        return Line::new(label, version.to_owned()).tone(Tone::Good);
    }
    let unfit = status.sticks.iter().find_map(|stick| match stick.update {
        OnStick::Unfit(why) => Some(why),
        OnStick::Nothing | OnStick::Version(_) => None,
    });
    match unfit {
        Some(why @ Failure::BadSignature) => {
            let text = say.say("Pembaruan asing", "A stranger's update");
            Line::new(label, text).note(say.failure(why, None)).tone(Tone::Bad)
        }
        Some(_) => {
            Line::new(label, say.say("Berkas pembaruan rusak", "The update's file is damaged"))
                .note(say.say(
                    "Salin lagi berkas .raucb yang asli ke stik.",
                    "Copy the genuine .raucb file to the stick again.",
                ))
                .tone(Tone::Bad)
        }
        None => Line::new(label, say.say("Tidak ada pembaruan", "No update")).note(say.say(
            "Salin berkas .raucb ke stik BILIK, lalu masukkan.",
            "Copy the .raucb file to the BILIK stick and insert it.",
        )),
    }
}

/// Why there is no update while claims wait, and what makes them go. A copy on a stick does not: the booth still has the claim to
/// deliver, and only what the hub has confirmed is out of the new version's reach.
fn unsent(around: &Around, say: Say) -> String {
    let wait = match say.0 {
        Language::Id => {
            format!("{} klaim belum diterima hub: sebelum itu bilik tidak diperbarui. ", around.queued)
        }
        Language::En => format!("{} claims are not at the hub yet: no update before that. ", around.queued),
    };
    let todo = match (around.hub_connected, around.refused) {
        (false, _) => say.say(
            "Klaim terkirim sendiri begitu hub terjangkau. Periksa kabel dan bagian Jaringan, lalu tanyakan kantor apakah hub menyala.",
            "They are sent as soon as the hub is reached. Check the cable and the section Network, then ask the office whether the hub runs.",
        ),
        (true, 0) => say.say("Hub terhubung: tunggu sampai terkirim.", "The hub is connected: wait until they are sent."),
        (true, _) => say.say(
            "Ada yang ditolak hub: ekspor antrean ke stik, minta kantor memasukkannya dengan bilik-hub recover, lalu nyalakan ulang bilik.",
            "The hub refuses some: export the queue to a stick, have the office take it in with bilik-hub recover, then restart the booth.",
        ),
    };
    wait + todo
}

fn last(status: &Status, say: Say) -> Option<Line> {
    use bilik_device::Outcome;
    let label = say.say("Terakhir", "Last time");
    Some(match status.last.as_ref()? {
        Outcome::Updated { from, to } => Line::new(
            label,
            match say.0 {
                Language::Id => format!("Diperbarui dari {from} ke {to}"),
                Language::En => format!("Updated from {from} to {to}"),
            },
        )
        .tone(Tone::Good),
        Outcome::RolledBack { failed, running, why } => Line::new(
            label,
            match say.0 {
                Language::Id => format!("{failed} tidak berjalan baik; kembali ke {running}"),
                Language::En => format!("{failed} did not run well; back to {running}"),
            },
        )
        .note(say.rollback(*why))
        .tone(Tone::Attention),
        Outcome::Failed { why, detail } => {
            Line::new(label, say.failure(*why, Some(status))).note(detail.clone()).tone(Tone::Bad)
        }
    })
}

/// What has become of the hub's offer.
fn hub(progress: &Progress, say: Say) -> Line {
    let line = |value: String| Line::new(say.say("Dari hub", "From the hub"), value);
    match progress {
        Progress::None => line(say.say("Tidak ada pembaruan", "No update").into()),
        Progress::Fetching { bytes } => line(match say.0 {
            Language::Id => format!("Sedang diterima: {}", say.size(*bytes)),
            Language::En => format!("Being received: {}", say.size(*bytes)),
        })
        .tone(Tone::Hint),
        Progress::Received { hindrance } => {
            line(say.say("Diterima, belum dipasang", "Received, not installed yet").into())
                .note(waits(*hindrance, say))
                .tone(Tone::Hint)
        }
        Progress::Installing => line(say.say("Sedang dipasang", "Being installed").into()).tone(Tone::Hint),
        Progress::Installed { hindrance } => {
            line(say.say("Terpasang, dicoba pada penyalaan berikutnya", "Installed, tried at the next start").into())
                .note(waits(*hindrance, say))
                .tone(Tone::Hint)
        }
        Progress::Refused { why } => line(say.say("Ditolak", "Refused").into()).note(why.clone()).tone(Tone::Attention),
        Progress::Unknown => line(say.say("Tidak diketahui", "Unknown").into()),
    }
}

/// What it waits for.
fn waits(hindrance: Hindrance, say: Say) -> &'static str {
    match hindrance {
        Hindrance::None | Hindrance::Unknown => "",
        Hindrance::Session => say.say("Menunggu sampai tidak ada peserta.", "It waits until nobody is in a session."),
        Hindrance::ClaimsWait => {
            say.say("Menunggu sampai semua klaim diterima hub.", "It waits until the hub has every claim.")
        }
        Hindrance::Machine => say.say(
            "Menunggu sampai mesin selesai dan menu ini ditutup.",
            "It waits until the machine is done and this menu is closed.",
        ),
        Hindrance::Day => say.say("Menunggu sampai malam.", "It waits for the night."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::specimen;
    use bilik_device::Stick;

    #[test]
    fn what_the_stick_holds() {
        let check = |update: &[OnStick], value: &str, note: &str, tone: Tone| {
            let stick =
                |update: &OnStick| Stick { name: "SPECIMEN".into(), provisioning: false, update: update.clone() };
            let status = Status { sticks: update.iter().map(stick).collect(), ..specimen::booth() };
            let found = status.sticks.iter().find_map(|stick| stick.update.version());
            let line = on_stick(&status, found, Say(Language::En));
            assert_eq!((line.value.as_str(), line.tone), (value, tone), "{update:?}");
            assert!(line.note.contains(note), "{update:?}: {}", line.note);
        };
        let bad = OnStick::Unfit(Failure::BadFile);
        check(&[], "No update", "Copy the .raucb file", Tone::None);
        check(&[OnStick::Nothing], "No update", "Copy the .raucb file", Tone::None);
        check(std::slice::from_ref(&bad), "The update's file is damaged", "again", Tone::Bad);
        check(&[OnStick::Unfit(Failure::BadSignature)], "A stranger's update", "not signed", Tone::Bad);
        check(&[OnStick::Unfit(Failure::Io)], "The update's file is damaged", "again", Tone::Bad);
        check(&[bad, OnStick::Version("0.3.0".into())], "0.3.0", "", Tone::Good);
    }
}
