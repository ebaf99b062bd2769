//! One claim from the first touch to the receipt, and several at once.

use crate::scene::{Scene, claim_ids, holds, unwatched};
use bilik_claim::ids::Digest;
use bilik_tests::process::until;
use bilik_tests::{specimen, story};
use serde_json::Value;

/// The test picture's strip (16 black and white blocks on top) as bits, if every block is clearly one or the other.
fn strip(picture: &[u8], width: usize, height: usize) -> Option<u16> {
    let rows = height / 18;
    let block = width / 16;
    (0..16).try_fold(0, |bits, index| {
        let middle = (rows / 2 * width + index * block + block / 2) * 3;
        match picture[middle] {
            0..=90 => Some(bits << 1),
            165..=255 => Some(bits << 1 | 1),
            _ => None,
        }
    })
}

/// Twelve bits of counter, four of check sum: the booth's own test picture and nobody else's.
fn counter(bits: u16) -> Option<u16> {
    let count = bits >> 4;
    ((count >> 8 ^ count >> 4 ^ count ^ 0b1010) & 0xf == bits & 0xf).then_some(count)
}

#[test]
fn a_claim_with_an_officer() {
    let mut scene = Scene::new();
    let account = scene.account("sari", "Sari");
    let mut officer = scene.officer(&account);
    let mut booth = scene.booth("Bilik 1");
    booth.sees("1 petugas siap").unwrap();

    story::consent(&mut booth, &mut unwatched).unwrap();
    officer.tile_is_taken(1).unwrap();
    officer.sees_moving("tile-video-1").unwrap();
    story::fill_in(&mut booth, &mut unwatched).unwrap();
    story::photograph(&mut booth, &mut unwatched).unwrap();
    booth.sees("Sari segera menyapa Anda").unwrap();

    // Focus: a large moving picture that is this booth's own, and its sound.
    officer.focus(1).unwrap();
    officer.sees_moving("focus-video").unwrap();
    // The same booth's tile rests beside it, so that the large picture need not wait for it, and is renewed now and then.
    let large = officer.shows_beside("focus-video", "tile-video-1").unwrap();
    assert!(large > 10, "{large} large pictures beside three small ones");
    let read = |officer: &mut bilik_tests::officer::Officer| {
        let picture = officer.picture("focus-video", 640, 360)?;
        Ok(strip(&picture, 640, 360).and_then(counter))
    };
    let first = until("the booth's frame counter is read from the officer's screen", || read(&mut officer)).unwrap();
    until("the counter runs", || Ok(read(&mut officer)?.filter(|count| *count != first))).unwrap();
    until("the officer hears sound", || Ok((officer.sound_energy()? > 0.0).then_some(()))).unwrap();
    // The booth decodes the officer: the page says live only while frames arrive, and shows the officer's jacket.
    booth.sees("Langsung · Sari").unwrap();
    let tile = booth.sees("Gambar petugas").unwrap();
    until("the officer's jacket is on the glass", || {
        let path = scene.folder.path().join("glass.png");
        booth.photograph(&path)?;
        let (left, top, width, height) = tile.place;
        let glass = image::open(&path)?.to_rgb8();
        let pixel = glass.get_pixel((left + width * 0.35) as u32, (top + height * 0.93) as u32).0;
        let near = pixel.iter().zip(bilik_tests::officer::JACKET).all(|(a, b)| a.abs_diff(b) < 40);
        Ok(near.then_some(()))
    })
    .unwrap();

    // One field is asked for again, corrected, looked at again.
    officer.correct("nik").unwrap();
    officer.ask_again("account_number").unwrap();
    booth.sees("Nomor tidak sama dengan buku tabungan.").unwrap();
    story::mend_account(&mut booth, &mut unwatched).unwrap();
    officer.page.sees("sudah diperbaiki").unwrap();
    officer.correct_all().unwrap();
    officer.approve().unwrap();
    story::sign(&mut booth, &mut unwatched).unwrap();
    booth.sees("Klaim Anda sudah diterima").unwrap();
    booth.press("Selesai").unwrap();
    booth.sees("Selamat datang.").unwrap();

    // In the ledger once, every field and document as given.
    let list = scene.hub.command(&["claims"]).unwrap();
    let ids = claim_ids(&list);
    assert_eq!(ids.len(), 1, "{list}");
    let (record, folder) = scene.exported(&ids[0]);
    let value = |field: &str| {
        let entries = record["entries"].as_array().unwrap();
        entries.iter().find(|entry| entry["field"] == field).unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(value("nik"), specimen::NIK);
    assert_eq!(value("kpj"), specimen::KPJ);
    assert_eq!(value("name"), specimen::NAME);
    assert_eq!(value("phone"), specimen::PHONE);
    assert_eq!(value("bank"), "BRI");
    assert_eq!(value("account_number"), specimen::ACCOUNT_CORRECTED);
    assert_eq!(value("account_holder"), specimen::NAME);
    assert_eq!(value("balance"), specimen::BALANCE);
    assert_eq!(record["reason"], "retirement_age");
    assert_eq!(record["standing"]["kind"], "verified");
    let documents = record["documents"].as_array().unwrap();
    assert_eq!(documents.len(), story::DOCUMENTS.len());
    for document in documents {
        let file = folder.path().join("claim").join(format!("{}.jpg", document["kind"].as_str().unwrap()));
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(Value::from(Digest::of(&bytes).to_string()), document["digest"], "{}", file.display());
        assert!(image::load_from_memory(&bytes).is_ok());
    }
    let signature = std::fs::read_to_string(folder.path().join("claim/signature.svg")).unwrap();
    assert!(signature.contains("<path d=\"M"), "{signature}");

    // The booth has verified the receipt and erased its copy; nothing of the person is left on glass or disk or in a log.
    let queue = std::process::Command::new(bilik_tests::process::program("bilik-booth").unwrap())
        .arg("--config")
        .arg(booth.folder.join("booth.toml"))
        .args(["queue", "list"])
        .output()
        .unwrap();
    let queue = String::from_utf8(queue.stdout).unwrap();
    assert!(queue.contains("0 not confirmed"), "{queue}");
    for canary in [specimen::NIK, specimen::NAME, specimen::PHONE, specimen::ACCOUNT, specimen::ACCOUNT_CORRECTED] {
        assert!(!booth.shows(canary).unwrap());
        assert_eq!(holds(&booth.folder, canary.as_bytes()), None, "{canary} in clear at the booth");
        assert_eq!(holds(&scene.hub.folder, canary.as_bytes()), None, "{canary} in clear at the hub");
    }
    assert!(booth.stop().unwrap().success());
    assert!(scene.hub.stop().is_ok());
}

#[test]
fn a_claim_outlives_an_absent_hub() {
    let mut scene = Scene::new();
    let account = scene.account("sari", "Sari");
    let mut officer = scene.officer(&account);
    let mut booth = scene.booth("Bilik 1");
    booth.sees("1 petugas siap").unwrap();
    story::consent(&mut booth, &mut unwatched).unwrap();
    story::fill_in(&mut booth, &mut unwatched).unwrap();
    story::photograph(&mut booth, &mut unwatched).unwrap();
    officer.tile_is_taken(1).unwrap();
    officer.focus(1).unwrap();
    officer.correct_all().unwrap();
    officer.approve().unwrap();
    booth.sees("Tanda tangani klaim Anda").unwrap();

    scene.hub.stop().unwrap();
    booth.sees("Sambungan ke kantor terputus").unwrap();
    story::sign(&mut booth, &mut unwatched).unwrap();
    booth.sees("Klaim Anda tersimpan").unwrap();
    booth.sees("akan dikirim").unwrap();
    // Even the plug may be pulled now.
    booth.power_cycle(1.0).unwrap();
    booth.sees("Selamat datang.").unwrap();

    scene.hub.run().unwrap();
    let list = until("the claim arrives", || {
        let list = scene.hub.command(&["claims"])?;
        Ok((!claim_ids(&list).is_empty()).then_some(list))
    })
    .unwrap();
    assert_eq!(claim_ids(&list).len(), 1, "{list}");
    let (record, _folder) = scene.exported(&claim_ids(&list)[0]);
    assert_eq!(record["standing"]["kind"], "verified");
}

#[test]
fn nobody_is_sent_home_without_an_officer() {
    let mut scene = Scene::new();
    let mut booth = scene.booth("Bilik 1");
    booth.sees("Belum ada petugas").unwrap();
    story::without_officer(&mut booth, &mut unwatched).unwrap();
    booth.sees("menelepon Anda").unwrap();

    // An officer takes it up later, phones the participant and decides.
    let account = scene.account("sari", "Sari");
    let mut officer = scene.officer(&account);
    officer.page.key("l").unwrap();
    officer.page.sees("Klaim tanpa petugas").unwrap();
    officer.page.sees(specimen::NAME).unwrap();
    let listed = officer.fetch_json("/api/v1/claims?standing=unverified").unwrap();
    assert_eq!(listed.as_array().or(listed["claims"].as_array()).map(Vec::len), Some(1), "{listed}");
}

#[test]
fn two_booths_two_officers() {
    let mut scene = Scene::new();
    let (sari, agus) = (scene.account("sari", "Sari"), scene.account("agus", "Agus"));
    let mut first = scene.officer(&sari);
    first.page.sees("Menerima").unwrap();
    let mut booths = [scene.booth("Bilik 1"), scene.booth("Bilik 2")];
    for booth in &mut booths {
        booth.sees("petugas siap").unwrap();
        story::consent(booth, &mut unwatched).unwrap();
        booth.sees("Sari, petugas Anda").unwrap();
    }
    // One officer, two booths, both pictures moving.
    for slot in 1..=2 {
        first.tile_is_taken(slot).unwrap();
        first.sees_moving(&format!("tile-video-{slot}")).unwrap();
    }
    // A second officer logs in and gets the next booth: the one with less to do.
    let mut second = scene.officer(&agus);
    let mut third = scene.booth("Bilik 3");
    third.sees("petugas siap").unwrap();
    story::consent(&mut third, &mut unwatched).unwrap();
    third.sees("Agus, petugas Anda").unwrap();
    second.tile_is_taken(1).unwrap();
    second.sees_moving("tile-video-1").unwrap();
    second.page.sees("Bilik 3").unwrap();
}
