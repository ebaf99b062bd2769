//! The booth's image on a machine of its own, from the stick to the claim: `make image-test`. See `bilik_tests::machine`.

mod bad_updates;
mod call;
mod claim;
mod cuts;
mod damage;
mod drills;
mod escape;
mod fixture;
mod start;
mod tpm;
mod update;

use bilik_tests::specimen::KENARI;

/// Stick in, three touches, stick out.
#[test]
#[ignore = "make image-test"]
fn a_stick_makes_a_booth() {
    let (mut machine, stick) = fixture::install_on("stick");
    fixture::start_installed(&mut machine, &stick);
    machine.scrap();
}

/// `bilik.toml` on a technician's stick, a card, and a claim that the hub has.
#[test]
#[ignore = "make image-test"]
fn a_booth_enrols_and_serves() {
    let hub = fixture::hub("serve");
    let mut machine = fixture::installed("serve");
    machine.power_on(&[]).unwrap();
    fixture::enrol(&mut machine, &hub);
    fixture::keep_awake(&mut machine, fixture::READY, &hub);
    machine.plug_in_reader().unwrap();
    claim::make(&mut machine);
    let claims = hub.command(&["claims"]).unwrap();
    assert_eq!(claims.lines().count(), 1, "{claims}");
    // As somebody finds it who carries the disk away.
    machine.cut();
    for canary in [KENARI.nik, KENARI.kpj, KENARI.name, KENARI.phone, KENARI.account] {
        assert!(!machine.drives.holds(canary).unwrap(), "{canary} is on the disk in clear");
    }
    assert!(machine.drives.holds("bilik.development").unwrap(), "nothing was searched");
    machine.scrap();
}
