//! The sentences for technicians that more than one page needs: first what is so, then what to do.

use super::view::{Bar, Say};
use crate::device::End;
use crate::service::{Question, Service};
use bilik_claim::text::Language;
use bilik_device::{Clock, DataFault, Failure, Request, RollbackReason, Status, Step};
use std::time::{Duration, Instant};

impl Say {
    /// Why the machine did not do it, and what to do now.
    pub fn failure(self, why: Failure, status: Option<&Status>) -> &'static str {
        let clock_wrong = status.is_some_and(|status| status.clock == Clock::Unsynchronised);
        match why {
            Failure::NotUnderstood => self.say(
                "Layanan mesin tidak mengenal permintaan ini: versinya lain. Pasang ulang dari stik.",
                "The machine's service does not know this request: its version differs. Install again from the stick.",
            ),
            Failure::Busy => self.say("Ada pekerjaan lain yang sedang berjalan. Tunggu sampai selesai.", "Something else is being done. Wait until it has ended."),
            Failure::NotHere => self.say("Tidak dapat dilakukan di mesin ini.", "This cannot be done on this machine."),
            Failure::NoStick => self.say("Tidak ada stik. Masukkan stik BILIK, lalu coba lagi.", "There is no stick. Insert the BILIK stick, then try again."),
            Failure::NoFile => self.say("Berkas itu tidak ada di stik. Salin ke stik, lalu coba lagi.", "The stick does not hold that file. Copy it there, then try again."),
            Failure::BadFile => self.say(
                "Berkas di stik rusak atau memuat kunci yang tidak dikenal. Buat ulang di hub; barisnya tertulis di bawah.",
                "The file on the stick is damaged or has an unknown key. Make it again at the hub; the line is named below.",
            ),
            Failure::BadSignature => self.say(
                "Pembaruan tidak ditandatangani oleh pembuat bilik ini. Jangan dipakai; ambil yang asli.",
                "The update is not signed by this booth's maker. Do not use it; get the genuine one.",
            ),
            Failure::Older => self.say("Pembaruan lebih tua daripada versi yang berjalan. Ambil yang terbaru.", "The update is older than what runs. Get the newest one."),
            Failure::BadDisk => self.say(
                "Disk hilang, terlalu kecil, atau memuat sistem yang sedang berjalan. Pilih disk lain.",
                "The disk is gone, too small, or carries the running system. Choose another one.",
            ),
            Failure::Io => self.say(
                "Membaca atau menulis gagal; yang lama masih utuh. Coba stik atau disk lain.",
                "Reading or writing failed; what was there is still in place. Try another stick or disk.",
            ),
            Failure::Full => self.say(
                "Tidak ada ruang lagi; yang lama masih utuh. Kosongkan stik; bila disk bilik yang penuh, sambungkan ke hub supaya antrean terkirim.",
                "There is no room left; what was there is still in place. Make room on the stick; if the booth's disk is full, connect the hub so that the queue is sent.",
            ),
            Failure::HubUnreachable if clock_wrong => self.say(
                "Hub tidak menjawab, dan jam bilik belum disetel. Periksa kabel, alamat, dan jam di menu servis.",
                "The hub does not answer, and the booth's clock is not set. Check cable, address and clock in the service menu.",
            ),
            Failure::HubUnreachable => self.say(
                "Hub tidak menjawab di alamat itu. Periksa kabel dan alamat, lalu coba lagi.",
                "The hub does not answer at that address. Check cable and address, then try again.",
            ),
            Failure::CodeRefused => self.say(
                "Kode sudah dipakai, lewat waktu, atau milik hub lain. Buat berkas baru di hub, lalu masukkan stik lagi.",
                "The code is used, too old, or of another hub. Make a new file at the hub, then insert the stick again.",
            ),
            Failure::ClaimsWait => self.say(
                "Masih ada klaim yang hanya ada di bilik ini. Ekspor antrean ke stik dulu, atau tunggu sampai terkirim.",
                "Claims wait that exist only here. Export the queue to a stick first, or wait until they are sent.",
            ),
            Failure::BadTime => self.say(
                "Jam hub salah: lebih tua daripada perangkat lunak bilik ini, atau jauh di depan. Setel jam hub.",
                "The hub's clock is wrong: it is behind this booth's software, or far ahead. Set the hub's clock.",
            ),
        }
    }

    /// Why a version was given up, and what to do.
    pub fn rollback(self, why: RollbackReason) -> &'static str {
        match why {
            RollbackReason::CrashLoop => self.say(
                "Programnya berhenti berulang kali. Ambil diagnosa, laporkan, dan tunggu versi berikutnya.",
                "Its program ended again and again. Take diagnostics, report it, and wait for the next version.",
            ),
            RollbackReason::NotWell => self.say(
                "Layar, sentuhan, kamera, pembaca kartu atau antrean tidak siap dalam lima menit. Periksa kabelnya, lalu coba lagi.",
                "Screen, touch, camera, reader or queue were not ready within five minutes. Check the cables, then try again.",
            ),
            RollbackReason::CutOff => self.say(
                "Sempat menyala, lalu listrik padam atau macet. Mungkin tidak apa-apa: coba lagi.",
                "It came up, then lost power or hung. Likely harmless: try it again.",
            ),
            RollbackReason::NotStarted => self.say(
                "Tidak pernah menyala. Pasang lagi; bila terulang, disknya hampir rusak: ganti.",
                "It never came up. Install it again; if that happens again, the disk is failing: replace it.",
            ),
            RollbackReason::BlocksChanged => self.say(
                "Isinya di disk berubah, jadi tidak dinyalakan. Pasang lagi; bila terulang, ganti disk.",
                "Its blocks on the disk have changed, so it was not started. Install it again; if that happens again, replace the disk.",
            ),
        }
    }

    /// Why nothing can be kept, and what to do.
    pub fn data_fault(self, why: DataFault) -> (&'static str, &'static str) {
        match why {
            DataFault::NotFound => (
                self.say("Partisi data tidak ada", "The data partition is not there"),
                self.say(
                    "Periksa disk dan kabelnya. Bila disknya benar, pasang ulang dari stik.",
                    "Check the disk and its cable. If it is the right disk, install again from the stick.",
                ),
            ),
            DataFault::TpmMissing => (
                self.say("Data terkunci: TPM tidak ada", "Data locked: there is no TPM"),
                self.say("Nyalakan TPM (TPM, fTPM, PTT) di BIOS.", "Switch the TPM (TPM, fTPM, PTT) on in the firmware."),
            ),
            DataFault::TpmRefuses => (
                self.say("Data terkunci: TPM menolak", "Data locked: the TPM refuses"),
                self.say(
                    "TPM dihapus, papan induk diganti, atau Secure Boot diubah: kembalikan. Bila tidak bisa: ambil klaim dengan kata sandi pemulihan, lalu pasang ulang.",
                    "The TPM was cleared, the mainboard replaced, or Secure Boot changed: undo that. Else take the claims out with the recovery passphrase and install again.",
                ),
            ),
            DataFault::Damaged => (
                self.say("Partisi data rusak", "The data partition is damaged"),
                self.say(
                    "Ambil yang masih terbaca dengan kata sandi pemulihan, ganti disk, pasang ulang.",
                    "Take out what can be read with the recovery passphrase, replace the disk, install again.",
                ),
            ),
            DataFault::DiskFails => (
                self.say("Disk tidak dapat dibaca atau ditulisi", "The disk cannot be read or written"),
                self.say("Nyalakan ulang sekali. Bila tetap, ganti disk.", "Restart once. If it stays, replace the disk."),
            ),
        }
    }

    /// What was asked for, once it is done.
    pub fn done(self, request: &Request) -> &'static str {
        match request {
            Request::Install { .. } => self.say("Bilik sudah terpasang.", "The booth is installed."),
            Request::Enrol { .. } => self.say("Bilik sudah terdaftar.", "The booth is enrolled."),
            Request::Provision => self.say("Berkas sudah diterima.", "The file was taken in."),
            Request::SetNetwork { .. } => self.say("Jaringan sudah diatur.", "The network is set."),
            Request::SetReader { .. } => self.say("Pembaca kartu sudah diatur.", "The card reader is set."),
            Request::Update { .. } => self.say(
                "Pembaruan siap. Nyalakan ulang bilik untuk mencobanya.",
                "The update is in place. Restart the booth to try it.",
            ),
            Request::Diagnostics => self.say(
                "Diagnosa tersimpan di stik; tersegel untuk hub bila bilik sudah terdaftar.",
                "Diagnostics are on the stick; sealed to the hub if the booth is enrolled.",
            ),
            Request::ExportQueue => self.say(
                "Salinan antrean ada di stik, masih tersegel.",
                "A copy of the queue is on the stick, still sealed.",
            ),
            Request::Restart => self.say("Menyalakan ulang…", "Restarting…"),
            Request::PowerOff => self.say("Mematikan…", "Powering off…"),
            Request::FactoryReset => {
                self.say("Bilik sudah dikosongkan. Nyalakan ulang.", "The booth has forgotten everything. Restart it.")
            }
            Request::Status | Request::SetClock { .. } | Request::Healthy => "",
        }
    }

    /// How a request ended, and what there is to report about it.
    pub fn end(self, request: &Request, end: &End, status: Option<&Status>) -> (&'static str, bool, String) {
        match end {
            End::Done => (self.done(request), true, String::new()),
            // Other than a reset, an update is not helped by a copy on a stick.
            End::Failed { why: Failure::ClaimsWait, detail } if matches!(request, Request::Update { .. }) => (
                self.say(
                    "Masih ada klaim yang belum diterima hub. Klaim terkirim sendiri begitu hub terjangkau; baru setelah itu bilik diperbarui.",
                    "Claims wait that the hub has not confirmed. They are sent as soon as it is reached; only then the booth is updated.",
                ),
                false,
                detail.clone(),
            ),
            End::Failed { why, detail } => (self.failure(*why, status), false, detail.clone()),
            End::Lost { detail } => (
                self.say(
                    "Layanan mesin tidak menjawab. Lihat apakah pekerjaan masih berjalan, lalu coba lagi.",
                    "The machine's service does not answer. See whether the work still goes on, then try again.",
                ),
                false,
                detail.clone(),
            ),
        }
    }

    pub fn bar(self, service: &Service, now: Instant) -> Option<Bar> {
        let Some((work, remaining)) = service.work(now) else {
            // Asked, and the first sign of it is on its way.
            let step = self.say("Memulai…", "Starting…");
            return service.running().map(|_| Bar { step, part: 0.0, remaining: String::new() });
        };
        let step = match work.step {
            Step::Checking => self.say("Memeriksa berkas dan tanda tangan", "Checking files and signatures"),
            Step::Partitioning => self.say("Membagi disk", "Dividing the disk"),
            Step::Writing => self.say("Menulis sistem", "Writing the system"),
            Step::Verifying => self.say("Membaca ulang dan membandingkan", "Reading back and comparing"),
            Step::Enrolling => self.say("Mendaftar ke hub", "Enrolling at the hub"),
            Step::Finishing => self.say("Menyelesaikan", "Finishing"),
        };
        let remaining = remaining.map_or(String::new(), |left| self.about(left));
        Some(Bar { step, part: f32::from(work.permille.min(1000)) / 1000.0, remaining })
    }

    fn about(self, left: Duration) -> String {
        let seconds = left.as_secs();
        match (self.0, seconds) {
            (Language::Id, 0..=50) => format!("kira-kira {} detik lagi", seconds.div_ceil(10).max(1) * 10),
            (Language::Id, _) => format!("kira-kira {} menit lagi", seconds.div_ceil(60)),
            (Language::En, 0..=50) => format!("about {} seconds left", seconds.div_ceil(10).max(1) * 10),
            (Language::En, _) => format!("about {} min left", seconds.div_ceil(60)),
        }
    }

    /// Title, sentence and the word of the deed, before it is done.
    pub fn question(self, question: Question, service: &Service) -> (String, String, &'static str) {
        let (title, text, yes) = match question {
            Question::Install => {
                let name = service.disk().map_or("", |disk| disk.name.as_str());
                let title = self.say("Hapus seluruh isi disk?", "Erase the whole disk?");
                let text = match self.0 {
                    Language::Id => format!("Semua yang ada di {name} hilang dan tidak dapat dikembalikan."),
                    Language::En => format!("Everything on {name} is lost and cannot be brought back."),
                };
                return (title.into(), text, self.say("Ya, hapus dan pasang", "Yes, erase and install"));
            }
            Question::FactoryReset => (
                self.say("Kosongkan bilik ini?", "Reset this booth?"),
                self.say(
                    "Pendaftaran, pengaturan dan antrean dihapus. Setelah itu bilik harus didaftarkan lagi dengan stik.",
                    "Enrolment, settings and queue are erased. After that the booth must be enrolled again with a stick.",
                ),
                self.say("Ya, kosongkan", "Yes, reset"),
            ),
            Question::PowerOff => (
                self.say("Matikan bilik?", "Power off?"),
                self.say("Bilik menyala lagi hanya dengan tombol dayanya.", "It starts again only by its power button."),
                self.say("Ya, matikan", "Yes, power off"),
            ),
            Question::Restart => (
                self.say("Nyalakan ulang bilik?", "Restart the booth?"),
                self.say("Perlu kira-kira satu menit. Antrean klaim tetap aman.", "It takes about a minute. The queue of claims stays safe."),
                self.say("Ya, nyalakan ulang", "Yes, restart"),
            ),
        };
        (title.into(), text.into(), yes)
    }

    /// `256 GB`: as printed on the disk.
    pub fn size(self, bytes: u64) -> String {
        let (figure, unit) = match bytes {
            0..1_000_000_000 => (bytes / 1_000_000, "MB"),
            1_000_000_000..10_000_000_000_000 => (bytes.saturating_add(500_000_000) / 1_000_000_000, "GB"),
            _ => (bytes / 1_000_000_000_000, "TB"),
        };
        format!("{figure} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_as_people_say_them() {
        let (id, en) = (Say(Language::Id), Say(Language::En));
        for (bytes, text) in [
            (256_060_514_304, "256 GB"),
            (8_000_000_000, "8 GB"),
            (31_914_983_424, "32 GB"),
            (120_000_000, "120 MB"),
            (16_000_000_000_000, "16 TB"),
        ] {
            assert_eq!(id.size(bytes), text);
        }
        for (seconds, text) in [
            (3, "about 10 seconds left"),
            (41, "about 50 seconds left"),
            (51, "about 1 min left"),
            (61, "about 2 min left"),
        ] {
            assert_eq!(en.about(Duration::from_secs(seconds)), text);
        }
    }
}
