//! A program that ends, one that hangs, a kernel that hangs: how long until the booth is usable again, as its own log of
//! the guest's time tells it. Figures, not limits: an emulated machine starts its programs ten times slower than a PC.

use super::fixture::{WELCOME, booth, cold, its_hub, keep_awake, woken};
use super::update::{OWN, Repack, update};
use bilik_tests::machine::Machine;
use bilik_tests::machine::drill::OVERLAY;

const UNIT: &str = "bilik-booth.service";
const STAGE: &str = "shell";

/// A booth with a shell inside and its card reader, which welcomes its participants. Its hub is away.
pub fn with_shell(name: &str) -> Machine {
    let mut machine = woken(name, STAGE, make_shell);
    machine.plug_in_reader().unwrap();
    machine
}

/// The same, switched off.
pub fn cold_with_shell(name: &str) -> Machine {
    cold(name, STAGE, make_shell)
}

fn make_shell() {
    let bundle = Repack { version: "0.9.6", keys: OWN, overlay: OVERLAY, ..Repack::default() }.make();
    let mut machine = booth("shelled");
    machine.plug_in_reader().unwrap();
    update(&mut machine, &bundle);
    machine.see(WELCOME).unwrap();
    // What is in its sockets does not sleep with it; and what it has not let go of yet would be waited for forever.
    machine.unplug_reader().unwrap();
    machine.inside("while [ -e /dev/ttyUSB0 ]; do sleep 1; done; udevadm settle").unwrap();
    machine.pause();
    keep_awake(&mut machine, STAGE, &its_hub());
    machine.scrap();
}

/// Seconds of the guest's clock since its start: now, when the program was last asked to start, and when it was ready.
fn times(machine: &mut Machine) -> [f64; 3] {
    let line = format!(
        "cut -d' ' -f1 /proc/uptime; systemctl show {UNIT} -P ExecMainStartTimestampMonotonic -P ActiveEnterTimestampMonotonic"
    );
    let said = machine.inside(&line).unwrap();
    let number = |index: usize| said.split_whitespace().nth(index).unwrap().parse::<f64>().unwrap();
    [number(0), number(1) / 1e6, number(2) / 1e6]
}

/// Does this to the booth's program, and waits until another is ready.
#[allow(clippy::print_stdout, reason = "the figures are what it is for")]
fn drill(machine: &mut Machine, name: &str, deed: &str) {
    let before: u32 = machine.inside(&format!("systemctl show {UNIT} -P MainPID")).unwrap().trim().parse().unwrap();
    let [at, ..] = times(machine);
    machine.inside(&deed.replace("PID", &before.to_string())).unwrap();
    loop {
        let said = machine.inside(&format!("systemctl show {UNIT} -P MainPID -P ActiveState")).unwrap();
        let mut words = said.split_whitespace();
        let (pid, state) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        if state == "active" && pid != before.to_string() && pid != "0" {
            break;
        }
        machine.pause();
    }
    machine.see(WELCOME).unwrap();
    let [_, started, ready] = times(machine);
    println!("{name}: started anew after {:.1} s, ready {:.1} s later", started - at, ready - started);
    assert!(started > at, "{name}: the program was not started anew");
}

#[test]
#[ignore = "make image-test"]
#[allow(clippy::print_stdout, reason = "the figures are what it is for")]
fn what_ends_or_hangs_comes_back() {
    let mut machine = with_shell("drills");
    let mut hub = its_hub();
    hub.run().unwrap();
    machine.see(WELCOME).unwrap();
    drill(&mut machine, "killed", "kill -KILL PID");
    drill(&mut machine, "frozen", "kill -STOP PID");
    // The kernel stops for ever; only the mainboard's watchdog is left.
    let resets = machine.resets().unwrap();
    let [at, ..] = times(&mut machine);
    let began = std::time::Instant::now();
    let line = machine.type_inside("echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger").unwrap();
    while machine.resets().unwrap() == resets {
        machine.pause();
    }
    // Closed earlier, it would take along what the machine has not read.
    drop(line);
    println!("kernel hung at {at:.0} s of its time: reset after {:.1} s", began.elapsed().as_secs_f64());
    machine.see(WELCOME).unwrap();
    let before = machine.inside(&format!("journalctl --boot=-1 --unit={UNIT} --lines=1 --quiet")).unwrap();
    assert!(!before.is_empty(), "the log of the start that hung is gone");
    machine.scrap();
}
