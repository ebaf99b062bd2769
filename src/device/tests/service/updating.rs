//! Updates, trials and rollbacks.

use super::machine::{Machine, rauc};
use super::refused;
use bilik_device::{Answer, Failure, OnStick, Outcome, Request, RollbackReason, SlotState, Step, UpdateFrom};
use std::sync::atomic::{AtomicU32, Ordering};

fn booth() -> Machine {
    let mut machine = Machine::new("a");
    machine.serve();
    machine
}

/// The machine after a restart, with RAUC's view of it.
fn restarted(machine: &mut Machine, slot: &str, version: &str, rauc: &str) {
    machine.put("rauc.json", rauc);
    machine.put("etc/os-release", &format!("IMAGE_VERSION={version}\n"));
    machine.restart(slot, "second");
}

fn installed() -> Machine {
    let machine = booth();
    machine.insert(&[("old.raucb", "version 0.2.0"), ("new.raucb", "version 0.10.0"), ("mid.raucb", "version 0.9.0")]);
    let mut shown = Vec::new();
    assert_eq!(
        machine.ask_showing(&Request::Update { from: UpdateFrom::Stick }, |work| shown.push(work)),
        Answer::Done
    );
    assert!(shown.is_sorted_by_key(|work| work.permille), "{shown:?}");
    assert!(shown.iter().any(|work| work.step == Step::Writing && work.permille == 410), "{shown:?}");
    assert!(machine.calls("rauc install")[0].ends_with("/new.raucb"));
    machine
}

fn states(machine: &Machine) -> Vec<SlotState> {
    machine.status().slots.iter().map(|slot| slot.state).collect()
}

#[test]
fn a_new_version_is_proven() {
    let mut machine = installed();
    restarted(&mut machine, "b", "0.10.0", &rauc(("rootfs.0", "good"), "bad", "0.10.0"));
    assert_eq!(states(&machine), [SlotState::Good, SlotState::Trial]);
    assert_eq!(machine.status().last, None);
    assert_eq!(machine.ask(&Request::Healthy), Answer::Done);
    let outcome = Outcome::Updated { from: "0.2.0".into(), to: "0.10.0".into() };
    let status = machine.status();
    assert_eq!(status.last, Some(outcome));
    assert_eq!(states(&machine), [SlotState::Good, SlotState::Good]);
    assert_eq!(machine.calls("rauc status mark-good").len(), 1);
    // Being well again changes nothing, and writes nothing into the firmware.
    assert_eq!(machine.ask(&Request::Healthy), Answer::Done);
    assert_eq!(machine.calls("rauc status mark-good").len(), 1);
}

#[test]
fn a_new_version_that_did_not_get_well_is_told_of() {
    let mut machine = installed();
    restarted(&mut machine, "a", "0.2.0", &rauc(("rootfs.0", "good"), "bad", "0.10.0"));
    let last = machine.status().last;
    let Some(Outcome::RolledBack { failed, running, why }) = last else { panic!("{last:?}") };
    assert_eq!((failed.as_str(), running.as_str()), ("0.10.0", "0.2.0"));
    assert_eq!(why, RollbackReason::NotStarted);
    assert_eq!(states(&machine), [SlotState::Good, SlotState::Bad]);
    assert!(!machine.at("var/lib/bilik-device/trial.json").exists());
}

fn rolled_back(failed: &str, why: RollbackReason) -> Option<Outcome> {
    Some(Outcome::RolledBack { failed: failed.into(), running: "0.2.0".into(), why })
}

#[test]
fn a_new_version_that_came_up_and_lost_power_is_told_apart() {
    let mut machine = installed();
    let view = rauc(("rootfs.0", "good"), "bad", "0.10.0");
    restarted(&mut machine, "b", "0.10.0", &view);
    restarted(&mut machine, "a", "0.2.0", &view);
    assert_eq!(machine.status().last, rolled_back("0.10.0", RollbackReason::CutOff));
}

#[test]
fn a_trial_ends_after_five_minutes_with_a_reason() {
    let mut machine = installed();
    machine.put("proc/uptime", "299.00 1.00\n");
    restarted(&mut machine, "b", "0.10.0", &rauc(("rootfs.0", "good"), "bad", "0.10.0"));
    machine.until("restart", |_| machine.calls("systemctl --no-block reboot").len() == 1);
    restarted(&mut machine, "a", "0.2.0", &rauc(("rootfs.0", "good"), "bad", "0.10.0"));
    assert_eq!(machine.status().last, rolled_back("0.10.0", RollbackReason::NotWell));
}

#[test]
fn a_proven_slot_that_crashes_gives_way_once() {
    let mut machine = Machine::new("a");
    machine.put("restarts", "1\n");
    machine.serve();
    machine.put("restarts", "6\n");
    // The first look saw one restart; six are five more.
    machine.until("restart", |_| machine.calls("systemctl --no-block reboot").len() == 1);
    assert_eq!(machine.calls("rauc status mark-bad").len(), 1);
    restarted(&mut machine, "b", "0.2.0", &rauc(("rootfs.1", "bad"), "good", "0.2.0"));
    assert_eq!(machine.status().last, rolled_back("0.2.0", RollbackReason::CrashLoop));
}

