//! The program itself: commands, exit codes, signals.

use bilik_claim::enrolment::EnrolmentCode;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn program(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bilik-hub"));
    command.arg("--config").arg(config).args(arguments);
    command
}

pub fn run(config: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child =
        program(config, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // One that refuses its arguments may have ended before it has read anything.
    let given = child.stdin.take().unwrap().write_all(input.as_bytes());
    assert!(given.is_ok() || child.wait().is_ok_and(|status| !status.success()));
    child.wait_with_output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_branch_is_set_up_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    crate::bench::config(dir.path(), "");
    let config = dir.path().join("hub.toml");
    let good = |arguments: &[&str], input: &str| {
        let output = run(&config, arguments, input);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(good(&["init"], "").lines().count(), 6);
    assert_eq!(good(&["init"], ""), "", "a second time makes nothing");
    good(&["--check"], "");
    assert!(good(&["ca"], "").starts_with("-----BEGIN CERTIFICATE-----"));
    let add = ["officer", "add", "--name", "sari", "--display", "Sari Contoh", "--password-stdin", "--json"];
    let made: Value = serde_json::from_str(&good(&add, "kata sandi contoh\n")).unwrap();
    assert_eq!(made["totp_secret"].as_str().unwrap().len(), 32);
    assert!(made["uri"].as_str().unwrap().starts_with("otpauth://totp/"));
    let again = run(&config, &add, "kata sandi contoh\n");
    assert_eq!((again.status.code(), text(&again.stderr).contains("is taken")), (Some(1), true));
    let short = ["officer", "add", "--name", "budi", "--display", "Budi Contoh", "--password-stdin"];
    assert_eq!(run(&config, &short, "short\n").status.code(), Some(1));
    let shown = good(&["officer", "add", "--name", "boss", "--display", "Kepala", "--role", "supervisor"], "");
    assert!(shown.contains("password: ") && shown.contains("otpauth://"));
    assert_eq!(good(&["officer", "list"], "").lines().count(), 2);
    good(&["officer", "disable", "--name", "boss"], "");
    let code = good(&["enrol-code", "--booth", "Bilik 1"], "");
    assert!(code.trim().parse::<EnrolmentCode>().is_ok());
    let usage = |arguments: &[&str]| assert_eq!(run(&config, arguments, "").status.code(), Some(2), "{arguments:?}");
    usage(&["enrol-code"]);
    usage(&["enrol-code", "--booth", "Bilik 1", "--again", "00000000-0000-0000-0000-000000000001"]);
    let unknown = run(&config, &["enrol-code", "--again", "00000000-0000-0000-0000-000000000001"], "");
    assert_eq!((unknown.status.code(), text(&unknown.stderr).contains("no booth")), (Some(1), true));
    assert_eq!(good(&["booth", "list"], ""), "");
    assert_eq!(good(&["claims"], ""), "");
    assert!(good(&["verify-audit"], "").starts_with("intact: 4 entries, head "));
}

#[test]
fn bad_configuration_is_one_clear_line() {
    let dir = tempfile::tempdir().unwrap();
    crate::bench::config(dir.path(), "");
    let config = dir.path().join("hub.toml");
    let check = |arguments: &[&str], expect: &str| {
        let output = run(&config, arguments, "");
        let told = text(&output.stderr);
        assert_eq!((output.status.code(), told.lines().count()), (Some(2), 1), "{told}");
        assert!(told.starts_with(&format!("{}: {expect}", config.display())), "{told}");
    };
    check(&["--check"], "state_dir: ");
    check(&[], "state_dir: ");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        format!("{text}\nconsole_certificate = \"/nonexistent\"\nconsole_key = \"/nonexistent\"\n"),
    )
    .unwrap();
    run(&config, &["init"], "");
    check(&["--check"], "console_certificate: ");
    check(&[], "console_certificate: ");
    std::fs::write(&config, format!("{text}\ndefault_capacity = 9\n")).unwrap();
    check(&["--check"], "default_capacity: must be 1 to 6");
    std::fs::write(&config, "branch_name = ").unwrap();
    check(&["--check"], "branch_name: ");
    std::fs::remove_file(&config).unwrap();
    check(&["--check"], "");
}

#[test]
fn a_signal_stops_it_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    crate::bench::config(dir.path(), "log = \"json\"");
    let config = dir.path().join("hub.toml");
    assert!(run(&config, &["init"], "").status.success());
    for signal in ["-TERM", "-INT"] {
        let mut child = program(&config, &[]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let up = lines.find(|line| line.as_ref().unwrap().contains("hub is up")).unwrap().unwrap();
        serde_json::from_str::<Value>(&up).unwrap();
        let addresses = std::fs::read(dir.path().join("state").join(bilik_hub::ADDRESSES)).unwrap();
        let addresses: Value = serde_json::from_slice(&addresses).unwrap();
        assert!(up.contains(addresses["console"].as_str().unwrap()));
        assert!(Command::new("kill").arg(signal).arg(child.id().to_string()).status().unwrap().success());
        lines.for_each(drop);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
    }
}
