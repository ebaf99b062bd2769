//! Card readers: what a technician and a participant do when a card is not read at once.

use crate::scene::{Scene, unwatched};
use bilik_tests::process::{Process, program, until};
use bilik_tests::reader::CardReader;
use bilik_tests::{specimen, story};
use std::process::Command;

/// Starts the reading of a scanner that speaks SSI, and how it says that it will.
const START: [u8; 6] = [0x04, 0xe4, 0x04, 0x00, 0xff, 0x14];
const DONE: [u8; 6] = [0x04, 0xd0, 0x00, 0x00, 0xff, 0x2c];
const ACK: [u8; 6] = [0x04, 0xd0, 0x04, 0x00, 0xff, 0x28];

/// Decode data of a Code 128 symbol.
fn decode_data(digits: &str) -> Vec<u8> {
    let mut packet = vec![5 + u8::try_from(digits.len()).unwrap(), 0xf3, 0, 0, 3];
    packet.extend_from_slice(digits.as_bytes());
    let sum = packet.iter().fold(0_u16, |sum, byte| sum.wrapping_sub(u16::from(*byte)));
    packet.extend(sum.to_be_bytes());
    packet
}

#[test]
fn a_technician_finds_the_profile_of_an_unknown_reader() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = CardReader::plug_in(folder.path()).unwrap();
    let log = folder.path().join("scan.log");
    let mut command = Command::new(program("bilik-booth").unwrap());
    command.args(["--config", "/nonexistent", "scan", "--profile", "auto", "--json", "--count", "1", "--port"]);
    let mut scan = Process::start("scan", command.arg(&reader.port), &log).unwrap();
    // It is silent until its own command comes; then the search has its frame, and the reading proper starts it anew.
    reader.hears(&START).unwrap();
    reader.send(&DONE).unwrap();
    reader.send(&decode_data(specimen::NIK)).unwrap();
    until("the profile is found", || Ok(scan.log().contains("zebra-ssi fits").then_some(()))).unwrap();
    let said = scan.log();
    assert!(said.contains("the checksum of the frame is right") && said.contains("profile = \"zebra-ssi\""), "{said}");
    reader.hears(&START).unwrap();
    reader.send(&DONE).unwrap();
    reader.send(&decode_data(specimen::NIK)).unwrap();
    reader.hears(&ACK).unwrap();
    let log = until("the scan is printed", || Ok(Some(scan.log()).filter(|log| log.contains("\"kind\"")))).unwrap();
    let line = log.lines().find(|line| line.starts_with('{')).unwrap();
    let printed: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(printed["kind"], "NIK");
    assert_eq!(printed["value"], specimen::NIK);
    assert_eq!(printed["symbology"], "Code 128");
    assert_eq!(printed["errors"], serde_json::json!([]));
    assert!(scan.wait().unwrap().success());
}

#[test]
fn bytes_are_shown_as_they_come_and_recordings_hide_people() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = CardReader::plug_in(folder.path()).unwrap();
    let (log, recording) = (folder.path().join("scan.log"), folder.path().join("recording"));
    let booth = program("bilik-booth").unwrap();
    let mut command = Command::new(&booth);
    command.args(["--config", "/nonexistent", "scan", "--profile", "is4825", "--raw", "--count", "1", "--record"]);
    let mut scan = Process::start("scan", command.arg(&recording).arg("--port").arg(&reader.port), &log).unwrap();
    until("the line is open", || Ok(scan.log().contains("ready").then_some(()))).unwrap();
    reader.send(format!("\x02{}\x03", specimen::NIK).as_bytes()).unwrap();
    reader.hears(&[0x06]).unwrap();
    assert!(scan.wait().unwrap().success());
    let shown = scan.log();
    assert!(shown.contains("< 02 33 31 37 31") && shown.contains("a frame of 16 bytes"), "{shown}");
    let recorded = std::fs::read_to_string(&recording).unwrap();
    assert!(
        recorded.contains("\"received\":\"02") && !recorded.contains(&hex::encode(&specimen::NIK[..6])),
        "{recorded}"
    );
    // What is left of it still shows where frames begin and end, and that no card has these digits.
    let mut replay = Command::new(&booth);
    replay.args(["--config", "/nonexistent", "scan", "--profile", "is4825", "--json", "--replay"]).arg(&recording);
    let replayed = bilik_tests::process::output(&mut replay).unwrap();
    assert!(replayed.contains("\"value\":\"0000000000000000\""), "{replayed}");
}

