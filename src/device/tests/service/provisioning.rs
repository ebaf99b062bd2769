//! From a file on a stick, or a typed code, to a booth that has its hub.

use super::machine::Machine;
use super::refused;
use bilik_claim::enrolment::EnrolmentCode;
use bilik_device::{Answer, Failure, Provisioning, Request};
use std::os::unix::fs::PermissionsExt as _;

const PIN_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3BlY2ltZW4tc2FsdA$gqgHjvzhrv8bMFJjxN1IFkcbPhPGSs2XlKMzC/4jmRQ";

pub fn identity() -> String {
    identity_of(&age::x25519::Identity::generate())
}

/// Of a booth of this hub.
pub fn identity_of(hub: &age::x25519::Identity) -> String {
    let recipient = hub.to_public();
    format!(
        r#"{{"hub":{{"booth":"018f0000-0000-7000-8000-000000000001","booth_name":"Bilik 3","branch_name":"Specimen",
"booth_address":"hub.example:8444","recipient":"{recipient}"}},"tls_key":"specimen"}}"#
    )
}

fn code() -> String {
    EnrolmentCode::new(*b"specimen secret!", b"specimen authority").to_string()
}

fn file(more: &str) -> String {
    format!("[hub]\naddress = \"hub.example:8443\"\ncode = \"{}\"\n{more}", code())
}

fn booth() -> Machine {
    let machine = Machine::new("a");
    machine.put("identity.json", &identity());
    machine
}

fn done(provisioning: &Provisioning) -> bool {
    matches!(provisioning, Provisioning::Done { hub, booth, branch }
        if hub == "hub.example:8444" && booth == "Bilik 3" && branch == "Specimen")
}

