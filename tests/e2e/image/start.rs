//! Where the time of a start goes, from the power button to the first page: by a processor that counts its instructions, so
//! the figures are the same on any computer. A PC's own firmware and disk take what they take.

use super::drills::cold_with_shell;
use super::fixture::WELCOME;
use bilik_tests::machine::Machine;

/// Moments of the guest's clock in microseconds, as systemd has noted them.
fn noted(machine: &mut Machine, what: &str) -> f64 {
    let said = machine.inside(&format!("systemctl show {what}")).unwrap();
    said.trim().parse::<f64>().unwrap_or_else(|_| panic!("systemctl says {said:?} of {what}")) / 1e6
}

#[test]
#[ignore = "make image-test"]
#[allow(clippy::print_stdout, reason = "the figures are what it is for")]
fn a_start_by_phases() {
    let mut machine = cold_with_shell("start");
    machine.power_on_counted().unwrap();
    machine.see(WELCOME).unwrap();
    let initrd = noted(&mut machine, "-P InitRDTimestampMonotonic");
    let system = noted(&mut machine, "-P UserspaceTimestampMonotonic");
    let booth = noted(&mut machine, "bilik-booth -P ExecMainStartTimestampMonotonic");
    let page = noted(&mut machine, "bilik-booth -P ActiveEnterTimestampMonotonic");
    // Now: all that was carried out, and of the guest's time the part in which there was something to do.
    let said = machine.inside("cat /proc/uptime").unwrap();
    let seconds: Vec<f64> = said.split_whitespace().map(|word| word.parse().unwrap()).collect();
    #[allow(clippy::cast_precision_loss, reason = "billions, to be printed with two digits")]
    let all = machine.instructions().unwrap() as f64 / 1e9;
    let firmware = all - (seconds[0] - seconds[1]);
    let phases = [
        ("firmware and kernel image", firmware),
        ("kernel", initrd),
        ("first file system", system - initrd),
        ("services", booth - system),
        ("booth to its first page", page - booth),
    ];
    let whole: f64 = phases.iter().map(|(_, took)| took).sum();
    println!("start: {whole:.2} s of a processor with a nanosecond for each instruction, waits included");
    for (name, took) in phases {
        assert!(took > 0.0, "{name} took {took} s");
        println!("{name:26} {took:6.2} s {:5.1} %", 100.0 * took / whole);
    }
    machine.scrap();
}
