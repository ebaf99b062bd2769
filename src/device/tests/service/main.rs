//! The real service over its real socket, on a machine of files.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "this is a test through and through")]

mod machine;
mod provisioning;
mod stored;
mod talk;
mod updating;

use bilik_device::{Answer, Data, Failure, Mode, Request, Step, UpdateFrom};
use machine::{Machine, pattern, stick_and, used_disk};

const PROVISION: &str = "[hub]\naddress = \"hub.example:8443\"\n";

fn refused(answer: Answer) -> (Failure, String) {
    let Answer::Failed { why, detail } = answer else { panic!("{answer:?}") };
    (why, detail)
}

/// A stick in a machine whose disk was a booth before.
fn over_an_old_booth() -> Machine {
    let machine = Machine::new("stick");
    machine.put("lsblk.json", &stick_and(used_disk()));
    machine.put("stick/bilik.toml", PROVISION);
    for part in 1..=5 {
        std::fs::write(machine.at(&format!("dev/vda{part}")), vec![b'o'; 4 << 20]).unwrap();
    }
    machine.put("firmware", "0000 UiApp Fv(x)\n0001 bilik-a HD(1,GPT,old)\n0002 bilik-b HD(2,GPT,old)\n");
    machine.put("order", "0001,0002,0000");
    machine
}

fn only_disk(machine: &Machine) -> String {
    let status = machine.status();
    assert_eq!(status.disks.len(), 1, "{status:?}");
    status.disks[0].id.clone()
}

/// Whether slot a would start; then everything must be there.
fn startable(machine: &Machine) -> bool {
    let read = |part: &str| std::fs::read(machine.at(part)).unwrap_or_default();
    let starts = |part: &str| read(part).first().is_some_and(|byte| *byte != 0);
    for part in ["dev/vda1", "dev/vda2"] {
        if starts(part) {
            assert!(read(part).starts_with(&pattern(2 << 20, 3)), "{part} is half a loader");
            for root in ["dev/vda3", "dev/vda4"] {
                assert!(read(root).starts_with(&pattern((3 << 20) + 4096, 5)), "{root} is half a system");
            }
        }
    }
    starts("dev/vda1")
}

#[test]
fn installing_makes_a_booth() {
    let mut machine = over_an_old_booth();
    machine.serve();
    let status = machine.status();
    assert_eq!((status.mode, status.data, status.development), (Mode::Stick, Data::Memory, true));
    assert_eq!((status.version.as_str(), status.root_hash.as_str()), ("0.2.0", "0badc0de"));
    assert_eq!(status.disks[0].holds.as_deref(), Some("Bilik"));
    assert_eq!(status.sticks.iter().map(|stick| stick.provisioning).collect::<Vec<_>>(), [true]);

    let mut shown = Vec::new();
    let answer = machine.ask_showing(&Request::Install { disk: only_disk(&machine) }, |work| shown.push(work));
    assert_eq!(answer, Answer::Done);
    assert!(shown.is_sorted_by_key(|work| work.permille), "{shown:?}");
    for step in [Step::Checking, Step::Partitioning, Step::Writing, Step::Verifying, Step::Finishing] {
        assert!(shown.iter().any(|work| work.step == step), "{step:?}");
    }
    assert!(startable(&machine));
    assert_eq!(machine.text("order").trim(), "0001,0002,0000");
    let firmware = machine.text("firmware");
    assert!(firmware.contains("bilik-a HD(1,GPT,part-1)") && !firmware.contains("old"), "{firmware}");
    assert_eq!(machine.text("data/lib/bilik-device/provision.toml"), PROVISION);
    assert!(machine.text("data/lib/bilik-device/installed.json").contains("0.2.0"));
    assert!(machine.text("sfdisk.in").contains("name=bilik-data"));
    assert_eq!(machine.text("dev/vda5.luks").trim(), "bilik-data");
    // The stick stays what it was.
    assert_eq!(machine.text("stick/bilik.toml"), PROVISION);
}

#[test]
fn a_cut_leaves_no_half_booth() {
    for permille in [0, 20, 50, 400, 640, 800, 960] {
        cut_installing_at(permille);
    }
}

/// `make device-cuts`
#[test]
#[ignore = "takes minutes"]
fn a_cut_anywhere_leaves_no_half_booth() {
    for permille in (0..=960).step_by(8) {
        cut_installing_at(permille);
    }
}

fn cut_installing_at(permille: u16) {
    let mut machine = over_an_old_booth();
    machine.serve();
    let disk = only_disk(&machine);
    let socket = machine.at("socket");
    let mut reached = false;
    let _ = bilik_device::client::ask(&socket, &Request::Install { disk }, |work| {
        if work.permille >= permille && !reached {
            reached = true;
            machine.cut();
        }
    });
    assert!(reached, "{permille}");
    // The old loaders start until the first step was taken, and never what is written since.
    if permille > 20 {
        startable(&machine);
    }
    // The next attempt succeeds, whatever was left.
    if !machine.at("data").exists() && machine.at("run/bilik-device/new").exists() {
        std::fs::rename(machine.at("run/bilik-device/new"), machine.at("data")).unwrap();
    }
    machine.serve();
    assert_eq!(machine.ask(&Request::Install { disk: only_disk(&machine) }), Answer::Done, "{permille}");
    assert!(startable(&machine));
}

#[test]
fn a_failure_on_the_way_is_told_and_leaves_no_half_booth() {
    for tool in ["sfdisk", "cryptsetup", "mkfs.ext4", "mount", "efibootmgr"] {
        let mut machine = over_an_old_booth();
        machine.serve();
        machine.put(&format!("fail/{tool}"), "specimen of a failure\n");
        let (why, detail) = refused(machine.ask(&Request::Install { disk: only_disk(&machine) }));
        assert_eq!(why, Failure::Io);
        assert!(detail.contains(tool) && detail.contains("specimen of a failure"), "{detail}");
        if tool != "efibootmgr" {
            assert!(!startable(&machine), "{tool}");
        }
        assert!(machine.status().last.is_some());
        std::fs::remove_file(machine.at("fail").join(tool)).unwrap();
        assert_eq!(machine.ask(&Request::Install { disk: only_disk(&machine) }), Answer::Done, "{tool}");
    }
}

#[test]
fn only_a_disk_that_was_shown_and_only_from_the_stick() {
    let mut machine = Machine::new("stick");
    machine.serve();
    for disk in ["", "sdb", "/dev/vda", "--force", "../vda", "vda SPECIMEN 1"] {
        let answer = machine.ask(&Request::Install { disk: disk.to_owned() });
        assert_eq!(refused(answer).0, Failure::BadDisk, "{disk}");
    }
    for request in [
        Request::Provision,
        Request::Update { from: UpdateFrom::Stick },
        Request::FactoryReset,
        Request::Enrol { hub: "hub:1".into(), code: "x".into(), pin: "135790".into() },
    ] {
        assert_eq!(refused(machine.ask(&request)).0, Failure::NotHere, "{request:?}");
    }
    assert_eq!(machine.calls("sfdisk"), Vec::<String>::new());

    let mut booth = Machine::new("a");
    booth.serve();
    assert_eq!(refused(booth.ask(&Request::Install { disk: "x".into() })).0, Failure::NotHere);
}