#[test]
fn a_booth_takes_a_stick_by_itself() {
    let mut machine = booth();
    machine.serve();
    assert_eq!(machine.status().provisioning, Provisioning::Missing);
    let more = format!(
        "[network]\nby = \"fixed\"\naddress = \"192.0.2.20\"\nprefix = 24\n[reader]\nport = \"usb:0c2e:0caa\"\n\
         profile = \"line\"\n[media]\ncamera = \"/dev/video0\"\n[service]\npin_hash = \"{PIN_HASH}\"\n"
    );
    machine.insert(&[("bilik.toml", &file(&more))]);
    machine.until("enrolled", |status| done(&status.provisioning));
    let config = machine.text("var/lib/bilik-device/booth.toml");
    assert!(config.contains("/dev/video0") && config.contains("usb:0c2e:0caa"), "{config}");
    assert!(machine.text("run/systemd/network/10-bilik.network").contains("192.0.2.20/24"));
    assert_eq!(machine.text("var/lib/bilik/service-pin"), PIN_HASH);
    let mode = std::fs::metadata(machine.at("var/lib/bilik/service-pin")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The secret is gone from here, and was never in the log.
    assert!(!machine.at("var/lib/bilik-device/provision.toml").exists());
    assert!(!machine.text("log").contains(&code()[..9]), "{}", machine.text("log"));
    let calls = machine.calls("bilik-booth");
    let enrolments: Vec<_> = calls.iter().filter(|call| call.contains(" enrol ")).collect();
    assert_eq!(enrolments.len(), 1, "{calls:?}");
    assert!(enrolments[0].ends_with(&format!("enrol --hub=hub.example:8443 --code={}", code())), "{enrolments:?}");
    assert_eq!(machine.calls("systemctl --no-block restart bilik-booth").len(), 1);
}

#[test]
fn a_hub_that_is_away_is_tried_again_without_the_stick() {
    let mut machine = booth();
    machine.put("enrol-says", "bilik-booth: failed to reach the hub at hub.example:8443: connection refused\n");
    machine.put("var/lib/bilik-device/provision.toml", &file(""));
    machine.serve();
    let status = machine.until("refused", |status| matches!(status.provisioning, Provisioning::Failed { .. }));
    let Provisioning::Failed { why, detail } = status.provisioning else { unreachable!() };
    assert_eq!(why, Failure::HubUnreachable);
    assert!(detail.contains("hub.example:8443") && detail.contains("connection refused"), "{detail}");
    assert!(machine.at("var/lib/bilik-device/provision.toml").exists());
    std::fs::remove_file(machine.at("enrol-says")).unwrap();
    machine.until("enrolled", |status| done(&status.provisioning));
    assert!(!machine.at("var/lib/bilik-device/provision.toml").exists());
}

#[test]
fn a_code_that_is_refused_is_tried_once_and_forgotten() {
    let mut machine = booth();
    machine.put("enrol-says", "bilik-booth: the hub refused the code: it is used (status 403)\n");
    machine.serve();
    machine.insert(&[("bilik.toml", &file(""))]);
    machine.until("refused", |status| {
        matches!(status.provisioning, Provisioning::Failed { why: Failure::CodeRefused, .. })
    });
    assert!(!machine.at("var/lib/bilik-device/provision.toml").exists());
    // Who asks is told the same.
    assert_eq!(refused(machine.ask(&Request::Provision)).0, Failure::CodeRefused);
    let enrolments = machine.calls("bilik-booth").iter().filter(|call| call.contains(" enrol ")).count();
    assert_eq!(enrolments, 2);
}

#[test]
fn bad_files_are_told_apart() {
    let mut machine = booth();
    machine.serve();
    assert_eq!(refused(machine.ask(&Request::Provision)).0, Failure::NoStick);
    machine.insert(&[]);
    assert_eq!(refused(machine.ask(&Request::Provision)).0, Failure::NoFile);
    let large = "# specimen\n".repeat(1_000_000);
    let check = |text: &str, expect: &str| {
        machine.insert(&[("bilik.toml", text)]);
        // The service itself may be trying it just now.
        let (why, detail) = loop {
            match refused(machine.ask(&Request::Provision)) {
                (Failure::Busy, _) => {}
                other => break other,
            }
        };
        assert_eq!(why, Failure::BadFile, "{detail}");
        assert!(detail.contains(expect), "{detail}");
    };
    check(&large, "larger than 65536 bytes");
    check("garbage", "line 1");
    check(&file("colour = 1\n"), "line 4");
    check(&file("[reader]\nport = \"usb:0c2e:0caa\"\nprofile = \"no-such\"\n"), "reader.profile");
    assert!(!machine.at("var/lib/bilik-device/settings.json").exists());
    machine.cut();
    std::fs::remove_file(machine.at("stick/bilik.toml")).unwrap();
    std::os::unix::fs::symlink(machine.at("etc/passwd"), machine.at("stick/bilik.toml")).unwrap();
    machine.serve();
    let refusal = machine.until("refused", |status| matches!(status.provisioning, Provisioning::Failed { .. }));
    assert!(format!("{refusal:?}").contains("is a link"), "{refusal:?}");
}

#[test]
fn typed_addresses_and_codes() {
    let mut machine = booth();
    machine.serve();
    let request = |hub: &str, code: &str, pin: &str| {
        machine.ask(&Request::Enrol { hub: hub.into(), code: code.into(), pin: pin.into() })
    };
    let ask = |hub: &str, code: &str| request(hub, code, "135790");
    for hub in ["", "hub", "-x:1", "--config:1", "a b:1", "hub:99999", "https://hub:1"] {
        assert_eq!(refused(ask(hub, &code())).0, Failure::NotUnderstood, "{hub}");
    }
    for bad in ["", "ABC", "--help", "U"] {
        assert_eq!(refused(ask("hub.example:8443", bad)).0, Failure::CodeRefused, "{bad}");
    }
    for pin in ["", "13579", "123456", "--help", "135790\n1"] {
        assert_eq!(refused(request("hub.example:8443", &code(), pin)).0, Failure::NotUnderstood, "{pin}");
    }
    assert!(machine.calls("bilik-booth").iter().all(|call| !call.contains("enrol")));
    assert_eq!(ask("hub.example:8443", &code().to_lowercase().replace('-', " ")), Answer::Done);
    assert!(done(&machine.status().provisioning));
    // The PIN goes where no other program sees it.
    assert_eq!(machine.text("pin"), "135790");
    assert!(machine.calls("bilik-booth").iter().all(|call| !call.contains("135790")));
    assert!(!machine.text("log").contains("135790"));
}
