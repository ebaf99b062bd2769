//! When something is missing or wrong: what the people see, and what does not happen.

use crate::scene::{Scene, claim_ids, unwatched};
use bilik_tests::booth::{Booth, Setup};
use bilik_tests::officer::Officer;
use bilik_tests::process::{program, until};
use bilik_tests::story;
use std::process::Command;

#[test]
fn a_card_that_cannot_be_right() {
    let scene = Scene::new();
    let mut booth = scene.booth("Bilik 1");
    story::consent(&mut booth, &mut unwatched).unwrap();
    booth.sees("Pembaca kartu siap").unwrap();
    booth.reader.present("0071011708450001").unwrap();
    booth.sees("Dua angka pertama bukan kode provinsi").unwrap();
    booth.reader.send(b"\x00\xff\xfe garbage \x01\r\n").unwrap();
    booth.sees("Kartu tidak terbaca").unwrap();
    // Typing is offered; the field says in words what is missing.
    booth.press("Ketik nomor saja").unwrap();
    booth.type_on_glass("31710117084500").unwrap();
    booth.sees("Kurang 2 angka lagi").unwrap();
    booth.type_on_glass("01").unwrap();
    booth.press("Lanjut").unwrap();
    booth.sees("Mengapa Anda mengajukan klaim?").unwrap();
    // In English, in large letters, with high contrast; and all of it gone for the next person.
    booth.press("Bahasa: Indonesia. Ganti ke bahasa Inggris").unwrap();
    booth.sees("Why are you claiming?").unwrap();
    booth.press("Text size: normal").unwrap();
    booth.press("High contrast: off").unwrap();
    booth.press("Help").unwrap();
    booth.sees("Choose what fits best.").unwrap();
}

#[test]
fn missing_devices_are_said_and_survived() {
    let mut scene = Scene::new();
    let account = scene.account("sari", "Sari");
    let mut officer = scene.officer(&account);
    let setup = Setup { camera: "/dev/video-none", document_camera: "none", microphone: "none", ..Setup::default() };
    let mut booth = Booth::start(scene.folder.path(), "Bilik 1", &scene.hub, &scene.display, setup).unwrap();
    booth.sees("1 petugas siap").unwrap();
    story::consent(&mut booth, &mut unwatched).unwrap();
    story::fill_in(&mut booth, &mut unwatched).unwrap();
    booth.sees("Kamera tidak tersambung").unwrap();
    booth.press("Lanjut").unwrap();
    booth.press("Ke petugas").unwrap();
    officer.tile_is_taken(1).unwrap();
    officer.focus(1).unwrap();
    booth.sees("Kamera tidak tersambung").unwrap();
    officer.page.sees("tanpa kamera").unwrap();
}

#[test]
fn a_wrong_fingerprint_never_yields_a_picture() {
    // Each way round: the browser is told a wrong one, then it tells a wrong one.
    let wrong = "s => s.replace(/(a=fingerprint:sha-256 )(..)/g, (m, a, b) => a + (b === 'AA' ? 'BB' : 'AA'))";
    let told = format!(
        "{{ const spoil = {wrong}; const real = RTCPeerConnection.prototype.setRemoteDescription; \
         RTCPeerConnection.prototype.setRemoteDescription = function (d) {{ return real.call(this, {{ type: d.type, sdp: spoil(d.sdp) }}); }}; }}"
    );
    let tells = format!(
        "{{ const spoil = {wrong}; const real = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(RTCPeerConnection.prototype), 'localDescription').get; \
         Object.defineProperty(RTCPeerConnection.prototype, 'localDescription', {{ get() {{ const d = real.call(this); return d && {{ type: d.type, sdp: spoil(d.sdp) }}; }} }}); }}"
    );
    for spoiled in [told, tells] {
        let mut scene = Scene::new();
        let account = scene.account("sari", "Sari");
        let mut officer = scene.officer(&account);
        officer.page.before_load(&spoiled).unwrap();
        officer.page.open(&format!("https://{}/", scene.hub.console_address)).unwrap();
        officer.page.sees("Pemeriksaan").unwrap();
        let mut booth = scene.booth("Bilik 1");
        booth.sees("1 petugas siap").unwrap();
        story::consent(&mut booth, &mut unwatched).unwrap();
        officer.tile_is_taken(1).unwrap();
        // The call was really tried, and refused by the one that noticed.
        until("a call has failed", || {
            let browser = officer.page.evaluate(
                "window.__calls.some(c => c.connectionState === 'failed' || c.connectionState === 'closed')",
            )?;
            let booth_says = booth.log().contains("Ended(Failed");
            Ok((browser.as_bool() == Some(true) || booth_says).then_some(()))
        })
        .unwrap();
        assert_eq!(officer.frames("tile-video-1").unwrap(), 0);
        assert!(!booth.shows("Langsung").unwrap());
        assert!(!booth.log().contains("state=Live"), "{}", booth.log());
    }
}

