//! A participant's visit: by card, by touch and by eye, without an officer.

use super::fixture::{keyboard, pad};
use bilik_tests::machine::Machine;
use bilik_tests::specimen::KENARI;
use std::time::Duration;

/// Documents of a retirement claim.
const PHOTOS: usize = 5;
/// Where one signs, on a screen of 1280 x 800.
const LINE: [(u32, u32); 6] = [(960, 180), (1000, 120), (1040, 180), (1080, 120), (1120, 180), (1160, 120)];

/// Waits for a page; says that somebody is still there if it asks meanwhile.
fn page(machine: &mut Machine, title: &str) {
    const ASKS: &str = "Anda masih di sini?";
    while machine.see_any(&[title, ASKS]).unwrap().0 == 1 {
        machine.tap_on("Ya, lanjutkan").unwrap();
    }
}

/// The same until the camera is ready: its button takes no touch before.
fn camera(machine: &mut Machine) {
    page(machine, "Ambil foto");
    while machine.look().unwrap().find("Kamera sedang disiapkan").is_some() {
        page(machine, "Ambil foto");
    }
}

pub fn make(machine: &mut Machine) {
    send_alone(machine);
    sign(machine);
}

/// The same while the hub is away.
pub fn leave(machine: &mut Machine) {
    send_alone(machine);
    sign_until(machine, "Klaim Anda tersimpan");
}

fn send_alone(machine: &mut Machine) {
    fill_in(machine);
    page(machine, "Kirim tanpa petugas");
    machine.tap_on("Kirim tanpa petugas").unwrap();
}

/// Up to the officer.
pub fn fill_in(machine: &mut Machine) {
    machine.tap_on("Mulai").unwrap();
    page(machine, "Bolehkah data Anda kami pakai?");
    machine.tap_on("Saya setuju").unwrap();
    page(machine, "Pembaca kartu siap");
    machine.present(KENARI.nik).unwrap();
    page(machine, "Mengapa Anda mengajukan klaim?");
    machine.tap_on("Usia pensiun").unwrap();
    machine.tap_on("Lanjut").unwrap();
    page(machine, "Nomor peserta");
    machine.present(KENARI.kpj).unwrap();
    page(machine, "Nama lengkap");
    keyboard(machine, KENARI.name);
    machine.tap_on("Lanjut").unwrap();
    page(machine, "Nomor telepon aktif");
    pad(machine, KENARI.phone);
    machine.tap_on("Lanjut").unwrap();
    page(machine, "Bank Anda");
    machine.tap_on("BRI").unwrap();
    machine.tap_on("Lanjut").unwrap();
    page(machine, "Nomor rekening");
    pad(machine, KENARI.account);
    machine.tap_on("Lanjut").unwrap();
    page(machine, "Nama pemilik rekening");
    machine.tap_on("Lanjut").unwrap();
    page(machine, "Perkiraan saldo");
    pad(machine, KENARI.balance);
    machine.tap_on("Lanjut").unwrap();
    for _ in 0..PHOTOS {
        camera(machine);
        machine.tap_on("Ambil foto").unwrap();
        page(machine, "Pakai foto ini");
        machine.tap_on("Pakai foto ini").unwrap();
    }
    machine.tap_on("Lanjut").unwrap();
    page(machine, "Apakah semuanya benar?");
    machine.tap_on("Ke petugas").unwrap();
}

/// And from there.
pub fn sign(machine: &mut Machine) {
    sign_until(machine, "Klaim Anda sudah diterima");
}

fn sign_until(machine: &mut Machine, heading: &str) {
    page(machine, "Tanda tangani");
    machine.draw(&LINE, Duration::from_millis(60)).unwrap();
    machine.tap_on("Kirim klaim").unwrap();
    page(machine, heading);
}