#[test]
fn bad_updates_are_refused_with_a_word() {
    let machine = booth();
    assert_eq!(refused(machine.ask(&Request::Update { from: UpdateFrom::Stick })).0, Failure::NoStick);
    let check = |text: &str, expect: Failure| {
        machine.insert(&[("x.raucb", text)]);
        let (why, detail) = refused(machine.ask(&Request::Update { from: UpdateFrom::Stick }));
        assert_eq!(why, expect, "{detail}");
        let shown = if expect == Failure::Older { OnStick::Version("0.1.9".into()) } else { OnStick::Unfit(expect) };
        machine.until("stick", |status| status.sticks.iter().any(|stick| stick.update == shown));
    };
    machine.insert(&[("bilik.txt", "version 9.0.0")]);
    machine.until("stick", |status| status.sticks.iter().all(|stick| stick.update == OnStick::Nothing));
    assert_eq!(refused(machine.ask(&Request::Update { from: UpdateFrom::Stick })).0, Failure::NoFile);
    check("version 0.1.9", Failure::Older);
    check("foreign", Failure::BadSignature);
    check("garbage", Failure::BadFile);
    std::fs::remove_file(machine.at("stick/x.raucb")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", machine.at("stick/x.raucb")).unwrap();
    assert_eq!(refused(machine.ask(&Request::Update { from: UpdateFrom::Stick })).0, Failure::NoFile);
    assert_eq!(machine.calls("rauc install").len(), 0);

    std::fs::remove_file(machine.at("stick/x.raucb")).unwrap();
    machine.insert(&[("x.raucb", "version 0.3.0")]);
    // Fails only once it installs.
    std::fs::remove_file(machine.at("bin/rauc")).unwrap();
    let script = r#"#!/bin/sh
case "$1" in
install) echo 'LastError: Failed to write: No space'; echo 'Installing failed' >&2; exit 1 ;;
info) echo '{"version":"0.3.0"}' ;;
*) cat "$MACHINE/rauc.json" ;;
esac
"#;
    machine.put("bin/rauc", script);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(machine.at("bin/rauc"), mode).unwrap();
    assert_eq!(refused(machine.ask(&Request::Update { from: UpdateFrom::Stick })).0, Failure::Io);
    assert!(!machine.at("var/lib/bilik-device/trial.json").exists());
    assert!(format!("{:?}", machine.status().last).contains("No space"));
}

#[test]
fn work_goes_on_when_its_asker_leaves() {
    let machine = booth();
    machine.insert(&[("new.raucb", "version 0.3.0")]);
    machine.put("hold", "");
    let mut stream = std::os::unix::net::UnixStream::connect(machine.at("socket")).unwrap();
    std::io::Write::write_all(&mut stream, b"{\"ask\":\"update\",\"from\":\"stick\"}\n").unwrap();
    machine.until("writing", |status| status.work.as_ref().is_some_and(|work| work.step == Step::Writing));
    drop(stream);
    for request in [Request::Update { from: UpdateFrom::Stick }, Request::PowerOff, Request::Healthy] {
        assert_eq!(refused(machine.ask(&request)).0, Failure::Busy, "{request:?}");
    }
    assert!(machine.status().work.is_some());
    std::fs::remove_file(machine.at("hold")).unwrap();
    machine.until("done", |status| status.work.is_none());
    assert!(machine.text("var/lib/bilik-device/trial.json").contains("\"installed\": true"));
}

/// Whoever waits takes silence for a fault, and the booth asks for the status each second.
#[test]
fn progress_is_shown_however_often_others_ask() {
    let machine = booth();
    machine.insert(&[("new.raucb", "version 0.3.0")]);
    machine.put("hold", "");
    let told = AtomicU32::new(0);
    std::thread::scope(|scope| {
        let asker = scope.spawn(|| {
            machine.ask_showing(&Request::Update { from: UpdateFrom::Stick }, |_| {
                let _ = told.fetch_add(1, Ordering::Relaxed);
            })
        });
        machine.until("writing", |status| status.work.as_ref().is_some_and(|work| work.step == Step::Writing));
        let before = told.load(Ordering::Relaxed);
        machine.until("told again and again", |_| told.load(Ordering::Relaxed) >= before + 3);
        std::fs::remove_file(machine.at("hold")).unwrap();
        assert_eq!(asker.join().unwrap(), Answer::Done);
    });
}

#[test]
fn a_slot_that_could_not_be_started_is_given_up() {
    let mut machine = Machine::new("a");
    machine.serve();
    assert_eq!(machine.calls("rauc status mark-bad").len(), 0);
    // b came first, and the machine has come up from a all the same.
    machine.put("order", "0001,0000");
    machine.restart("a", "second");
    assert_eq!(machine.calls("rauc status mark-bad"), ["rauc status mark-bad other"]);
    assert_eq!(machine.status().last, rolled_back("0.2.0", RollbackReason::BlocksChanged));
    assert_eq!(machine.text("order").trim(), "0000");
    machine.restart("a", "third");
    // An update has mended it.
    machine.put("order", "0001,0000");
    machine.restart("b", "fourth");
    assert_eq!(machine.calls("rauc status mark-bad").len(), 1);
}