#[test]
fn another_hub_is_not_trusted() {
    let mut scene = Scene::new();
    let mut booth = scene.booth("Bilik 1");
    booth.sees("Selamat datang.").unwrap();
    // The same address, the same name, other keys.
    scene.hub.stop().unwrap();
    std::fs::remove_dir_all(scene.hub.state_dir()).unwrap();
    scene.hub.command(&["init"]).unwrap();
    scene.hub.run().unwrap();
    booth.sees("Bilik ini sedang tidak melayani").unwrap();
    booth.sees("B-02").unwrap();
    assert!(booth.log().contains("not from the authority this booth was enrolled with"));
}

#[test]
fn a_hub_out_of_its_backup_gets_the_rest_from_the_booths() {
    let mut scene = Scene::new();
    let mut booth = scene.booth("Bilik 1");
    booth.sees("Selamat datang.").unwrap();
    let copies = scene.folder.path().join("copies");
    scene.hub.command(&["backup", copies.to_str().unwrap()]).unwrap();
    // Booths ask what to hold when they find their hub.
    scene.hub.stop().unwrap();
    scene.hub.run().unwrap();
    until("the booth knows that it has to hold", || Ok(booth.log().contains("hold=true").then_some(()))).unwrap();

    story::without_officer(&mut booth, &mut unwatched).unwrap();
    let claim = claim_ids(&scene.hub.command(&["claims"]).unwrap());
    assert_eq!(claim.len(), 1);
    let queue = |state_dir: &std::path::Path| {
        let config = state_dir.parent().unwrap().join("booth.toml");
        let mut command = Command::new(program("bilik-booth").unwrap());
        let output = command.arg("--config").arg(config).args(["queue", "list"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let held = queue(&booth.state_dir());
    assert!(held.contains("still here until the hub has it in a backup"), "{held}");

    // The disk is gone; what is left is the copy of before.
    scene.hub.kill();
    let ledger = scene.hub.state_dir().join("hub.db");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", ledger.display()));
    }
    let copy = std::fs::read_dir(&copies).unwrap().next().unwrap().unwrap().path();
    std::fs::copy(copy, &ledger).unwrap();
    assert!(claim_ids(&scene.hub.command(&["claims"]).unwrap()).is_empty());
    scene.hub.run().unwrap();
    until("the claim is back", || Ok((claim_ids(&scene.hub.command(&["claims"])?) == claim).then_some(()))).unwrap();
    scene.hub.command(&["verify-audit"]).unwrap();
    // Into the next copy, and off the booth.
    scene.hub.command(&["backup", copies.to_str().unwrap()]).unwrap();
    scene.hub.stop().unwrap();
    scene.hub.run().unwrap();
    until("the booth has let go of it", || Ok((!queue(&booth.state_dir()).contains("still here")).then_some(())))
        .unwrap();
    assert!(queue(&booth.state_dir()).contains("confirmed as"), "{}", queue(&booth.state_dir()));
}

#[test]
fn a_booth_without_identity_says_so() {
    let scene = Scene::new();
    let mut booth = Booth::start_bare(scene.folder.path(), "Bilik 1", &scene.display, Setup::default()).unwrap();
    booth.sees("Bilik ini sedang tidak melayani").unwrap();
    booth.sees("B-01").unwrap();
}

#[test]
fn bad_configuration_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, text: &str, expect: &[&str]| {
        let file = folder.path().join("bad.toml");
        std::fs::write(&file, text).unwrap();
        let output = Command::new(program(name).unwrap()).arg("--config").arg(&file).arg("--check").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        for part in expect {
            assert!(said.contains(part), "{said:?} lacks {part:?}");
        }
    };
    check("bilik-booth", "state_dir = \"relative\"", &["bad.toml", "state_dir", "absolute"]);
    check("bilik-booth", "state_dir = \"/x\"\n[media]\ncamera = \"webcam\"", &["bad.toml", "camera"]);
    check("bilik-hub", "state_dir = \"/x\"", &["bad.toml"]);
    check("bilik-hub", "nonsense", &["bad.toml"]);
}

#[test]
fn strangers_get_nothing_from_the_console() {
    let mut scene = Scene::new();
    let account = scene.account("sari", "Sari");
    let mut wrong = account.clone();
    wrong.password = "not the password".into();
    let mut page = scene.browser.page(1366, 768).unwrap();
    page.open(&format!("https://{}/", scene.hub.console_address)).unwrap();
    page.fill("Nama pengguna", &wrong.login).unwrap();
    page.fill("Kata sandi", &wrong.password).unwrap();
    page.fill("Kode 6 angka", "000000").unwrap();
    page.click("button", "Masuk").unwrap();
    page.sees("tidak cocok").unwrap();
    let status = page.evaluate("fetch('/api/v1/claims').then(r => r.status)").unwrap();
    assert_eq!(status, 401);
    drop(page);
    let mut officer: Officer = scene.officer(&account);
    // The page breaks none of its own rules.
    assert_eq!(officer.page.evaluate("window.__violations").unwrap(), 0);
}
