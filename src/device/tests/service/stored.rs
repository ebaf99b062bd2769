//! What the booth keeps: opening it, copying the queue, diagnostics, forgetting everything.

use super::machine::Machine;
use super::refused;
use bilik_claim::recovery::{DiskToken, TOKEN};
use bilik_device::{Answer, Data, DataFault, Failure, Provisioning, Request};
use std::io::Write as _;
use std::process::{Command, Stdio};

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
    for part in ["--tpm2-public-key-pcrs=11", "--tpm2-pcrs= "] {
        assert!(enrolled.contains(part), "{enrolled}");
    }
    let (kept, mode) = recovery(&machine);
    assert!(kept.len() == 64 && kept.bytes().all(|byte| byte.is_ascii_hexdigit()) && mode == 0o600, "{mode:o}");
    let machine = with_tpm();
    machine.put("fail/systemd-cryptenroll", "TPM is in lockout\n");
    assert!(machine.run("data").success());
    assert_eq!(verdict(&machine), "no-tpm");
    // The random key's header was replaced, so nothing opens it but the empty passphrase.
    assert_eq!(machine.calls("cryptsetup --batch-mode").len(), 2);
    assert!(!machine.at("var/lib/bilik-device/recovery.key").exists());
}

/// The passphrase in clear, and its mode.
fn recovery(machine: &Machine) -> (String, u32) {
    let path = "var/lib/bilik-device/recovery.key";
    let about = std::fs::metadata(machine.at(path)).unwrap();
    (machine.text(path), std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777)
}

/// Debian's own cryptsetup, on a header in a file.
struct Header<'a>(&'a Machine);