#[test]
fn firmware_that_forgot_is_told_again() {
    let mut machine = Machine::new("b");
    for path in ["firmware", "order"] {
        std::fs::remove_file(machine.at(path)).unwrap();
    }
    machine.serve();
    let firmware = machine.text("firmware");
    assert!(firmware.contains("bilik-a HD(1,GPT,part-1)") && firmware.contains("bilik-b HD(2,GPT,part-2)"));
    // The running one first.
    assert_eq!(machine.text("order").trim().split(',').take(2).collect::<Vec<_>>(), ["0001", "0000"]);
}

const RECEIVED: &str = "var/lib/bilik/update/bundle.raucb";

#[test]
fn what_came_from_the_hub_is_installed_from_a_copy() {
    let machine = booth();
    let ask = || machine.ask(&Request::Update { from: UpdateFrom::Hub });
    let gone = || assert!(!machine.at(RECEIVED).exists() && !machine.at("var/lib/bilik-device/update.raucb").exists());
    assert_eq!(refused(ask()).0, Failure::NoFile);
    // A stick that is in does not count, nor the other way round.
    machine.insert(&[("new.raucb", "version 0.9.0")]);
    assert_eq!(refused(ask()).0, Failure::NoFile);
    for (text, expect) in
        [("version 0.1.9", Failure::Older), ("foreign", Failure::BadSignature), ("garbage", Failure::BadFile)]
    {
        machine.put(RECEIVED, text);
        assert_eq!(refused(ask()).0, expect, "{text}");
        gone();
    }
    // Nothing that the booth's user can put there is followed.
    std::os::unix::fs::symlink(machine.at("stick/new.raucb"), machine.at(RECEIVED)).unwrap();
    assert_eq!(refused(ask()).0, Failure::BadFile);
    gone();
    std::fs::remove_dir(machine.at("var/lib/bilik/update")).unwrap();
    machine.put("elsewhere/bundle.raucb", "version 0.9.0");
    std::os::unix::fs::symlink(machine.at("elsewhere"), machine.at("var/lib/bilik/update")).unwrap();
    assert_eq!(refused(ask()).0, Failure::BadFile);
    std::fs::remove_file(machine.at("var/lib/bilik/update")).unwrap();
    std::fs::create_dir_all(machine.at(RECEIVED)).unwrap();
    assert_eq!(refused(ask()).0, Failure::BadFile);
    std::fs::remove_dir(machine.at(RECEIVED)).unwrap();
    let large = std::fs::File::create(machine.at(RECEIVED)).unwrap();
    large.set_len((1 << 30) + 1).unwrap();
    assert_eq!(refused(ask()).0, Failure::BadFile);
    gone();
    assert_eq!(machine.calls("rauc install").len(), 0);

    // What may succeed another time stays.
    machine.put(RECEIVED, "version 0.3.0");
    machine.put("install-fails", "Failed to write: No space\n");
    assert_eq!(refused(ask()).0, Failure::Io);
    assert!(machine.at(RECEIVED).exists() && !machine.at("var/lib/bilik-device/update.raucb").exists());
    std::fs::remove_file(machine.at("install-fails")).unwrap();
    // The copy counts, whatever becomes of the file in between.
    machine.put("hold", "");
    std::thread::scope(|scope| {
        let asker = scope.spawn(ask);
        machine.until("writing", |status| status.work.as_ref().is_some_and(|work| work.step == Step::Writing));
        machine.put(RECEIVED, "foreign");
        assert_eq!(machine.text("var/lib/bilik-device/update.raucb"), "version 0.3.0");
        std::fs::remove_file(machine.at("hold")).unwrap();
        assert_eq!(asker.join().unwrap(), Answer::Done);
    });
    gone();
    assert!(machine.calls("rauc install").iter().all(|call| call.ends_with("/var/lib/bilik-device/update.raucb")));
    assert!(machine.text("var/lib/bilik-device/trial.json").contains("\"installed\": true"));
}

#[test]
fn a_copy_that_a_cut_left_is_gone_and_the_file_is_tried_again() {
    let mut machine = booth();
    machine.put(RECEIVED, "version 0.3.0");
    machine.put("hold", "");
    let mut stream = std::os::unix::net::UnixStream::connect(machine.at("socket")).unwrap();
    std::io::Write::write_all(&mut stream, b"{\"ask\":\"update\",\"from\":\"hub\"}\n").unwrap();
    machine.until("writing", |status| status.work.as_ref().is_some_and(|work| work.step == Step::Writing));
    machine.cut();
    std::fs::remove_file(machine.at("hold")).unwrap();
    assert!(machine.at("var/lib/bilik-device/update.raucb").exists());
    machine.restart("a", "second");
    assert!(machine.at(RECEIVED).exists() && !machine.at("var/lib/bilik-device/update.raucb").exists());
    assert_eq!(machine.ask(&Request::Update { from: UpdateFrom::Hub }), Answer::Done);
}
