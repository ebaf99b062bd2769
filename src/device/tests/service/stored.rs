//! What the booth keeps: opening it, copying the queue, diagnostics, forgetting everything.

use super::machine::Machine;
use super::refused;
use bilik_device::{Answer, Data, DataFault, Failure, Provisioning, Request};

const ROW: &str =
    "     1  AAAA-1111  018f0000-0000-7000-8000-00000000000N   5 parts      1200 bytes  waits for the hub\n";

fn row(number: u32) -> String {
    ROW.replace('N', &number.to_string())
}

/// Before anything has run: the partition holds `begin`, `/var` is not there.
fn before(begin: u8, label: Option<&str>) -> Machine {
    let machine = Machine::new("a");
    std::fs::remove_file(machine.at("run/bilik-boot/data")).unwrap();
    std::fs::write(machine.at("dev/vda5"), vec![begin; 2 << 20]).unwrap();
    if let Some(label) = label {
        machine.put("dev/vda5.luks", label);
    }
    machine
}

fn verdict(machine: &Machine) -> String {
    machine.text("run/bilik-boot/data")
}

#[test]
fn data_is_opened_made_or_left_alone() {
    // Made before: opened, and nothing else.
    let machine = before(7, Some("bilik-data"));
    machine.put("data/lib/bilik/journal.db", "specimen");
    assert!(machine.run("data").success());
    assert_eq!(verdict(&machine), "no-tpm");
    assert_eq!(machine.text("var/lib/bilik/journal.db"), "specimen");
    assert!(machine.at("var/lib/bilik-device/booth.toml").exists());
    assert_eq!((machine.calls("mkfs").len(), machine.calls("e2fsck").len()), (0, 1));
    assert!(!machine.at("run/bilik-device/data.key").exists());

    // Blank, or cut while it was made: made.
    for (begin, label) in [(0, None), (7, Some("bilik-making"))] {
        let machine = before(begin, label);
        assert!(machine.run("data").success());
        assert_eq!((verdict(&machine).as_str(), machine.calls("mkfs").len()), ("no-tpm", 1), "{label:?}");
        assert_eq!(machine.text("dev/vda5.luks").trim(), "bilik-data");
    }

    // Damaged: left alone, and said so.
    let mut machine = before(7, None);
    assert!(machine.run("data").success());
    assert_eq!(verdict(&machine), "memory damaged the data partition's header is damaged");
    assert_eq!(machine.calls("mkfs").len(), 0);
    assert_eq!(std::fs::read(machine.at("dev/vda5")).unwrap(), vec![7; 2 << 20]);
    machine.serve();
    let status = machine.status();
    assert_eq!((status.data, status.data_fault), (Data::Memory, Some(DataFault::Damaged)));
    // Nor does it enrol, for it would serve and forget.
    machine.insert(&[("bilik.toml", "[hub]\n")]);
    for request in [Request::FactoryReset, Request::Provision] {
        assert_eq!(refused(machine.ask(&request)).0, Failure::NotHere);
    }
    machine.until("the stick is seen", |status| !status.sticks.is_empty());
    assert!(matches!(machine.status().provisioning, Provisioning::Failed { why: Failure::NotHere, .. }));
    assert!(machine.calls("bilik-booth").iter().all(|call| !call.contains(" enrol ")));
}

#[test]
fn the_stick_keeps_nothing() {
    let machine = Machine::new("stick");
    assert!(machine.run("data").success());
    assert_eq!(verdict(&machine), "memory");
    assert_eq!(machine.calls("cryptsetup").len(), 0);
    assert!(machine.at("var/lib/bilik-device/booth.toml").exists());
    assert!(!Machine::new("x").run("data").success());
}

#[test]
fn a_tpm_is_used_where_there_is_one_that_works() {
    let with_tpm = || {
        let machine = before(0, None);
        machine.put("dev/tpmrm0", "");
        machine.put("usr/lib/bilik/pcr-public.pem", "specimen");
        machine
    };
    let machine = with_tpm();
    assert!(machine.run("data").success());
    assert_eq!(verdict(&machine), "tpm");
    let enrolled = machine.calls("systemd-cryptenroll").join("");
    for part in ["--tpm2-public-key-pcrs=11", "--tpm2-pcrs= ", "--wipe-slot=password"] {
        assert!(enrolled.contains(part), "{enrolled}");
    }
    let machine = with_tpm();
    machine.put("fail/systemd-cryptenroll", "TPM is in lockout\n");
    assert!(machine.run("data").success());
    assert_eq!(verdict(&machine), "no-tpm");
    // The random key's header was replaced, so nothing opens it but the empty passphrase.
    assert_eq!(machine.calls("cryptsetup --batch-mode").len(), 2);
}

