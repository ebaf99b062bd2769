//! What comes over the socket, good and bad.

use super::machine::Machine;
use super::refused;
use bilik_device::{Addressing, Answer, Clock, Failure, MAX_LINE, Request};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::time::{SystemTime, UNIX_EPOCH};

fn say(machine: &Machine, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(machine.at("socket")).unwrap();
    // Who has heard enough closes before it has heard all.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut line = String::new();
    let _ = BufReader::new(stream).read_line(&mut line);
    line
}

#[test]
fn what_is_no_request_is_refused() {
    let mut machine = Machine::new("a");
    machine.serve();
    let mode = std::fs::metadata(machine.at("socket")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let mut long = vec![b' '; MAX_LINE + 1];
    long.push(b'\n');
    let deep = "[".repeat(20_000) + "\n";
    for bytes in [
        &b"\n"[..],
        b"garbage\n",
        b"\xff\xfe\x00\n",
        b"{\"ask\":\"status\"",
        b"{\"ask\":\"explode\"}\n",
        b"{\"ask\":\"install\"}\n",
        b"{\"ask\":\"install\",\"disk\":\"x\",\"more\":1}\n",
        b"{\"ask\":\"set_network\",\"addressing\":{\"by\":\"fixed\",\"address\":\"x\"}}\n",
        deep.as_bytes(),
        &long,
    ] {
        let answer = say(&machine, bytes);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        assert!(answer.contains("not_understood"), "{shown}: {answer}");
    }
    assert_eq!(say(&machine, b""), "");
    // It is as well as before.
    assert!(machine.status().work.is_none());
}

#[test]
fn too_many_connections_are_turned_away() {
    let mut machine = Machine::new("a");
    machine.serve();
    let silent: Vec<_> = (0..8).map(|_| UnixStream::connect(machine.at("socket")).unwrap()).collect();
    assert!(say(&machine, b"{\"ask\":\"status\"}\n").contains("busy"));
    for mut stream in silent {
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        // Until the service has let go.
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    }
    machine.until("it serves again", |_| true);
}

#[test]
fn settings_are_kept_applied_and_checked() {
    let mut machine = Machine::new("a");
    machine.serve();
    let reader = |profile: &str| Request::SetReader { port: "usb:0c2e:0caa".into(), profile: profile.into() };
    assert_eq!(machine.ask(&reader("line")), Answer::Done);
    assert!(machine.text("var/lib/bilik-device/booth.toml").contains("profile = \"line\""));
    machine.until("the booth takes it", |_| machine.calls("systemctl --no-block restart bilik-booth").len() == 1);
    // What the booth refuses changes nothing, and says why.
    let (why, detail) = refused(machine.ask(&reader("no-such")));
    assert_eq!(why, Failure::BadFile);
    assert!(detail.contains("reader.profile") && detail.contains("there are: line"), "{detail}");
    assert!(machine.text("var/lib/bilik-device/booth.toml").contains("profile = \"line\""));
    assert_eq!(refused(machine.ask(&reader("line\nx"))).0, Failure::NotUnderstood);
    assert_eq!(refused(machine.ask(&reader(&"x".repeat(201)))).0, Failure::NotUnderstood);

    let fixed = |prefix| Addressing::Fixed {
        address: "192.0.2.20".parse().unwrap(),
        prefix,
        gateway: None,
        dns: vec!["192.0.2.53".parse().unwrap()],
    };
    assert_eq!(machine.ask(&Request::SetNetwork { addressing: fixed(24) }), Answer::Done);
    assert!(machine.text("run/systemd/network/10-bilik.network").contains("Address=192.0.2.20/24"));
    assert_eq!(machine.calls("networkctl reload").len(), 1);
    assert_eq!(refused(machine.ask(&Request::SetNetwork { addressing: fixed(33) })).0, Failure::NotUnderstood);
    // Both are there after a restart, before the booth runs: /var is made from the partition, /run is empty.
    std::fs::remove_file(machine.at("run/systemd/network/10-bilik.network")).unwrap();
    machine.cut();
    std::fs::rename(machine.at("var"), machine.at("data")).unwrap();
    machine.put("dev/vda5.luks", "bilik-data\n");
    assert!(machine.run("data").success());
    assert!(machine.text("run/systemd/network/10-bilik.network").contains("Address=192.0.2.20/24"));
    assert!(machine.text("var/lib/bilik-device/booth.toml").contains("usb:0c2e:0caa"));
}

#[test]
fn restart_and_power_off_come_after_the_answer() {
    let mut machine = Machine::new("a");
    machine.serve();
    for (request, call) in [(Request::Restart, "reboot"), (Request::PowerOff, "poweroff")] {
        assert_eq!(machine.ask(&request), Answer::Done);
        machine.until(call, |_| machine.calls(&format!("systemctl --no-block {call}")).len() == 1);
    }
}

#[test]
fn the_hubs_word_sets_a_clock_that_nobody_else_sets() {
    let mut machine = Machine::new("a");
    machine.put("ntp", "no\n");
    machine.serve();
    let now = || u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let (minute, year) = (60_000, 365 * 24 * 3_600_000);
    let set = |unix_ms| machine.ask(&Request::SetClock { unix_ms });
    // The image is as old as its files, so here it was made just now.
    for wrong in [0, now() - year, now() + 16 * year, u64::MAX] {
        assert_eq!(refused(set(wrong)).0, Failure::BadTime, "{wrong}");
    }
    assert_eq!(machine.status().clock, Clock::Unsynchronised);
    assert_eq!((machine.calls("date").len(), machine.calls("hwclock").len()), (0, 0));
    let hub = now() + minute;
    assert_eq!(set(hub), Answer::Done);
    assert_eq!(machine.calls("date"), [format!("date --utc --set=@{}.{:03}", hub / 1000, hub % 1000)]);
    assert_eq!(machine.calls("hwclock"), ["hwclock --systohc --utc --noadjfile"]);
    assert_eq!(machine.status().clock, Clock::Synchronised);
    // Right to two seconds: nothing to do. Nor is a time server corrected, whatever the hub says.
    assert_eq!(set(now() + 1000), Answer::Done);
    machine.put("ntp", "yes\n");
    assert_eq!(set(0), Answer::Done);
    assert_eq!(machine.calls("date").len(), 1);
    // A mainboard whose clock is broken keeps nothing else from being right.
    machine.put("ntp", "no\n");
    machine.put("fail/hwclock", "hwclock: Cannot access the Hardware Clock\n");
    assert_eq!(set(now() + minute), Answer::Done);
    machine.put("fail/date", "date: cannot set date: Operation not permitted\n");
    let (why, detail) = refused(set(now() + minute));
    assert!(why == Failure::Io && detail.contains("not permitted"), "{detail}");

    let mut stick = Machine::new("stick");
    stick.serve();
    assert_eq!(refused(stick.ask(&Request::SetClock { unix_ms: now() })).0, Failure::NotHere);
}