impl Header<'_> {
    fn ask(&self, args: &[&str], input: &str) -> (bool, String) {
        let mut child = Command::new("/usr/sbin/cryptsetup")
            .args(args)
            .arg(self.0.at("dev/vda5"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("cryptsetup is installed: see PACKAGES in the Makefile");
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let said = child.wait_with_output().unwrap();
        (said.status.success(), String::from_utf8(said.stdout).unwrap())
    }

    fn opens(&self, passphrase: &str) -> bool {
        self.ask(&["open", "--disable-external-tokens", "--test-passphrase", "--key-file=-"], passphrase).0
    }

    /// What the hub finds in the header's token.
    fn recovered(&self, hub: &age::x25519::Identity) -> Option<String> {
        let (found, json) = self.ask(&["token", "export", &format!("--token-id={TOKEN}")], "");
        let sealed = found.then(|| DiskToken::read(json.as_bytes()).unwrap().sealed().unwrap())?;
        Some(String::from_utf8(age::decrypt(hub, &sealed).unwrap()).unwrap())
    }
}

#[test]
fn the_hub_and_nobody_else_gets_into_the_disk_of_a_dead_machine() {
    let mut machine = before(0, None);
    std::fs::write(machine.at("dev/vda5"), vec![0; 32 << 20]).unwrap();
    machine.put("real-header", "");
    machine.put("dev/tpmrm0", "");
    machine.put("usr/lib/bilik/pcr-public.pem", "specimen");
    assert!(machine.run("data").success());
    assert_eq!(verdict(&machine), "tpm");
    let hub = age::x25519::Identity::generate();
    let first = recovery(&machine).0;
    assert!(Header(&machine).opens(&first) && !Header(&machine).opens(""));
    assert_eq!(Header(&machine).recovered(&hub), None);
    assert!(!machine.text("calls").contains(&first) && !machine.text("log").contains(&first));

    // Not before the hub is known, and then at the next start at the latest.
    machine.serve();
    assert_eq!(recovery(&machine).0, first);
    let clear = machine.at("var/lib/bilik-device/recovery.key");
    machine.put("var/lib/bilik/identity.json", &super::provisioning::identity_of(&hub));
    machine.put("fail/cryptsetup", "specimen of a failure\n");
    machine.restart("a", "second");
    assert!(clear.exists(), "{}", machine.text("log"));
    std::fs::remove_file(machine.at("fail/cryptsetup")).unwrap();
    machine.restart("a", "third");
    assert!(!clear.exists(), "{}", machine.text("log"));
    assert_eq!(Header(&machine).recovered(&hub).as_ref(), Some(&first));
    // Cut after the header had it: done again, to the same end.
    std::fs::write(&clear, &first).unwrap();
    machine.restart("a", "fourth");
    assert!(!clear.exists());
    assert_eq!(Header(&machine).recovered(&hub).as_ref(), Some(&first));
    // It is as before for the machine itself.
    machine.cut();
    std::fs::rename(machine.at("var"), machine.at("data")).unwrap();
    assert!(machine.run("data").success());
    assert_eq!(verdict(&machine), "tpm");

    // Who resets gets another one, and the old one is worth nothing.
    machine.put("var/lib/bilik-device/factory-reset", "\"\"");
    std::fs::rename(machine.at("var"), machine.at("data")).unwrap();
    assert!(machine.run("data").success());
    let second = recovery(&machine).0;
    assert_ne!(second, first);
    assert!(Header(&machine).opens(&second) && !Header(&machine).opens(&first));
    assert_eq!(Header(&machine).recovered(&hub), None);
}

/// A booth with a TPM that is enrolled at the first hub, which can open its disk.
fn entrusted(first: &age::x25519::Identity) -> Machine {
    let mut machine = before(0, None);
    std::fs::write(machine.at("dev/vda5"), vec![0; 32 << 20]).unwrap();
    machine.put("real-header", "");
    machine.put("dev/tpmrm0", "");
    machine.put("usr/lib/bilik/pcr-public.pem", "specimen");
    assert!(machine.run("data").success());
    machine.put("var/lib/bilik/identity.json", &super::provisioning::identity_of(first));
    machine.serve();
    assert!(!machine.at("var/lib/bilik-device/recovery.key").exists());
    machine
}

/// As the other hub names the booth.
fn elsewhere(hub: &age::x25519::Identity) -> String {
    super::provisioning::identity_of(hub).replace("000000000001", "000000000002")
}

#[test]
fn a_booth_that_moves_to_another_hub_takes_the_way_in_along() {
    let (first, second) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    let ask = |code: &str, pin: &str| Request::Enrol { hub: "b.example:1".into(), code: code.into(), pin: pin.into() };
    let code = bilik_claim::enrolment::EnrolmentCode::new(*b"specimen secret!", b"specimen authority").to_string();
    let mut machine = entrusted(&first);
    let old = Header(&machine).recovered(&first).unwrap();
    assert!(Header(&machine).opens(&old));
    machine.put("identity.json", &elsewhere(&second));
    assert_eq!(machine.ask(&ask(&code, "135790")), Answer::Done);
    let new = Header(&machine).recovered(&second).unwrap_or_else(|| panic!("{}", machine.text("log")));
    assert_ne!(new, old);
    assert!(Header(&machine).opens(&new) && !Header(&machine).opens(&old), "{}", machine.text("log"));
    assert!(!machine.at("var/lib/bilik-device/recovery.key").exists());
    assert!(!machine.text("log").contains(&new) && !machine.text("calls").contains(&new));
    // Nothing more to do, and this machine still opens it.
    let calls = machine.calls("cryptsetup").len();
    machine.restart("a", "second");
    let later: Vec<_> = machine.calls("cryptsetup").split_off(calls);
    assert!(later.iter().all(|call| call.contains("luksDump")), "{later:?}");
    starts_by_itself(&mut machine);
}

#[test]
fn a_cut_on_the_way_to_another_hub_leaves_one_of_them_a_way_in() {
    for cut in ["luksDump", "--test-passphrase", "luksAddKey", "token import", "token export", "luksKillSlot"] {
        let (first, second) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
        let mut machine = entrusted(&first);
        let old = Header(&machine).recovered(&first).unwrap();
        machine.put("var/lib/bilik/identity.json", &elsewhere(&second));
        machine.put("cut", cut);
        machine.restart("a", "second");
        // Whose the token is, can open it.
        let (_, json) = Header(&machine).ask(&["token", "export", &format!("--token-id={TOKEN}")], "");
        let hub = if json.contains("000000000001") { &first } else { &second };
        assert!(Header(&machine).opens(&Header(&machine).recovered(hub).unwrap()), "{cut}: {}", machine.text("log"));
        std::fs::remove_file(machine.at("cut")).unwrap();
        machine.restart("a", "third");
        let new = Header(&machine).recovered(&second).unwrap_or_else(|| panic!("{cut}: {}", machine.text("log")));
        assert!(Header(&machine).opens(&new) && !Header(&machine).opens(&old), "{cut}");
        assert!(!machine.at("var/lib/bilik-device/recovery.key").exists(), "{cut}");
        // The TPM's slot and one more.
        let (_, dump) = Header(&machine).ask(&["luksDump"], "");
        assert_eq!(dump.matches(": luks2").count(), 2, "{cut}: {dump}");
        starts_by_itself(&mut machine);
    }
}

/// With a TPM that gives the key away to nobody now, the first hub keeps its way in, and the next start tries again.
#[test]
fn a_tpm_that_refuses_costs_nobody_a_way_in() {
    let (first, second) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    let mut machine = entrusted(&first);
    machine.put("var/lib/bilik/identity.json", &elsewhere(&second));
    machine.put("tpm-refuses", "");
    machine.restart("a", "second");
    assert!(Header(&machine).opens(&Header(&machine).recovered(&first).unwrap()));
    std::fs::remove_file(machine.at("tpm-refuses")).unwrap();
    machine.restart("a", "third");
    assert!(Header(&machine).opens(&Header(&machine).recovered(&second).unwrap()), "{}", machine.text("log"));
}

fn starts_by_itself(machine: &mut Machine) {
    machine.cut();
    std::fs::rename(machine.at("var"), machine.at("data")).unwrap();
    assert!(machine.run("data").success());
    assert_eq!(verdict(machine), "tpm");
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
    let secret = "bilik-booth: specimen of a secret\n";
    machine.put("queue", secret);
    machine.put("run/bilik-boot/data", "no-tpm");
    // Nobody to seal to: less, in clear, and it says so.
    assert_eq!(machine.ask(&Request::Diagnostics), Answer::Done);
    let clear = machine.text("stick/bilik-diagnostics-unenrolled-1.txt");
    assert!(clear.lines().next().unwrap().contains("NOT SEALED"), "{clear}");
    for part in ["\"provisioning\": {\n    \"is\": \"missing\"", "data no-tpm", "===== slots", "===== units"] {
        assert!(clear.contains(part), "{part}: {clear}");
    }
    assert!(!clear.contains("journalctl") && !clear.contains(secret), "{clear}");
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
        assert!(
            clear.contains("version 0.2.0") && clear.contains("specimen of journalctl") && clear.contains(secret),
            "{clear}"
        );
    }
}