#[test]
fn a_setting_that_no_longer_fits_does_not_stop_the_booth() {
    let machine = before(7, Some("bilik-data"));
    let settings = r#"{"reader": {"port": "usb:0c2e:0caa", "profile": "no-such"}}"#;
    machine.put("data/lib/bilik-device/settings.json", settings);
    machine.put("data/lib/bilik-device/booth.toml", "old");
    assert!(machine.run("data").success());
    assert!(!machine.at("var/lib/bilik-device/booth.toml").exists());
}

#[test]
fn nothing_is_forgotten_that_exists_nowhere_else() {
    let mut machine = Machine::new("a");
    machine.put("var/lib/bilik/journal.db", "specimen");
    machine.put("queue", &(row(1) + &row(2)));
    machine.serve();
    let (why, detail) = refused(machine.ask(&Request::FactoryReset));
    assert_eq!(why, Failure::ClaimsWait);
    assert!(detail.contains("2 claims"), "{detail}");
    assert_eq!(refused(machine.ask(&Request::ExportQueue)).0, Failure::NoStick);
    machine.insert(&[]);
    assert_eq!(machine.ask(&Request::ExportQueue), Answer::Done);
    assert_eq!(machine.text("stick/bilik-queue-unknown/claim.age").trim(), "sealed");
    // One more has come since.
    machine.put("queue", &(row(2) + &row(3)));
    assert!(refused(machine.ask(&Request::FactoryReset)).1.contains("1 claims"));
    machine.put("queue", "1 cannot be read\n");
    assert_eq!(refused(machine.ask(&Request::FactoryReset)).0, Failure::ClaimsWait);
    machine.put("fail/bilik-booth", "bilik-booth: the queue cannot be opened\n");
    assert_eq!(refused(machine.ask(&Request::FactoryReset)).0, Failure::Io);
    std::fs::remove_file(machine.at("fail/bilik-booth")).unwrap();
    assert_eq!(machine.calls("systemctl stop").len(), 0);

    machine.put("queue", &row(2));
    assert_eq!(machine.ask(&Request::FactoryReset), Answer::Done);
    machine.until("restart", |_| machine.calls("systemctl --no-block reboot").len() == 1);
    // The next start erases, also if it was cut before it had.
    machine.cut();
    machine.put("dev/vda5.luks", "bilik-data");
    std::fs::write(machine.at("dev/vda5"), vec![7; 2 << 20]).unwrap();
    std::fs::rename(machine.at("var"), machine.at("data")).unwrap();
    machine.put("fail/mkfs.ext4", "cut\n");
    assert!(machine.run("data").success());
    assert_eq!(machine.text("dev/vda5.luks").trim(), "bilik-making");
    std::fs::remove_file(machine.at("fail/mkfs.ext4")).unwrap();
    std::fs::remove_dir_all(machine.at("data")).unwrap();
    assert!(machine.run("data").success());
    assert_eq!(machine.text("dev/vda5.luks").trim(), "bilik-data");
    assert!(!machine.at("var/lib/bilik/journal.db").exists());
}

#[test]
fn diagnostics_are_for_the_hub_alone() {
    let mut machine = Machine::new("a");
    machine.serve();
    machine.insert(&[]);
    assert_eq!(refused(machine.ask(&Request::Diagnostics)).0, Failure::NotHere);
    let hub = age::x25519::Identity::generate();
    let known = super::provisioning::identity();
    let begin = known.find("age1").unwrap();
    let recipient = &known[begin..][..known[begin..].find('"').unwrap()];
    machine.put("var/lib/bilik/identity.json", &known.replace(recipient, &hub.to_public().to_string()));
    for number in [1, 2] {
        assert_eq!(machine.ask(&Request::Diagnostics), Answer::Done);
        let path = machine.at(&format!("stick/bilik-diagnostics-018f0000-{number}.age"));
        let clear = age::decrypt(&hub, &std::fs::read(path).unwrap()).unwrap();
        let clear = String::from_utf8(clear).unwrap();
        assert!(clear.contains("version 0.2.0") && clear.contains("specimen of journalctl"), "{clear}");
    }
}
