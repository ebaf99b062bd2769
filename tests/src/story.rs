//! A participant's visit, page by page, as the demonstration plays it and the tests check it.

use crate::booth::Booth;
use crate::specimen::{self, BUDI, Person};

/// What happens after each page: nothing in a test, a picture in the demonstration.
pub type Watch<'a> = &'a mut dyn FnMut(&mut Booth, &str) -> anyhow::Result<()>;

/// From the welcome page to the card reader. An officer is looked for from here on.
pub fn consent(booth: &mut Booth, watch: Watch<'_>) -> anyhow::Result<()> {
    booth.sees("Selamat datang.")?;
    watch(booth, "welcome")?;
    booth.press("Mulai")?;
    booth.sees("Bolehkah data Anda kami pakai?")?;
    watch(booth, "consent")?;
    booth.press("Saya setuju")?;
    booth.sees("Tempelkan KTP pada pembaca")?;
    Ok(())
}

/// Presents the card, chooses retirement, answers every question.
pub fn fill_in(booth: &mut Booth, watch: Watch<'_>) -> anyhow::Result<()> {
    fill_in_as(booth, &BUDI, watch)
}

/// The same as somebody else.
pub fn fill_in_as(booth: &mut Booth, person: &Person, watch: Watch<'_>) -> anyhow::Result<()> {
    booth.sees("Pembaca kartu siap")?;
    watch(booth, "identify")?;
    booth.reader.present(person.nik)?;
    booth.sees("Mengapa Anda mengajukan klaim?")?;
    booth.press("Usia pensiun")?;
    watch(booth, "reason")?;
    booth.press("Lanjut")?;
    // The participant card goes to the same reader.
    booth.sees("Nomor peserta (KPJ)")?;
    booth.reader.present(person.kpj)?;
    booth.sees("Nama lengkap")?;
    // The booth writes a name with a capital by itself.
    let given = person.name.find(' ').unwrap_or(person.name.len());
    booth.type_on_glass(&person.name[..given].to_lowercase())?;
    watch(booth, "name")?;
    booth.type_keys(&person.name[given..])?;
    booth.press("Lanjut")?;
    booth.sees("Nomor telepon aktif")?;
    booth.type_on_glass(&person.phone[..9])?;
    watch(booth, "phone")?;
    booth.type_on_glass(&person.phone[9..])?;
    booth.press("Lanjut")?;
    booth.sees("Bank Anda")?;
    booth.press("BRI")?;
    watch(booth, "bank")?;
    booth.press("Lanjut")?;
    booth.sees("Nomor rekening")?;
    booth.type_keys(person.account)?;
    booth.press("Lanjut")?;
    booth.sees("Nama pemilik rekening")?;
    booth.press("Lanjut")?;
    booth.sees("Perkiraan saldo JHT")?;
    booth.type_keys(person.balance)?;
    watch(booth, "balance")?;
    booth.press("Lanjut")?;
    Ok(())
}

/// The documents of a retirement claim, in their order.
pub const DOCUMENTS: [&str; 5] = ["KTP", "Kartu keluarga", "Kartu peserta", "Buku tabungan", "Foto wajah"];

/// Photographs every document.
pub fn photograph(booth: &mut Booth, watch: Watch<'_>) -> anyhow::Result<()> {
    for (index, _) in DOCUMENTS.iter().enumerate() {
        booth.press("Ambil foto")?;
        booth.sees("Pakai foto ini")?;
        if index == 2 {
            watch(booth, "documents")?;
        }
        booth.press("Pakai foto ini")?;
    }
    booth.press("Lanjut")?;
    booth.sees("Apakah semuanya benar?")?;
    watch(booth, "review")?;
    booth.press("Ke petugas")
}

/// Changes the last digit of the account number after the officer asked for it again.
pub fn mend_account(booth: &mut Booth, watch: Watch<'_>) -> anyhow::Result<()> {
    booth.press("Perbaiki Nomor rekening")?;
    booth.sees("Lihat di halaman depan buku tabungan.")?;
    booth.press("Hapus satu angka")?;
    booth.type_on_glass(&specimen::ACCOUNT_CORRECTED[specimen::ACCOUNT_CORRECTED.len() - 1..])?;
    watch(booth, "mend")?;
    booth.press("Simpan")
}

/// Signs and hands the claim over.
pub fn sign(booth: &mut Booth, watch: Watch<'_>) -> anyhow::Result<()> {
    booth.sees("Tanda tangani klaim Anda")?;
    let wave: Vec<(f32, f32)> =
        (0..60_u8).map(|step| (0.2 + f32::from(step) * 0.01, 0.5 + 0.2 * (f32::from(step) * 0.35).sin())).collect();
    booth.draw("Tempat tanda tangan Anda", &wave)?;
    watch(booth, "sign")?;
    booth.press("Kirim klaim")
}

/// The whole of it while no officer is there, up to the hub's receipt.
pub fn without_officer(booth: &mut Booth, watch: Watch<'_>) -> anyhow::Result<()> {
    consent(booth, watch)?;
    fill_in(booth, watch)?;
    photograph(booth, watch)?;
    booth.press("Kirim tanpa petugas")?;
    sign(booth, watch)?;
    booth.sees("Klaim Anda sudah diterima")?;
    Ok(())
}
