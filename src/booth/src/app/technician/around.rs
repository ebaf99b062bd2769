//! What the technicians' pages show of the booth, gathered from where it stands.

use super::Care;
use crate::app::App;
use crate::app::facts::disk_free;
use crate::clock;
use crate::presenter::technician::Around;
use bilik_claim::attest::Attestation;

impl Care {
    /// What the code in the overview says.
    fn attestation(&self, minute: i64) -> Option<String> {
        let ((booth, key), status) = (self.signer.as_ref()?, self.service.status()?);
        let (version, root_hash) = (status.version.clone(), status.root_hash.clone());
        Some(Attestation { version, root_hash, booth: *booth, minute }.sign(key))
    }
}

impl App {
    pub(super) fn around(&self) -> Around {
        let care = &self.care;
        let today = jiff::Zoned::now();
        let certificate = care.certificate.and_then(|until| {
            let until = jiff::Timestamp::from_second(until).ok()?.to_zoned(today.time_zone().clone());
            let days = (until.timestamp().as_second() - today.timestamp().as_second()).div_euclid(24 * 3600);
            Some((clock::date(&until), days))
        });
        Around {
            booth: care.booth.0.clone(),
            booth_id: care.booth.1.clone(),
            hub: care.hub.clone(),
            hub_connected: self.session.surroundings().hub_connected,
            wrong_hub: self.wrong_hub,
            queue: self.queue,
            queued: self.state.queued,
            refused: self.state.refused,
            lost: self.state.lost,
            reader: self.state.reader,
            reader_doubted: self.reader_doubted,
            camera: self.state.camera,
            document_camera: self.state.document_camera,
            microphone: self.state.microphone,
            speaker: self.speaker,
            touch: care.signs.touch,
            reader_set: care.reader_set.clone(),
            ports: care.ports.clone(),
            profiles: care.profiles.clone(),
            disk_free: disk_free(&care.state_dir),
            certificate,
            clock: format!("{} {}", clock::date(&today), clock::time_of_day()),
            attestation: care.attestation(today.timestamp().as_second().div_euclid(60)),
            update: self.update_progress(),
            raw: care.raw.join("\n"),
        }
    }
}