#[test]
fn a_reader_that_was_started_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = CardReader::plug_in(folder.path()).unwrap();
    let log = folder.path().join("scan.log");
    let mut command = Command::new(program("bilik-booth").unwrap());
    command.args(["--config", "/nonexistent", "scan", "--profile", "zkteco", "--json", "--port"]);
    let mut scan = Process::start("scan", command.arg(&reader.port), &log).unwrap();
    reader.hears(b"T").unwrap();
    // It gives up by itself: that is no card, and is not printed as one.
    reader.send(b"%%NoRead\r\n").unwrap();
    until("it is told", || Ok(scan.log().contains("saw no card").then_some(()))).unwrap();
    reader.hears(b"T").unwrap();
    assert!(scan.stop().unwrap().success());
    reader.hears(b"P").unwrap();
    assert!(!scan.log().contains("\"kind\""), "{}", scan.log());
}

#[test]
fn wrong_arguments_say_what_to_do() {
    let booth = program("bilik-booth").unwrap();
    let check = |args: &[&str], expect: &str| {
        let output = Command::new(&booth).args(["--config", "/nonexistent", "scan"]).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(expect), "{args:?}: {said}");
    };
    check(&[], "no card reader named");
    check(&["--port", "ttyUSB0"], "usb:");
    check(&["--port", "/dev/none", "--profile", "auto"], "there is no such device");
    check(&["--port", "/dev/none", "--profile", "abc"], "there are: auto, line, stx-etx");
    check(&["--port", "/dev/none", "--profile", "/none.toml"], "/none.toml");
    check(&["--port", "usb:0403:6001", "--profile", "auto"], "usb:0403:6001");
    let list = bilik_tests::process::output(Command::new(&booth).args(["--config", "/nonexistent", "scan", "--list"]));
    assert!(list.unwrap().contains("zebra-ssi        9600 8N1   started by the booth"));
    let shown = bilik_tests::process::output(Command::new(&booth).args(["scan", "--show", "zebra-ssi"])).unwrap();
    assert!(shown.contains("start = \"04 E4 04 00 FF 14\""), "{shown}");
}

#[test]
fn after_three_cards_of_no_use_an_officer_is_offered() {
    let mut scene = Scene::new();
    let account = scene.account("sari", "Sari");
    let mut officer = scene.officer(&account);
    let mut booth = scene.booth("Bilik 1");
    booth.sees("1 petugas siap").unwrap();
    story::consent(&mut booth, &mut unwatched).unwrap();
    booth.sees("Pembaca kartu siap").unwrap();
    booth.reader.send(b"not a number\r\n").unwrap();
    booth.sees("Kartu tidak terbaca").unwrap();
    assert!(!booth.shows("Panggil petugas").unwrap());
    booth.reader.present("0071011708450001").unwrap();
    booth.sees("Dua angka pertama bukan kode provinsi").unwrap();
    booth.reader.present("123456782901000").unwrap();
    booth.sees("Ini bukan kartu yang diminta").unwrap();
    booth.press("Panggil petugas").unwrap();
    booth.sees("Petugas sudah dipanggil").unwrap();
    officer.tile_is_taken(1).unwrap();
    officer.page.sees("Minta bantuan").unwrap();
    // The card is still welcome.
    booth.reader.present(specimen::NIK).unwrap();
    booth.sees("Mengapa Anda mengajukan klaim?").unwrap();
}
